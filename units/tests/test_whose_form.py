"""A form kept through signing in is shown to the person who wrote it and to nobody else."""

from uuid import uuid4

from django.test import Client
from django.urls import reverse

from stockholm_quality.tests.world import PASSWORD, canary
from units.submissions import author_mark, is_marked_for

WORDS = f"Något förtroligt {canary('kvarglömt')}"


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


def test_a_mark_that_is_made_up_fits_nobody(world):
    assert is_marked_for(author_mark(world.manager), world.manager)
    assert not is_marked_for(author_mark(world.manager), world.colleague)
    assert not is_marked_for(f"{world.colleague.pk}:x", world.colleague)
