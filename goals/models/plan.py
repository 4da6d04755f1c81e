"""The year: which periods it has, what each asks for, and what is closed."""

from datetime import date
from typing import Self

import pghistory
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from goals.models.goal import COUNTS_UP
from units.models import Role, Unit, UnitLine, User


class PlanYearQuerySet(models.QuerySet["PlanYear"]):
    def run_by(self, user: User, day: date | None = None) -> Self:
        """Those that lie in the scope of a controller."""
        return self.filter(unit__in=Unit.objects.in_scope_of(user, Role.CONTROLLER, day=day))

    def covering(self, unit: Unit, day: date | None = None) -> Self:
        """Those of the unit and of all over it in its authority, the nearest first."""
        lines = UnitLine.objects.active_on(day).within_border().filter(descendant=unit)
        return self.filter(unit__lines_down__in=lines).order_by("-year", "unit__lines_down__depth")


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class PlanYear(models.Model):
    """A year that a unit and all below it plan and follow up."""

    unit = models.ForeignKey(
        Unit, models.PROTECT, related_name="plan_years", verbose_name=_("part of the organisation")
    )
    year = models.PositiveSmallIntegerField(_("year"))
    instructions = models.TextField(_("instructions for the year"), max_length=4000, blank=True)
    opened_at = models.DateTimeField(editable=False, default=timezone.now)
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = PlanYearQuerySet.as_manager()

    class Meta:
        verbose_name = _("plan year")
        verbose_name_plural = _("plan years")
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "year"],
                name="plan_year_once_for_a_unit",
                violation_error_message=_("The year is open already for this part."),
            ),
            models.CheckConstraint(
                name="plan_year_is_a_year", condition=Q(year__gte=1990, year__lte=2200)
            ),
        ]
        triggers = [COUNTS_UP]

    def __str__(self) -> str:
        return f"{self.unit} {self.year}"

    def get_absolute_url(self) -> str:
        return reverse("goals:plan_year", args=[self.pk])


class PeriodQuerySet(models.QuerySet["Period"]):
    def of_unit(self, unit: Unit, year: int, day: date | None = None) -> Self:
        """The periods of the plan year that is nearest over the unit, in the order of time."""
        nearest = PlanYear.objects.covering(unit, day).filter(year=year).values("pk")[:1]
        return self.filter(plan_year__in=nearest).in_order()

    def in_order(self) -> Self:
        return self.order_by("due_on", "ends_on", "pk")

    def open_on(self, day: date) -> Self:
        """Those that have begun to ask: late ones too."""
        return self.filter(opens_on__lte=day)

    def asking_for_values(self) -> Self:
        return self.filter(asks_values=True)

    def closed_for(self, unit: Unit, day: date | None = None) -> Self:
        return self.filter(Exists(Closure.objects.holding(unit, day).filter(period=OuterRef("pk"))))


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Period(models.Model):
    """What is to be handed in, and when. A row, never code: a board may have periods of its own."""

    class Kind(models.TextChoices):
        PLAN = "PLAN", _("Plan")
        INTERIM = "INTERIM", _("Follow-up during the year")
        ANNUAL = "ANNUAL", _("Annual report")

    plan_year = models.ForeignKey(PlanYear, models.PROTECT, related_name="periods")
    code = models.CharField(
        _("short name"),
        max_length=8,
        validators=[RegexValidator(r"^[A-ZÅÄÖ0-9]{1,8}$", _("Capital letters and digits only."))],
        help_text=_(
            "Such as T1. The same short name in every board lets the city add up the figures."
        ),
    )
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    starts_on = models.DateField(_("covers from"))
    ends_on = models.DateField(_("covers to"))
    opens_on = models.DateField(_("opens for writing"))
    due_on = models.DateField(_("to be handed in by"))
    asks_values = models.BooleanField(_("asks for the values of indicators"), default=True)
    asks_half_yearly = models.BooleanField(_("also for those reported half-yearly"), default=False)
    asks_judgement = models.BooleanField(_("asks how each goal is met"), default=True)
    asks_needs = models.BooleanField(_("asks for needs for development"), default=True)
    instructions = models.TextField(_("instructions"), max_length=4000, blank=True)
    help_summary = models.TextField(_("help beside the summary"), max_length=1000, blank=True)
    help_values = models.TextField(_("help beside the indicators"), max_length=1000, blank=True)
    help_judgement = models.TextField(_("help beside the assessments"), max_length=1000, blank=True)
    help_analysis = models.TextField(_("help beside the analysis"), max_length=1000, blank=True)
    revision = models.PositiveIntegerField(default=1, editable=False)

    objects = PeriodQuerySet.as_manager()

    class Meta:
        verbose_name = _("period")
        verbose_name_plural = _("periods")
        constraints = [
            models.UniqueConstraint(
                fields=["plan_year", "code"],
                name="period_code_once_a_year",
                violation_error_message=_("Another period of the year has this short name."),
            ),
            models.UniqueConstraint(
                fields=["plan_year"],
                condition=Q(kind="PLAN"),
                name="period_one_plan_a_year",
                violation_error_message=_("The year has a period for its plan already."),
            ),
            models.CheckConstraint(
                name="period_kind_is_known", condition=Q(kind__in=["PLAN", "INTERIM", "ANNUAL"])
            ),
            models.CheckConstraint(
                name="period_ends_after_start",
                condition=Q(ends_on__gte=F("starts_on")),
                violation_error_message=_("The period ends before it starts."),
            ),
            models.CheckConstraint(
                name="period_due_after_opening",
                condition=Q(due_on__gte=F("opens_on")),
                violation_error_message=_("It is to be handed in before it opens."),
            ),
            models.CheckConstraint(
                name="period_of_a_plan_asks_for_no_results",
                condition=~Q(kind="PLAN")
                | Q(asks_values=False, asks_judgement=False, asks_half_yearly=False),
                violation_error_message=_("A plan asks for no results."),
            ),
            models.CheckConstraint(
                name="period_has_code_and_name", condition=~Q(code="") & ~Q(name="")
            ),
        ]
        triggers = [COUNTS_UP]

    def __str__(self) -> str:
        return self.name

    @property
    def is_plan(self) -> bool:
        return self.kind == self.Kind.PLAN

    def is_open_on(self, day: date) -> bool:
        return self.opens_on <= day

    def is_late_on(self, day: date) -> bool:
        return self.due_on < day


