"""Expectations as the two see them: given, read, known, changed and withdrawn."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from dialogues.forms import ExpectationForm, GiveExpectationForm
from dialogues.models import Acknowledgement
from goals.models import Expectation, Goal
from goals.rules import can_give_expectation
from stockholm_quality.tests.world import (
    LONG_AGO,
    PERSONAS,
    add_delegation,
    add_expectation,
    add_goal,
    add_person,
    canary,
    scene,
)
from units.actions import merge_unit
from units.models import Employment, Role, RoleAssignment, UnitPlacement


def post(client, name, *args, **fields):
    return client.post(reverse(f"dialogues:{name}", args=args), {**fields, "form_token": uuid4()})


def test_one_expectation_is_written_once_and_given_to_many(world, as_persona):
    chosen = [world.employments[who] for who in ("employee", "colleague", "protected")]

    answer = post(
        as_persona("manager"),
        "give",
        world.unit_goal.pk,
        text="Läs varje dag",
        sign="En bok i veckan",
        employments=[employment.pk for employment in chosen],
    )

    with scene():
        given = list(Expectation.objects.filter(text="Läs varje dag"))
    assert answer.url == world.unit_goal.get_absolute_url()
    assert {each.employment for each in given} == set(chosen)
    assert {each.given_by for each in given} == {world.people["manager"]}


def test_only_ones_own_employees_can_be_chosen(world, as_persona):
    address = reverse("dialogues:give", args=[world.unit_goal.pk])

    form = as_persona("manager").get(address).context["form"]

    offered = {employment.person.account_name for employment in form.fields["employments"].queryset}
    # Who heads the unit beside her is managed from above.
    teammates = {"teammate_0", "teammate_1"}
    assert offered == {"employee", "colleague", "protected", "representative"} | teammates


@pytest.mark.parametrize("goal", ["unit_draft", "board_goal", "other_unit_goal", "area"])
def test_nothing_is_given_on_a_goal_that_is_not_an_adopted_one_of_the_unit(world, as_persona, goal):
    answer = post(as_persona("manager"), "give", world.goals[goal].pk, text="Läs")

    assert answer.status_code == 403
    with scene():
        assert not Expectation.objects.filter(text="Läs").exists()


def test_the_employee_reads_the_whole_thread_and_says_that_they_know(world, as_persona):
    client = as_persona("employee")
    page = client.get(world.expectation.get_absolute_url())

    answer = post(client, "acknowledge", world.expectation.pk, version=1, goal_version=1)

    steps = [world.goals[name] for name in ("unit_goal", "board_goal", "area", "orientation")]
    urls = [node.url for node in page.context["thread"]]
    # The expectation itself comes first and does not link to the page that one reads.
    assert urls == ["", *(step.get_absolute_url() for step in steps)]
    assert page.context["thread"][0].text == world.expectation.text
    assert answer.url == "/"
    assert Acknowledgement.objects.filter(expectation=world.expectation).exists()


def test_knowing_an_older_wording_shows_the_new_one_first(world, as_persona):
    post(
        as_persona("manager"),
        "expectation_edit",
        world.expectation.pk,
        text="Läs varje kväll",
        goal=world.unit_goal.pk,
        revision=1,
    )

    answer = post(
        as_persona("employee"), "acknowledge", world.expectation.pk, version=1, goal_version=1
    )

    assert answer.url == world.expectation.get_absolute_url()
    assert not Acknowledgement.objects.filter(expectation=world.expectation).exists()


def test_the_manager_cannot_know_for_the_employee(world, as_persona):
    answer = post(
        as_persona("manager"), "acknowledge", world.expectation.pk, version=1, goal_version=1
    )

    assert answer.status_code == 403
    assert not Acknowledgement.objects.filter(expectation=world.expectation).exists()


def test_an_earlier_wording_stays_readable_for_the_two(world, as_persona):
    post(
        as_persona("manager"),
        "expectation_edit",
        world.expectation.pk,
        text="Läs varje kväll",
        goal=world.unit_goal.pk,
        revision=1,
    )

    for who in ("employee", "manager"):
        page = as_persona(who).get(world.expectation.get_absolute_url()).content.decode()
        assert "Läs varje kväll" in page
        assert canary("expectation") in page


def test_what_was_agreed_beside_it_is_read_by_both_and_kept_in_each_wording(world, as_persona):
    terms = {"expected_result": "Fler lånar böcker", "support": "", "due_on": f"{world.year}-06-01"}
    answer = post(
        as_persona("manager"),
        "expectation_edit",
        world.expectation.pk,
        text=world.expectation.text,
        sign=world.expectation.sign,
        goal=world.unit_goal.pk,
        revision=1,
        **terms,
    )

    assert answer.url == world.expectation.get_absolute_url()
    start = as_persona("employee").get("/").content.decode()
    assert "Fler lånar böcker" in start
    assert f"1 juni {world.year}" in start
    for who in ("employee", "manager"):
        page = as_persona(who).get(answer.url)
        assert [text for _label, text in page.context["terms"]] == [
            "Fler lånar böcker",
            world.expectation.sign,
            f"1 juni {world.year}",
        ]
        [(earlier, agreed)] = page.context["earlier"]
        assert (earlier.version_number, earlier.support) == (1, world.expectation.support)
        assert [text for _label, text in agreed][2] == world.expectation.support
        body = page.content.decode()
        for label in ("Förväntat resultat", "Så märks det", canary("expectation-stöd")):
            assert label in body


def test_the_same_terms_are_given_to_each(world, as_persona):
    chosen = [world.employments[who] for who in ("employee", "colleague")]

    post(
        as_persona("manager"),
        "give",
        world.unit_goal.pk,
        text="Läs varje dag",
        expected_result="Fler lånar böcker",
        support="Nya böcker",
        due_on=f"{world.year + 1}-01-31",
        employments=[employment.pk for employment in chosen],
    )

    with scene():
        given = Expectation.objects.filter(text="Läs varje dag", support="Nya böcker")
        assert [each.due_on for each in given] == [date(world.year + 1, 1, 31)] * 2


@pytest.mark.parametrize("year", [-1, 2])
def test_a_day_far_from_the_year_is_refused_and_what_was_written_is_kept(world, as_persona, year):
    page = post(
        as_persona("manager"),
        "give",
        world.unit_goal.pk,
        text="Läs varje dag",
        due_on=f"{world.year + year}-06-01",
        employments=[world.employments["employee"].pk],
    )

    assert page.status_code == 200
    assert page.context["form"].errors.keys() == {"due_on"}
    assert "Läs varje dag" in page.content.decode()
    with scene():
        assert not Expectation.objects.filter(text="Läs varje dag").exists()


def test_two_who_change_a_term_at_once_see_both(world, as_persona):
    said = {"text": world.expectation.text, "goal": world.unit_goal.pk, "revision": 1}
    first = {**said, "support": "En bok", "due_on": f"{world.year}-05-01"}
    second = {**said, "support": "Två böcker", "due_on": f"{world.year}-06-01"}
    post(as_persona("manager"), "expectation_edit", world.expectation.pk, **first)

    page = post(as_persona("acting_manager"), "expectation_edit", world.expectation.pk, **second)

    assert page.status_code == 409
    compared = {(row.left, row.right) for row in page.context["conflict"]}
    assert ("Två böcker", "En bok") in compared
    assert (f"{world.year}-06-01", f"{world.year}-05-01") in compared


def test_a_delegate_gives_reads_changes_and_withdraws_until_the_last_day(world, as_persona):
    today = timezone.localdate()
    delegation = add_delegation(world, "employee", "neighbour", today - timedelta(days=9), today)
    client, page = as_persona("neighbour"), world.expectation.get_absolute_url()
    said = {"text": "Läs", "goal": world.unit_goal.pk, "revision": 1}

    form = client.get(reverse("dialogues:give", args=[world.unit_goal.pk])).context["form"]
    given = post(
        client,
        "give",
        world.unit_goal.pk,
        text="Läs varje dag",
        employments=[world.employments["employee"].pk],
    )
    changed = post(client, "expectation_edit", world.expectation.pk, **said)
    withdrawn = post(
        client, "expectation_withdraw", world.known_expectation.pk, reason="Bytt", revision=1
    )

    assert set(form.fields["employments"].queryset) == {world.employments["employee"]}
    assert given.url == world.unit_goal.get_absolute_url()
    assert changed.url == page
    assert withdrawn.url == world.known_expectation.get_absolute_url()
    assert client.get(page).status_code == 200
    assert client.get(world.colleagues_expectation.get_absolute_url()).status_code == 404
    assert not client.get(page).context["may_see_people"]
    delegation.ends_on = today - timedelta(days=1)
    delegation.revision += 1
    delegation.save()
    assert client.get(page).status_code == 404
    assert post(client, "expectation_edit", world.expectation.pk, **said).status_code == 404
    assert client.get(reverse("dialogues:give", args=[world.unit_goal.pk])).status_code == 403


def test_a_withdrawn_expectation_is_readable_with_its_reason_but_asks_nothing(world, as_persona):
    post(
        as_persona("manager"),
        "expectation_withdraw",
        world.expectation.pk,
        reason="Uppdraget är bytt",
        revision=1,
    )
    client = as_persona("employee")

    page = client.get(world.expectation.get_absolute_url())

    assert "Uppdraget är bytt" in page.content.decode()
    assert not page.context["may_acknowledge"]
    start = client.get("/")
    assert world.expectation not in [
        expectation for expectation, _nodes in start.context["threads"]
    ]
    urls = [todo.url for todo in start.context["todos"]]
    assert urls.count(world.expectation.get_absolute_url()) == 1  # to read why


@pytest.mark.parametrize("name", ["expectation_edit", "expectation_withdraw"])
@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("employee", 403),
        ("colleague", 404),
        ("former_manager", 404),
        ("manager_above", 404),
        ("hr", 404),
        ("administrator", 404),
    ],
)
def test_nobody_but_the_manager_changes_an_expectation(world, as_persona, name, who, status):
    client = as_persona(who)
    fields = {"text": "x", "reason": "x", "goal": world.unit_goal.pk, "revision": 1}

    assert (
        client.get(reverse(f"dialogues:{name}", args=[world.expectation.pk])).status_code == status
    )
    assert post(client, name, world.expectation.pk, **fields).status_code == status
    with scene():
        assert Expectation.objects.get(pk=world.expectation.pk).revision == 1


def test_what_was_withdrawn_meanwhile_refuses_the_change_but_shows_it_to_copy(world, as_persona):
    words = "Läs högt varje kväll för alla barnen"
    post(
        as_persona("acting_manager"),
        "expectation_withdraw",
        world.expectation.pk,
        reason="Bytt",
        revision=1,
    )

    answer = post(
        as_persona("manager"),
        "expectation_edit",
        world.expectation.pk,
        text=words,
        goal=world.unit_goal.pk,
        revision=1,
    )

    assert answer.status_code == 403
    assert words in answer.content.decode()


# --- What the forms offer is what the rules allow ------------------------------------------------


@pytest.mark.parametrize("name", PERSONAS)
def test_the_form_offers_those_to_whom_the_rule_lets_one_give(world, name):
    user = world.people[name]
    for goal in (world.unit_goal, world.loose_goal, world.other_unit_goal):
        allowed = {e for e in Employment.objects.all() if can_give_expectation(user, goal, e)}

        form = GiveExpectationForm(giver=user, goal=goal)

        assert set(form.fields["employments"].queryset) == allowed


def choosable(expectation):
    with scene():
        form = ExpectationForm(instance=Expectation.objects.get(pk=expectation.pk))
        return set(form.fields["goal"].queryset)


def test_the_goals_one_may_change_to_are_those_one_may_give_on_and_the_one_chosen(world):
    add_goal(world, "departments", "department", "UNIT", "board_goal")
    add_goal(world, "groups", "group", "UNIT", "board_goal")
    manager, employment = world.people["manager"], world.employments["employee"]
    allowed = {g for g in Goal.objects.all() if can_give_expectation(manager, g, employment)}
    assert allowed == {world.unit_goal, world.goals["departments"]}

    assert choosable(world.expectation) == allowed
    given_elsewhere = add_expectation(world, "borta", "employee", "other_unit_goal")
    assert choosable(given_elsewhere) == allowed | {world.other_unit_goal}


def test_goals_of_where_the_unit_lay_before_cannot_be_chosen(world):
    add_goal(world, "departments", "department", "UNIT", "board_goal")
    today = timezone.localdate()
    world.unit.placements.update(ends_on=today - timedelta(days=1), revision=2)
    UnitPlacement.objects.create(
        unit=world.unit, parent=world.board, name="Förskolan Ängen", starts_on=today
    )

    assert choosable(world.expectation) == {world.unit_goal}


# --- Employments that end ------------------------------------------------------------------------


def merge_into_next(world):
    add_person(world, "new_manager", None)
    RoleAssignment.objects.create(
        person=world.new_manager, unit=world.next_unit, role=Role.MANAGER, starts_on=LONG_AGO
    )
    # Who acts from today would hold a role in a unit that is no more.
    RoleAssignment.objects.filter(person=world.acting_manager).delete()
    yesterday = timezone.localdate() - timedelta(days=1)
    merge_unit(unit=world.unit, into=world.next_unit, last_day=yesterday)


def test_after_a_merger_the_new_manager_finds_changes_and_withdraws_the_expectation(
    world, as_persona
):
    merge_into_next(world)
    client = as_persona("new_manager")

    people = client.get(reverse("dialogues:people", args=[world.next_unit.pk]))
    held = {e.person.account_name: set(found) for e, found in people.context["held"]}
    changed = post(
        client,
        "expectation_edit",
        world.expectation.pk,
        text="Läs varje kväll",
        goal=world.loose_goal.pk,
        revision=1,
    )
    withdrawn = post(
        client, "expectation_withdraw", world.expectation.pk, reason="Bytt", revision=2
    )

    assert held["employee"] == {world.expectation, world.known_expectation}
    assert held["neighbour"] == set()
    assert changed.url == withdrawn.url == world.expectation.get_absolute_url()
    with scene():
        now = Expectation.objects.get(pk=world.expectation.pk)
    assert (now.text, now.goal, now.is_in_force) == ("Läs varje kväll", world.loose_goal, False)


def test_after_a_merger_nobody_is_without_what_they_have(world, as_persona):
    merge_into_next(world)

    page = as_persona("new_manager").get(reverse("dialogues:people", args=[world.next_unit.pk]))

    having = {e.person.account_name for e, _held in page.context["held"] if e.has_expectation}
    assert {"employee", "colleague", "protected"} <= having
    assert "neighbour" not in having


def test_the_start_page_after_a_merger_is_as_before(world, as_persona):
    merge_into_next(world)

    start = as_persona("employee").get("/").context

    assert {e for e, _nodes in start["threads"]} == {world.expectation, world.known_expectation}
    assert start["from_earlier"] == []
    assert world.expectation.get_absolute_url() in [todo.url for todo in start["todos"]]


def test_what_was_expected_in_an_employment_that_one_has_left_is_folded_away(world, as_persona):
    yesterday = timezone.localdate() - timedelta(days=1)
    Employment.objects.filter(person=world.employee).update(ends_on=yesterday, revision=2)
    Employment.objects.create(
        person=world.employee, unit=world.other_unit, title="Kock", starts_on=timezone.localdate()
    )

    page = as_persona("employee").get("/")

    assert page.context["threads"] == []
    assert page.context["from_earlier"] == [world.expectation, world.known_expectation]
    assert page.context["todos"] == []
    assert page.content.decode().count(world.expectation.get_absolute_url()) == 1


def test_the_start_page_leads_to_next_year_when_something_is_expected_then(world, as_persona):
    client = as_persona("employee")
    without = client.get("/").context["next_year"]
    later = world.year + 1
    add_goal(world, "next", "unit", "UNIT", first_year=later, last_year=later)
    coming = add_expectation(world, "nästa", "employee", "next")

    page = client.get("/")

    assert without is None
    assert f'href="?year={later}"' in page.content.decode()
    assert coming.get_absolute_url() in [todo.url for todo in page.context["todos"]]
    next_page = client.get(f"/?year={later}").context
    assert [expectation for expectation, _nodes in next_page["threads"]] == [coming]
