"""A goal followed down: what is counted, who stands out, and what never shows."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from goals.models import (
    Assessment,
    Goal,
    GoalContribution,
    Indicator,
    Judgement,
    Period,
    PlanYear,
    Report,
    Target,
    Value,
)
from goals.reports import following, standing_out
from goals.reports.following import CONTRIBUTES, SERVES, UpTo
from goals.views.following import PAGE_SIZE
from stockholm_quality.tests.counting import Asked
from stockholm_quality.tests.world import LONG_AGO, PERSONAS, add_goal, canary
from units.models import Unit, UnitPlacement, User

UNIT, BOARD = Goal.Level.UNIT, Goal.Level.BOARD
FULL, PARTIAL, NOT = Judgement.FULL, Judgement.PARTIAL, Judgement.NOT
MOST_QUERIES = 20
ENDS = {"T1": (4, 30), "T2": (8, 31), "VB": (12, 31)}


@pytest.fixture
def year(world):
    """All periods of the year have begun, in both boards, under the same short names."""
    add_year(world, "board")
    add_year(world, "other_board")
    return world


def add_year(world, unit, codes=tuple(ENDS)):
    plan_year = PlanYear.objects.create(unit=world.units[unit], year=world.year)
    for code in codes:
        Period.objects.create(
            plan_year=plan_year,
            code=code,
            name=code,
            kind=Period.Kind.ANNUAL if code == "VB" else Period.Kind.INTERIM,
            starts_on=date(world.year, 1, 1),
            ends_on=date(world.year, *ENDS[code]),
            opens_on=date(world.year, 1, 1),
            due_on=date(world.year, *ENDS[code]) + timedelta(days=20),
        )


def period_of(unit, code, year):
    board = unit
    while board.kind != Unit.Kind.BOARD:
        board = board.placements.latest("starts_on").parent
    return Period.objects.get(plan_year__unit=board, plan_year__year=year, code=code)


def judge(world, name, code, judgement, *, reason="Språkplanerna är klara", unit=None, **fields):
    """Hand in what a unit says of a goal; by another unit than its own with `unit`."""
    goal = world.goals[name]
    unit = unit or goal.unit
    report, _is_new = Report.objects.get_or_create(
        unit=unit,
        period=period_of(unit, code, world.year),
        defaults={"status": Report.Status.SUBMITTED, "version_number": 1},
    )
    return Assessment.objects.create(
        report=report,
        goal=goal,
        submitted_judgement=judgement,
        submitted_reason=reason,
        submitted_at=fields.pop("at", timezone.now()),
        **fields,
    )


def measure(world, name, indicator, target, **values):
    """A unit's target and what it has handed in, by period: T1="80"."""
    goal = world.goals[name]
    made = Target.objects.create(
        indicator=indicator,
        unit=goal.unit,
        goal=goal,
        year=world.year,
        annual_target=None if target is None else Decimal(target),
    )
    for code, value in values.items():
        Value.objects.create(
            indicator=indicator,
            unit=goal.unit,
            period=period_of(goal.unit, code, world.year),
            submitted_value=None if value is None else Decimal(value),
            submitted_is_not_measured=value is None,
            submitted_at=timezone.now(),
        )
    return made


def add_indicator(world, unit="board", **fields):
    return Indicator.objects.create(unit=world.units[unit], title="Barn med språkplan", **fields)


def counted(world, name):
    """(relation, level) and period to (fully, partly, not, not yet judged)."""
    codes = following.codes_of(world.year)
    below = following.follow_down(world.goals[name], world.year, codes)
    return {
        (group.relation, group.level, tally.period.code): (
            tally.full,
            tally.partial,
            tally.missed,
            tally.waiting,
        )
        for group in below.groups
        for tally in group.tallies
    }


def up_to(world, code):
    codes = following.codes_of(world.year)
    return UpTo(world.year, codes, next(each for each in codes if each.code == code))


