"""What is agreed on at a talk, beside the rows of the joint page."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dialogues.actions.agreeing import goals_to_agree_on, with_served, year_agreed_on
from dialogues.forms.expectation import ExpectationForm
from dialogues.forms.rows import ResultRow, TalkRow
from dialogues.models import CompetenceNeed, Talk
from goals.models import Goal
from units.forms import LongTexts

YEARS_AHEAD = 3


class NextTalkRow(TalkRow):
    """The day of the next talk, saved as the rows are."""

    kind = "next"
    stored = ("next_on",)
    next_on = forms.DateField(
        label=_("Next talk"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, row: Talk, **kwargs: Any) -> None:
        super().__init__(*args, row=row, key="next", **kwargs)
        self.title = self.fields["next_on"].label

    def clean_next_on(self) -> date | None:
        day: date | None = self.cleaned_data["next_on"]
        if day and day != self.row.next_on:
            today = timezone.localdate()
            if not today <= day <= today.replace(day=1, year=today.year + YEARS_AHEAD):
                raise ValidationError(
                    gettext("Choose a day from today and at most three years ahead.")
                )
        return day


class OwnResultRow(ResultRow):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.row.pk and not cleaned.get("outcome") and "outcome" not in self.errors:
            self.add_error("outcome", _("Choose how it went."))
        return cleaned


class AdoptForm(forms.Form):
    """Goals of the unit, each to become an expectation. One that has been adopted in another
    window meanwhile is no error."""

    goals = forms.ModelMultipleChoiceField(
        label=_("The unit's goals"),
        queryset=Goal.objects.none(),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
        error_messages={
            "required": _("Tick at least one goal."),
            "invalid_choice": _("Choose among the adopted goals of the employee's unit."),
            "invalid_pk_value": _("Choose among the adopted goals of the employee's unit."),
        },
    )

    def __init__(self, *args: Any, talk: Talk, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["goals"]
        field.queryset = goals_to_agree_on(talk)
        goals = list(with_served(talk, field.queryset))
        field.choices = [(goal.pk, str(goal)) for goal in goals if not goal.is_served]
        # None is adopted for the year yet, so that there is none for an expectation to serve.
        self.has_no_goals = not goals


class AgreedForm(LongTexts, forms.ModelForm):
    """An expectation as the two agree on it: a new one, or one that is changed."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    class Meta(ExpectationForm.Meta):
        pass

    def __init__(self, *args: Any, talk: Talk, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.year = year_agreed_on(talk)
        self.initial.setdefault("revision", self.instance.revision)
        # What is chosen already stays choosable, also after the unit has moved.
        choosable = Q(pk__in=goals_to_agree_on(talk).order_by().values("pk"))
        if self.instance.goal_id:
            choosable |= Q(pk=self.instance.goal_id)
            self.fields["goal"].empty_label = None
        self.fields["goal"].queryset = Goal.objects.filter(choosable).in_order_of_numbers()

    @cached_property
    def has_no_goals(self) -> bool:
        """Whether there is no goal to choose, so that nothing written here could be saved."""
        return not self.fields["goal"].queryset.exists()

    def clean_due_on(self) -> date | None:
        """What is expected in one year may be reached early in the next."""
        day: date | None = self.cleaned_data["due_on"]
        if day and self.year and day.year not in {self.year, self.year + 1}:
            raise ValidationError(
                gettext("Choose a day in {year} or {next_year}.").format(
                    year=self.year, next_year=self.year + 1
                )
            )
        return day

    @property
    def said(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class NeedForm(LongTexts, forms.ModelForm):
    """A need in the competence plan, in its short form."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = CompetenceNeed
        fields = ["need", "source", "activity", "responsible", "due_on"]
        widgets = {
            "need": forms.Textarea(attrs={"rows": 2}),
            "activity": forms.Textarea(attrs={"rows": 2}),
            "due_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
        help_texts = {
            "need": _("What does the employee need, or want, to know or be able to do?"),
            "activity": _("How is it learnt? Not only courses: to shadow somebody, to try."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("revision", self.instance.revision)

    @property
    def said(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.Meta.fields}
