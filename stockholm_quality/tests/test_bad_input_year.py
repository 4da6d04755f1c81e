"""The year's forms and addresses sent what should never be sent: a clear message, nothing stored,
and no field changed that is not the form's own."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db.models import Model

from goals.models import Goal
from stockholm_quality.tests.access_table import address, read_table
from stockholm_quality.tests.posts_of_year import POSTS, Post
from stockholm_quality.tests.undone import Undone, rows_written
from stockholm_quality.tests.world import World, build_world, scene
from stockholm_quality.tests.world_year import build_whole_year

HUGE = "9" * 5_000  # more digits than Python reads as a number
UNSTORABLE = ["Bar\0nen", "å" * 100_000]
NO_KEYS = ["abc", "-1", "²", "9" * 22, HUGE, "1000000000"]
NO_DAYS = ["imorgon", "2026-13-45", "0000-00-00", "9" * 5_000]
KEYS = {"unit", "year", "goals", "goal", "responsible", "indicator", "mark", "theme"}
# What is not there is no tick; whatever a box sends is one.
BOXES = {"with_below", "is_in_use", "asks_values", "asks_judgement", "asks_needs"}
# What is sent along and not read: it is another form's, or stands fast.
UNREAD = {
    ("indicator_new", "revision"),
    ("measure_new", "revision"),
    ("activity_progress", "goals"),
    ("activity_new", "revision"),
    ("period_new", "revision"),
    ("closure_lift", "revision"),
    ("period_edit", "kind"),
    ("target_drop", "annual_target"),
    ("target_drop", "goal"),
    *(("activity_edit", name) for name in ("state", "progress")),
    *(
        (route, name)
        for route in ("activity_discard", "activity_progress")
        for name in ("title", "responsible", "starts_on", "due_on")
    ),
    *(("activity_discard", name) for name in ("state", "progress", "goals")),
}


@pytest.fixture
def world(db: None) -> World:
    world = build_world()
    build_whole_year(world)
    return world


def _broken(post: Post, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What no field of the form may hold."""
    for name in fields:
        if name in BOXES or (post.route, name) in UNREAD:
            continue
        yield from ((name, text) for text in UNSTORABLE)
        if name in KEYS or name == "revision":
            yield from ((name, number) for number in NO_KEYS)
        if name.endswith("_on"):
            yield from ((name, day) for day in NO_DAYS)


@pytest.mark.parametrize("post", POSTS, ids=[post.route for post in POSTS])
def test_no_form_of_the_year_stores_what_is_broken(post, world, as_persona):
    client, where, fields = as_persona(post.who), post.address(world), post.fields(world)

    for name, value in _broken(post, fields):
        with Undone():
            before = rows_written()
            answer = client.post(where, {**fields, name: value, "form_token": uuid4()})
            stored = rows_written() - before

        assert answer.status_code in {200, 302, 400, 403, 404, 409}, (name, value[:20])
        assert stored == 0, (name, value[:20])


# --- Fields that no form has -------------------------------------------------------------------

ON_THE_NEXT_PAGE = {"indicator_adopt": {"note"}}
NAME_IN_PAGE = re.compile(r'name="([^"]+)"')


@pytest.mark.parametrize("post", POSTS, ids=[post.route for post in POSTS])
def test_no_form_of_the_year_changes_a_field_that_is_not_its_own(post, world, as_persona):
    """With every field of every model sent along, the same comes about as without."""
    client, where, fields = as_persona(post.who), post.address(world), post.fields(world)
    own = ON_THE_NEXT_PAGE.get(post.route, set())
    own |= {*fields, *NAME_IN_PAGE.findall(client.get(where).content.decode())}
    intruding = {
        name: "2"
        for model in _models()
        for field in model._meta.get_fields()
        for name in (field.name, getattr(field, "attname", field.name))
        if name not in own
    }
    words = {"status": "ACCEPTED", "state": "DONE", "level": "BOARD", "version_number": "9"}
    intruding |= {name: word for name, word in words.items() if name not in own}
    outcomes = []

    for sent in (fields, {**intruding, **fields}):
        newest = _newest()
        with Undone():
            answer = client.post(where, {**sent, "form_token": uuid4()})
            outcomes.append(_all_rows(newest))
        assert answer.status_code == 302

    assert outcomes[0] == outcomes[1]


def _models() -> list[type[Model]]:
    return [
        model
        for model in apps.get_app_config("goals").get_models()
        if not model.__name__.endswith("Event")
    ]


@scene()
def _newest() -> dict[type[Model], int]:
    """The highest key of each table: what comes about after it is new, whatever its key."""
    return {
        model: max(model._base_manager.values_list("pk", flat=True), default=0)
        for model in _models()
    }


@scene()
def _all_rows(newest: dict[type[Model], int]) -> dict[str, list[str]]:
    return {
        model.__name__: sorted(str(_row(model, row, newest)) for row in model._base_manager.all())
        for model in _models()
    }


def _row(model: type[Model], row: Model, newest: dict[type[Model], int]) -> dict[str, Any]:
    told = {}
    for field in model._meta.concrete_fields:
        value = getattr(row, field.attname)
        kind = model if field.primary_key else field.related_model
        if kind in newest and value is not None and value > newest[kind]:
            value = "new"
        if field.attname == "snapshot":
            value = {**value, "made_at": "a moment"}
        told[field.attname] = "a moment" if isinstance(value, datetime) else value
    return told


# --- Query strings and addresses ---------------------------------------------------------------

NONSENSE = ["-1", "019901", "2026-13-45", HUGE, "%00", "%ff%fe", "²", "abc"]
PARAMETERS = [
    *("page", "year", "text", "unit", "period", "gender", "theme", "version", "indicator"),
    *("board", "judgement", "relation", "goal", "way"),
]


@pytest.mark.parametrize("who", ["manager", "controller"])
def test_nonsense_in_the_query_string_of_a_page_of_the_year_falls_back(who, world, as_persona):
    client = as_persona(who)
    opening = {
        row.route: row
        for row in read_table()
        if row.route.startswith("goals:") and row.method == "GET" and row.cells[who] == "opens"
    }
    assert len(opening) > 20

    for route, row in opening.items():
        page = address(world, row)
        for nonsense in NONSENSE:
            query = "&".join(f"{name}={nonsense}" for name in PARAMETERS)
            answer = client.get(f"{page.partition('?')[0]}?{query}")

            assert answer.status_code in {200, 404}, (route, nonsense[:20])


@pytest.mark.parametrize("key", ["0", "999999", "9" * 22, HUGE, "-1", "abc", "1%00"])
def test_addresses_of_nothing_in_the_year_are_not_found(key, world, as_persona):
    client = as_persona("controller")
    before = Goal.objects.count()

    for page in (
        *("planering/{}/", "planering/{}/andra/", "perioder/{}/lage/", "perioder/{}/paminn/"),
        *("rapporter/{}/", "rapporter/{}/lamna-in/", "rapporter/{}/dokument/pdf/"),
        *("enheter/{}/uppfoljning/1/", "enheter/1/uppfoljning/{}/", "enheter/{}/behov/"),
        *("indikatorer/{}/", "arsmal/{}/", "aktiviteter/{}/", "analysmetoder/{}/"),
        *("enheter/{}/tabell/2026.xlsx", "enheter/1/tabell/{}.xlsx", "dokument/{}/"),
    ):
        assert client.get(f"/{page.format(key)}").status_code == 404, page
    assert Goal.objects.count() == before
