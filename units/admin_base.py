"""What every register of the administration shares. Closed until a register opens itself: by
default it shows no row and allows nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminToField
from django.contrib.admin.models import LogEntry
from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import IntegrityError, OperationalError, models
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import Field, ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg.errors import DeadlockDetected, LockNotAvailable

from units.actions import OrganisationError
from units.admin_forms import ScopedForm
from units.models import Employment, Role, RoleAssignment, Unit, UnitLine, UnitPlacement, User
from units.rules import can_use_admin, is_system_administrator
from units.submissions import once

LONGEST_RESULT_URL = 300  # as `Submission.result_url`


def units_within_reach(user: User) -> "QuerySet[Unit]":
    """All for a system administrator; for HR those that its assignments reach.

    A unit that does not exist today is reached by the line it had on its last day or, when it is
    yet to come, on its first.
    """
    if is_system_administrator(user):
        return Unit.objects.all()
    today = timezone.localdate()
    held = RoleAssignment.objects.active_on(today).filter(
        person=user, role=Role.HR, unit=OuterRef("ancestor")
    )
    placed = UnitPlacement.objects.filter(unit=OuterRef("descendant"))
    ended = placed.filter(ends_on__lt=today).order_by("-ends_on")
    nearest_day = Coalesce(
        Subquery(ended.values("ends_on")[:1]),
        Subquery(placed.order_by("starts_on").values("starts_on")[:1]),
    )
    dormant = (
        UnitLine.objects.within_border()
        .filter(Exists(held), ~Exists(placed.active_on(today)))
        .annotate(nearest_day=nearest_day)
        .filter(Q(ends_on__isnull=True) | Q(ends_on__gte=F("nearest_day")))
        .filter(starts_on__lte=F("nearest_day"))
    )
    return Unit.objects.filter(
        Q(pk__in=Unit.objects.in_scope_of(user, Role.HR, day=today).values("pk"))
        | Q(pk__in=dormant.values("descendant"))
    )


def not_ended() -> Q:
    """The condition that a row's period holds today or is yet to come."""
    return Q(ends_on__isnull=True) | Q(ends_on__gte=timezone.localdate())


def people_within_reach(user: User) -> "QuerySet[User]":
    """Those whose name `user` may see; for HR, of those, who is or is to be employed in its units,
    and who was before and is employed by no other authority now."""
    people: QuerySet[User] = User.objects.visible_to(user)
    if is_system_administrator(user):
        return people
    everywhere = Employment.objects.filter(person=OuterRef("pk"))
    lasting = everywhere.filter(not_ended())
    units = units_within_reach(user).values("pk")
    return people.filter(
        Exists(lasting.filter(unit__in=units))
        | Exists(everywhere.filter(unit__in=units)) & ~Exists(lasting)
    )


def words_for(error: Exception) -> str:
    """Why the database or an action refused, in the user's language.

    Raises `error` itself when it tells of a fault, and of nothing that somebody else does.
    """
    if isinstance(error, OrganisationError):
        return str(error)
    if isinstance(error, OperationalError) and not isinstance(
        error.__cause__, (LockNotAvailable, DeadlockDetected)
    ):
        raise error
    diagnosis = getattr(error.__cause__, "diag", None)
    name = getattr(diagnosis, "constraint_name", None)
    if name == "placement_without_ring":
        return _("The unit would come to lie under itself. Choose another unit above it.")
    if name == "placement_under_the_city":
        return _("Every unit but the city lies under another, and the city lies under none.")
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if constraint.name == name:
                return str(constraint.get_violation_error_message())
    return _("Somebody has just stored something that this clashes with. Check it and try again.")


class _NotStoredError(Exception):
    """The form is shown again; whatever was begun is undone, the form's token included."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


def once_or_again(request: HttpRequest, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Run `act` once for the form's token. A page instead of a redirect means: nothing stored."""

    def act_for_token() -> str:
        response = act()
        if not isinstance(response, HttpResponseRedirect):
            raise _NotStoredError(response)
        url = response.url
        return url if len(url) <= LONGEST_RESULT_URL else url.partition("?")[0]

    try:
        return once(request, act_for_token)
    except _NotStoredError as refused:
        return refused.response


@dataclass(frozen=True)
class RelatedRow:
    cells: list[str]
    url: str


@dataclass(frozen=True)
class RelatedRows:
    """What belongs to an object, for reading on its page. No formset: nothing to send back."""

    title: str
    headings: list[str]
    rows: list[RelatedRow]


def related_rows(rows: "QuerySet[Any]", *names: str, linked: bool = True) -> RelatedRows:
    """A table of the rows' fields; `linked` rows lead to their own pages in the administration."""
    opts = rows.model._meta
    route = f"admin:{opts.app_label}_{opts.model_name}_change"
    return RelatedRows(
        title=str(opts.verbose_name_plural),
        # A field without a name of its own is called after its identifier, which is English.
        headings=[_(str(opts.get_field(name).verbose_name)) for name in names],
        rows=[
            RelatedRow(
                cells=[_cell(row, name) for name in names],
                url=reverse(route, args=[row.pk]) if linked else "",
            )
            for row in rows
        ],
    )


def _cell(row: models.Model, name: str) -> str:
    value = getattr(row, f"get_{name}_display", lambda: getattr(row, name))()
    if isinstance(value, date):
        return date_format(value)
    return "" if value is None else str(value)


