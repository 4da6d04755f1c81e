"""The reporting board, and one message to those who are late."""

import socket
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from goals.actions import plans
from goals.models import Period, Reminder, ReminderRecipient, Report, ReportStep
from goals.reports import reporting
from goals.reports.reporting import State, units_that_report
from stockholm_quality.tests.counting import Asked
from stockholm_quality.tests.production import run_in_production
from stockholm_quality.tests.world import LONG_AGO, add_goal, add_person, canary
from units.models import Role, RoleAssignment, Unit, UnitPlacement, User


@pytest.fixture
def plan_year(world):
    return plans.open_plan_year(
        unit=world.board, year=world.year, instructions="", by=world.controller
    )


@pytest.fixture
def period(plan_year):
    """Open since a month, to be handed in within a month, about days until today."""
    period = plan_year.periods.select_related("plan_year__unit").get(code="T1")
    return dated(period, due_in=30)


def dated(period, *, due_in):
    today = timezone.localdate()
    Period.objects.filter(pk=period.pk).update(
        starts_on=min(period.starts_on, today),
        ends_on=today,
        opens_on=today - timedelta(days=30),
        due_on=today + timedelta(days=due_in),
        revision=period.revision + 1,
    )
    period.refresh_from_db()
    return period


def report(unit, period, status, number=None, **fields):
    if number is None:
        number = 0 if status == "BEGUN" else 1
    return Report.objects.create(
        unit=unit, period=period, status=status, version_number=number, **fields
    )


def board(client, period, **asked):
    return client.get(reverse("goals:reporting", args=[period.pk]), asked)


def states(page):
    return {row.unit.code: row.state for row, _shape in page.context["rows"]}


# --- Who reports -------------------------------------------------------------------------------


def test_boards_departments_and_units_report_and_groups_with_goals_of_their_own(world, period):
    names = {unit.code for unit in units_that_report(period)}
    add_goal(world, "group_goal", "group", "UNIT", "board_goal")

    assert names == {"board", "department", "unit", "next_unit", "small_unit"}
    assert world.group in units_that_report(period)


def test_a_group_with_a_draft_or_a_goal_of_another_year_does_not_report(world, period):
    add_goal(world, "group_draft", "group", "UNIT", draft=True)
    add_goal(world, "old", "group", "UNIT", first_year=world.year - 1, last_year=world.year - 1)

    assert world.group not in units_that_report(period)


def test_a_group_with_a_manager_of_its_own_reports(world, period):
    RoleAssignment.objects.create(
        person=world.colleague, unit=world.group, role=Role.MANAGER, starts_on=LONG_AGO
    )

    assert world.group in units_that_report(period)


def test_a_unit_merged_during_the_period_is_gone_from_it_and_stays_where_it_had_reported(
    world, plan_year, period
):
    today = timezone.localdate()
    before = dated(plan_year.periods.get(code="T2"), due_in=5)
    Period.objects.filter(pk=before.pk).update(
        starts_on=today - timedelta(days=60), ends_on=today - timedelta(days=20), revision=3
    )
    before = Period.objects.select_related("plan_year__unit").get(pk=before.pk)
    world.small_unit.placements.update(ends_on=today - timedelta(days=10))
    Unit.objects.filter(pk=world.small_unit.pk).update(successor=world.next_unit)

    assert world.small_unit not in units_that_report(period)
    # Not handed in: nobody could do it for the unit, so it falls to the one that took it over.
    assert world.small_unit not in units_that_report(before)
    Report.objects.create(
        unit=world.small_unit, period=before, status=Report.Status.SUBMITTED, version_number=1
    )
    assert world.small_unit in units_that_report(before)


# --- The board ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due_in", "owed"),
    [
        (30, (State.BEGUN, State.NOT_BEGUN)),
        (0, (State.BEGUN, State.NOT_BEGUN)),
        (-1, (State.LATE, State.LATE)),
    ],
)
def test_each_unit_stands_in_its_state(world, as_persona, period, due_in, owed):
    begun, none = owed
    period = dated(period, due_in=due_in)
    report(world.unit, period, "BEGUN")
    report(world.next_unit, period, "SUBMITTED")
    report(world.department, period, "RETURNED")
    report(world.board, period, "CORRECTING", correction_reason="Fel tal")

    page = board(as_persona("controller"), period)

    assert states(page) == {
        "unit": begun,
        "next_unit": State.SUBMITTED,
        "department": State.RETURNED,
        "board": State.CORRECTING,
        "small_unit": none,
    }


def test_the_board_says_who_took_the_last_step_and_when(world, as_persona, period):
    handed_in = report(world.unit, period, "RETURNED")
    for kind, by in (("SUBMITTED", world.manager), ("RETURNED", world.controller)):
        ReportStep.objects.create(
            report=handed_in, kind=kind, version_number=1, comment="Skriv mer", taken_by=by
        )

    page = board(as_persona("manager_above"), period).content.decode()

    assert str(world.controller) in page
    assert str(world.manager) not in page


