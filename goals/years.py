"""Which years one may look at and plan."""

import re
from datetime import date

from django.http import HttpRequest
from django.utils import timezone

FIRST_YEAR, LAST_YEAR = 1990, 2200


def asked_year(request: HttpRequest) -> int:
    """The year in the query string, or this year."""
    text = request.GET.get("year", "")
    if re.fullmatch(r"[0-9]{4}", text) and FIRST_YEAR <= int(text) <= LAST_YEAR:
        return int(text)
    return timezone.localdate().year


def plannable_years(day: date | None = None) -> list[int]:
    """Next year is planned while this year is followed up."""
    year = (day or timezone.localdate()).year
    return [year, year + 1]
