"""A unit's indicators beside those above and beside similar units, from what has been handed in.
Layer: reports."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery

from goals.measuring import Outcome, Result, judged, over_periods, reason_of, share_of_year, shown
from goals.models import Gender, Goal, Indicator, Judgement, Target, Value
from units.models import Unit, UnitLine
from units.periods import active_on
from units.sorting import swedish_order


@dataclass(frozen=True)
class TargetLine:
    """A unit's indicator in a year: what it aims at, what those above aim at, and how it goes."""

    target: Target
    so_far: Outcome
    up_to: str  # the name of the latest period measured, or else handed in; empty for none
    judgement: Judgement | None
    reason: str

    @property
    def annual_target(self) -> str:
        return self._shown(self.target.annual_target)

    @property
    def unit_above(self) -> str:
        """The nearest unit above that measures itself so too; empty when none does."""
        return getattr(self.target, "unit_above", None) or ""

    @property
    def target_above(self) -> str:
        return self._shown(getattr(self.target, "annual_target_above", None))

    @property
    def value(self) -> str:
        return self._shown(self.so_far.value)

    @property
    def status(self) -> str:
        """As the pill calls it."""
        kinds = {Judgement.FULL: "full", Judgement.PARTIAL: "part", Judgement.NOT: "not"}
        return kinds[self.judgement] if self.judgement else "none"

    def _shown(self, value: Decimal | None) -> str:
        indicator = self.target.indicator
        return shown(value, indicator.decimals, indicator.unit_of_measure)


@dataclass(frozen=True)
class Comparison:
    """Units' values of one period, the best first."""

    values: "QuerySet[Value]"
    count: int
    low: Decimal | None
    high: Decimal | None
    median: Decimal | None
    own: Value | None
    place: int | None  # of one's own; those who share a value share the place


def with_above(targets: "QuerySet[Target]", day: date | None = None) -> "QuerySet[Target]":
    """With what the nearest unit above aims at by the same indicator and year, for `lines_of`. What
    is still a draft above is not told below."""
    higher = Target.objects.filter(
        active_on(day, "unit__lines_down__"),
        goal__status=Goal.Status.ADOPTED,
        indicator=OuterRef("indicator"),
        year=OuterRef("year"),
        unit__lines_down__descendant=OuterRef("unit"),
        unit__lines_down__depth__gt=0,
    ).order_by("unit__lines_down__depth", "pk")
    return targets.annotate(
        annual_target_above=Subquery(higher.values("annual_target")[:1]),
        unit_above=Subquery(higher.values("unit__name")[:1]),
    )


def lines_of(targets: Iterable[Target]) -> list[TargetLine]:
    """`targets` come with their indicators and `with_above`. One query, however many they are."""
    targets = list(targets)
    told: defaultdict[tuple[int, int, int], list[Value]] = defaultdict(list)
    values = (
        Value.objects.submitted()
        .filter(
            indicator__in={target.indicator_id for target in targets},
            unit__in={target.unit_id for target in targets},
            period__plan_year__year__in={target.year for target in targets},
            gender=Gender.TOTAL,
        )
        .select_related("period__plan_year")
        .order_by("period__ends_on", "pk")
    )
    for value in values:
        told[value.indicator_id, value.unit_id, value.period.plan_year.year].append(value)
    return [
        _line(target, told[target.indicator_id, target.unit_id, target.year]) for target in targets
    ]


def targets_above(targets: Iterable[Target], day: date | None = None) -> dict[int, list[Target]]:
    """By target: what the units above aim at by the same indicator and year, the nearest
    first; one query."""
    targets = list(targets)
    lines = UnitLine.objects.active_on(day).filter(
        descendant__in={target.unit_id for target in targets}, depth__gt=0
    )
    higher = (
        Target.objects.filter(
            goal__status=Goal.Status.ADOPTED,
            indicator__in={target.indicator_id for target in targets},
            year__in={target.year for target in targets},
            unit__lines_down__in=lines,
        )
        .annotate(seen_from=F("unit__lines_down__descendant"))
        .select_related("unit", "indicator")
        .order_by("unit__lines_down__depth", "pk")
    )
    above: defaultdict[tuple[int, int, int], list[Target]] = defaultdict(list)
    for one in higher:
        seen_from: int = one.seen_from  # type: ignore[attr-defined]  # annotated above
        above[seen_from, one.indicator_id, one.year].append(one)
    return {
        target.pk: above[target.unit_id, target.indicator_id, target.year] for target in targets
    }


