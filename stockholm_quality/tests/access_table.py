"""Reads `stockholm_quality/access_table.csv`, and finds the things that its words mean."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from stockholm_quality.tests import access_talks, access_talks_forms, access_year
from stockholm_quality.tests.access_year import MISSING
from stockholm_quality.tests.world import PASSWORD, World, canary

TABLE = Path(settings.BASE_DIR, "stockholm_quality", "access_table.csv")
WHO, EVERY_ROUTE, EVERY_PAGE = "who is who", "every route", "every page"
ADMINISTRATION = "every route of the administration"


@dataclass(frozen=True)
class Row:
    """One line of the table; `cells` says for each persona what happens, in words."""

    route: str
    method: str
    thing: str
    cells: dict[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.route} ({self.thing})"


def read_table(path: Path = TABLE) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.DictReader(file, delimiter=";")
        return [
            Row(line.pop("route"), line.pop("method"), line.pop("object"), line) for line in lines
        ]


def requests_of(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.route not in {WHO, EVERY_ROUTE, EVERY_PAGE, ADMINISTRATION}]


# --- The routes ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Route:
    """`name` as in a template or, where a route has none, its namespace and its path."""

    name: str
    path: str


def routes(resolver: URLResolver | None = None) -> Iterator[Route]:
    yield from _walk(resolver or get_resolver(), "", "")


def _walk(resolver: URLResolver, namespace: str, path: str) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        below = path + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield Route(namespace + (pattern.name or below), below)
        else:
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from _walk(pattern, namespace + inner, below)


def undeclared(rows: list[Row], resolver: URLResolver | None = None) -> set[str]:
    """Routes that no row of the table names."""
    named = {row.route for row in requests_of(rows)}
    return {
        route.name
        for route in routes(resolver)
        if not any(fnmatchcase(route.name, pattern) for pattern in named)
    }


def nowhere(rows: list[Row]) -> set[str]:
    """Rows that no route answers to."""
    names = {route.name for route in routes()}
    return {
        row.route
        for row in requests_of(rows)
        if not any(fnmatchcase(name, row.route) for name in names)
    }


# --- The things ----------------------------------------------------------------------------------

GOALS = {
    "the council's orientation goal": "orientation",
    "the council's goal": "area",
    "a council goal not taken up": "loose_area",
    "the board's goal": "board_goal",
    "the board's draft": "board_draft",
    "another board's goal": "other_board_goal",
    "the unit's goal": "unit_goal",
    "the unit's draft": "unit_draft",
    "a unit goal that hangs loose": "loose_goal",
    "a unit goal of another administration": "other_unit_goal",
    "a draft of another administration": "other_unit_draft",
}
UNITS = {
    "the city": "city",
    "the board": "board",
    "the department": "department",
    "the unit": "unit",
    "a group in the unit": "group",
    "the unit next door": "next_unit",
    "a unit of three": "small_unit",
    "another board": "other_board",
    "a unit of another administration": "other_unit",
}
EXPECTATIONS = {
    "the employee's expectation": "expectation",
    "the employee's known expectation": "known_expectation",
    "the employee's withdrawn expectation": "withdrawn_expectation",
    "the employee's expectation of next year": "agreed",
    "the colleague's expectation": "colleagues_expectation",
    "the expectation of the person with protected identity": "protected_expectation",
    "the manager's own expectation": "managers_expectation",
    "the expectation of an employee who left": "left_expectation",
    "an expectation of another administration": "strangers_expectation",
}
PEOPLE = {
    "the employee": "employee",
    "the person with protected identity": "protected",
    "the manager": "manager",
    "HR": "hr",
    "the stranger": "stranger",
    "the employee who left": "left_yesterday",
    "the other manager": "other_manager",
    "a person who has never signed in": "small_employee_0",
    "the system administrator": "administrator",
    "the protected person of another administration": "other_protected",
}
NAMES = {
    "name of the employee": ["employee"],
    "name of the colleague": ["colleague"],
    "name of the representative": ["representative"],
    "name of the manager": ["manager"],
    "name of the acting manager": ["acting_manager"],
    "name of the neighbour": ["neighbour"],
    "name of the former manager": ["former_manager"],
    "name of the acting manager until yesterday": ["acting_ended"],
    "names in the unit of three": [f"small_employee_{number}" for number in range(3)],
    "name of the manager above": ["manager_above"],
    "name of the controller": ["controller"],
    "name of HR": ["hr"],
    "name of the employee who left": ["left_yesterday"],
    "name of the person with protected identity": ["protected"],
    "name of the stranger": ["stranger"],
    "names of the manager's further employees": [f"teammate_{number}" for number in range(2)],
    "names of the stranger's colleagues": [f"other_employee_{number}" for number in range(5)],
    "name of the protected person of another administration": ["other_protected"],
    "name of the other manager": ["other_manager"],
    "name of the other controller": ["other_controller"],
    "name of the city's controller": ["city_controller"],
    "name of the other HR": ["other_hr"],
    "name of the city's HR": ["city_hr"],
    "name of the system administrator": ["administrator"],
    "name of the delegate": ["delegate"],
    "name of the delegate until yesterday": ["delegate_ended"],
    "name of the person who moved": ["moved"],
    "name of the HR who reads in need": ["need_reader"],
}


def canaries_of(thing: str) -> set[str]:
    """The canaries that the words of a row about words stand for."""
    if thing in GOALS:
        return {canary(GOALS[thing])}
    if thing in EXPECTATIONS:
        name = EXPECTATIONS[thing]
        parts = ["", "-tecken", "-resultat", "-stöd"]
        return {canary(f"{name}{part}") for part in parts}
    if thing in NAMES:
        return {canary(f"namn-{name}") for name in NAMES[thing]}
    if (said := access_talks.words_of(thing)) is not None:
        return said
    if thing in access_year.WORDS:
        return access_year.WORDS[thing]
    return {
        "why the employee's expectation was withdrawn": {canary("skäl")},
        "what the manager has not yet saved": {canary("utkast")},
    }[thing]


def address(world: World, row: Row) -> str:
    """Where the row's thing is."""
    if row.route.startswith("admin:"):
        return _address_in_administration(world, row)
    if row.route in ADDRESSES:
        return ADDRESSES[row.route](world, row.thing)
    return (
        access_talks.address(world, row.route, row.thing)
        or access_year.address(world, row.route, row.thing)
        or _address(world, row)
    )


