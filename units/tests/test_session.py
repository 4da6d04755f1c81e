"""A session that ends, and a form that comes too late: nothing that was written is lost."""

import time
from datetime import timedelta
from html.parser import HTMLParser
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from goals.models import Goal
from stockholm_quality.tests.world import PASSWORD
from units.submissions import author_mark

DOOR = "/logga-in/"
WORDS = "Barnen har ett rikt språk\r\nmed 🌻 och <b>åäö</b> & mer"


class Hidden(HTMLParser):
    """The page's form that carries what was kept: where it goes and its hidden fields."""

    def __init__(self, page):
        super().__init__()
        self.forms = []
        self.feed(page.content.decode())
        self.action, self.fields = max(self.forms, key=lambda form: len(form[1]))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form":
            self.forms.append((attributes.get("action"), []))
        if tag == "input" and attributes.get("type") == "hidden":
            self.forms[-1][1].append((attributes["name"], attributes.get("value") or ""))

    def named(self, start):
        return [(name, value) for name, value in self.fields if name.startswith(start)]


def as_post(pairs):
    fields = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def test_a_form_sent_after_the_session_ended_goes_through_sign_in_and_is_saved(world, as_persona):
    client = as_persona("manager")
    address = reverse("goals:edit", args=[world.unit_draft.pk])
    Session.objects.all().delete()

    door = client.post(
        address,
        {
            "title": WORDS,
            "follow_up": WORDS,
            "contributes_to": [world.board_goal.pk],
            "revision": 1,
            "form_token": uuid4(),
            "form_author": author_mark(world.manager),
        },
    )
    held = Hidden(door).named("held-")
    shown = client.post(DOOR, {**as_post(held), "username": "manager", "password": PASSWORD})
    again = Hidden(shown)
    saved = client.post(again.action, as_post(again.fields))

    assert door.status_code == 403
    assert ("held-path", address) in held
    assert shown.status_code == 200
    assert "rikt språk" in shown.content.decode()
    assert again.action == address
    assert saved.status_code == 302
    goal = Goal.objects.get(pk=world.unit_draft.pk)
    assert goal.follow_up == WORDS.replace("\r\n", "\n")
    assert list(goal.contributions.values_list("supported", flat=True)) == [world.board_goal.pk]


def test_a_failed_sign_in_on_the_way_keeps_the_form(world, as_persona):
    held = {"held-path": "/enheter/", "held-title": WORDS}

    again = Client().post(DOOR, {**held, "username": "manager", "password": "fel"})

    assert dict(Hidden(again).named("held-")) == held


def test_five_thousand_characters_come_through_unharmed(world):
    words = "åäö🌻 <&>\"' " * 500
    client = Client()

    door = client.post("/mal/1/andra/", {"title": words, "form_author": author_mark(world.manager)})
    shown = client.post(
        DOOR, {**as_post(Hidden(door).named("held-")), "username": "manager", "password": PASSWORD}
    )

    assert dict(Hidden(shown).fields)["title"] == words


@pytest.mark.parametrize(
    "path",
    ["https://ond.example/", "//ond.example/x", "javascript:alert(1)", "ond", "/\\ond.example"],
)
def test_a_held_form_is_sent_to_no_other_site(world, path):
    client = Client()

    answer = client.post(
        DOOR, {"held-path": path, "held-x": WORDS, "username": "manager", "password": PASSWORD}
    )

    assert answer.status_code == 302
    assert answer.url == "/"


@pytest.mark.parametrize("wanted", ["https://ond.example/", "//ond.example", "/\\ond.example"])
def test_signing_in_leads_to_no_other_site(world, wanted):
    answer = Client().post(DOOR, {"username": "manager", "password": PASSWORD, "next": wanted})

    assert answer.url == "/"


def test_signing_in_leads_back_to_the_page_that_was_asked_for(world):
    client = Client()
    first = client.get("/enheter/?text=%C3%84ngen")

    answer = client.post(first.url, {"username": "manager", "password": PASSWORD})

    assert answer.url == "/enheter/?text=%C3%84ngen"


