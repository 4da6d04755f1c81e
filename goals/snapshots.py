"""A report as it was handed in: typed data that outlives the rows it was made of.

Stored as JSON in `ReportVersion.snapshot` with the number of its schema. People are kept as keys,
never as names: whether a name may show is decided on the day it is read.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.utils import timezone

from goals.measuring import Result, judged, reason_of
from goals.models import (
    GOAL_PARTS,
    Activity,
    Analysis,
    Goal,
    Report,
    ReportVersion,
    Target,
    Value,
)
from goals.sheet import GoalRow, IndicatorRow, Sheet, read_sheet
from units.models import Unit

SCHEMA = 1


class ValueSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    gender: str  # a goals.models.Gender
    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    is_not_measured: bool = False
    forecast: Decimal | None = None
    comment: str = ""
    source: str = ""


class EarlierSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What the same unit handed in for an earlier period; `value` is none where not measured."""

    period: str
    year: int
    value: Decimal | None = None
    code: str = ""  # the period's short name


class TargetAboveSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    unit: str
    annual_target: Decimal | None = None


class IndicatorSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    pk: int
    title: str
    unit_of_measure: str
    decimals: int
    lower_is_better: bool
    method: str = ""
    baseline: Decimal | None = None
    baseline_year: int | None = None
    annual_target: Decimal | None = None
    above: list[TargetAboveSnapshot] = []
    is_asked: bool = True  # whether this period asks for a value
    values: list[ValueSnapshot] = []
    earlier: list[EarlierSnapshot] = []
    judgement: str = ""  # how the annual target is reached, as computed; a goals.models.Judgement
    explanation: str = ""  # the same in a sentence


class ActivitySnapshot(msgspec.Struct, frozen=True, kw_only=True):
    pk: int
    title: str
    responsible: int  # the key of a person
    starts_on: date
    due_on: date
    state: str  # a goals.models.Activity.State
    text: str = ""
    is_measure: bool = False  # decided in this report


class AnalysisSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    deviation: str = ""
    pattern: str = ""
    method: str = ""  # a goals.models.Analysis.Method
    own_method: str = ""  # the name of a board's own
    cause: str = ""
    lesson: str = ""
    decision: str = ""


class GoalSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    pk: int
    number: str
    title: str
    version_number: int
    parts: dict[str, str]  # goals.models.GOAL_PARTS without the title
    serves: list[tuple[str, str]] = []  # (level, goal) from the nearest up to the council's
    from_unit: str = ""  # the unit that wrote it, when it was merged into this one
    judgement: str = ""
    reason: str = ""
    suggestion: str = ""
    suggestion_reasons: list[str] = []
    difference: str = ""
    indicators: list[IndicatorSnapshot] = []
    activities: list[ActivitySnapshot] = []
    analysis: AnalysisSnapshot | None = None


class NeedSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    theme: str  # a goals.models.Need.Theme
    text: str
    goal: str = ""


class ReportSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    unit_pk: int
    unit: str
    line: list[str]  # the units above, the nearest first
    year: int
    period_code: str
    period: str
    kind: str  # a goals.models.Period.Kind
    starts_on: date
    ends_on: date
    summary: str
    goals: list[GoalSnapshot]
    needs: list[NeedSnapshot]
    version_number: int = 0  # 0: not handed in
    correction_reason: str = ""
    made_at: datetime | None = None

    @property
    def is_plan(self) -> bool:
        return self.kind == "PLAN"


class UnknownSchemaError(ValueError):
    """The snapshot was written by a portal that this one does not know."""


def encoded(snapshot: ReportSnapshot) -> dict[str, Any]:
    """As plain JSON data; decimals and dates become text."""
    data: dict[str, Any] = msgspec.to_builtins(snapshot)
    return data


def decoded(data: dict[str, Any], schema: int) -> ReportSnapshot:
    """Raises UnknownSchemaError, and msgspec.ValidationError for data that is not of the schema."""
    if schema != SCHEMA:
        raise UnknownSchemaError(f"Unknown schema {schema} of a report's snapshot.")
    return msgspec.convert(data, ReportSnapshot)


def snapshot_of(version: ReportVersion) -> ReportSnapshot:
    return decoded(version.snapshot, version.schema)


