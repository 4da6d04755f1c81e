"""To know what is expected: noted once of each wording, and only of the wording that was read."""

from dialogues.actions import acknowledge_expectation
from dialogues.models import Acknowledgement, with_acknowledgement
from goals.actions import change_expectation, change_goal, withdraw_expectation
from goals.models import Expectation, Goal
from stockholm_quality.tests.world import scene
from units.wall import acting_as


def know(expectation, version=1, goal_version=1):
    with acting_as(expectation.employment.person):
        return acknowledge_expectation(
            expectation=expectation, version=version, goal_version=goal_version
        )


def is_known(expectation):
    with scene():
        found = with_acknowledgement(Expectation.objects.all()).get(pk=expectation.pk)
    return found.acknowledged_at is not None


def reword(world, text="Läs varje kväll"):
    with acting_as(world.manager):
        change_expectation(
            expectation=world.expectation,
            revision=1,
            goal=world.unit_goal,
            text=text,
            sign="",
            by=world.manager,
        )


def test_knowing_is_noted_once_however_often_it_is_said(world):
    assert know(world.expectation)
    assert know(world.expectation)

    assert Acknowledgement.objects.filter(expectation=world.expectation).count() == 1
    assert is_known(world.expectation)


def test_a_new_wording_asks_anew_and_keeps_what_was_said_of_the_old(world):
    know(world.expectation)

    reword(world)

    assert not is_known(world.expectation)
    assert Acknowledgement.objects.filter(expectation=world.expectation).count() == 1
    assert know(world.expectation, version=2)
    assert is_known(world.expectation)


def test_a_new_version_of_the_goal_asks_anew(world):
    know(world.expectation)

    change_goal(
        goal=Goal.objects.get(pk=world.unit_goal.pk),
        revision=1,
        texts={"title": "Barnen har vänner"},
        supports=[],
        reason="Ny plan",
        decided_on=None,
        reference_number="",
        by=world.people["manager"],
    )

    assert not is_known(world.expectation)
    assert know(world.expectation, goal_version=2)


def test_a_wording_that_has_changed_since_it_was_shown_is_not_noted(world):
    reword(world)

    assert not know(world.expectation, version=1)
    assert not know(world.expectation, version=3)
    assert not Acknowledgement.objects.filter(expectation=world.expectation).exists()


def test_what_is_withdrawn_is_not_noted(world):
    with acting_as(world.manager):
        withdraw_expectation(
            expectation=world.expectation, revision=1, reason="Bytt", by=world.manager
        )

    assert not know(world.expectation)
    assert not Acknowledgement.objects.filter(expectation=world.expectation).exists()