def _line(target: Target, told: list[Value]) -> TargetLine:
    indicator = target.indicator
    so_far = over_periods(
        (
            Outcome(each.submitted_value, each.submitted_numerator, each.submitted_denominator)
            for each in told
        ),
        indicator.over_periods,
        indicator.factor,
    )
    # What grows is not behind for a period in which it was not measured.
    measured = [each for each in told if each.submitted_value is not None]
    latest = (measured or told)[-1].period if told else None
    result = Result(
        title=indicator.title,
        unit_of_measure=indicator.unit_of_measure,
        decimals=indicator.decimals,
        lower_is_better=indicator.lower_is_better,
        annual_target=target.annual_target,
        baseline=indicator.baseline,
        margin=indicator.on_track_margin,
        value=so_far.value,
        forecast=None,
        share=share_of_year(indicator, latest.ends_on) if latest else Decimal(1),
        is_so_far=len(measured) > 1 and indicator.over_periods != Indicator.OverPeriods.LATEST,
    )
    return TargetLine(
        target=target,
        so_far=so_far,
        up_to=latest.name if latest else "",
        judgement=judged(result),
        reason=reason_of(result),
    )


# --- Taking up -----------------------------------------------------------------------------------


def indicators_to_take_up(
    goal: Goal, year: int, *, text: str = "", day: date | None = None
) -> "QuerySet[Indicator]":
    """What the goal's unit could measure it by and does not yet: first what measures the goals that
    it serves, then the rest of the unit's line."""
    line = [goal.parent_id, goal.parent.parent_id if goal.parent else None]
    if goal.parent and goal.parent.parent:
        line.append(goal.parent.parent.parent_id)
    served = Q(goal__in=[pk for pk in line if pk]) | Q(goal__supporters__goal=goal.pk)
    targets = Target.objects.filter(indicator=OuterRef("pk"), year=year)
    words = [Q(title__icontains=word) | Q(method__icontains=word) for word in text.split()]
    return (
        Indicator.objects.usable_by(goal.unit, year, day)
        .filter(*words)
        .exclude(Exists(targets.filter(unit=goal.unit)))
        .annotate(
            serves=Exists(targets.filter(served, goal__status=Goal.Status.ADOPTED)),
        )
        .select_related("unit")
        .order_by("-serves", swedish_order("title"), "pk")
    )


# --- Comparing -----------------------------------------------------------------------------------


def periods_told(
    indicator: Indicator, year: int, unit: Unit | None = None
) -> list[tuple[str, str]]:
    """Short name and name of the year's periods that the unit, or anyone, has handed in a value
    for; the latest first."""
    values = Value.objects.submitted().filter(
        indicator=indicator,
        period__plan_year__year=year,
        gender=Gender.TOTAL,
        submitted_value__isnull=False,
    )
    if unit is not None:
        values = values.filter(unit=unit)
    codes = (
        values.order_by()
        .values("period__code")
        .annotate(last=Max("period__ends_on"), name=Min("period__name"))
        .order_by("-last", "period__code")
    )
    return list(codes.values_list("period__code", "name"))


def compare(
    indicator: Indicator, year: int, code: str, *, unit: Unit | None, alike: bool
) -> Comparison:
    """Those that have handed in a value for the period; `alike` only those that do the same work at
    the same level as `unit`."""
    values = Value.objects.submitted().filter(
        indicator=indicator,
        period__plan_year__year=year,
        period__code=code,
        gender=Gender.TOTAL,
        submitted_value__isnull=False,
    )
    if unit is not None and alike:
        values = values.filter(unit__operation=unit.operation, unit__kind=unit.kind)
    best_first = "submitted_value" if indicator.lower_is_better else "-submitted_value"
    values = values.select_related("unit").order_by(best_first, swedish_order("unit__name"), "pk")
    span = values.order_by().aggregate(low=Min("submitted_value"), high=Max("submitted_value"))
    count = values.count()
    own = values.filter(unit=unit).first() if unit is not None else None
    place = None
    if own is not None:
        side = "lt" if indicator.lower_is_better else "gt"
        better = values.filter(**{f"submitted_value__{side}": own.submitted_value})
        place = better.count() + 1
    return Comparison(values, count, span["low"], span["high"], _median(values, count), own, place)


def _median(values: "QuerySet[Value]", count: int) -> Decimal | None:
    """The one in the middle, or half-way between the two."""
    middle = list(
        values.values_list("submitted_value", flat=True)[(count - 1) // 2 : count // 2 + 1]
        if count
        else []
    )
    measured = [value for value in middle if value is not None]
    return sum(measured, Decimal(0)) / len(measured) if measured else None
