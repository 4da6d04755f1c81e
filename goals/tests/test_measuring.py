"""How values become a result: every formula and every edge, without a database."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from goals.measuring import (
    Outcome,
    Result,
    grows,
    judged,
    over_periods,
    over_units,
    quotient,
    reason_of,
    share_of_year,
    shown,
    suggested,
)
from goals.models import Activity, Indicator, Judgement

DAY = date(2026, 5, 4)
FULL, PARTIAL, NOT = Judgement.FULL, Judgement.PARTIAL, Judgement.NOT
NOTHING = Outcome(None)
PER_CENT = Decimal(100)


def number(text: Any) -> Decimal | None:
    return None if text is None else Decimal(str(text))


def result(value: Any = 80, target: Any = 90, **fields: Any) -> Result:
    return Result(
        **{
            "title": "Ordförråd",
            "unit_of_measure": "%",
            "decimals": 0,
            "lower_is_better": False,
            "annual_target": number(target),
            "baseline": None,
            "margin": Decimal(10),
            "value": number(value),
            "forecast": None,
            "share": Decimal(1),
            **fields,
        }
    )


def outcome(value: Any, numerator: Any = None, denominator: Any = None) -> Outcome:
    return Outcome(number(value), number(numerator), number(denominator))


# --- How it is read ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "decimals", "measure", "text"),
    [
        (None, 0, "%", "–"),
        ("0", 0, "%", "0\xa0%"),
        ("2.5", 0, "", "3"),
        ("-2.5", 0, "", "-3"),
        ("0.125", 2, "", "0.13"),
        ("1234567.8", 1, "kr", "1,234,567.8\xa0kr"),
        ("12", 4, "", "12.0000"),
    ],
)
def test_a_value_is_rounded_half_up(value, decimals, measure, text):
    with translation.override("en"):
        assert shown(number(value), decimals, measure) == text


def test_a_value_is_written_as_the_reader_writes():
    with translation.override("sv"):
        assert shown(Decimal("1234.5"), 1, "%") == "1\xa0234,5\xa0%"


@pytest.mark.parametrize(
    ("numerator", "denominator", "factor", "value"),
    [(1, 3, 100, "33.3333"), (2, 3, 100, "66.6667"), (1, 80000, 1, "0.0000"), (0, 5, 100, "0")],
)
def test_a_share_is_kept_with_four_decimals(numerator, denominator, factor, value):
    assert quotient(Decimal(numerator), Decimal(denominator), Decimal(factor)) == Decimal(value)


# --- Over periods and units --------------------------------------------------------------------

PERIODS = [outcome(50, 5, 10), NOTHING, outcome(80, 24, 30)]


@pytest.mark.parametrize(
    ("formula", "together"),
    [
        ("SUM", outcome(130, 29, 40)),
        ("MEAN", outcome(65, 29, 40)),
        ("WEIGHTED", outcome("72.5", 29, 40)),
        ("LATEST", outcome(80, 24, 30)),
    ],
)
def test_the_year_so_far_by_each_formula_leaves_out_what_was_not_measured(formula, together):
    assert over_periods(PERIODS, formula, PER_CENT) == together


def test_the_latest_is_the_last_that_was_measured():
    assert over_periods([outcome(50), outcome(80), NOTHING], "LATEST", PER_CENT).value == 80


@pytest.mark.parametrize("formula", Indicator.OverPeriods.values)
@pytest.mark.parametrize("outcomes", [[], [NOTHING, NOTHING]])
def test_nothing_measured_is_nothing_and_never_zero(formula, outcomes):
    assert over_periods(outcomes, formula, PER_CENT) == NOTHING


@pytest.mark.parametrize("formula", Indicator.OverUnits.values)
def test_no_unit_measured_is_nothing_and_never_zero(formula):
    assert over_units([NOTHING], formula, PER_CENT) == NOTHING


@pytest.mark.parametrize("formula", Indicator.OverPeriods.values)
def test_a_measured_zero_is_a_zero(formula):
    zero = outcome(0, 0, 10)

    assert over_periods([zero], formula, PER_CENT) == zero


@pytest.mark.parametrize(
    ("formula", "together"),
    [("SUM", outcome(130, 29, 40)), ("MEAN", outcome(65, 29, 40)), ("WEIGHTED", "72.5")],
)
def test_units_together_by_each_formula(formula, together):
    found = over_units(PERIODS, formula, PER_CENT)

    assert (found.value if isinstance(together, str) else found) == (
        Decimal(together) if isinstance(together, str) else together
    )


def test_a_mean_is_rounded_half_up_in_the_fourth_decimal():
    values = [outcome("0.0001"), outcome("0.0002")]

    assert over_units(values, "MEAN", PER_CENT).value == Decimal("0.0002")


def test_values_without_parts_have_a_sum_but_no_weight():
    values = [outcome(50), outcome(80)]

    assert over_units(values, "SUM", PER_CENT) == outcome(130)
    assert over_units(values, "WEIGHTED", PER_CENT) == NOTHING


def test_a_value_without_parts_weighs_nothing_beside_one_that_has_them():
    assert over_units([outcome(50), outcome(80, 8, 10)], "WEIGHTED", PER_CENT) == outcome(80, 8, 10)


# --- How much of the year ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "is_growing"),
    [
        ({"is_cumulative": True}, True),
        ({"over_periods": "SUM"}, True),
        ({"over_periods": "LATEST"}, False),
        ({"over_periods": "MEAN"}, False),
        ({"over_periods": "WEIGHTED"}, False),
    ],
)
def test_what_grows_is_due_month_by_month_and_a_state_at_once(fields, is_growing):
    indicator = Indicator(**fields)

    assert grows(indicator) == is_growing
    spring = share_of_year(indicator, date(2026, 4, 30))
    assert spring == (Decimal(4) / 12 if is_growing else 1)
    assert share_of_year(indicator, date(2026, 12, 31)) == 1


# --- Judging one indicator ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "judgement"),
    [(90, FULL), (140, FULL), ("89.9999", PARTIAL), (81, PARTIAL), ("80.9999", NOT), (0, NOT)],
)
def test_higher_is_better_with_a_margin_of_ten_per_cent(value, judgement):
    assert judged(result(value, 90)) == judgement


@pytest.mark.parametrize(
    ("value", "judgement"),
    [(10, FULL), (0, FULL), ("10.0001", PARTIAL), (11, PARTIAL), ("11.0001", NOT)],
)
def test_lower_is_better(value, judgement):
    assert judged(result(value, 10, lower_is_better=True)) == judgement


@pytest.mark.parametrize(
    ("value", "baseline", "judgement"),
    [
        (0, None, FULL),
        (1, None, NOT),
        (0, 20, FULL),
        (2, 20, PARTIAL),
        ("2.0001", 20, NOT),
        (2, -20, PARTIAL),
        (1, 0, NOT),
    ],
)
def test_a_target_of_zero_takes_its_margin_from_the_baseline(value, baseline, judgement):
    zero = result(value, 0, lower_is_better=True, baseline=number(baseline))

    assert judged(zero) == judgement


@pytest.mark.parametrize(
    ("value", "judgement"), [(-5, FULL), (-10, FULL), (-11, PARTIAL), (-12, NOT)]
)
def test_a_target_below_zero(value, judgement):
    assert judged(result(value, -10)) == judgement


def test_without_a_margin_there_is_nothing_between_reached_and_not():
    assert judged(result(89, 90, margin=Decimal(0))) == NOT


@pytest.mark.parametrize("fields", [{"value": None}, {"target": None}])
def test_without_a_value_or_a_target_there_is_no_judgement(fields):
    assert judged(result(**fields)) is None


@pytest.mark.parametrize(
    ("value", "judgement"), [(40, FULL), ("39.99", PARTIAL), (36, PARTIAL), ("35.99", NOT)]
)
def test_what_grows_is_held_against_what_was_due_by_now(value, judgement):
    assert judged(result(value, 120, share=Decimal(4) / 12)) == judgement


@pytest.mark.parametrize(("value", "target"), [(60, 180), (99, 297), ("33.3333", 100)])
@pytest.mark.parametrize("lower_is_better", [True, False])
def test_a_third_of_the_year_is_exactly_a_third(value, target, lower_is_better):
    third = {"share": Decimal(4) / 12, "margin": Decimal(0), "lower_is_better": lower_is_better}

    assert judged(result(value, target, **third)) == FULL


@pytest.mark.parametrize(
    ("forecast", "judgement"), [(120, FULL), (119, PARTIAL), (108, PARTIAL), (107, NOT)]
)
def test_a_forecast_is_held_against_the_whole_years_target(forecast, judgement):
    growing = result(1, 120, share=Decimal(4) / 12, forecast=Decimal(forecast))

    assert judged(growing) == judgement
    assert growing.compared == forecast
    assert growing.aim == 120


def test_a_forecast_of_zero_is_a_forecast():
    assert judged(result(50, 0, lower_is_better=True, forecast=Decimal(0))) == FULL


def test_a_forecast_can_be_judged_before_the_first_value():
    assert judged(result(None, 90, forecast=Decimal(95))) == FULL


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (result(None), "Ordförråd: no value yet."),
        (result(80, None), "Ordförråd: 80\xa0%, without an annual target to hold it against."),
        (result(95), "Ordförråd: 95\xa0% reaches the annual target 90\xa0%."),
        (result(85), "Ordförråd: 85\xa0% is within the margin of the target 90\xa0%."),
        (result(50), "Ordförråd: 50\xa0% misses the annual target 90\xa0%."),
        (
            result(30, share=Decimal("0.25")),
            "Ordförråd: 30\xa0% is on its way; 23\xa0% was to be reached by now.",
        ),
        (
            result(22, share=Decimal("0.25")),
            "Ordförråd: 22\xa0% is a little behind; 23\xa0% was due by now.",
        ),
        (
            result(5, share=Decimal("0.25")),
            "Ordförråd: 5\xa0% is clearly behind; 23\xa0% was due by now.",
        ),
        (
            result(5, forecast=Decimal(95)),
            "Ordförråd: the forecast 95\xa0% reaches the annual target 90\xa0%.",
        ),
        (
            result(5, forecast=Decimal(85)),
            "Ordförråd: the forecast 85\xa0% is within the margin of the annual target 90\xa0%.",
        ),
        (
            result(5, forecast=Decimal(9)),
            "Ordförråd: the forecast 9\xa0% misses the annual target 90\xa0%.",
        ),
    ],
)
def test_each_result_is_said_in_a_sentence(one, sentence):
    with translation.override("en"):
        assert reason_of(one) == sentence


# --- Suggesting for a goal ---------------------------------------------------------------------

REACHED, NEAR, MISSED, UNKNOWN = result(90), result(85), result(10), result(None)


def activity(state: str = "BEGUN", days: int = 30) -> Activity:
    due_on = DAY + timedelta(days=days)
    return Activity(title="Läsa", starts_on=date(2026, 1, 1), due_on=due_on, state=state)


@pytest.mark.parametrize(
    ("results", "judgement"),
    [
        ([], None),
        ([UNKNOWN], None),
        ([REACHED], FULL),
        ([REACHED, UNKNOWN], FULL),
        ([REACHED, NEAR], PARTIAL),
        ([NEAR], PARTIAL),
        ([REACHED, REACHED, MISSED], PARTIAL),
        ([REACHED, MISSED], NOT),
        ([NEAR, MISSED, MISSED], NOT),
        ([MISSED], NOT),
    ],
)
def test_what_is_suggested_from_the_indicators(results, judgement):
    assert suggested(results, [], DAY).judgement == judgement


@pytest.mark.parametrize(
    ("done", "judgement"),
    [
        (activity(), FULL),
        (activity(days=0), FULL),
        (activity(days=-1), PARTIAL),
        (activity("DEVIATES"), PARTIAL),
        (activity("DONE", days=-1), FULL),
        (activity("STOPPED", days=-1), FULL),
    ],
)
def test_a_late_or_deviating_activity_keeps_a_goal_from_being_full(done, judgement):
    assert suggested([REACHED], [done], DAY).judgement == judgement


def test_activities_alone_suggest_nothing_but_are_told():
    with translation.override("en"):
        late = suggested([], [activity(days=-1), activity("DEVIATES")], DAY)

    assert late.judgement is None
    assert late.reasons == ("2 activities are late or deviate.",)


def test_every_indicator_gives_its_reason():
    with translation.override("en"):
        reasons = suggested([REACHED, UNKNOWN], [activity("DEVIATES")], DAY).reasons

    assert reasons == (
        "Ordförråd: 90\xa0% reaches the annual target 90\xa0%.",
        "Ordförråd: no value yet.",
        "1 activity is late or deviates.",
    )
