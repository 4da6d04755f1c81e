"""A document as a Word file: real headings, tables with header rows, pictures with words.

The body is written as WordprocessingML, a block at a time: python-docx looks up every cell of a
table anew, which takes minutes for a board.
"""

from collections.abc import Iterable, Iterator
from io import BytesIO
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, Self
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import docx
from docx.image.image import Image
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import nsdecls
from docx.shared import Cm

from goals.documents import word_styles as styles
from goals.documents.model import (
    Block,
    BulletList,
    Contents,
    Document,
    Facts,
    Figure,
    Heading,
    Label,
    Mark,
    PageBreak,
    Paragraph,
    Said,
    Table,
    Thread,
    lines_of,
)
from goals.documents.pdf import made_picture

TEXT_WIDTH = Cm(16)
PICTURE_WIDTH = Cm(12.5)
TWIPS_PER_EMU = 635

_MAIN, _RELATIONS = "word/document.xml", "word/_rels/document.xml.rels"
_TYPES = "[Content_Types].xml"
_PICTURE_KIND = "http://schemas.openxmlformats.org/drawingml/2006/picture"


def made_word(document: Document) -> bytes:
    made = BytesIO()
    with WordFile(made, document) as word:
        word.add(document.blocks)
        word.finish(document)
    return made.getvalue()


class WordFile:
    """Written to `file` part by part, so that its size costs no memory."""

    def __init__(self, file: IO[bytes], document: Document) -> None:
        """Of the document only what stands on every page is used."""
        self._empty = _empty(document)
        self._zip = ZipFile(file, "w", ZIP_DEFLATED)
        self._body = TemporaryFile()  # noqa: SIM115 closed when this is
        self._pictures = 0
        self.chapters: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._body.close()
        self._zip.close()

    def add(self, blocks: Iterable[Block], *, on_new_page: bool = False) -> None:
        """Goes after what has been added, and all of it after the front matter."""
        if on_new_page:
            self._body.write(_PAGE_BREAK.encode())
        for block in blocks:
            self._body.write(self._markup(block).encode())

    def finish(self, document: Document, front: Iterable[Block] = ()) -> None:
        """Put the document's head and the front matter before all that was added."""
        whole = self._empty.read(_MAIN).decode()
        start, end = whole[: whole.index("<w:sectPr")], whole[whole.index("<w:sectPr") :]
        before = "".join([*_head(document), *map(self._markup, front)])
        self._body.seek(0)
        with self._zip.open(_MAIN, "w", force_zip64=True) as main:
            main.write((start + before).encode())
            copyfileobj(self._body, main)
            main.write(end.encode())
        relations = "".join(
            f'<Relationship Id="curve{number}" Type="{RELATIONSHIP_TYPE.IMAGE}" '
            f'Target="media/curve{number}.png"/>'
            for number in range(1, self._pictures + 1)
        )
        for name in self._empty.namelist():
            content = self._empty.read(name)
            if name == _MAIN:
                continue
            if name == _RELATIONS:
                content = content.replace(
                    b"</Relationships>", f"{relations}</Relationships>".encode()
                )
            if name == _TYPES and b'Extension="png"' not in content:
                png = b'<Default Extension="png" ContentType="image/png"/></Types>'
                content = content.replace(b"</Types>", png)
            self._zip.writestr(name, content)

    def _markup(self, block: Block) -> str:
        match block:
            case Heading():
                return self._heading(block)
            case Figure():
                return self._figure(block)
            case Contents():
                return _contents(block, self.chapters)
        return _markup_of(block)

    def _heading(self, block: Heading) -> str:
        inside = _run(block.text, said=block.is_said)
        if block.level == 1:
            self.chapters.append(block.text)
            place = len(self.chapters)
            inside = (
                f'<w:bookmarkStart w:id="{place}" w:name="{_bookmark(place)}"/>{inside}'
                f'<w:bookmarkEnd w:id="{place}"/>'
            )
        return _p(f"Heading{block.level}", inside, is_markup=True)

    def _figure(self, block: Figure) -> str:
        self._pictures += 1
        content = made_picture(block.svg)
        self._zip.writestr(f"word/media/curve{self._pictures}.png", content, ZIP_STORED)
        image = Image.from_blob(content)
        drawing = _picture(self._pictures, image.px_width, image.px_height, block.alt)
        return _p(styles.PICTURE, drawing, is_markup=True) + _p("Caption", block.caption)


def _empty(document: Document) -> ZipFile:
    word = docx.Document()
    styles.set_up(word, document)
    file = BytesIO()
    word.save(file)
    return ZipFile(file)


def _head(document: Document) -> Iterator[str]:
    yield _p("Title", document.title)
    yield _p("Subtitle", document.subtitle)
    yield _facts(document.facts)
    if document.has_cover:
        yield _PAGE_BREAK


def _markup_of(block: Block) -> str:
    markup = ""
    match block:
        case Label():
            markup = _p(styles.LABEL, block.text)
        case Paragraph():
            markup = "".join(_p("Normal", line) for line in lines_of(block.text))
        case Said():
            markup = "".join(_p(styles.SAID, line) for line in lines_of(block.text))
        case Mark():
            markup = _p(styles.MARKS[block.tone], block.text)
        case Thread():
            markup = _thread(block)
        case Facts():
            markup = _facts(block.rows)
        case Table():
            markup = _table(block)
        case BulletList():
            markup = "".join(_p("ListBullet", item) for item in block.items)
        case PageBreak():
            markup = _PAGE_BREAK
    return markup


