"""The organisation, from the city down, as it is or as it was on a day."""

from datetime import date

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from stockholm_quality.web import AuthedRequest
from units.models import Employment, Role, RoleAssignment, Unit, UnitPlacement
from units.sorting import swedish_order

PAGE_SIZE = 50
LONGEST_NUMBER = 19  # digits of a key; Python refuses to read a number of thousands


@require_safe
def unit_list(request: AuthedRequest) -> HttpResponse:
    """One level of the tree at a time, or the units whose name holds the searched text."""
    day = _asked_day(request)
    # PostgreSQL holds no NUL character, not even in a question.
    text = request.GET.get("text", "").replace("\0", "").strip()[:100]
    under = request.GET.get("under", "")
    top = (
        get_object_or_404(Unit, pk=under)
        if under.isdecimal() and len(under) <= LONGEST_NUMBER
        else Unit.objects.filter(kind=Unit.Kind.CITY).first()
    )
    placements = UnitPlacement.objects.active_on(day).select_related("unit")
    below = UnitPlacement.objects.active_on(day).filter(parent=OuterRef("unit"))
    placements = (
        placements.filter(name__icontains=text) if text else placements.filter(parent=top)
    ).annotate(has_units_below=Exists(below))
    page = Paginator(placements.order_by(swedish_order("name"), "pk"), PAGE_SIZE)
    context = {
        "page_obj": page.get_page(request.GET.get("page")),
        "top": top,
        "line": _line(top, day) if top else [],
        "day": day,
        "is_today": day == timezone.localdate(),
        "text": text,
    }
    return render(request, "units/unit_list.html", context)


def _line(unit: Unit, day: date) -> list[UnitPlacement]:
    above = {unit.pk: depth for depth, unit in enumerate(Unit.objects.above(unit, day))}
    placements = UnitPlacement.objects.active_on(day).filter(unit__in=above)
    return sorted(placements, key=lambda placement: -above[placement.unit_id])


@require_safe
def my_unit(request: AuthedRequest) -> HttpResponse:
    """The unit one heads or keeps, else the one where one works, else the whole organisation."""
    role = (
        RoleAssignment.objects.active_on()
        .filter(person=request.user, role__in=[Role.MANAGER, Role.CONTROLLER, Role.HR])
        .select_related("unit")
        .order_by("role", "starts_on", "pk")
        .last()
    )
    if role:
        return redirect(role.unit)
    employment = (
        Employment.objects.active_on()
        .filter(person=request.user)
        .select_related("unit")
        .order_by("starts_on", "pk")
        .first()
    )
    return redirect(employment.unit if employment else "units:list")


def _asked_day(request: AuthedRequest) -> date:
    try:
        return date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return timezone.localdate()
