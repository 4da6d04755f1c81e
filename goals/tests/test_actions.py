"""What happens to goals and expectations: each step, and what it must not do."""

from datetime import date

import pytest
from django.utils import timezone

from goals.actions import (
    GoalNotReadyError,
    adopt_goal,
    change_expectation,
    change_goal,
    discard_goal,
    edit_goal,
    give_expectations,
    level_of,
    withdraw_expectation,
    write_goal,
)
from goals.models import Expectation, Goal
from units.revisions import StaleRevisionError
from units.wall import acting_as


@pytest.fixture
def chief(world):
    return world.people["manager"]


def changed(goal, **fields):
    return {
        "goal": goal,
        "revision": goal.revision,
        "texts": {"title": "Barnen har vänner"},
        "supports": [],
        "reason": "Ny plan",
        "decided_on": timezone.localdate(),
        "reference_number": "1.2-9",
        **fields,
    }


@pytest.mark.parametrize(
    ("unit", "level"),
    [
        ("city", "OPERATIONAL_AREA"),
        ("board", "BOARD"),
        ("department", "UNIT"),
        ("unit", "UNIT"),
        ("group", "UNIT"),
    ],
)
def test_the_level_follows_from_the_unit(world, unit, level):
    assert level_of(world.units[unit]) == level


def test_a_written_goal_is_a_draft_with_what_it_contributes_to(world, chief):
    goal = write_goal(
        unit=world.unit,
        year=world.year,
        texts={"title": "Barnen har vänner", "parent": world.board_goal},
        supports=[world.board_goal, world.area],
        by=chief,
    )

    goal.refresh_from_db()
    assert (goal.status, goal.version_number, goal.adopted_by) == ("DRAFT", 0, None)
    # The goal it serves is not also one that it contributes to.
    assert list(goal.contributions.values_list("supported", flat=True)) == [world.area.pk]
    assert not goal.versions.exists()


def test_a_saved_draft_counts_up_and_replaces_its_contributions(world, chief):
    for supports in ([world.area, world.board_goal], [world.board_goal]):
        draft = Goal.objects.get(pk=world.unit_draft.pk)
        draft.parent_id = None
        edit_goal(
            goal=draft,
            revision=draft.revision,
            texts={"title": "Barnen har vänner", "parent": None},
            supports=supports,
            by=chief,
        )

    draft = Goal.objects.get(pk=world.unit_draft.pk)
    assert draft.revision == 3
    assert [each.supported for each in draft.contributions.all()] == [world.board_goal]


def test_adopting_freezes_the_wording_as_the_first_version(world, chief):
    adopt_goal(
        goal=world.unit_draft,
        revision=1,
        decided_on=timezone.localdate(),
        reference_number="",
        by=chief,
    )

    goal = Goal.objects.get(pk=world.unit_draft.pk)
    version = goal.versions.get()
    assert (goal.status, goal.version_number, goal.adopted_by) == ("ADOPTED", 1, chief)
    assert (version.number, version.title, version.parent) == (1, goal.title, goal.parent)
    assert version.made_by == chief


def test_a_boards_goal_is_not_adopted_without_its_number(world):
    with pytest.raises(GoalNotReadyError):
        adopt_goal(
            goal=world.board_draft,
            revision=1,
            decided_on=timezone.localdate(),
            reference_number="",
            by=world.people["controller"],
        )

    assert Goal.objects.get(pk=world.board_draft.pk).is_draft


def test_a_change_makes_a_version_beside_the_old_one(world, chief):
    change_goal(**changed(world.unit_goal), by=chief)

    goal = Goal.objects.get(pk=world.unit_goal.pk)
    first, second = goal.versions.order_by("number")
    assert (goal.version_number, goal.title) == (2, "Barnen har vänner")
    assert first.title == world.unit_goal.title
    assert (second.title, second.reason, second.made_by) == (goal.title, "Ny plan", chief)


def test_no_step_is_taken_twice_or_backwards(world, chief):
    today = timezone.localdate()

    with pytest.raises(GoalNotReadyError):
        adopt_goal(
            goal=world.unit_goal, revision=1, decided_on=today, reference_number="", by=chief
        )
    with pytest.raises(GoalNotReadyError):
        edit_goal(goal=world.unit_goal, revision=1, texts={"title": "x"}, supports=[], by=chief)
    with pytest.raises(GoalNotReadyError):
        change_goal(**changed(world.unit_draft), by=chief)
    with pytest.raises(GoalNotReadyError):
        discard_goal(goal=world.unit_goal, revision=1, by=chief)

    assert Goal.objects.get(pk=world.unit_goal.pk).revision == 1
    assert Goal.objects.get(pk=world.unit_draft.pk).is_draft


def test_a_discarded_draft_is_gone_but_its_history_is_not(world, chief):
    pk = world.unit_draft.pk

    discard_goal(goal=world.unit_draft, revision=1, by=chief)

    event = Goal.events.rel.related_model.objects.filter(pgh_obj_id=pk).latest("pgh_id")
    assert not Goal.objects.filter(pk=pk).exists()
    assert (event.pgh_label, event.title) == ("delete", world.unit_draft.title)


