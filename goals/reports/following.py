"""A goal followed down: how those below judge it, and how that moved over the periods.

Layer: reports. All of it is made of what has been handed in, never of what is being written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from goals.models import (
    Assessment,
    Goal,
    GoalContribution,
    GoalQuerySet,
    Judgement,
    Period,
    PlanYear,
)
from units.sorting import swedish_sort_key

OWN, SERVES, CONTRIBUTES = "own", "serves", "contributes"
BOARD, UNIT = Goal.Level.BOARD, Goal.Level.UNIT
PILL_OF = {Judgement.FULL: "full", Judgement.PARTIAL: "part", Judgement.NOT: "not"}


@dataclass(frozen=True)
class Code:
    """A period under the short name that all boards have in common, at its earliest end."""

    code: str
    name: str
    ends_on: date
    opens_on: date
    asks_judgement: bool
    plan_years: frozenset[int]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Segment:
    """A part of a bar, in per cent of its length."""

    kind: str
    number: int
    start: float
    length: float


@dataclass(frozen=True)
class Tally:
    """How many goals are judged how in a period; `waiting` are not yet judged."""

    period: Code
    full: int = 0
    partial: int = 0
    missed: int = 0
    waiting: int = 0

    @property
    def judged(self) -> int:
        return self.full + self.partial + self.missed

    @property
    def total(self) -> int:
        return self.judged + self.waiting

    @property
    def segments(self) -> list[Segment]:
        numbers = {
            "full": self.full,
            "part": self.partial,
            "not": self.missed,
            "none": self.waiting,
        }
        segments, start = [], 0.0
        for kind, number in numbers.items():
            length = 100 * number / self.total if self.total else 0.0
            segments.append(Segment(kind, number, round(start, 2), round(length, 2)))
            start += length
        return segments


@dataclass(frozen=True)
class Group:
    """The goals of one level in one relation to the goal, over the periods."""

    level: str
    relation: str
    tallies: list[Tally]

    @property
    def key(self) -> str:
        return f"{self.relation}-{self.level}".lower()

    def in_period(self, period: Code | None) -> Tally | None:
        return next((each for each in self.tallies if each.period == period), None)

    def before(self, period: Code | None) -> Tally | None:
        """The latest earlier period in which anything was judged."""
        periods = [each.period for each in self.tallies]
        earlier = self.tallies[: periods.index(period)] if period in periods else []
        return next((each for each in reversed(earlier) if each.judged), None)


@dataclass(frozen=True)
class Place:
    """How many goals of a level and relation lie in a board, and which plan year they follow."""

    relation: str
    level: str
    plan_year: int | None
    board_pk: int | None
    board_name: str | None
    number: int


@dataclass(frozen=True)
class Below:
    """How the goals below are judged over the periods, and where they lie."""

    codes: list[Code]
    groups: list[Group]
    places: list[Place]

    def group(self, relation: str, level: str) -> Group | None:
        wanted = (relation, level)
        return next((each for each in self.groups if (each.relation, each.level) == wanted), None)


@dataclass(frozen=True)
class UpTo:
    """A year up to and including a period; `codes` are all of the year's."""

    year: int
    codes: Sequence[Code]
    period: Code

    @property
    def names(self) -> list[str]:
        return [code.code for code in self.codes if code.ends_on <= self.period.ends_on]

    @property
    def earlier(self) -> list[str]:
        return [code.code for code in self.codes if code.ends_on < self.period.ends_on]


# --- Which goals, and what was handed in ---------------------------------------------------------


def latest_judgement(goals: Iterable[Goal]) -> dict[int, tuple[Judgement, Period]]:
    """The latest judgement handed in of each goal, by its key; in one query."""
    latest = (
        Assessment.objects.submitted()
        .exclude(submitted_judgement="")
        .filter(goal__in=[goal.pk for goal in goals])
        .select_related("report__period__plan_year")
        .order_by("goal", "-report__period__ends_on", "-submitted_at", "-pk")
        .distinct("goal")
    )
    return {
        each.goal_id: (Judgement(each.submitted_judgement), each.report.period) for each in latest
    }


def goal_with_areas(pk: int) -> tuple[Goal | None, list[Goal]]:
    """An adopted goal with its line up, and the council's own goals under it; in one query."""
    own = Q(pk=pk) | Q(parent=pk, level=Goal.Level.OPERATIONAL_AREA)
    goals = list(Goal.objects.adopted().filter(own).with_line().in_order_of_numbers())
    goal = next((each for each in goals if each.pk == pk), None)
    return goal, [each for each in goals if each.pk != pk]


