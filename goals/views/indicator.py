"""Indicators: read, make, take up for a goal, set the annual target, compare."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from goals import rules
from goals.actions.indicators import (
    IndicatorNotReadyError,
    add_indicator,
    drop_target,
    edit_indicator,
    set_target,
    take_up_indicator,
)
from goals.forms.indicator import IndicatorForm, TakeUpForm, TargetForm
from goals.measuring import shown
from goals.models import Gender, Goal, Indicator, KeyFigureValue, Target
from goals.pictures import Curve, Point, bars, curve
from goals.reports.comparing import (
    compare,
    indicators_to_take_up,
    lines_of,
    periods_told,
    targets_above,
    with_above,
)
from goals.reports.rollups import RolledUp, roll_up
from goals.years import asked_year
from stockholm_quality.web import AuthedRequest, require
from units.drafts import as_initial, drop_draft, find_draft
from units.models import Draft, Employment, Unit, User
from units.revisions import StaleRevisionError, compare_with_current, seen_now
from units.sorting import swedish_order
from units.submissions import once, repeated

PER_PAGE = 25
LONGEST_NUMBER = 10  # digits


@require_safe
def indicator(request: AuthedRequest, pk: int) -> HttpResponse:
    year = asked_year(request)
    shown_one = _get_indicator(pk, request.user, year)
    gender = request.GET.get("gender", "")
    gender = gender if shown_one.by_gender and gender in Gender.values else Gender.TOTAL
    deciders_target: Decimal | None = getattr(shown_one, "deciders_target", None)
    own_unit: int | None = getattr(shown_one, "own_unit", None)
    rolled = roll_up(shown_one, year, gender=gender)
    targets = (
        Target.objects.visible_to(request.user)
        .filter(indicator=shown_one, year=year)
        .select_related("unit", "goal", "indicator")
        .order_by(swedish_order("unit__name"), "pk")
    )
    page = Paginator(with_above(targets), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "indicator": shown_one,
        "year": year,
        "years": [year - 1, year, year + 1],
        "gender": gender,
        "genders": [
            ("", _("Total")),
            (Gender.WOMEN.value, Gender.WOMEN.label),
            (Gender.MEN.value, Gender.MEN.label),
        ],
        "facts": _facts(shown_one),
        "curve": _curve_of(shown_one, rolled, deciders_target),
        "rolled": [
            (each, shown(each.outcome.value, shown_one.decimals, shown_one.unit_of_measure))
            for each in rolled
        ],
        "page_obj": page,
        "lines": lines_of(page.object_list),
        "own_unit": own_unit,
        "may_edit": rules.can_write_indicators_of(request.user, shown_one.unit),
        **_kolada(shown_one),
    }
    return render(request, "goals/indicator_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def indicator_new(request: AuthedRequest, unit_pk: int) -> HttpResponse:
    unit = get_object_or_404(Unit.objects.active_on(), pk=unit_pk)
    require(rules.can_write_indicators_of(request.user, unit))
    goal = _goal_asked_for(request, unit)
    key = f"indicator:new:{unit.pk}:{goal.pk}" if goal else f"indicator:new:{unit.pk}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    form = IndicatorForm(
        request.POST or None,
        initial=as_initial(draft),
        instance=Indicator(unit=unit),
        asks_target=goal is not None,
    )
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            made = add_indicator(unit=unit, fields=form.columns, by=request.user)
            if goal:
                take_up_indicator(
                    indicator=made,
                    goal=goal,
                    year=_year_of(request, goal),
                    annual_target=form.cleaned_data["annual_target"],
                    note="",
                    by=request.user,
                )
            drop_draft(request.user, key)
            messages.success(request, _("The indicator is saved."))
            return (goal or made).get_absolute_url()

        return once(request, save)
    return _form_page(request, form, unit=unit, goal=goal, key=key, draft=draft)


@require_http_methods(["GET", "HEAD", "POST"])
def indicator_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    edited = _get_indicator(pk)
    require(rules.can_write_indicators_of(request.user, edited.unit))
    key = f"indicator:{edited.pk}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    form = IndicatorForm(request.POST or None, initial=as_initial(draft), instance=edited)
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            edit_indicator(
                indicator=edited,
                revision=form.cleaned_data["revision"] or 0,
                fields=form.columns,
                by=request.user,
            )
            drop_draft(request.user, key)
            messages.success(request, _("The indicator is saved."))
            return edited.get_absolute_url()

        try:
            return once(request, save)
        except StaleRevisionError as stale:
            return _form_page(request, form, unit=edited.unit, key=key, current=stale.current)
        except IndicatorNotReadyError as error:
            form.add_error(None, str(error))
    return _form_page(request, form, unit=edited.unit, key=key, draft=draft)


@require_http_methods(["GET", "HEAD", "POST"])
def indicator_adopt(request: AuthedRequest, goal_pk: int) -> HttpResponse:
    goal = get_object_or_404(Goal.objects.visible_to(request.user).with_line(), pk=goal_pk)
    require(rules.can_set_target(request.user, goal))
    if request.method == "POST" and (done := repeated(request)):
        return done
    year = _year_of(request, goal)
    text = request.GET.get("text", "").strip()[:100]
    choosable = indicators_to_take_up(goal, year)
    asked = (request.POST if request.method == "POST" else request.GET).get("indicator", "")
    chosen = choosable.filter(pk=_number(asked)).first() if asked else None
    if asked and chosen is None:
        raise Http404
    form = TakeUpForm(request.POST or None, indicator=chosen)
    if request.method == "POST" and chosen and form.is_valid():

        def take_up() -> str:
            take_up_indicator(
                indicator=chosen,
                goal=goal,
                year=year,
                annual_target=form.cleaned_data["annual_target"],
                note=form.cleaned_data["note"],
                by=request.user,
            )
            messages.success(request, _("The goal is measured by the indicator from now on."))
            return goal.get_absolute_url()

        try:
            return once(request, take_up)
        except IndicatorNotReadyError as error:
            messages.warning(request, str(error))
            return redirect(goal)
    found = indicators_to_take_up(goal, year, text=text)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    listed = [*page.object_list, *([chosen] if chosen else [])]
    # As if taken up already: what those above aim at is then found as for any other target.
    would_be = [
        Target(pk=-each.pk, indicator=each, unit=goal.unit, goal=goal, year=year) for each in listed
    ]
    higher = targets_above(would_be)
    context = {
        "goal": goal,
        "year": year,
        "text": text,
        "page_obj": page,
        "found": [(each, higher[-each.pk]) for each in page.object_list],
        "chosen": chosen,
        "chosen_above": higher[-chosen.pk] if chosen else [],
        "form": form,
    }
    return render(request, "goals/indicator_adopt.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def target_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    target = _get_target(request, pk)
    require(rules.can_set_target(request.user, target.goal))
    form = TargetForm(request.POST or None, instance=target)
    current = None
    if request.method == "POST" and form.is_valid():
        require(rules.can_set_target(request.user, form.cleaned_data["goal"]))

        def save() -> str:
            goal = form.cleaned_data["goal"]
            set_target(
                target=target,
                revision=form.cleaned_data["revision"] or 0,
                goal=goal,
                annual_target=form.cleaned_data["annual_target"],
                note=form.cleaned_data["note"],
                by=request.user,
            )
            messages.success(request, _("The annual target is saved."))
            return str(goal.get_absolute_url())

        try:
            return once(request, save)
        except StaleRevisionError as stale:
            current = stale.current
    context = {
        "form": form,
        "target": target,
        "goal": target.goal,
        "above": targets_above([target])[target.pk],
        "conflict": compare_with_current(form, current) if current else [],
        "seen_revision": target.revision,
    }
    if current:
        form.data = seen_now(form.data, current)
        context["seen_revision"] = current.revision
    return render(request, "goals/target_form.html", context, status=409 if current else 200)


@require_POST
def target_drop(request: AuthedRequest, pk: int) -> HttpResponse:
    target = (
        Target.objects.visible_to(request.user).filter(pk=pk).select_related("goal__unit").first()
    )
    if target is None:
        if done := repeated(request):
            return done
        raise Http404
    require(rules.can_set_target(request.user, target.goal))

    def drop() -> str:
        drop_target(
            target=target, revision=_number(request.POST.get("revision", "")), by=request.user
        )
        messages.success(request, _("The goal is no longer measured by the indicator."))
        return str(target.goal.get_absolute_url())

    try:
        return once(request, drop)
    except StaleRevisionError:
        messages.warning(
            request, _("The target was changed while you looked at it, so it was not removed.")
        )
    except IndicatorNotReadyError as error:
        messages.error(request, str(error))
    return redirect(target.goal)


@require_safe
def indicator_compare(request: AuthedRequest, pk: int) -> HttpResponse:
    compared = _get_indicator(pk)
    year = asked_year(request)
    unit = Unit.objects.filter(pk=_number(request.GET.get("unit", ""))).first()
    alike = bool(unit and unit.operation)
    periods = periods_told(compared, year, unit) or periods_told(compared, year)
    asked = request.GET.get("period", "")
    code, name = next((each for each in periods if each[0] == asked), (periods or [("", "")])[0])
    found = compare(compared, year, code, unit=unit, alike=alike)
    page = Paginator(found.values, PER_PAGE).get_page(request.GET.get("page"))
    own_off_page = [found.own] if found.own and found.own not in page.object_list else []
    rows = [*own_off_page, *page.object_list]
    ends = [each for each in (found.low, found.high, found.median) if each is not None]
    drawn = bars([*(row.submitted_value or Decimal(0) for row in rows), *ends])

    def said(value: Decimal | None) -> str:
        return shown(value, compared.decimals, compared.unit_of_measure)

    context = {
        "indicator": compared,
        "unit": unit,
        "year": year,
        "years": [year - 1, year, year + 1],
        "periods": periods,
        "code": code,
        "period": name,
        "alike": alike,
        "comparison": found,
        "own_value": said(found.own.submitted_value) if found.own else "",
        "median": said(found.median),
        "median_bar": drawn[-1] if ends else None,
        "rows": [
            (row, said(row.submitted_value), bar) for row, bar in zip(rows, drawn, strict=False)
        ],
        "page_obj": page,
    }
    return render(request, "goals/indicator_compare.html", context)


def _get_indicator(pk: int, reader: User | None = None, year: int = 0) -> Indicator:
    """For a reader, with `own_unit`, where they work and which measures itself by it that year, and
    `deciders_target`, what the unit that decided on the indicator aims at."""
    rows = Indicator.objects.select_related("unit", "key_figure")
    if reader is not None:
        own = Employment.objects.active_on().filter(
            person=reader,
            unit__targets__indicator=OuterRef("pk"),
            unit__targets__year=year,
            unit__targets__goal__status=Goal.Status.ADOPTED,
        )
        decided = Target.objects.filter(
            indicator=OuterRef("pk"),
            unit=OuterRef("unit"),
            year=year,
            goal__status=Goal.Status.ADOPTED,
        )
        rows = rows.annotate(
            own_unit=Subquery(own.order_by("pk").values("unit")[:1]),
            deciders_target=Subquery(decided.values("annual_target")[:1]),
        )
    return get_object_or_404(rows, pk=pk)


def _get_target(request: AuthedRequest, pk: int) -> Target:
    targets = Target.objects.visible_to(request.user)
    return get_object_or_404(targets.select_related("indicator", "goal__unit", "unit"), pk=pk)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= LONGEST_NUMBER else 0


def _goal_asked_for(request: AuthedRequest, unit: Unit) -> Goal | None:
    """The goal to be measured: one of the unit's own or none."""
    asked = request.GET.get("goal", "")
    if not asked:
        return None
    goals = Goal.objects.visible_to(request.user).filter(unit=unit)
    return get_object_or_404(goals.select_related("unit"), pk=_number(asked))