class ScopedAdmin(admin.ModelAdmin):
    """A register narrowed to what today's roles reach. A subclass opens itself by `within_reach`,
    `may_add` and `may_change`; what it shows without a change right is for reading."""

    class Media:
        css = {"all": ["css/admin_forms.css"]}
        js = ["js/admin_select.js"]

    form = ScopedForm
    # Nothing is deleted, alone or in bulk: things end by a date.
    actions = None
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    view_on_site = False

    def within_reach(self, user: User) -> "QuerySet[Any]":
        return self.model._default_manager.none()

    def may_add(self, user: User) -> bool:
        return False

    def may_change(self, user: User, obj: Any) -> bool:
        return False

    def related(self, user: User, obj: Any) -> list[RelatedRows]:
        return []

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        if not can_use_admin(request.user):
            return self.model._default_manager.none()
        return self.within_reach(request.user).order_by(*self.get_ordering(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return can_use_admin(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return can_use_admin(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return can_use_admin(request.user) and self.may_add(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not can_use_admin(request.user):
            return False
        if obj is None:
            return self.may_add(request.user)
        # One page asks many times over.
        answers = request.__dict__.setdefault("_may_change", {})
        key = (self.model, obj.pk)
        if key not in answers:
            answers[key] = self.within_reach(request.user).filter(
                pk=obj.pk
            ).exists() and self.may_change(request.user, obj)
        return bool(answers[key])

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # --- Lists -----------------------------------------------------------------------------------

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what the list's own filters send: any other condition is a question about fields
        that the list does not show."""
        return lookup in set(self._declared_lookups(request))

    def _declared_lookups(self, request: HttpRequest) -> Iterable[str]:
        for declared in self.get_list_filter(request):
            if isinstance(declared, str):
                yield declared
                yield from (f"{declared}__{end}" for end in ("exact", "isnull", "gte", "lt"))
            else:
                yield declared.parameter_name
        if self.date_hierarchy:
            for end in ("year", "month", "day", "gte", "lt"):
                yield f"{self.date_hierarchy}__{end}"

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        return to_field == self.opts.pk.attname

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        if "\x00" in search_term:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        _refuse_popup(request)
        if any("\x00" in value for values in request.GET.lists() for value in values[1]):
            raise BadRequest("No text holds the character NUL.")
        return super().changelist_view(request, extra_context)

    # --- Forms -----------------------------------------------------------------------------------

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.request = request
        return form

    def formfield_for_dbfield(
        self, db_field: models.Field, request: HttpRequest, **kwargs: Any
    ) -> Field | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            # The shortcuts open pop-up windows, which have scopes of their own.
            field.widget = field.widget.widget
        return field

    def get_field_queryset(
        self, db: str | None, db_field: Any, request: HttpRequest
    ) -> "QuerySet[Any]":
        register = self.admin_site._registry.get(db_field.remote_field.model)
        if register is None:
            return db_field.remote_field.model._default_manager.none()
        return register.get_queryset(request)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        _refuse_popup(request)
        view = super().changeform_view

        def act() -> HttpResponse:
            try:
                return view(request, object_id, form_url, extra_context)
            except (IntegrityError, OperationalError, OrganisationError) as error:
                request.refusal = words_for(error)
                return view(request, object_id, form_url, extra_context)

        if request.method != "POST":
            return act()
        if object_id is None:
            allowed = self.has_add_permission(request)
        else:
            obj = self.get_object(request, unquote(object_id))
            if obj is None:
                raise Http404
            allowed = self.has_change_permission(request, obj)
        if not allowed:
            raise PermissionDenied
        return once_or_again(request, act)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs.get("obj")
        if obj is not None:
            context["related"] = self.related(request.user, obj)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.save()
            return
        # Only what the form holds: the password, for one, may have changed since it was opened.
        changed = [name for name in form.changed_data if name in form._meta.fields]
        if hasattr(obj, "revision"):
            obj.revision += 1
            changed.append("revision")
        obj.save(update_fields=changed)

    # --- One object ------------------------------------------------------------------------------

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        raise Http404

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        doers = LogEntry.objects.filter(
            object_id=unquote(object_id), content_type__model=self.opts.model_name
        )
        known = User.objects.visible_to(request.user).filter(pk__in=doers.values("user"))
        names = {person.pk: str(person) for person in known}
        response = super().history_view(request, object_id, extra_context)
        for action in response.context_data["action_list"]:
            action.who = names.get(action.user_id, "")
        return response


def _refuse_popup(request: HttpRequest) -> None:
    for sent in (request.GET, request.POST):
        if IS_POPUP_VAR in sent or TO_FIELD_VAR in sent:
            raise DisallowedModelAdminToField("The administration uses no pop-up windows.")


class PeriodFilter(admin.SimpleListFilter):
    title = gettext_lazy("period")
    parameter_name = "period"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("now", _("Today")), ("coming", _("Coming")), ("ended", _("Ended"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        today = timezone.localdate()
        if self.value() == "now":
            return queryset.filter(
                Q(ends_on__isnull=True) | Q(ends_on__gte=today), starts_on__lte=today
            )
        if self.value() == "coming":
            return queryset.filter(starts_on__gt=today)
        if self.value() == "ended":
            return queryset.filter(ends_on__lt=today)
        return queryset


class BoardFilter(admin.SimpleListFilter):
    """Rows of one authority; `unit_path` leads from the row to its unit."""

    title = gettext_lazy("board")
    parameter_name = "board"
    unit_path = "unit"

    def boards(self, request: HttpRequest) -> "QuerySet[Unit]":
        return units_within_reach(request.user).filter(kind=Unit.Kind.BOARD)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(board.pk), str(board)) for board in self.boards(request).in_swedish_order()]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        value = self.value()
        if not value:
            return queryset
        if value not in {key for key, _label in self.lookup_choices}:
            return queryset.none()
        lines = UnitLine.objects.active_on().within_border().filter(ancestor=int(value))
        return queryset.filter(**{f"{self.unit_path}__in": lines.values("descendant")})
