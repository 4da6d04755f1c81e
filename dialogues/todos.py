"""What a person has to do, gathered from all that they answer for. Constant work, set-based."""

from datetime import date, timedelta
from operator import attrgetter
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dialogues.criteria_todos import todos_from_criteria
from dialogues.models import with_acknowledgement
from dialogues.todos_of_access import grants_to_tell
from dialogues.todos_of_competence import todos_of_competence
from dialogues.todos_of_talks import todos_of_talks
from dialogues.todos_of_the_year import MOST_SHOWN, Todo, beginning, todos_of_the_year
from goals.actions.carry_over import undecided
from goals.models import Expectation, Goal, holds_any
from goals.reports.timeline import TheYear
from units.models import Employment, Role, RoleAssignment, Unit, User
from units.rules import units_headed_by
from units.sorting import swedish_order

NEXT_YEAR_FROM_MONTH = 11  # from November on next year's goals are to be written
WITHDRAWAL_TOLD_FOR = timedelta(days=14)
MOST_LOOKED_AT = 100
_COUNCILS = [Goal.Level.ORIENTATION, Goal.Level.OPERATIONAL_AREA]


def todos_of(user: User, day: date | None = None, the_year: TheYear | None = None) -> list[Todo]:
    """What is late first, then what is due soon. `the_year` when the caller has one already."""
    the_year = the_year or TheYear(user, day)
    day = the_year.day
    todos = [
        *grants_to_tell(user, day),
        *todos_of_talks(user, day),
        *_from_expectations(user, day),
        *todos_of_competence(user, day),
        *todos_from_criteria(user, day),
        *todos_of_the_year(the_year),
    ]
    if the_year.takes_part:
        todos += [*_to_adopt(user, day), *_to_give(user, day), *_to_write(user, day)]
    return sorted(todos, key=attrgetter("rank"))


def _from_expectations(user: User, day: date) -> list[Todo]:
    """Those to read, and those that have been withdrawn, in one statement."""
    held = with_acknowledgement(Expectation.objects.held_by(user).not_left(day))
    unknown = (
        held.in_force()
        .from_year(day.year)
        .filter(Q(acknowledged_at=None))
        .order_by("given_at", "pk")
    )
    withdrawn = (
        held.withdrawn()
        .filter(withdrawn_at__date__gt=day - WITHDRAWAL_TOLD_FOR)
        .order_by("-withdrawn_at", "pk")
    )
    found = list(unknown[:MOST_SHOWN].union(withdrawn[:MOST_SHOWN], all=True))
    told = [each for each in found if each.status == Expectation.Status.WITHDRAWN]
    told.sort(key=lambda each: (each.withdrawn_at, -each.pk), reverse=True)
    new = [each for each in found if each.status == Expectation.Status.ACTIVE]
    new.sort(key=attrgetter("given_at", "pk"))
    return [
        *(
            Todo(
                _("Read your expectation and say that you know it"),
                expectation.get_absolute_url(),
                beginning(expectation.text),
            )
            for expectation in new
        ),
        *(
            Todo(
                _("An expectation has been withdrawn: read why"),
                expectation.get_absolute_url(),
                beginning(expectation.text),
            )
            for expectation in told
        ),
    ]


def _to_adopt(user: User, day: date) -> list[Todo]:
    headed = units_headed_by(user, day).values("pk")
    controlled = Unit.objects.in_scope_of(user, Role.CONTROLLER, day=day).values("pk")
    drafts = (
        Goal.objects.drafts()
        .filter(
            Q(unit__in=headed, level=Goal.Level.UNIT)
            | Q(unit__in=controlled, level=Goal.Level.BOARD)
        )
        .select_related("unit")
        .order_by("first_year", "pk")
    )
    return [
        Todo(
            _("Finish and adopt a goal draft"),
            goal.get_absolute_url(),
            f"{goal.unit.name}, {goal.first_year}: {beginning(goal.title)}",
        )
        for goal in drafts[:MOST_SHOWN]
    ]


def _to_give(user: User, day: date) -> list[Todo]:
    has_one = holds_any(Expectation.objects.in_force().for_year(day.year), day)
    without = (
        Employment.objects.managed_by(user, day)
        .filter(~has_one)
        .values_list("unit", "unit__name")
        .order_by(swedish_order("unit__name"), "unit")
    )
    counts: dict[tuple[int, str], int] = {}
    for unit in without:
        counts[unit] = counts.get(unit, 0) + 1
    return [
        Todo(
            ngettext(
                "{count} employee has no expectation for {year}",
                "{count} employees have no expectation for {year}",
                count,
            ).format(count=count, year=day.year),
            reverse("dialogues:people", args=[unit_pk]),
            name,
        )
        for (unit_pk, name), count in list(counts.items())[:MOST_SHOWN]
    ]


def _to_write(user: User, day: date) -> list[Todo]:
    """This year's goals and, from November on, next year's, which begin with this year's."""
    own = RoleAssignment.objects.active_on(day).filter(person=user, role=Role.MANAGER)
    controlled = Unit.objects.in_scope_of(user, Role.CONTROLLER, day=day).values("pk")
    of_unit = Goal.objects.filter(unit=OuterRef("pk"))
    this_years = of_unit.adopted().filter(first_year=day.year).exclude(level__in=_COUNCILS)
    # A group without a manager of its own shares the goals of the unit that it lies in.
    units = (
        Unit.objects.filter(
            Q(pk__in=units_headed_by(user, day).values("pk"))
            & (
                Q(kind__in=[Unit.Kind.DEPARTMENT, Unit.Kind.UNIT])
                | Q(kind=Unit.Kind.GROUP, pk__in=own.values("unit"))
            )
            | Q(kind=Unit.Kind.BOARD, pk__in=controlled)
        )
        .annotate(
            has_this=Exists(of_unit.for_year(day.year)),
            has_next=Exists(of_unit.for_year(day.year + 1)),
            goes_on=Exists(undecided(this_years)),
        )
        .in_swedish_order()
    )
    plans_next = day.month >= NEXT_YEAR_FROM_MONTH
    lacking = Q(has_this=False) & ~Q(kind=Unit.Kind.BOARD)
    if plans_next:
        lacking |= Q(goes_on=True) | (Q(has_next=False) & ~Q(kind=Unit.Kind.BOARD))
    found: list[Any] = list(units.filter(lacking)[:MOST_LOOKED_AT])
    todos = [
        _write_goals(unit, day.year)
        for unit in found
        if not unit.has_this and unit.kind != Unit.Kind.BOARD
    ][:MOST_SHOWN]
    if not plans_next:
        return todos
    to_go_on = [_start_plan(unit, day.year + 1) for unit in found if unit.goes_on]
    to_begin = [
        _write_goals(unit, day.year + 1)
        for unit in found
        if not unit.has_next and not unit.goes_on and unit.kind != Unit.Kind.BOARD
    ]
    return [*todos, *to_go_on[:MOST_SHOWN], *to_begin[:MOST_SHOWN]]


def _write_goals(unit: Unit, year: int) -> Todo:
    return Todo(
        _("Write the unit's goals for {year}").format(year=year),
        reverse("goals:new", args=[unit.pk]) + f"?year={year}",
        unit.name,
    )


def _start_plan(unit: Unit, year: int) -> Todo:
    return Todo(
        _("Start the plan for {year} from this year's goals").format(year=year),
        reverse("goals:carry_over", args=[unit.pk]) + f"?year={year}",
        unit.name,
    )
