"""Who sees what of the talks, said three times: in plain Python here, by `visible_to`, and by the
policies of the database. Whatever happens to people, roles and talks, the three agree."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from dialogues.models import (
    AccessGrant,
    Answer,
    CompetenceNeed,
    Confirmation,
    ExpectationResult,
    Preparation,
    RecordPart,
    Talk,
    TalkVersion,
)
from goals.models import Expectation
from goals.tests.rows import change
from stockholm_quality.tests.world import scene
from stockholm_quality.tests.world_talks import build_talks
from units.models import Delegation, Employment, Role, RoleAssignment, Unit, UnitPlacement, User
from units.wall import acting_as

BY_RULES: list[Any] = [
    *(Talk, Preparation, TalkVersion, ExpectationResult, CompetenceNeed, AccessGrant, Expectation)
]
BY_WALL_ALONE: list[Any] = [RecordPart, Answer]
STEPS = 30
COMPARED = 3


# --- The oracle ----------------------------------------------------------------------------------


@dataclass
class Oracle:
    """All rows as they stand, and the rules of the design over them."""

    today: Any = field(default_factory=timezone.localdate)

    def __post_init__(self) -> None:
        with scene():
            self.units = {unit.pk: unit for unit in Unit.objects.all()}
            self.placements = list(UnitPlacement.objects.all())
            self.roles = [role for role in RoleAssignment.objects.all() if self._runs(role)]
            self.employments = {each.pk: each for each in Employment.objects.all()}
            self.delegations = [each for each in Delegation.objects.all() if self._runs(each)]
            self.rows = {model: list(model.objects.all()) for model in BY_RULES + BY_WALL_ALONE}
            self.answered = set(Confirmation.objects.values_list("version", "party"))
        self.talks = {talk.pk: talk for talk in self.rows[Talk]}
        self.parents = {
            each.unit_id: each.parent_id for each in self.placements if self._runs(each)
        }
        self.expectations = {each.pk: each for each in self.rows[Expectation]}

    def _runs(self, row: Any) -> bool:
        return row.starts_on <= self.today and (row.ends_on is None or row.ends_on >= self.today)

    def line(self, unit: int) -> list[int]:
        """The unit and those above it, as far as the board that it belongs to."""
        if unit not in self.parents:
            return []
        found = [unit]
        while self.units[unit].kind != Unit.Kind.BOARD and self.parents.get(unit):
            unit = self.parents[unit]
            found.append(unit)
        return found

    def _heads(self, person: int, unit: int) -> bool:
        return any(
            role.role == Role.MANAGER and role.unit_id == unit and role.person_id == person
            for role in self.roles
        )

    def _above_in_charge(self, employment: Employment) -> list[set[int]]:
        """The managers of each unit above whatever the employee heads, the nearest first."""
        line = self.line(employment.unit_id)
        headed = [n for n, unit in enumerate(line) if self._heads(employment.person_id, unit)]
        above = line[headed[-1] + 1 :] if headed else line
        found = [
            {r.person_id for r in self.roles if r.unit_id == unit and r.role == Role.MANAGER}
            for unit in above
        ]
        return [managers for managers in found if managers]

    def answers_for(self, person: int) -> set[int]:
        now = {
            pk
            for pk, each in self.employments.items()
            if self._runs(each)
            and each.person_id != person
            and person in next(iter(self._above_in_charge(each)), set())
        }
        found = set(now)
        for _step in range(2):
            now = {
                pk
                for pk, each in self.employments.items()
                if self._ended_with_its_unit(each)
                and any(
                    self.employments[later].person_id == each.person_id
                    and self.employments[later].unit_id == self.units[each.unit_id].successor_id
                    for later in now
                )
            }
            found |= now
        return found

    def _ended_with_its_unit(self, employment: Employment) -> bool:
        ends = employment.ends_on
        if (
            ends is None
            or ends >= self.today
            or self.units[employment.unit_id].successor_id is None
        ):
            return False
        return not any(
            each.unit_id == employment.unit_id and (each.ends_on is None or each.ends_on > ends)
            for each in self.placements
        )

    def stands_in(self, person: int, *, salary: bool = False) -> set[int]:
        found = set()
        for each in self.delegations:
            employment = self.employments[each.employment_id]
            authority = set(self.line(employment.unit_id)[-1:])
            works_there = any(
                own.person_id == person
                and self._runs(own)
                and authority & set(self.line(own.unit_id))
                for own in self.employments.values()
            )
            is_theirs = each.delegate_id == person and (each.covers_salary or not salary)
            if is_theirs and self._runs(employment) and works_there:
                found.add(employment.pk)
        return found

    def may_open(self, person: int, employment: Employment) -> bool:
        if employment.person_id == person:
            return False
        line = self.line(employment.unit_id)
        if any(
            r.person_id == person and r.role == Role.HR and r.unit_id in line for r in self.roles
        ):
            return True
        return any(person in managers for managers in self._above_in_charge(employment))

    # --- What a person sees, table by table ---

    def seen_by(self, person: int) -> dict[Any, set[int]]:
        eyes = _Eyes(self, person)
        tables: dict[Any, Callable[[Any], bool]] = {
            Talk: eyes.head,
            Preparation: eyes.preparation,
            TalkVersion: eyes.version,
            ExpectationResult: lambda row: eyes.meets(row.employment_id),
            CompetenceNeed: lambda row: (
                eyes.meets(row.employment_id) or row.brought_to_id in eyes.answers
            ),
            AccessGrant: eyes.grant,
            Expectation: lambda row: eyes.meets(row.employment_id),
            RecordPart: lambda row: eyes.is_of_two(self.talks[row.talk_id]),
            Answer: eyes.answer,
        }
        return {
            model: {row.pk for row in self.rows[model] if sees(row)}
            for model, sees in tables.items()
        }


class _Eyes:
    def __init__(self, oracle: Oracle, person: int) -> None:
        self.oracle, self.person = oracle, person
        self.answers = oracle.answers_for(person)
        self.named = oracle.stands_in(person)
        self.named_for_salary = oracle.stands_in(person, salary=True)
        self.preparations = {row.pk: row for row in oracle.rows[Preparation]}

    def _stands_in(self, employment: int, *, salary: bool) -> bool:
        return employment in (self.named_for_salary if salary else self.named)

    def meets(self, employment: int) -> bool:
        is_own = self.oracle.employments[employment].person_id == self.person
        return is_own or employment in self.answers or employment in self.named

    def is_of_two(self, talk: Talk) -> bool:
        return talk.employee_id == self.person or (
            talk.holder_id == self.person
            and (
                talk.employment_id in self.answers
                or self._stands_in(talk.employment_id, salary=talk.is_salary_talk)
            )
        )

    def head(self, talk: Talk) -> bool:
        now = timezone.now()
        in_need = any(
            grant.talk_id == talk.pk and grant.reader_id == self.person and grant.ends_at > now
            for grant in self.oracle.rows[AccessGrant]
        )
        return (
            self.is_of_two(talk)
            or talk.employment_id in self.answers
            or talk.brought_to_id in self.answers
            or (
                in_need
                and self.oracle.may_open(self.person, self.oracle.employments[talk.employment_id])
            )
        )

    def preparation(self, row: Preparation) -> bool:
        talk = self.oracle.talks[row.talk_id]
        if row.author_id == self.person:
            return True
        if row.shared_at is None or not self.is_of_two(talk):
            return False
        if talk.employee_id == self.person:
            return talk.employee_ready_at is not None
        return row.party == "EMPLOYEE" and talk.holder_ready_at is not None

    def answer(self, row: Answer) -> bool:
        if row.author_id == self.person:
            return True
        preparation = self.preparations[row.preparation_id]
        is_open = preparation.shared_at is not None and self.preparation(preparation)
        return is_open and not row.is_own_notes

    def version(self, row: TalkVersion) -> bool:
        talk = self.oracle.talks[row.talk_id]
        both = {(row.pk, "EMPLOYEE"), (row.pk, "MANAGER")} <= self.oracle.answered
        return self.is_of_two(talk) or (
            self.head(talk) and row.number <= talk.confirmed_version and both
        )

    def grant(self, row: AccessGrant) -> bool:
        return (
            self.person in {row.reader_id, row.employee_id}
            or row.employment_id in self.answers
            or self._stands_in(row.employment_id, salary=row.kind == "SALARY")
        )


# --- What happens --------------------------------------------------------------------------------


class Chance:
    """What may happen to people, roles and talks; what the database refuses did not happen."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.today = timezone.localdate()
        self.yesterday = self.today - timedelta(days=1)

    def happens(self) -> str:
        event = self.dice.choice(EVENTS)
        try:
            with transaction.atomic(), scene():
                event(self)
                with connection.cursor() as cursor:
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except DatabaseError:
            return ""
        return event.__name__

    def one(self, rows: Iterable[Any]) -> Any:
        return self.dice.choice(list(rows))

    def somebody(self) -> User:
        return self.one(User.objects.order_by("pk"))

    def somewhere(self) -> Unit:
        return self.one(Unit.objects.order_by("pk"))

    def work(self) -> Employment:
        return self.one(Employment.objects.active_on().order_by("pk"))

    def talk(self) -> Talk:
        return self.one(Talk.objects.order_by("pk"))


