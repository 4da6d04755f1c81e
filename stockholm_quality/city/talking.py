"""The rows of talks while they are being told, and how they are stored."""

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from dialogues.actions.talks import STARTED
from dialogues.models import (
    Answer,
    CompetenceNeed,
    Confirmation,
    Criterion,
    CriterionStep,
    CriterionView,
    CriterionWeighing,
    ExpectationResult,
    Party,
    Preparation,
    RecordPart,
    Section,
    Talk,
    TalkStep,
    TalkTime,
    TalkVersion,
    TemplateVersion,
)
from dialogues.snapshots import (
    SCHEMA,
    CompetenceSnapshot,
    ExpectationSnapshot,
    PartSnapshot,
    ResultSnapshot,
    TalkSnapshot,
    WeighingSnapshot,
    encoded,
)
from dialogues.states import Action
from goals.models import Expectation
from stockholm_quality.city.organisation import Calendar
from units.models import Employment, User

_S = Talk.Status
MINUTES = 60
SIDES: dict[str, str] = {Party.EMPLOYEE: "employee", Party.MANAGER: "manager"}
# What is written under a section, by its order in the template.
Words = Mapping[str, str]


@dataclass(frozen=True)
class Pair:
    """An employee and whoever holds their talks."""

    employment: Employment
    holder: User


@dataclass
class Form:
    """A template as it is published, with its sections in order."""

    version: TemplateVersion
    sections: list[Section]

    def shows(self, what: str) -> bool:
        return any(section.shows == what for section in self.sections)

    def said(self, words: Words) -> Iterator[tuple[Section, str]]:
        for section in self.sections:
            if text := words.get(str(section.order)):
                yield section, text


@dataclass
class Documented:
    """A record on the day both were asked to confirm it; its snapshot needs the keys of its
    rows."""

    meeting: "Meeting"
    made_at: datetime
    answers: list[dict[str, Any]] = field(default_factory=list)

    def version(self) -> TalkVersion:
        talk = self.meeting.talk
        return TalkVersion(
            talk=talk,
            number=1,
            schema=SCHEMA,
            snapshot=encoded(self.meeting.snapshot(self.made_at)),
            made_at=self.made_at,
            made_by=talk.holder,
        )


@dataclass
class TalkRows:
    """What is stored at a time, in this order."""

    # By how many earlier talks each goes on from: a talk is stored after the one before it.
    talks: dict[int, list[Talk]] = field(default_factory=dict)
    steps: list[TalkStep] = field(default_factory=list)
    times: list[TalkTime] = field(default_factory=list)
    preparations: list[Preparation] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    views: list[CriterionView] = field(default_factory=list)
    parts: list[RecordPart] = field(default_factory=list)
    weighings: list[CriterionWeighing] = field(default_factory=list)
    results: list[ExpectationResult] = field(default_factory=list)
    needs: list[CompetenceNeed] = field(default_factory=list)
    documented: list[Documented] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(map(len, self.talks.values()))

    def add(self, talk: Talk) -> None:
        before, depth = talk.previous, 0
        while before is not None and before._state.adding:
            before, depth = before.previous, depth + 1
        self.talks.setdefault(depth, []).append(talk)

    def store(self) -> None:
        for _depth, talks in sorted(self.talks.items()):
            Talk.objects.bulk_create(talks)
        TalkStep.objects.bulk_create(self.steps)
        TalkTime.objects.bulk_create(self.times)
        Preparation.objects.bulk_create(self.preparations)
        Answer.objects.bulk_create(self.answers)
        CriterionView.objects.bulk_create(self.views)
        RecordPart.objects.bulk_create(self.parts)
        CriterionWeighing.objects.bulk_create(self.weighings)
        ExpectationResult.objects.bulk_create(self.results)
        CompetenceNeed.objects.bulk_create(self.needs)
        versions = TalkVersion.objects.bulk_create([each.version() for each in self.documented])
        Confirmation.objects.bulk_create(
            Confirmation(version=version, talk=version.talk, number=version.number, **answer)
            for version, each in zip(versions, self.documented, strict=True)
            for answer in each.answers
        )


