"""The forms of the talks sent what should never be sent: nothing stored, and no field changed that
is not the form's own."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db.models import Model

from dialogues.models import Reading
from stockholm_quality.tests.posts_of_talks import POSTS, Post
from stockholm_quality.tests.undone import Undone, rows_written
from stockholm_quality.tests.world import World, build_world, scene
from stockholm_quality.tests.world_talks import build_talks
from units.models import Submission

HUGE = "9" * 5_000  # more digits than Python reads as a number
UNSTORABLE = ["Bar\0nen", "å" * 100_000]
NO_KEYS = ["abc", "-1", "²", "9" * 22, HUGE, "1000000000"]
NO_DAYS = ["imorgon", "2026-13-45", "0000-00-00", HUGE]
KEYS = {"goals", "goal", "employments", "template", "unit", "to", "number", "origin", "kind"}
# A tick is a tick whatever it holds; what a form that only ends a need is sent besides, it does not
# read.
UNREAD = {"sure", "send", "answer", "covers_salary", "with_talks"}
UNREAD_BY = {
    "joint_expectation_new": {"revision", "reason"},
    "joint_expectation": {"reason"},
    "joint_need_new": {"revision"},
    "competence_need_new": {"revision", "effect", "done_on", "reason"},
    "competence_need_edit": {"effect", "done_on", "reason"},
    "competence_need_done": {"need", "origin", "responsible", "reason"},
    "competence_need_drop": {"need", "origin", "responsible", "effect", "done_on"},
    "round_new": {"revision"},
    # Not chosen, it stays where it was written.
    "talk_bring": {"employment"},
}
each_form = pytest.mark.parametrize("post", POSTS, ids=[post.route for post in POSTS])


@pytest.fixture
def world(db: None) -> World:
    world = build_world()
    build_talks(world)
    return world


@each_form
def test_each_form_in_order_has_its_effect(post, world, as_persona):
    """Without this, the tests below would prove nothing."""
    client, before = as_persona(post.who), post.counted(world)

    answer = client.post(post.address(world), {**post.fields(world), "form_token": uuid4()})

    assert answer.status_code == 302
    assert post.counted(world) > before


def _broken(post: Post, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What no field of the form may hold."""
    for name in fields:
        if name in UNREAD or name in UNREAD_BY.get(post.route, set()) or name.endswith("-seen"):
            continue
        yield from ((name, text) for text in UNSTORABLE)
        if name in KEYS or name == "revision":
            yield from ((name, number) for number in NO_KEYS)
        if name.endswith("_on") or name.startswith("starts"):
            yield from ((name, day) for day in NO_DAYS)


@each_form
def test_no_form_of_the_talks_stores_what_is_broken(post, world, as_persona):
    client, where, fields = as_persona(post.who), post.address(world), post.fields(world)

    for name, value in _broken(post, fields):
        with Undone():
            before = rows_written()
            answer = client.post(where, {**fields, name: value, "form_token": uuid4()})
            stored = rows_written() - before

        assert answer.status_code in {200, 302, 400, 403, 404, 409}, (name, value[:20])
        assert stored == 0, (name, value[:20])


NAME_IN_PAGE = re.compile(r'name="([^"]+)"')
# Fields of the next page of the same form, which a first answer does not show yet.
ON_ANOTHER_PAGE = {"delegation_new": {"with_talks"}, "access_open": {"change"}}
# What decides, wherever it is believed.
WORDS = {
    "status": "CLOSED",
    "state": "DONE",
    "party": "MANAGER",
    "holder": "2",
    "version_number": "9",
    "confirmed_version": "9",
    "is_own_notes": "",
    "shared_at": "2020-01-01",
}


@each_form
def test_no_form_of_the_talks_changes_a_field_that_is_not_its_own(post, world, as_persona):
    """With every field of every model sent along, the same comes about as without."""
    client, where, fields = as_persona(post.who), post.address(world), post.fields(world)
    page = client.get(where)
    own = {*fields, *NAME_IN_PAGE.findall(page.content.decode())}
    own |= ON_ANOTHER_PAGE.get(post.route, set())
    intruding = {
        name: "2"
        for model in _models()
        for field in model._meta.get_fields()
        for name in (field.name, getattr(field, "attname", field.name))
        if name not in own
    }
    intruding |= {name: word for name, word in WORDS.items() if name not in own}
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
        for label in ("dialogues", "goals", "units")
        for model in apps.get_app_config(label).get_models()
        if not model.__name__.endswith("Event") and model not in {Reading, Submission}
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
        if kind in newest and isinstance(value, int) and value > newest[kind]:
            value = "new"
        if field.attname == "snapshot":
            value = {**value, "made_at": "a moment"}
        is_moment = isinstance(value, datetime) or field.attname == "calendar_uid"
        told[field.attname] = "a moment" if is_moment else value
    return told
