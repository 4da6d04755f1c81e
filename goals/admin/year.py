"""The plan year, its indicators and the state of its reports, for reading: all of it is run in the
portal by controllers and managers."""

# The stubs know less of an admin than there is: see the overrides in pyproject.toml.

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from goals.models import AnalysisMethod, Goal, Indicator, KeyFigure, PlanYear, Report, Target
from units.admin_base import (
    BoardFilter,
    RelatedRow,
    RelatedRows,
    ScopedAdmin,
    related_rows,
    units_within_reach,
)
from units.models import User
from units.sorting import swedish_order

MOST_TARGETS = 200


class PlanYearFilter(admin.SimpleListFilter):
    """Rows of one year; `year_path` leads from the row to its year."""

    title = gettext_lazy("year")
    parameter_name = "year"
    year_path = "year"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        years = PlanYear.objects.order_by("-year").values_list("year", flat=True).distinct()
        return [(str(year), str(year)) for year in years]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if not self.value():
            return queryset
        if self.value() not in {key for key, _label in self.lookup_choices}:
            return queryset.none()
        return queryset.filter(**{self.year_path: int(self.value())})


@admin.register(Indicator)
class IndicatorAdmin(ScopedAdmin):
    list_display = ("title", "unit", "unit_of_measure", "direction", "frequency", "shown_source")
    list_filter = ("direction", BoardFilter)
    search_fields = ("title", "unit__name")
    list_select_related = ("unit", "key_figure")
    ordering = (swedish_order("title"), "pk")
    fields = (
        "title",
        "unit",
        "unit_of_measure",
        "decimals",
        "method",
        "direction",
        "frequency",
        "is_cumulative",
        "over_periods",
        "over_units",
        "has_parts",
        "numerator_label",
        "denominator_label",
        "factor",
        "by_gender",
        "baseline",
        "baseline_year",
        "baseline_not_applicable",
        "on_track_margin",
        "last_year",
    )
    readonly_fields = fields

    def within_reach(self, user: User) -> "QuerySet[Indicator]":
        return Indicator.objects.filter(unit__in=units_within_reach(user).values("pk"))

    def related(self, user: User, obj: Indicator) -> list[RelatedRows]:
        key_figures = KeyFigure.objects.filter(indicator=obj)
        shown = ("kpi", "title", "imported_at", "stopped_because")
        return [_targets_of(obj, user), related_rows(key_figures, *shown)]

    @admin.display(description=gettext_lazy("filled from"))
    def shown_source(self, indicator: Indicator) -> str:
        key_figure = getattr(indicator, "key_figure", None)
        return f"Kolada {key_figure.kpi}" if key_figure else ""


def _targets_of(indicator: Indicator, user: User) -> RelatedRows:
    """Those of adopted goals: what measures a draft is as hidden as the draft."""
    targets = Target.objects.filter(
        indicator=indicator,
        goal__in=Goal.objects.adopted().order_by().values("pk"),
        unit__in=units_within_reach(user).values("pk"),
    ).select_related("unit", "goal")
    rows = list(targets.order_by("-year", swedish_order("unit__name"), "pk")[: MOST_TARGETS + 1])
    title = str(Target._meta.verbose_name_plural)
    if len(rows) > MOST_TARGETS:
        title = _("{targets}, the latest {count}").format(targets=title, count=MOST_TARGETS)
    return RelatedRows(
        title=title,
        headings=[_("year"), _("unit"), _("annual target"), _("measures the goal")],
        rows=[
            RelatedRow(
                cells=[
                    str(target.year),
                    str(target.unit),
                    ""
                    if target.annual_target is None
                    else number_format(target.annual_target, indicator.decimals),
                    str(target.goal),
                ],
                url="",
            )
            for target in rows[:MOST_TARGETS]
        ],
    )


@admin.register(PlanYear)
class PlanYearAdmin(ScopedAdmin):
    list_display = ("unit", "year", "shown_opened_at")
    list_filter = (PlanYearFilter, BoardFilter)
    search_fields = ("unit__name",)
    list_select_related = ("unit",)
    ordering = ("-year", swedish_order("unit__name"), "pk")
    fields = ("unit", "year", "instructions", "shown_opened_at")
    readonly_fields = fields

    def within_reach(self, user: User) -> "QuerySet[PlanYear]":
        reached = units_within_reach(user).values("pk")
        return PlanYear.objects.filter(unit__in=reached).select_related("unit")

    @admin.display(description=gettext_lazy("opened"), ordering="opened_at")
    def shown_opened_at(self, plan_year: PlanYear) -> datetime:
        return plan_year.opened_at

    def related(self, user: User, obj: PlanYear) -> list[RelatedRows]:
        shown = ("code", "name", "kind", "starts_on", "ends_on", "opens_on", "due_on")
        return [related_rows(obj.periods.in_order(), *shown, linked=False)]


class ReportYearFilter(PlanYearFilter):
    year_path = "period__plan_year__year"


@admin.register(Report)
class ReportAdmin(ScopedAdmin):
    """Who handed in what and when, and in which state it is; never what is written in it."""

    list_display = ("unit", "period", "shown_year", "status", "shown_version")
    list_filter = ("status", ReportYearFilter, BoardFilter)
    search_fields = ("unit__name", "period__name")
    list_select_related = ("unit", "period__plan_year")
    ordering = ("-period__plan_year__year", "-period__ends_on", swedish_order("unit__name"), "pk")
    fields = ("unit", "period", "shown_year", "status", "shown_version")
    readonly_fields = fields

    def within_reach(self, user: User) -> "QuerySet[Report]":
        reports = Report.objects.filter(unit__in=units_within_reach(user).values("pk"))
        return reports.select_related("unit", "period__plan_year").defer(
            "summary", "correction_reason"
        )

    def related(self, user: User, obj: Report) -> list[RelatedRows]:
        steps = list(obj.steps.order_by("taken_at", "pk").defer("comment"))
        doers = {step.taken_by_id for step in steps}
        names = {
            person.pk: str(person) for person in User.objects.visible_to(user).filter(pk__in=doers)
        }
        return [
            RelatedRows(
                title=_("steps"),
                headings=[_("state"), _("version"), _("when"), _("who")],
                rows=[
                    RelatedRow(
                        cells=[
                            step.get_kind_display(),
                            str(step.version_number),
                            date_format(timezone.localtime(step.taken_at), "DATETIME_FORMAT"),
                            names.get(step.taken_by_id, ""),
                        ],
                        url="",
                    )
                    for step in steps
                ],
            )
        ]

    @admin.display(description=gettext_lazy("year"), ordering="period__plan_year__year")
    def shown_year(self, report: Report) -> str:
        return str(report.period.plan_year.year)

    @admin.display(description=gettext_lazy("version"), ordering="version_number")
    def shown_version(self, report: Report) -> str:
        return str(report.version_number or "")


@admin.register(AnalysisMethod)
class AnalysisMethodAdmin(ScopedAdmin):
    list_display = ("name", "unit", "is_in_use")
    list_filter = ("is_in_use", BoardFilter)
    search_fields = ("name", "unit__name")
    list_select_related = ("unit",)
    ordering = (swedish_order("name"), "pk")
    fields = ("unit", "name", "help_text", "prompts", "is_in_use")
    readonly_fields = fields

    def within_reach(self, user: User) -> "QuerySet[AnalysisMethod]":
        return AnalysisMethod.objects.filter(unit__in=units_within_reach(user).values("pk"))
