"""From this year's plan to the next: what goes on, and what comes along."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from goals.actions import GoalNotReadyError
from goals.actions.carry_over import GoalDecision, carry_over, goals_of_year
from goals.models import (
    Activity,
    ActivityGoal,
    Assessment,
    CarryOver,
    Goal,
    GoalContribution,
    Indicator,
    Period,
    PlanYear,
    Report,
    Target,
)
from stockholm_quality.tests.world import add_goal
from units.models import Unit, UnitPlacement


@pytest.fixture
def measured(world):
    """The unit's goal with all that may come along, and what was said of it when handed in."""
    goal, unit = world.unit_goal, world.unit
    indicator = Indicator.objects.create(
        unit=world.board, title="Andel barn med språkplan", unit_of_measure="%"
    )
    world.target = Target.objects.create(
        indicator=indicator, unit=unit, goal=goal, year=world.year, annual_target=Decimal("87.5")
    )
    world.activity = Activity.objects.create(
        unit=unit,
        title="Läsa högt varje dag",
        responsible=world.manager,
        starts_on=date(world.year, 1, 1),
        due_on=date(world.year, 12, 1),
    )
    done = Activity.objects.create(
        unit=unit,
        title="Redan klar sak",
        responsible=world.manager,
        starts_on=date(world.year, 1, 1),
        due_on=date(world.year, 3, 1),
        state=Activity.State.DONE,
        done_on=date(world.year, 2, 1),
    )
    for activity in (world.activity, done):
        ActivityGoal.objects.create(activity=activity, goal=goal)
    plan_year = PlanYear.objects.create(unit=world.board, year=world.year)
    world.link = ActivityGoal.objects.get(activity=world.activity)
    for code, name, month in [("T1", "Tertialrapport 1", 4), ("T2", "Tertialrapport 2", 8)]:
        period = Period.objects.create(
            plan_year=plan_year,
            code=code,
            name=name,
            kind=Period.Kind.INTERIM,
            starts_on=date(world.year, 1, 1),
            ends_on=date(world.year, month, 28),
            opens_on=date(world.year, month, 1),
            due_on=date(world.year, month + 1, 15),
        )
        report = Report.objects.create(unit=unit, period=period)
        Assessment.objects.create(
            report=report,
            goal=goal,
            judgement="NOT",
            reason="utkastets skäl",
            submitted_judgement="PARTIAL" if code == "T1" else "FULL",
            submitted_reason=f"Inlämnat skäl {code}",
            submitted_at=timezone.now(),
        )
    return world


def page(world, unit=None):
    unit = unit or world.unit
    return reverse("goals:carry_over", args=[unit.pk]) + f"?year={world.year + 1}"


def answer(goal, decision, reason="", **ticks):
    return {
        "goal": str(goal.pk),
        f"decision_{goal.pk}": decision,
        f"reason_{goal.pk}": reason,
        **ticks,
    }


def successor_of(goal):
    return CarryOver.objects.get(goal=goal).successor


def test_the_page_shows_what_was_handed_in_last_and_what_may_come_along(measured, as_persona):
    text = as_persona("manager").get(page(measured)).content.decode()

    assert "Inlämnat skäl T2" in text
    assert "Inlämnat skäl T1" not in text
    assert "utkastets skäl" not in text
    assert "Andel barn med språkplan" in text
    assert "Läsa högt varje dag" in text
    assert "Redan klar sak" not in text


def test_a_goal_goes_on_with_its_parts_and_what_is_ticked(measured, as_persona, token):
    Goal.objects.filter(pk=measured.unit_goal.pk).update(
        working_method="Vi läser tillsammans", revision=F("revision") + 1
    )
    sent = answer(
        measured.unit_goal,
        "GOES_ON",
        **{
            f"target_{measured.target.pk}": "on",
            f"annual_{measured.target.pk}": "92",
            f"activity_{measured.link.pk}": "on",
        },
    )

    answered = as_persona("manager").post(page(measured), {**sent, **token()})

    assert answered.status_code == 302
    draft = successor_of(measured.unit_goal)
    assert (draft.status, draft.first_year, draft.last_year) == (
        "DRAFT",
        measured.year + 1,
        measured.year + 1,
    )
    assert draft.title == measured.unit_goal.title
    assert draft.working_method == "Vi läser tillsammans"
    taken = Target.objects.get(goal=draft)
    assert (taken.year, taken.annual_target) == (measured.year + 1, Decimal(92))
    assert list(measured.activity.goals.order_by("pk")) == [measured.unit_goal, draft]
    assert Activity.objects.count() == 2


def test_what_is_not_ticked_stays_behind(measured, as_persona, token):
    sent = answer(measured.unit_goal, "CHANGED", "Tydligare mål")

    as_persona("manager").post(page(measured), {**sent, **token()})

    draft = successor_of(measured.unit_goal)
    assert not draft.targets.exists()
    assert not draft.activities.exists()


