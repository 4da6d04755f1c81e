"""The start page: what is expected of me, how it hangs together, and what I have to do."""

from operator import attrgetter
from typing import Any

from django.db.models import F, Value
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dialogues.models import with_acknowledgement
from dialogues.todos import todos_of
from goals.models import Expectation
from goals.reports.timeline import TheYear
from goals.thread import thread_of_expectation
from goals.years import asked_year
from stockholm_quality.web import AuthedRequest
from units.models import User

MOST_SHOWN = 20
NOON, EVENING = 10, 17
_LEFT, _WITHDRAWN, _NEXT = range(3)


@require_safe
def home(request: AuthedRequest) -> HttpResponse:
    year = asked_year(request)
    this_year = timezone.localdate().year
    held = Expectation.objects.held_by(request.user).in_force().for_year(year)
    expectations = (
        with_acknowledgement(held.not_left())
        .with_line()
        .order_by(F("acknowledged_at").asc(nulls_first=True), "given_at", "pk")[:MOST_SHOWN]
    )
    further = _further(request.user, year, this_year + 1 if year == this_year else None)
    the_year = TheYear(request.user)
    context = {
        "greeting": _greeting(),
        "year": year,
        "this_year": this_year,
        "next_year": this_year + 1 if further[_NEXT] else None,
        "threads": [
            (expectation, thread_of_expectation(expectation, _("Your expectation")))
            for expectation in expectations
        ],
        "from_earlier": further[_LEFT],
        "withdrawn": further[_WITHDRAWN],
        "the_year": the_year if the_year.takes_part and year == this_year else None,
        "todos": todos_of(request.user, the_year=the_year),
    }
    return render(request, "dialogues/home.html", context)


def _further(user: User, year: int, next_year: int | None) -> list[list[Expectation]]:
    """In one statement: those of an employment that one has left, those withdrawn and, as a sign
    that there is something to read, one of next year's."""
    held = Expectation.objects.held_by(user)
    parts = {
        _LEFT: held.in_force().for_year(year).left().order_by("given_at", "pk")[:MOST_SHOWN],
        _WITHDRAWN: held.withdrawn().for_year(year).order_by("-withdrawn_at", "pk")[:MOST_SHOWN],
    }
    if next_year:
        parts[_NEXT] = held.in_force().not_left().for_year(next_year).order_by("pk")[:1]
    first, *others = (each.annotate(part=Value(part)) for part, each in parts.items())
    found: list[list[Expectation]] = [[], [], []]
    rows: list[Any] = list(first.union(*others, all=True))
    for row in rows:
        found[row.part].append(row)
    found[_LEFT].sort(key=attrgetter("given_at", "pk"))
    found[_WITHDRAWN].sort(key=lambda each: (each.withdrawn_at, -each.pk), reverse=True)
    return found


def _greeting() -> str:
    hour = timezone.localtime().hour
    if hour < NOON:
        return _("Good morning")
    return _("Good day") if hour < EVENING else _("Good evening")
