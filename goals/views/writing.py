from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from goals.writing_help import has_been_told, questions_about
from stockholm_quality.web import AuthedRequest


@require_POST
def writing_help(request: AuthedRequest) -> HttpResponse:
    """The questions about the goal as it is being written, for htmx."""
    parts = request.POST.dict()
    context = {"questions": questions_about(parts), "asked": has_been_told(parts)}
    return render(request, "goals/_writing_help.html", context)
