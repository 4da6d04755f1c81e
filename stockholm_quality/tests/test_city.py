"""The invented city: what it must hold for the demo to be worth a walk, at any size."""

from datetime import date, datetime

import pytest
from django.apps import apps
from django.contrib.auth.hashers import check_password, is_password_usable
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext

from dialogues.models import Acknowledgement, with_acknowledgement
from goals.actions.reports import what_is_missing
from goals.measuring import Suggestion
from goals.models import (
    GOAL_PARTS,
    Activity,
    ActivityNote,
    Assessment,
    CarryOver,
    Expectation,
    Gender,
    Goal,
    GoalVersion,
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
from goals.rules import can_adopt_goal, can_give_expectation
from goals.sheet import read_sheet
from goals.snapshots import encoded, snapshot_of, working_snapshot
from goals.thread import line_of
from stockholm_quality.city import ACCOUNTS, EMAIL_DOMAIN, PASSWORD, build_city
from stockholm_quality.city.agreements import mandate_period
from units.models import (
    Employment,
    ProtectedIdentityKeeper,
    Role,
    RoleAssignment,
    Unit,
    UnitPlacement,
    User,
)

YEAR = 2026
DAY = date(YEAR, 10, 1)
EMPLOYEES = 420

pytestmark = pytest.mark.django_db


def build(**options):
    build_city(
        **{"employees": EMPLOYEES, "seed": 1, "year": YEAR, "progress": lambda what: None} | options
    )


def clear():
    tables = ", ".join(
        connection.ops.quote_name(model._meta.db_table)
        for model in apps.get_models()
        if model._meta.app_label in {"units", "goals", "dialogues", "pghistory"}
        and model._meta.managed
        and not model._meta.proxy
    )
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker):
    """One city for the tests that only look; each test's own transaction sees it."""
    with django_db_blocker.unblock():
        build()
    yield
    with django_db_blocker.unblock():
        clear()


@pytest.fixture
def empty(db):
    """No city, until the test's transaction is rolled back."""
    clear()


@pytest.fixture
def city(built, db):
    return {name: User.objects.get(account_name=name) for name in ACCOUNTS}


# --- People and units --------------------------------------------------------------------------


def test_the_city_has_exactly_the_people_asked_for(city):
    assert User.objects.count() == EMPLOYEES


def test_the_boards_are_those_of_the_shipped_file(city):
    boards = Unit.objects.filter(kind=Unit.Kind.BOARD)

    assert boards.count() == 28
    assert boards.get(code="SDN-SOD").name == "Södermalms stadsdelsnämnd"


def test_every_account_signs_in_with_the_one_password_and_nobody_else_can(city, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]

    assert len(PASSWORD) >= 15
    assert all(check_password(PASSWORD, person.password) for person in city.values())
    others = User.objects.exclude(account_name__in=ACCOUNTS)
    assert not any(is_password_usable(person.password) for person in others)


def test_nobody_can_be_written_to_and_nobody_shares_a_name_with_a_number(city):
    assert not User.objects.exclude(email__endswith=f"@{EMAIL_DOMAIN}").exists()
    assert not User.objects.filter(given_name__regex="[0-9]").exists()


def test_the_accounts_stand_where_the_demo_says(city):
    unit = Employment.objects.get(person=city["medarbetare"]).unit
    above = list(Unit.objects.above(unit, DAY).values_list("name", flat=True))

    assert above == [
        "Förskolan Ängen",
        "Avdelningen för förskola",
        "Södermalms stadsdelsnämnd",
        "Stockholms stad",
    ]
    roles = RoleAssignment.objects.active_on(DAY).values_list("person", "role", "unit__name")
    expected = [
        ("chef", Role.MANAGER, "Förskolan Ängen"),
        ("avdelningschef", Role.MANAGER, "Avdelningen för förskola"),
        ("controller", Role.CONTROLLER, "Södermalms stadsdelsnämnd"),
        ("hr", Role.HR, "Södermalms stadsdelsnämnd"),
        ("ombud", Role.REPRESENTATIVE, "Förskolan Ängen"),
        ("admin", Role.SYSTEM_ADMINISTRATOR, "Stockholms stad"),
    ]
    held = {row for row in roles if row[0] in {person.pk for person in city.values()}}
    assert held == {(city[name].pk, role, unit) for name, role, unit in expected}


def test_each_account_manages_whom_it_should(city):
    team = Employment.objects.managed_by(city["chef"], DAY)

    assert team.filter(person=city["medarbetare"]).exists()
    assert set(team.values_list("unit__name", flat=True)) == {"Förskolan Ängen"}
    managers = Employment.objects.managed_by(city["avdelningschef"], DAY)
    assert managers.filter(person=city["chef"]).exists()