def hire(chance: Chance) -> None:
    Employment.objects.create(
        person=chance.somebody(), unit=chance.somewhere(), title="Pedagog", starts_on=chance.today
    )


def leave(chance: Chance) -> None:
    change(chance.work(), ends_on=chance.yesterday)


def take_a_role(chance: Chance) -> None:
    RoleAssignment.objects.create(
        person=chance.somebody(),
        unit=chance.somewhere(),
        role=chance.one([Role.MANAGER, Role.MANAGER, Role.HR]),
        starts_on=chance.today,
    )


def lose_a_role(chance: Chance) -> None:
    change(chance.one(RoleAssignment.objects.active_on().order_by("pk")), ends_on=chance.yesterday)


def deputise(chance: Chance) -> None:
    Delegation.objects.create(
        employment=chance.work(),
        delegate=chance.somebody(),
        given_by=chance.somebody(),
        starts_on=chance.today,
        ends_on=chance.today,
        covers_salary=chance.one([True, False]),
    )


def merge(chance: Chance) -> None:
    """A unit with none under it goes on as another from today, with its people."""
    open_units = Unit.objects.filter(placements__in=UnitPlacement.objects.active_on())
    above = UnitPlacement.objects.active_on().exclude(parent=None).values("parent")
    unit = chance.one(open_units.exclude(pk__in=above).order_by("pk"))
    into = chance.one(open_units.exclude(pk=unit.pk).order_by("pk"))
    for placement in unit.placements.active_on():
        change(placement, ends_on=chance.yesterday)
    change(unit, successor=into)
    for employment in Employment.objects.active_on().filter(unit=unit):
        change(employment, ends_on=chance.yesterday)
        Employment.objects.create(
            person=employment.person, unit=into, title=employment.title, starts_on=chance.today
        )


