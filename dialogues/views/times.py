"""When the two meet: times proposed, answered, taken back, and carried to calendars."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dialogues.actions.calendars import reached
from dialogues.actions.steps import StepRefusedError
from dialogues.actions.times import (
    accept_time,
    cancel_time,
    decline_time,
    propose_times,
    why_no_time,
)
from dialogues.calendar import CONTENT_TYPE, calendar_of
from dialogues.forms.times import InviteManyForm, ProposeForm
from dialogues.models import Talk, TalkTime
from dialogues.reminding import mail_time
from dialogues.rules import TalkRights
from dialogues.states import Action
from dialogues.talk_standing import Names, standings_of
from stockholm_quality.web import AuthedRequest, address_of_portal, require
from units.drafts import as_initial, drop_draft, find_draft
from units.sorting import swedish_order
from units.submissions import once, repeated

MOST_AT_ONCE = 100  # talks that one invites to in one step


@require_http_methods(["GET", "HEAD", "POST"])
def talk_times(request: AuthedRequest, pk: int) -> HttpResponse:
    rights = _get_rights(request, pk)
    require(rights.is_for(Action.PROPOSE_TIME))
    if done := (repeated(request) if request.method == "POST" else None):
        return done
    is_open = rights.may(Action.PROPOSE_TIME)
    why_not = "" if is_open else why_no_time(rights)
    # An agreed time can be cancelled also when nobody is there to agree on another with.
    if not is_open and (request.method == "POST" or not rights.may(Action.CANCEL_TIME)):
        messages.error(request, why_not)
        return redirect(rights.talk)
    key = f"times:{pk}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    form = ProposeForm(request.POST or None, initial=as_initial(draft))
    status = HTTPStatus.OK
    if request.method == "POST" and form.is_valid():

        def propose() -> str:
            propose_times(
                talk=rights.talk,
                slots=form.slots,
                words=form.cleaned_data["words"],
                by=request.user,
            )
            drop_draft(request.user, key)
            _tell_other(request, rights)
            messages.success(
                request, _("The times are proposed. You are told when one has been chosen.")
            )
            return reverse("dialogues:talk_times", args=[pk])

        try:
            return once(request, propose)
        except StepRefusedError as error:
            form.add_error(None, str(error))
            status = HTTPStatus.CONFLICT
    standing = standings_of([rights], request.user)[0]
    context = {
        "talk": rights.talk,
        "standing": standing,
        "form": form,
        "why_not": why_not,
        "draft": draft,
        "draft_key": key,
        "times": [(time, time not in standing.to_answer) for time in standing.times],
    }
    return render(request, "dialogues/times.html", context, status=status)


@require_POST
def time_answer(request: AuthedRequest, pk: int, time_pk: int) -> HttpResponse:
    """Accept the time, or say that it does not suit."""
    rights, time = _get_time(request, pk, time_pk)
    require(rights.is_for(Action.ANSWER_TIME))
    accepts = request.POST.get("answer") == "accept"

    def answer() -> str:
        if accepts:
            accept_time(time=time, by=request.user, portal=address_of_portal(request))
            messages.success(request, _("The time is agreed. Both of you get it by mail."))
            return rights.talk.get_absolute_url()
        decline_time(time=time, by=request.user)
        _tell_other(request, rights)
        messages.success(request, _("The time is declined. Propose another that suits you."))
        return reverse("dialogues:talk_times", args=[pk])

    return _taken(request, pk, answer)


@require_POST
def time_cancel(request: AuthedRequest, pk: int, time_pk: int) -> HttpResponse:
    rights, time = _get_time(request, pk, time_pk)
    require(rights.is_for(Action.CANCEL_TIME))

    def cancel() -> str:
        if cancel_time(time=time, by=request.user, portal=address_of_portal(request)):
            messages.success(request, _("The time is cancelled, and both of you are told by mail."))
        else:
            messages.success(request, _("The time is no longer proposed."))
        return reverse("dialogues:talk_times", args=[pk])

    return _taken(request, pk, cancel)


@require_safe
def talk_calendar(request: AuthedRequest, pk: int) -> HttpResponse:
    """The agreed time as a file for one's calendar."""
    rights = _get_rights(request, pk)
    agreed = TalkTime.objects.filter(talk=pk, state=TalkTime.State.ACCEPTED).first()
    if not rights.is_one_of_two or agreed is None:
        raise Http404
    url = request.build_absolute_uri(rights.talk.get_absolute_url())
    response = HttpResponse(
        calendar_of(rights.talk, agreed, url=url), headers={"Content-Type": CONTENT_TYPE}
    )
    response["Content-Disposition"] = 'attachment; filename="samtal.ics"'
    return response


