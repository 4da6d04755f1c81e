"""Who may what with goals and expectations: for each rule and state, exactly who."""

from datetime import timedelta

import pytest
from django.utils import timezone

from goals import rules
from goals.models import Expectation, Goal
from stockholm_quality.tests.world import LONG_AGO, PERSONAS, add_person, scene
from units.actions import merge_unit
from units.models import Employment, Role, RoleAssignment
from units.wall import acting_as

EVERYONE = set(PERSONAS)
HEADS = {"manager", "acting_manager"}
NOBODY: set[str] = set()


def who(world, rule, *things):
    """The personas for whom the rule holds."""
    return {name for name in PERSONAS if rule(world.people[name], *things)}


# fmt: off
GOALS = [
    # goal               may be read by                            its words are
    ("orientation",      EVERYONE,                                 NOBODY),
    ("area",             EVERYONE,                                 NOBODY),
    ("board_goal",       EVERYONE,                                 {"controller"}),
    ("board_draft",      {"controller"},                           {"controller"}),
    ("other_board_goal", EVERYONE,                                 {"other_controller"}),
    ("unit_goal",        EVERYONE,                                 HEADS),
    ("unit_draft",       HEADS | {"manager_above", "controller"},  HEADS),
    ("loose_goal",       EVERYONE,                                 {"manager_above"}),
    ("other_unit_goal",  EVERYONE,                                 {"other_manager"}),
    ("other_unit_draft", {"other_manager", "other_controller"},    {"other_manager"}),
]
UNITS = [
    # unit         its goals are written by
    ("city",       NOBODY),
    ("board",      {"controller"}),
    ("department", {"manager_above"}),
    ("unit",       HEADS),
    ("group",      HEADS),
    ("next_unit",  {"manager_above"}),
    ("other_unit", {"other_manager"}),
]
EXPECTATIONS = [
    # expectation            employee       manager
    ("expectation",          {"employee"},  HEADS),
    ("known_expectation",    {"employee"},  HEADS),
    ("colleagues_expectation", {"colleague"}, HEADS),
    ("protected_expectation", {"protected"}, HEADS),
    ("managers_expectation", {"manager"},   {"manager_above"}),
    ("left_expectation",     NOBODY,        NOBODY),
    ("strangers_expectation", {"stranger"}, {"other_manager"}),
]
GIVEN = [
    # on goal          to whose employment  by
    ("unit_goal",      "employee",          HEADS),
    ("unit_goal",      "protected",         HEADS),
    ("unit_goal",      "manager",           {"manager_above"}),
    ("unit_goal",      "neighbour",         NOBODY),  # not on the goal's line
    ("unit_goal",      "left_yesterday",    NOBODY),
    ("unit_goal",      "stranger",          NOBODY),
    ("unit_draft",     "employee",          NOBODY),
    ("board_goal",     "employee",          NOBODY),
    ("loose_goal",     "neighbour",         {"manager_above"}),
    ("other_unit_goal", "stranger",         {"other_manager"}),
    ("other_unit_goal", "employee",         NOBODY),
]
GIVERS = [
    ("unit_goal",       HEADS | {"manager_above"}),
    ("unit_draft",      NOBODY),
    ("board_goal",      NOBODY),
    ("loose_goal",      {"manager_above"}),
    ("other_unit_goal", {"other_manager"}),
]
# fmt: on


@pytest.mark.parametrize(("goal", "readers", "writers"), GOALS)
def test_a_goal_is_read_and_written_by_exactly_these(world, goal, readers, writers):
    goal = world.goals[goal]
    drafting = writers if goal.is_draft else NOBODY
    changing = NOBODY if goal.is_draft else writers

    assert who(world, rules.can_view_goal, goal) == readers
    assert who(world, rules.can_edit_goal, goal) == drafting
    assert who(world, rules.can_adopt_goal, goal) == drafting
    assert who(world, rules.can_discard_goal, goal) == drafting
    assert who(world, rules.can_change_goal, goal) == changing


