"""What the portal holds about oneself, to read and to take out."""

import msgspec
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dialogues.own_data import as_data, as_document, numbers_held, own_data
from dialogues.readings import note_own_data
from goals.documents.pdf import made_pdf
from stockholm_quality.web import AuthedRequest


@require_safe
def own_data_page(request: AuthedRequest) -> HttpResponse:
    """What there is, without the texts."""
    told = numbers_held(request.user)
    context = {
        "held": [(subject.title, number) for subject, number in told if number],
        "empty": [subject.title for subject, number in told if not number],
    }
    return render(request, "dialogues/own_data.html", context)


@require_safe
def own_data_pdf(request: AuthedRequest) -> HttpResponse:
    note_own_data(request.user)
    document = as_document(request.user, own_data(request.user))
    return _file(made_pdf(document), "application/pdf", "pdf")


@require_safe
def own_data_json(request: AuthedRequest) -> HttpResponse:
    note_own_data(request.user)
    data = as_data(request.user, own_data(request.user))
    return _file(msgspec.json.encode(data), "application/json", "json")


def _file(made: bytes, content_type: str, ending: str) -> HttpResponse:
    response = HttpResponse(made, content_type=content_type)
    name = ".".join([_("My data"), ending])
    response["Content-Disposition"] = content_disposition_header(True, name) or ""
    return response
