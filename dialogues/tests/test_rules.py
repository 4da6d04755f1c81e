"""Who may say that they know, and who may see who knows: for each, exactly who."""

import pytest
from django.utils import timezone

from dialogues import rules
from dialogues.models import Acknowledgement
from goals.rules import can_view_expectation
from stockholm_quality.tests.world import (
    LONG_AGO,
    PERSONAS,
    add_expectation,
    add_goal,
    add_person,
    scene,
)
from units.models import Delegation, Employment, Role, RoleAssignment, Unit, UnitPlacement
from units.wall import acting_as, upkeep

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
    # who looks         their own employees  names may be tied to knowing
    ("manager",         6,                   True),
    ("acting_manager",  6,                   True),
    ("manager_above",   8,                   True),
    ("other_manager",   7,                   True),
    ("employee",        0,                   False),
    ("hr",              0,                   False),
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


@pytest.mark.parametrize(("name", "employed", "shown"), GROUPS)
def test_names_are_tied_to_knowing_where_one_has_five_employees_of_ones_own(
    world, name, employed, shown
):
    user = world.people[name]

    assert Employment.objects.managed_by(user).values("person").distinct().count() == employed
    assert rules.shows_who_knows(user) is shown


@pytest.mark.parametrize(("more", "shown"), [(1, False), (2, True)])
def test_in_a_small_group_the_employee_alone_sees_that_they_know(world, more, shown):
    """Three are employed already; the fifth makes it a group."""
    RoleAssignment.objects.create(
        person=world.stranger, role=Role.MANAGER, unit=world.small_unit, starts_on=LONG_AGO
    )
    for number in range(more):
        add_person(world, f"more_{number}", "small_unit")
    add_goal(world, "small_goal", "small_unit", "UNIT", "board_goal")
    small = add_expectation(world, "small", "small_employee_0", "small_goal")

    assert who(world, rules.can_see_acknowledgement, small) == ({"stranger"} if shown else set())
    assert rules.can_see_acknowledgement(world.small_employee_0, small)


def test_a_delegate_with_five_of_their_own_is_not_told_who_knows_in_anothers_group(world):
    with upkeep():
        Delegation.objects.create(
            employment=world.employments["small_employee_0"],
            delegate=world.manager,
            given_by=world.manager_above,
            starts_on=LONG_AGO,
            ends_on=timezone.localdate(),
        )
    small = add_expectation(world, "small", "small_employee_0", "unit_goal")

    assert rules.shows_who_knows(world.manager)
    assert can_view_expectation(world.manager, small)
    assert not rules.can_see_acknowledgement(world.manager, small)


def test_one_person_with_several_employments_is_one_of_the_five(world):
    RoleAssignment.objects.create(
        person=world.stranger, role=Role.MANAGER, unit=world.small_unit, starts_on=LONG_AGO
    )
    group = Unit.objects.create(code="small_group", kind=Unit.Kind.GROUP)
    UnitPlacement.objects.create(
        unit=group, parent=world.small_unit, name="Solen", starts_on=LONG_AGO
    )
    Employment.objects.bulk_create(
        Employment(
            person=world.people[f"small_employee_{number}"],
            unit=group,
            title="Kock",
            starts_on=LONG_AGO,
        )
        for number in range(3)
    )

    assert Employment.objects.managed_by(world.stranger).count() == 6
    assert not rules.shows_who_knows(world.stranger)


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

    with scene():
        allowed = {
            said
            for said in Acknowledgement.objects.select_related("expectation__employment")
            if can_view_expectation(user, said.expectation)
        }

    with acting_as(user):
        assert set(Acknowledgement.objects.visible_to(user)) == allowed