@pytest.mark.parametrize(("unit", "writers"), UNITS)
def test_a_units_goals_are_written_by_exactly_these(world, unit, writers):
    assert who(world, rules.can_write_goals_of, world.units[unit]) == writers


@pytest.mark.parametrize(("expectation", "employee", "managers"), EXPECTATIONS)
def test_an_expectation_belongs_to_the_two(world, expectation, employee, managers):
    expectation = world.expectations[expectation]

    assert who(world, rules.can_view_expectation, expectation) == employee | managers
    assert who(world, rules.can_edit_expectation, expectation) == managers
    assert who(world, rules.can_withdraw_expectation, expectation) == managers


def test_a_withdrawn_expectation_is_read_by_the_two_and_changed_by_nobody(world):
    withdrawn = world.withdrawn_expectation

    assert who(world, rules.can_view_expectation, withdrawn) == HEADS | {"employee"}
    assert who(world, rules.can_edit_expectation, withdrawn) == NOBODY
    assert who(world, rules.can_withdraw_expectation, withdrawn) == NOBODY


@pytest.mark.parametrize(("goal", "employed", "givers"), GIVEN)
def test_an_expectation_is_given_to_ones_own_employee_on_the_goals_line(
    world, goal, employed, givers
):
    employment = world.employments[employed]

    assert who(world, rules.can_give_expectation, world.goals[goal], employment) == givers


@pytest.mark.parametrize(("goal", "givers"), GIVERS)
def test_who_has_anybody_to_give_an_expectation_to(world, goal, givers):
    assert who(world, rules.can_give_expectations_on, world.goals[goal]) == givers


@pytest.mark.parametrize("name", PERSONAS)
def test_visible_goals_and_expectations_are_those_the_rules_allow(world, name):
    user = world.people[name]

    goals = {goal for goal in Goal.objects.all() if rules.can_view_goal(user, goal)}
    with scene():
        expectations = {
            expectation
            for expectation in Expectation.objects.all()
            if rules.can_view_expectation(user, expectation)
        }
        visible = set(Expectation.objects.visible_to(user))

    assert set(Goal.objects.visible_to(user)) == goals
    assert visible == expectations


@pytest.mark.parametrize(
    ("starts", "ends", "holds"),
    [(-9, None, True), (-9, 0, True), (0, 0, True), (-9, -1, False), (1, None, False)],
)
def test_a_right_to_goals_and_expectations_follows_the_days_of_the_role(world, starts, ends, holds):
    person, today = world.stranger, timezone.localdate()
    RoleAssignment.objects.filter(unit=world.unit).delete()
    RoleAssignment.objects.create(
        person=person,
        unit=world.unit,
        role=Role.MANAGER,
        starts_on=today + timedelta(days=starts),
        ends_on=None if ends is None else today + timedelta(days=ends),
    )

    with acting_as(person):
        held = [
            rules.can_view_goal(person, world.unit_draft),
            rules.can_edit_goal(person, world.unit_draft),
            rules.can_change_goal(person, world.unit_goal),
            rules.can_view_expectation(person, world.expectation),
            rules.can_edit_expectation(person, world.expectation),
            rules.can_give_expectations_on(person, world.unit_goal),
            Goal.objects.visible_to(person).filter(pk=world.unit_draft.pk).exists(),
            Expectation.objects.visible_to(person).filter(pk=world.expectation.pk).exists(),
        ]

    assert held == [holds] * len(held)


def test_who_managed_yesterday_is_told_so_when_asked_about_yesterday(world):
    yesterday = timezone.localdate() - timedelta(days=1)

    assert rules.can_view_goal(world.former_manager, world.unit_draft, yesterday)
    assert not rules.can_view_goal(world.former_manager, world.unit_draft)
    assert rules.can_view_expectation(world.former_manager, world.expectation, yesterday)
    assert not rules.can_view_expectation(world.former_manager, world.expectation)


