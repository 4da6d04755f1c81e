"""Unsaved text is kept on the server, for its author alone, until it is saved or thrown away."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import ProgrammingError, transaction
from django.urls import reverse
from django.utils import timezone

from goals.actions import adopt_goal
from goals.models import Goal
from stockholm_quality.tests.world import canary, scene
from units.drafts import KEPT_FOR, LONGEST_DRAFT, LONGEST_KEY, MOST_DRAFTS, save_draft
from units.models import Draft
from units.wall import acting_as

SAVE = "/utkast/"
WORDS = "Barnen har ett rikt språk, även 🌻 och åäö"


def _forms(world):
    """Address and draft key of each form that keeps drafts, with a field to write in."""
    year = world.year
    return {
        "goal new": (
            reverse("goals:new", args=[world.unit.pk]),
            f"goal:new:{world.unit.pk}:{year}",
            "title",
        ),
        "goal edit": (
            reverse("goals:edit", args=[world.unit_draft.pk]),
            f"goal:{world.unit_draft.pk}",
            "title",
        ),
        "goal change": (
            reverse("goals:change", args=[world.unit_goal.pk]),
            f"goal:{world.unit_goal.pk}:change",
            "title",
        ),
        "carry over": (
            reverse("goals:carry_over", args=[world.unit.pk]),
            f"carry-over:{world.unit.pk}:{year + 1}",
            f"reason_{world.unit_goal.pk}",
        ),
        "give": (
            reverse("dialogues:give", args=[world.unit_goal.pk]),
            f"expectation:new:{world.unit_goal.pk}",
            "text",
        ),
        "expectation edit": (
            reverse("dialogues:expectation_edit", args=[world.expectation.pk]),
            f"expectation:{world.expectation.pk}",
            "text",
        ),
    }


@pytest.fixture(autouse=True)
def _shown(db):
    """A test sees what is stored for everybody; each request sees what its person may."""
    with scene():
        yield


FORMS = ["goal new", "goal edit", "goal change", "carry over", "give", "expectation edit"]


@pytest.mark.parametrize("form", FORMS)
def test_a_draft_comes_back_in_its_form_and_for_its_author_alone(world, as_persona, form):
    address, key, field = _forms(world)[form]
    Draft.objects.all().delete()
    writer = as_persona("manager")

    answer = writer.post(SAVE, {"key": key, field: WORDS, "form_token": uuid4(), "password": "x"})
    mine, theirs = writer.get(address), as_persona("acting_manager").get(address)

    assert answer.status_code == 200
    assert set(answer.json()) == {"saved_at"}
    assert f'data-draft-key="{key}"' in mine.content.decode()
    assert mine.context["form"][field].value() == WORDS
    assert "draft-notice" in mine.content.decode()
    assert WORDS not in theirs.content.decode()
    assert Draft.objects.get().fields == {field: [WORDS]}


def test_a_draft_keeps_what_was_ticked_and_the_revision_it_was_begun_on(world, as_persona):
    address, key, _field = _forms(world)["goal edit"]
    chosen = [str(world.board_goal.pk)]
    as_persona("manager").post(
        SAVE, {"key": key, "title": WORDS, "contributes_to": chosen, "revision": "1"}
    )

    form = as_persona("manager").get(address).context["form"]

    assert form["contributes_to"].value() == chosen
    assert form["revision"].value() == "1"


def test_a_draft_begun_on_an_older_revision_leads_to_the_conflict_page(world, as_persona):
    address, key, _field = _forms(world)["goal edit"]
    writer = as_persona("manager")
    writer.post(SAVE, {"key": key, "title": WORDS, "revision": "1"})
    as_persona("acting_manager").post(
        address, {"title": "Den andras text", "revision": 1, "form_token": uuid4()}
    )

    form = writer.get(address).context["form"]
    answer = writer.post(
        address,
        {
            "title": form["title"].value(),
            "revision": form["revision"].value(),
            "form_token": uuid4(),
        },
    )

    assert answer.status_code == 409
    assert WORDS in answer.content.decode()
    assert "Den andras text" in answer.content.decode()


def test_a_saved_form_drops_its_draft_and_no_other(world, as_persona):
    address, key, _field = _forms(world)["goal edit"]
    writer = as_persona("manager")
    writer.post(SAVE, {"key": key, "title": WORDS})
    writer.post(SAVE, {"key": "goal:0", "title": WORDS})

    writer.post(address, {"title": WORDS, "revision": 1, "form_token": uuid4()})

    assert list(Draft.objects.values_list("key", flat=True)) == ["goal:0"]


def test_a_refused_form_keeps_its_draft(world, as_persona):
    address, key, _field = _forms(world)["goal edit"]
    writer = as_persona("manager")
    writer.post(SAVE, {"key": key, "title": WORDS})

    writer.post(address, {"title": "Annat", "revision": 99, "form_token": uuid4()})

    assert Draft.objects.get(key=key).fields == {"title": [WORDS]}


def test_a_draft_can_be_thrown_away_by_its_author_alone(world, as_persona):
    _address, key, _field = _forms(world)["goal edit"]

    as_persona("acting_manager").post("/utkast/slang/", {"key": key, "next": "/"})
    kept = Draft.objects.filter(key=key).exists()
    answer = as_persona("manager").post("/utkast/slang/", {"key": key, "next": "/enheter/"})

    assert kept
    assert not Draft.objects.filter(key=key).exists()
    assert answer.url == "/enheter/"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://ond.example/", "//ond.example/", "javascript:alert(1)", "\\\\ond.example"],
)
def test_throwing_a_draft_away_leads_to_no_other_site(world, as_persona, elsewhere):
    answer = as_persona("manager").post("/utkast/slang/", {"key": "x", "next": elsewhere})

    assert answer.url == "/"


@pytest.mark.parametrize(
    ("length", "status"), [(LONGEST_DRAFT, 200), (LONGEST_DRAFT + 1, 413), (1_100_000, 400)]
)
def test_a_draft_has_a_longest_length(world, as_persona, length, status):
    answer = as_persona("employee").post(SAVE, {"key": "lång", "title": "x" * length})

    assert answer.status_code == status
    assert Draft.objects.filter(key="lång").count() == (status == 200)


@pytest.mark.parametrize("key", ["", "k" * (LONGEST_KEY + 1), "nul\0"])
def test_a_draft_needs_a_key_of_reasonable_length(world, as_persona, key):
    answer = as_persona("employee").post(SAVE, {"key": key, "title": WORDS})

    assert answer.status_code == 400
    assert not Draft.objects.filter(author=world.people["employee"]).exists()


def test_a_draft_holds_the_text_without_characters_that_the_database_refuses(world, as_persona):
    answer = as_persona("employee").post(SAVE, {"key": "nul", "ti\0tle": "Bar\0nen"})

    assert answer.status_code == 200
    assert Draft.objects.get(key="nul").fields == {"title": ["Barnen"]}


def test_the_oldest_drafts_make_room_and_the_forgotten_go(world):
    author = world.people["employee"]
    forgotten = save_draft(author=author, key="glömd", fields={})
    Draft.objects.filter(pk=forgotten.pk).update(saved_at=timezone.now() - KEPT_FOR * 2)
    for number in range(MOST_DRAFTS):
        save_draft(author=author, key=f"utkast {number}", fields={"title": [str(number)]})
    Draft.objects.filter(key="utkast 0").update(saved_at=timezone.now() - timedelta(hours=1))

    save_draft(author=author, key="nyast", fields={})

    kept = set(author.drafts.values_list("key", flat=True))
    assert len(kept) == MOST_DRAFTS
    assert not kept & {"glömd", "utkast 0"}
    assert Draft.objects.filter(author=world.people["manager"]).exists()


def test_nobody_else_reads_a_draft_on_any_page(world, as_persona):
    for who in ("acting_manager", "manager_above", "controller", "hr", "administrator"):
        client = as_persona(who)
        for address in ("/", world.unit.get_absolute_url(), world.unit_draft.get_absolute_url()):
            assert canary("utkast") not in client.get(address).content.decode()


# --- Texts that are not saved are found again ----------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_the_profile_leads_to_every_form_with_unsaved_text(world, as_persona, form):
    address, key, field = _forms(world)[form]
    Draft.objects.all().delete()
    writer = as_persona("manager")
    writer.post(SAVE, {"key": key, field: WORDS, "revision": "1"})

    page = writer.get(reverse("profile"))

    [unsaved] = page.context["unsaved"]
    assert (unsaved.key, unsaved.texts) == (key, [WORDS])
    assert writer.get(unsaved.url).context["form"][field].value() == WORDS
    assert unsaved.url.split("?")[0] == address
    assert f'href="{unsaved.url}"' in page.content.decode()
    assert WORDS not in as_persona("acting_manager").get(reverse("profile")).content.decode()


@pytest.mark.parametrize("key", ["goal:", "goal:1:2", "goal:9x", "something/else", "goal:²"])
def test_a_text_without_a_form_can_be_read_and_thrown_away(world, as_persona, key):
    Draft.objects.all().delete()
    writer = as_persona("manager")
    writer.post(SAVE, {"key": key, "title": WORDS})

    page = writer.get(reverse("profile"))
    answer = writer.post(
        reverse("units:draft_drop"), {"key": key, "next": reverse("profile")}, follow=True
    )

    assert WORDS in page.content.decode()
    assert page.context["unsaved"][0].url == ""
    assert answer.redirect_chain == [(reverse("profile"), 302)]
    assert answer.context["unsaved"] == []


def test_what_was_written_in_a_draft_that_is_adopted_meanwhile_is_proposed_as_a_change(
    world, as_persona
):
    address, key, _field = _forms(world)["goal edit"]
    writer = as_persona("manager")
    writer.post(SAVE, {"key": key, "title": WORDS, "revision": "1"})
    adopt_goal(
        goal=Goal.objects.get(pk=world.unit_draft.pk),
        revision=1,
        decided_on=timezone.localdate(),
        reference_number="",
        by=world.people["acting_manager"],
    )

    page = writer.get(address, follow=True)

    assert page.redirect_chain == [(reverse("goals:change", args=[world.unit_draft.pk]), 302)]
    assert page.context["form"]["title"].value() == WORDS
    answer = writer.post(
        page.redirect_chain[0][0],
        {
            "title": WORDS,
            "revision": 2,
            "reason": "Ny text",
            "decided_on": timezone.localdate(),
            "form_token": uuid4(),
        },
    )
    assert answer.status_code == 302
    assert not Draft.objects.filter(author=world.manager, key=key).exists()


def test_what_was_begun_for_a_year_that_has_gone_by_is_offered_for_this_one(world, as_persona):
    address, _key, _field = _forms(world)["goal new"]
    writer = as_persona("manager")
    gone = world.year - 1
    writer.post(SAVE, {"key": f"goal:new:{world.unit.pk}:{gone}", "title": WORDS})

    assert writer.get(f"{address}?year={gone}").context["form"]["title"].value() == WORDS
    assert not writer.get(address).context["form"]["title"].value()


def test_the_wall_shows_and_lets_change_ones_own_drafts_only(world):
    save_draft(author=world.employee, key="mitt", fields={"title": [WORDS]})

    with acting_as(world.manager):
        assert set(Draft.objects.values_list("author", flat=True)) <= {world.manager.pk}
        assert not Draft.objects.filter(key="mitt").update(fields={})
        assert not Draft.objects.filter(key="mitt").delete()[0]
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Draft.objects.create(
                author=world.employee, key="ditt", fields={}, saved_at=timezone.now()
            )
    with acting_as(world.employee):
        assert Draft.objects.get(key="mitt").fields == {"title": [WORDS]}
