"""Pay criteria: written by HR until they are published, then the same for ever; known by whom they
concern. A correction is a version of its own, which everyone is asked to read anew."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dialogues.actions.templates import NotReadyError
from dialogues.models import CriteriaAcknowledgement, CriteriaSet, Criterion, CriterionStep
from units.models import StaffGroup, User
from units.revisions import StaleRevisionError

FEWEST_STEPS = 2  # one step alone tells nobody where to go


@transaction.atomic
def publish_criteria(*, criteria_set: CriteriaSet, revision: int, by: User) -> CriteriaSet:
    """From now on everyone reads them, and those concerned are asked to say that they know them."""
    criteria_set = _hold(criteria_set, revision)
    criteria = list(criteria_set.criteria.prefetch_related("steps"))
    if not criteria:
        raise NotReadyError(_("Write at least one criterion. Then publish the pay criteria."))
    short = [each.name for each in criteria if len(each.steps.all()) < FEWEST_STEPS]
    if short:
        raise NotReadyError(
            ngettext(
                "Write at least two steps for this criterion: {names}.",
                "Write at least two steps for these criteria: {names}.",
                len(short),
            ).format(names=", ".join(short))
        )
    criteria_set.published_at = timezone.now()
    criteria_set.published_by = by
    criteria_set.revision += 1
    criteria_set.save(update_fields=["published_at", "published_by", "revision"])
    return criteria_set


@transaction.atomic
def copy_criteria(
    *, criteria_set: CriteriaSet, year: int, staff_group: StaffGroup | None
) -> CriteriaSet:
    """The same criteria for another year or group, to write on in."""
    taken = CriteriaSet.objects.filter(unit=criteria_set.unit, year=year, staff_group=staff_group)
    if taken.exists():
        raise NotReadyError(
            _("There are pay criteria for this group and year already. Change those instead.")
        )
    return _copy(criteria_set, CriteriaSet(year=year, staff_group=staff_group))


@transaction.atomic
def correct_criteria(*, criteria_set: CriteriaSet, reason: str) -> CriteriaSet:
    """Begin a correction of published criteria, which stand as they are until it is published.

    Whoever knew the former is then asked anew: an acknowledgement is of the set it was given for.
    """
    versions = CriteriaSet.objects.filter(
        unit=criteria_set.unit, year=criteria_set.year, staff_group=criteria_set.staff_group
    )
    latest = versions.select_for_update(of=("self",)).order_by("number").last()
    if latest is None or not latest.is_published:
        raise NotReadyError(
            _("A correction is being written already. Continue with that one, or discard it.")
        )
    correction = CriteriaSet(
        year=latest.year,
        staff_group=latest.staff_group,
        number=latest.number + 1,
        correction=reason,
    )
    return _copy(latest, correction)


@transaction.atomic
def discard_criteria(*, criteria_set: CriteriaSet, revision: int) -> None:
    criteria_set = _hold(criteria_set, revision)
    _remove(criteria_set.criteria.all())
    criteria_set.delete()


@transaction.atomic
def remove_criterion(*, criterion: Criterion, revision: int) -> CriteriaSet:
    criteria_set = _hold(criterion.criteria_set, revision)
    _remove([criterion])
    place_criterion(criteria_set)
    criteria_set.revision += 1
    criteria_set.save(update_fields=["revision"])
    return criteria_set


def place_criterion(criteria_set: CriteriaSet, placed: Criterion | None = None) -> None:
    """Number the set's criteria from one; of two with the same number, `placed` comes first."""
    first = placed.pk if placed else None
    criteria = sorted(
        criteria_set.criteria.all(), key=lambda each: (each.order, each.pk != first, each.pk)
    )
    changed = []
    for order, criterion in enumerate(criteria, start=1):
        if criterion.order != order:
            criterion.order = order
            changed.append(criterion)
    Criterion.objects.bulk_update(changed, ["order"])


def renumber_steps(criterion: Criterion) -> None:
    """Number the steps from one in the order they have; two with the same, the older first."""
    changed = []
    for number, step in enumerate(criterion.steps.order_by("number", "pk"), start=1):
        if step.number != number:
            step.number = number
            changed.append(step)
    CriterionStep.objects.bulk_update(changed, ["number"])


def acknowledge_criteria(*, criteria_set: CriteriaSet, by: User) -> None:
    """ "I know the criteria", said once of each set; saying it again changes nothing."""
    CriteriaAcknowledgement.objects.bulk_create(
        [CriteriaAcknowledgement(person=by, criteria_set=criteria_set)], ignore_conflicts=True
    )


def _copy(source: CriteriaSet, target: CriteriaSet) -> CriteriaSet:
    target.unit, target.about = source.unit, source.about
    target.save()
    for criterion in source.criteria.prefetch_related("steps"):
        copied = Criterion.objects.create(
            criteria_set=target, order=criterion.order, name=criterion.name, about=criterion.about
        )
        CriterionStep.objects.bulk_create(
            CriterionStep(criterion=copied, number=step.number, name=step.name, words=step.words)
            for step in criterion.steps.all()
        )
    return target


def _remove(criteria: Iterable[Criterion]) -> None:
    for criterion in criteria:
        criterion.steps.all().delete()
        criterion.delete()


def _hold(criteria_set: CriteriaSet, revision: int) -> CriteriaSet:
    criteria_set = CriteriaSet.objects.select_for_update(of=("self",)).get(pk=criteria_set.pk)
    if criteria_set.is_published:
        raise NotReadyError(
            _("The pay criteria are published and never change. Begin a correction instead.")
        )
    if criteria_set.revision != revision:
        raise StaleRevisionError(criteria_set)
    return criteria_set
