"""What a controller does with the year: open it, set its periods, close them, remind the late."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from goals.models import Closure, Period, PlanYear, Reminder, ReminderRecipient, Report
from units.models import Unit, User
from units.revisions import lock_revision


class PlanNotReadyError(Exception):
    """The year cannot take this step; the text says why and what to do, in the user's language."""


@dataclass(frozen=True)
class ProposedPeriod:
    """One of the city's four periods (domain report, section 1.3), to start from."""

    code: str
    name: str
    kind: str
    ends: tuple[int, int]  # month and day
    opens: tuple[int, int, int]  # years after the plan year, month, day
    due: tuple[int, int, int]


CITYS_PERIODS = (
    ProposedPeriod("VP", "Verksamhetsplan", Period.Kind.PLAN, (12, 31), (-1, 11, 15), (0, 1, 31)),
    ProposedPeriod("T1", "Tertialrapport 1", Period.Kind.INTERIM, (4, 30), (0, 4, 20), (0, 5, 15)),
    ProposedPeriod("T2", "Tertialrapport 2", Period.Kind.INTERIM, (8, 31), (0, 8, 20), (0, 9, 15)),
    ProposedPeriod(
        "VB", "Verksamhetsberättelse", Period.Kind.ANNUAL, (12, 31), (0, 12, 10), (1, 1, 25)
    ),
)


def proposed_periods(year: int) -> list[Period]:
    """The city's periods of the year, unsaved, for the controller to keep or change."""
    return [
        Period(
            code=each.code,
            name=each.name,
            kind=each.kind,
            starts_on=date(year, 1, 1),
            ends_on=date(year, *each.ends),
            opens_on=date(year + each.opens[0], *each.opens[1:]),
            due_on=date(year + each.due[0], *each.due[1:]),
            asks_values=each.kind != Period.Kind.PLAN,
            asks_half_yearly=each.code == "T2",
            asks_judgement=each.kind != Period.Kind.PLAN,
            asks_needs=each.kind != Period.Kind.PLAN,
        )
        for each in CITYS_PERIODS
    ]


@transaction.atomic
def open_plan_year(*, unit: Unit, year: int, instructions: str, by: User) -> PlanYear:
    """Open a year for a unit and all below it, with the city's periods. Raises PlanNotReadyError
    where the year is open already on the unit's line or below it."""
    Unit.objects.select_for_update().filter(kind=Unit.Kind.CITY).first()  # one opening at a time
    above = PlanYear.objects.covering(unit).filter(year=year).select_related("unit").first()
    below = (
        PlanYear.objects.filter(year=year, unit__in=Unit.objects.below(unit))
        .select_related("unit")
        .order_by("pk")
        .first()
    )
    if found := above or below:
        raise PlanNotReadyError(
            _("{year} is open already for {unit}. Change its periods instead.").format(
                year=year, unit=found.unit
            )
        )
    plan_year = PlanYear.objects.create(
        unit=unit, year=year, instructions=instructions, opened_by=by
    )
    periods = proposed_periods(year)
    for period in periods:
        period.plan_year = plan_year
    Period.objects.bulk_create(periods)
    return plan_year


@transaction.atomic
def edit_plan_year(*, plan_year: PlanYear, revision: int, instructions: str, by: User) -> PlanYear:
    """Raises StaleRevisionError."""
    del by  # the history notes who
    plan_year = lock_revision(PlanYear.objects.all(), plan_year.pk, revision)
    plan_year.instructions = instructions
    plan_year.save()
    return plan_year


@transaction.atomic
def add_period(*, plan_year: PlanYear, fields: dict[str, Any], by: User) -> Period:
    """Raises PlanNotReadyError where the year got such a period meanwhile."""
    del by
    return _kept(Period(plan_year=plan_year, **fields))


@transaction.atomic
def edit_period(*, period: Period, revision: int, fields: dict[str, Any], by: User) -> Period:
    """Raises StaleRevisionError, and PlanNotReadyError where the kind is changed though a report
    has been handed in, or the year got such a period meanwhile."""
    del by
    period = lock_revision(Period.objects.all(), period.pk, revision)
    if fields.get("kind", period.kind) != period.kind and has_been_reported(period):
        raise PlanNotReadyError(
            _("A report of the period has been handed in, so its kind cannot change any more.")
        )
    for name, value in fields.items():
        setattr(period, name, value)
    return _kept(period)


def has_been_reported(period: Period) -> bool:
    """Whether a unit has ever handed in a report of the period."""
    return Report.objects.submitted().filter(period=period).exists()


def _kept(period: Period) -> Period:
    try:
        with transaction.atomic():
            period.save()
    except IntegrityError as error:
        # The form has looked already; somebody else was quicker.
        raise PlanNotReadyError(
            _(
                "Somebody has just given the year a period with the same short name, or its plan. "
                "Choose another short name or kind."
            )
        ) from error
    return period


@transaction.atomic
def close_periods(*, periods: Iterable[Period], unit: Unit, with_below: bool, by: User) -> None:
    """Close one period, or all of a year, for a unit or for it and all below. What is closed
    already stays as it is, save that closing with all below widens it."""
    periods = list(periods)
    if with_below:
        Closure.objects.filter(period__in=periods, unit=unit, with_below=False).update(
            with_below=True, closed_at=timezone.now(), closed_by=by
        )
    Closure.objects.bulk_create(
        [
            Closure(period=period, unit=unit, with_below=with_below, closed_by=by)
            for period in periods
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def lift_closure(*, closure: Closure, by: User) -> None:
    """Take a closing back, as when the wrong unit was chosen; the history keeps it."""
    del by
    closure.delete()


@transaction.atomic
def remind(
    *, period: Period, text: str, recipients: Iterable[tuple[Unit, User]], by: User
) -> Reminder:
    """Keep one message for all the managers given, each for their unit. Sending it by mail is the
    caller's, once this is stored."""
    reminder = Reminder.objects.create(period=period, text=text, sent_by=by)
    ReminderRecipient.objects.bulk_create(
        [
            ReminderRecipient(reminder=reminder, unit=unit, person=person)
            for unit, person in recipients
        ],
        ignore_conflicts=True,
    )
    return reminder
