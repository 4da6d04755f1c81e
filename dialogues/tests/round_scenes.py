"""Rounds for tests: prepared and started by HR of the administration."""

from datetime import timedelta

from django.utils import timezone

from dialogues.actions.rounds import (
    open_round,
    start_round,
)
from dialogues.models import Talk, TalkKind
from dialogues.participants import participants_of
from stockholm_quality.tests.world import LONG_AGO
from units.models import Employment, Leave, Role, RoleAssignment, Unit, UnitPlacement, User
from units.wall import acting_as, upkeep

TODAY = timezone.localdate


def plan(world, templates, **fields):
    with acting_as(world.hr):
        return open_round(
            by=world.hr,
            **{
                "unit": world.units["board"],
                "kind": TalkKind.EMPLOYEE,
                "year": world.year,
                "template": templates[0].template,
                "manager_template": templates[1].template,
                "starts_on": TODAY(),
                "ends_on": TODAY() + timedelta(days=60),
                **fields,
            },
        )


def included(world, round_, who, day=None):
    with acting_as(world.hr, day):
        found = {each.employment: each for each in participants_of(round_, day)}
    return found[world.employments[who].pk]


def started(world, round_):
    with acting_as(world.hr):
        start_round(round_=round_, by=world.hr)
    return talks_of(round_)


def talks_of(round_):
    with upkeep():
        return {
            talk.employment_id: talk
            for talk in Talk.objects.filter(round=round_).with_people().order_by("pk")
        }


def on_leave(world, who, first, last=None):
    with upkeep():
        return Leave.objects.create(
            employment=world.employments[who], starts_on=first, ends_on=last
        )


@upkeep()
def add_many(world, units, of_each):
    made = Unit.objects.bulk_create(
        Unit(code=f"m{number}", kind=Unit.Kind.UNIT) for number in range(units)
    )
    UnitPlacement.objects.bulk_create(
        UnitPlacement(
            unit=unit, parent=world.units["department"], name=unit.code, starts_on=LONG_AGO
        )
        for unit in made
    )
    people = User.objects.bulk_create(
        User(account_name=f"many-{number}", email=f"many-{number}@example.se")
        for number in range(units * of_each)
    )
    Employment.objects.bulk_create(
        Employment(
            person=person,
            unit=made[number % units],
            title="Barnskötare",
            starts_on=LONG_AGO,
        )
        for number, person in enumerate(people)
    )
    RoleAssignment.objects.bulk_create(
        RoleAssignment(person=people[number], unit=unit, role=Role.MANAGER, starts_on=LONG_AGO)
        for number, unit in enumerate(made)
    )
