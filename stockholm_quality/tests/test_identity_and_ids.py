"""Guessed keys open nothing and tell nothing; a protected identity shows to the few it may."""

import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from goals.models import Expectation, Goal
from stockholm_quality.tests.access_table import MISSING
from stockholm_quality.tests.world import PERSONAS, World, add_expectation, add_person, canary
from units.models import Unit, User

LOW_PERSONAS = ["employee", "neighbour", "stranger"]
# What differs between two answers to the same question: tokens, and the key that was asked for.
TOKENS = re.compile(
    r'(csrfmiddlewaretoken" value=|X-CSRFToken&quot;: |X-CSRFToken": |form_token" value=)"[\w-]+"'
)
FLEETING_HEADERS = {"Set-Cookie", "Content-Length", "Expires"}


def _plain(response: HttpResponse, key: int) -> tuple[int, dict[str, str], str]:
    headers = {n: v for n, v in response.headers.items() if n not in FLEETING_HEADERS}
    return (
        response.status_code,
        headers,
        TOKENS.sub("", response.content.decode()).replace(f"/{key}/", "/KEY/"),
    )


# --- Guessed keys --------------------------------------------------------------------------------


def _every_key() -> set[int]:
    keys: set[int] = set()
    for label in ("units", "goals", "dialogues"):
        for model in apps.get_app_config(label).get_models():
            if not model.__name__.endswith("Event"):
                keys |= {int(key) for key in model._base_manager.values_list("pk", flat=True)}
    return keys


@pytest.mark.parametrize("name", LOW_PERSONAS)
def test_of_all_keys_only_ones_own_open(name, world, as_persona):
    client = as_persona(name)
    user = world.people[name]
    goals, units = Goal.objects.visible_to(user), Unit.objects.all()
    expectations = Expectation.objects.visible_to(user)
    opening = {
        "goals:detail": set(goals.values_list("pk", flat=True)),
        "dialogues:expectation": set(expectations.values_list("pk", flat=True)),
        "dialogues:unit": set(units.values_list("pk", flat=True)),
        "dialogues:people": set(),
    }
    refused = {"dialogues:people": opening["dialogues:unit"]}
    keys = _every_key()

    for route, own in opening.items():
        met = {key: client.get(reverse(route, args=[key])).status_code for key in keys}

        assert {key for key, status in met.items() if status == 200} == own & keys, route
        foreign = {key for key, status in met.items() if status == 403}
        assert foreign == refused.get(route, set()) & keys, route
        assert set(met.values()) <= {200, 403, 404}, route
    assert len(keys) > 25  # keys of different models overlap


def _foreign_things(world: World) -> Iterator[tuple[str, str, int]]:
    """Method, route and key of what is not for the stranger, for every route that takes a key."""
    draft, expectation = world.unit_draft.pk, world.expectation.pk
    for route in ("goals:detail", "goals:versions"):
        yield "GET", route, draft
    for route in ("goals:edit", "goals:adopt", "goals:change", "dialogues:give"):
        yield "GET", route, draft
        yield "POST", route, draft
    yield "POST", "goals:discard", draft
    yield "GET", "dialogues:expectation", expectation
    for route in ("dialogues:expectation_edit", "dialogues:expectation_withdraw"):
        yield "GET", route, expectation
        yield "POST", route, expectation
    yield "POST", "dialogues:acknowledge", expectation


def test_what_is_not_for_one_is_as_if_it_did_not_exist(world, as_persona, token):
    client = as_persona("stranger")

    for method, route, key in _foreign_things(world):
        foreign, missing = (
            _plain(client.generic(method, reverse(route, args=[asked])), asked)
            for asked in (key, MISSING)
        )

        assert foreign[0] == 404
        assert foreign == missing, f"{method} {route}"