def test_a_goal_ends_for_a_reason_and_without_one_nothing_is_saved(world, as_persona, token):
    client = as_persona("manager")

    refused = client.post(page(world), {**answer(world.unit_goal, "ENDED"), **token()})
    said = refused.content.decode()
    kept = client.post(page(world), {**answer(world.unit_goal, "ENDED", "Nått"), **token()})

    assert refused.status_code == 200
    assert f'href="#id_reason_{world.unit_goal.pk}"' in said
    assert kept.status_code == 302
    decided = CarryOver.objects.get()
    assert (decided.decision, decided.successor, decided.reason) == ("ENDED", None, "Nått")


def test_nothing_chosen_is_said_and_a_goal_can_wait(world, as_persona, token):
    client = as_persona("manager")
    add_goal(world, "second", "unit", "UNIT", "board_goal")

    refused = client.post(page(world), {**answer(world.unit_goal, ""), **token()})
    sent = answer(world.second, "GOES_ON") | answer(world.unit_goal, "")
    sent["goal"] = [str(world.second.pk), str(world.unit_goal.pk)]
    client.post(page(world), {**sent, **token()})

    assert "error-summary" in refused.content.decode()
    assert [each.goal for each in CarryOver.objects.all()] == [world.second]
    assert f'name="decision_{world.unit_goal.pk}"' in client.get(page(world)).content.decode()


def test_the_same_form_sent_twice_has_one_effect(world, as_persona, token):
    client, sent = as_persona("manager"), {**answer(world.unit_goal, "GOES_ON"), **token()}

    first, second = client.post(page(world), sent), client.post(page(world), sent)

    assert first.url == second.url
    assert CarryOver.objects.count() == 1
    assert Goal.objects.filter(unit=world.unit, first_year=world.year + 1).count() == 1


def test_who_comes_second_is_told_and_keeps_what_was_written(world, as_persona, token):
    client = as_persona("manager")
    client.post(page(world), {**answer(world.unit_goal, "GOES_ON"), **token()})

    second = as_persona("acting_manager").post(
        page(world), {**answer(world.unit_goal, "ENDED", "Mitt eget skäl"), **token()}
    )

    assert second.status_code == 200
    assert "Mitt eget skäl" in second.content.decode()
    assert CarryOver.objects.get().decision == "GOES_ON"


def test_the_action_and_the_database_refuse_a_second_decision(world):
    decision = GoalDecision(world.unit_goal, "ENDED", "Nått")
    several = {"unit": world.unit, "to_year": world.year + 1, "by": world.manager}
    carry_over(decisions=[decision], **several)

    with pytest.raises(GoalNotReadyError):
        carry_over(decisions=[decision], **several)
    with pytest.raises(IntegrityError), transaction.atomic():
        CarryOver.objects.create(
            goal=world.unit_goal,
            to_year=world.year + 1,
            decision="ENDED",
            reason="Igen",
            decided_by=world.manager,
        )


def test_a_draft_thrown_away_makes_its_goal_open_again(world, as_persona, token):
    client = as_persona("manager")
    client.post(page(world), {**answer(world.unit_goal, "GOES_ON"), **token()})
    successor_of(world.unit_goal).delete()

    client.post(page(world), {**answer(world.unit_goal, "ENDED", "Nått"), **token()})

    assert CarryOver.objects.get().decision == "ENDED"


def next_board_goal(world, **fields):
    add_goal(
        world,
        "next_board_goal",
        "board",
        "BOARD",
        "area",
        first_year=world.year + 1,
        last_year=world.year + 1,
        **fields,
    )
    CarryOver.objects.create(
        goal=world.board_goal,
        to_year=world.year + 1,
        decision="GOES_ON",
        successor=world.next_board_goal,
        decided_by=world.controller,
    )


def test_it_serves_what_the_board_carried_its_goal_over_to(world, as_persona, token):
    next_board_goal(world)
    add_goal(world, "board_other", "board", "BOARD", "area")
    GoalContribution.objects.bulk_create(
        GoalContribution(goal=world.unit_goal, supported=above)
        for above in (world.area, world.board_other)
    )

    as_persona("manager").post(page(world), {**answer(world.unit_goal, "GOES_ON"), **token()})

    draft = successor_of(world.unit_goal)
    assert draft.parent == world.next_board_goal
    assert not draft.contributions.exists()  # neither of them may be served next year


def test_a_draft_of_the_board_is_not_shown_and_it_is_said_that_nothing_is_served(
    world, as_persona, token
):
    next_board_goal(world, draft=True, title="Nämndens hemliga utkast")
    client = as_persona("manager")

    before = client.get(page(world)).content.decode()
    client.post(page(world), {**answer(world.unit_goal, "GOES_ON"), **token()})

    assert "Nämndens hemliga utkast" not in before
    assert f"not adopted for {world.year + 1}" in before or "antaget" in before
    assert successor_of(world.unit_goal).parent is None


