from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from units.admin_base import ScopedAdmin
from units.models import Role
from units.rules import can_use_admin

METHODS = ["GET", "HEAD", "POST"]


class PortalAdminSite(AdminSite):
    """Admin for HR and system administrators. There is no flag for it: today's roles decide, and
    each register is narrowed to what those roles reach (`units.admin_base.ScopedAdmin`)."""

    site_header = _("Tydliga mål: administration")
    site_title = _("Administration")
    index_title = _("What do you want to look after?")
    enable_nav_sidebar = False

    def register(self, models: Any, admin_class: Any = None, **options: Any) -> None:
        """Take in nothing but registers that are narrowed to a scope; those that libraries bring
        along, such as the groups of django.contrib.auth, stay out."""
        if admin_class is not None and issubclass(admin_class, ScopedAdmin):
            super().register(models, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and can_use_admin(request.user)

    def admin_view(
        self, view: Callable[..., HttpResponse], cacheable: bool = False
    ) -> Callable[..., HttpResponse]:
        """As Django's, but whoever is signed in without the right is told so, instead of being
        asked to sign in again."""
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied
            if request.method not in METHODS:
                return HttpResponseNotAllowed(METHODS)
            return inner(request, *args, **kwargs)

        return update_wrapper(guarded, inner)

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        may_run = request.user.is_authenticated and request.user.has_role(Role.HR)
        return super().index(request, {**(extra_context or {}), "may_run_rounds": may_run})

    def get_urls(self) -> list[URLPattern | URLResolver]:
        # The shortcut to any object of any kind tells what exists to whoever may not see it.
        return [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]

    @method_decorator([require_safe, login_not_required])
    def login(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """One way in for everyone, with one limit on failed tries."""
        wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
        if not url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
            wanted = reverse("admin:index")
        if self.has_permission(request):
            return redirect(wanted)
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(wanted)
