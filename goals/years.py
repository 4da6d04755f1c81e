"""Which years one may look at and plan."""

import re
from datetime import date

from django.http import HttpRequest
from django.utils import timezone

FIRST_YEAR, LAST_YEAR = 1990, 2200
NEXT_YEARS_TALKS_FROM = 10  # the month


def asked_year(request: HttpRequest, otherwise: int | None = None) -> int:
    """The year in the query string, or `otherwise` (this year)."""
    text = request.GET.get("year", "")
    if re.fullmatch(r"[0-9]{4}", text) and FIRST_YEAR <= int(text) <= LAST_YEAR:
        return int(text)
    return otherwise or timezone.localdate().year


def year_of_talks(day: date | None = None) -> int:
    """Which year's talks one is about now: from the autumn on, next year's."""
    day = day or timezone.localdate()
    return day.year + (1 if day.month >= NEXT_YEARS_TALKS_FROM else 0)


def talks_begin_on(year: int) -> date:
    """The first day that `year_of_talks` names the year."""
    return date(year - 1, NEXT_YEARS_TALKS_FROM, 1)


def plannable_years(day: date | None = None) -> list[int]:
    """Next year is planned while this year is followed up."""
    year = (day or timezone.localdate()).year
    return [year, year + 1]
