"""Who may what, and who may read what: every cell of `access_table.csv` against the portal.

The table is written from the design. Where the portal differs from it, the portal is wrong.
"""

import html
import io
import logging
import re
import sys
import time
from dataclasses import dataclass, field
from functools import lru_cache
from types import ModuleType
from typing import Any
from urllib.parse import unquote
from zipfile import ZipFile

import pytest
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.urls import URLResolver, get_resolver, path
from django.urls.resolvers import RegexPattern
from pypdf import PdfReader

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
    form_of,
    nowhere,
    read_table,
    requests_of,
    undeclared,
)
from stockholm_quality.tests.undone import Undone, rows_written
from stockholm_quality.tests.world import PERSONAS, World, build_world, canary, scene
from stockholm_quality.tests.world_year import NOT_HANDED_IN, build_whole_year
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
    "never",
}
EVERYBODY = [*PERSONAS, "anonymous"]


@pytest.fixture
def world(db: None, settings: Any) -> World:
    """The world in the middle of its year; Kolada does not answer."""
    settings.KOLADA_URL = "http://127.0.0.1:9/"
    world = build_world()
    build_whole_year(world)
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

    assert described.cells == {**PERSONAS, "anonymous": "not signed in"}


def test_no_row_is_written_twice_and_every_cell_holds_a_known_word(table):
    rows = [row for row in table if row.route != WHO]

    assert len({str(row) for row in rows}) == len(rows)
    assert {word for row in rows for word in row.cells.values()} - WORDS == set()


def test_every_canary_of_the_world_has_a_row(world, table):
    declared = {name for row in table if row.route == EVERY_PAGE for name in canaries_of(row.thing)}

    assert {name for name in _canaries(_everything_stored()) if name} == declared


# --- Every cell ----------------------------------------------------------------------------------

COUNTED = {"cells": 0, "seconds": 0.0}


@dataclass
class Walk:
    """What one persona met on the way through the table."""

    name: str
    deviations: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    cells: int = 0


@pytest.mark.parametrize("name", EVERYBODY)
def test_each_persona_meets_what_the_table_says(  # noqa: PLR0917 - fixtures come by name
    name, world, as_persona, table, caplog, django_capture_on_commit_callbacks
):
    began = time.perf_counter()
    walk = Walk(name)
    may_see = _may_see(table, name)
    client = as_persona(name)
    client.raise_request_exception = False
    cookies = client.cookies.output(header="")
    if name != "anonymous":
        save_draft(author=world.people[name], key="goal:new", fields={"title": ["Alla barn"]})

    for row in requests_of(table):
        with Undone(), caplog.at_level(logging.DEBUG):
            caplog.clear()
            mail.outbox.clear()
            before = rows_written()
            # A letter leaves when all is stored; a document is put together in another thread.
            with django_capture_on_commit_callbacks(execute=row.route == "goals:remind"):
                response = _send(client, world, row, name)
            met = outcome(response, wrote=rows_written() > before, method=row.method)
            found = _canaries(_everything_said(response, caplog.text))
        if met != row.cells[name]:
            walk.deviations.append(f"{row}: {met} instead of {row.cells[name]}")
        if leaked := found - may_see:
            walk.deviations.append(f"{row}: shows {sorted(leaked)}")
        walk.seen |= found
        walk.cells += 1
        _set_cookies(client, cookies)

    if never_seen := may_see - walk.seen:
        walk.deviations.append(f"never seen on any page: {sorted(never_seen)}")
    COUNTED["cells"] += walk.cells
    COUNTED["seconds"] += time.perf_counter() - began
    print(f"{name}: {walk.cells} cells; in all {COUNTED['cells']}, {COUNTED['seconds']:.0f} s")
    assert not walk.deviations, f"{name}\n" + "\n".join(walk.deviations)


def test_the_cells_were_counted(table):
    """Last of the walk, so that the number is printed also when all goes well."""
    with_cells = len(requests_of(table)) * len(EVERYBODY)

    print(f"{COUNTED['cells']} of {with_cells} cells in {COUNTED['seconds']:.0f} s")
    assert all(len(row.cells) == len(EVERYBODY) for row in table)


# --- The methods that nobody offers --------------------------------------------------------------


@pytest.mark.parametrize("name", ["employee", "manager", "hr", "administrator", "anonymous"])
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
            _set_cookies(client, cookies)
            in_administration = row.route.startswith("admin:")
            if in_administration and (
                met == "refused" or (method == "POST" and "stored" not in met)
            ):
                continue
            if met not in allowed:
                deviations.append(f"{method} {row.route}: {met}")

    assert not deviations, "\n".join(deviations)


@pytest.mark.parametrize("name", ["manager", "administrator", "anonymous"])
def test_head_answers_as_get_without_a_body(name, world, as_persona, table):
    client = as_persona(name)
    client.raise_request_exception = False
    deviations = []

    for row in [row for row in requests_of(table) if row.method == "GET"]:
        with Undone():
            before = rows_written()
            response = client.head(address(world, row))
            met = outcome(response, wrote=rows_written() > before, method="HEAD")
        if met != row.cells[name] or response.content:
            deviations.append(
                f"HEAD {row.route} ({row.thing}): {met}, {len(response.content)} bytes"
            )

    assert not deviations, "\n".join(deviations)


