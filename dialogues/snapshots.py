"""The record of a talk as the two were asked to confirm it: typed data that outlives the rows it
was made of.

Stored as JSON in `TalkVersion.snapshot` with the number of its schema. People are kept as keys:
whether a name may show is decided on the day it is read.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from django.utils import timezone

from dialogues.models import CompetenceNeed, CriterionWeighing, Talk
from dialogues.sheet import ExpectationRow, Record
from dialogues.states import Action
from goals.models import Expectation

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
    """The record as it would be frozen now. In a correction, what stands beside the texts is as
    both answered it, but for what has been changed or added since the correction was begun."""
    now = _as_it_stands(record)
    if not record.talk.is_being_corrected:
        return now
    answered = answered_snapshot(record.talk)
    touched = _touched_since_begun(record)
    return msgspec.structs.replace(
        now,
        occupation=answered.occupation,
        unit=answered.unit,
        results=_kept_expectations(answered.results, now.results, touched),
        expectations=_kept_expectations(answered.expectations, now.expectations, touched),
        competence=_kept_needs(answered.competence, now.competence, touched),
    )


def answered_snapshot(talk: Talk) -> TalkSnapshot:
    """Of the last version that both have answered."""
    version = talk.versions.get(number=talk.confirmed_version)
    return decoded(version.snapshot, version.schema)


def _as_it_stands(record: Record) -> TalkSnapshot:
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


# --- Corrected ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Touched:
    """What has been written since the correction was begun, by key."""

    expectations: set[int]
    results: set[tuple[int, str]]  # of which expectation, by which party
    needs: set[int]


def _touched_since_begun(record: Record) -> _Touched:
    talk = record.talk
    begun = talk.steps.filter(action=Action.CORRECT).latest("pk").at
    rows = [*record.results, *record.expectations]
    keys = [row.expectation.pk for row in rows]
    changed = Expectation.objects.filter(pk__in=keys, events__pgh_created_at__gte=begun)
    return _Touched(
        expectations=set(changed.values_list("pk", flat=True)),
        results={
            (row.expectation.pk, party)
            for row in rows
            for party, result in row.results.items()
            # Said in another talk, it belongs to that one's record.
            if result.talk_id == talk.pk and result.written_at >= begun
        },
        needs={need.pk for need in record.competence if need.written_at >= begun},
    )


def _kept_expectations(
    answered: list[ExpectationSnapshot], now: list[ExpectationSnapshot], touched: _Touched
) -> list[ExpectationSnapshot]:
    """What was answered, in its order, then what has come since the correction was begun."""
    live = {row.pk: row for row in now}
    kept = [_with_touched(row, live.pop(row.pk, row), touched) for row in answered]
    spoken_of = touched.expectations | {pk for pk, _party in touched.results}
    return kept + [row for row in live.values() if row.pk in spoken_of]


def _with_touched(
    answered: ExpectationSnapshot, now: ExpectationSnapshot, touched: _Touched
) -> ExpectationSnapshot:
    results = {each.party: each for each in answered.results}
    for each in now.results:
        if (now.pk, each.party) in touched.results:
            results[each.party] = each
    row = now if now.pk in touched.expectations else answered
    return msgspec.structs.replace(row, results=[results[party] for party in sorted(results)])


def _kept_needs(
    answered: list[CompetenceSnapshot], now: list[CompetenceSnapshot], touched: _Touched
) -> list[CompetenceSnapshot]:
    changed = {need.pk: need for need in now if need.pk in touched.needs}
    kept = [changed.pop(need.pk, need) for need in answered]
    return [*kept, *changed.values()]


# --- Its parts ---------------------------------------------------------------------------------


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
