"""A unit's report of a period: written on one page, row by row."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from goals import rules
from goals.actions.reports import (
    ReportNotReadyError,
    begin_report,
    what_is_missing,
    write_assessment,
    write_note,
    write_summary,
    write_value,
)
from goals.forms.report import RowForm, row_forms, sent_texts, without_place
from goals.models import Goal, Period, Report
from goals.pictures import Curve, Point, curve
from goals.reports.reporting import reporting_day
from goals.sheet import GoalRow, IndicatorRow, read_sheet
from goals.snapshots import working_snapshot
from goals.views.report_way import read_page
from stockholm_quality.web import AuthedRequest, require
from units.models import Unit, User
from units.revisions import ComparedField, StaleRevisionError
from units.submissions import once

_CHOICES = {"judgement", "state", "is_not_measured"}
SCROLLS_FROM = 2  # goals; with more the page begins with links to each


@dataclass
class Saved:
    """What became of the rows that were sent."""

    seen: dict[str, str] = field(default_factory=dict)
    errors: dict[str, RowForm] = field(default_factory=dict)
    conflicts: dict[str, list[ComparedField]] = field(default_factory=dict)
    gone: dict[str, list[str]] = field(default_factory=dict)  # what has no row any more


@require_http_methods(["GET", "HEAD", "POST"])
def report(request: AuthedRequest, unit_pk: int, period_pk: int) -> HttpResponse:
    report = Report.objects.filter(unit=unit_pk, period=period_pk).with_place().first()
    if report is None:
        return _not_begun(request, *_get_place(unit_pk, period_pk))
    rights = rules.ReportRights(request.user, report)
    if rights.may_write:
        return _save(request, report) if request.method == "POST" else _sheet_page(request, report)
    if not report.version_number and not rights.sees_work:
        raise Http404
    if request.method == "POST":
        require(rights.is_writer)
        return _too_late(request, report)
    if report.is_being_written and rights.sees_work:
        return read_page(request, report, working_snapshot(report), rights=rights)
    return redirect("goals:report_read", report.pk)


def _get_place(unit_pk: int, period_pk: int) -> tuple[Unit, Period]:
    """A period asks only the units that its plan year covers, or covered when it ended."""
    unit = get_object_or_404(Unit, pk=unit_pk)
    period = get_object_or_404(Period.objects.select_related("plan_year__unit"), pk=period_pk)
    over = period.plan_year.unit
    covered = Q(pk__in=Unit.objects.below(over).values("pk")) | Q(
        pk__in=Unit.objects.below(over, reporting_day(period)).values("pk")
    )
    if unit.kind == Unit.Kind.CITY or not Unit.objects.filter(covered, pk=unit.pk).exists():
        raise Http404
    return unit, period


def _not_begun(request: AuthedRequest, unit: Unit, period: Period) -> HttpResponse:
    """Nobody sees what has not begun but those who would see it being written."""
    if not rules.can_see_working_report(request.user, unit):
        raise Http404
    may_write = rules.can_write_reports_of(request.user, unit)
    if request.method == "POST":
        require(may_write)

        def begin() -> str:
            return begin_report(unit=unit, period=period, by=request.user).get_absolute_url()

        return once(request, begin)
    is_closed = rules.is_closed(period, unit)
    context = {
        "unit": unit,
        "period": period,
        "may_begin": may_write,
        "is_closed": is_closed,
        "is_early": not period.is_open_on(timezone.localdate()),
    }
    return render(request, "goals/report_begin.html", context)


# --- Saving ------------------------------------------------------------------------------------


def _save(request: AuthedRequest, report: Report) -> HttpResponse:
    sheet = read_sheet(report.unit, report.period, report)
    forms = row_forms(sheet, report, request.POST)
    saved = Saved(gone=without_place(request.POST, forms))
    for key, form in forms.items():
        if not form.is_valid():
            saved.errors[key] = form
        elif form.is_touched:
            try:
                row = _write_over_own(report, form, request.user)
                saved.seen[key] = form.seen_now(row)
            except StaleRevisionError as stale:
                saved.conflicts[key] = _compared(form, stale.current)
                saved.seen[key] = form.seen_now(stale.current)
            except ReportNotReadyError:
                return _too_late(request, report)
        else:
            saved.seen[key] = form.cleaned_data["seen"]
    if request.accepts("text/html"):
        if saved.errors or saved.conflicts or saved.gone:
            return _sheet_page(request, report, forms, saved)
        messages.success(request, _("All that you wrote is saved."))
        return redirect(report)
    if saved.gone:
        return JsonResponse({"error": _gone()}, status=409)
    return _answer(request, report, forms, saved)


def _gone() -> str:
    return _(
        "This is no longer asked for in the report, or in another way, so it was not saved. Copy "
        "it, then load the page anew."
    )


def _write_over_own(report: Report, form: RowForm, by: User) -> Any:
    """What the same window has stored without hearing of it is no conflict."""
    try:
        return _write(report, form, form.revision, by)
    except StaleRevisionError as stale:
        if not form.has_sent(stale.current):
            raise
        return _write(report, form, stale.current.revision, by)


def _write(report: Report, form: RowForm, revision: int, by: User) -> Any:
    told: dict[str, Any] = {"report": report, "revision": revision, "by": by}
    row = form.row
    if form.kind == "summary":
        return write_summary(**told, text=form.values["summary"])
    told["fields"] = form.values
    if form.kind == "value":
        return write_value(**told, indicator=row.indicator, gender=row.gender)
    if form.kind == "note":
        return write_note(**told, activity=row.activity)
    return write_assessment(**told, goal=row.goal)


def _too_late(request: AuthedRequest, report: Report) -> HttpResponse:
    """It has been handed in or closed while this was being written: what was written is shown, to
    copy, and nothing of it is stored."""
    text = _("The report has been handed in or closed meanwhile, so this was not saved.")
    if not request.accepts("text/html"):
        return JsonResponse({"error": text}, status=409)
    sheet = read_sheet(report.unit, report.period, report)
    titles = {key: row.target.indicator for row in sheet.indicators for key in _keys(row)}
    written = []
    for key, fields in sent_texts(request.POST).items():
        texts = [text for name, text in fields.items() if text and name not in _CHOICES]
        if texts and key in titles:
            texts = ["\n".join([f"{titles[key]}:", *texts])]
        written += texts
    context = {"report": report, "written": written}
    return render(request, "goals/report_too_late.html", context, status=409)


def _answer(
    request: AuthedRequest, report: Report, forms: dict[str, RowForm], saved: Saved
) -> JsonResponse:
    """For the script: what became of each row, and what follows from it elsewhere on the page."""
    report.refresh_from_db()
    sheet = read_sheet(report.unit, report.period, report)
    touched = set(forms) - set(saved.errors)
    pieces: dict[str, str] = {}
    for goal in sheet.goals:
        rows = [row for row in goal.indicators if row.is_asked and _keys(row) & touched]
        for row in rows:
            pieces[f"picture-{row.target.indicator_id}"] = render_to_string(
                "goals/_report_picture.html", {"row": row, "curve": curve_of(row)}, request
            )
        if rows or f"g-{goal.goal.pk}" in touched:
            pieces[f"suggestion-{goal.goal.pk}"] = render_to_string(
                "goals/_report_suggestion.html", {"row": goal}, request
            )
    remains = {"missing": what_is_missing(sheet), "report": report}
    for piece in ("missing", "remaining"):
        pieces[piece] = render_to_string(f"goals/_report_{piece}.html", remains, request)
    conflicts = {
        key: render_to_string(
            "goals/_report_conflict.html", {"rows": rows, "key": key, "live": True}, request
        )
        for key, rows in saved.conflicts.items()
    }
    errors = {
        key: {name: list(map(str, texts)) for name, texts in form.errors.items()}
        for key, form in saved.errors.items()
    }
    return JsonResponse(
        {
            "seen": saved.seen,
            "errors": errors,
            "conflicts": conflicts,
            "pieces": pieces,
            "saved_at": time_format(timezone.localtime().time(), "H.i"),
        },
        status=409 if conflicts else 200,
    )


def _keys(row: IndicatorRow) -> set[str]:
    return {f"v-{value.indicator_id}-{value.gender}" for value in row.values}


# --- The page ----------------------------------------------------------------------------------


@dataclass
class ShownIndicator:
    row: IndicatorRow
    forms: list[tuple[str, RowForm, list[ComparedField]]]
    curve: Curve


@dataclass
class ShownGoal:
    row: GoalRow
    indicators: list[ShownIndicator]
    activities: list[tuple[Any, RowForm | None, list[ComparedField]]]
    form: RowForm | None
    conflict: list[ComparedField]


def curve_of(row: IndicatorRow) -> Curve:
    indicator = row.target.indicator
    return curve(
        [Point(label, value) for label, value in row.points],
        target=row.target.annual_target,
        decimals=indicator.decimals,
        unit_of_measure=indicator.unit_of_measure,
        lower_is_better=indicator.lower_is_better,
        baseline=indicator.baseline,
    )


def _sheet_page(
    request: AuthedRequest,
    report: Report,
    sent: dict[str, RowForm] | None = None,
    saved: Saved | None = None,
) -> HttpResponse:
    sheet = read_sheet(report.unit, report.period, report)
    forms = row_forms(sheet, report)
    saved = saved or Saved()
    for key in [*saved.errors, *saved.conflicts]:
        if sent and key in forms:
            forms[key] = _shown_again(sent[key], saved.seen.get(key))
    context = {
        "report": report,
        "unit": report.unit,
        "period": report.period,
        "summary_form": forms.get("summary"),
        "summary_conflict": saved.conflicts.get("summary"),
        "goals": [_shown(row, forms, saved) for row in sheet.goals],
        "needs": sheet.needs,
        "drafts": Goal.objects.drafts()
        .for_year(report.period.plan_year.year)
        .filter(unit=report.unit)
        .in_order_of_numbers()
        if report.period.is_plan
        else None,
        "missing": what_is_missing(sheet),
        "has_contents": len(sheet.goals) >= SCROLLS_FROM,
        "errors": [error for form in saved.errors.values() for error in _errors(form)]
        + [_told_gone(texts) for texts in saved.gone.values()],
        "conflicts": saved.conflicts,
        "last_return": report.steps.filter(kind="RETURNED").order_by("-pk").first()
        if report.status == Report.Status.RETURNED
        else None,
        "may_write": True,
    }
    status = 409 if saved.conflicts or saved.gone else 200
    return render(request, "goals/report_sheet.html", context, status=status)


def _told_gone(texts: list[str]) -> dict[str, str]:
    wrote = _("You had written: {text}").format(text="; ".join(texts))
    return {"text": f"{_gone()} {wrote}", "label": "", "target": ""}


def _errors(form: RowForm) -> list[dict[str, str]]:
    return [
        {
            "text": str(text),
            "label": f"{getattr(form.row, 'indicator', None) or ''} {form[name].label}".strip(),
            "target": form[name].id_for_label,
        }
        for name, texts in form.errors.items()
        for text in texts
        if name in form.fields
    ]


def _compared(form: RowForm, current: Any) -> list[ComparedField]:
    """A choice is compared in its words, not in its code."""
    rows = []
    for name in form.stored:
        words = dict(getattr(form.fields[name], "choices", []))
        mine, theirs = form.cleaned_data[name], getattr(current, name)
        told = [str(words.get(each, "" if each is None else each)) for each in (mine, theirs)]
        rows.append(ComparedField(str(form.fields[name].label), *told))
    return rows


def _shown_again(form: RowForm, seen: str | None) -> RowForm:
    """With what the person wrote, as if they had seen what is stored now."""
    if seen:
        form.data = {**form.data.dict(), f"{form.key}-seen": seen}  # type: ignore[attr-defined]
    return form


def _shown(row: GoalRow, forms: dict[str, RowForm], saved: Saved) -> ShownGoal:
    key = f"g-{row.goal.pk}"
    return ShownGoal(
        row=row,
        indicators=[
            ShownIndicator(
                each,
                [
                    (value.get_gender_display(), forms[name], saved.conflicts.get(name, []))
                    for value in each.values
                    if each.is_asked and (name := f"v-{value.indicator_id}-{value.gender}") in forms
                ],
                curve_of(each),
            )
            for each in row.indicators
        ],
        activities=[
            (each, forms.get(name := f"a-{each.activity.pk}"), saved.conflicts.get(name, []))
            for each in row.activities
            if not each.is_measure
        ],
        form=forms.get(key),
        conflict=saved.conflicts.get(key, []),
    )
