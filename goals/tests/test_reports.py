"""What is told of how many carry a goal, and what can and cannot be worked out from it."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from goals.models import Expectation, Goal, GoalContribution
from goals.reports import carriers as reports
from goals.reports.carriers import NOBODY, Figures
from stockholm_quality.tests.world import LONG_AGO, add_expectation, add_goal, add_person, scene
from units.models import Employment
from units.wall import acting_as

UNIT, BOARD = Goal.Level.UNIT, Goal.Level.BOARD


def give(world, goal, unit, number, **fields):
    """`number` new people of the unit get an expectation on the goal."""
    for _ in range(number):
        name = f"p{len(world.people)}"
        add_person(world, name, unit, **fields)
        add_expectation(world, f"e-{name}-{goal}", name, goal)


def figures(world, goal, board=None):
    carriers = carriers_of(world.year, world.units[board] if board else None)
    return carriers.get(world.goals[goal].pk, NOBODY)


def carriers_of(*asked):
    """As somebody gets the figures who may see none of the expectations."""
    with acting_as(None):
        return reports.carriers_of(*asked)


def on(goal):
    with scene():
        return list(Expectation.objects.filter(goal=goal).order_by("pk"))


def without_expectation(world, who):
    with acting_as(world.people[who]):
        return reports.own_without_expectation(world.people[who], world.year)


@pytest.fixture
def empty_goal(world):
    """A unit goal that nobody has an expectation on, alone under a board goal of its own."""
    add_goal(world, "own_board_goal", "board", BOARD, "loose_area")
    return add_goal(world, "empty_goal", "next_unit", UNIT, "own_board_goal")


@pytest.mark.parametrize(("number", "told"), [(0, None), (4, None), (5, 5), (6, 6)])
def test_people_are_told_from_five_on(world, empty_goal, number, told):
    give(world, "empty_goal", "next_unit", number)

    assert figures(world, "empty_goal") == Figures(units=1, people=told)
    assert figures(world, "own_board_goal") == Figures(1, 1, 1, told)
    assert figures(world, "loose_area") == Figures(1, 1, 1, told)


def test_a_person_with_protected_identity_moves_no_figure(world, empty_goal):
    give(world, "empty_goal", "next_unit", 4)
    give(world, "empty_goal", "next_unit", 1, has_protected_identity=True)
    assert figures(world, "empty_goal").people is None

    give(world, "empty_goal", "next_unit", 1)
    assert figures(world, "empty_goal").people == 5


def test_a_person_with_two_expectations_on_a_goal_counts_once(world, empty_goal):
    give(world, "empty_goal", "next_unit", 4)
    last = f"p{len(world.people) - 1}"
    add_expectation(world, "second", last, "empty_goal")

    assert figures(world, "empty_goal").people is None


def test_withdrawn_expectations_and_ended_employments_do_not_count(world, empty_goal):
    give(world, "empty_goal", "next_unit", 6)
    first, second = on(empty_goal)[:2]
    first.status = Expectation.Status.WITHDRAWN
    first.withdrawn_at, first.withdrawn_by = timezone.now(), world.people["manager"]
    first.withdrawal_reason, first.revision = "Ändrat", 2
    with scene():
        first.save()
    assert figures(world, "empty_goal").people == 5

    yesterday = timezone.localdate() - timedelta(days=1)
    Employment.objects.filter(pk=second.employment_id).update(ends_on=yesterday)
    assert figures(world, "empty_goal").people is None


def test_someone_with_two_employments_counts_in_the_one_begun_first(world, empty_goal):
    add_goal(world, "other_goal", "small_unit", UNIT, "own_board_goal")
    give(world, "empty_goal", "next_unit", 5)
    for expectation in on(empty_goal):
        later = Employment.objects.create(
            person=expectation.employment.person,
            unit=world.units["small_unit"],
            title="Vikarie",
            starts_on=LONG_AGO + timedelta(days=1),
        )
        world.employments["later"] = later
        add_expectation(world, "later", "later", "other_goal")

    assert figures(world, "empty_goal").people == 5
    assert figures(world, "other_goal").people is None
    assert figures(world, "own_board_goal").people == 5


def test_a_suppressed_goal_adds_nothing_higher_up(world, empty_goal):
    give(world, "empty_goal", "next_unit", 7)
    before = figures(world, "own_board_goal").people
    add_goal(world, "small_goal", "small_unit", UNIT, "own_board_goal")
    give(world, "small_goal", "small_unit", 4)

    assert (before, figures(world, "own_board_goal").people) == (7, 7)
    assert figures(world, "own_board_goal").units == 2


def test_overlap_between_two_goals_of_a_unit_cannot_be_worked_out(world, empty_goal):
    """The same told numbers give the same figure higher up, whoever stands behind them."""
    add_goal(world, "second_goal", "next_unit", UNIT, "own_board_goal")
    give(world, "empty_goal", "next_unit", 6)
    people = [each.employment for each in on(empty_goal)]
    for number, employment in enumerate(people[:5]):
        world.employments[f"again-{number}"] = employment
        add_expectation(world, f"again-{number}", f"again-{number}", "second_goal")
    with_one_left_over = figures(world, "own_board_goal").people
    with scene():
        Expectation.objects.filter(goal=world.goals["second_goal"]).delete()
    give(world, "second_goal", "next_unit", 5)

    assert figures(world, "second_goal").people == 5
    assert with_one_left_over == figures(world, "own_board_goal").people == 6


def test_figures_of_units_beside_each_other_add_up_over_every_level(world, empty_goal):
    add_goal(world, "other_goal", "small_unit", UNIT, "own_board_goal")
    give(world, "empty_goal", "next_unit", 6)
    give(world, "other_goal", "small_unit", 5)

    assert figures(world, "own_board_goal") == Figures(1, 1, 2, 11)
    assert figures(world, "loose_area") == Figures(1, 1, 2, 11)
    # Under the orientation goal lie the other area's two boards and units as well.
    assert figures(world, "orientation") == Figures(2, 3, 4, 11)


def test_a_departments_people_are_not_added_to_those_of_its_units(world, empty_goal):
    add_goal(world, "department_goal", "department", UNIT, "own_board_goal")
    give(world, "empty_goal", "next_unit", 6)
    for number, expectation in enumerate(on(empty_goal)):
        world.employments[f"same-{number}"] = expectation.employment
        add_expectation(world, f"same-{number}", f"same-{number}", "department_goal")

    assert figures(world, "department_goal").people == 6
    assert figures(world, "own_board_goal").people == 6


def test_a_board_filter_keeps_to_that_boards_line(world):
    give(world, "other_unit_goal", "other_unit", 4)  # the stranger has one already

    assert figures(world, "area", "other_board") == Figures(1, 1, 1, 5)
    assert figures(world, "area", "board") == Figures(1, 1, 1, None)
    assert figures(world, "area") == Figures(2, 2, 2, 5)


def test_drafts_carry_nothing(world):
    carriers = carriers_of(world.year)

    assert world.goals["unit_draft"].pk not in carriers
    assert world.goals["board_draft"].pk not in carriers
    assert carriers[world.goals["board_goal"].pk].units == 1


def test_the_tree_is_in_the_order_of_numbers(world):
    add_goal(
        world, "tenth", "city", Goal.Level.OPERATIONAL_AREA, "orientation",
        number="1.10", first_year=world.year - 3, last_year=world.year + 1,
    )  # fmt: skip
    add_goal(
        world, "ninth", "city", Goal.Level.OPERATIONAL_AREA, "orientation",
        number="1.9", first_year=world.year - 3, last_year=world.year + 1,
    )  # fmt: skip

    [root] = reports.council_tree(world.year, {})

    assert [branch.goal.number for branch in root.branches] == ["1.1", "1.2", "1.9", "1.10"]


def test_an_orientation_goal_is_taken_up_through_an_area_under_it(world):
    [root] = reports.council_tree(world.year, {})

    assert root.is_taken_up
    assert [branch.is_taken_up for branch in root.branches] == [True, False]


def test_a_contribution_counts_as_taking_up(world):
    GoalContribution.objects.create(
        goal=world.goals["board_goal"], supported=world.goals["loose_area"]
    )

    assert list(reports.council_goals_not_taken_up(world.year)) == []
    [loose] = reports.council_goals_not_taken_up(world.year, world.units["other_board"])
    assert loose == world.goals["loose_area"]


def test_a_contribution_to_the_top_hides_no_other_contribution(world):
    for supported in ("orientation", "loose_area"):
        GoalContribution.objects.create(
            goal=world.goals["board_goal"], supported=world.goals[supported]
        )

    assert list(reports.council_goals_not_taken_up(world.year)) == []


def test_board_goals_without_a_unit_hang_loose_by_board(world, empty_goal):
    add_goal(world, "uncarried", "other_board", BOARD, "area")

    assert list(reports.board_goals_not_carried(world.year)) == [world.goals["uncarried"]]
    assert list(reports.board_goals_not_carried(world.year, world.units["board"])) == []


def test_drafts_without_a_parent_hang_loose_for_those_who_may_see_them(world):
    draft = add_goal(world, "loose_draft", "next_unit", UNIT, draft=True)
    adopted = world.goals["loose_goal"]

    def loose(who):
        return set(reports.unit_goals_without_parent(world.people[who], world.year))

    assert loose("manager_above") == loose("controller") == {adopted, draft}
    assert loose("employee") == loose("hr") == loose("other_controller") == {adopted}


def test_a_manager_is_told_of_their_own_without_expectation_and_nobody_of_others(world):
    def rows(who):
        found = without_expectation(world, who)
        return {row.unit_name: (row.without, row.employed) for row in found}

    own = Employment.objects.managed_by(world.people["manager"]).filter(unit=world.units["unit"])
    without, employed = rows("manager")["Förskolan Ängen"]
    assert employed == own.count()
    assert without == employed - 3
    # Those in Ängen are managed from there, whoever stands above.
    above = Employment.objects.managed_by(world.people["manager_above"])
    in_scope = sum(employed for _without, employed in rows("manager_above").values())
    assert 0 < in_scope <= above.count()
    for who in ("hr", "other_hr", "city_hr", "employee", "controller", "former_manager"):
        assert rows(who) == {}


def test_whoever_is_above_is_led_to_the_figures_that_single_nobody_out(world):
    def led_to(who):
        return set(reports.units_with_figures_for(world.people[who]))

    assert led_to("hr") == {world.units["board"]}
    assert led_to("manager_above") == {world.units["department"]}
    assert led_to("employee") == led_to("controller") == set()
    assert not reports.units_with_figures_for(world.people["hr"], world.units["other_board"])


def test_a_year_is_seen_from_today_or_from_its_nearer_end():
    today = timezone.localdate()

    assert reports.day_of(today.year) == today
    assert reports.day_of(2001) == date(2001, 12, 31)
    assert reports.day_of(2101) == date(2101, 1, 1)


def test_years_are_those_of_adopted_goals_and_this_one(world):
    expected = list(range(world.year + 1, world.year - 4, -1))

    assert reports.years_with_goals() == expected


def test_an_empty_portal_has_this_year_and_no_figures(db):
    assert reports.years_with_goals() == [timezone.localdate().year]
    assert carriers_of(2026) == {}
    assert reports.council_tree(2026, {}) == []


def test_one_goals_figures_are_those_that_the_whole_tree_gives_it(world):
    for number in range(6):
        add_person(world, f"carrier_{number}", "unit")
        add_expectation(world, f"carried_{number}", f"carrier_{number}", "unit_goal")
    carriers = carriers_of(world.year)

    with acting_as(None):
        for goal in world.goals.values():
            expected = carriers.get(goal.pk, reports.NOBODY)
            assert goal.is_draft or reports.figures_of(goal, world.year) == expected
        assert reports.figures_of(world.orientation, world.year).people