class Meeting:
    """One talk on its way: each method takes it a step further, on a day that is no later than
    the city's last."""

    def __init__(
        self, rows: TalkRows, form: Form, talk: Talk, calendar: Calendar, rng: random.Random
    ) -> None:
        self.rows = rows
        self.form = form
        self.talk = talk
        self.calendar = calendar
        self.parts: dict[int, str] = {}
        self.weighings: list[CriterionWeighing] = []
        # What the record stands on: expectations of the year before, and of its own.
        self.results: list[tuple[Expectation, list[ExpectationResult]]] = []
        self.expectations: list[Expectation] = []
        self.needs: list[CompetenceNeed] = []
        self._documented: Documented | None = None
        # When the talk is held; before that, when it was begun.
        self._held_at = talk.created_at
        talk.template_version = form.version
        talk.calendar_uid = UUID(int=rng.getrandbits(128), version=4)
        rows.add(talk)
        self._note(STARTED, talk.created_by, talk.created_at, before="")

    def _at(self, day: date, hour: int) -> datetime:
        return self.calendar.moment(min(day, self.calendar.today), hour)

    def _note(
        self, action: str, by: User, at: datetime, to: str = "", before: str | None = None
    ) -> None:
        was = self.talk.status if before is None else before
        self.talk.status = to or self.talk.status
        if before is None:
            self.talk.revision += 1
        self.rows.steps.append(
            TalkStep(
                talk=self.talk,
                action=action,
                from_status=was,
                to_status=self.talk.status,
                by=by,
                at=at,
            )
        )

    def _person(self, party: str) -> User:
        return self.talk.employee if party == Party.EMPLOYEE else self.talk.holder

    # --- Before the talk -------------------------------------------------------------------------

    def propose(
        self, day: date, slots: Iterable[datetime], place: str, words: str = ""
    ) -> list[TalkTime]:
        proposed = [
            TalkTime(
                talk=self.talk,
                starts_at=starts_at,
                minutes=MINUTES,
                place=place,
                proposed_by=self.talk.holder,
                proposed_at=self._at(day, 9),
                words=words,
            )
            for starts_at in slots
        ]
        self.rows.times += proposed
        self._note(Action.PROPOSE_TIME, self.talk.holder, self._at(day, 9), _S.INVITED)
        return proposed

    def agree(self, day: date, times: list[TalkTime]) -> None:
        """The employee takes the last of the times proposed."""
        for time in times:
            time.state, time.answered_at = TalkTime.State.DECLINED, self._at(day, 10)
        times[-1].state = TalkTime.State.ACCEPTED
        self.talk.calendar_sequence = 1
        self._note(Action.ANSWER_TIME, self.talk.employee, self._at(day, 10), _S.PREPARING)

    def prepare(
        self, party: str, day: date, words: Words, *, is_shared: bool = True
    ) -> Preparation:
        at = self._at(day, 11 if party == Party.EMPLOYEE else 12)
        author = self._person(party)
        preparation = Preparation(
            talk=self.talk,
            author=author,
            party=party,
            begun_at=at,
            shared_at=at if is_shared else None,
        )
        self.rows.preparations.append(preparation)
        for section, text in self.form.said(words):
            self.rows.answers.append(
                Answer(
                    preparation=preparation,
                    talk=self.talk,
                    author=author,
                    section=section,
                    is_own_notes=section.is_own_notes,
                    text=text,
                    written_at=at,
                )
            )
            preparation.revision += 1
        if is_shared:
            self._get_ready(Action.SHARE, party, at)
        return preparation

    def view(
        self, preparation: Preparation, criterion: Criterion, step: CriterionStep, reasons: str
    ) -> None:
        """How the author of the preparation sees a pay criterion."""
        self.rows.views.append(
            CriterionView(
                preparation=preparation,
                talk=self.talk,
                author=preparation.author,
                criterion=criterion,
                step=step,
                reasons=reasons,
                written_at=preparation.begun_at,
            )
        )

    def waive(self, party: str, day: date) -> None:
        at = self._at(day, 11 if party == Party.EMPLOYEE else 12)
        self._get_ready(Action.WAIVE, party, at)

    def _get_ready(self, action: str, party: str, at: datetime) -> None:
        who = "employee" if party == Party.EMPLOYEE else "holder"
        setattr(self.talk, f"{who}_ready_at", at)
        setattr(self.talk, f"{who}_waived", action == Action.WAIVE)
        self._note(action, self._person(party), at, _S.PREPARING)

    # --- The talk and its record -----------------------------------------------------------------

    def hold(self, day: date) -> None:
        self._held_at = self.talk.held_at = self._at(day, 13)
        self.talk.held_on = min(day, self.calendar.today)
        self._note(Action.HOLD, self.talk.holder, self._held_at, _S.HELD)

    def write(self, words: Words) -> None:
        for section, text in self.form.said(words):
            is_own = section.owner == Section.Owner.EMPLOYEE
            self.parts[section.order] = text
            self.rows.parts.append(
                RecordPart(
                    talk=self.talk,
                    section=section,
                    text=text,
                    written_by=self.talk.employee if is_own else self.talk.holder,
                    written_at=self._held_at,
                )
            )

    def weigh(
        self, criterion: Criterion, step: CriterionStep, weighed: str, would_raise: str
    ) -> None:
        row = CriterionWeighing(
            talk=self.talk,
            criterion=criterion,
            step=step,
            weighed=weighed,
            would_raise=would_raise,
            written_by=self.talk.holder,
            written_at=self._held_at,
        )
        self.weighings.append(row)
        self.rows.weighings.append(row)

    def result(self, expectation: Expectation, said: Mapping[str, tuple[str, str]]) -> None:
        """How an expectation went: an outcome and words, by party."""
        results = [
            ExpectationResult(
                expectation=expectation,
                employment=expectation.employment,
                employee=self.talk.employee,
                party=party,
                author=self._person(party),
                talk=self.talk,
                outcome=outcome,
                words=words,
                written_at=self._held_at,
            )
            for party, (outcome, words) in said.items()
        ]
        self.rows.results += results
        self.results.append((expectation, results))

    def need(self, **fields: Any) -> CompetenceNeed:
        row = CompetenceNeed(
            employment=self.talk.employment,
            employee=self.talk.employee,
            talk=self.talk,
            written_by=self.talk.holder,
            written_at=self._held_at,
            **fields,
        )
        self.needs.append(row)
        self.rows.needs.append(row)
        return row

    def document(self, day: date, next_on: date | None = None) -> None:
        made_at = self._at(day, 14)
        self.talk.documented_at, self.talk.version_number = made_at, 1
        self.talk.next_on = next_on
        self._documented = Documented(self, made_at)
        self.rows.documented.append(self._documented)
        self._note(Action.DOCUMENT, self.talk.holder, made_at, _S.DOCUMENTED)

    def answer(self, party: str, day: date, remark: str = "") -> None:
        if self._documented is None:
            raise ValueError("Nothing has been documented.")
        at = self._at(day, 15 if party == Party.EMPLOYEE else 16)
        outcome = Confirmation.Outcome.WITH_REMARK if remark else Confirmation.Outcome.CONFIRMED
        person = self._person(party)
        self._documented.answers.append(
            {"party": party, "person": person, "outcome": outcome, "words": remark, "at": at}
        )
        if len(self._documented.answers) == len(Party):
            self.talk.confirmed_at, self.talk.confirmed_version = at, 1
            self._note(Action.CONFIRM, person, at, _S.CONFIRMED)
        else:
            self._note(Action.CONFIRM, person, at)

    def close(self, day: date) -> None:
        self._note(Action.CLOSE, self.talk.holder, self._at(day, 17), _S.CLOSED)

    def discontinue(self, day: date, reason: str) -> None:
        self._note(Action.DISCONTINUE, self.talk.holder, self._at(day, 17), _S.DISCONTINUED)
        self.rows.steps[-1].words = reason

    def hand_to(self, delegate: User, day: date) -> None:
        by, self.talk.holder = self.talk.holder, delegate
        self._note(Action.DELEGATE, by, self._at(day, 8))

    # --- What the record says --------------------------------------------------------------------

    def snapshot(self, made_at: datetime) -> TalkSnapshot:
        """As `dialogues.snapshots.snapshot_of` would have made it on that day."""
        talk, form = self.talk, self.form
        return TalkSnapshot(
            kind=talk.kind,
            year=talk.year,
            employee=talk.employee.pk,
            holder=talk.holder.pk,
            occupation=talk.employment.title,
            unit=talk.employment.unit.name,
            template=form.version.template.name,
            template_version=form.version.number,
            held_on=talk.held_on or made_at.date(),
            next_on=talk.next_on,
            made_at=made_at,
            parts=[
                PartSnapshot(
                    section=section.pk,
                    heading=section.heading,
                    heading_en=section.heading_en,
                    owner=section.owner,
                    shows=section.shows,
                    text=self.parts.get(section.order, ""),
                )
                for section in form.sections
                if not section.is_own_notes
            ],
            results=[_frozen_expectation(row, results) for row, results in self.results],
            expectations=[
                _frozen_expectation(row, [])
                for row in self.expectations
                if row.given_at <= made_at and form.shows(Section.Shows.EXPECTATIONS)
            ],
            competence=[_frozen_need(need, made_at.date()) for need in self.needs],
            criteria=talk.criteria_set.about if talk.criteria_set else "",
            weighings=[
                WeighingSnapshot(
                    criterion=row.criterion.name,
                    step=row.step.name if row.step else "",
                    step_words=row.step.words if row.step else "",
                    weighed=row.weighed,
                    would_raise=row.would_raise,
                )
                for row in self.weighings
            ],
        )


def _frozen_expectation(
    expectation: Expectation, results: list[ExpectationResult]
) -> ExpectationSnapshot:
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
        results=[
            ResultSnapshot(party=row.party, outcome=row.outcome, words=row.words) for row in results
        ],
    )


def _frozen_need(need: CompetenceNeed, day: date) -> CompetenceSnapshot:
    is_done = need.done_on is not None and need.done_on <= day
    return CompetenceSnapshot(
        pk=need.pk,
        need=need.need,
        source=need.source,
        comes_from=str(need.goal or (need.expectation and need.expectation.text) or ""),
        activity=need.activity,
        responsible=need.responsible,
        due_on=need.due_on,
        state=CompetenceNeed.State.DONE if is_done else CompetenceNeed.State.OPEN,
        done_on=need.done_on if is_done else None,
        effect=need.effect if is_done else "",
    )