def _year_of(request: AuthedRequest, goal: Goal) -> int:
    return min(max(asked_year(request), goal.first_year), goal.last_year)


def _curve_of(indicator: Indicator, rolled: list[RolledUp], target: Decimal | None) -> Curve:
    return curve(
        [Point(each.code, each.outcome.value) for each in rolled],
        target=target,
        decimals=indicator.decimals,
        unit_of_measure=indicator.unit_of_measure,
        lower_is_better=indicator.lower_is_better,
        baseline=indicator.baseline,
    )


def _facts(indicator: Indicator) -> list[tuple[str, str]]:
    """What it measures and how, in words."""
    periods = {
        "SUM": _("The values of the periods are added."),
        "MEAN": _("The values of the periods are added and divided by how many there are."),
        "WEIGHTED": _("All numerators of the periods are divided by all their denominators."),
        "LATEST": _("The latest value holds."),
    }[indicator.over_periods]
    if indicator.is_cumulative:
        periods = _("Each value holds everything since January, so the latest value holds.")
    units = {
        "SUM": _("The values of the units are added."),
        "MEAN": _("The values of the units are added and divided by how many there are."),
        "WEIGHTED": _("All numerators of the units are divided by all their denominators."),
    }[indicator.over_units]

    def said(value: Decimal | None) -> str:
        return shown(value, indicator.decimals, indicator.unit_of_measure)

    baseline = said(indicator.baseline) if indicator.baseline is not None else _("Not given")
    if indicator.baseline_not_applicable:
        baseline = _("Does not apply")
    elif indicator.baseline is not None and indicator.baseline_year:
        baseline = f"{baseline} ({indicator.baseline_year})"
    facts = [
        (_("Unit of measure"), indicator.unit_of_measure),
        (_("Direction"), indicator.get_direction_display()),
        (_("Is reported"), indicator.get_frequency_display()),
        (_("The year so far"), periods),
        (_("Several units together"), units),
    ]
    if indicator.has_parts:
        counted = indicator.numerator_label or _("numerator")
        among = indicator.denominator_label or _("denominator")
        facts.append((_("Is worked out as"), _("{0} divided by {1}").format(counted, among)))
    if indicator.by_gender:
        facts.append((_("By gender"), _("Women and men beside the total")))
    facts += [
        (_("Baseline"), baseline),
        (_("Counts as partly reached"), _("within {0} of the target").format(_margin(indicator))),
    ]
    if indicator.last_year:
        facts.append((_("Measured up to and including"), str(indicator.last_year)))
    return facts


