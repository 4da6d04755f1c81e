"""All that one report is about, read in a constant number of queries: every goal with its
indicators, activities and assessment, what was said last time, and what the portal suggests."""

from collections import defaultdict
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.functional import cached_property

from goals.measuring import (
    Outcome,
    Result,
    Suggestion,
    judged,
    over_periods,
    reason_of,
    share_of_year,
    suggested,
)
from goals.models import (
    Activity,
    ActivityGoal,
    ActivityNote,
    Analysis,
    Assessment,
    Gender,
    Goal,
    GoalQuerySet,
    Indicator,
    Judgement,
    Need,
    Period,
    Report,
    Target,
    Value,
)
from units.models import Unit, UnitLine

YEARS_BACK = 3


@dataclass(frozen=True)
class Earlier:
    """What the unit handed in for an earlier period."""

    period: str
    code: str
    year: int
    value: Decimal | None
    comment: str = ""


@dataclass
class IndicatorRow:
    """One indicator of a goal in a report. `values` holds one per gender, unsaved where nothing has
    been written; `above` the annual targets of the units above, the nearest first."""

    target: Target
    is_asked: bool
    result: Result
    above: list[Target] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    earlier: list[Earlier] = field(default_factory=list)
    code: str = ""

    @property
    def total(self) -> Value:
        return self.values[0]

    @property
    def judgement(self) -> Judgement | None:
        return judged(self.result)

    @property
    def explanation(self) -> str:
        return reason_of(self.result)

    @property
    def points(self) -> list[tuple[str, Decimal | None]]:
        """The curve: what was handed in before, and what is written now."""
        earlier = [(f"{each.code} {each.year}", each.value) for each in self.earlier]
        now = (f"{self.code} {self.target.year}", self.total.value)
        return [*earlier, now] if self.is_asked else earlier

    @property
    def is_missing(self) -> bool:
        """Asked for, and neither given nor said not to be measured."""
        return self.is_asked and self.total.value is None and not self.total.is_not_measured


@dataclass
class ActivityRow:
    """`note` is unsaved, with the activity's state, until something has been written."""

    activity: Activity
    note: ActivityNote
    earlier: ActivityNote | None = None
    is_measure: bool = False

    @property
    def as_said(self) -> Activity:
        """In the state that the report gives it, which the activity takes when it is handed in."""
        said = copy(self.activity)
        said.state = self.note.state
        return said


@dataclass
class GoalRow:
    goal: Goal
    assessment: Assessment
    earlier: Assessment | None = None
    analysis: Analysis | None = None
    indicators: list[IndicatorRow] = field(default_factory=list)
    activities: list[ActivityRow] = field(default_factory=list)
    # Done for this goal too, and shown under another.
    shared: list[ActivityRow] = field(default_factory=list)
    # What was to be done by this day and is not is late.
    day: date = field(default_factory=timezone.localdate)

    @cached_property
    def suggestion(self) -> Suggestion:
        results = [row.result for row in self.indicators if row.is_asked]
        done = [row.as_said for row in [*self.activities, *self.shared] if not row.is_measure]
        return suggested(results, done, self.day)

    @property
    def differs(self) -> bool:
        """Whether the person judges otherwise than the portal suggests."""
        judgement, suggestion = self.assessment.judgement, self.suggestion.judgement
        return bool(judgement and suggestion and judgement != suggestion)

    @property
    def needs_measure(self) -> bool:
        return self.assessment.judgement in {Judgement.PARTIAL, Judgement.NOT}

    @property
    def measures(self) -> list[Activity]:
        """What has been decided because of the result, now or in an earlier report, unfinished."""
        return [
            row.activity
            for row in [*self.activities, *self.shared]
            if row.activity.assessment_id and not row.activity.is_finished
        ]


@dataclass
class Sheet:
    unit: Unit
    period: Period
    report: Report | None
    goals: list[GoalRow]
    needs: list[Need]

    @property
    def indicators(self) -> list[IndicatorRow]:
        return [row for goal in self.goals for row in goal.indicators]


def units_spoken_for(unit: Unit, period: Period) -> "QuerySet[Unit]":
    """The unit itself, and those merged into it that were gone when the period ended, or have
    gone since without having reported."""
    day = period.due_on if period.is_plan else period.ends_on
    reported = Report.objects.submitted().filter(period=period).values("unit")
    there = (
        Unit.objects.active_on(day)
        .filter(Q(pk__in=Unit.objects.active_on().values("pk")) | Q(pk__in=reported))
        .values("pk")
    )
    # Of two mergers after each other, the second may have come later than this.
    merged = Q(successor=unit) | (Q(successor__successor=unit) & ~Q(successor__in=there))
    return Unit.objects.filter(Q(pk=unit.pk) | (merged & ~Q(pk__in=there)))


