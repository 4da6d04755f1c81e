"""One goal: read it, write it, adopt it, change it, compare its versions."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from goals import rules
from goals.actions import (
    GoalNotReadyError,
    adopt_goal,
    change_goal,
    discard_goal,
    edit_goal,
    level_of,
    write_goal,
)
from goals.forms.goal import ChangeGoalForm, DecisionForm, GoalForm
from goals.models import (
    GOAL_PARTS,
    Activity,
    Goal,
    GoalVersion,
    Target,
    label_of,
    number_order,
)
from goals.reports.carriers import figures_of
from goals.reports.comparing import lines_of, with_above
from goals.thread import decision_of, thread_of_goal
from goals.views.activity import activities_of
from goals.writing_help import has_been_told, questions_about
from goals.years import asked_year, plannable_years
from stockholm_quality.web import AuthedRequest, require
from units.drafts import as_initial, drop_draft, find_draft
from units.models import Draft, Unit, User
from units.revisions import (
    ComparedField,
    StaleRevisionError,
    compare_with_current,
    seen_now,
)
from units.sorting import swedish_order
from units.submissions import once, repeated

CHILDREN_PER_PAGE = 25
MOST_SHOWN = 50  # indicators and activities of a goal
LONGEST_REVISION = 10  # digits


@require_safe
def goal_detail(request: AuthedRequest, pk: int) -> HttpResponse:
    goal = _get_goal(request, pk)
    year = min(max(asked_year(request), goal.first_year), goal.last_year)
    may_write = rules.can_write_goals_of(request.user, goal.unit)
    # Nothing lies under a unit's goal, so nothing is asked for there.
    visible = Goal.objects.visible_to(request.user)
    lower = visible if goal.level != Goal.Level.UNIT else Goal.objects.none()
    children = (
        lower.filter(parent=goal)
        .select_related("unit")
        .order_by("-first_year", *number_order(), swedish_order("unit__name"), "pk")
    )
    context = {
        "goal": goal,
        "decision": decision_of(goal),
        "parts": [(label_of(part), getattr(goal, part)) for part in GOAL_PARTS[1:]],
        "thread": thread_of_goal(goal, links_itself=False),
        "contributes_to": Goal.objects.filter(supporters__goal=goal)
        .select_related("unit")
        .in_order_of_numbers(),
        "supporters": lower.filter(contributions__supported=goal)
        .select_related("unit")
        .order_by(swedish_order("unit__name"), "pk")[:CHILDREN_PER_PAGE],
        "page_obj": Paginator(children, CHILDREN_PER_PAGE).get_page(request.GET.get("page")),
        "figures": figures_of(goal, year),
        # Asked once for all four: whoever writes a unit's goals edits, changes, measures and plans.
        "may_edit": may_write and goal.is_draft,
        "may_change": may_write and not goal.is_draft,
        "may_give": rules.can_give_expectations_on(request.user, goal),
        "may_measure": may_write or (goal.is_councils and rules.can_set_target(request.user, goal)),
        "may_plan": may_write,
        **_measured(request.user, goal, year),
    }
    if goal.is_draft and goal.level == Goal.Level.UNIT:
        context["questions"] = questions_about(_parts_of(goal))
    return render(request, "goals/goal_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def goal_new(request: AuthedRequest, unit_pk: int) -> HttpResponse:
    unit = get_object_or_404(Unit.objects.active_on(), pk=unit_pk)
    require(rules.can_write_goals_of(request.user, unit))
    asked, years = asked_year(request), plannable_years()
    year = asked if asked in years else years[0]
    key = f"goal:new:{unit.pk}:{year}"
    goal = Goal(unit=unit, level=level_of(unit), first_year=year, last_year=year)
    keys = [key, f"goal:new:{unit.pk}:{asked}"]  # what was begun for a year that has gone by
    draft = find_draft(request.user, *keys) if request.method != "POST" else None
    form = GoalForm(
        request.POST or None,
        initial=as_initial(draft, "contributes_to"),
        unit=unit,
        year=year,
        instance=goal,
    )
    if request.method == "POST" and year != asked:
        form.full_clean()
        form.add_error(
            None,
            _(
                "Goals cannot be written for {asked} now, and nothing has been saved. What you "
                "wrote is still here: save again to write the goal for {year}."
            ).format(asked=asked, year=year),
        )
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            written = write_goal(
                unit=unit,
                year=year,
                texts=form.texts,
                supports=form.cleaned_data["contributes_to"],
                by=request.user,
            )
            drop_draft(request.user, key)
            messages.success(request, _("The draft is saved. Adopt it when it is ready."))
            return written.get_absolute_url()

        return once(request, save)
    return _form_page(request, form, goal, key=key, draft=draft, years=years)


@require_http_methods(["GET", "HEAD", "POST"])
def goal_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    goal = _get_goal(request, pk)
    key = f"goal:{goal.pk}"
    if rules.can_change_goal(request.user, goal):
        # Adopted while it was being written: what was written becomes the proposal of a change.
        if request.method == "POST":
            return goal_change(request, pk)
        if find_draft(request.user, key):
            return redirect("goals:change", pk)
    require(rules.can_edit_goal(request.user, goal))
    draft = find_draft(request.user, key) if request.method != "POST" else None
    form = GoalForm(
        request.POST or None,
        initial=as_initial(draft, "contributes_to"),
        unit=goal.unit,
        year=goal.first_year,
        instance=goal,
    )
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            edit_goal(
                goal=goal,
                revision=form.cleaned_data["revision"] or 0,
                texts=form.texts,
                supports=form.cleaned_data["contributes_to"],
                by=request.user,
            )
            drop_draft(request.user, key)
            messages.success(request, _("The draft is saved."))
            return goal.get_absolute_url()

        try:
            return once(request, save)
        except StaleRevisionError as stale:
            return _form_page(request, form, goal, key=key, current=stale.current)
        except GoalNotReadyError:
            return goal_change(request, pk)
    return _form_page(request, form, goal, key=key, draft=draft)


@require_http_methods(["GET", "HEAD", "POST"])
def goal_change(request: AuthedRequest, pk: int) -> HttpResponse:
    goal = _get_goal(request, pk)
    require(rules.can_change_goal(request.user, goal))
    if request.method == "POST" and (done := repeated(request)):
        return done
    key, edit_key = f"goal:{goal.pk}:change", f"goal:{goal.pk}"
    draft = find_draft(request.user, key, edit_key) if request.method != "POST" else None
    form = ChangeGoalForm(
        request.POST or None,
        initial=as_initial(draft, "contributes_to"),
        unit=goal.unit,
        year=goal.first_year,
        instance=goal,
    )
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            change_goal(
                goal=goal,
                revision=form.cleaned_data["revision"] or 0,
                texts=form.texts,
                supports=form.cleaned_data["contributes_to"],
                reason=form.cleaned_data["reason"],
                decided_on=form.cleaned_data["decided_on"],
                reference_number=form.cleaned_data["reference_number"],
                by=request.user,
            )
            drop_draft(request.user, key)
            drop_draft(request.user, edit_key)
            messages.success(request, _("The new version is in force. The old one is kept."))
            return goal.get_absolute_url()

        try:
            return once(request, save)
        except StaleRevisionError as stale:
            return _form_page(request, form, goal, key=key, current=stale.current)
    return _form_page(request, form, goal, key=key, draft=draft)


@require_http_methods(["GET", "HEAD", "POST"])
def goal_adopt(request: AuthedRequest, pk: int) -> HttpResponse:
    goal = _get_goal(request, pk)
    if not goal.is_draft and rules.can_change_goal(request.user, goal):
        messages.info(request, _("The goal is adopted already."))
        return redirect(goal)
    require(rules.can_adopt_goal(request.user, goal))
    form = DecisionForm(request.POST or None, goal=goal)
    is_stale = False
    if request.method == "POST" and form.is_valid():

        def adopt() -> str:
            adopt_goal(
                goal=goal,
                revision=form.cleaned_data["revision"],
                decided_on=form.cleaned_data["decided_on"],
                reference_number=form.cleaned_data["reference_number"],
                by=request.user,
            )
            messages.success(request, _("The goal is adopted. Everyone can read it now."))
            return goal.get_absolute_url()

        try:
            return once(request, adopt)
        except StaleRevisionError as stale:
            is_stale = True
            goal = _get_goal(request, pk)
            if not goal.is_draft:
                return redirect(goal)
            form.data = seen_now(form.data, stale.current)
            messages.warning(
                request,
                _("The draft was changed while you looked at it. Read it again, then adopt it."),
            )
        except GoalNotReadyError as error:
            messages.error(request, str(error))
            return redirect(goal)
    context = {
        "goal": goal,
        "form": form,
        "thread": thread_of_goal(goal),
        "questions": questions_about(_parts_of(goal)) if goal.level == Goal.Level.UNIT else [],
    }
    return render(request, "goals/goal_adopt.html", context, status=409 if is_stale else 200)


@require_POST
def goal_discard(request: AuthedRequest, pk: int) -> HttpResponse:
    goal = Goal.objects.visible_to(request.user).filter(pk=pk).select_related("unit").first()
    if goal is None:
        if done := repeated(request):
            return done
        raise Http404
    require(rules.can_discard_goal(request.user, goal))
    revision = request.POST.get("revision", "")
    is_number = revision.isdecimal() and len(revision) <= LONGEST_REVISION

    def discard() -> str:
        discard_goal(goal=goal, revision=int(revision) if is_number else 0, by=request.user)
        messages.success(request, _("The draft has been thrown away."))
        return goal.unit.get_absolute_url()

    try:
        return once(request, discard)
    except StaleRevisionError:
        messages.warning(
            request, _("The draft was changed while you looked at it, so it was not thrown away.")
        )
    except GoalNotReadyError as error:
        messages.error(request, str(error))
    return redirect(goal)


@require_safe
def goal_versions(request: AuthedRequest, pk: int) -> HttpResponse:
    """Two versions side by side: the two latest, or those asked for."""
    goal = _get_goal(request, pk)
    versions = list(goal.versions.select_related("parent").order_by("-number"))
    numbered = {str(version.number): version for version in versions}
    newer = numbered.get(request.GET.get("newer", ""), versions[0] if versions else None)
    older = numbered.get(request.GET.get("older", ""), versions[1] if len(versions) > 1 else newer)
    context = {
        "goal": goal,
        "versions": versions,
        "newer": newer,
        "older": older,
        "rows": _compared(older, newer) if older and newer else [],
    }
    return render(request, "goals/goal_versions.html", context)


def _measured(reader: User, goal: Goal, year: int) -> dict[str, Any]:
    """The goal's indicators of the year and what is done for it, the first of each."""
    targets = (
        Target.objects.filter(goal=goal, year=year)
        .select_related("indicator", "unit")
        .order_by(swedish_order("unit__name"), swedish_order("indicator__title"), "pk")
    )
    lines = lines_of(with_above(targets)[: MOST_SHOWN + 1])
    # Nothing is done for the council's goals but through others'.
    done = Activity.objects.none() if goal.is_councils else activities_of(goal, reader)
    activities = list(done[: MOST_SHOWN + 1])
    return {
        "year": year,
        "lines": lines[:MOST_SHOWN],
        "activities": activities[:MOST_SHOWN],
        "today": timezone.localdate(),
        "more_than": MOST_SHOWN if max(len(lines), len(activities)) > MOST_SHOWN else 0,
    }


