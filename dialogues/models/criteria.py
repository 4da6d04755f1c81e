"""Which pay criteria hold for whom."""

from datetime import date
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone

from dialogues.models.talk import Talk
from dialogues.models.template import CriteriaAcknowledgement, CriteriaSet, TalkKind
from goals.years import year_of_talks
from units.models import Employment, User


def with_criteria(
    employments: "QuerySet[Employment]", year: int, day: date | None = None
) -> "QuerySet[Any]":
    """Each with `criteria_set_id`: of the criteria that hold for it, if HR has published any."""
    applying = CriteriaSet.objects.applying_in(OuterRef("unit"), OuterRef("staff_group"), year, day)
    return employments.annotate(criteria_set_id=Subquery(applying.values("pk")[:1]))


def criteria_of(
    user: User, day: date | None = None, year: int | None = None
) -> "QuerySet[CriteriaSet]":
    """Those that hold for the person, one for each way that they are employed."""
    day = day or timezone.localdate()
    employed = Employment.objects.active_on(day).filter(person=user)
    own = with_criteria(employed, year or day.year, day)
    return CriteriaSet.objects.filter(pk__in=own.values("criteria_set_id"))


def criteria_to_know(user: User, day: date | None = None) -> "QuerySet[CriteriaSet]":
    """Those of this year, of the year whose talks it is time for, and of the years of the salary
    talks that the person is in the middle of."""
    day = day or timezone.localdate()
    years = {day.year, year_of_talks(day)}
    of_years = reduce(or_, (criteria_of(user, day, year) for year in sorted(years)))
    talks = Talk.objects.filter(
        employee=user,
        kind=TalkKind.SALARY,
        employment__in=Employment.objects.active_on(day).filter(person=user),
        status__in=[*Talk.BEFORE, Talk.Status.HELD, Talk.Status.DOCUMENTED],
    )
    applying = CriteriaSet.objects.applying_in(
        OuterRef("employment__unit"), OuterRef("employment__staff_group"), OuterRef("year"), day
    )
    of_talks = talks.annotate(of_talk=Subquery(applying.values("pk")[:1]))
    return of_years | CriteriaSet.objects.filter(pk__in=of_talks.values("of_talk"))


def not_known_by(criteria: "QuerySet[CriteriaSet]", user: User) -> "QuerySet[CriteriaSet]":
    """Those of which the person has not said that they know them."""
    said = CriteriaAcknowledgement.objects.filter(person=user, criteria_set=OuterRef("pk"))
    return criteria.filter(~Exists(said))
