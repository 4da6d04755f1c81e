"""The year as a line of what is due when, and the way between one year's goal and the next's."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django import template
from django.db.models import Exists, OuterRef, Q
from django.template import Context
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from goals.models import CarryOver, Goal
from goals.reports.reporting import State
from goals.reports.timeline import Asked, Moment, OwnReport, TheYear, months_between, position
from units.models import Role, Unit

register = template.Library()

WIDTH, HEIGHT = 900, 56  # of a row's picture
MOST_ROWS = 12


@dataclass(frozen=True)
class Tick:
    """A month in the picture."""

    x: int
    middle: int
    name: str
    is_new_year: bool


@dataclass(frozen=True)
class Line:
    """A row: what is asked, in words, and its stretch of the year."""

    title: str
    window: str
    said: list[tuple[str, str]]  # a text and the address that it leads to, if any
    x: int
    width: int
    due_x: int
    kind: str  # done, late, open or ahead


@register.inclusion_tag("goals/_between_years.html", takes_context=True)
def between_years(context: Context, goal: Goal) -> dict[str, Any]:
    """What the goal was last year and what becomes of it next year, as far as the reader may see
    it: a draft, and that a goal ends, is the plan of those who answer for the unit. One query."""
    user = context["request"].user
    answered_for = Unit.objects.in_scope_of(user, Role.MANAGER, Role.CONTROLLER)
    links = (
        CarryOver.objects.filter(Q(goal=goal) | Q(successor=goal))
        .filter(
            Q(successor__status=Goal.Status.ADOPTED)
            | Exists(answered_for.filter(pk=OuterRef("successor__unit")))
            | Q(successor=None) & Exists(answered_for.filter(pk=OuterRef("goal__unit")))
        )
        .select_related("goal__unit", "successor__unit")
        .order_by("goal__first_year", "pk")
    )
    found = list(links)
    return {
        "shown": goal,
        "before": [link.goal for link in found if link.successor_id == goal.pk],
        "after": [link.successor for link in found if link.goal_id == goal.pk and link.successor],
        "ended": [link for link in found if link.decision == CarryOver.Decision.ENDED],
    }


@register.inclusion_tag("goals/_year_line.html")
def year_line(the_year: TheYear) -> dict[str, Any]:
    """The picture of the year for a manager or a controller; at most two queries."""
    first_day, last_day = the_year.first_day, the_year.last_day

    def x_of(day: date) -> int:
        return position(day, first_day, last_day, WIDTH)

    months = months_between(first_day, last_day)
    ends = [*(x_of(month) for month in months[1:]), WIDTH]
    return {
        "year": the_year.day.year,
        "today": the_year.day,
        "today_x": x_of(the_year.day),
        "width": WIDTH,
        "height": HEIGHT,
        "ticks": [
            Tick(
                x_of(month),
                (x_of(month) + end) // 2,
                date_format(month, "M").strip("."),
                month.month == 1,
            )
            for month, end in zip(months, ends, strict=True)
        ],
        "lines": [_line(moment, the_year.day, x_of) for moment in the_year.moments[:MOST_ROWS]],
    }


def _line(moment: Moment, day: date, x_of: Any) -> Line:
    period = moment.period
    x, due_x = x_of(period.opens_on), x_of(period.due_on + timedelta(days=1))
    return Line(
        title=period.title,
        window=_window(period, day),
        said=[*_said_of_own(moment, day), *_said_of_watched(moment)],
        x=x,
        width=max(due_x - x, 4),
        due_x=due_x,
        kind=_kind(moment, day),
    )


def _kind(moment: Moment, day: date) -> str:
    is_done = all(report.is_handed_in or report.is_closed for report in moment.own)
    if moment.watched:
        is_done = is_done and moment.handed_in >= moment.to_report
    if is_done:
        return "done"
    if moment.period.due_on < day:
        return "late"
    return "open" if moment.period.opens_on <= day else "ahead"


def _window(period: Asked, day: date) -> str:
    opens, due = date_format(period.opens_on), date_format(period.due_on)
    if day < period.opens_on:
        return _("Opens {opens}, to be handed in by {due}").format(opens=opens, due=due)
    if day <= period.due_on:
        return _("Open now, to be handed in by {due}").format(due=due)
    return _("Was to be handed in by {due}").format(due=due)


def _said_of_own(moment: Moment, day: date) -> list[tuple[str, str]]:
    own, period = moment.own, moment.period
    if not own:
        return []
    if len(own) == 1:
        report = own[0]
        is_there = report.status or (period.opens_on <= day and not report.is_closed)
        url = reverse("goals:report", args=[report.unit, report.period.pk]) if is_there else ""
        return [(f"{report.unit_name}: {_state_of(report, day)}", url)]
    done = sum(report.is_handed_in for report in own)
    said = ngettext(
        "{done} of your {count} report is handed in",
        "{done} of your {count} reports are handed in",
        len(own),
    )
    return [(said.format(done=done, count=len(own)), "")]


def _state_of(report: OwnReport, day: date) -> str:
    if report.is_owed and report.period.due_on < day and report.status in {"", State.BEGUN}:
        return str(State.LATE.label)
    if report.is_closed and not report.status:
        return _("Closed, nothing was handed in")
    return str(State(report.status).label if report.status else State.NOT_BEGUN.label)


def _said_of_watched(moment: Moment) -> list[tuple[str, str]]:
    counted = [each for each in moment.watched if each.to_report is not None]
    if not counted:
        return []
    said = ngettext(
        "{done} of {count} unit has handed in",
        "{done} of {count} units have handed in",
        moment.to_report,
    ).format(done=moment.handed_in, count=moment.to_report)
    url = reverse("goals:reporting", args=[counted[0].period.pk]) if len(counted) == 1 else ""
    return [(said, url)]
