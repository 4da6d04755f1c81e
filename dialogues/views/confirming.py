"""The way of a record: finished, answered by each apart, opened again, corrected."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dialogues.actions.confirming import (
    answer_record,
    correct_record,
    document_talk,
    reopen_talk,
)
from dialogues.actions.recording import may_write_results
from dialogues.actions.reminding import remind_to_answer
from dialogues.actions.steps import StepRefusedError
from dialogues.documents import (
    answers_of,
    changed_since,
    chapters_of,
    head_of,
    marks_of,
    title_of,
    with_head,
)
from dialogues.forms.record import AnswerForm, CorrectForm, ReopenForm
from dialogues.models import Confirmation, ExpectationResult, Party, Reading, Talk, TalkVersion
from dialogues.readings import note_reading
from dialogues.reminding import mail_to_answer
from dialogues.rules import TalkRights
from dialogues.sheet import Record, record_of
from dialogues.snapshots import TalkSnapshot, answered_snapshot, decoded, snapshot_of
from dialogues.states import STEPS, Action
from dialogues.views.record import compared, get_talk, people_of
from stockholm_quality.web import AuthedRequest, require
from units.drafts import as_initial, drop_draft, find_draft
from units.models import Draft
from units.revisions import ComparedField, StaleRevisionError
from units.submissions import once, repeated

WRITTEN_IN = ("words", "reason")

# --- Finished ----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def talk_document(request: AuthedRequest, pk: int) -> HttpResponse:
    """The record as it will be frozen, shown before both are asked to confirm it."""
    talk, rights = get_talk(request, pk)
    if request.method == "POST" and (done := repeated(request)):
        return done
    require(rights.is_for(Action.DOCUMENT))
    if not rights.may(Action.DOCUMENT):
        return _refused(request, talk, str(STEPS[Action.DOCUMENT].words))
    is_stale = False
    if request.method == "POST":

        def finish() -> str:
            mark = request.POST.get("mark", "")
            document_talk(talk=talk, mark=mark, by=request.user)
            messages.success(
                request, _("Finished. Both of you are now asked to confirm the record.")
            )
            return reverse("dialogues:talk_confirm", args=[talk.pk])

        try:
            return once(request, finish)
        except StaleRevisionError:
            is_stale = True
        except StepRefusedError as refused:
            return _refused(request, talk, str(refused))
    return _document_page(request, rights, is_stale=is_stale)


def _document_page(request: AuthedRequest, rights: TalkRights, *, is_stale: bool) -> HttpResponse:
    found = record_of(rights.talk)
    snapshot = snapshot_of(found)
    people = people_of(request.user, snapshot)
    chapters = with_head(snapshot, people)
    changed = changed_since(request.POST.get("seen", ""), chapters) if is_stale else set()
    note_reading(rights, Reading.What.JOINT)
    context = {
        "talk": rights.talk,
        "title": title_of(snapshot),
        "head": head_of(snapshot, people),
        "chapters": chapters[1:],
        "mark": found.mark,
        "seen": marks_of(chapters),
        "is_empty": found.is_empty,
        "is_stale": is_stale,
        "changed": changed,
        "changed_headings": [each.heading for each in chapters if each.key in changed],
        "corrects": _corrected_in(rights, snapshot) if rights.talk.is_being_corrected else None,
        "unfinished": unfinished(found),
        "joint_url": reverse("dialogues:joint", args=[rights.talk.pk]),
    }
    return render(
        request, "dialogues/record_document.html", context, status=409 if is_stale else 200
    )


def _corrected_in(rights: TalkRights, snapshot: TalkSnapshot) -> list[str]:
    """The headings of what a correction changes in what both had answered."""
    both = [
        (each, people_of(rights.user, each)) for each in (answered_snapshot(rights.talk), snapshot)
    ]
    return [row.label for row in compared(*both) if row.changed]


def unfinished(record: Record) -> list[str]:
    """What seems to be missing, as questions: none of it stops anybody."""
    asked = [
        _("Nothing is written under “{heading}”. Is that as you want it?").format(
            heading=row.section.title
        )
        for row in record.sections
        if not row.part.text.strip() and row.section.shows == row.section.Shows.TEXT
    ]
    if may_write_results(record.talk):
        asked += _unfinished_results(record)
    shown = {row.section.shows for row in record.sections}
    if "EXPECTATIONS" in shown and not any(
        row.expectation.is_in_force for row in record.expectations
    ):
        asked.append(_("No expectation has been set for the year. Is that as agreed?"))
    if any(need.state == need.State.OPEN and not need.activity for need in record.competence):
        asked.append(_("A need in the competence plan has no activity. Who does what about it?"))
    if any(not row.weighed.strip() or not row.would_raise.strip() for row in record.weighings):
        asked.append(
            _(
                "Not every criterion says what was weighed and what would raise the pay. "
                "Is that as you want it?"
            )
        )
    if record.talk.next_on is None:
        asked.append(_("There is no day for the next talk. Do you want to agree on one?"))
    return asked


def _unfinished_results(record: Record) -> list[str]:
    asked = []
    if any(len(row.results) < len(Party.values) for row in record.results):
        asked.append(
            _("Not every expectation of last year has a result from both. Shall it stay so?")
        )
    if any(row.differ and not _both_explain(row.results) for row in record.results):
        asked.append(_("You see a result differently, and not both have said why. Do you want to?"))
    return asked


def _both_explain(results: dict[str, ExpectationResult]) -> bool:
    return all(result.words.strip() for result in results.values())


# --- Answered ----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def talk_confirm(request: AuthedRequest, pk: int) -> HttpResponse:
    """Confirm, confirm with a remark, or decline: written, looked at once more, then sent."""
    talk, rights = get_talk(request, pk)
    if request.method == "POST" and (done := repeated(request)):
        return done
    require(rights.is_for(Action.CONFIRM))
    if why := _why_not_answer(rights):
        return _refused(request, talk, why)
    key = f"answer:{talk.pk}"
    if request.method == "POST":
        return _take_answer(request, rights, key=key)
    draft = find_draft(request.user, key)
    form = AnswerForm(initial=as_initial(draft) | {"number": talk.version_number})
    return _answer_page(request, rights, form, key=key, draft=draft)


def _take_answer(request: AuthedRequest, rights: TalkRights, *, key: str) -> HttpResponse:
    talk = rights.talk
    form = AnswerForm(request.POST)
    if not form.is_valid() or "change" in request.POST:
        return _answer_page(request, rights, form, key=key)
    if form.cleaned_data["number"] != talk.version_number:
        return _answer_anew(request, rights, form, key=key)
    if "sure" not in request.POST:
        return _sure_page(request, rights, form)

    def answer() -> str:
        answer_record(talk=talk, by=request.user, **form.cleaned_data)
        drop_draft(request.user, key)
        messages.success(request, _("Your answer is kept, with today's date."))
        return reverse("dialogues:record", args=[talk.pk])

    try:
        return once(request, answer)
    except StaleRevisionError:
        return _answer_anew(request, rights, form, key=key)
    except StepRefusedError as refused:
        return _refused(request, talk, str(refused))


def _why_not_answer(rights: TalkRights) -> str:
    if not rights.may(Action.CONFIRM):
        return str(STEPS[Action.CONFIRM].words)
    party = Party.EMPLOYEE if rights.is_employee else Party.MANAGER
    given = Confirmation.objects.filter(
        talk=rights.talk, number=rights.talk.version_number, party=party
    )
    return _("You have answered this version already.") if given.exists() else ""


def _answer_anew(
    request: AuthedRequest, rights: TalkRights, form: AnswerForm, *, key: str
) -> HttpResponse:
    """Another version waits than the one that was read: it is shown, with what was written."""
    talk, rights = get_talk(request, rights.talk.pk)
    seen = form.cleaned_data["number"]
    data = request.POST.copy()
    data["number"] = str(talk.version_number)
    form.data = data
    return _answer_page(request, rights, form, key=key, seen=seen)


def _answer_page(
    request: AuthedRequest,
    rights: TalkRights,
    form: AnswerForm,
    *,
    key: str,
    draft: Draft | None = None,
    seen: int | None = None,
) -> HttpResponse:
    talk = rights.talk
    numbers = [talk.version_number] if seen is None else [talk.version_number, seen]
    versions = {
        version.number: version
        for version in TalkVersion.objects.filter(talk=talk, number__in=numbers)
    }
    version = versions[talk.version_number]
    snapshot = decoded(version.snapshot, version.schema)
    people = people_of(request.user, snapshot)
    conflict: list[ComparedField] = []
    if seen in versions:
        before = decoded(versions[seen].snapshot, versions[seen].schema)
        conflict = compared((before, people), (snapshot, people))
    note_reading(rights, Reading.What.RECORD)
    context = {
        "talk": talk,
        "title": title_of(snapshot),
        "version": version,
        "head": head_of(snapshot, people),
        "chapters": chapters_of(snapshot, people),
        "answers": answers_of(Confirmation.objects.filter(version=version), people),
        "other": people.holder if rights.is_employee else people.employee,
        "form": form,
        "draft": draft,
        "draft_key": key,
        "is_stale": seen is not None,
        "seen": seen,
        "changes": conflict,
        "reminded": not request.POST and _reminder_to(rights),
    }
    return render(
        request,
        "dialogues/record_confirm.html",
        context,
        status=409 if seen is not None else 200,
    )


def _reminder_to(rights: TalkRights) -> Any:
    """When the other last reminded, if they did since the version was made."""
    last = (
        rights.talk.steps.filter(action=Action.REMIND, at__gte=rights.talk.documented_at)
        .exclude(by=rights.user)
        .order_by("-pk")
        .first()
    )
    return last.at if last else None


def _sure_page(request: AuthedRequest, rights: TalkRights, form: AnswerForm) -> HttpResponse:
    outcome = Confirmation.Outcome(form.cleaned_data["outcome"])
    context = {
        "talk": rights.talk,
        "title": rights.talk.title(),
        "form": form,
        "outcome": outcome,
        "number": form.cleaned_data["number"],
        "words": "" if outcome == Confirmation.Outcome.CONFIRMED else form.cleaned_data["words"],
        "left_out": outcome == Confirmation.Outcome.CONFIRMED and form.cleaned_data["words"],
    }
    return render(request, "dialogues/record_sure.html", context)


# --- Opened again, and corrected ---------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def talk_reopen(request: AuthedRequest, pk: int) -> HttpResponse:
    return _with_reason(
        request,
        pk,
        Action.REOPEN,
        ReopenForm,
        reopen_talk,
        template="dialogues/record_reopen.html",
        key=f"reopen:{pk}",
        said=lambda: _("The record is open again. Write, and finish it anew."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def talk_correct(request: AuthedRequest, pk: int) -> HttpResponse:
    return _with_reason(
        request,
        pk,
        Action.CORRECT,
        CorrectForm,
        correct_record,
        template="dialogues/record_correct.html",
        key=f"correct:{pk}",
        said=lambda: _(
            "The joint page is open for the correction. The earlier version holds until both of "
            "you have answered the new one."
        ),
    )


def _with_reason(
    request: AuthedRequest,
    pk: int,
    action: Action,
    form_class: type[forms.Form],
    act: Callable[..., Talk],
    *,
    template: str,
    key: str,
    said: Callable[[], str],
) -> HttpResponse:
    talk, rights = get_talk(request, pk)
    if request.method == "POST" and (done := repeated(request)):
        return done
    require(rights.is_for(action))
    if not rights.may(action):
        return _refused(request, talk, str(STEPS[action].words))
    draft = find_draft(request.user, key) if request.method != "POST" else None
    form = form_class(request.POST or None, initial=as_initial(draft))
    if request.method == "POST" and form.is_valid():

        def take() -> str:
            act(talk=talk, by=request.user, **form.cleaned_data)
            drop_draft(request.user, key)
            messages.success(request, said())
            return reverse("dialogues:joint", args=[talk.pk])

        try:
            return once(request, take)
        except StepRefusedError as refused:
            return _refused(request, talk, str(refused))
    context = {
        "talk": talk,
        "title": talk.title(),
        "form": form,
        "draft": draft,
        "draft_key": key,
    }
    return render(request, template, context)


@require_POST
def talk_remind(request: AuthedRequest, pk: int) -> HttpResponse:
    talk, rights = get_talk(request, pk)
    if done := repeated(request):
        return done
    require(rights.is_for(Action.REMIND))

    def remind() -> str:
        people = remind_to_answer(talk=talk, by=request.user)
        link = request.build_absolute_uri(reverse("dialogues:talk_confirm", args=[talk.pk]))
        transaction.on_commit(lambda: mail_to_answer(people, link))
        messages.success(request, _("A reminder is on its way, in the portal and by mail."))
        return reverse("dialogues:record", args=[talk.pk])

    try:
        return once(request, remind)
    except StepRefusedError as refused:
        return _refused(request, talk, str(refused))


def _refused(request: AuthedRequest, talk: Talk, why: str) -> HttpResponse:
    """To the talk, with why; what was written is shown, to copy, and nothing of it is stored."""
    written = [
        value for name in WRITTEN_IN for value in request.POST.getlist(name) if value.strip()
    ]
    if written:
        context = {"talk": talk, "title": talk.title(), "why": why, "written": written}
        return render(request, "dialogues/record_refused.html", context, status=409)
    if request.method == "POST":
        messages.error(request, why)
    else:
        messages.info(request, why)
    if talk.version_number:
        return redirect("dialogues:record", talk.pk)
    return redirect(talk)
