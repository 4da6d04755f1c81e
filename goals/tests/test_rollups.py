"""The year so far over many units: each formula as `goals.measuring` has it, and cheap."""

import random
import tracemalloc
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from goals.measuring import Outcome, over_periods, over_units
from goals.models import Goal, Indicator, Period, PlanYear, Target, Value
from goals.reports.rollups import RolledUp, lay_below, roll_up, roll_ups
from stockholm_quality.tests.world import LONG_AGO
from units.models import Unit, UnitPlacement

YEAR_END = (12, 31)


def add_year(unit: Unit, year: int, **dates: Any) -> dict[str, Period]:
    """T1, T2 and VB of the unit's plan year, all open by the end of the year."""
    plan_year = PlanYear.objects.create(unit=unit, year=year)
    ends = {"T1": (4, 30), "T2": (8, 31), "VB": YEAR_END}
    return {
        code: Period.objects.create(
            plan_year=plan_year,
            code=code,
            name=code,
            kind=Period.Kind.ANNUAL if code == "VB" else Period.Kind.INTERIM,
            starts_on=date(year, 1, 1),
            ends_on=date(year, *ends[code]),
            opens_on=date(year, 1, 2),
            due_on=date(year, *YEAR_END) + timedelta(days=20),
            **dates,
        )
        for code in ends
    }


def add_indicator(unit: Unit, **fields: Any) -> Indicator:
    return Indicator.objects.create(unit=unit, title="Barn med språkplan", **fields)


def measure(
    indicator: Indicator, goal: Goal, unit: Unit | None = None, year: int = 0, **fields: Any
) -> Target:
    """In last year unless said otherwise: all of its periods have ended."""
    return Target.objects.create(
        indicator=indicator,
        unit=unit or goal.unit,
        goal=goal,
        year=year or goal.first_year - 1,
        **fields,
    )


def tell(indicator: Indicator, unit: Unit, period: Period, value: Any, **fields: Any) -> Value:
    """Hand a value in; None says that it was not measured."""
    return Value.objects.create(
        indicator=indicator,
        unit=unit,
        period=period,
        submitted_value=None if value is None else Decimal(str(value)),
        submitted_is_not_measured=value is None,
        submitted_at=timezone.now(),
        **fields,
    )


def end_unit(unit: Unit, last_day: date) -> None:
    UnitPlacement.objects.filter(unit=unit).update(ends_on=last_day)


def add_units(parent: Unit, number: int) -> list[Unit]:
    units = Unit.objects.bulk_create(
        Unit(code=f"E{parent.pk}-{each}", kind=Unit.Kind.UNIT, operation=parent.operation)
        for each in range(number)
    )
    UnitPlacement.objects.bulk_create(
        UnitPlacement(unit=unit, parent=parent, name=unit.code, starts_on=LONG_AGO)
        for unit in units
    )
    return units


def values(rolled: list[RolledUp]) -> dict[str, Decimal | None]:
    return {each.code: each.outcome.value for each in rolled}


def counted(rolled: list[RolledUp]) -> dict[str, tuple[int, int]]:
    return {each.code: (each.reported, each.expected) for each in rolled}


@pytest.fixture
def year(world) -> int:
    return int(world.year) - 1


