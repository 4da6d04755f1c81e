"""Units and their placements. A change of the organisation is made on the unit itself."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.forms import Field, ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from units.actions import OrganisationError
from units.admin_base import (
    BoardFilter,
    PeriodFilter,
    RelatedRows,
    ScopedAdmin,
    once_or_again,
    related_rows,
    units_within_reach,
    words_for,
)
from units.admin_forms import (
    CloseForm,
    MergeForm,
    OrganisationForm,
    PlaceForm,
    PlacementForm,
    UnitAddForm,
)
from units.models import Unit, UnitPlacement, User
from units.rules import is_system_administrator
from units.sorting import swedish_order


def _hr_kinds() -> list[str]:
    """A board is an authority of its own: only a system administrator makes or changes one."""
    return [Unit.Kind.DEPARTMENT, Unit.Kind.UNIT, Unit.Kind.GROUP]


def may_organise(user: User, unit: Unit) -> bool:
    """Whether `user` may change a unit that they reach."""
    return is_system_administrator(user) or unit.kind in _hr_kinds()


class ExistenceFilter(admin.SimpleListFilter):
    title = gettext_lazy("period")
    parameter_name = "exists"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("now", _("Today")), ("other", _("Closed or coming"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        placed = UnitPlacement.objects.active_on().filter(unit=OuterRef("pk"))
        if self.value() == "now":
            return queryset.filter(Exists(placed))
        if self.value() == "other":
            return queryset.filter(~Exists(placed))
        return queryset


class UnitBoardFilter(BoardFilter):
    unit_path = "pk"


@admin.register(Unit)
class UnitAdmin(ScopedAdmin):
    list_display = ("shown_name", "code", "kind", "above_today")
    list_filter = ("kind", ExistenceFilter, UnitBoardFilter)
    search_fields = ("name", "code")
    ordering = (swedish_order("name"), "pk")

    def within_reach(self, user: User) -> "QuerySet[Unit]":
        today = UnitPlacement.objects.active_on().select_related("parent")
        return units_within_reach(user).prefetch_related(
            Prefetch("placements", queryset=today, to_attr="placements_today")
        )

    def may_add(self, user: User) -> bool:
        return True

    def may_change(self, user: User, obj: Unit) -> bool:
        return may_organise(user, obj)

    def related(self, user: User, obj: Unit) -> list[RelatedRows]:
        placements = obj.placements.select_related("parent").order_by("-starts_on")
        return [related_rows(placements, "name", "parent", "starts_on", "ends_on")]

    @admin.display(description=gettext_lazy("name"), ordering=swedish_order("name"))
    def shown_name(self, unit: Unit) -> str:
        return str(unit)

    @admin.display(description=gettext_lazy("lies under"))
    def above_today(self, unit: Unit) -> str:
        return next((str(p.parent) for p in unit.placements_today if p.parent), "")

    def get_fields(self, request: HttpRequest, obj: Unit | None = None) -> Any:
        if obj is None:
            return ("code", "kind", "operation", "name", "parent", "starts_on")
        return ("code", "kind", "operation", "shown_name", "successor")

    def get_readonly_fields(self, request: HttpRequest, obj: Unit | None = None) -> Any:
        if obj is None:
            return ()
        # Rights and goals rest on where the city and the authorities are.
        is_fixed = obj.kind not in _hr_kinds() and obj.placements.exists()
        return ("shown_name", "successor", *(["kind"] if is_fixed else []))

    def get_form(
        self, request: HttpRequest, obj: Unit | None = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm]:
        if obj is None:
            # The rest belongs to the first placement.
            kwargs |= {"form": UnitAddForm, "fields": ["code", "kind", "operation"]}
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is not None and (kind := form.base_fields.get("kind")) and obj.placements.exists():
            kind.choices = [(name, Unit.Kind(name).label) for name in _hr_kinds()]
        return form

    def formfield_for_choice_field(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Field | None:
        if db_field.name == "kind" and not is_system_administrator(request.user):
            kwargs["choices"] = [(kind, Unit.Kind(kind).label) for kind in _hr_kinds()]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Unit, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            form.placement_of(obj).save()
            obj.refresh_from_db(fields=["name"])

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        unit = kwargs.get("obj")
        if unit is not None and self.has_change_permission(request, unit):
            context["tools"] = [
                (reverse(f"admin:{name}", args=[unit.pk]), form.button)
                for name, form in _TOOLS.items()
            ]
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        tools = [
            path(
                f"<path:object_id>/{name.rpartition('_')[2]}/",
                self.admin_site.admin_view(self._organise_view(form)),
                name=name,
            )
            for name, form in _TOOLS.items()
        ]
        return [*tools, *super().get_urls()]

    def _organise_view(self, form_class: type[OrganisationForm]) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, object_id: str) -> HttpResponse:
            unit = self.get_object(request, unquote(object_id))
            if unit is None:
                raise Http404
            if not self.has_change_permission(request, unit):
                raise PermissionDenied
            form = form_class(
                request.POST if request.method == "POST" else None,
                unit=unit,
                units=self.get_queryset(request),
                by=request.user,
            )
            if request.method == "POST":
                return once_or_again(request, lambda: self._organise(request, unit, form))
            return self._organise_page(request, unit, form)

        return view

    def _organise(self, request: HttpRequest, unit: Unit, form: OrganisationForm) -> HttpResponse:
        try:
            # What fails in the database is undone, and the page still reads from it.
            with transaction.atomic():
                told = form.carry_out() if form.is_valid() else ""
        except (IntegrityError, OperationalError, OrganisationError) as error:
            form.add_error(None, words_for(error))
        if not form.is_valid():
            return self._organise_page(request, unit, form)
        self.log_change(request, unit, told)
        messages.success(request, told)
        return HttpResponseRedirect(reverse("admin:units_unit_change", args=[unit.pk]))

    def _organise_page(
        self, request: HttpRequest, unit: Unit, form: OrganisationForm
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": unit,
            "title": form.title,
            "subtitle": str(unit),
            "form": form,
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/organise.html", context)


_TOOLS: dict[str, type[OrganisationForm]] = {
    "units_unit_place": PlaceForm,
    "units_unit_close": CloseForm,
    "units_unit_merge": MergeForm,
}


@admin.register(UnitPlacement)
class UnitPlacementAdmin(ScopedAdmin):
    """To mend what was registered wrongly; a change of the organisation is made on the unit."""

    form = PlacementForm
    list_display = ("shown_name", "unit_code", "parent", "starts_on", "ends_on")
    list_filter = (PeriodFilter, BoardFilter)
    search_fields = ("name", "unit__code")
    list_select_related = ("unit", "parent")
    date_hierarchy = "starts_on"
    fields = ("unit", "name", "parent", "starts_on", "ends_on")
    readonly_fields = ("unit",)
    autocomplete_fields = ("parent",)
    ordering = (swedish_order("name"), "starts_on", "pk")

    def within_reach(self, user: User) -> "QuerySet[UnitPlacement]":
        units = units_within_reach(user).values("pk")
        return UnitPlacement.objects.filter(unit__in=units)

    def may_change(self, user: User, obj: UnitPlacement) -> bool:
        return may_organise(user, obj.unit)

    @admin.display(description=gettext_lazy("name"), ordering=swedish_order("name"))
    def shown_name(self, placement: UnitPlacement) -> str:
        return placement.name

    @admin.display(description=gettext_lazy("code"), ordering="unit__code")
    def unit_code(self, placement: UnitPlacement) -> str:
        return placement.unit.code

    def get_form(
        self,
        request: HttpRequest,
        obj: UnitPlacement | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[ModelForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        parent = form.base_fields.get("parent")
        if parent is not None and obj is not None:
            # Where it lies stays possible also when that unit is beyond one's reach.
            parent.queryset |= Unit.objects.filter(pk=obj.parent_id)
        return form
