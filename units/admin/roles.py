"""Who holds which role, in which unit and when."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import Field
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from units.admin_base import BoardFilter, PeriodFilter, ScopedAdmin, units_within_reach
from units.admin_forms import RoleAssignmentForm
from units.models import Role, RoleAssignment, User
from units.rules import roles_one_may_give
from units.sorting import swedish_order


def assignments_within_reach(user: User) -> "QuerySet[RoleAssignment]":
    return RoleAssignment.objects.filter(
        unit__in=units_within_reach(user).values("pk"),
        person__in=User.objects.visible_to(user).values("pk"),
    )


@admin.register(RoleAssignment)
class RoleAssignmentAdmin(ScopedAdmin):
    form = RoleAssignmentForm
    list_display = ("shown_person", "role", "unit", "starts_on", "ends_on")
    list_filter = ("role", PeriodFilter, BoardFilter)
    search_fields = (
        "person__given_name",
        "person__family_name",
        "person__account_name",
        "unit__name",
    )
    list_select_related = ("person", "unit")
    date_hierarchy = "starts_on"
    fields = ("person", "role", "unit", "starts_on", "ends_on")
    autocomplete_fields = ("person", "unit")
    ordering = (swedish_order("person__family_name"), swedish_order("person__given_name"), "pk")

    def within_reach(self, user: User) -> "QuerySet[RoleAssignment]":
        return assignments_within_reach(user)

    def may_add(self, user: User) -> bool:
        return bool(roles_one_may_give(user))

    def may_change(self, user: User, obj: RoleAssignment) -> bool:
        return obj.person_id != user.pk and obj.role in roles_one_may_give(user)

    def get_readonly_fields(self, request: HttpRequest, obj: RoleAssignment | None = None) -> Any:
        return () if obj is None else ("person", "role", "unit")

    def formfield_for_choice_field(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Field | None:
        if db_field.name == "role":
            given = roles_one_may_give(request.user)
            kwargs["choices"] = [(role, Role(role).label) for role in given]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    @admin.display(
        description=gettext_lazy("person"), ordering=swedish_order("person__family_name")
    )
    def shown_person(self, assignment: RoleAssignment) -> str:
        return f"{assignment.person.family_name}, {assignment.person.given_name}"
