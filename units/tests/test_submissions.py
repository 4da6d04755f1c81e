"""Every form that creates or moves something has one effect, however often it is sent."""

from functools import partial
from threading import Event
from time import sleep
from uuid import uuid4

import pytest
from django.core import mail
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from dialogues.models import Acknowledgement
from goals.actions import discard_goal
from goals.documents import building
from goals.models import Expectation, Goal, GoalVersion
from stockholm_quality.tests.posts_of_year import POSTS
from stockholm_quality.tests.side_by_side import side_by_side
from stockholm_quality.tests.undone import rows_written
from stockholm_quality.tests.world import canary, scene
from stockholm_quality.tests.world_year import build_whole_year
from units.models import Submission, User

TODAY = timezone.localdate


def _goal_new(world):
    return (
        "manager",
        reverse("goals:new", args=[world.unit.pk]),
        {"title": "Barnen har vänner", "parent": world.board_goal.pk},
        lambda: Goal.objects.filter(title="Barnen har vänner").count(),
    )


def _goal_edit(world):
    return (
        "manager",
        reverse("goals:edit", args=[world.unit_draft.pk]),
        {"title": "Barnen har vänner", "revision": 1},
        lambda: Goal.objects.get(pk=world.unit_draft.pk).revision - 1,
    )


def _goal_adopt(world):
    return (
        "manager",
        reverse("goals:adopt", args=[world.unit_draft.pk]),
        {"decided_on": TODAY(), "revision": 1},
        lambda: GoalVersion.objects.filter(goal=world.unit_draft).count(),
    )


def _goal_change(world):
    return (
        "manager",
        reverse("goals:change", args=[world.unit_goal.pk]),
        {"title": "Barnen har vänner", "reason": "Ny plan", "decided_on": TODAY(), "revision": 1},
        lambda: GoalVersion.objects.filter(goal=world.unit_goal).count() - 1,
    )


def _goal_discard(world):
    return (
        "manager",
        reverse("goals:discard", args=[world.unit_draft.pk]),
        {"revision": 1},
        lambda: 1 - Goal.objects.filter(pk=world.unit_draft.pk).count(),
    )


@scene()
def _expectations_saying(text):
    return Expectation.objects.filter(text=text).count()


@scene()
def _times_changed(expectation):
    return Expectation.objects.get(pk=expectation.pk).revision - 1


def _give(world):
    return (
        "manager",
        reverse("dialogues:give", args=[world.unit_goal.pk]),
        {"text": "Läs varje dag", "employments": [world.employments["colleague"].pk]},
        lambda: _expectations_saying("Läs varje dag"),
    )


def _expectation_edit(world):
    return (
        "manager",
        reverse("dialogues:expectation_edit", args=[world.expectation.pk]),
        {"text": "Läs varje dag", "goal": world.unit_goal.pk, "revision": 1},
        lambda: _times_changed(world.expectation),
    )


def _withdraw(world):
    return (
        "manager",
        reverse("dialogues:expectation_withdraw", args=[world.expectation.pk]),
        {"reason": "Uppdraget är bytt", "revision": 1},
        lambda: _times_changed(world.expectation),
    )


def _acknowledge(world):
    return (
        "employee",
        reverse("dialogues:acknowledge", args=[world.expectation.pk]),
        {"version": 1, "goal_version": 1},
        lambda: Acknowledgement.objects.filter(expectation=world.expectation).count(),
    )


def _profile(world):
    return (
        "employee",
        reverse("profile"),
        {"language": "en", "appearance": "dark"},
        lambda: User.objects.filter(pk=world.people["employee"].pk, appearance="dark").count(),
    )


ENDPOINTS = [
    _goal_new,
    _goal_edit,
    _goal_adopt,
    _goal_change,
    _goal_discard,
    _give,
    _expectation_edit,
    _withdraw,
    _acknowledge,
    _profile,
]
every_endpoint = pytest.mark.parametrize(
    "endpoint", ENDPOINTS, ids=[endpoint.__name__[1:] for endpoint in ENDPOINTS]
)


@every_endpoint
@pytest.mark.django_db(transaction=True)
def test_a_form_sent_three_times_at_once_has_one_effect_and_one_result(world, as_persona, endpoint):
    who, address, fields, effects = endpoint(world)
    sent = {**fields, "form_token": uuid4()}
    clients = [as_persona(who) for _ in range(3)]

    answers = side_by_side(
        *(lambda client=client: client.post(address, sent) for client in clients)
    )
    replay = as_persona(who).post(address, sent)

    assert effects() == 1
    assert {answer.status_code for answer in answers} | {replay.status_code} == {302}
    assert {answer.url for answer in answers} == {replay.url}


@every_endpoint
@pytest.mark.parametrize("token", [None, "", "inte-ett-token", "\0"])
def test_a_form_without_a_token_says_so_and_does_nothing(world, as_persona, endpoint, token):
    who, address, fields, effects = endpoint(world)

    answer = as_persona(who).post(
        address, fields if token is None else {**fields, "form_token": token}
    )

    assert answer.status_code == 400
    assert "Inget har ändrats" in answer.content.decode()
    assert effects() == 0


@every_endpoint
def test_a_form_with_somebody_elses_token_says_so_and_does_nothing(world, as_persona, endpoint):
    who, address, fields, effects = endpoint(world)
    used = uuid4()
    Submission.objects.create(author=world.people["stranger"], token=used, result_url="/fel/")

    answer = as_persona(who).post(address, {**fields, "form_token": used})

    assert answer.status_code == 400
    assert "Inget har ändrats" in answer.content.decode()
    assert effects() == 0


