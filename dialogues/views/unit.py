"""A unit: its goals for everyone, its people for their manager, its figures for those above."""

from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from dialogues.reports import knowledge_below, knowledge_of_own, with_knowledge
from goals.models import Expectation, Goal
from goals.rules import can_write_goals_of
from goals.years import asked_year, plannable_years
from stockholm_quality.web import AuthedRequest, require
from units.models import Employment, Unit
from units.rules import can_see_statistics

PAGE_SIZE = 50


@require_safe
def unit_detail(request: AuthedRequest, pk: int) -> HttpResponse:
    unit = get_object_or_404(Unit.objects.select_related("successor"), pk=pk)
    year = asked_year(request)
    goals = (
        Goal.objects.visible_to(request.user)
        .for_year(year)
        .filter(unit=unit)
        .with_line()
        .order_by("number", "title", "pk")
    )
    own = knowledge_of_own(request.user, unit, year)
    sub_units = Unit.objects.children_on(unit).in_swedish_order()
    this_year = timezone.localdate().year
    context = {
        "unit": unit,
        "line": list(Unit.objects.above(unit))[:0:-1],
        "year": year,
        "years": [this_year - 1, *plannable_years()],
        "page_obj": Paginator(goals, PAGE_SIZE).get_page(request.GET.get("page")),
        "sub_units": Paginator(sub_units, PAGE_SIZE).get_page(request.GET.get("units")),
        "may_write": can_write_goals_of(request.user, unit) and year in plannable_years(),
        "own": own if own.employed else None,
        "may_see_figures": bool(own.employed) or can_see_statistics(request.user, unit),
        "is_open": bool(Unit.objects.active_on().filter(pk=unit.pk).exists()),
    }
    return render(request, "dialogues/unit_detail.html", context)


@require_safe
def unit_people(request: AuthedRequest, pk: int) -> HttpResponse:
    """Own employees by name; for those above and HR figures alone."""
    unit = get_object_or_404(Unit, pk=pk)
    year = asked_year(request)
    own = Employment.objects.managed_by(request.user).filter(unit=unit)
    sees_figures = can_see_statistics(request.user, unit)
    has_own = own.exists()
    require(has_own or sees_figures)
    employees = with_knowledge(own, year).select_related("person").in_swedish_order()
    page = Paginator(employees, PAGE_SIZE).get_page(request.GET.get("page"))
    figures = knowledge_below(unit, year) if sees_figures else None
    own_knowledge = knowledge_of_own(request.user, unit, year) if has_own else None
    context = {
        "unit": unit,
        "year": year,
        "has_own": has_own,
        "own": own_knowledge,
        "names_shown": own_knowledge is not None and own_knowledge.names_shown,
        "page_obj": page,
        "held": _held_by(list(page.object_list), year),
        "figures": Paginator(figures, PAGE_SIZE).get_page(request.GET.get("units"))
        if figures is not None
        else None,
        "totals": figures.aggregate(
            all_employed=Sum("employed"), all_given=Sum("given"), all_knowing=Sum("knowing")
        )
        if figures is not None
        else {},
    }
    return render(request, "dialogues/unit_people.html", context)


def _held_by(
    employments: list[Employment], year: int
) -> list[tuple[Employment, list[Expectation]]]:
    """Each employee of the page with their expectations, in one statement for all."""
    expectations = (
        Expectation.objects.in_force()
        .for_year(year)
        .filter(employment__in=[employment.pk for employment in employments])
        .select_related("goal")
        .order_by("given_at", "pk")
    )
    held: dict[int, list[Expectation]] = {employment.pk: [] for employment in employments}
    for expectation in expectations:
        held[expectation.employment_id].append(expectation)
    return [(employment, held[employment.pk]) for employment in employments]
