"""The rows of a report, each a small form of its own on one page, and the forms of its way."""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from goals.models import (
    Activity,
    ActivityNote,
    Assessment,
    Gender,
    Judgement,
    Period,
    Report,
    Value,
)
from goals.numbers import NumberField
from goals.rules import FEWEST_IN_A_FIGURE
from goals.sheet import Sheet
from units.forms import LongTexts

MOST_UNANSWERED = 3
LONGEST_REVISION = 9  # digits
TOO_LARGE = Decimal(10) ** 14  # what the database keeps
FORM = "report-form"  # the rows lie in several places of the page and belong to one form


class RowForm(LongTexts, forms.Form):
    """One row. `seen` says which revision the person saw, and what it said then: what they have
    not touched is not sent back over what somebody else has written since."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    stored: tuple[str, ...] = ()
    kind: str

    def __init__(self, *args: Any, row: Any, key: str, **kwargs: Any) -> None:
        self.row, self.key = row, key
        initial = {name: getattr(row, name) for name in self.stored}
        super().__init__(*args, prefix=key, initial=initial, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["form"] = FORM
        self.initial["seen"] = self.seen_now(row)

    def seen_now(self, row: Any) -> str:
        return f"{row.revision if row.pk else 0}:{_mark(getattr(row, n) for n in self.stored)}"

    @property
    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.stored}

    @property
    def revision(self) -> int:
        number = self.cleaned_data["seen"].partition(":")[0]
        return int(number) if number.isdecimal() and len(number) <= LONGEST_REVISION else 0

    @property
    def is_touched(self) -> bool:
        """Whether the person has changed what they saw. To be asked of a valid form."""
        return self.cleaned_data["seen"].partition(":")[2] != _mark(self.values.values())

    def has_sent(self, row: Any) -> bool:
        """Whether `row` holds what this window sent before, without having got an answer."""
        for sent in self.data.getlist(f"{self.key}-sent")[:MOST_UNANSWERED]:
            earlier = type(self)(QueryDict(sent), row=self.row)  # type: ignore[call-arg]
            is_what_is_stored = earlier.is_valid() and _mark(earlier.values.values()) == _mark(
                getattr(row, name) for name in self.stored
            )
            if is_what_is_stored:
                return True
        return False


def _mark(values: Iterable[Any]) -> str:
    """Short, and the same for the same content: a number is one however many zeros it carries."""
    told = [
        ""
        if value is None
        else format(value.normalize(), "f")
        if hasattr(value, "normalize")
        else str(value).replace("\r\n", "\n")
        for value in values
    ]
    return sha256(repr(told).encode()).hexdigest()[:16]


class ValueRow(RowForm):
    kind = "value"
    value = NumberField(label=_("Value"))
    numerator = NumberField(label=_("Numerator"))
    denominator = NumberField(label=_("Denominator"))
    is_not_measured = forms.BooleanField(label=_("Not measured"), required=False)
    forecast = NumberField(label=_("Forecast for the year"))
    comment = forms.CharField(
        label=_("Comment"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    source = forms.CharField(label=_("Source"), max_length=200, required=False)

    def __init__(self, *args: Any, row: Value, **kwargs: Any) -> None:
        self.indicator = row.indicator
        parts = ("numerator", "denominator") if row.indicator.has_parts else ("value",)
        self.stored = (*parts, "is_not_measured", "forecast", "comment", "source")
        super().__init__(*args, row=row, key=f"v-{row.indicator_id}-{row.gender}", **kwargs)
        unused = {"value", "numerator", "denominator"} - set(parts)
        # What the year is thought to end with is said once, and not when it has ended.
        if row.gender != Gender.TOTAL or row.period.kind == Period.Kind.ANNUAL:
            unused |= {"forecast"}
            self.stored = tuple(name for name in self.stored if name != "forecast")
            self.initial["seen"] = self.seen_now(row)
        for name in unused:
            del self.fields[name]
        if self.indicator.has_parts:
            self.fields["numerator"].label = self.indicator.numerator_label or _("Numerator")
            self.fields["denominator"].label = self.indicator.denominator_label or _("Denominator")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        parts = [cleaned.get("numerator"), cleaned.get("denominator")]
        numbers = [*parts, cleaned.get("value")]
        if cleaned.get("is_not_measured") and any(number is not None for number in numbers):
            self.add_error(
                "is_not_measured",
                _("Take the number away, or the tick: what was not measured has no value."),
            )
        if self.errors or not self.indicator.has_parts:
            return cleaned
        if (parts[0] is None) != (parts[1] is None):
            missing = "numerator" if parts[0] is None else "denominator"
            self.add_error(missing, _("Give both numbers: the value is worked out from them."))
        elif parts[1] is not None and parts[1] <= 0:
            self.add_error(
                "denominator",
                _("It must be above zero. Tick “Not measured” when there is nothing to count."),
            )
        elif (
            parts[1] is not None
            and self.row.gender != Gender.TOTAL
            and parts[1] < FEWEST_IN_A_FIGURE
        ):
            self.add_error(
                "denominator",
                _("Fewer than five: give only the total, so that no single person shows."),
            )
        elif (
            parts[0] is not None
            and parts[1] is not None
            and abs(parts[0] / parts[1] * self.indicator.factor) >= TOO_LARGE
        ):
            self.add_error("numerator", _("The value becomes too large. Check both numbers."))
        return cleaned


class AssessmentRow(RowForm):
    kind = "assessment"
    stored = ("judgement", "reason", "difference")
    judgement = forms.ChoiceField(
        label=_("How is the goal met?"),
        choices=Judgement,
        required=False,
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Your reason"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    difference = forms.CharField(
        label=_("Why do you see it otherwise than the suggestion?"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, row: Assessment, **kwargs: Any) -> None:
        super().__init__(*args, row=row, key=f"g-{row.goal_id}", **kwargs)


class NoteRow(RowForm):
    kind = "note"
    stored = ("state", "text")
    state = forms.ChoiceField(
        label=_("State"),
        choices=[choice for choice in Activity.State.choices if choice[0] != "PROPOSED"],
    )
    text = forms.CharField(
        label=_("How it goes"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, row: ActivityNote, **kwargs: Any) -> None:
        super().__init__(*args, row=row, key=f"a-{row.activity_id}", **kwargs)


class SummaryRow(RowForm):
    kind = "summary"
    stored = ("summary",)
    summary = forms.CharField(
        label=_("Summary"),
        max_length=6000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def __init__(self, *args: Any, row: Report, **kwargs: Any) -> None:
        super().__init__(*args, row=row, key="summary", **kwargs)


def row_forms(sheet: Sheet, report: Report, data: Any = None) -> dict[str, RowForm]:
    """Every row that the report takes, by its key in the page; with `data` those it holds."""
    made: list[RowForm] = []

    def add(kind: Callable[..., RowForm], row: Any, key: str) -> None:
        if data is None:
            made.append(kind(row=row))
        elif f"{key}-seen" in data:
            made.append(kind(data, row=row))

    add(SummaryRow, report, "summary")
    for goal in sheet.goals:
        for indicator in goal.indicators:
            for value in indicator.values if indicator.is_asked else []:
                add(ValueRow, value, f"v-{value.indicator_id}-{value.gender}")
        for activity in goal.activities:
            if not activity.is_measure and not sheet.period.is_plan:
                add(NoteRow, activity.note, f"a-{activity.activity.pk}")
        if sheet.period.asks_judgement:
            add(AssessmentRow, goal.assessment, f"g-{goal.goal.pk}")
    return {form.key: form for form in made}


_SENT = re.compile(r"((?:v-\d+-[TKM])|(?:[ga]-\d+)|summary)-([a-z_]+)", re.ASCII)


def sent_texts(data: QueryDict) -> dict[str, dict[str, str]]:
    """By row and field: what somebody wrote, whether the report takes it or not."""
    named = {
        name for form in (ValueRow, AssessmentRow, NoteRow, SummaryRow) for name in fields_of(form)
    }
    sent: dict[str, dict[str, str]] = {}
    for name, values in data.lists():
        found = _SENT.fullmatch(name)
        if found and found[2] in named:
            sent.setdefault(found[1], {})[found[2]] = values[-1].strip()
    return sent


def fields_of(form: type[RowForm]) -> set[str]:
    return set(form.base_fields) - {"seen"}


def without_place(data: QueryDict, made: dict[str, RowForm]) -> dict[str, list[str]]:
    """By row: what was written in a row that the report no longer takes, or that takes other
    fields now; such a row is taken out of `made`."""
    gone: dict[str, list[str]] = {}
    for key, written in sent_texts(data).items():
        form = made.get(key)
        if form is None or not set(written) <= set(form.fields):
            made.pop(key, None)
            if texts := [text for text in written.values() if text]:
                gone[key] = texts
    return gone


class ReviewForm(LongTexts, forms.Form):
    """The controller's answer."""

    comment = forms.CharField(
        label=_("Comment"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Needed when you return it: say what is to be done."),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)
    decision = forms.ChoiceField(
        choices=[("accept", _("Accept")), ("return", _("Return"))], widget=forms.HiddenInput
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("decision") == "return" and not cleaned.get("comment"):
            self.add_error("comment", _("Say what is to be done before it is handed in again."))
        return cleaned


class CorrectionForm(LongTexts, forms.Form):
    reason = forms.CharField(
        label=_("Why is it corrected?"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Everyone who reads the report can read the reason."),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)
