"""Lists of talks: one's own over the years, and those with each of one's employees. Layer: reports.

Constant work, however many employees and years.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

from django.core.paginator import Page
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from dialogues.models import Talk, TalkKind
from dialogues.rules import TalkRights
from dialogues.states import Relation
from dialogues.talk_standing import Names, Standing, is_next, of_relation, standings_of
from units.models import Employment, User
from units.models.people import EmploymentQuerySet

MOST_OWN = 150
MOST_LARGE = 4
NONE_YET = "NONE"


@dataclass
class OwnTalks:
    """Those that remain to be finished, and the earlier ones by year, the latest first."""

    current: list[Standing]
    earlier: list[tuple[int, list[Standing]]]


def own_talks(user: User) -> OwnTalks:
    found = list(
        Talk.objects.filter(employee=user).with_people().order_by("-year", "-pk")[:MOST_OWN]
    )
    large = sorted((talk for talk in found if is_next(talk)), key=lambda talk: talk.pk)
    large = large[:MOST_LARGE]
    current = standings_of([TalkRights(user, talk) for talk in large], user, steps=True)
    rest = [TalkRights(user, talk) for talk in found if talk not in large]
    earlier = standings_of(rest, user)
    by_year = groupby(earlier, key=lambda each: each.talk.year)
    return OwnTalks(current, [(year, list(talks)) for year, talks in by_year])


# --- With one's employees ------------------------------------------------------------------------


@dataclass(frozen=True)
class Filters:
    """What the list of employees is narrowed to."""

    year: int
    kind: str = ""
    state: str = ""
    text: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str], year: int) -> "Filters":
        kind, state = asked.get("kind", ""), asked.get("state", "")
        return cls(
            year,
            kind if kind in TalkKind.values else "",
            state if state in {*Talk.Status.values, NONE_YET} else "",
            asked.get("text", "").replace("\0", "").strip()[:100],
        )


@dataclass
class EmployeeRow:
    """An employee with the year's talks, `name` as far as the reader may see it."""

    employment: Employment
    name: str
    is_named: bool  # met in the manager's place
    talks: list[Standing] = field(default_factory=list)

    @property
    def has_yearly(self) -> bool:
        kinds = {each.talk.kind for each in self.talks if each.talk.status != "DISCONTINUED"}
        return TalkKind.EMPLOYEE in kinds


@dataclass(frozen=True)
class Tally:
    """How many employees there are, and how many of them have no talk of the kind yet."""

    employed: int
    without: int


def employees_met(user: User, day: date | None = None) -> EmploymentQuerySet:
    """Those whose nearest manager `user` is, and those met in their manager's place (annotated
    `is_managed`)."""
    managed = Employment.objects.managed_by(user, day).values("pk")
    stood_in_for = Employment.objects.stood_in_for_by(user, day).values("pk")
    found = Employment.objects.filter(Q(pk__in=managed) | Q(pk__in=stood_in_for))
    return found.annotate(is_managed=Q(pk__in=managed))


def narrowed(employments: EmploymentQuerySet, user: User, filters: Filters) -> EmploymentQuerySet:
    talks = _talks_of_row(user, filters)
    if filters.text:
        # A name that one may not see is not found either.
        shown = Q(is_managed=True) | Q(person__has_protected_identity=False)
        for word in filters.text.split():
            named = Q(person__given_name__icontains=word) | Q(person__family_name__icontains=word)
            employments = employments.filter(shown, named)
    if filters.state == NONE_YET:
        wanted = talks.filter(kind=filters.kind or TalkKind.EMPLOYEE)
        return employments.filter(~Exists(wanted.exclude(status=Talk.Status.DISCONTINUED)))
    if filters.state:
        return employments.filter(Exists(talks.filter(status=filters.state)))
    return employments


def tally_of(employments: EmploymentQuerySet, user: User, filters: Filters) -> Tally:
    kind = filters.kind or TalkKind.EMPLOYEE
    of_kind = Filters(filters.year, kind)
    has_one = Exists(_talks_of_row(user, of_kind).exclude(status=Talk.Status.DISCONTINUED))
    counted = employments.annotate(has_one=has_one).aggregate(
        employed=Count("pk"), without=Count("pk", filter=Q(has_one=False))
    )
    return Tally(**counted)


def rows_of(page: Page, user: User, filters: Filters) -> list[EmployeeRow]:
    employments: Sequence[Any] = list(page.object_list)
    shown = [employment.pk for employment in employments]
    going_on = Employment.objects.going_on_as(Employment.objects.filter(pk__in=shown))
    talks = (
        Talk.objects.visible_to(user)
        .filter(Q(employment__in=going_on.values("pk")) | Q(brought_to__in=shown))
        .filter(year=filters.year, **({"kind": filters.kind} if filters.kind else {}))
        .with_people()
        .order_by("pk")
    )
    rights = [_rights(user, talk) for talk in talks]
    people = [employment.person for employment in employments]
    standings = standings_of(rights, user, people=people)
    names = standings[0].names if standings else Names(user, people)
    rows = {
        each.pk: EmployeeRow(each, names.of(each.person), not each.is_managed)
        for each in employments
    }
    of_person = {row.employment.person_id: row for row in rows.values()}
    order = list(TalkKind.values)
    for standing in sorted(standings, key=lambda each: order.index(each.talk.kind)):
        talk = standing.talk
        row = rows.get(talk.employment_id) or rows.get(talk.brought_to_id or 0)
        (row or of_person[talk.employee_id]).talks.append(standing)
    return list(rows.values())


def _rights(user: User, talk: Talk) -> TalkRights:
    """Of the employees of `user`, and of those held in a manager's place: nobody else's are in
    the list."""
    is_holder = talk.holder_id == user.pk
    return of_relation(user, talk, Relation.HOLDER if is_holder else Relation.MANAGER)


def _talks_of_row(user: User, filters: Filters) -> Any:
    """The year's talks with the employee of the outer row, also from before a merger."""
    day = timezone.localdate()
    merged = Q(
        employee=OuterRef("person"),
        employment__ends_on__lt=day,
        employment__unit__successor=OuterRef("unit"),
    )
    talks = Talk.objects.visible_to(user).filter(
        Q(employment=OuterRef("pk")) | merged, year=filters.year
    )
    return talks.filter(kind=filters.kind) if filters.kind else talks


def years_of(year: int, this_year: int) -> list[int]:
    """Next year, this year and the nine before; and whichever is asked for."""
    return sorted({*range(this_year - 9, this_year + 2), year}, reverse=True)


def thread_of_talks(rights: TalkRights) -> list[Talk]:
    """The employee's talks over the years as far as one may see them, the latest first. Talks
    about pay are kept apart from the others."""
    talk = rights.talk
    kinds: Iterable[str] = (
        [TalkKind.SALARY] if talk.is_salary_talk else set(TalkKind.values) - {TalkKind.SALARY}
    )
    talks = Talk.objects.visible_to(rights.user).filter(employee=talk.employee_id, kind__in=kinds)
    if not rights.is_employee:
        talks = talks.filter(
            Q(employment=talk.employment_id) | Q(brought_to__isnull=False) | Q(pk=talk.previous_id)
        )
    return list(talks.order_by("-year", "-pk")[:MOST_OWN])
