"""Changes to the organisation that touch more than one row. Each is dated and keeps history."""

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from units.models import Employment, RoleAssignment, Unit, UnitPlacement


class OrganisationError(Exception):
    """The change cannot be made; the text says why and what to do, in the user's language."""


def _placement_on(unit: Unit, day: date) -> UnitPlacement:
    placement = UnitPlacement.objects.select_for_update().active_on(day).filter(unit=unit).first()
    if placement is None:
        raise OrganisationError(_("The unit does not exist on that day. Choose another day."))
    return placement


@transaction.atomic
def place_unit(*, unit: Unit, parent: Unit | None, name: str, starts_on: date) -> UnitPlacement:
    """Rename or move: from `starts_on` the unit is called `name` and lies under `parent`.

    Raises OrganisationError when later changes are already planned.
    """
    current = _placement_on(unit, starts_on)
    if UnitPlacement.objects.filter(unit=unit, starts_on__gt=starts_on).exists():
        raise OrganisationError(
            _("A later change of this unit is already planned. Change or remove that one first.")
        )
    if current.starts_on == starts_on:
        current.name, current.parent = name, parent
        current.revision += 1
        current.save(update_fields=["name", "parent", "revision"])
        return current
    ends_on = current.ends_on
    _end(current, starts_on - timedelta(days=1))
    return UnitPlacement.objects.create(
        unit=unit, parent=parent, name=name, starts_on=starts_on, ends_on=ends_on
    )


@transaction.atomic
def close_unit(*, unit: Unit, last_day: date) -> None:
    """Let the unit end. Raises OrganisationError while people or units still lie in it."""
    after = last_day + timedelta(days=1)
    placement = _placement_on(unit, last_day)
    if _reaching_past(UnitPlacement.objects.filter(parent=unit), last_day).exists():
        raise OrganisationError(_("Other units lie under this one. Move or close them first."))
    if _reaching_past(Employment.objects.filter(unit=unit), last_day).exists():
        raise OrganisationError(_("People are still employed in the unit. Move them first."))
    later = {"unit": unit, "starts_on__gt": last_day}
    if UnitPlacement.objects.filter(**later).exists():
        raise OrganisationError(
            _("A later change of this unit is already planned. Change or remove that one first.")
        )
    if RoleAssignment.objects.filter(**later).exists():
        raise OrganisationError(
            _("Somebody is to hold a role in the unit after its last day. Change its dates first.")
        )
    _end(placement, last_day)
    for role in RoleAssignment.objects.select_for_update().active_on(after).filter(unit=unit):
        _end(role, last_day)


@transaction.atomic
def merge_unit(*, unit: Unit, into: Unit, last_day: date) -> None:
    """Let the unit go up in another: people and sub-units follow, goals and history stay.

    Who is employed in both already goes on in the one that stays. Raises OrganisationError.
    """
    after = last_day + timedelta(days=1)
    if into == unit or not Unit.objects.active_on(after).filter(pk=into.pk).exists():
        raise OrganisationError(_("Choose another unit, one that exists the day after."))
    for placement in UnitPlacement.objects.active_on(after).filter(parent=unit):
        place_unit(unit=placement.unit, parent=into, name=placement.name, starts_on=after)
    staying = Employment.objects.select_for_update().filter(unit=unit)
    for employment in _reaching_past(staying, last_day):
        _move(employment, into, after)
    close_unit(unit=unit, last_day=last_day)
    unit.successor = into
    unit.revision += 1
    unit.save(update_fields=["successor", "revision"])


def _reaching_past(rows: Any, last_day: date) -> Any:
    return rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=last_day))


def _move(employment: Employment, into: Unit, starts_on: date) -> None:
    """From `starts_on`, or from its own later start, the employment is in `into`."""
    starts_on = max(starts_on, employment.starts_on)
    person, title, ends_on = employment.person_id, employment.title, employment.ends_on
    there = Employment.objects.filter(person=person, unit=into)
    if ends_on:
        there = there.filter(starts_on__lte=ends_on)
    is_there = there.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=starts_on)).exists()
    if employment.starts_on >= starts_on:
        # It had not begun: it begins in the other unit instead.
        if is_there:
            raise OrganisationError(
                _("Somebody is to begin in both units. Change one of the employments first.")
            )
        employment.unit = into
        employment.revision += 1
        employment.save(update_fields=["unit", "revision"])
        return
    _end(employment, starts_on - timedelta(days=1))
    if not is_there:
        Employment.objects.create(
            person_id=person, unit=into, title=title, starts_on=starts_on, ends_on=ends_on
        )


def _end(row: UnitPlacement | Employment | RoleAssignment, last_day: date) -> None:
    row.ends_on = last_day
    row.revision += 1
    row.save(update_fields=["ends_on", "revision"])
