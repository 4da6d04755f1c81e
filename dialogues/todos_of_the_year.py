"""What the plan year asks of a person: reports, reviews and activities. At most five questions to
the database, those of `goals.reports.timeline` included."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from goals.models import Activity, Goal, Period, Report
from goals.reports.timeline import OwnReport, TheYear
from units.models import Role, Unit, User

MOST_SHOWN = 5
SOON = timedelta(days=10)
ACTIVITIES_AHEAD = timedelta(days=30)


@dataclass(frozen=True)
class Todo:
    text: str
    url: str
    due_text: str = ""
    is_soon: bool = False
    is_late: bool = False

    @property
    def rank(self) -> int:
        """What is late comes first, then what is due soon."""
        return 0 if self.is_late else 1 if self.is_soon else 2


def todos_of_the_year(the_year: TheYear) -> list[Todo]:
    user, day = the_year.user, the_year.day
    return [
        *_to_report(the_year.own, day),
        *_to_review(the_year),
        *_to_do(user, day),
        *(_loose(user, day) if the_year.is_controller else []),
    ]


def beginning(text: str) -> str:
    return Truncator(Truncator(text).words(14)).chars(110)


def due_words(due_on: date, day: date) -> str:
    if due_on < day:
        return _("Late: it was due {date}").format(date=date_format(due_on))
    return _("Due {date}").format(date=date_format(due_on))


def _to_report(own: Iterable[OwnReport], day: date) -> list[Todo]:
    """Three kinds: to correct after it was returned, to write, to finish a correction of."""
    # They come in the order of the days they are due, so the first ones are the late ones.
    kinds: dict[str, list[OwnReport]] = {}
    for report in own:
        if report.is_owed and report.period.opens_on <= day:
            kind = report.status if report.status != Report.Status.BEGUN else ""
            kinds.setdefault(kind, []).append(report)
    return [
        _of_report(report, day)
        for kind in (Report.Status.RETURNED, "", Report.Status.CORRECTING)
        for report in kinds.get(kind, [])[:MOST_SHOWN]
    ]


def _of_report(report: OwnReport, day: date) -> Todo:
    period = report.period
    if report.status == Report.Status.RETURNED:
        text = _("Correct and hand in again: {period} for {unit}")
    elif report.status == Report.Status.CORRECTING:
        text = _("Finish the correction: {period} for {unit}")
    elif period.kind == Period.Kind.PLAN:
        text = _("Hand in {period} for {unit}")
    else:
        text = _("Follow up {period} for {unit}")
    is_correction = report.status == Report.Status.CORRECTING
    due_text = "" if is_correction else due_words(period.due_on, day)
    if report.reminder:
        reminded = _("Reminder: {text}").format(text=beginning(report.reminder))
        due_text = f"{due_text}. {reminded}" if due_text else reminded
    return Todo(
        text.format(period=period.title, unit=report.unit_name),
        reverse("goals:report", args=[report.unit, period.pk]),
        due_text,
        is_soon=not is_correction and period.due_on <= day + SOON,
        is_late=not is_correction and period.due_on < day,
    )


def _to_review(the_year: TheYear) -> list[Todo]:
    waiting = [each for each in the_year.watched if each.waiting]
    return [
        Todo(
            ngettext(
                "{count} report waits for your review",
                "{count} reports wait for your review",
                each.waiting,
            ).format(count=each.waiting),
            reverse("goals:reporting", args=[each.period.pk])
            + f"?state={Report.Status.SUBMITTED.value}",
            each.period.title,
        )
        for each in waiting[:MOST_SHOWN]
    ] + [
        Todo(
            _("Review {period} from {unit}").format(
                period=f"{report.period} {report.period.plan_year.year}", unit=report.unit
            ),
            reverse("goals:report_read", args=[report.pk]),
        )
        for report in the_year.boards_to_review[:MOST_SHOWN]
    ]


def _to_do(user: User, day: date) -> list[Todo]:
    activities = (
        Activity.objects.visible_to(user, day)
        .filter(responsible=user, due_on__lte=day + ACTIVITIES_AHEAD)
        .unfinished()
        .agreed()
        .in_order()
    )
    return [
        Todo(
            _("Your activity: {activity}").format(activity=beginning(activity.title)),
            activity.get_absolute_url(),
            due_words(activity.due_on, day),
            is_soon=activity.due_on <= day + SOON,
            is_late=activity.is_late_on(day),
        )
        for activity in activities[:MOST_SHOWN]
    ]


def _loose(user: User, day: date) -> list[Todo]:
    scope = Unit.objects.in_scope_of(user, Role.CONTROLLER, day=day)
    loose = Goal.objects.adopted().for_year(day.year).at_level(Goal.Level.UNIT)
    count = loose.filter(parent__isnull=True, unit__in=scope.values("pk")).count()
    if not count:
        return []
    return [
        Todo(
            ngettext(
                "{count} goal in your units hangs loose",
                "{count} goals in your units hang loose",
                count,
            ).format(count=count),
            reverse("goals:loose_ends") + f"?year={day.year}&section=units",
        )
    ]
