"""How many know their goals: counted right, and never so that one person can be worked out."""

from django.urls import reverse

from dialogues.actions import acknowledge_expectation
from dialogues.reports import knowledge_of_own, with_knowledge
from dialogues.rules import shows_who_knows
from stockholm_quality.tests.world import LONG_AGO, add_expectation, add_person, canary, scene
from units.models import Employment, Role, RoleAssignment, Unit, UnitPlacement
from units.wall import acting_as


def names_of(**found):
    employments = with_knowledge(Employment.objects.all(), found.pop("year")).filter(**found)
    with scene():
        return set(employments.values_list("person__account_name", flat=True))


def know(expectation):
    with acting_as(expectation.employment.person):
        acknowledge_expectation(expectation=expectation, version=1, goal_version=1)


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


def test_a_manager_of_a_group_under_five_is_shown_no_names(world):
    chief = head_the_small_unit(world)

    with acting_as(chief):
        own = knowledge_of_own(chief, world.small_unit, world.year)

    assert (own.employed, shows_who_knows(chief)) == (3, False)


def test_who_has_no_employees_there_is_shown_to_the_figures(world, as_persona):
    client = as_persona("hr")

    page = client.get(reverse("dialogues:people", args=[world.unit.pk]))

    assert page.url == f"/enheter/{world.unit.pk}/samtal/?year={world.year}#knowing"
    assert client.get(page.url).status_code == 200


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


def test_of_a_part_of_a_group_under_five_no_number_is_told(world, as_persona):
    """Of the one who works in the group below, "1 of 1" would be a name."""
    chief = head_the_small_unit(world)
    below = Unit.objects.create(code="small_group", kind=Unit.Kind.GROUP)
    UnitPlacement.objects.create(
        unit=below, parent=world.small_unit, name="Solen", starts_on=LONG_AGO
    )
    with scene():
        Employment.objects.filter(person__account_name="small_employee_0").update(unit=below)
    client = as_persona("small_manager")

    def told_of(unit):
        pages = [reverse(f"dialogues:{page}", args=[unit.pk]) for page in ("unit", "people")]
        return [client.get(page).context["own"] for page in pages]

    assert Employment.objects.managed_by(chief).count() == 3
    assert told_of(below) == [None, None]
    assert [own.employed for own in told_of(world.small_unit)] == [3, 3]
