"""What each of the two writes alone before a talk, shares or goes without; and what the other has
shared.

A page of one's own unshared words leaves no trace that the other could see: only the reading of
what has been shared is noted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from dialogues.actions.preparing import (
    begin_preparation,
    share_preparation,
    waive_preparation,
    write_answer,
    write_criterion_view,
)
from dialogues.actions.steps import StepRefusedError
from dialogues.beside import beside_of
from dialogues.forms.rows import CriterionViewRow, SectionRow, TalkRow
from dialogues.models import Preparation, Reading, Section, Talk
from dialogues.preparations import Prepared, name_of_other
from dialogues.readings import note_reading
from dialogues.rules import TalkRights
from dialogues.states import STEPS, Action
from dialogues.views.rows import (
    Saved,
    ShownRow,
    answer_script,
    errors_of,
    refuse_rows,
    shown_rows,
    take_rows,
    wants_script,
)
from stockholm_quality.web import AuthedRequest, render_page, require
from units.revisions import StaleRevisionError
from units.submissions import once

LONGEST_NUMBER = 9  # digits


@dataclass(frozen=True)
class ShownSection:
    """A section of the page, with the criteria that belong to it."""

    section: Section | None  # None where the template has no section for the criteria
    row: ShownRow | None
    criteria: list[ShownRow]


@require_http_methods(["GET", "HEAD", "POST"])
def preparation(request: AuthedRequest, pk: int) -> HttpResponse:
    talk, rights = _get(request, pk)
    if request.method != "POST":
        if "reasons" in request.GET and request.htmx.target == "last-reasons":
            beside = beside_of(rights, with_reasons=True)
            context = {"talk": talk, "beside": beside, "is_fetched": True}
            return render_page(request, "dialogues/_last_reasons.html", context)
        return _page(request, rights, Prepared(talk, request.user))
    require(rights.is_for(Action.PREPARE))
    if "begin" in request.POST:
        return _begin_anew(request, talk)
    return _save(request, rights)


def _get(request: AuthedRequest, pk: int) -> tuple[Talk, TalkRights]:
    """Nobody but the two has anything to do with what is prepared."""
    talk = get_object_or_404(Talk.objects.visible_to(request.user).with_people(), pk=pk)
    rights = TalkRights(request.user, talk)
    if not rights.is_one_of_two:
        raise Http404
    return talk, rights


def _address(talk: Talk, name: str = "preparation") -> str:
    return reverse(f"dialogues:{name}", args=[talk.pk])


def _step(request: AuthedRequest, talk: Talk, act: Callable[[], None], said: str) -> HttpResponse:
    """A step that leads to the page of the preparation, or is refused in words."""

    def take() -> str:
        act()
        messages.success(request, said)
        return _address(talk)

    try:
        return once(request, take)
    except StepRefusedError as refused:
        messages.error(request, str(refused))
        return redirect(_address(talk))


# --- Writing -----------------------------------------------------------------------------------


def _begin_anew(request: AuthedRequest, talk: Talk) -> HttpResponse:
    """A further version beside what has been shared."""

    def begin() -> None:
        begin_preparation(talk=talk, by=request.user)

    said = _("Go on below. What you have shared stays as it is.")
    return _step(request, talk, begin, said)


def _rows(prepared: Prepared) -> list[TalkRow]:
    return [
        *(SectionRow(row=row) for row in prepared.answers_to_write()),
        *(CriterionViewRow(row=row) for row in prepared.views_to_write()),
    ]


def _save(request: AuthedRequest, rights: TalkRights) -> HttpResponse:
    prepared = Prepared(rights.talk, request.user)
    try:
        if not rights.may(Action.PREPARE):
            raise StepRefusedError(STEPS[Action.PREPARE].words)
        if prepared.number is None or request.GET.get("version") != str(prepared.number):
            raise StepRefusedError(_shared_meanwhile())
        writer = _Writer(prepared, prepared.number)
        saved = take_rows(request, _rows(prepared), writer.write)
    except StepRefusedError as refused:
        link = _("To your preparation")
        return refuse_rows(request, words=str(refused), url=_address(rights.talk), link=link)
    if wants_script(request):
        return answer_script(request, saved, is_own=True)
    if saved.is_whole:
        messages.success(request, _("All that you wrote is saved. Nobody else can read it."))
        return redirect(_address(rights.talk))
    return _page(request, rights, Prepared(rights.talk, request.user), saved)


class _Writer:
    """Begins the preparation with the first row that is written: to open the page writes
    nothing."""

    def __init__(self, prepared: Prepared, number: int) -> None:
        self.talk, self.user, self.number = prepared.talk, prepared.user, number
        self.preparation = prepared.draft.preparation if prepared.draft else None

    def write(self, form: TalkRow, revision: int) -> Any:
        if self.preparation is None:
            self.preparation = self._begin()
        told: dict[str, Any] = {
            "preparation": self.preparation,
            "revision": revision,
            "by": self.user,
        }
        if isinstance(form, SectionRow):
            return write_answer(**told, section=form.row.section, text=form.values["text"])
        return write_criterion_view(**told, criterion=form.row.criterion, fields=form.values)

    @transaction.atomic
    def _begin(self) -> Preparation:
        begun = begin_preparation(talk=self.talk, by=self.user)
        if begun.number != self.number:
            # Another window has shared it just now: what is begun by mistake is taken back.
            raise StepRefusedError(_shared_meanwhile())
        return begun


def _shared_meanwhile() -> str:
    return _(
        "You have shared your preparation in another window, so this was not saved. To add it, "
        "begin to write something more."
    )


def _page(
    request: AuthedRequest, rights: TalkRights, prepared: Prepared, saved: Saved | None = None
) -> HttpResponse:
    is_writing = rights.may(Action.PREPARE) and prepared.number is not None
    shown = shown_rows(_rows(prepared), saved) if is_writing else {}
    if prepared.shared:
        note_reading(rights, Reading.What.PREPARATION)
    context = _head(rights) | {
        "prepared": prepared,
        "sections": _sections(prepared, shown) if is_writing else [],
        "is_writing": is_writing,
        "may_prepare": rights.may(Action.PREPARE),
        "may_waive": rights.may(Action.WAIVE) and not _is_ready(rights),
        "shared": [(one, prepared.parts_of(one)) for one in prepared.shared],
        # What was never shared stays with its writer, also when the talk has been held.
        "kept": _kept(prepared) if not is_writing else [],
        "errors": errors_of(saved) if saved else [],
        "conflicts": saved.conflicts if saved else {},
        "has_shared_before": bool(prepared.shared),
        # Fetched only by whoever asks: the other reads in the log that one did.
        "beside": beside_of(rights, with_reasons="reasons" in request.GET),
    }
    status = saved.status if saved else HTTPStatus.OK
    return render_page(request, "dialogues/preparation.html", context, status=status)


def _head(rights: TalkRights) -> dict[str, Any]:
    """What every page of the preparation begins with. It tells of the other only what the talk
    itself does: whether they have shared or waived."""
    talk = rights.talk
    employee = (talk.employee_ready_at, talk.employee_waived)
    holder = (talk.holder_ready_at, talk.holder_waived)
    mine, theirs = (employee, holder) if rights.is_employee else (holder, employee)
    return {
        "talk": talk,
        "rights": rights,
        "other": name_of_other(talk, rights.user),
        "ready_at": mine[0],
        "has_waived": mine[1],
        "other_ready_at": theirs[0],
        "other_has_waived": theirs[1],
    }


def _is_ready(rights: TalkRights) -> bool:
    talk = rights.talk
    return (talk.employee_ready_at if rights.is_employee else talk.holder_ready_at) is not None


def _sections(prepared: Prepared, shown: dict[str, ShownRow]) -> list[ShownSection]:
    criteria = [row for row in shown.values() if isinstance(row.form, CriterionViewRow)]
    sections = []
    for row in shown.values():
        if isinstance(row.form, SectionRow):
            section = row.form.row.section
            takes = section.shows == Section.Shows.CRITERIA
            sections.append(ShownSection(section, row, criteria if takes else []))
            criteria = [] if takes else criteria
    if criteria:
        sections.insert(0, ShownSection(None, None, criteria))
    return sections


def _kept(prepared: Prepared) -> list[Any]:
    """One's own words that nobody else reads: what was not shared, and notes for oneself."""
    if prepared.draft:
        return [
            part for part in prepared.parts_of(prepared.draft, own_notes=True) if not part.is_empty
        ]
    if not prepared.shared:
        return []
    parts = prepared.parts_of(prepared.shared[0], own_notes=True)
    return [part for part in parts if part.is_own_notes and not part.is_empty]


