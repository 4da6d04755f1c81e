"""Access in need: one record, for a reason, for a time, told to both (design, section 4)."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogues.actions.steps import StepRefusedError
from dialogues.models import AccessGrant, Talk
from dialogues.rules import TalkRights, can_open_in_need
from units.models import Employment, User
from units.rules import managers_of
from units.wall import for_purpose

LONGEST = timedelta(days=7)


@transaction.atomic
def open_in_need(
    *, employment: Employment, kind: str, year: int, reason: str, lasts: timedelta, by: User
) -> AccessGrant:
    """Open the one record, or keep that there was none to open; `people_to_tell` says whom to
    tell. Raises StepRefusedError.

    A record is what both have answered: that a talk is on its way is told to nobody else.
    """
    if not can_open_in_need(by, employment):
        raise StepRefusedError(_("You may not open records of this person."))
    if not reason.strip() or not timedelta(0) < lasts <= LONGEST:
        raise StepRefusedError(_("Give a reason, and at most seven days."))
    with for_purpose("need"):
        talk = Talk.objects.filter(
            employment=employment, kind=kind, year=year, confirmed_version__gte=1
        ).first()
    now = timezone.now()
    return AccessGrant.objects.create(
        employment=employment,
        employee_id=employment.person_id,
        talk=talk,
        kind=kind,
        year=year,
        reader=by,
        reason=reason,
        opened_at=now,
        ends_at=now + lasts,
    )


def people_to_tell(grant: AccessGrant) -> list[User]:
    """The employee, and whoever holds the talk; the managers of today where nobody does."""
    employment = grant.employment
    told = [employment.person]
    holder = _holder_of(grant)
    told += [holder] if holder else managers_of(employment)
    return [person for person in dict.fromkeys(told) if person != grant.reader and person.is_active]


def _holder_of(grant: AccessGrant) -> User | None:
    if grant.talk_id is None:
        return None
    with for_purpose("need"):
        talk = Talk.objects.with_people().filter(pk=grant.talk_id).first()
    return talk.holder if talk and TalkRights(talk.holder, talk).is_holder else None
