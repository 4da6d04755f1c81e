"""What is a person's own: drafts, language and appearance."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_POST

from stockholm_quality.web import AuthedRequest
from units.drafts import LONGEST_KEY, DraftTooLongError, drop_draft, save_draft, unsaved_texts
from units.forms import ProfileForm
from units.models import Employment, RoleAssignment, User
from units.submissions import NOT_CONTENT, once

_NOT_KEPT = NOT_CONTENT | {"key"}


@require_POST
def draft(request: AuthedRequest) -> HttpResponse:
    """Keep what is being written. Answers with the time, for the line under the form."""
    key = request.POST.get("key", "")
    fields = {
        name.replace("\0", ""): [value.replace("\0", "") for value in values]
        for name, values in request.POST.lists()
        if name not in _NOT_KEPT and "password" not in name
    }
    if not key or len(key) > LONGEST_KEY or "\0" in key:
        return HttpResponse(status=400)
    try:
        kept = save_draft(author=request.user, key=key, fields=fields)
    except DraftTooLongError:
        return HttpResponse(status=413)
    at = timezone.localtime(kept.saved_at)
    return JsonResponse({"saved_at": time_format(at.time(), "H.i")})


@require_POST
def draft_drop(request: AuthedRequest) -> HttpResponse:
    """Throw the draft away and go back to the form as it was last saved."""
    drop_draft(request.user, request.POST.get("key", "").replace("\0", ""))
    messages.success(request, _("The draft has been thrown away."))
    return redirect(_local_path(request))


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: AuthedRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            User.objects.filter(pk=request.user.pk).update(**form.cleaned_data)
            with override(form.cleaned_data["language"]):
                messages.success(request, _("Your settings have been saved."))
            return request.path

        return once(request, save)
    context = {
        "form": form,
        "unsaved": unsaved_texts(request.user),
        "employments": Employment.objects.active_on()
        .filter(person=request.user)
        .select_related("unit")
        .order_by("starts_on", "pk"),
        "roles": RoleAssignment.objects.active_on()
        .filter(person=request.user)
        .select_related("unit")
        .order_by("role", "pk"),
    }
    return render(request, "units/profile.html", context)


@require_POST
@login_not_required
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch language: kept on the person when signed in, else in a cookie."""
    response = HttpResponseRedirect(_local_path(request))
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return response
    if request.user.is_authenticated:
        User.objects.filter(pk=request.user.pk).update(language=language)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 3600,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
    return response


def _local_path(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    return wanted if is_ours and wanted.startswith("/") else "/"
