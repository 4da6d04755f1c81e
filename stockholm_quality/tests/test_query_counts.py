"""Every page asks the database as often for a thousand rows as for ten, and never often."""

from datetime import date

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from dialogues.models import Acknowledgement
from goals.models import Expectation, Goal, GoalContribution, GoalVersion
from stockholm_quality.tests.counting import Asked
from stockholm_quality.tests.world import LONG_AGO, scene
from units.models import Employment, Role, RoleAssignment, Unit, UnitPlacement, User

FEW = 10
MOST_QUERIES = 15
MOST_OF_START_PAGES = 20  # which gather what everything asks of a person

# Name of the page, who opens it, and its address in the world.
PAGES = [
    ("start page of an employee", "employee", lambda w: "/"),
    ("start page of a manager", "manager", lambda w: "/"),
    ("start page of a controller", "controller", lambda w: "/"),
    ("start page of an administrator", "administrator", lambda w: "/"),
    ("unit for an employee", "employee", lambda w: reverse("dialogues:unit", args=[w.unit.pk])),
    ("unit for its manager", "manager", lambda w: reverse("dialogues:unit", args=[w.unit.pk])),
    ("unit for HR", "hr", lambda w: reverse("dialogues:unit", args=[w.unit.pk])),
    ("department", "manager_above", lambda w: reverse("dialogues:unit", args=[w.department.pk])),
    ("board", "controller", lambda w: reverse("dialogues:unit", args=[w.board.pk])),
    ("city", "employee", lambda w: reverse("dialogues:unit", args=[w.city.pk])),
    (
        "people for their manager",
        "manager",
        lambda w: reverse("dialogues:people", args=[w.unit.pk]),
    ),
    (
        "people above",
        "manager_above",
        lambda w: reverse("dialogues:people", args=[w.department.pk]),
    ),
    ("units", "employee", lambda w: reverse("units:list")),
    ("units under", "employee", lambda w: f"{reverse('units:list')}?under={w.department.pk}"),
    ("units by name", "employee", lambda w: f"{reverse('units:list')}?text=enhet"),
    ("my unit", "manager", lambda w: reverse("units:mine")),
    ("profile", "manager", lambda w: reverse("profile")),
    ("profile of HR", "hr", lambda w: reverse("profile")),
    ("tree", "employee", lambda w: reverse("goals:tree")),
    ("tree of a board", "employee", lambda w: f"{reverse('goals:tree')}?board={w.board.pk}"),
    ("tree by text", "employee", lambda w: f"{reverse('goals:tree')}?text=barnen"),
    ("loose ends", "manager", lambda w: reverse("goals:loose_ends")),
    ("orientation goal", "employee", lambda w: w.orientation.get_absolute_url()),
    ("council goal", "employee", lambda w: w.area.get_absolute_url()),
    ("board goal", "controller", lambda w: w.board_goal.get_absolute_url()),
    ("unit goal", "employee", lambda w: w.unit_goal.get_absolute_url()),
    ("unit goal for its manager", "manager", lambda w: w.unit_goal.get_absolute_url()),
    ("draft", "manager", lambda w: w.unit_draft.get_absolute_url()),
    ("board draft", "controller", lambda w: w.board_draft.get_absolute_url()),
    ("new goal", "manager", lambda w: reverse("goals:new", args=[w.unit.pk])),
    ("new board goal", "controller", lambda w: reverse("goals:new", args=[w.board.pk])),
    ("edit goal", "manager", lambda w: reverse("goals:edit", args=[w.unit_draft.pk])),
    ("edit board goal", "controller", lambda w: reverse("goals:edit", args=[w.board_draft.pk])),
    ("adopt goal", "manager", lambda w: reverse("goals:adopt", args=[w.unit_draft.pk])),
    ("change goal", "manager", lambda w: reverse("goals:change", args=[w.unit_goal.pk])),
    ("change board goal", "controller", lambda w: reverse("goals:change", args=[w.board_goal.pk])),
    ("versions", "employee", lambda w: reverse("goals:versions", args=[w.unit_goal.pk])),
    ("give", "manager", lambda w: reverse("dialogues:give", args=[w.unit_goal.pk])),
    ("my expectation", "employee", lambda w: w.expectation.get_absolute_url()),
    ("their expectation", "manager", lambda w: w.expectation.get_absolute_url()),
    (
        "edit expectation",
        "manager",
        lambda w: reverse("dialogues:expectation_edit", args=[w.expectation.pk]),
    ),
    (
        "withdraw expectation",
        "manager",
        lambda w: reverse("dialogues:expectation_withdraw", args=[w.expectation.pk]),
    ),
    ("who sees what", "manager", lambda w: reverse("about_access")),
    ("accessibility", "manager", lambda w: reverse("about_accessibility")),
]