class ClosureQuerySet(models.QuerySet["Closure"]):
    def holding(self, unit: Unit, day: date | None = None) -> Self:
        """Those that close the unit: its own, and those above it that reach all below."""
        above = UnitLine.objects.active_on(day).within_border().filter(descendant=unit)
        return self.filter(Q(unit=unit) | Q(with_below=True, unit__in=above.values("ancestor")))


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class Closure(models.Model):
    """That a period takes no more reports from a unit, or from it and all below. What is handed in
    afterwards is a late correction, with a reason."""

    period = models.ForeignKey(Period, models.PROTECT, related_name="closures")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", verbose_name=_("unit"))
    with_below = models.BooleanField(_("and all units below it"), default=True)
    closed_at = models.DateTimeField(editable=False, default=timezone.now)
    closed_by = models.ForeignKey(User, models.PROTECT, editable=False, related_name="+")

    objects = ClosureQuerySet.as_manager()

    class Meta:
        verbose_name = _("closing of a period")
        verbose_name_plural = _("closings of periods")
        constraints = [
            models.UniqueConstraint(
                fields=["period", "unit"],
                name="closure_once",
                violation_error_message=_("The period is closed for this unit already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.period_id} {self.unit_id}"


class CarryOver(models.Model):
    """What became of a goal when the next year was planned; the link between the years."""

    class Decision(models.TextChoices):
        GOES_ON = "GOES_ON", _("Goes on as it is")
        CHANGED = "CHANGED", _("Goes on, changed")
        ENDED = "ENDED", _("Ends")

    goal = models.OneToOneField("goals.Goal", models.CASCADE, related_name="carried_over")
    to_year = models.PositiveSmallIntegerField()
    decision = models.CharField(_("what becomes of it"), max_length=8, choices=Decision)
    successor = models.ForeignKey(
        "goals.Goal", models.SET_NULL, null=True, related_name="carried_from"
    )
    reason = models.TextField(_("why"), max_length=1000, blank=True)
    decided_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="carry_over_decision_is_known",
                condition=Q(decision__in=["GOES_ON", "CHANGED", "ENDED"]),
            ),
            models.CheckConstraint(
                name="carry_over_ended_has_reason_and_no_successor",
                condition=~Q(decision="ENDED") | (Q(successor__isnull=True) & ~Q(reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.goal_id} > {self.to_year}"
