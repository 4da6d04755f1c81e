from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from goals.writing_help import questions_about
from stockholm_quality.web import AuthedRequest


@require_POST
def writing_help(request: AuthedRequest) -> HttpResponse:
    """The questions about the goal as it is being written, for htmx."""
    context = {"questions": questions_about(request.POST.dict()), "asked": True}
    return render(request, "goals/_writing_help.html", context)
