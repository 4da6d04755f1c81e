"""The way of a report: read it, hand it in, return or accept it, correct it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from goals import rules
from goals.actions.reports import (
    ReportNotReadyError,
    accept_report,
    begin_correction,
    mark_of,
    return_report,
    submit_report,
    what_is_missing,
)
from goals.forms.report import CorrectionForm, ReviewForm
from goals.models import Report, ReportStep, ReportVersion
from goals.sheet import read_sheet
from goals.snapshots import ReportSnapshot, snapshot_of, working_snapshot
from stockholm_quality.web import AuthedRequest, require
from units.drafts import as_initial, drop_draft, find_draft
from units.models import User
from units.revisions import StaleRevisionError, seen_now
from units.submissions import once, repeated

LONGEST_VERSION = 4  # digits


@dataclass(frozen=True)
class ShownStep:
    """A step of the report's way; `by` is empty where the name may not be told."""

    label: str
    comment: str
    taken_at: datetime
    version_number: int
    by: str


@require_safe
def report_read(request: AuthedRequest, pk: int) -> HttpResponse:
    """What was handed in: the latest version, or the one asked for."""
    report = _get_report(request, pk)
    rights = rules.ReportRights(request.user, report)
    return read_page(request, report, _version_asked(request, report, rights), rights=rights)


def _version_asked(
    request: AuthedRequest, report: Report, rights: rules.ReportRights
) -> ReportSnapshot:
    asked = request.GET.get("version", "")
    versions = ReportVersion.objects.filter(report=report).order_by("-number")
    if asked.isdecimal() and len(asked) <= LONGEST_VERSION:
        versions = versions.filter(number=int(asked))
    version = versions.first()
    if version is None:
        if asked or not rights.sees_work:
            raise Http404
        return working_snapshot(report)
    return snapshot_of(version)


def read_page(
    request: AuthedRequest,
    report: Report,
    snapshot: ReportSnapshot,
    *,
    rights: rules.ReportRights,
    form: ReviewForm | None = None,
    status: int = 200,
) -> HttpResponse:
    key = f"report:{report.pk}:review"
    draft = find_draft(request.user, key) if rights.may_review and form is None else None
    if rights.may_review and form is None:
        form = ReviewForm(initial=as_initial(draft) | {"revision": report.revision})
    is_working = snapshot.version_number == 0 or (
        report.is_being_written and request.path == report.get_absolute_url()
    )
    steps = list(report.steps.order_by("-pk"))
    takers = {step.taken_by_id for step in steps} if rights.sees_steps else set()
    people = _names(request.user, _responsible(snapshot) | takers)
    context = {
        "report": report,
        "snapshot": snapshot,
        "is_working": is_working,
        "people": people,
        "steps": [
            _shown(step, people, in_full=rights.sees_steps)
            for step in steps
            if rights.sees_steps or step.kind != ReportStep.Kind.RETURNED
        ],
        "status": report.status if rights.sees_steps else _status_for_all(report),
        "versions": range(report.version_number, 0, -1),
        "review_form": form,
        "draft": draft,
        "draft_key": key,
        "may_review": rights.may_review,
        "may_write": rights.may_write,
        "may_correct": rights.may_correct,
        "sees_work": rights.sees_work,
    }
    return render(request, "goals/report_read.html", context, status=status)


def _status_for_all(report: Report) -> str:
    """That it has been returned, or is being corrected, concerns those who answer for it."""
    if report.status == Report.Status.ACCEPTED:
        return Report.Status.ACCEPTED
    return Report.Status.SUBMITTED


def _responsible(snapshot: ReportSnapshot) -> set[int | None]:
    return {activity.responsible for goal in snapshot.goals for activity in goal.activities}


def _names(user: User, keys: set[int | None]) -> dict[int, str]:
    """Of those whose names the reader may see, in one statement."""
    return {person.pk: str(person) for person in User.objects.visible_to(user).filter(pk__in=keys)}


def _shown(step: ReportStep, people: dict[int, str], *, in_full: bool) -> ShownStep:
    """Everyone sees that and when; the controller's words and who are for those concerned."""
    is_told = in_full or step.kind == ReportStep.Kind.CORRECTION
    return ShownStep(
        step.get_kind_display(),
        step.comment if is_told else "",
        step.taken_at,
        step.version_number,
        people.get(step.taken_by_id or 0, "") if in_full else "",
    )