def _address(world: World, row: Row) -> str:
    for things, named in ((GOALS, world.goals), (UNITS, world.units)):
        if row.thing in things:
            return reverse(row.route, args=[named[things[row.thing]].pk])
    if row.thing in EXPECTATIONS:
        return reverse(row.route, args=[world.expectations[EXPECTATIONS[row.thing]].pk])
    return reverse(row.route)


def _queries(route: str, queries: Callable[[World], dict[str, str]]) -> Callable[..., str]:
    return lambda world, thing: reverse(route) + queries(world).get(thing, "")


ADDRESSES: dict[str, Callable[[World, str], str]] = {
    "password_first": lambda world, thing: reverse("password_first", args=["MQ", "x-y"]),
    "units:list": _queries(
        "units:list",
        lambda world: {
            "under the unit": f"?under={world.unit.pk}",
            "units that hold a word": "?text=skolan",
            "as it was last year": f"?day={date(world.year - 1, 6, 1)}",
        },
    ),
    "goals:tree": _queries(
        "goals:tree",
        lambda world: {
            "of the board": f"?board={world.board.pk}",
            "goals that hold a word": "?text=gel-",
            "goals that hold a name": "?text=gel-namn-",
        },
    ),
    "goals:loose_ends": _queries(
        "goals:loose_ends",
        lambda world: {
            "council goals": "?section=council",
            "board goals": "?section=boards",
            "unit goals": "?section=units",
            "employees": "?section=employees",
        },
    ),
}


QUERIES_OF_ADMINISTRATION = {
    "units to choose from": "?app_label=units&model_name=employment&field_name=unit",
    "people to choose from": "?app_label=units&model_name=employment&field_name=person",
    "employments to choose from": "?app_label=units&model_name=leave&field_name=employment",
    "staff groups to choose from": "?app_label=units&model_name=employment&field_name=staff_group",
    "the register, searched for a canary": "?q=gel-",
}


