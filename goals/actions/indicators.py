"""What units measure themselves by, and what they do for their goals."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from goals.models import Activity, ActivityGoal, Goal, Indicator, Target, Value
from units.models import Unit, User
from units.revisions import lock_revision


class IndicatorNotReadyError(Exception):
    """It cannot take this step; the text says why and what to do, in the user's language."""


# What the values mean. Changing it afterwards would make another measure of the same numbers.
_MEANING = (
    "unit_of_measure",
    "direction",
    "is_cumulative",
    "over_periods",
    "over_units",
    "has_parts",
    "factor",
)


@transaction.atomic
def add_indicator(
    *,
    unit: Unit,
    fields: dict[str, Any],
    goal: Goal | None = None,
    annual_target: Decimal | None = None,
    by: User,
) -> Indicator:
    """A new indicator of the unit's own, measuring `goal` from its first year when one is given."""
    indicator = Indicator.objects.create(unit=unit, **fields)
    if goal:
        take_up_indicator(
            indicator=indicator,
            goal=goal,
            year=goal.first_year,
            annual_target=annual_target,
            note="",
            by=by,
        )
    return indicator


@transaction.atomic
def edit_indicator(
    *, indicator: Indicator, revision: int, fields: dict[str, Any], by: User
) -> Indicator:
    """Raises StaleRevisionError, and IndicatorNotReadyError where values handed in would come to
    mean something else."""
    del by  # the history notes who
    indicator = lock_revision(Indicator.objects.all(), indicator.pk, revision)
    if has_told_values(indicator) and any(
        name in fields and fields[name] != getattr(indicator, name) for name in _MEANING
    ):
        raise IndicatorNotReadyError(
            _(
                "Values have been handed in. How they are counted cannot change now: end this "
                "indicator and make a new one."
            )
        )
    for name, value in fields.items():
        setattr(indicator, name, value)
    indicator.save()
    return indicator


def has_told_values(indicator: Indicator) -> bool:
    return Value.objects.submitted().filter(indicator=indicator).exists()


@transaction.atomic
def take_up_indicator(
    *,
    indicator: Indicator,
    goal: Goal,
    year: int,
    annual_target: Decimal | None,
    note: str,
    by: User,
) -> Target:
    """Measure a goal by the indicator in a year. Raises IndicatorNotReadyError when the unit does
    so already."""
    del by
    try:
        with transaction.atomic():
            return Target.objects.create(
                indicator=indicator,
                unit=goal.unit,
                goal=goal,
                year=year,
                annual_target=annual_target,
                note=note,
            )
    except IntegrityError as error:
        if "target_once_a_year" not in str(error):
            raise
        raise IndicatorNotReadyError(
            _("The unit measures itself by this indicator already. Change its target instead.")
        ) from None


@transaction.atomic
def set_target(
    *,
    target: Target,
    revision: int,
    goal: Goal,
    annual_target: Decimal | None,
    note: str,
    by: User,
) -> Target:
    """Raises StaleRevisionError."""
    del by
    target = lock_revision(Target.objects.all(), target.pk, revision)
    target.goal, target.annual_target, target.note = goal, annual_target, note
    target.save()
    return target


@transaction.atomic
def drop_target(*, target: Target, revision: int, by: User) -> None:
    """No longer measure by the indicator that year. Raises StaleRevisionError, and
    IndicatorNotReadyError once a value of the year has been handed in."""
    del by
    target = lock_revision(Target.objects.all(), target.pk, revision)
    told = Value.objects.submitted().filter(
        indicator=target.indicator_id, unit=target.unit_id, period__plan_year__year=target.year
    )
    if told.exists():
        raise IndicatorNotReadyError(
            _("Values of the year have been handed in, so the indicator stays with the unit.")
        )
    target.delete()


@transaction.atomic
def add_activity(
    *, unit: Unit, fields: dict[str, Any], goals: Iterable[Goal], by: User
) -> Activity:
    """`fields` holds the columns of the row; `goals` are what it is done for, at least one."""
    del by
    activity = Activity.objects.create(unit=unit, **_with_day_done(fields))
    _set_goals(activity, goals)
    return activity


@transaction.atomic
def edit_activity(
    *, activity: Activity, revision: int, fields: dict[str, Any], goals: Iterable[Goal], by: User
) -> Activity:
    """Raises StaleRevisionError."""
    del by
    activity = lock_revision(Activity.objects.all(), activity.pk, revision)
    _set(activity, _with_day_done(fields, activity.done_on))
    activity.save()
    _set_goals(activity, goals)
    return activity


@transaction.atomic
def tell_progress(
    *, activity: Activity, revision: int, state: str, progress: str, by: User
) -> Activity:
    """Say how it goes. Raises StaleRevisionError."""
    del by
    activity = lock_revision(Activity.objects.all(), activity.pk, revision)
    _set(activity, _with_day_done({"state": state, "progress": progress}, activity.done_on))
    activity.save()
    return activity


@transaction.atomic
def discard_activity(*, activity: Activity, revision: int, by: User) -> None:
    """Throw away what has not begun; the history keeps it. Raises StaleRevisionError, and
    IndicatorNotReadyError where there is something to follow up."""
    del by
    activity = lock_revision(Activity.objects.all(), activity.pk, revision)
    is_told = activity.notes.filter(report__version_number__gt=0).exists() or (
        # A measure that was handed in stands in the report of it.
        activity.assessment_id is not None and activity.state != Activity.State.PROPOSED
    )
    if is_told or activity.state not in {Activity.State.PROPOSED, Activity.State.NOT_BEGUN}:
        raise IndicatorNotReadyError(
            _("The activity has begun or been reported. Say instead that it is stopped, and why.")
        )
    activity.notes.all().delete()
    activity.delete()


def _set(activity: Activity, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(activity, name, value)


def _with_day_done(fields: dict[str, Any], done_on: date | None = None) -> dict[str, Any]:
    """A done activity has the day on which it was said to be done; no other has one."""
    if "state" not in fields:
        return fields
    is_done = fields["state"] == Activity.State.DONE
    return fields | {"done_on": (done_on or timezone.localdate()) if is_done else None}


def _set_goals(activity: Activity, goals: Iterable[Goal]) -> None:
    wanted = {goal.pk for goal in goals}
    activity.for_goals.exclude(goal__in=wanted).delete()
    ActivityGoal.objects.bulk_create(
        [ActivityGoal(activity=activity, goal_id=pk) for pk in sorted(wanted)],
        ignore_conflicts=True,
    )