def moved(world, name, code):
    changes = standing_out.changes(below(world, name), up_to(world, code))
    changes, _off = standing_out.with_reasons(below(world, name), up_to(world, code), changes, [])
    return changes


def below(world, name):
    return following.goals_below(world.goals[name], world.year).at_level(UNIT)


def far_off(world, name, code, *, best):
    better, worse = standing_out.distances(below(world, name), up_to(world, code))
    rows = better if best else worse
    return [(row.target.unit.code, round(row.relative, 3)) for row in rows]


def address(world, name):
    return reverse("goals:follow_down", args=[world.goals[name].pk])


@pytest.fixture
def english(world):
    User.objects.update(language=User.Language.ENGLISH)
    client = Client()
    client.force_login(User.objects.get(account_name="employee"))
    return client


def page(client, world, name, **asked):
    response = client.get(address(world, name), asked)
    assert response.status_code == 200
    return response.content.decode()


# --- What is counted -----------------------------------------------------------------------------


def test_boards_and_units_are_counted_apart_in_each_period(year):
    judge(year, "unit_goal", "T1", PARTIAL)
    judge(year, "unit_goal", "T2", FULL)
    judge(year, "board_goal", "T2", NOT)

    assert counted(year, "area") == {
        (SERVES, BOARD, "T1"): (0, 0, 0, 2),
        (SERVES, BOARD, "T2"): (0, 0, 1, 1),
        (SERVES, BOARD, "VB"): (0, 0, 0, 2),
        (SERVES, UNIT, "T1"): (0, 1, 0, 1),
        (SERVES, UNIT, "T2"): (1, 0, 0, 1),
        (SERVES, UNIT, "VB"): (0, 0, 0, 2),
    }


def test_an_orientation_goal_counts_what_serves_the_areas_under_it(year):
    judge(year, "unit_goal", "T1", FULL)

    assert counted(year, "orientation") == counted(year, "area")


def test_a_boards_goal_counts_its_units_alone(year):
    judge(year, "board_goal", "T1", FULL)
    judge(year, "other_unit_goal", "T1", FULL)
    judge(year, "unit_goal", "T1", NOT)

    assert counted(year, "board_goal")[SERVES, UNIT, "T1"] == (0, 0, 1, 0)
    assert (SERVES, BOARD, "T1") not in counted(year, "board_goal")


def test_contributions_are_counted_apart_and_never_twice(year):
    add_goal(year, "helper", "next_unit", UNIT)
    for name, supported in (("helper", "area"), ("helper", "board_goal"), ("unit_goal", "area")):
        GoalContribution.objects.create(goal=year.goals[name], supported=year.goals[supported])
    judge(year, "helper", "T1", PARTIAL)

    assert counted(year, "area")[CONTRIBUTES, UNIT, "T1"] == (0, 1, 0, 0)
    assert counted(year, "area")[SERVES, UNIT, "T1"] == (0, 0, 0, 2)
    assert counted(year, "board_goal")[CONTRIBUTES, UNIT, "T1"] == (0, 1, 0, 0)


def test_a_board_without_the_period_is_not_waited_for(world):
    add_year(world, "board")
    add_year(world, "other_board", ("VB",))

    assert counted(world, "area")[SERVES, BOARD, "T1"] == (0, 0, 0, 1)
    assert counted(world, "area")[SERVES, BOARD, "VB"] == (0, 0, 0, 2)


def test_a_period_that_has_not_begun_is_not_shown(year):
    Period.objects.filter(code="VB").update(
        opens_on=timezone.localdate() + timedelta(days=1),
        due_on=timezone.localdate() + timedelta(days=60),
        revision=2,
    )

    assert {key[2] for key in counted(year, "area")} == {"T1", "T2"}