def _new_row(goal: Goal, period: Period, report: Report | None) -> GoalRow:
    day = min(timezone.localdate(), period.ends_on)
    return GoalRow(goal, Assessment(goal=goal, report=report), day=day)


def _told_until(period: Period) -> date:
    """What ended before this day was told earlier: a plan ends with its year but begins it."""
    return period.starts_on if period.is_plan else period.ends_on


def goals_of_report(unit: Unit, period: Period) -> GoalQuerySet:
    """What the unit promised for the year, and what those merged into it had promised."""
    return (
        Goal.objects.adopted()
        .for_year(period.plan_year.year)
        .filter(unit__in=units_spoken_for(unit, period).values("pk"))
    )


def read_sheet(unit: Unit, period: Period, report: Report | None) -> Sheet:
    """`period` comes with its plan year. Without a report: as it would be begun."""
    goals = goals_of_report(unit, period).with_line().in_order_of_units()
    rows = {
        goal.pk: _new_row(goal, period, report)
        for goal in sorted(goals, key=lambda goal: goal.unit_id != unit.pk)
    }
    _add_indicators(rows, unit, period)
    _add_assessments(rows, period, report)
    _add_activities(rows, period, report)
    if report:
        analyses = Analysis.objects.filter(report=report).select_related("own_method")
        for analysis in analyses.order_by("pk"):
            if analysis.goal_id in rows:
                rows[analysis.goal_id].analysis = analysis
    needs = (
        Need.objects.filter(report=report, is_dropped=False)
        .select_related("goal")
        .order_by("theme", "pk")
    )
    return Sheet(unit, period, report, list(rows.values()), list(needs) if report else [])


def read_row(report: Report, goal: Goal) -> GoalRow:
    """One goal of a report, without its analysis and what is said in words of each activity.
    `report` comes with its unit, period and plan year."""
    rows = {goal.pk: _new_row(goal, report.period, report)}
    _add_indicators(rows, report.unit, report.period)
    _add_assessments(rows, report.period, report)
    _add_activities(rows, report.period, report, with_notes=False)
    return rows[goal.pk]


# --- Indicators --------------------------------------------------------------------------------


def _add_indicators(rows: dict[int, GoalRow], unit: Unit, period: Period) -> None:
    targets = list(
        Target.objects.filter(goal__in=rows, year=period.plan_year.year)
        .select_related("indicator")
        .order_by("pk")
    )
    indicators = {target.indicator_id for target in targets}
    above = _targets_above(indicators, unit, period)
    values = _values(indicators, {target.unit_id for target in targets}, period)
    for target in targets:
        own = values[target.indicator_id, target.unit_id]
        if target.unit_id != unit.pk:
            # What a merged unit had begun to write of this period was never handed in.
            own = [value for value in own if value.period_id != period.pk]
        is_asked = target.unit_id == unit.pk and target.indicator.is_asked_in(period)
        rows[target.goal_id].indicators.append(
            _indicator_row(target, period, own, above[target.indicator_id], is_asked)
        )


def _indicator_row(
    target: Target, period: Period, own: list[Value], above: list[Target], is_asked: bool
) -> IndicatorRow:
    indicator = target.indicator
    genders = list(Gender) if indicator.by_gender else [Gender.TOTAL]
    now = {value.gender: value for value in own if value.period_id == period.pk}
    values = [
        now.get(gender)
        or Value(indicator=indicator, unit_id=target.unit_id, period=period, gender=gender)
        for gender in genders
    ]
    for value in values:
        value.indicator, value.period = indicator, period
    told = [
        value
        for value in own
        if value.gender == Gender.TOTAL and value.submitted_at and value.period_id != period.pk
    ]
    this_year = [value for value in told if value.period.plan_year.year == target.year]
    total = values[0]
    outcomes = [
        *(
            Outcome(each.submitted_value, each.submitted_numerator, each.submitted_denominator)
            for each in this_year
        ),
        Outcome(total.value, total.numerator, total.denominator),
    ]
    so_far = over_periods(outcomes, indicator.over_periods, indicator.factor)
    measured = [each.period for each in this_year if each.submitted_value is not None]
    # What is not asked for now is held against the time when it was last measured.
    as_of = period if is_asked or not measured else measured[-1]
    return IndicatorRow(
        target=target,
        is_asked=is_asked,
        above=above,
        values=values,
        code=period.code,
        earlier=[
            Earlier(
                each.period.name,
                each.period.code,
                each.period.plan_year.year,
                each.submitted_value,
                each.submitted_comment,
            )
            for each in told
        ],
        result=Result(
            title=indicator.title,
            unit_of_measure=indicator.unit_of_measure,
            decimals=indicator.decimals,
            lower_is_better=indicator.lower_is_better,
            annual_target=target.annual_target,
            baseline=indicator.baseline,
            margin=indicator.on_track_margin,
            # What this period has not told is not made up from what was told before.
            value=None if is_asked and total.value is None else so_far.value,
            forecast=total.forecast,
            share=share_of_year(indicator, as_of.ends_on),
            is_so_far=bool(this_year) and indicator.over_periods != Indicator.OverPeriods.LATEST,
        ),
    )


