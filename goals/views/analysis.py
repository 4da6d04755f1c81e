"""Why it went as it did, and what is decided because of it: analysis, measures and needs."""

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Avg, Count, Max, Min, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from goals import rules
from goals.actions.reports import (
    ReportNotReadyError,
    decide_measure,
    drop_measure,
    drop_need,
    name_need,
    write_analysis,
)
from goals.analysis_methods import key_of, methods_for
from goals.forms.analysis import (
    STEPS,
    AnalysisForm,
    MeasureForm,
    MeasureWithinForm,
    NeedForm,
)
from goals.measuring import shown
from goals.models import Activity, Analysis, Gender, Goal, Need, Report, Value
from goals.pictures import Curve
from goals.sheet import GoalRow, IndicatorRow, goals_of_report, read_row
from goals.views.report import curve_of
from stockholm_quality.web import AuthedRequest, render_page, require
from units.drafts import as_initial, drop_draft, find_draft
from units.models import Draft, Role, Unit
from units.revisions import ComparedField, StaleRevisionError, compare_with_current, seen_now
from units.submissions import once, repeated

PROMPTS = "method-prompts"  # the element that holds the questions of the chosen method
WITHIN = "measure-"  # before the fields of a measure on the page of the analysis


@dataclass(frozen=True)
class Evidence:
    """An indicator beside the text: as it is, between groups, and beside similar units."""

    row: IndicatorRow
    curve: Curve
    groups: list[tuple[str, str]]
    similar: str


@require_http_methods(["GET", "HEAD", "POST"])
def analysis(request: AuthedRequest, pk: int, goal_pk: int) -> HttpResponse:
    report = _get_report(request, pk)
    goal = _get_goal(report, goal_pk)
    if request.method == "POST" and (late := _cannot_take(request, report)):
        return late
    stored, before = _analyses(report, goal)
    if request.htmx.target == PROMPTS:
        return _prompts(request, report, stored)
    if not rules.can_write_report(request.user, report):
        return _analysis_page(request, stored, before)
    draft = find_draft(request.user, _key(report, goal)) if request.method != "POST" else None
    kept = as_initial(draft)
    form = AnalysisForm(request.POST or None, initial=kept, unit=report.unit, instance=stored)
    measure = MeasureWithinForm(
        request.POST or None,
        initial={
            name.removeprefix(WITHIN): text
            for name, text in kept.items()
            if name.startswith(WITHIN)
        },
        report=report,
        by=request.user,
    )
    if request.method == "POST" and form.is_valid() and measure.is_valid():
        return _save_analysis(request, form, measure, before)
    return _analysis_page(request, stored, before, form=form, measure=measure, draft=draft)


def _save_analysis(
    request: AuthedRequest,
    form: AnalysisForm,
    measure: MeasureWithinForm,
    before: Analysis | None,
) -> HttpResponse:
    """The analysis and the measure that may have been written with it: both, or neither."""
    stored = form.instance
    report, goal = stored.report, stored.goal

    def save() -> str:
        values = form.values
        if stored.pk or any(values.values()):
            write_analysis(
                report=report,
                goal=goal,
                revision=form.cleaned_data["revision"] or 0,
                fields=values,
                by=request.user,
            )
        drop_draft(request.user, _key(report, goal))
        address = reverse("goals:analysis", args=[report.pk, goal.pk])
        if measure.has_changed():
            decide_measure(report=report, goal=goal, fields=measure.columns, by=request.user)
            messages.success(request, _("The analysis is saved, and the measure with it."))
            return f"{address}#measures"
        messages.success(request, _("The analysis is saved."))
        return address

    try:
        return once(request, save)
    except ReportNotReadyError as error:
        return _too_late(request, report, str(error))
    except StaleRevisionError as stale:
        return _analysis_page(
            request, stored, before, form=form, measure=measure, current=stale.current
        )


def _key(report: Report, goal: Goal) -> str:
    return f"analysis:{report.pk}:{goal.pk}"


def _prompts(request: AuthedRequest, report: Report, stored: Analysis) -> HttpResponse:
    methods = methods_for(report.unit, stored.own_method)
    context = {"methods": methods, "chosen": request.GET.get("way", "")}
    return render_page(
        request,
        "goals/_analysis_prompts.html",
        context,
        fragment="goals/_analysis_prompts.html",
        target=PROMPTS,
    )


