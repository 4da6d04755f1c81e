"""Rounds of talks: who is included, the start, and those who come later."""

import threading
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F

from dialogues.actions.rounds import (
    choose,
    end_round,
    join_running_rounds,
    start_round,
)
from dialogues.actions.steps import StepRefusedError
from dialogues.actions.talks import previous_of
from dialogues.models import Round, RoundChoice, Talk, TalkKind, TalkStep, TalkTemplate
from dialogues.participants import Reason, known_to, participants_of, tally_of
from dialogues.tests.round_scenes import (
    TODAY,
    included,
    on_leave,
    plan,
    started,
    talks_of,
)
from dialogues.tests.talk_scenes import S, add_talk, small_template
from stockholm_quality.tests.world import LONG_AGO, canary
from units.models import Employment, Leave, Role, RoleAssignment, User
from units.nearest import managers_of
from units.wall import acting_as, upkeep

pytestmark = pytest.mark.django_db

Decision = RoundChoice.Decision


@pytest.fixture
def templates(world):
    return small_template(), small_template(audience=TalkTemplate.Audience.MANAGER)


@pytest.fixture
def planned(world, templates):
    """A round of the whole administration, from today for two months."""
    return plan(world, templates)


# --- Who is included ---------------------------------------------------------------------------


def test_everybody_employed_in_the_part_takes_part_and_nobody_outside_it(world, planned):
    with acting_as(world.hr):
        reached = {each.employment for each in participants_of(planned)}
    below = {"board", "department", "unit", "group", "next_unit", "small_unit"}
    units = {world.units[code].pk for code in below}

    expected = {
        employment.pk
        for employment in Employment.objects.active_on()
        if employment.unit_id in units
    }
    assert reached == expected


def test_who_is_on_leave_the_whole_time_is_left_out(world, planned):
    on_leave(world, "employee", TODAY() - timedelta(days=100))

    found = included(world, planned, "employee")

    assert (found.reasons, found.is_in) == ([Reason.ON_LEAVE], False)


def test_two_leaves_one_after_the_other_cover_the_time_together(world, planned):
    middle = TODAY() + timedelta(days=20)
    on_leave(world, "employee", TODAY(), middle)
    on_leave(world, "employee", middle + timedelta(days=1))

    assert not included(world, planned, "employee").is_in


def test_who_is_on_leave_a_part_of_the_time_takes_part(world, planned):
    on_leave(world, "employee", TODAY(), TODAY() + timedelta(days=30))

    found = included(world, planned, "employee")

    assert (found.reasons, found.is_in) == ([Reason.PARTLY_AWAY], True)


def test_who_is_newly_hired_takes_part_and_is_pointed_out(world, planned):
    employment = world.employments["employee"]
    Employment.objects.filter(pk=employment.pk).update(starts_on=TODAY() - timedelta(days=89))

    found = included(world, planned, "employee")

    assert (found.reasons, found.is_in) == ([Reason.NEW], True)


def test_who_leaves_before_the_end_is_left_out_but_not_of_talks_for_those_who_leave(world, planned):
    employment = world.employments["employee"]
    Employment.objects.filter(pk=employment.pk).update(ends_on=TODAY() + timedelta(days=30))
    leaving = plan(world, [small_template(TalkKind.LEAVING)] * 2, kind=TalkKind.LEAVING)

    assert included(world, planned, "employee").reasons == [Reason.LEAVES]
    assert not included(world, planned, "employee").is_in
    assert included(world, leaving, "employee").is_in


def test_of_several_employments_the_one_held_longest_takes_part(world, planned):
    second = Employment.objects.create(
        person=world.people["employee"],
        unit=world.units["next_unit"],
        title="Kock",
        starts_on=LONG_AGO + timedelta(days=1),
    )
    world.employments["second"] = second

    assert included(world, planned, "employee").is_in
    assert not included(world, planned, "second").is_in
    assert included(world, planned, "second").reasons == [Reason.SEVERAL]


def test_who_is_managed_by_nobody_waits_for_a_manager(world, planned):
    found = included(world, planned, "manager_above")

    assert found.reasons == [Reason.NO_MANAGER]
    assert (found.takes_part, found.waits_for_manager) == (False, True)


