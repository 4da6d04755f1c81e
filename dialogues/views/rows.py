"""A page that is written row by row: what was sent is saved one row at a time, and an answer goes
back for each. Two windows in one row lose nothing, and to send again has no effect.

A view makes its rows unbound (`dialogues.forms.rows`), then:

    saved = take_rows(request, rows, write)
    if wants_script(request): return answer_script(request, saved)
    if saved.is_whole: return redirect(...)
    return page with `shown_rows(rows, saved)` and `errors_of(saved)`, status `saved.status`

`write(form, revision)` stores a row's `form.values` and returns the row; it raises
StaleRevisionError, and StepRefusedError when nothing is written here any more: then the view
answers `refuse_rows`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from dialogues.forms.rows import TalkRow, sent_rows, sent_texts
from stockholm_quality.web import AuthedRequest
from units.revisions import ComparedField, StaleRevisionError

Write = Callable[[TalkRow, int], Any]


@dataclass
class Saved:
    """What became of the rows that were sent."""

    sent: dict[str, TalkRow] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    errors: dict[str, TalkRow] = field(default_factory=dict)
    conflicts: dict[str, list[ComparedField]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)  # texts that have no row here any more

    @property
    def is_whole(self) -> bool:
        return not (self.errors or self.conflicts or self.gone)

    @property
    def status(self) -> int:
        return HTTPStatus.CONFLICT if self.conflicts or self.gone else HTTPStatus.OK


@dataclass(frozen=True)
class ShownRow:
    form: TalkRow
    conflict: list[ComparedField] = field(default_factory=list)


def take_rows(request: AuthedRequest, rows: Iterable[TalkRow], write: Write) -> Saved:
    """Save the rows that were sent and are touched. Raises StepRefusedError."""
    sent = sent_rows(request.POST, rows)
    texts = sent_texts(request.POST)
    saved = Saved(sent=sent, gone=[text for key in texts if key not in sent for text in texts[key]])
    for key, form in sent.items():
        if not form.is_valid():
            saved.errors[key] = form
        elif not form.is_touched:
            saved.seen[key] = form.cleaned_data["seen"]
        else:
            try:
                saved.seen[key] = form.seen_now(_write_over_own(form, write))
            except StaleRevisionError as stale:
                saved.conflicts[key] = _compared(form, stale.current)
                saved.seen[key] = form.seen_now(stale.current)
    return saved


def _write_over_own(form: TalkRow, write: Write) -> Any:
    """What the same window has stored without hearing of it is no conflict."""
    try:
        return write(form, form.revision)
    except StaleRevisionError as stale:
        if not form.has_sent(stale.current):
            raise
        return write(form, stale.current.revision)


def _compared(form: TalkRow, current: Any) -> list[ComparedField]:
    """A choice is compared in its words, not in its code."""
    compared = []
    for name in form.stored:
        words = dict(getattr(form.fields[name], "choices", []))
        both = (form.cleaned_data[name], getattr(current, name))
        told = [str(words.get(each, "" if each is None else each)) for each in both]
        compared.append(ComparedField(str(form.fields[name].label), *told))
    return compared


# --- Answers -----------------------------------------------------------------------------------


def wants_script(request: AuthedRequest) -> bool:
    return not request.accepts("text/html")


def answer_script(
    request: AuthedRequest,
    saved: Saved,
    *,
    is_own: bool = False,
    pieces: Mapping[str, str] | None = None,
) -> JsonResponse:
    """What became of each row, for static/js/sheet.js; `pieces` is what follows from it elsewhere
    on the page. `is_own` says that nobody but the same person writes here."""
    if saved.gone:
        return JsonResponse({"error": _gone()}, status=HTTPStatus.CONFLICT)
    conflicts = {
        key: render_to_string(
            "dialogues/_row_conflict.html",
            {"rows": rows, "key": key, "live": True, "is_own": is_own},
            request,
        )
        for key, rows in saved.conflicts.items()
    }
    errors = {
        key: {name: list(map(str, texts)) for name, texts in form.errors.items()}
        for key, form in saved.errors.items()
    }
    return JsonResponse(
        {
            "seen": saved.seen,
            "errors": errors,
            "conflicts": conflicts,
            "pieces": dict(pieces or {}),
            "saved_at": time_format(timezone.localtime().time(), "H.i"),
        },
        status=saved.status,
    )


def refuse_rows(request: AuthedRequest, *, words: str, url: str, link: str) -> HttpResponse:
    """Nothing is written here any more, as `words` say: what was written is shown, to copy, with a
    `link` to where one goes on."""
    if wants_script(request):
        return JsonResponse({"error": words}, status=HTTPStatus.CONFLICT)
    written = [text for texts in sent_texts(request.POST).values() for text in texts]
    context = {"words": words, "written": written, "url": url, "link": link}
    return render(request, "dialogues/rows_refused.html", context, status=HTTPStatus.CONFLICT)


def _gone() -> str:
    return _(
        "This is no longer asked for here, or in another way, so it was not saved. Copy it, then "
        "load the page anew."
    )


# --- The page ----------------------------------------------------------------------------------


def shown_rows(rows: Iterable[TalkRow], saved: Saved | None = None) -> dict[str, ShownRow]:
    """The rows of a page by key. With `saved`, those that could not be saved hold what the person
    wrote, as if they had seen what is stored now."""
    saved = saved or Saved()
    shown = {}
    for form in rows:
        conflict = saved.conflicts.get(form.key, [])
        unsaved = conflict or form.key in saved.errors
        shown[form.key] = ShownRow(_shown_again(saved, form.key) if unsaved else form, conflict)
    return shown


def _shown_again(saved: Saved, key: str) -> TalkRow:
    form = saved.sent[key]
    if seen := saved.seen.get(key):
        data = form.data.copy()  # type: ignore[attr-defined]
        data[f"{key}-seen"] = seen
        form.data = data
    return form


def errors_of(saved: Saved) -> list[dict[str, str]]:
    """For components/error_summary.html."""
    wrong = [
        {
            "text": str(text),
            "label": f"{form.title}: {form[name].label}"
            if form.title != form[name].label
            else str(form.title),
            "target": form[name].id_for_label or f"{form[name].auto_id}_0",
        }
        for form in saved.errors.values()
        for name, texts in form.errors.items()
        for text in texts
    ]
    wrote = _("You had written: {text}")
    return wrong + [
        {"text": f"{_gone()} {wrote.format(text=text)}", "label": "", "target": ""}
        for text in saved.gone
    ]
