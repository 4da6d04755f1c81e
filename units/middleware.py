"""Who is asking, in which language, and what happens to a form sent after the session ended."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth import middleware
from django.db import DEFAULT_DB_ALIAS, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from units.views.session import held_form
from units.wall import acting_as


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


class ActorMiddleware:
    """Runs the view of whoever is signed in as theirs, behind the second wall (`units.wall`).

    The whole request is one transaction: an exception, or an answer that tells of a fault of ours,
    stores nothing. A view marked `transaction.non_atomic_requests` runs outside, for what waits
    for others than the database, and sees no walled row. Nothing deferred is left to render after.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponse | None:
        is_outside = DEFAULT_DB_ALIAS in getattr(view, "_non_atomic_requests", ())
        if is_outside or not request.user.is_authenticated:
            return None
        with acting_as(request.user):
            response = view(request, *args, **kwargs)
            if callable(getattr(response, "render", None)):
                response = response.render()
            if not isinstance(response, HttpResponse):
                # A None would make Django call the view once more; a stream is read after the end.
                raise TypeError(f"{view} answered a {type(response).__name__}.")
            if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                transaction.set_rollback(True)
        return response
