"""Who read what of a talk is noted before it is shown, once for each page, and seen by the two."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from dialogues.actions.reminding import remind_to_answer
from dialogues.models import AccessGrant, Reading, Talk, TalkKind, TalkStep
from dialogues.tests.records import SAID, answer, build_talk, correct, finish, rows_of, write
from stockholm_quality.tests.world import add_delegation
from units.wall import acting_as, upkeep

Capacity = Reading.Capacity
What = Reading.What


def _url(name, talk, *more):
    return reverse(f"dialogues:{name}", args=[talk.pk, *more])


@upkeep()
def _open_to_hr(world, talk):
    return AccessGrant.objects.create(
        employment=talk.employment,
        employee=talk.employee,
        talk=talk,
        kind=TalkKind.EMPLOYEE,
        year=talk.year,
        reader=world.hr,
        reason="Ett dokumenterat behov",
        ends_at=timezone.now() + timedelta(days=1),
    )


def _pages(talk):
    """Each page that shows what was written, and what the log calls it."""
    return {
        _url("record", talk): What.RECORD,
        _url("record_version", talk, 1): What.RECORD,
        _url("record_version", talk, 2) + "?with=1": What.RECORD,
        _url("record_pdf", talk, 2): What.DOCUMENT,
    }


@pytest.fixture
def twice_answered(world):
    talk = build_talk(world, state="answered")
    correct(talk, "Fel datum", by=world.manager)
    write(talk, 1, "Rättade ord", by=world.employee)
    finish(talk, by=world.manager)
    answer(talk, by=world.manager)
    answer(talk, by=world.employee)
    return talk


@pytest.mark.parametrize(
    ("who", "capacity"),
    [
        ("employee", Capacity.EMPLOYEE),
        ("manager", Capacity.HOLDER),
        ("acting_manager", Capacity.MANAGER),
        ("hr", Capacity.NEED),
    ],
)
def test_each_page_with_text_is_one_row_of_the_log(
    world, as_persona, twice_answered, who, capacity
):
    grant = _open_to_hr(world, twice_answered)
    client = as_persona(who)

    for address, what in _pages(twice_answered).items():
        before = {row.pk for row in rows_of(Reading)}
        page = client.get(address)
        new = [row for row in rows_of(Reading) if row.pk not in before]

        assert page.status_code == 200
        assert [(row.reader_id, row.capacity, row.what) for row in new] == [
            (world.people[who].pk, capacity, what)
        ]
        assert new[0].grant_id == (grant.pk if capacity == Capacity.NEED else None)
        assert new[0].employee_id == world.employee.pk


def test_a_delegate_is_noted_as_one(world, as_persona):
    add_delegation(world, "employee", "neighbour")
    talk = build_talk(world, state="documented")
    with upkeep():
        Talk.objects.filter(pk=talk.pk).update(holder=world.neighbour, revision=talk.revision + 1)

    page = as_persona("neighbour").get(_url("record", talk))

    assert page.status_code == 200
    assert [row.capacity for row in rows_of(Reading)] == [Capacity.DELEGATE]


def test_the_pages_of_the_way_are_noted_once_each(world, as_persona):
    talk = build_talk(world)

    as_persona("manager").get(_url("talk_document", talk))
    finish(talk, by=world.manager)
    client = as_persona("employee")
    client.get(_url("talk_confirm", talk))
    wrong = {"outcome": "DECLINED", "words": "", "number": 1, "form_token": "x"}
    client.post(_url("talk_confirm", talk), wrong)

    noted = [(row.capacity, row.what) for row in rows_of(Reading)]
    assert noted == [
        (Capacity.HOLDER, What.JOINT),
        (Capacity.EMPLOYEE, What.RECORD),
        (Capacity.EMPLOYEE, What.RECORD),
    ]


def test_a_page_without_the_record_is_not_noted(world, as_persona):
    talk = build_talk(world, state="documented")
    client = as_persona("employee")

    client.get(_url("talk_reopen", talk))
    client.get(_url("readings", talk))
    as_persona("colleague").get(_url("record", talk))
    as_persona("acting_manager").get(_url("record", talk))
    as_persona("acting_manager").get(_url("record_version", talk, 1))

    assert rows_of(Reading) == []


@pytest.mark.parametrize("who", ["employee", "manager", "acting_manager", "hr"])
def test_nothing_is_shown_when_the_log_cannot_be_written(world, as_persona, twice_answered, who):
    _open_to_hr(world, twice_answered)
    with connection.cursor() as cursor:
        cursor.execute("REVOKE INSERT ON dialogues_reading FROM portal_app")
    client = as_persona(who)
    client.raise_request_exception = False

    for address in _pages(twice_answered):
        page = client.get(address)
        assert page.status_code == 500
        assert SAID not in page.content.decode()
    assert rows_of(Reading) == []


def test_the_two_see_others_first_and_marked(world, as_persona, twice_answered):
    _open_to_hr(world, twice_answered)
    for who in ("hr", "acting_manager", "employee", "manager"):
        as_persona(who).get(_url("record", twice_answered))

    page = as_persona("employee").get(_url("readings", twice_answered))

    others = [each.by for each in page.context["third_parties"]]
    assert others == [str(world.acting_manager), str(world.hr)]
    assert [each.by for each in page.context["the_two"]] == [
        str(world.manager),
        str(world.employee),
    ]
    assert page.content.decode().count("row-other") == 2


def test_a_protected_name_shows_as_what_they_are(world, as_persona, twice_answered):
    world.acting_manager.has_protected_identity = True
    world.acting_manager.save()
    as_persona("acting_manager").get(_url("record", twice_answered))

    page = as_persona("employee").get(_url("readings", twice_answered))

    assert page.context["third_parties"][0].by in {"a manager of the unit", "en chef för enheten"}
    assert world.acting_manager.family_name not in page.content.decode()


@pytest.mark.parametrize(
    ("who", "status"),
    [("acting_manager", 403), ("hr", 403), ("colleague", 404), ("manager_above", 404)],
)
def test_the_log_is_for_the_two(world, as_persona, twice_answered, who, status):
    _open_to_hr(world, twice_answered)

    assert as_persona(who).get(_url("readings", twice_answered)).status_code == status


@pytest.mark.parametrize("versions", [1, 4])
def test_the_questions_to_the_database_do_not_grow(
    world, as_persona, django_assert_max_num_queries, versions
):
    talk = build_talk(world, state="answered")
    for number in range(1, versions):
        correct(talk, f"Fel {number}", by=world.manager)
        write(talk, 1, f"Ord {number}", by=world.employee, revision=number - 1)
        finish(talk, by=world.manager)
        answer(talk, by=world.manager)
        answer(talk, by=world.employee)
    _open_to_hr(world, talk)
    for who in ("hr", "employee", "acting_manager"):
        client = as_persona(who)
        for name in ("record", "readings"):
            if name == "readings" and who != "employee":
                continue
            with django_assert_max_num_queries(20):
                client.get(_url(name, talk))


# --- Letters from cron -------------------------------------------------------------------------


def _waiting_since(talk, days):
    with upkeep():
        found = Talk.objects.get(pk=talk.pk)
        found.documented_at = timezone.now() - timedelta(days=days)
        found.revision += 1
        found.save()


def _remind():
    said = StringIO()
    call_command("remind_talks", "https://portal.example.se/", stdout=said)
    return said.getvalue()


@pytest.mark.parametrize(
    ("days", "letters"), [(0, 0), (6, 0), (7, 2), (8, 2), (13, 2), (14, 2), (21, 2)]
)
def test_who_has_not_answered_is_reminded_each_week(world, mailoutbox, days, letters):
    _waiting_since(build_talk(world, state="documented"), days)

    _remind()
    _remind()

    assert len(mailoutbox) == letters
    for letter in mailoutbox:
        assert "https://portal.example.se/samtal/" in letter.body
        assert SAID not in letter.body
        assert world.employee.family_name not in letter.subject + letter.body


def test_a_day_that_was_missed_costs_no_letter_and_gives_none_twice(world, mailoutbox):
    talk = build_talk(world, state="documented")
    for days, letters in [(9, 2), (10, 2), (13, 2), (15, 4)]:
        _waiting_since(talk, days)
        _remind()
        assert len(mailoutbox) == letters, days


def test_who_was_reminded_by_hand_this_week_gets_no_letter_from_cron(world, mailoutbox):
    talk = build_talk(world, state="documented")
    _waiting_since(talk, 9)
    with acting_as(world.manager):
        remind_to_answer(talk=talk, by=world.manager)

    _remind()

    assert mailoutbox == []


def test_who_has_answered_or_no_longer_holds_the_talk_gets_no_letter(world, mailoutbox):
    talk = build_talk(world, state="documented")
    answer(talk, by=world.employee)
    _waiting_since(talk, 7)
    yesterday = timezone.localdate() - timedelta(days=1)
    world.manager.roles.update(ends_on=yesterday)

    _remind()

    assert mailoutbox == []
    assert rows_of(TalkStep, action="remind") == []


@pytest.mark.parametrize("address", ["portal.example.se", "ftp://x", "https://"])
def test_the_command_wants_a_whole_address(db, address):
    with pytest.raises(CommandError):
        call_command("remind_talks", address)
