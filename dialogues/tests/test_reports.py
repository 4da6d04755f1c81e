"""How many know their goals: counted right, and never so that one person can be worked out."""

import pytest
from django.urls import reverse

from dialogues.actions import acknowledge_expectation
from dialogues.reports import knowledge_below, knowledge_of_own, with_knowledge
from dialogues.rules import shows_who_knows
from stockholm_quality.tests.world import LONG_AGO, add_expectation, add_person, canary, scene
from units.models import Employment, Role, RoleAssignment, User
from units.wall import acting_as


def names_of(**found):
    employments = with_knowledge(Employment.objects.all(), found.pop("year")).filter(**found)
    with scene():
        return set(employments.values_list("person__account_name", flat=True))


def know(expectation):
    with acting_as(expectation.employment.person):
        acknowledge_expectation(expectation=expectation, version=1, goal_version=1)


def below(unit, year, **asked):
    """The figures as somebody gets them who may see none of the expectations."""
    with acting_as(None):
        return knowledge_below(unit, year, **asked)


def units_below(unit, year, **asked):
    return {row.unit_pk for row in below(unit, year, **asked)}


def test_knowing_means_every_expectation_in_force(world):
    before = names_of(year=world.year, knows=True)

    know(world.expectation)

    assert "employee" not in before
    assert "employee" in names_of(year=world.year, knows=True)
    assert names_of(year=world.year + 1, has_expectation=True) == set()


def test_a_manager_counts_all_own_employees(world):
    know(world.expectation)

    with acting_as(world.manager):
        own = knowledge_of_own(world.manager, world.unit, world.year)

    assert own.employed == len(
        Employment.objects.managed_by(world.people["manager"]).filter(unit=world.unit)
    )
    assert (own.given, own.knowing) == (3, 1)


def head_the_small_unit(world):
    """A manager with three employees in all."""
    person = add_person(world, "small_manager", "small_unit")
    RoleAssignment.objects.create(
        person=person, role=Role.MANAGER, unit=world.small_unit, starts_on=LONG_AGO
    )
    return person


def test_a_group_under_five_has_no_figure_and_no_names(world):
    rows = units_below(world.department, world.year)
    chief = head_the_small_unit(world)
    with acting_as(chief):
        own = knowledge_of_own(chief, world.small_unit, world.year)

    assert world.unit.pk in rows
    assert world.small_unit.pk not in rows
    assert (own.employed, shows_who_knows(chief)) == (3, False)


def test_figures_leave_out_the_units_that_one_heads_oneself(world):
    def units(beside):
        return units_below(world.board, world.year, beside=beside)

    assert world.unit.pk in units(world.people["manager_above"])
    assert units(None) - units(world.people["manager"]) == {world.unit.pk}


@pytest.mark.parametrize("count", [4, 5])
def test_the_fifth_person_opens_the_figure(world, count):
    for number in range(count - 3):
        add_person(world, f"more_{number}", "small_unit")

    rows = units_below(world.board, world.year)

    assert (world.small_unit.pk in rows) == (count == 5)


def test_people_with_protected_identity_move_no_figure(world):
    def figures():
        return below(world.other_board, world.year)

    before = figures()
    expectation = add_expectation(world, "hemlig", "other_protected", "other_unit_goal")
    know(expectation)

    assert figures() == before
    User.objects.filter(account_name="other_protected").update(has_protected_identity=False)
    assert figures() != before


def test_figures_stop_at_the_border_of_the_authority(world):
    rows = units_below(world.city, world.year)

    assert not rows & {world.unit.pk, world.other_unit.pk}


@pytest.mark.parametrize("who", ["manager_above", "hr"])
def test_those_above_see_figures_and_no_names(world, as_persona, who):
    page = as_persona(who).get(reverse("dialogues:people", args=[world.unit.pk]))

    text = page.content.decode()
    assert page.status_code == 200
    assert canary("namn-employee") not in text
    assert canary("expectation") not in text


def test_the_page_of_the_unit_and_that_of_the_expectation_agree_on_who_is_named(world, as_persona):
    manager = as_persona("manager")

    def shown():
        people = manager.get(reverse("dialogues:people", args=[world.unit.pk]))
        one = manager.get(world.expectation.get_absolute_url())
        assert people.context["names_shown"] == one.context["may_see_acknowledgement"]
        return people.context["own"].employed, people.context["names_shown"]

    assert shown() == (6, True)
    Employment.objects.filter(person__account_name__startswith="teammate").delete()
    assert shown() == (4, False)


def test_the_manager_of_a_group_under_five_sees_no_one_know(world, as_persona):
    small = add_expectation(world, "small", "small_employee_0", "unit_goal")
    know(small)
    head_the_small_unit(world)
    client = as_persona("small_manager")

    page = client.get(reverse("dialogues:people", args=[world.small_unit.pk]))

    text = page.content.decode()
    assert page.context["names_shown"] is False
    assert canary("namn-small_employee_0") in text
    assert client.get(small.get_absolute_url()).context["may_see_acknowledgement"] is False