# --- The year ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_every_form_of_the_year_sent_three_times_at_once_has_one_effect(world, as_persona):
    build_whole_year(world)
    found = {}
    with building._building:  # as while another document is being put together
        for post in POSTS:
            address, before = post.address(world), post.effect(world)
            sent = {**post.fields(world), "form_token": uuid4()}
            answers = side_by_side(
                *(partial(as_persona(post.who).post, address, sent) for _ in range(3))
            )
            replay = as_persona(post.who).post(address, sent)
            found[post.route] = (
                post.effect(world) - before,
                {each.status_code for each in (*answers, replay)},
                len({each.headers.get("Location") for each in (*answers, replay)}),
            )

    assert found == {post.route: (1, {302}, 1) for post in POSTS}
    assert len(mail.outbox) == len({letter.to[0] for letter in mail.outbox})


@pytest.mark.django_db(transaction=True)
def test_the_rows_of_a_report_sent_three_times_at_once_are_written_once(world, as_persona):
    build_whole_year(world)
    report = world.reports["working"]
    before = report.revision
    sent = {"summary-summary": "Vi är framme.", "summary-seen": f"{before}:x"}
    clients = [as_persona("manager") for _ in range(3)]

    answers = side_by_side(
        *(
            lambda client=client: client.post(
                report.get_absolute_url(), sent, headers={"Accept": "application/json"}
            )
            for client in clients
        )
    )

    report.refresh_from_db()
    assert (report.summary, report.revision) == ("Vi är framme.", before + 1)
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize("token", [None, "", "inte-ett-token", "\0", "another's"])
def test_no_form_of_the_year_does_anything_without_a_token_of_its_own(world, as_persona, token):
    build_whole_year(world)
    clients = {who: as_persona(who) for who in {post.who for post in POSTS}}
    sent = {} if token is None else {"form_token": token}
    if token == "another's":
        sent = {"form_token": uuid4()}
        Submission.objects.create(
            author=world.people["stranger"], token=sent["form_token"], result_url="/fel/"
        )

    for post in POSTS:
        before = rows_written()
        answer = clients[post.who].post(post.address(world), {**post.fields(world), **sent})

        assert answer.status_code == 400, post.route
        assert "Inget har ändrats" in answer.content.decode(), post.route
        assert rows_written() == before, post.route


def test_a_form_changed_after_going_back_in_the_browser_is_a_new_form(world, as_persona):
    client, address = as_persona("manager"), reverse("dialogues:give", args=[world.unit_goal.pk])
    sent = {"employments": [world.employments["colleague"].pk], "form_token": uuid4()}

    client.post(address, {**sent, "text": "Läs varje dag"})
    client.post(address, {**sent, "text": "Läs varje kväll"})

    with scene():
        given = list(Expectation.objects.filter(text__startswith="Läs").order_by("pk"))
    assert [each.text for each in given] == ["Läs varje dag", "Läs varje kväll"]


def test_a_token_leaves_nothing_behind_when_the_form_is_refused(world, as_persona):
    client, address = as_persona("manager"), reverse("goals:edit", args=[world.unit_draft.pk])
    token = uuid4()

    stale = client.post(address, {"title": "Gammalt", "revision": 7, "form_token": token})
    saved = client.post(address, {"title": "Nytt", "revision": 1, "form_token": token})

    assert (stale.status_code, saved.status_code) == (409, 302)
    assert Goal.objects.get(pk=world.unit_draft.pk).title == "Nytt"


def test_a_form_that_could_not_be_understood_shows_what_was_written(world, as_persona):
    who, address, fields, _effects = _give(world)
    words = f"Läs varje dag {canary('otolkat')}"

    answer = as_persona(who).post(address, {**fields, "text": words})

    assert answer.status_code == 400
    assert words in answer.content.decode()


def test_a_form_in_another_charset_is_refused_without_an_error(world, as_persona):
    answer = as_persona("manager").post(
        reverse("goals:new", args=[world.unit.pk]),
        "title=Barnen",
        content_type="application/x-www-form-urlencoded; charset=latin-1",
    )

    assert answer.status_code == 400
    assert "Inget har ändrats" in answer.content.decode()


def test_a_manager_of_very_many_can_tick_them_all(world, as_persona):
    who, address, fields, effects = _give(world)
    many = [world.employments["colleague"].pk] * 1_500

    answer = as_persona(who).post(address, {**fields, "employments": many, "form_token": uuid4()})

    assert answer.status_code == 302
    assert effects() == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_written_in_a_draft_that_somebody_throws_away_is_shown(world, as_persona):
    client, address = as_persona("manager"), reverse("goals:edit", args=[world.unit_draft.pk])
    words = f"Barnen har vänner {canary('bortkastat')}"
    is_going = Event()

    def throw_away():
        with transaction.atomic():
            discard_goal(goal=world.unit_draft, revision=1, by=world.acting_manager)
            is_going.set()
            _wait_until_somebody_waits()

    def write():
        assert is_going.wait(10)
        return client.post(address, {"title": words, "revision": 1, "form_token": uuid4()})

    _thrown, answer = side_by_side(throw_away, write)

    assert answer.status_code == 404
    assert words in answer.content.decode()


def _wait_until_somebody_waits():
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            if cursor.execute(waiting).fetchone()[0]:
                return
        sleep(0.01)
    raise AssertionError("Nobody waits.")


def test_every_page_gives_each_form_a_token_of_its_own(world, as_persona):
    client, address = as_persona("manager"), reverse("goals:new", args=[world.unit.pk])

    tokens = {
        page.content.decode().split('name="form_token" value="')[1].split('"')[0]
        for page in (client.get(address), client.get(address))
    }

    assert len(tokens) == 2
