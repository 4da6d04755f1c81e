"""A form kept through signing in is shown to the person who wrote it and to nobody else."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import gettext

from goals.models import Goal
from stockholm_quality.tests.world import PASSWORD, canary
from units.submissions import author_mark, is_marked_for

WORDS = f"Något förtroligt {canary('kvarglömt')}"
KEPT_BACK = "What somebody else had written here before you is not shown."


def held_by(world, writer):
    """The sign-in page that answers a form which `writer` sends after the session has ended."""
    sent = {
        "title": WORDS,
        "form_token": str(uuid4()),
        "form_author": author_mark(world.people[writer]),
    }
    answer = Client().post(reverse("goals:new", args=[world.unit.pk]), sent)
    held = answer.context["held_fields"]
    return {**dict(held), "username": "", "password": PASSWORD}


def sent_with_an_old_token(world, reader, **fields):
    """What `reader` is answered when a page that stood open before signing in is sent."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people[reader])
    return client.post(
        reverse("goals:new", args=[world.unit.pk]),
        {"title": WORDS, "form_token": str(uuid4()), **fields},
        headers={"Origin": "http://testserver"},
    )


def test_the_writer_is_shown_what_was_kept(world):
    held = held_by(world, "manager")

    answer = Client().post(reverse("login"), {**held, "username": "manager"})

    assert WORDS in answer.content.decode()
    assert "form_author" not in dict(answer.context["fields"])


def test_somebody_else_who_signs_in_there_is_shown_nothing_of_it(world):
    held = held_by(world, "manager")

    answer = Client().post(reverse("login"), {**held, "username": "colleague"}, follow=True)

    assert answer.status_code == 200
    assert WORDS not in answer.content.decode()
    assert gettext(KEPT_BACK) in answer.content.decode()


def test_what_bears_nobodys_mark_is_shown_to_nobody(world):
    held = held_by(world, "manager")
    del held["held-form_author"]

    answer = Client().post(reverse("login"), {**held, "username": "manager"}, follow=True)

    assert answer.status_code == 200
    assert WORDS not in answer.content.decode()
    assert gettext(KEPT_BACK) in answer.content.decode()


def test_who_changes_the_password_too_late_is_not_told_of_somebody_elses_words(world):
    held = Client().post(reverse("password_change"), {"old_password": WORDS}).context["held_fields"]

    answer = Client().post(
        reverse("login"), {**dict(held), "username": "manager", "password": PASSWORD}, follow=True
    )

    assert answer.redirect_chain == [("/", 302)]
    assert gettext(KEPT_BACK) not in answer.content.decode()


def test_a_page_left_open_shows_its_writer_what_was_written(world):
    answer = sent_with_an_old_token(world, "manager", form_author=author_mark(world.manager))

    assert answer.status_code == 403
    assert ("title", WORDS) in answer.context["fields"]


@pytest.mark.parametrize("author", ["manager", None, "made up"])
def test_a_page_left_open_shows_the_next_person_at_the_computer_nothing(world, author):
    marks = {"manager": author_mark(world.manager), None: "", "made up": "1:x"}

    answer = sent_with_an_old_token(world, "colleague", form_author=marks[author])

    assert answer.status_code == 403
    assert "403.html" in [template.name for template in answer.templates]
    assert WORDS not in answer.content.decode()
    assert gettext(KEPT_BACK) in answer.content.decode()


# --- Sent once more ----------------------------------------------------------------------------


def send_once_more(page):
    """What the page's hidden fields send, as a browser does: every line break as CRLF."""
    token = page.content.decode().split('name="form_token" value="')[1].split('"')[0]
    fields = {"form_token": token}
    for name, value in page.context["fields"]:
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return fields


@pytest.mark.parametrize("way", ["through signing in", "with an old token"])
def test_a_form_whose_answer_was_lost_has_one_effect_when_it_is_sent_again(world, as_persona, way):
    address = reverse("goals:new", args=[world.unit.pk])
    sent = {
        "title": "Barnen har vänner",
        "expected_result": "Alla leker.\r\nVarje dag.",
        "working_method": "",
        "contributes_to": [world.board_goal.pk],
        "form_token": str(uuid4()),
        "form_author": author_mark(world.manager),
    }
    client = as_persona("manager")
    first = client.post(address, sent)
    if way == "through signing in":
        held = dict(Client().post(address, sent).context["held_fields"])
        client = Client()
        page = client.post(reverse("login"), {**held, "username": "manager", "password": PASSWORD})
    else:
        page = sent_with_an_old_token(world, "manager", **sent)

    again = client.post(address, send_once_more(page))

    assert (again.status_code, again.url) == (302, first.url)
    assert Goal.objects.filter(title="Barnen har vänner").count() == 1


def test_a_form_that_had_no_effect_has_one_when_it_is_sent_again(world):
    client, held = Client(), held_by(world, "manager")
    page = client.post(reverse("login"), {**held, "username": "manager"})

    answer = client.post(reverse("goals:new", args=[world.unit.pk]), send_once_more(page))

    assert answer.status_code == 302
    assert Goal.objects.filter(title=WORDS).count() == 1


def test_a_mark_that_is_made_up_fits_nobody(world):
    assert is_marked_for(author_mark(world.manager), world.manager)
    assert not is_marked_for(author_mark(world.manager), world.colleague)
    assert not is_marked_for(f"{world.colleague.pk}:x", world.colleague)
