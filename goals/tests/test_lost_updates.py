"""Two writers of one text: none of what was acknowledged is lost, and the second sees both."""

from uuid import uuid4

import pytest
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from goals.models import Expectation, Goal, GoalVersion
from stockholm_quality.tests.side_by_side import side_by_side
from stockholm_quality.tests.world import add_expectation, scene
from units.wall import acting_as

how_many_pairs = pytest.mark.parametrize("pairs", [20, pytest.param(200, marks=pytest.mark.slow)])
WRITERS = ("manager", "acting_manager")


def saved_side_by_side(as_persona, address, fields, stored, keys):
    """For every record of `keys`, both writers save at once; `stored` reads what the database then
    holds. Returns how many were acknowledged and then lost, and how many conflict pages kept both
    texts."""
    clients = [as_persona(name) for name in WRITERS]
    lost = kept = 0
    for pk in keys:
        texts = [f"Texten av {name} nr {pk} åäö" for name in WRITERS]
        answers = side_by_side(
            *(
                lambda client=client, text=text, pk=pk: client.post(
                    address(pk), {**fields(text), "form_token": uuid4()}
                )
                for client, text in zip(clients, texts, strict=True)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [302, 409]
        winner, loser = (0, 1) if answers[0].status_code == 302 else (1, 0)
        lost += stored(pk) != texts[winner]
        page = answers[loser].content.decode()
        kept += all(text in page for text in texts)
    return lost, kept


@how_many_pairs
@pytest.mark.django_db(transaction=True)
def test_two_writers_of_a_draft_lose_nothing(world, as_persona, pairs):
    goals = Goal.objects.bulk_create(
        Goal(
            unit=world.unit, level="UNIT", first_year=world.year, last_year=world.year, title="Mål"
        )
        for _ in range(pairs)
    )

    lost, kept = saved_side_by_side(
        as_persona,
        lambda pk: reverse("goals:edit", args=[pk]),
        lambda text: {"title": text, "revision": 1},
        lambda pk: Goal.objects.get(pk=pk).title,
        [goal.pk for goal in goals],
    )

    assert (lost, kept) == (0, pairs)


@how_many_pairs
@pytest.mark.django_db(transaction=True)
def test_two_writers_of_a_new_version_lose_nothing(world, as_persona, pairs):
    goals = Goal.objects.bulk_create(
        Goal(
            unit=world.unit,
            level="UNIT",
            first_year=world.year,
            last_year=world.year,
            title="Mål",
            status="ADOPTED",
            adopted_at=timezone.now(),
            version_number=1,
        )
        for _ in range(pairs)
    )

    lost, kept = saved_side_by_side(
        as_persona,
        lambda pk: reverse("goals:change", args=[pk]),
        lambda text: {
            "title": text,
            "revision": 1,
            "reason": f"Skälet för {text}",
            "decided_on": timezone.localdate(),
        },
        lambda pk: Goal.objects.get(pk=pk).title,
        [goal.pk for goal in goals],
    )

    assert (lost, kept) == (0, pairs)
    # The version in force and the kept version are one: never half of a change.
    assert GoalVersion.objects.filter(number=2).count() == pairs
    assert not [
        version
        for version in GoalVersion.objects.filter(number=2).select_related("goal")
        if version.title != version.goal.title
    ]


@scene()
def text_of_expectation(pk):
    return Expectation.objects.get(pk=pk).text


@how_many_pairs
@pytest.mark.django_db(transaction=True)
def test_two_writers_of_an_expectation_lose_nothing(world, as_persona, pairs):
    expectations = [
        add_expectation(world, f"pair-{number}", "employee", "unit_goal") for number in range(pairs)
    ]

    lost, kept = saved_side_by_side(
        as_persona,
        lambda pk: reverse("dialogues:expectation_edit", args=[pk]),
        lambda text: {"text": text, "goal": world.unit_goal.pk, "revision": 1},
        text_of_expectation,
        [expectation.pk for expectation in expectations],
    )

    assert (lost, kept) == (0, pairs)


@pytest.mark.parametrize("model", [Goal, Expectation])
def test_the_database_refuses_a_change_that_does_not_count_the_revision_up(world, model):
    pk = {Goal: world.unit_goal, Expectation: world.expectation}[model].pk
    words = "title" if model is Goal else "text"

    with pytest.raises(OperationalError, match="does not follow"), acting_as(world.manager):
        model.objects.filter(pk=pk).update(**{words: "Glömd kontroll"})

    with acting_as(world.manager):
        assert getattr(model.objects.get(pk=pk), words) != "Glömd kontroll"


def test_the_second_writer_sees_which_goals_the_first_contributes_to(world, as_persona):
    address = reverse("goals:edit", args=[world.unit_draft.pk])
    both = {"title": "Barnen har ett rikt språk", "parent": "", "revision": 1}
    as_persona("manager").post(
        address, {**both, "contributes_to": [world.board_goal.pk], "form_token": uuid4()}
    )

    answer = as_persona("acting_manager").post(address, {**both, "form_token": uuid4()})

    compared = {row.label: (row.left, row.right) for row in answer.context["conflict"]}
    assert answer.status_code == 409
    assert compared["Bidrar också till"] == ("", world.board_goal.title)


def test_text_for_a_draft_that_was_adopted_meanwhile_becomes_a_proposed_change(world, as_persona):
    draft = world.unit_draft
    as_persona("manager").post(
        reverse("goals:adopt", args=[draft.pk]),
        {"decided_on": timezone.localdate(), "revision": 1, "form_token": uuid4()},
    )
    words = {"title": "Barnen har ett ännu rikare språk", "revision": 1}

    answer = as_persona("acting_manager").post(
        reverse("goals:edit", args=[draft.pk]), {**words, "form_token": uuid4()}
    )
    conflict = as_persona("acting_manager").post(
        reverse("goals:edit", args=[draft.pk]),
        {
            **words,
            "reason": "Vi vill mer",
            "decided_on": timezone.localdate(),
            "form_token": uuid4(),
        },
    )

    assert words["title"] in answer.content.decode()
    assert "reason" in answer.context["form"].errors
    assert conflict.status_code == 409
    assert words["title"] in conflict.content.decode()
    assert draft.title in conflict.content.decode()
    assert Goal.objects.get(pk=draft.pk).title == draft.title


def test_text_for_a_draft_that_was_thrown_away_meanwhile_is_shown_to_copy(world, as_persona):
    draft = world.unit_draft
    as_persona("manager").post(
        reverse("goals:discard", args=[draft.pk]), {"revision": 1, "form_token": uuid4()}
    )

    answer = as_persona("acting_manager").post(
        reverse("goals:edit", args=[draft.pk]),
        {"title": "Barnen har ett ännu rikare språk", "revision": 1, "form_token": uuid4()},
    )

    assert answer.status_code == 404
    assert "Barnen har ett ännu rikare språk" in answer.content.decode()


def test_the_reason_for_withdrawing_is_kept_when_the_expectation_has_changed(world, as_persona):
    pk = world.expectation.pk
    as_persona("manager").post(
        reverse("dialogues:expectation_edit", args=[pk]),
        {"text": "Ny lydelse", "goal": world.unit_goal.pk, "revision": 1, "form_token": uuid4()},
    )

    answer = as_persona("acting_manager").post(
        reverse("dialogues:expectation_withdraw", args=[pk]),
        {"reason": "Uppdraget har bytts ut", "revision": 1, "form_token": uuid4()},
    )

    assert answer.status_code == 409
    assert "Uppdraget har bytts ut" in answer.content.decode()
    assert "Ny lydelse" in answer.content.decode()
    with scene():
        assert Expectation.objects.get(pk=pk).is_in_force


def test_the_decision_is_kept_when_the_draft_has_changed_before_it_is_adopted(world, as_persona):
    draft = world.unit_draft
    as_persona("manager").post(
        reverse("goals:edit", args=[draft.pk]),
        {"title": "Barnen har vänner", "revision": 1, "form_token": uuid4()},
    )

    answer = as_persona("acting_manager").post(
        reverse("goals:adopt", args=[draft.pk]),
        {
            "decided_on": "2026-01-20",
            "reference_number": "SÖD 2026/77",
            "revision": 1,
            "form_token": uuid4(),
        },
    )

    assert answer.status_code == 409
    assert "SÖD 2026/77" in answer.content.decode()
    assert "Barnen har vänner" in answer.content.decode()
    assert Goal.objects.get(pk=draft.pk).is_draft