def _address_in_administration(world: World, row: Row) -> str:
    query = QUERIES_OF_ADMINISTRATION.get(row.thing, "")
    if row.thing == "an address that does not exist":
        return reverse("admin:index") + "nowhere/"
    if row.thing == "an old address":
        return "/" + row.route.removeprefix("admin:").replace("<path:object_id>", "1")
    if row.thing == "the organisation's registers":
        return reverse(row.route, args=["units"])
    if row.thing == "the registers of the talks":
        return reverse(row.route, args=["dialogues"])
    if row.route != "admin:password_change" and row.route.endswith(
        (
            *("_change", "_delete", "_history", "_place", "_close", "_merge", "_import"),
            *("_begin", "_copy", "_publish", "_discard", "_preview", "_add_criterion"),
            *("_correct", "_remove", "_first_password"),
        )
    ):
        return reverse(row.route, args=[_key_in_administration(world, row)])
    return reverse(row.route) + query


def _key_in_administration(world: World, row: Row) -> int:
    """The key of the unit, placement, person, employment, leave, staff group, role, keeper, goal or
    thing of the year."""
    thing, whose = row.thing, row.thing.partition(" of ")[2]
    if thing.endswith("not exist"):
        return MISSING
    if of_the_talks := access_talks.key_in_administration(world, thing):
        return of_the_talks
    if of_the_year := access_year.arguments(world, row.route, thing):
        return int(of_the_year[0])
    if thing in GOALS and row.route.startswith("admin:goals_goal"):
        return int(world.goals[GOALS[thing]].pk)
    if thing in UNITS or thing in PEOPLE:
        rows = world.units if thing in UNITS else world.people
        return int(rows[UNITS.get(thing) or PEOPLE[thing]].pk)
    what = thing.partition(" of ")[0]
    found = _IN_REGISTERS.get(what, lambda world, whose: world.people[PEOPLE[whose]].roles.get())
    return int(found(world, whose).pk)


_IN_REGISTERS: dict[str, Callable[[World, str], Any]] = {
    "the placement": lambda world, whose: (
        world.unit if whose == "the unit" else world.other_unit
    ).placements.get(),
    "the keeper": lambda world, whose: world.protected.identity_keepers.get(),
    "the employment": lambda world, whose: world.employments[PEOPLE[whose]],
    "the leave": lambda world, whose: world.leaves[PEOPLE[whose]],
    "the staff group": lambda world, whose: world.staff_groups["cooks"],
}


# --- What is sent --------------------------------------------------------------------------------


def form_of(world: World, row: Row, persona: str) -> dict[str, Any]:
    """What the row's form holds when the persona has filled it in as it should be. What a page of
    the administration holds already is not among it."""
    sent = access_talks_forms.form_of(world, row.route, row.thing, persona)
    if sent is not None:
        return {"form_token": str(uuid4()), **sent}
    if fill_in := access_year.FORMS.get(row.route):
        return {"form_token": str(uuid4()), **fill_in(world, row.thing, persona)}
    fill = FORMS.get(row.route)
    sent = fill(world, row.thing) if fill else {}
    if row.route == "dialogues:give" and persona == "manager_above" and "unit's" in row.thing:
        sent["employments"] = [world.employments["manager"].pk]
    return {"form_token": str(uuid4()), **sent}


def _goal_form(world: World, thing: str) -> dict[str, Any]:
    revision = world.goals[GOALS[thing]].revision if thing in GOALS else ""
    return {"title": "Alla barn kan läsa", "revision": revision}


def _decision(world: World, thing: str) -> dict[str, Any]:
    return {
        "revision": world.goals[GOALS[thing]].revision,
        "decided_on": timezone.localdate(),
        "reference_number": "1.2.1-413",
    }


def _change_form(world: World, thing: str) -> dict[str, Any]:
    return {**_goal_form(world, thing), **_decision(world, thing), "reason": "Nya siffror"}


def _give_form(world: World, thing: str) -> dict[str, Any]:
    who = {
        "a unit goal that hangs loose": "neighbour",
        "a unit goal of another administration": "stranger",
    }.get(thing, "employee")
    return {"text": "Läs varje dag", "employments": [world.employments[who].pk]}


