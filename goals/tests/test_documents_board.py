"""A board's document: ordered once, built by one, kept; and the table for those who calculate."""

import re
from datetime import timedelta
from io import BytesIO

import docx
import openpyxl
import pytest
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from goals.actions.documents import (
    BuildLostError,
    order_document,
    take_up_build,
    tell_build_progress,
)
from goals.documents import building
from goals.documents.board import parts_of
from goals.documents.building import build_all, build_document
from goals.documents.reading import material_of
from goals.models import DocumentBuild, Goal, Report, ReportVersion, Value
from stockholm_quality.tests.counting import Asked
from stockholm_quality.tests.side_by_side import side_by_side
from stockholm_quality.tests.world import build_world, canary
from stockholm_quality.tests.world_year import add_plan_year

State = DocumentBuild.State


@pytest.fixture
def built(year):
    """The board's document of T1: two units have handed in."""
    order_document(
        unit=year.units["board"],
        period=year.periods["t1"],
        language="sv",
        by=year.people["controller"],
    )
    build_all()
    return DocumentBuild.objects.get()


def _texts(built):
    word = docx.Document(BytesIO(built.docx))
    body = "\n".join(element.text or "" for element in word.element.body.iter() if element.text)
    pdf = "\n".join(page.extract_text() for page in PdfReader(BytesIO(built.pdf)).pages)
    return body, pdf


def test_the_document_holds_what_every_unit_handed_in_and_who_is_missing(year, built):
    word, pdf = _texts(built)

    assert (built.state, built.done, built.total) == (State.READY, 2, 2)
    for text in (word, pdf.replace("\n", "")):
        assert canary("accepted-sammanfattning") in text
        assert canary("returned-sammanfattning") in text
        assert "Förskolan Öknen" in text
        assert canary("controllerns ord") not in text
        assert canary("namn-protected") not in text


def test_the_document_holds_nothing_that_is_being_written(year):
    order_document(
        unit=year.units["board"],
        period=year.periods["t2"],
        language="sv",
        by=year.people["controller"],
    )
    build_all()

    word, pdf = _texts(DocumentBuild.objects.get())
    assert canary("submitted-sammanfattning") in word
    assert "working" not in word
    assert "kanariefågel-working" not in pdf


def test_both_files_hold_the_same_chapters_in_one_tagged_document(year, built):
    build = DocumentBuild.objects.select_related("unit", "period__plan_year__unit").get()
    material = material_of(build)
    reader = PdfReader(BytesIO(built.pdf), strict=True)
    root = reader.trailer["/Root"]
    chapters = [
        part.chapter for part in parts_of(material.book, material.chapters(), material.names)
    ]
    word = docx.Document(BytesIO(built.docx))

    assert [each.text for each in word.paragraphs if each.style.name == "Heading 1"] == chapters
    outline = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    assert outline[1:] == chapters
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    tree = root["/StructTreeRoot"]
    (whole,) = tree["/K"]
    assert whole["/S"] == "/Document"
    assert [part.get_object()["/S"] for part in whole["/K"]] == ["/Part"] * (len(chapters) + 1)
    keys = [int(page["/StructParents"]) for page in reader.pages]
    nums = tree["/ParentTree"]["/Nums"]
    assert len(set(keys)) == len(reader.pages)
    assert set(keys) <= {int(key) for key in nums[::2]}
    names = [str(name) for name in tree["/IDTree"]["/Names"][::2]]
    assert len(names) == len(set(names))


