"""The competence plan: written by the two, kept from year to year, and taken along by choice."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from dialogues import rules
from dialogues.actions.competence import bring_needs, change_need
from dialogues.actions.steps import StepRefusedError
from dialogues.models import CompetenceNeed, Party
from dialogues.tests.talk_scenes import S, add_talk
from dialogues.todos_of_competence import todos_of_competence
from goals.models import Expectation
from stockholm_quality.tests.world import (
    LONG_AGO,
    PERSONAS,
    add_delegation,
    add_person,
    canary,
    scene,
)
from units.drafts import save_draft
from units.models import Employment, User
from units.wall import acting_as

TODAY, DAY = timezone.localdate(), timedelta(days=1)


def url(name, *args):
    return reverse(f"dialogues:{name}", args=args)


@scene()
def add_need(world, who="employee", **fields):
    employment = world.employments[who]
    return CompetenceNeed.objects.create(
        **{
            "employment": employment,
            "employee": employment.person,
            "need": canary(f"behov-{who}"),
            "source": CompetenceNeed.Source.OWN_WISH,
            "written_by": employment.person,
            **fields,
        }
    )


@scene()
def move(world, who="employee", unit="next_unit", ends_on=TODAY - DAY):
    world.employments["moved"] = Employment.objects.create(
        person=world.people[who], unit=world.units[unit], title="Pedagog", starts_on=TODAY
    )
    Employment.objects.filter(pk=world.employments[who].pk).update(ends_on=ends_on)


@scene()
def stored(need):
    return CompetenceNeed.objects.get(pk=need.pk)


def said(**fields):
    return {
        "need": "Leda samlingar",
        "origin": "OWN_WISH",
        "activity": "Gå bredvid",
        "responsible": Party.EMPLOYEE,
        "due_on": (TODAY + 9 * DAY).isoformat(),
        "revision": 1,
        **fields,
    }


# --- Who sees a need: the rules, the lists, the wall and the pages say the same ------------------


@pytest.fixture
def cast(world):
    add_person(world, "delegate", "next_unit")
    add_person(world, "delegate_ended", "next_unit")
    add_delegation(world, "employee", "delegate")
    add_delegation(world, "employee", "delegate_ended", TODAY - 9 * DAY, TODAY - DAY)
    return world


def test_the_rules_the_list_the_wall_and_the_page_agree_for_everybody(cast, as_persona):
    needs = [add_need(cast), add_need(cast, "colleague"), add_need(cast, "left_yesterday")]
    needs.append(add_need(cast, "stranger", brought_to=cast.employments["stranger"]))
    for name in [*PERSONAS, "delegate", "delegate_ended"]:
        user = User.objects.get(account_name=name)
        by_rule = {need.pk for need in needs if rules.can_see_need(user, need)}
        with scene():
            listed = set(CompetenceNeed.objects.visible_to(user).values_list("pk", flat=True))
        with acting_as(user):
            walled = set(CompetenceNeed.objects.values_list("pk", flat=True))
        client = as_persona(name)
        opened = {
            need.pk for need in needs if client.get(need.get_absolute_url()).status_code == 200
        }
        plans = {
            need.pk
            for need in needs
            if client.get(url("competence_of", need.employment_id)).status_code == 200
        }

        assert (name, listed, walled, opened) == (name, by_rule, by_rule, by_rule)
        assert (name, plans) == (name, by_rule)


def test_only_the_two_see_the_employees_need(cast):
    need = add_need(cast)
    people = {*PERSONAS, "delegate", "delegate_ended"}

    seen = {name for name in people if rules.can_see_need(cast.people[name], need)}

    assert seen == {"employee", "manager", "acting_manager", "delegate"}


# --- The plan ------------------------------------------------------------------------------------


def test_open_needs_stand_first_late_ones_in_words_and_earlier_years_folded(world, as_persona):
    add_need(world, need="Utan dag")
    add_need(world, need="Försenat", due_on=TODAY - DAY)
    add_need(world, need="Klart", state="DONE", done_on=TODAY - 400 * DAY)

    answer = as_persona("employee").get(url("competence"))

    plan = answer.context["plan"]
    assert [need.need for need in plan.open] == ["Försenat", "Utan dag"]
    assert plan.late == 1
    assert [year for year, _needs in plan.earlier] == [(TODAY - 400 * DAY).year]
    assert answer.content.decode().count("<details") >= 1


def test_both_add_needs_from_what_is_the_employees_to_serve(world, as_persona, token):
    expectation = world.expectations["expectation"]
    goal = world.goals["unit_goal"]
    address = url("competence_need_new", world.employments["employee"].pk)
    for who, origin in [
        ("manager", f"GOAL:{goal.pk}"),
        ("employee", f"EXPECTATION:{expectation.pk}"),
    ]:
        answer = as_persona(who).post(address, said(origin=origin) | token())
        assert answer.status_code == 302

    with scene():
        by_goal, by_expectation = CompetenceNeed.objects.order_by("pk")
    assert (by_goal.goal, by_goal.written_by) == (goal, world.manager)
    assert (by_expectation.expectation_id, by_expectation.goal_id) == (expectation.pk, None)


@pytest.mark.parametrize("who", ["employee", "manager"])
def test_nobody_elses_expectation_and_no_draft_or_foreign_goal_can_be_chosen(
    world, as_persona, token, who
):
    address = url("competence_need_new", world.employments["employee"].pk)
    client = as_persona(who)
    with scene():
        others = Expectation.objects.exclude(employment=world.employments["employee"])
        foreign = [f"EXPECTATION:{each.pk}" for each in others]
    foreign += [f"GOAL:{world.goals[name].pk}" for name in ("unit_draft", "other_unit_goal")]
    for origin in foreign:
        answer = client.post(address, said(origin=origin) | token())
        assert "origin" in answer.context["form"].errors
    with scene():
        assert not CompetenceNeed.objects.exists()


def test_a_need_is_changed_and_its_history_says_by_whom(world, as_persona, token):
    need = add_need(world, need="Kunna räkna")

    as_persona("manager").post(url("competence_need_edit", need.pk), said() | token())
    answer = as_persona("employee").get(need.get_absolute_url())

    last, first = answer.context["history"]
    assert first.is_first
    assert last.by == str(world.manager)
    assert ("Kunna räkna", "Leda samlingar") in {change[1:] for change in last.changes}


def test_two_writers_are_shown_both_texts_and_nothing_is_lost(world, as_persona, token):
    need = add_need(world)
    with acting_as(world.manager):
        change_need(need=need, revision=1, fields={"need": "Chefens ord"}, by=world.manager)
    employee, address = as_persona("employee"), url("competence_need_edit", need.pk)

    answer = employee.post(address, said(need="Mina ord") | token())

    assert answer.status_code == 409
    assert ("Mina ord", "Chefens ord") in {(r.left, r.right) for r in answer.context["conflict"]}
    assert stored(need).need == "Chefens ord"
    again = employee.post(address, said(need="Mina ord", revision=2) | token())
    assert again.status_code == 302
    assert stored(need).need == "Mina ord"


def test_a_need_is_done_with_what_it_led_to_which_may_be_written_later(world, as_persona, token):
    need, employee = add_need(world), as_persona("employee")
    finish = url("competence_need_done", need.pk)

    future = {"done_on": (TODAY + DAY).isoformat(), "effect": "", "revision": 1}
    assert "done_on" in employee.post(finish, future | token()).context["form"].errors
    employee.post(finish, {"done_on": TODAY.isoformat(), "effect": "", "revision": 1} | token())
    assert stored(need).state == CompetenceNeed.State.DONE
    later = {"effect": "Barnen leder själva", "revision": 2}
    employee.post(url("competence_need_edit", need.pk), later | token())
    assert stored(need).effect == "Barnen leder själva"


def test_a_need_is_dropped_with_a_reason_once(world, as_persona, token):
    need, manager = add_need(world), as_persona("manager")
    address, form = url("competence_need_drop", need.pk), token()

    assert manager.post(address, {"reason": "", "revision": 1} | token()).status_code == 200
    for _click in range(2):
        sent = manager.post(address, {"reason": "Inte aktuellt", "revision": 1} | form)
        assert sent.status_code == 302
    assert stored(need).drop_reason == "Inte aktuellt"
    assert stored(need).revision == 2
    refused = manager.post(address, {"reason": "En gång till", "revision": 2} | token())
    assert refused.status_code == 409
    assert "En gång till" in refused.content.decode()


def test_what_was_begun_is_found_again_in_its_form(world, as_persona):
    need = add_need(world)
    keys = {
        f"competence:new:{need.employment_id}": url("competence_need_new", need.employment_id),
        f"competence:{need.pk}": url("competence_need_edit", need.pk),
        f"competence:{need.pk}:done": url("competence_need_done", need.pk),
        f"competence:{need.pk}:drop": url("competence_need_drop", need.pk),
    }
    names = {"done": "effect", "drop": "reason"}
    client = as_persona("employee")
    for key, address in keys.items():
        field = names.get(key.rpartition(":")[2], "need")
        with scene():
            save_draft(author=world.employee, key=key, fields={field: ["Börjat skriva"]})
        assert "Börjat skriva" in client.get(address).content.decode()


def test_a_need_leads_to_the_talk_it_was_seen_in_and_from_year_to_year_stays_one(world, as_persona):
    talk = add_talk(world, status=S.CLOSED, year=world.year - 1)
    need = add_need(world, talk=talk)
    add_delegation(world, "employee", "neighbour")

    assert (
        f'href="{talk.get_absolute_url()}"'
        in as_persona("employee").get(need.get_absolute_url()).content.decode()
    )
    # A delegate who did not hold that talk does not open it.
    delegate = as_persona("neighbour").get(need.get_absolute_url())
    assert delegate.status_code == 200
    assert delegate.context["talk"] is None


# --- After a move --------------------------------------------------------------------------------


def seen_by(world, need):
    """Who sees it by the rules, behind the wall and in the list."""
    found = []
    for name in PERSONAS:
        user = User.objects.get(account_name=name)
        with acting_as(user):
            walled = CompetenceNeed.objects.filter(pk=need.pk).exists()
        with scene():
            listed = CompetenceNeed.objects.visible_to(user).filter(pk=need.pk).exists()
        assert (name, walled, listed) == (name, *[rules.can_see_need(user, stored(need))] * 2)
        if walled:
            found.append(name)
    return set(found)


def test_after_a_move_nobody_but_the_employee_sees_what_did_not_go_along(world):
    need = add_need(world)
    move(world, unit="other_unit")

    assert seen_by(world, need) == {"employee"}


def test_the_employee_takes_a_need_along_and_back_again(world, as_persona, token):
    need, stays = add_need(world), add_need(world, need="Stannar")
    move(world, unit="other_unit")
    employee, address = as_persona("employee"), url("competence_bring")
    target = world.employments["moved"].pk
    form = {f"need_{need.pk}": target, f"need_{stays.pk}": ""}

    assert employee.post(address, form | token()).status_code == 302
    assert seen_by(world, need) == {"employee", "other_manager"}
    assert seen_by(world, stays) == {"employee"}
    assert as_persona("other_manager").get(url("competence_of", target)).context["plan"].open == [
        need
    ]
    employee.post(address, form | {f"need_{need.pk}": ""} | token())
    assert seen_by(world, need) == {"employee"}


def test_a_need_goes_along_to_an_own_later_employment_only(world):
    need, ended = add_need(world), None
    move(world)
    with scene():
        ended = Employment.objects.create(
            person=world.employee,
            unit=world.units["small_unit"],
            title="Pedagog",
            starts_on=LONG_AGO + DAY,
            ends_on=TODAY - DAY,
        )
    elsewhere = [world.employments["colleague"], world.employments["employee"], ended]
    for employment in elsewhere:
        with acting_as(world.employee), pytest.raises(StepRefusedError):
            bring_needs(wanted={need.pk: employment.pk}, by=world.employee)
    with acting_as(world.manager), pytest.raises(StepRefusedError):
        bring_needs(wanted={need.pk: world.employments["moved"].pk}, by=world.manager)
    assert stored(need).brought_to is None


# --- A manager's people --------------------------------------------------------------------------


def unit_page(client, world, unit="unit", **query):
    return client.get(url("competence_unit", world.units[unit].pk), query)


def test_a_manager_sees_the_open_needs_of_their_own_people_and_nobody_else_the_page(
    world, as_persona
):
    add_need(world)
    add_need(world, "neighbour")
    add_need(world, "manager")
    add_need(world, "colleague", state="DROPPED", drop_reason="Nej")

    shown = unit_page(as_persona("manager"), world).content.decode()

    assert canary("behov-employee") in shown
    for who in ("neighbour", "manager", "colleague"):
        assert canary(f"behov-{who}") not in shown
    # The manager above is the nearest of the unit's manager, and of nobody else in it.
    above = unit_page(as_persona("manager_above"), world).content.decode()
    assert canary("behov-manager") in above
    assert canary("behov-employee") not in above
    for who in set(PERSONAS) - {"manager", "acting_manager", "manager_above"}:
        assert (who, unit_page(as_persona(who), world).status_code) == (who, 404)


def test_needs_are_gathered_by_goal_month_and_name_and_narrowed(world, as_persona):
    goal, expectation = world.goals["unit_goal"], world.expectations["expectation"]
    first = add_need(world, source="GOAL", goal=goal, due_on=TODAY - DAY)
    second = add_need(world, source="EXPECTATION", expectation=expectation, due_on=TODAY + DAY)
    third = add_need(world, "colleague")
    manager = as_persona("manager")

    def groups(**query):
        found = unit_page(manager, world, **query).context["groups"]
        return [(group.size, [need.pk for need in group.needs]) for group in found]

    assert groups(by="goal") == [(2, [first.pk, second.pk]), (1, [third.pk])]
    assert groups(by="month") == [(1, [first.pk]), (1, [second.pk]), (1, [third.pk])]
    assert sorted(groups(by="name")) == [(1, [third.pk]), (2, [first.pk, second.pk])]
    assert groups(late="1") == [(1, [first.pk])]
    assert groups(source="OWN_WISH") == [(1, [third.pk])]
    assert groups(text=canary("namn-colleague")) == [(1, [third.pk])]
    assert groups(by="nonsense", source="x", text="\0") != []


@pytest.mark.parametrize("by", ["goal", "month", "name"])
def test_the_page_costs_the_same_with_three_hundred_people(
    world, as_persona, django_assert_max_num_queries, by
):
    manager = as_persona("manager")
    add_need(world)

    def cost():
        with django_assert_max_num_queries(20) as asked:
            assert unit_page(manager, world, by=by).status_code == 200
        return len(asked)

    few = cost()
    _many(world)
    assert cost() == few
    # Two of the needs, and three about whose they are.
    with django_assert_max_num_queries(5), acting_as(world.manager):
        assert todos_of_competence(world.manager, TODAY)


@scene()
def _many(world, number=300):
    people = User.objects.bulk_create(
        User(
            account_name=f"m{n}",
            email=f"m{n}@example.se",
            given_name="M",
            family_name=f"N{n}",
            password="!",
        )
        for n in range(number)
    )
    employments = Employment.objects.bulk_create(
        Employment(person=each, unit=world.units["unit"], title="Kock", starts_on=LONG_AGO)
        for each in people
    )
    CompetenceNeed.objects.bulk_create(
        CompetenceNeed(
            employment=each,
            employee=each.person,
            need="Nytt",
            source="GOAL",
            goal=world.goals["unit_goal"],
            responsible=Party.MANAGER,
            due_on=TODAY,
            written_by=each.person,
        )
        for each in employments
        for _twice in range(2)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as the server itself does after a while


# --- What remains to be done ---------------------------------------------------------------------


def todos(user, day=TODAY):
    with acting_as(user, day):
        return todos_of_competence(user, day)


def test_a_need_stands_among_the_to_dos_of_whoever_is_responsible(world):
    own = add_need(world, due_on=TODAY + 30 * DAY)
    shared = add_need(world, responsible=Party.MANAGER, due_on=TODAY - DAY)
    add_need(world, need="Långt fram", due_on=TODAY + 31 * DAY)
    add_need(world, state="DONE", done_on=TODAY, due_on=TODAY)

    assert [todo.url for todo in todos(world.employee)] == [own.get_absolute_url()]
    (late,) = todos(world.manager)
    assert late.url == shared.get_absolute_url()
    assert late.is_late
    assert not todos(world.colleague)
    assert not todos(world.manager_above)


def test_many_needs_are_told_as_a_number_with_the_way_to_them(world):
    for _each in range(4):
        add_need(world, responsible=Party.MANAGER, due_on=TODAY)

    (told,) = todos(world.manager)

    assert told.text.startswith("4 ")
    assert url("competence_unit", world.units["unit"].pk) in told.url


def test_needs_without_a_day_stand_in_one_line_for_whoever_is_responsible(world):
    for number in range(2):
        add_need(world, need=f"Utan dag {number}")
    add_need(world, need="Chefens", responsible=Party.MANAGER)
    add_need(world, state="DONE", done_on=TODAY)

    (own,), (managers,) = todos(world.employee), todos(world.manager)

    assert own.text.startswith("2 ")
    assert own.url == url("competence")
    assert managers.text.startswith("1 ")
    assert url("competence_unit", world.units["unit"].pk) in managers.url
    assert not own.is_late


def test_what_the_manager_sees_to_goes_with_the_employee_to_the_new_manager(world):
    need = add_need(world, responsible=Party.MANAGER, due_on=TODAY)
    move(world, unit="other_unit")
    with acting_as(world.employee):
        bring_needs(wanted={need.pk: world.employments["moved"].pk}, by=world.employee)

    assert not todos(world.manager)
    assert [todo.url for todo in todos(world.other_manager)] == [need.get_absolute_url()]
