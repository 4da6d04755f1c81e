"""How far the talks have come in a unit and below it, as counts that single nobody out."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dialogues.coverage import (
    CONFIRMED,
    HELD,
    PREPARED,
    STEPS,
    UnitFigure,
    coverage_of,
)
from dialogues.models import TalkKind
from dialogues.rules import can_see_coverage_of
from dialogues.suppression import STEP, Figure
from goals.years import asked_year, talks_begin_on, year_of_talks
from stockholm_quality.web import AuthedRequest, require
from units.models import Employment, Role, Unit
from units.rules import reaches

PAGE_SIZE = 50
YEARS_BACK = 3


@dataclass(frozen=True)
class Segment:
    """A part of a bar, in per cent of its length."""

    kind: str
    start: int
    length: int


@dataclass(frozen=True)
class Line:
    """A unit as the page shows it."""

    part: UnitFigure
    url: str
    segments: list[Segment]
    prepared: str
    held: str
    confirmed: str
    none: str
    given: str
    knowing: str

    @property
    def about_confirmed(self) -> int:
        return self.part.figure.about(CONFIRMED)

    @property
    def about_held(self) -> int:
        return self.part.figure.about(HELD)

    @property
    def about_prepared(self) -> int:
        return self.part.figure.about(PREPARED)

    @property
    def about_none(self) -> int:
        """As `Figure.about` of the others: none where that may be."""
        low, _high = _rest(self.part.figure, PREPARED)
        return 100 - self.about_prepared if low and self.about_prepared else 0


@require_safe
def coverage(request: AuthedRequest, pk: int) -> HttpResponse:
    unit = get_object_or_404(Unit, pk=pk)
    require(can_see_coverage_of(request.user, unit))
    year = asked_year(request, year_of_talks())
    kind = request.GET.get("kind", "")
    kind = kind if kind in TalkKind.values else TalkKind.EMPLOYEE
    found = coverage_of(unit, kind, year, reader=request.user)
    above = Unit.objects.above(unit).exclude(pk=unit.pk).first()
    this_year = timezone.localdate().year
    # A page of the units below follows the same query as this one.
    page = Paginator(found.parts, PAGE_SIZE).get_page(request.GET.get("page"))
    query = f"?kind={kind}&year={year}"
    context = {
        "unit": unit,
        "above": above if above and reaches(request.user, above, Role.MANAGER, Role.HR) else None,
        "year": year,
        "years": sorted({this_year - back for back in range(YEARS_BACK)} | {year, year_of_talks()}),
        "begins_on": talks_begin_on(year),
        "kind": kind,
        "kind_label": TalkKind(kind).label,
        "kinds": TalkKind.choices,
        "query": query,
        "whole": _line(found.whole),
        "page_obj": page,
        "lines": [_line(part) for part in page],
        "is_to_come": found.is_to_come,
        "is_partial": found.whole.leaves_out,
        "manages": Employment.objects.managed_by(request.user).exists(),
    }
    return render(request, "dialogues/coverage.html", context)


def _line(part: UnitFigure) -> Line:
    figure = part.figure
    prepared, held, confirmed, given, knowing = (words_of(figure, step) for step in range(STEPS))
    return Line(
        part,
        "" if part.is_own else reverse("dialogues:coverage", args=[part.unit.pk]),
        _segments(figure) if figure.people else [],
        prepared,
        held,
        confirmed,
        words_of_the_rest(figure, PREPARED),
        given,
        knowing,
    )


def _segments(figure: Figure) -> list[Segment]:
    """From the left: confirmed, held, prepared, and what is to be done."""
    reached = [figure.about(step) for step in (CONFIRMED, HELD, PREPARED)]
    ends = [min(100, max(reached[: place + 1])) for place in range(len(reached))]
    starts = [0, *ends]
    kinds = ["confirmed", "held", "prepared", "none"]
    return [
        Segment(kind, start, end - start)
        for kind, start, end in zip(kinds, starts, [*ends, 100], strict=True)
        if end > start
    ]


def words_of(figure: Figure, step: int) -> str:
    """A count as it is told: never closer than five numbers, and rounded outwards to fives."""
    return _words(*_told(figure, step)) if figure.people else ""


def words_of_the_rest(figure: Figure, step: int) -> str:
    """How many have not come as far."""
    return _words(*_rest(figure, step)) if figure.people else ""


def _words(low: int, high: int | None) -> str:
    if high is None:
        return _("at least {low}").format(low=low) if low else _("not told")
    if not low:
        return _("fewer than {number}").format(number=high + 1)
    return _("{low} to {high}").format(low=low, high=high)


def _told(figure: Figure, step: int) -> tuple[int, int | None]:
    """The least and the most that it may be; no most where it may be all."""
    told = figure.reached[step]
    beyond = (told.high // STEP + 1) * STEP
    is_open = told.high >= figure.people or beyond > figure.people
    return told.low, None if is_open else beyond - 1


def _rest(figure: Figure, step: int) -> tuple[int, int | None]:
    """Worked out from nothing but what the reader is told of those who have come as far and of how
    many people there are, so it tells nothing more."""
    low, high = _told(figure, step)
    fewest, most = figure.about_people - STEP // 2, figure.about_people + STEP // 2
    return (
        0 if high is None else max(0, fewest - high),
        most - low if low else None,
    )
