"""Expectations as the two see them: given, read, known, changed and withdrawn."""

from uuid import uuid4

import pytest
from django.urls import reverse

from dialogues.models import Acknowledgement
from goals.models import Expectation
from stockholm_quality.tests.world import canary


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

    given = Expectation.objects.filter(text="Läs varje dag")
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
