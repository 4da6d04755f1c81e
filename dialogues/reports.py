"""How many know their goals. Counted in people, and never so that one of them can be worked out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, OuterRef, Q

from dialogues.models import Acknowledgement
from goals.models import Expectation, holds_any
from goals.rules import FEWEST_IN_A_FIGURE
from units.models import Employment, Role, RoleAssignment, Unit, User
from units.models.people import EmploymentQuerySet
from units.sorting import swedish_order
from units.wall import for_purpose


def with_knowledge(employments: EmploymentQuerySet, year: int) -> EmploymentQuerySet:
    """Annotate `has_expectation` and `knows`: every expectation in force has been acknowledged."""
    held = Expectation.objects.in_force().for_year(year)
    said = Acknowledgement.objects.in_step().filter(expectation=OuterRef("pk"))
    has_unknown = holds_any(held.filter(~Exists(said)))
    return employments.annotate(
        has_expectation=holds_any(held), knows=holds_any(held) & ~has_unknown
    )


@dataclass(frozen=True)
class Knowledge:
    """How many of a manager's own employees have expectations and know them."""

    employed: int
    given: int
    knowing: int


def own_employments(user: User, unit: Unit, day: date | None = None) -> EmploymentQuerySet:
    """Those whose nearest manager is `user`, in the unit and below it."""
    units = Unit.objects.below(unit, day)
    return Employment.objects.managed_by(user, day).filter(unit__in=units)


def knowledge_of_own(user: User, unit: Unit, year: int, day: date | None = None) -> Knowledge:
    """For the manager of the people counted; it is their daily work, so it is not suppressed, but
    `rules.shows_who_knows` says whether names may be tied to it."""
    own = own_employments(user, unit, day)
    counted = with_knowledge(own, year).aggregate(
        employed=Count("pk"),
        given=Count("pk", filter=Q(has_expectation=True)),
        knowing=Count("pk", filter=Q(knows=True)),
    )
    return Knowledge(**counted)


@dataclass(frozen=True)
class UnitKnowledge(Knowledge):
    """The same of all that are employed in one unit."""

    unit_pk: int
    unit_name: str


def knowledge_below(
    unit: Unit, year: int, *, beside: User | None = None, day: date | None = None
) -> list[UnitKnowledge]:
    """One for each unit with at least five employees, in Swedish order. Without the units that
    `beside` heads, whose people are shown to them as their own.

    Smaller units are left out altogether, from the sum as well, and so are people with protected
    identity: what is not in any figure cannot be worked out from a difference between two.
    """
    units = Unit.objects.below(unit, day)
    if beside:
        headed = RoleAssignment.objects.active_on(day).filter(person=beside, role=Role.MANAGER)
        units = units.exclude(pk__in=headed.values("unit"))
    employments = (
        Employment.objects.active_on(day)
        .filter(unit__in=units, person__has_protected_identity=False)
        .order_by()
    )
    rows = (
        with_knowledge(employments, year)
        .values("unit", "unit__name")
        .annotate(
            employed=Count("pk"),
            given=Count("pk", filter=Q(has_expectation=True)),
            knowing=Count("pk", filter=Q(knows=True)),
        )
        .filter(employed__gte=FEWEST_IN_A_FIGURE)
        .order_by(swedish_order("unit__name"), "unit")
        .values_list("employed", "given", "knowing", "unit", "unit__name")
    )
    with for_purpose("figures"):
        return [UnitKnowledge(*row) for row in rows]


def summed(figures: Iterable[Knowledge]) -> Knowledge:
    """All of them together, and nobody who is in none of them."""
    rows = list(figures)
    return Knowledge(
        employed=sum(row.employed for row in rows),
        given=sum(row.given for row in rows),
        knowing=sum(row.knowing for row in rows),
    )
