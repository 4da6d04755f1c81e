from django.db import transaction
from django.utils import timezone

from dialogues.models import Acknowledgement
from goals.models import Expectation


@transaction.atomic
def acknowledge_expectation(*, expectation: Expectation, version: int, goal_version: int) -> bool:
    """Note that the employee knows the wording they were shown.

    False, and nothing noted, when the wording has changed since: it is shown anew first.
    """
    expectation = (
        Expectation.objects.select_for_update(of=("self",))
        .select_related("goal")
        .get(pk=expectation.pk)
    )
    in_force = (expectation.version_number, expectation.goal.version_number)
    if (version, goal_version) != in_force or not expectation.is_in_force:
        return False
    Acknowledgement.objects.bulk_create(
        [
            Acknowledgement(
                expectation=expectation,
                expectation_version=version,
                goal_version=goal_version,
                acknowledged_at=timezone.now(),
            )
        ],
        ignore_conflicts=True,
    )
    return True
