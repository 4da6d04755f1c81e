"""The city's goals in figures: who carries what, what hangs loose, and what may be told of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from goals.models import Expectation, Goal, GoalQuerySet, holds_any, number_order
from goals.rules import FEWEST_IN_A_FIGURE
from units.models import Employment, Role, Unit, UnitLine, User
from units.periods import active_on
from units.sorting import swedish_order
from units.wall import for_purpose

COUNCIL = (Goal.Level.ORIENTATION, Goal.Level.OPERATIONAL_AREA)


@dataclass(frozen=True)
class Figures:
    """Who carries a goal. `people` is None where it may not be told; of a unit's goal it is the
    number, of a higher goal the least that the number can be."""

    boards: int = 0
    board_goals: int = 0
    units: int = 0
    people: int | None = None


NOBODY = Figures()


@dataclass(frozen=True)
class Branch:
    """A goal with its figures and the goals under it, in the order of their numbers."""

    goal: Goal
    figures: Figures
    is_taken_up: bool
    branches: list["Branch"] = field(default_factory=list)


def day_of(year: int) -> date:
    """The day that a year is seen from: today, or its last or first day when it is not now."""
    return min(max(timezone.localdate(), date(year, 1, 1)), date(year, 12, 31))


def years_with_goals() -> list[int]:
    """Newest first, this year always among them."""
    periods = Goal.objects.adopted().values_list("first_year", "last_year").distinct()
    years = {year for first, last in periods for year in range(first, last + 1)}
    return sorted(years | {timezone.localdate().year}, reverse=True)


def boards_on(day: date) -> list[Unit]:
    boards = Unit.objects.filter(kind=Unit.Kind.BOARD).active_on(day)
    return list(boards.in_swedish_order())


# --- How many carry a goal ---------------------------------------------------------------------


def people_on_unit_goals(year: int, under: Goal | None = None) -> dict[int, int]:
    """How many people have an expectation in force on each adopted unit goal that has enough: of
    all unit goals, or of those in the line of `under`.

    This is the one place that decides what may be told about how many people carry a goal.

    A unit goal's number is told where at least FEWEST_IN_A_FIGURE people stand behind it, and is
    otherwise "fewer than", zero included. People with protected identity are not counted, so that
    no number moves with them. Someone with several employments counts in the one begun first.

    Nothing can be worked out by subtraction, because there is nothing to subtract: every number
    higher up (`_least`) is computed from the told numbers alone, and so holds nothing that they
    do not. The number of different people over the told goals would: with 10 people on one goal,
    9 on another and 10 on either, exactly one person has the first without the second. For the
    same reason a filter only chooses among the told numbers and never counts anew.
    """
    day = day_of(year)
    earlier = (
        Employment.objects.active_on(day)
        .filter(person=OuterRef("employment__person"))
        .filter(
            Q(starts_on__lt=OuterRef("employment__starts_on"))
            | Q(starts_on=OuterRef("employment__starts_on"), pk__lt=OuterRef("employment"))
        )
    )
    counted = (
        Expectation.objects.in_force()
        .for_year(year)
        .filter(
            active_on(day, "employment__"),
            ~Exists(earlier),
            _in_line_of(under, "goal__"),
            goal__status=Goal.Status.ADOPTED,
            employment__person__has_protected_identity=False,
        )
        .order_by()
        .values("goal")
        .annotate(people=Count("employment__person", distinct=True))
        .filter(people__gte=FEWEST_IN_A_FIGURE)
    )
    with for_purpose("figures"):
        return dict(counted.values_list("goal", "people"))


def _in_line_of(goal: Goal | None, path: str) -> Q:
    """That the goal at `path` is `goal` or in its line downwards; any, without a goal."""
    if goal is None:
        return Q()
    above = ["pk", "parent", "parent__parent", "parent__parent__parent"]
    return reduce(or_, (Q(**{f"{path}{step}": goal.pk}) for step in above))


def figures_of(goal: Goal, year: int) -> Figures:
    """Who carries one goal, as `carriers_of` would say, for the work that its own line takes."""
    return carriers_of(year, under=goal).get(goal.pk, NOBODY)


def carriers_of(
    year: int, board: Unit | None = None, under: Goal | None = None
) -> dict[int, Figures]:
    """Who carries each adopted goal of the year, by its key; NOBODY where it has no row. With a
    board, what is in that board's line; with `under`, what is in that goal's."""
    rows = (
        Goal.objects.adopted()
        .for_year(year)
        .filter(_in_line_of(under, ""))
        .order_by()
        .values_list("pk", "parent", "unit", "level")
    )
    at_level = defaultdict(list)
    for pk, parent, unit, level in rows:
        at_level[level].append((pk, parent, unit))
    council_lines = {pk: parent for level in COUNCIL for pk, parent, _unit in at_level[level]}
    board_goals = {
        pk: (parent, unit)
        for pk, parent, unit in at_level[Goal.Level.BOARD]
        if board is None or unit == board.pk
    }
    tallies: defaultdict[int, _Tally] = defaultdict(_Tally)
    figures: dict[int, Figures] = {}
    people = people_on_unit_goals(year, under)
    for pk, parent, unit in at_level[Goal.Level.UNIT]:
        figures[pk] = Figures(units=1, people=people.get(pk))
        if parent in board_goals:
            tallies[parent].add_unit_goal(unit, people.get(pk))
    for pk, (parent, unit) in board_goals.items():
        tallies[pk].boards.add(unit)
        tallies[pk].board_goals = 1
        if parent:
            tallies[parent].add(tallies[pk])
    # What an operational area holds belongs to its orientation goal as well.
    for pk, parent in council_lines.items():
        if parent:
            tallies[parent].add(tallies[pk])

    tree = _unit_tree(day_of(year)) if people else {}
    for pk, tally in tallies.items():
        least = _least(tally.largest, tree) or None
        figures[pk] = Figures(len(tally.boards), tally.board_goals, len(tally.units), least)
    return figures


class _Tally:
    def __init__(self) -> None:
        self.boards: set[int] = set()
        self.board_goals = 0
        self.units: set[int] = set()
        self.largest: dict[int, int] = {}  # per unit, the largest told number of its goals here

    def add_unit_goal(self, unit: int, people: int | None) -> None:
        self.units.add(unit)
        if people:
            self.largest[unit] = max(people, self.largest.get(unit, 0))

    def add(self, other: "_Tally") -> None:
        self.boards |= other.boards
        self.board_goals += other.board_goals
        self.units |= other.units
        for unit, people in other.largest.items():
            self.add_unit_goal(unit, people)


def _unit_tree(day: date) -> dict[int, int]:
    """Each unit's nearest unit above."""
    lines = UnitLine.objects.active_on(day).filter(depth=1)
    return dict(lines.values_list("descendant", "ancestor"))


