"""What the shell of every page shows."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from units.rules import can_use_admin


@dataclass(frozen=True)
class NavigationItem:
    label: str
    url: str
    current: bool


def shell(request: HttpRequest) -> dict[str, Any]:
    """Navigation by what a person does, the demo's ribbon and the length of a session."""
    signed_in = hasattr(request, "user") and request.user.is_authenticated
    return {
        "demo": settings.DEMO,
        "navigation": _navigation(request) if signed_in else [],
        "session_seconds": settings.SESSION_COOKIE_AGE if signed_in else 0,
    }


def _navigation(request: HttpRequest) -> list[NavigationItem]:
    places = [
        (_("My page"), reverse("home"), ("home", "dialogues:expectation")),
        (_("My unit"), reverse("units:mine"), ("dialogues:unit", "dialogues:people", "goals:new")),
        (_("The city's goals"), reverse("goals:tree"), ("goals:",)),
        (_("Organisation"), reverse("units:list"), ("units:list",)),
    ]
    if request.user.is_authenticated and can_use_admin(request.user):
        places.append((_("Administration"), reverse("admin:index"), ("admin:",)))
    here = request.resolver_match.view_name if request.resolver_match else ""
    current = next((label for label, _url, pages in places if here.startswith(pages)), "")
    return [NavigationItem(label, url, label == current) for label, url, _pages in places]