def change_hands(chance: Chance) -> None:
    change(
        chance.one(Talk.objects.exclude(status__in=("HELD", "DOCUMENTED")).order_by("pk")),
        holder=chance.somebody(),
    )


def become_ready(chance: Chance) -> None:
    who = chance.one(["employee_ready_at", "holder_ready_at"])
    change(chance.talk(), **{who: timezone.now()})


def share(chance: Chance) -> None:
    preparation = chance.one(Preparation.objects.filter(shared_at=None).order_by("pk"))
    change(preparation, shared_at=timezone.now())


def bring_along(chance: Chance) -> None:
    talk = chance.one(Talk.objects.filter(confirmed_version__gt=0).order_by("pk"))
    change(talk, brought_to=chance.one(Employment.objects.filter(person=talk.employee)))


def open_in_need(chance: Chance) -> None:
    talk, now = chance.talk(), timezone.now()
    AccessGrant.objects.create(
        employment=talk.employment,
        employee=talk.employee,
        talk=talk,
        kind=talk.kind,
        year=talk.year,
        reader=chance.somebody(),
        reason="Tillsyn",
        opened_at=now - timedelta(days=2),
        ends_at=now + timedelta(days=chance.one([-1, 1])),
    )


EVENTS = [
    *(hire, hire, leave, take_a_role, take_a_role, lose_a_role, deputise, deputise, merge),
    *(change_hands, change_hands, become_ready, share, bring_along, open_in_need),
]


# --- The three -----------------------------------------------------------------------------------


def by_rules(person: User) -> dict[Any, set[int]]:
    """Behind no wall, so that the rules stand alone."""
    with scene():
        return {
            model: set(model.objects.visible_to(person).values_list("pk", flat=True))
            for model in BY_RULES
        }


def by_wall(person: User) -> dict[Any, set[int]]:
    with acting_as(person):
        return {
            model: set(model.objects.values_list("pk", flat=True))
            for model in BY_RULES + BY_WALL_ALONE
        }


def disagreements(people: Iterable[int]) -> list[str]:
    oracle, found = Oracle(), []
    for pk in people:
        person = User.objects.get(pk=pk)
        expected = oracle.seen_by(pk)
        for name, seen in (("rules", by_rules(person)), ("wall", by_wall(person))):
            found += [
                f"{name} of {model.__name__} for {person.account_name}: "
                f"more {sorted(seen[model] - expected[model])}, "
                f"less {sorted(expected[model] - seen[model])}"
                for model in seen
                if seen[model] != expected[model]
            ]
    return found


@pytest.fixture
def talks(world):
    build_talks(world)
    return world


def test_the_three_agree_on_everybody_in_the_world(talks):
    people = list(User.objects.order_by("pk").values_list("pk", flat=True))

    assert disagreements(people) == []
    seen = [Oracle().seen_by(pk) for pk in people]
    assert all(any(each[model] for each in seen) for model in BY_RULES + BY_WALL_ALONE)


def test_a_rule_that_says_more_is_found_out(talks, monkeypatch):
    monkeypatch.setattr(Oracle, "stands_in", lambda self, person, salary=False: set())

    assert disagreements([talks.people["delegate"].pk]) != []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_the_three_agree_whatever_happens(talks, seed):
    chance = Chance(seed)
    happened: list[str] = []
    for _step in range(STEPS):
        happened.append(chance.happens())
        everybody = list(User.objects.order_by("pk").values_list("pk", flat=True))
        people = chance.dice.sample(everybody, COMPARED)
        found = disagreements(people)
        assert not found, "\n".join([*happened, *found])
    assert sum(map(bool, happened)) > STEPS / 3
