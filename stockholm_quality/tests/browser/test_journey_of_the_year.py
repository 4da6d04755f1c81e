"""A year in one walk: planned, followed up, returned, accepted, taken along and corrected."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.utils import timezone
from docx import Document
from docx.table import Table
from docx.text.paragraph import Paragraph
from playwright.sync_api import Locator, Page, expect
from pypdf import PdfReader

from goals.actions.reports import begin_report, mark_of, submit_report, write_value
from goals.models import Activity, Goal, Indicator, Period, PlanYear, Report, Target, Value
from stockholm_quality.tests.browser.city import LONG_AGO, City, adopt
from stockholm_quality.tests.browser.walking import field, press, press_link, sign_in, sign_out
from stockholm_quality.tests.browser.windows import Windows
from stockholm_quality.tests.browser.windows import swedish as _
from units.models import Role, RoleAssignment, Unit, UnitPlacement, User

BOARD_GOAL = "Barn i Hägersten-Älvsjö får det språk de behöver för att lyckas i skolan"
UNIT_GOAL = "Alla barn på Ängen har ett rikt språk när de börjar skolan"
SATISFIED = "Andel nöjda föräldrar"
STORIES = "Andel barn som berättar en saga för en kamrat"
ACTIVITY = "Läsa högt i små grupper varje dag"
PROGRESS = "Alla grupper läser, och två har börjat med sagor på modersmålen"
PLAN = "I år lägger vi kraften på språket"
SUMMARY = "Våren gick framåt för barnen, men föräldrarna vet för lite om det"
REASON = "Barnen berättar mer, men enkäten visar att föräldrarna inte ser det"
DIFFERENCE = "Enkäten besvarades av nio föräldrar, så den väger lätt"
BETTER_REASON = "Barnen berättar mer. Enkäten besvarades av nio av fyrtio föräldrar"
CAUSE = "Varför såg de det inte? Därför att vi berättar om språket först i maj"
MEASURE = "Berätta om barnens språk vid lämningen varje vecka"
NEED = "Fler böcker på barnens modersmål"
COMMENT = "Skriv hur många föräldrar som svarade"
CORRECTION = "Två barn räknades dubbelt"


@pytest.fixture
def planned(city: City) -> City:
    """With a goal of the board's, two indicators of which one is the unit's own to make, and a
    second preschool to stand beside."""
    board = city.units["board"]
    area = Goal.objects.get(number="1.1")
    goal = adopt(Goal(unit=board, level=Goal.Level.BOARD, title=BOARD_GOAL, parent=area), city.year)
    satisfied = Indicator.objects.create(
        unit=board,
        title=SATISFIED,
        unit_of_measure="%",
        decimals=1,
        method="Stadens enkät till föräldrar, de som svarat instämmer helt.",
        over_units=Indicator.OverUnits.MEAN,
    )
    Target.objects.create(
        indicator=satisfied, goal=goal, unit=board, year=city.year, annual_target=88
    )
    return city


def test_year_from_the_plan_to_a_correction_of_what_was_accepted(
    windows: Windows, planned: City, tmp_path: Path
) -> None:
    office = windows.open()
    sign_in(office, "controller")
    _controller_opens_the_year(office, planned)

    desk = windows.open()
    sign_in(desk, "chef")
    _manager_adopts_a_goal(desk, planned)
    _manager_takes_up_an_indicator(desk)
    _manager_makes_an_indicator(desk)
    _manager_plans_an_activity(desk, planned)
    _manager_hands_in_the_plan(desk, planned)

    _manager_begins_the_report(desk, planned)
    _manager_writes_values(desk, planned)
    _manager_judges_otherwise(desk, planned)
    _manager_is_told_what_is_missing(desk)
    _manager_analyses_and_decides(desk, planned)
    _manager_names_a_need(desk)
    _manager_writes_the_rest(desk)
    _manager_hands_in(desk)

    _controller_returns_it(office, planned)
    _manager_corrects_what_was_returned(desk, planned)
    _controller_accepts_it(office, planned)
    _documents_say_the_same(desk, planned, tmp_path)

    _neighbour_reports(planned)
    mine = windows.open()
    sign_in(mine, "medarbetare")
    _employee_sees_the_activity(mine)
    _employee_reads_the_report(mine, planned)
    _employee_follows_the_boards_goal_down(mine, planned)
    _employee_compares(mine, planned)

    _controller_closes_the_period(office, planned)
    _manager_corrects_with_a_reason(desk, planned)
    _both_versions_can_be_read(mine, planned)
    sign_out(desk)


# --- The plan ----------------------------------------------------------------------------------


def _controller_opens_the_year(page: Page, city: City) -> None:
    page.goto("/planering/")
    press_link(page, "Open a new year")
    page.get_by_role("radio", name=str(city.year), exact=True).check()
    field(page, "Instructions for the year").fill("Skriv kort, och om det som barnen märker")
    press(page, "Open the year")
    main = page.get_by_role("main")
    expect(main).to_contain_text("Skriv kort, och om det som barnen märker")
    for name in (
        "Verksamhetsplan",
        "Tertialrapport 1",
        "Tertialrapport 2",
        "Verksamhetsberättelse",
    ):
        expect(main.get_by_role("heading", name=re.compile(name))).to_be_visible()
    # Whatever day it is, the first follow-up is open now.
    today = timezone.localdate()
    for code in ("VP", "T1"):
        main.locator(f"a[href='/perioder/{_period(city, code).pk}/andra/']").click()
        page.locator("[name=opens_on]").fill(f"{max(today - timedelta(3), date(city.year, 1, 1))}")
        page.locator("[name=due_on]").fill(f"{today + timedelta(10)}")
        press(page, "Save the period")
    expect(page.get_by_role("heading", level=1)).to_contain_text(str(city.year))


def _manager_adopts_a_goal(page: Page, city: City) -> None:
    todo = page.get_by_role("complementary").get_by_role("list").first
    expect(todo).to_contain_text("Verksamhetsplan")
    page.goto(city.units["unit"].get_absolute_url())
    press_link(page, "Write a new goal")
    field(page, "goal").fill(UNIT_GOAL)
    field(page, "expected result").fill("Minst 18 av 20 barn berättar en saga för en kamrat")
    field(page, "Serves the goal").select_option(label=BOARD_GOAL)
    press(page, "Save the draft")
    press_link(page, "Adopt the goal")
    press(page, "Adopt the goal")
    expect(page.get_by_role("heading", level=1)).to_have_text(UNIT_GOAL)


def _manager_takes_up_an_indicator(page: Page) -> None:
    press_link(page, "Measure it by an indicator")
    found = page.get_by_role("main").get_by_role("listitem").filter(has_text=SATISFIED)
    # The board's target is seen before one sets one's own.
    expect(found.first).to_contain_text("88")
    page.get_by_role("link", name=re.compile(_("Take it up"))).click()
    page.locator("[name=annual_target]").fill("85,5")
    press(page, "Take up the indicator")
    row = page.get_by_role("row").filter(has_text=SATISFIED)
    expect(row).to_contain_text("85,5")
    expect(row).to_contain_text("88")


def _manager_makes_an_indicator(page: Page) -> None:
    press_link(page, "Measure it by an indicator")
    press_link(page, "Make a new indicator")
    page.locator("[name=title]").fill(STORIES)
    page.locator("[name=sort][value=SHARE]").check()
    page.get_by_text(_("For a share: what is divided by what")).click()
    page.locator("[name=numerator_label]").fill("barn som berättar en saga")
    page.locator("[name=denominator_label]").fill("alla barn")
    page.locator("[name=annual_target]").fill("90")
    press(page, "Save the indicator")
    expect(page.get_by_role("row").filter(has_text=STORIES)).to_contain_text("90")


def _manager_plans_an_activity(page: Page, city: City) -> None:
    press_link(page, "Plan an activity")
    page.locator("[name=title]").fill(ACTIVITY)
    expect(page.get_by_role("checkbox", name=UNIT_GOAL)).to_be_checked()
    page.locator("[name=responsible]").select_option(str(city.people["medarbetare"].pk))
    page.locator("[name=due_on]").fill(f"{timezone.localdate() + timedelta(5)}")
    press(page, "Save the activity")
    expect(page.get_by_role("link", name=ACTIVITY)).to_be_visible()


def _manager_hands_in_the_plan(page: Page, city: City) -> None:
    page.goto(city.units["unit"].get_absolute_url())
    page.get_by_role("main").get_by_role("link", name="Verksamhetsplan").click()
    press(page, "Begin")
    main = page.get_by_role("main")
    for seen in (UNIT_GOAL, SATISFIED, STORIES, ACTIVITY):
        expect(main).to_contain_text(seen)
    page.locator("[name=summary-summary]").fill(PLAN)
    _wait_until_saved(page)
    press_link(page, "Read through and hand in")
    expect(main).to_contain_text(PLAN)
    press(page, "Hand in")
    expect(page.get_by_role("status").first).to_contain_text(
        _("The report is handed in. Everyone can read it now.")
    )


# --- The follow-up -----------------------------------------------------------------------------


def _manager_begins_the_report(page: Page, city: City) -> None:
    page.goto("/")
    page.get_by_role("complementary").get_by_role(
        "link", name=re.compile("Tertialrapport 1")
    ).click()
    press(page, "Begin")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Tertialrapport 1")
    assert _report(city).is_being_written


def _manager_writes_values(page: Page, city: City) -> None:
    """Without the mouse, from the first number to the last."""
    numbers = page.locator("[data-row^=v-] input[inputmode=decimal]")
    names = numbers.evaluate_all("all => all.map(each => each.name.split('-').pop())")
    assert sorted(names) == ["denominator", "forecast", "forecast", "numerator", "value"]
    numbers.first.focus()
    for name in names:
        page.keyboard.type({"value": "70,5", "numerator": "18", "denominator": "20"}.get(name, ""))
        page.keyboard.press("Enter")
    _wait_until_saved(page)
    stories = page.get_by_role("region", name=STORIES)
    expect(stories.locator(".sheet-picture")).to_contain_text("90")
    satisfied = page.get_by_role("region", name=SATISFIED)
    expect(satisfied.locator(".sheet-picture")).to_contain_text("70,5")
    values = Value.objects.filter(period=_period(city, "T1"), unit=city.units["unit"])
    stored = {value.indicator.title: value.value for value in values.select_related("indicator")}
    assert stored == {SATISFIED: 70.5, STORIES: 90}


def _manager_judges_otherwise(page: Page, city: City) -> None:
    goal = _goal()
    suggestion = page.locator(f"[data-piece=suggestion-{goal.pk}]")
    expect(suggestion).to_contain_text(_("The figures suggest:"))
    expect(suggestion.get_by_role("listitem").filter(has_text=SATISFIED)).to_contain_text(
        re.compile("70,5.*85,5")
    )
    differs = _("You see it otherwise. That is fine: say in a sentence why.")
    # One of two misses its target by far, so the figures speak for the lowest of the three.
    page.locator(f"[name=g-{goal.pk}-judgement][value=PARTIAL]").check()
    expect(suggestion).to_contain_text(differs)
    page.locator(f"[name=g-{goal.pk}-reason]").fill(REASON)
    difference = page.locator(f"[name=g-{goal.pk}-difference]")
    if not difference.is_visible():
        page.locator("[data-difference] summary").click()
    difference.fill(DIFFERENCE)
    _wait_until_saved(page)
    page.reload()
    expect(difference).to_have_value(DIFFERENCE)


def _manager_is_told_what_is_missing(page: Page) -> None:
    press_link(page, "Read through and hand in")
    told = page.get_by_role("alert")
    expect(told).to_contain_text(_("Not ready yet"))
    expect(page.get_by_role("button", name=_("Hand in"), exact=True)).to_have_count(0)
    missing = _("“{goal}” is not fully met: decide at least one measure.", goal=UNIT_GOAL)
    told.get_by_role("link", name=missing).click()
    expect(page).to_have_url(re.compile(rf"/uppfoljning/\d+/#goal-{_goal().pk}$"))
    expect(page.locator(f"#goal-{_goal().pk}")).to_be_in_viewport()


def _manager_analyses_and_decides(page: Page, city: City) -> None:
    press_link(page, "Analyse why it went as it did")
    page.locator("[name=deviation]").fill("70,5 procent är nöjda, och målet är 85,5")
    page.locator("[name=way][value=FIVE_WHYS]").check()
    expect(page.locator("#method-prompts")).to_contain_text(
        _("And why was that? Ask again of each answer, up to five times.")
    )
    page.locator("[name=cause]").fill(CAUSE)
    page.locator("[name=lesson]").fill("Föräldrar vill veta litet och ofta")
    press(page, "Save the analysis")
    expect(page.get_by_role("status").first).to_contain_text(_("The analysis is saved."))

    page.locator("[name=measure-title]").fill(MEASURE)
    page.locator("[name=measure-responsible]").select_option(str(city.people["saga"].pk))
    press(page, "Save the analysis")
    # Without a day it is not saved, and nothing that was written is gone.
    expect(page.get_by_role("alert").first).to_be_visible()
    expect(page.locator("[name=measure-title]")).to_have_value(MEASURE)
    page.locator("[name=measure-due_on]").fill(f"{timezone.localdate() + timedelta(60)}")
    press(page, "Save the analysis")
    expect(page.locator(".measure-list")).to_contain_text(MEASURE)
    assert Activity.objects.get(title=MEASURE).state == Activity.State.PROPOSED
    press_link(page, "Back to the report")
    expect(page.locator(".measure-list")).to_contain_text(MEASURE)


def _manager_names_a_need(page: Page) -> None:
    press_link(page, "Name a need")
    page.locator("[name=theme]").first.check()
    page.locator("[name=text]").fill(NEED)
    press(page, "Save the need")
    expect(page.locator("#needs")).to_contain_text(NEED)


def _manager_writes_the_rest(page: Page) -> None:
    activity = Activity.objects.get(title=ACTIVITY)
    page.locator(f"[name=a-{activity.pk}-state]").select_option("BEGUN")
    page.locator(f"[name=a-{activity.pk}-text]").fill(PROGRESS)
    page.locator("[name=summary-summary]").fill(SUMMARY)
    _wait_until_saved(page)
    expect(page.locator("[data-piece=missing]")).to_contain_text(
        _("Everything that is asked for is there.")
    )


def _manager_hands_in(page: Page) -> None:
    press_link(page, "Read through and hand in")
    main = page.get_by_role("main")
    for said in (SUMMARY, REASON, DIFFERENCE, PROGRESS, MEASURE, NEED):
        expect(main).to_contain_text(said)
    press(page, "Hand in")
    expect(page.get_by_role("status").first).to_contain_text(
        _("The report is handed in. Everyone can read it now.")
    )


# --- Back and forth ----------------------------------------------------------------------------


def _controller_returns_it(page: Page, city: City) -> None:
    page.goto("/")
    todo = page.get_by_role("complementary").get_by_role("link", name=re.compile("1"))
    assert todo.count()
    page.goto(f"/perioder/{_period(city, 'T1').pk}/lage/")
    row = page.get_by_role("row").filter(has_text="Förskolan Ängen")
    expect(row).to_contain_text(_("Handed in"))
    expect(row).to_contain_text("Åsa Lindqvist")
    row.get_by_role("link", name="Förskolan Ängen").click()
    expect(page.get_by_role("main")).to_contain_text(REASON)
    press(page, "Return with the comment")
    expect(page.get_by_role("alert").first).to_contain_text(
        _("Say what is to be done before it is handed in again.")
    )
    field(page, "Comment").fill(COMMENT)
    press(page, "Return with the comment")
    expect(page.get_by_role("status").first).to_contain_text(_("Your answer is sent."))
    assert _report(city).status == Report.Status.RETURNED


def _manager_corrects_what_was_returned(page: Page, city: City) -> None:
    page.goto("/")
    unit = "Förskolan Ängen"
    page.get_by_role("complementary").get_by_role(
        "link",
        name=re.compile(
            _("Correct and hand in again: {period} for {unit}", period=".*", unit=unit)
        ),
    ).click()
    expect(page.locator("#returned").locator("..")).to_contain_text(COMMENT)
    page.locator(f"[name=g-{_goal().pk}-reason]").fill(BETTER_REASON)
    _wait_until_saved(page)
    # What was handed in stands until it is handed in again.
    reader = page.context.new_page()
    reader.goto(f"/rapporter/{_report(city).pk}/")
    expect(reader.get_by_role("main")).to_contain_text(REASON)
    expect(reader.get_by_role("main")).not_to_contain_text(BETTER_REASON)
    reader.close()
    press_link(page, "Read through and hand in")
    press(page, "Hand in")
    expect(page.get_by_role("main")).to_contain_text(BETTER_REASON)
    assert _report(city).version_number == 2


def _controller_accepts_it(page: Page, city: City) -> None:
    page.goto(f"/rapporter/{_report(city).pk}/")
    expect(page.get_by_role("complementary")).to_contain_text(COMMENT)
    press(page, "Accept")
    expect(page.get_by_role("status").first).to_contain_text(_("Your answer is sent."))
    page.goto(f"/perioder/{_period(city, 'T1').pk}/lage/")
    row = page.get_by_role("row").filter(has_text="Förskolan Ängen")
    expect(row).to_contain_text(_("Accepted"))


def _documents_say_the_same(page: Page, city: City, folder: Path) -> None:
    page.goto(f"/rapporter/{_report(city).pk}/")
    pdf = PdfReader(_download(page, "As PDF", folder / "rapport.pdf"))
    word = Document(BytesIO(_download(page, "As Word", folder / "rapport.docx").read_bytes()))

    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).startswith("sv")
    assert b"pdfuaid:part" in root["/Metadata"].get_object().get_data()
    read = _squeezed("\n".join(sheet.extract_text() for sheet in pdf.pages))
    outline = [_squeezed(str(entry.title)) for entry in _flat(pdf.outline)]

    blocks = list(word.iter_inner_content())
    paragraphs = [block for block in blocks if isinstance(block, Paragraph)]
    tables = [block for block in blocks if isinstance(block, Table)]
    headings = [each.text for each in paragraphs if each.style.name.startswith("Heading")]
    assert any(UNIT_GOAL in heading for heading in headings)
    for heading in headings:
        assert _squeezed(heading) in outline
    cells = [cell.text for table in tables for row in table.rows for cell in row.cells]
    assert any(cell.startswith("70,5") for cell in cells)
    assert all(table.rows[0].cells[0].text for table in tables)
    for text in (*cells, *(each.text for each in paragraphs)):
        assert _squeezed(text) in read, text
    everything = _squeezed("\n".join([*cells, *(each.text for each in paragraphs)]))
    for said in (
        SATISFIED,
        STORIES,
        SUMMARY,
        BETTER_REASON,
        DIFFERENCE,
        CAUSE,
        PROGRESS,
        MEASURE,
        NEED,
    ):
        assert _squeezed(said) in everything, said


def _download(page: Page, message: str, path: Path) -> Path:
    with page.expect_download() as download:
        press_link(page, message)
    download.value.save_as(path)
    return path


def _squeezed(text: str) -> str:
    """Lines are broken where they fit, which is another place in each file."""
    return re.sub(r"[\s\u00ad\u2010-]+", "", text)


def _flat(outline: list) -> Iterator:
    for entry in outline:
        if isinstance(entry, list):
            yield from _flat(entry)
        else:
            yield entry


# --- Everyone ----------------------------------------------------------------------------------


def _neighbour_reports(city: City) -> None:
    unit = Unit.objects.create(code="next", kind=Unit.Kind.UNIT)
    UnitPlacement.objects.create(
        unit=unit, parent=city.units["board"], name="Förskolan Backen", starts_on=LONG_AGO
    )
    unit.refresh_from_db()
    manager = User.objects.create(account_name="backen", email="backen@example.se", password="!")
    RoleAssignment.objects.create(person=manager, role=Role.MANAGER, unit=unit, starts_on=LONG_AGO)
    parent = Goal.objects.get(title=BOARD_GOAL)
    goal = adopt(
        Goal(unit=unit, level=Goal.Level.UNIT, title="Barnen på Backen läser", parent=parent),
        city.year,
    )
    indicator = Indicator.objects.get(title=SATISFIED)
    Target.objects.create(
        indicator=indicator, goal=goal, unit=unit, year=city.year, annual_target=80
    )
    report = begin_report(unit=unit, period=_period(city, "T1"), by=manager)
    fields = {"value": 92, "is_not_measured": False, "comment": "", "source": "", "forecast": None}
    write_value(
        report=report, indicator=indicator, gender="T", revision=0, fields=fields, by=manager
    )
    report.assessments.create(goal=goal, judgement="FULL", reason="Alla läser varje dag")
    submit_report(report=report, mark=mark_of(report), by=manager)


def _employee_sees_the_activity(page: Page) -> None:
    page.goto("/")
    todo = _("Your activity: {activity}", activity=ACTIVITY)
    page.get_by_role("complementary").get_by_role("link", name=re.compile(todo)).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(ACTIVITY)


def _employee_reads_the_report(page: Page, city: City) -> None:
    page.goto(city.units["unit"].get_absolute_url())
    page.get_by_role("main").get_by_role("link", name="Tertialrapport 1").click()
    main = page.get_by_role("main")
    for said in (SUMMARY, BETTER_REASON, MEASURE, NEED):
        expect(main).to_contain_text(said)
    # What the controller wrote is between the two.
    expect(page.locator("body")).not_to_contain_text(COMMENT)


def _employee_follows_the_boards_goal_down(page: Page, city: City) -> None:
    page.goto(Goal.objects.get(title=BOARD_GOAL).get_absolute_url())
    press_link(page, "How it goes")
    main = page.get_by_role("main")
    expect(main).to_contain_text("Förskolan Ängen")
    expect(main).to_contain_text("Förskolan Backen")
    main.get_by_role("link", name=UNIT_GOAL).first.click()
    expect(main).to_contain_text(BETTER_REASON)


def _employee_compares(page: Page, city: City) -> None:
    page.goto(Indicator.objects.get(title=SATISFIED).get_absolute_url())
    press_link(page, "Compare my unit with similar ones")
    rows = page.get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Förskolan Backen")
    expect(rows.nth(1)).to_contain_text("92")
    expect(rows.nth(2)).to_contain_text("Förskolan Ängen")
    expect(rows.nth(2)).to_contain_text("70,5")


# --- After the closing -------------------------------------------------------------------------


def _controller_closes_the_period(page: Page, city: City) -> None:
    page.goto(_period(city, "T1").plan_year.get_absolute_url())
    page.get_by_role("link", name=re.compile("^" + _("Close") + r"\W+Tertialrapport 1")).click()
    press(page, "Close the period")
    expect(page.get_by_role("main").locator("#closures")).to_be_visible()


def _manager_corrects_with_a_reason(page: Page, city: City) -> None:
    report = _report(city)
    page.goto(f"/rapporter/{report.pk}/")
    press_link(page, "Correct it, with a reason")
    press(page, "Open for correction")
    expect(page.get_by_role("alert").first).to_contain_text(_("Why is it corrected?"))
    field(page, "Why is it corrected?").fill(CORRECTION)
    press(page, "Open for correction")
    expect(page.get_by_role("main")).to_contain_text(CORRECTION)
    numerator = page.locator("[data-row^=v-] input[name$=-numerator]")
    numerator.fill("16")
    _wait_until_saved(page)
    press_link(page, "Read through and hand in")
    press(page, "Hand in")
    expect(page.get_by_role("status").first).to_contain_text(
        _("The report is handed in. Everyone can read it now.")
    )
    assert _report(city).version_number == report.version_number + 1


def _both_versions_can_be_read(page: Page, city: City) -> None:
    report = _report(city)
    page.goto(f"/rapporter/{report.pk}/")
    main = page.get_by_role("main")
    expect(main).to_contain_text(CORRECTION)
    expect(main.get_by_role("row").filter(has_text=STORIES)).to_contain_text("80")
    page.goto(f"/rapporter/{report.pk}/?version={report.version_number - 1}")
    expect(main.get_by_role("row").filter(has_text=STORIES)).to_contain_text("90")


def _period(city: City, code: str) -> Period:
    return Period.objects.select_related("plan_year").get(
        plan_year=PlanYear.objects.get(unit=city.units["board"]), code=code
    )


def _report(city: City) -> Report:
    return Report.objects.get(unit=city.units["unit"], period=_period(city, "T1"))


def _goal() -> Goal:
    return Goal.objects.get(title=UNIT_GOAL)


def _wait_until_saved(page: Page) -> None:
    saved: Locator = page.locator("[data-sheet-status][data-state=saved]")
    expect(saved).to_have_text(re.compile(_("Saved {time}", time=r"\d\d\.\d\d")), timeout=20_000)
