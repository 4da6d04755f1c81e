"""How a Word document looks, what language it is in and what stands on every page."""

from docx.document import Document as Word
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt, RGBColor
from docx.styles.style import CharacterStyle, ParagraphStyle
from docx.text.paragraph import Paragraph

from goals.documents.model import Document

UI, SERIF = "Calibri", "Georgia"
WATER, LAKE, QUIET, BRICK = "0D3B5C", "1A6591", "4A5660", "9B3226"
RULE, SKY, SUN = "DDD8CC", "E6F0F6", "F0C861"
TONES = {
    "full": ("1C6654", "E1F0EA"),
    "partial": ("7D5100", "FAEFD6"),
    "not": (BRICK, "F9E5E1"),
    "none": ("535D65", "ECEBE6"),
}
TAGS = {"sv": "sv-SE", "en": "en-GB"}

SAID, LABEL, VOICE = "Said", "Label", "Voice"
MARKS = {tone: f"Mark{tone.title()}" for tone in TONES}
THREAD_LEVEL, THREAD_GOAL = "ThreadLevel", "ThreadGoal"
TABLE_TEXT, TABLE_HEAD, FACT_LABEL, AFTER_TABLE = (
    "TableText",
    "TableHead",
    "FactLabel",
    "AfterTable",
)
FACTS, DATA = "FactsTable", "DataTable"
PICTURE, CONTENTS, CONTENTS_TITLE = "Picture", "TOC1", "ContentsTitle"

_HEADINGS = {
    1: (18, 18, 8, SERIF),
    2: (13.5, 16, 6, UI),
    3: (11.5, 12, 4, UI),
    4: (10.5, 10, 4, UI),
}


def set_up(word: Word, document: Document) -> None:
    _page(word, document)
    _language(word, TAGS.get(document.language, "sv-SE"))
    _styles(word)
    properties = word.core_properties
    properties.title, properties.subject = document.title, document.subtitle
    properties.author = properties.last_modified_by = document.publisher
    properties.language = TAGS.get(document.language, "sv-SE")
    properties.comments = properties.keywords = ""


def _language(word: Word, tag: str) -> None:
    defaults = word.styles.element.find(f".//{qn('w:docDefaults')}//{qn('w:rPr')}")
    for old in defaults.findall(qn("w:lang")):
        defaults.remove(old)
    defaults.append(parse_xml(f'<w:lang {nsdecls("w")} w:val="{tag}"/>'))
    theme = word.settings.element.find(qn("w:themeFontLang"))
    theme.set(qn("w:val"), tag)


# --- The page ----------------------------------------------------------------------------------


def _page(word: Word, document: Document) -> None:
    section = word.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.5)
    section.top_margin, section.bottom_margin = Cm(2.7), Cm(2.4)
    section.different_first_page_header_footer = document.has_cover
    header = _line(section.header.paragraphs[0], document.running)
    if document.notice:
        run = header.add_run(f"\t{document.notice}")
        run.bold, run.font.color.rgb = True, RGBColor.from_string(BRICK)
    footer = _line(section.footer.paragraphs[0], f"{document.publisher}\t{document.page_words[0]} ")
    _field(footer, "PAGE")
    footer.add_run(f" {document.page_words[1]} ")
    _field(footer, "NUMPAGES")


def _line(paragraph: Paragraph, text: str) -> Paragraph:
    for stop in list(paragraph.paragraph_format.tab_stops):
        del stop
    properties = paragraph._p.get_or_add_pPr()
    properties.append(
        parse_xml(
            f'<w:tabs {nsdecls("w")}><w:tab w:val="clear" w:pos="4320"/>'
            '<w:tab w:val="clear" w:pos="8640"/><w:tab w:val="right" w:pos="9071"/></w:tabs>'
        )
    )
    paragraph.add_run(text)
    return paragraph


def _field(paragraph: Paragraph, code: str) -> None:
    for kind in ("begin", "", "separate", "number", "end"):
        inside = f'<w:fldChar w:fldCharType="{kind}"/>'
        if not kind:
            inside = f"<w:instrText>{code}</w:instrText>"
        elif kind == "number":
            inside = "<w:t>1</w:t>"
        paragraph._p.append(parse_xml(f"<w:r {nsdecls('w')}>{inside}</w:r>"))


# --- Styles ------------------------------------------------------------------------------------


