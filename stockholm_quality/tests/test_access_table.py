"""Who may what, and who may read what: every cell of `access_table.csv` against the portal.

The table is written from the design. Where the portal differs from it, the portal is wrong.
"""

import logging
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.urls import URLResolver, get_resolver, path
from django.urls.resolvers import RegexPattern

from dialogues import models as talks
from goals.models import (
    Activity,
    ActivityNote,
    Analysis,
    Assessment,
    Expectation,
    Goal,
    Need,
    Reminder,
    Report,
    ReportStep,
    ReportVersion,
    Target,
    Value,
)
from stockholm_quality.tests.access_table import (
    EVERY_PAGE,
    EVERY_ROUTE,
    WHO,
    Row,
    address,
    canaries_of,
    nowhere,
    read_table,
    requests_of,
    undeclared,
)
from stockholm_quality.tests.access_talks import is_of_talks, part_of_joint_page, talk_read
from stockholm_quality.tests.access_walk import (
    canaries,
    everything_said,
    newest_reading,
    noted_since,
    outcome,
    send,
    set_cookies,
)
from stockholm_quality.tests.undone import Undone, in_the_slow_run, rows_written
from stockholm_quality.tests.world import PERSONAS, World, build_world, scene
from stockholm_quality.tests.world_talks import TALK_PERSONAS, build_talks
from stockholm_quality.tests.world_year import build_whole_year
from units.drafts import save_draft
from units.models import Draft, User

WORDS = {
    "opens",
    "done",
    "refused",
    "hidden",
    "sign in",
    "not offered",
    "moved",
    "not offered or sign in",
    "as GET",
    "too late",
    "nothing is stored",
    "shown",
    "shown in talks",
    "never",
    # Declared and not walked: on these routes the one is nothing else than the other.
    "as neighbour",
    "as hr",
}
EVERYBODY = [*PERSONAS, *TALK_PERSONAS, "anonymous"]


@pytest.fixture
def world(db: None, settings: Any) -> World:
    """The world in the middle of its year and of its talks; Kolada does not answer."""
    settings.KOLADA_URL = "http://127.0.0.1:9/"
    world = build_world()
    build_whole_year(world)
    build_talks(world)
    return world


@pytest.fixture(scope="module")
def table() -> list[Row]:
    return read_table()


# --- The table itself ----------------------------------------------------------------------------


def test_every_route_has_a_row(table):
    assert undeclared(table) == set()


def test_every_row_names_a_route_that_exists(table):
    assert nowhere(table) == set()


def test_a_new_route_without_a_row_is_found(table):
    planted = ModuleType("planted")
    planted.urlpatterns = [
        path("lon/<int:pk>/", HttpResponse, name="salary"),
        *get_resolver().url_patterns,
    ]
    sys.modules["planted"] = planted

    try:
        assert undeclared(table, URLResolver(RegexPattern(r"^/"), "planted")) == {"salary"}
    finally:
        del sys.modules["planted"]


def test_the_personas_of_the_table_are_those_of_the_world(table):
    described = next(row for row in table if row.route == WHO)

    assert described.cells == {**PERSONAS, **TALK_PERSONAS, "anonymous": "not signed in"}


def test_no_row_is_written_twice_and_every_cell_holds_a_known_word(table):
    rows = [row for row in table if row.route != WHO]

    assert len({str(row) for row in rows}) == len(rows)
    assert {word for row in rows for word in row.cells.values()} - WORDS == set()


def test_every_canary_of_the_world_has_a_row(world, table):
    declared = {name for row in table if row.route == EVERY_PAGE for name in canaries_of(row.thing)}

    assert {name for name in canaries(_everything_stored()) if name} == declared


# --- Every cell ----------------------------------------------------------------------------------

COUNTED = {"cells": 0, "seconds": 0.0}


@dataclass
class Walk:
    """What one persona met on the way through the table."""

    name: str
    deviations: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    cells: int = 0


# The world takes as long to build as a persona to walk through it: each is built for some of them.
COMPANIES = [EVERYBODY[start::5] for start in range(5)]


@pytest.mark.parametrize("choose", ["enough", pytest.param("all", marks=pytest.mark.slow)])
@pytest.mark.parametrize("names", COMPANIES, ids="-".join)
def test_each_persona_meets_what_the_table_says(names, choose, table, walk_of):
    """Also that what is read of a talk is noted, once, and nothing else is."""
    deviations = [
        found for name in names for found in _deviations(name, table, walk_of, choose == "all")
    ]

    assert not deviations, "\n".join(deviations)