# --- Handing in --------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def report_submit(request: AuthedRequest, pk: int) -> HttpResponse:
    report = _get_report(request, pk)
    if request.method == "POST" and (done := repeated(request)):
        return done
    rights = rules.ReportRights(request.user, report)
    if not report.is_being_written and rights.is_writer:
        messages.info(request, _("The report is handed in already."))
        return redirect("goals:report_read", report.pk)
    require(rights.may_write)
    is_stale = False
    if request.method == "POST":

        def submit() -> str:
            submit_report(report=report, mark=request.POST.get("mark", ""), by=request.user)
            messages.success(request, _("The report is handed in. Everyone can read it now."))
            return report.get_absolute_url()

        try:
            return once(request, submit)
        except StaleRevisionError:
            is_stale = True
            messages.warning(
                request,
                _("The report was changed while you looked at it. Read it again, then hand it in."),
            )
        except ReportNotReadyError as error:
            messages.error(request, str(error))
        report = _get_report(request, pk)
    sheet = read_sheet(report.unit, report.period, report)
    snapshot = working_snapshot(report, sheet)
    context = {
        "report": report,
        "snapshot": snapshot,
        "people": _names(request.user, _responsible(snapshot)),
        "missing": what_is_missing(sheet),
        "mark": mark_of(report),
    }
    return render(request, "goals/report_submit.html", context, status=409 if is_stale else 200)


@require_POST
def report_review(request: AuthedRequest, pk: int) -> HttpResponse:
    report = _get_report(request, pk)
    if done := repeated(request):
        return done
    rights = rules.ReportRights(request.user, report)
    require(rights.is_reviewer and report.version_number > 0)
    if report.status != Report.Status.SUBMITTED:
        messages.info(
            request,
            _("Somebody has answered already: {state}.").format(
                state=report.get_status_display().lower()
            ),
        )
        return redirect(report)
    form = ReviewForm(request.POST)
    snapshot = _latest(report)
    if not form.is_valid():
        return read_page(request, report, snapshot, rights=rights, form=form)

    def review() -> str:
        answer = accept_report if form.cleaned_data["decision"] == "accept" else return_report
        answer(
            report=report,
            revision=form.cleaned_data["revision"],
            comment=form.cleaned_data["comment"],
            by=request.user,
        )
        drop_draft(request.user, f"report:{report.pk}:review")
        messages.success(request, _("Your answer is sent."))
        return report.get_absolute_url()

    try:
        return once(request, review)
    except StaleRevisionError as stale:
        form.data = seen_now(form.data, stale.current)
        messages.warning(
            request, _("The report was changed while you looked at it. Read it again, then answer.")
        )
        report = _get_report(request, pk)
        rights = rules.ReportRights(request.user, report)
        return read_page(request, report, _latest(report), rights=rights, form=form, status=409)
    except ReportNotReadyError as error:
        messages.error(request, str(error))
        return redirect(report)


@require_http_methods(["GET", "HEAD", "POST"])
def report_correct(request: AuthedRequest, pk: int) -> HttpResponse:
    report = _get_report(request, pk)
    if request.method == "POST" and (done := repeated(request)):
        return done
    rights = rules.ReportRights(request.user, report)
    if report.status == Report.Status.CORRECTING and rights.may_write:
        return redirect(report)
    require(rights.may_correct)
    key = f"report:{report.pk}:correct"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    form = CorrectionForm(
        request.POST or None, initial=as_initial(draft) | {"revision": report.revision}
    )
    if request.method == "POST" and form.is_valid():

        def correct() -> str:
            begin_correction(
                report=report,
                revision=form.cleaned_data["revision"],
                reason=form.cleaned_data["reason"],
                by=request.user,
            )
            drop_draft(request.user, key)
            return report.get_absolute_url()

        try:
            return once(request, correct)
        except StaleRevisionError as stale:
            form.data = seen_now(form.data, stale.current)
            messages.warning(
                request, _("The report was changed while you wrote. Look at it, then go on.")
            )
            report = _get_report(request, pk)
        except ReportNotReadyError as error:
            messages.error(request, str(error))
            return redirect(report)
    context: dict[str, Any] = {"report": report, "form": form, "draft": draft, "draft_key": key}
    return render(request, "goals/report_correct.html", context)


def _latest(report: Report) -> ReportSnapshot:
    version = ReportVersion.objects.filter(report=report).order_by("-number").first()
    return snapshot_of(version) if version else working_snapshot(report)


def _get_report(request: AuthedRequest, pk: int) -> Report:
    return get_object_or_404(Report.objects.visible_to(request.user).with_place(), pk=pk)