def _least(largest: Mapping[int, int], parent_of: Mapping[int, int]) -> int:
    """The fewest people that these told numbers of units can come from.

    Two goals of one unit may be carried by the same people, and so may a department's goal and
    its units' goals; two units that do not lie under each other have no people in common.
    """
    depth_of: dict[int, int] = {}
    for start in largest:
        line = [start]
        while line[-1] in parent_of:
            line.append(parent_of[line[-1]])
        depth_of.update((unit, len(line) - place) for place, unit in enumerate(line))
    below: defaultdict[int, int] = defaultdict(int)
    total = 0
    for unit in sorted(depth_of, key=depth_of.__getitem__, reverse=True):
        people = max(largest.get(unit, 0), below[unit])
        if unit in parent_of:
            below[parent_of[unit]] += people
        else:
            total += people
    return total


# --- The tree ----------------------------------------------------------------------------------


def council_tree(
    year: int, carriers: Mapping[int, Figures], board: Unit | None = None
) -> list[Branch]:
    """The council's goals of the year from the top, each with who carries it; with a board, only
    what that board does."""
    goals = Goal.objects.adopted().for_year(year).at_level(*COUNCIL).order_by("first_year", "pk")
    branches = {
        goal.pk: branch_of(goal, carriers)
        for goal in sorted(goals.with_taken_up(year, board), key=by_number)
    }
    return _planted(branches)


def branch_of(goal: Goal, carriers: Mapping[int, Figures]) -> Branch:
    """`goal` must come from `Goal.objects.with_taken_up()`."""
    return Branch(goal, carriers.get(goal.pk, NOBODY), goal.is_taken_up)  # type: ignore[attr-defined]


def with_board_goals(tree: list[Branch], board_goals: Iterable[Branch]) -> list[Branch]:
    """The tree with the board's goals under those they serve; what serves none of them is last."""
    places = {branch.goal.pk for branch in walk(tree)}
    under: defaultdict[int | None, list[Branch]] = defaultdict(list)
    for branch in board_goals:
        parent = branch.goal.parent_id
        under[parent if parent in places else None].append(branch)

    def planted(branch: Branch) -> Branch:
        below = [planted(each) for each in branch.branches]
        return replace(branch, branches=[*below, *under[branch.goal.pk]])

    return [*(planted(branch) for branch in tree), *under[None]]


