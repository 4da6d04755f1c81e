"""The plan year as a time line: what is due when, how far one's own units have come and, for a
controller, how many have handed in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import cached_property

from goals.models import Closure, Goal, Period, PlanYear, ReminderRecipient, Report
from goals.reports.reporting import State, plan_years_watched_in_part, reporting_days, with_counts
from units.models import Role, RoleAssignment, Unit, UnitLine, User
from units.models.organisation import UnitQuerySet
from units.rules import units_headed_by

REMINDED_FOR = timedelta(days=30)
Status = Report.Status


@dataclass(frozen=True)
class Asked:
    """What is asked of every unit under a plan year, and when."""

    pk: int
    name: str
    kind: str
    year: int
    opens_on: date
    due_on: date

    @property
    def title(self) -> str:
        return f"{self.name} {self.year}"


@dataclass(frozen=True)
class OwnReport:
    """A report that the person writes; `status` is empty before it is begun."""

    period: Asked
    unit: int
    unit_name: str
    status: str
    is_closed: bool
    reminder: str
    version_number: int

    @property
    def is_owed(self) -> bool:
        if self.status == Status.CORRECTING:
            return True
        return not self.is_closed and self.status in {"", Status.BEGUN, Status.RETURNED}

    @property
    def is_handed_in(self) -> bool:
        is_corrected = self.status == Status.CORRECTING and self.version_number > 0
        return is_corrected or self.status in {Status.SUBMITTED, Status.ACCEPTED}


@dataclass(frozen=True)
class Watched:
    """A period in a controller's scope. The counts are None where only a part is theirs."""

    period: Asked
    waiting: int
    to_report: int | None
    handed_in: int | None


@dataclass(frozen=True)
class Moment:
    """A row of the picture: the same thing asked at the same time, by one plan year or more."""

    period: Asked
    own: list[OwnReport] = field(default_factory=list)
    watched: list[Watched] = field(default_factory=list)

    @property
    def handed_in(self) -> int:
        return sum(each.handed_in or 0 for each in self.watched)

    @property
    def to_report(self) -> int:
        return sum(each.to_report or 0 for each in self.watched)


class TheYear:
    """What the year asks of a person: at most two questions to the database, each asked when it is
    first needed, and none for who is neither manager nor controller."""

    def __init__(self, user: User, day: date | None = None) -> None:
        self.user, self.day = user, day or timezone.localdate()
        self.is_controller = user.has_role(Role.CONTROLLER)
        self.takes_part = self.is_controller or user.has_role(Role.MANAGER)

    @cached_property
    def own(self) -> list[OwnReport]:
        """All that the person writes, from last year on, in the order of time."""
        if not self.takes_part:
            return []
        return [
            OwnReport(
                period=_asked(row),
                unit=row["unit"],
                unit_name=row["unit_name"],
                status=row["status"] or "",
                is_closed=row["is_closed"],
                reminder=row["reminder"] or "",
                version_number=row["version"],
            )
            for row in _own_reports(self.user, self.day)
        ]

    @cached_property
    def watched(self) -> list[Watched]:
        if not self.is_controller:
            return []
        return [
            Watched(
                period=_asked(row),
                waiting=row["waiting"],
                to_report=row["to_report"] if row["is_run"] else None,
                handed_in=row["handed_in"] if row["is_run"] else None,
            )
            for row in _watched(self.user, self.day)
        ]

    @cached_property
    def boards_to_review(self) -> list[Report]:
        """The boards' own reports that wait for a controller of the city; one question more."""
        if not self.is_controller:
            return []
        of_the_city = RoleAssignment.objects.active_on(self.day).filter(
            person=self.user, role=Role.CONTROLLER, unit__kind=Unit.Kind.CITY
        )
        waiting = Report.objects.filter(
            Exists(of_the_city), status=Status.SUBMITTED, unit__kind=Unit.Kind.BOARD
        )
        return list(waiting.with_place().order_by("period__due_on", "pk"))

    @property
    def first_day(self) -> date:
        return date(self.day.year - 1, 11, 1)

    @property
    def last_day(self) -> date:
        return date(self.day.year + 1, 1, 31)

    @property
    def moments(self) -> list[Moment]:
        """What is asked between November before the year and January after it: all of the year,
        the end of last year's and the beginning of next year's."""
        found: dict[tuple[Any, ...], Moment] = {}
        everything: list[OwnReport | Watched] = [*self.own, *self.watched]
        for each in everything:
            period = each.period
            if not self._concerns_the_year(period):
                continue
            key = (period.title, period.opens_on, period.due_on)
            moment = found.setdefault(key, Moment(period))
            if isinstance(each, OwnReport):
                moment.own.append(each)
            else:
                moment.watched.append(each)
        return sorted(found.values(), key=lambda moment: (moment.period.due_on, moment.period.pk))

    def _concerns_the_year(self, period: Asked) -> bool:
        if period.year == self.day.year:
            return True
        if period.year < self.day.year:
            return period.due_on.year == self.day.year
        return period.opens_on.year == self.day.year


