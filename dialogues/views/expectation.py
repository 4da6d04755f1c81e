"""Expectations: given by a manager, known by an employee, read by the two of them."""

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dialogues import rules
from dialogues.actions import acknowledge_expectation
from dialogues.forms import ExpectationForm, GiveExpectationForm, WithdrawForm
from dialogues.models import with_acknowledgement
from dialogues.talk_standing import Names
from goals.actions import (
    GoalNotReadyError,
    change_expectation,
    give_expectations,
    withdraw_expectation,
)
from goals.models import Expectation, Goal, terms_of
from goals.rules import (
    can_edit_expectation,
    can_give_expectations_on,
    can_withdraw_expectation,
    meets,
)
from goals.thread import thread_of_expectation, thread_of_goal
from stockholm_quality.web import AuthedRequest, require
from units.drafts import as_initial, drop_draft, find_draft
from units.models import Draft
from units.revisions import ComparedField, StaleRevisionError, compare_with_current, seen_now
from units.rules import can_see_statistics
from units.submissions import once

LONGEST_NUMBER = 5  # digits of a version


@require_safe
def expectation_detail(request: AuthedRequest, pk: int) -> HttpResponse:
    expectation = _get_expectation(request, pk)
    employee = _name_of_employee(request, expectation)
    is_mine = expectation.employment.person_id == request.user.pk
    label = _("Your expectation") if is_mine else _("Expectation on {name}").format(name=employee)
    earlier = (
        expectation.events.filter(version_number__lt=expectation.version_number)
        .order_by("version_number", "-pgh_id")
        .distinct("version_number")
    )
    context = {
        "expectation": expectation,
        "employee": employee,
        "is_mine": is_mine,
        # A delegate has no such page.
        "may_see_people": not is_mine
        and can_see_statistics(request.user, expectation.employment.unit),
        "thread": thread_of_expectation(expectation, label, links_itself=False),
        "terms": terms_of(expectation),
        "earlier": [(event, terms_of(event)) for event in list(earlier)[::-1]],
        "acknowledged_at": getattr(expectation, "acknowledged_at", None)
        if rules.can_see_acknowledgement(request.user, expectation)
        else None,
        "may_see_acknowledgement": rules.can_see_acknowledgement(request.user, expectation),
        "may_acknowledge": rules.can_acknowledge(request.user, expectation),
        "may_edit": can_edit_expectation(request.user, expectation),
    }
    return render(request, "dialogues/expectation_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def expectation_give(request: AuthedRequest, goal_pk: int) -> HttpResponse:
    goal = get_object_or_404(Goal.objects.visible_to(request.user).with_line(), pk=goal_pk)
    require(can_give_expectations_on(request.user, goal))
    key = f"expectation:new:{goal.pk}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    form = GiveExpectationForm(
        request.POST or None,
        initial=as_initial(draft, "employments") or _chosen(request),
        giver=request.user,
        goal=goal,
    )
    if request.method == "POST" and form.is_valid():

        def give() -> str:
            given = give_expectations(goal=goal, by=request.user, **form.cleaned_data)
            drop_draft(request.user, key)
            messages.success(
                request,
                ngettext(
                    "The expectation has been given to {count} employee.",
                    "The expectation has been given to {count} employees.",
                    len(given),
                ).format(count=len(given)),
            )
            return goal.get_absolute_url()

        return once(request, give)
    context = {
        "goal": goal,
        "form": form,
        "draft": draft,
        "draft_key": key,
        "thread": thread_of_goal(goal),
    }
    return render(request, "dialogues/expectation_give.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def expectation_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    expectation = _get_expectation(request, pk)
    require(can_edit_expectation(request.user, expectation))
    key = f"expectation:{expectation.pk}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    form = ExpectationForm(request.POST or None, initial=as_initial(draft), instance=expectation)
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            change_expectation(expectation=expectation, by=request.user, **form.cleaned_data)
            drop_draft(request.user, key)
            messages.success(request, _("Saved. The employee is asked to read it anew."))
            return expectation.get_absolute_url()

        try:
            return once(request, save)
        except StaleRevisionError as stale:
            conflict = compare_with_current(form, stale.current)
            form.data = seen_now(form.data, stale.current)
            return _edit_page(request, form, expectation, key=key, conflict=conflict)
        except GoalNotReadyError as error:
            messages.error(request, str(error))
            return redirect(expectation)
    return _edit_page(request, form, expectation, key=key, draft=draft)


@require_http_methods(["GET", "HEAD", "POST"])
def expectation_withdraw(request: AuthedRequest, pk: int) -> HttpResponse:
    expectation = _get_expectation(request, pk)
    if not expectation.is_in_force and meets(request.user, expectation.employment):
        messages.info(request, _("The expectation has been withdrawn already."))
        return redirect(expectation)
    require(can_withdraw_expectation(request.user, expectation))
    form = WithdrawForm(request.POST or None, initial={"revision": expectation.revision})
    is_stale = False
    if request.method == "POST" and form.is_valid():

        def withdraw() -> str:
            withdraw_expectation(
                expectation=expectation,
                revision=form.cleaned_data["revision"],
                reason=form.cleaned_data["reason"],
                by=request.user,
            )
            messages.success(request, _("The expectation is withdrawn. The employee sees why."))
            return expectation.get_absolute_url()

        try:
            return once(request, withdraw)
        except StaleRevisionError as stale:
            is_stale = True
            expectation = _get_expectation(request, pk)
            if not expectation.is_in_force:
                return redirect(expectation)
            form.data = seen_now(form.data, stale.current)
            messages.warning(
                request,
                _("The expectation was changed while you looked at it. Read it again first."),
            )
        except GoalNotReadyError as error:
            messages.error(request, str(error))
            return redirect(expectation)
    context = {
        "expectation": expectation,
        "employee": _name_of_employee(request, expectation),
        "form": form,
    }
    return render(
        request, "dialogues/expectation_withdraw.html", context, status=409 if is_stale else 200
    )


@require_POST
def acknowledge(request: AuthedRequest, pk: int) -> HttpResponse:
    """ "I know this", said of the wording that was shown."""
    expectation = _get_expectation(request, pk)
    require(rules.can_acknowledge(request.user, expectation))

    def note() -> str:
        known = acknowledge_expectation(
            expectation=expectation,
            version=_number(request.POST.get("version")),
            goal_version=_number(request.POST.get("goal_version")),
        )
        if known:
            messages.success(request, _("Noted: you know this expectation."))
        else:
            messages.warning(
                request, _("The wording has changed. Read it as it is now, then say so again.")
            )
        return expectation.get_absolute_url() if not known else "/"

    return once(request, note)


def _chosen(request: AuthedRequest) -> dict[str, list[str]]:
    """Who was chosen on the page that one comes from; the form lets only one's own through."""
    return {"employments": request.GET.getlist("employment")}


def _number(text: str | None) -> int:
    return (
        int(text)
        if text and text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER
        else -1
    )


def _get_expectation(request: AuthedRequest, pk: int) -> Expectation:
    visible = Expectation.objects.visible_to(request.user)
    return get_object_or_404(with_acknowledgement(visible).with_line(), pk=pk)


def _name_of_employee(request: AuthedRequest, expectation: Expectation) -> str:
    """A delegate does not read a protected name."""
    person = expectation.employment.person
    return Names(request.user, [person]).of(person)


def _edit_page(
    request: AuthedRequest,
    form: ExpectationForm,
    expectation: Expectation,
    *,
    key: str,
    draft: Draft | None = None,
    conflict: Sequence[ComparedField] = (),
) -> HttpResponse:
    context = {
        "form": form,
        "expectation": expectation,
        "employee": _name_of_employee(request, expectation),
        "draft": draft,
        "draft_key": key,
        "conflict": conflict,
    }
    return render(
        request, "dialogues/expectation_form.html", context, status=409 if conflict else 200
    )
