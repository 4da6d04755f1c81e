"""Pages about the portal itself."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from stockholm_quality.gallery import gallery_context


@login_not_required
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "about/accessibility.html")


@login_not_required
def access(request: HttpRequest) -> HttpResponse:
    return render(request, "about/access.html")


def components(request: HttpRequest) -> HttpResponse:
    """Every component on one page, for those who build pages. Not in production."""
    return render(request, "components/gallery.html", gallery_context())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", {"exception": exception}, status=400)
