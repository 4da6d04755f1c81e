"""What people are employed as, their staff groups, and their days of leave."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from units.admin_base import (
    BoardFilter,
    PeriodFilter,
    RelatedRows,
    ScopedAdmin,
    people_within_reach,
    related_rows,
    units_within_reach,
)
from units.admin_forms import EmploymentForm, LeaveForm
from units.models import Employment, Leave, Role, StaffGroup, Unit, User
from units.rules import is_system_administrator
from units.sorting import swedish_order

LONGEST_KEY = 18  # digits of a number that the database can hold


def employments_within_reach(user: User) -> "QuerySet[Employment]":
    return Employment.objects.filter(
        unit__in=units_within_reach(user).values("pk"),
        person__in=User.objects.visible_to(user).values("pk"),
    )


def may_change_employment(user: User, employment: Employment) -> bool:
    """Whether `user` may change an employment that they reach, and register leave from it.

    An ended employment of who now works for another authority is no way back to them.
    """
    people = people_within_reach(user).filter(pk=employment.person_id)
    return employment.person_id != user.pk and people.exists()


def can_keep_staff_groups(user: User) -> bool:
    """As all that the whole city shares: a system administrator, and HR of the city itself."""
    if is_system_administrator(user):
        return True
    held = [unit for role, unit in user.roles_today if role == Role.HR]
    if not held:
        return False
    # One page asks many times over, and a request has its own user object.
    answers = user.__dict__.setdefault("_can_keep_staff_groups", [])
    if not answers:
        answers.append(Unit.objects.filter(kind=Unit.Kind.CITY, pk__in=held).exists())
    return bool(answers[0])


class StaffGroupFilter(admin.SimpleListFilter):
    title = gettext_lazy("staff group")
    parameter_name = "group"
    none_chosen = "none"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        groups = StaffGroup.objects.order_by(swedish_order("name"), "pk")
        named = [(str(group.pk), group.name) for group in groups]
        return [(self.none_chosen, _("None chosen")), *named]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        value = self.value()
        if not value:
            return queryset
        if value == self.none_chosen:
            return queryset.filter(staff_group=None)
        if value not in {key for key, _label in self.lookup_choices}:
            return queryset.none()
        return queryset.filter(staff_group=int(value))


@admin.register(Employment)
class EmploymentAdmin(ScopedAdmin):
    """A move to another unit is an end here and a new employment there."""

    form = EmploymentForm
    list_display = ("shown_person", "unit", "title", "staff_group", "starts_on", "ends_on")
    list_filter = (PeriodFilter, StaffGroupFilter, BoardFilter)
    search_fields = (
        "person__given_name",
        "person__family_name",
        "person__account_name",
        "title",
        "unit__name",
    )
    date_hierarchy = "starts_on"
    fields = ("person", "unit", "title", "staff_group", "starts_on", "ends_on")
    autocomplete_fields = ("person", "unit", "staff_group")
    ordering = (swedish_order("person__family_name"), swedish_order("person__given_name"), "pk")

    def within_reach(self, user: User) -> "QuerySet[Employment]":
        return employments_within_reach(user).select_related("person", "unit", "staff_group")

    def may_add(self, user: User) -> bool:
        return True

    def may_change(self, user: User, obj: Employment) -> bool:
        return may_change_employment(user, obj)

    def related(self, user: User, obj: Employment) -> list[RelatedRows]:
        return [related_rows(obj.leaves.order_by("-starts_on", "pk"), "starts_on", "ends_on")]

    def get_readonly_fields(self, request: HttpRequest, obj: Employment | None = None) -> Any:
        return () if obj is None else ("person", "unit")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        employment = kwargs.get("obj")
        if employment is not None and self.has_change_permission(request, employment):
            url = reverse("admin:units_leave_add")
            chosen = urlencode({"employment": employment.pk})
            context["tools"] = [(f"{url}?{chosen}", _("Register leave"))]
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(
        description=gettext_lazy("person"), ordering=swedish_order("person__family_name")
    )
    def shown_person(self, employment: Employment) -> str:
        return f"{employment.person.family_name}, {employment.person.given_name}"


class LeaveBoardFilter(BoardFilter):
    unit_path = "employment__unit"


@admin.register(Leave)
class LeaveAdmin(ScopedAdmin):
    """Seen and changed by whoever sees and changes the employment."""

    form = LeaveForm
    list_display = ("shown_person", "shown_unit", "starts_on", "ends_on")
    list_filter = (PeriodFilter, LeaveBoardFilter)
    search_fields = (
        "employment__person__given_name",
        "employment__person__family_name",
        "employment__person__account_name",
        "employment__unit__name",
    )
    date_hierarchy = "starts_on"
    fieldsets = (
        (
            None,
            {
                "fields": ("employment", "starts_on", "ends_on"),
                "description": gettext_lazy(
                    "Only the days are kept. Never write here or anywhere else in the portal why "
                    "somebody is on leave."
                ),
            },
        ),
    )
    autocomplete_fields = ("employment",)
    ordering = (
        swedish_order("employment__person__family_name"),
        swedish_order("employment__person__given_name"),
        "starts_on",
        "pk",
    )

    def within_reach(self, user: User) -> "QuerySet[Leave]":
        employments = employments_within_reach(user).values("pk")
        found = Leave.objects.filter(employment__in=employments)
        return found.select_related("employment__person", "employment__unit")

    def may_add(self, user: User) -> bool:
        return True

    def may_change(self, user: User, obj: Leave) -> bool:
        return may_change_employment(user, obj.employment)

    def get_readonly_fields(self, request: HttpRequest, obj: Leave | None = None) -> Any:
        return () if obj is None else ("employment",)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        # The address is anybody's to write; what the number means, the form's own choices decide.
        chosen = request.GET.get("employment", "")
        is_key = chosen.isascii() and chosen.isdecimal() and len(chosen) <= LONGEST_KEY
        return {"employment": chosen} if is_key else {}

    @admin.display(
        description=gettext_lazy("person"),
        ordering=swedish_order("employment__person__family_name"),
    )
    def shown_person(self, leave: Leave) -> str:
        person = leave.employment.person
        return f"{person.family_name}, {person.given_name}"

    @admin.display(description=gettext_lazy("unit"))
    def shown_unit(self, leave: Leave) -> str:
        return str(leave.employment.unit)


@admin.register(StaffGroup)
class StaffGroupAdmin(ScopedAdmin):
    """One list for the whole city, read and chosen from by all who staff a unit."""

    list_display = ("name", "code")
    search_fields = ("name", "code")
    fields = ("code", "name")
    ordering = (swedish_order("name"), "pk")

    def within_reach(self, user: User) -> "QuerySet[StaffGroup]":
        return StaffGroup.objects.all()

    def may_add(self, user: User) -> bool:
        return can_keep_staff_groups(user)

    def may_change(self, user: User, obj: StaffGroup) -> bool:
        return can_keep_staff_groups(user)