def walk(tree: Iterable[Branch]) -> Iterable[Branch]:
    for branch in tree:
        yield branch
        yield from walk(branch.branches)


def by_number(goal: Goal) -> tuple[int, list[int], str, int]:
    """Sorts 1.10 after 1.9."""
    parts = [int(part) for part in goal.number.split(".") if part.isdecimal()]
    return (goal.first_year, parts or [10_000], goal.number, goal.pk)


def _planted(branches: Mapping[int, Branch]) -> list[Branch]:
    roots: list[Branch] = []
    for branch in branches.values():
        over = branches.get(branch.goal.parent_id) if branch.goal.parent_id else None
        (over.branches if over else roots).append(branch)
    return roots


def board_goals_of(year: int, board: Unit) -> GoalQuerySet:
    """In the order of the council's goals that they serve."""
    goals = Goal.objects.adopted().for_year(year).at_level(Goal.Level.BOARD).filter(unit=board)
    return (
        goals.with_taken_up(year)
        .select_related("unit", "parent")
        .order_by(*number_order("parent__number"), "parent", *number_order(), "pk")
    )


def goals_holding(text: str, year: int, board: Unit | None = None) -> GoalQuerySet:
    """Adopted goals at every level with the text in their title, those of the council first; with
    a board, its own, its units' and those of the council's that it serves."""
    goals = Goal.objects.adopted().for_year(year).holding(text)
    if board:
        inside = Unit.objects.below(board, day_of(year))
        served = Goal.objects.adopted().for_year(year).filter(unit=board)
        goals = goals.filter(
            Q(unit__in=inside)
            | Exists(served.filter(Q(parent=OuterRef("pk")) | Q(parent__parent=OuterRef("pk"))))
        )
    return goals.with_taken_up(year, board).with_line().from_the_top()


# --- What hangs loose --------------------------------------------------------------------------


def council_goals_not_taken_up(year: int, board: Unit | None = None) -> GoalQuerySet:
    goals = Goal.objects.adopted().for_year(year).at_level(*COUNCIL)
    loose = goals.not_taken_up_below(year, board)
    return loose.select_related("unit", "parent").in_order_of_numbers()


def board_goals_not_carried(year: int, board: Unit | None = None) -> GoalQuerySet:
    goals = Goal.objects.adopted().for_year(year).at_level(Goal.Level.BOARD)
    if board:
        goals = goals.filter(unit=board)
    return goals.not_taken_up_below(year).select_related("unit", "parent").in_order_of_units()


def unit_goals_without_parent(user: User, year: int, board: Unit | None = None) -> GoalQuerySet:
    """The adopted ones, and of the drafts those that `user` may see."""
    goals = Goal.objects.visible_to(user).for_year(year).at_level(Goal.Level.UNIT)
    if board:
        goals = goals.filter(unit__in=Unit.objects.below(board, day_of(year)))
    return goals.filter(parent=None).select_related("unit").in_order_of_units()


def units_with_figures_for(user: User, board: Unit | None = None) -> QuerySet[Unit]:
    """Where the person is a manager or HR: from there downwards they are told figures."""
    held = {unit for role, unit in user.roles_today if role in {Role.MANAGER, Role.HR}}
    units = Unit.objects.filter(pk__in=held)
    if board:
        units = units.filter(pk__in=Unit.objects.below(board).values("pk"))
    return units.in_swedish_order()


@dataclass(frozen=True)
class WithoutExpectation:
    """How many of a manager's own employees in a unit lack an expectation for the year."""

    unit_pk: int
    unit_name: str
    employed: int
    without: int


def own_without_expectation(
    user: User, year: int, board: Unit | None = None
) -> list[WithoutExpectation]:
    """Of those whose manager `user` is, who are known to them by name; per unit, most first.

    Nobody else is told such numbers: exact and of today, they would go round what is told of the
    same people in ranges.
    """
    day = day_of(year)
    own = Employment.objects.managed_by(user).active_on(day)
    if board:
        own = own.filter(unit__in=Unit.objects.below(board, day).values("pk"))
    given = holds_any(Expectation.objects.in_force().for_year(year))
    rows: Iterable[dict[str, Any]] = (
        own.order_by()
        .values("unit", "unit__name")
        .annotate(employed=Count("pk"), without=Count("pk", filter=~given))
        .filter(without__gt=0)
        .order_by("-without", swedish_order("unit__name"), "unit")
    )
    return [
        WithoutExpectation(row["unit"], row["unit__name"], row["employed"], row["without"])
        for row in rows
    ]
