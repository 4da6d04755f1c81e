"""The year of the invented city: plans, values and reports in every state."""

from datetime import date

import pytest
from django.db import models

from goals.actions.reports import what_is_missing
from goals.measuring import Suggestion
from goals.models import (
    Activity,
    Assessment,
    CarryOver,
    Gender,
    Goal,
    Indicator,
    Judgement,
    Need,
    Period,
    PlanYear,
    Report,
    ReportStep,
    ReportVersion,
    Target,
    Value,
)
from goals.sheet import read_sheet
from goals.snapshots import encoded, snapshot_of, working_snapshot
from stockholm_quality.tests.city_rig import DAY, YEAR, build
from units.models import (
    Employment,
    Role,
    RoleAssignment,
    Unit,
)

pytestmark = pytest.mark.django_db


def reports_of(year, *codes):
    reports = Report.objects.filter(period__plan_year__year=year).with_place()
    return reports.filter(period__code__in=codes) if codes else reports


def test_each_board_with_people_has_this_year_and_the_last_with_the_citys_four_periods(city):
    boards = RoleAssignment.objects.filter(role=Role.CONTROLLER, unit__kind=Unit.Kind.BOARD)
    expected = {(pk, year) for pk in boards.values_list("unit", flat=True) for year in (2025, YEAR)}

    assert set(PlanYear.objects.values_list("unit", "year")) == expected
    codes = Period.objects.in_order().filter(plan_year__unit__code="SDN-SOD", plan_year__year=YEAR)
    assert [period.code for period in codes] == ["T1", "T2", "VB", "VP"] or {
        period.code for period in codes
    } == {"VP", "T1", "T2", "VB"}
    assert not Period.objects.filter(instructions="").exists()


def test_the_next_year_is_opened_for_the_home_board_when_its_plan_begins(empty):
    build(employees=250, until=date(YEAR, 11, 21))

    next_year = PlanYear.objects.get(year=YEAR + 1)
    assert next_year.unit.code == "SDN-SOD"
    begun = reports_of(YEAR + 1).get()
    assert (begun.unit.name, begun.status) == ("Förskolan Ängen", Report.Status.BEGUN)


def test_every_workplace_says_what_it_works_with(city):
    units = Unit.objects.filter(kind=Unit.Kind.UNIT)

    assert not units.filter(operation="").exists()
    assert units.get(name="Förskolan Ängen").operation == Unit.Operation.PRESCHOOL


def test_indicators_are_examples_of_every_kind(city):
    indicators = Indicator.objects.all()

    assert not indicators.filter(is_example=False).exists()
    assert set(indicators.values_list("unit__kind", flat=True)) >= {"CITY", "BOARD", "UNIT"}
    for name in ("direction", "frequency", "over_periods", "is_cumulative", "has_parts"):
        field = Indicator._meta.get_field(name)
        known = {choice for choice, _label in field.choices or [(True, ""), (False, "")]}
        assert set(indicators.values_list(name, flat=True)) == known, name
    assert Target.objects.filter(annual_target=0, unit__kind=Unit.Kind.UNIT).exists()
    assert indicators.filter(baseline_not_applicable=True).exists()
    of_its_own = Target.objects.exclude(note="").select_related("indicator")
    assert any(
        Target.objects.filter(indicator=each.indicator, year=each.year, unit__kind="CITY")
        .exclude(annual_target=each.annual_target)
        .exists()
        for each in of_its_own
    )


def test_indicators_and_periods_pass_the_forms_own_checks(city):
    for row in [*Indicator.objects.all(), *Period.objects.all(), *Activity.objects.all()[:200]]:
        row.full_clean()


def test_last_years_goals_are_carried_over(city):
    for carried in CarryOver.objects.select_related("goal", "successor"):
        assert (carried.goal.last_year, carried.successor.first_year) == (YEAR - 1, YEAR)
        assert carried.goal.unit_id == carried.successor.unit_id


def test_last_years_reports_are_all_accepted(city):
    last = reports_of(YEAR - 1)

    assert set(last.values_list("status", flat=True)) == {Report.Status.ACCEPTED}
    assert set(last.values_list("period__code", flat=True)) == {"VP", "T1", "T2", "VB"}


def test_this_years_first_report_is_accepted_nearly_everywhere(city):
    first = reports_of(YEAR, "T1")

    accepted = first.filter(status=Report.Status.ACCEPTED).count()
    assert accepted / first.count() > 0.8


def test_the_period_under_way_has_reports_in_every_state(city):
    second = reports_of(YEAR, "T2")

    assert set(second.values_list("status", flat=True)) == set(Report.Status)
    reporting = Goal.objects.adopted().filter(first_year=YEAR).values("unit").distinct().count()
    assert second.count() < reporting  # some have not begun, and are late
    assert set(ReportStep.objects.values_list("kind", flat=True)) == set(ReportStep.Kind)


