"""Whom a round of talks includes: everybody it reaches, and what HR should look at first."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dialogues.models import Round, RoundChoice, TalkKind
from units.models import Employment, Leave, Unit, User
from units.nearest import managers_of

NEWLY_HIRED = timedelta(days=90)

Decision = RoundChoice.Decision


class Reason(models.TextChoices):
    """Why somebody is not simply included; the first that holds is where they are listed."""

    NO_MANAGER = "NO_MANAGER", _("Nobody manages them")
    ON_LEAVE = "ON_LEAVE", _("On leave the whole time")
    SEVERAL = "SEVERAL", _("Several employments")
    LEAVES = "LEAVES", _("Leaves before the round ends")
    NEW = "NEW", _("Newly hired")
    PARTLY_AWAY = "PARTLY_AWAY", _("On leave a part of the time")


@dataclass
class Participant:
    """One employment that the round reaches; `decision` is empty until HR has chosen."""

    employment: int
    person: int
    starts_on: date
    ends_on: date | None
    manager: int | None
    reasons: list[Reason] = field(default_factory=list)
    is_in_by_rule: bool = True
    decision: str = ""
    # They take part in a round that has started. Not read from the talks: HR would see who had
    # such a talk before, a first one or one for whoever leaves.
    is_joined: bool = False

    @property
    def is_in(self) -> bool:
        if self.decision:
            return self.decision == Decision.INCLUDE
        return self.is_in_by_rule

    @property
    def waits_for_manager(self) -> bool:
        """Of those who have not come yet, nobody can say who will manage them."""
        return self.is_in and Reason.NO_MANAGER in self.reasons

    @property
    def takes_part(self) -> bool:
        return self.is_in and not self.waits_for_manager

    @property
    def is_left_out(self) -> bool:
        return not self.is_in

    @property
    def needs_choice(self) -> bool:
        """HR has not said whether the rule is right here."""
        return bool(self.reasons) and not self.is_joined and not self.decision

    @property
    def effective(self) -> str:
        return Decision.INCLUDE if self.is_in else Decision.LEAVE_OUT


@dataclass(frozen=True)
class Tally:
    """Of people that the reader may know of."""

    takes_part: int
    needs_choice: int
    left_out: int
    waiting: int
    joined: int


def tally_of(participants: Iterable[Participant]) -> Tally:
    known = list(participants)
    return Tally(
        takes_part=sum(each.takes_part and not each.is_joined for each in known),
        needs_choice=sum(each.needs_choice for each in known),
        left_out=sum(each.is_left_out for each in known),
        waiting=sum(each.waits_for_manager for each in known),
        joined=sum(each.is_joined for each in known),
    )


def participants_of(round_: Round, day: date | None = None) -> list[Participant]:
    """Everybody employed in the round's part while it lasts, from `day` (today) on.

    In a constant number of queries; within `acting_as`.
    """
    today = day or timezone.localdate()
    first = max(today, round_.starts_on)
    last = max(first, round_.ends_on)
    reached = Employment.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=first),
        unit__in=Unit.objects.below(round_.unit, day).values("pk"),
        starts_on__lte=last,
    )
    rows = list(reached.order_by("pk").values_list("pk", "person", "starts_on", "ends_on"))
    managers = managers_of(reached, day)
    found = [
        Participant(pk, person, starts_on, ends_on, managers.get(pk))
        for pk, person, starts_on, ends_on in rows
    ]
    away = _leaves_of([each.employment for each in found], first, last)
    decisions = dict(round_.choices.values_list("employment", "decision"))
    longest_held = _longest_held(found)
    for each in found:
        each.decision = decisions.get(each.employment, "")
        leave = away.get(each.employment, [])
        holds = {
            Reason.NO_MANAGER: each.manager is None and each.starts_on <= today,
            Reason.ON_LEAVE: _covers(
                leave, max(first, each.starts_on), min(last, each.ends_on or last)
            ),
            Reason.SEVERAL: each.person in longest_held,
            Reason.LEAVES: each.ends_on is not None and each.ends_on < last,
            Reason.NEW: each.starts_on >= round_.starts_on - NEWLY_HIRED,
        }
        holds[Reason.PARTLY_AWAY] = bool(leave) and not holds[Reason.ON_LEAVE]
        each.reasons = [reason for reason in Reason if holds[reason]]
        each.is_in_by_rule = not (
            holds[Reason.ON_LEAVE]
            or (holds[Reason.LEAVES] and round_.kind != TalkKind.LEAVING)
            or longest_held.get(each.person, each.employment) != each.employment
        )
        each.is_joined = (
            round_.status != Round.Status.PLANNED
            and each.takes_part
            and each.starts_on <= min(today, round_.ends_on)
        )
    return found


def known_to(user: User, participants: list[Participant]) -> list[Participant]:
    """Without people with protected identity whose name `user` may not see."""
    protected = User.objects.filter(
        has_protected_identity=True, pk__in={each.person for each in participants}
    )
    seen = protected.visible_to(user)
    hidden = set(protected.exclude(pk__in=seen.values("pk")).values_list("pk", flat=True))
    return [each for each in participants if each.person not in hidden]


def _leaves_of(
    employments: list[int], first: date, last: date
) -> dict[int, list[tuple[date, date]]]:
    rows = (
        Leave.objects.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=first),
            employment__in=employments,
            starts_on__lte=last,
        )
        .order_by("starts_on")
        .values_list("employment", "starts_on", "ends_on")
    )
    found: dict[int, list[tuple[date, date]]] = {}
    for employment, starts_on, ends_on in rows:
        found.setdefault(employment, []).append((starts_on, ends_on or last))
    return found


def _covers(leaves: list[tuple[date, date]], first: date, last: date) -> bool:
    """Whether the leaves, in order, hold every day from first to last."""
    day = first
    for starts_on, ends_on in leaves:
        if starts_on > day:
            return False
        day = max(day, ends_on + timedelta(days=1))
    return bool(leaves) and day > last


def _longest_held(participants: list[Participant]) -> dict[int, int]:
    """Of people with several employments: the one held longest."""
    held: dict[int, list[Participant]] = {}
    for each in participants:
        held.setdefault(each.person, []).append(each)
    return {
        person: min(several, key=lambda each: (each.starts_on, each.employment)).employment
        for person, several in held.items()
        if len(several) > 1
    }
