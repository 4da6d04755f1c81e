"""Which units stand out under a goal, in both directions, and its indicators rolled up.

Layer: reports. All of it is made of what has been handed in, never of what is being written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import models
from django.db.models import (
    Avg,
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
    Window,
)
from django.db.models.functions import Abs, Cast, Coalesce, NullIf, Round, RowNumber

from goals.measuring import MONTHS, shown
from goals.models import Assessment, Gender, Goal, GoalQuerySet, Indicator, Judgement, Target
from goals.pictures import Curve, Point, curve
from goals.reports.following import UpTo, handed_in, once_each
from goals.reports.rollups import RolledUp, roll_ups
from units.models import Unit
from units.sorting import swedish_order

MOST_STANDING_OUT = 5  # in each direction
MOST_OF_A_UNIT = 10  # indicators that a single unit may have among the furthest
MOST_REASONS = 60
MOST_CURVES = 6
_RANK = {Judgement.FULL: 2, Judgement.PARTIAL: 1, Judgement.NOT: 0}


@dataclass(frozen=True)
class Change:
    """A unit whose judgement of its goals has changed since the period before, by `steps`."""

    unit: Unit
    steps: int
    assessments: Sequence[Assessment] = ()  # with `before`


@dataclass(frozen=True)
class Changes:
    """`rose` and `fell` are how many units did; only those that did most are listed."""

    up: list[Change] = field(default_factory=list)
    down: list[Change] = field(default_factory=list)
    rose: int = 0
    fell: int = 0
    compared: int = 0


@dataclass(frozen=True)
class Distance:
    """How far a unit's year so far lies from what it was to be by now, relative to that: above 0
    is better."""

    target: Target
    value: Decimal
    aim: Decimal
    relative: float
    assessment: Assessment | None = None

    @property
    def per_cent(self) -> int:
        return round(abs(self.relative) * 100)

    @property
    def value_text(self) -> str:
        return self._shown(self.value)

    @property
    def aim_text(self) -> str:
        return self._shown(self.aim)

    def _shown(self, number: Decimal) -> str:
        indicator = self.target.indicator
        return shown(number, indicator.decimals, indicator.unit_of_measure)


# --- By judgements and by indicators -------------------------------------------------------------


def changes(goals: GoalQuerySet, up_to: UpTo) -> Changes:
    """The units whose judgements have risen and fallen most since the period before: by the sum of
    the steps (not, partly, fully) over their goals that were judged in both. Their assessments are
    added by `with_reasons`."""
    steps = (
        _with_before(goals, up_to)
        .order_by()
        .values("goal__unit")
        .annotate(steps=Sum(_rank("submitted_judgement") - _rank("before")))
        .order_by(swedish_order("goal__unit__name"), "goal__unit")
        .values_list("goal__unit", "steps")
    )
    found = list(steps)
    rose = sorted((row for row in found if row[1] > 0), key=lambda row: -row[1])
    fell = sorted((row for row in found if row[1] < 0), key=lambda row: row[1])
    return Changes(
        up=[Change(Unit(pk=pk), step) for pk, step in rose[:MOST_STANDING_OUT]],
        down=[Change(Unit(pk=pk), step) for pk, step in fell[:MOST_STANDING_OUT]],
        rose=len(rose),
        fell=len(fell),
        compared=len(found),
    )


def distances(goals: GoalQuerySet, up_to: UpTo) -> tuple[list[Distance], list[Distance]]:
    """The units furthest from what an indicator of theirs was to be by now: those on the better
    side, and those on the worse, each with the indicator that is furthest off.

    (year so far - aim) / |aim|, turned round where lower is better. The aim is the unit's own
    annual target; of what grows over the year, the share of it that is due by the period's end. Of
    an aim of 0 the distance is a part of the baseline instead, and without one it is left out.
    Only units that have reported a value in the period count.
    """
    looked_at = MOST_STANDING_OUT * MOST_OF_A_UNIT
    best, worst = F("relative").desc(), F("relative").asc()
    rows = list(
        _off_target(goals, up_to)
        .filter(relative__isnull=False)
        .annotate(
            from_best=Window(RowNumber(), order_by=[best, F("pk").asc()]),
            from_worst=Window(RowNumber(), order_by=[worst, F("pk").asc()]),
        )
        .filter(Q(from_best__lte=looked_at) | Q(from_worst__lte=looked_at))
        .select_related("indicator", "unit")
        .order_by(best, "pk")
    )
    better = [row for row in rows if row.relative > 0]
    worse = [row for row in reversed(rows) if row.relative < 0]
    return _one_of_each_unit(better), _one_of_each_unit(worse)


def _one_of_each_unit(rows: list[Any]) -> list[Distance]:
    first: dict[int, Any] = {}
    for row in rows:
        first.setdefault(row.unit_id, row)
    listed = list(first.values())[:MOST_STANDING_OUT]
    return [Distance(row, row.so_far, row.aim, row.relative) for row in listed]


def with_reasons(
    goals: GoalQuerySet,
    up_to: UpTo,
    moved: Changes,
    off: Sequence[Distance],
) -> tuple[Changes, list[Distance]]:
    """The same with the assessments of the goals in question, in one query."""
    units = [change.unit.pk for change in (*moved.up, *moved.down)]
    wanted = Q(goal__in=[each.target.goal_id for each in off])
    stepped = _rank("submitted_judgement") - _rank("before")
    judged = (
        _with_before(goals, up_to, compared=False)
        .annotate(steps=stepped)
        .filter(wanted | (Q(goal__unit__in=units) & ~Q(steps=0)))
        .select_related("goal__unit", "report__unit", "report__period")
        .order_by("goal__unit", "-steps", "goal")
    )
    by_goal = {each.goal_id: each for each in judged[:MOST_REASONS]}

    def filled(listed: list[Change], sign: int) -> list[Change]:
        result = []
        for change in listed:
            own = [
                each
                for each in by_goal.values()
                if each.goal.unit_id == change.unit.pk and (each.steps or 0) * sign > 0
            ]
            if own:
                result.append(Change(own[0].goal.unit, change.steps, own))
        return result

    moved = Changes(
        filled(moved.up, 1), filled(moved.down, -1), moved.rose, moved.fell, moved.compared
    )
    return moved, [
        Distance(each.target, each.value, each.aim, each.relative, by_goal.get(each.target.goal_id))
        for each in off
    ]


def _with_before(
    goals: GoalQuerySet, up_to: UpTo, *, compared: bool = True
) -> QuerySet[Assessment]:
    """The assessments of the period, each with the judgement `before` it in the year."""
    before = (
        handed_in(up_to.year, up_to.earlier)
        .filter(goal=OuterRef("goal"))
        .order_by("-report__period__ends_on", "-submitted_at", "-pk")
    )
    now = once_each(
        handed_in(up_to.year, [up_to.period.code]).filter(goal__in=goals.order_by().values("pk"))
    )
    now = now.annotate(before=Subquery(before.values("submitted_judgement")[:1]))
    return now.filter(before__isnull=False) if compared else now


def _rank(name: str) -> Case:
    return Case(
        *(When(**{name: judgement}, then=Value(rank)) for judgement, rank in _RANK.items()),
        output_field=models.IntegerField(),
    )


def _off_target(goals: GoalQuerySet, up_to: UpTo) -> QuerySet[Any]:
    """Targets with `so_far`, `aim` and `relative`."""
    number: models.DecimalField[Any, Any] = models.DecimalField(max_digits=38, decimal_places=4)
    grows = Q(indicator__is_cumulative=True) | Q(indicator__over_periods="SUM")
    due = F("annual_target")
    by_now = Round(due * Value(up_to.period.ends_on.month) / Value(MONTHS), 4)
    sign = Case(When(indicator__direction=Indicator.Direction.LOWER, then=-1.0), default=1.0)
    # One join and one grouping: asked for each of thousands of targets, it takes seconds.
    return (
        Target.objects.for_year(up_to.year)
        .filter(
            goal__in=goals.order_by().values("pk"),
            annual_target__isnull=False,
            indicator__values__unit=F("unit"),
            indicator__values__gender=Gender.TOTAL,
            indicator__values__submitted_at__isnull=False,
            indicator__values__submitted_value__isnull=False,
            indicator__values__period__plan_year__year=up_to.year,
            indicator__values__period__code__in=up_to.names,
        )
        .annotate(
            now=Count(
                "indicator__values", filter=Q(indicator__values__period__code=up_to.period.code)
            ),
            latest_first=ArrayAgg(
                "indicator__values__submitted_value",
                order_by=("-indicator__values__period__ends_on",),
            ),
        )
        .filter(now__gt=0)
        .annotate(so_far=_so_far(number))
        .annotate(aim=Case(When(grows, then=by_now), default=due, output_field=number))
        .annotate(
            scale=NullIf(
                Coalesce(
                    NullIf(Abs("aim"), Value(Decimal(0)), output_field=number),
                    Abs("indicator__baseline"),
                    output_field=number,
                ),
                Value(Decimal(0)),
                output_field=number,
            )
        )
        .annotate(
            relative=Cast(F("so_far") - F("aim"), models.FloatField())
            / Cast("scale", models.FloatField())
            * sign
        )
    )


def _so_far(number: "models.DecimalField[Any, Any]") -> Case:
    """As `measuring.over_periods`, for many units at once."""
    formulas = Indicator.OverPeriods
    value = "indicator__values__submitted_value"
    weighted = (
        Sum("indicator__values__submitted_numerator")
        * F("indicator__factor")
        / NullIf(Sum("indicator__values__submitted_denominator"), Value(Decimal(0)))
    )
    return Case(
        When(indicator__over_periods=formulas.SUM, then=Sum(value)),
        When(indicator__over_periods=formulas.MEAN, then=Avg(value)),
        When(indicator__over_periods=formulas.WEIGHTED, then=weighted),
        default=F("latest_first__0"),
        output_field=number,
    )


# --- Indicators rolled up ------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """An indicator over the units that measure themselves by it on the line of a goal."""

    indicator: Indicator
    periods: list[RolledUp]
    curve: Curve

    @property
    def latest(self) -> RolledUp | None:
        return next((each for each in reversed(self.periods) if each.reported), None)


@dataclass(frozen=True)
class Measures:
    """The goal's own indicators first, then those that most units share; `left_out` are shared too,
    and not shown."""

    shown: list[Measured]
    left_out: int = 0


def measures(goal: Goal, goals: GoalQuerySet, up_to: UpTo) -> Measures:
    """`goals` are those that serve it. The annual target is that of the goal's own unit."""
    year = up_to.year
    on_line = Q(goal=goal.pk) | Q(goal__in=goals.order_by().values("pk"))
    targets = Target.objects.for_year(year).filter(on_line)
    own = Target.objects.for_year(year).filter(
        indicator=OuterRef("pk"), unit=goal.unit_id, goal__status=Goal.Status.ADOPTED
    )
    among: QuerySet[Any] = targets.filter(indicator=OuterRef("pk"))
    number: QuerySet[Any, Any] = among.order_by().values("indicator").annotate(number=Count("pk"))
    indicators = (
        Indicator.objects.filter(pk__in=targets.values("indicator"))
        .annotate(
            number=Subquery(number.values("number")),
            is_own=Exists(own.filter(goal=goal.pk)),
            aim=Subquery(own.values("annual_target")[:1]),
            among=Window(Count("pk")),
        )
        .filter(Q(is_own=True) | Q(number__gt=1))
        .order_by("-is_own", "-number", "pk")
    )
    chosen = list(indicators[:MOST_CURVES])
    if not chosen:
        return Measures([])
    keys = [indicator.pk for indicator in chosen]
    units = Unit.objects.filter(pk__in=targets.filter(indicator__in=keys).values("unit"))
    rolled = {
        pk: [each for each in periods if each.code in up_to.names]
        for pk, periods in roll_ups(chosen, year, units=units).items()
    }
    return Measures(
        [_measured(indicator, rolled[indicator.pk]) for indicator in chosen],
        chosen[0].among - len(chosen),  # type: ignore[attr-defined]
    )


def _measured(indicator: Indicator, periods: list[RolledUp]) -> Measured:
    return Measured(
        indicator,
        periods,
        curve(
            [Point(each.code, each.outcome.value) for each in periods],
            target=indicator.aim,  # type: ignore[attr-defined]
            decimals=indicator.decimals,
            unit_of_measure=indicator.unit_of_measure,
            lower_is_better=indicator.lower_is_better,
            baseline=indicator.baseline,
        ),
    )
