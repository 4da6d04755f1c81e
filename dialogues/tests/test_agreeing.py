"""What the two agree on at a talk, while it is held: expectations, needs, the next talk."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from dialogues.actions.competence import add_need, change_need, drop_need
from dialogues.actions.steps import StepRefusedError
from dialogues.actions.talks import hold_talk
from dialogues.models import (
    CompetenceNeed,
    Talk,
    TalkKind,
)
from dialogues.tests.joint import (
    goals_of,
    page_of,
    save,
    seen_in,
    stored,
)
from dialogues.tests.records import build_talk, finish, fresh
from goals.models import Expectation
from units.models import Employment
from units.wall import acting_as, upkeep


@pytest.fixture
def talk(world):
    return build_talk(world, words="")


def adopt(client, talk, goals, form):
    url = reverse("dialogues:joint_adopt", args=[talk.pk])
    return client.post(url, {"goals": [goal.pk for goal in goals], **form})


def test_several_goals_become_expectations_in_one_step(world, talk, as_persona, token):
    goals = goals_of(world, 3)

    answer = adopt(as_persona("employee"), talk, goals, token())

    assert answer.status_code == 302
    given = stored(Expectation, goal__in=goals)
    assert [each.text for each in given] == [goal.title for goal in goals]
    assert {each.employment for each in given} == {world.employments["employee"]}
    assert {each.given_by for each in given} == {world.people["employee"]}


def test_to_adopt_twice_has_one_effect(world, talk, as_persona, token):
    goals, form = goals_of(world, 2), token()
    manager = as_persona("manager")

    adopt(manager, talk, goals, form)
    adopt(manager, talk, goals, form)
    adopt(as_persona("employee"), talk, goals, token())

    assert len(stored(Expectation, goal__in=goals)) == 2


@pytest.mark.parametrize("is_adopted", [True, False])
def test_before_the_unit_has_adopted_goals_no_form_is_shown_that_could_not_be_saved(
    world, as_persona, is_adopted
):
    talk = build_talk(world, words="", year=world.year if is_adopted else world.year + 1)
    add = reverse("dialogues:joint_expectation_new", args=[talk.pk])

    page = page_of(as_persona("manager"), talk).content.decode()
    form = as_persona("manager").get(add).content.decode()

    goals = reverse("dialogues:unit", args=[world.units["unit"].pk])
    assert (add in page) == is_adopted
    assert (f'{goals}">' in page.split('id="expectations"')[1]) != is_adopted
    assert ('name="text"' in form) == is_adopted


@pytest.mark.parametrize("name", ["other_unit_goal", "loose_goal", "unit_draft", "board_goal"])
def test_a_foreign_goal_is_refused(world, talk, as_persona, token, name):
    before = len(stored(Expectation))

    page = adopt(as_persona("manager"), talk, [world.goals[name]], token())

    assert page.status_code == 200
    assert page.context["form"].errors["goals"]
    assert len(stored(Expectation)) == before


def said(expectation, **fields):
    return {
        "text": "Min egen förväntan",
        "sign": "",
        "expected_result": "Fler böcker",
        "support": "",
        "due_on": "",
        "goal": expectation.goal_id,
        "revision": expectation.revision,
        **fields,
    }


def test_both_change_an_expectation_while_the_talk_is_held_and_its_history_is_kept(
    world, talk, as_persona, token
):
    expectation = world.expectation
    url = reverse("dialogues:joint_expectation", args=[talk.pk, expectation.pk])

    answer = as_persona("employee").post(url, said(expectation) | token())

    assert answer.status_code == 302
    (changed,) = stored(Expectation, pk=expectation.pk)
    assert (changed.text, changed.expected_result) == ("Min egen förväntan", "Fler böcker")
    assert changed.version_number == 2
    with upkeep():
        assert changed.events.filter(text=expectation.text).exists()


def test_the_second_of_two_who_change_it_sees_both_texts(world, talk, as_persona, token):
    expectation = world.expectation
    url = reverse("dialogues:joint_expectation", args=[talk.pk, expectation.pk])
    as_persona("manager").post(url, said(expectation, text="Chefens text") | token())

    page = as_persona("employee").post(url, said(expectation, text="Min text") | token())

    assert page.status_code == 409
    assert "Chefens text" in page.content.decode()
    assert "Min text" in page.content.decode()


@pytest.mark.parametrize("state", ["planned", "documented", "answered"])
def test_nothing_is_agreed_on_before_the_talk_is_held_or_after(world, as_persona, token, state):
    expectation = world.expectation
    talk = build_talk(world, state=state, words="Ord")
    at = {"pk": talk.pk, "expectation_pk": expectation.pk}
    employee = as_persona("employee")

    page = employee.post(
        reverse("dialogues:joint_expectation", kwargs=at),
        said(expectation, text="I otid") | token(),
    )
    employee.post(
        reverse("dialogues:joint_expectation_withdraw", kwargs=at),
        {"reason": "I otid", "revision": 1} | token(),
    )
    adopt(employee, talk, goals_of(world, 1), token())

    assert page.status_code == 409
    assert "I otid" in page.content.decode()
    (kept,) = stored(Expectation, pk=expectation.pk)
    assert (kept.text, kept.status) == (expectation.text, "ACTIVE")
    assert stored(Expectation, goal__title="Mål unit 0") == []


@pytest.mark.parametrize(
    "name", ["colleagues_expectation", "strangers_expectation", "left_expectation"]
)
def test_an_expectation_on_somebody_else_is_not_found_in_the_talk(
    world, talk, as_persona, token, name
):
    expectation = world.expectations[name]
    url = reverse("dialogues:joint_expectation", args=[talk.pk, expectation.pk])

    assert as_persona("manager").post(url, said(expectation) | token()).status_code == 404
    assert as_persona("employee").post(url, said(expectation) | token()).status_code == 404


def test_a_new_expectation_holds_all_that_was_agreed(world, talk, as_persona, token):
    (goal,) = goals_of(world, 1)
    url = reverse("dialogues:joint_expectation_new", args=[talk.pk])
    data = said(Expectation(goal=goal), due_on=f"{world.year}-12-01", revision=1)

    answer = as_persona("manager").post(url, data | token())

    assert answer.status_code == 302
    (given,) = stored(Expectation, goal=goal)
    assert (given.text, str(given.due_on)) == ("Min egen förväntan", f"{world.year}-12-01")


def test_an_expectation_is_withdrawn_for_a_reason_that_both_read(world, talk, as_persona, token):
    expectation = world.expectation
    url = reverse("dialogues:joint_expectation_withdraw", args=[talk.pk, expectation.pk])
    employee = as_persona("employee")

    without = employee.post(url, {"reason": "", "revision": 1} | token())
    answer = employee.post(url, {"reason": "Vi bytte mål", "revision": 1} | token())

    assert without.status_code == 200
    assert answer.status_code == 302
    assert "Vi bytte mål" in page_of(as_persona("manager"), talk).content.decode()


def test_a_need_is_added_and_changed_and_two_writers_see_both(world, talk, as_persona, token):
    new = reverse("dialogues:joint_need_new", args=[talk.pk])
    data = {"need": "Leda samtal", "source": "OWN_WISH", "responsible": "EMPLOYEE", "revision": 1}
    employee = as_persona("employee")

    assert employee.post(new, data | token()).status_code == 302
    (need,) = stored(CompetenceNeed)
    url = reverse("dialogues:joint_need", args=[talk.pk, need.pk])
    changed = as_persona("manager").post(url, data | {"need": "Leda svåra samtal"} | token())
    stale = employee.post(url, data | {"need": "Leda möten"} | token())

    assert (need.talk_id, need.employee_id) == (talk.pk, world.people["employee"].pk)
    assert (changed.status_code, stale.status_code) == (302, 409)
    assert "Leda svåra samtal" in stale.content.decode()
    assert "Leda möten" in stale.content.decode()


def a_need(world, employment, need, **fields):
    employee = world.people["employee"]
    with upkeep():
        return CompetenceNeed.objects.create(
            employment=employment,
            employee=employee,
            need=need,
            source="OWN_WISH",
            written_by=employee,
            **fields,
        )


def test_the_needs_of_another_employment_have_no_place_in_the_talk_unless_taken_along(
    world, talk, as_persona, token
):
    own = world.employments["employee"]
    with upkeep():
        other = Employment.objects.create(
            person=own.person, unit=world.units["other_unit"], title="Kock", starts_on=own.starts_on
        )
    foreign = a_need(world, other, "Laga mat för många")
    along = a_need(world, other, "Leda en grupp", brought_to=own)
    data = {"need": "Nytt", "source": "OWN_WISH", "responsible": "EMPLOYEE", "revision": 1}
    employee = as_persona("employee")

    page = page_of(employee, talk).content.decode()
    answers = [
        employee.post(reverse("dialogues:joint_need", args=[talk.pk, need.pk]), data | token())
        for need in (foreign, along)
    ]

    assert foreign.need not in page
    assert along.need in page
    assert [answer.status_code for answer in answers] == [404, 302]


def test_a_need_that_is_dropped_during_the_year_stands_in_the_talk_with_why(
    world, talk, as_persona
):
    need = a_need(world, world.employments["employee"], "Gå en kurs")
    with acting_as(world.manager):
        drop_need(need=need, revision=1, reason="Kursen gavs aldrig", by=world.manager)

    assert "Kursen gavs aldrig" in page_of(as_persona("employee"), talk).content.decode()


def test_a_need_is_not_written_in_a_talk_whose_record_was_finished_just_now(world):
    talk = build_talk(world)
    need = a_need(world, world.employments["employee"], "Leda samtal")
    fields = {"need": "För sent", "source": "OWN_WISH"}
    finish(talk, by=world.manager)

    with acting_as(world.employee), pytest.raises(StepRefusedError):
        add_need(employment=talk.employment, talk=talk, fields=fields, by=world.employee)
    with acting_as(world.employee), pytest.raises(StepRefusedError):
        change_need(need=need, revision=1, talk=talk, fields=fields, by=world.employee)
    assert [each.need for each in stored(CompetenceNeed)] == [need.need]


def test_the_day_of_the_next_talk_is_saved_and_a_day_that_has_been_is_told(talk, as_persona):
    manager = as_persona("manager")
    day = timezone.localdate() + timedelta(days=180)

    save(manager, talk, "next", seen_in(manager, talk, "next"), next_on=day.isoformat())
    wrong = save(manager, talk, "next", seen_in(manager, talk, "next"), next_on="2020-01-01")

    assert fresh(talk).next_on == day
    assert wrong.json()["errors"]["next"]["next_on"]


def test_a_follow_up_adjusts_the_same_expectations(world, as_persona, token):
    build_talk(world, state="answered", words="Ord")
    (answered,) = stored(Talk)
    manager = as_persona("manager")
    url = reverse("dialogues:talk_follow_up", args=[answered.pk])
    form = token()

    assert manager.get(url).status_code == 200
    manager.post(url, form)
    manager.post(url, form)

    (follow_up,) = stored(Talk, kind=TalkKind.FOLLOW_UP)
    assert (follow_up.previous_id, follow_up.year) == (answered.pk, world.year)
    with acting_as(world.people["manager"]):
        hold_talk(talk=follow_up, held_on=timezone.localdate(), by=world.people["manager"])
    page = page_of(as_persona("employee"), follow_up).content.decode()
    assert world.expectation.text in page
    url = reverse("dialogues:joint_expectation", args=[follow_up.pk, world.expectation.pk])
    assert as_persona("employee").post(url, said(world.expectation) | token()).status_code == 302


@pytest.mark.parametrize(("who", "status"), [("employee", 403), ("hr", 404), ("colleague", 404)])
def test_only_the_manager_starts_a_follow_up(world, as_persona, token, who, status):
    talk = build_talk(world, state="answered", words="Ord")
    url = reverse("dialogues:talk_follow_up", args=[talk.pk])

    assert as_persona(who).post(url, token()).status_code == status
    assert stored(Talk, kind=TalkKind.FOLLOW_UP) == []
