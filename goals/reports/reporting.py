"""Who is to report in a period, how far each has come, and whom a reminder goes to."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import models
from django.db.models import Case, Count, Exists, F, FilteredRelation, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce, Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from goals.models import Closure, Goal, Period, PlanYear, Report, ReportStep
from goals.models.plan import PeriodQuerySet, PlanYearQuerySet
from goals.models.report import ReportQuerySet
from units.models import Employment, Role, RoleAssignment, Unit, UnitLine, UnitPlacement, User
from units.models.organisation import UnitLineQuerySet, UnitQuerySet
from units.sorting import swedish_order, swedish_sort_key

WRITES_OR_WATCHES = (Role.MANAGER, Role.CONTROLLER)


class State(models.TextChoices):
    """How far a unit has come with the report of a period, those to look at first."""

    LATE = "LATE", _("Late")
    NOT_BEGUN = "NOT_BEGUN", _("Not begun")
    BEGUN = "BEGUN", _("Begun")
    RETURNED = "RETURNED", _("Returned")
    CORRECTING = "CORRECTING", _("Being corrected")
    SUBMITTED = "SUBMITTED", _("Handed in")
    ACCEPTED = "ACCEPTED", _("Accepted")


# What a unit has yet to hand in; a returned report is with the unit again.
OWING = (State.LATE, State.NOT_BEGUN, State.BEGUN, State.RETURNED)
_HANDED_IN = Q(status__in=[Report.Status.SUBMITTED, Report.Status.ACCEPTED]) | Q(
    status=Report.Status.CORRECTING, version_number__gt=0
)


@dataclass(frozen=True)
class Row:
    """One unit on the reporting board."""

    unit: Unit
    state: State
    is_begun: bool
    is_closed: bool
    step: ReportStep | None
    taken_by: User | None  # nobody where the name may not show


# --- Which years one has to do with ------------------------------------------------------------


def plan_years_of(user: User, day: date | None = None) -> PlanYearQuerySet:
    """Those a person runs, watches or works under: over the units where they are employed or hold
    a role, and below what they answer for; the newest first."""
    roles, employments = _roles_of(user, day), Employment.objects.active_on(day).filter(person=user)
    mine = Q(descendant__in=roles.values("unit")) | Q(descendant__in=employments.values("unit"))
    over_mine = UnitLine.objects.active_on(day).within_border().filter(mine)
    below_mine = Unit.objects.in_scope_of(user, *WRITES_OR_WATCHES, day=day)
    return (
        PlanYear.objects.filter(
            Q(unit__in=over_mine.values("ancestor")) | Q(unit__in=below_mine.values("pk"))
        )
        .select_related("unit")
        .order_by("-year", swedish_order("unit__name"), "pk")
    )


def plan_years_watched_in_part(user: User, day: date | None = None) -> PlanYearQuerySet:
    """Those over a unit that the person answers for."""
    roles = _roles_of(user, day)
    lines = UnitLine.objects.active_on(day).within_border()
    over_mine = lines.filter(descendant__in=roles.values("unit"))
    return PlanYear.objects.filter(unit__in=over_mine.values("ancestor"))


def _roles_of(user: User, day: date | None = None) -> Any:
    return RoleAssignment.objects.active_on(day).filter(person=user, role__in=WRITES_OR_WATCHES)


def units_to_open_for(user: User, day: date | None = None) -> UnitQuerySet:
    """Boards and departments whose year the person may open."""
    return (
        Unit.objects.in_scope_of(user, Role.CONTROLLER, day=day)
        .active_on(day)
        .filter(kind__in=[Unit.Kind.BOARD, Unit.Kind.DEPARTMENT])
        .in_swedish_order()
    )


# --- Who is to report --------------------------------------------------------------------------


def reporting_day(period: Period) -> date:
    """The day whose organisation reports: the period's last, of a plan the day when it is due, or,
    until then, today."""
    return min(timezone.localdate(), period.due_on if period.is_plan else period.ends_on)


def reporting_days(day: date) -> Least:
    """The same of many periods, each with its own."""
    last = Case(When(kind=Period.Kind.PLAN, then=F("due_on")), default=F("ends_on"))
    return Least(models.Value(day), last)


def units_that_report(period: Period) -> UnitQuerySet:
    """Boards, departments and units under the plan year's unit, and such groups as have goals or
    a manager of their own. A unit merged during the period is gone from it, and so is one that
    has gone since without having reported: nobody could do it."""
    day = reporting_day(period)
    reports = Report.objects.filter(period=period)
    lines = _reporting_lines(period.plan_year.unit, period.plan_year.year, day, day, reports)
    return Unit.objects.filter(pk__in=lines.values("descendant"))


def _reporting_lines(
    unit: Unit, year: int, day: Any, day_inside: Any, reports: ReportQuerySet
) -> UnitLineQuerySet:
    """From `unit` to each below it that reports. `day` is a date or a reference to one, and
    `day_inside` the same as seen from a query within; `reports` are those of the period."""
    own_goals = Goal.objects.filter(
        unit=OuterRef("descendant"),
        status=Goal.Status.ADOPTED,
        first_year__lte=year,
        last_year__gte=year,
    )
    own_manager = RoleAssignment.objects.filter(_holds(day_inside)).filter(
        unit=OuterRef("descendant"), role=Role.MANAGER
    )
    still_there = UnitPlacement.objects.active_on().filter(unit=OuterRef("descendant"))
    has_reported = reports.submitted().filter(unit=OuterRef("descendant"))
    return (
        UnitLine.objects.filter(_holds(day))
        .within_border()
        .filter(Exists(still_there) | Exists(has_reported), ancestor=unit)
        .filter(~Q(descendant__kind=Unit.Kind.GROUP) | Exists(own_goals) | Exists(own_manager))
    )


def _holds(day: Any) -> Q:
    return Q(starts_on__lte=day) & (Q(ends_on__isnull=True) | Q(ends_on__gte=day))


def units_answered_for(user: User, period: Period) -> UnitQuerySet:
    """Those of `units_that_report` that the person answers for: what they see of the reporting
    who may not watch all of it."""
    lines = UnitLine.objects.active_on(reporting_day(period)).within_border()
    lines = lines.filter(ancestor__in=_roles_of(user).values("unit"))
    return units_that_report(period).filter(pk__in=lines.values("descendant"))


def with_counts(periods: PeriodQuerySet, unit: Unit, year: int) -> PeriodQuerySet:
    """Each period with `to_report`, `handed_in` and `missing`: of the units from `unit` down, how
    many."""
    reports = Report.objects.filter(period=OuterRef(OuterRef("pk")))
    lines = _reporting_lines(unit, year, OuterRef("day"), OuterRef(OuterRef("day")), reports)
    handed_in = reports.filter(_HANDED_IN, unit=OuterRef("descendant"))
    return (
        periods.annotate(day=reporting_days(timezone.localdate()))
        .annotate(
            to_report=_number_of(lines), handed_in=_number_of(lines.filter(Exists(handed_in)))
        )
        .annotate(missing=F("to_report") - F("handed_in"))
    )


def with_closures(periods: PeriodQuerySet, unit: Unit) -> PeriodQuerySet:
    """Each period with `closed_whole`, for `unit` and all below it, and `closed_for`, how many
    closings it has."""
    closings = Closure.objects.filter(period=OuterRef("pk"))
    number = closings.order_by().values("period").annotate(number=Count("pk")).values("number")
    return periods.annotate(
        closed_whole=Exists(closings.filter(unit=unit, with_below=True)),
        closed_for=Coalesce(Subquery(number, output_field=models.IntegerField()), 0),
    )


def _number_of(lines: UnitLineQuerySet) -> Coalesce:
    counted = lines.order_by().values("ancestor").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=models.IntegerField()), 0)


# --- The board ---------------------------------------------------------------------------------


def with_state(units: UnitQuerySet, period: Period) -> Any:
    """Each unit with its `state` (`State`), and the key and status of its report if it has one."""
    is_late = period.is_late_on(timezone.localdate())
    return units.annotate(
        of_period=FilteredRelation("reports", condition=Q(reports__period=period)),
        report_pk=F("of_period__pk"),
        report_status=F("of_period__status"),
        state=Case(
            When(
                of_period__pk__isnull=True,
                then=models.Value(State.LATE if is_late else State.NOT_BEGUN),
            ),
            When(
                of_period__status=Report.Status.BEGUN,
                then=models.Value(State.LATE if is_late else State.BEGUN),
            ),
            default=F("of_period__status"),
            output_field=models.CharField(),
        ),
    )


def state_counts(units: Any) -> dict[State, int]:
    """How many of the units (`with_state`) are in each state, those at nought as well."""
    counted = dict(
        units.order_by().values("state").annotate(number=Count("pk")).values_list("state", "number")
    )
    return {state: counted.get(state.value, 0) for state in State}


def with_closed(units: Any, period: Period) -> Any:
    """Each unit with `is_closed`: whether the period takes no more reports from it."""
    lines = UnitLine.objects.active_on().within_border().filter(descendant=OuterRef(OuterRef("pk")))
    closing = Closure.objects.filter(period=period).filter(
        Q(unit=OuterRef("pk")) | Q(with_below=True, unit__in=lines.values("ancestor"))
    )
    return units.annotate(is_closed=Exists(closing))


def rows_of(units: Iterable[Any], reader: User) -> list[Row]:
    """A page of units (`with_state`, `with_closed`), each with the last step of its report."""
    units = list(units)
    steps = {
        step.report_id: step
        for step in ReportStep.objects.filter(
            report__in=[unit.report_pk for unit in units if unit.report_pk]
        )
        .order_by("report", "-taken_at", "-pk")
        .distinct("report")
    }
    names = {
        person.pk: person
        for person in User.objects.visible_to(reader).filter(
            pk__in={step.taken_by_id for step in steps.values()}
        )
    }
    return [
        Row(
            unit=unit,
            state=State(unit.state),
            is_begun=unit.report_status == Report.Status.BEGUN,
            is_closed=unit.is_closed,
            step=steps.get(unit.report_pk),
            taken_by=names.get(step.taken_by_id) if (step := steps.get(unit.report_pk)) else None,
        )
        for unit in units
    ]


# --- Whom to remind ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Owing:
    """What is to be reminded of: the units, and who answers for each (perhaps nobody)."""

    units: list[Unit]
    people: dict[int, list[User]]  # by the unit's key

    @property
    def pairs(self) -> list[tuple[Unit, User]]:
        return [(unit, person) for unit in self.units for person in self.people.get(unit.pk, [])]

    @property
    def number_of_people(self) -> int:
        return len({person.pk for _unit, person in self.pairs})

    @property
    def without_anybody(self) -> int:
        return sum(not self.people.get(unit.pk) for unit in self.units)


def owing(period: Period, sender: User) -> Owing:
    """Units that have yet to hand in though the period takes reports from them, in Swedish order,
    with those who write their reports; never the sender."""
    units = with_closed(with_state(units_that_report(period), period), period)
    late = units.filter(state__in=[state.value for state in OWING], is_closed=False)
    found = sorted(late, key=lambda unit: (swedish_sort_key(unit.name), unit.pk))
    written_by = _who_write([unit.pk for unit in found])
    people = User.objects.filter(is_active=True).in_bulk(
        {person for people in written_by.values() for person in people if person != sender.pk}
    )
    return Owing(
        found,
        {
            unit: [people[person] for person in writers if person in people]
            for unit, writers in written_by.items()
        },
    )


def _who_write(units: list[int]) -> dict[int, list[int]]:
    """Whose the report of each unit is, as `rules.can_write_reports_of` says: the unit's managers
    or, where it has none, those nearest above; a board's controllers."""
    roles = RoleAssignment.objects.active_on().filter(unit=OuterRef("ancestor"))
    managers, controllers = roles.filter(role=Role.MANAGER), roles.filter(role=Role.CONTROLLER)
    lines = UnitLine.objects.active_on().within_border()
    nearer = lines.filter(
        Exists(managers), descendant=OuterRef("descendant"), depth__lt=OuterRef("depth")
    )
    is_board = Q(descendant__kind=Unit.Kind.BOARD)
    answering = lines.filter(descendant__in=units).filter(
        (~is_board & Exists(managers) & ~Exists(nearer)) | (is_board & Exists(controllers))
    )
    held = RoleAssignment.objects.active_on()
    found = answering.filter(
        (~is_board & Q(ancestor__roles__role=Role.MANAGER))
        | (is_board & Q(ancestor__roles__role=Role.CONTROLLER)),
        ancestor__roles__in=held.values("pk"),
    )
    by_unit: dict[int, list[int]] = defaultdict(list)
    for unit, person in (
        found.order_by("descendant", "ancestor__roles__person")
        .values_list("descendant", "ancestor__roles__person")
        .distinct()
    ):
        by_unit[unit].append(person)
    return dict(by_unit)


def reminded_at(period: Period) -> datetime | None:
    """When somebody was last reminded of the period."""
    latest: datetime | None = (
        period.reminders.order_by("-sent_at").values_list("sent_at", flat=True).first()
    )
    return latest
