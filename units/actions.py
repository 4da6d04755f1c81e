"""Changes to the organisation that touch more than one row. Each is dated and keeps history."""

from datetime import date, timedelta

from django.db import transaction
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
    if Unit.objects.children_on(unit, after).exists():
        raise OrganisationError(_("Other units lie under this one. Move or close them first."))
    if Employment.objects.active_on(after).filter(unit=unit).exists():
        raise OrganisationError(_("People are still employed in the unit. Move them first."))
    _end(_placement_on(unit, last_day), last_day)
    for role in RoleAssignment.objects.select_for_update().active_on(after).filter(unit=unit):
        _end(role, last_day)


@transaction.atomic
def merge_unit(*, unit: Unit, into: Unit, last_day: date) -> None:
    """Let the unit go up in another: people and sub-units follow, goals and history stay."""
    after = last_day + timedelta(days=1)
    if into == unit or not Unit.objects.active_on(after).filter(pk=into.pk).exists():
        raise OrganisationError(_("Choose another unit, one that exists the day after."))
    for placement in UnitPlacement.objects.active_on(after).filter(parent=unit):
        place_unit(unit=placement.unit, parent=into, name=placement.name, starts_on=after)
    for employment in Employment.objects.select_for_update().active_on(after).filter(unit=unit):
        ends_on = employment.ends_on
        _end(employment, last_day)
        Employment.objects.create(
            person_id=employment.person_id,
            unit=into,
            title=employment.title,
            starts_on=after,
            ends_on=ends_on,
        )
    close_unit(unit=unit, last_day=last_day)
    unit.successor = into
    unit.revision += 1
    unit.save(update_fields=["successor", "revision"])


def _end(row: UnitPlacement | Employment | RoleAssignment, last_day: date) -> None:
    if row.starts_on > last_day:
        raise OrganisationError(
            _("Something that belongs to the unit starts after its last day: {what}.").format(
                what=row
            )
        )
    row.ends_on = last_day
    row.revision += 1
    row.save(update_fields=["ends_on", "revision"])