def _analysis_page(
    request: AuthedRequest,
    stored: Analysis,
    before: Analysis | None,
    *,
    form: AnalysisForm | None = None,
    measure: MeasureForm | None = None,
    draft: Draft | None = None,
    current: Analysis | None = None,
) -> HttpResponse:
    report, goal = stored.report, stored.goal
    conflict: list[ComparedField] = []
    if form and current:
        conflict = [*compare_with_current(form, current), _ways_compared(form, current)]
        form.data = seen_now(form.data, current)
    row = read_row(report, goal)
    chosen = str(form["way"].value() or "") if form else key_of(stored)
    context = {
        "report": report,
        "goal": goal,
        "row": row,
        "form": form,
        "measure": measure,
        "analysis": stored,
        "methods": form.methods if form else methods_for(report.unit, stored.own_method),
        "chosen": chosen,
        "evidence": _evidence(report, row),
        "before": before,
        "steps": _told(stored),
        "steps_before": _told(before) if before else [],
        "draft": draft,
        "draft_key": _key(report, goal),
        "conflict": conflict,
        "may_write": form is not None,
        "why_read_only": "" if form else _why_read_only(request, report),
    }
    return render(request, "goals/analysis.html", context, status=409 if conflict else 200)


def _told(analysis: Analysis) -> list[tuple[str, str, str]]:
    """Each step: its name, its question and what was written."""
    labels = {field.name: str(field.verbose_name) for field in Analysis._meta.fields}
    return [(name, labels[name], getattr(analysis, name)) for name in STEPS]


def _analyses(report: Report, goal: Goal) -> tuple[Analysis, Analysis | None]:
    """What the report says, unsaved where it says nothing yet, and what was last handed in of the
    goal or of the one that it was carried over from."""
    same_goal = Q(goal=goal) | Q(goal__carried_over__successor=goal)
    handed_in = Q(report__version_number__gt=0, report__period__ends_on__lt=report.period.ends_on)
    latest = (
        Analysis.objects.filter(same_goal, handed_in | Q(report=report, goal=goal))
        .select_related("report__period__plan_year", "own_method")
        .order_by("-report__period__ends_on", "-pk")
    )
    stored, before = Analysis(), None
    for analysis in latest[:2]:
        if analysis.report_id == report.pk:
            stored = analysis
        else:
            before = before or analysis
    stored.report, stored.goal = report, goal
    return stored, before


def _ways_compared(form: AnalysisForm, current: Analysis) -> ComparedField:
    names = {method.key: str(method.name) for method in form.methods}
    stored = str(current.own_method or current.get_method_display())
    return ComparedField(
        str(form.fields["way"].label), names.get(form.cleaned_data["way"], ""), stored
    )


def _evidence(report: Report, row: GoalRow) -> list[Evidence]:
    similar = _similar_units(report, row)
    return [
        Evidence(
            each,
            curve_of(each),
            [
                (
                    value.get_gender_display(),
                    shown(
                        value.value,
                        each.target.indicator.decimals,
                        each.target.indicator.unit_of_measure,
                    ),
                )
                for value in each.values
                if value.gender != Gender.TOTAL
            ],
            similar.get(each.target.indicator_id, ""),
        )
        for each in row.indicators
    ]


def _similar_units(report: Report, row: GoalRow) -> dict[int, str]:
    """By indicator: what others of the same kind and operation have handed in for the period."""
    indicators = {each.target.indicator_id: each.target.indicator for each in row.indicators}
    told = (
        Value.objects.submitted()
        .filter(
            indicator__in=indicators,
            gender=Gender.TOTAL,
            submitted_value__isnull=False,
            period__code=report.period.code,
            period__plan_year__year=report.period.plan_year.year,
            unit__kind=report.unit.kind,
            unit__operation=report.unit.operation,
        )
        .exclude(unit=report.unit)
        .order_by()
        .values("indicator")
        .annotate(
            units=Count("unit", distinct=True),
            low=Min("submitted_value"),
            mean=Avg("submitted_value"),
            high=Max("submitted_value"),
        )
    )
    found = {}
    for each in told:
        indicator = indicators[each["indicator"]]
        low, mean, high = (
            shown(each[name], indicator.decimals, indicator.unit_of_measure)
            for name in ("low", "mean", "high")
        )
        found[indicator.pk] = ngettext(
            "{units} similar unit has handed in: {mean}.",
            "{units} similar units have handed in: the lowest {low}, the mean of the units "
            "{mean}, the highest {high}.",
            each["units"],
        ).format(units=each["units"], low=low, mean=mean, high=high)
    return found


# --- Measures and needs ------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def measure_new(request: AuthedRequest, pk: int, goal_pk: int) -> HttpResponse:
    report = _get_report(request, pk)
    goal = _get_goal(report, goal_pk)
    if late := _cannot_take(request, report):
        return late
    key = f"measure:{report.pk}:{goal.pk}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    form = MeasureForm(
        request.POST or None, initial=as_initial(draft), report=report, by=request.user
    )
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            decide_measure(report=report, goal=goal, fields=form.columns, by=request.user)
            drop_draft(request.user, key)
            messages.success(request, _("The measure is decided. It begins when you hand in."))
            return f"{report.get_absolute_url()}#measures-{goal.pk}"

        try:
            return once(request, save)
        except ReportNotReadyError as error:
            return _too_late(request, report, str(error))
    context = {"form": form, "report": report, "goal": goal, "draft": draft, "draft_key": key}
    return render(request, "goals/measure_form.html", context)


