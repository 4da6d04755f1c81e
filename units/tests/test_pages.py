"""Language, profile, the pages about the portal, and what one meets when the database is away."""

import os
import subprocess
import sys

import pytest
from django.test import Client

from stockholm_quality.tests.production import PROJECT
from stockholm_quality.tests.world import PASSWORD
from units.models import User

DOOR = "/logga-in/"


def language_of(page):
    return page.content.decode().split('<html lang="')[1][:2]


def test_the_portal_is_swedish_whatever_the_browser_prefers(world, as_persona):
    english = {"Accept-Language": "en-GB,en;q=0.9"}

    assert language_of(Client().get(DOOR, headers=english)) == "sv"
    assert language_of(as_persona("employee").get("/", headers=english)) == "sv"
    assert Client().get(DOOR, headers=english).headers["Content-Language"] == "sv"


def test_the_switch_is_kept_in_a_cookie_before_sign_in(world):
    client = Client()

    answer = client.post("/sprak/", {"language": "en", "next": DOOR})

    assert answer.url == DOOR
    assert "Sign in" in client.get(DOOR).content.decode()
    assert language_of(client.get("/finns-inte/")) == "en"
    assert "_auth_user_id" not in client.session


def test_the_persons_own_language_wins_over_the_cookie(world):
    client = Client()
    client.post("/sprak/", {"language": "en"})

    client.post(DOOR, {"username": "employee", "password": PASSWORD})

    assert language_of(client.get("/")) == "sv"


def test_the_switch_of_someone_signed_in_is_kept_on_the_person(world, as_persona):
    as_persona("employee").post("/sprak/", {"language": "en"})

    assert language_of(as_persona("employee").get("/")) == "en"
    assert language_of(as_persona("colleague").get("/")) == "sv"


def test_a_made_up_language_in_the_cookie_is_swedish(world):
    client = Client()
    client.cookies["language"] = "xx'><script>"

    assert language_of(client.get(DOOR)) == "sv"


@pytest.mark.parametrize(
    "elsewhere", ["https://ond.example/", "//ond.example/", "/\\ond.example", ""]
)
def test_the_switch_leads_to_no_other_site(world, elsewhere):
    answer = Client().post("/sprak/", {"language": "en", "next": elsewhere})

    assert answer.url == "/"


def test_the_profile_shows_ones_own_employment_and_roles_and_keeps_the_choices(world, as_persona):
    client = as_persona("manager")
    token = "2a6f9d9e-55c1-4b57-a50e-9b4a3d7a1c01"

    answer = client.post("/profil/", {"language": "en", "appearance": "dark", "form_token": token})
    page = client.get("/profil/").content.decode()

    person = User.objects.get(account_name="manager")
    assert answer.status_code == 302
    assert (person.language, person.appearance) == ("en", "dark")
    assert 'data-bs-theme="dark"' in page
    assert "Förskolan Ängen" in page
    assert "Manager" in page


@pytest.mark.parametrize("address", ["/om/tillganglighet/", "/om/behorigheter/"])
def test_the_pages_about_the_portal_are_open_to_all_in_both_languages(world, address):
    client = Client()

    swedish = client.get(address)
    client.post("/sprak/", {"language": "en"})
    english = client.get(address)

    assert (swedish.status_code, english.status_code) == (200, 200)
    assert language_of(swedish) == "sv"
    assert swedish.content != english.content


@pytest.mark.parametrize(
    ("who", "leads_to"),
    [("manager", "unit"), ("employee", "unit"), ("controller", "board"), ("hr", "board")],
)
def test_my_unit_is_the_one_that_one_heads_keeps_or_works_in(world, as_persona, who, leads_to):
    answer = as_persona(who).get("/enheter/min/")

    assert answer.url == world.units[leads_to].get_absolute_url()


def test_the_units_are_in_swedish_order_and_found_by_name(world, as_persona):
    client = as_persona("employee")

    below = client.get(f"/enheter/?under={world.department.pk}").context["page_obj"]
    found = client.get("/enheter/?text=ängen").context["page_obj"]

    assert [unit.name for unit in below] == [
        "Förskolan Backen",
        "Förskolan Ängen",
        "Förskolan Öknen",
    ]
    assert [unit.name for unit in found] == ["Förskolan Ängen"]


def test_the_organisation_of_another_day_can_be_read(world, as_persona):
    client = as_persona("employee")

    before = client.get("/enheter/?day=2014-12-31").context
    after = client.get("/enheter/?day=2015-01-01").context

    assert list(before["page_obj"]) == []
    assert len(after["page_obj"]) == 2
    assert not after["is_today"]


# --- Without a database ------------------------------------------------------------------------
# That the portal recovers: stockholm_quality/tests/test_database_restart.py.

AWAY = """
import django
django.setup()
from django.db import connections
from django.test import Client
connections["default"].settings_dict["OPTIONS"]["pool"]["timeout"] = 0.5
client = Client(raise_request_exception=False, HTTP_HOST="mal.example.se")
for path in ("/", "/logga-in/", "/om/tillganglighet/", "/finns-inte/", "/static/css/tokens.css"):
    client.cookies["__Host-sessionid"] = "a" * 32
    answer = client.get(path, secure=True)
    body = b"".join(answer) if answer.streaming else answer.content
    print(path, answer.status_code, "Traceback" in body.decode(), "kvar" in body.decode(),
          answer.headers.get("X-Content-Type-Options"))
"""


def test_without_its_database_the_portal_says_so_and_tells_nothing_else():
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    asked = subprocess.run(
        [sys.executable, "-c", AWAY],
        cwd=PROJECT,
        env=kept
        | {
            "DJANGO_SETTINGS_MODULE": "stockholm_quality.settings",
            "PORTAL_ENV": "production",
            "STATIC_MANIFEST": "false",
            "SECRET_KEY": "7kq2-VJx_4b9Zt0mPd8sHnW3yLr5cUfE1gAoQiXvTjNzMwKu6B",
            "ALLOWED_HOSTS": "mal.example.se",
            "DATABASE_URL": "postgresql://portal:secret@127.0.0.1:1/portal",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    answers = [line.split() for line in asked.stdout.splitlines()]
    assert {answer[1] for answer in answers[:4]} == {"500"}
    assert answers[4][1] == "200"
    assert {answer[2] for answer in answers} == {"False"}
    assert {answer[3] for answer in answers[:4]} == {"True"}
    assert {answer[4] for answer in answers} == {"nosniff"}
    assert "secret" not in asked.stdout
