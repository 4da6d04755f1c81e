"""The start page: what is expected of me, how it hangs together, and what I have to do."""

from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dialogues.models import with_acknowledgement
from dialogues.todos import todos_of
from goals.models import Expectation
from goals.thread import thread_of_expectation
from goals.years import asked_year
from stockholm_quality.web import AuthedRequest

MOST_SHOWN = 20
NOON, EVENING = 10, 17


@require_safe
def home(request: AuthedRequest) -> HttpResponse:
    year = asked_year(request)
    this_year = timezone.localdate().year
    in_force = Expectation.objects.held_by(request.user).in_force()
    held = in_force.for_year(year)
    expectations = (
        with_acknowledgement(held.not_left())
        .with_line()
        .order_by(F("acknowledged_at").asc(nulls_first=True), "given_at", "pk")[:MOST_SHOWN]
    )
    context = {
        "greeting": _greeting(),
        "year": year,
        "this_year": this_year,
        "next_year": this_year + 1
        if year == this_year and in_force.not_left().for_year(this_year + 1).exists()
        else None,
        "threads": [
            (expectation, thread_of_expectation(expectation, _("Your expectation")))
            for expectation in expectations
        ],
        "from_earlier": list(held.left().order_by("given_at", "pk")[:MOST_SHOWN]),
        "withdrawn": list(
            Expectation.objects.held_by(request.user)
            .withdrawn()
            .for_year(year)
            .order_by("-withdrawn_at", "pk")[:MOST_SHOWN]
        ),
        "todos": todos_of(request.user),
    }
    return render(request, "dialogues/home.html", context)


def _greeting() -> str:
    hour = timezone.localtime().hour
    if hour < NOON:
        return _("Good morning")
    return _("Good day") if hour < EVENING else _("Good evening")
