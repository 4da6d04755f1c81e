"""People with their accounts, and who in HR may see a protected identity."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from units.actions import awaits_first_password, make_first_link
from units.admin.employments import employments_within_reach
from units.admin.roles import assignments_within_reach
from units.admin_base import (
    BoardFilter,
    PeriodFilter,
    RelatedRows,
    ScopedAdmin,
    people_within_reach,
    related_rows,
    units_within_reach,
)
from units.admin_forms import NotToOneselfForm, PersonAddForm
from units.models import Employment, ProtectedIdentityKeeper, Role, RoleAssignment, User
from units.periods import active_on
from units.rules import can_use_admin, is_system_administrator
from units.sorting import swedish_order

ACCOUNT_FIELDS = ("account_name", "email", "is_active")
OFFICE_ROLES = [Role.HR, Role.SYSTEM_ADMINISTRATOR]


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
        # One page asks many times over, and a request has its own user object.
        answers: dict[int, bool] = user.__dict__.setdefault("_may_change_account", {})
        if obj.pk not in answers:
            employed = Employment.objects.active_on().filter(person=obj)
            elsewhere = employed.exclude(unit__in=units_within_reach(user).values("pk"))
            answers[obj.pk] = not elsewhere.exists()
        return answers[obj.pk]

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
        if obj is None:
            return [*named, "unit", "title", "staff_group", "starts_on"]
        return [*named, "is_active"]

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
