"""Who may what with the organisation. The relations that every other app's rules rest on.

A relation is always between a person and a thing on a day; holding a role somewhere never opens
anything by itself.
"""

from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Subquery

from units.models import (
    Employment,
    ProtectedIdentityKeeper,
    Role,
    RoleAssignment,
    Unit,
    UnitLine,
    User,
)
from units.models.organisation import UnitQuerySet
from units.models.people import MERGERS_FOLLOWED
from units.periods import is_today


def reaches(user: User, unit: Unit, *roles: str, day: date | None = None) -> bool:
    """Whether one of `roles`, held on `unit` or above it within the same authority, reaches it."""
    lines = UnitLine.objects.active_on(day).within_border().filter(descendant=unit)
    return (
        RoleAssignment.objects.active_on(day)
        .filter(person=user, role__in=roles, unit__in=lines.values("ancestor"))
        .exists()
    )


def heads(user: User, unit: Unit, day: date | None = None) -> bool:
    """Whether `user` is the unit's manager: its own or, where it has none, the nearest above."""
    lines = UnitLine.objects.active_on(day).within_border().filter(descendant=unit)
    managers = RoleAssignment.objects.active_on(day).filter(role=Role.MANAGER)
    nearest = (
        lines.filter(ancestor__roles__in=managers)
        .order_by("depth")
        .values_list("ancestor", flat=True)
        .first()
    )
    return nearest is not None and managers.filter(person=user, unit=nearest).exists()


def units_headed_by(user: User, day: date | None = None) -> UnitQuerySet:
    """Where `heads` holds."""
    lines = UnitLine.objects.active_on(day).within_border()
    managers = RoleAssignment.objects.active_on(day).filter(
        role=Role.MANAGER, unit=OuterRef("ancestor")
    )
    nearer = lines.filter(
        Exists(managers), descendant=OuterRef("descendant"), depth__lt=OuterRef("depth")
    )
    mine = lines.filter(Exists(managers.filter(person=user)), ~Exists(nearer))
    return Unit.objects.filter(pk__in=mine.values("descendant"))


def is_manager_of(user: User, employment: Employment, day: date | None = None) -> bool:
    if is_today(day):
        return employment.pk in user.managed_today
    return Employment.objects.managed_by(user, day).filter(pk=employment.pk).exists()


def answers_for(user: User, employment: Employment, day: date | None = None) -> bool:
    """Manages the employment or, when its unit has been merged, the one that it goes on as."""
    if is_today(day):
        return employment.pk in user.answered_for_today
    return Employment.objects.answered_for_by(user, day).filter(pk=employment.pk).exists()


def managers_of(employment: Employment, day: date | None = None) -> list[User]:
    """All for whom `answers_for` holds, in the order of their keys; nobody when the employee has
    left."""
    unit = went_up_in(employment.unit, day)
    now = Employment.objects.active_on(day).filter(person=employment.person_id, unit=unit)
    if not Employment.objects.going_on_as(now, day).filter(pk=employment.pk).exists():
        return []
    lines = UnitLine.objects.active_on(day).within_border().filter(descendant=unit)
    depth = lines.filter(ancestor=OuterRef("unit")).values("depth")[:1]
    roles = (
        RoleAssignment.objects.active_on(day)
        .filter(role=Role.MANAGER, unit__in=lines.values("ancestor"))
        .annotate(depth=Subquery(depth))
        .select_related("person")
    )
    held: list[Any] = list(roles)
    own = max((each.depth for each in held if each.person_id == employment.person_id), default=-1)
    above = [each for each in held if each.depth > own]
    nearest = min((each.depth for each in above), default=None)
    found = {each.person_id: each.person for each in above if each.depth == nearest}
    return [found[pk] for pk in sorted(found)]


def stands_in_with(
    user: User, employment: Employment, *, salary: bool = False, day: date | None = None
) -> bool:
    """Holds the talks with the employee in the manager's place; salary talks only where that has
    been said."""
    if is_today(day):
        covers_salary = user.stood_in_for_today.get(employment.pk)
        return covers_salary is not None and (covers_salary or not salary)
    named = Employment.objects.stood_in_for_by(user, day, salary=salary)
    return named.filter(pk=employment.pk).exists()


def went_up_in(unit: Unit, day: date | None = None) -> Unit:
    """The unit itself or, when it has been merged, the one that its people followed to."""
    for _step in range(MERGERS_FOLLOWED):
        is_open = Unit.objects.active_on(day).filter(pk=unit.pk).exists()
        if is_open or unit.successor is None:
            break
        unit = unit.successor
    return unit


def works_in(user: User, unit: Unit, day: date | None = None) -> bool:
    return Employment.objects.active_on(day).filter(person=user, unit=unit).exists()


def can_see_name(user: User, person: User, day: date | None = None) -> bool:
    """Protected identity: the person, their managers and the HR administrators named for them."""
    if not person.has_protected_identity or user == person:
        return True
    keepers = ProtectedIdentityKeeper.objects.active_on(day)
    if keepers.filter(person=person, administrator=user).exists():
        return True
    return Employment.objects.managed_by(user, day).filter(person=person).exists()


def can_use_admin(user: User) -> bool:
    return user.has_role(Role.HR, Role.SYSTEM_ADMINISTRATOR)


def is_system_administrator(user: User) -> bool:
    return user.has_role(Role.SYSTEM_ADMINISTRATOR)


def can_see_statistics(user: User, unit: Unit, day: date | None = None) -> bool:
    """Managers and HR of the subtree (design, section 4)."""
    return reaches(user, unit, Role.MANAGER, Role.HR, day=day)


def roles_one_may_give(user: User) -> list[str]:
    """HR staffs the line; only a system administrator makes another administrator or HR."""
    if is_system_administrator(user):
        return list(Role.values)
    if user.has_role(Role.HR):
        return [Role.MANAGER, Role.CONTROLLER, Role.REPRESENTATIVE]
    return []