# --- What a request met --------------------------------------------------------------------------

STATUS_WORDS = {
    400: "not understood",
    401: "sign in",
    404: "hidden",
    405: "not offered",
    409: "too late",
}


def outcome(response: HttpResponse, *, wrote: bool, method: str) -> str:
    """What happened, in the words of the table."""
    word = _outcome(response, wrote, method)
    return f"{word}, and something was stored" if wrote and word != "done" else word


def _outcome(response: HttpResponse, wrote: bool, method: str) -> str:
    status = response.status_code
    if status in {302, 303}:
        if response["Location"].startswith(("/logga-in/?next=", "/admin/login/?next=")):
            return "sign in"
        has_effect = wrote or "language" in response.cookies
        return "done" if method == "POST" and has_effect else "moved"
    if status == 200:
        return "done" if method == "POST" and wrote else "opens"
    if status == 403:
        pages = {template.name for template in response.templates}
        return "sign in" if "registration/login.html" in pages else "refused"
    return STATUS_WORDS.get(status, str(status))


def _send(client: Client, world: World, row: Row, name: str) -> HttpResponse:
    url = address(world, row)
    if row.method == "GET":
        return client.get(url)
    # Who is to be refused has no page to fill in, only what they made up.
    in_register = row.route.startswith(("admin:units_", "admin:goals_keyfigure_"))
    fills_in = in_register and row.cells[name] in {"done", "opens"}
    held = _held_by(client.get(url)) if fills_in else {}
    return client.post(url, held | form_of(world, row, name))


def _held_by(page: HttpResponse) -> dict[str, str]:
    """What a browser would send of a page of the administration that nobody has touched."""
    context = page.context or {}
    form = context["adminform"].form if "adminform" in context else context.get("form")
    forms = [form] if form else []
    forms += [inline.formset.management_form for inline in context.get("inline_admin_formsets", ())]
    values = {each.add_prefix(name): each[name].value() for each in forms for name in each.fields}
    return {
        name: "on" if value is True else str(value)
        for name, value in values.items()
        if value not in {None, False}
    }


def _set_cookies(client: Client, cookies: str) -> None:
    client.cookies.clear()
    client.cookies.load(cookies)


# --- What a request showed -----------------------------------------------------------------------

CANARY = re.compile(r"kanariefågel-[\w-]+")
NUMBER = re.compile(r"\s?".join(f"{NOT_HANDED_IN:,}".split(",")))
ESCAPED = re.compile(r"\\u00([0-9a-f]{2})", re.IGNORECASE)


def _canaries(text: str) -> set[str]:
    number = {canary("correcting-nytt-värde")} if NUMBER.search(text) else set()
    return set(CANARY.findall(text)) | number


@lru_cache(maxsize=64)
def _text_of(content: bytes, kind: str) -> str:
    """What stands in a file, with everything about it that a reader shows beside its pages."""
    if kind == "application/pdf":
        pdf = PdfReader(io.BytesIO(content))
        # A line ends after a hyphen, too.
        pages = " ".join(page.extract_text() for page in pdf.pages).replace("-\n", "-")
        outline = [str(each) for each in pdf.outline]
        return f"{pages} {pdf.metadata} {outline} {content.decode('latin-1')}"
    if content.startswith(b"PK"):
        with ZipFile(io.BytesIO(content)) as parts:
            files = [parts.read(name).decode(errors="replace") for name in parts.namelist()]
        return " ".join(files)
    return content.decode()


def _everything_said(response: HttpResponse, log: str) -> str:
    """Body, headers, cookies, mail and log, however they are encoded."""
    parts = [_text_of(response.content, response.headers.get("Content-Type", "")), log]
    parts += [str(response.headers), response.cookies.output()]
    parts += [str(letter.message()) for letter in mail.outbox]
    text = unquote(html.unescape("\n".join(parts)))
    text = text.replace(r"\303\245", "å").replace(r"\345", "å")
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def test_a_canary_is_found_however_it_is_encoded():
    response = HttpResponse("kanarief&aring;gel-a kanarief%C3%A5gel-b kanarief\\u00e5gel-c")
    response.set_cookie("messages", "kanariefågel-d")

    assert _canaries(_everything_said(response, "kanariefågel-e")) == {
        f"kanariefågel-{letter}" for letter in "abcde"
    }


WITH_WORDS = (
    *(Goal, Expectation, Target, Activity, Report, ReportVersion, ReportStep, Assessment),
    *(Analysis, ActivityNote, Value, Need, Reminder),
)


def _everything_stored() -> str:
    texts: list[Any] = []
    with scene():
        for model in (*WITH_WORDS, Draft, User):
            texts += model.objects.values_list()
    return str(texts)


def _may_see(table: list[Row], name: str) -> set[str]:
    return {
        found
        for row in table
        if row.route == EVERY_PAGE and row.cells[name] == "shown"
        for found in canaries_of(row.thing)
    }


def _general(table: list[Row], method: str) -> Row:
    return next(row for row in table if row.route == EVERY_ROUTE and row.method == method)


def _one_row_per_route(table: list[Row]) -> list[Row]:
    return list({row.route: row for row in requests_of(table)}.values())