def test_a_protected_name_does_not_show_on_the_board(world, as_persona, period):
    handed_in = report(world.unit, period, "SUBMITTED")
    ReportStep.objects.create(
        report=handed_in, kind="SUBMITTED", version_number=1, taken_by=world.protected
    )

    page = board(as_persona("controller"), period).content.decode()

    assert world.protected.family_name not in page


def test_the_board_is_filtered_by_state_and_by_name(world, as_persona, period):
    report(world.unit, period, "ACCEPTED")
    client = as_persona("controller")

    assert set(states(board(client, period, state="ACCEPTED"))) == {"unit"}
    assert set(states(board(client, period, text="ängen"))) == {"unit"}
    assert states(board(client, period, text="ängen", state="LATE")) == {}
    assert len(states(board(client, period, state="NONSENSE", text="\0"))) == 5


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("controller", {"board", "department", "unit", "next_unit", "small_unit"}),
        ("manager_above", {"department", "unit", "next_unit", "small_unit"}),
        ("manager", {"unit"}),
        ("employee", None),
        ("hr", None),
        ("stranger", None),
        ("other_manager", None),
        ("other_controller", None),
        ("acting_ended", None),
    ],
)
def test_one_sees_the_part_of_the_board_that_one_answers_for(world, as_persona, period, who, sees):
    answer = board(as_persona(who), period)

    assert answer.status_code == (403 if sees is None else 200)
    assert sees is None or set(states(answer)) == sees


def test_what_is_closed_says_so(world, as_persona, period):
    plans.close_periods(
        periods=[period], unit=world.department, with_below=True, by=world.controller
    )

    rows = board(as_persona("controller"), period).context["rows"]

    assert {row.unit.code for row, _shape in rows if not row.is_closed} == {"board"}


def add_units(world, period, number):
    """Units with managers, each third of them having handed in."""
    units = Unit.objects.bulk_create(
        Unit(code=f"mass-{number}-{each}", kind=Unit.Kind.UNIT) for each in range(number)
    )
    UnitPlacement.objects.bulk_create(
        UnitPlacement(
            unit=unit, parent=world.department, name=f"Enhet {unit.code}", starts_on=LONG_AGO
        )
        for unit in units
    )
    people = User.objects.bulk_create(
        User(
            account_name=unit.code,
            email=f"{unit.code}@example.se",
            given_name="Chef",
            family_name=unit.code,
            password="!",
        )
        for unit in units
    )
    RoleAssignment.objects.bulk_create(
        RoleAssignment(person=person, unit=unit, role=Role.MANAGER, starts_on=LONG_AGO)
        for person, unit in zip(people, units, strict=True)
    )
    reports = Report.objects.bulk_create(
        Report(unit=unit, period=period, status="SUBMITTED", version_number=1)
        for unit in units[::3]
    )
    ReportStep.objects.bulk_create(
        ReportStep(report=each, kind="SUBMITTED", version_number=1, taken_by=person)
        for each, person in zip(reports, people[::3], strict=True)
    )


