"""Who may say that they know, and who may see who knows: for each, exactly who."""

import pytest

from dialogues import rules
from dialogues.models import Acknowledgement
from goals.rules import can_view_expectation
from stockholm_quality.tests.world import PERSONAS, add_expectation, add_goal

HEADS = {"manager", "acting_manager"}

# fmt: off
EXPECTATIONS = [
    # expectation             may be acknowledged by  whether it was is seen by
    ("expectation",           {"employee"},           HEADS | {"employee"}),
    ("known_expectation",     {"employee"},           HEADS | {"employee"}),
    ("withdrawn_expectation", set(),                  HEADS | {"employee"}),
    ("protected_expectation", {"protected"},          HEADS | {"protected"}),
    ("managers_expectation",  {"manager"},            {"manager", "manager_above"}),
    ("left_expectation",      set(),                  set()),
    ("strangers_expectation", {"stranger"},           {"stranger", "other_manager"}),
]
GROUPS = [
    # unit          employed  names may be tied to knowing
    ("unit",        6,        True),
    ("other_unit",  8,        True),
    ("small_unit",  3,        False),
    ("group",       0,        False),
]
# fmt: on


def who(world, rule, *things):
    """The personas for whom the rule holds."""
    return {name for name in PERSONAS if rule(world.people[name], *things)}


@pytest.mark.parametrize(("expectation", "employee", "seers"), EXPECTATIONS)
def test_the_employee_says_so_and_the_two_see_it(world, expectation, employee, seers):
    expectation = world.expectations[expectation]

    assert who(world, rules.can_acknowledge, expectation) == employee
    assert who(world, rules.can_see_acknowledgement, expectation) == seers


@pytest.mark.parametrize(("unit", "employed", "shown"), GROUPS)
def test_nobody_is_named_in_a_group_under_five(world, unit, employed, shown):
    people = {e.person_id for e in world.employments.values() if e.unit_id == world.units[unit].pk}

    assert len(people - {world.left_yesterday.pk}) == employed
    assert rules.shows_who_knows(world.units[unit]) is shown


def test_in_a_small_group_the_employee_alone_sees_that_they_know(world):
    add_goal(world, "small_goal", "small_unit", "UNIT", "board_goal")
    small = add_expectation(world, "small", "small_employee_0", "small_goal")

    assert who(world, rules.can_see_acknowledgement, small) == set()
    assert rules.can_see_acknowledgement(world.small_employee_0, small)


@pytest.mark.parametrize("name", PERSONAS)
def test_visible_acknowledgements_are_those_of_visible_expectations(world, name):
    user = world.people[name]
    for expectation in world.expectations.values():
        Acknowledgement.objects.get_or_create(
            expectation=expectation,
            expectation_version=1,
            goal_version=1,
            defaults={"acknowledged_at": expectation.given_at},
        )

    allowed = {
        said
        for said in Acknowledgement.objects.select_related("expectation__employment")
        if can_view_expectation(user, said.expectation)
    }

    assert set(Acknowledgement.objects.visible_to(user)) == allowed
