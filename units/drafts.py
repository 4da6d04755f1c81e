"""Text that someone is writing: kept on the server, for its author alone, until it is saved."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from units.models import Draft, User

LONGEST_DRAFT = 200_000  # characters in all fields together
LONGEST_KEY = 120
MOST_DRAFTS = 100  # per person; the oldest make room
KEPT_FOR = timedelta(days=60)


# Which form a key belongs to. The forms lie in other apps: only their addresses are known here.
_FORMS = (
    (r"goal:new:(\d{1,18}):(?P<year>\d{4})", "goals:new", _("A new goal")),
    (r"goal:(\d{1,18})", "goals:edit", _("A goal draft")),
    (r"goal:(\d{1,18}):change", "goals:change", _("A new version of a goal")),
    (
        r"carry-over:(\d{1,18}):(?P<year>\d{4})",
        "goals:carry_over",
        _("The goals carried over to next year"),
    ),
    (r"planyear:new", "goals:plan_year_new", _("A new plan year")),
    (r"planyear:(\d{1,18})", "goals:plan_year_edit", _("Instructions for a plan year")),
    (r"period:new:(\d{1,18})", "goals:period_new", _("A new period")),
    (r"period:(\d{1,18})", "goals:period_edit", _("A period")),
    (r"reminder:(\d{1,18})", "goals:remind", _("A reminder")),
    (r"report:(\d{1,18}):review", "goals:report_read", _("An answer to a report")),
    (r"report:(\d{1,18}):correct", "goals:report_correct", _("Why a report is corrected")),
    (r"analysis:(\d{1,18}):(\d{1,18})", "goals:analysis", _("An analysis")),
    (r"measure:(\d{1,18}):(\d{1,18})", "goals:measure_new", _("A new measure")),
    (r"need:(\d{1,18})", "goals:need_new", _("A need for development")),
    (r"method:new:(\d{1,18})", "goals:method_new", _("A new method of analysis")),
    (r"method:(\d{1,18})", "goals:method_edit", _("A method of analysis")),
    (
        r"indicator:new:(\d{1,18})(?::(?P<goal>\d{1,18}))?",
        "goals:indicator_new",
        _("A new indicator"),
    ),
    (r"indicator:(\d{1,18})", "goals:indicator_edit", _("An indicator")),
    (r"activity:new:(\d{1,18})", "goals:activity_new", _("A new activity")),
    (r"activity:(\d{1,18})", "goals:activity_edit", _("An activity")),
    (r"activity:(\d{1,18}):progress", "goals:activity_progress", _("How an activity goes")),
    (r"times:(\d{1,18})", "dialogues:talk_times", _("Times of a talk")),
    (r"round:new", "dialogues:round_new", _("A new round of talks")),
    (r"round:(\d{1,18})", "dialogues:round_edit", _("A round of talks")),
    (r"expectation:new:(\d{1,18})", "dialogues:give", _("A new expectation")),
    (r"expectation:(\d{1,18})", "dialogues:expectation_edit", _("An expectation")),
    (r"answer:(\d{1,18})", "dialogues:talk_confirm", _("An answer to a record")),
    (r"reopen:(\d{1,18})", "dialogues:talk_reopen", _("Why a record is opened again")),
    (r"correct:(\d{1,18})", "dialogues:talk_correct", _("Why a record is corrected")),
    (
        r"access:(?P<employment>\d{1,18})",
        "dialogues:access_open",
        _("Why a record is asked for in need"),
    ),
    (r"agreed:new:(\d{1,18})", "dialogues:joint_expectation_new", _("A new expectation")),
    (r"agreed:(\d{1,18}):(\d{1,18})", "dialogues:joint_expectation", _("An expectation")),
    (r"competence:new:(\d{1,18})", "dialogues:competence_need_new", _("A new need of competence")),
    (r"competence:(\d{1,18})", "dialogues:competence_need_edit", _("A need of competence")),
    (
        r"competence:(\d{1,18}):done",
        "dialogues:competence_need_done",
        _("What a need of competence led to"),
    ),
    (
        r"competence:(\d{1,18}):drop",
        "dialogues:competence_need_drop",
        _("Why a need of competence is dropped"),
    ),
    (r"need-agreed:new:(\d{1,18})", "dialogues:joint_need_new", _("A new need of competence")),
    (r"need-agreed:(\d{1,18}):(\d{1,18})", "dialogues:joint_need", _("A need of competence")),
)
_NO_TEXT = {"revision", "parent", "goal", "employments", "contributes_to", "decided_on"}
_NO_TEXT |= {"unit", "year", "kind", "code"}
_NO_TEXT |= {"starts_on", "ends_on", "opens_on", "due_on"}
_NO_TEXT |= {"asks_values", "asks_half_yearly", "asks_judgement", "asks_needs"}
_NO_TEXT |= {"decision", "way", "theme", "responsible", "is_in_use"}
_NO_TEXT |= {"source", "origin", "done_on"}
_NO_TEXT |= {"measure-responsible", "measure-starts_on", "measure-due_on"}
_NO_TEXT |= {"sort", "direction", "frequency", "over_periods", "over_units", "decimals", "factor"}
_NO_TEXT |= {"has_parts", "is_cumulative", "by_gender", "baseline_not_applicable", "baseline_year"}
_NO_TEXT |= {"baseline", "on_track_margin", "last_year", "annual_target", "goals", "state"}
_NO_TEXT |= {"outcome", "number", "days"}
_NO_TEXT |= {"template", "manager_template"}
_NO_TEXT |= {"starts_0", "starts_1", "starts_2", "minutes"}
_NO_TEXT_OF_ONE = re.compile(r"(decision|target|annual|activity)_\d+", re.ASCII)


@dataclass(frozen=True)
class UnsavedText:
    """A draft as its author finds it again; `url` is empty where no form is known for it."""

    key: str
    label: str
    url: str
    saved_at: datetime
    texts: list[str]


class DraftTooLongError(ValueError):
    """The form holds more text than a draft may."""


def save_draft(*, author: User, key: str, fields: dict[str, list[str]]) -> Draft:
    """Keep `fields` under `key`, replacing what was kept. Raises DraftTooLongError."""
    if sum(len(value) for values in fields.values() for value in values) > LONGEST_DRAFT:
        raise DraftTooLongError
    draft, created = Draft.objects.update_or_create(
        author=author, key=key, defaults={"fields": fields, "saved_at": timezone.now()}
    )
    if created:
        kept = author.drafts.order_by("-saved_at").values("pk")[:MOST_DRAFTS]
        author.drafts.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
        author.drafts.filter(saved_at__lt=timezone.now() - KEPT_FOR).delete()
    return draft


def find_draft(author: User, *keys: str) -> Draft | None:
    """The draft under the first of the keys that has one."""
    kept = {draft.key: draft for draft in author.drafts.filter(key__in=keys)}
    return next((kept[key] for key in keys if key in kept), None)


def unsaved_texts(author: User) -> list[UnsavedText]:
    """All that someone has written and not saved, the latest first."""
    return [as_unsaved(draft) for draft in author.drafts.order_by("-saved_at", "pk")]


def as_unsaved(draft: Draft) -> UnsavedText:
    return UnsavedText(draft.key, *_form_of(draft.key), draft.saved_at, _texts_of(draft))


def _form_of(key: str) -> tuple[str, str]:
    for pattern, name, label in _FORMS:
        if found := re.fullmatch(pattern, key, re.ASCII):
            named = found.re.groupindex.values()
            keys = [key for place, key in enumerate(found.groups(), 1) if place not in named]
            asked = {part: value for part, value in found.groupdict().items() if value}
            query = f"?{urlencode(asked)}" if asked else ""
            return str(label), reverse(name, args=keys) + query
    return gettext("A text"), ""


def _texts_of(draft: Draft) -> list[str]:
    return [
        value
        for name, values in draft.fields.items()
        if name not in _NO_TEXT and not _NO_TEXT_OF_ONE.fullmatch(name)
        for value in values
        if value.strip()
    ]


def drop_draft(author: User, key: str) -> None:
    author.drafts.filter(key=key).delete()


def as_initial(draft: Draft | None, *many: str) -> dict[str, Any]:
    """The draft as a form's `initial`; fields named in `many` hold several values or none."""
    if draft is None:
        return {}
    initial: dict[str, Any] = {name: [] for name in many}
    for name, values in draft.fields.items():
        initial[name] = values if name in many else values[-1]
    return initial
