"""What is measured: indicators, who measures itself by them, and the values."""

from datetime import date
from decimal import Decimal
from typing import Self

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from goals.models.goal import COUNTS_UP, Goal
from goals.models.plan import Period
from units.models import Unit, UnitLine, User


class IndicatorQuerySet(models.QuerySet["Indicator"]):
    def usable_by(self, unit: Unit, year: int, day: date | None = None) -> Self:
        """Those of the unit itself and of all over it, the city's included, that still measure."""
        above = UnitLine.objects.active_on(day).filter(descendant=unit).values("ancestor")
        return self.filter(Q(last_year__isnull=True) | Q(last_year__gte=year), unit__in=above)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Indicator(models.Model):
    """Something measured, year after year, by one unit or by many. Open to everyone signed in."""

    class Direction(models.TextChoices):
        HIGHER = "HIGHER", _("Higher is better")
        LOWER = "LOWER", _("Lower is better")

    class Frequency(models.TextChoices):
        PERIOD = "PERIOD", _("At every follow-up")
        HALF_YEAR = "HALF_YEAR", _("Half-yearly")
        YEAR = "YEAR", _("Once a year")

    class OverPeriods(models.TextChoices):
        SUM = "SUM", _("The sum of the periods")
        MEAN = "MEAN", _("The mean of the periods")
        WEIGHTED = "WEIGHTED", _("All numerators over all denominators")
        LATEST = "LATEST", _("The latest value")

    class OverUnits(models.TextChoices):
        SUM = "SUM", _("The sum of the units")
        MEAN = "MEAN", _("The mean of the units")
        WEIGHTED = "WEIGHTED", _("All numerators over all denominators")

    unit = models.ForeignKey(
        Unit, models.PROTECT, related_name="indicators", verbose_name=_("decided by")
    )
    title = models.CharField(_("indicator"), max_length=300)
    unit_of_measure = models.CharField(
        _("unit of measure"), max_length=30, help_text=_("Such as %, days or number of children.")
    )
    decimals = models.PositiveSmallIntegerField(
        _("decimals shown"), default=0, validators=[MaxValueValidator(4)]
    )
    method = models.TextField(
        _("calculation method"),
        max_length=2000,
        blank=True,
        help_text=_("How the value is worked out, and from which source."),
    )
    direction = models.CharField(
        _("direction"), max_length=6, choices=Direction, default=Direction.HIGHER
    )
    frequency = models.CharField(
        _("is reported"), max_length=9, choices=Frequency, default=Frequency.PERIOD
    )
    is_cumulative = models.BooleanField(
        _("cumulative"),
        default=False,
        help_text=_("Each value holds everything since the beginning of the year."),
    )
    over_periods = models.CharField(
        _("over the periods of a year"),
        max_length=8,
        choices=OverPeriods,
        default=OverPeriods.LATEST,
    )
    over_units = models.CharField(
        _("over several units"), max_length=8, choices=OverUnits, default=OverUnits.MEAN
    )
    has_parts = models.BooleanField(
        _("is given as numerator and denominator"),
        default=False,
        help_text=_("Then shares can be added up rightly, and the percentage is worked out."),
    )
    numerator_label = models.CharField(_("what the numerator counts"), max_length=120, blank=True)
    denominator_label = models.CharField(
        _("what the denominator counts"), max_length=120, blank=True
    )
    factor = models.DecimalField(
        _("multiplied by"),
        max_digits=12,
        decimal_places=4,
        default=Decimal(100),
        validators=[MinValueValidator(Decimal("0.0001"))],
        help_text=_("100 makes a share a percentage."),
    )
    by_gender = models.BooleanField(
        _("by gender"),
        default=False,
        help_text=_("For figures about individuals: women and men beside the total."),
    )
    baseline = models.DecimalField(
        _("baseline"), max_digits=18, decimal_places=4, null=True, blank=True
    )
    baseline_year = models.PositiveSmallIntegerField(
        _("year of the baseline"), null=True, blank=True
    )
    baseline_not_applicable = models.BooleanField(_("no baseline applies"), default=False)
    on_track_margin = models.DecimalField(
        _("on-track margin, per cent"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(10),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
        help_text=_("So far from the target a result still counts as partly reached."),
    )
    last_year = models.PositiveSmallIntegerField(
        _("measured up to and including"), null=True, blank=True
    )
    is_example = models.BooleanField(_("example data"), default=False, editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = IndicatorQuerySet.as_manager()

    class Meta:
        verbose_name = _("indicator")
        verbose_name_plural = _("indicators")
        constraints = [
            models.CheckConstraint(name="indicator_has_words", condition=~Q(title="")),
            models.CheckConstraint(
                name="indicator_choices_are_known",
                condition=Q(
                    direction__in=["HIGHER", "LOWER"],
                    frequency__in=["PERIOD", "HALF_YEAR", "YEAR"],
                    over_periods__in=["SUM", "MEAN", "WEIGHTED", "LATEST"],
                    over_units__in=["SUM", "MEAN", "WEIGHTED"],
                ),
            ),
            models.CheckConstraint(
                name="indicator_cumulative_takes_the_latest",
                condition=Q(is_cumulative=False) | Q(over_periods="LATEST"),
                violation_error_message=_(
                    "A cumulative indicator holds the whole year in its latest value: choose “The "
                    "latest value” over the periods."
                ),
            ),
            models.CheckConstraint(
                name="indicator_weighted_has_parts",
                condition=Q(has_parts=True)
                | (~Q(over_periods="WEIGHTED") & ~Q(over_units="WEIGHTED")),
                violation_error_message=_(
                    "Only an indicator with numerator and denominator can be weighted."
                ),
            ),
            models.CheckConstraint(
                name="indicator_baseline_or_none_applies",
                condition=Q(baseline_not_applicable=False) | Q(baseline__isnull=True),
                violation_error_message=_("Give a baseline or say that none applies, not both."),
            ),
            models.CheckConstraint(
                name="indicator_numbers_make_sense",
                condition=Q(
                    factor__gt=0, on_track_margin__gte=0, on_track_margin__lte=100, decimals__lte=4
                ),
            ),
        ]
        triggers = [COUNTS_UP]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("goals:indicator", args=[self.pk])

    @property
    def lower_is_better(self) -> bool:
        return self.direction == self.Direction.LOWER

    def is_asked_in(self, period: Period) -> bool:
        if not period.asks_values:
            return False
        return (
            self.frequency == self.Frequency.PERIOD
            or period.kind == Period.Kind.ANNUAL
            or (self.frequency == self.Frequency.HALF_YEAR and period.asks_half_yearly)
        )


class TargetQuerySet(models.QuerySet["Target"]):
    def visible_to(self, user: User, day: date | None = None) -> Self:
        """As the goal that it measures."""
        return self.filter(goal__in=Goal.objects.visible_to(user, day).order_by().values("pk"))

    def for_year(self, year: int) -> Self:
        return self.filter(year=year)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Target(models.Model):
    """That a unit measures one of its goals by an indicator in a year, and what it aims at."""

    indicator = models.ForeignKey(
        Indicator, models.PROTECT, related_name="targets", verbose_name=_("indicator")
    )
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="targets", verbose_name=_("unit"))
    goal = models.ForeignKey(
        Goal, models.CASCADE, related_name="targets", verbose_name=_("measures the goal")
    )
    year = models.PositiveSmallIntegerField(_("year"))
    annual_target = models.DecimalField(
        _("annual target"), max_digits=18, decimal_places=4, null=True, blank=True
    )
    note = models.CharField(_("note"), max_length=300, blank=True)
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = TargetQuerySet.as_manager()

    class Meta:
        verbose_name = _("annual target")
        verbose_name_plural = _("annual targets")
        indexes = [models.Index(fields=["unit", "year"], name="target_of_unit_and_year")]
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "unit", "year"],
                name="target_once_a_year",
                violation_error_message=_("The unit measures itself by this indicator already."),
            )
        ]
        triggers = [COUNTS_UP]

    def __str__(self) -> str:
        return f"{self.indicator_id} {self.unit_id} {self.year}"


