"""Access in need: one record, for a reason, for a time, told to both, and ended in time."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from dialogues.actions.access import managers_of
from dialogues.models import AccessGrant, Reading, Talk, TalkKind, TalkVersion
from dialogues.models.talk import openable_in_need
from dialogues.rules import TalkRights, can_open_in_need
from dialogues.tests.records import SAID, build_talk, correct, finish, rows_of, write
from dialogues.todos_of_access import TOLD_FOR, grants_to_tell
from stockholm_quality.tests.world import PERSONAS, add_delegation
from units.models import Employment, RoleAssignment
from units.wall import acting_as, upkeep

REASON = "Underlag till en anmälan om arbetsskada åäö"
OPEN = "/samtal/atkomst/"


def _fields(world, **fields):
    return {
        "form_token": str(uuid4()),
        "kind": TalkKind.EMPLOYEE,
        "year": world.year,
        "reason": REASON,
        "days": 1,
        "sure": "1",
        **fields,
    }


def _ask(world, client, who="employee", **fields):
    address = f"{OPEN}?employment={world.employments[who].pk}"
    return client.post(address, _fields(world, **fields))


@upkeep()
def _grant(world, *, reader="hr", talk=None, who="employee", ago=timedelta(0), lasts=timedelta(1)):
    opened = timezone.now() - ago
    return AccessGrant.objects.create(
        employment=world.employments[who],
        employee=world.people[who],
        talk=talk,
        kind=TalkKind.EMPLOYEE,
        year=world.year,
        reader=world.people[reader],
        reason=REASON,
        opened_at=opened,
        ends_at=opened + lasts,
    )


def _record(talk):
    return reverse("dialogues:record", args=[talk.pk])


# --- Who may -----------------------------------------------------------------------------------

MAY = {"hr": {"employee", "neighbour", "manager"}, "manager_above": {"employee"}}


@pytest.mark.parametrize("who", list(PERSONAS))
def test_only_hr_of_the_authority_and_managers_above_open_in_need(world, who):
    person = world.people[who]
    asked = ("employee", "neighbour", "manager", "stranger")

    found = {
        name for name in asked if can_open_in_need(person, world.employments[name]) and name != who
    }

    expected = MAY.get(who, set())
    if who == "other_hr":
        expected = {"stranger"}
    assert found == expected


@pytest.mark.parametrize("who", list(PERSONAS))
def test_the_database_reaches_as_far_as_the_rule(world, who):
    person = world.people[who]
    reached = set(openable_in_need(person).values_list("pk", flat=True))
    with acting_as(person), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM units_employment WHERE portal_reaches(id)")
        walled = {pk for (pk,) in cursor.fetchall()}

    assert reached == walled
    assert not Employment.objects.filter(pk__in=reached, person=person).exists()


def test_who_stands_beside_the_manager_does_not_open_the_manager_s_record(world):
    assert not can_open_in_need(world.acting_manager, world.employments["manager"])


@pytest.mark.parametrize("who", list(PERSONAS))
def test_the_page_is_for_those_who_may_ask(world, as_persona, who):
    page = as_persona(who).get(OPEN)

    may = PERSONAS.keys() & {
        "manager",
        "acting_manager",
        "manager_above",
        "other_manager",
        "hr",
        "other_hr",
        "city_hr",
    }
    assert page.status_code == (200 if who in may else 403)


def test_only_people_within_scope_are_found_and_no_protected_name(world, as_persona):
    def found(who, words):
        page = as_persona(who).get(OPEN, {"q": words})
        return {employment.person.account_name for employment in page.context["found"]}

    assert "stranger" not in found("hr", "namn")
    assert "employee" in found("hr", "Employee namn")
    assert found("hr", "protected") == {"protected"}
    assert found("manager_above", "protected") == set()
    assert found("manager_above", "employee namn") >= {"employee"}
    assert found("manager", "employee") == set()
    assert found("other_hr", "protected") == set()


@pytest.mark.parametrize(
    ("who", "about", "status"),
    [
        ("hr", "employee", 200),
        ("manager_above", "protected", 404),
        ("hr", "stranger", 404),
        ("manager", "employee", 403),
        ("manager_above", "manager", 403),
        ("controller", "employee", 403),
    ],
)
def test_a_person_is_asked_about_within_scope_alone(world, as_persona, who, about, status):
    address = f"{OPEN}?employment={world.employments[about].pk}"

    assert as_persona(who).get(address).status_code == status
    assert (
        as_persona(who).post(address, _fields(world)).status_code == 302
        if status == 200
        else as_persona(who).post(address, _fields(world)).status_code == status
    )


@pytest.mark.parametrize("nonsense", ["x", "²", "9" * 30, "0", "-1"])
def test_nonsense_finds_nobody(world, as_persona, nonsense):
    assert as_persona("hr").get(OPEN, {"employment": nonsense}).status_code == 404


# --- To ask ------------------------------------------------------------------------------------


def test_a_warning_comes_before_and_nothing_is_opened_by_it(world, as_persona, mailoutbox):
    build_talk(world, state="answered")

    page = _ask(world, as_persona("hr"), sure="")
    warned = as_persona("hr").post(
        f"{OPEN}?employment={world.employments['employee'].pk}",
        {name: value for name, value in _fields(world).items() if name != "sure"},
    )

    assert page.status_code in {200, 302}
    assert REASON in warned.content.decode()
    assert "ends_at" in warned.context


@pytest.mark.parametrize(
    ("field", "value"),
    [("reason", "för kort"), ("reason", " " * 40), ("days", 2), ("days", 30), ("year", 1999)],
)
def test_a_short_reason_a_long_time_or_a_strange_year_is_refused(world, as_persona, field, value):
    page = _ask(world, as_persona("hr"), **{field: value})

    assert field in page.context["form"].errors
    assert rows_of(AccessGrant) == []


@pytest.mark.parametrize("days", [1, 3, 7])
def test_both_are_told_at_once_by_mail_and_in_the_portal(
    world, as_persona, mailoutbox, django_capture_on_commit_callbacks, days
):
    talk = build_talk(world, state="answered")

    with django_capture_on_commit_callbacks(execute=True):
        opened = _ask(world, as_persona("hr"), days=days)

    (grant,) = rows_of(AccessGrant)
    assert opened.url == grant.get_absolute_url()
    assert (grant.talk_id, grant.reader_id) == (talk.pk, world.hr.pk)
    assert grant.ends_at - grant.opened_at == timedelta(days=days)
    assert {letter.to[0] for letter in mailoutbox} == {world.employee.email, world.manager.email}
    for letter in mailoutbox:
        assert grant.get_absolute_url() in letter.body
        for hidden in (REASON, SAID, world.hr.family_name, world.employee.family_name):
            assert hidden not in letter.subject + letter.body
    today = timezone.localdate()
    for person in (world.employee, world.manager):
        with acting_as(person):
            assert [todo.url for todo in grants_to_tell(person, today)] == [opened.url]
            assert grants_to_tell(person, today + TOLD_FOR) == []
    with acting_as(world.hr):
        assert grants_to_tell(world.hr, today) == []


@pytest.mark.parametrize("state", [None, "planned", "held", "documented"])
def test_a_try_that_finds_nothing_is_kept_and_told_in_the_same_words(
    world, as_persona, mailoutbox, django_capture_on_commit_callbacks, state
):
    talk = build_talk(world, state=state) if state else None

    with django_capture_on_commit_callbacks(execute=True):
        opened = _ask(world, as_persona("hr"))

    (grant,) = rows_of(AccessGrant)
    assert grant.talk_id is None
    both = (world.employee, world.manager, world.acting_manager)
    assert {letter.to[0] for letter in mailoutbox} == {person.email for person in both}
    for who in ("employee", "manager", "hr"):
        assert REASON in as_persona(who).get(opened.url).content.decode()
    if talk:
        assert as_persona("hr").get(_record(talk)).status_code == 404


def test_a_double_press_opens_once(world, as_persona):
    build_talk(world, state="answered")
    client = as_persona("hr")
    fields = _fields(world)
    address = f"{OPEN}?employment={world.employments['employee'].pk}"

    answers = [client.post(address, fields) for _press in range(3)]

    assert len({answer.url for answer in answers}) == 1
    assert len(rows_of(AccessGrant)) == 1


def test_the_reason_being_written_comes_back(world, as_persona):
    client = as_persona("hr")
    key = f"access:{world.employments['employee'].pk}"
    client.post("/utkast/", {"key": key, "reason": REASON, "form_token": uuid4()})

    page = client.get(f"{OPEN}?employment={world.employments['employee'].pk}")

    assert page.context["form"]["reason"].value() == REASON
    assert f'data-draft-key="{key}"' in page.content.decode()


# --- To read -----------------------------------------------------------------------------------


def test_it_opens_the_one_record_and_nothing_else_of_the_talk(world, as_persona):
    talk = build_talk(world, state="answered")
    correct(talk, "Fel", by=world.manager)
    write(talk, 1, "Utkastets ord", by=world.employee)
    finish(talk, by=world.manager)
    other = build_talk(world, state="answered", who="colleague", template=talk.template_version)
    assert as_persona("hr").get(_record(talk)).status_code == 404
    _grant(world, talk=talk)
    client = as_persona("hr")

    page = client.get(_record(talk))

    assert SAID in page.content.decode()
    assert client.get(reverse("dialogues:record_pdf", args=[talk.pk, 1])).status_code == 200
    assert client.get(reverse("dialogues:record_version", args=[talk.pk, 2])).status_code == 404
    assert client.get(reverse("dialogues:readings", args=[talk.pk])).status_code == 403
    for name in ("talk_document", "talk_confirm", "talk_reopen", "talk_correct"):
        assert client.get(reverse(f"dialogues:{name}", args=[talk.pk])).status_code == 403
    assert client.get(_record(other)).status_code == 404
    with acting_as(world.hr):
        assert [version.number for version in TalkVersion.objects.all()] == [1]


@pytest.mark.parametrize(
    ("ago", "lasts", "is_open"),
    [
        (timedelta(hours=23, minutes=59), timedelta(1), True),
        (timedelta(hours=24, minutes=1), timedelta(1), False),
        (timedelta(days=6, hours=23, minutes=59), timedelta(7), True),
        (timedelta(days=7, seconds=1), timedelta(7), False),
    ],
)
def test_it_ends_to_the_minute(world, as_persona, ago, lasts, is_open):
    talk = build_talk(world, state="answered")
    grant = _grant(world, talk=talk, ago=ago, lasts=lasts)

    page = as_persona("hr").get(_record(talk))

    assert page.status_code == (200 if is_open else 404)
    assert as_persona("hr").get(grant.get_absolute_url()).context["is_over"] == (not is_open)
    with acting_as(world.hr):
        assert Talk.objects.exists() == is_open
        assert TalkVersion.objects.exists() == is_open


@pytest.mark.parametrize("reader", ["hr", "manager_above"])
def test_it_ends_with_the_role_at_both_walls(world, as_persona, reader):
    talk = build_talk(world, state="answered")
    grant = _grant(world, reader=reader, talk=talk, lasts=timedelta(7))
    assert as_persona(reader).get(_record(talk)).status_code == 200
    yesterday = timezone.localdate() - timedelta(days=1)
    RoleAssignment.objects.filter(person=world.people[reader]).update(ends_on=yesterday)

    page = as_persona(reader).get(_record(talk))

    assert page.status_code == 404
    assert as_persona(reader).get(grant.get_absolute_url()).context["has_ended_early"]
    with acting_as(world.people[reader]):
        assert not Talk.objects.exists()
        assert not TalkVersion.objects.exists()
        assert not Talk.objects.visible_to(world.people[reader]).exists()
    with upkeep():
        rights = TalkRights(world.people[reader], Talk.objects.with_people().get(pk=talk.pk))
        assert rights.relation is None


def test_both_see_each_reading_under_it(world, as_persona):
    talk = build_talk(world, state="answered")
    grant = _grant(world, talk=talk)
    as_persona("hr").get(_record(talk))

    for who in ("employee", "manager"):
        page = as_persona(who).get(grant.get_absolute_url())
        assert len(page.context["readings"]) == 1
        log = as_persona(who).get(reverse("dialogues:readings", args=[talk.pk]))
        assert [each.by for each in log.context["third_parties"]] == [str(world.hr)]
        assert REASON in log.content.decode()


@pytest.mark.parametrize(
    "who",
    [name for name in PERSONAS if name not in {"employee", "manager", "acting_manager", "hr"}],
)
def test_nobody_else_sees_that_it_was_asked_for(world, as_persona, who):
    grant = _grant(world)

    assert as_persona(who).get(grant.get_absolute_url()).status_code == 404
    with acting_as(world.people[who]):
        assert not AccessGrant.objects.exists()


@pytest.mark.parametrize("kind", [TalkKind.EMPLOYEE, TalkKind.SALARY])
def test_a_delegate_is_told_of_the_kinds_they_hold(world, kind):
    add_delegation(world, "employee", "neighbour", covers_salary=False)
    with upkeep():
        grant = _grant(world)
        AccessGrant.objects.create(
            employment=grant.employment,
            employee=grant.employee,
            kind=TalkKind.SALARY,
            year=world.year,
            reader=world.hr,
            reason=REASON,
            ends_at=grant.ends_at,
        )

    with acting_as(world.neighbour):
        assert [each.kind for each in AccessGrant.objects.all()] == [TalkKind.EMPLOYEE]
        found = AccessGrant.objects.visible_to(world.neighbour).filter(kind=kind)
        assert found.exists() == (kind == TalkKind.EMPLOYEE)


def test_who_manages_the_employee_today_is_told(world):
    assert set(managers_of(world.employments["employee"])) == {world.manager, world.acting_manager}
    assert set(managers_of(world.employments["manager"])) == {world.manager_above}


# --- The second wall ---------------------------------------------------------------------------


@pytest.mark.parametrize("reader", ["colleague", "controller", "other_hr", "administrator"])
def test_nobody_gives_themselves_access_past_the_rules(world, reader):
    person = world.people[reader]
    talk = build_talk(world, state="answered")

    with acting_as(person), pytest.raises(DatabaseError), transaction.atomic():
        AccessGrant.objects.create(
            employment=world.employments["employee"],
            employee=world.employee,
            talk=talk,
            kind=talk.kind,
            year=talk.year,
            reader=person,
            reason=REASON,
            ends_at=timezone.now() + timedelta(days=1),
        )


def test_a_grant_for_one_person_opens_no_talk_of_another(world):
    talk = build_talk(world, state="answered", who="stranger", holder="other_manager")

    with acting_as(world.hr):
        AccessGrant.objects.create(
            employment=world.employments["employee"],
            employee=world.employee,
            talk_id=talk.pk,
            kind=talk.kind,
            year=talk.year,
            reader=world.hr,
            reason=REASON,
            opened_at=timezone.now() - timedelta(minutes=1),
            ends_at=timezone.now() + timedelta(days=1),
        )
        assert not Talk.objects.filter(pk=talk.pk).exists()


@pytest.mark.parametrize("table", ["accessgrant", "reading"])
@pytest.mark.parametrize("command", ["UPDATE {table} SET talk_id = NULL", "DELETE FROM {table}"])
def test_what_is_noted_is_changed_by_nobody(world, table, command):
    talk = build_talk(world, state="answered")
    _grant(world, talk=talk)

    statement = command.format(table=f"dialogues_{table}")
    with (
        acting_as(world.hr),
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert rows_of(AccessGrant, talk=talk)
    assert rows_of(Reading, talk=talk) == []
