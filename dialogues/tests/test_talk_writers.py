"""Two in one talk at once, or one in two windows: nothing acknowledged is lost, and one press has
one effect."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from dialogues.actions.templates import ship_templates
from dialogues.models import (
    Answer,
    CompetenceNeed,
    Confirmation,
    ExpectationResult,
    Preparation,
    RecordPart,
    Talk,
    TalkKind,
    TalkStep,
    TalkTime,
    TalkVersion,
)
from dialogues.tests.joint import expectations_of, goals_of, keys_of, seen_in, stored
from dialogues.tests.preparing import JSON
from dialogues.tests.records import build_talk, fresh
from goals.models import Expectation
from goals.tests.test_lost_updates import how_many_pairs
from stockholm_quality.tests.side_by_side import side_by_side
from stockholm_quality.tests.world_talks import template_of
from units.wall import upkeep

pytestmark = pytest.mark.django_db(transaction=True)
TWO = ("manager", "employee")
ONE = ("employee", "employee")


def tried(writers, as_persona, pairs, *, post, read, done):
    """`post(client, text, number)` for each writer at once, so many times. Returns how many texts
    were acknowledged and then lost, and how often the other was shown both."""
    clients = [as_persona(name) for name in writers]
    lost = kept = 0
    for number in range(pairs):
        texts = [f"Text {place} nr {number} åäö" for place in range(len(clients))]
        answers = side_by_side(
            *(
                lambda client=client, text=text, number=number: post(client, text, number)
                for client, text in zip(clients, texts, strict=True)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [done, 409]
        winner, loser = (0, 1) if answers[0].status_code == done else (1, 0)
        lost += read() != texts[winner]
        # The answer to a script escapes what the page does not.
        told = answers[loser]
        page = str(told.json()) if done == 200 else told.content.decode()
        kept += all(text in page for text in texts)
    return lost, kept


def tried_row(writers, as_persona, pairs, *, address, key, field, read, seen, more=None):
    latest = [seen]

    def post(client, text, number):
        data = {f"{key}-seen": latest[number], f"{key}-{field}": text}
        data |= {f"{key}-{name}": value for name, value in (more or {}).items()}
        answer = client.post(address, data, **JSON)
        if answer.status_code == 200:
            latest.append(answer.json()["seen"][key])
        return answer

    return tried(writers, as_persona, pairs, post=post, read=read, done=200)


# --- Nothing acknowledged is lost --------------------------------------------------------------


@how_many_pairs
def test_two_writers_of_a_section_lose_nothing(world, as_persona, pairs):
    talk = build_talk(world, words="Början")
    key, address = keys_of(talk)[0], reverse("dialogues:joint", args=[talk.pk])

    found = tried_row(
        TWO,
        as_persona,
        pairs,
        address=address,
        key=key,
        field="text",
        read=lambda: stored(RecordPart, talk=talk)[0].text,
        seen=seen_in(as_persona("manager"), talk, key),
    )

    assert found == (0, pairs)


@how_many_pairs
def test_one_in_two_windows_of_a_result_loses_nothing(world, as_persona, pairs):
    (expectation,) = expectations_of(world, world.year - 1)
    talk = build_talk(world)
    key, address = f"x-{expectation.pk}", reverse("dialogues:joint", args=[talk.pk])

    found = tried_row(
        ONE,
        as_persona,
        pairs,
        address=address,
        key=key,
        field="words",
        read=lambda: stored(ExpectationResult, expectation=expectation)[0].words,
        seen=seen_in(as_persona("employee"), talk, key),
        more={"outcome": "FULL"},
    )

    assert found == (0, pairs)


@how_many_pairs
def test_one_in_two_windows_of_a_preparation_loses_nothing(world, as_persona, pairs):
    with upkeep():
        ship_templates()
        template = template_of(TalkKind.EMPLOYEE)
    talk = build_talk(world, state="planned", template=template)
    address = reverse("dialogues:preparation", args=[talk.pk])
    html = as_persona("employee").get(address).content.decode()
    key = keys_of(talk)[1]
    seen = html.split(f'name="{key}-seen" value="')[1].split('"')[0]

    found = tried_row(
        ONE,
        as_persona,
        pairs,
        address=f"{address}?version=1",
        key=key,
        field="text",
        read=lambda: stored(Answer, talk=talk)[0].text,
        seen=seen,
    )

    assert found == (0, pairs)
    assert len(stored(Preparation, talk=talk)) == 1


@how_many_pairs
def test_two_writers_of_an_agreed_expectation_lose_nothing(world, as_persona, pairs):
    (expectation,) = expectations_of(world, world.year)
    talk = build_talk(world)
    address = reverse("dialogues:joint_expectation", args=[talk.pk, expectation.pk])

    def post(client, text, number):
        fields = {"text": text, "goal": expectation.goal_id, "revision": number + 1}
        return client.post(address, {**fields, "form_token": uuid4()})

    found = tried(
        TWO,
        as_persona,
        pairs,
        post=post,
        read=lambda: stored(Expectation, pk=expectation.pk)[0].text,
        done=302,
    )

    assert found == (0, pairs)


@how_many_pairs
def test_two_writers_of_a_need_lose_nothing(world, as_persona, pairs):
    talk = build_talk(world)
    with upkeep():
        need = CompetenceNeed.objects.create(
            employment=talk.employment,
            employee=talk.employee,
            need="Teckenstöd",
            source="OWN_WISH",
            written_by=talk.employee,
        )
    address = reverse("dialogues:joint_need", args=[talk.pk, need.pk])

    def post(client, text, number):
        fields = {"need": text, "source": "OWN_WISH", "responsible": "EMPLOYEE"}
        fields |= {"revision": number + 1, "form_token": uuid4()}
        return client.post(address, fields)

    found = tried(
        TWO,
        as_persona,
        pairs,
        post=post,
        read=lambda: stored(CompetenceNeed, pk=need.pk)[0].need,
        done=302,
    )

    assert found == (0, pairs)


# --- One press, one effect ---------------------------------------------------------------------

# What the presses make, and what every change counts up.
COUNTED = (
    Talk,
    TalkStep,
    TalkTime,
    Preparation,
    TalkVersion,
    Confirmation,
    Expectation,
    CompetenceNeed,
)


def counts():
    found = {model.__name__: len(stored(model)) for model in COUNTED}
    revised = [each.revision for model in (Expectation, CompetenceNeed) for each in stored(model)]
    return found | {"revisions": sum(revised)}


class Presser:
    """Presses each button three times at once, and tells what has become more."""

    def __init__(self, as_persona):
        self.as_persona = as_persona

    def __call__(self, who, route, *keys, **fields):
        address = reverse(f"dialogues:{route}", args=keys)
        data = {**fields, "form_token": uuid4()}
        before = counts()
        answers = side_by_side(*[lambda: self.as_persona(who).post(address, data)] * 3)
        assert [answer.status_code for answer in answers] == [302] * 3, (route, answers)
        assert len({answer.url for answer in answers}) == 1, route
        after = counts()
        return {name: after[name] - before[name] for name in after if after[name] != before[name]}


STEP = {"TalkStep": 1}
FROZEN = {"TalkStep": 1, "TalkVersion": 1}
ANSWERED = {"Confirmation": 1, "TalkStep": 1}


def test_three_presses_of_every_button_on_the_way_of_a_talk_have_one_effect(world, as_persona):
    with upkeep():
        ship_templates()
    press = Presser(as_persona)
    pk = start_and_invite(press, world)
    key = prepare_and_hold(press, pk)
    agree(press, world, pk)
    confirm_and_correct(press, pk, key)

    # The step is noted on the talk that is followed up, and on the one that begins.
    assert press("manager", "talk_follow_up", pk) == {"Talk": 1, "TalkStep": 2}
    (follow_up,) = stored(Talk, kind=TalkKind.FOLLOW_UP)
    assert press("manager", "talk_close", pk) == STEP
    ended = {"reason": "Startades av misstag"}
    assert press("manager", "talk_discontinue", follow_up.pk, **ended) == STEP
    (talk,) = stored(Talk, pk=pk)
    assert talk.status == Talk.Status.CLOSED
    assert [each.number for each in stored(TalkVersion, talk=talk)] == [1, 2, 3]


def start_and_invite(press, world):
    started = {"kind": TalkKind.EMPLOYEE, "year": world.year}
    employment = world.employments["employee"].pk
    assert press("manager", "talk_new", employment, **started) == {"Talk": 1, "TalkStep": 1}
    (talk,) = stored(Talk)
    pk = talk.pk
    days = [timezone.now() + timedelta(days=each) for each in (5, 6)]
    slots = {f"starts_{n}": day.strftime("%Y-%m-%dT%H:%M") for n, day in enumerate(days)}
    proposed = {"TalkStep": 1, "TalkTime": 2}
    assert press("manager", "talk_times", pk, **slots, minutes=60) == proposed
    first, second = stored(TalkTime)
    assert press("employee", "time_answer", pk, first.pk, answer="decline") == STEP
    assert press("employee", "time_answer", pk, second.pk, answer="accept") == STEP
    assert press("manager", "time_cancel", pk, second.pk) == STEP
    invited = {"starts": slots["starts_0"], "minutes": 60, "pause": 15, "a_day": 3}
    invited |= {"talk": pk, "send": 1}
    assert press("manager", "invite_many", **invited) == {"TalkStep": 1, "TalkTime": 1}
    return pk


def prepare_and_hold(press, pk):
    (talk,) = stored(Talk)
    key = keys_of(talk)[1]
    address = reverse("dialogues:preparation", args=[pk])
    press.as_persona("employee").post(
        f"{address}?version=1", {f"{key}-seen": "0:", f"{key}-text": "Tankar"}, **JSON
    )
    (preparation,) = stored(Preparation)
    shared = {"revision": preparation.revision}
    assert press("employee", "preparation_share", pk, **shared) == STEP
    assert press("employee", "preparation", pk, begin=1) == {"Preparation": 1}
    assert press("manager", "preparation_waive", pk) == STEP
    assert press("manager", "talk_hold", pk, held_on=timezone.localdate()) == STEP
    return key


def agree(press, world, pk):
    (goal,) = goals_of(world, 1)
    given = {"Expectation": 1, "revisions": 1}
    assert press("employee", "joint_adopt", pk, goals=goal.pk) == given
    words = {"text": "Läs högt", "goal": goal.pk, "revision": 1}
    assert press("manager", "joint_expectation_new", pk, **words) == given
    adopted, written = stored(Expectation, goal=goal)
    change = words | {"text": "Läs högre"}
    assert press("manager", "joint_expectation", pk, adopted.pk, **change) == {"revisions": 1}
    why = {"revision": 1, "reason": "Vi valde en annan"}
    withdrawn = press("manager", "joint_expectation_withdraw", pk, written.pk, **why)
    assert withdrawn == {"revisions": 1}
    need = {"need": "Teckenstöd", "source": "OWN_WISH", "responsible": "EMPLOYEE", "revision": 1}
    added = {"CompetenceNeed": 1, "revisions": 1}
    assert press("employee", "joint_need_new", pk, **need) == added
    (need_row,) = stored(CompetenceNeed)
    need |= {"activity": "Skugga en kollega"}
    assert press("employee", "joint_need", pk, need_row.pk, **need) == {"revisions": 1}


def confirm_and_correct(press, pk, key):
    manager = press.as_persona("manager")
    joint = reverse("dialogues:joint", args=[pk])
    manager.post(joint, {f"{key}-seen": "0:", f"{key}-text": "Vi är överens"}, **JSON)

    def finish():
        page = manager.get(reverse("dialogues:talk_document", args=[pk])).context
        return press("manager", "talk_document", pk, mark=page["mark"], seen=page["seen"])

    def answer(who):
        (talk,) = stored(Talk, pk=pk)
        sure = {"outcome": "CONFIRMED", "words": "", "number": talk.version_number, "sure": 1}
        return press(who, "talk_confirm", pk, **sure)

    assert finish() == FROZEN
    assert press("employee", "talk_reopen", pk, reason="En sak till") == STEP
    assert finish() == FROZEN
    assert answer("employee") == ANSWERED
    assert press("employee", "talk_remind", pk) == STEP
    assert answer("manager") == ANSWERED
    assert press("manager", "talk_correct", pk, reason="Ett fel datum") == STEP
    assert finish() == FROZEN
    assert [answer(who) for who in TWO] == [ANSWERED, ANSWERED]


def test_three_presses_hand_a_talk_over_once(world, as_persona):
    press = Presser(as_persona)
    preparing = build_talk(world, state="planned")
    with upkeep():
        # Its manager no longer manages the employee.
        Talk.objects.filter(pk=preparing.pk).update(
            holder=world.people["former_manager"], revision=preparing.revision + 1
        )

    assert press("manager", "talk_take_over", preparing.pk) == STEP
    held = press("manager", "talk_hold", preparing.pk, held_on=timezone.localdate())
    assert held == STEP
    with upkeep():
        talk = fresh(preparing)
        Talk.objects.filter(pk=talk.pk).update(
            holder=world.people["former_manager"], revision=talk.revision + 1
        )
    to = {"to": world.people["manager"].pk}
    assert press("employee", "talk_hand_over", preparing.pk, **to) == STEP
    assert fresh(preparing).holder == world.people["manager"]
