"""The second wall around expectations: the rules, `visible_to` and the database say the same."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import ProgrammingError, transaction
from django.db.models import F
from django.utils import timezone

from goals import rules
from goals.models import Expectation
from goals.reports.carriers import people_on_unit_goals
from stockholm_quality.tests.world import (
    PERSONAS,
    add_delegation,
    add_expectation,
    add_person,
    scene,
)
from units.models import Employment
from units.wall import acting_as, for_purpose

TODAY, DAY = timezone.localdate(), timedelta(days=1)
STANDING_IN = {
    # who               whose         from          to            stands in today
    "delegate": ("employee", TODAY - DAY, TODAY, True),
    "delegate_begins": ("employee", TODAY, TODAY + DAY, True),
    "delegate_ended": ("employee", TODAY - 9 * DAY, TODAY - DAY, False),
    "delegate_coming": ("employee", TODAY + DAY, TODAY + 9 * DAY, False),
    "delegate_of_left": ("left_yesterday", TODAY - DAY, TODAY, False),
    # Works in another authority than the employee.
    "delegate_elsewhere": ("stranger", TODAY, TODAY, False),
}
EVERYBODY = [*PERSONAS, *STANDING_IN]
# Where the portal itself looks beyond the wall, to count: nowhere else, and nothing that is shown.
COUNTED_IN = {
    ("goals/reports/carriers.py", "figures"): 1,
}


@pytest.fixture
def cast(world):
    """The world, and those who stand in for managers at different times."""
    for name, (whose, starts_on, ends_on, _holds) in STANDING_IN.items():
        add_person(world, name, "next_unit")
        add_delegation(world, whose, name, starts_on, ends_on)
    return world


@pytest.fixture
def stored(cast):
    with scene():
        return list(Expectation.objects.select_related("employment__person", "goal"))


def of_the_two(user, expectations):
    return {each.pk for each in expectations if rules.can_view_expectation(user, each)}


def test_the_rules_the_queryset_and_the_wall_show_everybody_the_same(cast, stored):
    events = Expectation.pgh_event_model.objects
    for name in EVERYBODY:
        user = cast.people[name]
        allowed = of_the_two(user, stored)
        with scene():
            visible = set(Expectation.objects.visible_to(user).values_list("pk", flat=True))
        with acting_as(user):
            behind_the_wall = set(Expectation.objects.values_list("pk", flat=True))
            of_the_history = set(events.values_list("pgh_obj_id", flat=True))

        assert (name, visible) == (name, allowed)
        assert (name, behind_the_wall) == (name, allowed)
        assert (name, of_the_history) == (name, allowed)


def test_the_two_write_and_nobody_else_can(cast, stored):
    counted_up = {"text": "Ändrad", "revision": F("revision") + 1}
    for name in EVERYBODY:
        user = cast.people[name]
        with acting_as(user):
            visible = set(Expectation.objects.visible_to(user).values_list("pk", flat=True))
            written = {
                each.pk
                for each in stored
                if Expectation.objects.filter(pk=each.pk).update(**counted_up)
            }

        assert (name, written) == (name, visible)
        assert written >= {each.pk for each in stored if rules.can_edit_expectation(user, each)}


def test_who_may_give_one_is_one_of_the_two_and_nobody_else_can(cast):
    employments = list(Employment.objects.all())
    goals = [cast.unit_goal, cast.loose_goal, cast.other_unit_goal]
    for name in EVERYBODY:
        user = cast.people[name]
        own = {each.pk for each in employments if each.person_id == user.pk}
        of_two = own | set(Employment.objects.met_by(user).values_list("pk", flat=True))
        by_rule = {each.pk for goal in goals for each in rules.employments_to_give(user, goal)}
        with acting_as(user):
            given = {each.pk for each in employments if _can_insert(user, each, cast.unit_goal)}

        assert (name, given) == (name, of_two)
        assert by_rule <= given


def _can_insert(user, employment, goal):
    words = {"text": "x", "given_at": timezone.now(), "given_by": user}
    try:
        with transaction.atomic():
            Expectation.objects.create(employment=employment, goal=goal, **words)
    except ProgrammingError as error:
        return "row-level security" not in str(error)
    return True


@pytest.mark.parametrize(("name", "standing"), [*STANDING_IN.items()])
def test_a_delegate_meets_those_named_for_the_days_named(cast, stored, name, standing):
    whose, _starts_on, _ends_on, holds = standing
    user, employment = cast.people[name], cast.employments[whose]
    theirs = {each.pk for each in stored if each.employment == employment}

    assert of_the_two(user, stored) == (theirs if holds else set())
    goal = cast.other_unit_goal if whose == "stranger" else cast.unit_goal
    assert rules.can_give_expectation(user, goal, employment) == holds
    assert rules.can_give_expectations_on(user, goal) == holds
    for each in stored:
        may_edit = holds and each.employment == employment and each.is_in_force
        assert rules.can_edit_expectation(user, each) == may_edit
        assert rules.can_withdraw_expectation(user, each) == may_edit


def test_the_right_of_a_delegate_ends_with_its_last_day(cast, stored):
    user, tomorrow = cast.people["delegate"], TODAY + DAY

    assert rules.can_view_expectation(user, cast.expectation, TODAY)
    assert not rules.can_view_expectation(user, cast.expectation, tomorrow)
    with acting_as(user, tomorrow):
        assert not Expectation.objects.exists()
    with scene():
        assert not Expectation.objects.visible_to(user, tomorrow).exists()


def test_nobody_stands_in_for_the_manager_with_themselves(cast):
    add_delegation(cast, "colleague", "colleague")

    assert rules.can_view_expectation(cast.colleague, cast.colleagues_expectation)
    assert not rules.can_edit_expectation(cast.colleague, cast.colleagues_expectation)
    assert not rules.can_give_expectation(
        cast.colleague, cast.unit_goal, cast.employments["colleague"]
    )


def test_outside_a_request_nothing_is_seen_and_nothing_can_be_written(cast):
    assert not Expectation.objects.exists()
    assert not Expectation.pgh_event_model.objects.exists()
    assert not Expectation.objects.update(text="x", revision=F("revision") + 1)
    with acting_as(None):
        assert not Expectation.objects.exists()


def test_the_history_behind_the_wall_cannot_be_changed(cast):
    with acting_as(cast.manager):
        for change in (
            lambda: Expectation.pgh_event_model.objects.update(text="x"),
            lambda: Expectation.pgh_event_model.objects.all().delete(),
        ):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                change()


# --- Figures -------------------------------------------------------------------------------------


def test_a_figure_counts_what_the_wall_hides_from_whoever_reads_it(cast):
    for number in range(5):
        add_person(cast, f"carrier_{number}", "unit")
        add_expectation(cast, f"carried_{number}", f"carrier_{number}", "unit_goal")

    with acting_as(cast.stranger):
        figures = people_on_unit_goals(cast.year)
        seen = set(Expectation.objects.all())

    assert figures[cast.unit_goal.pk] >= 5
    assert seen == {cast.strangers_expectation}


def test_what_is_opened_to_be_counted_can_be_read_and_not_written(cast):
    with acting_as(cast.stranger), for_purpose("figures"):
        assert Expectation.objects.filter(pk=cast.expectation.pk).exists()
        changed = Expectation.objects.filter(pk=cast.expectation.pk).update(
            text="x", revision=F("revision") + 1
        )
        assert not Expectation.pgh_event_model.objects.exclude(
            employment__person=cast.stranger
        ).exists()

    assert not changed


def test_the_wall_is_opened_for_figures_in_these_places_alone():
    found = {}
    for app in ("units", "goals", "dialogues", "stockholm_quality"):
        for path in Path(settings.BASE_DIR, app).rglob("*.py"):
            if "tests" in path.parts:
                continue
            for purpose in re.findall(r'for_purpose\("(\w+)"\)', path.read_text()):
                place = str(path.relative_to(settings.BASE_DIR)), purpose
                found[place] = found.get(place, 0) + 1

    opened = {place: times for place, times in found.items() if place[1] == "figures"}
    assert {place: opened.get(place) for place in COUNTED_IN} == COUNTED_IN
    # Figures of talks are counted beside; goals and the start page look nowhere else.
    assert {path for path, _ in opened if path.startswith(("goals", "units"))} == {
        "goals/reports/carriers.py"
    }
