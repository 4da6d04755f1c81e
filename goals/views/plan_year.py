"""The year: open it, set its periods, close them."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from goals import rules
from goals.actions import plans
from goals.actions.plans import PlanNotReadyError
from goals.forms.plan import TICKS, PeriodForm, PlanYearForm, PlanYearTextForm
from goals.models import Closure, Period, PlanYear
from goals.reports import reporting
from goals.reports.timeline import TheYear
from goals.years import plannable_years
from stockholm_quality.web import AuthedRequest, require
from units.drafts import as_initial, drop_draft, find_draft
from units.models import Draft, Unit, User
from units.revisions import ComparedField, StaleRevisionError, seen_now
from units.sorting import swedish_order
from units.submissions import once, repeated

YEARS_PER_PAGE = 25
CLOSURES_PER_PAGE = 25
UNITS_PER_PAGE = 25
LONGEST_TEXT = 100
LONGEST_KEY = 18  # digits
BY_DUE_DAY = ("due_on", "ends_on", "pk")

YEAR_DRAFT = "planyear:new"


# --- The year ----------------------------------------------------------------------------------


@require_safe
def plan_years(request: AuthedRequest) -> HttpResponse:
    years = reporting.plan_years_of(request.user).prefetch_related(
        Prefetch("periods", Period.objects.order_by(*BY_DUE_DAY))
    )
    context = {
        "page_obj": Paginator(years, YEARS_PER_PAGE).get_page(request.GET.get("page")),
        "may_open": reporting.units_to_open_for(request.user).exists(),
        "today": timezone.localdate(),
        "the_year": TheYear(request.user),
    }
    return render(request, "goals/plan_years.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def plan_year_new(request: AuthedRequest) -> HttpResponse:
    units = reporting.units_to_open_for(request.user)
    require(units.exists())
    draft = find_draft(request.user, YEAR_DRAFT) if request.method != "POST" else None
    form = PlanYearForm(request.POST or None, initial=as_initial(draft), units=units)
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            plan_year = plans.open_plan_year(**form.cleaned_data, by=request.user)
            drop_draft(request.user, YEAR_DRAFT)
            messages.success(
                request, _("The year is open. Look through its periods and change what differs.")
            )
            return plan_year.get_absolute_url()

        try:
            return once(request, save)
        except PlanNotReadyError as error:
            form.add_error(None, str(error))
    years = plannable_years()
    context = {
        "form": form,
        "draft": draft,
        "draft_key": YEAR_DRAFT,
        "years": years,
        "proposed": list(zip(*(plans.proposed_periods(year) for year in years), strict=True)),
    }
    return render(request, "goals/plan_year_new.html", context)


@require_safe
def plan_year(request: AuthedRequest, pk: int) -> HttpResponse:
    year = _get_year(pk)
    may_run = rules.can_run_plan_year(request.user, year.unit)
    may_watch = rules.can_watch_reporting(request.user, year.unit)
    periods = reporting.with_closures(year.periods.order_by(*BY_DUE_DAY), year.unit)
    if may_watch:
        periods = reporting.with_counts(periods, year.unit, year.year)
    context = {
        "plan_year": year,
        "periods": periods,
        "today": timezone.localdate(),
        "may_run": may_run,
        "may_watch": may_watch,
        # Who answers for a part below the year's unit has a board of that part.
        "may_see_board": may_watch
        or reporting.plan_years_watched_in_part(request.user).filter(pk=year.pk).exists(),
    }
    if may_watch:
        context |= _closures(request, year)
    return render(request, "goals/plan_year.html", context)


def _closures(request: AuthedRequest, year: PlanYear) -> dict[str, Any]:
    closures = (
        Closure.objects.filter(period__plan_year=year)
        .select_related("unit", "period")
        .order_by("-closed_at", "period__ends_on", swedish_order("unit__name"), "pk")
    )
    page = Paginator(closures, CLOSURES_PER_PAGE).get_page(request.GET.get("page"))
    names = User.objects.visible_to(request.user).in_bulk({row.closed_by_id for row in page})
    return {"page_obj": page, "closures": [(row, names.get(row.closed_by_id)) for row in page]}


@require_http_methods(["GET", "HEAD", "POST"])
def plan_year_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    year = _get_year(pk)
    require(rules.can_run_plan_year(request.user, year.unit))
    key = f"planyear:{year.pk}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    form = PlanYearTextForm(request.POST or None, initial=as_initial(draft), instance=year)
    current = None
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            plans.edit_plan_year(
                plan_year=year,
                revision=form.cleaned_data["revision"] or 0,
                instructions=form.cleaned_data["instructions"],
                by=request.user,
            )
            drop_draft(request.user, key)
            messages.success(request, _("The instructions are saved."))
            return year.get_absolute_url()

        try:
            return once(request, save)
        except StaleRevisionError as stale:
            current = stale.current
            form.data = seen_now(form.data, current)
    context = {
        "form": form,
        "plan_year": year,
        "draft": draft,
        "draft_key": key,
        "conflict": _compared(form, current) if current else [],
    }
    return render(request, "goals/plan_year_form.html", context, status=409 if current else 200)


# --- Its periods -------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def period_new(request: AuthedRequest, pk: int) -> HttpResponse:
    year = _get_year(pk)
    require(rules.can_run_plan_year(request.user, year.unit))
    key = f"period:new:{year.pk}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    form = PeriodForm(
        request.POST or None, initial=_drafted(draft), instance=Period(plan_year=year)
    )
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            plans.add_period(plan_year=year, fields=form.of_period, by=request.user)
            drop_draft(request.user, key)
            messages.success(request, _("The period is added."))
            return year.get_absolute_url()

        try:
            return once(request, save)
        except PlanNotReadyError as error:
            form.add_error(None, str(error))
    elif request.method == "POST" and (done := repeated(request)):
        return done  # its short name is taken by now
    return _period_page(request, form, year, key=key, draft=draft)


@require_http_methods(["GET", "HEAD", "POST"])
def period_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    period = _get_period(pk)
    year = period.plan_year
    require(rules.can_run_plan_year(request.user, year.unit))
    key = f"period:{period.pk}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    form = PeriodForm(request.POST or None, initial=_drafted(draft), instance=period)
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            plans.edit_period(
                period=period,
                revision=form.cleaned_data["revision"] or 0,
                fields=form.of_period,
                by=request.user,
            )
            drop_draft(request.user, key)
            messages.success(request, _("The period is saved."))
            return year.get_absolute_url()

        try:
            return once(request, save)
        except StaleRevisionError as stale:
            return _period_page(request, form, year, key=key, current=stale.current)
        except PlanNotReadyError as error:
            form.add_error(None, str(error))
    return _period_page(request, form, year, key=key, draft=draft)


def _period_page(
    request: AuthedRequest,
    form: PeriodForm,
    year: PlanYear,
    *,
    key: str,
    draft: Draft | None = None,
    current: Period | None = None,
) -> HttpResponse:
    conflict = _compared(form, current) if current else []
    if current:
        form.data = seen_now(form.data, current)
    context = {
        "form": form,
        "plan_year": year,
        "is_new": form.instance.pk is None,
        "draft": draft,
        "draft_key": key,
        "conflict": conflict,
    }
    return render(request, "goals/period_form.html", context, status=409 if current else 200)


def _drafted(draft: Draft | None) -> dict[str, Any]:
    """A box that was not ticked is not in the draft at all."""
    if draft is None:
        return {}
    return as_initial(draft) | {name: name in draft.fields for name in TICKS}


def _compared(form: PeriodForm | PlanYearTextForm, current: Any) -> list[ComparedField]:
    def words(name: str, value: Any) -> str:
        if isinstance(value, bool):
            return _("Yes") if value else _("No")
        if name == "kind":
            return str(Period.Kind(value).label)
        if name.endswith("_on"):
            return date_format(value)
        return str(value)

    return [
        ComparedField(
            str(field.label).capitalize(),
            words(name, form.cleaned_data[name]),
            words(name, getattr(current, name)),
        )
        for name, field in form.fields.items()
        if not field.widget.is_hidden and name in form.cleaned_data
    ]


# --- Closing -----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def period_close(request: AuthedRequest, pk: int) -> HttpResponse:
    period = _get_period(pk)
    return _close(request, period.plan_year, period)


@require_http_methods(["GET", "HEAD", "POST"])
def plan_year_close(request: AuthedRequest, pk: int) -> HttpResponse:
    return _close(request, _get_year(pk), None)


def _close(request: AuthedRequest, year: PlanYear, period: Period | None) -> HttpResponse:
    """One period, or all of the year, for the unit asked for: the year's own unless another."""
    require(rules.can_run_plan_year(request.user, year.unit))
    periods = year.periods.filter(pk=period.pk) if period else year.periods.order_by(*BY_DUE_DAY)
    below = Unit.objects.below(year.unit)
    asked = (request.POST if request.method == "POST" else request.GET).get("unit", "")
    if (not asked and request.method != "POST") or asked == str(year.unit_id):
        unit = year.unit
    elif asked.isdecimal() and len(asked) <= LONGEST_KEY:
        unit = get_object_or_404(below, pk=asked)
    else:
        raise Http404
    if request.method == "POST":
        with_below = request.POST.get("with_below") == "on"

        def close() -> str:
            plans.close_periods(periods=periods, unit=unit, with_below=with_below, by=request.user)
            messages.success(
                request,
                _("Closed for {unit} and all below it.").format(unit=unit)
                if with_below
                else _("Closed for {unit} alone.").format(unit=unit),
            )
            return year.get_absolute_url() + "#closures"

        return once(request, close)
    text = request.GET.get("text", "").replace("\0", "").strip()[:LONGEST_TEXT]
    found = below.exclude(pk=year.unit_id).in_swedish_order()
    if text:
        found = found.filter(name__icontains=text)
    context = {
        "plan_year": year,
        "period": period,
        "unit": unit,
        "is_whole": unit == year.unit,
        "counts": reporting.with_counts(periods, unit, year.year),
        "text": text,
        "page_obj": Paginator(found, UNITS_PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "goals/period_close.html", context)


@require_POST
def closure_lift(request: AuthedRequest, pk: int) -> HttpResponse:
    closure = (
        Closure.objects.filter(pk=pk).select_related("period__plan_year__unit", "unit").first()
    )
    if closure is None:
        if done := repeated(request):
            return done
        raise Http404
    year = closure.period.plan_year
    require(rules.can_run_plan_year(request.user, year.unit))

    def lift() -> str:
        plans.lift_closure(closure=closure, by=request.user)
        messages.success(
            request,
            _("{period} takes reports from {unit} again.").format(
                period=closure.period, unit=closure.unit
            ),
        )
        return reverse("goals:plan_year", args=[year.pk]) + "#closures"

    return once(request, lift)


def _get_year(pk: int) -> PlanYear:
    return get_object_or_404(PlanYear.objects.select_related("unit"), pk=pk)


def _get_period(pk: int) -> Period:
    return get_object_or_404(Period.objects.select_related("plan_year__unit"), pk=pk)