def test_the_manager_has_had_one_report_accepted_and_the_next_returned_with_words(city):
    home = {
        report.period.code: report
        for report in reports_of(YEAR).filter(unit__name="Förskolan Ängen")
    }

    states = {code: report.status for code, report in home.items()}
    assert states == {"VP": "ACCEPTED", "T1": "ACCEPTED", "T2": "RETURNED"}
    returned = home["T2"].steps.get(kind=ReportStep.Kind.RETURNED)
    assert returned.taken_by == city["controller"]
    assert len(returned.comment) > 80
    submitted = home["T2"].steps.get(kind=ReportStep.Kind.SUBMITTED)
    assert submitted.taken_by == city["chef"]


@pytest.mark.parametrize(
    ("day", "code", "status"),
    [
        (date(YEAR, 1, 20), "VP", Report.Status.BEGUN),
        (date(YEAR, 5, 2), "T1", Report.Status.BEGUN),
        (date(YEAR, 6, 20), "T1", Report.Status.RETURNED),
        (date(YEAR, 8, 25), "T2", Report.Status.BEGUN),
        (date(YEAR, 12, 20), "VB", Report.Status.BEGUN),
    ],
)
def test_the_manager_has_something_to_write_whenever_the_demo_is_started(empty, day, code, status):
    build(employees=250, until=day)

    report = reports_of(YEAR, code).get(unit__name="Förskolan Ängen")
    assert report.status == status
    assert Activity.objects.filter(unit=report.unit).exists()


def test_the_accounts_are_responsible_for_activities(city):
    this_year = Activity.objects.in_year(YEAR)

    assert this_year.filter(responsible=city["medarbetare"]).count() >= 2
    assert this_year.filter(responsible=city["chef"]).exists()


def test_some_activities_are_late_and_every_state_is_there(city):
    activities = Activity.objects.all()

    states = set(Activity.State) - {Activity.State.PROPOSED}  # only in what is being written
    assert set(activities.values_list("state", flat=True)) >= states
    assert any(activity.is_late_on(DAY) for activity in activities)


def test_everyone_responsible_works_at_the_unit(city):
    for activity in Activity.objects.filter(unit__kind=Unit.Kind.UNIT):
        places = Employment.objects.filter(person=activity.responsible_id)
        there = places.filter(unit=activity.unit_id).first()
        if there is None:
            manager = RoleAssignment.objects.filter(person=activity.responsible_id)
            assert manager.filter(role=Role.MANAGER).exists()
            continue
        assert there.starts_on <= activity.starts_on


def test_nothing_is_missing_in_what_was_handed_in(city):
    checked = 0
    for report in reports_of(YEAR).filter(status__in=["SUBMITTED", "RETURNED", "ACCEPTED"]):
        sheet = read_sheet(report.unit, report.period, report)
        for row in sheet.goals:
            # As it was suggested that day: activities have become late since.
            suggestion = row.assessment.suggestion
            row.suggestion = Suggestion(Judgement(suggestion) if suggestion else None, ())
        assert [each.text for each in what_is_missing(sheet)] == [], str(report)
        checked += 1
    assert checked > 30


def test_every_version_is_the_report_as_the_portal_itself_would_have_frozen_it(city):
    """The rows of a report that has been neither changed nor followed by another."""
    compared = 0
    for report in reports_of(YEAR, "T2").filter(status="SUBMITTED", version_number=1):
        frozen = encoded(snapshot_of(report.versions.get()))
        sheet = read_sheet(report.unit, report.period, report)
        for row, goal in zip(sheet.goals, frozen["goals"], strict=True):
            suggestion = goal["suggestion"]
            row.suggestion = Suggestion(
                Judgement(suggestion) if suggestion else None, tuple(goal["suggestion_reasons"])
            )
            # Handing in set the new measures going, and some have begun since.
            for each in row.activities:
                if each.is_measure:
                    each.note.state = Activity.State.NOT_BEGUN
        now = encoded(working_snapshot(report, sheet))
        assert now | {"made_at": None} == frozen | {"made_at": None}, str(report)
        compared += 1
    assert compared > 3


def test_every_snapshot_can_be_read_and_is_numbered(city):
    for report in Report.objects.prefetch_related("versions"):
        versions = sorted(report.versions.all(), key=lambda version: version.number)
        numbers = [version.number for version in versions]
        assert numbers == list(range(1, report.version_number + 1))
        for version in versions:
            snapshot = snapshot_of(version)
            assert (snapshot.version_number, snapshot.made_at) == (version.number, version.made_at)
            assert snapshot.correction_reason == version.reason


