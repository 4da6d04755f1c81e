"""The plan year as a line: what is due when, and how far it has come."""

from datetime import date, timedelta

from django.template import Context, Template
from django.urls import reverse

from goals.reports.timeline import TheYear, months_between, position
from stockholm_quality.tests.world import canary
from stockholm_quality.tests.world_year import add_plan_year


def shown(world, who, day):
    template = Template("{% load year_line %}{% year_line the_year %}")
    return template.render(Context({"the_year": TheYear(world.people[who], day)}))


def titles(the_year):
    return [moment.period.title for moment in the_year.moments]


def test_the_line_begins_in_november_before_and_ends_in_january_after(year):
    the_year = TheYear(year.manager, date(year.year, 5, 1))
    months = months_between(the_year.first_day, the_year.last_day)

    assert (months[0], months[-1]) == (date(year.year - 1, 11, 1), date(year.year + 1, 1, 1))
    assert len(months) == 15


def test_a_day_outside_lies_on_the_edge():
    first, last = date(2025, 11, 1), date(2027, 1, 31)

    assert position(date(2020, 1, 1), first, last, 900) == 0
    assert position(date(2030, 1, 1), first, last, 900) == 900
    assert 0 < position(date(2026, 6, 1), first, last, 900) < 900


def test_all_of_the_year_and_the_beginning_of_the_next_in_the_order_of_time(year):
    add_plan_year(year, "next_plan_year", "board", year.year + 1)

    assert titles(TheYear(year.manager, date(year.year, 5, 1))) == [
        f"Verksamhetsplan {year.year}",
        f"Tertialrapport 1 {year.year}",
        f"Tertialrapport 2 {year.year}",
        f"Verksamhetsberättelse {year.year}",
        f"Verksamhetsplan {year.year + 1}",
    ]


def test_last_years_annual_report_is_there_while_it_is_due_this_year(year):
    add_plan_year(year, "last_plan_year", "board", year.year - 1)

    found = titles(TheYear(year.manager, date(year.year, 5, 1)))

    assert found[0] == f"Verksamhetsberättelse {year.year - 1}"
    assert f"Tertialrapport 2 {year.year - 1}" not in found


def test_a_manager_sees_how_far_the_own_unit_has_come(year):
    text = shown(year, "manager", year.periods["t2"].due_on)

    assert reverse("goals:report", args=[year.unit.pk, year.periods["t2"].pk]) in text
    assert "Förskolan Ängen" in text
    assert "Förskolan Backen" not in text
    assert "kanariefågel" not in text.replace(canary("namn-manager"), "")


def test_a_controller_sees_how_many_have_handed_in(year):
    the_year = TheYear(year.controller, year.periods["t2"].due_on)
    t1 = next(m for m in the_year.moments if m.period.pk == year.periods["t1"].pk)

    # The board, the department and its three units; one accepted, and the returned is out again.
    assert (t1.handed_in, t1.to_report) == (1, 5)
    assert reverse("goals:reporting", args=[year.periods["t1"].pk]) in shown(
        year, "controller", year.periods["t2"].due_on
    )


def test_the_line_crosses_no_border(year):
    found = TheYear(year.controller, year.periods["t2"].due_on)

    others = {year.periods["other_t1"].pk, year.periods["other_t2"].pk}
    assert others.isdisjoint(each.period.pk for each in [*found.own, *found.watched])


def test_who_is_neither_manager_nor_controller_asks_nothing(year, django_assert_num_queries):
    year.employee.roles_today  # noqa: B018

    with django_assert_num_queries(0):
        assert titles(TheYear(year.employee)) == []


def test_the_line_takes_two_questions_however_much_there_is(year, django_assert_max_num_queries):
    add_plan_year(year, "next_plan_year", "board", year.year + 1)
    year.controller.roles_today  # noqa: B018

    with django_assert_max_num_queries(2):
        shown(year, "controller", year.periods["t1"].opens_on + timedelta(days=1))


def test_the_start_page_holds_the_line_for_those_who_report(year, as_persona):
    assert 'id="the-year"' in as_persona("manager").get("/").content.decode()
    assert 'id="the-year"' in as_persona("controller").get("/").content.decode()
    assert 'id="the-year"' not in as_persona("employee").get("/").content.decode()
    past = as_persona("manager").get(f"/?year={year.year - 1}").content.decode()
    assert 'id="the-year"' not in past


def test_before_a_year_is_open_it_says_so(world, as_persona):
    assert 'id="the-year"' in as_persona("manager").get("/").content.decode()
