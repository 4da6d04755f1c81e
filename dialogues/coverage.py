"""How far the talks of a year have come, in people: for HR and the managers above.

Told as `dialogues.suppression` tells it, and as things stood when yesterday ended. The people are
those who worked in the authority on the first of a month so far, from the autumn when the year's
talks begin; who has left stays counted. Everybody is counted with the manager who knows their talks
by name, so that nobody finds their own employees mixed with others in one number.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from dialogues.models import Acknowledgement, Talk
from dialogues.suppression import Block, Figure, Gathering, Staff, blocks_of, figure_of
from goals.models import Expectation, holds_any
from goals.years import talks_begin_on
from units.models import Employment, Role, RoleAssignment, Unit, UnitLine, User
from units.models.people import EmploymentQuerySet
from units.nearest import unit_of_manager
from units.wall import for_purpose

PREPARED, HELD, CONFIRMED, GIVEN, KNOWING = range(5)
STEPS = 5


@dataclass(frozen=True)
class UnitFigure:
    """`is_own`: of those who are managed from the unit that one looks at, not from below it.
    `leaves_out`: somebody here is in no number; `is_met`: it is because the reader knows some of
    them by name."""

    unit: Unit
    figure: Figure
    is_own: bool = False
    leaves_out: bool = False
    is_met: bool = False


@dataclass(frozen=True)
class Coverage:
    whole: UnitFigure
    parts: list[UnitFigure]
    is_to_come: bool = False


def coverage_of(
    unit: Unit, kind: str, year: int, *, reader: User, day: date | None = None
) -> Coverage:
    """Within `acting_as`, in a constant number of queries."""
    today = day or timezone.localdate()
    children = list(Unit.objects.children_on(unit, day).in_swedish_order())
    if talks_begin_on(year) > today:
        nothing = figure_of(set(), [], STEPS)
        return Coverage(UnitFigure(unit, nothing), [], is_to_come=True)
    place = _Authority(unit, year, today)
    gathering = Gathering()
    for first in place.moments:
        gathering.add(place.staff_on(first))
    blocks = blocks_of(gathering.homes, _reached(place, kind, year, today))
    met = set(Employment.objects.met_by(reader, day).values_list("person", flat=True))
    # Whoever knows some of a block by name could take them from its number.
    mixed = [bool(home.people & met) and not home.people <= met for home in gathering.homes]
    shown = _Shown(place, blocks, mixed)
    parts = [shown.of(unit, {unit.pk}, is_own=True)]
    parts += [shown.of(child, place.below.get(child.pk, {child.pk})) for child in children]
    whole = shown.of(unit, place.below.get(unit.pk, {unit.pk}))
    return Coverage(whole, [part for part in parts if part.figure.people or part.leaves_out])


@dataclass
class _Shown:
    place: "_Authority"
    blocks: list[Block]
    mixed: list[bool]

    def of(self, unit: Unit, units: set[int], *, is_own: bool = False) -> UnitFigure:
        pairs = list(zip(self.blocks, self.mixed, strict=True))
        told = [block for block, is_mixed in pairs if not is_mixed]
        figure = figure_of(units, told, STEPS)
        in_number = {each for block in told if block.units <= units for each in block.units}
        is_met = any(is_mixed and block.units & units for block, is_mixed in pairs)
        elsewhere = set(self.place.managed_from) - in_number
        leaves_out = any(self.place.managed_from[each] & units for each in elsewhere)
        return UnitFigure(unit, figure, is_own, leaves_out, is_met)


class _Authority:
    """The authority that a unit lies in, as it was at each moment of a year's talks so far."""

    def __init__(self, unit: Unit, year: int, today: date) -> None:
        self.first = talks_begin_on(year)
        self.last = min(today, date(year, 12, 31))
        self.moments = list(_firsts_of_months(self.first, self.last))
        lines = UnitLine.objects.within_border()
        self.root: int = (
            lines.active_on(today)
            .filter(descendant=unit)
            .order_by("-depth")
            .values_list("ancestor", flat=True)
            .first()
        ) or unit.pk
        within = self._during(lines).filter(ancestor=self.root)
        self.units = set(within.values_list("descendant", flat=True)) | {unit.pk}
        self.lines = list(
            self._during(lines)
            .filter(descendant__in=self.units)
            .order_by("descendant", "depth")
            .values_list("starts_on", "ends_on", "descendant", "ancestor")
        )
        self.roles = list(
            self._during(RoleAssignment.objects.all())
            .filter(role=Role.MANAGER, unit__in=self.units)
            .values_list("starts_on", "ends_on", "unit", "person")
        )
        self.employed = list(
            self.employments()
            .order_by("starts_on", "pk")
            .values_list("starts_on", "ends_on", "unit", "person")
        )
        self.below = self._below()
        # Where those work who are managed from a unit and head none, at the latest moment asked.
        self.managed_from: dict[int, set[int]] = {}

    def employments(self) -> EmploymentQuerySet:
        found: EmploymentQuerySet = self._during(Employment.objects.all())
        return found.filter(unit__in=self.units, person__has_protected_identity=False)

    def _during(self, rows: Any) -> Any:
        return rows.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=self.first), starts_on__lte=self.last
        )

    def staff_on(self, day: date) -> list[Staff]:
        lines: dict[int, list[int]] = {}
        for unit, above in _on(day, self.lines):
            lines.setdefault(unit, []).append(above)
        managers: dict[int, list[int]] = {}
        for unit, person in _on(day, self.roles):
            managers.setdefault(unit, []).append(person)
        heads = {person for of_unit in managers.values() for person in of_unit}
        people: dict[int, set[int]] = {}
        placed: set[int] = set()
        self.managed_from = {}
        # Of those who head nothing, all of a unit have the same manager.
        of_unit = {unit: unit_of_manager(line, 0, managers) for unit, line in lines.items()}
        for unit, person in _on(day, self.employed):
            line = lines.get(unit, [])
            if person in placed or self.root not in line:
                continue
            placed.add(person)
            is_head = person in heads
            at = unit_of_manager(line, person, managers) if is_head else of_unit[unit]
            people.setdefault(at or self.root, set()).add(person)
            if not is_head:
                self.managed_from.setdefault(at or self.root, set()).add(unit)
        return [
            Staff(unit, tuple(lines.get(unit, [unit])[1:]), members)
            for unit, members in people.items()
        ]

    def _below(self) -> dict[int, set[int]]:
        """Of each unit itself and all below it, those that have closed where they last lay."""
        latest: dict[int, date] = {}
        for _starts, ends_on, unit, _above in self.lines:
            latest[unit] = max(latest.get(unit, date.min), ends_on or date.max)
        below: dict[int, set[int]] = {}
        for _starts, ends_on, unit, above in self.lines:
            if (ends_on or date.max) == latest[unit]:
                below.setdefault(above, set()).add(unit)
        return below


