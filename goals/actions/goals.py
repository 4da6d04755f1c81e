"""Everything that happens to goals and expectations: one function each, who does it named `by`."""

from collections.abc import Iterable
from datetime import date
from typing import Any, TypedDict, Unpack

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from goals.models import GOAL_PARTS, Expectation, Goal, GoalContribution, GoalVersion
from units.models import Employment, Unit, User
from units.revisions import lock_revision

_LEVEL_OF_KIND = {Unit.Kind.BOARD: Goal.Level.BOARD, Unit.Kind.CITY: Goal.Level.OPERATIONAL_AREA}


class GoalNotReadyError(Exception):
    """The goal cannot take this step; the text says why and what to do, in the user's language."""


def level_of(unit: Unit) -> str:
    return _LEVEL_OF_KIND.get(Unit.Kind(unit.kind), Goal.Level.UNIT)


@transaction.atomic
def write_goal(
    *, unit: Unit, year: int, texts: dict[str, Any], supports: Iterable[Goal], by: User
) -> Goal:
    """A new draft. `texts` holds the parts of the form and may hold `parent` and `number`."""
    del by  # the history notes who
    goal = Goal(unit=unit, level=level_of(unit), first_year=year, last_year=year, **texts)
    goal.save()
    _set_contributions(goal, supports)
    return goal


@transaction.atomic
def edit_goal(
    *, goal: Goal, revision: int, texts: dict[str, Any], supports: Iterable[Goal], by: User
) -> Goal:
    """Save a draft over itself. Raises StaleRevisionError and GoalNotReadyError."""
    del by
    goal = lock_revision(Goal.objects.all(), goal.pk, revision)
    if not goal.is_draft:
        raise GoalNotReadyError(_("The goal has been adopted. Make a new version instead."))
    _save_texts(goal, texts)
    _set_contributions(goal, supports)
    return goal


@transaction.atomic
def adopt_goal(
    *, goal: Goal, revision: int, decided_on: date, reference_number: str, by: User
) -> Goal:
    """Make the draft the goal in force, open to everyone. Never undone; changes are new versions.

    Raises StaleRevisionError and GoalNotReadyError.
    """
    goal = lock_revision(Goal.objects.all(), goal.pk, revision)
    if not goal.is_draft:
        raise GoalNotReadyError(_("The goal is adopted already."))
    if goal.level == Goal.Level.BOARD and not reference_number:
        raise GoalNotReadyError(_("Give the reference number of the board's decision."))
    goal.status = Goal.Status.ADOPTED
    goal.adopted_at, goal.adopted_by = timezone.now(), by
    goal.decided_on, goal.reference_number = decided_on, reference_number
    goal.version_number = 1
    goal.save()
    keep_version(goal, reason="", by=by)
    return goal


@transaction.atomic
def change_goal(
    *,
    goal: Goal,
    revision: int,
    texts: dict[str, Any],
    supports: Iterable[Goal],
    reason: str,
    decided_on: date,
    reference_number: str,
    by: User,
) -> Goal:
    """A new version of an adopted goal, beside the old ones.

    Raises StaleRevisionError and GoalNotReadyError.
    """
    goal = lock_revision(Goal.objects.all(), goal.pk, revision)
    if goal.is_draft:
        raise GoalNotReadyError(_("The goal is still a draft. Edit the draft instead."))
    goal.decided_on, goal.reference_number = decided_on, reference_number
    goal.version_number += 1
    _save_texts(goal, texts)
    _set_contributions(goal, supports)
    keep_version(goal, reason=reason, by=by)
    return goal


@transaction.atomic
def discard_goal(*, goal: Goal, revision: int, by: User) -> None:
    """Throw a draft away; the history keeps it. Raises StaleRevisionError, GoalNotReadyError."""
    del by
    goal = lock_revision(Goal.objects.all(), goal.pk, revision)
    if not goal.is_draft:
        raise GoalNotReadyError(_("An adopted goal is kept."))
    goal.delete()


def keep_version(goal: Goal, *, reason: str, by: User | None) -> GoalVersion:
    """Freeze the goal's text in force, and what it serves, under its version number."""
    contributes_to = Goal.objects.filter(supporters__goal=goal).in_order_of_numbers()
    return GoalVersion.objects.create(
        goal=goal,
        number=goal.version_number,
        parent_id=goal.parent_id,
        contributes_to="\n".join(map(str, contributes_to)),
        decided_on=goal.decided_on,
        reference_number=goal.reference_number,
        reason=reason,
        made_by=by,
        made_at=timezone.now(),
        **{part: getattr(goal, part) for part in GOAL_PARTS},
    )


class ExpectationTerms(TypedDict, total=False):
    """What may be agreed beside the expectation itself."""

    expected_result: str
    support: str
    due_on: date | None


@transaction.atomic
def give_expectations(
    *,
    goal: Goal,
    employments: Iterable[Employment],
    text: str,
    sign: str,
    by: User,
    **terms: Unpack[ExpectationTerms],
) -> list[Expectation]:
    """Give the same expectation to each; from then on each is its own."""
    now = timezone.now()
    return Expectation.objects.bulk_create(
        Expectation(
            goal=goal,
            employment=employment,
            text=text,
            sign=sign,
            given_at=now,
            given_by=by,
            **terms,
        )
        for employment in employments
    )


@transaction.atomic
def change_expectation(
    *,
    expectation: Expectation,
    revision: int,
    goal: Goal,
    text: str,
    sign: str,
    by: User,
    **terms: Unpack[ExpectationTerms],
) -> Expectation:
    """Reword it; the employee is asked anew whether they know it. Terms that are not named stay.

    Either of the two may be `by`: who may when is for the caller to ask. Raises StaleRevisionError
    and GoalNotReadyError.
    """
    del by  # the history notes who
    expectation = lock_revision(Expectation.objects.all(), expectation.pk, revision)
    if not expectation.is_in_force:
        raise GoalNotReadyError(_("The expectation has been withdrawn."))
    said = {"goal_id": goal.pk, "text": text, "sign": sign, **terms}
    if any(getattr(expectation, name) != value for name, value in said.items()):
        expectation.version_number += 1
    for name, value in said.items():
        setattr(expectation, name, value)
    expectation.save(update_fields=[*said, "version_number", "revision"])
    return expectation


@transaction.atomic
def withdraw_expectation(
    *, expectation: Expectation, revision: int, reason: str, by: User
) -> Expectation:
    """Raises StaleRevisionError and GoalNotReadyError."""
    expectation = lock_revision(Expectation.objects.all(), expectation.pk, revision)
    if not expectation.is_in_force:
        raise GoalNotReadyError(_("The expectation has been withdrawn already."))
    expectation.status = Expectation.Status.WITHDRAWN
    expectation.withdrawn_at, expectation.withdrawn_by = timezone.now(), by
    expectation.withdrawal_reason = reason
    expectation.save()
    return expectation


def _save_texts(goal: Goal, texts: dict[str, Any]) -> None:
    for name, value in texts.items():
        setattr(goal, name, value)
    goal.save()


def _set_contributions(goal: Goal, supports: Iterable[Goal]) -> None:
    wanted = {supported.pk for supported in supports} - {goal.parent_id}
    goal.contributions.exclude(supported__in=wanted).delete()
    GoalContribution.objects.bulk_create(
        [GoalContribution(goal=goal, supported_id=pk) for pk in sorted(wanted)],
        ignore_conflicts=True,
    )
