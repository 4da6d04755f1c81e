"""The time of a talk: who answers whom, and that calendars and letters follow what happens."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from dialogues.actions.delegations import delegate_talk
from dialogues.actions.steps import StepRefusedError
from dialogues.actions.talks import hold_talk, take_over_talk
from dialogues.actions.times import Slot, accept_time, cancel_time, decline_time, propose_times
from dialogues.forms.times import InviteManyForm
from dialogues.models import TalkTime
from dialogues.tests.talk_scenes import S, add_talk
from dialogues.todos_of_talks import todos_of_talks
from stockholm_quality.tests.world import add_delegation
from units.models import User
from units.wall import acting_as, upkeep

PORTAL = "https://portal.example.se"
DAY = timedelta(days=1)
State = TalkTime.State


@upkeep()
def add_time(talk, by, state=State.PROPOSED, *, after=3 * DAY):
    return TalkTime.objects.create(
        talk=talk, starts_at=timezone.now() + after, state=state, proposed_by=by
    )


@upkeep()
def fresh(row):
    row.refresh_from_db()
    return row


def sent(mail):
    """To whom each letter goes, and the method and the number of its calendar file."""
    found = set()
    for letter in mail.box:
        _name, file, kind = letter.attachments[0]
        event = Calendar.from_ical(file).walk("VEVENT")[0]
        found.add((letter.to[0], kind.rpartition("method=")[2], int(event["sequence"])))
    return found


@pytest.fixture
def mail(mailoutbox, django_capture_on_commit_callbacks):
    """The letters, which go when what happened is saved."""
    return SimpleNamespace(
        box=mailoutbox, sent=lambda: django_capture_on_commit_callbacks(execute=True)
    )


def url(name, *args):
    return reverse(f"dialogues:{name}", args=args)


# --- Calendars follow the talk -------------------------------------------------------------------


@pytest.mark.parametrize("who", ["manager", "acting_manager"])
def test_a_discontinued_talk_leaves_no_time_in_a_calendar(world, as_persona, token, mail, who):
    """Also when it is ended by another manager, who does not see its times."""
    talk = add_talk(world, status=S.PREPARING, calendar_sequence=1)
    agreed = add_time(talk, world.manager, State.ACCEPTED)
    proposed = add_time(talk, world.employee, after=4 * DAY)

    client = as_persona(who)
    with mail.sent():
        client.post(url("talk_discontinue", talk.pk), {"reason": "Startat fel.", **token()})

    assert fresh(talk).status == S.DISCONTINUED
    assert {fresh(agreed).state, fresh(proposed).state} == {State.CANCELLED}
    assert sent(mail) == {(each.email, "CANCEL", 2) for each in (world.employee, world.manager)}
    assert not any("Föreslå" in letter.body for letter in mail.box)
    assert all(f"http://testserver{talk.get_absolute_url()}" in each.body for each in mail.box)


@pytest.mark.parametrize(
    ("after", "state", "letters"), [(3 * DAY, State.CANCELLED, 2), (-1 * DAY, State.ACCEPTED, 0)]
)
def test_a_talk_held_before_its_time_has_the_time_cancelled(world, mail, after, state, letters):
    talk = add_talk(world, status=S.PREPARING)
    time = add_time(talk, world.manager, State.ACCEPTED, after=after)

    with mail.sent(), acting_as(world.manager):
        hold_talk(talk=talk, held_on=timezone.localdate(), by=world.manager, portal=PORTAL)

    assert fresh(time).state == state
    assert len(mail.box) == letters


def test_who_takes_over_gets_the_agreed_time_and_the_earlier_holder_is_rid_of_it(world, mail):
    former = world.people["former_manager"]
    talk = add_talk(world, holder="former_manager", status=S.PREPARING, calendar_sequence=1)
    time = add_time(talk, former, State.ACCEPTED)

    with mail.sent(), acting_as(world.manager):
        take_over_talk(talk=talk, by=world.manager, portal=PORTAL)

    assert fresh(time).state == State.ACCEPTED
    assert sent(mail) == {
        (former.email, "CANCEL", 2),
        (world.manager.email, "REQUEST", 2),
        (world.employee.email, "REQUEST", 2),
    }
    (left,) = [letter for letter in mail.box if letter.to == [former.email]]
    assert talk.get_absolute_url() not in left.body + left.attachments[0][1]


def test_a_delegate_gets_the_agreed_time_and_the_manager_is_rid_of_it(world, mail):
    add_delegation(world, "employee", "neighbour")
    talk = add_talk(world, status=S.PREPARING)
    add_time(talk, world.manager, State.ACCEPTED)

    with mail.sent(), acting_as(world.manager):
        delegate_talk(talk=talk, to=world.neighbour, by=world.manager, portal=PORTAL)

    assert sent(mail) == {
        (world.manager.email, "CANCEL", 1),
        (world.neighbour.email, "REQUEST", 1),
        (world.employee.email, "REQUEST", 1),
    }


# --- One answers the other -----------------------------------------------------------------------


def test_a_window_left_open_does_not_decline_what_has_been_agreed(world, employee_and_time):
    _talk, time = employee_and_time
    with acting_as(world.employee):
        accept_time(time=time, by=world.employee)
        with pytest.raises(StepRefusedError):
            decline_time(time=time, by=world.employee)

    assert fresh(time).state == State.ACCEPTED


def test_a_window_left_open_tells_both_when_it_cancels_what_has_been_agreed(
    world, employee_and_time, mail
):
    _talk, time = employee_and_time
    with acting_as(world.employee):
        accept_time(time=time, by=world.employee)
    with mail.sent(), acting_as(world.manager):
        assert time.state == State.PROPOSED  # as the page of the manager has it
        assert cancel_time(time=time, by=world.manager, portal=PORTAL)

    assert {method for _to, method, _number in sent(mail)} == {"CANCEL"}
    assert len(mail.box) == 2


@pytest.fixture
def employee_and_time(world):
    talk = add_talk(world, status=S.INVITED)
    return talk, add_time(talk, world.manager)


def test_what_an_earlier_holder_proposed_is_of_the_side_of_whoever_holds_the_talk_now(
    world, as_persona
):
    talk = add_talk(world, status=S.INVITED)
    time = add_time(talk, world.people["former_manager"])

    with acting_as(world.manager):
        todos = todos_of_talks(world.manager, timezone.localdate())
        for answer in (accept_time, decline_time):
            with pytest.raises(StepRefusedError):
                answer(time=time, by=world.manager)
        propose_times(talk=talk, slots=[Slot(time.starts_at + DAY, 60)], by=world.manager)
    shown = as_persona("manager").get(url("talk_times", talk.pk))

    assert url("talk_times", talk.pk) not in {todo.url for todo in todos}
    assert fresh(time).state == State.PROPOSED
    assert url("time_answer", talk.pk, time.pk) not in shown.content.decode()
    with acting_as(world.employee):
        accept_time(time=time, by=world.employee)
    assert fresh(time).state == State.ACCEPTED


# --- Somebody is there to meet -------------------------------------------------------------------


def test_with_nobody_to_hold_the_talk_a_time_is_cancelled_but_none_agreed(
    world, as_persona, token, mail
):
    talk = add_talk(world, holder="former_manager", status=S.PREPARING)
    former = world.people["former_manager"]
    agreed, proposed = add_time(talk, former, State.ACCEPTED), add_time(talk, former, after=DAY)
    employee, address = as_persona("employee"), url("talk_times", talk.pk)

    shown = employee.get(address)
    with mail.sent():
        employee.post(address, {"starts_0": "2030-05-02T09:00", "minutes": 60, **token()})
        employee.post(url("time_answer", talk.pk, proposed.pk), {"answer": "accept", **token()})

    assert shown.context["why_not"]
    assert url("time_answer", talk.pk, proposed.pk) not in shown.content.decode()
    assert (fresh(proposed).state, mail.box) == (State.PROPOSED, [])

    with mail.sent():
        employee.post(url("time_cancel", talk.pk, agreed.pk), token())

    assert {to for to, _method, _number in sent(mail)} == {
        world.employee.email,
        former.email,
    }


def test_each_gets_the_calendar_file_in_their_own_language(
    world, as_persona, token, mail, employee_and_time
):
    talk, time = employee_and_time
    User.objects.filter(pk=world.employee.pk).update(language="en")

    employee = as_persona("employee")
    with mail.sent():
        employee.post(url("time_answer", talk.pk, time.pk), {"answer": "accept", **token()})

    files = {letter.to[0]: letter.attachments[0][1] for letter in mail.box}
    assert "SUMMARY:Employee talk" in files[world.employee.email]
    assert "SUMMARY:Medarbetarsamtal" in files[world.manager.email]


# --- Many at once --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, set()),
        ({"starts": "2030-05-04T09:00"}, {"starts"}),  # a Saturday
        ({"minutes": 480, "a_day": 12}, {"a_day"}),
        ({"starts": "2030-05-03T17:00"}, {"a_day"}),
        ({"starts": "2030-05-03T19:00", "a_day": 1}, set()),
        ({"starts": "2030-05-03T19:05", "a_day": 1}, {"a_day"}),
    ],
)
def test_talks_are_laid_out_on_working_days_and_before_the_evening(fields, wrong):
    asked = {"starts": "2030-05-03T09:00", "minutes": 60, "pause": 15, "a_day": 3, **fields}

    form = InviteManyForm(asked, number=4)

    assert form.is_valid() == (not wrong)
    assert set(form.errors) == wrong
    if not wrong:
        days = [timezone.localtime(slot.starts_at) for slot in form.slots]
        assert all(day.weekday() < 5 and day.hour < 20 for day in days)
        assert isinstance(days[0], datetime)


def test_as_few_as_are_chosen_need_no_whole_day():
    asked = {"starts": "2030-05-03T17:00", "minutes": 60, "pause": 15, "a_day": 3}

    assert InviteManyForm(asked, number=2).is_valid()
