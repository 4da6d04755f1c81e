"""The invented city: what it must hold for the demo to be worth a walk, at any size."""

from datetime import date, datetime

import pytest
from django.apps import apps
from django.contrib.auth.hashers import check_password, is_password_usable
from django.db import connection, models, transaction
from django.test.utils import CaptureQueriesContext

from dialogues.models import Acknowledgement, with_acknowledgement
from goals.models import (
    GOAL_PARTS,
    Activity,
    ActivityNote,
    Assessment,
    CarryOver,
    Expectation,
    Goal,
    GoalVersion,
    Need,
    PlanYear,
    Report,
    ReportStep,
    ReportVersion,
    Value,
)
from goals.rules import can_adopt_goal, can_give_expectation
from goals.thread import line_of
from stockholm_quality.city import ACCOUNTS, EMAIL_DOMAIN, PASSWORD
from stockholm_quality.city.agreements import mandate_period
from stockholm_quality.city.organisation import AN_AUTUMN_DAY, promises, texts
from stockholm_quality.tests.city_rig import DAY, EMPLOYEES, YEAR, build, clear
from stockholm_quality.tests.world import scene
from units.models import (
    Employment,
    Leave,
    ProtectedIdentityKeeper,
    Role,
    RoleAssignment,
    StaffGroup,
    Unit,
    UnitPlacement,
    User,
)

pytestmark = pytest.mark.django_db


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


def test_every_employment_has_the_staff_group_of_its_occupation(city):
    assert not Employment.objects.filter(staff_group=None).exists()
    pairs = Employment.objects.values_list("title", "staff_group__name").distinct()
    assert len(dict(pairs)) == len(pairs)
    assert {"Förskollärare", "Barnskötare", "Chefer", "Administration"} <= set(dict(pairs).values())
    assert dict(pairs)["Undersköterska"] == "Undersköterskor och vårdbiträden"
    assert StaffGroup.objects.count() == 10


def test_every_occupation_of_a_city_of_every_kind_of_unit_has_one_staff_group():
    groups = texts("names")["groups"].values()
    titles = [title for group in groups for title in group["titles"]]
    profiles = promises()["profile"].values()

    assert len(set(titles)) == len(titles)
    employed = {title for each in profiles for title in (each["head"], *each["titles"])}
    assert employed | {account.title for account in ACCOUNTS.values()} <= set(titles)


def test_a_few_people_are_on_leave_and_none_who_shows_the_demo(city):
    today = date(YEAR, *AN_AUTUMN_DAY)
    away = Leave.objects.active_on(today)

    assert away.count() == Leave.objects.count() == Employment.objects.count() * 3 // 100
    assert 0 < away.filter(ends_on=None).count() < away.count()
    assert not away.filter(employment__person__in=city.values()).exists()
    assert not away.filter(employment__person__roles__isnull=False).exists()
    assert not away.filter(starts_on__lt=models.F("employment__starts_on")).exists()
    assert away.filter(employment__unit__name="Förskolan Ängen").count() == 1


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
    mine = Expectation.objects.held_by(city["medarbetare"]).for_year(YEAR)
    mine = mine.with_line().order_by("pk")

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
    of_year = Expectation.objects.held_by(city["medarbetare"]).for_year(YEAR)
    mine = with_acknowledgement(of_year)

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


# --- The generator -----------------------------------------------------------------------------


@scene()
def _rows():
    """Everything that was built, but for the salted passwords and the row numbers."""
    names = {"units": ["unit", "unitplacement", "user", "staffgroup", "employment", "leave",
                       "roleassignment"],
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


@scene()
def _latest(model, field):
    return model.objects.aggregate(latest=models.Max(field))["latest"]


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
            # By when something is expected lies ahead.
            if isinstance(field, models.DateField) and field.name != "due_on":
                latest = _latest(model, field.name)
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

    assert len(told) == 5
