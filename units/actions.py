"""Changes to the organisation that touch more than one row, each dated and with its history kept;
and how a new account gets its first password."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from units.models import Employment, Leave, RoleAssignment, Unit, UnitPlacement, User


class OrganisationError(Exception):
    """The change cannot be made; the text says why and what to do, in the user's language."""


def days_left_out(
    starts_on: date, ends_on: date | None, rows: Iterable[Any]
) -> Iterator[tuple[date, date | None]]:
    """The parts of the period, first and last day of each, that no period among `rows` holds."""
    for row in sorted(rows, key=lambda row: row.starts_on):
        if ends_on and row.starts_on > ends_on:
            break
        if row.starts_on > starts_on:
            yield starts_on, row.starts_on - timedelta(days=1)
        if row.ends_on is None:
            return
        starts_on = max(starts_on, row.ends_on + timedelta(days=1))
    if ends_on is None or starts_on <= ends_on:
        yield starts_on, ends_on


def check_above(parent: Unit, starts_on: date, ends_on: date | None) -> None:
    """Raise OrganisationError unless `parent` exists on all days that something lies under it."""
    if next(days_left_out(starts_on, ends_on, parent.placements.all()), None):
        raise OrganisationError(
            _(
                "The unit above does not exist on all the days that this one would lie under it. "
                "Choose another unit above it, or other days."
            )
        )


def _placement_on(unit: Unit, day: date) -> UnitPlacement:
    placement = UnitPlacement.objects.select_for_update().active_on(day).filter(unit=unit).first()
    if placement is None:
        raise OrganisationError(_("The unit does not exist on that day. Choose another day."))
    return placement


@transaction.atomic
def place_unit(*, unit: Unit, parent: Unit | None, name: str, starts_on: date) -> UnitPlacement:
    """Rename or move: from `starts_on` the unit is called `name` and lies under `parent`.

    Raises OrganisationError when later changes are already planned, or when the parent does not
    exist for the whole time.
    """
    current = _placement_on(unit, starts_on)
    if UnitPlacement.objects.filter(unit=unit, starts_on__gt=starts_on).exists():
        raise OrganisationError(
            _("A later change of this unit is already planned. Change or remove that one first.")
        )
    if parent is not None:
        check_above(parent, starts_on, current.ends_on)
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
def close_unit(*, unit: Unit, last_day: date, by: User | None = None) -> None:
    """Let the unit end. Raises OrganisationError while people or units still lie in it.

    With `by`, the reason tells nothing of people whose names that user may not see.
    """
    after = last_day + timedelta(days=1)
    placement = _placement_on(unit, last_day)
    if _reaching_past(UnitPlacement.objects.filter(parent=unit), last_day).exists():
        raise OrganisationError(_("Other units lie under this one. Move or close them first."))
    employed = _reaching_past(Employment.objects.filter(unit=unit), last_day)
    if employed.exists():
        raise _refusal(_("People are still employed in the unit. Move them first."), employed, by)
    later = {"unit": unit, "starts_on__gt": last_day}
    if UnitPlacement.objects.filter(**later).exists():
        raise OrganisationError(
            _("A later change of this unit is already planned. Change or remove that one first.")
        )
    roles_to_come = RoleAssignment.objects.filter(**later)
    if roles_to_come.exists():
        raise _refusal(
            _("Somebody is to hold a role in the unit after its last day. Change its dates first."),
            roles_to_come,
            by,
        )
    _end(placement, last_day)
    for role in RoleAssignment.objects.select_for_update().active_on(after).filter(unit=unit):
        _end(role, last_day)


