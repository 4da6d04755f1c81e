"""The competence plan: one's own, an employee's, one need, and needs gathered for planning."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from dialogues import competence_lists as lists
from dialogues.actions.competence import (
    add_need,
    bring_needs,
    change_need,
    drop_need,
    finish_need,
)
from dialogues.actions.steps import StepRefusedError
from dialogues.forms.competence import (
    BringNeedsForm,
    DropForm,
    EffectForm,
    FinishForm,
    PlanNeedForm,
    origin_of,
)
from dialogues.models import CompetenceNeed
from dialogues.rules import can_bring_need, can_see_needs_of_unit, can_write_plan_of
from dialogues.talk_standing import Names
from stockholm_quality.web import AuthedRequest, render_page, require
from units.drafts import as_initial, drop_draft, find_draft
from units.models import Employment, Unit, User
from units.revisions import ComparedField, StaleRevisionError, compare_with_current, seen_now
from units.rules import units_headed_by
from units.submissions import once

PAGE_SIZE = 100
MOST_PRINTED = 2000
MOST_UNITS = 12


@require_safe
def competence(request: AuthedRequest) -> HttpResponse:
    """One's own plan, whatever employments it was written in."""
    user = request.user
    own = Employment.objects.filter(person=user).not_left().select_related("unit")
    headed = units_headed_by(user)
    managed = Employment.objects.managed_by(user).order_by().values("unit")
    units = Unit.objects.filter(Q(pk__in=managed), Q(pk__in=headed.values("pk")))
    context = {
        "plan": lists.own_plan(user),
        "is_mine": True,
        "employments": _going_on(own),
        "can_bring": bool(lists.bringable_needs(user)),
        "units": units.in_swedish_order()[:MOST_UNITS],
        "today": timezone.localdate(),
    }
    return render(request, "dialogues/competence.html", context)


def _going_on(employments: Any) -> list[Employment]:
    today = timezone.localdate()
    found = employments.filter(Q(ends_on=None) | Q(ends_on__gte=today))
    return list(found.order_by("starts_on", "pk"))


@require_safe
def competence_of(request: AuthedRequest, employment_pk: int) -> HttpResponse:
    employment = _get_employment(request, employment_pk)
    is_mine = employment.person_id == request.user.pk
    context = {
        "plan": lists.plan_of(employment, request.user),
        "is_mine": is_mine,
        "employment": employment,
        "employments": _going_on(Employment.objects.filter(pk=employment.pk)),
        "name": _name_for(request.user, employment.person),
        "today": timezone.localdate(),
    }
    return render(request, "dialogues/competence.html", context)


def _get_employment(request: AuthedRequest, pk: int) -> Employment:
    """One's own, or one that one is the other of the two in (`rules.can_see_plan_of`)."""
    seen = Q(person=request.user) | Q(
        pk__in=Employment.objects.met_by(request.user).order_by().values("pk")
    )
    return get_object_or_404(
        Employment.objects.filter(seen).select_related("person", "unit__successor"), pk=pk
    )


def _name_for(user: User, person: User) -> str:
    return Names(user, [person]).of(person, _("an employee"))


# --- One need ------------------------------------------------------------------------------------


@require_safe
def competence_need(request: AuthedRequest, pk: int) -> HttpResponse:
    need = _get_need(request, pk)
    is_mine = need.employee_id == request.user.pk
    context = {
        "need": need,
        "is_mine": is_mine,
        "name": _name_for(request.user, need.employee),
        "origin": need.origin_words,
        "talk": lists.seen_talk(need, request.user),
        "history": lists.history_of(need, request.user),
        "today": timezone.localdate(),
        "is_late": need.is_late_on(timezone.localdate()),
        "plan_url": _plan_url(request.user, need),
        "can_bring": can_bring_need(request.user, need)
        and any(each.need == need for each in lists.bringable_needs(request.user)),
    }
    return render(request, "dialogues/competence_need.html", context)


def _get_need(request: AuthedRequest, pk: int) -> CompetenceNeed:
    visible = CompetenceNeed.objects.visible_to(request.user)
    needs = lists.with_origin(visible).select_related("employment__unit__successor")
    return get_object_or_404(needs, pk=pk)


def _plan_url(user: User, need: CompetenceNeed) -> str:
    """The plan where the reader sees the need: one's own, or that of whom they manage."""
    if need.employee_id == user.pk:
        return reverse("dialogues:competence")
    places = Employment.objects.active_on().filter(person=need.employee_id)
    seen = Employment.objects.met_by(user).order_by().filter(pk__in=places.values("pk"))
    pk = seen.values_list("pk", flat=True).first() or need.employment_id
    return reverse("dialogues:competence_of", args=[pk])