def test_who_has_such_a_talk_already_keeps_it(world, planned):
    talk = add_talk(world)

    talks = started(world, planned)

    assert talk.employment_id not in talks


def test_the_pages_of_a_round_do_not_tell_hr_who_has_such_a_talk_already(
    world, templates, as_persona, token
):
    """A first talk, or one for whoever leaves, is known to the two alone until it is told."""
    leaving = small_template(TalkKind.LEAVING)
    round_ = plan(world, [leaving] * 2, kind=TalkKind.LEAVING)
    hr = as_persona("hr")

    def pages():
        groups = ["ordinary", "joined", "choice", "out"]
        return [
            (page.context["tally"], page.context["groups"], [row.participant for row in rows])
            for page in (hr.get(f"{round_.get_absolute_url()}?show={group}") for group in groups)
            for rows in [page.context["rows"]]
        ]

    before = pages()
    add_talk(world, kind=TalkKind.LEAVING, template=leaving)
    assert pages() == before
    started(world, round_)
    after = pages()
    assert world.employments["employee"].pk not in talks_of(round_)

    with upkeep():
        own = Talk.objects.filter(employment=world.employments["colleague"])
        own.update(round=None, revision=F("revision") + 1)
    assert pages() == after
    pk = world.employments["employee"].pk
    answer = hr.post(round_.get_absolute_url(), {f"choice_{pk}": "INCLUDE"} | token(), follow=True)
    assert len(answer.context["messages"]) == 1


def test_a_discontinued_talk_does_not_stand_in_the_way(world, planned):
    add_talk(world, status=S.DISCONTINUED)

    assert included(world, planned, "employee").takes_part


def test_hr_is_told_of_protected_people_only_when_named_for_them(world, planned, as_persona):
    with upkeep():
        RoleAssignment.objects.create(
            person=world.people["colleague"],
            unit=world.units["board"],
            role=Role.HR,
            starts_on=LONG_AGO,
        )
    name = canary("namn-protected")
    address = f"{planned.get_absolute_url()}?show=ordinary"

    named = as_persona("hr").get(address).content.decode()
    other = as_persona("colleague").get(address).content.decode()
    searched = as_persona("colleague").get(f"{address}&q={name}").content.decode()

    assert name in named
    assert name not in other
    assert searched.count(name) == 1  # what was searched for, in its own field
    with acting_as(world.people["colleague"]):
        everybody = participants_of(planned)
        known = known_to(world.people["colleague"], everybody)
    assert tally_of(known).takes_part == tally_of(everybody).takes_part - 1


def test_the_choice_of_hr_goes_before_the_rule(world, planned):
    on_leave(world, "employee", TODAY())
    with acting_as(world.hr):
        choose(
            round_=planned,
            decisions={
                world.employments["employee"].pk: Decision.INCLUDE,
                world.employments["colleague"].pk: Decision.LEAVE_OUT,
            },
            seen={},
            by=world.hr,
        )

    talks = started(world, planned)

    assert world.employments["employee"].pk in talks
    assert world.employments["colleague"].pk not in talks


def test_a_choice_that_somebody_else_has_made_meanwhile_is_left_as_it_is(world, planned):
    pk = world.employments["employee"].pk
    with acting_as(world.hr):
        choose(round_=planned, decisions={pk: Decision.LEAVE_OUT}, seen={}, by=world.hr)
        changed = choose(round_=planned, decisions={pk: Decision.INCLUDE}, seen={}, by=world.hr)

    assert changed == [pk]
    assert planned.choices.get().decision == Decision.LEAVE_OUT


# --- The start ---------------------------------------------------------------------------------


def test_each_gets_a_talk_with_their_nearest_manager_and_its_first_step(world, planned):
    talks = started(world, planned)

    managers = managers_of(Employment.objects.filter(pk__in=talks))
    assert {pk: talk.holder_id for pk, talk in talks.items()} == managers
    assert talks[world.employments["employee"].pk].holder == world.manager
    assert {talk.status for talk in talks.values()} == {S.PLANNED}
    with upkeep():
        steps = TalkStep.objects.filter(talk__round=planned)
        assert sorted(steps.values_list("talk", flat=True)) == sorted(
            talk.pk for talk in talks.values()
        )
        assert set(steps.values_list("action", "by")) == {("start", world.hr.pk)}


