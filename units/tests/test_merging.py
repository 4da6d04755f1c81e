"""Merging and closing units: who follows, what is refused, and that no refusal names anybody."""

from datetime import timedelta

import pytest
from django.utils import timezone

from stockholm_quality.tests.world import LONG_AGO, add_person
from units.actions import OrganisationError, close_unit, merge_unit
from units.models import Employment, Role, RoleAssignment


@pytest.fixture
def last_day():
    return timezone.localdate() + timedelta(days=30)


def test_people_follow_from_the_day_after(world, last_day):
    merge_unit(unit=world.small_unit, into=world.next_unit, last_day=last_day)

    moved = Employment.objects.filter(person=world.people["small_employee_0"])
    old, new = moved.order_by("starts_on")
    assert (old.unit, old.ends_on) == (world.small_unit, last_day)
    assert (new.unit, new.starts_on, new.ends_on) == (
        world.next_unit,
        last_day + timedelta(days=1),
        None,
    )


def test_who_is_to_begin_later_begins_in_the_other_unit(world, last_day):
    coming = add_person(world, "coming", None)
    starts_on = last_day + timedelta(days=10)
    Employment.objects.create(
        person=coming, unit=world.small_unit, title="Kock", starts_on=starts_on
    )

    merge_unit(unit=world.small_unit, into=world.next_unit, last_day=last_day)

    [employment] = Employment.objects.filter(person=coming)
    assert (employment.unit, employment.starts_on) == (world.next_unit, starts_on)


def test_who_works_in_both_goes_on_in_the_one_that_stays(world, last_day):
    person = world.people["small_employee_0"]
    Employment.objects.create(
        person=person, unit=world.next_unit, title="Kock", starts_on=LONG_AGO
    )

    merge_unit(unit=world.small_unit, into=world.next_unit, last_day=last_day)

    after = Employment.objects.active_on(last_day + timedelta(days=1)).filter(person=person)
    assert [employment.unit for employment in after] == [world.next_unit]


def test_a_unit_that_somebody_is_to_join_later_is_not_closed(world, last_day):
    for employment in Employment.objects.filter(unit=world.small_unit):
        employment.ends_on = last_day
        employment.save()
    coming = add_person(world, "coming", None)
    Employment.objects.create(
        person=coming,
        unit=world.small_unit,
        title="Kock",
        starts_on=last_day + timedelta(days=10),
    )

    with pytest.raises(OrganisationError) as refusal:
        close_unit(unit=world.small_unit, last_day=last_day)

    assert coming.family_name not in str(refusal.value)


def test_a_unit_where_a_role_is_to_begin_later_is_not_closed(world, last_day):
    Employment.objects.filter(unit=world.small_unit).update(ends_on=last_day)
    RoleAssignment.objects.create(
        person=world.people["neighbour"],
        unit=world.small_unit,
        role=Role.MANAGER,
        starts_on=last_day + timedelta(days=1),
    )

    with pytest.raises(OrganisationError) as refusal:
        close_unit(unit=world.small_unit, last_day=last_day)

    assert world.people["neighbour"].family_name not in str(refusal.value)
