"""The joint page of a talk: the two write together, each row saved by itself, in a window each."""

from typing import Any

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from dialogues.actions.recording import take_prepared
from dialogues.actions.steps import StepRefusedError
from dialogues.beside import beside_of
from dialogues.forms.joint import AdoptForm
from dialogues.models import Reading, Section, Talk, TalkStep
from dialogues.readings import note_reading
from dialogues.rules import TalkRights
from dialogues.states import STEPS, Action
from dialogues.views.joint_desk import Desk
from dialogues.views.joint_ended import what_was_written
from dialogues.views.rows import (
    Saved,
    answer_script,
    errors_of,
    refuse_rows,
    shown_rows,
    take_rows,
    wants_script,
)
from stockholm_quality.web import AuthedRequest, render_page

MOST_PIECES = 400  # that a window tells of when it asks what is new


def get_joint(request: AuthedRequest, pk: int) -> TalkRights:
    """The talk, to one of its two: what they write together does not exist for others, who may
    see that there is a talk."""
    talk = get_object_or_404(Talk.objects.visible_to(request.user).with_people(), pk=pk)
    rights = TalkRights(request.user, talk)
    if not rights.is_one_of_two:
        raise Http404
    # Asked for by all that the page is made of.
    prefetch_related_objects([talk.template_version], "sections")
    return rights


def joint_url(talk: Talk, anchor: str = "") -> str:
    return reverse("dialogues:joint", args=[talk.pk]) + (f"#{anchor}" if anchor else "")


def elsewhere(request: AuthedRequest, talk: Talk) -> HttpResponse:
    """Where one goes when nothing is written together: not yet, or not any more."""
    if talk.is_before:
        return render(request, "dialogues/joint_closed.html", {"talk": talk})
    if talk.status == Talk.Status.DISCONTINUED:
        return redirect(talk)
    return redirect("dialogues:record", talk.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def joint(request: AuthedRequest, pk: int) -> HttpResponse:
    rights = get_joint(request, pk)
    if request.method == "POST":
        return _save(request, rights)
    if rights.talk.status == Talk.Status.DISCONTINUED and rights.talk.held_on:
        return what_was_written(request, rights)
    if not rights.may(Action.WRITE):
        return elsewhere(request, rights.talk)
    return _page(request, Desk(rights))


@require_safe
def joint_news(request: AuthedRequest, pk: int) -> HttpResponse:
    """The pieces that are stored otherwise than the window has them; 204 when there are none."""
    rights = get_joint(request, pk)
    if not rights.may(Action.WRITE):
        words = _("Nothing more is written here: the talk has taken its next step.")
        return JsonResponse({"pieces": {}, "moved": words})
    desk = Desk(rights)
    known = dict(each.partition("=")[::2] for each in request.GET.getlist("have")[:MOST_PIECES])
    new = {
        piece.key: piece.rendered(request)
        for piece in desk.pieces(shown_rows(desk.rows))
        if piece.key in known and known[piece.key] != piece.stamp
    }
    if not new:
        return HttpResponse(status=204)
    note_reading(rights, Reading.What.JOINT)
    return JsonResponse({"pieces": new})


@require_safe
def joint_beside(request: AuthedRequest, pk: int) -> HttpResponse:
    """The year beside the joint page: the thread, the unit's goals, earlier talks."""
    rights = get_joint(request, pk)
    if not rights.may(Action.WRITE):
        return elsewhere(request, rights.talk)
    note_reading(rights, Reading.What.JOINT)
    context = {"talk": rights.talk, "beside": beside_of(rights, with_reasons=True)}
    return render_page(
        request,
        "dialogues/joint_beside.html",
        context,
        fragment="dialogues/_beside.html",
        target="joint-beside",
    )


def _save(request: AuthedRequest, rights: TalkRights) -> HttpResponse:
    desk = Desk(rights)
    kept: dict[str, Any] = {}

    def write(form: Any, revision: int) -> Any:
        kept[form.key] = desk.write(form, revision)
        return kept[form.key]

    try:
        if not rights.may(Action.WRITE):
            raise StepRefusedError(str(STEPS[Action.WRITE].words))
        saved = take_rows(request, desk.rows, write)
        taken = _take(request, desk) if saved.is_whole else ""
    except StepRefusedError as error:
        return refuse_rows(
            request,
            words=str(error),
            url=joint_url(rights.talk),
            link=_("To the talk"),
        )
    if wants_script(request):
        if saved.conflicts:
            note_reading(rights, Reading.What.JOINT)
        pieces = {
            f"by-{key}": render_to_string("dialogues/_joint_by.html", {"by": by}, request)
            for key, row in kept.items()
            if key not in saved.conflicts and key != "next" and (by := desk.written_by(row))
        }
        return answer_script(request, saved, pieces=pieces)
    if saved.is_whole:
        messages.success(request, _("All that you wrote is saved."))
        return redirect(joint_url(rights.talk, taken))
    return _page(request, Desk(rights), saved)


def _take(request: AuthedRequest, desk: Desk) -> str:
    """Take what one of the two has prepared into its section. Returns the section's place in the
    page."""
    asked = request.POST.get("take", "")
    prepared = [each for answers in desk.prepared.answers.values() for each in answers]
    answer = next((each for each in prepared if str(each.pk) == asked), None)
    if answer is None:
        return ""
    try:
        take_prepared(talk=desk.talk, answer=answer, by=desk.user)
    except StepRefusedError as refused:
        # What was written beside it is saved all the same.
        messages.error(request, str(refused))
    return f"section-{answer.section_id}"


def _page(request: AuthedRequest, desk: Desk, saved: Saved | None = None) -> HttpResponse:
    note_reading(desk.rights, Reading.What.JOINT)
    saved = saved or Saved()
    shown = shown_rows(desk.rows, saved)
    sections = desk.sections(shown)
    sets = any(each.section.shows == Section.Shows.EXPECTATIONS for each in sections)
    context = {
        "talk": desk.talk,
        "other": desk.other,
        "is_employee": desk.rights.is_employee,
        "sections": sections,
        "next_talk": desk.next_talk(shown),
        "criteria_set": desk.record.criteria_set,
        "adopt": AdoptForm(talk=desk.talk) if sets else None,
        "errors": errors_of(saved),
        "conflicts": saved.conflicts,
        "may_document": desk.rights.may(Action.DOCUMENT),
        "why_corrected": TalkStep.objects.why(desk.talk, Action.CORRECT)
        if desk.talk.is_being_corrected
        else "",
    }
    return render(request, "dialogues/joint.html", context, status=saved.status)