def test_passwords_are_never_held(world):
    secret = "hemligt lösenord här"
    fields = {"old_password": secret, "new_password1": secret, "new_password2": secret}

    answers = [
        Client().post("/losenord/", fields),
        Client().post("/utkast/", {"key": "x", **fields}),
        Client(enforce_csrf_checks=True).post(
            DOOR,
            {"username": "manager", "password": secret},
            headers={"Origin": "http://testserver"},
        ),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert not [answer for answer in answers if secret in answer.content.decode()]


# --- A form whose token against forgery has grown old ------------------------------------------


def strict(world, who):
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people[who])
    return client


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://testserver"}, {"Referer": "http://testserver/x"}]
)
def test_a_form_from_our_own_page_with_an_old_token_is_kept(world, headers):
    sent = {"title": WORDS, "form_author": author_mark(world.manager)}

    answer = strict(world, "manager").post("/mal/1/andra/", sent, headers=headers)

    assert answer.status_code == 403
    assert dict(Hidden(answer).fields)["title"].replace("\r\n", "\n") == WORDS.replace("\r\n", "\n")


def test_a_form_from_our_own_page_without_a_session_goes_through_sign_in(world):
    answer = Client(enforce_csrf_checks=True).post(
        "/mal/1/andra/", {"title": WORDS}, headers={"Origin": "http://testserver"}
    )

    assert ("held-path", "/mal/1/andra/") in Hidden(answer).fields


@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://ond.example"},
        {"Origin": "null"},
        {"Referer": "https://ond.example/testserver"},
        {"Origin": "http://testserver.ond.example"},
        {},
    ],
)
def test_a_form_from_another_site_is_refused_without_an_echo(world, headers, signed_in):
    client = strict(world, "manager") if signed_in else Client(enforce_csrf_checks=True)

    for address in (
        reverse("goals:edit", args=[world.unit_draft.pk]),
        "/profil/",
        "/finns-inte/",
        DOOR,
        "/logga-ut/",
    ):
        answer = client.post(address, {"title": WORDS, "username": WORDS}, headers=headers)

        assert answer.status_code in {403, 404}
        assert "rikt språk" not in answer.content.decode()


def test_a_sign_in_page_that_has_grown_old_is_simply_shown_again(world):
    client = Client(enforce_csrf_checks=True)

    answer = client.post(
        DOOR,
        {"username": "manager", "held-path": "/enheter/", "held-title": WORDS},
        headers={"Origin": "http://testserver"},
    )

    assert dict(Hidden(answer).named("held-"))["held-path"] == "/enheter/"
    assert not Hidden(answer).named("held-held-")
    assert not Hidden(answer).named("held-username")


