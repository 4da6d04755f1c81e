"""Next year's plan, started from this year's goals."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from goals import rules
from goals.actions.carry_over import carry_over, goals_of_year, is_decided
from goals.actions.goals import GoalNotReadyError
from goals.forms.carry_over import CarryOverForm
from goals.models import Goal
from goals.years import asked_year, plannable_years
from stockholm_quality.web import AuthedRequest, require
from units.drafts import as_initial, drop_draft, find_draft
from units.models import Unit
from units.submissions import once, repeated

GOALS_PER_PAGE = 25
LONGEST_QUOTED = 300


@require_http_methods(["GET", "HEAD", "POST"])
def carry_over_goals(request: AuthedRequest, unit_pk: int) -> HttpResponse:
    unit = get_object_or_404(Unit.objects.active_on(), pk=unit_pk)
    require(rules.can_carry_over(request.user, unit))
    if request.method == "POST" and (done := repeated(request)):
        return done
    years = plannable_years()
    asked = asked_year(request) if "year" in request.GET else years[-1]
    is_late = request.method == "POST" and asked not in years
    to_year = asked if asked in years or is_late else years[-1]
    goals = list(
        goals_of_year(unit, to_year - 1)
        .select_related("unit", "parent", "carried_over__successor")
        .in_order_of_numbers()
    )
    page = Paginator([goal for goal in goals if not is_decided(goal)], GOALS_PER_PAGE).get_page(
        request.GET.get("page")
    )
    key = f"carry-over:{unit.pk}:{to_year}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    on_page = list(page.object_list)
    if request.method == "POST":
        sent = set(request.POST.getlist("goal"))
        on_page = [goal for goal in goals if str(goal.pk) in sent and not is_decided(goal)]
    form = CarryOverForm(
        request.POST if request.method == "POST" else None,
        initial=as_initial(draft),
        is_from_draft=draft is not None,
        goals=on_page,
        unit=unit,
        to_year=to_year,
    )
    if request.method == "POST":
        _say_what_stands_in_the_way(request, form, goals, year=to_year if is_late else None)
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            kept = carry_over(unit=unit, to_year=to_year, decisions=form.decisions, by=request.user)
            drop_draft(request.user, key)
            drafts = sum(1 for each in kept if each.successor_id)
            messages.success(request, _said(len(kept), drafts, to_year))
            return reverse("goals:carry_over", args=[unit.pk]) + f"?year={to_year}"

        try:
            return once(request, save)
        except GoalNotReadyError as error:
            form.add_error(None, str(error))
    context = {
        "unit": unit,
        "year": to_year,
        "from_year": to_year - 1,
        "years": years,
        "form": form,
        "page_obj": page,
        "decided": [goal for goal in goals if is_decided(goal)],
        "draft": draft,
        "draft_key": key,
    }
    return render(request, "goals/carry_over.html", context)


def _say_what_stands_in_the_way(
    request: AuthedRequest, form: CarryOverForm, goals: list[Goal], *, year: int | None
) -> None:
    """Errors of the page as a whole; with `year` it can no longer be planned."""
    form.full_clean()
    if year:
        form.add_error(
            None,
            _(
                "Goals cannot be carried over to {year} now, and nothing has been saved. Copy what "
                "you need, and start from the plan that is open."
            ).format(year=year),
        )
    sent = set(request.POST.getlist("goal"))
    for goal in goals:
        mine = request.POST.get(f"decision_{goal.pk}")
        if not mine or str(goal.pk) not in sent or not is_decided(goal):
            continue
        said = _("Somebody decided about “{goal}” while you looked at the page.")
        text = said.format(goal=Truncator(str(goal)).chars(LONGEST_QUOTED))
        reason = request.POST.get(f"reason_{goal.pk}", "").strip()
        if reason:
            wrote = _("You had written: {text}").format(text=reason)
            text = f"{text} {wrote}"
        form.add_error(None, text)


def _said(decided: int, drafts: int, to_year: int) -> str:
    kept = ngettext(
        "It is decided what becomes of {count} goal.",
        "It is decided what becomes of {count} goals.",
        decided,
    ).format(count=decided)
    if not drafts:
        return kept
    written = ngettext(
        "{count} draft for {year} is ready to go on with.",
        "{count} drafts for {year} are ready to go on with.",
        drafts,
    ).format(count=drafts, year=to_year)
    return f"{kept} {written}"
