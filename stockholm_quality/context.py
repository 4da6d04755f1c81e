"""What the shell of every page shows."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from units.models import Role
from units.rules import can_use_admin

# The pages of the year lie beside the city's goals in the addresses' namespace.
_YEAR_PAGES = (
    "goals:plan_year",
    "goals:period_",
    "goals:closure_",
    "goals:report",
    "goals:remind",
    "goals:carry_over",
    "goals:needs",
    "goals:method",
    "goals:analysis",
    "goals:measure_",
    "goals:need_",
    "goals:board_documents",
    "goals:document",
)

_TALK_PAGES = (
    "dialogues:talk",
    "dialogues:time_",
    "dialogues:invite_many",
    "dialogues:delegation",
    "dialogues:preparation",
    "dialogues:joint",
    "dialogues:record",
    "dialogues:readings",
    "dialogues:access",
    "dialogues:coverage",
    "dialogues:competence",
    "dialogues:criteria",
)


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
    user = request.user
    if not user.is_authenticated:
        return []
    places = [
        (_("My page"), reverse("home"), ("home", "dialogues:expectation")),
        (_("My unit"), reverse("units:mine"), ("dialogues:unit", "dialogues:people", "goals:new")),
        (_("Talks"), reverse("dialogues:talks"), _TALK_PAGES),
        (_("Rounds"), reverse("dialogues:rounds"), ("dialogues:round",)),
        (_("The city's goals"), reverse("goals:tree"), ("goals:",)),
        (_("The year"), reverse("goals:plan_years"), _YEAR_PAGES),
        (_("Organisation"), reverse("units:list"), ("units:list",)),
        (_("Administration"), reverse("admin:index"), ("admin:",)),
    ]
    shown = dict.fromkeys((url for _label, url, _pages in places), True)
    shown[reverse("goals:plan_years")] = user.has_role(Role.MANAGER, Role.CONTROLLER)
    shown[reverse("dialogues:rounds")] = user.has_role(Role.HR)
    shown[reverse("admin:index")] = can_use_admin(user)
    here = request.resolver_match.view_name if request.resolver_match else ""
    # What names the page most closely is where one is, also where that place is not in the menu.
    found = [
        (len(page), url) for _label, url, pages in places for page in pages if here.startswith(page)
    ]
    current = max(found, default=(0, ""))[1]
    return [
        NavigationItem(label, url, url == current) for label, url, _pages in places if shown[url]
    ]
