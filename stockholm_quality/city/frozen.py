"""The snapshots of the invented reports, as `goals.snapshots` would have made them from the rows on
the day: made here of what is in memory, for thousands of reports at once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from goals.measuring import Result, judged, reason_of
from goals.models import (
    GOAL_PARTS,
    Activity,
    Analysis,
    Assessment,
    Need,
    Report,
    ReportVersion,
    Value,
)
from goals.snapshots import (
    SCHEMA,
    ActivitySnapshot,
    AnalysisSnapshot,
    EarlierSnapshot,
    GoalSnapshot,
    IndicatorSnapshot,
    NeedSnapshot,
    ReportSnapshot,
    TargetAboveSnapshot,
    ValueSnapshot,
    encoded,
)
from stockholm_quality.city.agreements import FIRST_TITLE
from stockholm_quality.city.reporters import Measured, Promise, Reporter, Told
from units.models import User


@dataclass
class GoalSaid:
    """What a report says of a goal. `activities` hold (activity, state, text, is a measure)."""

    promise: Promise
    on: date
    assessment: Assessment | None = None
    suggestion: str = ""
    suggestion_reasons: list[str] = field(default_factory=list)
    indicators: list[IndicatorSnapshot] = field(default_factory=list)
    activities: list[tuple[Activity, str, str, bool]] = field(default_factory=list)
    analysis: Analysis | None = None


@dataclass
class Frozen:
    """A report that was handed in, once or more. `corrections` are the numbers of the versions that
    corrected the one before."""

    report: Report
    reporter: Reporter
    year: int
    said: list[GoalSaid]
    needs: list[Need]
    handed_in: list[tuple[datetime, User]]
    corrections: list[int]
    correction_reason: str

    def versions(self) -> Iterator[ReportVersion]:
        period = self.report.period
        goals = [_goal(each, self.reporter) for each in self.said]
        needs = [
            NeedSnapshot(theme=need.theme, text=need.text, goal=str(need.goal or ""))
            for need in self.needs
        ]
        for number, (made_at, made_by) in enumerate(self.handed_in, start=1):
            reason = self.correction_reason if number in self.corrections else ""
            snapshot = ReportSnapshot(
                unit_pk=self.reporter.unit.pk,
                unit=str(self.reporter.unit),
                line=[str(unit) for unit in self.reporter.line],
                year=self.year,
                period_code=period.code,
                period=period.name,
                kind=period.kind,
                starts_on=period.starts_on,
                ends_on=period.ends_on,
                summary=self.report.summary,
                goals=goals,
                needs=needs,
                version_number=number,
                correction_reason=reason,
                made_at=made_at,
            )
            yield ReportVersion(
                report=self.report,
                number=number,
                schema=SCHEMA,
                snapshot=encoded(snapshot),
                reason=reason,
                made_at=made_at,
                made_by=made_by,
            )


def frozen_indicator(
    measured: Measured,
    result: Result,
    values: list[Value],
    earlier: list[Told],
    above: list[tuple[str, Decimal | None]],
    *,
    is_asked: bool,
) -> IndicatorSnapshot:
    indicator = measured.series.indicator
    return IndicatorSnapshot(
        pk=indicator.pk,
        title=indicator.title,
        unit_of_measure=indicator.unit_of_measure,
        decimals=indicator.decimals,
        lower_is_better=indicator.lower_is_better,
        method=indicator.method,
        baseline=indicator.baseline,
        baseline_year=indicator.baseline_year,
        annual_target=measured.target.annual_target,
        above=[TargetAboveSnapshot(unit=unit, annual_target=aim) for unit, aim in above],
        is_asked=is_asked,
        values=[
            ValueSnapshot(
                gender=value.gender,
                value=value.value,
                numerator=value.numerator,
                denominator=value.denominator,
                is_not_measured=value.is_not_measured,
                forecast=value.forecast,
                comment=value.comment,
                source=value.source,
            )
            for value in values
        ],
        earlier=[
            EarlierSnapshot(
                period=each.period.name,
                code=each.period.code,
                year=each.period.plan_year.year,
                value=each.value,
            )
            for each in earlier
        ],
        judgement=judged(result) or "",
        explanation=reason_of(result),
    )


def _goal(said: GoalSaid, reporter: Reporter) -> GoalSnapshot:
    goal, assessment, analysis = said.promise.goal, said.assessment, said.analysis
    is_older = goal.version_number > 1 and goal.decided_on is not None and said.on < goal.decided_on
    line = [goal.parent, goal.parent and goal.parent.parent]
    line.append(line[1] and line[1].parent)
    ordered = sorted(said.activities, key=lambda each: (each[0].due_on, each[0].pk))
    return GoalSnapshot(
        pk=goal.pk,
        number=goal.number,
        title=FIRST_TITLE if is_older else goal.title,
        version_number=1 if is_older else goal.version_number,
        parts={part: getattr(goal, part) for part in GOAL_PARTS[1:]},
        serves=[(above.level, str(above)) for above in line if above],
        from_unit=str(goal.unit) if goal.unit is not reporter.unit else "",
        judgement=assessment.judgement if assessment else "",
        reason=assessment.reason if assessment else "",
        suggestion=said.suggestion,
        suggestion_reasons=said.suggestion_reasons,
        difference=assessment.difference if assessment else "",
        indicators=said.indicators,
        activities=[
            ActivitySnapshot(
                pk=activity.pk,
                title=activity.title,
                responsible=activity.responsible_id,
                starts_on=activity.starts_on,
                due_on=activity.due_on,
                state=state,
                text=text,
                is_measure=is_measure,
            )
            for activity, state, text, is_measure in ordered
        ],
        analysis=AnalysisSnapshot(
            deviation=analysis.deviation,
            pattern=analysis.pattern,
            method=analysis.method,
            own_method=str(analysis.own_method or ""),
            cause=analysis.cause,
            lesson=analysis.lesson,
            decision=analysis.decision,
        )
        if analysis
        else None,
    )
