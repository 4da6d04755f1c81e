"""Competence plans as they are read: one person's over the years, and those of a manager's own
people gathered for planning. Layer: reports. Constant work, however many needs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, Value, When, Window
from django.db.models.functions import Coalesce, TruncMonth
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dialogues.actions.competence import is_later
from dialogues.models import CompetenceNeed, Talk
from dialogues.models.competence import CompetenceNeedQuerySet, origin_words
from dialogues.talk_standing import Names
from goals.models import Expectation
from units.models import Employment, Unit, User
from units.sorting import swedish_order

MOST_NEEDS = 500
_SOURCE = CompetenceNeed.Source
_STATE = CompetenceNeed.State


# --- One person's --------------------------------------------------------------------------------


@dataclass
class Plan:
    """The open needs, those that are due first on top, and the others by the year they ended."""

    open: list[CompetenceNeed]
    earlier: list[tuple[int, list[CompetenceNeed]]]
    left: set[int]  # open ones that nobody but the employee reads since they moved

    @property
    def late(self) -> int:
        return sum(each.is_late_on(timezone.localdate()) for each in self.open)


def own_plan(user: User, day: date | None = None) -> Plan:
    going_on = Employment.objects.filter(person=user).not_left(day)
    return _plan(
        CompetenceNeed.objects.filter(employee=user), going_on.values_list("pk", flat=True)
    )


def plan_of(employment: Employment, user: User, day: date | None = None) -> Plan:
    """What `user` sees of the employee's plan in this employment, with what was brought there."""
    same = Employment.objects.going_on_as(Employment.objects.filter(pk=employment.pk), day)
    needs = CompetenceNeed.objects.visible_to(user, day).filter(
        Q(employment__in=same.order_by().values("pk")) | Q(brought_to=employment)
    )
    return _plan(needs, None)


def _plan(needs: CompetenceNeedQuerySet, going_on: Iterable[int] | None) -> Plan:
    found = with_origin(needs).order_by(F("due_on").asc(nulls_last=True), "pk")[:MOST_NEEDS]
    open_needs = [each for each in found if each.state == _STATE.OPEN]
    ended = [each for each in found if each.state != _STATE.OPEN]
    ended.sort(key=lambda each: (_ended_on(each), each.pk), reverse=True)
    by_year = groupby(ended, key=lambda each: _ended_on(each).year)
    left: set[int] = set()
    if going_on is not None:
        known = set(going_on)
        left = {
            each.pk for each in open_needs if not {each.employment_id, each.brought_to_id} & known
        }
    return Plan(open_needs, [(year, list(each)) for year, each in by_year], left)


def _ended_on(need: CompetenceNeed) -> date:
    return need.done_on or timezone.localdate(need.written_at)


def with_origin(needs: CompetenceNeedQuerySet) -> CompetenceNeedQuerySet:
    """With what a need came from, as far as the reader may see it."""
    return needs.select_related(
        "goal", "expectation__goal", "employment__unit", "brought_to__unit", "employee"
    )


def beginning_of(expectation: Expectation) -> str:
    return Truncator(expectation.text).chars(120)


def seen_talk(need: CompetenceNeed, user: User) -> Talk | None:
    """The talk that the need was seen in, where the reader may open it."""
    if need.talk_id is None:
        return None
    return Talk.objects.visible_to(user).filter(pk=need.talk_id).first()


# --- What has happened to a need -----------------------------------------------------------------

_TOLD = (
    "need", "origin", "activity", "responsible", "due_on", "state", "done_on", "effect",
    "drop_reason", "brought_to",
)  # fmt: skip
_LABELS = {
    "origin": gettext_lazy("comes from"),
    "brought_to": gettext_lazy("taken along to"),
}


@dataclass(frozen=True)
class Happening:
    by: str
    at: Any
    is_first: bool
    changes: list[tuple[str, str, str]]  # label, before, after


