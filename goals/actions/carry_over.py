"""What becomes of this year's goals when the next year is planned."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from goals.actions.goals import GoalNotReadyError, level_of
from goals.models import (
    GOAL_PARTS,
    ActivityGoal,
    CarryOver,
    Goal,
    GoalContribution,
    GoalQuerySet,
    Target,
)
from units.models import Unit, UnitPlacement, User
from units.models.people import MERGERS_FOLLOWED


@dataclass(frozen=True)
class GoalDecision:
    """What becomes of one goal. `targets` and `activities` come along when it goes on."""

    goal: Goal
    decision: str
    reason: str = ""
    targets: tuple[tuple[Target, Decimal | None], ...] = ()
    activities: tuple[int, ...] = ()


def goals_of_year(unit: Unit, year: int) -> GoalQuerySet:
    """The adopted goals of the unit, and of those that have been merged into it."""
    merged = Q()
    for steps in range(1, MERGERS_FOLLOWED + 1):
        merged |= Q(**{"unit" + "__successor" * steps: unit})
    is_open = Exists(UnitPlacement.objects.active_on().filter(unit=OuterRef("unit")))
    return (
        Goal.objects.adopted()
        .at_level(level_of(unit))
        .filter(Q(unit=unit) | (merged & ~is_open), first_year=year)
    )


def is_decided(goal: Goal) -> bool:
    """Whether its next year is decided. It is open again once the draft has been thrown away."""
    decided: CarryOver | None = getattr(goal, "carried_over", None)
    if decided is None:
        return False
    return decided.decision == CarryOver.Decision.ENDED or decided.successor_id is not None


def undecided(goals: GoalQuerySet) -> GoalQuerySet:
    """Those of which `is_decided` says no, in a query."""
    kept = CarryOver.objects.filter(
        Q(decision=CarryOver.Decision.ENDED) | Q(successor__isnull=False), goal=OuterRef("pk")
    )
    return goals.filter(~Exists(kept))


def served_next_year(unit: Unit, to_year: int, served: Iterable[int | None]) -> dict[int, Goal]:
    """By the goal above of this year: what takes its place in `to_year`, itself where it lasts.
    Only what the unit's goals may serve then, so no draft of the level above shows."""
    wanted = {pk for pk in served if pk}
    found: Iterable[Any] = (
        Goal.objects.servable_by(unit, to_year)
        .filter(Q(pk__in=wanted) | Q(carried_from__goal__in=wanted))
        .annotate(continues=F("carried_from__goal"))
    )
    place: dict[int, Goal] = {}
    for goal in found:
        for pk in (goal.pk, goal.continues):
            if pk in wanted:
                place[pk] = goal
    return place


@transaction.atomic
def carry_over(
    *, unit: Unit, to_year: int, decisions: Sequence[GoalDecision], by: User
) -> list[CarryOver]:
    """Keep what is decided, with a draft of `to_year` for each goal that goes on. Raises
    GoalNotReadyError, and keeps nothing, when one of them has been decided already."""
    pks = [each.goal.pk for each in decisions]
    locked = goals_of_year(unit, to_year - 1).filter(pk__in=pks).order_by("pk")
    goals = {goal.pk: goal for goal in locked.select_for_update(of=("self",))}
    thrown_away = CarryOver.objects.filter(goal__in=goals, successor__isnull=True)
    thrown_away.exclude(decision=CarryOver.Decision.ENDED).delete()
    if len(goals) != len(pks) or CarryOver.objects.filter(goal__in=goals).exists():
        raise GoalNotReadyError(
            _(
                "Somebody decided about one of the goals while you looked at the page. Nothing has "
                "been saved: look through the goals and save again."
            )
        )
    going_on = [each for each in decisions if each.decision != CarryOver.Decision.ENDED]
    successors = _write_successors(
        unit, to_year, {each.goal.pk: goals[each.goal.pk] for each in going_on}
    )
    Target.objects.bulk_create(
        [
            Target(
                indicator_id=target.indicator_id,
                unit=unit,
                goal=successors[each.goal.pk],
                year=to_year,
                annual_target=annual_target,
                note=target.note,
            )
            for each in going_on
            for target, annual_target in each.targets
        ],
        # The unit may have taken the indicator up for the year by hand: that target stands.
        ignore_conflicts=True,
    )
    ActivityGoal.objects.bulk_create(
        [
            ActivityGoal(activity_id=activity, goal=successors[each.goal.pk])
            for each in going_on
            for activity in each.activities
        ]
    )
    return CarryOver.objects.bulk_create(
        [
            CarryOver(
                goal=each.goal,
                to_year=to_year,
                decision=each.decision,
                successor=successors.get(each.goal.pk),
                reason=each.reason,
                decided_by=by,
            )
            for each in decisions
        ]
    )


def _write_successors(unit: Unit, to_year: int, goals: dict[int, Goal]) -> dict[int, Goal]:
    """A draft of the year for each goal, by the old goal's key."""
    contributions = list(
        GoalContribution.objects.filter(goal__in=goals).values_list("goal", "supported")
    )
    served = served_next_year(
        unit,
        to_year,
        [*(goal.parent_id for goal in goals.values()), *(above for _goal, above in contributions)],
    )
    drafts = {
        pk: Goal(
            unit=unit,
            level=goal.level,
            first_year=to_year,
            last_year=to_year,
            number=goal.number,
            parent=served.get(goal.parent_id) if goal.parent_id else None,
            is_example=goal.is_example,
            **{part: getattr(goal, part) for part in GOAL_PARTS},
        )
        for pk, goal in goals.items()
    }
    Goal.objects.bulk_create(drafts.values())
    GoalContribution.objects.bulk_create(
        [
            GoalContribution(goal=drafts[pk], supported=served[above])
            for pk, above in contributions
            if above in served and served[above] != drafts[pk].parent
        ],
        ignore_conflicts=True,
    )
    return drafts
