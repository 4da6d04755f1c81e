"""The state table: what each persona meets, whatever they try with a talk, in every state of it.

`talk_states.csv` is read by people: `done`, `refused` (in words), `403` (they may see the talk but
the step is not theirs) or `404` (the talk does not exist for them). Here each of its cells is
walked for real, and taken back.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from dialogues.actions.agreeing import follow_up_talk
from dialogues.actions.confirming import (
    answer_record,
    correct_record,
    document_talk,
    reopen_talk,
)
from dialogues.actions.delegations import delegate_talk
from dialogues.actions.preparing import begin_preparation, share_preparation, waive_preparation
from dialogues.actions.recording import write_part
from dialogues.actions.reminding import remind_to_answer
from dialogues.actions.steps import StepRefusedError
from dialogues.actions.talks import (
    bring_along,
    close_talk,
    discontinue_talk,
    hand_over_talk,
    hold_talk,
    take_over_talk,
)
from dialogues.actions.times import Slot, accept_time, cancel_time, propose_times
from dialogues.models import (
    AccessGrant,
    Confirmation,
    Party,
    Preparation,
    RecordPart,
    Talk,
    TalkTime,
)
from dialogues.rules import TalkRights
from dialogues.sheet import record_of
from dialogues.states import Action
from dialogues.tests.talk_scenes import add_talk, small_template
from stockholm_quality.tests.undone import Undone
from stockholm_quality.tests.world import LONG_AGO, World, add_delegation, add_person
from units.models import Employment, Role, RoleAssignment, User
from units.wall import acting_as, upkeep

TABLE = Path(__file__).with_name("talk_states.csv")
DONE, REFUSED, FORBIDDEN, UNKNOWN = "done", "refused", "403", "404"
SHORTEST_WORDS = 20


@dataclass(frozen=True)
class Persona:
    """Who it is in the world, and whose talks, held by whom, they are tried with."""

    person: str
    holder: str = "manager"
    employee: str = "employee"

    @property
    def talks(self) -> tuple[str, str]:
        return self.employee, self.holder


PERSONAS = {
    "employee": Persona("employee"),
    "employee after a change of manager": Persona("employee", "former_manager"),
    "employee who has left": Persona("left_yesterday", employee="left_yesterday"),
    "holder": Persona("manager"),
    "delegate": Persona("neighbour", "neighbour"),
    "delegate until yesterday": Persona("stood_in", "stood_in"),
    "former manager": Persona("former_manager", "former_manager"),
    "new manager": Persona("manager", "former_manager"),
    "manager beside the holder": Persona("acting_manager"),
    "manager where it was taken along": Persona("other_manager"),
    "manager above": Persona("manager_above"),
    "HR": Persona("hr"),
    "reader in need": Persona("reader"),
    "colleague": Persona("colleague"),
    "stranger": Persona("stranger"),
    "administrator": Persona("administrator"),
}
# Whom a page may let through; the others are tried with every action, and with every page once.
AT_THE_PAGES = [
    "employee",
    "employee after a change of manager",
    "employee who has left",
    "holder",
    "delegate",
    "new manager",
    "manager beside the holder",
]


def _read() -> dict[tuple[str, str], dict[str, str]]:
    with TABLE.open(encoding="utf-8-sig", newline="") as file:
        return {
            (row.pop("state"), row.pop("action")): row
            for row in csv.DictReader(file, delimiter=";")
        }


# --- The table is complete ----------------------------------------------------------------------


def test_every_state_and_action_has_a_row_and_every_persona_a_cell():
    table = _read()

    assert set(table) == {(state, action) for state in Talk.Status.values for action in Action}
    for row in table.values():
        assert set(row) == {"leads to", *PERSONAS}
        assert {row[who] for who in PERSONAS} <= {DONE, REFUSED, FORBIDDEN, UNKNOWN}


def test_every_action_can_be_tried():
    assert set(TRIES) == set(Action)


def test_every_step_that_leads_somewhere_can_be_taken_by_somebody():
    for key, row in _read().items():
        assert bool(row["leads to"]) == (DONE in {row[who] for who in PERSONAS}), key


# --- The scene ----------------------------------------------------------------------------------


@pytest.fixture
def scene(world: World) -> dict[tuple[tuple[str, str], str], Talk]:
    """A talk in each state for each two who have any."""
    today = timezone.localdate()
    with upkeep():
        add_person(world, "stood_in", "next_unit")
        add_person(world, "reader", "board")
        RoleAssignment.objects.create(
            person=world.people["reader"],
            role=Role.HR,
            unit=world.units["board"],
            starts_on=LONG_AGO,
        )
        for name in ("employee", "left_yesterday"):
            world.employments[f"{name} elsewhere"] = Employment.objects.create(
                person=world.people[name],
                unit=world.units["other_unit"],
                title="Förskollärare",
                starts_on=today,
            )
    add_delegation(world, "employee", "neighbour")
    add_delegation(
        world, "employee", "stood_in", today - timedelta(days=9), today - timedelta(days=1)
    )
    template = small_template()
    talks, year = {}, world.year
    for two in dict.fromkeys(persona.talks for persona in PERSONAS.values()):
        for state in Talk.Status.values:
            talk = add_talk(world, *two, state, year=year, template=template)
            talks[two, state] = talk
            _fill(world, talk, world.employments[f"{two[0]} elsewhere"])
            year -= 1
    return talks


@upkeep()
def _fill(world: World, talk: Talk, elsewhere: Employment) -> None:
    section = talk.template_version.sections.get()
    RecordPart.objects.create(talk=talk, section=section, text="Sagt.", written_by=talk.holder)
    for person, party in ((talk.employee, Party.EMPLOYEE), (talk.holder, Party.MANAGER)):
        Preparation.objects.create(talk=talk, author=person, party=party)
        days = 3 if party == Party.EMPLOYEE else 4
        TalkTime.objects.create(
            talk=talk, starts_at=timezone.now() + timedelta(days=days), proposed_by=person
        )
    AccessGrant.objects.create(
        employment=talk.employment,
        employee=talk.employee,
        talk=talk,
        kind=talk.kind,
        year=talk.year,
        reader=world.people["reader"],
        reason="Ett ärende.",
        opened_at=timezone.now() - timedelta(minutes=1),
        ends_at=timezone.now() + timedelta(hours=1),
    )
    if talk.confirmed_version:
        Talk.objects.filter(pk=talk.pk).update(brought_to=elsewhere, revision=talk.revision + 1)
    talk.refresh_from_db()


# --- Each cell, by the actions themselves -------------------------------------------------------


def _prepared(talk: Talk, by: User) -> Preparation:
    found = Preparation.objects.filter(talk=talk, author=by).first()
    return found or Preparation(talk=talk, author=by, revision=1)


def _time(talk: Talk, by: User, *, is_own: bool) -> TalkTime:
    """One that `by` has proposed, or has been proposed to them; to others none shows."""
    times = TalkTime.objects.filter(talk=talk)
    found = times.filter(proposed_by=by) if is_own else times.exclude(proposed_by=by)
    return found.first() or TalkTime(talk=talk, pk=0)


def _elsewhere(talk: Talk) -> Employment:
    elsewhere = Employment.objects.filter(person=talk.employee_id)
    return elsewhere.exclude(pk=talk.employment_id).get()


def _called(name: str) -> User:
    return User.objects.get(account_name=name)


TRIES: dict[Action, Callable[[Talk, User], object]] = {
    Action.PROPOSE_TIME: lambda talk, by: propose_times(
        talk=talk, slots=[Slot(timezone.now() + timedelta(days=9), 60, "Rum 3")], by=by
    ),
    Action.ANSWER_TIME: lambda talk, by: accept_time(time=_time(talk, by, is_own=False), by=by),
    Action.CANCEL_TIME: lambda talk, by: cancel_time(time=_time(talk, by, is_own=True), by=by),
    Action.PREPARE: lambda talk, by: begin_preparation(talk=talk, by=by),
    Action.SHARE: lambda talk, by: share_preparation(
        talk=talk, preparation=_prepared(talk, by), revision=1, by=by
    ),
    Action.WAIVE: lambda talk, by: waive_preparation(talk=talk, by=by),
    Action.HOLD: lambda talk, by: hold_talk(talk=talk, held_on=timezone.localdate(), by=by),
    Action.WRITE: lambda talk, by: write_part(
        talk=talk, section=talk.template_version.sections.get(), revision=1, text="Nytt.", by=by
    ),
    Action.DOCUMENT: lambda talk, by: document_talk(
        talk=talk, mark=record_of(talk).mark if talk.status == Talk.Status.HELD else "", by=by
    ),
    Action.REOPEN: lambda talk, by: reopen_talk(talk=talk, reason="Ett namn är fel.", by=by),
    Action.CONFIRM: lambda talk, by: answer_record(
        talk=talk, number=talk.version_number, outcome=Confirmation.Outcome.CONFIRMED, by=by
    ),
    Action.CORRECT: lambda talk, by: correct_record(talk=talk, reason="Ett fel år.", by=by),
    Action.REMIND: lambda talk, by: remind_to_answer(talk=talk, by=by),
    Action.CLOSE: lambda talk, by: close_talk(talk=talk, by=by),
    Action.DISCONTINUE: lambda talk, by: discontinue_talk(talk=talk, reason="Slut.", by=by),
    Action.TAKE_OVER: lambda talk, by: take_over_talk(talk=talk, by=by),
    Action.DELEGATE: lambda talk, by: delegate_talk(talk=talk, to=_called("neighbour"), by=by),
    Action.HAND_OVER: lambda talk, by: hand_over_talk(talk=talk, to=_called("manager"), by=by),
    Action.BRING_ALONG: lambda talk, by: bring_along(talk=talk, employment=_elsewhere(talk), by=by),
    Action.FOLLOW_UP: lambda talk, by: follow_up_talk(talk=talk, by=by),
}


def _outcomes(talk: Talk, person: User) -> dict[str, tuple[str, str]]:
    """What happens with each action, and the state that the talk is left in; each is taken back.
    The words of a refusal are read."""
    with acting_as(person):
        is_seen = Talk.objects.filter(pk=talk.pk).exists()
        assert is_seen == Talk.objects.visible_to(person).filter(pk=talk.pk).exists()
        rights = TalkRights(person, talk)
        return {action: _outcome(rights, action, is_seen=is_seen) for action in Action}


def _outcome(rights: TalkRights, action: Action, *, is_seen: bool) -> tuple[str, str]:
    words = ""
    with Undone():
        try:
            TRIES[action](rights.talk, rights.user)
        except StepRefusedError as error:
            words = str(error)
        else:
            return DONE, Talk.objects.get(pk=rights.talk.pk).status
    if not is_seen:
        return UNKNOWN, ""
    if not rights.is_for(action):
        return FORBIDDEN, ""
    return (REFUSED if len(words) > SHORTEST_WORDS else "without words"), ""


def test_every_cell_by_the_actions(world, scene):
    table, wrong = _read(), []
    for who, persona in PERSONAS.items():
        for state in Talk.Status.values:
            met = _outcomes(scene[persona.talks, state], world.people[persona.person])
            for action, outcome in met.items():
                row = table[state, action]
                expected = row[who], row["leads to"] if row[who] == DONE else ""
                if outcome != expected:
                    wrong.append(f"{state} {action} {who}: {expected}, was {outcome}")

    assert wrong == []


# --- Each cell, at the pages --------------------------------------------------------------------

PAGES = {
    Action.HOLD: "talk_hold",
    Action.CLOSE: "talk_close",
    Action.DISCONTINUE: "talk_discontinue",
    Action.TAKE_OVER: "talk_take_over",
    Action.HAND_OVER: "talk_hand_over",
    Action.BRING_ALONG: "talk_bring",
    Action.FOLLOW_UP: "talk_follow_up",
    Action.REOPEN: "talk_reopen",
    Action.CORRECT: "talk_correct",
    Action.CONFIRM: "talk_confirm",
    Action.DOCUMENT: "talk_document",
}
SENT: dict[Action, Callable[[World, Talk], dict[str, Any]]] = {
    Action.HOLD: lambda world, talk: {"held_on": timezone.localdate().isoformat()},
    Action.CLOSE: lambda world, talk: {},
    Action.DISCONTINUE: lambda world, talk: {"reason": "Slut."},
    Action.TAKE_OVER: lambda world, talk: {},
    Action.HAND_OVER: lambda world, talk: {"to": world.manager.pk},
    Action.BRING_ALONG: lambda world, talk: {"employment": talk.brought_to_id or ""},
}


# Every step that is taken is taken at its page; what is refused, in the states where it matters.
OPENED_IN = [Talk.Status.HELD, Talk.Status.DOCUMENTED, Talk.Status.CONFIRMED]


def _met(answer: Any) -> str:
    if answer.status_code in {403, 404}:
        return str(answer.status_code)
    if answer.status_code == 200:
        return DONE
    if answer.status_code == 409:
        return REFUSED if answer.context["form"].non_field_errors() else "409 without words"
    said = [str(message) for message in get_messages(answer.wsgi_request)]
    return REFUSED if answer.status_code == 302 and any(said) else str(answer.status_code)


def _address(talk: Talk, action: Action) -> str:
    return reverse(f"dialogues:{PAGES[action]}", args=[talk.pk])


def _cells(*, sent: bool) -> Iterator[tuple[str, Action, str, str]]:
    """State, action, persona and outcome."""
    states = OPENED_IN[-1:] if sent else OPENED_IN
    for (state, name), row in _read().items():
        for who in PERSONAS:
            is_met = state in states if who in AT_THE_PAGES else state == Talk.Status.CONFIRMED
            if name in PAGES and (name in SENT) == sent and (is_met or row[who] == DONE):
                yield state, Action(name), who, row[who]


def test_the_pages_open_and_refuse_as_the_table_says(world, scene, as_persona):
    clients = {who: as_persona(persona.person) for who, persona in PERSONAS.items()}
    wrong = []
    for state, action, who, expected in _cells(sent=False):
        with Undone():
            met = _met(clients[who].get(_address(scene[PERSONAS[who].talks, state], action)))
        if met != expected:
            wrong.append(f"{state} {action} {who}: {expected}, was {met}")

    assert wrong == []


def test_the_forms_of_the_hub_are_taken_or_refused_as_the_table_says(world, scene, as_persona):
    clients = {who: as_persona(persona.person) for who, persona in PERSONAS.items()}
    table, wrong = _read(), []
    for state, action, who, expected in _cells(sent=True):
        talk = scene[PERSONAS[who].talks, state]
        form = {"form_token": str(uuid4()), **SENT[action](world, talk)}
        with Undone():
            answer = clients[who].post(_address(talk, action), form)
            with upkeep():
                left = Talk.objects.get(pk=talk.pk)
        is_done = left.revision > talk.revision
        met = DONE if is_done else _met(answer)
        leads_to = table[state, action]["leads to"] if is_done else talk.status
        if (met, left.status) != (expected, leads_to):
            wrong.append(f"{state} {action} {who}: {expected}, was {met} {left.status}")

    assert wrong == []
