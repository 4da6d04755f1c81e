"""All that the joint page of a talk holds, read in a constant number of queries."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from django.db.models import Prefetch, Q

from dialogues.models import (
    CompetenceNeed,
    CriteriaSet,
    Criterion,
    CriterionWeighing,
    ExpectationResult,
    RecordPart,
    Section,
    Talk,
    TalkKind,
)
from dialogues.models.competence import CompetenceNeedQuerySet
from goals.models import Expectation
from units.models import Employment
from units.models.people import EmploymentQuerySet

# Which year's expectations a talk looks back on, and which it sets, counted from its own year.
LOOKS_BACK_ON = {TalkKind.EMPLOYEE: -1, TalkKind.SALARY: -1, TalkKind.LEAVING: 0}
SETS = {TalkKind.EMPLOYEE: 0, TalkKind.FOLLOW_UP: 0, TalkKind.NEW: 0}


@dataclass
class SectionRow:
    section: Section
    part: RecordPart  # an unsaved one where nothing is written yet


@dataclass
class ExpectationRow:
    expectation: Expectation
    # By Party; a party that has said nothing is missing.
    results: dict[str, ExpectationResult] = field(default_factory=dict)

    @property
    def differ(self) -> bool:
        return len({result.outcome for result in self.results.values()}) > 1


@dataclass
class Record:
    talk: Talk
    sections: list[SectionRow]
    results: list[ExpectationRow]
    expectations: list[ExpectationRow]
    competence: list[CompetenceNeed]
    criteria_set: CriteriaSet | None
    weighings: list[CriterionWeighing]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it to confirm: no words, nothing agreed on, and no result or
        need that was written in this talk."""
        written = [row.part.text for row in self.sections]
        weighed = [text for row in self.weighings for text in (row.weighed, row.would_raise)]
        if any(text.strip() for text in [*written, *weighed]):
            return False
        results: list[Any] = [each for row in self.results for each in row.results.values()]
        noted = any(row.talk_id == self.talk.pk for row in [*results, *self.competence])
        return not noted and not any(row.expectation.is_in_force for row in self.expectations)

    @property
    def mark(self) -> str:
        """Changes whenever anything in the record does: for whoever confirms what they have
        read."""
        rows: list[Any] = [
            *(row.part for row in self.sections),
            *(row.expectation for row in [*self.results, *self.expectations]),
            *(result for row in self.results for result in row.results.values()),
            *self.competence,
            *self.weighings,
        ]
        told = [(type(row).__name__, row.pk, row.revision if row.pk else 0) for row in rows]
        return sha256(repr([*told, self.talk.next_on]).encode()).hexdigest()[:24]


def record_of(talk: Talk) -> Record:
    """`talk` with its people, its employment and its template selected (`with_people`)."""
    shown = {section.shows: section for section in sections_of(talk)}
    shows = Section.Shows
    criteria_set = criteria_of(talk) if talk.is_salary_talk else None
    return Record(
        talk=talk,
        sections=_sections(talk),
        results=_expectations(talk, LOOKS_BACK_ON) if shows.RESULTS in shown else [],
        expectations=_expectations(talk, SETS) if shows.EXPECTATIONS in shown else [],
        competence=list(competence_of(talk)) if shows.COMPETENCE in shown else [],
        criteria_set=criteria_set,
        weighings=_weighings(talk, criteria_set) if shows.CRITERIA in shown else [],
    )


def sections_of(talk: Talk) -> list[Section]:
    """Those of the version that the talk began with, asked for once for each talk read."""
    return list(talk.template_version.sections.all())


def criteria_of(talk: Talk) -> CriteriaSet | None:
    """The pay criteria that the talk weighs by, with their steps; none where HR has published
    none, or where the talk is not about pay."""
    if not talk.is_salary_talk:
        return None
    steps = Prefetch("criteria", Criterion.objects.prefetch_related("steps"))
    rows = CriteriaSet.objects.select_related("unit", "staff_group").prefetch_related(steps)
    if talk.criteria_set_id:
        return rows.get(pk=talk.criteria_set_id)
    return rows.applying_to(talk.employment, talk.year).first()


def _sections(talk: Talk) -> list[SectionRow]:
    written = {part.section_id: part for part in RecordPart.objects.filter(talk=talk)}
    return [
        SectionRow(section, written.get(section.pk) or RecordPart(talk=talk, section=section))
        for section in sections_of(talk)
        if not section.is_own_notes
    ]


def _expectations(talk: Talk, years: dict[TalkKind, int]) -> list[ExpectationRow]:
    """Those of the employment that the talk is about, or that went up in it: the same for both."""
    if (offset := years.get(TalkKind(talk.kind))) is None:
        return []
    found = (
        Expectation.objects.filter(employment__in=employments_of(talk))
        .for_year(talk.year + offset)
        .with_line()
        .order_by("status", "given_at", "pk")
    )
    rows = [ExpectationRow(expectation) for expectation in found]
    by_key = {row.expectation.pk: row for row in rows}
    for result in ExpectationResult.objects.filter(expectation__in=by_key).order_by("party"):
        by_key[result.expectation_id].results[result.party] = result
    return rows


def needs_about(talk: Talk) -> CompetenceNeedQuerySet:
    """Those of the employment that the talk is about, and those taken along to it."""
    employments = employments_of(talk)
    return CompetenceNeed.objects.filter(
        Q(employment__in=employments) | Q(brought_to__in=employments), employee=talk.employee_id
    )


def competence_of(talk: Talk) -> list[CompetenceNeed]:
    """What is open, from whatever year, and what was done or dropped since a year before the
    talk's."""
    state, since = CompetenceNeed.State, talk.year - 1
    return list(
        needs_about(talk)
        .filter(
            Q(state=state.OPEN)
            | Q(done_on__year__gte=since)
            # What has been dropped is not written in again.
            | Q(state=state.DROPPED, written_at__year__gte=since)
        )
        .select_related("goal", "expectation")
        .order_by("state", "due_on", "pk")
    )


def employments_of(talk: Talk) -> EmploymentQuerySet:
    """The one that the talk is about, and those that went up in it."""
    return Employment.objects.going_on_as(Employment.objects.filter(pk=talk.employment_id))


def _weighings(talk: Talk, criteria_set: CriteriaSet | None) -> list[CriterionWeighing]:
    if criteria_set is None:
        return []
    written = {row.criterion_id: row for row in talk.weighings.select_related("step")}
    rows = []
    for criterion in criteria_set.criteria.all():
        row = written.get(criterion.pk) or CriterionWeighing(talk=talk)
        row.criterion = criterion
        rows.append(row)
    return rows