def test_the_pages_cost_the_same_for_10_units_and_for_1000(world, as_persona, period):
    client = as_persona("controller")
    pages = [
        reverse("goals:plan_years"),
        reverse("goals:plan_year_new"),
        reverse("goals:plan_year", args=[period.plan_year_id]),
        reverse("goals:reporting", args=[period.pk]),
        reverse("goals:period_close", args=[period.pk]),
        reverse("goals:plan_year_close", args=[period.plan_year_id]),
        reverse("goals:remind", args=[period.pk]),
    ]

    def costs():
        counted = {}
        for page in pages:
            with Asked() as queries:
                assert client.get(page).status_code == 200
            counted[page] = len(queries)
        return counted

    add_units(world, period, 10)
    for page in pages:
        client.get(page)
    few = costs()
    add_units(world, period, 1000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    assert costs() == few
    assert max(few.values()) <= 15


def test_closing_a_period_for_1000_units_takes_as_few_writes_as_for_one(
    world, as_persona, period, django_assert_max_num_queries
):
    add_units(world, period, 1000)

    with django_assert_max_num_queries(4):
        plans.close_periods(
            periods=[period], unit=world.board, with_below=True, by=world.controller
        )


# --- Reminding ---------------------------------------------------------------------------------


@pytest.fixture
def remind(as_persona, period, django_capture_on_commit_callbacks):
    def send(text="Er rapport saknas.", **fields):
        client = as_persona("controller")
        with django_capture_on_commit_callbacks(execute=True):
            answer = client.post(
                reverse("goals:remind", args=[period.pk]),
                {"text": text, "form_token": uuid4(), **fields},
            )
        return client, answer

    return send


def test_one_message_goes_to_the_managers_of_all_who_are_late(world, period, remind):
    dated(period, due_in=-1)
    report(world.next_unit, period, "SUBMITTED")

    _client, answer = remind()

    reminded = {
        (row.unit.code, row.person.account_name)
        for row in ReminderRecipient.objects.select_related("unit", "person")
    }
    assert answer.url == reverse("goals:reporting", args=[period.pk])
    assert Reminder.objects.get().text == "Er rapport saknas."
    # Öknen has no manager of its own; the board's report is written by the sender alone.
    assert reminded == {
        ("unit", "manager"),
        ("unit", "acting_manager"),
        ("department", "manager_above"),
        ("small_unit", "manager_above"),
    }
    assert sorted(letter.to[0] for letter in mail.outbox) == [
        "acting_manager@example.se",
        "manager@example.se",
        "manager_above@example.se",
    ]


def test_a_letter_is_in_its_readers_language_and_names_nobody(world, period, remind):
    dated(period, due_in=-1)
    User.objects.filter(pk=world.manager.pk).update(language="en", revision=2)

    remind()

    letters = {letter.to[0]: letter for letter in mail.outbox}
    english = letters["manager@example.se"]
    swedish = letters["manager_above@example.se"]
    assert "to be handed in by" in english.subject
    assert english.subject != swedish.subject
    assert "Er rapport saknas." in english.body
    assert str(world.unit) in english.body
    assert "http://testserver/" in english.body
    for letter in mail.outbox:
        assert canary("namn-") not in str(letter.message())


def test_a_line_break_in_a_periods_name_makes_no_header(world, period, remind):
    Period.objects.filter(pk=period.pk).update(
        name="Tertial\r\nBcc: spion@example.se", revision=period.revision + 1
    )

    remind()

    assert mail.outbox
    for letter in mail.outbox:
        assert "\n" not in letter.subject
        assert letter.message()["Bcc"] is None
        assert len(letter.recipients()) == 1


def test_a_form_sent_twice_reminds_once(world, period, remind):
    token = uuid4()

    remind(form_token=token)
    sent = len(mail.outbox)
    remind(form_token=token)

    assert len(mail.outbox) == sent
    assert Reminder.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_mail_that_cannot_be_sent_is_said_and_the_reminder_stays(
    world, as_persona, period, settings
):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = unused.getsockname()

        page = as_persona("controller").post(
            reverse("goals:remind", args=[period.pk]),
            {"text": "Er rapport saknas.", "form_token": uuid4()},
            follow=True,
        )

    levels = [message.level_tag for message in page.context["messages"]]
    assert levels == ["success", "warning"]
    assert Reminder.objects.get().recipients.exists()


def test_closed_units_and_those_who_have_handed_in_are_left_alone(world, period):
    plans.close_periods(periods=[period], unit=world.unit, with_below=True, by=world.controller)
    report(world.next_unit, period, "ACCEPTED")
    report(world.small_unit, period, "RETURNED")

    owing = reporting.owing(period, world.controller)

    assert [unit.code for unit in owing.units] == ["department", "small_unit", "board"]


def test_another_controller_of_the_board_is_reminded_of_its_report(world, period):
    second = add_person(world, "second_controller", "board")
    RoleAssignment.objects.create(
        person=second, unit=world.board, role=Role.CONTROLLER, starts_on=LONG_AGO
    )

    owing = reporting.owing(period, world.controller)

    assert owing.people[world.board.pk] == [second]


def test_before_a_period_opens_there_is_nobody_to_remind(world, period, remind):
    later = timezone.localdate() + timedelta(days=5)
    Period.objects.filter(pk=period.pk).update(
        opens_on=later, due_on=later, revision=period.revision + 1
    )

    _client, answer = remind()

    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors()
    assert not Reminder.objects.exists()
    assert not mail.outbox


@pytest.mark.parametrize(
    ("url", "read"),
    [
        (None, "localhost 25 False False"),
        ("smtp+tls://portal:hemlig%40ord@mail.example.se:587", "mail.example.se 587 True False"),
        ("smtp+ssl://mail.example.se:465", "mail.example.se 465 False True"),
    ],
)
def test_production_mails_through_the_server_it_is_given(url, read):
    shown = run_in_production(
        "-c",
        "import stockholm_quality.settings as s;"
        "print(s.EMAIL_HOST, s.EMAIL_PORT, s.EMAIL_USE_TLS, s.EMAIL_USE_SSL)",
        EMAIL_URL=url,
    )

    assert shown.stdout.strip() == read, shown.stderr


@pytest.mark.parametrize("who", ["manager_above", "manager", "employee", "other_controller"])
def test_only_who_runs_the_year_reminds(world, as_persona, period, who):
    address = reverse("goals:remind", args=[period.pk])
    client = as_persona(who)

    assert client.get(address).status_code == 403
    assert client.post(address, {"text": "Hej", "form_token": uuid4()}).status_code == 403
    assert not Reminder.objects.exists()


def test_the_page_before_reminding_shows_who_gets_it_and_no_protected_name(
    world, as_persona, period
):
    User.objects.filter(pk=world.manager.pk).update(has_protected_identity=True, revision=2)

    page = as_persona("controller").get(reverse("goals:remind", args=[period.pk]))

    words = page.content.decode()
    assert str(world.manager_above) in words
    assert f"{world.manager}<" not in words
    assert f"{world.manager}," not in words
    assert page.context["form"]["text"].value()
    assert page.context["owing"].number_of_people == 3


def test_the_day_of_a_plan_year_in_the_past_is_its_last(world, period):
    assert reporting.reporting_day(Period(ends_on=date(2020, 4, 30))) == date(2020, 4, 30)
