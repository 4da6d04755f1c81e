"""Pages about the portal itself."""

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import render
from django.views.decorators.http import require_safe

from stockholm_quality.gallery import gallery_context
from units.submissions import NOT_CONTENT

SHORTEST_WORDING = 12  # shorter fields hold keys and dates, nothing that anyone composed


@require_safe
@login_not_required
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "about/accessibility.html")


@require_safe
@login_not_required
def access(request: HttpRequest) -> HttpResponse:
    return render(request, "about/access.html")


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """Every component on one page, for those who build pages. Not in production."""
    return render(request, "components/gallery.html", gallery_context())


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", {"written": _written(request)}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", {"written": _written(request)}, status=404)


def _written(request: HttpRequest) -> list[str]:
    """What was sent in vain, to copy: what it belongs to may have been locked or thrown away while
    it was being written. Never what another site has sent."""
    if request.method != "POST" or not getattr(request, "csrf_processing_done", False):
        return []
    try:
        sent = request.POST
    except (BadRequest, SuspiciousOperation, UnreadablePostError):
        return []
    return [
        value
        for name, values in sent.lists()
        if name not in NOT_CONTENT and "password" not in name
        for value in values
        if len(value) >= SHORTEST_WORDING
    ]


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", {"written": _written(request)}, status=400)
