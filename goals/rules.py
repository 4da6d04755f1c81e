"""Who may what with goals and expectations. Lists use `visible_to`, which a test holds to these."""

from datetime import date

from goals.models import Expectation, Goal
from units.models import Employment, Role, Unit, User
from units.rules import answers_for, heads, is_manager_of, reaches

FEWEST_IN_A_FIGURE = 5  # design, section 4: a smaller group is suppressed


def can_view_goal(user: User, goal: Goal, day: date | None = None) -> bool:
    if not goal.is_draft:
        return True
    return reaches(user, goal.unit, Role.MANAGER, Role.CONTROLLER, day=day)


def can_write_goals_of(user: User, unit: Unit, day: date | None = None) -> bool:
    """A unit's goals are its manager's to write, a board's its controller's. The council's goals
    come by import alone."""
    if unit.writes_unit_goals:
        return heads(user, unit, day)
    if unit.kind == Unit.Kind.BOARD:
        return reaches(user, unit, Role.CONTROLLER, day=day)
    return False


def can_edit_goal(user: User, goal: Goal, day: date | None = None) -> bool:
    return goal.is_draft and can_write_goals_of(user, goal.unit, day)


def can_adopt_goal(user: User, goal: Goal, day: date | None = None) -> bool:
    return can_edit_goal(user, goal, day)


def can_discard_goal(user: User, goal: Goal, day: date | None = None) -> bool:
    return can_edit_goal(user, goal, day)


def can_change_goal(user: User, goal: Goal, day: date | None = None) -> bool:
    """Make a new version of an adopted goal, with a reason."""
    return not goal.is_draft and can_write_goals_of(user, goal.unit, day)


def can_view_expectation(user: User, expectation: Expectation, day: date | None = None) -> bool:
    employment = expectation.employment
    return user.pk == employment.person_id or answers_for(user, employment, day)


def can_edit_expectation(user: User, expectation: Expectation, day: date | None = None) -> bool:
    return expectation.is_in_force and answers_for(user, expectation.employment, day)


def can_withdraw_expectation(user: User, expectation: Expectation, day: date | None = None) -> bool:
    return can_edit_expectation(user, expectation, day)


def can_give_expectation(
    user: User, goal: Goal, employment: Employment, day: date | None = None
) -> bool:
    """To one's own employee, on an adopted goal of a unit on that employee's line upwards."""
    if goal.level != Goal.Level.UNIT or goal.is_draft:
        return False
    on_line = Unit.objects.below(goal.unit, day).filter(pk=employment.unit_id).exists()
    return on_line and is_manager_of(user, employment, day)


def can_give_expectations_on(user: User, goal: Goal, day: date | None = None) -> bool:
    """Whether there is anyone to whom `user` may give an expectation on this goal."""
    if goal.level != Goal.Level.UNIT or goal.is_draft:
        return False
    units = Unit.objects.below(goal.unit, day)
    return Employment.objects.managed_by(user, day).filter(unit__in=units).exists()