def test_what_is_being_written_and_drafts_count_as_nothing(year):
    report = Report.objects.create(unit=year.unit, period=period_of(year.unit, "T1", year.year))
    Assessment.objects.create(report=report, goal=year.unit_goal, judgement=NOT, reason="x")
    handed_in = judge(year, "unit_goal", "T2", FULL)
    handed_in.judgement, handed_in.revision = NOT, 2
    handed_in.save()

    assert counted(year, "area")[SERVES, UNIT, "T1"] == (0, 0, 0, 2)
    assert counted(year, "area")[SERVES, UNIT, "T2"] == (1, 0, 0, 1)


def test_a_goal_judged_by_two_units_in_a_period_counts_once_with_the_latest(year):
    judge(year, "unit_goal", "T1", NOT, at=timezone.now() - timedelta(days=9))
    judge(year, "unit_goal", "T1", FULL, unit=year.next_unit)

    assert counted(year, "board_goal")[SERVES, UNIT, "T1"] == (1, 0, 0, 0)


def test_a_goal_of_a_unit_merged_in_the_year_is_judged_before_and_after(year):
    judge(year, "unit_goal", "T1", PARTIAL)
    merged(year.unit, year.next_unit, date(year.year, 5, 31))
    judge(year, "unit_goal", "T2", FULL, unit=year.next_unit)

    counts = counted(year, "board_goal")
    assert counts[SERVES, UNIT, "T1"] == (0, 1, 0, 0)
    assert counts[SERVES, UNIT, "T2"] == (1, 0, 0, 0)
    assert counts[SERVES, UNIT, "VB"] == (0, 0, 0, 1)
    own = following.own_assessments(year.unit_goal, year.year)
    assert [each.report.unit for each in own] == [year.next_unit, year.unit]


def merged(unit, into, last_day):
    UnitPlacement.objects.filter(parent=unit).update(ends_on=last_day)
    UnitPlacement.objects.filter(unit=unit).update(ends_on=last_day)
    Unit.objects.filter(pk=unit.pk).update(successor=into)


def test_the_latest_judgement_of_many_goals_takes_one_query(year, django_assert_num_queries):
    judge(year, "unit_goal", "T1", NOT)
    judge(year, "unit_goal", "T2", FULL)
    judge(year, "board_goal", "T1", PARTIAL)
    goals = [year.unit_goal, year.board_goal, year.other_unit_goal]

    with django_assert_num_queries(1):
        latest = following.latest_judgement(goals)
        said = {pk: (judgement, str(period)) for pk, (judgement, period) in latest.items()}

    assert said == {year.unit_goal.pk: (FULL, "T2"), year.board_goal.pk: (PARTIAL, "T1")}


# --- Who stands out ------------------------------------------------------------------------------


def test_units_stand_out_by_the_steps_since_the_period_before(year):
    for name, before, now in (("unit_goal", NOT, FULL), ("other_unit_goal", FULL, PARTIAL)):
        judge(year, name, "T1", before)
        judge(year, name, "T2", now, reason=canary(f"skäl-{name}"))

    changes = moved(year, "area", "T2")
    assert [(each.unit, each.steps) for each in changes.up] == [(year.unit, 2)]
    assert [(each.unit, each.steps) for each in changes.down] == [(year.other_unit, -1)]
    assert changes.up[0].assessments[0].submitted_reason == canary("skäl-unit_goal")
    assert (changes.rose, changes.fell, changes.compared) == (1, 1, 2)


def test_the_period_before_is_the_latest_that_the_goal_was_judged_in(year):
    judge(year, "unit_goal", "T1", NOT)
    judge(year, "unit_goal", "VB", PARTIAL)

    assert [each.steps for each in moved(year, "area", "VB").up] == [1]
    assert moved(year, "area", "T1").compared == 0


def test_at_most_five_units_stand_out_in_each_direction(year):
    add_many(year, 8)
    changes = moved(year, "board_goal", "T2")

    assert (len(changes.up), len(changes.down)) == (3, 3)
    add_many(year, 40)
    changes = moved(year, "board_goal", "T2")
    assert (len(changes.up), len(changes.down)) == (5, 5)
    assert changes.rose > 5


