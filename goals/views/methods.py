"""What units need, gathered for the level above, and the methods of analysis that boards add."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from goals import rules
from goals.actions.methods import add_method, change_method
from goals.analysis_methods import PORTALS, as_method, own_methods
from goals.forms.analysis import MethodForm
from goals.models import AnalysisMethod, Need
from goals.reports import needs as gathering
from goals.years import asked_year
from stockholm_quality.web import AuthedRequest, require
from units.drafts import as_initial, drop_draft, find_draft
from units.models import Draft, Unit
from units.revisions import StaleRevisionError, compare_with_current, seen_now
from units.submissions import once, repeated

NEEDS_PER_PAGE = 25


@require_safe
def needs(request: AuthedRequest, unit_pk: int) -> HttpResponse:
    unit = get_object_or_404(Unit.objects.active_on(), pk=unit_pk)
    require(rules.can_watch_reporting(request.user, unit))
    year = asked_year(request)
    codes = gathering.period_codes(unit, year)
    asked_code, asked_theme = request.GET.get("period", ""), request.GET.get("theme", "")
    code = asked_code if asked_code in codes else ""
    theme = asked_theme if asked_theme in Need.Theme.values else ""
    told = gathering.gathered(unit, year, code)
    listed = gathering.in_order(told.filter(theme=theme) if theme else told)
    context = {
        "unit": unit,
        "year": year,
        "codes": codes,
        "code": code,
        "theme": theme,
        "theme_label": Need.Theme(theme).label if theme else "",
        "themes": gathering.per_theme(told, theme),
        "page_obj": Paginator(listed, NEEDS_PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "goals/needs.html", context)


@require_safe
def methods(request: AuthedRequest, unit_pk: int) -> HttpResponse:
    unit = get_object_or_404(Unit.objects.active_on(), pk=unit_pk)
    may_manage = rules.can_manage_methods_of(request.user, unit)
    own = [
        method
        for method in own_methods(unit)
        if method.is_in_use or (may_manage and method.unit_id == unit.pk)
    ]
    context = {
        "unit": unit,
        "portals": PORTALS,
        "own": [as_method(method) for method in own],
        "may_manage": may_manage,
    }
    return render(request, "goals/methods.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def method_new(request: AuthedRequest, unit_pk: int) -> HttpResponse:
    unit = get_object_or_404(Unit.objects.active_on(), pk=unit_pk)
    require(rules.can_manage_methods_of(request.user, unit))
    key = f"method:new:{unit.pk}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    method = AnalysisMethod(unit=unit)
    form = MethodForm(request.POST or None, initial=as_initial(draft), instance=method)
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            add_method(unit=unit, fields=form.values, by=request.user)
            drop_draft(request.user, key)
            messages.success(request, _("The method can be chosen in the analyses now."))
            return reverse("goals:methods", args=[unit.pk])

        return once(request, save)
    if request.method == "POST" and (done := repeated(request)):
        return done  # its name is taken by now
    return _method_page(request, form, method, key=key, draft=draft)


@require_http_methods(["GET", "HEAD", "POST"])
def method_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    method = get_object_or_404(AnalysisMethod.objects.select_related("unit"), pk=pk)
    require(rules.can_manage_methods_of(request.user, method.unit))
    key = f"method:{method.pk}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    kept = as_initial(draft)
    if kept:
        kept["is_in_use"] = "is_in_use" in kept
    form = MethodForm(request.POST or None, initial=kept, instance=method)
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            change_method(
                method=method,
                revision=form.cleaned_data["revision"] or 0,
                fields=form.values,
                by=request.user,
            )
            drop_draft(request.user, key)
            messages.success(request, _("The method is saved."))
            return reverse("goals:methods", args=[method.unit_id])

        try:
            return once(request, save)
        except StaleRevisionError as stale:
            return _method_page(request, form, method, key=key, current=stale.current)
    return _method_page(request, form, method, key=key, draft=draft)


def _method_page(
    request: AuthedRequest,
    form: MethodForm,
    method: AnalysisMethod,
    *,
    key: str,
    draft: Draft | None = None,
    current: AnalysisMethod | None = None,
) -> HttpResponse:
    conflict = compare_with_current(form, current) if current else []
    if current:
        form.data = seen_now(form.data, current)
    context = {
        "form": form,
        "method": method,
        "unit": method.unit,
        "draft": draft,
        "draft_key": key,
        "conflict": conflict,
    }
    return render(request, "goals/method_form.html", context, status=409 if conflict else 200)
