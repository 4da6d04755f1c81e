"""Guessed keys open nothing and tell nothing; a protected identity shows to the few it may."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.apps import apps
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from dialogues.models import AccessGrant, CompetenceNeed, CriteriaSet, Talk
from goals.models import Activity, DocumentBuild, Expectation, Goal, Report, Target
from stockholm_quality.tests.access_table import MISSING, Row, address, form_of, read_table
from stockholm_quality.tests.access_talks import is_of_talks
from stockholm_quality.tests.undone import Undone, in_the_slow_run
from stockholm_quality.tests.world import (
    PERSONAS,
    World,
    add_expectation,
    add_person,
    canary,
    scene,
)
from stockholm_quality.tests.world_talks import build_talks
from stockholm_quality.tests.world_year import build_whole_year
from units.models import Delegation, Unit, User
from units.wall import acting_as

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


@scene()
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
    with acting_as(user):
        expectations = set(Expectation.objects.visible_to(user).values_list("pk", flat=True))
    opening = {
        "goals:detail": set(goals.values_list("pk", flat=True)),
        "dialogues:expectation": expectations,
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


@pytest.mark.parametrize("name", ["employee", *in_the_slow_run("neighbour", "stranger")])
def test_of_all_keys_of_the_year_only_what_all_may_see_or_is_ones_own_opens(
    name, world, as_persona
):
    build_whole_year(world)
    client, user = as_persona(name), world.people[name]
    opening = {
        "goals:report_read": set(Report.objects.visible_to(user).values_list("pk", flat=True)),
        "goals:activity": set(Activity.objects.visible_to(user).values_list("pk", flat=True)),
        "goals:document_build": set(
            DocumentBuild.objects.filter(state="READY").values_list("pk", flat=True)
        ),
        "goals:follow_down": set(Goal.objects.adopted().values_list("pk", flat=True)),
        "goals:report_submit": set(),
        "goals:report_correct": set(),
        "goals:target_edit": set(),
    }
    refused = {
        "goals:report_submit": opening["goals:report_read"],
        "goals:report_correct": opening["goals:report_read"],
        "goals:target_edit": set(Target.objects.visible_to(user).values_list("pk", flat=True)),
    }
    keys = _every_key()

    for route, own in opening.items():
        met = {key: client.get(reverse(route, args=[key])).status_code for key in keys}

        assert {key for key, status in met.items() if status == 200} == own & keys, route
        foreign = {key for key, status in met.items() if status == 403}
        assert foreign == refused.get(route, set()) & keys, route
        assert set(met.values()) <= {200, 403, 404}, route


@pytest.mark.parametrize("name", LOW_PERSONAS)
def test_of_all_keys_of_the_talks_only_ones_own_open(name, world, as_persona):
    build_talks(world)
    client, user = as_persona(name), world.people[name]
    with acting_as(user):
        talks = set(Talk.objects.visible_to(user).values_list("pk", flat=True))
        shared = set(Talk.objects.shared_by(user).values_list("pk", flat=True))
        needs = set(CompetenceNeed.objects.visible_to(user).values_list("pk", flat=True))
        grants = set(AccessGrant.objects.visible_to(user).values_list("pk", flat=True))
        delegations = set(Delegation.objects.visible_to(user).values_list("pk", flat=True))
    with scene():
        published = set(CriteriaSet.objects.published().values_list("pk", flat=True))
        known = {*world.talks.values(), *world.needs_of_talks.values(), *world.grants.values()}
    keys = {each.pk for each in known} | published | {MISSING}
    opening = {
        "talk": talks,
        "record": talks,
        "preparation": shared,
        "joint": shared,
        "competence_need": needs,
        "access": grants,
        "criteria_set": published,
        "round": set(),
        "delegation_end": delegations,
    }

    for route, own in opening.items():
        met = {
            key: client.get(reverse(f"dialogues:{route}", args=[key])).status_code for key in keys
        }

        assert {key for key, status in met.items() if status != 404} == own & keys, route
        assert set(met.values()) <= {200, 302, 403, 404}, route
    assert len(known) > 30


NOWHERE = "not exist"


@pytest.mark.parametrize("name", ["stranger", "neighbour", "other_controller"])
def test_what_of_the_year_is_not_for_one_is_as_if_it_did_not_exist(name, world, as_persona):
    """Wherever the table says hidden, in body and headers."""
    build_whole_year(world)

    compared = _hidden_as_missing(
        world, as_persona(name), name, lambda row: row.route.startswith("goals:")
    )

    assert compared > 30


@pytest.mark.parametrize("name", ["colleague", *in_the_slow_run("stranger", "manager_above")])
def test_what_of_the_talks_is_not_for_one_is_as_if_it_did_not_exist(name, world, as_persona):
    build_talks(world)

    compared = _hidden_as_missing(
        world,
        as_persona(name),
        name,
        lambda row: row.route.startswith("dialogues:") and is_of_talks(row.route),
    )

    assert compared > 100


def _hidden_as_missing(
    world: World, client: Client, name: str, is_asked: Callable[[Row], bool]
) -> int:
    rows = [row for row in read_table() if is_asked(row) and row.cells[name] == "hidden"]
    missing = {(row.route, row.method): row for row in rows if NOWHERE in row.thing}
    compared = 0

    for row in rows:
        nothing = missing.get((row.route, row.method))
        if nothing is None or row is nothing:
            continue
        here, there = (_as_told(client, world, each, row, name) for each in (row, nothing))

        assert here[0] == 404, str(row)
        assert here == there, str(row)
        compared += 1
    return compared


def _as_told(
    client: Client, world: World, row: Row, like: Row, name: str
) -> tuple[int, dict[str, str], str]:
    """What is sent is the same in both; the address is what differs."""
    path = address(world, row)
    with Undone():
        sent = form_of(world, like, name) if row.method == "POST" else {}
        response = client.generic(row.method, path) if not sent else client.post(path, sent)
    status, headers, body = _plain(response, 0)
    return status, headers, body.replace(sent.get("form_token", "\0"), "").replace(path, "ADDRESS")


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


def _pages_of_year(world: World) -> list[str]:
    """Those of the year that name who is responsible, or offer people to choose from."""
    reports, activities = world.reports, world.activities
    of_units = [
        reverse(f"goals:{route}", args=[unit.pk])
        for route in ("needs", "methods", "board_documents", "carry_over")
        for unit in (world.unit, world.board)
    ]
    of_goals = [
        reverse(f"goals:{route}", args=[goal.pk])
        for route in ("detail", "follow_down", "activity_new")
        for goal in (world.unit_goal, world.board_goal)
    ]
    of_reports = [
        reverse(f"goals:{route}", args=[reports[name].pk])
        for route in ("report_read", "report_submit")
        for name in ("working", "accepted", "correcting")
    ]
    of_activities = [
        reverse(f"goals:{route}", args=[activities["protected_activity"].pk])
        for route in ("activity", "activity_edit", "activity_progress")
    ]
    return [
        reverse("home"),
        reverse("dialogues:unit", args=[world.unit.pk]),
        *(
            reverse("goals:report", args=[world.unit.pk, world.periods[at].pk])
            for at in ("t1", "t2")
        ),
        reverse("goals:analysis", args=[reports["working"].pk, world.unit_goal.pk]),
        reverse("goals:measure_new", args=[reports["working"].pk, world.unit_goal.pk]),
        reverse("goals:reporting", args=[world.periods["t2"].pk]),
        reverse("goals:remind", args=[world.periods["t2"].pk]),
        *of_units,
        *of_goals,
        *of_reports,
        *of_activities,
    ]


@pytest.mark.parametrize("name", ["employee", "stranger", "manager_above", "controller", "hr"])
def test_no_page_of_the_year_tells_which_protected_person_is_responsible(name, world, as_persona):
    """One of them takes over from another, and everything reads as before."""
    build_whole_year(world)
    client = as_persona(name)
    newcomers = [
        add_person(world, f"newcomer_{number}", "unit", has_protected_identity=True)
        for number in range(2)
    ]
    activity = Activity.objects.get(pk=world.activities["protected_activity"].pk)
    revision, answers = activity.revision, []

    for newcomer in newcomers:
        with Undone():
            activity.responsible, activity.revision = newcomer, revision + 1
            activity.save()
            answers.append(
                {page: _plain(client.get(page), MISSING) for page in _pages_of_year(world)}
            )

    assert not set(newcomers) & set(User.objects.visible_to(world.people[name]))
    assert answers[0] == answers[1]


def _pages_of_talks(world: World) -> list[str]:
    """Every page of the talks that lists, searches or counts people."""
    searching = [
        reverse(f"dialogues:{route}") + "?q=protected"
        for route in ("access_open", "delegation_new")
    ]
    of_units = [
        reverse(f"dialogues:{route}", args=[unit.pk])
        for route in ("coverage", "competence_unit")
        for unit in (world.unit, world.department, world.board)
    ]
    of_rounds = [
        reverse("dialogues:round", args=[each.pk]) + query
        for each in world.rounds.values()
        for query in ("", "?show=ordinary", "?show=joined", "?q=protected")
    ]
    return [
        reverse("home"),
        reverse("dialogues:talks"),
        reverse("dialogues:talks") + "?text=protected",
        reverse("dialogues:talks") + f"?year={world.year - 1}",
        reverse("dialogues:delegations"),
        reverse("dialogues:competence"),
        *searching,
        *of_units,
        *of_rounds,
    ]


@pytest.mark.parametrize("name", ["manager", "hr", "need_reader", "manager_above", "delegate"])
def test_a_protected_identity_shows_in_the_talks_to_exactly_the_declared(name, world, as_persona):
    build_talks(world)
    client = as_persona(name)

    showing = [page for page in _pages_of_talks(world) if _shows_the_protected(client.get(page))]

    assert bool(showing) == (name in MAY_SEE_THE_PROTECTED), showing


def test_no_letter_of_the_talks_names_the_protected(
    world, as_persona, token, django_capture_on_commit_callbacks
):
    """Nor anybody else: a letter says that something waits, and where."""
    build_talks(world)
    talk = world.talks["protected_preparing"]
    times = {"starts_0": f"{world.year + 1}-02-03T09:00", "minutes": 60}

    with django_capture_on_commit_callbacks(execute=True):
        as_persona("manager").post(
            reverse("dialogues:talk_times", args=[talk.pk]), {**times, **token()}
        )

    told = "".join(str(letter.message()) for letter in mail.outbox)
    assert len(mail.outbox) == 1
    assert "kanarie" not in told.replace(mail.outbox[0].to[0], "")


def _answers(client: Client, world: World) -> dict[str, tuple[int, dict[str, str], str]]:
    return {page: _plain(client.get(page), MISSING) for page in _pages(world)}
