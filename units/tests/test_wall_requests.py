"""Requests behind the second wall, and the role that a production server connects as."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import Client
from django.urls import path, reverse

from stockholm_quality import urls
from stockholm_quality.embedded_postgres import SUPERUSER
from stockholm_quality.tests.world import build_world
from units.models import User
from units.tests.test_wall import ask, owner, said
from units.wall import APP_ROLE


def _tell(request: HttpRequest) -> HttpResponse:
    role, person, *_rest = said()
    return JsonResponse({"role": role, "person": person})


@transaction.non_atomic_requests
def _tell_outside(request: HttpRequest) -> HttpResponse:
    return _tell(request)


def _tell_deferred(request: HttpRequest) -> HttpResponse:
    template = engines["django"].from_string("{{ role }}")
    return TemplateResponse(request, template, {"role": lambda: said()[0]})


def _store_and(request: HttpRequest, end: str) -> HttpResponse:
    User.objects.filter(pk=request.user.pk).update(given_name=end)
    request.session["told"] = end
    if end == "missing":
        raise Http404
    if end == "refused":
        raise PermissionError
    if end == "nothing":
        return None
    return HttpResponse(status=int(end))


urlpatterns = [
    path("tell/", _tell),
    path("outside/", _tell_outside),
    path("deferred/", _tell_deferred),
    path("store/<str:end>/", _store_and),
    *urls.urlpatterns,
]


@pytest.mark.urls(__name__)
def test_a_request_acts_as_who_is_signed_in_until_its_page_is_rendered(world, as_persona):
    client, person = as_persona("employee"), world.people["employee"]

    assert client.get("/tell/").json() == {"role": APP_ROLE, "person": person.pk}
    assert client.get("/deferred/").content.decode() == APP_ROLE
    assert client.get("/outside/").json() == {"role": owner(), "person": None}
    assert Client().get("/tell/").status_code == 302
    assert said() == (owner(), None, None, "", False)


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("end", "status", "is_stored"),
    [
        ("200", 200, True),
        ("409", 409, True),
        ("missing", 404, False),
        ("refused", 500, False),
        ("nothing", 500, False),
        ("503", 503, False),
    ],
)
def test_a_request_that_fails_stores_nothing(world, as_persona, end, status, is_stored):
    client, person = as_persona("employee"), world.people["employee"]
    client.raise_request_exception = False

    assert client.get(f"/store/{end}/").status_code == status

    person.refresh_from_db()
    assert (person.given_name == end) is is_stored
    # What the person is told may be in the session; Django keeps it unless the fault is ours.
    assert (client.session.get("told") == end) is (status < 500)
    assert said() == (owner(), None, None, "", False)


# --- How the portal connects -------------------------------------------------------------------


MEMBER = "portal_member_of_the_tests"
AS_MEMBER = """
import json, sys
import django
django.setup()
from django.core.checks import Tags, run_checks
from django.db import connection
from django.test import Client
from django.urls import reverse

asked = json.load(sys.stdin)
told = []
for session, method, path, data in asked:
    client = Client()
    client.cookies["sessionid"] = session
    answer = getattr(client, method)(path, data)
    told.append(answer.status_code)
with connection.cursor() as cursor:
    cursor.execute("SELECT current_user, portal_person(), portal_day(), portal_upkeep()")
    left = cursor.fetchone()
checks = run_checks(tags=[Tags.database], databases=["default"], include_deployment_checks=True)
print(json.dumps([told, left, [check.id for check in checks]]))
"""


@pytest.fixture
def member(transactional_db) -> Iterator[str]:
    """The address of the test database for a role that is a member of portal_app, no more."""
    if settings.DATABASE_URL:
        pytest.skip("needs the superuser of the private server")
    ask("SELECT 1")
    info = connection.connection.info
    server = {"host": info.host, "port": info.port, "user": SUPERUSER, "dbname": "postgres"}
    with (
        psycopg.connect(**server, autocommit=True) as superuser,
        # Kept: another process of the tests may be using it.
        suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation),
    ):
        superuser.execute(f"CREATE ROLE {MEMBER} LOGIN IN ROLE {APP_ROLE}")
    return f"postgresql://{MEMBER}@/{info.dbname}?host={info.host}&port={info.port}"


def _session_of(person: User) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def test_the_portal_works_for_a_role_that_owns_nothing(member, token):
    world = build_world()
    sessions = {name: _session_of(world.people[name]) for name in ("manager", "administrator")}
    save = {"title": "Barnen har vänner", "parent": world.board_goal.pk, **token()}
    asked = [
        ("", "get", reverse("login"), {}, 200),
        ("", "post", reverse("login"), {"username": "manager", "password": "fel"}, 200),
        (sessions["manager"], "get", "/", {}, 200),
        (sessions["manager"], "get", reverse("dialogues:unit", args=[world.unit.pk]), {}, 200),
        (sessions["manager"], "get", reverse("dialogues:people", args=[world.unit.pk]), {}, 200),
        (sessions["manager"], "get", reverse("goals:tree"), {}, 200),
        (sessions["manager"], "post", reverse("goals:new", args=[world.unit.pk]), save, 302),
        (sessions["manager"], "get", reverse("goals:detail", args=[999_999]), {}, 404),
        (sessions["administrator"], "get", reverse("admin:index"), {}, 200),
        (sessions["administrator"], "get", reverse("admin:units_user_changelist"), {}, 200),
    ]
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "stockholm_quality.settings",
        "DATABASE_URL": member,
        "DATABASE_POOL_SIZE": "1",
        "ALLOWED_HOSTS": "testserver",
    }
    process = subprocess.run(
        [sys.executable, "-c", AS_MEMBER],
        input=json.dumps([row[:4] for row in asked]),
        env=environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert process.returncode == 0, process.stderr
    told, left, checks = json.loads(process.stdout.splitlines()[-1])
    assert told == [row[4] for row in asked]
    assert left == [MEMBER, None, None, False]
    assert [check for check in checks if check.startswith("wall")] == []
