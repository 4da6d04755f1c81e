"""What the forms of the talks hold when the personas of the access table have filled them in."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from dialogues.forms.rows import SectionRow, section_key
from dialogues.models import (
    Answer,
    Party,
    Preparation,
    RecordPart,
    Round,
    Talk,
    TalkTemplate,
)
from dialogues.sheet import record_of
from goals.models import Expectation
from stockholm_quality.tests.access_talks import (
    DELEGATIONS,
    NEEDS,
    ROUNDS,
    TALKS,
    expectations_of,
)
from stockholm_quality.tests.world import World, scene

FRIDAY = 5


@scene()
def form_of(world: World, route: str, thing: str, persona: str) -> dict[str, Any] | None:
    """None where the route is none of the talks'."""
    fill = FORMS.get(route)
    return fill(world, thing, persona) if fill else None


def _talk(world: World, thing: str) -> Talk | None:
    found = world.talks.get(TALKS.get(thing.partition(", version ")[0], ""))
    return Talk.objects.with_people().get(pk=found.pk) if found else None


def _said(**fields: Any) -> Callable[[World, str, str], dict[str, Any]]:
    return lambda world, thing, persona: fields


def _start(world: World, thing: str, persona: str) -> dict[str, Any]:
    return {"kind": "LEAVING", "year": world.year}


def _ahead(days: int = 14) -> str:
    """At nine, on a working day."""
    day = timezone.localdate() + timedelta(days=days)
    while day.isoweekday() > FRIDAY:
        day += timedelta(days=1)
    return f"{day}T09:00"


def _hand_over(world: World, thing: str, persona: str) -> dict[str, Any]:
    return {"to": world.people["manager"].pk}


def _prepared_text(world: World, thing: str, persona: str) -> dict[str, Any]:
    talk = _talk(world, thing)
    if talk is None:
        return {}
    section = talk.template_version.sections.filter(owner="BOTH").last()
    author = world.people.get(persona, talk.employee)
    row = Answer.objects.filter(
        talk=talk, author=author, section=section, preparation__shared_at=None
    ).first()
    form = SectionRow(row=row or Answer(section=section))
    key = section_key(section)
    return {f"{key}-seen": form.seen_now(form.row), f"{key}-text": "Vi läser mer."}


def _share(world: World, thing: str, persona: str) -> dict[str, Any]:
    talk, author = _talk(world, thing), world.people.get(persona)
    own = Preparation.objects.filter(talk=talk, author=author, shared_at=None).first()
    return {"revision": own.revision if own else 1}


def _part(world: World, thing: str, persona: str) -> dict[str, Any]:
    talk = _talk(world, thing)
    if talk is None:
        return {}
    section = talk.template_version.sections.filter(owner="JOINT").first()
    row = RecordPart.objects.filter(talk=talk, section=section).first()
    form = SectionRow(row=row or RecordPart(section=section))
    key = section_key(section)
    return {f"{key}-seen": form.seen_now(form.row), f"{key}-text": "Vi läser mer."}


def _mark(world: World, thing: str, persona: str) -> dict[str, Any]:
    talk = _talk(world, thing)
    return {"mark": record_of(talk).mark if talk else ""}


def _answer(world: World, thing: str, persona: str) -> dict[str, Any]:
    talk = _talk(world, thing)
    return {
        "outcome": "WITH_REMARK",
        "words": "Det stämmer nästan.",
        "number": talk.version_number if talk else 1,
        "sure": "on",
    }


def _goals(world: World, thing: str, persona: str) -> dict[str, Any]:
    return {"goals": [world.goals["spare_next_goal"].pk]}


def _agreed(world: World, thing: str, persona: str) -> dict[str, Any]:
    what = thing.partition(" in ")[0]
    known = expectations_of(world).get(what)
    revision = Expectation.objects.get(pk=known.pk).revision if known else 1
    return {
        "goal": world.goals["next_goal"].pk,
        "text": "Läs varje dag",
        "revision": revision,
        "reason": "Har bytt grupp",
    }


def _need(world: World, thing: str, persona: str) -> dict[str, Any]:
    what = thing.partition(" in ")[0]
    need = world.needs_of_talks.get(NEEDS.get(what, ""))
    return {
        "need": "Teckenstöd",
        "source": "OWN_WISH",
        "responsible": Party.EMPLOYEE,
        "revision": need.revision if need else 1,
    }


