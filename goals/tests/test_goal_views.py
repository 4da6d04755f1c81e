"""The pages of one goal: what changes when a form is sent, and what a reader sees."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from goals.models import Goal
from goals.reports.carriers import council_goals_not_taken_up
from stockholm_quality.tests.world import LONG_AGO, add_goal
from units.models import Unit, UnitPlacement

PARTS = {
    "title": "Barnen har ett rikt språk",
    "expected_result": "Minst 90 procent återberättar en saga",
    "working_method": "Läsning varje dag",
    "resource_use": "Två pedagoger",
    "follow_up": "Maj och oktober",
    "development": "Fler böcker på andra språk",
}


def post(client, name, *args, **fields):
    return client.post(reverse(f"goals:{name}", args=args), {**fields, "form_token": uuid4()})


def test_a_goal_is_written_in_six_parts_saved_opened_again_and_adopted(world, as_persona):
    chief = as_persona("manager")

    saved = post(chief, "new", world.unit.pk, **PARTS, parent=world.board_goal.pk)
    goal = Goal.objects.get(title=PARTS["title"])
    form = chief.get(reverse("goals:edit", args=[goal.pk])).context["form"]
    adopted = post(chief, "adopt", goal.pk, decided_on=timezone.localdate(), revision=1)

    assert saved.url == adopted.url == goal.get_absolute_url()
    assert {part: form[part].value() for part in PARTS} == PARTS
    assert form["parent"].value() == world.board_goal.pk
    reader = as_persona("stranger").get(goal.get_absolute_url())
    assert all(words in reader.content.decode() for words in PARTS.values())


def test_a_title_is_one_line(world, as_persona):
    post(as_persona("manager"), "new", world.unit.pk, title="Barnen\r\n  har \tvänner ")

    assert Goal.objects.filter(title="Barnen har vänner").exists()


def test_the_choices_are_the_boards_goals_of_the_year_grouped_by_the_councils(world, as_persona):
    form = as_persona("manager").get(reverse("goals:new", args=[world.unit.pk])).context["form"]

    groups = dict(list(form.fields["parent"].choices)[1:])
    assert set(groups) == {str(world.area)}
    assert [label for _value, label in groups[str(world.area)]] == [str(world.board_goal)]


def test_a_goal_may_be_planned_for_next_year_but_not_later(world, as_persona):
    chief = as_persona("manager")
    address = reverse("goals:new", args=[world.unit.pk])

    def write(year):
        return chief.post(f"{address}?year={year}", {"title": f"Mål {year}", "form_token": uuid4()})

    assert write(world.year + 1).status_code == 302
    assert Goal.objects.get(title=f"Mål {world.year + 1}").first_year == world.year + 1
    for year in (world.year - 1, world.year + 2):
        refused = write(year)
        # Nothing is saved to another year than the one meant, and nothing written is lost.
        assert not Goal.objects.filter(title=f"Mål {year}").exists()
        assert refused.context["form"].non_field_errors()
        assert refused.context["form"]["title"].value() == f"Mål {year}"
        assert f'action="?year={world.year}"' in refused.content.decode()


def test_what_is_chosen_stays_choosable_after_the_unit_has_moved(world, as_persona):
    other = add_goal(world, "moved", "unit", "UNIT", "other_board_goal", draft=True)
    chief = as_persona("manager")

    form = chief.get(reverse("goals:edit", args=[other.pk])).context["form"]
    saved = post(
        chief, "edit", other.pk, title="Ny text", parent=world.other_board_goal.pk, revision=1
    )

    assert world.other_board_goal in form.fields["parent"].queryset
    assert saved.status_code == 302


def test_a_new_version_keeps_the_old_one_to_read_beside_it(world, as_persona):
    chief = as_persona("manager")
    post(
        chief,
        "change",
        world.unit_goal.pk,
        title="Barnen har vänner",
        parent=world.board_goal.pk,
        reason="Ny plan",
        decided_on=timezone.localdate(),
        revision=1,
    )

    page = as_persona("stranger").get(reverse("goals:versions", args=[world.unit_goal.pk]))

    compared = page.context["rows"][0]
    assert (compared.left, compared.right) == (world.unit_goal.title, "Barnen har vänner")
    assert "Ny plan" in page.content.decode()


def test_a_version_keeps_what_the_goal_also_contributed_to(world, as_persona):
    further = add_goal(world, "further", "board", "BOARD", "area")
    chief = as_persona("manager")
    old = Goal.objects.get(pk=further.pk).title
    fields = {"title": world.unit_goal.title, "decided_on": timezone.localdate()}
    fields |= {"parent": world.board_goal.pk, "reason": "Ny plan"}
    post(chief, "change", world.unit_goal.pk, **fields, contributes_to=further.pk, revision=1)
    # Reworded since: the version says what was said that day.
    Goal.objects.filter(pk=further.pk).update(title="Omskrivet", revision=2)
    post(chief, "change", world.unit_goal.pk, **fields, revision=2)

    client, address = (
        as_persona("stranger"),
        reverse("goals:versions", args=[world.unit_goal.pk]),
    )

    for query, sides in [("", (old, "")), ("?older=1&newer=2", ("", old))]:
        row = client.get(address + query).context["rows"][-1]
        assert (row.left, row.right) == sides


def test_a_goal_is_adopted_with_what_it_contributes_to(world, as_persona):
    chief = as_persona("manager")
    post(
        chief,
        "edit",
        world.unit_draft.pk,
        title="Barnen har vänner",
        contributes_to=[world.board_goal.pk],
        revision=1,
    )

    post(chief, "adopt", world.unit_draft.pk, decided_on=timezone.localdate(), revision=2)

    [version] = Goal.objects.get(pk=world.unit_draft.pk).versions.all()
    assert version.contributes_to == str(world.board_goal)


def test_goals_to_choose_among_come_in_the_order_of_numbers(world, as_persona):
    period = {"first_year": world.year - 3, "last_year": world.year + 1}
    for number in ("1.10", "1.3", "A"):
        add_goal(world, number, "city", "OPERATIONAL_AREA", "orientation", number=number, **period)
        add_goal(world, f"under {number}", "board", "BOARD", number)

    form = as_persona("manager").get(reverse("goals:new", args=[world.unit.pk])).context["form"]

    groups = [group for group, _choices in list(form.fields["parent"].choices)[1:]]
    assert [group.split()[0] for group in groups] == ["1.1", "1.3", "1.10", "A"]
    council = [goal.number for goal in Goal.objects.filter(unit=world.city).from_the_top()]
    assert council == ["1", "1.1", "1.2", "1.3", "1.10", "A"]
    assert [goal.number for goal in council_goals_not_taken_up(world.year)] == ["1.2"]


def test_the_units_under_a_goal_come_in_swedish_order(world, as_persona):
    for number, name in enumerate(["Östan", "Zonen", "Åsen"]):
        unit = Unit.objects.create(code=f"many_{number}", kind=Unit.Kind.UNIT)
        UnitPlacement.objects.create(
            unit=unit, parent=world.department, name=name, starts_on=LONG_AGO
        )
        unit.refresh_from_db()
        world.units[name] = unit
        add_goal(world, f"goal of {name}", name, "UNIT", "board_goal")

    page = as_persona("stranger").get(world.board_goal.get_absolute_url())

    shown = [child.unit.name for child in page.context["page_obj"]]
    assert shown == ["Förskolan Ängen", "Zonen", "Åsen", "Östan"]


def test_the_version_to_compare_can_be_chosen_and_nonsense_falls_back(world, as_persona):
    address = reverse("goals:versions", args=[world.unit_goal.pk])
    client = as_persona("employee")

    for query in ("", "?newer=1&older=1", "?newer=99&older=abc"):
        assert client.get(address + query).context["newer"].number == 1


@pytest.mark.parametrize("name", ["orientation", "area", "board_goal", "unit_goal"])
def test_a_goal_shows_its_thread_up_to_the_council(world, as_persona, name):
    thread = as_persona("stranger").get(world.goals[name].get_absolute_url()).context["thread"]

    lines = ["unit_goal", "board_goal", "area", "orientation"]
    expected = [world.goals[step] for step in lines[lines.index(name) :]]
    # Its own step does not link to the page that one reads already.
    above = [goal.get_absolute_url() for goal in expected[1:]]
    assert [node.url for node in thread] == ["", *above]
    assert thread[0].text == str(expected[0])


def test_a_goal_of_a_closed_unit_can_be_read_but_no_new_one_be_written(world, as_persona):
    yesterday = timezone.localdate() - timedelta(days=1)
    for placement in Unit.objects.get(pk=world.unit.pk).placements.all():
        placement.ends_on = yesterday
        placement.revision += 1
        placement.save()

    assert as_persona("stranger").get(world.unit_goal.get_absolute_url()).status_code == 200
    new = as_persona("manager").get(reverse("goals:new", args=[world.unit.pk]))
    assert new.status_code == 404


def test_a_draft_thrown_away_leads_to_its_unit_and_an_adopted_goal_stays(world, as_persona):
    chief = as_persona("manager")

    gone = post(chief, "discard", world.unit_draft.pk, revision=1)
    kept = post(chief, "discard", world.unit_goal.pk, revision=1)

    assert gone.url == world.unit.get_absolute_url()
    assert kept.status_code == 403
    assert Goal.objects.filter(pk=world.unit_goal.pk).exists()


def test_a_draft_changed_meanwhile_is_not_thrown_away(world, as_persona):
    chief = as_persona("manager")

    answer = post(chief, "discard", world.unit_draft.pk, revision=7)

    assert answer.url == world.unit_draft.get_absolute_url()
    assert Goal.objects.filter(pk=world.unit_draft.pk).exists()


def test_a_boards_goal_has_two_parts_and_is_adopted_with_its_decision(world, as_persona):
    controller = as_persona("controller")
    form = controller.get(reverse("goals:new", args=[world.board.pk])).context["form"]
    today = timezone.localdate()

    without = post(controller, "adopt", world.board_draft.pk, decided_on=today, revision=1)
    adopted = post(
        controller,
        "adopt",
        world.board_draft.pk,
        decided_on=today,
        reference_number="SÖD 2026/7",
        revision=1,
    )

    assert not {"working_method", "resource_use", "follow_up", "development"} & set(form.fields)
    assert "reference_number" in without.context["form"].errors
    assert adopted.status_code == 302
    page = as_persona("stranger").get(world.board_draft.get_absolute_url()).content.decode()
    assert "SÖD 2026/7" in page


def test_an_adopted_goal_cannot_be_adopted_again(world, as_persona):
    answer = as_persona("manager").get(reverse("goals:adopt", args=[world.unit_goal.pk]))

    assert answer.status_code == 302
    assert answer.url == world.unit_goal.get_absolute_url()