def _enough(rows: list[Row], name: str) -> list[Row]:
    """All that opens or does something; of what is shut, one thing for each route, another for
    each persona, so that together they try them all."""
    chosen: list[Row] = []
    shut: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        if row.cells[name] in {"hidden", "refused"}:
            shut.setdefault((row.route, row.method, row.cells[name]), []).append(row)
        else:
            chosen.append(row)
    turn = EVERYBODY.index(name)
    return chosen + [things[turn % len(things)] for things in shut.values()]


def _deviations(
    name: str, table: list[Row], walk_of: Callable[[str, list[Row]], Walk], is_all: bool
) -> list[str]:
    rows = [row for row in requests_of(table) if not row.cells[name].startswith("as ")]
    walked = walk_of(name, rows if is_all else _enough(rows, name))
    missing = (
        _may_see(table, name, "shown") | _may_see(table, name, "shown in talks")
    ) - walked.seen
    found = walked.deviations
    if missing:
        found.append(f"never seen on any page: {sorted(missing)}")
    return [f"{name}: {each}" for each in found]


@pytest.fixture
def walk_of(
    world: World,
    as_persona: Any,
    table: list[Row],
    caplog: Any,
    django_capture_on_commit_callbacks: Any,
) -> Callable[[str, list[Row]], Walk]:
    """The rows as one persona meets them, each undone before the next."""

    def of(name: str, rows: list[Row]) -> Walk:
        began = time.perf_counter()
        walk = Walk(name)
        may_see = _may_see(table, name, "shown") | _may_see(table, name, "shown in talks")
        client = as_persona(name)
        client.raise_request_exception = False
        cookies = client.cookies.output(header="")
        if name != "anonymous":
            with scene():
                save_draft(
                    author=world.people[name], key="goal:new", fields={"title": ["Alla barn"]}
                )
        newest = newest_reading()

        for row in rows:
            with Undone(), caplog.at_level(logging.INFO):
                caplog.clear()
                mail.outbox.clear()
                before = rows_written()
                # A letter leaves when all is stored; a document is put together in another thread.
                with django_capture_on_commit_callbacks(
                    execute=row.route == "goals:remind" or is_of_talks(row.route)
                ):
                    response = send(client, world, row, name)
                met = outcome(response, wrote=rows_written() > before, method=row.method)
                found = canaries(everything_said(response, caplog.text))
                noted = noted_since(newest)
            if met != row.cells[name]:
                walk.deviations.append(f"{row}: {met} instead of {row.cells[name]}")
            if leaked := found - may_see:
                walk.deviations.append(f"{row}: shows {sorted(leaked)}")
            if noted != (owed := _owed(world, row, name, response, found)):
                walk.deviations.append(f"{row}: notes {dict(noted)} instead of {dict(owed)}")
            walk.seen |= found
            walk.cells += 1
            set_cookies(client, cookies)

        COUNTED["cells"] += walk.cells
        COUNTED["seconds"] += time.perf_counter() - began
        print(f"{name}: {walk.cells} cells; in all {COUNTED['cells']}, {COUNTED['seconds']:.0f} s")
        return walk

    return of


@pytest.mark.parametrize(
    "name", ["employee", "need_reader", *in_the_slow_run("manager", "delegate", "moved")]
)
def test_what_cannot_be_noted_is_not_shown(name, world, as_persona, table):
    """The log is shut as the database can shut it; what would have stood in it is not answered."""
    client = as_persona(name)
    client.raise_request_exception = False
    newest, shown, refused = newest_reading(), {}, {}
    rows = [row for row in requests_of(table) if is_of_talks(row.route) and row.method == "GET"]

    for row in rows:
        if row.cells[name] != "opens" or row.route in shown:
            continue
        with Undone():
            client.get(address(world, row))
            if not noted_since(newest):
                continue
        shown[row.route] = row
    with scene(), connection.cursor() as cursor:
        cursor.execute("REVOKE INSERT ON dialogues_reading FROM portal_app")
    for route, row in shown.items():
        with Undone():
            answer = client.get(address(world, row))
            told = canaries(everything_said(answer, ""))
            refused[route] = (answer.status_code, {each for each in told if talk_read(world, each)})

    assert {"dialogues:record", "dialogues:record_version"} <= set(shown)
    assert refused == dict.fromkeys(shown, (500, set()))


