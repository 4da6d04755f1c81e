"""Who is asking, in which language, and what happens to a form sent after the session ended."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import middleware
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from units.views.session import held_form


class AuthenticationMiddleware(middleware.AuthenticationMiddleware):
    """Ends a session after `SESSION_ABSOLUTE_AGE`, however busy it has been."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        if "_auth_user_id" not in request.session:
            return
        signed_in_at = request.session.setdefault("signed_in_at", int(time.time()))
        if time.time() - signed_in_at > settings.SESSION_ABSOLUTE_AGE:
            request.session.flush()


class LanguageMiddleware:
    """The person's own language; before signing in that of the cookie; else Swedish.

    The browser's wish is not asked: the portal is Swedish until someone chooses otherwise.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = (
            request.user.language
            if request.user.is_authenticated
            else request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        )
        language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
            response.headers["Content-Language"] = language
            return response


class SignInRequiredMiddleware(middleware.LoginRequiredMiddleware):
    """Every view is closed unless it says `login_not_required`.

    A form sent without a session is not thrown away: the sign-in page carries it along, and it is
    shown again afterwards. Scripts get 401, which they can tell from a page.
    """

    # Answers in more ways than by a redirect, which the stubs do not foresee.
    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponse:
        accepts = request.headers.get("Accept", "")
        if request.headers.get("HX-Request") or accepts == "application/json":
            return HttpResponse(status=401)
        if request.method == "POST":
            return held_form(request)
        return super().handle_no_permission(request, view_func)
