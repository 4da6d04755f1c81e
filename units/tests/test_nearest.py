"""Who manages each of many: always the one that the rule names, in as many queries as for one."""

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from stockholm_quality.tests.world import LONG_AGO
from units.models import Employment, Role, RoleAssignment, Unit, UnitPlacement, User
from units.nearest import managers_of

pytestmark = pytest.mark.django_db


def by_the_rule(day=None):
    """Asked one manager at a time: of each employment all who manage it."""
    found = {}
    for manager in User.objects.filter(roles__role=Role.MANAGER).distinct():
        for employment in Employment.objects.managed_by(manager, day):
            found.setdefault(employment.pk, set()).add(manager.pk)
    return found


def assert_held_to_the_rule(day=None):
    rule = by_the_rule(day)
    found = managers_of(Employment.objects.all(), day)

    assert set(found) == set(rule)
    for pk, manager in found.items():
        assert manager in rule[pk]


def test_it_is_the_manager_of_the_rule_for_everybody_in_the_world(world):
    assert_held_to_the_rule()
    assert len(managers_of(Employment.objects.all())) > 15


def test_of_two_managers_of_a_unit_the_one_who_began_first_is_named(world):
    found = managers_of([world.employments["employee"]])

    assert found == {world.employments["employee"].pk: world.people["manager"].pk}


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_manager_of_the_rule_in_any_organisation(db, seed):
    rng = random.Random(seed)
    today = timezone.localdate()
    city = Unit.objects.create(code="STAD", kind=Unit.Kind.CITY)
    UnitPlacement.objects.create(unit=city, name="Staden", starts_on=LONG_AGO)
    units = [city]
    for number in range(25):
        above = rng.choice(units)
        board = number in {0, 9, 15}
        unit = Unit.objects.create(
            code=f"n{number}", kind=Unit.Kind.BOARD if board else Unit.Kind.UNIT
        )
        UnitPlacement.objects.create(
            unit=unit, parent=above, name=f"Enhet {number}", starts_on=LONG_AGO
        )
        units.append(unit)
    people = [
        User.objects.create(account_name=f"p{number}", email=f"p{number}@example.se")
        for number in range(40)
    ]
    for person in people:
        for unit in rng.sample(units, rng.choice([1, 1, 2])):
            ends_on = rng.choice([None, None, today, today - timedelta(days=1)])
            Employment.objects.create(
                person=person, unit=unit, title="Ekonom", starts_on=LONG_AGO, ends_on=ends_on
            )
    for number, unit in enumerate(rng.sample(units, 14)):
        for person in rng.sample(people, rng.choice([1, 1, 2])):
            RoleAssignment.objects.create(
                person=person,
                unit=unit,
                role=Role.MANAGER,
                starts_on=LONG_AGO + timedelta(days=number * 2 + person.pk % 2),
            )

    assert_held_to_the_rule()
    assert_held_to_the_rule(today - timedelta(days=1))


def test_it_asks_as_much_for_many_as_for_one(world, django_assert_num_queries):
    with django_assert_num_queries(3):
        managers_of([world.employments["employee"]])
    with django_assert_num_queries(3):
        managers_of(Employment.objects.all())
