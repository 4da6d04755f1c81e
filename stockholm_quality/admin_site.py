from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from units.rules import can_use_admin


class PortalAdminSite(AdminSite):
    """Admin for HR and system administrators. There is no flag for it: today's roles decide, and
    each register is narrowed to what those roles reach (`units.admin.ScopedAdmin`)."""

    site_header = _("Tydliga mål: administration")
    site_title = _("Administration")
    index_title = _("What do you want to look after?")
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and can_use_admin(request.user)

    def login(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """One way in for everyone, with one limit on failed tries."""
        if self.has_permission(request):
            return redirect("admin:index")
        return redirect("login")
