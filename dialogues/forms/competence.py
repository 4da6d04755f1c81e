"""Forms of the competence plan."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dialogues.competence_lists import Bringable, beginning_of
from dialogues.models import CompetenceNeed
from goals.models import Expectation, Goal
from units.forms import LongTexts
from units.models import Employment, UnitLine, User
from units.rules import went_up_in

YEARS_AHEAD = 5
_SOURCE = CompetenceNeed.Source


class PlanNeedForm(LongTexts, forms.ModelForm):
    """A need with what it comes from: one choice among the goals of the employee's unit, the
    employee's expectations, and an own wish."""

    revision = forms.IntegerField(widget=forms.HiddenInput)
    origin = forms.ChoiceField(
        label=_("Where it comes from"),
        help_text=_("The goal or the expectation that it serves, or a wish of the employee's."),
    )

    class Meta:
        model = CompetenceNeed
        fields = ["need", "activity", "responsible", "due_on"]
        widgets = {
            "need": forms.Textarea(attrs={"rows": 3}),
            "activity": forms.Textarea(attrs={"rows": 3}),
            "due_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
        help_texts = {
            "need": _(
                "What does the employee need, or want, to know or be able to do? "
                "Nothing about health, private life or union matters."
            ),
            "activity": _("How is it learnt? Not only courses: to shadow somebody, to try."),
            "responsible": _("Who sees to it that it happens."),
            "due_on": _("The day when it is to be done. It then stands among the to-dos."),
        }

    field_order = ["need", "origin", "activity", "responsible", "due_on", "revision"]

    def __init__(self, *args: Any, employment: Employment, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("revision", self.instance.revision)
        self.was = origin_of(self.instance) if self.instance.pk else ""
        self.initial.setdefault("origin", self.was)
        self.known: dict[str, Goal | Expectation] = {}
        self.fields["origin"].choices = self._origins(employment, reader)  # type: ignore[attr-defined]

    def _origins(self, employment: Employment, reader: User) -> list[Any]:
        goals = {f"{_SOURCE.GOAL}:{each.pk}": each for each in _goals(employment, self.instance)}
        expectations = {
            f"{_SOURCE.EXPECTATION}:{each.pk}": each for each in _expectations(employment, reader)
        }
        self.known = {**goals, **expectations}
        named = [(value, each.title) for value, each in goals.items()]
        expected = [(value, beginning_of(each)) for value, each in expectations.items()]
        # What is chosen already stays choosable, also after a move.
        if self.was.startswith(_SOURCE.EXPECTATION) and self.was not in expectations:
            expected.append((self.was, _text_of(self.instance)))
        if self.was == _SOURCE.GOAL:
            named.append((self.was, gettext("Not said which")))
        return [
            ("", gettext("Choose")),
            (str(_SOURCE.OWN_WISH), str(_SOURCE.OWN_WISH.label)),
            *([(str(_SOURCE.GOAL.label), _short(named))] if named else []),
            *([(str(_SOURCE.EXPECTATION.label), _short(expected))] if expected else []),
        ]

    def clean_due_on(self) -> date | None:
        day: date | None = self.cleaned_data["due_on"]
        latest = timezone.localdate().year + YEARS_AHEAD
        if day and day != self.instance.due_on and day < timezone.localdate():
            raise ValidationError(gettext("Choose today or a later day."))
        if day and day.year > latest:
            raise ValidationError(
                gettext("Choose a day before the end of {year}.").format(year=latest)
            )
        return day

    @property
    def said(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        said = {name: cleaned[name] for name in self.Meta.fields}
        if cleaned["origin"] == self.was:
            return said
        source, _colon, key = cleaned["origin"].partition(":")
        chosen = self.known.get(cleaned["origin"]) if key else None
        is_goal = source == _SOURCE.GOAL
        return said | {
            "source": source,
            "goal": chosen if is_goal else None,
            "expectation": None if is_goal else chosen,
        }

    @property
    def origin_text(self) -> str:
        """The choice in words, to lay beside another."""
        return _words_of(self.fields["origin"].choices, self.cleaned_data.get("origin", ""))  # type: ignore[attr-defined]


def origin_of(need: CompetenceNeed) -> str:
    """As the form's choice says it."""
    key = need.goal_id or need.expectation_id
    return f"{need.source}:{key}" if key else str(need.source)


def _goals(employment: Employment, need: CompetenceNeed) -> Iterable[Goal]:
    """The adopted goals of this year and later on the unit's line, and the one chosen before."""
    line = UnitLine.objects.active_on().within_border()
    line = line.filter(descendant=went_up_in(employment.unit))
    goals = Goal.objects.adopted().at_level(Goal.Level.UNIT)
    this_year = timezone.localdate().year
    current = goals.filter(unit__in=line.values("ancestor"), last_year__gte=this_year)
    choosable = Goal.objects.filter(Q(pk__in=current.values("pk")) | Q(pk=need.goal_id))
    return choosable.in_order_of_numbers()


def _expectations(employment: Employment, reader: User) -> Iterable[Expectation]:
    same = Employment.objects.going_on_as(Employment.objects.filter(pk=employment.pk))
    held = Expectation.objects.visible_to(reader).in_force()
    return held.filter(employment__in=same.order_by().values("pk")).order_by(
        "-goal__first_year", "pk"
    )


def _text_of(need: CompetenceNeed) -> str:
    return beginning_of(need.expectation) if need.expectation else gettext("Not said which")


def _short(choices: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    return [(value, Truncator(str(text)).chars(90)) for value, text in choices]


def _words_of(choices: Iterable[Any], chosen: str) -> str:
    for value, text in choices:
        if isinstance(text, list):
            found = dict(text).get(chosen)
            if found:
                return f"{value}: {found}"
        elif value == chosen:
            return str(text)
    return ""


class EffectForm(LongTexts, forms.ModelForm):
    """What a need that is done has led to, which may show only later."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = CompetenceNeed
        fields = ["effect"]
        widgets = {"effect": forms.Textarea(attrs={"rows": 4})}
        help_texts = {"effect": _("What can the employee do now? What is different in the work?")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("revision", self.instance.revision)

    @property
    def said(self) -> dict[str, Any]:
        return {"effect": self.cleaned_data["effect"]}


class FinishForm(LongTexts, forms.Form):
    done_on = forms.DateField(
        label=_("Done on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Today or an earlier day."),
    )
    effect = forms.CharField(
        label=_("What it led to"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Can be written later, when it shows in the work."),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)

    def clean_done_on(self) -> date:
        day: date = self.cleaned_data["done_on"]
        if day > timezone.localdate():
            raise ValidationError(gettext("Choose today or an earlier day."))
        return day


class DropForm(LongTexts, forms.Form):
    reason = forms.CharField(
        label=_("Why is it dropped?"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "Both of you read the reason. Nothing about health, private life or union matters."
        ),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)


class BringNeedsForm(forms.Form):
    """For each open need: where it goes along, or that it stays."""

    def __init__(self, *args: Any, needs: list[Bringable], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.needs = {f"need_{each.need.pk}": each for each in needs}
        for name, each in self.needs.items():
            targets = {target.pk: f"{target.unit}, {target.title}" for target in each.targets}
            now = each.need.brought_to
            if now is not None:
                targets.setdefault(now.pk, str(now.unit))
            stays = gettext("Stays in {unit}").format(unit=each.need.employment.unit)
            self.fields[name] = forms.TypedChoiceField(
                label=Truncator(each.need.need).chars(300),
                choices=[("", stays), *targets.items()],
                coerce=int,
                empty_value=None,
                required=False,
                initial=each.need.brought_to_id or "",
            )

    @property
    def wanted(self) -> dict[int, int | None]:
        return {each.need.pk: self.cleaned_data[name] for name, each in self.needs.items()}
