"""The record of a talk as the two were asked to confirm it: typed data that outlives the rows it
was made of.

Stored as JSON in `TalkVersion.snapshot` with the number of its schema. People are kept as keys:
whether a name may show is decided on the day it is read.
"""

from datetime import date, datetime
from typing import Any

import msgspec
from django.utils import timezone

from dialogues.models import CompetenceNeed, CriterionWeighing
from dialogues.sheet import ExpectationRow, Record

SCHEMA = 1


class PartSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    section: int
    heading: str
    heading_en: str = ""
    owner: str  # a dialogues.models.Section.Owner
    shows: str = "TEXT"  # a dialogues.models.Section.Shows
    text: str


class ResultSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    party: str  # a dialogues.models.Party
    outcome: str  # a dialogues.models.ExpectationResult.Outcome
    words: str = ""


class ExpectationSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    pk: int
    year: int
    version_number: int
    goal: str
    text: str
    expected_result: str = ""
    sign: str = ""
    support: str = ""
    due_on: date | None = None
    is_withdrawn: bool = False
    results: list[ResultSnapshot] = []


class CompetenceSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    pk: int
    need: str
    source: str  # a dialogues.models.CompetenceNeed.Source
    comes_from: str = ""  # the goal or expectation in words
    activity: str = ""
    responsible: str  # a dialogues.models.Party
    due_on: date | None = None
    state: str  # a dialogues.models.CompetenceNeed.State
    done_on: date | None = None
    effect: str = ""
    drop_reason: str = ""


class WeighingSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    criterion: str
    step: str = ""
    step_words: str = ""
    weighed: str = ""
    would_raise: str = ""


class TalkSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    kind: str  # a dialogues.models.TalkKind
    year: int
    employee: int
    holder: int
    occupation: str
    unit: str
    template: str
    template_version: int
    held_on: date
    next_on: date | None = None
    made_at: datetime
    parts: list[PartSnapshot] = []
    results: list[ExpectationSnapshot] = []  # of the year that has been
    expectations: list[ExpectationSnapshot] = []  # of the year to come
    competence: list[CompetenceSnapshot] = []
    criteria: str = ""  # which set of pay criteria
    weighings: list[WeighingSnapshot] = []


def encoded(snapshot: TalkSnapshot) -> Any:
    return msgspec.to_builtins(snapshot)


def decoded(data: Any, schema: int) -> TalkSnapshot:
    """Raises ValueError for a schema that this release does not know."""
    if schema != SCHEMA:
        raise ValueError(f"Unknown schema {schema} of a talk's record")
    return msgspec.convert(data, TalkSnapshot)


def snapshot_of(record: Record) -> TalkSnapshot:
    talk = record.talk
    template = talk.template_version.template
    return TalkSnapshot(
        kind=talk.kind,
        year=talk.year,
        employee=talk.employee_id,
        holder=talk.holder_id,
        occupation=talk.employment.title,
        unit=talk.employment.unit.name,
        template=template.name,
        template_version=talk.template_version.number,
        held_on=talk.held_on or timezone.localdate(),
        next_on=talk.next_on,
        made_at=timezone.now(),
        parts=[
            PartSnapshot(
                section=row.section.pk,
                heading=row.section.heading,
                heading_en=row.section.heading_en,
                owner=row.section.owner,
                shows=row.section.shows,
                text=row.part.text,
            )
            for row in record.sections
        ],
        results=[_expectation(row) for row in record.results],
        expectations=[_expectation(row) for row in record.expectations],
        competence=[_need(need) for need in record.competence],
        criteria=str(record.criteria_set.about) if record.criteria_set else "",
        weighings=[_weighing(row) for row in record.weighings],
    )


def _expectation(row: ExpectationRow) -> ExpectationSnapshot:
    expectation = row.expectation
    return ExpectationSnapshot(
        pk=expectation.pk,
        year=expectation.goal.first_year,
        version_number=expectation.version_number,
        goal=str(expectation.goal),
        text=expectation.text,
        expected_result=expectation.expected_result,
        sign=expectation.sign,
        support=expectation.support,
        due_on=expectation.due_on,
        is_withdrawn=not expectation.is_in_force,
        results=[
            ResultSnapshot(party=party, outcome=result.outcome, words=result.words)
            for party, result in row.results.items()
        ],
    )


def _need(need: CompetenceNeed) -> CompetenceSnapshot:
    return CompetenceSnapshot(
        pk=need.pk,
        need=need.need,
        source=need.source,
        comes_from=str(need.goal or (need.expectation and need.expectation.text) or ""),
        activity=need.activity,
        responsible=need.responsible,
        due_on=need.due_on,
        state=need.state,
        done_on=need.done_on,
        effect=need.effect,
        drop_reason=need.drop_reason,
    )


def _weighing(row: CriterionWeighing) -> WeighingSnapshot:
    return WeighingSnapshot(
        criterion=row.criterion.name,
        step=row.step.name if row.step else "",
        step_words=row.step.words if row.step else "",
        weighed=row.weighed,
        would_raise=row.would_raise,
    )