def history_of(need: CompetenceNeed, user: User) -> list[Happening]:
    """Who changed what and when, the latest first, as far back as the reader may see."""
    events = list(
        need.events.select_related(
            "written_by", "goal", "expectation", "brought_to__unit"
        ).order_by("pgh_id")[:MOST_NEEDS]
    )
    names = Names(user, [event.written_by for event in events])
    told: list[Happening] = []
    before: dict[str, str] | None = None
    for event in events:
        now = {name: _said(event, name) for name in _TOLD}
        changes = [
            (_label(name), before[name] if before else "", now[name])
            for name in _TOLD
            if (before or {}).get(name, "") != now[name]
        ]
        if changes:
            by = names.of(event.written_by, _("the manager"))
            told.append(Happening(by, event.written_at, before is None, changes))
        before = now
    return told[::-1]


def _label(name: str) -> str:
    if name in _LABELS:
        return capfirst(str(_LABELS[name]))
    return capfirst(str(CompetenceNeed._meta.get_field(name).verbose_name))  # type: ignore[union-attr]


def _said(event: Any, name: str) -> str:
    if name == "origin":
        return origin_words(event)
    if name == "brought_to":
        return str(event.brought_to.unit) if event.brought_to else ""
    if name in {"responsible", "state"}:
        return str(getattr(event, f"get_{name}_display")())
    value = getattr(event, name)
    return date_format(value) if isinstance(value, date) else str(value or "")


# --- What goes along -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Bringable:
    need: CompetenceNeed
    targets: list[Employment]


def bringable_needs(user: User, day: date | None = None) -> list[Bringable]:
    """The open needs that can be taken along, or have been, each with where to."""
    own = list(Employment.objects.filter(person=user).select_related("unit").order_by("-starts_on"))
    needs = with_origin(CompetenceNeed.objects.open().filter(employee=user)).order_by(
        F("due_on").asc(nulls_last=True), "pk"
    )[:MOST_NEEDS]
    found = [
        Bringable(need, [each for each in own if is_later(each, need.employment, day)])
        for need in needs
    ]
    return [each for each in found if each.targets or each.need.brought_to_id]


def bringable_talks(user: User) -> list[Talk]:
    """The answered talks of employments that the person has had before others."""
    own = Employment.objects.filter(person=user)
    later = own.filter(starts_on__gt=OuterRef("employment__starts_on"))
    talks = Talk.objects.filter(
        Q(brought_to__isnull=False) | Exists(later),
        employee=user,
        status__in=[Talk.Status.CONFIRMED, Talk.Status.CLOSED],
    )
    return list(talks.with_people().order_by("-year", "-pk")[:MOST_NEEDS])


# --- A manager's people's, for planning ----------------------------------------------------------

GOAL, MONTH, NAME = "goal", "month", "name"
ORDERS = {
    GOAL: gettext_lazy("Goal"),
    MONTH: gettext_lazy("Month"),
    NAME: gettext_lazy("Name"),
}


@dataclass(frozen=True)
class NeedFilters:
    """How the gathered needs are ordered, and what they are narrowed to."""

    by: str = GOAL
    source: str = ""
    text: str = ""
    is_late: bool = False

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "NeedFilters":
        by, source = asked.get("by", ""), asked.get("source", "")
        return cls(
            by if by in ORDERS else GOAL,
            source if source in _SOURCE.values else "",
            asked.get("text", "").replace("\0", "").strip()[:100],
            bool(asked.get("late")),
        )


def needs_of_unit(user: User, unit: Unit, day: date | None = None) -> CompetenceNeedQuerySet:
    """The open needs of the people in and under the unit whose nearest manager `user` is, each
    with the employment in whose plan it stands there (annotated `in_plan`)."""
    below = Unit.objects.below(unit, day).values("pk")
    managed = Employment.objects.managed_by(user, day).filter(unit__in=below)
    # Asked once: within the large question the database would ask anew for each need.
    own = list(managed.order_by().values_list("pk", flat=True))
    same = Employment.objects.going_on_as(Employment.objects.filter(pk__in=own), day)
    going_on = list(same.order_by().values_list("pk", flat=True))
    needs = CompetenceNeed.objects.open().filter(Q(employment__in=going_on) | Q(brought_to__in=own))
    # The plan that it stands in for this manager.
    brought = When(brought_to__in=own, then=F("brought_to"))
    return needs.annotate(in_plan=Case(brought, default=F("employment")))


