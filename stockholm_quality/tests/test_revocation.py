"""A right that ends is gone at the next request, in sessions that are open and in every process.

Two processes of the portal itself, each with its own pool, answer on ports of their own, so that
each is known to have been asked; one gunicorn with two workers would leave that to chance.
"""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from stockholm_quality.tests.world import World, build_world
from stockholm_quality.tests.world_year import build_year
from units.models import User

pytestmark = pytest.mark.django_db(transaction=True)

START_SECONDS = 60
YESTERDAY = timedelta(days=1)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _database_url() -> str:
    """The test database, for a process that is told of it as in production."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    info = connection.connection.info
    return f"postgresql://{info.user}@/{info.dbname}?host={info.host}&port={info.port}"


@pytest.fixture
def portals(transactional_db: None) -> Iterator[list[int]]:
    """The ports of two processes of the portal on the test database."""
    environment = os.environ | {"DATABASE_URL": _database_url(), "DATABASE_POOL_SIZE": "2"}
    ports = [_free_port(), _free_port()]
    command = [sys.executable, "-m", "gunicorn", "stockholm_quality.wsgi", "--log-level", "error"]
    started = [
        subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{port}"], env=environment, cwd=settings.BASE_DIR
        )
        for port in ports
    ]
    try:
        for port in ports:
            _wait_until_it_answers(port)
        yield ports
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(timeout=START_SECONDS)


def _wait_until_it_answers(port: int) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            return _ask(port, "/om/behorigheter/", "") and None
        except OSError:
            assert time.monotonic() < give_up, "the portal did not start"
            time.sleep(0.2)


def _ask(port: int, path: str, session: str) -> int:
    connected = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    try:
        connected.request("GET", path, headers={"Cookie": f"sessionid={session}"})
        return connected.getresponse().status
    finally:
        connected.close()


def _sign_in(user: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def _end_role(user: User) -> None:
    user.roles.update(ends_on=timezone.localdate() - YESTERDAY)


def _end_employment(user: User) -> None:
    user.employments.update(ends_on=timezone.localdate() - YESTERDAY)


def _disable(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def _change_password(user: User) -> None:
    user.set_password("en helt annan mening")
    user.save(update_fields=["password"])


def _pages(world: World) -> dict[str, str]:
    return {
        "start": reverse("home"),
        "draft": reverse("goals:detail", args=[world.unit_draft.pk]),
        "people": reverse("dialogues:people", args=[world.unit.pk]),
        "administration": reverse("admin:index"),
        "report": reverse("goals:report_read", args=[world.reports["working"].pk]),
        "analysis": reverse(
            "goals:analysis", args=[world.reports["working"].pk, world.unit_goal.pk]
        ),
        "year": reverse("goals:plan_year_edit", args=[world.plan_years["plan_year"].pk]),
        "reporting": reverse("goals:reporting", args=[world.periods["t2"].pk]),
    }


CASES: list[tuple[str, str, Callable[[User], None], int]] = [
    # persona, page, what ends, what is met from then on
    ("manager", "draft", _end_role, 404),
    ("manager", "people", _end_role, 403),
    ("hr", "administration", _end_role, 403),
    ("controller", "report", _end_role, 404),
    ("controller", "year", _end_role, 403),
    ("controller", "reporting", _end_role, 403),
    ("manager_above", "analysis", _end_role, 404),
    ("manager", "report", _end_role, 404),
    ("employee", "start", _end_employment, 302),
    ("colleague", "start", _disable, 302),
    ("representative", "start", _change_password, 302),
]


def test_the_next_request_of_an_open_session_is_denied_in_every_process(
    portals: list[int],
) -> None:
    world = build_world()
    build_year(world)
    pages = _pages(world)
    for name, page, ends, met in CASES:
        user = world.people[name]
        starts = dict(user.roles.values_list("pk", "ends_on"))
        session = _sign_in(user)

        before = [_ask(port, pages[page], session) for port in portals]
        ends(user)
        after = [_ask(port, pages[page], session) for port in portals]

        assert (before, after) == ([200, 200], [met, met]), (name, page, ends.__name__)
        for pk, ends_on in starts.items():
            user.roles.filter(pk=pk).update(ends_on=ends_on)
