"""What a controller writes: the year, its periods, and the message to those who are late."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from goals.actions.plans import has_been_reported
from goals.models import Period, PlanYear, Reminder
from goals.years import plannable_years
from units.forms import LongTexts
from units.models import Unit
from units.models.organisation import UnitQuerySet

TICKS = ("asks_values", "asks_half_yearly", "asks_judgement", "asks_needs")
_ONLY_OF_RESULTS = ("asks_values", "asks_half_yearly", "asks_judgement")
_DATES = ("starts_on", "ends_on", "opens_on", "due_on")


class CapitalsField(forms.CharField):
    """Taken in capital letters, however it is typed."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).upper()


class PlanYearForm(LongTexts, forms.Form):
    """Which part of the organisation and which year; only `units` can be chosen."""

    unit = forms.ModelChoiceField(
        label=_("For"),
        queryset=Unit.objects.none(),
        empty_label=_("Choose a part of the organisation"),
        help_text=_("The year is opened for it and for all below it."),
    )
    year = forms.TypedChoiceField(label=_("Year"), coerce=int, widget=forms.RadioSelect)
    instructions = forms.CharField(
        label=_("Instructions for the year"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_(
            "What holds for the whole year, such as what to give most weight to. Each period can "
            "have instructions of its own."
        ),
    )

    def __init__(self, *args: Any, units: UnitQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units
        only = list(units[:2])
        if len(only) == 1:
            self.fields["unit"].initial = only[0]
        years = plannable_years()
        self.fields["year"].choices = [(year, str(year)) for year in years]
        self.fields["year"].initial = self._first_not_opened(only, years)

    def _first_not_opened(self, only: list[Unit], years: list[int]) -> int:
        opened = set(
            PlanYear.objects.filter(unit__in=only, year__in=years).values_list("year", flat=True)
        )
        return next((year for year in years if year not in opened), years[-1])


class PlanYearTextForm(LongTexts, forms.ModelForm):
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False, initial=0)

    class Meta:
        model = PlanYear
        fields = ["instructions"]
        help_texts = {"instructions": _("What holds for the whole year. Everyone can read it.")}
        widgets = {"instructions": forms.Textarea(attrs={"rows": 8})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("revision", self.instance.revision)


class PeriodForm(LongTexts, forms.ModelForm):
    """A period of `instance.plan_year`, with its dates and what it asks for."""

    revision = forms.IntegerField(widget=forms.HiddenInput, required=False, initial=0)

    class Meta:
        model = Period
        fields = [
            "name",
            "code",
            "kind",
            *_DATES,
            *TICKS,
            "instructions",
            "help_summary",
            "help_values",
            "help_judgement",
            "help_analysis",
        ]
        field_classes = {"code": CapitalsField}
        widgets = {
            **{name: forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d") for name in _DATES},
            "instructions": forms.Textarea(attrs={"rows": 5}),
            **{
                f"help_{place}": forms.Textarea(attrs={"rows": 3})
                for place in ("summary", "values", "judgement", "analysis")
            },
        }
        help_texts = {
            "name": _("As it is called among those who report, such as Tertialrapport 1."),
            "kind": _(
                "A plan says what the year is to reach. The annual report is the year's last."
            ),
            "starts_on": _("The first day that the values are about."),
            "ends_on": _("The last day that the values are about. The units of that day report."),
            "opens_on": _("From this day the period is among the managers' to-dos."),
            "due_on": _("Who has not handed in after this day is late."),
            "asks_half_yearly": _("Indicators that are followed up twice a year."),
            "asks_judgement": _("Fully, partly or not, with the reason."),
            "asks_needs": _("They are gathered for the level above."),
            "instructions": _("Shown at the top of the report. Two or three sentences are enough."),
            "help_summary": _("What a good summary holds."),
            "help_values": _("Such as where a figure is found."),
            "help_judgement": _("Such as when a goal is to be judged as partly met."),
            "help_analysis": _("Such as which method your board wants."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["autocapitalize"] = "characters"
        if self.instance.pk:
            # A draft knows the revision it was begun on.
            self.initial.setdefault("revision", self.instance.revision)
            if has_been_reported(self.instance):
                self.fields["kind"].disabled = True
                self.fields["kind"].help_text = _(
                    "It cannot change any more: a report of the period has been handed in."
                )

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        year = self.instance.plan_year.year
        for name, (first, last) in {
            "starts_on": (year, year),
            "ends_on": (year, year),
            "opens_on": (year - 1, year + 1),
            "due_on": (year - 1, year + 1),
        }.items():
            day: date | None = cleaned.get(name)
            if day and not first <= day.year <= last:
                self.add_error(
                    name,
                    forms.ValidationError(
                        _("The day does not belong to the plan year %(year)s. Check the date."),
                        params={"year": year},
                    ),
                )
        if cleaned.get("kind") == Period.Kind.PLAN:
            # A plan has no results to ask for, whatever was ticked for another kind.
            cleaned |= dict.fromkeys(_ONLY_OF_RESULTS, False)
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        # The year is not in the form, and yet a short name may be in it only once.
        return super()._get_validation_exclusions() - {"plan_year"}

    @property
    def of_period(self) -> dict[str, Any]:
        """What belongs to the period itself, for the actions."""
        return {name: self.cleaned_data[name] for name in self.fields if name != "revision"}


class ReminderForm(LongTexts, forms.ModelForm):
    class Meta:
        model = Reminder
        fields = ["text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 6})}
        help_texts = {
            "text": _(
                "Plain and friendly: what is missing, by when, and whom to ask. The day, the name "
                "of their unit and a link to the portal are added below your text."
            )
        }
