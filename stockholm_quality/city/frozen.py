"""The snapshots of the invented reports, as `goals.snapshots` would have made them from the rows on
the day: made here of what is in memory, for thousands of reports at once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from goals.measuring import Result
from goals.models import (
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
    EarlierSnapshot,
    GoalSnapshot,
    IndicatorSnapshot,
    NeedSnapshot,
    ReportSnapshot,
    encoded,
    frozen_activity,
    frozen_analysis,
    frozen_indicator,
    frozen_line,
    frozen_parts,
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


def indicator_snapshot(
    measured: Measured,
    result: Result,
    values: list[Value],
    earlier: list[Told],
    above: list[tuple[str, Decimal | None]],
    *,
    is_asked: bool,
) -> IndicatorSnapshot:
    return frozen_indicator(
        measured.target,
        result,
        is_asked=is_asked,
        above=above,
        values=values,
        earlier=[
            EarlierSnapshot(
                period=each.period.name,
                code=each.period.code,
                year=each.period.plan_year.year,
                value=each.value,
            )
            for each in earlier
        ],
    )


def _goal(said: GoalSaid, reporter: Reporter) -> GoalSnapshot:
    goal, assessment = said.promise.goal, said.assessment
    is_older = goal.version_number > 1 and goal.decided_on is not None and said.on < goal.decided_on
    ordered = sorted(said.activities, key=lambda each: (each[0].due_on, each[0].pk))
    return GoalSnapshot(
        pk=goal.pk,
        number=goal.number,
        title=FIRST_TITLE if is_older else goal.title,
        version_number=1 if is_older else goal.version_number,
        parts=frozen_parts(goal),
        serves=frozen_line(goal),
        from_unit=str(goal.unit) if goal.unit is not reporter.unit else "",
        judgement=assessment.judgement if assessment else "",
        reason=assessment.reason if assessment else "",
        suggestion=said.suggestion,
        suggestion_reasons=said.suggestion_reasons,
        difference=assessment.difference if assessment else "",
        indicators=said.indicators,
        activities=[frozen_activity(*each) for each in ordered],
        analysis=frozen_analysis(said.analysis),
    )
