"""Adopted goals, for reading. Drafts belong to those who write them, and expectations to the two:
neither is registered, and no list, filter or search leads to them."""

# The stubs know less of an admin than there is: see the overrides in pyproject.toml.

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from goals.models import GOAL_PARTS, Goal
from units.admin_base import BoardFilter, RelatedRows, ScopedAdmin, related_rows
from units.models import Unit, User
from units.sorting import swedish_order


class YearFilter(admin.SimpleListFilter):
    title = gettext_lazy("year")
    parameter_name = "year"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        spans = Goal.objects.adopted().values_list("first_year", "last_year").distinct()
        years = {year for first, last in spans for year in range(first, last + 1)}
        return [(str(year), str(year)) for year in sorted(years, reverse=True)]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if not self.value():
            return queryset
        if self.value() not in {key for key, _label in self.lookup_choices}:
            return queryset.none()
        return queryset.for_year(int(self.value()))


class GoalBoardFilter(BoardFilter):
    def boards(self, request: HttpRequest) -> "QuerySet[Unit]":
        return Unit.objects.filter(kind=Unit.Kind.BOARD)


@admin.register(Goal)
class GoalAdmin(ScopedAdmin):
    """Goals are written in the portal by managers and controllers, never here."""

    list_display = ("title", "number", "level", "unit", "shown_years", "decided_on", "serves")
    list_filter = ("level", YearFilter, GoalBoardFilter)
    search_fields = ("title", "number", "reference_number", "unit__name")
    list_select_related = ("unit", "parent")
    date_hierarchy = "decided_on"
    ordering = ("-first_year", swedish_order("title"), "pk")
    fields = (
        "level",
        "unit",
        "shown_years",
        "number",
        *GOAL_PARTS,
        "serves",
        "decided_on",
        "reference_number",
        "version_number",
    )
    readonly_fields = fields

    def within_reach(self, user: User) -> "QuerySet[Goal]":
        return Goal.objects.adopted().select_related("unit", "parent")

    def related(self, user: User, obj: Goal) -> list[RelatedRows]:
        versions = obj.versions.order_by("-number")
        shown = ("number", "title", "decided_on", "reference_number", "reason")
        return [related_rows(versions, *shown, linked=False)]

    @admin.display(description=gettext_lazy("years"), ordering="first_year")
    def shown_years(self, goal: Goal) -> str:
        return goal.years

    @admin.display(description=gettext_lazy("serves the goal"))
    def serves(self, goal: Goal) -> str:
        return str(goal.parent) if goal.parent and not goal.parent.is_draft else ""
