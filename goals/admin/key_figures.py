"""Which indicators are filled from Kolada, and the import at once. The nightly one is the command
`import_kolada`."""

# The stubs know less of an admin than there is: see the overrides in pyproject.toml.

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from goals.actions.key_figures import (
    ask_kolada,
    confirm_key_figure,
    forget_values,
    latest_years,
    store_answer,
)
from goals.kolada import FOR_A_PAGE, Kolada
from goals.kolada_series import key_figure_series
from goals.models import Gender, KeyFigure
from units.admin_base import (
    BoardFilter,
    RelatedRow,
    RelatedRows,
    ScopedAdmin,
    units_within_reach,
)
from units.models import User
from units.rules import is_system_administrator
from units.submissions import once, repeated


class KeyFigureBoardFilter(BoardFilter):
    unit_path = "indicator__unit"


class StoppedFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("stopped", _("Stopped, to be looked at")), ("going", _("Imported as usual"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if self.value() == "stopped":
            return queryset.exclude(stopped_because="")
        if self.value() == "going":
            return queryset.filter(stopped_because="")
        return queryset


@admin.register(KeyFigure)
class KeyFigureAdmin(ScopedAdmin):
    """Mapped, confirmed and imported by system administrators; HR reads those of its units."""

    list_display = ("kpi", "title", "indicator", "imported_at", "is_going")
    list_filter = (StoppedFilter, KeyFigureBoardFilter)
    search_fields = ("kpi", "title", "indicator__title")
    list_select_related = ("indicator",)
    ordering = ("kpi", "pk")
    autocomplete_fields = ("indicator",)
    change_list_template = "admin/goals/keyfigure/change_list.html"
    actions = ("import_now",)

    def within_reach(self, user: User) -> "QuerySet[KeyFigure]":
        reached = units_within_reach(user).values("pk")
        return KeyFigure.objects.filter(indicator__unit__in=reached).select_related("indicator")

    def may_add(self, user: User) -> bool:
        return is_system_administrator(user)

    def may_change(self, user: User, obj: KeyFigure) -> bool:
        return is_system_administrator(user)

    def related(self, user: User, obj: KeyFigure) -> list[RelatedRows]:
        genders = [(str(code), str(label)) for code, label in Gender.choices]
        return [
            RelatedRows(
                title=_("Values. Source: Kolada"),
                headings=[_("year"), *(label for _code, label in genders)],
                rows=[
                    RelatedRow(
                        cells=[str(year), *(_shown(values, code) for code, _label in genders)],
                        url="",
                    )
                    for year, values in reversed(key_figure_series(obj.indicator))
                ],
            )
        ]

    @admin.display(description=gettext_lazy("imported as usual"), boolean=True)
    def is_going(self, key_figure: KeyFigure) -> bool:
        return not key_figure.stopped_because

    def get_fields(self, request: HttpRequest, obj: KeyFigure | None = None) -> Any:
        written = ("indicator", "kpi", "title", "municipality")
        return written if obj is None else (*written, "imported_at", "stopped_because")

    def get_readonly_fields(self, request: HttpRequest, obj: KeyFigure | None = None) -> Any:
        return () if obj is None else ("indicator", "imported_at", "stopped_because")

    def save_model(self, request: HttpRequest, obj: KeyFigure, form: Any, change: bool) -> None:
        was_stopped = change and bool(obj.stopped_because)
        super().save_model(request, obj, form, change)
        if change and {"kpi", "municipality"} & set(form.changed_data):
            forget_values(obj)
            messages.info(
                request, _("The values of the former key figure are gone. Import the new ones.")
            )
        if was_stopped:
            confirm_key_figure(obj)
            messages.info(
                request,
                _("The key figure is no longer stopped. Import it now or wait for tonight."),
            )

    # --- Import now ------------------------------------------------------------------------------
    # Both ways to it wait for the network, which no transaction may.

    @transaction.non_atomic_requests
    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, extra_context)

    @admin.action(description=gettext_lazy("Import from Kolada now"), permissions=["change"])
    def import_now(self, request: HttpRequest, queryset: "QuerySet[KeyFigure]") -> HttpResponse:
        # The same order for everyone, so that no two imports wait for each other.
        return self._import(request, queryset.order_by("pk"), request.get_full_path())

    def get_urls(self) -> list[URLPattern]:
        import_one = path(
            "<path:object_id>/import/",
            self.admin_site.admin_view(self.import_view),
            name="goals_keyfigure_import",
        )
        return [import_one, *super().get_urls()]

    @transaction.non_atomic_requests
    def import_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        key_figure = self.get_object(request, unquote(object_id))
        if key_figure is None:
            raise Http404
        if not self.has_change_permission(request, key_figure):
            raise PermissionDenied
        if request.method == "POST":
            back = reverse("admin:goals_keyfigure_change", args=[key_figure.pk])
            return self._import(request, [key_figure], back)
        years = latest_years()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": key_figure,
            "title": _("Import from Kolada now"),
            "subtitle": str(key_figure),
            "first_year": str(years[0]),
            "last_year": str(years[-1]),
        }
        return TemplateResponse(request, "admin/goals/keyfigure/import.html", context)

    def _import(
        self, request: HttpRequest, key_figures: Iterable[KeyFigure], back: str
    ) -> HttpResponseRedirect:
        if done := repeated(request):
            return done
        # Kolada is asked before the transaction begins, which must not wait for the network.
        with Kolada(settings.KOLADA_URL, FOR_A_PAGE) as kolada:
            answers = [
                ask_kolada(key_figure, kolada=kolada, years=latest_years())
                for key_figure in key_figures
            ]

        def act() -> str:
            for answer in answers:
                outcome = store_answer(answer)
                self.log_change(request, outcome.key_figure, outcome.told)
                tell = messages.error if outcome.problem else messages.success
                tell(request, outcome.told)
            return back

        return once(request, act)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        key_figure = kwargs.get("obj")
        if key_figure is not None and self.has_change_permission(request, key_figure):
            url = reverse("admin:goals_keyfigure_import", args=[key_figure.pk])
            context["tools"] = [(url, _("Import from Kolada now"))]
        return super().render_change_form(request, context, *args, **kwargs)


def _shown(values: dict[str, Any], gender: str) -> str:
    if gender not in values:
        return ""
    value = values[gender]
    return _("missing") if value is None else number_format(value.normalize())