def test_who_heads_a_unit_is_asked_by_the_template_for_managers(world, planned, templates):
    talks = started(world, planned)

    assert talks[world.employments["manager"].pk].template_version == templates[1]
    assert talks[world.employments["employee"].pk].template_version == templates[0]


def test_starting_twice_starts_once(world, planned):
    first = started(world, planned)
    second = started(world, planned)

    assert {talk.pk for talk in first.values()} == {talk.pk for talk in second.values()}


@pytest.mark.parametrize(
    "kind", [TalkKind.EMPLOYEE, TalkKind.FOLLOW_UP, TalkKind.SALARY, TalkKind.LEAVING]
)
def test_a_talk_goes_on_from_the_one_that_its_manager_would_go_on_from(world, kind):
    template = small_template(kind)
    for back, of_kind in enumerate([TalkKind.EMPLOYEE, TalkKind.SALARY] * 2, start=1):
        add_talk(world, kind=of_kind, year=world.year - back, status=S.CLOSED)
    this_years = add_talk(world, "colleague", year=world.year, status=S.CONFIRMED)
    with upkeep():
        # Held in another unit, and not taken along.
        moved = Employment.objects.create(
            person=world.people["teammate_0"],
            unit=world.units["next_unit"],
            title="Kock",
            starts_on=LONG_AGO,
            ends_on=TODAY() - timedelta(days=1),
        )
    world.employments["moved"] = moved
    add_talk(world, "moved", year=world.year - 1, status=S.CLOSED)
    brought = add_talk(world, "moved", year=world.year - 2, status=S.CLOSED)
    with upkeep():
        Talk.objects.filter(pk=brought.pk).update(
            brought_to=world.employments["teammate_0"], revision=F("revision") + 1
        )

    talks = started(world, plan(world, [template] * 2, kind=kind))

    assert talks
    for talk in talks.values():
        with acting_as(talk.holder):
            expected = previous_of(talk.employment, kind, world.year)
        assert talk.previous_id == (expected.pk if expected else None)
    assert any(talk.previous_id for talk in talks.values())
    if kind in {TalkKind.FOLLOW_UP, TalkKind.LEAVING}:
        assert talks[this_years.employment_id].previous_id == this_years.pk


def test_a_talk_is_seen_by_the_two_and_not_by_hr(world, planned, as_persona):
    talk = started(world, planned)[world.employments["employee"].pk]

    seen = {
        name: as_persona(name).get(talk.get_absolute_url()).status_code
        for name in ("employee", "manager", "hr", "colleague")
    }

    assert seen == {"employee": 200, "manager": 200, "hr": 404, "colleague": 404}


def test_a_round_whose_template_is_not_published_does_not_start(world, templates):
    with upkeep():
        empty = TalkTemplate.objects.create(code="tom", kind=TalkKind.EMPLOYEE, name="Tom")
    round_ = plan(world, templates, template=empty)

    with acting_as(world.hr), pytest.raises(StepRefusedError):
        start_round(round_=round_, by=world.hr)

    assert Round.objects.get(pk=round_.pk).status == Round.Status.PLANNED


@pytest.mark.django_db(transaction=True)
def test_two_who_start_at_once_start_each_talk_once(world, planned):
    with upkeep():
        RoleAssignment.objects.create(
            person=world.people["colleague"],
            unit=world.units["board"],
            role=Role.HR,
            starts_on=LONG_AGO,
        )
    failed = []
    together = threading.Barrier(2)

    def start(person):
        try:
            with acting_as(person):
                together.wait(timeout=20)
                start_round(round_=planned, by=person)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=start, args=[world.people[name]]) for name in ("hr", "colleague")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    with upkeep():
        talks = Talk.objects.filter(round=planned)
        assert talks.values("created_by").distinct().count() == 1
        assert talks.count() == talks.values("employment").distinct().count() > 5
        assert TalkStep.objects.filter(talk__in=talks).count() == talks.count()


# --- Those who come later ----------------------------------------------------------------------


