from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from goals.models import Goal, number_order
from units.forms import LongTexts
from units.models import Unit
from units.sorting import swedish_order

TITLE_HELP = _("One sentence: what is to be better, and for whom? Staff should know it by heart.")
PART_HELP = {
    "expected_result": _(
        "What has been reached when the goal is met, so that anyone can judge it afterwards."
    ),
    "working_method": _("What you do to get there, and how you work together."),
    "resource_use": _(
        "Staff, competence, premises, money and IT that it takes, and what you have."
    ),
    "follow_up": _("How you see how it goes: method, when, who does it, who analyses."),
    "development": _("What you will do better next time, from what you learned."),
}


class ByCouncilsGoal(forms.models.ModelChoiceIterator):
    """Choices in groups, one for each of the council's goals."""

    def __iter__(self) -> Iterator[Any]:
        if getattr(self.field, "empty_label", None) is not None:
            yield ("", self.field.empty_label)
        goals = self.queryset.select_related("parent", "unit").order_by(
            *number_order("parent__number"),
            "parent__pk",
            swedish_order("unit__name"),
            *number_order(),
            swedish_order("title"),
            "pk",
        )
        for council_goal, served in groupby(goals, key=lambda goal: goal.parent):
            label = str(council_goal) if council_goal else str(_("The council's goals"))
            yield (label, [self.choice(goal) for goal in served])


class GoalChoiceField(forms.ModelChoiceField):
    iterator = ByCouncilsGoal


class GoalChoicesField(forms.ModelMultipleChoiceField):
    iterator = ByCouncilsGoal


class GoalForm(LongTexts, forms.ModelForm):
    """The goal of a unit in the city's six parts or, for a board, in two.

    Only goals that `unit` may serve in `year` can be chosen, so that a hand-made request cannot
    reach into another line.
    """

    parent = GoalChoiceField(
        label=_("Serves the goal"),
        queryset=Goal.objects.none(),
        required=False,
        empty_label=_("Not chosen yet"),
        help_text=_("The goal above that this one mainly helps to reach."),
    )
    contributes_to = GoalChoicesField(
        label=_("Also contributes to"),
        queryset=Goal.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Only if it truly does. One goal is enough."),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False, initial=0)

    class Meta:
        model = Goal
        fields = [
            "title",
            "expected_result",
            "parent",
            "contributes_to",
            "working_method",
            "resource_use",
            "follow_up",
            "development",
        ]

    def __init__(self, *args: Any, unit: Unit, year: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choosable = Q(pk__in=Goal.objects.servable_by(unit, year).values("pk"))
        if self.instance.pk:
            # What is chosen already stays choosable, also after the unit has moved.
            choosable |= Q(pk=self.instance.parent_id) | Q(supporters__goal=self.instance.pk)
        servable = Goal.objects.filter(choosable).distinct()
        self.fields["parent"].queryset = servable
        self.fields["contributes_to"].queryset = servable
        self.fields["title"].widget = forms.Textarea(attrs={"rows": 2, "data-limit": "500"})
        self.fields["title"].help_text = TITLE_HELP
        if unit.kind == Unit.Kind.BOARD:
            for part in ("working_method", "resource_use", "follow_up", "development"):
                del self.fields[part]
        for part, help_text in PART_HELP.items():
            if part in self.fields:
                self.fields[part].help_text = help_text
                self.fields[part].widget.attrs["rows"] = 4
        if self.instance.pk:
            # A draft knows the revision it was begun on, and what was ticked in it.
            self.initial.setdefault("revision", self.instance.revision)
            if "contributes_to" not in self.initial:
                self.initial["contributes_to"] = list(
                    self.instance.contributions.values_list("supported", flat=True)
                )

    def clean_title(self) -> str:
        return " ".join(self.cleaned_data["title"].split())

    @cached_property
    def nothing_to_serve(self) -> bool:
        return not self.fields["parent"].queryset.exists()

    @property
    def texts(self) -> dict[str, Any]:
        """What belongs to the goal itself, for the actions."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name in {"title", "parent", *PART_HELP}
        }


def _possible_decision_day(day: date, goal: Goal) -> date:
    if day > timezone.localdate():
        raise forms.ValidationError(
            _("The day lies ahead. Adopt the goal when the decision has been made.")
        )
    earliest = goal.first_year - 1
    if day.year < earliest:
        raise forms.ValidationError(
            _("A goal for %(year)s is decided in %(earliest)s at the earliest. Check the date."),
            params={"year": goal.first_year, "earliest": earliest},
        )
    return day


class DecisionForm(forms.Form):
    """When the goal was decided and under which number."""

    decided_on = forms.DateField(
        label=_("Decided on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reference_number = forms.CharField(
        label=_("Reference number (diarienummer)"), max_length=40, required=False
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, goal: Goal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.goal = goal
        self.fields["revision"].initial = goal.revision
        self.fields["decided_on"].initial = timezone.localdate()
        if goal.level == Goal.Level.BOARD:
            self.fields["reference_number"].required = True
            self.fields["decided_on"].help_text = _("The day of the board's meeting.")
        else:
            self.fields["reference_number"].help_text = _("If the plan has one.")

    def clean_decided_on(self) -> date:
        return _possible_decision_day(self.cleaned_data["decided_on"], self.goal)


class ChangeGoalForm(GoalForm):
    """A new version of an adopted goal."""

    reason = forms.CharField(
        label=_("Why is the goal changed?"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One or two sentences. Everyone who reads the goal can read the reason."),
    )
    decided_on = forms.DateField(
        label=_("Decided on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reference_number = forms.CharField(
        label=_("Reference number (diarienummer)"), max_length=40, required=False
    )

    def __init__(self, *args: Any, unit: Unit, year: int, **kwargs: Any) -> None:
        super().__init__(*args, unit=unit, year=year, **kwargs)
        given = kwargs.get("initial") or {}
        self.initial["decided_on"] = given.get("decided_on", timezone.localdate())
        self.initial["reference_number"] = given.get("reference_number", "")
        self.fields["reference_number"].required = unit.kind == Unit.Kind.BOARD

    def clean_decided_on(self) -> date:
        decided_on = _possible_decision_day(self.cleaned_data["decided_on"], self.instance)
        if self.instance.decided_on and decided_on < self.instance.decided_on:
            raise forms.ValidationError(
                _("The version in force was decided later than that. Check the date.")
            )
        return decided_on

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not self._says_something_new(cleaned):
            raise forms.ValidationError(
                _("Nothing is changed yet. Change a text or what the goal serves, then save.")
            )
        return cleaned

    def _says_something_new(self, cleaned: dict[str, Any]) -> bool:
        if any(getattr(self.instance, part) != value for part, value in self.texts.items()):
            return True
        supported = set(self.instance.contributions.values_list("supported", flat=True))
        if supported != {goal.pk for goal in cleaned["contributes_to"]}:
            return True
        return cleaned["reference_number"] not in {"", self.instance.reference_number}
