"""What every view needs of HTTP. Imports no app."""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from units.models import User


class AuthedRequest(HttpRequest):
    """A request that the sign-in middleware has let through. For annotations only."""

    user: "User"
    htmx: "HtmxDetails"


def require(allowed: bool) -> None:
    """Refuse with 403: the person may see the thing but not do this with it."""
    if not allowed:
        raise PermissionDenied


def address_of_portal(request: HttpRequest) -> str:
    """As https://portal.example.se, for letters: an address of a page is put after it."""
    return request.build_absolute_uri("/").rstrip("/")


def render_page(
    request: AuthedRequest,
    template: str,
    context: dict[str, Any],
    *,
    fragment: str = "",
    target: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page or, when htmx asks for the element `target`, only its `fragment`."""
    is_partial = bool(fragment) and request.htmx.target == target
    response = render(request, fragment if is_partial else template, context, status=status)
    response["Vary"] = "HX-Request, HX-Target, Cookie"
    return response