def test_every_step_on_an_older_revision_is_refused_and_tells_how_it_stands(world, chief):
    today = timezone.localdate()
    steps = [
        lambda: edit_goal(
            goal=world.unit_draft, revision=0, texts={"title": "x"}, supports=[], by=chief
        ),
        lambda: adopt_goal(
            goal=world.unit_draft, revision=0, decided_on=today, reference_number="", by=chief
        ),
        lambda: discard_goal(goal=world.unit_draft, revision=2, by=chief),
        lambda: change_goal(**changed(world.unit_goal, revision=5), by=chief),
        lambda: change_expectation(
            expectation=world.expectation,
            revision=0,
            goal=world.unit_goal,
            text="x",
            sign="",
            by=chief,
        ),
        lambda: withdraw_expectation(
            expectation=world.expectation, revision=0, reason="x", by=chief
        ),
    ]

    for step in steps:
        with acting_as(chief), pytest.raises(StaleRevisionError) as stale:
            step()
        assert stale.value.current.revision == 1


@pytest.mark.django_db(transaction=True)
def test_what_a_failed_change_did_first_is_undone(world, chief):
    """The version's constraint stops the last of three statements."""
    with pytest.raises(Exception, match="goal_version_after_the_first_has_reason"):
        change_goal(**changed(world.unit_goal, reason="", supports=[world.area]), by=chief)

    goal = Goal.objects.get(pk=world.unit_goal.pk)
    assert (goal.title, goal.revision) == (world.unit_goal.title, 1)
    assert not goal.contributions.exists()


def test_one_expectation_given_to_two_becomes_two_of_their_own(world, chief):
    with acting_as(chief):
        given = give_expectations(
            goal=world.unit_goal,
            employments=[world.employments["employee"], world.employments["colleague"]],
            text="Läs varje dag",
            sign="",
            by=chief,
        )
        change_expectation(
            expectation=given[0],
            revision=1,
            goal=world.unit_goal,
            text="Läs varje kväll",
            sign="",
            by=chief,
        )
        texts = list(Expectation.objects.filter(pk__in=[each.pk for each in given]).order_by("pk"))

    assert [each.text for each in texts] == ["Läs varje kväll", "Läs varje dag"]
    assert [each.version_number for each in texts] == [2, 1]


def test_an_expectation_saved_unchanged_asks_nobody_anew(world, chief):
    same = world.expectation

    with acting_as(chief):
        change_expectation(
            expectation=same, revision=1, goal=same.goal, text=same.text, sign=same.sign, by=chief
        )
        same.refresh_from_db()

    assert (same.version_number, same.revision) == (1, 2)


def test_a_withdrawn_expectation_keeps_its_text_and_says_by_whom_and_why(world, chief):
    with acting_as(chief):
        withdraw_expectation(
            expectation=world.expectation, revision=1, reason="Bytt uppdrag", by=chief
        )
        kept = Expectation.objects.get(pk=world.expectation.pk)

    assert (kept.status, kept.withdrawn_by, kept.withdrawal_reason) == (
        "WITHDRAWN",
        chief,
        "Bytt uppdrag",
    )
    assert kept.text == world.expectation.text
    for step in (
        lambda: withdraw_expectation(expectation=kept, revision=2, reason="Igen", by=chief),
        lambda: change_expectation(
            expectation=kept, revision=2, goal=kept.goal, text="x", sign="", by=chief
        ),
    ):
        with acting_as(chief), pytest.raises(GoalNotReadyError):
            step()


TERMS = {
    "expected_result": "Alla barn lånar en bok",
    "support": "En timme i veckan",
    "due_on": date(2026, 6, 1),
}


def reword(world, by, revision=1, **terms):
    said = world.expectation
    with acting_as(by):
        return change_expectation(
            expectation=said,
            revision=revision,
            goal=said.goal,
            text=said.text,
            sign=said.sign,
            by=by,
            **terms,
        )


@pytest.mark.parametrize("term", TERMS)
@pytest.mark.parametrize("who", ["manager", "employee"])
def test_each_term_that_changes_makes_a_new_wording_whichever_of_the_two_writes(world, who, term):
    changed = reword(world, world.people[who], **{term: TERMS[term]})

    assert (changed.version_number, getattr(changed, term)) == (2, TERMS[term])
    with acting_as(world.people[who]):
        earlier = changed.events.get(version_number=1)
    assert getattr(earlier, term) == getattr(world.expectation, term)


def test_terms_that_are_not_named_stay_and_those_that_are_emptied_go(world):
    kept = reword(world, world.manager, support="")
    emptied = reword(world, world.manager, 2, due_on=None)

    assert (kept.support, kept.due_on) == ("", world.expectation.due_on)
    assert (emptied.due_on, emptied.expected_result) == (None, world.expectation.expected_result)


def test_the_same_terms_go_to_each_to_whom_the_expectation_is_given(world, chief):
    employments = [world.employments["employee"], world.employments["colleague"]]
    with acting_as(chief):
        given = give_expectations(
            goal=world.unit_goal, employments=employments, text="Läs", sign="", by=chief, **TERMS
        )
        stored = Expectation.objects.filter(pk__in=[each.pk for each in given], **TERMS).count()

    assert stored == 2