def test_a_boards_controller_carries_over_and_the_councils_goal_lasts(world, as_persona, token):
    other = as_persona("other_controller").get(page(world, world.board))
    sent = {**answer(world.board_goal, "GOES_ON"), **token()}

    as_persona("controller").post(page(world, world.board), sent)

    assert other.status_code == 403
    draft = successor_of(world.board_goal)
    assert (draft.level, draft.parent) == ("BOARD", world.area)


def test_an_indicator_taken_up_or_ended_cannot_come_along(measured, as_persona, token):
    Indicator.objects.filter(pk=measured.target.indicator_id).update(
        last_year=measured.year, revision=F("revision") + 1
    )
    client, ticked = as_persona("manager"), {f"target_{measured.target.pk}": "on"}

    text = client.get(page(measured)).content.decode()
    client.post(page(measured), {**answer(measured.unit_goal, "GOES_ON", **ticked), **token()})

    assert f'name="target_{measured.target.pk}"' not in text
    assert not Target.objects.filter(year=measured.year + 1).exists()


def test_a_merged_units_goals_are_carried_over_by_the_unit_it_went_up_in(world):
    today = timezone.localdate()
    UnitPlacement.objects.filter(unit=world.next_unit).update(
        ends_on=date(today.year, 1, 1), revision=F("revision") + 1
    )
    Unit.objects.filter(pk=world.next_unit.pk).update(
        successor=world.unit, revision=F("revision") + 1
    )

    carry_over(
        unit=world.unit,
        to_year=world.year + 1,
        decisions=[GoalDecision(world.loose_goal, "GOES_ON")],
        by=world.manager,
    )

    assert set(goals_of_year(world.unit, world.year)) == {world.unit_goal, world.loose_goal}
    assert successor_of(world.loose_goal).unit == world.unit


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("manager", 200),
        ("acting_manager", 200),
        ("manager_above", 403),
        ("controller", 403),
        ("employee", 403),
        ("former_manager", 403),
        ("hr", 403),
    ],
)
def test_only_who_writes_the_units_goals_carries_them_over(world, as_persona, who, status):
    assert as_persona(who).get(page(world)).status_code == status


def test_only_a_year_that_can_be_planned_is_carried_over_to(world, as_persona, token):
    client, address = as_persona("manager"), reverse("goals:carry_over", args=[world.unit.pk])

    shown = client.get(f"{address}?year={world.year + 7}")
    refused = client.post(
        f"{address}?year={world.year + 2}", {**answer(world.unit_goal, "GOES_ON"), **token()}
    )

    assert shown.context["year"] == world.year + 1
    assert refused.status_code == 200
    assert not CarryOver.objects.exists()


def test_the_page_asks_as_often_for_many_goals(measured, as_persona, django_assert_max_num_queries):
    for number in range(12):
        goal = add_goal(measured, f"more_{number}", "unit", "UNIT", "board_goal")
        ActivityGoal.objects.create(activity=measured.activity, goal=goal)

    client = as_persona("manager")

    with django_assert_max_num_queries(16):  # three of them keep the session
        client.get(page(measured))


def test_saving_takes_as_many_statements_for_many_goals(world, django_assert_max_num_queries):
    goals = [add_goal(world, f"more_{number}", "unit", "UNIT", "board_goal") for number in range(9)]

    with django_assert_max_num_queries(16):
        carry_over(
            unit=world.unit,
            to_year=world.year + 1,
            decisions=[GoalDecision(goal, "GOES_ON") for goal in goals],
            by=world.manager,
        )


def between(world, who, goal):
    request = RequestFactory().get("/")
    request.user = world.people[who]
    template = Template("{% load year_line %}{% between_years goal %}")
    return template.render(Context({"request": request, "goal": goal}))


def test_a_goal_and_what_it_became_link_to_each_other(world):
    next_board_goal(world)

    assert world.next_board_goal.get_absolute_url() in between(world, "employee", world.board_goal)
    assert world.board_goal.get_absolute_url() in between(world, "employee", world.next_board_goal)


def test_that_a_goal_goes_on_or_ends_is_the_units_own_until_it_is_adopted(world):
    carry_over(
        unit=world.unit,
        to_year=world.year + 1,
        decisions=[GoalDecision(world.unit_goal, "GOES_ON")],
        by=world.manager,
    )
    carry_over(
        unit=world.next_unit,
        to_year=world.year + 1,
        decisions=[GoalDecision(world.loose_goal, "ENDED", "Målet är nått")],
        by=world.manager_above,
    )

    assert between(world, "employee", world.unit_goal).strip() == ""
    assert str(world.year + 1) in between(world, "manager", world.unit_goal)
    assert between(world, "employee", world.loose_goal).strip() == ""
    assert "Målet är nått" in between(world, "manager_above", world.loose_goal)