def _firsts_of_months(first: date, last: date) -> Iterator[date]:
    """From `first`, which is one, to `last`."""
    while first <= last:
        yield first
        first = (first + timedelta(days=31)).replace(day=1)


def _on(day: date, rows: Iterable[tuple[date, date | None, int, int]]) -> list[tuple[int, int]]:
    return [
        (one, other)
        for starts_on, ends_on, one, other in rows
        if starts_on <= day and (ends_on is None or ends_on >= day)
    ]


def _reached(place: _Authority, kind: str, year: int, today: date) -> list[set[int]]:
    """Who had come as far as each step when yesterday ended; each step holds the one before it."""
    midnight = timezone.make_aware(datetime.combine(today, time.min))
    confirmed = Q(confirmed_version__gte=1, confirmed_at__lt=midnight)
    held = Q(held_at__lt=midnight) | confirmed
    prepared = Q(employee_ready_at__lt=midnight, holder_ready_at__lt=midnight) | held
    talks = (
        Talk.objects.filter(kind=kind, year=year, employment__unit__in=place.units)
        .exclude(status=Talk.Status.DISCONTINUED)
        .filter(prepared)
        .order_by()
        .annotate(was_held=held, was_confirmed=confirmed)
        .values_list("employee", "was_held", "was_confirmed")
    )
    given = Expectation.objects.in_force().for_year(year).filter(given_at__lt=midnight)
    said = Acknowledgement.objects.in_step().filter(
        expectation=OuterRef("pk"), acknowledged_at__lt=midnight
    )
    expected = (
        place.employments()
        .filter(holds_any(given))
        .order_by()
        .annotate(has_unknown=holds_any(given.filter(~Exists(said))))
        .values_list("person", "has_unknown")
    )
    reached: list[set[int]] = [set() for _step in range(STEPS)]
    with for_purpose("figures"):
        for person, was_held, was_confirmed in talks:
            reached[PREPARED].add(person)
            if was_held:
                reached[HELD].add(person)
            if was_confirmed:
                reached[CONFIRMED].add(person)
        unknown = set()
        for person, has_unknown in expected:
            reached[GIVEN].add(person)
            if has_unknown:
                unknown.add(person)
    reached[KNOWING] = reached[GIVEN] - unknown
    return reached
