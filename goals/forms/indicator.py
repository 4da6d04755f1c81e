"""Forms for what is measured and what is done. Layer: forms."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils.functional import cached_property
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from goals.models import Activity, Goal, Indicator, Target
from goals.numbers import NumberField, decimals_in
from units.forms import LongTexts
from units.models import Employment, Role, RoleAssignment, Unit, User

FEW_PEOPLE = 60  # as many as one still finds in a list
MOST_FOUND = 20

TARGET_HELP = _("What is to be reached by the end of the year. Leave it empty if none is set yet.")
NOTE_HELP = _("Such as why the target differs from the one above. Everyone can read it.")


class Sort(models.TextChoices):
    """What kind of number it is: decides how values are added up."""

    SHARE = "SHARE", _("A share, such as a percentage: so many out of so many")
    COUNT = "COUNT", _("A number counted in each period, added up over the year")
    SINCE_JANUARY = "SINCE_JANUARY", _("A number counted from January on, so that it only grows")
    LEVEL = "LEVEL", _("A level, where the latest value is what counts")
    OWN = "OWN", _("Something else: I choose the formulas myself")


_FORMULAS: dict[str, dict[str, Any]] = {
    Sort.SHARE: {
        "has_parts": True,
        "is_cumulative": False,
        "over_periods": Indicator.OverPeriods.WEIGHTED,
        "over_units": Indicator.OverUnits.WEIGHTED,
    },
    Sort.COUNT: {
        "has_parts": False,
        "is_cumulative": False,
        "over_periods": Indicator.OverPeriods.SUM,
        "over_units": Indicator.OverUnits.SUM,
    },
    Sort.SINCE_JANUARY: {
        "has_parts": False,
        "is_cumulative": True,
        "over_periods": Indicator.OverPeriods.LATEST,
        "over_units": Indicator.OverUnits.SUM,
    },
    Sort.LEVEL: {
        "has_parts": False,
        "is_cumulative": False,
        "over_periods": Indicator.OverPeriods.LATEST,
        "over_units": Indicator.OverUnits.MEAN,
    },
}


def sort_of(indicator: Indicator) -> str:
    for sort, formulas in _FORMULAS.items():
        if all(getattr(indicator, name) == value for name, value in formulas.items()):
            return sort
    return Sort.OWN


class IndicatorForm(LongTexts, forms.ModelForm):
    """What is measured and how. With `asks_target`, also what the unit aims at this year."""

    sort = forms.ChoiceField(
        label=_("What kind of number is it?"),
        choices=Sort.choices,
        widget=forms.RadioSelect,
        initial=Sort.SHARE,
        help_text=_("From this the portal knows how to add up periods and units rightly."),
    )
    annual_target = NumberField(label=_("Your annual target"), help_text=TARGET_HELP)
    baseline = NumberField(
        label=_("Baseline"), help_text=_("What it was before you began, to see how far you come.")
    )
    on_track_margin = NumberField(
        label=_("Margin, per cent"),
        required=True,
        max_digits=5,
        decimal_places=2,
        min_value=0,
        max_value=100,
        help_text=_("So far from the target a result still counts as partly reached."),
    )
    factor = NumberField(
        label=_("Multiplied by"),
        max_digits=12,
        help_text=_("100 makes a share a percentage; 1000 makes it so many in a thousand."),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False, initial=0)

    class Meta:
        model = Indicator
        fields = [
            "title",
            "unit_of_measure",
            "direction",
            "method",
            "has_parts",
            "numerator_label",
            "denominator_label",
            "factor",
            "is_cumulative",
            "over_periods",
            "over_units",
            "decimals",
            "frequency",
            "by_gender",
            "baseline",
            "baseline_year",
            "baseline_not_applicable",
            "on_track_margin",
            "last_year",
        ]
        widgets = {
            "title": forms.Textarea(attrs={"rows": 2}),
            "method": forms.Textarea(attrs={"rows": 3}),
            "direction": forms.RadioSelect,
        }

    def __init__(self, *args: Any, asks_target: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_target:
            del self.fields["annual_target"]
        if self.instance.pk:
            self.initial.setdefault("revision", self.instance.revision)
            self.initial.setdefault("sort", sort_of(self.instance))
        else:
            self.initial["unit_of_measure"] = self.initial.get("unit_of_measure") or "%"
        self.fields["title"].help_text = _(
            "Say what is counted, so that two people would count alike."
        )
        self.fields["numerator_label"].help_text = _("Such as: children with a language plan.")
        self.fields["denominator_label"].help_text = _("Such as: all children in the unit.")
        self.fields["by_gender"].help_text = _(
            "For figures about individuals. You then give the total, women and men, and for a "
            "share the numerator and denominator of each: the total is never worked out from them, "
            "as some are counted in neither."
        )
        self.fields["last_year"].help_text = _(
            "Empty as long as it is used. Nobody can take it up for later years."
        )

    def clean_title(self) -> str:
        return " ".join(self.cleaned_data["title"].split())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned |= _FORMULAS.get(cleaned.get("sort", Sort.OWN), {})
        self._show_what_is_promised(cleaned)
        if cleaned.get("factor") is None and "factor" not in self.errors:
            cleaned["factor"] = Indicator._meta.get_field("factor").get_default()
        elif cleaned.get("factor") is not None and cleaned["factor"] <= 0:
            self.add_error("factor", _("Write a number above zero, such as 100."))
        return cleaned

    def _show_what_is_promised(self, cleaned: dict[str, Any]) -> None:
        """A target of 4,5 must not be shown as 5."""
        if "decimals" not in cleaned:
            return
        for name in ("annual_target", "baseline"):
            if (number := cleaned.get(name)) is not None:
                cleaned["decimals"] = max(cleaned["decimals"], decimals_in(number))

    @property
    def columns(self) -> dict[str, Any]:
        """What belongs to the row, for the actions."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}

    @property
    def has_more_open(self) -> bool:
        """Whether something under the fold differs from what it starts as, or is wrong."""
        return bool(self.instance.pk) or bool(set(self.errors) & set(MORE)) or self.is_bound