@transaction.atomic
def merge_unit(*, unit: Unit, into: Unit, last_day: date, by: User | None = None) -> None:
    """Let the unit go up in another: people and sub-units follow, goals and history stay.

    Who is employed in both already goes on in the one that stays, for at least as long as in the
    one that goes. Raises OrganisationError, in words that `by` may read as for `close_unit`.
    """
    after = last_day + timedelta(days=1)
    if into == unit or not Unit.objects.active_on(after).filter(pk=into.pk).exists():
        raise OrganisationError(_("Choose another unit, one that exists the day after."))
    for placement in UnitPlacement.objects.active_on(after).filter(parent=unit):
        place_unit(unit=placement.unit, parent=into, name=placement.name, starts_on=after)
    staying = Employment.objects.select_for_update().filter(unit=unit)
    for employment in _reaching_past(staying, last_day):
        _move(employment, into, after, by)
    close_unit(unit=unit, last_day=last_day, by=by)
    unit.successor = into
    unit.revision += 1
    unit.save(update_fields=["successor", "revision"])


def _reaching_past(rows: Any, last_day: date) -> Any:
    return rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=last_day))


def _refusal(reason: str, stopping: Any, by: User | None) -> OrganisationError:
    """`stopping` are the employments or roles in the way."""
    if by is not None:
        visible = User.objects.visible_to(by).values("pk")
        if not stopping.filter(person__in=visible).exists():
            reason = _("That cannot be done yet. Ask a colleague in HR or a system administrator.")
    return OrganisationError(reason)


def _move(employment: Employment, into: Unit, starts_on: date, by: User | None) -> None:
    """From `starts_on`, or from its own later start, the employment is in `into`."""
    starts_on = max(starts_on, employment.starts_on)
    person, title, ends_on = employment.person_id, employment.title, employment.ends_on
    if next(days_left_out(starts_on, ends_on, into.placements.all()), None):
        raise _refusal(
            _("Somebody is employed for longer than the other unit exists. Choose another unit."),
            Employment.objects.filter(pk=employment.pk),
            by,
        )
    there = Employment.objects.filter(person=person, unit=into, ends_on__isnull=True)
    there |= Employment.objects.filter(person=person, unit=into, ends_on__gte=starts_on)
    missing = list(days_left_out(starts_on, ends_on, there))
    if employment.starts_on >= starts_on:
        # It had not begun: it begins in the other unit instead.
        if missing != [(starts_on, ends_on)]:
            raise _refusal(
                _("Somebody is to begin in both units. Change one of the employments first."),
                Employment.objects.filter(pk=employment.pk),
                by,
            )
        employment.unit = into
        employment.revision += 1
        employment.save(update_fields=["unit", "revision"])
        return
    last_day = starts_on - timedelta(days=1)
    _end(employment, last_day)
    goes_on = [
        Employment.objects.create(
            person_id=person,
            unit=into,
            title=title,
            staff_group_id=employment.staff_group_id,
            starts_on=first,
            ends_on=last,
        )
        for first, last in missing
    ]
    _take_leave_along(employment, last_day, goes_on)


def _take_leave_along(ended: Employment, last_day: date, goes_on: list[Employment]) -> None:
    """Leave ends with the employment and goes on with those that it goes on as."""
    running = Leave.objects.select_for_update().filter(employment=ended)
    for leave in _reaching_past(running, last_day):
        for later in goes_on:
            starts_on = max(leave.starts_on, later.starts_on)
            last_days = [day for day in (leave.ends_on, later.ends_on) if day is not None]
            ends_on = min(last_days, default=None)
            if ends_on is None or starts_on <= ends_on:
                Leave.objects.create(employment=later, starts_on=starts_on, ends_on=ends_on)
        if leave.starts_on > last_day:
            leave.delete()
        else:
            _end(leave, last_day)


def _end(row: UnitPlacement | Employment | Leave | RoleAssignment, last_day: date) -> None:
    row.ends_on = last_day
    row.revision += 1
    row.save(update_fields=["ends_on", "revision"])


def awaits_first_password(person: User) -> bool:
    """Whether the account is open and nobody has ever come in with it."""
    return person.is_active and person.last_login is None and not person.has_usable_password()


def make_first_link(person: User) -> str:
    """The address where the person sets the first password. It works once, for
    PASSWORD_RESET_TIMEOUT, and no earlier one works any longer."""
    person.set_unusable_password()
    person.save(update_fields=["password"])
    key = urlsafe_base64_encode(force_bytes(person.pk))
    return reverse("password_first", args=[key, default_token_generator.make_token(person)])
