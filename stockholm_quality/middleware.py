from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class ResponseHeadersMiddleware:
    """Headers that no library sets: nothing but static files may be stored anywhere, and nothing
    may be embedded by another site."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        is_static = request.path.startswith(settings.STATIC_URL)
        # WhiteNoise says how long a file may be kept; a page at such an address says nothing.
        if not (is_static and response.has_header("Cache-Control")):
            response.headers["Cache-Control"] = "no-store"
        return response


class NoNullCharacterMiddleware:
    """Drops the NUL character from query string and cookies: PostgreSQL holds none, not even in a
    question.

    In what is sent, forms refuse it in words of their own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        request.META["QUERY_STRING"] = query.replace("%00", "").replace("\0", "")
        # Read only now: a quoted cookie holds it as \000.
        request.COOKIES = {name: value.replace("\0", "") for name, value in request.COOKIES.items()}
        return self.get_response(request)
