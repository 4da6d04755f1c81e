"""What remains to be done, for each kind of person and on each day of the year."""

from datetime import date, timedelta

from django.utils import timezone

from dialogues.actions import acknowledge_expectation
from dialogues.todos import MOST_SHOWN, WITHDRAWAL_TOLD_FOR, todos_of
from goals.models import CarryOver, Expectation, Goal
from stockholm_quality.tests.world import LONG_AGO, add_expectation, add_goal, scene
from units.models import Role, RoleAssignment
from units.wall import acting_as


def urls(world, who, day=None):
    return [todo.url for todo in todos(world, who, day)]


def todos(world, who, day=None):
    with acting_as(world.people[who]):
        return todos_of(world.people[who], day)


def test_an_employee_is_asked_to_know_each_expectation_until_it_is_known(world):
    told = world.withdrawn_expectation.get_absolute_url()
    before = urls(world, "employee")

    with acting_as(world.employee):
        acknowledge_expectation(expectation=world.expectation, version=1, goal_version=1)

    assert before == [world.expectation.get_absolute_url(), told]
    assert urls(world, "employee") == [told]


def test_last_years_expectations_are_done_with(world):
    assert urls(world, "employee", date(world.year + 1, 3, 1)) == []


def test_a_withdrawal_is_told_of_for_a_time_and_then_no_more(world):
    today, told = timezone.localdate(), world.withdrawn_expectation.get_absolute_url()

    def asked_to(day):
        return [t.text for t in todos(world, "employee", day) if t.url == told]

    assert len(asked_to(today)) == 1
    assert asked_to(today) == asked_to(today + WITHDRAWAL_TOLD_FOR - timedelta(days=1))
    assert asked_to(today + WITHDRAWAL_TOLD_FOR) == []


def test_a_long_expectation_is_cut_between_two_words(world):
    words = "Varje barn får en egen språkplan som föräldrarna läser " * 9
    with scene():
        Expectation.objects.filter(pk=world.expectation.pk).update(text=words, revision=2)

    shown = todos(world, "employee")[0].due_text

    assert shown.endswith("…")
    assert set(shown.removesuffix("…").split()) <= set(words.split())


def test_a_manager_is_asked_to_adopt_drafts_and_to_give_expectations(world):
    asked = urls(world, "manager", date(world.year, 3, 1))

    assert world.unit_draft.get_absolute_url() in asked
    assert f"{world.unit.get_absolute_url()}medarbetare/" in asked
    assert world.other_unit_draft.get_absolute_url() not in asked


def test_a_controller_is_asked_to_adopt_the_boards_drafts(world):
    asked = urls(world, "controller")

    assert world.board_draft.get_absolute_url() in asked
    assert world.unit_draft.get_absolute_url() not in asked
    assert world.board_draft.get_absolute_url() not in urls(world, "other_controller")


def test_next_years_goals_are_asked_for_from_november_on(world):
    wanted = f"/enheter/{world.small_unit.pk}/mal/nytt/?year={world.year + 1}"

    assert wanted not in urls(world, "manager_above", date(world.year, 10, 31))
    assert wanted in urls(world, "manager_above", date(world.year, 11, 1))
    add_goal(
        world,
        "next",
        "small_unit",
        "UNIT",
        draft=True,
        first_year=world.year + 1,
        last_year=world.year + 1,
    )
    assert wanted not in urls(world, "manager_above", date(world.year, 11, 1))


def test_next_years_plan_begins_with_this_years_goals_until_each_is_decided(world):
    wanted = f"/enheter/{world.unit.pk}/for-over/?year={world.year + 1}"
    boards = f"/enheter/{world.board.pk}/for-over/?year={world.year + 1}"

    assert wanted not in urls(world, "manager", date(world.year, 10, 31))
    assert wanted in urls(world, "manager", date(world.year, 11, 1))
    assert boards in urls(world, "controller", date(world.year, 11, 1))
    assert wanted not in urls(world, "controller", date(world.year, 11, 1))
    CarryOver.objects.create(
        goal=world.unit_goal,
        to_year=world.year + 1,
        decision="ENDED",
        reason="Nått",
        decided_by=world.manager,
    )
    assert wanted not in urls(world, "manager", date(world.year, 11, 1))


def test_someone_whose_role_has_ended_has_nothing_to_do_with_it(world):
    for who in ("acting_ended", "former_manager"):
        assert urls(world, who, date(world.year, 11, 22)) == []


def test_a_long_list_is_cut(world):
    for number in range(MOST_SHOWN + 3):
        add_expectation(world, f"till {number}", "colleague", "unit_goal")

    assert len(urls(world, "colleague")) == MOST_SHOWN


def test_the_words_name_the_goal_that_is_meant(world):
    Goal.objects.filter(pk=world.unit_draft.pk).update(title="Barnen har vänner", revision=2)

    texts = [todo.due_text for todo in todos(world, "manager")]

    assert any("Barnen har vänner" in text for text in texts)


def test_who_is_the_nearest_manager_of_a_unit_without_one_is_asked_for_its_goals(world):
    add_goal(world, "loose_draft", "next_unit", "UNIT", "board_goal", draft=True)
    draft = world.goals["loose_draft"].get_absolute_url()
    day = date(world.year, 3, 1)

    wanted = f"/enheter/{world.small_unit.pk}/mal/nytt/?year={world.year}"
    assert {draft, wanted} <= set(urls(world, "manager_above", day))
    assert not {draft, wanted} & set(urls(world, "manager", day))
    # The manager of the unit below adopts its drafts.
    assert world.unit_draft.get_absolute_url() not in urls(world, "manager_above", day)


def test_a_group_without_a_manager_shares_its_units_goals(world):
    wanted = f"/enheter/{world.group.pk}/mal/nytt/?year={world.year}"

    assert wanted not in urls(world, "manager")
    RoleAssignment.objects.create(
        person=world.manager, unit=world.group, role=Role.MANAGER, starts_on=LONG_AGO
    )
    assert wanted in urls(world, "manager")


def test_units_come_in_swedish_order(world):
    for unit in (world.small_unit, world.next_unit):
        RoleAssignment.objects.create(
            person=world.manager, unit=unit, role=Role.MANAGER, starts_on=LONG_AGO
        )
    for placement in [*world.next_unit.placements.all(), *world.unit.placements.all()]:
        placement.name = placement.name.replace("Backen", "Åsen").replace("Ängen", "Zonen")
        placement.revision += 1
        placement.save()
    asked = todos(world, "manager", date(world.year + 1, 3, 1))

    shown = [todo.due_text for todo in asked if "/mal/nytt/" in todo.url]
    assert shown == ["Förskolan Zonen", "Förskolan Åsen", "Förskolan Öknen"]