@pytest.mark.parametrize(
    ("fields", "target", "values", "expected"),
    [
        ({}, "80", {"T1": "60"}, -0.25),
        ({}, "80", {"T1": "100"}, 0.25),
        ({"direction": "LOWER"}, "10", {"T1": "15"}, -0.5),
        ({"direction": "LOWER"}, "10", {"T1": "5"}, 0.5),
        ({"direction": "LOWER", "baseline": Decimal(20)}, "0", {"T1": "5"}, -0.25),
        ({"direction": "LOWER"}, "0", {"T1": "5"}, None),
        ({"baseline": Decimal(0)}, "0", {"T1": "5"}, None),
        ({}, "-40", {"T1": "-50"}, -0.25),
        ({}, "80", {"T1": None}, None),
        ({}, None, {"T1": "60"}, None),
        ({"over_periods": "SUM"}, "90", {"T1": "15"}, -0.5),
        ({"is_cumulative": True}, "90", {"T1": "45"}, 0.5),
    ],
)
def test_how_far_an_indicator_lies_from_the_units_own_target(
    year, fields, target, values, expected
):
    measure(year, "unit_goal", add_indicator(year, **fields), target, **values)

    shown = far_off(year, "area", "T1", best=True) + far_off(year, "area", "T1", best=False)
    assert shown == ([] if expected is None else [("unit", expected)])


@pytest.mark.parametrize(
    ("formula", "expected"), [("SUM", 30), ("MEAN", 15), ("LATEST", 20), ("WEIGHTED", 18)]
)
def test_the_year_so_far_is_that_of_the_indicators_own_formula(year, formula, expected):
    indicator = add_indicator(year, over_periods=formula, has_parts=True)
    measure(year, "unit_goal", indicator, "5", T1="10", T2="20", VB="99")
    for code, numerator, denominator in (("T1", 2, 20), ("T2", 16, 80), ("VB", 1, 1)):
        Value.objects.filter(period__code=code).update(
            submitted_numerator=numerator, submitted_denominator=denominator, revision=2
        )

    rows, _worse = standing_out.distances(below(year, "area"), up_to(year, "T2"))
    assert [row.value for row in rows] == [expected]


def test_a_unit_that_has_not_reported_the_period_does_not_stand_out_in_it(year):
    measure(year, "unit_goal", add_indicator(year), "80", T1="8")

    assert far_off(year, "area", "T1", best=False) == [("unit", -0.9)]
    assert far_off(year, "area", "T2", best=False) == []


def test_values_of_women_and_men_and_those_being_written_make_nobody_stand_out(year):
    indicator = add_indicator(year, by_gender=True)
    measure(year, "unit_goal", indicator, "80")
    where = {
        "indicator": indicator,
        "unit": year.unit,
        "period": period_of(year.unit, "T1", year.year),
    }
    Value.objects.create(
        **where, gender="K", submitted_value=Decimal(1), submitted_at=timezone.now()
    )
    Value.objects.create(**where, value=Decimal(1))

    assert far_off(year, "area", "T1", best=False) == []


# --- The page ------------------------------------------------------------------------------------


@pytest.mark.parametrize("persona", PERSONAS)
def test_everyone_signed_in_reads_what_was_handed_in_and_nobody_what_is_being_written(
    year, as_persona, persona
):
    said = judge(year, "unit_goal", "T1", NOT, reason=canary("sagt"))
    said.judgement, said.reason, said.difference = FULL, canary("skrivs"), canary("skillnad")
    said.revision = 2
    said.save()
    report = Report.objects.create(unit=year.unit, period=period_of(year.unit, "T2", year.year))
    Assessment.objects.create(
        report=report, goal=year.unit_goal, judgement=FULL, reason=canary("påbörjat")
    )
    Target.objects.create(
        indicator=add_indicator(year, unit_of_measure=canary("mått")),
        unit=year.unit, goal=year.unit_draft, year=year.year, annual_target=Decimal(5),
    )  # fmt: skip
    client = as_persona(persona)

    everything = "".join(
        page(client, year, name) for name in ("orientation", "area", "board_goal", "unit_goal")
    )
    hidden = {"skrivs", "skillnad", "påbörjat", "mått", "unit_draft", "board_draft"}
    assert {name for name in hidden if canary(name) in everything} == set()
    assert canary("sagt") in everything