def working_snapshot(report: Report, sheet: Sheet | None = None) -> ReportSnapshot:
    """The report as it stands now, for handing in or for a working copy."""
    sheet = sheet or read_sheet(report.unit, report.period, report)
    period = report.period
    return ReportSnapshot(
        unit_pk=report.unit_id,
        unit=str(report.unit),
        line=[str(unit) for unit in Unit.objects.above(report.unit)[1:]],
        year=period.plan_year.year,
        period_code=period.code,
        period=period.name,
        kind=period.kind,
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        summary=report.summary,
        goals=[_goal(row, sheet) for row in sheet.goals],
        needs=[
            NeedSnapshot(theme=need.theme, text=need.text, goal=str(need.goal or ""))
            for need in sheet.needs
        ],
        version_number=report.version_number,
        correction_reason=report.correction_reason,
        made_at=timezone.now(),
    )


def _goal(row: GoalRow, sheet: Sheet) -> GoalSnapshot:
    goal, assessment = row.goal, row.assessment
    return GoalSnapshot(
        pk=goal.pk,
        number=goal.number,
        title=goal.title,
        version_number=goal.version_number,
        parts=frozen_parts(goal),
        serves=frozen_line(goal),
        from_unit=str(goal.unit) if goal.unit_id != sheet.unit.pk else "",
        judgement=assessment.judgement,
        reason=assessment.reason,
        suggestion=row.suggestion.judgement or "",
        suggestion_reasons=list(row.suggestion.reasons),
        difference=assessment.difference if row.differs else "",
        indicators=[_indicator(each) for each in row.indicators],
        activities=[
            frozen_activity(each.activity, each.note.state, each.note.text, each.is_measure)
            for each in row.activities
        ],
        analysis=frozen_analysis(row.analysis),
    )


def _indicator(row: IndicatorRow) -> IndicatorSnapshot:
    return frozen_indicator(
        row.target,
        row.result,
        is_asked=row.is_asked,
        above=[(str(above.unit), above.annual_target) for above in row.above],
        values=[value for value in row.values if value.pk],
        earlier=[
            EarlierSnapshot(period=each.period, code=each.code, year=each.year, value=each.value)
            for each in row.earlier
        ],
    )


# --- The pieces, of rows that need not be stored yet -------------------------------------------


def frozen_parts(goal: Goal) -> dict[str, str]:
    return {part: getattr(goal, part) for part in GOAL_PARTS[1:]}


def frozen_line(goal: Goal) -> list[tuple[str, str]]:
    """What the goal serves, the nearest first, with each level."""
    line: list[tuple[str, str]] = []
    above = goal.parent
    while above:
        line.append((above.level, str(above)))
        above = above.parent
    return line


def frozen_activity(
    activity: Activity, state: str, text: str, is_measure: bool
) -> ActivitySnapshot:
    return ActivitySnapshot(
        pk=activity.pk,
        title=activity.title,
        responsible=activity.responsible_id,
        starts_on=activity.starts_on,
        due_on=activity.due_on,
        state=state,
        text=text,
        is_measure=is_measure,
    )


def frozen_analysis(analysis: Analysis | None) -> AnalysisSnapshot | None:
    """None where nothing has been written in it."""
    if analysis is None or not analysis.is_begun:
        return None
    return AnalysisSnapshot(
        deviation=analysis.deviation,
        pattern=analysis.pattern,
        method=analysis.method,
        own_method=str(analysis.own_method or ""),
        cause=analysis.cause,
        lesson=analysis.lesson,
        decision=analysis.decision,
    )


def frozen_indicator(
    target: Target,
    result: Result,
    *,
    is_asked: bool,
    above: Iterable[tuple[str, Decimal | None]],
    values: Iterable[Value],
    earlier: list[EarlierSnapshot],
) -> IndicatorSnapshot:
    """`above` holds the units above with their annual targets, the nearest first."""
    indicator = target.indicator
    return IndicatorSnapshot(
        pk=indicator.pk,
        title=indicator.title,
        unit_of_measure=indicator.unit_of_measure,
        decimals=indicator.decimals,
        lower_is_better=indicator.lower_is_better,
        method=indicator.method,
        baseline=indicator.baseline,
        baseline_year=indicator.baseline_year,
        annual_target=target.annual_target,
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
        earlier=earlier,
        judgement=judged(result) or "",
        explanation=reason_of(result),
    )