@scene()
def fill(world, lot, count):
    """`count` more of everything that a page lists, made with few statements."""
    year, now = world.year, timezone.now()
    goals = {
        name: Goal.objects.bulk_create(
            Goal(
                unit=world.units[unit],
                level=level,
                parent=world.goals[parent],
                number=f"{lot}.{number}" if level == "OPERATIONAL_AREA" else "",
                first_year=world.orientation.first_year if unit == "city" else year,
                last_year=world.orientation.last_year if unit == "city" else year,
                title=f"Barnen trivs {name} {number}",
                status=status,
                adopted_at=now if status == "ADOPTED" else None,
                version_number=1 if status == "ADOPTED" else 0,
                decided_on=date(year, 1, 15),
                reference_number="1.2.1-412",
            )
            for number in range(count)
        )
        for name, unit, level, parent, status in [
            ("area", "city", "OPERATIONAL_AREA", "orientation", "ADOPTED"),
            ("board", "board", "BOARD", "area", "ADOPTED"),
            ("board draft", "board", "BOARD", "area", "DRAFT"),
            ("unit", "unit", "UNIT", "board_goal", "ADOPTED"),
            ("unit draft", "unit", "UNIT", "board_goal", "DRAFT"),
        ]
    }
    GoalContribution.objects.bulk_create(
        GoalContribution(goal=goal, supported=supported)
        for kind, supported in [("unit", world.board_goal), ("board", world.area)]
        for goal in goals[kind]
    )
    GoalContribution.objects.bulk_create(
        GoalContribution(goal=goal, supported=supported)
        for goal in (world.unit_draft, world.unit_goal)
        for supported in goals["board"]
    )
    first = world.unit_goal.versions.count() + 1
    GoalVersion.objects.bulk_create(
        GoalVersion(goal=world.unit_goal, number=first + number, title="x", reason="x", made_at=now)
        for number in range(count)
    )
    units = Unit.objects.bulk_create(
        Unit(code=f"{lot}-{kind}-{number}", kind=kind)
        for kind in ("GROUP", "DEPARTMENT", "UNIT", "BOARD")
        for number in range(count // 4)
    )
    over = {"GROUP": "unit", "DEPARTMENT": "board", "UNIT": "department", "BOARD": "city"}
    UnitPlacement.objects.bulk_create(
        UnitPlacement(
            unit=unit, parent=world.units[over[unit.kind]], name=f"Enhet {unit}", starts_on=LONG_AGO
        )
        for unit in units
    )
    people = User.objects.bulk_create(
        User(
            account_name=f"{lot}{number}",
            email=f"{lot}{number}@example.se",
            given_name="Åsa",
            family_name=f"Öberg {number}",
            password="!",
        )
        for number in range(count)
    )
    employments = Employment.objects.bulk_create(
        Employment(person=person, unit=unit, title="Barnskötare", starts_on=LONG_AGO)
        for number, person in enumerate(people)
        for unit in (world.unit, units[number % len(units)])
    )
    RoleAssignment.objects.bulk_create(
        RoleAssignment(person=world.people[who], unit=unit, role=role, starts_on=LONG_AGO)
        for unit in units
        for who, role in [
            ("manager", Role.MANAGER),
            ("hr", Role.HR),
            ("controller", Role.CONTROLLER),
        ]
    )
    expectations = Expectation.objects.bulk_create(
        Expectation(
            employment=employment,
            goal=world.unit_goal,
            text="Läs varje dag",
            given_at=now,
            given_by=world.people["manager"],
        )
        for employment in [*employments, *[world.employments["employee"]] * count]
    )
    Acknowledgement.objects.bulk_create(
        Acknowledgement(
            expectation=expectation, expectation_version=1, goal_version=1, acknowledged_at=now
        )
        for expectation in expectations[::2]
    )
    for _ in range(min(count, 20)):
        world.expectation.revision += 1
        world.expectation.version_number += 1
        world.expectation.save()


def queries_of_pages(world, as_persona):
    """How many statements each page asks, by its name. Not counted: what marks transactions."""
    asked = {}
    for name, who, address in PAGES:
        client = as_persona(who)
        client.get(reverse("about_access"))  # the first request of a session also writes it
        with Asked() as queries:
            answer = client.get(address(world))
        assert answer.status_code in {200, 302}, (name, answer.status_code)
        statements = [query["sql"].split()[0] for query in queries]
        asked[name] = len([verb for verb in statements if verb not in {"SAVEPOINT", "RELEASE"}])
    return asked


@pytest.mark.parametrize("many", [100, pytest.param(1_000, marks=pytest.mark.slow)])
def test_every_page_asks_seldom_and_as_often_for_many_rows_as_for_few(world, as_persona, many):
    fill(world, "få", FEW)
    of_few = queries_of_pages(world, as_persona)
    fill(world, "många", many - FEW)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as the database does by itself, but not within a transaction
    of_many = queries_of_pages(world, as_persona)

    assert {
        page: (of_few[page], count) for page, count in of_many.items() if count != of_few[page]
    } == {}
    most = {page: MOST_OF_START_PAGES for page in of_many if page.startswith("start page")}
    assert {
        page: count for page, count in of_many.items() if count > most.get(page, MOST_QUERIES)
    } == {}
