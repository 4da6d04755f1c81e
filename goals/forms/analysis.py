"""What follows on a result: the analysis, measures, needs, and a board's own methods."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from goals.analysis_methods import OWN, Method, key_of, methods_for
from goals.forms.indicator import ActivityForm
from goals.models import Analysis, AnalysisMethod, Need, Report
from goals.sheet import goals_of_report
from units.forms import LongTexts
from units.models import Unit, User

STEPS = ("deviation", "pattern", "cause", "lesson", "decision")
STEP_HELP = {
    "deviation": _("Say what came out, and how far from the target or from what you expected."),
    "pattern": _(
        "Is it new, or has it been so for long? Is it the same for all groups? How is it for "
        "others like you?"
    ),
    "cause": _("Write what you found, and what speaks for it. A guess is fine: call it a guess."),
    "lesson": _("What do you know now that you did not know before? What went well?"),
    "decision": _(
        "What will you do, go on with or stop doing? The measures below say who does it."
    ),
}


class AnalysisForm(LongTexts, forms.ModelForm):
    """The five steps. All may be empty: one writes as far as one has come."""

    way = forms.ChoiceField(label=_("Method"), required=False, widget=forms.RadioSelect)
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False, initial=0)

    class Meta:
        model = Analysis
        fields = STEPS

    def __init__(self, *args: Any, unit: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.methods: list[Method] = methods_for(unit, self.instance.own_method)
        self.fields["way"].choices = [("", _("None, or one of your own"))] + [
            (method.key, method.name) for method in self.methods
        ]
        self.initial.setdefault("way", key_of(self.instance))
        self.initial.setdefault("revision", self.instance.revision if self.instance.pk else 0)
        for name, help_text in STEP_HELP.items():
            self.fields[name].help_text = help_text
            self.fields[name].widget.attrs["rows"] = 6 if name == "cause" else 4

    @property
    def values(self) -> dict[str, Any]:
        """What the action takes."""
        key = self.cleaned_data["way"]
        own = next((method.own for method in self.methods if method.key == key), None)
        return {
            **{name: self.cleaned_data[name] for name in STEPS},
            "method": Analysis.Method.OWN if key.startswith(OWN) else key,
            "own_method": own,
        }


class MeasureForm(ActivityForm):
    """A measure: an activity, decided because of a result."""

    def __init__(self, *args: Any, report: Report, by: User, **kwargs: Any) -> None:
        year = report.period.plan_year.year
        super().__init__(*args, unit=report.unit, year=year, user=by, **kwargs)
        del self.fields["goals"], self.fields["revision"]
        self.fields["title"].label = _("The measure")
        self.initial.setdefault("starts_on", timezone.localdate())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        starts_on, due_on = cleaned.get("starts_on"), cleaned.get("due_on")
        if starts_on and due_on and due_on < starts_on:
            self.add_error(
                "due_on", _("The measure is to be done before it starts. Check the days.")
            )
        elif due_on and due_on < timezone.localdate():
            self.add_error("due_on", _("That day has passed. Choose a day ahead."))
        return cleaned


class MeasureWithinForm(MeasureForm):
    """The same as a part of the page of the analysis, where it may be left empty."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(
            *args,
            prefix="measure",
            empty_permitted=True,
            use_required_attribute=False,
            **kwargs,
        )

    def has_changed(self) -> bool:
        # The day of the beginning is filled in beforehand, and no measure by itself.
        return bool(set(self.changed_data) - {"starts_on"})


class NeedForm(LongTexts, forms.ModelForm):
    class Meta:
        model = Need
        fields = ["theme", "text", "goal"]
        widgets = {"text": forms.Textarea(attrs={"rows": 4}), "theme": forms.RadioSelect}

    def __init__(self, *args: Any, report: Report, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        goals = goals_of_report(report.unit, report.period)
        self.fields["goal"].queryset = goals.in_order_of_numbers()
        self.fields["goal"].empty_label = _("Not for one goal alone")
        self.fields["goal"].help_text = _("If the need is about one goal.")
        self.fields["theme"].choices = Need.Theme.choices
        self.fields["text"].help_text = _(
            "What the unit needs, and what would become possible. Name no single person."
        )


class MethodForm(LongTexts, forms.ModelForm):
    """A board's own method of analysis."""

    revision = forms.IntegerField(widget=forms.HiddenInput, required=False, initial=0)

    class Meta:
        model = AnalysisMethod
        fields = ["name", "help_text", "prompts", "is_in_use"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["help_text"].widget.attrs["rows"] = 3
        self.fields["prompts"].widget.attrs["rows"] = 6
        if self.instance.pk:
            self.initial.setdefault("revision", self.instance.revision)
            self.fields["is_in_use"].help_text = _(
                "Without the tick nobody can choose it anew; analyses made by it keep it."
            )
        else:
            del self.fields["is_in_use"]

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        named = AnalysisMethod.objects.filter(
            unit=self.instance.unit, name__iexact=cleaned.get("name", "")
        )
        if named.exclude(pk=self.instance.pk).exists():
            self.add_error("name", _("There is a method with this name already."))
        return cleaned

    @property
    def values(self) -> dict[str, Any]:
        names = ("name", "help_text", "prompts", "is_in_use")
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}