def test_what_others_are_shown_is_what_was_frozen(city):
    for version in ReportVersion.objects.select_related("report"):
        report = version.report
        if version.number != report.version_number:
            continue
        told = Value.objects.submitted().filter(unit=report.unit_id, period=report.period_id)
        shown = {
            (value.indicator_id, value.gender): (
                value.submitted_value,
                value.submitted_numerator,
                value.submitted_denominator,
                value.submitted_is_not_measured,
                value.submitted_comment,
                value.submitted_at,
            )
            for value in told
        }
        snapshot = snapshot_of(version)
        frozen = {
            (indicator.pk, value.gender): (
                value.value,
                value.numerator,
                value.denominator,
                value.is_not_measured,
                value.comment,
                version.made_at,
            )
            for goal in snapshot.goals
            for indicator in goal.indicators
            for value in indicator.values
        }
        assert shown == frozen
        assessments = report.assessments.submitted()
        assert {
            (row.goal_id, row.submitted_judgement, row.submitted_reason) for row in assessments
        } == {(goal.pk, goal.judgement, goal.reason) for goal in snapshot.goals if goal.judgement}
        assert sorted(report.needs.submitted().values_list("text", flat=True)) == sorted(
            need.text for need in snapshot.needs
        )


def test_what_has_not_been_handed_in_is_told_to_nobody(city):
    drafts = Report.objects.filter(version_number=0)

    assert drafts.exists()
    for report in drafts:
        values = Value.objects.filter(unit=report.unit_id, period=report.period_id)
        assert not values.submitted().exists()
        assert not report.assessments.submitted().exists()
        assert not report.needs.submitted().exists()


def test_a_correction_under_way_differs_from_what_was_told(city):
    correcting = Report.objects.filter(status=Report.Status.CORRECTING)

    assert not correcting.filter(correction_reason="").exists()
    units = correcting.values("unit")
    changed = Value.objects.submitted().filter(unit__in=units)
    assert changed.exclude(value=models.F("submitted_value")).exists()


def test_parts_and_genders_add_up(city):
    totals = Value.objects.filter(gender=Gender.TOTAL, indicator__by_gender=True)
    checked = 0
    for total in totals.filter(indicator__has_parts=True, numerator__isnull=False):
        divided = Value.objects.filter(
            indicator=total.indicator_id, unit=total.unit_id, period=total.period_id
        ).exclude(gender=Gender.TOTAL)
        if total.value != total.submitted_value and total.submitted_at:
            continue
        assert sum(each.numerator for each in divided) == total.numerator
        assert sum(each.denominator for each in divided) == total.denominator
        checked += 1
    assert checked > 20
    assert not Value.objects.filter(value__lt=0).exists()
    assert not Value.objects.filter(value__gt=100, indicator__unit_of_measure="%").exists()


def test_some_was_not_measured_and_says_why(city):
    values = Value.objects.filter(is_not_measured=True)

    assert values.exists()
    assert not values.filter(comment="").exists()


def test_judgements_are_given_with_reasons_of_length_and_analyses_with_causes(city):
    judged = Assessment.objects.submitted()

    assert set(judged.values_list("submitted_judgement", flat=True)) == set(Judgement)
    assert min(len(reason) for reason in judged.values_list("reason", flat=True)) > 60
    for report in reports_of(YEAR, "T2").submitted():
        missed = report.assessments.filter(judgement=Judgement.NOT).values("goal")
        assert report.analyses.filter(goal__in=missed).exclude(cause="").count() == len(missed)


def test_needs_are_named_on_many_themes(city):
    assert Need.objects.submitted().values("theme").distinct().count() > 4


def test_the_unit_that_was_merged_has_its_report_of_the_spring_and_lives_on_in_the_next(city):
    merged, into = (Unit.objects.get(name=f"Förskolan {name}") for name in ("Grinden", "Linden"))

    assert list(reports_of(YEAR).filter(unit=merged).values_list("period__code", flat=True)) != []
    assert not reports_of(YEAR, "T2").filter(unit=merged).exists()
    period = Period.objects.get(code="T2", plan_year__year=YEAR, plan_year__unit__code="SDN-SOD")
    goals = read_sheet(into, period, None).goals
    assert {row.goal.unit_id for row in goals} == {merged.pk, into.pk}


def test_controllers_review_and_nobody_reviews_their_own(city):
    steps = ReportStep.objects.filter(kind__in=["RETURNED", "ACCEPTED"])
    for step in steps.select_related("report__unit"):
        handed_in = step.report.steps.filter(kind="SUBMITTED").values_list("taken_by", flat=True)
        assert step.taken_by_id not in handed_in
        roles = RoleAssignment.objects.filter(person=step.taken_by_id, role=Role.CONTROLLER)
        assert roles.exists()