@pytest.mark.parametrize("over_periods_by", Indicator.OverPeriods.values)
@pytest.mark.parametrize("over_units_by", Indicator.OverUnits.values)
def test_it_agrees_with_the_formulas(world, year, over_periods_by, over_units_by):
    periods = add_year(world.board, year)
    indicator = add_indicator(
        world.board, has_parts=True, over_periods=over_periods_by, over_units=over_units_by
    )
    figures = random.Random(f"{over_periods_by} {over_units_by}")
    told: dict[int, list[Outcome]] = {}
    for unit in add_units(world.department, 12):
        measure(indicator, world.unit_goal, unit)
        for period in periods.values():
            outcome = Outcome(None)
            if figures.random() < 0.8:
                parts = (Decimal(figures.randrange(40)), Decimal(figures.randrange(1, 60)))
                value = (parts[0] / parts[1] * 100).quantize(Decimal("0.0001"))
                outcome = Outcome(value, *parts) if figures.random() < 0.9 else Outcome(value)
            tell(
                indicator,
                unit,
                period,
                outcome.value,
                submitted_numerator=outcome.numerator,
                submitted_denominator=outcome.denominator,
            )
            told.setdefault(unit.pk, []).append(outcome)

    rolled = roll_up(indicator, year)

    factor = indicator.factor
    by_hand = [
        over_units(
            [over_periods(each[:number], over_periods_by, factor) for each in told.values()],
            over_units_by,
            factor,
        )
        for number in (1, 2, 3)
    ]
    assert [each.outcome for each in rolled] == by_hand
    assert counted(rolled) == {"T1": (12, 12), "T2": (12, 12), "VB": (12, 12)}


def test_units_that_have_not_reported_are_counted_and_never_taken_for_zero(world, year):
    periods = add_year(world.board, year)
    indicator = add_indicator(world.board)
    for unit in (world.unit, world.next_unit, world.small_unit):
        measure(indicator, world.unit_goal, unit)
    tell(indicator, world.unit, periods["T1"], 80)
    tell(indicator, world.next_unit, periods["T1"], None)
    Value.objects.create(
        indicator=indicator, unit=world.small_unit, period=periods["T1"], value=Decimal(1)
    )

    rolled = roll_up(indicator, year)

    assert values(rolled)["T1"] == 80
    assert counted(rolled) == {"T1": (2, 3), "T2": (0, 3), "VB": (0, 3)}


def test_what_is_being_written_is_in_no_sum(world, year):
    periods = add_year(world.board, year)
    indicator = add_indicator(world.board)
    measure(indicator, world.unit_goal)
    told = tell(indicator, world.unit, periods["T1"], 80)
    told.value, told.revision = Decimal(99), 2
    told.save()

    assert values(roll_up(indicator, year))["T1"] == 80


def test_periods_of_different_boards_meet_by_their_short_names(world, year):
    own, other = add_year(world.board, year), add_year(world.other_board, year)
    Period.objects.filter(pk=other["T1"].pk).update(ends_on=date(year, 5, 5), revision=2)
    indicator = add_indicator(world.city, over_units="SUM")
    measure(indicator, world.unit_goal)
    measure(indicator, world.other_unit_goal)
    tell(indicator, world.unit, own["T1"], 3)
    tell(indicator, world.other_unit, other["T1"], 4)

    rolled = roll_up(indicator, year)
    assert [each.code for each in rolled] == ["T1", "T2", "VB"]
    assert rolled[0].outcome.value == 7
    assert rolled[0].ends_on == date(year, 5, 5)
    below = roll_up(indicator, year, units=lay_below(world.board, year))
    assert below[0].outcome.value == 3
    assert counted(below)["T1"] == (1, 1)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        # What grows keeps what the merged unit did: 10 by T1, 10 + 5 + 7 by T2.
        ({"over_periods": "SUM", "over_units": "SUM"}, (15, 22)),
        ({"is_cumulative": True, "over_units": "SUM"}, (15, 17)),
        # A state is that of the units that are there.
        ({"over_periods": "LATEST", "over_units": "SUM"}, (15, 7)),
        ({"over_periods": "LATEST", "over_units": "MEAN"}, (Decimal("7.5"), 7)),
        ({"over_periods": "MEAN", "over_units": "MEAN"}, (Decimal("7.5"), 6)),
        ({"over_periods": "SUM", "over_units": "MEAN"}, (Decimal("7.5"), 12)),
    ],
)
def test_a_unit_merged_in_the_middle_of_the_year(world, year, fields, expected):
    periods = add_year(world.board, year)
    indicator = add_indicator(world.board, **fields)
    for unit in (world.next_unit, world.small_unit):
        measure(indicator, world.unit_goal, unit)
    tell(indicator, world.next_unit, periods["T1"], 10)
    tell(indicator, world.small_unit, periods["T1"], 5)
    tell(indicator, world.small_unit, periods["T2"], 7)
    end_unit(world.next_unit, date(year, 6, 30))

    rolled = roll_up(indicator, year, units=lay_below(world.board, year))

    assert (values(rolled)["T1"], values(rolled)["T2"]) == expected
    assert counted(rolled) == {"T1": (2, 2), "T2": (1, 1), "VB": (0, 1)}