def units_written_by(user: User, day: date) -> UnitQuerySet:
    """Whose plans and reports the person writes: those of the units they head, the groups with a
    manager or goals of their own, and of the boards they are controller of."""
    headed = units_headed_by(user, day).values("pk")
    boards = Unit.objects.in_scope_of(user, Role.CONTROLLER, day=day).values("pk")
    managed = RoleAssignment.objects.active_on(day).filter(role=Role.MANAGER, unit=OuterRef("pk"))
    has_goals = Goal.objects.adopted().filter(
        unit=OuterRef("pk"), last_year__gte=day.year - 1, first_year__lte=day.year + 1
    )
    return Unit.objects.filter(
        Q(kind__in=[Unit.Kind.DEPARTMENT, Unit.Kind.UNIT], pk__in=headed)
        | Q(Exists(managed) | Exists(has_goals), kind=Unit.Kind.GROUP, pk__in=headed)
        | Q(kind=Unit.Kind.BOARD, pk__in=boards)
    )


_PERIOD = ("pk", "name", "kind", "plan_year__year", "opens_on", "due_on")


def _asked(row: dict[str, Any]) -> Asked:
    return Asked(*(row[name] for name in _PERIOD))


def _of_these_years(day: date) -> Q:
    return Q(plan_year__year__gte=day.year - 1, plan_year__year__lte=day.year + 1)


def _own_reports(user: User, day: date) -> Iterable[dict[str, Any]]:
    lines = UnitLine.objects.active_on(day).within_border()
    mine = lines.filter(descendant__in=units_written_by(user, day).values("pk"))
    # Who has come to the organisation since was not asked.
    then_there = UnitLine.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=OuterRef("asked_on")),
        ancestor=OuterRef("plan_year__unit"),
        descendant=OuterRef("unit"),
        starts_on__lte=OuterRef("asked_on"),
    )
    own_goals = Goal.objects.adopted().filter(
        unit=OuterRef("unit"),
        first_year__lte=OuterRef("plan_year__year"),
        last_year__gte=OuterRef("plan_year__year"),
    )
    own_manager = RoleAssignment.objects.active_on(day).filter(
        unit=OuterRef("unit"), role=Role.MANAGER
    )
    above = lines.filter(descendant=OuterRef(OuterRef("unit")))
    closing = Closure.objects.filter(period=OuterRef("pk")).filter(
        Q(unit=OuterRef("unit")) | Q(with_below=True, unit__in=above.values("ancestor"))
    )
    reports = Report.objects.filter(period=OuterRef("pk"), unit=OuterRef("unit"))
    reminders = ReminderRecipient.objects.filter(
        person=user,
        unit=OuterRef("unit"),
        reminder__period=OuterRef("pk"),
        reminder__sent_at__date__gt=day - REMINDED_FOR,
    ).order_by("-reminder__sent_at", "-pk")
    return (
        Period.objects.filter(_of_these_years(day), plan_year__unit__lines_down__in=mine)
        .annotate(
            unit=F("plan_year__unit__lines_down__descendant"),
            unit_name=F("plan_year__unit__lines_down__descendant__name"),
            unit_kind=F("plan_year__unit__lines_down__descendant__kind"),
            asked_on=reporting_days(day),
        )
        .filter(
            ~Q(unit_kind=Unit.Kind.GROUP) | Exists(own_goals) | Exists(own_manager),
            Exists(then_there),
        )
        .annotate(
            status=Subquery(reports.values("status")[:1]),
            version=Coalesce(Subquery(reports.values("version_number")[:1]), 0),
            is_closed=Exists(closing),
            reminder=Subquery(reminders.values("reminder__text")[:1]),
        )
        .order_by("due_on", "pk", "unit")
        .values(*_PERIOD, "unit", "unit_name", "status", "version", "is_closed", "reminder")
    )