# --- Units that merge ----------------------------------------------------------------------------

YESTERDAY = timezone.localdate() - timedelta(days=1)


def head(world, name, unit):
    person = add_person(world, name, None)
    RoleAssignment.objects.create(
        person=person, unit=world.units[unit], role=Role.MANAGER, starts_on=LONG_AGO
    )
    return person


def merge(world, unit, into, last_day=YESTERDAY):
    # Who acts from today would hold a role in a unit that is no more.
    RoleAssignment.objects.filter(person=world.acting_manager).delete()
    merge_unit(unit=world.units[unit], into=world.units[into], last_day=last_day)
    for each in world.units.values():
        each.refresh_from_db()


def rights_to(user, expectation):
    """Whether it is read and written, as the rules, `visible_to` and the wall all have it."""
    user.refresh_from_db()
    with acting_as(user):
        behind_the_wall = Expectation.objects.filter(pk=expectation.pk).exists()
    with scene():
        expectation = Expectation.objects.get(pk=expectation.pk)
        visible = Expectation.objects.visible_to(user).filter(pk=expectation.pk).exists()
        assert rules.can_view_expectation(user, expectation) == visible == behind_the_wall
        return visible, rules.can_edit_expectation(user, expectation)


def test_after_a_merger_the_manager_of_the_unit_that_stays_answers_for_the_expectation(world):
    new = head(world, "new_manager", "next_unit")
    before = rights_to(new, world.expectation)

    merge(world, "unit", "next_unit")

    assert before == (False, False)
    assert rights_to(new, world.expectation) == (True, True)
    assert rights_to(new, world.withdrawn_expectation) == (True, False)
    assert rights_to(new, world.strangers_expectation) == (False, False)
    assert rights_to(world.manager, world.expectation) == (False, False)
    assert rights_to(world.employee, world.expectation) == (True, False)


def test_two_mergers_after_each_other_are_followed(world):
    head(world, "new_manager", "next_unit")
    newest = head(world, "newest_manager", "small_unit")

    merge(world, "unit", "next_unit", YESTERDAY - timedelta(days=9))
    merge(world, "next_unit", "small_unit")

    assert rights_to(newest, world.expectation) == (True, True)
    assert rights_to(world.people["new_manager"], world.expectation) == (False, False)


def test_a_merger_that_lies_ahead_opens_nothing_yet(world):
    new = head(world, "new_manager", "next_unit")
    Employment.objects.create(
        person=world.employee, unit=world.next_unit, title="Kock", starts_on=LONG_AGO
    )

    merge(world, "unit", "next_unit", timezone.localdate() + timedelta(days=30))

    assert rights_to(new, world.expectation) == (False, False)
    assert rights_to(world.manager, world.expectation) == (True, True)


def test_who_left_before_the_merger_took_nothing_along(world):
    new = head(world, "new_manager", "next_unit")
    Employment.objects.filter(person=world.employee).update(
        ends_on=YESTERDAY - timedelta(days=30), revision=2
    )
    Employment.objects.create(
        person=world.employee,
        unit=world.next_unit,
        title="Kock",
        starts_on=YESTERDAY - timedelta(days=29),
    )

    merge(world, "unit", "next_unit")

    assert rights_to(new, world.expectation) == (False, False)


def test_after_a_plain_move_the_new_manager_reads_nothing_of_the_old_employment(world):
    new = head(world, "new_manager", "next_unit")
    Employment.objects.filter(person=world.employee).update(ends_on=YESTERDAY, revision=2)
    Employment.objects.create(
        person=world.employee, unit=world.next_unit, title="Kock", starts_on=timezone.localdate()
    )

    assert rights_to(new, world.expectation) == (False, False)
    assert rights_to(world.employee, world.expectation) == (True, False)