def _expectation_form(world: World, thing: str) -> dict[str, Any]:
    if thing not in EXPECTATIONS:
        return {"text": "Läs varje dag", "goal": world.unit_goal.pk, "revision": 1}
    expectation = world.expectations[EXPECTATIONS[thing]]
    return {
        "text": "Läs varje dag",
        "goal": expectation.goal_id,
        "revision": expectation.revision,
        "reason": "Har bytt grupp",
        "version": expectation.version_number,
        "goal_version": expectation.goal.version_number,
    }


def _password_form(world: World, thing: str) -> dict[str, Any]:
    new = "en annan lång mening"
    return {"old_password": PASSWORD, "new_password1": new, "new_password2": new}


FORMS: dict[str, Callable[[World, str], dict[str, Any]]] = {
    "login": lambda world, thing: {"username": "employee", "password": PASSWORD},
    "password_change": _password_form,
    "admin:password_change": _password_form,
    "profile": lambda world, thing: {"language": "en", "appearance": "dark"},
    "set_language": lambda world, thing: {"language": "en"},
    "units:draft": lambda world, thing: {"key": "goal:new", "title": "Alla barn kan läsa"},
    "units:draft_drop": lambda world, thing: {"key": "goal:new"},
    "goals:new": _goal_form,
    "goals:edit": _goal_form,
    "goals:adopt": _decision,
    "goals:change": _change_form,
    "goals:discard": _goal_form,
    "dialogues:give": _give_form,
    **dict.fromkeys(
        ["admin:units_unit_add", "admin:units_unit_change"],
        lambda world, thing: (
            {
                "code": f"NY{timezone.now():%f}",
                "kind": "UNIT",
                "name": "Förskolan Ny",
                "parent": world.department.pk,
                "starts_on": timezone.localdate(),
            }
            if thing.startswith("a unit under")
            else {"code": f"NY{timezone.now():%f}"}
        ),
    ),
    "admin:units_unit_place": lambda world, thing: {
        "name": "Nya namnet",
        "starts_on": timezone.localdate(),
    },
    "admin:units_unit_close": lambda world, thing: {"last_day": timezone.localdate()},
    "admin:units_unit_merge": lambda world, thing: {
        "last_day": timezone.localdate(),
        "into": world.unit.pk,
    },
    "admin:units_unitplacement_change": lambda world, thing: {"name": "Nya namnet"},
    "admin:units_user_change": lambda world, thing: {"given_name": "Nya"},
    "admin:units_user_add": lambda world, thing: {
        "given_name": "Ny",
        "family_name": "Person",
        "account_name": "nyperson",
        "email": "nyperson@example.se",
        "unit": world.unit.pk,
        "title": "Barnskötare",
        "starts_on": timezone.localdate(),
    },
    "admin:units_employment_change": lambda world, thing: {"title": "Förskollärare"},
    "admin:units_employment_add": lambda world, thing: {
        "person": world.colleague.pk,
        "unit": world.group.pk,
        "title": "Förskollärare",
        "starts_on": timezone.localdate(),
    },
    "admin:units_leave_change": lambda world, thing: {"ends_on": timezone.localdate()},
    "admin:units_leave_add": lambda world, thing: {
        "employment": world.employments["colleague"].pk,
        "starts_on": timezone.localdate(),
    },
    "admin:units_staffgroup_change": lambda world, thing: {"name": "Kockar och måltidsbiträden"},
    "admin:units_staffgroup_add": lambda world, thing: {"code": "USK", "name": "Undersköterskor"},
    "admin:units_roleassignment_change": lambda world, thing: {
        "ends_on": timezone.localdate() + timedelta(days=30)
    },
    "admin:units_roleassignment_add": lambda world, thing: {
        "person": world.colleague.pk,
        "unit": world.unit.pk,
        "role": "REPRESENTATIVE",
        "starts_on": timezone.localdate(),
    },
    "admin:units_user_delete": lambda world, thing: {"post": "yes"},
    "dialogues:expectation_edit": _expectation_form,
    "dialogues:expectation_withdraw": _expectation_form,
    "dialogues:acknowledge": _expectation_form,
}
