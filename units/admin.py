"""Organisation, people, employments and roles, for HR and system administrators."""

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
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from units.actions import OrganisationError, awaits_first_password, make_first_link
from units.admin_base import (
    BoardFilter,
    PeriodFilter,
    RelatedRows,
    ScopedAdmin,
    once_or_again,
    people_within_reach,
    related_rows,
    units_within_reach,
    words_for,
)
from units.admin_forms import (
    CloseForm,
    EmploymentForm,
    MergeForm,
    NotToOneselfForm,
    OrganisationForm,
    PersonAddForm,
    PlaceForm,
    PlacementForm,
    RoleAssignmentForm,
    UnitAddForm,
)
from units.models import (
    Employment,
    ProtectedIdentityKeeper,
    Role,
    RoleAssignment,
    Unit,
    UnitPlacement,
    User,
)
from units.periods import active_on
from units.rules import can_use_admin, is_system_administrator, roles_one_may_give
from units.sorting import swedish_order

ACCOUNT_FIELDS = ("account_name", "email", "is_active")
OFFICE_ROLES = [Role.HR, Role.SYSTEM_ADMINISTRATOR]


def _hr_kinds() -> list[str]:
    """A board is an authority of its own: only a system administrator makes or changes one."""
    return [Unit.Kind.DEPARTMENT, Unit.Kind.UNIT, Unit.Kind.GROUP]


def may_organise(user: User, unit: Unit) -> bool:
    """Whether `user` may change a unit that they reach."""
    return is_system_administrator(user) or unit.kind in _hr_kinds()


def employments_within_reach(user: User) -> "QuerySet[Employment]":
    return Employment.objects.filter(
        unit__in=units_within_reach(user).values("pk"),
        person__in=User.objects.visible_to(user).values("pk"),
    )


def assignments_within_reach(user: User) -> "QuerySet[RoleAssignment]":
    return RoleAssignment.objects.filter(
        unit__in=units_within_reach(user).values("pk"),
        person__in=User.objects.visible_to(user).values("pk"),
    )


# --- Organisation --------------------------------------------------------------------------------


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


# --- People --------------------------------------------------------------------------------------


class PersonBoardFilter(BoardFilter):
    unit_path = "unit"

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if not self.value():
            return queryset
        employments = super().queryset(request, Employment.objects.active_on())
        return queryset.filter(Exists(employments.filter(person=OuterRef("pk"))))


@admin.register(User)
class PersonAdmin(ScopedAdmin):
    """Accounts hold no password that anybody else has set: a new account has none at all."""

    list_display = ("shown_name", "account_name", "employment_number", "works_in", "is_active")
    list_filter = ("is_active", PersonBoardFilter)
    search_fields = ("given_name", "family_name", "account_name", "email", "employment_number")
    ordering = (swedish_order("family_name"), swedish_order("given_name"), "pk")

    def within_reach(self, user: User) -> "QuerySet[User]":
        today = (
            Employment.objects.active_on()
            .filter(unit__in=units_within_reach(user).values("pk"))
            .select_related("unit")
            .order_by("starts_on", "pk")
        )
        return people_within_reach(user).prefetch_related(
            Prefetch("employments", queryset=today, to_attr="employments_today")
        )

    def may_add(self, user: User) -> bool:
        return True

    def may_change(self, user: User, obj: User) -> bool:
        """Those who hold the office roles, oneself among them, a system administrator looks
        after."""
        if is_system_administrator(user):
            return True
        offices = RoleAssignment.objects.active_on().filter(role__in=OFFICE_ROLES)
        return not offices.filter(person=obj).exists()

    def may_change_account(self, user: User, obj: User) -> bool:
        """Who works in two authorities has one account, which neither takes from the other."""
        if is_system_administrator(user):
            return True
        employed = Employment.objects.active_on().filter(person=obj)
        return not employed.exclude(unit__in=units_within_reach(user).values("pk")).exists()

    def related(self, user: User, obj: User) -> list[RelatedRows]:
        employments = employments_within_reach(user).filter(person=obj).select_related("unit")
        roles = assignments_within_reach(user).filter(person=obj).select_related("unit")
        newest_first = ("-starts_on", "pk")
        return [
            related_rows(
                employments.order_by(*newest_first), "unit", "title", "starts_on", "ends_on"
            ),
            related_rows(roles.order_by(*newest_first), "role", "unit", "starts_on", "ends_on"),
        ]

    @admin.display(description=gettext_lazy("name"), ordering=swedish_order("family_name"))
    def shown_name(self, person: User) -> str:
        return f"{person.family_name}, {person.given_name}"

    @admin.display(description=gettext_lazy("works today in"))
    def works_in(self, person: User) -> str:
        return ", ".join(str(employment.unit) for employment in person.employments_today)

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        named = ["given_name", "family_name", "account_name", "email", "employment_number"]
        # Who guards a protected identity is HR; nobody else learns that there is one.
        if request.user.has_role(Role.HR):
            named.append("has_protected_identity")
        return [*named, "unit", "title", "starts_on"] if obj is None else [*named, "is_active"]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return ()
        if obj.pk == request.user.pk:
            return ("is_active", "has_protected_identity")
        return () if self.may_change_account(request.user, obj) else ACCOUNT_FIELDS

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm]:
        if obj is None:
            kwargs["form"] = PersonAddForm
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change and (employment := form.employment_of(obj)):
            employment.save()
        if obj.has_protected_identity and "has_protected_identity" in form.changed_data:
            self._keep_in_sight(request, obj)

    # --- The first password ----------------------------------------------------------------------

    def may_hand_over(self, request: HttpRequest, person: User) -> bool:
        """Whether one may make the link with which the person sets the first password."""
        return (
            awaits_first_password(person)
            and person.pk != request.user.pk
            and self.has_change_permission(request, person)
            and self.may_change_account(request.user, person)
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        person = kwargs.get("obj")
        if person is not None and self.may_hand_over(request, person):
            url = reverse("admin:units_user_first_password", args=[person.pk])
            context["tools"] = [(url, _("First password"))]
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        first_password = path(
            "<path:object_id>/first-password/",
            self.admin_site.admin_view(self.first_password_view),
            name="units_user_first_password",
        )
        return [first_password, *super().get_urls()]

    @transaction.atomic
    def first_password_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        person = self.get_object(request, unquote(object_id))
        if person is None:
            raise Http404
        # As it is stored now: a link must never undo a password that has just been set.
        person = User.objects.select_for_update().get(pk=person.pk)
        if not self.may_hand_over(request, person):
            raise PermissionDenied
        link = ""
        if request.method == "POST":
            link = request.build_absolute_uri(make_first_link(person))
            self.log_change(request, person, _("A link for the first password was made."))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": person,
            "title": _("First password"),
            "subtitle": str(person),
            "link": link,
        }
        return TemplateResponse(request, "admin/first_password.html", context)

    def _keep_in_sight(self, request: HttpRequest, person: User) -> None:
        """Whoever marks a person becomes the first to see them, or nobody in HR would."""
        keepers = ProtectedIdentityKeeper.objects.filter(person=person, administrator=request.user)
        if keepers.filter(active_on()).exists():
            return
        ProtectedIdentityKeeper.objects.create(
            person=person, administrator=request.user, starts_on=timezone.localdate()
        )
        messages.info(
            request,
            _("You are now the HR administrator of this protected identity. Name a second one."),
        )


