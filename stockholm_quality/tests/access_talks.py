"""The talks that the words of the access table mean, what its forms hold, and what is said in
them."""

import re
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from dialogues.forms.rows import section_key
from dialogues.models import (
    Talk,
    TalkTemplate,
    TemplateVersion,
)
from stockholm_quality.tests.access_year import MISSING
from stockholm_quality.tests.world import World, canary, scene

TALKS = {
    "a talk that is planned": "planned",
    "a talk that both prepare": "preparing",
    "a talk that the employee is ready for": "half_shared",
    "a talk that both are ready for": "both_shared",
    "a talk that is held": "held",
    "a record that waits for the employee": "documented",
    "a record that both have answered": "confirmed",
    "a closed talk": "closed",
    "a discontinued talk": "discontinued",
    "a record that is corrected": "correcting",
    "a salary talk that both prepare": "salary_preparing",
    "a salary talk that is held": "salary_held",
    "the record of a salary talk": "salary",
    "a salary talk in the delegate's hands": "delegated_salary",
    "a talk that the former manager prepared": "former_preparing",
    "a talk that the former manager held": "former_held",
    "a record of the former manager's time": "former_confirmed",
    "a talk that the delegate prepares": "delegated_preparing",
    "a talk that the delegate held": "delegated_held",
    "a record that the delegate answered": "delegated_confirmed",
    "a talk that the earlier delegate held": "ended_held",
    "the colleague's talk": "colleagues_held",
    "the colleague's record": "colleagues",
    "the talk of the person with protected identity": "protected_preparing",
    "the record of the person with protected identity": "protecteds",
    "a talk of another administration": "strangers_preparing",
    "a record of another administration": "strangers",
    "the manager's own talk": "managers_preparing",
    "the manager's own record": "managers",
    "a record taken along": "brought",
    "a record left behind": "left",
}
GRANTS = {
    "the access that runs": "running",
    "the access that has ended": "ended",
    "the access that found nothing": "nothing",
}
CRITERIA = {
    "the board's pay criteria": "board_0",
    "another board's pay criteria": "other_0",
    "pay criteria that HR writes": "draft",
}
EMPLOYMENTS = {
    "the employee": "employee",
    "the person with protected identity": "protected",
    "the manager": "manager",
    "the neighbour": "neighbour",
    "the stranger": "stranger",
    "the employee who left": "left_yesterday",
    "where the person who moved was before": "moved_before",
}
ROUNDS = {
    "a round that is prepared": "planned",
    "a round that runs": "started",
    "a round of another administration": "other",
}
NEEDS = {
    "an open need": "open",
    "a need that is met": "done",
    "a need that was dropped": "dropped",
    "the colleague's need": "colleagues",
    "the need of the person with protected identity": "protecteds",
    "a need of another administration": "strangers",
    "the manager's own need": "managers",
    "a need taken along": "brought",
    "a need left behind": "left",
}
DELEGATIONS = {
    "the delegation that runs": "delegate",
    "the delegation that has ended": "delegate_ended",
}
UNITS = {
    "the city": "city",
    "the board": "board",
    "the department": "department",
    "the unit": "unit",
    "the unit next door": "next_unit",
    "another board": "other_board",
    "a unit of another administration": "other_unit",
}
# Walked for everybody of the talks; their own page tells them what waits.
_OLDER = {"unit", "people", "give", "expectation", "expectation_edit", "expectation_withdraw"}
_OLDER |= {"acknowledge"}


def is_of_talks(route: str) -> bool:
    namespace, _, name = route.partition(":")
    if namespace == "admin":
        return name.startswith(("dialogues_", "admin/dialogues"))
    return route == "home" or (namespace == "dialogues" and name not in _OLDER)


# --- Where it is ---------------------------------------------------------------------------------


def address(world: World, route: str, thing: str) -> str | None:
    """None where the thing is none of the talks'."""
    if find := ADDRESSES.get(route):
        found = find(world, thing)
        if isinstance(found, str):
            return reverse(route) + found
        return reverse(route, args=found) if found is not None else None
    thing, _, version = thing.partition(", version ")
    numbers = [int(version)] if version else []
    for named, things in (
        (TALKS, world.talks),
        (GRANTS, world.grants),
        (CRITERIA, world.criteria_sets),
        (ROUNDS, world.rounds),
        (NEEDS, world.needs_of_talks),
        (DELEGATIONS, world.delegations),
        (UNITS if is_of_talks(route) else {}, world.units),
    ):
        if thing in named:
            return reverse(route, args=[things[named[thing]].pk, *numbers]) + _query(
                world, route, thing
            )
    if thing.endswith("not exist") and route.startswith("dialogues:"):
        return reverse(route, args=[MISSING, *numbers])
    return None


def _query(world: World, route: str, thing: str) -> str:
    """What a window tells of when it asks what is new."""
    if route != "dialogues:joint_news":
        return ""
    sections = world.talks[TALKS[thing]].template_version.sections.filter(owner="JOINT")
    return f"?have={section_key(sections.first())}=x"


