"""The plan year on a unit's page, and the way to it in the menu."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from goals.models import Period, Report
from goals.reports.timeline import steps_of_year
from units.models import Unit


def unit_page(world, who, as_persona, unit="unit", year=None):
    address = world.units[unit].get_absolute_url() + (f"?year={year}" if year else "")
    return as_persona(who).get(address).content.decode()


def report_of(world, unit, period):
    return reverse("goals:report", args=[world.units[unit].pk, world.periods[period].pk])


def test_everyone_reaches_what_was_handed_in_and_nothing_of_what_is_being_written(year, as_persona):
    text = unit_page(year, "neighbour", as_persona)

    assert report_of(year, "unit", "t1") in text
    assert report_of(year, "unit", "t2") not in text
    assert as_persona("neighbour").get(report_of(year, "unit", "t1")).status_code in {200, 302}


def test_that_a_report_was_returned_is_told_to_those_who_answer_for_the_unit(year):
    for may_watch, state in [(True, "RETURNED"), (False, "SUBMITTED")]:
        steps = steps_of_year(year.next_unit, year.year, may_write=False, may_watch=may_watch)
        found = next(step for step in steps if step.period == year.periods["t1"])
        assert found.state == state


def test_who_writes_is_led_to_what_is_open_and_not_to_what_is_closed_or_lies_ahead(year):
    day = year.periods["t2"].opens_on
    steps = steps_of_year(year.unit, year.year, may_write=True, may_watch=True, day=day)

    assert {step.period.code: step.is_to_write for step in steps} == {
        "VP": False,
        "T1": False,
        "T2": True,
        "VB": False,
    }
    late = steps_of_year(
        year.unit,
        year.year,
        may_write=True,
        may_watch=True,
        day=year.periods["t2"].due_on + timedelta(days=1),
    )
    assert next(step for step in late if step.period.code == "T2").state == "LATE"


def test_every_link_of_the_panel_opens_for_who_is_shown_it(year, as_persona):
    Period.objects.filter(pk=year.periods["vb"].pk).update(
        opens_on=timezone.localdate() - timedelta(days=1), revision=F("revision") + 1
    )
    Report.objects.filter(pk=year.reports["returned"].pk).update(
        status="CORRECTING", correction_reason="Fel siffra", revision=F("revision") + 1
    )
    for who in ("employee", "manager", "manager_above", "controller", "hr", "stranger"):
        client = as_persona(who)
        for unit in ("unit", "next_unit", "board"):
            text = client.get(year.units[unit].get_absolute_url()).content.decode()
            for period in ("vp", "t1", "t2", "vb"):
                address = report_of(year, unit, period)
                if address in text:
                    assert client.get(address).status_code in {200, 302}, (who, unit, period)
            for name in ("needs", "board_documents", "carry_over"):
                address = reverse(f"goals:{name}", args=[year.units[unit].pk])
                if address in text:
                    assert client.get(address).status_code == 200, (who, unit, name)


@pytest.mark.parametrize(
    ("who", "starts", "watches"),
    [
        ("manager", True, True),
        ("manager_above", False, True),
        ("controller", False, True),
        ("employee", False, False),
        ("hr", False, False),
        ("other_manager", False, False),
        ("other_controller", False, False),
    ],
)
def test_who_starts_next_years_plan_and_who_watches(year, as_persona, who, starts, watches):
    text = unit_page(year, who, as_persona)

    assert (reverse("goals:carry_over", args=[year.unit.pk]) in text) == starts
    assert (reverse("goals:needs", args=[year.unit.pk]) in text) == watches


def test_next_years_plan_is_not_started_from_a_year_gone_by(year, as_persona):
    text = unit_page(year, "manager", as_persona, year=year.year - 1)

    assert reverse("goals:carry_over", args=[year.unit.pk]) not in text


def test_a_unit_without_a_plan_year_says_nothing_of_it_to_others(world, as_persona):
    panel = 'id="plan-and-follow-up"'

    assert panel not in unit_page(world, "employee", as_persona)
    assert panel in unit_page(world, "manager", as_persona)


def test_a_unit_merged_into_another_asks_for_nothing(year):
    Unit.objects.filter(pk=year.next_unit.pk).update(
        successor=year.small_unit, revision=F("revision") + 1
    )
    later = timezone.localdate() + timedelta(days=1)
    year.next_unit.placements.update(ends_on=timezone.localdate(), revision=F("revision") + 1)

    assert steps_of_year(year.next_unit, year.year, may_write=True, may_watch=True, day=later) == []


def places(client, address):
    return client.get(address).context["navigation"]


@pytest.mark.parametrize(
    ("who", "shown"), [("manager", True), ("controller", True), ("employee", False), ("hr", False)]
)
def test_the_year_is_in_the_menu_of_those_who_report(world, as_persona, who, shown):
    urls = [place.url for place in places(as_persona(who), "/")]

    assert (reverse("goals:plan_years") in urls) == shown


def test_the_menu_tells_the_year_from_the_citys_goals(year, as_persona):
    client = as_persona("manager")

    def current(address):
        return [place.url for place in places(client, address) if place.current]

    the_year, goals = reverse("goals:plan_years"), reverse("goals:tree")
    assert current(the_year) == [the_year]
    assert current(reverse("goals:carry_over", args=[year.unit.pk])) == [the_year]
    assert current(reverse("goals:reporting", args=[year.periods["t1"].pk])) == [the_year]
    assert current(goals) == [goals]
    assert current(year.unit_goal.get_absolute_url()) == [goals]
    assert current(reverse("goals:new", args=[year.unit.pk])) == [reverse("units:mine")]
    assert current(year.unit.get_absolute_url()) == [reverse("units:mine")]
    reader = as_persona("employee")
    read = reverse("goals:report_read", args=[year.reports["accepted"].pk])
    assert [place.url for place in places(reader, read) if place.current] == []
