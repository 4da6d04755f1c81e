"""The year so far of indicators over many units, from what has been handed in. Layer: reports.

Two formulas, one after the other, both in `goals.measuring`: first each unit over its periods up to
a certain one, then all units together. Periods of different boards are the same when their short
names and years are.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from goals.measuring import Outcome, grows, over_periods, quotient
from goals.models import Gender, Goal, Indicator, Period, Target, Value
from units.models import Unit, UnitLine, UnitPlacement

_AT_A_TIME = 2000  # rows held in memory


@dataclass(frozen=True)
class RolledUp:
    """The year up to a period. `reported` of the `expected` units have handed the period in."""

    code: str
    name: str
    ends_on: date
    outcome: Outcome
    reported: int
    expected: int


@dataclass(frozen=True)
class _Time:
    """A period of the year, the same in all boards. `last_day` decides who belongs to it."""

    code: str
    name: str
    ends_on: date
    last_day: date
    periods: tuple[Period, ...]


@dataclass
class _Together:
    """Units' outcomes added one by one; `outcome` is what `measuring.over_units` makes of them."""

    total: Decimal = Decimal(0)
    count: int = 0
    numerator: Decimal = Decimal(0)
    denominator: Decimal = Decimal(0)
    reported: int = 0

    def add(self, outcome: Outcome) -> None:
        if outcome.value is None:
            return
        self.total += outcome.value
        self.count += 1
        if outcome.numerator is not None and outcome.denominator:
            self.numerator += outcome.numerator
            self.denominator += outcome.denominator

    def outcome(self, indicator: Indicator) -> Outcome:
        parts = (self.numerator, self.denominator) if self.denominator else (None, None)
        if indicator.over_units == Indicator.OverUnits.WEIGHTED:
            if not self.denominator:
                return Outcome(None)
            share = quotient(self.numerator, self.denominator, indicator.factor)
            return Outcome(share, *parts)
        if not self.count:
            return Outcome(None)
        if indicator.over_units == Indicator.OverUnits.MEAN:
            return Outcome(quotient(self.total, Decimal(self.count), Decimal(1)), *parts)
        return Outcome(self.total, *parts)


def roll_up(
    indicator: Indicator,
    year: int,
    *,
    units: "QuerySet[Unit] | None" = None,
    gender: str = Gender.TOTAL,
    day: date | None = None,
) -> list[RolledUp]:
    """One for each period that asks for the indicator and has opened, in the order of time. `units`
    narrows it, as `lay_below` does; all units otherwise."""
    return roll_ups([indicator], year, units=units, gender=gender, day=day)[indicator.pk]


def roll_ups(
    indicators: Iterable[Indicator],
    year: int,
    *,
    units: "QuerySet[Unit] | None" = None,
    gender: str = Gender.TOTAL,
    day: date | None = None,
) -> dict[int, list[RolledUp]]:
    """By the indicators' keys; as many queries for one as for all.

    Counted are the units at the bottom: a unit with others below it that measure themselves by the
    same indicator has their values in its own. Expected at a period are those with a target for
    the year that lay under a plan year with the period on its last day, or do today. A unit that
    has gone by then still counts in what grows, where it stays a part of the year's sum, but not
    in what is a state.
    """
    day = day or timezone.localdate()
    wanted = {indicator.pk: indicator for indicator in indicators}
    times = _times(year, day)
    there = _there(wanted, year, units, times, min(day, date(year, 12, 31)))
    expected: defaultdict[tuple[int, str], int] = defaultdict(int)
    for (pk, _unit), (_codes, asked) in there.items():
        for code in asked:
            expected[pk, code] += 1
    sums = _sums(wanted, times, _rows(wanted, units, times, gender), there)
    return {
        pk: [
            RolledUp(
                time.code,
                time.name,
                time.ends_on,
                sums[pk, time.code].outcome(indicator),
                sums[pk, time.code].reported,
                expected[pk, time.code],
            )
            for time in times
            if _is_asked(indicator, time)
        ]
        for pk, indicator in wanted.items()
    }


def lay_below(unit: Unit, year: int, day: date | None = None) -> "QuerySet[Unit]":
    """The unit and all that lay below it some day of the year so far, those merged since too."""
    until = min(day or timezone.localdate(), date(year, 12, 31))
    lines = UnitLine.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=date(year, 1, 1)),
        ancestor=unit,
        starts_on__lte=max(until, date(year, 1, 1)),
    )
    return Unit.objects.filter(Exists(lines.filter(descendant=OuterRef("pk"))))