def _employment(world: World, thing: str) -> list[int] | None:
    if thing.endswith("not exist"):
        return [MISSING]
    return [world.employments[EMPLOYMENTS[thing]].pk] if thing in EMPLOYMENTS else None


def _time(world: World, thing: str) -> list[int]:
    name = {
        "a time that the manager proposes": "proposed",
        "a time that is agreed on": "accepted",
    }.get(thing)
    if name:
        time = world.times[name]
        return [time.talk_id, time.pk]
    if thing == "another talk's time":
        return [world.talks["both_shared"].pk, world.times["proposed"].pk]
    return [MISSING, MISSING]


def _in_talk(things: Callable[[World], dict[str, Any]]) -> Callable[[World, str], list[int]]:
    """`<thing> in <talk>`; without a talk it is the one that is held."""

    def find(world: World, thing: str) -> list[int]:
        what, _, where = thing.partition(" in ")
        if what.endswith("not exist"):
            return [MISSING, MISSING]
        talk = world.talks[TALKS[where or "a talk that is held"]]
        return [talk.pk, things(world)[what].pk]

    return find


def expectations_of(world: World) -> dict[str, Any]:
    return {
        "what is agreed on": world.expectations["agreed"],
        "another year's expectation": world.expectations["expectation"],
        "the colleague's expectation": world.expectations["colleagues_expectation"],
    }


def _access(world: World, thing: str) -> str:
    if thing.startswith("a record of "):
        who = EMPLOYMENTS[thing.removeprefix("a record of ")]
        return f"?employment={world.employments[who].pk}"
    return {
        "found by name": "?q=namn-employee",
        "found by a protected name": "?q=namn-protected",
    }.get(thing, "")


def _delegate(world: World, thing: str) -> str:
    if thing == "to the neighbour":
        return f"?delegate={world.people['neighbour'].pk}"
    return {
        "found by name": "?q=namn-neighbour",
        "found by a protected name": "?q=namn-protected",
    }.get(thing, "")


def _talks(world: World, thing: str) -> str:
    return {
        "of next year": f"?year={world.year + 1}",
        "of last year": f"?year={world.year - 1}",
        "found by name": "?text=gel-",
        "found by a protected name": "?text=namn-protected",
    }.get(thing, "")


def _invite(world: World, thing: str) -> str:
    names = {"of the manager": ["planned", "preparing"], "of others": ["colleagues_held"]}
    chosen = [world.talks[name].pk for name in names.get(thing, [])]
    return "?" + "&".join(f"talk={pk}" for pk in chosen) if chosen else ""


def _criteria_of_year(world: World, thing: str) -> str:
    return f"?year={world.year + 1}" if thing == "of next year" else ""


ADDRESSES: dict[str, Callable[[World, str], Any]] = {
    "dialogues:talks": _talks,
    "dialogues:talk_new": _employment,
    "dialogues:time_answer": _time,
    "dialogues:time_cancel": _time,
    "dialogues:invite_many": _invite,
    "dialogues:access_open": _access,
    "dialogues:delegation_new": _delegate,
    "dialogues:competence_of": _employment,
    "dialogues:competence_need_new": _employment,
    "dialogues:criteria": _criteria_of_year,
    "dialogues:joint_expectation": _in_talk(expectations_of),
    "dialogues:joint_expectation_withdraw": _in_talk(expectations_of),
    "dialogues:joint_need": _in_talk(
        lambda world: {name: world.needs_of_talks[of] for name, of in NEEDS.items()}
    ),
}


def key_in_administration(world: World, thing: str) -> int | None:
    """The key of a template, a version, a set of criteria or a criterion; None where the thing is
    none of these."""
    templates = {
        "the city's template": "stad-medarbetarsamtal",
        "the board's template": "sodermalm",
    }
    what, _, whose = thing.partition(" of ")
    with scene():
        if thing in templates:
            return TalkTemplate.objects.get(code=templates[thing]).pk
        if what == "the version" and whose in templates:
            return TemplateVersion.objects.get(template__code=templates[whose]).pk
        if thing in CRITERIA:
            return int(world.criteria_sets[CRITERIA[thing]].pk)
        if what == "the criterion" and whose in CRITERIA:
            return int(world.criteria_sets[CRITERIA[whose]].criteria.get().pk)
    return None


# --- What may be read ----------------------------------------------------------------------------