MORE = (
    "decimals",
    "frequency",
    "by_gender",
    "baseline",
    "baseline_year",
    "baseline_not_applicable",
    "on_track_margin",
    "last_year",
)


def as_told(target: Decimal | None, indicator: Indicator) -> Decimal | None:
    """Raises ValidationError where the target would be shown as another number than it is."""
    if target is not None and decimals_in(target) > indicator.decimals:
        raise forms.ValidationError(
            ngettext(
                "The indicator is told with at most %(count)s decimal. Write the target so.",
                "The indicator is told with at most %(count)s decimals. Write the target so.",
                indicator.decimals,
            ),
            params={"count": indicator.decimals},
        )
    return target


class TakeUpForm(forms.Form):
    """What the unit aims at by an indicator that exists already."""

    annual_target = NumberField(label=_("Your annual target"), help_text=TARGET_HELP)
    note = forms.CharField(label=_("Note"), max_length=300, required=False, help_text=NOTE_HELP)

    def __init__(self, *args: Any, indicator: Indicator | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.indicator = indicator

    def clean_annual_target(self) -> Decimal | None:
        target = self.cleaned_data["annual_target"]
        return as_told(target, self.indicator) if self.indicator else target


class TargetForm(forms.ModelForm):
    """A unit's annual target; only goals of the unit itself can be chosen."""

    annual_target = NumberField(label=_("Your annual target"), help_text=TARGET_HELP)
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False, initial=0)

    class Meta:
        model = Target
        fields = ["annual_target", "goal", "note"]
        help_texts = {"note": NOTE_HELP}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        target = self.instance
        choosable = Goal.objects.for_year(target.year).filter(unit=target.unit)
        self.fields["goal"].queryset = Goal.objects.filter(
            Q(pk__in=choosable.values("pk")) | Q(pk=target.goal_id)
        ).in_order_of_numbers()
        self.fields["goal"].empty_label = None
        self.initial.setdefault("revision", target.revision)

    def clean_annual_target(self) -> Decimal | None:
        return as_told(self.cleaned_data["annual_target"], self.instance.indicator)


# --- Activities ----------------------------------------------------------------------------------


def people_who_could(unit: Unit, user: User) -> "models.QuerySet[User]":
    """Those who work in the unit or below it today, its managers and `user`, who plans for it, as
    far as `user` may see their names; each with `title` and `place`."""
    units = Unit.objects.below(unit).values("pk")
    employed = Employment.objects.active_on().filter(unit__in=units)
    managers = RoleAssignment.objects.active_on().filter(role=Role.MANAGER, unit__in=units)
    of_person = employed.filter(person=OuterRef("pk")).order_by("pk")
    return (
        User.objects.visible_to(user)
        .filter(
            Q(pk__in=employed.order_by().values("person"))
            | Q(pk__in=managers.values("person"))
            | Q(pk=user.pk)
        )
        .annotate(
            title=Subquery(of_person.values("title")[:1]),
            place=Subquery(of_person.values("unit__name")[:1]),
        )
        .in_swedish_order()
    )


class GoalBoxes(forms.ModelMultipleChoiceField):
    def label_from_instance(self, goal: Goal) -> str:
        draft = gettext("draft") if goal.is_draft else ""
        return f"{goal} ({draft})" if draft else str(goal)


class PersonField(forms.ModelChoiceField):
    """Any person of the queryset is taken; only those of `shown` are offered."""

    def label_from_instance(self, person: User) -> str:
        about = [str(person), getattr(person, "title", ""), getattr(person, "place", "")]
        return ", ".join(filter(None, about))


