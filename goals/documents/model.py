"""What a document consists of, whatever file it becomes: plain data, in the order it is read.

Texts are what people wrote or what the portal says; none of them is markup.
"""

import re
from typing import Any

import msgspec

_NEW_LINE = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
# What XML cannot hold and no font shows.
_UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class _Block(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=str.lower):
    pass


class Heading(_Block, frozen=True):
    level: int  # 1 is a chapter
    text: str
    is_said: bool = False  # somebody's own words, such as a goal


class Label(_Block, frozen=True):
    """A small heading of the text that follows; not in the outline."""

    text: str


class Paragraph(_Block, frozen=True):
    text: str


class Said(_Block, frozen=True):
    """What somebody decided or wrote, in the other voice."""

    text: str


class Mark(_Block, frozen=True):
    """A judgement: a word, with the colour and the shape of its `tone`."""

    tone: str  # full, partial, not or none
    text: str


class Thread(_Block, frozen=True):
    """The goal's line upwards: (level, goal) from the nearest to the council's."""

    title: str
    items: list[tuple[str, str]]


class Facts(_Block, frozen=True):
    rows: list[tuple[str, str]]


class Table(_Block, frozen=True):
    caption: str
    header: list[str]
    rows: list[list[str]]
    numeric: list[int] = []  # the columns that hold numbers
    weights: list[int] = []  # how wide each column is beside the others; alike without


class Figure(_Block, frozen=True):
    svg: str
    alt: str
    caption: str


class BulletList(_Block, frozen=True):
    items: list[str]


class PageBreak(_Block, frozen=True):
    pass


class Contents(_Block, frozen=True):
    """The chapters, as links; with the page of each when it is known beforehand."""

    title: str
    pages: list[tuple[str, int]] = []


Block = (
    Heading
    | Label
    | Paragraph
    | Said
    | Mark
    | Thread
    | Facts
    | Table
    | Figure
    | BulletList
    | PageBreak
    | Contents
)


class Document(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    subtitle: str
    facts: list[tuple[str, str]]
    language: str  # sv or en
    publisher: str
    running: str  # at the head of every page
    notice: str = ""  # beside it, when the document is not in force
    page_words: tuple[str, str]  # (Page, of)
    has_cover: bool = False
    is_part: bool = False  # of a larger one: begins with its blocks, and says no number of pages
    first_page: int = 1
    blocks: list[Block] = []


def cleaned(thing: Any) -> Any:
    """Plain data without the signs that no document can hold."""
    if isinstance(thing, str):
        lines = _NEW_LINE.sub("\n", thing.replace("\t", " "))
        return _UNPRINTABLE.sub("", lines)
    if isinstance(thing, dict):
        return {key: cleaned(value) for key, value in thing.items()}
    if isinstance(thing, list | tuple):
        return [cleaned(each) for each in thing]
    return thing


def lines_of(text: str) -> list[str]:
    """The paragraphs of a text; at least one, which may be empty."""
    return [line.strip() for line in text.split("\n") if line.strip()] or [""]


def texts_of(document: Document) -> list[tuple[str, str]]:
    """(kind, text) of everything that is read, in order: the same in every file."""
    found = [("title", document.title), ("subtitle", document.subtitle)]
    found += [("fact", text) for row in document.facts for text in row]
    for block in document.blocks:
        found += _texts_of_block(block)
    return [(kind, text) for kind, text in found if text]


def _texts_of_block(block: Block) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    match block:
        case Heading():
            found = [(f"heading{block.level}", block.text)]
        case Label() | Mark():
            found = [("label", block.text)]
        case Paragraph() | Said():
            found = [("text", line) for line in lines_of(block.text)]
        case Thread():
            found = [("label", block.title)]
            found += [("text", text) for item in block.items for text in item]
        case Facts():
            found = [("fact", text) for row in block.rows for text in row]
        case Table():
            found = [("caption", block.caption)]
            found += [("cell", cell) for row in [block.header, *block.rows] for cell in row]
        case Figure():
            found = [("caption", block.caption)]
        case BulletList():
            found = [("item", item) for item in block.items]
        case Contents():
            found = [("label", block.title)]
    return found
