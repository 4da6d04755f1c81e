"""What documents say: the same in both files, nothing of it taken for markup, nothing left out."""

from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import docx
import msgspec
import pytest
from django.utils import translation
from pypdf import PdfReader

from goals.documents.content import HandedIn, Names, report_document
from goals.documents.model import cleaned, texts_of
from goals.documents.pdf import made_pdf
from goals.documents.word import made_word
from goals.snapshots import SCHEMA, ValueSnapshot, decoded, encoded
from goals.tests.document_samples import as_handed_in, goal, indicator, snapshot

NAMES = Names({1: "Karin Ek"})
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
HOSTILE = [
    '#read("/etc/passwd")',
    '#image("../../manage.py")',
    "$ x^2 $ @ref <label> *fet* _kursiv_ `kod` = rubrik",
    "\\u{41} \\ \"citat\" 'enkla' // kommentar /* mer */",
    "rad ett\nrad två\n\n- punkt",
    "å ä ö Å Ä Ö é – “citat” € ½ ≥",
    "&lt; < > & ]]> <w:p/>",
]


def _document(made=None, **fields):
    return report_document(as_handed_in(made or snapshot(**fields)), NAMES)


def _plain(text):
    return "".join(text.split()).replace("\u00ad", "")


def _pdf_text(document):
    pages = PdfReader(BytesIO(made_pdf(document))).pages
    return "\n".join(page.extract_text() for page in pages)


def _word_texts(document):
    word = docx.Document(BytesIO(made_word(document)))
    found = []
    for paragraph in word.element.body.iter(f"{W}p"):
        style = paragraph.pPr.style if paragraph.pPr is not None else ""
        text = "".join(
            "\n" if each.tag == f"{W}br" else each.text or ""
            for each in paragraph.iter(f"{W}t", f"{W}br")
        ).strip()
        if text and style != "TOC1":
            found.append((style, text))
    return found


def _tags(content):
    """(role, text or nothing) of the PDF's structure tree, in the order of reading."""
    root = PdfReader(BytesIO(content)).trailer["/Root"]["/StructTreeRoot"]
    found = []

    def walk(element):
        element = element.get_object() if hasattr(element, "get_object") else element
        if isinstance(element, int):
            return
        if "/S" in element:
            found.append((element["/S"], element.get("/T", ""), element.get("/Alt", "")))
        kids = element.get("/K", [])
        for kid in kids if isinstance(kids, list) else [kids]:
            walk(kid)

    walk(root)
    return found


@pytest.mark.parametrize("is_plan", [True, False])
def test_pdf_and_word_say_the_same_block_by_block(is_plan):
    document = _document(is_plan=is_plan)
    expected = texts_of(document)

    word = _word_texts(document)
    assert [text for _style, text in word] == [
        line.strip() for _kind, text in expected for line in text.split("\n") if line.strip()
    ]
    pdf = _plain(_pdf_text(document))
    missing = [text for _kind, text in expected if _plain(text)[:40] not in pdf]
    assert missing == []


def test_headings_are_headings_in_both():
    document = _document()
    expected = [(kind, text) for kind, text in texts_of(document) if kind.startswith("heading")]

    word = [
        (style.lower(), text) for style, text in _word_texts(document) if style.startswith("Head")
    ]
    pdf = [
        (f"heading{role[-1]}", title)
        for role, title, _alt in _tags(made_pdf(document))
        if role in {"/H1", "/H2", "/H3", "/H4"}
    ]
    assert len(expected) > 10
    assert word == expected
    assert [kind for kind, _title in pdf] == [kind for kind, _text in expected]


def test_the_pdf_calls_itself_accessible_and_names_its_language():
    reader = PdfReader(BytesIO(made_pdf(_document())))
    root = reader.trailer["/Root"]

    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "sv"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata.title == "Verksamhetsberättelse 2026"


def test_pictures_and_tables_speak_in_both_files():
    document = _document()

    tags = _tags(made_pdf(document))
    figures = [alt for role, _title, alt in tags if role == "/Figure"]
    roles = [role for role, _title, _alt in tags]
    word = docx.Document(BytesIO(made_word(document)))
    alts = [shape._inline.docPr.get("descr") for shape in word.inline_shapes]
    assert alts
    assert figures == alts
    assert all(alts)
    assert "/TH" in roles
    assert "/THead" in roles
    data = [table for table in word.tables if table.style.name == "DataTable"]
    assert data
    assert all(table.rows[0]._tr.trPr.find(f"{W}tblHeader") is not None for table in data)


def test_the_word_file_names_its_language_and_title():
    content = made_word(_document())
    word = docx.Document(BytesIO(content))

    assert word.core_properties.title == "Verksamhetsberättelse 2026"
    assert word.core_properties.language == "sv-SE"
    styles = ZipFile(BytesIO(content)).read("word/styles.xml").decode()
    assert 'w:lang w:val="sv-SE"' in styles