def _styles(word: Word) -> None:
    known = word.styles
    _dressed(known["Normal"], UI, 10.5, after=6)
    _dressed(known["Title"], SERIF, 26, color=WATER, bold=True, before=12, after=4)
    _bordered(known["Title"], "bottom", SUN, 18)
    _dressed(known["Subtitle"], UI, 13, color=QUIET, after=12)
    for level, (size, before, after, font) in _HEADINGS.items():
        _dressed(
            known[f"Heading {level}"],
            font,
            size,
            color=WATER,
            bold=True,
            before=before,
            after=after,
            keep=True,
        )
    _dressed(known["Caption"], UI, 9, color=QUIET, bold=True, before=6, after=3, keep=True)
    _dressed(known["List Bullet"], UI, 10.5, after=3)
    for name in ("Header", "Footer"):
        _dressed(known[name], UI, 8.5, color=QUIET)
    voice = known.add_style(VOICE, WD_STYLE_TYPE.CHARACTER)
    _fonts(voice, SERIF)
    _added(word, SAID, SERIF, 11, after=6, indent=0.35)
    _bordered(known[SAID], "left", "B7CEDD", 12)
    _added(word, LABEL, UI, 9.5, color=QUIET, bold=True, before=8, after=2, keep=True)
    for tone, (strong, soft) in TONES.items():
        style = _added(word, MARKS[tone], UI, 10.5, color=strong, bold=True, after=6, keep=True)
        _bordered(style, "left", strong, 36, soft)
    _added(word, THREAD_LEVEL, UI, 9, color=QUIET, after=0, keep=True, indent=0.4)
    _added(word, THREAD_GOAL, SERIF, 10.5, after=0, indent=0.4)
    for name in (THREAD_LEVEL, THREAD_GOAL):
        _bordered(known[name], "left", LAKE, 12)
    _added(word, TABLE_TEXT, UI, 9.5, after=0)
    _added(word, TABLE_HEAD, UI, 9, color=WATER, bold=True, after=0, keep=True)
    _added(word, FACT_LABEL, UI, 9.5, color=QUIET, after=0)
    _added(word, AFTER_TABLE, UI, 4, after=2)
    _added(word, PICTURE, UI, 10.5, before=6, after=2, keep=True)
    _added(word, CONTENTS, UI, 10.5, color=LAKE, after=3)
    known[CONTENTS].element.name_val = "toc 1"
    _added(word, CONTENTS_TITLE, SERIF, 18, color=WATER, bold=True, after=8, keep=True)
    for name, bottom in ((FACTS, "FFFFFF"), (DATA, WATER)):
        known.element.append(parse_xml(_table_style(name, bottom)))


def _added(
    word: Word,
    name: str,
    font: str,
    size: float,
    *,
    color: str = "",
    bold: bool = False,
    before: float = 0,
    after: float = 0,
    keep: bool = False,
    indent: float = 0,
) -> ParagraphStyle:
    style: ParagraphStyle = word.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style.base_style = word.styles["Normal"]
    _dressed(style, font, size, color=color, bold=bold, before=before, after=after, keep=keep)
    if indent:
        style.paragraph_format.left_indent = Cm(indent)
    return style


def _dressed(
    style: ParagraphStyle,
    font: str,
    size: float,
    *,
    color: str = "1B242B",
    bold: bool = False,
    before: float = 0,
    after: float = 0,
    keep: bool = False,
) -> None:
    _fonts(style, font)
    style.font.size, style.font.bold, style.font.italic = Pt(size), bold, False
    style.font.color.rgb = RGBColor.from_string(color or "1B242B")
    layout = style.paragraph_format
    layout.space_before, layout.space_after = Pt(before), Pt(after)
    layout.line_spacing = 1.15
    layout.keep_with_next = keep
    if (borders := style.element.get_or_add_pPr().find(qn("w:pBdr"))) is not None:
        style.element.pPr.remove(borders)
    spacing = style.element.rPr.find(qn("w:spacing"))
    if spacing is not None:
        style.element.rPr.remove(spacing)


def _fonts(style: ParagraphStyle | CharacterStyle, font: str) -> None:
    """The theme's fonts would go before the named ones."""
    style.font.name = font
    fonts = style.element.rPr.rFonts
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:cs"), font)


def _bordered(style: ParagraphStyle, side: str, color: str, eighths: int, fill: str = "") -> None:
    properties = style.element.get_or_add_pPr()
    border = parse_xml(
        f'<w:pBdr {nsdecls("w")}><w:{side} w:val="single" w:sz="{eighths}" w:space="6" '
        f'w:color="{color}"/></w:pBdr>'
    )
    # The schema has an order: borders and shading come before tabs and spacing.
    later = next((each for each in properties if each.tag in {qn("w:spacing"), qn("w:ind")}), None)
    elements = [border]
    if fill:
        elements.append(
            parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{fill}"/>')
        )
    for element in elements:
        if later is None:
            properties.append(element)
        else:
            later.addprevious(element)


def _table_style(name: str, under_header: str) -> str:
    header = (
        '<w:tblStylePr w:type="firstRow"><w:tcPr><w:tcBorders>'
        f'<w:bottom w:val="single" w:sz="12" w:space="0" w:color="{under_header}"/></w:tcBorders>'
        f'<w:shd w:val="clear" w:color="auto" w:fill="{SKY}"/></w:tcPr></w:tblStylePr>'
    )
    return (
        f'<w:style {nsdecls("w")} w:type="table" w:customStyle="1" w:styleId="{name}">'
        f'<w:name w:val="{name}"/><w:basedOn w:val="TableNormal"/><w:tblPr><w:tblBorders>'
        f'<w:bottom w:val="single" w:sz="4" w:space="0" w:color="{RULE}"/>'
        f'<w:insideH w:val="single" w:sz="4" w:space="0" w:color="{RULE}"/></w:tblBorders>'
        '<w:tblCellMar><w:top w:w="50" w:type="dxa"/><w:left w:w="80" w:type="dxa"/>'
        '<w:bottom w:w="50" w:type="dxa"/><w:right w:w="80" w:type="dxa"/></w:tblCellMar>'
        f"</w:tblPr>{header if name == DATA else ''}</w:style>"
    )