class Gender(models.TextChoices):
    """As Kolada and the city's statistics divide them; the total is a value of its own."""

    TOTAL = "T", _("Total")
    WOMEN = "K", _("Women")
    MEN = "M", _("Men")


class ValueQuerySet(models.QuerySet["Value"]):
    def submitted(self) -> Self:
        """Those that have been handed in, whatever is being written now."""
        return self.filter(submitted_at__isnull=False)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Value(models.Model):
    """An outcome. What is being written is its unit's alone; the `submitted_` columns hold what was
    handed in, and are all that anyone else is shown or that any sum is made of."""

    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="values")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="values")
    period = models.ForeignKey(Period, models.PROTECT, related_name="values")
    gender = models.CharField(max_length=1, choices=Gender, default=Gender.TOTAL)
    value = models.DecimalField(_("value"), max_digits=18, decimal_places=4, null=True, blank=True)
    numerator = models.DecimalField(
        _("numerator"), max_digits=18, decimal_places=4, null=True, blank=True
    )
    denominator = models.DecimalField(
        _("denominator"), max_digits=18, decimal_places=4, null=True, blank=True
    )
    # Not the same as nothing written yet, and never the same as zero.
    is_not_measured = models.BooleanField(_("not measured"), default=False)
    forecast = models.DecimalField(
        _("forecast for the year"), max_digits=18, decimal_places=4, null=True, blank=True
    )
    comment = models.TextField(_("comment"), max_length=1000, blank=True)
    source = models.CharField(_("source"), max_length=200, blank=True)
    submitted_value = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    submitted_numerator = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    submitted_denominator = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    submitted_is_not_measured = models.BooleanField(default=False)
    submitted_comment = models.TextField(blank=True)
    submitted_at = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = ValueQuerySet.as_manager()

    class Meta:
        verbose_name = _("value")
        verbose_name_plural = _("values")
        indexes = [
            models.Index(fields=["period", "unit"], name="value_of_report"),
            models.Index(
                fields=["indicator", "period"],
                name="value_submitted",
                condition=Q(submitted_at__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "unit", "period", "gender"], name="value_once"
            ),
            models.CheckConstraint(
                name="value_gender_is_known", condition=Q(gender__in=["T", "K", "M"])
            ),
            models.CheckConstraint(
                name="value_not_measured_holds_no_number",
                condition=Q(is_not_measured=False)
                | Q(value__isnull=True, numerator__isnull=True, denominator__isnull=True),
            ),
            models.CheckConstraint(
                name="value_parts_come_together",
                condition=Q(numerator__isnull=True, denominator__isnull=True)
                | Q(numerator__isnull=False, denominator__isnull=False),
            ),
            models.CheckConstraint(
                name="value_denominator_is_above_zero",
                condition=Q(denominator__isnull=True) | Q(denominator__gt=0),
            ),
            models.CheckConstraint(
                name="value_submitted_not_measured_holds_no_number",
                condition=Q(submitted_is_not_measured=False) | Q(submitted_value__isnull=True),
            ),
            models.CheckConstraint(
                name="value_submitted_at_a_time",
                condition=Q(submitted_at__isnull=False)
                | Q(submitted_value__isnull=True, submitted_is_not_measured=False),
            ),
        ]
        triggers = [COUNTS_UP]

    def __str__(self) -> str:
        return f"{self.indicator_id} {self.unit_id} {self.period_id} {self.gender}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class KeyFigure(models.Model):
    """That an indicator is filled from Kolada, RKA's open database (domain report, section 7)."""

    indicator = models.OneToOneField(
        Indicator, models.CASCADE, related_name="key_figure", verbose_name=_("indicator")
    )
    kpi = models.CharField(
        _("key figure in Kolada"),
        max_length=10,
        validators=[RegexValidator(r"^[NU][0-9]{5}$", _("A letter and five digits: N00945."))],
    )
    # As it was when the key figure was chosen: another title is another measure.
    title = models.CharField(_("title in Kolada"), max_length=300)
    municipality = models.CharField(
        _("municipality"),
        max_length=4,
        default="0180",
        validators=[RegexValidator(r"^[0-9]{4}$", _("Four digits: 0180 is Stockholm."))],
    )
    imported_at = models.DateTimeField(_("last imported"), null=True, editable=False)
    stopped_because = models.TextField(_("stopped because"), blank=True, editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("key figure from Kolada")
        verbose_name_plural = _("key figures from Kolada")
        constraints = [
            models.UniqueConstraint(fields=["kpi", "municipality"], name="key_figure_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kpi} {self.title}"


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class KeyFigureValue(models.Model):
    """A yearly value from Kolada; none where it is missing there, which is never zero."""

    key_figure = models.ForeignKey(KeyFigure, models.CASCADE, related_name="values")
    year = models.PositiveSmallIntegerField()
    gender = models.CharField(max_length=1, choices=Gender)
    value = models.DecimalField(max_digits=18, decimal_places=4, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key_figure", "year", "gender"], name="key_figure_value_once"
            ),
            models.CheckConstraint(
                name="key_figure_value_gender_is_known", condition=Q(gender__in=["T", "K", "M"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key_figure_id} {self.year} {self.gender}"
