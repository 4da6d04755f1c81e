"""What a board's document says: its own report, an overview, every unit's, and who is missing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from goals.documents.content import (
    PUBLISHER,
    HandedIn,
    Names,
    Tally,
    blocks_of,
    facts_of,
    in_words,
    language,
)
from goals.documents.model import (
    Block,
    BulletList,
    Contents,
    Document,
    Facts,
    Heading,
    Paragraph,
    Table,
)


@dataclass(frozen=True)
class Entry:
    """One report in the overview."""

    unit: str
    is_own: bool  # of the unit that the whole document is about
    tally: Tally
    indicators: int
    activities: int


@dataclass(frozen=True)
class Book:
    unit: str
    period: str
    year: int
    starts_on: date
    ends_on: date
    is_plan: bool
    made_on: date
    entries: list[Entry]  # in the order of the chapters
    waiting: list[str]  # units that have not handed in

    @property
    def title(self) -> str:
        return _("{period} {year}").format(period=self.period, year=self.year)


@dataclass(frozen=True)
class Part:
    """What is laid out at a time; `running` stands at the head of its pages."""

    running: str
    blocks: list[Block]

    @property
    def chapter(self) -> str:
        return next((block.text for block in self.blocks if isinstance(block, Heading)), "")


def front_of(book: Book, pages: list[tuple[str, int]]) -> Document:
    """The cover and the contents; `pages` are the chapters with their first pages."""
    return Document(
        title=book.title,
        subtitle=book.unit,
        facts=_facts(book),
        language=language(),
        publisher=PUBLISHER,
        running=f"{book.unit} · {book.title}",
        page_words=(_("Page"), _("of")),
        has_cover=True,
        is_part=True,
        blocks=[Contents(title=_("Contents"), pages=pages)],
    )


def parts_of(book: Book, chapters: Iterable[HandedIn], names: Names) -> Iterator[Part]:
    """Everything after the contents, in order. `chapters` are those of the book's entries."""
    overview: Part | None = _overview(book)
    for chapter in chapters:
        if overview and chapter.snapshot.unit != book.unit:
            yield overview
            overview = None
        yield _chapter(chapter, names)
    if overview:
        yield overview
    yield _waiting(book)


def page_document(front: Document, part: Part, first_page: int) -> Document:
    """A part to be laid out by itself."""
    return Document(
        title=front.title,
        subtitle=front.subtitle,
        facts=[],
        language=front.language,
        publisher=front.publisher,
        running=part.running,
        page_words=front.page_words,
        is_part=True,
        first_page=first_page,
        blocks=part.blocks,
    )


def _facts(book: Book) -> list[tuple[str, str]]:
    covers = _("{start} to {end}").format(
        start=date_format(book.starts_on), end=date_format(book.ends_on)
    )
    asked = len(book.entries) + len(book.waiting)
    reports = ngettext("{count} of {asked} report", "{count} of {asked} reports", asked).format(
        count=len(book.entries), asked=asked
    )
    return [
        (_("Covers"), covers),
        (_("Handed in"), reports),
        (_("Together"), _in_words(book)),
        (_("Put together"), date_format(book.made_on)),
    ]


def _in_words(book: Book) -> str:
    if not book.is_plan:
        return in_words(sum((entry.tally for entry in book.entries), Tally()))
    goals = sum(entry.tally.goals for entry in book.entries)
    return ngettext("{count} goal", "{count} goals", goals).format(count=goals) + "."


def _chapter(chapter: HandedIn, names: Names) -> Part:
    snapshot = chapter.snapshot
    return Part(
        running=f"{snapshot.unit} · {snapshot.period} {snapshot.year}",
        blocks=[
            Heading(level=1, text=snapshot.unit),
            Facts(rows=facts_of(chapter)),
            *blocks_of(chapter, names, level=2),
        ],
    )


def _overview(book: Book) -> Part:
    if book.is_plan:
        header = [_("Unit"), _("Goals"), _("Indicators"), _("Activities")]
        rows = [
            [entry.unit, *map(str, (entry.tally.goals, entry.indicators, entry.activities))]
            for entry in book.entries
        ]
        caption = _("What each unit plans")
    else:
        header = [
            _("Unit"),
            _("Goals"),
            _("Fully met"),
            _("Partly met"),
            _("Not met"),
            _("Not judged"),
        ]
        tallies = [(entry.unit, entry.tally) for entry in book.entries]
        tallies.append((_("Together"), sum((tally for _unit, tally in tallies), Tally())))
        rows = [
            [
                unit,
                *map(str, (each.goals, each.full, each.partial, each.not_met, each.not_judged)),
            ]
            for unit, each in tallies
        ]
        caption = _("How each unit judges its goals")
    blocks: list[Block] = [
        Heading(level=1, text=_("Overview")),
        Paragraph(text=_in_words(book)),
    ]
    if book.entries:
        numeric = list(range(1, len(header)))
        weights = [5, *([2] * len(numeric))]
        blocks.append(
            Table(caption=caption, header=header, rows=rows, numeric=numeric, weights=weights)
        )
    else:
        blocks.append(Paragraph(text=_("Nobody has handed in a report yet.")))
    return Part(running=f"{book.unit} · {book.title}", blocks=blocks)


def _waiting(book: Book) -> Part:
    blocks: list[Block] = [Heading(level=1, text=_("Not handed in"))]
    if book.waiting:
        blocks += [
            Paragraph(text=_("These had not handed in when the document was put together.")),
            BulletList(items=book.waiting),
        ]
    else:
        blocks.append(Paragraph(text=_("All have handed in.")))
    return Part(running=f"{book.unit} · {book.title}", blocks=blocks)