def _picture(number: int, width: int, height: int, alt: str) -> str:
    name = f"curve{number}"
    size = f'cx="{PICTURE_WIDTH}" cy="{PICTURE_WIDTH * height // width}"'
    return (
        f'<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0">'
        f'<wp:extent {size}/><wp:docPr id="{number}" name="{name}" descr={quoteattr(alt)}/>'
        f'<a:graphic {nsdecls("a")}><a:graphicData uri="{_PICTURE_KIND}"><pic:pic {nsdecls("pic")}>'
        f'<pic:nvPicPr><pic:cNvPr id="{number}" name="{name}.png"/><pic:cNvPicPr/></pic:nvPicPr>'
        f'<pic:blipFill><a:blip r:embed="{name}"/><a:stretch><a:fillRect/></a:stretch>'
        f'</pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext {size}/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData>'
        "</a:graphic></wp:inline></w:drawing></w:r>"
    )


_PAGE_BREAK = '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'


def _run(text: str, *, said: bool = False) -> str:
    properties = f'<w:rPr><w:rStyle w:val="{styles.VOICE}"/></w:rPr>' if said else ""
    lines = "<w:br/>".join(
        f'<w:t xml:space="preserve">{escape(line)}</w:t>' for line in text.split("\n")
    )
    return f"<w:r>{properties}{lines}</w:r>"


def _p(style: str, content: str, *, is_markup: bool = False) -> str:
    inside = content if is_markup else _run(content)
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{inside}</w:p>'


def _bookmark(chapter: int) -> str:
    return f"chapter{chapter}"


def _thread(block: Thread) -> str:
    items = "".join(
        _p(styles.THREAD_LEVEL, level) + _p(styles.THREAD_GOAL, text) for level, text in block.items
    )
    return _p(styles.LABEL, block.title) + items


def _contents(block: Contents, chapters: list[str]) -> str:
    """A table of contents that Word can renew, filled in already."""
    begin = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        '<w:r><w:instrText xml:space="preserve"> TOC \\o "1-1" \\h \\n </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )
    end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    entries = [
        f'<w:hyperlink w:anchor="{_bookmark(place)}" w:history="1">{_run(chapter)}</w:hyperlink>'
        for place, chapter in enumerate(chapters, 1)
    ] or [""]
    entries[0] = begin + entries[0]
    entries[-1] += end
    listed = "".join(_p(styles.CONTENTS, entry, is_markup=True) for entry in entries)
    return _p(styles.CONTENTS_TITLE, block.title) + listed


# --- Tables ------------------------------------------------------------------------------------


def _facts(rows: list[tuple[str, str]]) -> str:
    marked = "".join(
        "<w:tr><w:trPr><w:cantSplit/></w:trPr>"
        + _cell(label, styles.FACT_LABEL, width)
        + _cell(value, styles.TABLE_TEXT, rest)
        + "</w:tr>"
        for label, value in rows
        for width, rest in [_widths([1, 2])]
    )
    return _framed(styles.FACTS, _widths([1, 2]), marked, header=False) if rows else ""


def _table(block: Table) -> str:
    widths = _widths(block.weights or [1] * len(block.header))
    header = "".join(
        _cell(text, styles.TABLE_HEAD, width, number=place in block.numeric)
        for place, (text, width) in enumerate(zip(block.header, widths, strict=True))
    )
    rows = [f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{header}</w:tr>"]
    for row in block.rows:
        cells = "".join(
            _cell(text, styles.TABLE_TEXT, width, number=place in block.numeric)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        rows.append(f"<w:tr>{cells}</w:tr>")
    table = _framed(styles.DATA, widths, "".join(rows), header=True, caption=block.caption)
    return _p("Caption", block.caption) + table


def _framed(style: str, widths: list[int], rows: str, *, header: bool, caption: str = "") -> str:
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    named = f"<w:tblCaption w:val={quoteattr(caption)}/>" if caption else ""
    return (
        f'<w:tbl><w:tblPr><w:tblStyle w:val="{style}"/><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        f'<w:tblLayout w:type="fixed"/><w:tblLook w:firstRow="{int(header)}" w:lastRow="0" '
        f'w:firstColumn="{int(not header)}" w:lastColumn="0" w:noHBand="1" w:noVBand="1"/>{named}'
        f"</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl>"
        # Without a paragraph between them Word makes two tables one.
        + _p(styles.AFTER_TABLE, "", is_markup=True)
    )


def _cell(text: str, style: str, width: int, *, number: bool = False) -> str:
    aligned = '<w:jc w:val="right"/>' if number else ""
    inside = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{aligned}</w:pPr>{_run(line)}</w:p>'
        for line in lines_of(text)
    )
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>{inside}</w:tc>'


def _widths(weights: list[int]) -> list[int]:
    whole = TEXT_WIDTH // TWIPS_PER_EMU
    return [whole * weight // sum(weights) for weight in weights]