def test_the_unusual_is_there(city):
    protected = User.objects.get(has_protected_identity=True)
    keeper = ProtectedIdentityKeeper.objects.get(person=protected)
    assert keeper.administrator == city["hr"]
    assert protected.given_name.lower() not in protected.account_name
    assert protected.family_name.lower() not in protected.account_name

    merged = Unit.objects.get(name="Förskolan Grinden")
    assert str(merged.successor) == "Förskolan Linden"
    assert not Unit.objects.active_on(DAY).filter(pk=merged.pk).exists()

    renamed = Unit.objects.get(name="Förskolan Skeppet")
    names = UnitPlacement.objects.filter(unit=renamed).order_by("starts_on")
    assert list(names.values_list("name", flat=True)) == ["Förskolan Varvet", "Förskolan Skeppet"]

    employed = Employment.objects.active_on(DAY)
    twice = employed.values("person").annotate(count=models.Count("pk")).filter(count=2)
    assert twice.count() == 1
    small = employed.filter(unit__name="Öppna förskolan Trekanten")
    assert small.count() == 4
    former = RoleAssignment.objects.filter(role=Role.MANAGER, unit__name="Förskolan Ängen")
    assert former.exclude(person=city["chef"]).get().ends_on < DAY


# --- Goals and expectations --------------------------------------------------------------------


def test_the_known_goals_are_real_and_those_of_the_year_are_examples(city):
    council = Goal.objects.at_level(Goal.Level.ORIENTATION, Goal.Level.OPERATIONAL_AREA)

    marks = set(council.values_list("first_year", "last_year", "is_example", "is_verified"))
    assert marks == {
        (2015, 2018, False, True),
        (2019, 2022, False, True),
        (2023, 2026, True, False),
        (2027, 2030, True, False),
    }
    titles = [
        set(council.filter(first_year=year).values_list("number", "title"))
        for year in (2015, 2023, 2027)
    ]
    assert titles[0] == titles[1] == titles[2]


@pytest.mark.parametrize(
    ("year", "period"),
    [(2015, (2015, 2018)), (2022, (2019, 2022)), (2026, (2023, 2026)), (2027, (2027, 2030))],
)
def test_a_mandate_period_is_four_years(year, period):
    assert mandate_period(year) == period


def test_every_goal_below_the_council_is_marked_as_an_example(city):
    goals = Goal.objects.at_level(Goal.Level.BOARD, Goal.Level.UNIT)

    assert goals.exists()
    assert not goals.filter(is_example=False).exists()
    assert not goals.filter(is_verified=True).exists()


def test_every_adopted_goal_has_the_versions_it_counts(city):
    for goal in Goal.objects.adopted().prefetch_related("versions"):
        numbers = sorted(version.number for version in goal.versions.all())
        assert numbers == list(range(1, goal.version_number + 1))
        last = max(goal.versions.all(), key=lambda version: version.number)
        assert [getattr(last, part) for part in GOAL_PARTS] == [
            getattr(goal, part) for part in GOAL_PARTS
        ]
        assert (last.parent_id, last.decided_on) == (goal.parent_id, goal.decided_on)
    assert not GoalVersion.objects.filter(goal__status=Goal.Status.DRAFT).exists()


def test_the_thread_of_the_employee_reaches_the_council(city):
    mine = Expectation.objects.held_by(city["medarbetare"]).with_line().order_by("pk")

    first = mine[0]
    assert len(mine) == 2
    assert [first.text.split(",")[0], first.goal.title] == [
        "Alla barn i din grupp får en egen språkplan som vi följer upp tillsammans med hemmet "
        "varje termin",
        "Barnen utvecklar ett rikt språk, oavsett vilket språk de talar hemma",
    ]
    _own, board_goal, *councils = line_of(first.goal)
    assert board_goal.unit.name == "Södermalms stadsdelsnämnd"
    assert board_goal.decided_on is not None
    assert board_goal.reference_number != ""
    assert [str(goal) for goal in councils] == [
        "1.1 Alla barn i Stockholm har goda och jämlika uppväxtvillkor",
        "1 Ett Stockholm som håller samman",
    ]


def test_the_employee_knows_one_of_two_expectations(city):
    mine = with_acknowledgement(Expectation.objects.held_by(city["medarbetare"]))

    known = [row.acknowledged_at is not None for row in mine.order_by("pk")]
    assert known == [True, False]


def test_the_manager_has_a_draft_to_adopt_and_two_without_expectation(city):
    draft = Goal.objects.drafts().get(unit__name="Förskolan Ängen")
    assert can_adopt_goal(city["chef"], draft, DAY)

    team = Employment.objects.managed_by(city["chef"], DAY)
    assert team.filter(expectations__isnull=True).count() == 2


def test_most_employees_have_an_expectation_and_two_thirds_know_it(city):
    employed = Employment.objects.active_on(DAY)
    with_one = employed.filter(expectations__isnull=False).distinct().count()
    assert with_one / employed.count() > 0.7

    known = Acknowledgement.objects.in_step().count() / Expectation.objects.count()
    assert 0.55 < known < 0.75