def test_every_tag_of_a_page_leads_back_to_the_tree(year, built):
    reader = PdfReader(BytesIO(built.pdf))
    root = reader.trailer["/Root"]
    nums = root["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    pairs = zip(nums[::2], nums[1::2], strict=True)
    parents = {int(key): value.get_object() for key, value in pairs}

    for page in reader.pages:
        for element in parents[int(page["/StructParents"])]:
            up = element.get_object()
            while up.get("/S") != "/Document":
                up = up["/P"].get_object()
            assert up["/P"]["/Type"] == "/StructTreeRoot"


def test_the_contents_name_the_pages_on_which_the_chapters_begin(year, built):
    reader = PdfReader(BytesIO(built.pdf))
    contents = reader.pages[1].extract_text()

    for entry in reader.outline[1:]:
        if not isinstance(entry, list):
            number = reader.get_destination_page_number(entry) + 1
            after = contents[contents.index(entry.title) + len(entry.title) :]
            assert re.search(r"\d+", after).group() == str(number)


def test_a_plan_is_put_together_as_well(year):
    order_document(
        unit=year.units["department"],
        period=year.periods["vp"],
        language="en",
        by=year.people["controller"],
    )
    build_all()

    word, _pdf = _texts(DocumentBuild.objects.get())
    assert "Nobody has handed in a report yet." in word


def test_a_build_costs_the_same_queries_whatever_the_number_of_units(year):
    def queries(period):
        order_document(
            unit=year.units["board"],
            period=year.periods[period],
            language="sv",
            by=year.people["controller"],
        )
        build = take_up_build()
        with Asked() as caught:
            build_document(build)
        return len(caught)

    assert queries("t1") <= 20
    assert queries("vp") <= 20


# --- Ordering ----------------------------------------------------------------------------------


def _order(client, world, token, unit="board", period="t1"):
    url = reverse("goals:document_order", args=[world.units[unit].pk, world.periods[period].pk])
    return client.post(url, token())


@pytest.mark.parametrize(
    ("persona", "status"),
    [("controller", 302), ("manager_above", 403), ("colleague", 403), ("other_controller", 403)],
)
def test_who_may_order(year, as_persona, token, persona, status):
    assert _order(as_persona(persona), year, token).status_code == status


def test_a_period_of_another_board_cannot_be_ordered(year, as_persona, token):
    assert _order(as_persona("controller"), year, token, period="other_t1").status_code == 404


def test_a_second_order_joins_the_first(year, as_persona, token):
    client = as_persona("controller")

    first, second = _order(client, year, token), _order(client, year, token)

    assert first["Location"] == second["Location"]
    assert DocumentBuild.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_orders_at_the_same_time_make_one_build():
    world = build_world()
    add_plan_year(world, "plan_year", "board")

    def order():
        return order_document(
            unit=world.units["board"],
            period=world.periods["t1"],
            language="sv",
            by=world.people["controller"],
        )

    first, second = side_by_side(order, order)

    assert first.pk == second.pk


@pytest.mark.django_db(transaction=True)
def test_a_build_is_taken_up_by_one_and_again_when_its_builder_is_silent():
    world = build_world()
    add_plan_year(world, "plan_year", "board")
    order_document(
        unit=world.units["board"],
        period=world.periods["t1"],
        language="sv",
        by=world.people["controller"],
    )

    taken = [build for build in side_by_side(take_up_build, take_up_build) if build]
    assert len(taken) == 1
    assert take_up_build() is None

    long_ago = timezone.now() - timedelta(seconds=31)
    DocumentBuild.objects.update(seen_alive_at=long_ago, done=7)
    again = take_up_build()
    assert (again.pk, again.done) == (taken[0].pk, 0)
    with pytest.raises(BuildLostError):
        tell_build_progress(build=taken[0], done=1, total=2)


@pytest.mark.django_db(transaction=True)
def test_an_order_is_built_beside_the_requests(client, token):
    world = build_world()
    add_plan_year(world, "plan_year", "board")
    client.force_login(world.people["controller"])

    _order(client, world, token)
    with building._building:  # held until the thread is done
        build = DocumentBuild.objects.get()

    assert build.state == State.READY
    page = client.get(build.get_absolute_url()).content.decode()
    assert reverse("goals:document_file", args=[build.pk, "pdf"]) in page


def test_what_cannot_be_built_fails_in_words(year, as_persona):
    order_document(
        unit=year.units["board"],
        period=year.periods["t1"],
        language="sv",
        by=year.people["controller"],
    )
    report = year.reports["accepted"]
    ReportVersion.objects.create(report=report, number=2, schema=99, snapshot={})
    Report.objects.filter(pk=report.pk).update(version_number=2, revision=F("revision") + 1)

    build_all()

    build = DocumentBuild.objects.get()
    assert build.state == State.FAILED
    page = as_persona("controller").get(build.get_absolute_url()).content.decode()
    assert reverse("goals:document_order", args=[build.unit_id, build.period_id]) in page


# --- Pages and files ---------------------------------------------------------------------------


def test_everyone_reads_a_document_that_is_ready_and_few_one_under_way(year, built, as_persona):
    for persona in ("stranger", "controller", "protected"):
        client = as_persona(persona)
        assert client.get(built.get_absolute_url()).status_code == 200
        file = client.get(reverse("goals:document_file", args=[built.pk, "docx"]))
        assert file.content == bytes(built.docx)
        assert "S%C3%B6dermalms" in file["Content-Disposition"]
    DocumentBuild.objects.update(state=State.RUNNING, seen_alive_at=timezone.now())

    assert as_persona("stranger").get(built.get_absolute_url()).status_code == 404
    page = as_persona("controller").get(built.get_absolute_url()).content.decode()
    assert "<progress" in page
    url = reverse("goals:document_file", args=[built.pk, "pdf"])
    assert as_persona("controller").get(url).status_code == 404


def test_htmx_gets_the_progress_alone(year, built, as_persona):
    page = as_persona("controller").get(
        built.get_absolute_url(),
        headers={"HX-Request": "true", "HX-Target": "document-progress"},
    )

    assert "<html" not in page.content.decode()


@pytest.mark.parametrize("kind", ["exe", "PDF", "pdf.docx"])
def test_another_kind_of_file_does_not_exist(year, built, as_persona, kind):
    client = as_persona("controller")
    report = year.reports["accepted"]

    for url in (
        reverse("goals:document_file", args=[built.pk, kind]),
        reverse("goals:report_document", args=[report.pk, kind]),
    ):
        assert client.get(url).status_code == 404


def test_the_list_shows_what_is_ready_and_lets_those_order_who_may(year, built, as_persona):
    url = reverse("goals:board_documents", args=[year.units["board"].pk])
    order = reverse("goals:document_order", args=[built.unit_id, built.period_id])

    reader = as_persona("stranger").get(url, {"year": year.year}).content.decode()
    controller = as_persona("controller").get(url, {"year": year.year}).content.decode()
    assert built.get_absolute_url() in reader
    assert order not in reader
    assert order in controller


# --- The table ---------------------------------------------------------------------------------


def _table(client, world, unit="board"):
    answer = client.get(reverse("goals:unit_table", args=[world.units[unit].pk, world.year]))
    assert answer.status_code == 200
    return openpyxl.load_workbook(BytesIO(answer.content))


def test_the_table_holds_what_was_handed_in_as_numbers(year, as_persona):
    book = _table(as_persona("stranger"), year)

    sheet = book.worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    values = [row[9] for row in rows if row[9] is not None]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:N{len(rows) + 1}"
    assert values
    assert all(isinstance(value, int | float) for value in values)
    text = str([[cell.value for cell in row] for each in book for row in each.iter_rows()])
    assert canary("accepted-skäl") in text
    assert canary("working-skäl") not in text
    assert canary("working-kommentar") not in text
    assert canary("unit_draft") not in text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r="])
def test_no_text_becomes_a_formula(year, as_persona, start):
    words = f'{start}HYPERLINK("http://x","y")'
    Goal.objects.filter(pk=year.goals["unit_goal"].pk).update(
        title=words, revision=year.goals["unit_goal"].revision + 1
    )
    for value in Value.objects.filter(submitted_at__isnull=False):
        value.submitted_comment, value.revision = words, value.revision + 1
        value.save(update_fields=["submitted_comment", "revision"])

    book = _table(as_persona("stranger"), year)

    cells = [
        cell
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if "HYPER" in str(cell.value)
    ]
    assert cells
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix for cell in cells)


def test_the_table_costs_the_same_queries_for_a_unit_and_for_a_board(year, as_persona):
    client = as_persona("stranger")

    def count(unit):
        with Asked() as caught:
            _table(client, year, unit)
        return len(caught)

    assert count("unit") == count("board") <= 15


def test_a_year_that_cannot_be_has_no_table(year, as_persona):
    url = reverse("goals:unit_table", args=[year.units["unit"].pk, 12026])
    assert as_persona("manager").get(url).status_code == 404