def _compared(older: GoalVersion, newer: GoalVersion) -> list[ComparedField]:
    labels = {part: label_of(part) for part in (*GOAL_PARTS, "parent")}
    labels["contributes_to"] = _("Also contributes to")
    return [
        ComparedField(
            label.capitalize(), str(getattr(older, part) or ""), str(getattr(newer, part) or "")
        )
        for part, label in labels.items()
    ]


def _contributions(form: GoalForm, current: Goal) -> ComparedField:
    mine = form.cleaned_data["contributes_to"]
    stored = Goal.objects.filter(supporters__goal=current).in_order_of_numbers()
    return ComparedField(
        str(form.fields["contributes_to"].label),
        *("; ".join(map(str, goals)) for goals in (mine, stored)),
    )


def _parts_of(goal: Goal) -> dict[str, Any]:
    return {"parent": goal.parent_id} | {part: getattr(goal, part) for part in GOAL_PARTS}


def _get_goal(request: AuthedRequest, pk: int) -> Goal:
    return get_object_or_404(Goal.objects.visible_to(request.user).with_line(), pk=pk)


def _form_page(
    request: AuthedRequest,
    form: GoalForm,
    goal: Goal,
    *,
    key: str,
    draft: Draft | None = None,
    current: Goal | None = None,
    **more: Any,
) -> HttpResponse:
    conflict = (
        [*compare_with_current(form, current), _contributions(form, current)] if current else []
    )
    if current:
        form.data = seen_now(form.data, current)
    parts = {part: form[part].value() for part in ("parent", *GOAL_PARTS) if part in form.fields}
    asks = goal.level == Goal.Level.UNIT
    context = {
        "form": form,
        "goal": goal,
        "unit": goal.unit,
        "year": goal.first_year,
        "draft": draft,
        "draft_key": key,
        "conflict": conflict,
        "asks": asks,
        "asked": has_been_told(parts),
        "questions": questions_about(parts) if asks and (form.is_bound or goal.pk) else [],
        **more,
    }
    return render(request, "goals/goal_form.html", context, status=409 if conflict else 200)