def test_every_expectation_was_given_by_the_nearest_manager_on_a_goal_in_line(city):
    for expectation in Expectation.objects.select_related("goal__unit", "employment", "given_by"):
        giver, day = expectation.given_by, expectation.given_at.date()
        assert can_give_expectation(giver, expectation.goal, expectation.employment, day)


def test_something_hangs_loose_in_every_way(city):
    goals = Goal.objects.adopted().for_year(YEAR)

    council = goals.at_level(Goal.Level.OPERATIONAL_AREA).not_taken_up_below(YEAR)
    assert set(council.values_list("number", flat=True)) == {"2.4", "2.6", "4.1", "4.3"}
    assert goals.at_level(Goal.Level.BOARD).not_taken_up_below(YEAR).exists()
    assert goals.at_level(Goal.Level.UNIT).filter(parent=None).exists()
    assert Goal.objects.drafts().count() > 1


def test_a_changed_goal_keeps_both_wordings_and_the_reason(city):
    changed = Goal.objects.get(version_number=2)

    first, second = changed.versions.order_by("number")
    assert changed.unit.name == "Förskolan Ängen"
    assert (first.reason, first.title != second.title) == ("", True)
    assert second.reason != ""


def test_board_goals_are_adopted_with_date_and_number(city):
    board_goals = Goal.objects.at_level(Goal.Level.BOARD)

    assert not board_goals.filter(decided_on=None).exists()
    assert not board_goals.filter(reference_number="").exists()
    mine = board_goals.filter(unit__code="SDN-SOD").values_list("adopted_by", flat=True)
    assert set(mine) == {city["controller"].pk}


# --- The year ----------------------------------------------------------------------------------


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


# --- The generator -----------------------------------------------------------------------------


def _rows():
    """Everything that was built, but for the salted passwords and the row numbers."""
    names = {"units": ["unit", "unitplacement", "user", "employment", "roleassignment"],
             "goals": ["goal", "goalversion", "goalcontribution", "expectation", "planyear",
                       "period", "carryover", "indicator", "target", "value", "activity", "report",
                       "reportversion", "reportstep", "assessment", "analysis", "activitynote",
                       "need"],
             "dialogues": ["acknowledgement"]}  # fmt: skip
    found = {}
    for app, models_of_app in names.items():
        for name in models_of_app:
            model = apps.get_model(app, name)
            fields = [
                field.attname
                for field in model._meta.concrete_fields
                if not field.is_relation and not field.primary_key and field.name != "password"
            ]
            found[name] = list(model.objects.order_by("pk").values_list(*fields))
    return found


def test_the_same_seed_gives_the_same_city_and_another_seed_another(empty):
    build(employees=250)
    first = _rows()
    clear()
    build(employees=250)
    second = _rows()
    clear()
    build(employees=250, seed=2)
    third = _rows()

    assert first == second
    assert first["user"] != third["user"]


def test_the_number_of_statements_does_not_follow_the_number_of_people(empty):
    counts = []
    for employees in (300, 1200):
        with transaction.atomic():
            with CaptureQueriesContext(connection) as queries:
                build(employees=employees)
            counts.append(len(queries))
            transaction.set_rollback(True)

    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "last_day", [date(YEAR, 1, 4), date(YEAR, 7, 2), date(YEAR, 11, 21)], ids=str
)
def test_nothing_is_dated_after_the_last_day_given(empty, last_day):
    build(employees=250, until=last_day)

    happened = (Goal, GoalVersion, Expectation, Acknowledgement, Employment, RoleAssignment,
                CarryOver, PlanYear, Report, ReportVersion, ReportStep, Value, Assessment, Need,
                ActivityNote)  # fmt: skip
    for model in happened:
        for field in model._meta.concrete_fields:
            if isinstance(field, models.DateField):
                latest = model.objects.aggregate(latest=models.Max(field.name))["latest"]
                day = latest.date() if isinstance(latest, datetime) else latest
                assert day is None or day <= last_day, f"{model.__name__}.{field.name}"
    # Activities are planned ahead, but done by now.
    assert not Activity.objects.filter(done_on__gt=last_day).exists()


def test_a_city_needs_people():
    with pytest.raises(ValueError, match="200"):
        build(employees=50)


def test_a_year_with_known_goals_needs_no_examples(empty):
    build(employees=250, year=2017)

    council = Goal.objects.at_level(Goal.Level.ORIENTATION, Goal.Level.OPERATIONAL_AREA)
    assert not council.filter(is_example=True).exists()
    assert Goal.objects.at_level(Goal.Level.BOARD).filter(parent__first_year=2015).exists()


def test_progress_is_told_along_the_way(empty):
    told = []

    build(employees=250, progress=told.append)

    assert len(told) == 4
