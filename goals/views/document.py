"""Documents and tables to take along: of one report, and of a unit with all below it."""

import re
from typing import Any

from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import translation
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from goals import rules
from goals.actions.documents import order_document, waiting_builds
from goals.documents.building import start_building
from goals.documents.content import HandedIn, report_document
from goals.documents.pdf import made_pdf
from goals.documents.reading import acceptances, handed_in, names_of, working_copy
from goals.documents.table import made_table
from goals.documents.word import made_word
from goals.models import DocumentBuild, Period, PlanYear, Report, ReportVersion
from goals.reports import reporting
from goals.reports.carriers import day_of
from goals.years import asked_year
from stockholm_quality.web import AuthedRequest, render_page, require
from units.models import Unit
from units.submissions import once

BUILDS_PER_PAGE = 25
LONGEST_NUMBER = 4  # digits
YEARS = range(1990, 2201)  # as a plan year may be

TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_NOT_IN_FILE_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')


# --- One report --------------------------------------------------------------------------------


@require_safe
def report_document_file(request: AuthedRequest, pk: int, kind: str) -> HttpResponse:
    report = get_object_or_404(Report.objects.visible_to(request.user).with_place(), pk=pk)
    if kind not in {"pdf", "docx"}:
        raise Http404
    chapter = _asked_for(request, report)
    document = report_document(chapter, names_of(chapter.people))
    made = made_pdf(document) if kind == "pdf" else made_word(document)
    snapshot = chapter.snapshot
    parts = [snapshot.period, str(snapshot.year), snapshot.unit]
    if chapter.is_working_copy:
        parts.append(_("working copy"))
    elif snapshot.version_number > 1:
        parts.append(_("version {number}").format(number=snapshot.version_number))
    return _file(made, kind, " ".join(parts))


def _asked_for(request: AuthedRequest, report: Report) -> HandedIn:
    """The version asked for. Without one: for those who may see it, what is being written; else
    the latest."""
    asked = request.GET.get("version", "")
    versions = ReportVersion.objects.filter(report=report).order_by("-number")
    if asked:
        if not asked.isdecimal() or len(asked) > LONGEST_NUMBER:
            raise Http404
        versions = versions.filter(number=int(asked))
    elif report.is_being_written and rules.can_see_working_report(request.user, report.unit):
        return working_copy(report)
    version = versions.first()
    if version is None:
        raise Http404
    return handed_in(version, acceptances(ReportVersion.objects.filter(pk=version.pk)))


# --- A unit with all below it ------------------------------------------------------------------


@require_safe
def unit_table(request: AuthedRequest, pk: int, year: int) -> HttpResponse:
    unit = get_object_or_404(Unit, pk=pk)
    if year not in YEARS:
        raise Http404
    made = made_table(unit, year, Unit.objects.below(unit, day_of(year)))
    return _file(made, "xlsx", " ".join([_("Goals and indicators"), str(year), str(unit)]))


@require_safe
def board_documents(request: AuthedRequest, pk: int) -> HttpResponse:
    unit = get_object_or_404(Unit, pk=pk)
    years = sorted({each.year for each in PlanYear.objects.covering(unit)}, reverse=True)
    year = asked_year(request)
    if years and year not in years:
        year = years[0]
    may_order = rules.can_order_document(request.user, unit)
    told = Period.objects.of_unit(unit, year)
    periods = list(reporting.with_counts(told, unit, year) if may_order else told)
    builds = (
        DocumentBuild.objects.filter(unit=unit, period__in=periods)
        .select_related("period__plan_year")
        .defer("pdf", "docx")
        .order_by("-asked_at", "-pk")
    )
    ready = builds.readable()
    context = {
        "unit": unit,
        "year": year,
        "years": years,
        "periods": periods,
        "may_order": may_order,
        "under_way": builds.filter(state__in=_UNDER_WAY) if may_order else [],
        "page_obj": Paginator(ready, BUILDS_PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "goals/document_list.html", context)


_UNDER_WAY = [DocumentBuild.State.WAITING, DocumentBuild.State.RUNNING]


@require_POST
def document_order(request: AuthedRequest, pk: int, period_pk: int) -> HttpResponse:
    unit = get_object_or_404(Unit, pk=pk)
    period = get_object_or_404(
        Period.objects.filter(plan_year__in=PlanYear.objects.covering(unit).order_by()),
        pk=period_pk,
    )
    require(rules.can_order_document(request.user, unit))

    def order() -> str:
        language = (translation.get_language() or "sv")[:2]
        build = order_document(unit=unit, period=period, language=language, by=request.user)
        transaction.on_commit(start_building)
        return build.get_absolute_url()

    return once(request, order)


@require_safe
def document_build(request: AuthedRequest, pk: int) -> HttpResponse:
    build = _get_build(request, pk)
    if build.state in _UNDER_WAY and waiting_builds().filter(pk=build.pk).exists():
        start_building()
    context: dict[str, Any] = {
        "build": build,
        "is_under_way": build.state in _UNDER_WAY,
        "may_order": rules.can_order_document(request.user, build.unit),
    }
    return render_page(
        request,
        "goals/document_build.html",
        context,
        fragment="goals/document_progress.html",
        target="document-progress",
    )


@require_safe
def document_file(request: AuthedRequest, pk: int, kind: str) -> HttpResponse:
    build = _get_build(request, pk)
    if kind not in {"pdf", "docx"} or build.state != DocumentBuild.State.READY:
        raise Http404
    made = DocumentBuild.objects.values_list(kind, flat=True).get(pk=build.pk)
    period = build.period
    return _file(bytes(made), kind, f"{period.name} {period.plan_year.year} {build.unit}")


def _get_build(request: AuthedRequest, pk: int) -> DocumentBuild:
    """Everyone may read a document that is ready: it holds only what has been handed in. One that
    is on its way concerns those who may order it, and one that names somebody whose identity has
    been protected since is no more."""
    build = get_object_or_404(
        DocumentBuild.objects.select_related("unit", "period__plan_year").defer("pdf", "docx"),
        pk=pk,
    )
    if build.state == DocumentBuild.State.READY:
        is_open = DocumentBuild.objects.readable().filter(pk=build.pk).exists()
    else:
        is_open = rules.can_order_document(request.user, build.unit)
    if not is_open:
        raise Http404
    return build


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    name = _NOT_IN_FILE_NAMES.sub(" ", name).strip()
    disposition = content_disposition_header(as_attachment=True, filename=f"{name}.{kind}")
    return HttpResponse(
        content,
        content_type=TYPES[kind],
        headers={
            "Content-Disposition": disposition or "attachment",
            "X-Content-Type-Options": "nosniff",
        },
    )
