"""Forms of the way of a record, and of asking for one in need."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dialogues.models import Confirmation, TalkKind
from units.forms import LongTexts

MOST_VERSIONS = 32_767
FEWEST_CHARACTERS = 20  # of a reason to open a record in need
EARLIEST_YEAR = 2000
DAYS = (1, 3, 7)


class AnswerForm(LongTexts, forms.Form):
    """One's answer to the version that was shown."""

    outcome = forms.ChoiceField(
        label=_("Your answer"),
        choices=[
            (Confirmation.Outcome.CONFIRMED, _("I confirm that it is right")),
            (Confirmation.Outcome.WITH_REMARK, _("I confirm, with a remark")),
            (Confirmation.Outcome.DECLINED, _("I decline to confirm, and say why")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how you answer.")},
    )
    words = forms.CharField(
        label=_("Your remark or your reason"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "Needed when you confirm with a remark or decline. It becomes part of the official "
            "document. Nothing about health, private life or union matters."
        ),
    )
    number = forms.IntegerField(min_value=0, max_value=MOST_VERSIONS, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        needs_words = cleaned.get("outcome") in {
            Confirmation.Outcome.WITH_REMARK,
            Confirmation.Outcome.DECLINED,
        }
        if needs_words and "words" in cleaned and not cleaned["words"].strip():
            self.add_error("words", gettext("Write your remark, or your reason for declining."))
        return cleaned


class ReopenForm(LongTexts, forms.Form):
    reason = forms.CharField(
        label=_("What has to be changed?"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Both of you read the reason, and it is kept beside the version."),
    )


class CorrectForm(LongTexts, forms.Form):
    reason = forms.CharField(
        label=_("Why is the record corrected?"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The reason becomes part of the new version, and later readers see it too."),
    )


class PersonSearchForm(forms.Form):
    q = forms.CharField(
        label=_("Name of the employee"),
        min_length=2,
        max_length=100,
        required=False,
        help_text=_("Only people within what you answer for are found."),
    )


class AccessForm(LongTexts, forms.Form):
    """Which record, why, and for how long."""

    kind = forms.ChoiceField(label=_("Kind of talk"), choices=TalkKind.choices)
    year = forms.IntegerField(label=_("Year of the talk"))
    reason = forms.CharField(
        label=_("Why is it needed?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_(
            "Say what the record is needed for, and why nothing else is enough. The employee and "
            "the manager read it at once. Write no more about the person than is needed."
        ),
    )
    days = forms.TypedChoiceField(
        label=_("For how long?"),
        coerce=int,
        choices=[(1, _("1 day")), (3, _("3 days")), (7, _("7 days"))],
        widget=forms.RadioSelect,
        initial=1,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["year"].initial = timezone.localdate().year

    def clean_year(self) -> int:
        year: int = self.cleaned_data["year"]
        latest = timezone.localdate().year + 1
        if not EARLIEST_YEAR <= year <= latest:
            raise ValidationError(
                gettext("Write a year from {first} to {last}.").format(
                    first=EARLIEST_YEAR, last=latest
                )
            )
        return year

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"].strip()
        if len(reason) < FEWEST_CHARACTERS:
            raise ValidationError(
                gettext("Say more: at least {count} characters.").format(count=FEWEST_CHARACTERS)
            )
        return reason

    @property
    def lasts(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])