class ActivityForm(LongTexts, forms.ModelForm):
    """Something to be done for one or more of the unit's goals.

    In a unit of many people the responsible one is searched for by name: saving with a name that
    fits several offers them to choose from.
    """

    goals = GoalBoxes(
        label=_("For the goals"),
        queryset=Goal.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one goal that it is done for.")},
    )
    responsible = PersonField(label=_("Responsible"), queryset=User.objects.none())
    person = forms.CharField(
        label=_("Search for who is responsible"),
        required=False,
        max_length=100,
        help_text=_(
            "A name or an e-mail address. If it fits several, you choose among them when you save."
        ),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False, initial=0)

    class Meta:
        model = Activity
        fields = ["title", "description", "responsible", "starts_on", "due_on"]
        widgets = {
            "title": forms.Textarea(attrs={"rows": 2}),
            "description": forms.Textarea(attrs={"rows": 3}),
            "starts_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "due_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
        help_texts = {
            "title": _("One sentence: what you do, so that a colleague would know."),
            "description": _("Steps, or who takes part, if the title does not say enough."),
        }

    def __init__(self, *args: Any, unit: Unit, year: int, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        goals = Goal.objects.visible_to(user).filter(unit=unit)
        choosable = Q(pk__in=goals.for_year(year).values("pk"))
        if self.instance.pk:
            choosable |= Q(activities=self.instance)
            self.initial.setdefault("revision", self.instance.revision)
            if "goals" not in self.initial:
                self.initial["goals"] = list(self.instance.for_goals.values_list("goal", flat=True))
        self.fields["goals"].queryset = (
            Goal.objects.filter(choosable).distinct().in_order_of_numbers()
        )
        self.candidates = people_who_could(unit, user)
        self._set_people(user)

    def _set_people(self, user: User) -> None:
        few: Sequence[User] = list(self.candidates[: FEW_PEOPLE + 1])
        self.is_searched = len(few) > FEW_PEOPLE
        field = self.fields["responsible"]
        field.queryset = User.objects.filter(
            Q(pk__in=self.candidates.order_by().values("pk")) | Q(pk=self.instance.responsible_id)
        )
        if self.is_searched:
            field.required = False
            field.widget = forms.RadioSelect()
            few = self.found
        else:
            del self.fields["person"]
        options = [(person.pk, field.label_from_instance(person)) for person in few]
        chosen = self.instance.responsible_id
        if chosen and chosen not in {pk for pk, _label in options}:
            # What is chosen already stays so, by name only to those who may see the name.
            seen = User.objects.visible_to(user).filter(pk=chosen).first()
            options.insert(0, (chosen, str(seen) if seen else gettext("A named employee")))
        field.choices = options if self.is_searched else [("", gettext("Choose")), *options]

    @cached_property
    def found(self) -> Sequence[User]:
        """Who fits what is searched for."""
        name = self.add_prefix("person")
        text = self.data.get(name, "") if self.is_bound else self.initial.get("person", "")
        words = [
            Q(given_name__icontains=word)
            | Q(family_name__icontains=word)
            | Q(email__istartswith=word)
            for word in str(text).split()[:5]
        ]
        return list(self.candidates.filter(*words)[:MOST_FOUND]) if words else []

    def clean_title(self) -> str:
        return " ".join(self.cleaned_data["title"].split())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.is_searched or "responsible" in self.errors:
            return cleaned
        text = cleaned.get("person", "")
        chosen = cleaned.get("responsible")
        if text and (chosen is None or chosen.pk == self.instance.responsible_id):
            if len(self.found) == 1:
                cleaned["responsible"] = self.found[0]
            elif not self.found:
                self.add_error("person", _("Nobody here fits that. Check how the name is spelt."))
            elif chosen is None:
                self.add_error("responsible", _("Several people fit. Choose who is responsible."))
        elif chosen is None:
            self.add_error("person", _("Search for who is responsible."))
        return cleaned

    @property
    def columns(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}


class ProgressForm(LongTexts, forms.ModelForm):
    """How an activity goes."""

    revision = forms.IntegerField(widget=forms.HiddenInput, required=False, initial=0)

    class Meta:
        model = Activity
        fields = ["state", "progress"]
        widgets = {"state": forms.RadioSelect, "progress": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["state"].choices = [
            choice for choice in Activity.State.choices if choice[0] != Activity.State.PROPOSED
        ]
        self.fields["progress"].help_text = _(
            "What is done, what remains, and what stands in the way. Nothing about single people."
        )
        self.initial.setdefault("revision", self.instance.revision)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        needs_words = {Activity.State.DEVIATES, Activity.State.STOPPED}
        if cleaned.get("state") in needs_words and not cleaned.get("progress", "").strip():
            self.add_error("progress", _("Say in a sentence why, so that others understand."))
        return cleaned
