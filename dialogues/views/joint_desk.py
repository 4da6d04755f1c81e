"""All that the joint page of a talk shows to one of the two, in pieces that are fetched by
themselves when the other has saved in them."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from dialogues.actions.agreeing import belongs_to, set_next_talk, year_agreed_on
from dialogues.actions.recording import (
    may_write_results,
    may_write_section,
    write_part,
    write_result,
    write_weighing,
)
from dialogues.forms.joint import NextTalkRow, OwnResultRow
from dialogues.forms.rows import (
    SectionRow,
    TalkRow,
    WeighingRow,
    criterion_key,
    section_key,
)
from dialogues.models import Answer, CriterionView, ExpectationResult, Party, Section
from dialogues.rules import TalkRights
from dialogues.shared_before import SharedBefore, shared_before
from dialogues.sheet import ExpectationRow, Record, record_of
from dialogues.sheet import SectionRow as WrittenSection
from dialogues.views.rows import ShownRow
from goals.models import Expectation, terms_of
from stockholm_quality.web import AuthedRequest
from units.rules import can_see_name


@dataclass
class Piece:
    """A part of the page that is fetched anew by itself when the other of the two has saved in it.

    `stamp` changes with what is stored; the script sends back the one it has.
    """

    key: str
    template: str
    stamp: str
    context: dict[str, Any] = field(default_factory=dict)

    def rendered(self, request: AuthedRequest) -> str:
        return render_to_string(self.template, {"piece": self, **self.context}, request)


@dataclass
class Said:
    """What one of the two had prepared."""

    who: str
    text: str
    answer: Answer | None = None
    step: str = ""


@dataclass
class ShownResult:
    """An expectation looked back on, as each of the two sees it."""

    expectation: Expectation
    terms: list[tuple[str, str]]
    own: Piece
    other: Piece

    @property
    def sides(self) -> tuple[Piece, Piece]:
        return self.own, self.other


@dataclass
class ShownSection:
    section: Section
    written_by: str  # whose section it is, when one of the two writes it alone
    results: list[ShownResult]
    pieces: list[Piece]
    text: Piece
    prepared: list[Said]
    may_write: bool

    @property
    def all_pieces(self) -> list[Piece]:
        results = [piece for result in self.results for piece in result.sides]
        return [*results, *self.pieces, self.text]


class Desk:
    """All that the joint page holds, as `rights.user` sees it."""

    def __init__(self, rights: TalkRights) -> None:
        self.rights, self.talk, self.user = rights, rights.talk, rights.user
        self.record: Record = record_of(self.talk)
        # What a row belongs to is known: it is not asked for row by row.
        for written in self.record.sections:
            written.part.section = written.section
        for looked_back_on in self.record.results:
            for result in looked_back_on.results.values():
                result.expectation = looked_back_on.expectation

    @cached_property
    def other(self) -> str:
        """The other of the two, by name where it may show."""
        other = self.talk.holder if self.rights.is_employee else self.talk.employee
        if other.has_protected_identity and not can_see_name(self.user, other):
            return _("your manager") if self.rights.is_employee else _("the employee")
        return str(other)

    @property
    def party(self) -> Party:
        return Party.EMPLOYEE if self.rights.is_employee else Party.MANAGER

    def written_by(self, row: Any) -> str:
        """Who wrote a row last, and when; empty where nothing is written."""
        if not row.pk:
            return ""
        author_id = getattr(row, "author_id", None) or row.written_by_id
        told = {"at": _when(row.written_at)}
        if author_id == self.user.pk:
            return _("Last written by you {at}").format(**told)
        if author_id not in {self.talk.employee_id, self.talk.holder_id}:
            return _("Last written by an earlier manager {at}").format(**told)
        return _("Last written by {name} {at}").format(name=self.other, **told)

    # --- What is written here ---

    @cached_property
    def rows(self) -> list[TalkRow]:
        """Each row that this person writes."""
        rows: list[TalkRow] = [
            SectionRow(row=row.part)
            for row in self.record.sections
            if may_write_section(self.rights, row.section)
        ]
        if may_write_results(self.talk):
            rows += [OwnResultRow(row=self.own_result(row)) for row in self.record.results]
        if self.may_weigh:
            rows += [WeighingRow(row=weighing) for weighing in self.record.weighings]
        return [*rows, NextTalkRow(row=self.talk)]

    @property
    def may_weigh(self) -> bool:
        return any(
            may_write_section(self.rights, row.section)
            for row in self.record.sections
            if row.section.shows == Section.Shows.CRITERIA
        )

    def own_result(self, row: ExpectationRow) -> ExpectationResult:
        return row.results.get(self.party) or ExpectationResult(
            expectation=row.expectation, party=self.party, outcome=""
        )

    def write(self, form: TalkRow, revision: int) -> Any:
        """Raises StaleRevisionError and StepRefusedError."""
        told: dict[str, Any] = {"talk": self.talk, "revision": revision, "by": self.user}
        row = form.row
        if form.kind == "section":
            return write_part(**told, section=row.section, text=form.values["text"])
        if form.kind == "next":
            return set_next_talk(**told, next_on=form.values["next_on"])
        if form.kind == "weighing":
            return write_weighing(**told, criterion=row.criterion, fields=form.values)
        return write_result(**told, expectation=row.expectation, fields=form.values)

    # --- What is shown ---

    @cached_property
    def prepared(self) -> SharedBefore:
        return shared_before(self.talk, self.user)

    def sections(self, shown: dict[str, ShownRow]) -> list[ShownSection]:
        return [self._section(row, shown) for row in self.record.sections]

    def _section(self, row: WrittenSection, shown: dict[str, ShownRow]) -> ShownSection:
        section, shows = row.section, Section.Shows
        key = section_key(section)
        pieces: list[Piece] = []
        if section.shows == shows.EXPECTATIONS:
            pieces = [self._expectations()]
        elif section.shows == shows.COMPETENCE:
            pieces = [self._needs()]
        elif section.shows == shows.CRITERIA:
            pieces = self._weighings(shown)
        results = self.record.results if section.shows == shows.RESULTS else []
        return ShownSection(
            section=section,
            written_by=self._owner_of(section),
            results=[self._result(each, shown) for each in results],
            pieces=pieces,
            text=self._row(
                key, "dialogues/_joint_text.html", row.part, shown, {"section": section}
            ),
            prepared=[self._said(answer) for answer in self.prepared.answers[section.pk]],
            may_write=key in shown,
        )

    def next_talk(self, shown: dict[str, ShownRow]) -> Piece:
        return self._row("next", "dialogues/_joint_next.html", self.talk, shown, {})

    def pieces(self, shown: dict[str, ShownRow]) -> list[Piece]:
        inner = [piece for section in self.sections(shown) for piece in section.all_pieces]
        return [*inner, self.next_talk(shown)]

    def _row(
        self, key: str, template: str, row: Any, shown: dict[str, ShownRow], context: dict[str, Any]
    ) -> Piece:
        """A row of the sheet where this person writes it, and its text where they only read it."""
        mine = shown.get(key)
        stamp = mine.form["seen"].value() if mine else str(row.revision if row.pk else 0)
        told = {"shown": mine, "row": row, "by": "" if row is self.talk else self.written_by(row)}
        return Piece(key, template, stamp, context | told)

    def _owner_of(self, section: Section) -> str:
        if section.owner == Section.Owner.EMPLOYEE:
            return _("Only you write here.") if self.rights.is_employee else self._alone()
        if section.owner == Section.Owner.MANAGER:
            return self._alone() if self.rights.is_employee else _("Only you write here.")
        return ""

    def _alone(self) -> str:
        return _("Only {name} writes here.").format(name=self.other)

    def _said(self, said: Answer | CriterionView) -> Said:
        if said.author_id == self.user.pk:
            who = _("What you had prepared")
        elif said.author_id in {self.talk.employee_id, self.talk.holder_id}:
            who = _("What {name} had prepared").format(name=self.other)
        else:
            who = _("What an earlier manager had prepared")
        if isinstance(said, Answer):
            return Said(who, said.text, said)
        return Said(who, said.reasons, step=said.step.name if said.step else "")

    def _result(self, row: ExpectationRow, shown: dict[str, ShownRow]) -> ShownResult:
        key = f"x-{row.expectation.pk}"
        theirs = next((each for party, each in row.results.items() if party != self.party), None)
        see = _("How {name} sees it").format(name=self.other)
        if key in shown:
            template = "dialogues/_joint_result.html"
            own = self._row(key, template, self.own_result(row), shown, {})
        else:
            mine = row.results.get(self.party)
            own = self._said_result(key, _("How you see it"), mine, differ=False)
        return ShownResult(
            expectation=row.expectation,
            terms=terms_of(row.expectation),
            own=own,
            other=self._said_result(f"other-{key}", see, theirs, differ=row.differ),
        )

    def _said_result(
        self, key: str, heading: str, result: ExpectationResult | None, *, differ: bool
    ) -> Piece:
        """What one of the two has said, to read."""
        return Piece(
            key,
            "dialogues/_joint_result_other.html",
            f"{result.revision if result else 0}:{differ}",
            {
                "heading": heading,
                "result": result,
                "by": self.written_by(result) if result else "",
                "differ": differ,
            },
        )

    def _expectations(self) -> Piece:
        cards = [self._card(row.expectation) for row in self.record.expectations]
        stamp = _stamp((card["expectation"].pk, card["expectation"].revision) for card in cards)
        context = {"talk": self.talk, "cards": cards, "year": year_agreed_on(self.talk)}
        return Piece("expectations", "dialogues/_joint_expectations.html", stamp, context)

    def _card(self, expectation: Expectation) -> dict[str, Any]:
        return {
            "expectation": expectation,
            "terms": terms_of(expectation),
            "is_raw": expectation.text == expectation.goal.title,
            "may_change": expectation.is_in_force and belongs_to(self.talk, expectation),
        }

    def _needs(self) -> Piece:
        needs = self.record.competence
        stamp = _stamp((need.pk, need.revision) for need in needs)
        context = {"talk": self.talk, "needs": needs, "today": timezone.localdate()}
        return Piece("needs", "dialogues/_joint_needs.html", stamp, context)

    def _weighings(self, shown: dict[str, ShownRow]) -> list[Piece]:
        return [
            self._row(
                criterion_key(weighing.criterion),
                "dialogues/_joint_weighing.html",
                weighing,
                shown,
                {
                    "criterion": weighing.criterion,
                    "views": [self._said(v) for v in self.prepared.views[weighing.criterion.pk]],
                },
            )
            for weighing in self.record.weighings
        ]


def _stamp(told: Any) -> str:
    return sha256(repr(list(told)).encode()).hexdigest()[:16]


def _when(at: datetime) -> str:
    at = timezone.localtime(at)
    told = {"day": date_format(at, "j F"), "time": date_format(at, "H.i")}
    if at.date() == timezone.localdate():
        return _("at {time}").format(**told)
    return _("on {day} at {time}").format(**told)