# --- Many at once ------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def invite_many(request: AuthedRequest) -> HttpResponse:
    """One time for each of the chosen talks, shown before they are sent."""
    chosen = _chosen(request)
    form = InviteManyForm(request.POST or None, number=len(chosen))
    is_asked = request.method == "POST" and form.is_valid() and chosen
    plan = list(zip(chosen, form.slots, strict=True)) if is_asked else []
    status = HTTPStatus.OK
    if plan and "send" in request.POST:

        def send() -> str:
            for rights, slot in plan:
                propose_times(talk=rights.talk, slots=[slot], by=request.user)
                _tell_other(request, rights)
            messages.success(
                request,
                ngettext(
                    "{number} employee has been invited.",
                    "{number} employees have been invited.",
                    len(plan),
                ).format(number=len(plan)),
            )
            return reverse("dialogues:talks")

        try:
            return once(request, send)
        except StepRefusedError as error:
            form.add_error(None, str(error))
            plan, status = [], HTTPStatus.CONFLICT
    names = Names(request.user, [rights.talk.employee for rights in chosen])
    context = {
        "form": form,
        "chosen": [(each.talk, names.of(each.talk.employee)) for each in chosen],
        "plan": [(each.talk, names.of(each.talk.employee), slot) for each, slot in plan],
    }
    return render(request, "dialogues/invite_many.html", context, status=status)


def _chosen(request: AuthedRequest) -> list[TalkRights]:
    """Those of the talks asked for that the person holds and that wait for a time."""
    asked = [*request.GET.getlist("talk"), *request.POST.getlist("talk")]
    keys = {int(key) for key in asked if key.isdecimal() and len(key) <= _LONGEST_KEY}
    held = (
        Talk.objects.shared_by(request.user)
        .filter(pk__in=keys, holder=request.user, status__in=Talk.BEFORE)
        .with_people()
        .order_by(
            swedish_order("employee__family_name"), swedish_order("employee__given_name"), "pk"
        )
    )
    return [TalkRights(request.user, talk) for talk in held[:MOST_AT_ONCE]]


_LONGEST_KEY = 18


# --- What is shared ----------------------------------------------------------------------------


def _get_rights(request: AuthedRequest, pk: int) -> TalkRights:
    visible = Talk.objects.visible_to(request.user).with_people()
    return TalkRights(request.user, get_object_or_404(visible, pk=pk))


def _get_time(request: AuthedRequest, pk: int, time_pk: int) -> tuple[TalkRights, TalkTime]:
    rights = _get_rights(request, pk)
    times = TalkTime.objects.filter(talk__in=Talk.objects.shared_by(request.user).values("pk"))
    time = get_object_or_404(times, talk=pk, pk=time_pk)
    time.talk = rights.talk
    return rights, time


def _taken(request: AuthedRequest, pk: int, act: Any) -> HttpResponse:
    try:
        return once(request, act)
    except StepRefusedError as error:
        messages.error(request, str(error))
        return redirect("dialogues:talk_times", pk)


def _tell_other(request: AuthedRequest, rights: TalkRights) -> None:
    link = address_of_portal(request) + reverse("dialogues:talk_times", args=[rights.talk.pk])
    others = [person for person in reached(rights.talk) if person != request.user]
    transaction.on_commit(lambda: mail_time(others, link))