@require_http_methods(["GET", "HEAD", "POST"])
def competence_need_new(request: AuthedRequest, employment_pk: int) -> HttpResponse:
    employment = _get_employment(request, employment_pk)
    require(can_write_plan_of(request.user, employment))
    if employment.ends_on and employment.ends_on < timezone.localdate():
        messages.error(request, _("The employment has ended. Write in the plan where you are now."))
        return redirect("dialogues:competence_of", employment.pk)
    is_mine = employment.person_id == request.user.pk
    plan_url = (
        reverse("dialogues:competence")
        if is_mine
        else reverse("dialogues:competence_of", args=[employment.pk])
    )

    def save(form: PlanNeedForm) -> CompetenceNeed:
        return add_need(employment=employment, fields=form.said, by=request.user)

    return _write(
        request,
        key=f"competence:new:{employment.pk}",
        make=lambda data, initial: PlanNeedForm(
            data, initial=initial, employment=employment, reader=request.user
        ),
        save=save,
        context={
            "heading": _("Add a need"),
            "lead": _("It stands in the plan from year to year, until it is done or dropped."),
            "button": _("Add the need"),
            "back_url": plan_url,
            "name": "" if is_mine else _name_for(request.user, employment.person),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def competence_need_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    """An open need is reworded; of one that is done, what it led to."""
    need = _get_need(request, pk)
    if need.state == CompetenceNeed.State.DROPPED and request.method != "POST":
        messages.info(request, _("The need has been dropped. Add it anew if it has come back."))
        return redirect(need)
    is_done = need.state == CompetenceNeed.State.DONE and "need" not in request.POST

    def make(data: Any, initial: Any) -> Any:
        instance = _get_need(request, pk)
        if is_done:
            return EffectForm(data, initial=initial, instance=instance)
        return PlanNeedForm(
            data,
            initial=initial,
            instance=instance,
            employment=instance.brought_to or instance.employment,
            reader=request.user,
        )

    def save(form: Any) -> CompetenceNeed:
        return change_need(
            need=need,
            revision=form.cleaned_data["revision"],
            fields=form.said,
            by=request.user,
        )

    return _write(
        request,
        key=f"competence:{need.pk}",
        make=make,
        save=save,
        context=_about(request, need)
        | {
            "heading": _("What the need led to") if is_done else _("Change the need"),
            "button": _("Save"),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def competence_need_done(request: AuthedRequest, pk: int) -> HttpResponse:
    need = _get_need(request, pk)

    def save(form: FinishForm) -> CompetenceNeed:
        told = form.cleaned_data
        return finish_need(
            need=need,
            revision=told["revision"],
            done_on=told["done_on"],
            effect=told["effect"],
            by=request.user,
        )

    return _end(
        request,
        need,
        key=f"competence:{need.pk}:done",
        form=FinishForm,
        save=save,
        context={
            "heading": _("The need is met"),
            "lead": _("It moves to what has been done, and stays readable there."),
            "button": _("Note it as done"),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def competence_need_drop(request: AuthedRequest, pk: int) -> HttpResponse:
    need = _get_need(request, pk)

    def save(form: DropForm) -> CompetenceNeed:
        told = form.cleaned_data
        return drop_need(
            need=need, revision=told["revision"], reason=told["reason"], by=request.user
        )

    return _end(
        request,
        need,
        key=f"competence:{need.pk}:drop",
        form=DropForm,
        save=save,
        context={
            "heading": _("Drop the need"),
            "lead": _("It stays readable for the two of you, with the reason."),
            "button": _("Drop the need"),
            "is_danger": True,
        },
    )


def _end(
    request: AuthedRequest,
    need: CompetenceNeed,
    *,
    key: str,
    form: Callable[..., forms.Form],
    save: Callable[[Any], CompetenceNeed],
    context: dict[str, Any],
) -> HttpResponse:
    if request.method != "POST" and need.state != CompetenceNeed.State.OPEN:
        messages.info(request, _("The need is not open any more."))
        return redirect(need)
    start = {"revision": need.revision, "done_on": timezone.localdate()}
    return _write(
        request,
        key=key,
        make=lambda data, initial: form(data, initial=start | initial),
        save=save,
        context=_about(request, need) | context,
    )


def _about(request: AuthedRequest, need: CompetenceNeed) -> dict[str, Any]:
    is_mine = need.employee_id == request.user.pk
    return {
        "about": need.need,
        "back_url": need.get_absolute_url(),
        "name": "" if is_mine else _name_for(request.user, need.employee),
    }


def _write(
    request: AuthedRequest,
    *,
    key: str,
    make: Callable[[Any, dict[str, Any]], Any],
    save: Callable[[Any], CompetenceNeed],
    context: dict[str, Any],
) -> HttpResponse:
    """A form with texts: two writers are shown both, and what is refused stands in it, to copy."""
    is_sent = request.method == "POST"
    draft = None if is_sent else find_draft(request.user, key)
    form = make(request.POST if is_sent else None, as_initial(draft))
    conflict: list[ComparedField] = []
    refused = ""
    if is_sent and form.is_valid():

        def act() -> str:
            saved = save(form)
            drop_draft(request.user, key)
            messages.success(request, _("Saved."))
            return saved.get_absolute_url()

        try:
            return once(request, act)
        except StaleRevisionError as stale:
            conflict = _compared(form, stale.current)
            form.data = seen_now(form.data, stale.current)
        except StepRefusedError as error:
            refused = str(error)
    told = {
        "form": form,
        "draft": draft,
        "draft_key": key,
        "conflict": conflict,
        "refused": refused,
    }
    status = HTTPStatus.CONFLICT if conflict or refused else HTTPStatus.OK
    return render(request, "dialogues/competence_form.html", told | context, status=status)


def _compared(form: Any, current: CompetenceNeed) -> list[ComparedField]:
    """What is written beside what is saved. Of a form that only ends the need: the whole need."""
    rows = compare_with_current(form, current)
    if isinstance(form, PlanNeedForm):
        label = str(form.fields["origin"].label)
        rows.append(ComparedField(label, form.origin_text, _origin_now(form, current)))
    elif not isinstance(form, EffectForm):
        stored = [
            (name, str(getattr(current, name) or "")) for name in ("need", "activity", "effect")
        ]
        known = {row.label for row in rows}
        for name, text in stored:
            label = str(CompetenceNeed._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
            if text and label not in known:
                rows.append(ComparedField(capfirst(label), "", text))
    return rows


def _origin_now(form: PlanNeedForm, current: CompetenceNeed) -> str:
    unchanged = origin_of(current) == form.cleaned_data.get("origin")
    return form.origin_text if unchanged else current.origin_words


# --- After a move --------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def competence_bring(request: AuthedRequest) -> HttpResponse:
    """What goes along to a later employment: the employee's own choice, and theirs to undo."""
    needs = lists.bringable_needs(request.user)
    form = BringNeedsForm(request.POST or None, needs=needs)
    if request.method == "POST" and form.is_valid():

        def bring() -> str:
            number = bring_needs(wanted=form.wanted, by=request.user)
            messages.success(
                request,
                ngettext("Saved: {count} need.", "Saved: {count} needs.", number).format(
                    count=number
                ),
            )
            return reverse("dialogues:competence_bring")

        try:
            return once(request, bring)
        except StepRefusedError as error:
            messages.error(request, str(error))
            return redirect("dialogues:competence_bring")
    context = {"form": form, "needs": needs, "talks": lists.bringable_talks(request.user)}
    return render(request, "dialogues/competence_bring.html", context)


# --- A manager's people --------------------------------------------------------------------------


@require_safe
def competence_unit(request: AuthedRequest, pk: int) -> HttpResponse:
    """The open needs of one's own people, for planning. It does not exist for anybody else."""
    unit = get_object_or_404(Unit, pk=pk)
    if not can_see_needs_of_unit(request.user, unit):
        raise Http404
    today, filters = timezone.localdate(), lists.NeedFilters.of(request.GET)
    needs = lists.needs_of_unit(request.user, unit)
    size = MOST_PRINTED if request.GET.get("all") else PAGE_SIZE
    found = lists.narrowed_needs(needs, filters, today)
    page = Paginator(found, size).get_page(request.GET.get("page"))
    context = {
        "unit": unit,
        "filters": filters,
        "tally": lists.tally_of_needs(needs, today),
        "page_obj": page,
        "groups": list(lists.in_groups(page, filters)),
        "orders": lists.ORDERS.items(),
        "sources": CompetenceNeed.Source.choices,
        "shows_all": size == MOST_PRINTED,
        "today": today,
    }
    return render_page(
        request,
        "dialogues/competence_unit.html",
        context,
        fragment="dialogues/competence_unit_results.html",
        target="needs-results",
    )