def test_a_unit_whose_units_measure_themselves_too_is_not_counted_twice(world, year):
    periods = add_year(world.board, year)
    indicator = add_indicator(world.board, over_units="SUM")
    measure(indicator, world.board_goal)
    measure(indicator, world.unit_goal, world.department)
    measure(indicator, world.unit_goal)
    tell(indicator, world.board, periods["T1"], 10)
    tell(indicator, world.unit, periods["T1"], 10)

    rolled = roll_up(indicator, year)

    assert values(rolled)["T1"] == 10
    assert counted(rolled)["T1"] == (1, 1)


def test_the_target_of_a_draft_is_nobodys_yet(world, year):
    add_year(world.board, year)
    indicator = add_indicator(world.board)
    measure(indicator, world.unit_draft)

    assert counted(roll_up(indicator, year))["T1"] == (0, 0)


def test_only_periods_that_have_opened_and_ask_for_it_are_shown(world, year):
    add_year(world.board, year)
    yearly = add_indicator(world.board, frequency="YEAR")
    each_time = add_indicator(world.board)

    assert [each.code for each in roll_up(yearly, year)] == ["VB"]
    assert roll_up(each_time, year, day=date(year, 1, 1)) == []


def test_women_and_men_are_added_by_themselves(world, year):
    periods = add_year(world.board, year)
    indicator = add_indicator(world.board, by_gender=True)
    measure(indicator, world.unit_goal)
    tell(indicator, world.unit, periods["T1"], 50)
    tell(indicator, world.unit, periods["T1"], 70, gender="K")

    assert values(roll_up(indicator, year))["T1"] == 50
    assert values(roll_up(indicator, year, gender="K"))["T1"] == 70
    assert values(roll_up(indicator, year, gender="M"))["T1"] is None


def queries_of(indicators: list[Indicator], year: int) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        roll_ups(indicators, year)
    return len(queries)


def test_as_many_queries_for_200_indicators_as_for_5(world, year):
    periods = add_year(world.board, year)
    indicators = [add_indicator(world.board) for _number in range(200)]
    for indicator in indicators:
        measure(indicator, world.unit_goal)
        tell(indicator, world.unit, periods["T1"], 1)

    assert queries_of(indicators[:5], year) == queries_of(indicators, year) <= 4


def test_2500_units_take_little_memory(world, year):
    periods = add_year(world.board, year)
    indicator = add_indicator(
        world.board, has_parts=True, over_periods="WEIGHTED", over_units="WEIGHTED"
    )
    units = add_units(world.department, 2500)
    Target.objects.bulk_create(
        Target(indicator=indicator, unit=unit, goal=world.unit_goal, year=year) for unit in units
    )
    Value.objects.bulk_create(
        Value(
            indicator=indicator,
            unit=unit,
            period=period,
            submitted_value=Decimal(50),
            submitted_numerator=Decimal(1),
            submitted_denominator=Decimal(2),
            submitted_at=timezone.now(),
        )
        for unit in units
        for period in periods.values()
    )

    tracemalloc.start()
    rolled = roll_up(indicator, year)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert values(rolled) == {"T1": 50, "T2": 50, "VB": 50}
    assert counted(rolled)["VB"] == (2500, 2500)
    assert rolled[-1].outcome.denominator == 15000
    assert peak < 20_000_000
