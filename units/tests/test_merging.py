"""Merging and closing units: who follows, what is refused, and that no refusal names anybody."""

from datetime import timedelta

import pytest
from django.utils import timezone

from stockholm_quality.tests.world import LONG_AGO, add_person
from units.actions import OrganisationError, close_unit, merge_unit, place_unit
from units.models import (
    Employment,
    Leave,
    ProtectedIdentityKeeper,
    Role,
    RoleAssignment,
    UnitPlacement,
)


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
    Employment.objects.create(person=person, unit=world.next_unit, title="Kock", starts_on=LONG_AGO)

    merge_unit(unit=world.small_unit, into=world.next_unit, last_day=last_day)

    after = Employment.objects.active_on(last_day + timedelta(days=1)).filter(person=person)
    assert [employment.unit for employment in after] == [world.next_unit]


@pytest.mark.parametrize(("first", "last"), [(-1000, 60), (45, 60), (31, 45), (-1000, -900)])
def test_who_works_only_for_a_while_in_the_unit_that_stays_loses_no_day(world, first, last):
    person, today = world.people["small_employee_0"], timezone.localdate()
    Employment.objects.create(
        person=person,
        unit=world.next_unit,
        title="Kock",
        starts_on=today + timedelta(days=first),
        ends_on=today + timedelta(days=last),
    )

    merge_unit(unit=world.small_unit, into=world.next_unit, last_day=today + timedelta(days=30))

    employments = Employment.objects.filter(person=person, unit=world.next_unit)
    for day in (31, 44, 45, 46, 59, 60, 61, 1000):
        assert employments.active_on(today + timedelta(days=day)).count() == 1, day


def test_nobody_is_moved_to_a_unit_that_ends_before_the_employment(world, last_day):
    UnitPlacement.objects.filter(unit=world.next_unit).update(ends_on=last_day + timedelta(days=90))

    with pytest.raises(OrganisationError):
        merge_unit(unit=world.small_unit, into=world.next_unit, last_day=last_day)

    assert Employment.objects.filter(unit=world.small_unit, ends_on=None).exists()


def test_a_unit_is_not_placed_under_one_that_ends_before_it(world, last_day):
    UnitPlacement.objects.filter(unit=world.next_unit).update(ends_on=last_day)

    with pytest.raises(OrganisationError):
        place_unit(
            unit=world.small_unit,
            parent=world.next_unit,
            name="Under",
            starts_on=timezone.localdate(),
        )


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


def test_a_refusal_tells_nothing_of_whom_one_may_not_see(world, last_day):
    Employment.objects.filter(unit=world.small_unit).update(ends_on=last_day)
    hidden = add_person(world, "hidden", None, has_protected_identity=True)
    Employment.objects.create(
        person=hidden, unit=world.small_unit, title="Kock", starts_on=LONG_AGO
    )
    hr = world.people["hr"]

    def reason():
        with pytest.raises(OrganisationError) as refusal:
            close_unit(unit=world.small_unit, last_day=last_day, by=hr)
        return str(refusal.value)

    untold = reason()
    ProtectedIdentityKeeper.objects.create(
        person=hidden, administrator=hr, starts_on=timezone.localdate()
    )
    told = reason()
    assert untold != told
    with pytest.raises(OrganisationError, match=told):
        close_unit(unit=world.small_unit, last_day=last_day)


# --- What goes along -----------------------------------------------------------------------------


def test_the_staff_group_goes_along(world, last_day):
    employment = world.employments["small_employee_0"]
    employment.staff_group = world.staff_groups["cooks"]
    employment.save()

    merge_unit(unit=world.small_unit, into=world.next_unit, last_day=last_day)

    after = Employment.objects.get(person=employment.person, unit=world.next_unit)
    assert after.staff_group == world.staff_groups["cooks"]


@pytest.mark.parametrize(
    ("first", "last", "before", "after"),
    [
        (-10, None, (-10, 0), (1, None)),
        (-10, 20, (-10, 0), (1, 20)),
        (-10, 0, (-10, 0), None),
        (0, 1, (0, 0), (1, 1)),
        (5, 20, None, (5, 20)),
    ],
)
def test_leave_goes_along_and_loses_no_day(world, last_day, first, last, before, after):  # noqa: PLR0917 - parameters come by name
    def days(numbers):
        return [n if n is None else last_day + timedelta(days=n) for n in numbers]

    employment = world.employments["small_employee_0"]
    starts_on, ends_on = days((first, last))
    Leave.objects.create(employment=employment, starts_on=starts_on, ends_on=ends_on)

    merge_unit(unit=world.small_unit, into=world.next_unit, last_day=last_day)

    there = Employment.objects.get(person=employment.person, unit=world.next_unit)
    for row, expected in ((employment, before), (there, after)):
        found = [[leave.starts_on, leave.ends_on] for leave in row.leaves.all()]
        assert found == ([days(expected)] if expected else [])


def test_leave_of_who_has_not_begun_stays_with_the_employment(world, last_day):
    coming = add_person(world, "coming", None)
    starts_on = last_day + timedelta(days=10)
    employment = Employment.objects.create(
        person=coming, unit=world.small_unit, title="Kock", starts_on=starts_on
    )
    leave = Leave.objects.create(employment=employment, starts_on=starts_on)

    merge_unit(unit=world.small_unit, into=world.next_unit, last_day=last_day)

    assert [kept.pk for kept in employment.leaves.all()] == [leave.pk]
    assert employment.leaves.get().ends_on is None
