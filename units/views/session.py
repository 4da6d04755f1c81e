"""Signing in and staying signed in. Nothing that was written is lost on the way."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from stockholm_quality.web import AuthedRequest
from units.forms import SignInForm
from units.submissions import NOT_CONTENT, is_marked_for

_HELD = "held-"


@method_decorator(require_http_methods(["GET", "HEAD", "POST"]), name="dispatch")
class SignInView(LoginView):
    """The one way in, admin included."""

    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        context["held_fields"] = _sent_along(self.request)
        return context

    def form_valid(self, form: SignInForm) -> HttpResponse:  # type: ignore[override]
        response = super().form_valid(form)
        held = [(name.removeprefix(_HELD), value) for name, value in _sent_along(self.request)]
        path = _value_of("path", held)
        if not path.startswith("/") or not url_has_allowed_host_and_scheme(
            path, allowed_hosts={self.request.get_host()}
        ):
            return response
        fields = [pair for pair in held if pair[0] not in NOT_CONTENT | {"path"}]
        if not is_marked_for(_value_of("form_author", held), form.get_user()):
            _say_what_is_kept_back(self.request, fields)
            return response
        context = {"path": path, "fields": fields, "token": _value_of("form_token", held)}
        return render(self.request, "registration/send_again.html", context)


def _value_of(wanted: str, pairs: list[tuple[str, str]]) -> str:
    return next((value for name, value in pairs if name == wanted), "")


def _say_what_is_kept_back(request: HttpRequest, fields: list[tuple[str, str]]) -> None:
    if fields:
        messages.info(request, _("What somebody else had written here before you is not shown."))


def _sent_along(request: HttpRequest) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name.startswith(_HELD)
        for value in values
    ]


def held_form(request: HttpRequest) -> HttpResponse:
    """The sign-in page, carrying the form that was sent without a session."""
    if request.path == reverse("login"):
        held = _sent_along(request)
    else:
        marks = [(name, request.POST.get(name, "")) for name in ("form_author", "form_token")]
        sent = [*((name, value) for name, value in marks if value), *_fields_to_keep(request)]
        held = [(f"{_HELD}{name}", value) for name, value in sent]
        held.append((f"{_HELD}path", request.get_full_path()))
    context = {"form": SignInForm(request), "held_fields": held}
    return render(request, "registration/login.html", context, status=403)


def _fields_to_keep(request: HttpRequest) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name not in NOT_CONTENT and "password" not in name
        for value in values
    ]


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form is shown again with what was written, for the person to send once more.

    Only from our own pages: a form that another site sent is refused without an echo. And only
    to who wrote it: on a shared computer a page may stand open from whoever sat there before.
    """
    origin = request.headers.get("Origin") or request.headers.get("Referer", "")
    ours = f"{request.scheme}://{request.get_host()}"
    if origin != ours and not origin.startswith(f"{ours}/"):
        return render(request, "403.html", {"exception": reason}, status=403)
    if request.headers.get("Accept") == "application/json":
        return HttpResponse(status=403)
    if not request.user.is_authenticated:
        return held_form(request)
    fields = _fields_to_keep(request)
    if not is_marked_for(request.POST.get("form_author", ""), request.user):
        _say_what_is_kept_back(request, fields)
        return render(request, "403.html", status=403)
    context = {
        "path": request.get_full_path(),
        "fields": fields,
        "token": request.POST.get("form_token", ""),
    }
    return render(request, "registration/send_again.html", context, status=403)


@require_http_methods(["GET", "HEAD", "POST"])
def ping(request: AuthedRequest) -> HttpResponse:
    """Stay signed in, and hear whose session it is: reaching this renews the session. The token
    is for forms on pages that were opened before one signed in anew."""
    return JsonResponse(
        {
            "user": request.user.pk,
            "seconds": request.session.get_expiry_age(),
            "csrf_token": get_token(request),
        }
    )