# --- Scripts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{"HX-Request": "true"}, {"Accept": "application/json"}])
@pytest.mark.parametrize("address", ["/utkast/", "/mal/skrivhjalp/", "/session/", "/mal/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_scripts_without_a_session_hear_401_and_no_page(world, headers, address, method):
    answer = getattr(Client(), method)(address, headers=headers)

    assert answer.status_code == 401
    assert answer.content == b""


def test_a_script_with_an_old_token_hears_403(world):
    answer = strict(world, "manager").post(
        "/utkast/",
        {"key": "x", "title": WORDS},
        headers={"Accept": "application/json", "Origin": "http://testserver"},
    )

    assert answer.status_code == 403
    assert answer.content == b""


# --- How long a session lives ------------------------------------------------------------------


def test_a_session_ends_after_an_hour_of_idleness(world, as_persona, settings):
    client = as_persona("employee")
    client.get("/")
    session = Session.objects.get()
    left = session.expire_date - timezone.now()

    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    assert timedelta(minutes=59) < left <= timedelta(seconds=settings.SESSION_COOKIE_AGE)
    assert client.get("/").status_code == 302


def test_every_request_renews_the_idle_hour(world, as_persona):
    client = as_persona("employee")
    Session.objects.update(expire_date=timezone.now() + timedelta(minutes=5))

    client.get("/session/", headers={"Accept": "application/json"})

    assert Session.objects.get().expire_date > timezone.now() + timedelta(minutes=59)


@pytest.mark.parametrize(("age", "status"), [(12 * 3600 - 60, 200), (12 * 3600 + 1, 302)])
def test_a_session_ends_after_twelve_hours_however_busy(world, as_persona, age, status):
    client = as_persona("employee")
    client.get("/")
    session = client.session
    session["signed_in_at"] = int(time.time()) - age
    session.save()

    assert client.get("/").status_code == status
    assert client.get("/").status_code == status


def test_signing_out_ends_the_session_on_the_server(world, as_persona):
    client = as_persona("employee")
    client.get("/")
    stolen = Client()
    stolen.cookies = client.cookies.copy()
    assert stolen.get("/").status_code == 200

    client.post("/logga-ut/")

    assert not Session.objects.exists()
    assert stolen.get("/").status_code == 302


def test_signing_out_twice_leads_to_the_door_and_not_to_a_form_to_send_again(world):
    answer = Client().post("/logga-ut/")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert f'href="{DOOR}"' in page
    assert "held-path" not in page


def test_a_link_cannot_sign_anybody_out(world, as_persona):
    client = as_persona("employee")

    assert client.get("/logga-ut/").status_code == 405
    assert client.get("/").status_code == 200


def test_signing_in_gives_a_new_session_and_a_new_token_against_forgery(world):
    client = Client()
    client.get(DOOR)
    session = client.session
    session["planted"] = "x"
    session.save()
    client.cookies["sessionid"] = before = session.session_key
    token = client.cookies["csrftoken"].value

    client.post(DOOR, {"username": "employee", "password": PASSWORD})

    assert client.cookies["sessionid"].value != before
    assert client.cookies["csrftoken"].value != token
    assert not Session.objects.filter(session_key=before).exists()


def test_another_persons_sign_in_inherits_nothing(world, as_persona):
    client = as_persona("employee")
    session = client.session
    session["left_behind"] = "x"
    session.save()
    client.post("/logga-ut/")

    client.post(DOOR, {"username": "manager", "password": PASSWORD})

    assert "left_behind" not in client.session


def test_a_made_up_session_key_opens_nothing(world):
    client = Client()
    client.cookies["sessionid"] = "a" * 32

    assert client.get("/").status_code == 302


@pytest.mark.parametrize("cookie", ["sessionid", "csrftoken", "language"])
@pytest.mark.parametrize("value", ["\0aaaa", "a" * 31 + "\0", "\0"])
def test_a_cookie_with_a_character_that_the_database_refuses_opens_nothing(world, cookie, value):
    client = Client()
    client.cookies[cookie] = value

    answers = [client.get("/"), client.get(DOOR), client.post("/mal/1/andra/", {"title": WORDS})]

    assert [answer.status_code for answer in answers] == [302, 200, 403]


def test_what_is_said_after_an_action_is_in_no_cookie(world, as_persona):
    client = as_persona("manager")
    address = reverse("goals:edit", args=[world.unit_draft.pk])

    saved = client.post(address, {"title": "Nytt", "revision": 1, "form_token": uuid4()})
    page = client.get(saved.url)

    assert [str(message) for message in page.context["messages"]] == ["Utkastet är sparat."]
    assert set(client.cookies) <= {"sessionid", "csrftoken", "language"}


def test_the_ping_says_whose_session_it_is_and_how_long_it_lasts(world, as_persona):
    answer = as_persona("employee").get("/session/")

    assert set(answer.json()) == {"user", "seconds", "csrf_token"}
    assert answer.json()["user"] == world.people["employee"].pk
    assert answer.json()["seconds"] == 3600
