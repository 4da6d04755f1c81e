"""A unit: its goals for everyone, its people for their manager, its figures for those above."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dialogues.models import with_acknowledgement
from dialogues.reports import knowledge_of_own, own_employments, tells_of_own, with_knowledge
from dialogues.rules import shows_who_knows
from goals.models import Expectation, Goal
from goals.reports.timeline import steps_of_year
from goals.rules import FEWEST_IN_A_FIGURE, can_watch_reporting, can_write_goals_of
from goals.years import asked_year, plannable_years
from stockholm_quality.web import AuthedRequest, require
from units.models import Employment, Role, Unit, User
from units.rules import can_see_statistics, heads

PAGE_SIZE = 50
MOST_GOALS_TO_GIVE = 12


@require_safe
def unit_detail(request: AuthedRequest, pk: int) -> HttpResponse:
    unit = get_object_or_404(Unit.objects.select_related("successor"), pk=pk)
    year = asked_year(request)
    goals = (
        Goal.objects.visible_to(request.user)
        .for_year(year)
        .filter(unit=unit)
        .with_line()
        .in_order_of_numbers()
    )
    may_write = can_write_goals_of(request.user, unit)
    is_head = may_write and unit.writes_unit_goals
    # Who heads the unit is a manager over it: that need not be asked once more.
    sees_figures = is_head or can_see_statistics(request.user, unit)
    own = knowledge_of_own(request.user, unit, year) if sees_figures else None
    # Of a few people in somebody else's unit a number would be a name.
    shows_own = (
        own is not None
        and own.employed > 0
        and (own.employed >= FEWEST_IN_A_FIGURE or is_head or _heads_board(request.user, unit))
        and tells_of_own(request.user, own)
    )
    line = list(Unit.objects.above(unit))
    sub_units = Unit.objects.children_on(unit).in_swedish_order()
    this_year = timezone.localdate().year
    context = {
        "unit": unit,
        "line": line[:0:-1],
        "year": year,
        "years": [this_year - 1, *plannable_years()],
        "page_obj": Paginator(goals, PAGE_SIZE).get_page(request.GET.get("page")),
        "sub_units": Paginator(sub_units, PAGE_SIZE).get_page(request.GET.get("units")),
        "may_write": may_write and year in plannable_years(),
        "the_year": _the_year(request, unit, year, may_write=may_write, sees_figures=sees_figures),
        "own": own if shows_own else None,
        "names_shown": shows_own and shows_who_knows(request.user),
        "may_see_figures": sees_figures,
        "is_open": unit in line,
    }
    return render(request, "dialogues/unit_detail.html", context)


def _heads_board(user: User, unit: Unit) -> bool:
    return not unit.writes_unit_goals and heads(user, unit)


def _the_year(
    request: AuthedRequest, unit: Unit, year: int, *, may_write: bool, sees_figures: bool
) -> dict[str, Any]:
    """The plan year as it stands on the unit's page."""
    user = request.user
    # Figures are for managers and HR: who has them and is not HR is a manager over the unit.
    may_watch = (sees_figures and not user.has_role(Role.HR)) or (
        user.has_role(Role.MANAGER, Role.CONTROLLER) and can_watch_reporting(user, unit)
    )
    next_year = timezone.localdate().year + 1
    return {
        "rows": steps_of_year(unit, year, may_write=may_write, may_watch=may_watch),
        "may_watch": may_watch,
        "start_year": next_year if may_write and year in {next_year - 1, next_year} else None,
    }


@require_safe
def unit_people(request: AuthedRequest, pk: int) -> HttpResponse:
    """Own employees by name. Those above and HR are shown to the figures, which name nobody."""
    unit = get_object_or_404(Unit, pk=pk)
    year = asked_year(request)
    require(can_see_statistics(request.user, unit))
    own = own_employments(request.user, unit)
    knowledge = knowledge_of_own(request.user, unit, year)
    if not knowledge.employed:
        return redirect(f"{reverse('dialogues:coverage', args=[unit.pk])}?year={year}#knowing")
    names_shown = shows_who_knows(request.user)
    employees = with_knowledge(own, year).select_related("person", "unit").in_swedish_order()
    page = Paginator(employees, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "unit": unit,
        "year": year,
        "years": [timezone.localdate().year - 1, *plannable_years()],
        "own": knowledge if tells_of_own(request.user, knowledge) else None,
        "names_shown": names_shown,
        "page_obj": page,
        "held": _held_by(list(page.object_list), year),
        "goals": _goals_to_give(unit, year),
    }
    return render(request, "dialogues/unit_people.html", context)


def _goals_to_give(unit: Unit, year: int) -> list[Goal]:
    goals = Goal.objects.adopted().for_year(year).at_level(Goal.Level.UNIT).filter(unit=unit)
    return list(goals.in_order_of_numbers()[:MOST_GOALS_TO_GIVE])


def _held_by(
    employments: list[Employment], year: int
) -> list[tuple[Employment, list[Expectation]]]:
    """Each employee of the page with their expectations, in one statement for all; those that were
    given in a unit that has been merged since are with the employment of today."""
    shown = Employment.objects.filter(pk__in=[employment.pk for employment in employments])
    expectations = (
        with_acknowledgement(Expectation.objects.in_force().for_year(year))
        .filter(employment__in=Employment.objects.going_on_as(shown))
        .select_related("goal", "employment")
        .order_by("given_at", "pk")
    )
    held: dict[int, list[Expectation]] = {employment.pk: [] for employment in employments}
    of_person = {employment.person_id: employment.pk for employment in employments}
    for expectation in expectations:
        given_in = expectation.employment
        today = given_in.pk if given_in.pk in held else of_person[given_in.person_id]
        held[today].append(expectation)
    return [(employment, held[employment.pk]) for employment in employments]
