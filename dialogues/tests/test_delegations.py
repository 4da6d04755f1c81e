"""Delegations: who holds talks in the manager's place, and that it ends with its last day."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from dialogues import rules
from dialogues.actions.delegations import (
    delegate_talk,
    end_delegation,
    give_delegations,
    latest_end,
    not_to_meet,
    possible_delegates,
)
from dialogues.actions.steps import StepRefusedError
from dialogues.models import CompetenceNeed, Talk, TalkKind, TalkStep
from dialogues.tests.talk_scenes import S, add_talk
from goals.models import Expectation
from stockholm_quality.tests.world import (
    LONG_AGO,
    PERSONAS,
    add_delegation,
    add_person,
    canary,
    scene,
)
from units.models import Delegation, Employment, Role, RoleAssignment
from units.rules import stands_in_with
from units.wall import acting_as

TODAY, DAY = timezone.localdate(), timedelta(days=1)


def url(name, *args):
    return reverse(f"dialogues:{name}", args=args)


def give(world, names=("employee",), to="neighbour", by="manager", **fields):
    giver = world.people[by]
    with acting_as(giver):
        return give_delegations(
            **{
                "employments": [world.employments[name] for name in names],
                "delegate": world.people[to],
                "starts_on": TODAY,
                "ends_on": TODAY + 30 * DAY,
                "covers_salary": False,
                "by": giver,
                **fields,
            }
        )


def end(delegation, by):
    delegation.refresh_from_db()
    with acting_as(by):
        end_delegation(delegation=delegation, revision=delegation.revision, by=by)


# --- Giving --------------------------------------------------------------------------------------


def test_a_manager_finds_somebody_by_name_and_delegates_with_several_at_once(
    world, as_persona, token
):
    manager, address = as_persona("manager"), url("delegation_new")

    found = manager.get(address, {"q": canary("namn-neighbour")}).content.decode()
    assert f"?delegate={world.neighbour.pk}" in found
    answer = manager.post(
        f"{address}?delegate={world.neighbour.pk}",
        {
            "employments": [world.employments[name].pk for name in ("employee", "colleague")],
            "starts_on": TODAY.isoformat(),
            "ends_on": (TODAY + 90 * DAY).isoformat(),
            "covers_salary": "on",
        }
        | token(),
    )

    assert answer.status_code == 302
    given = Delegation.objects.order_by("pk")
    assert {each.employment.person for each in given} == {world.employee, world.colleague}
    assert all(each.covers_salary and each.given_by == world.manager for each in given)


def test_only_managers_delegate_and_only_their_own(world, as_persona, token):
    address = f"{url('delegation_new')}?delegate={world.neighbour.pk}"
    for who in ("employee", "hr", "controller", "administrator", "former_manager"):
        assert (who, as_persona(who).get(address).status_code) == (who, 403)
    days = {"starts_on": TODAY.isoformat(), "ends_on": TODAY.isoformat()}
    foreign = {"employments": [world.employments["stranger"].pk], **days} | token()
    answer = as_persona("manager").post(address, foreign)
    assert "employments" in answer.context["form"].errors
    with pytest.raises(StepRefusedError):
        give(world, ["manager"])
    # Who stands in passes nothing on.
    add_delegation(world, "employee", "neighbour")
    with pytest.raises(StepRefusedError):
        give(world, ["employee"], to="colleague", by="neighbour")


def test_a_delegate_is_found_in_the_administration_and_never_by_a_protected_name(world, as_persona):
    found = set(possible_delegates(world.manager))

    assert {world.neighbour, world.manager_above, world.colleague} <= found
    assert not {world.protected, world.stranger, world.manager, world.left_yesterday} & found
    manager = as_persona("manager")
    for name in ("protected", "stranger"):
        asked = {"q": canary(f"namn-{name}")}
        assert not manager.get(url("delegation_new"), asked).context["found"]
        chosen = {"delegate": world.people[name].pk}
        assert manager.get(url("delegation_new"), chosen).status_code == 404
    for nonsense in ("0", "x", "9" * 40, "٣"):
        assert manager.get(url("delegation_new"), {"delegate": nonsense}).status_code == 404


def test_nobody_holds_talks_with_themselves_their_own_manager_or_their_own_employee(world):
    employments = {name: world.employments[name] for name in ("employee", "colleague", "manager")}

    def refused(delegate):
        found = not_to_meet(world.people[delegate], list(employments.values()))
        return {name for name, each in employments.items() if each.pk in found}

    assert refused("employee") == {"employee", "manager"}
    assert refused("neighbour") == set()
    assert refused("manager") == {"employee", "colleague", "manager"}
    assert refused("manager_above") == {"manager"}


@pytest.mark.parametrize(
    ("starts_on", "ends_on"),
    [(TODAY - DAY, TODAY), (TODAY + DAY, TODAY), (TODAY, latest_end(TODAY) + DAY)],
)
def test_a_delegation_begins_today_or_later_and_lasts_a_year_at_most(
    world, as_persona, token, starts_on, ends_on
):
    sent = {
        "employments": [world.employments["employee"].pk],
        "starts_on": starts_on.isoformat(),
        "ends_on": ends_on.isoformat(),
    }
    address = f"{url('delegation_new')}?delegate={world.neighbour.pk}"
    assert as_persona("manager").post(address, sent | token()).context["form"].errors
    with pytest.raises(StepRefusedError):
        give(world, starts_on=starts_on, ends_on=ends_on)


def test_a_year_ends_the_day_before():
    assert latest_end(date(2027, 3, 1)) == date(2028, 2, 29)
    assert latest_end(date(2028, 2, 29)) == date(2029, 2, 28)


def test_the_same_days_cannot_be_delegated_twice_and_then_nothing_is(world):
    give(world)

    with pytest.raises(StepRefusedError):
        give(world, ["colleague", "employee"])

    assert Delegation.objects.count() == 1


# --- Who sees it ---------------------------------------------------------------------------------


def test_manager_employee_and_delegate_see_it_and_hr_does_not(world, as_persona):
    (delegation,) = give(world)
    page = url("delegations")

    assert as_persona("manager").get(page).context["given"][0].delegation == delegation
    assert as_persona("employee").get(page).context["with_me"][0].delegation == delegation
    assert as_persona("neighbour").get(page).context["mine_to_hold"][0].delegation == delegation
    for who in set(PERSONAS) - {"manager", "acting_manager", "employee", "neighbour"}:
        context = as_persona(who).get(page).context
        told = [*context.get("given", []), *context["with_me"], *context["mine_to_hold"]]
        assert (who, told) == (who, [])
        assert as_persona(who).get(url("delegation_end", delegation.pk)).status_code == 404
    for who in ("employee", "neighbour"):
        assert as_persona(who).get(url("delegation_end", delegation.pk)).status_code == 403


def test_the_employee_reads_on_the_talk_and_in_the_hub_who_may_hold_it(world, as_persona):
    give(world)
    talk, salary = add_talk(world), add_talk(world, kind=TalkKind.SALARY)
    employee = as_persona("employee")

    for address in (talk.get_absolute_url(), url("talks")):
        assert str(world.neighbour) in employee.get(address).content.decode()
    assert str(world.neighbour) not in employee.get(salary.get_absolute_url()).content.decode()


def test_a_protected_employees_name_is_not_told_to_the_delegate(world, as_persona):
    add_delegation(world, "protected", "neighbour")

    shown = as_persona("neighbour").get(url("delegations")).content.decode()

    assert canary("namn-protected") not in shown


def test_who_only_stands_in_is_not_told_that_the_employee_has_no_talk(world, as_persona):
    """The manager may hold one that a delegate does not see."""
    give(world)
    page = f"{url('talks')}?year={world.year}"
    with_none = as_persona("neighbour").get(page).content.decode()
    add_talk(world, holder="neighbour", year=world.year)
    with_one = as_persona("neighbour").get(page).content.decode()

    assert "state=none_yet" not in with_none
    assert "Föreslå tider för" not in with_none
    assert "Föreslå tider för" in with_one


def test_the_page_costs_the_same_however_many(world, as_persona, django_assert_max_num_queries):
    manager = as_persona("manager")

    def cost():
        with django_assert_max_num_queries(20) as asked:
            assert manager.get(url("delegations")).status_code == 200
        return len(asked)

    add_delegation(world, "protected", "neighbour")
    add_delegation(world, "protected", "neighbour", LONG_AGO, LONG_AGO)
    few = cost()
    for name in ("colleague", "employee", "representative", "teammate_0"):
        add_delegation(world, name, "neighbour")
        add_delegation(world, name, "neighbour", LONG_AGO, LONG_AGO)
    assert cost() == few


# --- Ending --------------------------------------------------------------------------------------


@pytest.fixture
def delegated(world):
    """A delegation since a month, with a talk that the delegate holds and a need in the plan."""
    delegation = add_delegation(
        world, "employee", "neighbour", TODAY - 30 * DAY, TODAY + 30 * DAY, covers_salary=True
    )
    with scene():
        need = CompetenceNeed.objects.create(
            employment=world.employments["employee"],
            employee=world.employee,
            need="Leda",
            source="OWN_WISH",
            written_by=world.employee,
        )
    return delegation, add_talk(world, holder="neighbour", status=S.HELD), need


def sees(user, talk, need, day=TODAY):
    """What is open to the delegate, by the rules, the lists and the wall, which must agree."""
    user.refresh_from_db()
    employment = talk.employment
    by_rule = [
        rules.can_view_talk(user, talk, day),
        rules.can_see_need(user, need, day),
        stands_in_with(user, employment, day=day),
        rules.can_start_talk(user, employment, TalkKind.EMPLOYEE, day),
    ]
    with scene():
        listed = [
            Talk.objects.visible_to(user, day).filter(pk=talk.pk).exists(),
            Talk.objects.shared_by(user, day).filter(pk=talk.pk).exists(),
            CompetenceNeed.objects.visible_to(user, day).filter(pk=need.pk).exists(),
            Expectation.objects.visible_to(user, day).filter(employment=employment).exists(),
        ]
    with acting_as(user, day):
        walled = [
            Talk.objects.filter(pk=talk.pk).exists(),
            TalkStep.objects.filter(talk=talk).exclude(by=user).exists() or None,
            CompetenceNeed.objects.filter(pk=need.pk).exists(),
            Expectation.objects.filter(employment=employment).exists(),
        ]
    found = {*by_rule, *listed, *(each for each in walled if each is not None)}
    assert len(found) == 1, (by_rule, listed, walled)
    return found.pop()


def pages_of(talk, need):
    return [
        talk.get_absolute_url(),
        url("joint", talk.pk),
        url("competence_of", talk.employment_id),
        url("competence_need_new", talk.employment_id),
        need.get_absolute_url(),
        url("talk_new", talk.employment_id),
    ]


def test_the_day_after_the_last_everything_is_closed(world, delegated):
    delegation, talk, need = delegated

    assert sees(world.neighbour, talk, need, delegation.ends_on)
    assert not sees(world.neighbour, talk, need, delegation.ends_on + DAY)


def test_who_ends_it_closes_everything_at_once(world, delegated, as_persona, token):
    delegation, talk, need = delegated
    neighbour, address = as_persona("neighbour"), url("delegation_end", delegation.pk)
    assert sees(world.neighbour, talk, need)
    assert [neighbour.get(page).status_code for page in pages_of(talk, need)] == [200] * 6

    manager, form = as_persona("manager"), {"revision": delegation.revision} | token()
    for _click in range(2):
        assert manager.post(address, form).status_code == 302

    assert not sees(world.neighbour, talk, need)
    assert [neighbour.get(page).status_code for page in pages_of(talk, need)] == [404] * 6
    delegation.refresh_from_db()
    assert delegation.ends_on == TODAY - DAY


def test_one_that_began_today_or_later_is_taken_back_and_stays_in_the_history(world):
    today = give(world)[0]
    coming = give(world, ["colleague"], starts_on=TODAY + DAY)[0]

    for delegation in (today, coming):
        key = delegation.pk
        end(delegation, world.manager)
        assert not Delegation.objects.filter(pk=key).exists()
        labels = Delegation.pgh_event_model.objects.filter(pgh_obj_id=key)
        assert list(labels.order_by("pgh_id").values_list("pgh_label", flat=True)) == [
            "insert",
            "delete",
        ]


def test_nobody_but_the_manager_of_today_ends_it(world):
    (delegation,) = give(world)
    for who in set(PERSONAS) - {"manager", "acting_manager"}:
        with pytest.raises(StepRefusedError):
            end(delegation, world.people[who])


def test_a_delegate_without_an_employee_any_more_sees_nothing(world, delegated):
    _delegation, talk, need = delegated
    with scene():
        Employment.objects.filter(pk=talk.employment_id).update(ends_on=TODAY - DAY)
        talk = Talk.objects.get(pk=talk.pk)
        need = CompetenceNeed.objects.get(pk=need.pk)

    assert not sees(world.neighbour, talk, need)


# --- Talks that wait -----------------------------------------------------------------------------


def test_talks_that_wait_and_are_not_prepared_go_along_in_the_same_step(world):
    now = timezone.now()
    waits = add_talk(world, status=S.INVITED)
    prepared = add_talk(world, status=S.PREPARING, year=world.year - 1, holder_ready_at=now)
    held = add_talk(world, status=S.HELD, year=world.year - 2)
    salary = add_talk(world, kind=TalkKind.SALARY)
    others = add_talk(world, "colleague")

    give(world, with_talks=True)

    with scene():
        holders = {talk.pk: talk.holder for talk in Talk.objects.all()}
        last = TalkStep.objects.filter(talk=waits).last()
    assert holders[waits.pk] == world.neighbour
    assert {holders[talk.pk] for talk in (prepared, held, salary, others)} == {world.manager}
    assert (last.action, last.by) == ("delegate", world.manager)
    with acting_as(world.neighbour):
        assert Talk.objects.shared_by(world.neighbour).filter(pk=waits.pk).exists()


def test_talks_are_handed_over_later_too_while_the_delegation_runs(world, as_persona, token):
    (delegation,) = give(world, covers_salary=True)
    talk = add_talk(world, kind=TalkKind.SALARY)
    manager, address = as_persona("manager"), url("delegation_talks", delegation.pk)

    assert manager.get(address).context["talks"] == [talk]
    assert manager.post(address, token()).status_code == 302

    with scene():
        assert Talk.objects.get(pk=talk.pk).holder == world.neighbour
    (coming,) = give(world, ["colleague"], starts_on=TODAY + DAY)
    assert manager.get(url("delegation_talks", coming.pk)).status_code == 302


def test_a_talk_goes_to_no_one_who_does_not_stand_in_for_it(world):
    talk, salary = add_talk(world), add_talk(world, kind=TalkKind.SALARY)
    give(world)
    for each, to in [(talk, "colleague"), (salary, "neighbour")]:
        with acting_as(world.manager), pytest.raises(StepRefusedError):
            delegate_talk(talk=each, to=world.people[to], by=world.manager)


def test_what_the_manager_had_begun_to_prepare_stays_with_the_manager(world):
    talk = add_talk(world, status=S.INVITED)
    with scene():
        talk.preparations.create(author=world.manager, party="MANAGER")

    give(world, with_talks=True)

    for who, count in [("manager", 1), ("neighbour", 0), ("employee", 0)]:
        with acting_as(world.people[who]):
            assert talk.preparations.count() == count


def test_a_head_under_whom_one_works_is_not_met_as_a_delegate(world):
    """Also further up than the nearest manager."""
    with scene():
        RoleAssignment.objects.create(
            person=add_person(world, "assistant_head", "department"),
            unit=world.units["department"],
            role=Role.MANAGER,
            starts_on=LONG_AGO,
        )
    employment = world.employments["assistant_head"]

    assert employment.pk in not_to_meet(world.employee, [employment])
    assert employment.pk not in not_to_meet(world.hr, [employment])
