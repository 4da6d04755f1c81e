"""Pay criteria: read by everyone, any day; known by those whom they concern."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dialogues.actions.criteria import acknowledge_criteria
from dialogues.models import CriteriaAcknowledgement, CriteriaSet
from dialogues.models.criteria import criteria_of
from goals.years import asked_year, year_of_talks
from stockholm_quality.web import AuthedRequest, require
from units.models import Role
from units.sorting import swedish_order
from units.submissions import once

SETS_PER_PAGE = 25


@require_safe
def criteria(request: AuthedRequest) -> HttpResponse:
    year = asked_year(request, year_of_talks())
    in_force = CriteriaSet.objects.in_force()
    own = list(_whole(criteria_of(request.user, year=year)).order_by("pk"))
    others = (
        in_force.filter(year=year)
        .select_related("unit", "staff_group")
        .order_by(swedish_order("unit__name"), swedish_order("staff_group__name"), "pk")
    )
    known = dict(
        CriteriaAcknowledgement.objects.filter(
            person=request.user, criteria_set__in=own
        ).values_list("criteria_set", "at")
    )
    context = {
        "year": year,
        "years": sorted(
            {*in_force.values_list("year", flat=True), timezone.localdate().year, year},
            reverse=True,
        ),
        "own": [(each, known.get(each.pk)) for each in own],
        "may_write": request.user.has_role(Role.HR),
        "page_obj": Paginator(others, SETS_PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "dialogues/criteria_list.html", context)


@require_safe
def criteria_set(request: AuthedRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(_whole(CriteriaSet.objects.published()), pk=pk)
    said = CriteriaAcknowledgement.objects.filter(person=request.user, criteria_set=shown)
    in_force = _in_force_instead_of(shown)
    context = {
        "set": shown,
        "known_at": said.values_list("at", flat=True).first(),
        "may_know": criteria_of(request.user, year=shown.year).filter(pk=shown.pk).exists(),
        "corrected_by": in_force if in_force != shown else None,
    }
    return render(request, "dialogues/criteria_set.html", context)


@require_POST
def criteria_know(request: AuthedRequest, pk: int) -> HttpResponse:
    """ "I know the criteria", said of those that hold for oneself."""
    shown = get_object_or_404(CriteriaSet.objects.published(), pk=pk)
    in_force = _in_force_instead_of(shown)
    require(criteria_of(request.user, year=shown.year).filter(pk=in_force.pk).exists())
    if in_force != shown:
        messages.warning(
            request, _("The criteria have been corrected. Read them as they are now, then say so.")
        )
        return redirect(in_force)

    def note() -> str:
        acknowledge_criteria(criteria_set=shown, by=request.user)
        messages.success(request, _("Noted: you know the pay criteria."))
        return shown.get_absolute_url()

    return once(request, note)


def _in_force_instead_of(published: CriteriaSet) -> CriteriaSet:
    """The latest correction, or the set itself."""
    return CriteriaSet.objects.in_force().get(
        unit=published.unit_id, year=published.year, staff_group=published.staff_group_id
    )


def _whole(criteria_sets: "QuerySet[CriteriaSet]") -> "QuerySet[CriteriaSet]":
    return criteria_sets.select_related("unit", "staff_group").prefetch_related("criteria__steps")