def goals_below(goal: Goal, year: int) -> GoalQuerySet:
    """The adopted goals of boards and units that serve the goal, or serve one that does."""
    goals = Goal.objects.adopted().for_year(year).at_level(BOARD, UNIT)
    return goals.filter(_serves(goal))


def goals_contributing(goal: Goal, year: int) -> GoalQuerySet:
    """The adopted goals that contribute to it beside the one they serve, which is not it."""
    goals = Goal.objects.adopted().for_year(year).at_level(BOARD, UNIT)
    return goals.filter(_contributes(goal)).exclude(pk__in=goals_below(goal, year).values("pk"))


def _serves(goal: Goal, path: str = "") -> Q:
    if goal.level == UNIT:
        return Q(pk__in=[])
    if goal.level == BOARD:
        return Q(**{f"{path}parent": goal.pk})
    # A council's goal is served through the operational areas under it too.
    places = ("parent", "parent__parent", "parent__parent__parent")
    served = Q()
    for place in places:
        served |= Q(**{f"{path}{place}": goal.pk})
    return served


def _contributes(goal: Goal, path: str = "") -> Q:
    area = Q(supported__parent=goal.pk, supported__level=Goal.Level.OPERATIONAL_AREA)
    links = GoalContribution.objects.filter(Q(supported=goal.pk) | area)
    return Q(**{f"{path}pk__in": links.values("goal")})


def _followed(goal: Goal, year: int, path: str = "") -> Q:
    """That the goal at `path` is the goal itself, or one below it or contributing to it."""
    counted = {
        f"{path}status": Goal.Status.ADOPTED,
        f"{path}first_year__lte": year,
        f"{path}last_year__gte": year,
        f"{path}level__in": (BOARD, UNIT),
    }
    own = Q(**{f"{path}pk": goal.pk})
    return Q(**counted) & (own | _serves(goal, path) | _contributes(goal, path))


def _relation(goal: Goal, path: str = "") -> Case:
    whens = [When(**{f"{path}pk": goal.pk}, then=Value(OWN))]
    if goal.level != UNIT:
        whens.append(When(_serves(goal, path), then=Value(SERVES)))
    return Case(*whens, default=Value(CONTRIBUTES), output_field=models.CharField())


def handed_in(year: int, codes: Iterable[str] | None = None) -> QuerySet[Assessment]:
    """The judgements of a year that have been handed in; with `codes`, in those periods."""
    judged = (
        Assessment.objects.submitted()
        .exclude(submitted_judgement="")
        .filter(report__period__plan_year__year=year)
    )
    return judged if codes is None else judged.filter(report__period__code__in=list(codes))


def once_each(assessments: QuerySet[Assessment]) -> QuerySet[Assessment]:
    """Of these one for each goal and period: after a merger two units may have judged the same
    goal, and then the later counts."""
    later = (
        Assessment.objects.submitted()
        .exclude(submitted_judgement="")
        .filter(
            Q(submitted_at__gt=OuterRef("submitted_at"))
            | Q(submitted_at=OuterRef("submitted_at"), pk__gt=OuterRef("pk")),
            goal=OuterRef("goal"),
            report__period__code=OuterRef("report__period__code"),
            report__period__plan_year__year=OuterRef("report__period__plan_year__year"),
        )
    )
    return assessments.filter(~Exists(later))


# --- Counts over the periods ---------------------------------------------------------------------


def codes_of(year: int) -> list[Code]:
    """The periods of a year that ask for results, over all boards, in the order of time."""
    rows: dict[str, list[Period]] = {}
    periods = Period.objects.filter(plan_year__year=year).exclude(kind=Period.Kind.PLAN)
    for period in periods.order_by("ends_on", "pk"):
        rows.setdefault(period.code, []).append(period)
    return [
        Code(
            code=code,
            name=same[0].name,
            ends_on=same[0].ends_on,
            opens_on=min(each.opens_on for each in same),
            asks_judgement=any(each.asks_judgement for each in same),
            plan_years=frozenset(each.plan_year_id for each in same if each.asks_judgement),
        )
        for code, same in rows.items()
    ]