@require_POST
def measure_drop(request: AuthedRequest, pk: int, activity_pk: int) -> HttpResponse:
    report = _get_report(request, pk)
    activity = (
        Activity.objects.filter(assessment__report=report, pk=activity_pk)
        .select_related("assessment")
        .first()
    )
    if activity is None:
        if done := repeated(request):
            return done
        raise Http404
    if late := _cannot_take(request, report):
        return late
    goal_pk = activity.assessment.goal_id if activity.assessment else 0
    back = f"{report.get_absolute_url()}#measures-{goal_pk}"
    if request.POST.get("back") == "analysis":
        back = reverse("goals:analysis", args=[report.pk, goal_pk]) + "#measures"

    def drop() -> str:
        drop_measure(report=report, activity=activity, by=request.user)
        messages.success(request, _("The measure has been taken away."))
        return back

    try:
        return once(request, drop)
    except ReportNotReadyError as error:
        messages.error(request, str(error))
    return redirect(back)


@require_http_methods(["GET", "HEAD", "POST"])
def need_new(request: AuthedRequest, pk: int) -> HttpResponse:
    report = _get_report(request, pk)
    if not report.period.asks_needs:
        raise Http404
    if late := _cannot_take(request, report):
        return late
    key = f"need:{report.pk}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    form = NeedForm(request.POST or None, initial=as_initial(draft), report=report)
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            name_need(report=report, fields=form.cleaned_data, by=request.user)
            drop_draft(request.user, key)
            messages.success(request, _("The need is noted in the report."))
            return f"{report.get_absolute_url()}#needs"

        try:
            return once(request, save)
        except ReportNotReadyError as error:
            return _too_late(request, report, str(error))
    context = {"form": form, "report": report, "draft": draft, "draft_key": key}
    return render(request, "goals/need_form.html", context)


@require_POST
def need_drop(request: AuthedRequest, pk: int, need_pk: int) -> HttpResponse:
    report = _get_report(request, pk)
    need = Need.objects.filter(report=report, pk=need_pk).first()
    if need is None:
        if done := repeated(request):
            return done
        raise Http404
    if late := _cannot_take(request, report):
        return late
    back = f"{report.get_absolute_url()}#needs"

    def drop() -> str:
        drop_need(report=report, need=need, by=request.user)
        messages.success(request, _("The need has been taken away."))
        return back

    try:
        return once(request, drop)
    except ReportNotReadyError as error:
        messages.error(request, str(error))
    return redirect(back)


# --- What is common to all ---------------------------------------------------------------------


def _get_report(request: AuthedRequest, pk: int) -> Report:
    """What is being written is there only for those who answer for the unit, as
    `rules.can_see_working_report` has it."""
    units = Unit.objects.in_scope_of(request.user, Role.MANAGER, Role.CONTROLLER)
    return get_object_or_404(Report.objects.filter(unit__in=units).with_place(), pk=pk)


def _get_goal(report: Report, pk: int) -> Goal:
    if report.period.is_plan:
        raise Http404
    return get_object_or_404(goals_of_report(report.unit, report.period).with_line(), pk=pk)


def _cannot_take(request: AuthedRequest, report: Report) -> HttpResponse | None:
    """None while the report takes words from `user`. Who may never write is refused; who comes too
    late is told so, and sees what they wrote."""
    require(rules.can_write_reports_of(request.user, report.unit))
    if rules.can_write_report(request.user, report):
        return None
    if request.method == "POST" and (done := repeated(request)):
        return done
    return _too_late(request, report, _why_read_only(request, report))


def _why_read_only(request: AuthedRequest, report: Report) -> str:
    if not report.is_being_written:
        return _("The report has been handed in. Correct it, with a reason, to write in it again.")
    if rules.can_write_reports_of(request.user, report.unit):
        return _("The period has been closed. Make a late correction, with a reason.")
    return _("You can read this while it is written. Those who head the unit write it.")


def _too_late(request: AuthedRequest, report: Report, text: str) -> HttpResponse:
    """What was written is shown, to copy, and nothing of it is stored."""
    written_in = (*STEPS, "title", "description", "text")
    written = [
        value
        for name, values in request.POST.lists()
        if name.removeprefix(WITHIN) in written_in
        for value in values
        if value.strip()
    ]
    context = {"report": report, "why": text, "written": written}
    return render(request, "goals/analysis_too_late.html", context, status=409)
