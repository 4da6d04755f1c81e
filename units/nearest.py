"""Who manages whom, for many at once: `Employment.objects.managed_by` asked the other way round."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from units.models import Employment, Role, RoleAssignment, UnitLine
from units.models.people import EmploymentQuerySet

# Of each unit the units above it within the authority, itself first.
LinesUp = Mapping[int, Sequence[int]]
# Of each unit its managers, the one who is named first of several first.
Managers = Mapping[int, Sequence[int]]


def managers_of(
    employments: Iterable[Employment] | EmploymentQuerySet, day: date | None = None
) -> dict[int, int]:
    """The manager (User pk) of each employment (pk) on that day; of several on the same level the
    one whose role began first. Who has no manager, or is not employed then, is left out."""
    if isinstance(employments, EmploymentQuerySet):
        keys = employments.order_by().values("pk")
        asked = Employment.objects.filter(pk__in=keys)
    else:
        asked = Employment.objects.filter(pk__in=[employment.pk for employment in employments])
    rows = list(asked.active_on(day).values_list("pk", "unit", "person"))
    lines = lines_up({unit for _pk, unit, _person in rows}, day)
    managers = managers_by_unit({unit for line in lines.values() for unit in line}, day)
    found = {}
    for pk, unit, person in rows:
        at = unit_of_manager(lines.get(unit, ()), person, managers)
        if at is not None:
            found[pk] = managers[at][0]
    return found


def lines_up(units: Iterable[int], day: date | None = None) -> dict[int, list[int]]:
    rows = (
        UnitLine.objects.active_on(day)
        .within_border()
        .filter(descendant__in=set(units))
        .order_by("descendant", "depth")
        .values_list("descendant", "ancestor")
    )
    lines: dict[int, list[int]] = {}
    for unit, above in rows:
        lines.setdefault(unit, []).append(above)
    return lines


def managers_by_unit(units: Iterable[int], day: date | None = None) -> dict[int, list[int]]:
    roles = (
        RoleAssignment.objects.active_on(day)
        .filter(role=Role.MANAGER, unit__in=set(units))
        .order_by("starts_on", "person")
        .values_list("unit", "person")
    )
    managers: dict[int, list[int]] = {}
    for unit, person in roles:
        managers.setdefault(unit, []).append(person)
    return managers


def unit_of_manager(line: Sequence[int], person: int, managers: Managers) -> int | None:
    """The unit from which `person` is managed, along the line up from where they work: the nearest
    with a manager, above all that they head themselves. Pure."""
    headed = [place for place, unit in enumerate(line) if person in managers.get(unit, ())]
    above = line[headed[-1] + 1 :] if headed else line
    return next((unit for unit in above if managers.get(unit)), None)
