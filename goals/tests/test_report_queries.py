"""The reporting page asks the database as often for two hundred goals as for five."""

import pytest
from django.urls import reverse

from goals.models import Goal, Value
from stockholm_quality.tests.counting import Asked
from stockholm_quality.tests.world import add_goal
from stockholm_quality.tests.world_year import (
    add_activity,
    add_indicator,
    add_report,
    add_target,
)

MOST_QUERIES = 20
FEW, MANY = 5, 200


def _fill(year, numbers):
    for number in numbers:
        name = f"mål-{number}"
        add_goal(year, name, "unit", Goal.Level.UNIT, "board_goal")
        add_indicator(year, name, "unit")
        add_target(year, f"årsmål-{number}", name, name)
        add_activity(year, name, name, "employee")
        Value.objects.create(
            indicator=year.indicators[name],
            unit=year.units["unit"],
            period=year.periods["t2"],
            value=number,
        )


def _pages(year):
    working, accepted = year.reports["working"], year.reports["accepted"]
    year.closures["closure"].delete()
    plan = add_report(year, "plan", "unit", "vp")
    return {
        ("manager", "write"): reverse("goals:report", args=[working.unit_id, working.period_id]),
        ("controller", "look on"): reverse(
            "goals:report", args=[working.unit_id, working.period_id]
        ),
        ("manager", "hand in"): reverse("goals:report_submit", args=[working.pk]),
        ("controller", "read"): reverse("goals:report_read", args=[accepted.pk]),
        ("stranger", "read"): reverse("goals:report_read", args=[accepted.pk]),
        ("manager", "plan"): reverse("goals:report", args=[working.unit_id, plan.period_id]),
    }


def _asked(client, address):
    with Asked() as asked:
        response = client.get(address)
    assert response.status_code == 200
    return len([query for query in asked if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))])


@pytest.mark.parametrize("place", range(6))
def test_the_report_asks_as_often_for_many_goals_as_for_few(year, as_persona, place):
    (who, _what), address = list(_pages(year).items())[place]
    client = as_persona(who)
    _fill(year, range(FEW))
    client.get(address)
    few = _asked(client, address)
    _fill(year, range(FEW, MANY))

    many = _asked(client, address)

    assert few == many
    assert many <= MOST_QUERIES