def _targets_above(
    indicators: set[int], unit: Unit, period: Period
) -> defaultdict[int, list[Target]]:
    lines = UnitLine.objects.active_on().filter(descendant=unit, depth__gt=0)
    targets = (
        Target.objects.filter(
            indicator__in=indicators,
            year=period.plan_year.year,
            unit__lines_down__in=lines,
            goal__status=Goal.Status.ADOPTED,
        )
        .select_related("unit")
        .order_by("unit__lines_down__depth", "pk")
    )
    found: defaultdict[int, list[Target]] = defaultdict(list)
    for target in targets:
        found[target.indicator_id].append(target)
    return found


def _values(
    indicators: set[int], units: set[int], period: Period
) -> defaultdict[tuple[int, int], list[Value]]:
    """By indicator and unit, in the order of time: this period's, and what was handed in before."""
    values = (
        Value.objects.filter(
            Q(period=period)
            | Q(
                submitted_at__isnull=False,
                period__ends_on__lt=_told_until(period),
                period__ends_on__gte=date(period.plan_year.year - YEARS_BACK, 1, 1),
            ),
            indicator__in=indicators,
            unit__in=units,
        )
        .select_related("period__plan_year")
        .order_by("period__ends_on", "pk")
    )
    found: defaultdict[tuple[int, int], list[Value]] = defaultdict(list)
    for value in values:
        found[value.indicator_id, value.unit_id].append(value)
    return found


# --- Assessments and activities ----------------------------------------------------------------


def _add_assessments(rows: dict[int, GoalRow], period: Period, report: Report | None) -> None:
    """Also of the goal that one was carried over from, so that each year sees the one before."""
    told_before = Q(submitted_at__isnull=False, report__period__ends_on__lt=_told_until(period))
    assessments = (
        Assessment.objects.filter(
            Q(report=report) | told_before,
            Q(goal__in=rows) | Q(goal__carried_over__successor__in=rows),
        )
        .select_related("report__period__plan_year", "goal__carried_over")
        .order_by("report__period__ends_on", "pk")
    )
    for assessment in assessments:
        pk = assessment.goal_id
        if pk not in rows:
            pk = assessment.goal.carried_over.successor_id or 0
        if report and assessment.report_id == report.pk:
            rows[pk].assessment = assessment
        else:
            rows[pk].earlier = assessment


def _add_activities(
    rows: dict[int, GoalRow], period: Period, report: Report | None, *, with_notes: bool = True
) -> None:
    year = period.plan_year.year
    # What has come along from the year before and is not done is this year's too.
    going_on = Activity.objects.unfinished().filter(due_on__lt=date(year, 1, 1))
    this_year = Q(activity__in=Activity.objects.in_year(year)) | Q(activity__in=going_on)
    shown = this_year & ~Q(activity__state=Activity.State.PROPOSED)
    if report:
        # What an annual report decides is often to begin only when the year is over.
        shown |= Q(activity__assessment__report=report)
    said = ActivityNote.objects.filter(report=report, activity=OuterRef("activity"))
    links = list(
        ActivityGoal.objects.filter(shown, goal__in=rows)
        .annotate(said=Subquery(said.values("state")[:1]))
        .select_related("activity__assessment", "activity__responsible")
        .order_by("activity__due_on", "activity", "pk")
    )
    activities = {link.activity_id for link in links}
    now, before = _notes(activities, period, report) if with_notes else ({}, {})
    placed: set[int] = set()
    for link in sorted(links, key=lambda link: list(rows).index(link.goal_id)):
        activity = link.activity
        is_measure = bool(
            report and activity.assessment and activity.assessment.report_id == report.pk
        )
        state = link.said or activity.state  # annotated above
        note = now.get(activity.pk) or ActivityNote(report=report, activity=activity, state=state)
        row = ActivityRow(activity, note, before.get(activity.pk), is_measure)
        goal = rows[link.goal_id]
        (goal.shared if activity.pk in placed else goal.activities).append(row)
        placed.add(activity.pk)


def _notes(
    activities: Iterable[int], period: Period, report: Report | None
) -> tuple[dict[int, ActivityNote], dict[int, ActivityNote]]:
    notes = (
        ActivityNote.objects.filter(activity__in=activities)
        .filter(
            Q(report=report)
            | Q(report__version_number__gt=0, report__period__ends_on__lt=_told_until(period))
        )
        .select_related("report__period")
        .order_by("report__period__ends_on", "pk")
    )
    now: dict[int, ActivityNote] = {}
    before: dict[int, ActivityNote] = {}
    for note in notes:
        of_report = report is not None and note.report_id == report.pk
        (now if of_report else before)[note.activity_id] = note
    return now, before