_SNAPSHOT = ("", "-förväntan", "-utfall", "-behov")
_NEED = ("", "-aktivitet")
# What is said in each talk, by what it is; each is a row of the table: `<what>, <talk>`.
UNSHARED_BY_EMPLOYEE = "what the employee has not shared"
UNSHARED_BY_MANAGER = "what the manager has not shared"
SHARED_BY_EMPLOYEE = "what the employee has shared"
SHARED_BY_MANAGER = "what the manager has shared"
TOGETHER = "what the two write together"
RECORD = "what stands in the record"
ANSWERS = "what the two answered"
_SAID: dict[str, Callable[[str], set[str]]] = {
    UNSHARED_BY_EMPLOYEE: lambda name: _of_side(name, "medarbetare", "utkast"),
    UNSHARED_BY_MANAGER: lambda name: _of_side(name, "chef", "utkast"),
    SHARED_BY_EMPLOYEE: lambda name: _of_side(name, "medarbetare", "delad"),
    SHARED_BY_MANAGER: lambda name: _of_side(name, "chef", "delad"),
    TOGETHER: lambda name: (
        {canary(f"{name}-gemensamt")}
        | ({canary(f"{name}-vägt"), canary(f"{name}-höja")} if "salary" in name else set())
    ),
    RECORD: lambda name: _version(name, 1),
    ANSWERS: lambda name: {canary(f"{name}-anmärkning"), canary(f"{name}-avstår")},
}
NOTES = {
    "the employee's notes for themselves": "medarbetare",
    "the manager's notes for themselves": "chef",
}


def _of_side(name: str, side: str, kind: str) -> set[str]:
    said = f"{name}-{side}-{kind}"
    return {canary(said)} | ({canary(f"{said}-skäl")} if "salary" in name else set())


def _version(name: str, number: int) -> set[str]:
    weighed = ("-vägt", "-höja") if "salary" in name else ()
    return {canary(f"{name}-version{number}{part}") for part in (*_SNAPSHOT, *weighed)}


# What stands nowhere else.
_WORDS = {
    "the manager's answer, a record that waits for the employee": {canary("documented-anmärkning")},
    "the correction, a record that is corrected": _version("correcting", 2)
    | {canary("correcting-rättelse")},
    "why it ended, a discontinued talk": {canary("discontinued-slut")},
    "the time and the place, a talk that both prepare": {
        canary("preparing-plats"),
        canary("preparing-tidsord"),
    },
    "the time and the place, a talk that the employee is ready for": {
        canary("half_shared-plats"),
        canary("half_shared-tidsord"),
    },
    "what the employee has not yet sent as an answer": {canary("osparad-anmärkning")},
    "how the employee's expectation went": {
        canary("utfall-medarbetare"),
        canary("utfall-chef"),
    },
    "why the colleague's record is read": {canary("åtkomst-running")},
    "why the employee's record was read": {canary("åtkomst-ended")},
    "why a record was asked for that is not there": {canary("åtkomst-nothing")},
    "pay criteria that HR writes": {canary("lönekriterier-utkast")},
    "a template that HR writes": {canary("samtalsmall-utkast")},
    "what the employee needs to learn": {
        *(canary(f"behov-{name}{part}") for name in ("open", "done", "dropped") for part in _NEED),
        canary("behov-done-effekt"),
        canary("behov-dropped-skäl"),
    },
    **{
        f"what is to be learnt, {thing}": {canary(f"behov-{name}{part}") for part in _NEED}
        for thing, name in NEEDS.items()
        if name not in {"open", "done", "dropped"}
    },
}
# What nobody else has to do with: to read one's own leaves no trace for the other to see.
_NOTED = re.compile(r"-(delad(-skäl)?|gemensamt|vägt|höja|version\d.*|anmärkning|avstår|slut)$")


def talk_read(world: World, found: str) -> int | None:
    """The talk in whose log it stands that this canary has been read; None where nothing does."""
    if not _NOTED.search(found):
        return None
    names = [name for name in world.talks if found.startswith(canary(f"{name}-"))]
    return world.talks[max(names, key=len)].pk if names else None


# What opens with the head of a talk, or is not walled: reasons of steps, one's own draft of a form,
# and what HR writes.
UNWALLED = {
    *(canary(name) for name in ("discontinued-slut", "correcting-rättelse", "osparad-anmärkning")),
    *(canary(name) for name in ("lönekriterier-utkast", "samtalsmall-utkast")),
}
_OF_JOINT_PAGE = {"joint_beside", "joint_expectation", "joint_expectation_withdraw", "joint_need"}


def part_of_joint_page(world: World, route: str, response: HttpResponse) -> set[int]:
    """What stands beside the joint page, and what is agreed on there, is read as part of it."""
    if route.removeprefix("dialogues:") not in _OF_JOINT_PAGE:
        return set()
    match = response.wsgi_request.resolver_match
    return {
        talk.pk
        for talk in world.talks.values()
        if talk.pk == match.kwargs["pk"] and talk.status == Talk.Status.HELD
    }


def words_of(thing: str) -> set[str] | None:
    """The canaries that a row about words stands for; None where it is not about talks."""
    if thing in _WORDS:
        return _WORDS[thing]
    what, _, where = thing.partition(", ")
    if where not in TALKS:
        return None
    if what in NOTES:
        return {canary(f"{TALKS[where]}-{NOTES[what]}-anteckning")}
    return _SAID[what](TALKS[where]) if what in _SAID else None
