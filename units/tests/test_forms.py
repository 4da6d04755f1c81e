"""What every form does alike with what is written in it."""

from datetime import date
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from goals.forms.goal import DecisionForm


def _forms(world):
    """Address, fields in order, and the text whose length is judged."""
    goal, draft, expectation = world.unit_goal, world.unit_draft, world.expectation
    return {
        "goal new": (
            reverse("goals:new", args=[world.unit.pk]),
            {"title": "Barnen trivs"},
            ("working_method", 4000),
        ),
        "goal edit": (
            reverse("goals:edit", args=[draft.pk]),
            {"title": "Barnen trivs", "revision": 1},
            ("expected_result", 4000),
        ),
        "goal change": (
            reverse("goals:change", args=[goal.pk]),
            {"title": "Barnen trivs", "decided_on": timezone.localdate(), "revision": 1},
            ("reason", 1000),
        ),
        "give": (
            reverse("dialogues:give", args=[goal.pk]),
            {"employments": world.employments["colleague"].pk},
            ("text", 2000),
        ),
        "expectation edit": (
            reverse("dialogues:expectation_edit", args=[expectation.pk]),
            {"text": "Läs", "goal": goal.pk, "revision": 1},
            ("sign", 1000),
        ),
        "withdraw": (
            reverse("dialogues:expectation_withdraw", args=[expectation.pk]),
            {"revision": 1},
            ("reason", 1000),
        ),
    }


@pytest.mark.parametrize("over", [0, 1])
@pytest.mark.parametrize(
    "form", ["goal new", "goal edit", "goal change", "give", "expectation edit", "withdraw"]
)
def test_a_line_break_counts_as_the_one_character_that_the_page_counts(
    world, as_persona, form, over
):
    address, fields, (name, longest) = _forms(world)[form]
    lines = ["en rad"] * 50
    text = "\n".join([*lines, "x" * (longest - len("\n".join(lines)) - 1 + over)])

    answer = as_persona("manager").post(
        address, {**fields, name: text.replace("\n", "\r\n"), "form_token": uuid4()}
    )

    assert len(text) == longest + over
    assert answer.status_code == (200 if over else 302)
    if over:
        assert list(answer.context["form"].errors) == [name]
        [[said]] = answer.context["form"].errors.values()
        assert said.count(str(longest)) == said.count(str(longest + over)) == 1


def test_a_decision_lies_at_most_in_the_year_before_the_goals_first(world):
    def errors_on(day):
        sent = {"decided_on": day, "revision": 1}
        return DecisionForm(sent, goal=world.unit_draft).errors.get("decided_on", [])

    first = world.unit_draft.first_year

    assert errors_on(date(first - 1, 1, 1)) == []
    assert str(first - 1) in str(errors_on(date(first - 2, 12, 31)))
