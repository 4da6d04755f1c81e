"""Forms of delegating talks."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dialogues.actions.delegations import latest_end, not_to_meet
from units.models import Employment, User

FARTHEST_START = timedelta(days=366)


class DelegateSearchForm(forms.Form):
    q = forms.CharField(
        label=_("Name"),
        min_length=2,
        max_length=100,
        required=False,
        help_text=_("Among those who work in your administration."),
    )


class NamedEmployees(forms.ModelMultipleChoiceField):
    def label_from_instance(self, employment: Employment) -> str:
        return f"{employment.person}, {employment.title}, {employment.unit}"


def _day(label: Any, help_text: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, help_text=help_text)


class DelegationForm(forms.Form):
    """With whom the delegate holds the talks, and for how long."""

    employments = NamedEmployees(
        label=_("Employees"),
        queryset=Employment.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose at least one employee."),
            "invalid_choice": _("Choose among your own employees."),
            "invalid_pk_value": _("Choose among your own employees."),
        },
    )
    starts_on = _day(_("From"), _("Today or later."))
    ends_on = _day(
        _("To"), _("The last day, at most a year ahead. The day after, everything is closed.")
    )
    covers_salary = forms.BooleanField(
        label=_("Salary talks too"),
        required=False,
        help_text=_("Otherwise the delegate neither holds nor sees any salary talk."),
    )
    with_talks = forms.BooleanField(
        label=_("Hand over the talks that wait"),
        required=False,
        help_text=_(
            "Talks with them that you hold, that have not been held and that you have not prepared "
            "become the delegate's to hold at once. Needs a delegation that begins today."
        ),
    )

    def __init__(self, *args: Any, giver: User, delegate: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.delegate = delegate
        own = Employment.objects.managed_by(giver).exclude(person=delegate)
        field = self.fields["employments"]
        field.queryset = own.select_related("person", "unit").in_swedish_order()  # type: ignore[attr-defined]

    def clean_employments(self) -> list[Employment]:
        chosen: Collection[Employment] = list(self.cleaned_data["employments"])
        refused = not_to_meet(self.delegate, chosen)
        if refused:
            names = ", ".join(str(each.person) for each in chosen if each.pk in refused)
            reasons = " ".join(dict.fromkeys(refused.values()))
            raise ValidationError(
                gettext("{names} cannot be chosen. {reasons}").format(names=names, reasons=reasons)
            )
        return list(chosen)

    def clean_starts_on(self) -> date:
        day: date = self.cleaned_data["starts_on"]
        today = timezone.localdate()
        if not today <= day <= today + FARTHEST_START:
            raise ValidationError(gettext("Choose today or a later day, at most a year ahead."))
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        starts_on, ends_on = cleaned.get("starts_on"), cleaned.get("ends_on")
        if starts_on and ends_on:
            if ends_on < starts_on:
                self.add_error("ends_on", gettext("The last day cannot be before the first."))
            elif ends_on > latest_end(starts_on):
                self.add_error(
                    "ends_on", gettext("A delegation lasts a year at most. Give a new one then.")
                )
        if starts_on and cleaned.get("with_talks") and starts_on > timezone.localdate():
            self.add_error(
                "with_talks",
                gettext(
                    "Talks are handed over when the delegation runs: untick it, or begin today."
                ),
            )
        return cleaned


class EndForm(forms.Form):
    revision = forms.IntegerField(widget=forms.HiddenInput)
