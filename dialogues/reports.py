"""How many of their own employees a manager has who know their goals, counted in people. What those
above are told stands in `dialogues.coverage`."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, OuterRef, Q

from dialogues.models import Acknowledgement
from dialogues.rules import shows_who_knows
from goals.models import Expectation, holds_any
from units.models import Employment, Unit, User
from units.models.people import EmploymentQuerySet


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
    """For the manager of the people counted. It is their daily work, so it is not suppressed, but
    `tells_of_own` says whether it may be told, and `rules.shows_who_knows` whether with names."""
    own = own_employments(user, unit, day)
    counted = with_knowledge(own, year).aggregate(
        employed=Count("pk"),
        given=Count("pk", filter=Q(has_expectation=True)),
        knowing=Count("pk", filter=Q(knows=True)),
    )
    return Knowledge(**counted)


def tells_of_own(user: User, own: Knowledge, day: date | None = None) -> bool:
    """Where nobody is named, a number is told of all one's own together and never of some of them:
    that could be a name."""
    if shows_who_knows(user, day):
        return True
    return own.employed == Employment.objects.managed_by(user, day).count()