def _open_in_need(world: World, thing: str, persona: str) -> dict[str, Any]:
    return {
        "kind": "EMPLOYEE",
        "year": world.year - 1,
        "reason": "Arbetsgivaren utreder ett klagomål om hot.",
        "days": 1,
        "sure": "on",
    }


def _plan_need(world: World, thing: str, persona: str) -> dict[str, Any]:
    need = world.needs_of_talks.get(NEEDS.get(thing, ""))
    return {
        "need": "Teckenstöd",
        "origin": "OWN_WISH",
        "responsible": Party.EMPLOYEE,
        "revision": need.revision if need else 1,
        "effect": "Fler barn tecknar.",
        "done_on": timezone.localdate(),
        "reason": "Behövs inte mer.",
    }


def _delegation(world: World, thing: str, persona: str) -> dict[str, Any]:
    today = timezone.localdate()
    return {
        "employments": [world.employments["colleague"].pk],
        "starts_on": today,
        "ends_on": today + timedelta(days=9),
    }


def _end(world: World, thing: str, persona: str) -> dict[str, Any]:
    found = world.delegations.get(DELEGATIONS.get(thing, ""))
    return {"revision": found.revision if found else 1}


def _round(world: World, thing: str, persona: str) -> dict[str, Any]:
    today = timezone.localdate()
    found = world.rounds.get(ROUNDS.get(thing, ""))
    template = TalkTemplate.objects.get(code="stad-lonesamtal")
    own = world.other_board if persona == "other_hr" else world.board
    return {
        "unit": found.unit_id if found else own.pk,
        "kind": "SALARY",
        "year": world.year,
        "template": template.pk,
        "starts_on": today,
        "ends_on": today + timedelta(days=30),
        "revision": Round.objects.get(pk=found.pk).revision if found else "",
    }


def _invited(world: World, thing: str, persona: str) -> dict[str, Any]:
    return {
        "starts": _ahead(),
        "minutes": 60,
        "pause": 15,
        "a_day": 3,
        "send": "on",
    }


FORMS: dict[str, Callable[[World, str, str], dict[str, Any]]] = {
    "dialogues:talk_new": _start,
    "dialogues:invite_many": _invited,
    "dialogues:talk_times": lambda world, thing, persona: {"starts_0": _ahead(), "minutes": 60},
    "dialogues:time_answer": _said(answer="accept"),
    "dialogues:time_cancel": _said(),
    "dialogues:talk_hold": lambda world, thing, persona: {"held_on": timezone.localdate()},
    "dialogues:talk_close": _said(),
    "dialogues:talk_discontinue": _said(reason="Startat av misstag."),
    "dialogues:talk_take_over": _said(),
    "dialogues:talk_hand_over": _hand_over,
    "dialogues:talk_bring": _said(employment=""),
    "dialogues:talk_follow_up": _said(),
    "dialogues:preparation": _prepared_text,
    "dialogues:preparation_share": _share,
    "dialogues:preparation_waive": _said(),
    "dialogues:talk_document": _mark,
    "dialogues:talk_confirm": _answer,
    "dialogues:talk_reopen": _said(reason="Ett datum var fel."),
    "dialogues:talk_correct": _said(reason="Ett datum var fel."),
    "dialogues:talk_remind": _said(),
    "dialogues:joint": _part,
    "dialogues:joint_adopt": _goals,
    "dialogues:joint_expectation_new": _agreed,
    "dialogues:joint_expectation": _agreed,
    "dialogues:joint_expectation_withdraw": _agreed,
    "dialogues:joint_need_new": _need,
    "dialogues:joint_need": _need,
    "dialogues:access_open": _open_in_need,
    "dialogues:criteria_know": _said(),
    "dialogues:delegation_new": _delegation,
    "dialogues:delegation_end": _end,
    "dialogues:delegation_talks": _said(),
    "dialogues:competence_need_new": _plan_need,
    "dialogues:competence_need_edit": _plan_need,
    "dialogues:competence_need_done": _plan_need,
    "dialogues:competence_need_drop": _plan_need,
    "dialogues:competence_bring": _said(),
    "dialogues:round_new": _round,
    "dialogues:round_edit": _round,
    "dialogues:round": _said(),
    "dialogues:round_start": _said(),
    "dialogues:round_end": _said(),
    "admin:dialogues_criteriaset_add_criterion": _said(name="Samarbete"),
    "admin:dialogues_criteriaset_correct": _said(reason="Ett ord var fel."),
}
QUERIES_OF_POSTS = {"dialogues:preparation": "?version=1"}