def _watched(user: User, day: date) -> Iterable[dict[str, Any]]:
    scope = Unit.objects.in_scope_of(user, Role.CONTROLLER, day=day)
    run = PlanYear.objects.run_by(user, day)
    in_part = plan_years_watched_in_part(user, day)
    waiting = (
        Report.objects.filter(
            period=OuterRef("pk"), status=Status.SUBMITTED, unit__in=scope.values("pk")
        )
        # Nobody reviews what they have written themselves.
        .exclude(unit__in=units_written_by(user, day).values("pk"))
        .order_by()
        .values("period")
        .annotate(number=Count("pk"))
        .values("number")
    )
    periods = Period.objects.filter(_of_these_years(day)).filter(
        Q(plan_year__in=run.values("pk")) | Q(plan_year__in=in_part.values("pk"))
    )
    plan_unit: Any = OuterRef("plan_year__unit")
    plan_year: Any = OuterRef(OuterRef("plan_year__year"))
    return (
        with_counts(periods, plan_unit, plan_year)
        .annotate(
            waiting=Coalesce(Subquery(waiting), 0),
            is_run=Exists(run.filter(pk=OuterRef("plan_year"))),
        )
        .order_by("due_on", "pk")
        .values(*_PERIOD, "waiting", "is_run", "to_report", "handed_in")
    )


# --- One unit's year ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """A period as one unit has come with it. `state` is empty where the reader may not know more
    than that nothing has been handed in; `leads_to_report` when there is something to open."""

    period: Period
    state: State | None
    is_closed: bool
    leads_to_report: bool
    is_to_write: bool


def steps_of_year(
    unit: Unit, year: int, *, may_write: bool, may_watch: bool, day: date | None = None
) -> list[Step]:
    """The periods that are asked of the unit in the year, in one question to the database."""
    day = day or timezone.localdate()
    reports = Report.objects.filter(period=OuterRef("pk"), unit=unit)
    periods = Period.objects.of_unit(unit, year, day).annotate(
        status=Subquery(reports.values("status")[:1]),
        version=Coalesce(Subquery(reports.values("version_number")[:1]), 0),
        is_closed=Exists(Closure.objects.holding(unit, day).filter(period=OuterRef("pk"))),
    )
    return [_step(row, day, may_write=may_write, may_watch=may_watch) for row in periods]


def _step(row: Any, day: date, *, may_write: bool, may_watch: bool) -> Step:
    is_told = row.version > 0
    sees_work = may_write or may_watch
    state = None
    if sees_work:
        state = State(row.status) if row.status else State.NOT_BEGUN
        if state in {State.NOT_BEGUN, State.BEGUN} and row.is_late_on(day):
            state = State.LATE
    elif is_told:
        state = State.SUBMITTED
    is_being_written = row.status in {None, Status.BEGUN, Status.RETURNED}
    is_to_write = may_write and (
        row.status == Status.CORRECTING
        or (is_being_written and row.is_open_on(day) and not row.is_closed)
    )
    return Step(
        period=row,
        state=state,
        is_closed=row.is_closed,
        leads_to_report=is_told or is_to_write or (sees_work and row.status is not None),
        is_to_write=is_to_write,
    )


# --- The picture -------------------------------------------------------------------------------


def position(day: date, first_day: date, last_day: date, width: int) -> int:
    """How far from the left a day lies in a picture of so many units, within its edges."""
    days = (last_day - first_day).days
    return round(width * min(max((day - first_day).days, 0), days) / days)


def months_between(first_day: date, last_day: date) -> Sequence[date]:
    months, day = [], first_day.replace(day=1)
    while day <= last_day:
        months.append(day)
        day = (day + timedelta(days=32)).replace(day=1)
    return months
