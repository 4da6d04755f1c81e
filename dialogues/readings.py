"""The reading log: what is read of a talk is noted before it is shown, in the same transaction.

A view that shows what somebody has written in or before a talk calls `note_reading`; when the log
cannot be written, nothing is shown.
"""

from uuid import uuid4

from dialogues.models import Reading
from dialogues.rules import TalkRights
from dialogues.states import Relation
from units.models import User


def note_reading(rights: TalkRights, what: str) -> None:
    """Note that `rights.user` now reads `what` (a Reading.What) of the talk."""
    relation = rights.relation
    if relation is None:
        raise PermissionError("Nobody reads a talk that they have nothing to do with.")
    capacity = {
        Relation.EMPLOYEE: Reading.Capacity.EMPLOYEE,
        Relation.HOLDER: Reading.Capacity.HOLDER if rights.manages else Reading.Capacity.DELEGATE,
        Relation.MANAGER: Reading.Capacity.MANAGER,
        Relation.READER: Reading.Capacity.NEED,
    }[relation]
    Reading.objects.bulk_create(
        [
            Reading(
                talk=rights.talk,
                employee_id=rights.talk.employee_id,
                reader=rights.user,
                capacity=capacity,
                what=what,
                grant=rights.grant if relation == Relation.READER else None,
                request_id=uuid4(),
            )
        ]
    )


def note_own_data(person: User) -> None:
    """Note that the person takes out all that is held about them, the words of talks included."""
    Reading.objects.bulk_create(
        [
            Reading(
                employee=person,
                reader=person,
                capacity=Reading.Capacity.EMPLOYEE,
                what=Reading.What.OWN_DATA,
            )
        ]
    )
