"""The record of a talk as it is read: the same words on the page, in a comparison and in the PDF.

What is read comes from the frozen snapshot alone; who the two are is told by whoever calls.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256

import msgspec
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from dialogues.models import (
    CompetenceNeed,
    Confirmation,
    ExpectationResult,
    Party,
    Section,
    TalkKind,
)
from dialogues.models.template import in_own_language
from dialogues.snapshots import (
    CompetenceSnapshot,
    ExpectationSnapshot,
    PartSnapshot,
    TalkSnapshot,
    WeighingSnapshot,
)
from goals.documents.model import (
    Block,
    Document,
    Facts,
    Heading,
    Label,
    Mark,
    Paragraph,
    Said,
    cleaned,
)

PUBLISHER = "Stockholms stad"
HEAD = "head"
LONGEST_HEADING = 100  # characters
_TONES: dict[str, str] = {
    ExpectationResult.Outcome.FULL: "full",
    ExpectationResult.Outcome.PARTIAL: "partial",
    ExpectationResult.Outcome.NOT: "not",
    Confirmation.Outcome.CONFIRMED: "full",
    Confirmation.Outcome.WITH_REMARK: "partial",
    Confirmation.Outcome.DECLINED: "not",
}
# What a pill calls the tone (templates/components/pill.html).
_PILLS = {"full": "full", "partial": "part", "not": "not", "none": "none"}

Row = tuple[str, str]


class People:
    """The names of the two that the reader may see; else what they are in the talk."""

    def __init__(self, names: Mapping[int, str], employee: int, holder: int) -> None:
        self.employee = names.get(employee) or _("the employee")
        self.holder = names.get(holder) or _("the manager")

    def of(self, party: str) -> str:
        return self.employee if party == Party.EMPLOYEE else self.holder


@dataclass(frozen=True)
class Verdict:
    """What one of the two said of something: a word with its tone, and words of their own."""

    by: str
    tone: str
    label: str
    words: str = ""
    at: datetime | None = None

    @property
    def pill(self) -> str:
        return _PILLS[self.tone]


@dataclass(frozen=True)
class Card:
    title: str
    facts: list[Row] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)


@dataclass(frozen=True)
class Chapter:
    key: str
    heading: str
    text: str = ""
    owner: str = ""
    cards_title: str = ""
    cards: list[Card] = field(default_factory=list)

    @property
    def plain(self) -> str:
        """All that it says, for a comparison."""
        lines = [self.text] if self.text else []
        for card in self.cards:
            lines.append(card.title)
            lines += [f"{label}: {text}" for label, text in card.facts]
            lines += [f"{each.by}: {each.label}. {each.words}".strip() for each in card.verdicts]
        return "\n".join(lines)

    @property
    def mark(self) -> str:
        return sha256(self.plain.encode()).hexdigest()[:16]


# --- The content -------------------------------------------------------------------------------


def head_of(snapshot: TalkSnapshot, people: People) -> list[Row]:
    rows = [
        (_("Employee"), people.employee),
        (_("Occupation"), snapshot.occupation),
        (_("Unit"), snapshot.unit),
        (_("Held by"), people.holder),
        (_("Held on"), date_format(snapshot.held_on)),
    ]
    if snapshot.next_on:
        rows.append((_("Next talk"), date_format(snapshot.next_on)))
    if snapshot.criteria:
        rows.append((_("Pay criteria"), snapshot.criteria))
    return rows


def title_of(snapshot: TalkSnapshot) -> str:
    return f"{TalkKind(snapshot.kind).label} {snapshot.year}"


def chapters_of(snapshot: TalkSnapshot, people: People) -> list[Chapter]:
    """In the template's order, in the reader's language; what belongs to no section comes last."""
    shows = Section.Shows
    cards: dict[str, tuple[str, list[Card]]] = {}
    if snapshot.results:
        year = snapshot.results[0].year
        cards[shows.RESULTS] = (
            _("Expectations of {year}, with results").format(year=year),
            [_expectation(each, people, with_terms=False) for each in snapshot.results],
        )
    if snapshot.expectations:
        year = snapshot.expectations[0].year
        cards[shows.EXPECTATIONS] = (
            _("Expectations of {year}").format(year=year),
            [_expectation(each, people, with_terms=True) for each in snapshot.expectations],
        )
    if snapshot.competence:
        cards[shows.COMPETENCE] = (
            _("Competence plan"),
            [_need(each, people) for each in snapshot.competence],
        )
    if snapshot.weighings:
        cards[shows.CRITERIA] = (
            _("Criteria weighed"),
            [_weighing(each) for each in snapshot.weighings],
        )
    chapters = [_chapter(part, people, cards.pop(part.shows, None)) for part in snapshot.parts]
    chapters += [
        Chapter(key=shown, heading=title, cards=found) for shown, (title, found) in cards.items()
    ]
    return chapters


def _chapter(part: PartSnapshot, people: People, shown: tuple[str, list[Card]] | None) -> Chapter:
    title, cards = shown or ("", [])
    return Chapter(
        key=f"section-{part.section}",
        heading=in_own_language(part.heading, part.heading_en),
        text=part.text.strip(),
        owner=people.of(part.owner) if part.owner in Party.values else "",
        cards_title=title,
        cards=cards,
    )


def _filled(*rows: Row) -> list[Row]:
    return [(label, text) for label, text in rows if text]


def _expectation(each: ExpectationSnapshot, people: People, *, with_terms: bool) -> Card:
    terms = (
        [
            (_("Support needed"), each.support),
            (_("By when"), date_format(each.due_on) if each.due_on else ""),
        ]
        if with_terms
        else []
    )
    facts = _filled(
        (_("Serves the goal"), each.goal),
        (_("Expected result"), each.expected_result),
        (_("How it shows"), each.sign),
        *terms,
    )
    if each.is_withdrawn:
        facts.append((_("State"), _("Withdrawn")))
    verdicts = [
        Verdict(
            people.of(result.party),
            _TONES.get(result.outcome, "none"),
            str(ExpectationResult.Outcome(result.outcome).label),
            result.words,
        )
        for result in each.results
    ]
    return Card(each.text, facts, verdicts)


def _need(each: CompetenceSnapshot, people: People) -> Card:
    source = str(CompetenceNeed.Source(each.source).label)
    return Card(
        each.need,
        _filled(
            (_("Comes from"), f"{source}: {each.comes_from}" if each.comes_from else source),
            (_("Activity"), each.activity),
            (_("Responsible"), people.of(each.responsible)),
            (_("By when"), date_format(each.due_on) if each.due_on else ""),
            (_("State"), str(CompetenceNeed.State(each.state).label)),
            (_("Done on"), date_format(each.done_on) if each.done_on else ""),
            (_("What it led to"), each.effect),
            (_("Why it was dropped"), each.drop_reason),
        ),
    )


def _weighing(each: WeighingSnapshot) -> Card:
    step = f"{each.step}: {each.step_words}" if each.step_words else each.step
    return Card(
        each.criterion,
        _filled(
            (_("Step"), step),
            (_("What was weighed"), each.weighed),
            (_("What would raise the pay"), each.would_raise),
        ),
    )


def answers_of(confirmations: Iterable[Confirmation], people: People) -> list[Verdict]:
    """What the two answered, the first to answer first."""
    return [
        Verdict(
            people.of(each.party),
            _TONES[Confirmation.Outcome(each.outcome)],
            str(Confirmation.Outcome(each.outcome).label),
            each.words,
            each.at,
        )
        for each in sorted(confirmations, key=lambda each: (each.at, each.pk))
    ]


# --- What has changed --------------------------------------------------------------------------


def with_head(snapshot: TalkSnapshot, people: People) -> list[Chapter]:
    """The chapters, after one that holds what stands at the head of the record."""
    facts = [(label, text) for label, text in head_of(snapshot, people)]
    head = Chapter(key=HEAD, heading=_("About the talk"), cards=[Card("", facts)])
    return [head, *chapters_of(snapshot, people)]


def marks_of(chapters: Iterable[Chapter]) -> str:
    """What each chapter said, for `changed_since`: short enough for a form to carry along."""
    return " ".join(f"{chapter.key}={chapter.mark}" for chapter in chapters)


def changed_since(marks: str, chapters: Iterable[Chapter]) -> set[str]:
    """The keys of the chapters that say something else than when `marks_of` was told."""
    seen = dict(mark.split("=", 1) for mark in marks.split() if "=" in mark)
    return {chapter.key for chapter in chapters if seen.get(chapter.key) != chapter.mark}


# --- The document ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """A version as a document tells it."""

    snapshot: TalkSnapshot
    people: People
    number: int
    made_at: datetime
    reason: str
    answers: list[Verdict]
    state: str
    notice: str  # of a version that does not hold


def record_document(told: Told) -> Document:
    """In the active language."""
    title = title_of(told.snapshot)
    document = Document(
        title=title,
        subtitle=f"{told.people.employee}, {told.snapshot.unit}",
        facts=[*head_of(told.snapshot, told.people), *_facts_of_version(told)],
        language=(get_language() or "sv")[:2],
        publisher=PUBLISHER,
        running=_("{title} · version {number}").format(title=title, number=told.number),
        notice=told.notice,
        page_words=(_("Page"), _("of")),
        blocks=list(_blocks(told)),
    )
    return _printable(document)


def _facts_of_version(told: Told) -> list[Row]:
    rows = [
        (_("Version"), f"{told.number}, {_day(told.made_at)}"),
        (_("State"), told.state),
    ]
    rows += [(each.by, f"{each.label}, {_day(each.at)}") for each in told.answers]
    if told.reason:
        rows.append((_("Why it was corrected"), told.reason))
    return rows


def _day(moment: datetime | date | None) -> str:
    if isinstance(moment, datetime):
        moment = timezone.localdate(moment)
    return date_format(moment) if moment else ""


def _blocks(told: Told) -> Iterator[Block]:
    for chapter in chapters_of(told.snapshot, told.people):
        yield Heading(level=1, text=chapter.heading)
        if chapter.owner:
            yield Label(text=_("Written by {name}").format(name=chapter.owner))
        if chapter.text:
            yield Said(text=chapter.text)
        elif not chapter.cards:
            yield Paragraph(text=_("Nothing was written here."))
        yield from _cards(chapter)
    yield Heading(level=1, text=_("Confirmation"))
    if not told.answers:
        yield Paragraph(text=_("Nobody has answered this version."))
    for answer in told.answers:
        yield from _verdict(answer)


def _cards(chapter: Chapter) -> Iterator[Block]:
    if chapter.cards:
        yield Heading(level=2, text=chapter.cards_title or chapter.heading)
    for place, card in enumerate(chapter.cards, 1):
        title = Truncator(card.title).chars(LONGEST_HEADING)
        yield Heading(level=3, text=f"{place}. {title}", is_said=True)
        if title != card.title:
            yield Said(text=card.title)
        if card.facts:
            yield Facts(rows=card.facts)
        for verdict in card.verdicts:
            yield from _verdict(verdict)


def _verdict(verdict: Verdict) -> Iterator[Block]:
    by = f"{verdict.by}, {_day(verdict.at)}" if verdict.at else verdict.by
    yield Label(text=by)
    yield Mark(tone=verdict.tone, text=verdict.label)
    if verdict.words:
        yield Said(text=verdict.words)


def _printable(document: Document) -> Document:
    """Without the signs that no document can hold."""
    return msgspec.convert(cleaned(msgspec.to_builtins(document, enc_hook=str.__str__)), Document)