def _margin(indicator: Indicator) -> str:
    margin = indicator.on_track_margin.normalize()
    return shown(margin, max(0, -int(margin.as_tuple().exponent)), "%")


def _kolada(indicator: Indicator) -> dict[str, Any]:
    """Values from Kolada, when the indicator is filled from there."""
    key_figure = getattr(indicator, "key_figure", None)
    if key_figure is None:
        return {}
    values = KeyFigureValue.objects.filter(key_figure=key_figure, gender=Gender.TOTAL)
    points = [Point(str(value.year), value.value) for value in values.order_by("-year", "pk")[:12]][
        ::-1
    ]
    return {
        "key_figure": key_figure,
        "kolada": curve(
            points,
            target=None,
            decimals=indicator.decimals,
            unit_of_measure=indicator.unit_of_measure,
            lower_is_better=indicator.lower_is_better,
        ),
    }


def _form_page(
    request: AuthedRequest,
    form: IndicatorForm,
    *,
    unit: Unit,
    key: str,
    goal: Goal | None = None,
    draft: Draft | None = None,
    current: Indicator | None = None,
) -> HttpResponse:
    conflict = compare_with_current(form, current) if current else []
    if current:
        form.data = seen_now(form.data, current)
    context = {
        "form": form,
        "indicator": form.instance,
        "unit": unit,
        "goal": goal,
        "year": _year_of(request, goal) if goal else None,
        "draft": draft,
        "draft_key": key,
        "conflict": conflict,
    }
    return render(request, "goals/indicator_form.html", context, status=409 if conflict else 200)