# --- Sharing, and going without ----------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def preparation_share(request: AuthedRequest, pk: int) -> HttpResponse:
    """A legal moment: what was read here is what is shared."""
    talk, rights = _get(request, pk)
    require(rights.is_for(Action.SHARE))
    if request.method == "POST":

        def share() -> None:
            _share(request, talk)

        try:
            return _step(request, talk, share, _("Your preparation is shared."))
        except StaleRevisionError:
            return _share_page(request, rights, is_stale=True)
    return _share_page(request, rights)


def _share(request: AuthedRequest, talk: Talk) -> None:
    prepared = Prepared(talk, request.user)
    if prepared.draft is None or prepared.draft.is_empty:
        raise StepRefusedError(_nothing_to_share())
    share_preparation(
        talk=talk,
        preparation=prepared.draft.preparation,
        revision=_number(request.POST.get("revision")),
        by=request.user,
    )


def _nothing_to_share() -> str:
    return _("There is nothing to share yet. Write something first, or go without a preparation.")


def _number(text: str | None) -> int:
    is_number = text and text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER
    return int(text or "") if is_number else -1


def _share_page(
    request: AuthedRequest, rights: TalkRights, *, is_stale: bool = False
) -> HttpResponse:
    prepared = Prepared(rights.talk, request.user)
    if not rights.may(Action.SHARE):
        messages.error(request, str(STEPS[Action.SHARE].words))
        return redirect(_address(rights.talk))
    draft = prepared.draft
    if draft is None or draft.is_empty:
        messages.info(request, _nothing_to_share())
        return redirect(_address(rights.talk))
    context = _head(rights) | {
        "draft": draft.preparation,
        "parts": prepared.parts_of(draft),
        "has_own_notes": any(row.is_own_notes and row.text for row in draft.answers.values()),
        "has_shared_before": bool(prepared.shared),
        "is_stale": is_stale,
    }
    status = HTTPStatus.CONFLICT if is_stale else HTTPStatus.OK
    return render(request, "dialogues/preparation_share.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def preparation_waive(request: AuthedRequest, pk: int) -> HttpResponse:
    """Go to the talk without having prepared in writing."""
    talk, rights = _get(request, pk)
    require(rights.is_for(Action.WAIVE))
    if request.method == "POST":

        def waive() -> None:
            if _is_ready(rights):
                raise StepRefusedError(_already_ready())
            waive_preparation(talk=talk, by=request.user)

        said = _("Noted: you go to the talk without a written preparation.")
        return _step(request, talk, waive, said)
    refused = "" if rights.may(Action.WAIVE) else str(STEPS[Action.WAIVE].words)
    if refused or _is_ready(rights):
        messages.info(request, refused or _already_ready())
        return redirect(_address(talk))
    has_draft = Prepared(talk, request.user).draft is not None
    return render(
        request, "dialogues/preparation_waive.html", _head(rights) | {"has_draft": has_draft}
    )


def _already_ready() -> str:
    return _("You have shared or waived your preparation already.")


# --- What the other has shared -----------------------------------------------------------------


@require_safe
def preparation_other(request: AuthedRequest, pk: int) -> HttpResponse:
    """The two preparations beside each other, section by section, once one has shared or waived
    one's own."""
    talk, rights = _get(request, pk)
    if not _is_ready(rights):
        return render(
            request,
            "dialogues/preparation_closed.html",
            _head(rights),
            status=HTTPStatus.FORBIDDEN,
        )
    prepared = Prepared(talk, request.user)
    mine = prepared.shared[0] if prepared.shared else None
    # The latest first: another may have held the talk before.
    theirs = prepared.others[::-1]
    pairs = prepared.side_by_side(mine, theirs[0]) if theirs else []
    # Before the other has shared, the page shows nothing of one's own either.
    if theirs:
        note_reading(rights, Reading.What.PREPARATION)
    context = _head(rights) | {
        "mine": mine,
        "theirs": theirs[0] if theirs else None,
        "pairs": [pair for pair in pairs if not pair.is_empty],
        "unwritten": [pair.title for pair in pairs if pair.is_empty],
        "earlier": [(one, prepared.parts_of(one)) for one in theirs[1:]],
    }
    return render(request, "dialogues/preparation_other.html", context)
