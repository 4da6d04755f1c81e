"""A protected name, asked for on every page that a delegate can walk to."""

import re
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.urls import resolve, reverse

from dialogues.models import TalkKind
from dialogues.tests.talk_scenes import S, add_talk
from stockholm_quality.tests.world import add_delegation, canary, scene
from units.rules import stands_in_with

NAME = canary("namn-protected")
LINK = re.compile(r'<a\s[^>]*?\bhref="([^"#]+)')
FILES = {"own_data_pdf", "own_data_json", "record_pdf"}


@pytest.fixture
def stood_in(world):
    """Somebody next door holds the talks with the protected, in every state of a talk."""
    with scene():
        add_delegation(world, "protected", "neighbour", covers_salary=True)
        add_delegation(world, "colleague", "neighbour")
        add_talk(world, "protected", "neighbour", S.CLOSED, year=world.year - 1)
        for status, kind in [
            (S.PREPARING, TalkKind.SALARY),
            (S.HELD, TalkKind.EMPLOYEE),
            (S.DOCUMENTED, TalkKind.NEW),
            (S.CONFIRMED, TalkKind.FOLLOW_UP),
        ]:
            add_talk(world, "protected", "neighbour", status, kind=kind)


def walk(client, *starts):
    """Every page of the talks that links lead to, by its route."""
    seen, left, pages = set(), list(starts), {}
    while left:
        address = left.pop()
        parts = urlsplit(address)
        if not parts.path.startswith("/") or parts.path in seen:
            continue
        seen.add(parts.path)
        route = resolve(parts.path)
        if (address not in starts and route.namespace != "dialogues") or route.url_name in FILES:
            continue
        answer = client.get(address, follow=True)
        if answer.status_code != 200:
            continue
        text = unescape(answer.content.decode())
        pages.setdefault(route.url_name, []).append((address, text))
        left += LINK.findall(text)
    return pages


def test_a_delegate_reads_a_protected_name_nowhere(world, as_persona, stood_in):
    expectation = world.expectations["protected_expectation"]
    assert stands_in_with(world.people["neighbour"], world.employments["protected"])

    pages = walk(
        as_persona("neighbour"),
        "/",
        reverse("dialogues:talks"),
        expectation.get_absolute_url(),
        reverse("dialogues:give", args=[world.unit_goal.pk]),
        reverse("dialogues:talk_new", args=[world.employments["protected"].pk]),
        reverse("dialogues:competence_of", args=[world.employments["protected"].pk]),
    )

    walked = {"give", "expectation", "expectation_edit", "expectation_withdraw", "talk", "joint"}
    assert walked | {"preparation", "record", "competence_of", "talk_times"} <= pages.keys()
    assert not [at for told in pages.values() for at, text in told if NAME in text]


def test_the_manager_and_the_protected_read_the_name(world, as_persona):
    expectation = world.expectations["protected_expectation"]
    for route, key in [
        ("expectation", expectation.pk),
        ("expectation_edit", expectation.pk),
        ("expectation_withdraw", expectation.pk),
        ("give", world.unit_goal.pk),
    ]:
        page = as_persona("manager").get(reverse(f"dialogues:{route}", args=[key]))
        assert NAME in page.content.decode(), route
