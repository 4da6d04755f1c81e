"""What the two agree on at a talk: the year's expectations, the day of the next talk, and the
follow-up half-way."""

from collections.abc import Collection
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext as _

from dialogues.actions.steps import StepRefusedError, lock, note
from dialogues.actions.talks import start_talk
from dialogues.models import Talk, TalkKind, TalkTemplate, TemplateVersion
from dialogues.rules import TalkRights
from dialogues.sheet import SETS, employments_of
from dialogues.states import STEPS, Action
from goals.actions import (
    GoalNotReadyError,
    change_expectation,
    give_expectations,
    withdraw_expectation,
)
from goals.models import Expectation, Goal, GoalQuerySet
from units.models import UnitLine, User
from units.revisions import StaleRevisionError
from units.rules import went_up_in


def year_agreed_on(talk: Talk) -> int | None:
    """Which year's expectations the talk sets; None where it sets none."""
    offset = SETS.get(TalkKind(talk.kind))
    return None if offset is None else talk.year + offset


def goals_to_agree_on(talk: Talk) -> GoalQuerySet:
    """The adopted goals of the employee's unit, and of those above it in the administration."""
    year = year_agreed_on(talk)
    if year is None:
        return Goal.objects.none()
    unit = talk.employment.unit
    if unit.successor_id:
        unit = went_up_in(unit)
    line = UnitLine.objects.active_on().within_border().filter(descendant=unit)
    goals = Goal.objects.adopted().for_year(year).at_level(Goal.Level.UNIT)
    return goals.filter(unit__in=line.values("ancestor")).in_order_of_numbers()


def with_served(talk: Talk, goals: GoalQuerySet) -> QuerySet[Any]:
    """The goals, each with `is_served`: whether an expectation in force serves it already."""
    served = Expectation.objects.in_force().filter(employment__in=employments_of(talk))
    return goals.annotate(is_served=Exists(served.filter(goal=OuterRef("pk"))))


def belongs_to(talk: Talk, expectation: Expectation) -> bool:
    """Whether it is one that the two of this talk agree on: of the employment that the talk is
    about, or of one that went up in it, and of the year that the talk sets."""
    if expectation.goal.first_year != year_agreed_on(talk):
        return False
    employment = expectation.employment_id
    if employment == talk.employment_id:
        return True
    return employments_of(talk).filter(pk=employment).exists()


@transaction.atomic
def adopt_goals(*, talk: Talk, goals: Collection[Goal], by: User) -> list[Expectation]:
    """Give each goal an expectation that begins with the goal's own words, for the two to make
    personal. A goal that has one already is passed over. Raises StepRefusedError."""
    talk = lock(talk, Action.WRITE, by=by)
    wanted = {goal.pk for goal in goals}
    known = goals_to_agree_on(talk).filter(pk__in=wanted)
    if len(known) < len(wanted):
        raise StepRefusedError(_not_to_agree_on())
    given: list[Expectation] = []
    for goal in with_served(talk, known).filter(is_served=False):
        given += give_expectations(
            goal=goal, employments=[talk.employment], text=goal.title, sign="", by=by
        )
    return given


@transaction.atomic
def agree_on(*, talk: Talk, goal: Goal, text: str, by: User, **said: Any) -> Expectation:
    """A new expectation; `said` holds sign, expected_result, support and due_on. Raises
    StepRefusedError."""
    talk = lock(talk, Action.WRITE, by=by)
    if not goals_to_agree_on(talk).filter(pk=goal.pk).exists():
        raise StepRefusedError(_not_to_agree_on())
    (given,) = give_expectations(goal=goal, employments=[talk.employment], text=text, by=by, **said)
    return given


@transaction.atomic
def change_agreed(
    *, talk: Talk, expectation: Expectation, revision: int, goal: Goal, by: User, **said: Any
) -> Expectation:
    """Raises StaleRevisionError and StepRefusedError."""
    talk = _lock_with(talk, expectation, by)
    is_kept = goal.pk == expectation.goal_id
    if not is_kept and not goals_to_agree_on(talk).filter(pk=goal.pk).exists():
        raise StepRefusedError(_not_to_agree_on())
    try:
        return change_expectation(
            expectation=expectation, revision=revision, goal=goal, by=by, **said
        )
    except GoalNotReadyError as error:
        raise StepRefusedError(str(error)) from error


@transaction.atomic
def withdraw_agreed(
    *, talk: Talk, expectation: Expectation, revision: int, reason: str, by: User
) -> Expectation:
    """Raises StaleRevisionError and StepRefusedError."""
    _lock_with(talk, expectation, by)
    try:
        return withdraw_expectation(
            expectation=expectation, revision=revision, reason=reason, by=by
        )
    except GoalNotReadyError as error:
        raise StepRefusedError(str(error)) from error


def _lock_with(talk: Talk, expectation: Expectation, by: User) -> Talk:
    talk = lock(talk, Action.WRITE, by=by)
    if not belongs_to(talk, expectation):
        raise StepRefusedError(_("The expectation is not one that is agreed on in this talk."))
    return talk


def _not_to_agree_on() -> str:
    return _("Choose among the adopted goals of the employee's unit.")


@transaction.atomic
def set_next_talk(*, talk: Talk, revision: int, next_on: date | None, by: User) -> Talk:
    """Raises StaleRevisionError and StepRefusedError."""
    talk = lock(talk, Action.WRITE, by=by)
    if talk.next_on == next_on:
        return talk
    if talk.revision != revision:
        raise StaleRevisionError(talk)
    talk.next_on = next_on
    talk.revision += 1
    talk.save(update_fields=["next_on", "revision"])
    return talk


def follow_up_template(talk: Talk) -> TemplateVersion | None:
    """What a follow-up of the talk asks: the unit's own template before the city's."""
    offered = TalkTemplate.objects.offered_to(talk.employment.unit, TalkKind.FOLLOW_UP)
    versions = TemplateVersion.objects.in_force().filter(template__in=offered)
    return versions.order_by(F("template__unit").asc(nulls_last=True), "template").first()


@transaction.atomic
def follow_up_talk(*, talk: Talk, by: User) -> Talk:
    """Start the half-year follow-up of an employee talk that both have answered. Raises
    StepRefusedError."""
    if talk.kind != TalkKind.EMPLOYEE or not TalkRights(by, talk).may(Action.FOLLOW_UP):
        raise StepRefusedError(str(STEPS[Action.FOLLOW_UP].words))
    template = follow_up_template(talk)
    if template is None:
        raise StepRefusedError(_("There is no template for follow-ups. Ask HR for one."))
    started = start_talk(
        employment=talk.employment,
        kind=TalkKind.FOLLOW_UP,
        year=talk.year,
        template=template,
        by=by,
    )
    note(talk, Action.FOLLOW_UP, by=by, before=talk.status)
    return started