@pytest.mark.parametrize("persona", ["employee", "manager", "controller", "administrator"])
def test_a_draft_cannot_be_followed_down(year, as_persona, persona):
    response = as_persona(persona).get(address(year, "unit_draft"))

    assert response.status_code == 404


def test_without_a_plan_year_the_page_says_so(world, english):
    assert "Nothing to follow yet" in page(english, world, "area")
    assert "Nothing to follow yet" in page(english, world, "unit_goal")


def test_the_page_says_in_words_how_it_goes_and_how_it_was(year, english):
    judge(year, "unit_goal", "T1", PARTIAL)
    judge(year, "unit_goal", "T2", FULL)
    judge(year, "board_goal", "T2", FULL)

    body = page(english, year, "area")
    assert "T2: 1 of 2 board goals are judged fully met. 1 is not yet judged." in body
    assert "T2: 1 of 2 unit goals are judged fully met. 1 is not yet judged. At T1 it was 0" in body
    assert "T1: 0 of 2 unit goals" in page(english, year, "area", period="T1")


def test_the_reason_and_the_report_stand_beside_the_goals_own_judgement(year, english):
    said = judge(year, "unit_goal", "T1", PARTIAL, reason="Två barn saknar plan")

    body = page(english, year, "unit_goal")
    assert "Två barn saknar plan" in body
    assert reverse("goals:report_read", args=[said.report_id]) in body


def test_the_bars_hold_no_inline_style_and_no_localised_number(year, as_persona):
    for name, judgement in (("unit_goal", FULL), ("other_unit_goal", NOT)):
        judge(year, name, "T1", judgement)
    add_goal(year, "third", "next_unit", UNIT, "board_goal")

    body = page(as_persona("employee"), year, "area")
    assert "style=" not in body
    lengths = re.findall(r'<rect class="bar-\w+" x="([^"]*)" y="1" width="([^"]*)"', body)
    assert ("33.33%", "33.33%") in lengths
    assert all("," not in text for pair in lengths for text in pair)


def test_the_list_keeps_to_a_judgement_and_a_board(year, english):
    judge(year, "board_goal", "T1", FULL)
    other = year.other_board.pk

    everything = page(english, year, "area")
    assert canary("board_goal") in everything
    assert canary("other_board_goal") in everything
    fully = page(english, year, "area", judgement="FULL")
    assert canary("board_goal") in fully
    assert canary("other_board_goal") not in fully
    assert canary("other_board_goal") in page(english, year, "area", judgement="NONE")
    assert canary("board_goal") not in page(english, year, "area", board=other).replace(
        canary("other_board_goal"), ""
    )


def test_the_pages_of_a_judgement_are_as_many_as_its_goals(year, english):
    add_many(year, 90)
    everything = set()
    for number in ("1", "2", "3"):
        body = page(english, year, "board_goal", judgement="FULL", page=number, period="T2")
        everything |= set(re.findall(r"/mal/([0-9]+)/hur-det-gar/", body))
    fully = following.with_judgement(
        following.directly_below(year.board_goal, year.year),
        year.year,
        up_to(year, "T2"),
        only=FULL,
    )

    assert fully.count() > PAGE_SIZE
    assert {str(goal.pk) for goal in fully} <= everything
    assert "No goal to show" in page(english, year, "board_goal", judgement="FULL", page="99")


