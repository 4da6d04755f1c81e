"""The relations that all rights rest on: for each, exactly who has it, and on which days."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from stockholm_quality.tests.world import LONG_AGO, PERSONAS, add_person
from units import rules
from units.actions import merge_unit
from units.models import (
    Employment,
    ProtectedIdentityKeeper,
    Role,
    RoleAssignment,
    Unit,
    UnitPlacement,
    User,
)

HEADS = {"manager", "acting_manager"}


def who(world, rule, *things, **more):
    """The personas for whom the rule holds."""
    return {name for name in PERSONAS if rule(world.people[name], *things, **more)}


# fmt: off
REACHED = [
    # unit          by role              exactly these
    ("unit",        Role.MANAGER,        HEADS | {"manager_above"}),
    ("group",       Role.MANAGER,        HEADS | {"manager_above"}),
    ("next_unit",   Role.MANAGER,        {"manager_above"}),
    ("department",  Role.MANAGER,        {"manager_above"}),
    ("board",       Role.MANAGER,        set()),
    ("other_unit",  Role.MANAGER,        {"other_manager"}),
    ("unit",        Role.CONTROLLER,     {"controller"}),
    ("board",       Role.CONTROLLER,     {"controller"}),
    ("other_unit",  Role.CONTROLLER,     {"other_controller"}),
    ("unit",        Role.HR,             {"hr"}),
    ("board",       Role.HR,             {"hr"}),
    ("other_unit",  Role.HR,             {"other_hr"}),
    ("city",        Role.HR,             {"city_hr"}),
    ("unit",        Role.REPRESENTATIVE, {"representative"}),
    ("department",  Role.REPRESENTATIVE, set()),
    ("city",        Role.SYSTEM_ADMINISTRATOR, {"administrator"}),
    ("board",       Role.SYSTEM_ADMINISTRATOR, set()),
]
HEADED = [
    ("unit",       HEADS),
    ("group",      HEADS),              # has no manager of its own
    ("next_unit",  {"manager_above"}),  # neither has this one
    ("department", {"manager_above"}),
    ("board",      set()),
    ("city",       set()),
    ("other_unit", {"other_manager"}),
]
MANAGED = [
    # whose employment  by exactly these
    ("employee",        HEADS),
    ("protected",       HEADS),
    ("representative",  HEADS),
    ("manager",         {"manager_above"}),  # not by who stands in for them
    ("acting_manager",  {"manager_above"}),
    ("manager_above",   set()),
    ("neighbour",       {"manager_above"}),
    ("former_manager",  {"manager_above"}),
    ("left_yesterday",  set()),
    ("stranger",        {"other_manager"}),
    ("other_manager",   set()),
    ("controller",      set()),
]
NAMED = [
    ("employee",        set(PERSONAS)),
    ("protected",       HEADS | {"protected", "hr"}),
    ("other_protected", {"other_manager"}),
]
FIGURES = [
    ("unit",       HEADS | {"manager_above", "hr"}),
    ("board",      {"hr"}),
    ("city",       {"city_hr"}),
    ("other_unit", {"other_manager", "other_hr"}),
]
# fmt: on


@pytest.mark.parametrize(("unit", "role", "expected"), REACHED)
def test_a_role_reaches_down_to_the_next_authority(world, unit, role, expected):
    assert who(world, rules.reaches, world.units[unit], role) == expected
    reached = {n for n in PERSONAS if _in_scope(world, n, unit, role)}
    assert reached == expected


def _in_scope(world, name, unit, role):
    scope = Unit.objects.in_scope_of(world.people[name], role)
    return scope.filter(pk=world.units[unit].pk).exists()


@pytest.mark.parametrize(("unit", "expected"), HEADED)
def test_a_unit_is_headed_by_its_managers_or_the_nearest_above(world, unit, expected):
    assert who(world, rules.heads, world.units[unit]) == expected
    listed = {n for n in PERSONAS if world.units[unit] in rules.units_headed_by(world.people[n])}
    assert listed == expected


@pytest.mark.parametrize(("employed", "expected"), MANAGED)
def test_an_employment_is_managed_by_the_nearest_manager_who_is_not_beside(
    world, employed, expected
):
    assert who(world, rules.is_manager_of, world.employments[employed]) == expected


@pytest.mark.parametrize("merged", [[], ["unit"], ["unit", "next_unit"]])
def test_who_manages_an_employment_are_all_who_answer_for_it(world, merged):
    """Also of one that went up in another, once or twice."""
    RoleAssignment.objects.filter(person=world.acting_manager).delete()
    into = {"unit": world.next_unit, "next_unit": world.small_unit}
    for days, name in zip([10, 1], merged, strict=False):
        last_day = timezone.localdate() - timedelta(days=days)
        merge_unit(unit=world.units[name], into=into[name], last_day=last_day)
    for name in ("small_unit", "next_unit"):
        if name not in merged:
            head_of(world, name)
    heads = User.objects.filter(roles__role=Role.MANAGER).distinct()

    for employment in Employment.objects.select_related("unit"):
        answering = [head for head in heads if rules.answers_for(head, employment)]
        assert set(rules.managers_of(employment)) == set(answering)
    assert not rules.managers_of(world.employments["left_yesterday"])


def test_works_in_follows_the_employment(world):
    expected = HEADS | {"employee", "colleague", "protected", "representative"}

    assert who(world, rules.works_in, world.unit) == expected


@pytest.mark.parametrize(("person", "expected"), NAMED)
def test_a_protected_name_shows_to_few(world, person, expected):
    assert who(world, rules.can_see_name, world.people[person]) == expected


@pytest.mark.parametrize("name", PERSONAS)
def test_visible_people_are_those_whose_name_one_may_see(world, name):
    user = world.people[name]

    allowed = {person for person in User.objects.all() if rules.can_see_name(user, person)}

    assert set(User.objects.visible_to(user)) == allowed


@pytest.mark.parametrize(("unit", "expected"), FIGURES)
def test_figures_are_for_managers_and_hr_of_the_subtree(world, unit, expected):
    assert who(world, rules.can_see_statistics, world.units[unit]) == expected


def test_the_administration_is_for_hr_and_system_administrators(world):
    offices = {"hr", "other_hr", "city_hr", "administrator"}

    assert who(world, rules.can_use_admin) == offices
    assert who(world, rules.is_system_administrator) == {"administrator"}


def test_hr_makes_no_further_hr_and_others_give_no_role(world):
    given = {name: set(rules.roles_one_may_give(world.people[name])) for name in PERSONAS}

    line = {Role.MANAGER, Role.CONTROLLER, Role.REPRESENTATIVE}
    offices = {"hr": line, "other_hr": line, "city_hr": line, "administrator": set(Role.values)}
    assert given == {name: offices.get(name, set()) for name in PERSONAS}


# --- Days ----------------------------------------------------------------------------------------

TODAY = timezone.localdate
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("starts", "ends", "holds"),
    [
        (-9, None, True),
        (-9, 0, True),
        (0, 0, True),
        (0, None, True),
        (-9, -1, False),
        (1, None, False),
        (1, 9, False),
    ],
)
def test_a_right_holds_from_its_first_day_to_its_last(world, starts, ends, holds):
    person = world.stranger
    period = {
        "starts_on": TODAY() + starts * DAY,
        "ends_on": None if ends is None else TODAY() + ends * DAY,
    }
    for role in (Role.MANAGER, Role.HR):
        RoleAssignment.objects.create(person=person, unit=world.small_unit, role=role, **period)
    ProtectedIdentityKeeper.objects.create(person=world.protected, administrator=person, **period)
    employment = world.employments["small_employee_0"]

    held = [
        rules.reaches(person, world.small_unit, Role.MANAGER),
        rules.heads(person, world.small_unit),
        rules.is_manager_of(person, employment),
        rules.can_see_name(person, world.protected),
        rules.can_use_admin(User.objects.get(pk=person.pk)),
        rules.can_see_statistics(person, world.small_unit),
        User.objects.visible_to(person).filter(pk=world.protected.pk).exists(),
        Employment.objects.managed_by(person).filter(pk=employment.pk).exists(),
        Unit.objects.in_scope_of(person, Role.HR).filter(pk=world.small_unit.pk).exists(),
    ]

    assert held == [holds] * len(held)


def test_a_rule_can_be_asked_about_another_day(world):
    tomorrow, yesterday = TODAY() + DAY, TODAY() - DAY

    assert rules.heads(world.acting_manager, world.unit)
    assert not rules.heads(world.acting_manager, world.unit, tomorrow)
    assert rules.heads(world.former_manager, world.unit, yesterday)
    assert rules.is_manager_of(world.former_manager, world.employments["employee"], yesterday)
    assert rules.works_in(world.left_yesterday, world.unit, yesterday)
    assert not rules.works_in(world.left_yesterday, world.unit)


def test_a_manager_of_a_unit_that_moves_away_goes_along(world):
    placement = world.unit.placements.get()
    placement.ends_on = TODAY() - DAY
    placement.save()
    UnitPlacement.objects.create(
        unit=world.unit, parent=world.other_board, name="Förskolan Ängen", starts_on=TODAY()
    )

    assert who(world, rules.reaches, world.unit, Role.MANAGER, Role.CONTROLLER) == HEADS | {
        "other_controller"
    }
    assert rules.reaches(world.manager_above, world.unit, Role.MANAGER, day=TODAY() - DAY)


def test_an_employment_that_begins_tomorrow_is_nobodys_yet(world):
    employment = Employment.objects.create(
        person=world.stranger, unit=world.unit, title="Kock", starts_on=TODAY() + DAY
    )

    assert who(world, rules.is_manager_of, employment) == set()
    # The acting manager acts today alone.
    assert who(world, rules.is_manager_of, employment, day=TODAY() + DAY) == {"manager"}


def test_only_a_manager_above_the_highest_unit_one_heads_manages_one(world):
    """The head of the department, employed in one of its units, is not that unit head's to read."""
    Employment.objects.create(
        person=world.manager_above, unit=world.unit, title="Pedagog", starts_on=date(2020, 1, 1)
    )
    employment = Employment.objects.get(person=world.manager_above, unit=world.unit)

    assert who(world, rules.is_manager_of, employment) == set()