def _owed(
    world: World, row: Row, name: str, response: HttpResponse, found: set[str]
) -> Counter[tuple[int | None, int]]:
    """Whose reading has to stand in the log, by talk: one for each that anything was shown of."""
    if name == "anonymous" or response.status_code in {302, 303, 404}:
        return Counter()
    reader = world.people[name].pk
    if row.route in {"dialogues:own_data_pdf", "dialogues:own_data_json"}:
        return Counter([(None, reader)])
    read = {talk_read(world, each) for each in found} - {None}
    read |= part_of_joint_page(world, row.route, response)
    return Counter((talk, reader) for talk in read)


def test_the_cells_were_counted(table):
    """Last of the walk, so that the number is printed also when all goes well."""
    with_cells = sum(
        not word.startswith("as ") for row in requests_of(table) for word in row.cells.values()
    )

    print(f"{COUNTED['cells']} of {with_cells} cells in {COUNTED['seconds']:.0f} s")
    assert all(len(row.cells) == len(EVERYBODY) for row in table)


# --- The methods that nobody offers --------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["manager", "anonymous", *in_the_slow_run("employee", "hr", "administrator")]
)
def test_no_route_takes_a_method_without_a_row(name, world, as_persona, table):
    client = as_persona(name)
    client.raise_request_exception = False
    cookies = client.cookies.output(header="")
    allowed = set(_general(table, "any method without a row").cells[name].split(" or "))
    deviations = []

    for row in _one_row_per_route(table):
        offered = {other.method for other in table if other.route == row.route}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - offered:
            with Undone():
                before = rows_written()
                response = client.generic(method, address(world, row))
                met = outcome(response, wrote=rows_written() > before, method=method)
            set_cookies(client, cookies)
            in_administration = row.route.startswith("admin:")
            if in_administration and (
                met == "refused" or (method == "POST" and "stored" not in met)
            ):
                continue
            if met not in allowed:
                deviations.append(f"{method} {row.route}: {met}")

    assert not deviations, "\n".join(deviations)


@pytest.mark.parametrize("name", ["manager", *in_the_slow_run("administrator", "anonymous")])
def test_head_answers_as_get_without_a_body(name, world, as_persona, table):
    client = as_persona(name)
    client.raise_request_exception = False
    deviations = []
    # One thing of each route that one meets in each way.
    rows = {(row.route, row.cells[name]): row for row in requests_of(table) if row.method == "GET"}

    for row in rows.values():
        with Undone():
            before = rows_written()
            response = client.head(address(world, row))
            met = outcome(response, wrote=rows_written() > before, method="HEAD")
        if met != row.cells[name] or response.content:
            deviations.append(
                f"HEAD {row.route} ({row.thing}): {met}, {len(response.content)} bytes"
            )

    assert not deviations, "\n".join(deviations)


# --- What a canary is ---------------------------------------------------------------------------


def test_a_canary_is_found_however_it_is_encoded():
    response = HttpResponse("kanarief&aring;gel-a kanarief%C3%A5gel-b kanarief\\u00e5gel-c")
    response.set_cookie("messages", "kanariefågel-d")

    assert canaries(everything_said(response, "kanariefågel-e")) == {
        f"kanariefågel-{letter}" for letter in "abcde"
    }


WITH_WORDS = (
    *(Goal, Expectation, Target, Activity, Report, ReportVersion, ReportStep, Assessment),
    *(Analysis, ActivityNote, Value, Need, Reminder),
    *(talks.Talk, talks.TalkStep, talks.TalkTime, talks.Answer, talks.CriterionView),
    *(talks.RecordPart, talks.CriterionWeighing, talks.TalkVersion, talks.Confirmation),
    *(talks.ExpectationResult, talks.CompetenceNeed, talks.AccessGrant, talks.CriteriaSet),
    talks.Section,
)


def _everything_stored() -> str:
    texts: list[Any] = []
    with scene():
        for model in (*WITH_WORDS, Draft, User):
            texts += model.objects.values_list()
    return str(texts)


def _may_see(table: list[Row], name: str, word: str) -> set[str]:
    return {
        found
        for row in table
        if row.route == EVERY_PAGE and row.cells[name] == word
        for found in canaries_of(row.thing)
    }


def _general(table: list[Row], method: str) -> Row:
    return next(row for row in table if row.route == EVERY_ROUTE and row.method == method)


def _one_row_per_route(table: list[Row]) -> list[Row]:
    return list({row.route: row for row in requests_of(table)}.values())
