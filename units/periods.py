"""Periods of whole days: both ends belong to the period, and no end means until further notice."""

from datetime import date
from typing import Any, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

ENDS_BEFORE_START = _("The period ends before it starts. Choose an end date after the start date.")


class Period(Func):
    function = "daterange"
    output_field = DateRangeField()


def whole_period() -> Period:
    return Period("starts_on", "ends_on", Value("[]"))


def ends_after_start(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        name=name,
        condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
        violation_error_message=ENDS_BEFORE_START,
    )


def no_overlap(name: str, *fields: str, message: Any) -> ExclusionConstraint:
    """Refuse two rows that agree in `fields` and share a day."""
    return ExclusionConstraint(
        name=name,
        expressions=[
            *((field, RangeOperators.EQUAL) for field in fields),
            (whole_period(), RangeOperators.OVERLAPS),
        ],
        violation_error_message=message,
    )


def check_period(starts_on: date | None, ends_on: date | None) -> None:
    """Raise a ValidationError on `ends_on`; a reversed range cannot even be asked about in SQL."""
    if starts_on and ends_on and ends_on < starts_on:
        raise ValidationError({"ends_on": ENDS_BEFORE_START})


def active_on(day: date | None = None, prefix: str = "") -> Q:
    """The condition that a row's period holds `day` (today when not given)."""
    day = day or timezone.localdate()
    return Q(**{f"{prefix}starts_on__lte": day}) & (
        Q(**{f"{prefix}ends_on__isnull": True}) | Q(**{f"{prefix}ends_on__gte": day})
    )


def is_today(day: date | None) -> bool:
    return day is None or day == timezone.localdate()


class PeriodQuerySet(models.QuerySet[Any]):
    def active_on(self, day: date | None = None) -> Self:
        return self.filter(active_on(day))