@admin.register(Employment)
class EmploymentAdmin(ScopedAdmin):
    """A move to another unit is an end here and a new employment there."""

    form = EmploymentForm
    list_display = ("shown_person", "unit", "title", "starts_on", "ends_on")
    list_filter = (PeriodFilter, BoardFilter)
    search_fields = (
        "person__given_name",
        "person__family_name",
        "person__account_name",
        "title",
        "unit__name",
    )
    list_select_related = ("person", "unit")
    date_hierarchy = "starts_on"
    fields = ("person", "unit", "title", "starts_on", "ends_on")
    autocomplete_fields = ("person", "unit")
    ordering = (swedish_order("person__family_name"), swedish_order("person__given_name"), "pk")

    def within_reach(self, user: User) -> "QuerySet[Employment]":
        return employments_within_reach(user)

    def may_add(self, user: User) -> bool:
        return True

    def may_change(self, user: User, obj: Employment) -> bool:
        """An ended employment of who now works for another authority is no way back to them."""
        people = people_within_reach(user).filter(pk=obj.person_id)
        return obj.person_id != user.pk and people.exists()

    def get_readonly_fields(self, request: HttpRequest, obj: Employment | None = None) -> Any:
        return () if obj is None else ("person", "unit")

    @admin.display(
        description=gettext_lazy("person"), ordering=swedish_order("person__family_name")
    )
    def shown_person(self, employment: Employment) -> str:
        return f"{employment.person.family_name}, {employment.person.given_name}"


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


class KeeperForm(NotToOneselfForm):
    receiver = "administrator"


@admin.register(ProtectedIdentityKeeper)
class ProtectedIdentityKeeperAdmin(ScopedAdmin):
    """HR names further administrators for the protected identities that it keeps itself."""

    form = KeeperForm
    list_display = ("person", "administrator", "starts_on", "ends_on")
    list_filter = (PeriodFilter,)
    list_select_related = ("person", "administrator")
    fields = ("person", "administrator", "starts_on", "ends_on")
    ordering = ("-starts_on", "pk")

    def within_reach(self, user: User) -> "QuerySet[ProtectedIdentityKeeper]":
        if not user.has_role(Role.HR):
            return ProtectedIdentityKeeper.objects.none()
        return ProtectedIdentityKeeper.objects.filter(
            person__in=people_within_reach(user).values("pk"),
            administrator__in=User.objects.visible_to(user).values("pk"),
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return can_use_admin(request.user) and request.user.has_role(Role.HR)

    def may_add(self, user: User) -> bool:
        return user.has_role(Role.HR)

    def may_change(self, user: User, obj: ProtectedIdentityKeeper) -> bool:
        return obj.administrator_id != user.pk

    def get_readonly_fields(
        self, request: HttpRequest, obj: ProtectedIdentityKeeper | None = None
    ) -> Any:
        return () if obj is None else ("person", "administrator")

    def get_field_queryset(
        self, db: str | None, db_field: Any, request: HttpRequest
    ) -> "QuerySet[Any]":
        if db_field.name == "person":
            people = people_within_reach(request.user).filter(has_protected_identity=True)
            return people.in_swedish_order()
        holders = RoleAssignment.objects.active_on().filter(
            person=OuterRef("pk"),
            role=Role.HR,
            unit__in=units_within_reach(request.user).values("pk"),
        )
        colleagues: QuerySet[User] = User.objects.visible_to(request.user).filter(Exists(holders))
        return colleagues.in_swedish_order()
