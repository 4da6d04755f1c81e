"""One page on which all the goals of a year are carried over to the next, or ended."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import F
from django.utils.functional import cached_property
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from goals.actions.carry_over import GoalDecision, served_next_year
from goals.measuring import shown
from goals.models import Activity, ActivityGoal, Assessment, CarryOver, Goal, Target
from units.forms import LongTexts
from units.models import Unit
from units.sorting import swedish_order

Decision = CarryOver.Decision
SHORT_TITLE = 80


@dataclass(frozen=True)
class TargetChoice:
    """An indicator that the goal is measured by. The fields are missing where it cannot come
    along; `why_not` says why."""

    target: Target
    this_year: str
    tick: forms.BoundField | None = None
    annual: forms.BoundField | None = None
    why_not: str = ""


@dataclass(frozen=True)
class GoalChoice:
    """All that is asked about one goal, with what is known of it."""

    goal: Goal
    decision: forms.BoundField
    reason: forms.BoundField
    assessment: Assessment | None
    serves: Goal | None
    targets: list[TargetChoice] = field(default_factory=list)
    activities: list[tuple[Activity, forms.BoundField]] = field(default_factory=list)

    @property
    def loses_its_line(self) -> bool:
        return self.goal.parent_id is not None and self.serves is None


class _AskedOfEachGoal(forms.Form):
    def __init__(
        self,
        *args: Any,
        goals: Sequence[Goal],
        unit: Unit,
        to_year: int,
        is_from_draft: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.goals, self.unit, self.to_year = goals, unit, to_year
        self.ticked = not is_from_draft  # a draft holds the boxes that are ticked, and no others
        self.targets = _targets_of(goals)
        self.links = _activities_of(goals)
        self.taken = set(
            Target.objects.filter(
                unit=unit, year=to_year, indicator__in=[each.indicator_id for each in self.targets]
            ).values_list("indicator", flat=True)
        )
        for goal in goals:
            self._ask_of(goal)

    def _ask_of(self, goal: Goal) -> None:
        title = Truncator(str(goal)).chars(SHORT_TITLE)
        self.fields[f"decision_{goal.pk}"] = forms.ChoiceField(
            label=gettext("What becomes of the goal “{goal}”?").format(goal=title),
            choices=[("", _("Decide later")), *Decision.choices],
            required=False,
            widget=forms.RadioSelect,
        )
        self.fields[f"reason_{goal.pk}"] = forms.CharField(
            label=_("Why?"),
            max_length=1000,
            required=False,
            widget=forms.Textarea(attrs={"rows": 2}),
            help_text=_("Needed when the goal ends. Otherwise if it is worth remembering."),
        )
        for target in self.targets:
            if target.goal_id == goal.pk and not self.why_not(target):
                self._ask_about(target)
        for link in self.links:
            if link.goal_id == goal.pk:
                self.fields[f"activity_{link.pk}"] = forms.BooleanField(
                    label=link.activity.title, required=False, initial=self.ticked
                )

    def _ask_about(self, target: Target) -> None:
        indicator, annual = target.indicator, target.annual_target
        self.fields[f"target_{target.pk}"] = forms.BooleanField(
            label=str(indicator), required=False, initial=self.ticked
        )
        self.fields[f"annual_{target.pk}"] = forms.DecimalField(
            label=gettext("Annual target for {year}, {unit}").format(
                year=self.to_year, unit=indicator.unit_of_measure
            ),
            max_digits=18,
            decimal_places=4,
            localize=True,
            required=False,
            initial=None if annual is None else Decimal(f"{annual.normalize():f}"),
            widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        )

    def why_not(self, target: Target) -> str:
        """Why an indicator cannot come along; nothing when it can."""
        last_year = target.indicator.last_year
        if last_year is not None and last_year < self.to_year:
            return gettext("It is measured up to and including {year}.").format(year=last_year)
        if target.indicator_id in self.taken:
            return gettext("The unit has taken it up for {year} already.").format(year=self.to_year)
        return ""


class CarryOverForm(LongTexts, _AskedOfEachGoal):
    """Fields for each of `goals`, which are adopted and not decided yet."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for goal in self.goals:
            ends = cleaned.get(f"decision_{goal.pk}") == Decision.ENDED
            reason = f"reason_{goal.pk}"
            if ends and reason not in self.errors and not cleaned[reason]:
                self.add_error(reason, _("Say why the goal ends, so that it can be understood."))
        if not self.errors and not self.decisions:
            raise forms.ValidationError(
                _("Nothing is decided yet. Choose for at least one goal, then save.")
            )
        return cleaned

    @property
    def decisions(self) -> list[GoalDecision]:
        """What is decided, for the action; goals left for later are not among them."""
        cleaned = self.cleaned_data
        return [
            GoalDecision(
                goal=goal,
                decision=decision,
                reason=cleaned[f"reason_{goal.pk}"],
                targets=tuple(
                    (target, cleaned[f"annual_{target.pk}"])
                    for target in self.targets
                    if target.goal_id == goal.pk and cleaned.get(f"target_{target.pk}")
                ),
                activities=tuple(
                    link.activity_id
                    for link in self.links
                    if link.goal_id == goal.pk and cleaned.get(f"activity_{link.pk}")
                ),
            )
            for goal in self.goals
            if (decision := cleaned.get(f"decision_{goal.pk}"))
        ]

    @cached_property
    def choices(self) -> list[GoalChoice]:
        """The goals with their fields, for the page."""
        judged = _latest_assessments(self.goals)
        served = served_next_year(self.unit, self.to_year, [goal.parent_id for goal in self.goals])
        return [
            GoalChoice(
                goal=goal,
                decision=self[f"decision_{goal.pk}"],
                reason=self[f"reason_{goal.pk}"],
                assessment=judged.get(goal.pk),
                serves=served.get(goal.parent_id) if goal.parent_id else None,
                targets=[self._shown(each) for each in self.targets if each.goal_id == goal.pk],
                activities=[
                    (link.activity, self[f"activity_{link.pk}"])
                    for link in self.links
                    if link.goal_id == goal.pk
                ],
            )
            for goal in self.goals
        ]

    def _shown(self, target: Target) -> TargetChoice:
        indicator = target.indicator
        this_year = shown(target.annual_target, indicator.decimals, indicator.unit_of_measure)
        why_not = self.why_not(target)
        if why_not:
            return TargetChoice(target, this_year, why_not=why_not)
        return TargetChoice(
            target, this_year, self[f"target_{target.pk}"], self[f"annual_{target.pk}"]
        )


def _targets_of(goals: Sequence[Goal]) -> list[Target]:
    """What the goals are measured by in their own year."""
    targets = Target.objects.filter(goal__in=goals, year=F("goal__first_year"))
    return list(
        targets.select_related("indicator").order_by(swedish_order("indicator__title"), "pk")
    )


def _activities_of(goals: Sequence[Goal]) -> list[ActivityGoal]:
    unfinished = Activity.objects.unfinished().values("pk")
    links = ActivityGoal.objects.filter(goal__in=goals, activity__in=unfinished)
    return list(links.select_related("activity").order_by("activity__due_on", "pk"))


def _latest_assessments(goals: Sequence[Goal]) -> dict[int, Assessment]:
    """The last judgement of each goal that was handed in."""
    latest = (
        Assessment.objects.submitted()
        .filter(goal__in=goals)
        .exclude(submitted_judgement="")
        .select_related("report__period")
        .order_by("goal", "-report__period__ends_on", "-submitted_at", "-pk")
        .distinct("goal")
    )
    return {assessment.goal_id: assessment for assessment in latest}
