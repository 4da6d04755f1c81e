from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dialogues.talk_standing import Names
from goals.models import Expectation, Goal, holds_any
from goals.rules import employments_to_give
from units.forms import LongTexts
from units.models import Employment, UnitLine, User
from units.rules import went_up_in

TEXT_HELP = _(
    "Say what the employee is to contribute, in words that both of you would use. "
    "Nothing about health, private life or union matters."
)
SIGN_HELP = _(
    "How will both of you see that it has been reached? Preferably with a number or a date."
)
RESULT_HELP = _("What is different when the expectation has been met, for those you are there for.")
SUPPORT_HELP = _(
    "What the employee needs from the manager or others: time, training, somebody to ask."
)
DUE_HELP = _("The day when it is to be reached. Empty: during the year.")


class EmployeeChoices(forms.ModelMultipleChoiceField):
    unit_pk: int | None = None  # whose people need no unit beside their name
    names: Names

    def label_from_instance(self, employment: Employment) -> str:
        about = [capfirst(self.names.of(employment.person)), employment.title]
        if employment.unit_id != self.unit_pk:
            about.append(str(employment.unit))
        if not employment.has_expectation:
            about.append(gettext("has no expectation yet"))
        return ", ".join(about)


class GiveExpectationForm(LongTexts, forms.Form):
    """One expectation for one or many of the giver's own employees."""

    text = forms.CharField(
        label=_("Expectation"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=TEXT_HELP,
    )
    expected_result = forms.CharField(
        label=_("Expected result"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=RESULT_HELP,
    )
    sign = forms.CharField(
        label=_("How it shows"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=SIGN_HELP,
    )
    support = forms.CharField(
        label=_("Support needed"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=SUPPORT_HELP,
    )
    due_on = forms.DateField(
        label=_("By when"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=DUE_HELP,
    )
    employments = EmployeeChoices(
        label=_("Give it to"),
        queryset=Employment.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one employee.")},
    )

    def __init__(self, *args: Any, giver: User, goal: Goal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.goal = goal
        held = Expectation.objects.in_force().for_year(goal.first_year)
        own = employments_to_give(giver, goal)
        protected = User.objects.filter(has_protected_identity=True, employments__in=own)
        self.fields["employments"].names = Names(giver, protected)
        self.fields["employments"].unit_pk = goal.unit_id
        self.fields["employments"].queryset = (
            own.annotate(has_expectation=holds_any(held))
            .select_related("person", "unit")
            .in_swedish_order()
        )

    def clean_due_on(self) -> date | None:
        return _checked_due_on(self.cleaned_data["due_on"], self.goal)


class ExpectationForm(LongTexts, forms.ModelForm):
    """One employee's expectation, made their own."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Expectation
        fields = ["text", "expected_result", "sign", "support", "due_on", "goal"]
        widgets = {
            "text": forms.Textarea(attrs={"rows": 3}),
            "expected_result": forms.Textarea(attrs={"rows": 2}),
            "sign": forms.Textarea(attrs={"rows": 2}),
            "support": forms.Textarea(attrs={"rows": 2}),
            "due_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
        help_texts = {
            "text": TEXT_HELP,
            "expected_result": RESULT_HELP,
            "sign": SIGN_HELP,
            "support": SUPPORT_HELP,
            "due_on": DUE_HELP,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("revision", self.instance.revision)
        self.fields["goal"].empty_label = None
        unit = went_up_in(self.instance.employment.unit)
        line = UnitLine.objects.active_on().within_border().filter(descendant=unit)
        on_line = (
            Goal.objects.adopted()
            .for_year(self.instance.goal.first_year)
            .at_level(Goal.Level.UNIT)
            .filter(unit__in=line.values("ancestor"))
        )
        # What is chosen already stays choosable, also after the unit has moved.
        choosable = Q(pk__in=on_line.values("pk")) | Q(pk=self.instance.goal_id)
        self.fields["goal"].queryset = Goal.objects.filter(choosable).in_order_of_numbers()

    def clean_due_on(self) -> date | None:
        return _checked_due_on(self.cleaned_data["due_on"], self.instance.goal)


def _checked_due_on(day: date | None, goal: Goal) -> date | None:
    """What is expected in one year may be reached early in the next."""
    year = goal.first_year
    if day and day.year not in {year, year + 1}:
        raise ValidationError(
            gettext("Choose a day in {year} or {next_year}.").format(year=year, next_year=year + 1)
        )
    return day


class WithdrawForm(LongTexts, forms.Form):
    reason = forms.CharField(
        label=_("Why is it withdrawn?"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The employee reads the reason."),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)
