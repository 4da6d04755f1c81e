"""What a report makes of figures when the year was not an even one: mergers, gaps, numbers."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from goals.actions.reports import begin_correction
from goals.measuring import Result, judged, reason_of
from goals.models import Activity, ActivityNote, Gender, Judgement, Period, Report, Target, Value
from goals.numbers import NumberField
from goals.reports.comparing import lines_of, with_above
from goals.reports.reporting import units_that_report, with_counts
from goals.reports.rollups import roll_up
from goals.reports.timeline import TheYear
from goals.sheet import goals_of_report, read_sheet
from stockholm_quality.tests.world import add_goal
from stockholm_quality.tests.world_year import (
    add_activity,
    add_indicator,
    add_report,
    add_target,
    hand_in,
)
from units.models import Role, RoleAssignment, Unit, UnitPlacement

JSON = {"headers": {"accept": "application/json"}}


def merge(unit: Unit, into: Unit, last_day: date) -> None:
    UnitPlacement.objects.filter(unit=unit).update(ends_on=last_day)
    unit.successor = into
    unit.revision += 1
    unit.save(update_fields=["successor", "revision"])


def told(indicator, unit, period, value):
    return Value.objects.create(
        indicator=indicator,
        unit=unit,
        period=period,
        submitted_value=None if value is None else Decimal(value),
        submitted_is_not_measured=value is None,
        submitted_at=timezone.now(),
    )


def result(value, aim, **fields):
    return Result(
        **{
            "title": "Barn med språkplan",
            "unit_of_measure": "",
            "decimals": 0,
            "lower_is_better": False,
            "annual_target": Decimal(aim),
            "baseline": None,
            "margin": Decimal(10),
            "value": Decimal(value),
            "forecast": None,
            "share": Decimal(1),
            **fields,
        }
    )


# --- What is said is what is judged ---------------------------------------------------------------


@override("en")
def test_a_sentence_never_says_that_a_number_misses_itself():
    due = result("33", "100", share=Decimal(4) / 12)

    assert judged(due) == Judgement.PARTIAL
    assert reason_of(due) == "Barn med språkplan: 33.0 is a little behind; 33.3 was due by now."
    assert "89.96" in reason_of(result("89.96", "90", decimals=0))
    assert reason_of(result("90.2", "90")).endswith("90 reaches the annual target 90.")


@override("en")
def test_what_is_to_stay_low_is_not_said_to_be_behind():
    told = reason_of(result("70", "180", share=Decimal(4) / 12, lower_is_better=True))

    assert told == "Barn med språkplan: 70 is clearly above 60, the most it may be by now."


def test_what_grows_is_held_against_the_time_of_its_last_value(year):
    indicator = add_indicator(
        year, "grown", "unit", is_cumulative=True, over_periods="LATEST", unit_of_measure="barn"
    )
    target = add_target(year, "grown_target", "grown", "unit_goal", "180")
    told(indicator, year.unit, year.periods["t1"], "60")
    told(indicator, year.unit, year.periods["t2"], None)

    line = lines_of(with_above(Target.objects.filter(pk=target.pk)))[0]

    assert line.judgement == Judgement.FULL
    assert line.up_to == "Tertialrapport 1"


# --- The report ----------------------------------------------------------------------------------


def _activity_behind(year, state="BEGUN"):
    Value.objects.filter(period=year.periods["t2"], unit=year.unit).update(
        value=Decimal(90), revision=F("revision") + 1
    )
    return add_activity(
        year,
        "late",
        "unit_goal",
        "employee",
        state=state,
        starts_on=date(year.year, 1, 1),
        due_on=date(year.year, 1, 2),
    )


def _suggestion(year, report):
    sheet = read_sheet(report.unit, report.period, report)
    return sheet.goals[0].suggestion


def test_a_suggestion_goes_by_what_the_report_itself_says_of_an_activity(year):
    activity = _activity_behind(year)
    report = Report.objects.with_place().get(pk=year.reports["working"].pk)
    assert _suggestion(year, report).judgement == Judgement.PARTIAL

    note = ActivityNote.objects.create(report=report, activity=activity, state=Activity.State.DONE)
    assert _suggestion(year, report).judgement == Judgement.FULL

    ActivityNote.objects.filter(pk=note.pk).update(state=Activity.State.DEVIATES, revision=2)
    assert _suggestion(year, report).judgement == Judgement.PARTIAL


def test_an_activity_due_after_the_period_does_not_make_its_report_late(year):
    _activity_behind(year)
    report = Report.objects.with_place().get(pk=year.reports["working"].pk)
    Activity.objects.filter(pk=year.activities["late"].pk).update(
        due_on=report.period.ends_on + timedelta(days=3), revision=2
    )
    assert _suggestion(year, report).judgement == Judgement.FULL


def test_a_plan_read_late_does_not_hold_what_came_after_it(year):
    report = add_report(year, "plan", "unit", "vp")
    report = Report.objects.with_place().get(pk=report.pk)

    sheet = read_sheet(report.unit, report.period, report)

    assert [row.earlier for row in sheet.indicators] == [[]] * len(sheet.indicators)
    assert sheet.goals[0].earlier is None


# --- Mergers -------------------------------------------------------------------------------------


@pytest.fixture
def both(year):
    """Backen has gone up in Ängen in the spring, and both measure themselves by one indicator."""
    goal = year.goals["loose_goal"]
    add_target(year, "theirs", "city_indicator", "loose_goal", "70")
    merge(year.next_unit, year.unit, date(year.year, 3, 31))
    assert goal.unit == year.next_unit
    return year


def test_one_field_for_a_value_though_a_merged_unit_had_the_same_indicator(both, as_persona):
    client = as_persona("manager")
    address = reverse("goals:report", args=[both.unit.pk, both.periods["t2"].pk])

    page = client.get(address).content.decode()
    key = f"v-{both.indicators['city_indicator'].pk}-T"

    assert page.count(f'name="{key}-value"') == 1
    assert page.count(f'id="indicator-{both.indicators["city_indicator"].pk}"') == 1


def test_the_picture_that_comes_back_is_of_ones_own_values(both, as_persona, token):
    indicator = both.indicators["city_indicator"]
    told(indicator, both.next_unit, both.periods["t1"], "12")
    address = reverse("goals:report", args=[both.unit.pk, both.periods["t2"].pk])
    client = as_persona("manager")
    row = Value.objects.get(indicator=indicator, unit=both.unit, period=both.periods["t2"])

    answer = client.post(
        address,
        token()
        | {f"v-{indicator.pk}-T-seen": f"{row.revision}:x", f"v-{indicator.pk}-T-value": "77"},
        **JSON,
    )

    assert "77" in answer.json()["pieces"][f"picture-{indicator.pk}"]


def test_a_merged_units_last_value_is_held_against_its_own_time(both):
    indicator = add_indicator(
        both, "grown", "city", is_cumulative=True, over_periods="LATEST", unit_of_measure="barn"
    )
    add_target(both, "grown_target", "grown", "loose_goal", "120")
    told(indicator, both.next_unit, both.periods["t1"], "40")
    report = Report.objects.with_place().get(pk=both.reports["working"].pk)

    sheet = read_sheet(report.unit, report.period, report)
    row = next(each for each in sheet.indicators if each.target.indicator_id == indicator.pk)

    assert row.judgement == Judgement.FULL


def test_a_chain_of_mergers_is_spoken_for_by_whoever_was_there_when_the_period_ended(year):
    merge(year.next_unit, year.unit, date(year.year, 2, 28))
    merge(year.unit, year.small_unit, date(year.year, 6, 30))

    def spoken_for(unit, period):
        goals = goals_of_report(year.units[unit], year.periods[period])
        return {goal.unit.code for goal in goals}

    assert spoken_for("unit", "t1") == {"unit", "next_unit"}
    assert spoken_for("small_unit", "t1") == set()
    assert spoken_for("small_unit", "vb") == {"unit", "next_unit"}


def test_who_goes_up_in_another_without_having_reported_is_reported_by_it(year):
    period = year.periods["t1"]
    merge(year.small_unit, year.unit, period.ends_on + timedelta(days=5))
    add_goal(year, "small_goal", "small_unit", "UNIT", "board_goal")

    assert year.small_unit not in units_that_report(period)
    assert year.goals["small_goal"] in goals_of_report(year.unit, period)
    counted = with_counts(Period.objects.filter(pk=period.pk), year.board, year.year).get()
    assert counted.to_report == units_that_report(period).count()


def test_who_had_reported_before_going_up_in_another_has_told_for_itself(year):
    period = year.periods["t1"]
    merge(year.next_unit, year.unit, period.ends_on + timedelta(days=5))

    assert year.next_unit in units_that_report(period)
    assert year.goals["loose_goal"] not in goals_of_report(year.unit, period)
    assert year.goals["loose_goal"] in goals_of_report(year.unit, year.periods["t2"])


def test_a_unit_that_moved_to_another_board_can_still_report_what_had_ended(year, as_persona):
    period = year.periods["t2"]
    period.due_on, period.revision = timezone.localdate() + timedelta(days=5), 2
    period.save()
    moved_on = period.ends_on + timedelta(days=5)
    old = UnitPlacement.objects.get(unit=year.small_unit)
    UnitPlacement.objects.filter(pk=old.pk).update(ends_on=moved_on - timedelta(days=1))
    UnitPlacement.objects.create(
        unit=year.small_unit, parent=year.other_board, name=old.name, starts_on=moved_on
    )
    RoleAssignment.objects.create(
        person=year.stranger, role=Role.MANAGER, unit=year.small_unit, starts_on=moved_on
    )

    answer = as_persona("stranger").get(
        reverse("goals:report", args=[year.small_unit.pk, period.pk])
    )

    assert answer.status_code == 200


# --- Rolled up -----------------------------------------------------------------------------------


def test_only_those_whose_board_asks_in_a_period_are_expected_there(year):
    add_target(year, "brommas", "city_indicator", "other_unit_goal", "80")
    period = year.periods["other_t1"]
    period.code, period.revision = "P1", period.revision + 1
    period.save()
    for name in ("t1", "other_t1"):
        type(period).objects.filter(pk=year.periods[name].pk).update(
            opens_on=date(year.year, 1, 1), revision=F("revision") + 1
        )

    rolled = {each.code: each for each in roll_up(year.indicators["city_indicator"], year.year)}

    assert (rolled["T1"].reported, rolled["T1"].expected) == (1, 1)
    assert (rolled["P1"].reported, rolled["P1"].expected) == (0, 1)


# --- Numbers as they are written -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1 234,5", "1234.5"),
        ("1\u00a0234\u202f567", "1234567"),
        ("−3", "-3"),
        ("–3", "-3"),
        ("12 %", "12"),
        ("0.125", "0.125"),
        ("12.5", "12.5"),
        ("1,200", "1.2"),
        (" 7 ", "7"),
    ],
)
def test_a_number_is_taken_as_it_is_written(text, number):
    assert NumberField().clean(text) == Decimal(number)


@pytest.mark.parametrize("text", ["1.200", "12.345", "1.200,5", "1,200.5", "12 5", "1e5", "NaN"])
def test_what_could_mean_two_things_is_asked_about(text):
    with pytest.raises(ValidationError):
        NumberField().clean(text)


def test_a_share_too_large_to_keep_is_said_and_not_stored(year, as_persona, token):
    indicator = add_indicator(
        year, "share", "unit", has_parts=True, factor=Decimal("99999999.9999")
    )
    add_target(year, "share_target", "share", "unit_goal", "80")
    key = f"v-{indicator.pk}-T"

    answer = as_persona("manager").post(
        reverse("goals:report", args=[year.unit.pk, year.periods["t2"].pk]),
        token()
        | {
            f"{key}-seen": "0:",
            f"{key}-numerator": "99999999999999",
            f"{key}-denominator": "0,0001",
        },
        **JSON,
    )

    assert answer.json()["errors"][key]
    assert not Value.objects.filter(indicator=indicator, gender=Gender.TOTAL).exists()


# --- To-dos and the board ------------------------------------------------------------------------


def test_a_unit_that_opened_after_the_plan_was_due_is_not_late_with_it(year):
    plan = year.periods["vp"]
    UnitPlacement.objects.filter(unit=year.next_unit).update(
        starts_on=plan.due_on + timedelta(days=20)
    )

    assert year.next_unit not in units_that_report(plan)
    own = TheYear(year.manager_above).own
    assert (plan.pk, year.next_unit.pk) not in {(each.period.pk, each.unit) for each in own}


def test_a_report_being_corrected_has_been_handed_in(year):
    report = hand_in(year.reports["working"], year.manager)
    report = begin_correction(
        report=report, revision=report.revision, reason="Fel siffra", by=year.manager
    )

    own = {each.period.pk: each for each in TheYear(year.manager).own if each.unit == year.unit.pk}
    assert own[report.period_id].is_handed_in
    assert own[report.period_id].is_owed


def test_the_citys_controller_is_led_to_the_boards_reports_and_writes_none_of_them(
    year, as_persona
):
    report = hand_in(add_report(year, "boards", "board", "t1"), year.controller)
    address = reverse("goals:report_read", args=[report.pk])
    the_year = TheYear(year.city_controller)

    assert the_year.own == []
    assert [each.pk for each in the_year.boards_to_review] == [report.pk]
    assert address in as_persona("city_controller").get("/").content.decode()
    assert TheYear(year.controller).boards_to_review == []