@pytest.mark.parametrize(
    "asked",
    [
        {"year": "x", "period": "\0", "board": "x", "judgement": "x", "relation": "x"},
        {"year": "9999", "page": "-1"},
        {"page": "x"},
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_the_whole(year, english, asked):
    assert canary("board_goal") in page(english, year, "area", **asked)


def test_the_indicators_are_rolled_up_against_the_goals_own_target(year, english):
    indicator = add_indicator(year, unit_of_measure="%")
    measure(year, "unit_goal", indicator, "80", T1="60")
    add_goal(year, "next_goal", "next_unit", UNIT, "board_goal")
    measure(year, "next_goal", indicator, "90", T1="70")
    measure(year, "board_goal", indicator, "85")

    body = page(english, year, "board_goal")
    assert "T1: 2 of 2 units have reported." in body
    assert "65\N{NO-BREAK SPACE}%" in body
    assert "Annual target 85" in body
    assert "T2: 0 of 2" in page(english, year, "board_goal", period="T2")
    assert "T2: 0 of 2" not in page(english, year, "board_goal", period="T1")


# --- Constant work -------------------------------------------------------------------------------


def add_many(world, number):
    """Units with a goal each under the board's, judged twice, measured twice."""
    have = Unit.objects.count()
    units = Unit.objects.bulk_create(
        Unit(code=f"many-{have + each}", kind=Unit.Kind.UNIT) for each in range(number)
    )
    UnitPlacement.objects.bulk_create(
        UnitPlacement(unit=unit, parent=world.units["department"], name="Många", starts_on=LONG_AGO)
        for unit in units
    )
    goals = Goal.objects.bulk_create(
        Goal(
            unit=unit, level=UNIT, title=f"Mål nummer {each}", parent=world.goals["board_goal"],
            status=Goal.Status.ADOPTED, adopted_at=timezone.now(), version_number=1,
            decided_on=date(world.year, 1, 15), first_year=world.year, last_year=world.year,
        )
        for each, unit in enumerate(units)
    )  # fmt: skip
    indicator = Indicator.objects.filter(title="Nöjda").first() or Indicator.objects.create(
        unit=world.units["board"], title="Nöjda", unit_of_measure="%"
    )
    Target.objects.bulk_create(
        Target(indicator=indicator, unit=unit, goal=goal, year=world.year, annual_target=80)
        for unit, goal in zip(units, goals, strict=True)
    )
    told: dict[str, Any] = {"submitted_at": timezone.now()}
    kinds = list(Judgement)
    for place, code in enumerate(("T1", "T2")):
        period = period_of(world.units["board"], code, world.year)
        reports = Report.objects.bulk_create(
            Report(unit=unit, period=period, status=Report.Status.SUBMITTED, version_number=1)
            for unit in units
        )
        Assessment.objects.bulk_create(
            Assessment(
                report=report, goal=goal, submitted_reason="Därför",
                submitted_judgement=kinds[(each * (place + 1) + place) % 3], **told,
            )
            for each, (report, goal) in enumerate(zip(reports, goals, strict=True))
        )  # fmt: skip
        Value.objects.bulk_create(
            Value(indicator=indicator, unit=unit, period=period, submitted_value=each % 100, **told)
            for each, unit in enumerate(units)
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as the database does by itself, but not within a transaction


def test_the_number_of_queries_is_the_same_for_10_and_1000_units_below(year, as_persona):
    GoalContribution.objects.create(goal=year.other_unit_goal, supported=year.board_goal)
    GoalContribution.objects.create(goal=year.other_unit_goal, supported=year.loose_area)
    client = as_persona("controller")
    client.get(reverse("home"))

    def counts():
        numbers = []
        for name in ("orientation", "area", "board_goal", "unit_goal"):
            for asked in ({}, {"judgement": "PARTIAL", "relation": "contributes"}, {"page": "9"}):
                with Asked() as queries:
                    page(client, year, name, **asked)
                numbers.append(len(queries))
        return numbers

    add_many(year, 10)
    few = counts()
    add_many(year, 990)

    assert counts() == few
    assert max(few) <= MOST_QUERIES
