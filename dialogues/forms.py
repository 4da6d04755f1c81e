from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from goals.models import Expectation, Goal
from units.models import Employment, User
from units.sorting import swedish_order

TEXT_HELP = _(
    "Say what the employee is to contribute, in words that both of you would use. "
    "Nothing about health, private life or union matters."
)
SIGN_HELP = _(
    "How will both of you see that it has been reached? Preferably with a number or a date."
)


class EmployeeChoices(forms.ModelMultipleChoiceField):
    def label_from_instance(self, employment: Employment) -> str:
        return f"{employment.person}, {employment.title}"


class GiveExpectationForm(forms.Form):
    """One expectation for one or many of the giver's own employees."""

    text = forms.CharField(
        label=_("Expectation"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=TEXT_HELP,
    )
    sign = forms.CharField(
        label=_("How it shows"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=SIGN_HELP,
    )
    employments = EmployeeChoices(
        label=_("Give it to"),
        queryset=Employment.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one employee.")},
    )

    def __init__(self, *args: Any, giver: User, goal: Goal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["employments"].queryset = (
            Employment.objects.managed_by(giver)
            .filter(unit__lines_up__ancestor=goal.unit)
            .select_related("person")
            .distinct()
            .order_by(
                swedish_order("person__family_name"), swedish_order("person__given_name"), "pk"
            )
        )


class ExpectationForm(forms.ModelForm):
    """One employee's expectation, made their own."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Expectation
        fields = ["text", "sign", "goal"]
        widgets = {
            "text": forms.Textarea(attrs={"rows": 3}),
            "sign": forms.Textarea(attrs={"rows": 2}),
        }
        help_texts = {"text": TEXT_HELP, "sign": SIGN_HELP}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("revision", self.instance.revision)
        self.fields["goal"].empty_label = None
        employment, year = self.instance.employment, self.instance.goal.first_year
        self.fields["goal"].queryset = (
            Goal.objects.adopted()
            .for_year(year)
            .at_level(Goal.Level.UNIT)
            .filter(unit__lines_down__descendant=employment.unit_id)
            .distinct()
            .order_by("title", "pk")
        )


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=_("Why is it withdrawn?"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The employee reads the reason."),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)
