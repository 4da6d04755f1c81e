"""Expectations and needs as they are agreed on at a talk, and the follow-up half-way."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from dialogues.actions.agreeing import (
    adopt_goals,
    agree_on,
    belongs_to,
    change_agreed,
    follow_up_talk,
    withdraw_agreed,
    year_agreed_on,
)
from dialogues.actions.competence import add_need, change_need
from dialogues.actions.steps import StepRefusedError
from dialogues.forms import WithdrawForm
from dialogues.forms.joint import AdoptForm, AgreedForm, NeedForm
from dialogues.models import Reading, Talk, TalkKind
from dialogues.readings import note_reading
from dialogues.rules import TalkRights, can_agree_on
from dialogues.sheet import needs_about
from dialogues.states import STEPS, Action
from dialogues.views.joint import elsewhere, get_joint, joint_url
from goals.models import Expectation
from stockholm_quality.web import AuthedRequest, render_page, require
from units.drafts import as_initial, drop_draft, find_draft
from units.revisions import ComparedField, StaleRevisionError, compare_with_current, seen_now
from units.submissions import once


@require_http_methods(["GET", "HEAD", "POST"])
def joint_adopt(request: AuthedRequest, pk: int) -> HttpResponse:
    """Goals of the unit become expectations, in one step."""
    rights = get_joint(request, pk)
    talk = rights.talk
    form = AdoptForm(request.POST or None, talk=talk)
    if request.method == "POST" and form.is_valid():

        def adopt() -> str:
            given = adopt_goals(talk=talk, goals=form.cleaned_data["goals"], by=request.user)
            messages.success(request, _told_adopted(len(given)))
            return joint_url(talk, "expectations")

        return _try(request, rights, adopt)
    if not can_agree_on(request.user, talk):
        return elsewhere(request, talk)
    context = {"talk": talk, "form": form, "year": year_agreed_on(talk)}
    return render(request, "dialogues/joint_adopt.html", context)


def _told_adopted(number: int) -> str:
    if not number:
        return _("The goals have been adopted already.")
    return ngettext(
        "{count} goal has become an expectation. Make it personal.",
        "{count} goals have become expectations. Make them personal.",
        number,
    ).format(count=number)


@require_http_methods(["GET", "HEAD", "POST"])
def joint_expectation_new(request: AuthedRequest, pk: int) -> HttpResponse:
    rights = get_joint(request, pk)
    talk = rights.talk
    if year_agreed_on(talk) is None:
        raise Http404
    key = f"agreed:new:{talk.pk}"

    def save(form: AgreedForm) -> None:
        agree_on(talk=talk, by=request.user, **form.said)

    return _write(
        request,
        rights,
        key=key,
        make=lambda data, initial: AgreedForm(data, initial=initial, talk=talk),
        save=save,
        template="dialogues/joint_expectation.html",
        anchor="expectations",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def joint_expectation(request: AuthedRequest, pk: int, expectation_pk: int) -> HttpResponse:
    rights = get_joint(request, pk)
    talk, expectation = rights.talk, _get_expectation(request, rights, expectation_pk)
    if request.method != "POST" and not expectation.is_in_force:
        messages.info(request, _("The expectation has been withdrawn already."))
        return redirect(joint_url(talk, "expectations"))

    def save(form: AgreedForm) -> None:
        change_agreed(
            talk=talk,
            expectation=expectation,
            revision=form.cleaned_data["revision"],
            by=request.user,
            **form.said,
        )

    return _write(
        request,
        rights,
        key=f"agreed:{talk.pk}:{expectation.pk}",
        make=lambda data, initial: AgreedForm(
            data,
            initial=initial,
            instance=_get_expectation(request, rights, expectation_pk),
            talk=talk,
        ),
        save=save,
        template="dialogues/joint_expectation.html",
        fragment="dialogues/_joint_expectation_form.html",
        anchor=f"expectation-{expectation.pk}",
        context={"expectation": expectation},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def joint_expectation_withdraw(
    request: AuthedRequest, pk: int, expectation_pk: int
) -> HttpResponse:
    rights = get_joint(request, pk)
    talk, expectation = rights.talk, _get_expectation(request, rights, expectation_pk)
    form = WithdrawForm(request.POST or None, initial={"revision": expectation.revision})
    form.fields["reason"].help_text = _("Both of you read the reason.")
    status = 200
    if request.method == "POST" and form.is_valid():

        def withdraw() -> str:
            withdraw_agreed(
                talk=talk,
                expectation=expectation,
                revision=form.cleaned_data["revision"],
                reason=form.cleaned_data["reason"],
                by=request.user,
            )
            messages.success(request, _("The expectation is withdrawn. Both of you see why."))
            return joint_url(talk, "expectations")

        try:
            return _try(request, rights, withdraw)
        except StaleRevisionError as stale:
            expectation = _get_expectation(request, rights, expectation_pk)
            form.data, status = seen_now(form.data, stale.current), 409
            messages.warning(
                request,
                _("The expectation was changed while you looked at it. Read it again first."),
            )
    if not can_agree_on(request.user, talk):
        return elsewhere(request, talk)
    note_reading(rights, Reading.What.JOINT)
    context = {"talk": talk, "expectation": expectation, "form": form}
    return render(request, "dialogues/joint_withdraw.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def joint_need_new(request: AuthedRequest, pk: int) -> HttpResponse:
    rights = get_joint(request, pk)
    talk = rights.talk

    def save(form: NeedForm) -> None:
        add_need(employment=talk.employment, talk=talk, fields=form.said, by=request.user)

    return _write(
        request,
        rights,
        key=f"need-agreed:new:{talk.pk}",
        make=lambda data, initial: NeedForm(data, initial=initial),
        save=save,
        template="dialogues/joint_need.html",
        anchor="needs",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def joint_need(request: AuthedRequest, pk: int, need_pk: int) -> HttpResponse:
    rights = get_joint(request, pk)
    talk = rights.talk
    open_needs = needs_about(talk).open()
    need = get_object_or_404(open_needs, pk=need_pk)

    def save(form: NeedForm) -> None:
        change_need(
            need=need,
            revision=form.cleaned_data["revision"],
            fields=form.said,
            by=request.user,
            talk=talk,
        )

    return _write(
        request,
        rights,
        key=f"need-agreed:{talk.pk}:{need.pk}",
        make=lambda data, initial: NeedForm(
            data, initial=initial, instance=open_needs.get(pk=need.pk)
        ),
        save=save,
        template="dialogues/joint_need.html",
        anchor="needs",
        context={"need": need},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def talk_follow_up(request: AuthedRequest, pk: int) -> HttpResponse:
    """Start the half-year follow-up of an employee talk."""
    talk = get_object_or_404(Talk.objects.visible_to(request.user).with_people(), pk=pk)
    rights = TalkRights(request.user, talk)
    require(rights.is_for(Action.FOLLOW_UP))
    if talk.kind != TalkKind.EMPLOYEE:
        raise Http404
    if request.method == "POST":

        def start() -> str:
            started = follow_up_talk(talk=talk, by=request.user)
            messages.success(request, _("The follow-up is started. Propose a time for it."))
            return started.get_absolute_url()

        try:
            return once(request, start)
        except StepRefusedError as error:
            messages.error(request, str(error))
            return redirect(talk)
    if not rights.may(Action.FOLLOW_UP):
        messages.error(request, str(STEPS[Action.FOLLOW_UP].words))
        return redirect(talk)
    return render(request, "dialogues/talk_follow_up.html", {"talk": talk})


# --- What these have in common -----------------------------------------------------------------


def _get_expectation(request: AuthedRequest, rights: TalkRights, pk: int) -> Expectation:
    """One that the talk agrees on; others are somebody else's, or another talk's."""
    visible = Expectation.objects.visible_to(request.user).with_line()
    expectation = get_object_or_404(visible, pk=pk)
    if not belongs_to(rights.talk, expectation):
        raise Http404
    return expectation


def _try(request: AuthedRequest, rights: TalkRights, act: Callable[[], str]) -> HttpResponse:
    """One effect for a form without long texts; a refusal is told where one goes on."""
    try:
        return once(request, act)
    except StepRefusedError as error:
        messages.error(request, str(error))
        return redirect(joint_url(rights.talk))


def _write(
    request: AuthedRequest,
    rights: TalkRights,
    *,
    key: str,
    make: Callable[[Any, Any], Any],
    save: Callable[[Any], None],
    template: str,
    anchor: str,
    fragment: str = "",
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    """A form with texts: two writers are shown both, and what is refused stands in it, to copy."""
    is_sent = request.method == "POST"
    draft = None if is_sent else find_draft(request.user, key)
    form = make(request.POST if is_sent else None, as_initial(draft))
    conflict: Sequence[ComparedField] = ()
    refused = ""
    if is_sent and form.is_valid():

        def act() -> str:
            save(form)
            drop_draft(request.user, key)
            messages.success(request, _("Saved."))
            return joint_url(rights.talk, anchor)

        try:
            return once(request, act)
        except StaleRevisionError as stale:
            conflict = compare_with_current(form, stale.current)
            form.data = seen_now(form.data, stale.current)
        except StepRefusedError as error:
            refused = str(error)
    if not is_sent and not can_agree_on(request.user, rights.talk):
        return elsewhere(request, rights.talk)
    if context:
        # An empty form shows nothing that was written.
        note_reading(rights, Reading.What.JOINT)
    told = {
        "talk": rights.talk,
        "form": form,
        "draft": draft,
        "draft_key": key,
        "conflict": conflict,
        "refused": refused,
        "year": year_agreed_on(rights.talk),
    }
    status = 409 if conflict or refused else 200
    if fragment and request.htmx.target == anchor:
        # It comes in place of what was shown: there one goes on.
        next(iter(form.fields.values())).widget.attrs["autofocus"] = True
    return render_page(
        request,
        template,
        told | (context or {}),
        fragment=fragment,
        target=anchor,
        status=status,
    )
