"""Who holds talks in whose place, for manager, employee and delegate. Layer: reports."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogues.models import Talk
from dialogues.talk_standing import Names
from units.models import Delegation, Employment, User
from units.models.people import DelegationQuerySet

MOST_SHOWN = 500


@dataclass(frozen=True)
class Named:
    """A delegation with the names that the reader may see."""

    delegation: Delegation
    employee: str
    delegate: str
    given_by: str
    state: str  # running, coming or ended

    @property
    def is_over(self) -> bool:
        return self.state == "ended"


def given_with(user: User, day: date | None = None) -> DelegationQuerySet:
    """Those with the employees of `user`, whoever gave them; the latest last day first."""
    managed = Employment.objects.answered_for_by(user, day).order_by()
    found = Delegation.objects.filter(employment__in=managed.values("pk"))
    return _with_people(found).order_by("-ends_on", "-pk")


def running_or_coming(delegations: DelegationQuerySet, day: date) -> DelegationQuerySet:
    return delegations.filter(ends_on__gte=day).order_by("ends_on", "pk")[:MOST_SHOWN]


def with_me(user: User, day: date) -> DelegationQuerySet:
    """Who may hold talks with `user`, today or later."""
    found = Delegation.objects.filter(employment__person=user, ends_on__gte=day)
    return _with_people(found).order_by("starts_on", "pk")


def in_managers_place(user: User, day: date) -> DelegationQuerySet:
    """With whom `user` holds talks in the manager's place, today or later."""
    going_on = Q(employment__ends_on=None) | Q(employment__ends_on__gte=day)
    found = Delegation.objects.filter(going_on, delegate=user, ends_on__gte=day)
    return _with_people(found).order_by("ends_on", "pk")[:MOST_SHOWN]


def _with_people(delegations: DelegationQuerySet) -> DelegationQuerySet:
    return delegations.select_related(
        "employment__person", "employment__unit", "delegate", "given_by"
    )


def named(delegations: Iterable[Delegation], user: User, day: date) -> list[Named]:
    found = list(delegations)
    people = [
        person
        for each in found
        for person in (each.employment.person, each.delegate, each.given_by)
    ]
    names = Names(user, people)
    return [
        Named(
            each,
            names.of(each.employment.person),
            names.of(each.delegate, _("a delegate")),
            names.of(each.given_by, _("the manager")),
            _state(each, day),
        )
        for each in found
    ]


def _state(delegation: Delegation, day: date) -> str:
    if delegation.ends_on < day:
        return "ended"
    return "running" if delegation.starts_on <= day else "coming"


def who_stands_in(user: User, talk: Talk) -> list[str]:
    """Who beside the manager may hold the talk today, by the names that `user` may see."""
    day = timezone.localdate()
    found = Delegation.objects.in_force(day).filter(employment=talk.employment_id)
    if talk.is_salary_talk:
        found = found.filter(covers_salary=True)
    return [each.delegate for each in named(_with_people(found).order_by("pk"), user, day)]