def test_the_words_of_the_portal_follow_the_reader():
    with translation.override("en"):
        english = _document()
    with translation.override("sv"):
        swedish = _document()

    assert english.language == "en"
    assert swedish.language == "sv"
    assert ("text", snapshot().summary.strip()) in texts_of(english)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_read_as_markup_or_reads_a_file(text):
    made = snapshot(
        summary=text,
        unit=text.replace("\n", " "),
        goals=[goal(1, title=text.replace("\n", " "), reason=text, indicators=1)],
    )
    document = _document(made)

    pdf = _pdf_text(document)
    assert _plain(text) in _plain(pdf)
    assert "root:" not in pdf
    word = "\n".join(text for _style, text in _word_texts(document))
    assert _plain(text) in _plain(word)


@pytest.mark.parametrize(
    "text", ["Bra jobbat 😀👩‍🏫!", "漢字 och عربي", "\u0001\u0008a\u2028b\x0b"]
)
def test_signs_that_no_font_has_stop_no_document(text):
    data = cleaned(encoded(snapshot(summary=text)))
    document = _document(decoded(data, SCHEMA))

    assert made_pdf(document).startswith(b"%PDF")
    word = _word_texts(document)
    assert text.startswith("\u0001") or any(text in said for _style, said in word)


def test_very_long_texts_go_on_over_the_pages():
    words = " ".join(f"ord{number}" for number in range(700))
    document = _document(snapshot(summary=words, goals=[goal(1, title="x" * 500, reason=words)]))

    pdf = _pdf_text(document)
    assert "ord0 " in pdf
    assert "ord699" in pdf
    assert len(PdfReader(BytesIO(made_pdf(document))).pages) > 3


def test_an_empty_report_says_so():
    document = _document(snapshot(count=0, summary="", needs=[]))

    texts = [text for _kind, text in texts_of(document)]
    assert str(translation.gettext("There were no goals to report on.")) in texts
    assert str(translation.gettext("No summary was written.")) in texts
    assert made_pdf(document).startswith(b"%PDF")
    assert docx.Document(BytesIO(made_word(document))).paragraphs


def test_a_missing_value_is_a_dash_and_one_not_measured_is_said_in_words():
    with translation.override("en"):
        given = indicator(1, values=[], earlier=[], annual_target=None, baseline=None)
        not_measured = indicator(
            2, values=[ValueSnapshot(gender="T", is_not_measured=True)], earlier=[]
        )
        zero = indicator(3, values=[ValueSnapshot(gender="T", value=Decimal(0))], earlier=[])
        made = goal(3, activities=[], analysis=None, indicators=0)
        made = msgspec.structs.replace(made, indicators=[given, not_measured, zero])
        texts = texts_of(_document(snapshot(goals=[made], needs=[])))

    cells = [text for kind, text in texts if kind == "cell"]
    now = [cells[place + 1] for place, cell in enumerate(cells)
           if cell == "Verksamhetsberättelse 2026"]  # fmt: skip
    assert now == ["–", "Not measured", "0.0\xa0%"]


def test_women_and_men_stand_beside_the_total():
    with translation.override("en"):
        texts = [text for _kind, text in texts_of(_document())]

    place = texts.index("Women")
    assert texts[texts.index("Total") + 1] == "78.3\xa0%"
    assert texts[place + 1] == "80.0\xa0%"
    assert texts[texts.index("Men") + 1] == "Not measured"


def test_the_merged_unit_that_wrote_the_goal_is_named():
    texts = texts_of(_document(snapshot(goals=[goal(1, from_unit="Förskolan Backen")])))

    assert any("Förskolan Backen" in text for _kind, text in texts)


def test_who_is_not_named_stays_a_named_employee():
    with translation.override("en"):
        texts = [text for _kind, text in texts_of(_document())]

    assert "Karin Ek" in texts
    assert "a named employee" in texts


def test_a_working_copy_says_so_on_every_page_and_a_correction_why():
    with translation.override("en"):
        working = report_document(HandedIn(snapshot=snapshot(version_number=0)), NAMES)
        corrected = report_document(
            HandedIn(
                snapshot=snapshot(version_number=2, correction_reason="Fel tal i T1."),
                at=datetime(2027, 2, 1, tzinfo=UTC),
            ),
            NAMES,
        )

    pages = PdfReader(BytesIO(made_pdf(working))).pages
    assert all("Working copy – not handed in" in page.extract_text() for page in pages)
    word = docx.Document(BytesIO(made_word(working)))
    assert "Working copy – not handed in" in word.sections[0].header.paragraphs[0].text
    assert ("Version", "2") in corrected.facts
    assert ("Why it was corrected", "Fel tal i T1.") in corrected.facts
    assert corrected.notice == ""