def _times(year: int, day: date) -> list[_Time]:
    periods = (
        Period.objects.filter(plan_year__year=year).asking_for_values().open_on(day).in_order()
    )
    by_code: dict[str, list[Period]] = {}
    for period in periods:
        by_code.setdefault(period.code, []).append(period)
    times = []
    for code, same in by_code.items():
        ends_on = max(period.ends_on for period in same)
        times.append(_Time(code, same[0].name, ends_on, min(ends_on, day), tuple(same)))
    return sorted(times, key=lambda time: (time.ends_on, time.code))


def _is_asked(indicator: Indicator, time: _Time) -> bool:
    return any(indicator.is_asked_in(period) for period in time.periods)


# By indicator and unit: the short names of the periods on whose last day the unit was there, and
# of those that its board asks for then. A board may have periods of its own.
_There = dict[tuple[int, int], tuple[frozenset[str], frozenset[str]]]


def _there(
    indicators: Iterable[int],
    year: int,
    units: "QuerySet[Unit] | None",
    times: list[_Time],
    day: date,
) -> _There:
    """Of adopted goals alone: what a draft aims at is nobody else's yet."""
    targets = Target.objects.filter(
        goal__status=Goal.Status.ADOPTED, year=year, indicator__in=list(indicators)
    )
    lines = UnitLine.objects.active_on(day).filter(depth__gt=0, descendant__targets__in=targets)
    above = set(lines.values_list("descendant__targets__indicator", "ancestor").distinct())
    if units is not None:
        targets = targets.filter(unit__in=units.order_by().values("pk"))
    flags = {
        f"there_{number}": Exists(
            UnitPlacement.objects.active_on(time.last_day).filter(unit=OuterRef("unit"))
        )
        for number, time in enumerate(times)
    }
    flags |= {f"asked_{number}": Exists(_asked(time)) for number, time in enumerate(times)}
    rows = targets.annotate(**flags).order_by().values_list("indicator", "unit", *flags)

    def codes(are_so: list[bool]) -> frozenset[str]:
        return frozenset(time.code for time, is_so in zip(times, are_so, strict=True) if is_so)

    return {
        (indicator, unit): (codes(told[: len(times)]), codes(told[len(times) :]))
        for indicator, unit, *told in rows.iterator(chunk_size=_AT_A_TIME)
        if (indicator, unit) not in above
    }


def _asked(time: _Time) -> "QuerySet[UnitLine]":
    """From a plan year that has the period to the unit of the target."""
    return (
        UnitLine.objects.active_on(time.last_day)
        .within_border()
        .filter(
            descendant=OuterRef("unit"),
            ancestor__plan_years__in=[period.plan_year_id for period in time.periods],
        )
    )


_Row = tuple[int, int, str, Decimal | None, Decimal | None, Decimal | None]


def _rows(
    indicators: Iterable[int],
    units: "QuerySet[Unit] | None",
    times: list[_Time],
    gender: str,
) -> Iterator[_Row]:
    """What was handed in: indicator, unit, short name of the period, value and its parts."""
    values = Value.objects.submitted().filter(
        indicator__in=list(indicators),
        period__in=[period.pk for time in times for period in time.periods],
        gender=gender,
    )
    if units is not None:
        values = values.filter(unit__in=units.order_by().values("pk"))
    return (
        values.order_by("indicator", "unit", "period__ends_on", "pk")
        .values_list(
            "indicator",
            "unit",
            "period__code",
            "submitted_value",
            "submitted_numerator",
            "submitted_denominator",
        )
        .iterator(chunk_size=_AT_A_TIME)
    )


def _sums(
    indicators: dict[int, Indicator], times: list[_Time], rows: Iterator[_Row], there: _There
) -> defaultdict[tuple[int, str], _Together]:
    sums: defaultdict[tuple[int, str], _Together] = defaultdict(_Together)
    place_of = {time.code: place for place, time in enumerate(times)}
    for (pk, unit), told in groupby(rows, key=itemgetter(0, 1)):
        if (pk, unit) not in there:
            continue
        indicator = indicators[pk]
        stays = grows(indicator) and indicator.over_units != Indicator.OverUnits.MEAN
        handed_in = sorted(told, key=lambda row: place_of[row[2]])
        codes = {row[2] for row in handed_in}
        for place, time in enumerate(times):
            is_there = time.code in there[pk, unit][0]
            together = sums[pk, time.code]
            if time.code in there[pk, unit][1] and time.code in codes:
                together.reported += 1
            if is_there or stays:
                up_to_now = (Outcome(*row[3:]) for row in handed_in if place_of[row[2]] <= place)
                together.add(over_periods(up_to_now, indicator.over_periods, indicator.factor))
    return sums