@dataclass(frozen=True)
class NeedTally:
    needs: int
    people: int
    late: int
    undated: int
    without_activity: int


def tally_of_needs(needs: CompetenceNeedQuerySet, day: date) -> NeedTally:
    return NeedTally(
        **needs.aggregate(
            needs=Count("pk"),
            people=Count("employee", distinct=True),
            late=Count("pk", filter=Q(due_on__lt=day)),
            undated=Count("pk", filter=Q(due_on=None)),
            without_activity=Count("pk", filter=Q(activity="")),
        )
    )


def narrowed_needs(
    needs: CompetenceNeedQuerySet, filters: NeedFilters, day: date
) -> CompetenceNeedQuerySet:
    """Filtered, in order, each with the size of its group (annotated `group_size`)."""
    if filters.source:
        needs = needs.filter(source=filters.source)
    if filters.is_late:
        needs = needs.filter(due_on__lt=day)
    for word in filters.text.split():
        named = Q(employee__given_name__icontains=word) | Q(employee__family_name__icontains=word)
        needs = needs.filter(named)
    needs = needs.annotate(
        is_late=Q(due_on__lt=day) & Q(due_on__isnull=False),
        # An expectation serves a goal: what is learnt for it is learnt for the goal.
        served=Coalesce("goal", "expectation__goal"),
        served_title=Coalesce("goal__title", "expectation__goal__title"),
        in_month=TruncMonth("due_on"),
        place=Case(
            When(source=_SOURCE.GOAL, then=Value(0)),
            When(source=_SOURCE.EXPECTATION, then=Value(1)),
            default=Value(2),
            output_field=IntegerField(),
        ),
    )
    due = (F("due_on").asc(nulls_last=True), "pk")
    people = (swedish_order("employee__family_name"), swedish_order("employee__given_name"))
    loose = Case(When(served=None, then=F("place")), default=Value(-1))
    groups: dict[str, tuple[list[Any], list[Any]]] = {
        GOAL: (
            [F("served"), loose],
            [swedish_order("served_title").asc(nulls_last=True), "served", loose, *due],
        ),
        MONTH: ([F("is_late"), _month_unless_late()], [*due]),
        NAME: ([F("employee")], [*people, "employee", *due]),
    }
    parts, order = groups[filters.by]
    sized = needs.annotate(group_size=Window(Count("pk"), partition_by=parts))
    return with_origin(sized).order_by(*order)


def _month_unless_late() -> Case:
    return Case(When(is_late=False, then=F("in_month")), default=None)


@dataclass(frozen=True)
class NeedGroup:
    title: str
    size: int
    needs: list[Any]


def in_groups(needs: Iterable[Any], filters: NeedFilters) -> Iterator[NeedGroup]:
    """As they come, in groups; a group that goes over several pages says its whole size."""
    keys = {
        GOAL: lambda need: need.served or -1 - need.place,
        MONTH: lambda need: "late" if need.is_late else need.in_month,
        NAME: lambda need: need.employee_id,
    }
    for _key, group in groupby(needs, key=keys[filters.by]):
        members = list(group)
        first = members[0]
        yield NeedGroup(_title(first, filters.by), first.group_size, members)


def _title(need: Any, by: str) -> str:
    if by == NAME:
        return str(need.employee)
    return _title_of_month(need) if by == MONTH else _title_of_goal(need)


def _title_of_month(need: Any) -> str:
    if need.is_late:
        return _("Past their day")
    if need.in_month is None:
        return _("No day set")
    return capfirst(date_format(need.in_month, "F Y"))


def _title_of_goal(need: Any) -> str:
    if need.served:
        return str(need.served_title)
    if need.source == _SOURCE.OWN_WISH:
        return _("Own wishes")
    return _("{source}, not said which").format(source=_SOURCE(need.source).label)