def head_of(world, unit):
    person = add_person(world, f"head_{unit}", None)
    RoleAssignment.objects.create(
        person=person, unit=world.units[unit], role=Role.MANAGER, starts_on=LONG_AGO
    )
    return person


def test_the_city_manager_has_no_world_inside_the_boards(world):
    chief = head_of(world, "city")
    managed = set(Employment.objects.managed_by(chief))

    # Nobody between heads the director's unit, and still the line stops at the board.
    assert managed == {
        world.employments[name] for name in ("city_hr", "city_controller", "administrator")
    }
    assert set(rules.units_headed_by(chief)) == {world.city}
    for unit in ("board", "department", "unit", "next_unit", "other_board", "other_unit"):
        assert not rules.heads(chief, world.units[unit])
        assert not rules.reaches(chief, world.units[unit], *Role.values)
        assert not rules.can_see_statistics(chief, world.units[unit])
    for name in ("manager_above", "controller", "protected", "other_protected"):
        employment = Employment.objects.get(person=world.people[name])
        assert not rules.is_manager_of(chief, employment)
        assert not rules.answers_for(chief, employment)
    for name in ("protected", "other_protected"):
        assert not rules.can_see_name(chief, world.people[name])


def test_the_head_of_an_administration_manages_those_whom_nobody_nearer_heads(world):
    chief = head_of(world, "board")

    managed = {e.person.account_name for e in Employment.objects.managed_by(chief)}

    assert managed == {"manager_above", "controller", "hr"}
    assert set(rules.units_headed_by(chief)) == {world.board}