@pytest.mark.parametrize("model", ["unit", "unitplacement", "user", "employment", "roleassignment"])
def test_in_the_administration_too(model, world, as_persona):
    client = as_persona("other_hr")
    keys = {
        "unit": world.unit.pk,
        "unitplacement": world.unit.placements.get().pk,
        "user": world.employee.pk,
        "employment": world.employments["employee"].pk,
        "roleassignment": world.manager.roles.get().pk,
    }

    for action in ("change", "history", "delete"):
        for method in ("GET", "POST"):
            foreign, missing = (
                _plain(
                    client.generic(method, reverse(f"admin:units_{model}_{action}", args=[key])),
                    key,
                )
                for key in (keys[model], MISSING)
            )

            assert foreign[0] in {403, 404}
            assert foreign == missing, f"{method} {action}"


# --- Protected identity --------------------------------------------------------------------------

MAY_SEE_THE_PROTECTED = {"protected", "manager", "acting_manager", "hr"}


def _pages(world: World) -> list[str]:
    """Every page that lists, searches or counts people, and some that show one."""
    unit, goal = world.unit.pk, world.unit_goal.pk
    lists = [reverse(f"admin:units_{model}_changelist") for model in REGISTERS]
    completion = reverse("admin:autocomplete") + "?app_label=units&field_name=person"
    return [
        reverse("home"),
        reverse("profile"),
        reverse("dialogues:unit", args=[unit]),
        reverse("dialogues:people", args=[unit]),
        reverse("dialogues:people", args=[world.department.pk]),
        reverse("dialogues:people", args=[world.board.pk]),
        reverse("goals:detail", args=[goal]),
        reverse("goals:detail", args=[world.board_goal.pk]),
        reverse("goals:versions", args=[goal]),
        reverse("dialogues:give", args=[goal]),
        reverse("goals:tree"),
        reverse("goals:tree") + f"?board={world.board.pk}",
        reverse("goals:tree") + "?text=Barnen",
        reverse("goals:loose_ends") + "?section=employees",
        reverse("goals:loose_ends") + f"?section=employees&board={world.board.pk}",
        reverse("units:list") + "?text=namn",
        *lists,
        *(f"{page}?q=protected" for page in lists),
        *(f"{page}?board={world.board.pk}" for page in lists if "keeper" not in page),
        f"{completion}&model_name=employment&term=protected",
        f"{completion}&model_name=roleassignment&term=protected",
        f"{completion}&model_name=employment",
    ]


REGISTERS = ["user", "employment", "roleassignment", "protectedidentitykeeper"]
TRACES = [canary("namn-protected"), "protected@example.se", ">protected<", "Protected kanarie"]


@pytest.mark.parametrize("name", [*PERSONAS, "anonymous"])
def test_a_protected_identity_shows_to_exactly_the_declared(name, world, as_persona):
    client = as_persona(name)
    pages = [*_pages(world), reverse("dialogues:expectation", args=[_protected_key(world)])]

    showing = [page for page in pages if _shows_the_protected(client.get(page))]

    assert bool(showing) == (name in MAY_SEE_THE_PROTECTED), showing


def _protected_key(world: World) -> int:
    return int(world.protected_expectation.pk)


def _shows_the_protected(response: HttpResponse) -> bool:
    body = response.content.decode().replace("\\u00e5", "å")
    return any(trace in body for trace in TRACES)


@pytest.mark.parametrize("name", sorted(set(PERSONAS) - {"manager", "acting_manager"}))
def test_no_page_changes_with_a_protected_person_whom_one_may_not_see(name, world, as_persona):
    """Neither a name nor a number: what is counted, paged or sorted stays as it was."""
    client = as_persona(name)
    before = _answers(client, world)

    newcomer = add_person(world, "newcomer", "unit", has_protected_identity=True)
    add_expectation(world, "newcomers_expectation", "newcomer", "unit_goal")

    assert newcomer not in set(User.objects.visible_to(world.people[name]))
    assert _answers(client, world) == before


def _answers(client: Client, world: World) -> dict[str, tuple[int, dict[str, str], str]]:
    return {page: _plain(client.get(page), MISSING) for page in _pages(world)}