def follow_down(goal: Goal, year: int, codes: Sequence[Code]) -> Below:
    """How the goals below are judged in each period that has begun, in two queries."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    lines = Q(unit__lines_down__ends_on__isnull=True) | Q(unit__lines_down__ends_on__gte=first)
    # The plan year nearest over the unit; of one that has moved or gone, where it was last.
    nearest = (
        PlanYear.objects.filter(
            lines,
            year=year,
            unit__lines_down__descendant=OuterRef("unit"),
            unit__lines_down__crosses_border=False,
            unit__lines_down__starts_on__lte=last,
        )
        .order_by(F("unit__lines_down__ends_on").desc(nulls_first=True), "unit__lines_down__depth")
        .values("pk")[:1]
    )
    asked = (
        Goal.objects.filter(_followed(goal, year))
        .order_by()
        .annotate(relation=_relation(goal), plan_year=Subquery(nearest))
        .annotate(board_pk=_of_board("unit"), board_name=_of_board("unit__name"))
        .values("relation", "level", "plan_year", "board_pk", "board_name")
        .annotate(number=Count("pk"))
    )
    judged = (
        once_each(handed_in(year).filter(_followed(goal, year, "goal__")))
        .annotate(relation=_relation(goal, "goal__"))
        .order_by()
        .values("relation", "goal__level", "report__period__code", "submitted_judgement")
        .annotate(number=Count("pk"))
    )
    return _below([Place(**row) for row in asked], list(judged), codes)


def _of_board(field: str) -> Case:
    """Of the goal's own board, or of the one whose goal a unit's goal serves."""
    return Case(When(level=BOARD, then=F(field)), default=F(f"parent__{field}"))


def _below(asked: list[Place], judged: list[dict[str, Any]], codes: Sequence[Code]) -> Below:
    today = timezone.localdate()
    told = {row["report__period__code"] for row in judged}
    plan_years = {place.plan_year for place in asked}
    shown = [
        code
        for code in codes
        if code.code in told or (code.plan_years & plan_years and code.opens_on <= today)
    ]
    groups = []
    for relation in (SERVES, CONTRIBUTES):
        for level in (BOARD, UNIT):
            mine = [each for each in asked if (each.relation, each.level) == (relation, level)]
            counts = {
                (row["report__period__code"], row["submitted_judgement"]): row["number"]
                for row in judged
                if (row["relation"], row["goal__level"]) == (relation, level)
            }
            tallies = [_tally(code, mine, counts) for code in shown]
            if mine:
                groups.append(Group(level, relation, [each for each in tallies if each.total]))
    return Below(shown, groups, asked)


def _tally(code: Code, asked: list[Place], counts: dict[tuple[str, str], int]) -> Tally:
    full, partial, missed = (
        counts.get((code.code, judgement), 0)
        for judgement in (Judgement.FULL, Judgement.PARTIAL, Judgement.NOT)
    )
    expected = sum(each.number for each in asked if each.plan_year in code.plan_years)
    return Tally(code, full, partial, missed, max(expected - full - partial - missed, 0))


def own_assessments(goal: Goal, year: int) -> list[Assessment]:
    """What the goal's own unit, or the one that it was merged into, has said of it in each period,
    the latest first."""
    judged = once_each(handed_in(year).filter(goal=goal))
    return list(
        judged.select_related("report__unit", "report__period").order_by(
            "-report__period__ends_on", "-pk"
        )
    )


# --- The goals directly below --------------------------------------------------------------------


def directly_below(goal: Goal, year: int, *, contributing: bool = False) -> GoalQuerySet:
    """The boards' goals under one of the council's, the units' under a board's, or those that
    contribute."""
    if contributing:
        return goals_contributing(goal, year)
    return goals_below(goal, year).at_level(BOARD if goal.is_councils else UNIT)


def with_judgement(
    goals: GoalQuerySet, year: int, up_to: UpTo | None, *, only: str | None = None
) -> QuerySet[Any]:
    """Each with `judgement`, its latest of the time or nothing, and the name of its period; with
    `only`, those that are judged so."""
    latest = (
        handed_in(year, up_to.names if up_to else [])
        .filter(goal=OuterRef("pk"))
        .order_by("-report__period__ends_on", "-submitted_at", "-pk")
    )
    judged = (
        goals.select_related("unit", "parent")
        .in_order_of_units()
        .annotate(
            judgement=Coalesce(Subquery(latest.values("submitted_judgement")[:1]), Value("")),
            judged_in=Subquery(latest.values("report__period__name")[:1]),
        )
    )
    return judged if only is None else judged.filter(judgement=only)


def boards_of(places: Iterable[Place]) -> list[tuple[int, str]]:
    """The boards that goals lie in, with their names, in Swedish order."""
    boards = {each.board_pk: each.board_name or "" for each in places if each.board_pk}
    return sorted(boards.items(), key=lambda board: swedish_sort_key(board[1]))
