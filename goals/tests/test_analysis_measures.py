"""Measures: what is decided because of a result, and becomes an activity when it is handed in."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from goals.actions.reports import begin_correction, drop_measure
from goals.forms.indicator import people_who_could
from goals.models import Activity, Report
from goals.sheet import read_row, read_sheet
from goals.tests.test_analysis import a_measure, address, written
from stockholm_quality.tests.world import canary
from stockholm_quality.tests.world_year import add_report, hand_in


@pytest.fixture
def report(year):
    return year.reports["working"]


def test_a_measure_is_proposed_until_the_report_is_handed_in(year, report, as_persona):
    answer = as_persona("manager").post(
        address(report, year.unit_goal, "measure_new"),
        {**a_measure(year.employee), "form_token": uuid4()},
    )

    measure = Activity.objects.get(title="Fler läser högt")
    assert answer.url == f"{report.get_absolute_url()}#measures-{year.unit_goal.pk}"
    assert (measure.state, measure.assessment.report, measure.unit) == (
        "PROPOSED",
        report,
        year.unit,
    )
    hand_in(report, year.manager)
    measure.refresh_from_db()
    assert measure.state == "NOT_BEGUN"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 301}, "title"),
        ({"due_on": ""}, "due_on"),
        ({"responsible": ""}, "responsible"),
        ({"starts_on": "2031-02-02", "due_on": "2031-02-01"}, "due_on"),
        ({"starts_on": "2020-01-01", "due_on": "2020-02-01"}, "due_on"),
    ],
)
def test_a_measure_has_a_responsible_person_and_a_day_ahead(year, report, as_persona, wrong, field):
    answers = [
        as_persona("manager").post(
            address(report, year.unit_goal, "measure_new"),
            {**a_measure(year.manager, **wrong), "form_token": uuid4()},
        ),
        as_persona("manager").post(
            address(report, year.unit_goal),
            written(1, cause="Ny orsak", **a_measure(year.manager, "measure-", **wrong)),
        ),
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert field in answers[0].context["form"].errors
    assert field in answers[1].context["measure"].errors
    assert "Ny orsak" in answers[1].content.decode()
    assert not Activity.objects.filter(due_on__lt="2021-01-01").exists()


def test_only_people_near_the_unit_that_one_may_name_people_who_could(year, report, as_persona):
    near = set(people_who_could(year.unit, year.manager))
    seen_from_above = set(people_who_could(year.unit, year.manager_above))

    assert {year.employee, year.manager, year.protected} <= near
    assert not {year.stranger, year.neighbour, year.left_yesterday} & near
    assert year.protected not in seen_from_above
    answer = as_persona("manager").post(
        address(report, year.unit_goal, "measure_new"),
        {**a_measure(year.stranger), "form_token": uuid4()},
    )
    assert "responsible" in answer.context["form"].errors


def test_a_protected_persons_name_shows_only_to_those_who_may_see_it(year, report, as_persona):
    measure = year.activities["working_measure"]
    measure.responsible, measure.revision = year.protected, measure.revision + 1
    measure.save()

    pages = {
        who: as_persona(who).get(address(report, year.unit_goal)).content.decode()
        for who in ("manager", "controller")
    }

    assert canary("namn-protected") in pages["manager"]
    assert canary("namn-protected") not in pages["controller"]
    assert measure.title in pages["controller"]


def test_a_proposed_measure_can_be_taken_away_once(year, report, as_persona):
    measure = year.activities["working_measure"]
    where = reverse("goals:measure_drop", args=[report.pk, measure.pk])
    sent = {"form_token": uuid4(), "back": "analysis"}
    client = as_persona("manager")

    answers = [client.post(where, sent), client.post(where, sent)]
    third = client.post(where, {"form_token": uuid4()})

    assert [answer.url for answer in answers] == [f"{address(report, year.unit_goal)}#measures"] * 2
    assert third.status_code == 404
    assert not Activity.objects.filter(pk=measure.pk).exists()
    drop_measure(report=report, activity=measure, by=year.manager)  # who comes second does no harm


def test_a_measure_under_way_and_a_foreign_one_are_not_taken_away(year, report, as_persona):
    handed_in = year.activities["accepted_measure"]
    client = as_persona("manager")

    def drop(which, measure, who=client):
        where = reverse("goals:measure_drop", args=[which.pk, measure.pk])
        return who.post(where, {"form_token": uuid4()}).status_code

    assert drop(year.reports["accepted"], handed_in) == 409
    assert drop(report, handed_in) == 404
    assert drop(report, year.activities["activity"]) == 404
    assert drop(report, year.activities["other_working_measure"]) == 404
    assert drop(report, year.activities["working_measure"], as_persona("controller")) == 403
    assert drop(report, year.activities["working_measure"], as_persona("employee")) == 404
    assert (
        Activity.objects.filter(pk__in=[handed_in.pk, year.activities["activity"].pk]).count() == 2
    )


def test_a_measure_that_began_in_an_earlier_version_stays(year, report, as_persona):
    handed_in = hand_in(report, year.manager)
    begin_correction(
        report=handed_in, revision=handed_in.revision, reason="Fel värde", by=year.manager
    )
    measure = year.activities["working_measure"]

    answer = as_persona("manager").post(
        reverse("goals:measure_drop", args=[report.pk, measure.pk]), {"form_token": uuid4()}
    )

    assert answer.status_code == 302
    assert Activity.objects.filter(pk=measure.pk).exists()


def test_a_measure_of_the_annual_report_may_begin_when_the_year_is_over(year):
    report = add_report(year, "annual", "unit", "vb")
    measure = year.activities["annual_measure"]
    measure.starts_on = timezone.localdate().replace(year=year.year + 1, month=2, day=1)
    measure.due_on, measure.revision = measure.starts_on + timedelta(days=60), 2
    measure.save()

    row = read_row(report, year.unit_goal)
    sheet = read_sheet(report.unit, report.period, report)

    assert measure in row.measures
    assert measure in sheet.goals[0].measures
    hand_in(report, year.manager)
    assert Report.objects.get(pk=report.pk).version_number == 1