def test_who_arrives_later_joins_the_next_day(world, planned):
    before = started(world, planned)
    person = User.objects.create(account_name="ny", email="ny@example.se")
    arrived = Employment.objects.create(
        person=person,
        unit=world.units["unit"],
        title="Barnskötare",
        starts_on=TODAY() + timedelta(days=3),
    )

    early = join_running_rounds().number
    joined = join_running_rounds(TODAY() + timedelta(days=3)).number

    assert (early, joined) == (0, 1)
    talks = talks_of(planned)
    assert set(talks) - set(before) == {arrived.pk}
    assert talks[arrived.pk].created_by == world.hr


def test_the_command_of_a_new_day_lets_them_join(world, planned, capsys):
    started(world, planned)
    person = User.objects.create(account_name="ny", email="ny@example.se")
    arrived = Employment.objects.create(
        person=person, unit=world.units["unit"], title="Barnskötare", starts_on=TODAY()
    )

    call_command("new_day")
    capsys.readouterr()

    assert arrived.pk in talks_of(planned)


def test_who_comes_back_from_leave_joins(world, planned):
    leave = on_leave(world, "employee", TODAY())
    assert world.employments["employee"].pk not in started(world, planned)
    Leave.objects.filter(pk=leave.pk).update(ends_on=TODAY() + timedelta(days=10))

    join_running_rounds()

    assert world.employments["employee"].pk in talks_of(planned)


def test_who_gets_a_manager_joins(world, planned):
    before = started(world, planned)
    RoleAssignment.objects.create(
        person=world.people["controller"],
        unit=world.units["board"],
        role=Role.MANAGER,
        starts_on=TODAY(),
    )

    join_running_rounds()

    joined = set(talks_of(planned)) - set(before)
    assert world.employments["manager_above"].pk in joined


def test_who_was_chosen_to_be_left_out_never_joins(world, planned):
    pk = world.employments["employee"].pk
    with acting_as(world.hr):
        choose(round_=planned, decisions={pk: Decision.LEAVE_OUT}, seen={}, by=world.hr)
    started(world, planned)

    join_running_rounds()

    assert pk not in talks_of(planned)


def test_a_talk_that_was_discontinued_is_not_started_anew(world, planned):
    talk = started(world, planned)[world.employments["employee"].pk]
    with upkeep():
        Talk.objects.filter(pk=talk.pk).update(status=S.DISCONTINUED, revision=F("revision") + 1)

    assert join_running_rounds().number == 0


def test_nobody_joins_a_round_that_has_ended_or_whose_time_is_over(world, planned):
    started(world, planned)
    person = User.objects.create(account_name="ny", email="ny@example.se")
    Employment.objects.create(
        person=person, unit=world.units["unit"], title="Barnskötare", starts_on=TODAY()
    )

    late = join_running_rounds(planned.ends_on + timedelta(days=1)).number
    with acting_as(world.hr):
        end_round(round_=planned)

    assert (late, join_running_rounds().number) == (0, 0)


def test_whoever_comes_later_to_a_unit_with_a_manager_does_not_wait_for_one(world, planned):
    with upkeep():
        person = User.objects.create(account_name="ny", email="ny@example.se")
        world.employments["coming"] = Employment.objects.create(
            person=person,
            unit=world.units["unit"],
            title="Barnskötare",
            starts_on=TODAY() + timedelta(days=20),
        )

    found = included(world, planned, "coming")

    assert (found.takes_part, found.waits_for_manager) == (True, False)


@pytest.mark.parametrize("successor", ["colleague", None])
def test_a_round_goes_on_in_the_name_of_whoever_is_hr_there_today(
    world, planned, successor, capsys
):
    started(world, planned)
    with upkeep():
        RoleAssignment.objects.filter(person=world.hr, role=Role.HR).update(
            ends_on=TODAY() - timedelta(days=1)
        )
        if successor:
            RoleAssignment.objects.create(
                person=world.people[successor],
                unit=world.units["board"],
                role=Role.HR,
                starts_on=TODAY(),
            )
        person = User.objects.create(account_name="ny", email="ny@example.se")
        arrived = Employment.objects.create(
            person=person, unit=world.units["unit"], title="Barnskötare", starts_on=TODAY()
        )

    call_command("new_day")

    talk = talks_of(planned).get(arrived.pk)
    assert (talk.created_by if talk else None) == world.people.get(successor)
    assert (str(planned) in capsys.readouterr().err) == (successor is None)
