"""The pages of the year ask the database as often for a thousand rows as for ten."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from goals.models import (
    Activity,
    ActivityGoal,
    ActivityNote,
    Analysis,
    AnalysisMethod,
    Assessment,
    Closure,
    DocumentBuild,
    Goal,
    Indicator,
    Need,
    Reminder,
    Report,
    Target,
    Value,
)
from stockholm_quality.tests.access_table import address, read_table
from stockholm_quality.tests.counting import Asked
from stockholm_quality.tests.test_query_counts import FEW, MOST_QUERIES, fill
from stockholm_quality.tests.world import build_world
from stockholm_quality.tests.world_year import build_whole_year
from units.models import Unit

MOST_OF_THE_BIG_ONES = 20
BIG_ONES = {
    *("goals:report", "goals:report_read", "goals:report_submit", "goals:report_document"),
    *("goals:follow_down", "goals:analysis"),
}
WHO = ["controller", "manager", "employee"]


@pytest.fixture
def world(db):
    world = build_world()
    build_whole_year(world)
    return world


def fill_year(world, lot, count):
    """`count` more of everything that a page of the year lists."""
    fill(world, lot, count)
    now, today, manager = timezone.now(), timezone.localdate(), world.people["manager"]
    goals = list(
        Goal.objects.adopted().filter(unit=world.unit, targets__isnull=True).order_by("pk")
    )
    indicators = Indicator.objects.bulk_create(
        Indicator(unit=world.board, title=f"Andel {lot} {number}", unit_of_measure="%")
        for number in range(len(goals))
    )
    Target.objects.bulk_create(
        Target(indicator=indicator, goal=goal, unit=world.unit, year=world.year, annual_target=80)
        for indicator, goal in zip(indicators, goals, strict=True)
    )
    activities = Activity.objects.bulk_create(
        Activity(
            unit=world.unit,
            title=f"Läsa {lot}",
            responsible=manager,
            starts_on=date(world.year, 1, 1),
            due_on=date(world.year, 12, 31),
        )
        for _ in goals
    )
    ActivityGoal.objects.bulk_create(
        ActivityGoal(activity=activity, goal=each)
        for activity, goal in zip(activities, goals, strict=True)
        for each in (goal, world.unit_goal)
    )
    for name, period in [("accepted", "t1"), ("working", "t2")]:
        report, told = world.reports[name], now if name == "accepted" else None
        assessments = Assessment.objects.bulk_create(
            Assessment(
                report=report,
                goal=goal,
                judgement="PARTIAL",
                reason="Vi är på väg.",
                submitted_judgement="PARTIAL" if told else "",
                submitted_at=told,
            )
            for goal in goals
        )
        measures = Activity.objects.bulk_create(
            Activity(
                unit=world.unit,
                title=f"Åtgärd {lot}",
                responsible=manager,
                starts_on=today,
                due_on=today,
                state="NOT_BEGUN" if told else "PROPOSED",
                assessment=assessment,
            )
            for assessment in assessments
        )
        ActivityGoal.objects.bulk_create(
            ActivityGoal(activity=measure, goal=goal)
            for measure, goal in zip(measures, goals, strict=True)
        )
        Analysis.objects.bulk_create(
            Analysis(report=report, goal=goal, cause="Vi var för få.") for goal in goals
        )
        ActivityNote.objects.bulk_create(
            ActivityNote(report=report, activity=activity, state="BEGUN") for activity in activities
        )
        Need.objects.bulk_create(
            Need(report=report, theme="METHODS", text="Tid.", submitted_at=told) for _ in goals
        )
        Value.objects.bulk_create(
            Value(
                indicator=indicator,
                unit=world.unit,
                period=world.periods[period],
                value=Decimal(70),
                submitted_value=Decimal(70) if told else None,
                submitted_at=told,
            )
            for indicator in indicators
        )
    units = list(Unit.objects.filter(code__startswith=f"{lot}-UNIT"))
    Report.objects.bulk_create(Report(unit=unit, period=world.periods["t2"]) for unit in units[::2])
    Closure.objects.bulk_create(
        Closure(unit=unit, period=world.periods["t2"], closed_by=world.people["controller"])
        for unit in units[::3]
    )
    Target.objects.bulk_create(
        Target(
            indicator=world.indicators["city_indicator"],
            goal=world.unit_goal,
            unit=unit,
            year=world.year,
        )
        for unit in units
    )
    Value.objects.bulk_create(
        Value(
            indicator=world.indicators["city_indicator"],
            unit=unit,
            period=world.periods["t1"],
            value=Decimal(60),
            submitted_value=Decimal(60),
            submitted_at=now,
        )
        for unit in units
    )
    DocumentBuild.objects.bulk_create(
        DocumentBuild(
            unit=world.board,
            period=world.periods["t1"],
            state="READY",
            asked_by=world.people["controller"],
            ready_at=now,
            pdf=b"-",
            docx=b"-",
        )
        for _ in range(count)
    )
    AnalysisMethod.objects.bulk_create(
        AnalysisMethod(unit=world.board, name=f"{lot} {number}", help_text="Så här.")
        for number in range(count)
    )
    Reminder.objects.bulk_create(
        Reminder(period=world.periods["t2"], text="I dag.", sent_by=world.people["controller"])
        for _ in range(count)
    )


def _pages():
    """Each page of the year once for each who opens it, about the first thing that they may see."""
    pages = {}
    for row in read_table():
        for who in WHO:
            opens = row.cells.get(who) == "opens"
            if row.method == "GET" and opens and row.route.startswith("goals:"):
                pages.setdefault((row.route, who), row)
    return pages


def queries_of_pages(world, as_persona):
    asked = {}
    for who in WHO:
        client = as_persona(who)
        client.get(reverse("about_access"))  # the first request of a session also writes it
        for (route, opener), row in _pages().items():
            if opener != who:
                continue
            with Asked() as queries:
                answer = client.get(address(world, row))
            assert answer.status_code == 200, (route, who)
            verbs = [query["sql"].split()[0] for query in queries]
            asked[route, who] = len(
                [verb for verb in verbs if verb not in {"SAVEPOINT", "RELEASE"}]
            )
    return asked


@pytest.mark.parametrize("many", [60, pytest.param(1_000, marks=pytest.mark.slow)])
def test_every_page_of_the_year_asks_as_often_for_many_rows_as_for_few(world, as_persona, many):
    fill_year(world, "få", FEW)
    of_few = queries_of_pages(world, as_persona)
    fill_year(world, "många", many - FEW)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    of_many = queries_of_pages(world, as_persona)

    # Among many people one searches for who is responsible, which is one question more.
    grown = {page: (of_few[page], n) for page, n in of_many.items() if n > of_few[page]}
    grown.pop(("goals:activity_edit", "manager"), None)
    assert grown == {}
    assert {
        page: n
        for page, n in of_many.items()
        if n > (MOST_OF_THE_BIG_ONES if page[0] in BIG_ONES else MOST_QUERIES)
    } == {}
