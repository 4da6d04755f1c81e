"""The rows of a preparation and of a joint page, each a small form of its own on one page."""

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dialogues.models import (
    Answer,
    Criterion,
    CriterionView,
    CriterionWeighing,
    ExpectationResult,
    RecordPart,
    Section,
)
from goals.forms.report import RowForm

FORM = "talk-form"  # the rows lie in several places of the page and belong to one form
LONGEST_SECTION = 20_000
LONGEST_REASONS = 6_000
LONGEST_RESULT = 2_000


class TalkRow(RowForm):
    # What the row is about, for whoever reads what is wrong with it.
    title = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["form"] = FORM


class SectionRow(TalkRow):
    """The text of a section: an Answer or a RecordPart, also one that is not saved yet."""

    kind = "section"
    stored = ("text",)
    text = forms.CharField(
        label=_("Your text"),
        max_length=LONGEST_SECTION,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def __init__(self, *args: Any, row: Answer | RecordPart, **kwargs: Any) -> None:
        super().__init__(*args, row=row, key=section_key(row.section), **kwargs)
        self.title = self.fields["text"].label = row.section.title


class _CriterionRow(TalkRow):
    """Its step is chosen in words, or left open; nothing is made of it."""

    step_id = forms.TypedChoiceField(
        label=_("The step that fits best"),
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, row: CriterionView | CriterionWeighing, **kwargs: Any) -> None:
        super().__init__(*args, row=row, key=criterion_key(row.criterion), **kwargs)
        self.title = row.criterion.name
        loaded = getattr(row.criterion, "loaded_steps", None)
        self.steps = list(row.criterion.steps.all()) if loaded is None else loaded
        unchosen: tuple[str, Promise] = ("", _("No step chosen"))
        choices = [(step.pk, f"{step.name}: {step.words}") for step in self.steps]
        self.fields["step_id"].choices = [unchosen, *choices]


class CriterionViewRow(_CriterionRow):
    """How its writer sees one pay criterion before a salary talk."""

    kind = "criterion"
    stored = ("step_id", "reasons")
    reasons = forms.CharField(
        label=_("Your reasons"),
        max_length=LONGEST_REASONS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class WeighingRow(_CriterionRow):
    """What is weighed under one pay criterion in the record of a salary talk."""

    kind = "weighing"
    stored = ("step_id", "weighed", "would_raise")
    weighed = forms.CharField(
        label=_("What was weighed"),
        max_length=LONGEST_REASONS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    would_raise = forms.CharField(
        label=_("What would raise the pay"),
        max_length=LONGEST_REASONS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ResultRow(TalkRow):
    """How an expectation went, as one of the two sees it."""

    kind = "result"
    stored = ("outcome", "words")
    outcome = forms.ChoiceField(
        label=_("How did it go?"),
        choices=ExpectationResult.Outcome,
        required=False,
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=_("In your own words"),
        max_length=LONGEST_RESULT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, row: ExpectationResult, **kwargs: Any) -> None:
        super().__init__(*args, row=row, key=f"x-{row.expectation_id}", **kwargs)
        self.title = row.expectation.text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("words") and not cleaned.get("outcome") and "outcome" not in self.errors:
            self.add_error("outcome", _("Choose how it went too: then your words are saved."))
        return cleaned


def section_key(section: Section) -> str:
    return f"s-{section.pk}"


def criterion_key(criterion: Criterion) -> str:
    return f"c-{criterion.pk}"


def sent_rows(data: QueryDict, made: Iterable[TalkRow]) -> dict[str, TalkRow]:
    """Those of `made` (unbound rows) that the data holds, bound to it."""
    return {
        form.key: type(form)(data, row=form.row)  # type: ignore[call-arg]
        for form in made
        if f"{form.key}-seen" in data
    }


_SENT = re.compile(r"([scx]-\d+)-([a-z_]+)", re.ASCII)
_NO_TEXT = frozenset({"seen", "sent", "step_id", "outcome"})


def sent_texts(data: QueryDict) -> dict[str, list[str]]:
    """By row: the texts that somebody wrote, whether the page takes them or not."""
    sent: dict[str, list[str]] = {}
    for name, values in data.lists():
        found = _SENT.fullmatch(name)
        if found and found[2] not in _NO_TEXT and (text := values[-1].strip()):
            sent.setdefault(found[1], []).append(text)
    return sent
