"""What a person has to do, gathered from all that they answer for. Constant work, set-based."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dialogues.models import with_acknowledgement
from goals.models import Expectation, Goal, holds_any
from units.models import Employment, Role, RoleAssignment, Unit, User
from units.rules import units_headed_by
from units.sorting import swedish_order

NEXT_YEAR_FROM_MONTH = 11  # from November on next year's goals are to be written
MOST_SHOWN = 5
WITHDRAWAL_TOLD_FOR = timedelta(days=14)


@dataclass(frozen=True)
class Todo:
    text: str
    url: str
    due_text: str = ""
    is_soon: bool = False


def todos_of(user: User, day: date | None = None) -> list[Todo]:
    day = day or timezone.localdate()
    return [
        *_to_know(user, day),
        *_withdrawn(user, day),
        *_to_adopt(user, day),
        *_to_give(user, day),
        *_to_write(user, day),
    ]


def _to_know(user: User, day: date) -> list[Todo]:
    held = Expectation.objects.held_by(user).not_left(day).in_force().from_year(day.year)
    unknown = with_acknowledgement(held).filter(Q(acknowledged_at=None)).order_by("given_at", "pk")
    return [
        Todo(
            _("Read your expectation and say that you know it"),
            expectation.get_absolute_url(),
            _beginning(expectation.text),
        )
        for expectation in unknown[:MOST_SHOWN]
    ]


def _withdrawn(user: User, day: date) -> list[Todo]:
    lately = (
        Expectation.objects.held_by(user)
        .not_left(day)
        .withdrawn()
        .filter(withdrawn_at__date__gt=day - WITHDRAWAL_TOLD_FOR)
    )
    return [
        Todo(
            _("An expectation has been withdrawn: read why"),
            expectation.get_absolute_url(),
            _beginning(expectation.text),
        )
        for expectation in lately.order_by("-withdrawn_at", "pk")[:MOST_SHOWN]
    ]


def _beginning(text: str) -> str:
    return Truncator(Truncator(text).words(14)).chars(110)


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
            f"{goal.unit.name}, {goal.first_year}: {_beginning(goal.title)}",
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
    years = [day.year] + ([day.year + 1] if day.month >= NEXT_YEAR_FROM_MONTH else [])
    own = RoleAssignment.objects.active_on(day).filter(person=user, role=Role.MANAGER)
    # A group without a manager of its own shares the goals of the unit that it lies in.
    headed = units_headed_by(user, day).filter(
        Q(kind__in=[Unit.Kind.DEPARTMENT, Unit.Kind.UNIT])
        | Q(kind=Unit.Kind.GROUP, pk__in=own.values("unit"))
    )
    todos = []
    for year in years:
        has_goals = Goal.objects.for_year(year).filter(unit=OuterRef("pk"))
        for unit in headed.filter(~Exists(has_goals)).in_swedish_order()[:MOST_SHOWN]:
            todos.append(
                Todo(
                    _("Write the unit's goals for {year}").format(year=year),
                    reverse("goals:new", args=[unit.pk]) + f"?year={year}",
                    unit.name,
                )
            )
    return todos
