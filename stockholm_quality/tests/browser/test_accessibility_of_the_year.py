"""Every page of the year, in every state, through the same bars as the other pages.

With SHOTS in the environment, a folder, a picture of each is kept there, wide and narrow.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db.models import F, Model
from django.urls import reverse
from playwright.sync_api import Page, ViewportSize, expect

from goals.models import (
    Activity,
    Analysis,
    Assessment,
    Closure,
    Indicator,
    Period,
    PlanYear,
    Report,
    Target,
)
from stockholm_quality.tests.browser.looking import (
    Kind,
    all_faults,
    all_ways,
    by_keyboard,
    too_wide,
    visit,
    walk,
)
from stockholm_quality.tests.browser.windows import DESKTOP, PHONE, Windows
from stockholm_quality.tests.browser.windows import swedish as _
from stockholm_quality.tests.world import World
from stockholm_quality.tests.world_year import hand_in
from units.models import User

SHOTS = os.environ.get("SHOTS", "")
MEASURED = "v-"  # the rows of values, in the names of the reporting page


def _at(name: str, *keys: str, more: str = "") -> Callable[[World], str]:
    """`_at("goals:report", "units.unit", "periods.t2")`; in `more`, {units.unit} is its number."""

    def address(world: World) -> str:
        def number(key: str) -> str:
            kind, _dot, name = key.partition(".")
            return str(getattr(world, kind)[name].pk)

        filled = re.sub(r"{([\w.]+)}", lambda found: number(found[1]), more)
        return reverse(name, args=[number(key) for key in keys]) + filled

    return address


def _sheet(unit: str = "unit", period: str = "t2") -> Callable[[World], str]:
    return _at("goals:report", f"units.{unit}", f"periods.{period}")


# --- What somebody does first ------------------------------------------------------------------


def _send(page: Page) -> None:
    """Nothing that must be filled in is."""
    for name in ("title", "text", "name", "reason", "annual_target"):
        for field in page.locator(f"main form[method=post] [name={name}]").all():
            field.fill("" if name != "annual_target" else "mycket")
    page.locator("main form[method=post] .actions button[type=submit]").first.click()
    expect(page.locator("main [role=alert]").first).to_be_visible()


def _meet(model: type[Model], field: str) -> Callable[[Page], None]:
    """Somebody else changes the same thing meanwhile."""

    def do(page: Page) -> None:
        model.objects.update(**{field: "Den andras text", "revision": F("revision") + 1})
        page.locator(f"main [name={field}]").fill("Min text")
        page.locator("main form[method=post] .actions button[type=submit]").first.click()
        expect(page.get_by_role("main")).to_contain_text("Den andras text")

    return do


def _value(page: Page) -> None:
    page.locator(f"[name^={MEASURED}][name$=-value]").first.fill("mycket")


def _row_error(page: Page) -> None:
    _value(page)
    expect(page.locator(".field-error")).to_be_visible()


def _page_errors(page: Page) -> None:
    _value(page)
    page.locator("[data-save-all]").click()
    expect(page.locator(".error-summary")).to_be_visible()


def _write_meanwhile(page: Page) -> None:
    Assessment.objects.update(reason="Den andras skäl", revision=F("revision") + 1)
    page.locator("[name^=g-][name$=-reason]").first.fill("Mitt skäl")


def _row_conflict(page: Page) -> None:
    _write_meanwhile(page)
    expect(page.locator(".row-conflict")).to_be_visible()


def _page_conflict(page: Page) -> None:
    page.route(re.compile("."), lambda route: route.continue_())
    _write_meanwhile(page)
    page.locator("[data-save-all]").click()
    expect(page.locator(".error-summary")).to_be_visible()


def _server_down(page: Page) -> None:
    page.route(re.compile("/uppfoljning/"), lambda route: route.fulfill(status=503, body="Nere"))
    page.locator("[name=summary-summary]").fill("Ett halvår med många sagor")
    expect(page.locator("[data-sheet-status][data-state=failed]")).to_be_visible()


def _all_open(page: Page) -> None:
    page.locator("main details").evaluate_all("all => all.forEach(each => each.open = true)")


def _handed_in_meanwhile(page: Page) -> None:
    report = Report.objects.get(unit__code="unit", period__code="T2")
    hand_in(report, User.objects.get(account_name="manager"))
    page.locator("[name=summary-summary]").fill("Ett halvår med många sagor")
    page.locator("[data-save-all]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(_("This was not saved"))


def _not_judged(page: Page) -> None:
    Assessment.objects.update(judgement="", reason="", revision=F("revision") + 1)
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text(_("Not ready yet"))


def _plan_opened_again(page: Page) -> None:
    Closure.objects.all().delete()
    page.reload()
    expect(page.locator("#report-form")).to_be_attached()


def _begun(page: Page) -> None:
    page.get_by_role("main").locator("form[method=post] button[type=submit]").click()
    expect(page.locator("#report-form")).to_be_attached()


def _return_without_words(page: Page) -> None:
    page.locator("[name=decision][value=return]").click()
    expect(page.locator("main [role=alert]").first).to_be_visible()


def _measure_without_a_day(page: Page) -> None:
    _all_open(page)
    page.locator("[name=measure-title]").fill("Ett nytt lag")
    page.locator("main form[method=post] .actions button[type=submit]").first.click()
    expect(page.locator("main [role=alert]").first).to_be_visible()


def _why(page: Page) -> None:
    page.locator("[name=way][value=FIVE_WHYS]").check()
    expect(page.locator("#method-prompts")).to_contain_text(
        _("And why was that? Ask again of each answer, up to five times.")
    )


def _carry_nothing(page: Page) -> None:
    page.locator("main form[method=post] .actions button[type=submit]").first.click()
    expect(page.locator("main [role=alert]").first).to_be_visible()


CHANGING = {_handed_in_meanwhile, _not_judged, _plan_opened_again}

PAGES = {
    "start, employee": Kind("employee", _at("home")),
    "start, manager": Kind("manager", _at("home")),
    "start, controller": Kind("controller", _at("home")),
    "unit": Kind("manager", _at("dialogues:unit", "units.unit")),
    "board": Kind("controller", _at("dialogues:unit", "units.board")),
    "goal": Kind("manager", _at("goals:detail", "goals.unit_goal")),
    "board goal": Kind("employee", _at("goals:detail", "goals.board_goal")),
    "tree": Kind("employee", _at("goals:tree")),
    "loose ends": Kind("controller", _at("goals:loose_ends")),
    # The year and its periods
    "plan years": Kind("controller", _at("goals:plan_years")),
    "plan years, none": Kind("administrator", _at("goals:plan_years")),
    "plan year": Kind("controller", _at("goals:plan_year", "plan_years.plan_year")),
    "plan year, manager": Kind("manager", _at("goals:plan_year", "plan_years.plan_year")),
    "plan year, closed": Kind("controller", _at("goals:plan_year", "plan_years.closed_plan_year")),
    "new plan year": Kind("controller", _at("goals:plan_year_new")),
    "plan year's texts": Kind("controller", _at("goals:plan_year_edit", "plan_years.plan_year")),
    "plan year's texts, two windows": Kind(
        "controller",
        _at("goals:plan_year_edit", "plan_years.plan_year"),
        _meet(PlanYear, "instructions"),
    ),
    "close the year": Kind("controller", _at("goals:plan_year_close", "plan_years.plan_year")),
    "close a period": Kind("controller", _at("goals:period_close", "periods.t1")),
    "new period": Kind("controller", _at("goals:period_new", "plan_years.plan_year")),
    "new period, errors": Kind(
        "controller", _at("goals:period_new", "plan_years.plan_year"), _send
    ),
    "period": Kind("controller", _at("goals:period_edit", "periods.t2")),
    "period, two windows": Kind(
        "controller", _at("goals:period_edit", "periods.t2"), _meet(Period, "instructions")
    ),
    "reporting": Kind("controller", _at("goals:reporting", "periods.t2")),
    "reporting, none found": Kind(
        "controller", _at("goals:reporting", "periods.t2", more="?text=finns+inte")
    ),
    "remind": Kind("controller", _at("goals:remind", "periods.t2")),
    "remind, errors": Kind("controller", _at("goals:remind", "periods.t2"), _send),
    # The reporting page
    "not begun": Kind("manager_above", _sheet("next_unit", "vb")),
    "sheet": Kind("manager", _sheet()),
    "sheet, all open": Kind("manager", _sheet(), _all_open),
    "sheet, error in a row": Kind("manager", _sheet(), _row_error),
    "sheet, errors": Kind("manager", _sheet(), _page_errors),
    "sheet, two in a row": Kind("manager", _sheet(), _row_conflict),
    "sheet, two in the page": Kind("manager", _sheet(), _page_conflict),
    "sheet, server away": Kind("manager", _sheet(), _server_down),
    "sheet, handed in meanwhile": Kind("manager", _sheet(), _handed_in_meanwhile),
    "sheet, returned": Kind("manager_above", _sheet("next_unit", "t1")),
    "sheet, correcting": Kind("manager", _sheet("unit", "vb")),
    "sheet, plan": Kind("manager", _sheet("unit", "vp"), _plan_opened_again),
    "sheet, without goals": Kind("manager_above", _sheet("small_unit", "t2"), _begun),
    "board's sheet": Kind("controller", _sheet("board", "t2")),
    # Its way
    "hand in": Kind("manager", _at("goals:report_submit", "reports.working")),
    "hand in, missing": Kind("manager", _at("goals:report_submit", "reports.working"), _not_judged),
    "review": Kind("controller", _at("goals:report_read", "reports.submitted")),
    "review, errors": Kind(
        "controller", _at("goals:report_read", "reports.submitted"), _return_without_words
    ),
    "report": Kind("employee", _at("goals:report_read", "reports.accepted")),
    "report, all open": Kind("employee", _at("goals:report_read", "reports.accepted"), _all_open),
    "report, being written": Kind("controller", _sheet()),
    "correct": Kind("manager", _at("goals:report_correct", "reports.accepted")),
    "correct, errors": Kind("manager", _at("goals:report_correct", "reports.accepted"), _send),
    # Analysis, measures, needs
    "analysis, kept text": Kind(
        "manager", _at("goals:analysis", "reports.working", "goals.unit_goal")
    ),
    "analysis, five whys": Kind(
        "manager", _at("goals:analysis", "reports.working", "goals.unit_goal"), _why
    ),
    "analysis, errors": Kind(
        "manager",
        _at("goals:analysis", "reports.working", "goals.unit_goal"),
        _measure_without_a_day,
    ),
    "analysis, two windows": Kind(
        "manager",
        _at("goals:analysis", "reports.working", "goals.unit_goal"),
        _meet(Analysis, "cause"),
    ),
    "analysis, to read": Kind(
        "controller", _at("goals:analysis", "reports.working", "goals.unit_goal")
    ),
    "measure": Kind("manager", _at("goals:measure_new", "reports.working", "goals.unit_goal")),
    "measure, errors": Kind(
        "manager", _at("goals:measure_new", "reports.working", "goals.unit_goal"), _send
    ),
    "need": Kind("manager", _at("goals:need_new", "reports.working")),
    "need, errors": Kind("manager", _at("goals:need_new", "reports.working"), _send),
    "needs": Kind("controller", _at("goals:needs", "units.board")),
    "needs, none": Kind("controller", _at("goals:needs", "units.board", more="?year=1999")),
    "methods": Kind("controller", _at("goals:methods", "units.board")),
    "new method": Kind("controller", _at("goals:method_new", "units.board")),
    "new method, errors": Kind("controller", _at("goals:method_new", "units.board"), _send),
    "method": Kind("controller", _at("goals:method_edit", "methods.method")),
    # Indicators and activities
    "indicator": Kind("employee", _at("goals:indicator", "indicators.city_indicator")),
    "indicator, from Kolada": Kind(
        "employee", _at("goals:indicator", "indicators.board_indicator")
    ),
    "indicator, nobody's": Kind("employee", _at("goals:indicator", "indicators.spare_indicator")),
    "new indicator": Kind("manager", _at("goals:indicator_new", "units.unit"), _all_open),
    "new indicator, errors": Kind("manager", _at("goals:indicator_new", "units.unit"), _send),
    "change indicator": Kind("manager", _at("goals:indicator_edit", "indicators.unit_indicator")),
    "change indicator, two windows": Kind(
        "manager",
        _at("goals:indicator_edit", "indicators.unit_indicator"),
        _meet(Indicator, "method"),
    ),
    "compare": Kind(
        "employee",
        _at("goals:indicator_compare", "indicators.city_indicator", more="?unit={units.unit}"),
    ),
    "compare, nothing": Kind(
        "employee", _at("goals:indicator_compare", "indicators.spare_indicator")
    ),
    "take up": Kind("manager", _at("goals:indicator_adopt", "goals.unit_goal")),
    "take up, chosen": Kind(
        "manager",
        _at(
            "goals:indicator_adopt",
            "goals.unit_goal",
            more="?indicator={indicators.spare_indicator}",
        ),
    ),
    "take up, errors": Kind(
        "manager",
        _at(
            "goals:indicator_adopt",
            "goals.unit_goal",
            more="?indicator={indicators.spare_indicator}",
        ),
        _send,
    ),
    "target": Kind("manager", _at("goals:target_edit", "targets.target")),
    "target, errors": Kind("manager", _at("goals:target_edit", "targets.target"), _send),
    "target, two windows": Kind(
        "manager", _at("goals:target_edit", "targets.target"), _meet(Target, "note")
    ),
    "activity": Kind("employee", _at("goals:activity", "activities.activity")),
    "activity, proposed": Kind("manager", _at("goals:activity", "activities.working_measure")),
    "new activity": Kind("manager", _at("goals:activity_new", "goals.unit_goal")),
    "new activity, errors": Kind("manager", _at("goals:activity_new", "goals.unit_goal"), _send),
    "change activity": Kind("manager", _at("goals:activity_edit", "activities.activity")),
    "change activity, two windows": Kind(
        "manager",
        _at("goals:activity_edit", "activities.activity"),
        _meet(Activity, "description"),
    ),
    "progress": Kind("employee", _at("goals:activity_progress", "activities.activity")),
    "progress, two windows": Kind(
        "employee",
        _at("goals:activity_progress", "activities.activity"),
        _meet(Activity, "progress"),
    ),
    # Between the years, downwards, and to take along
    "carry over": Kind("manager", _at("goals:carry_over", "units.unit")),
    "carry over, errors": Kind("manager", _at("goals:carry_over", "units.unit"), _carry_nothing),
    "carry over, nothing": Kind("manager_above", _at("goals:carry_over", "units.small_unit")),
    "follow down, council": Kind("employee", _at("goals:follow_down", "goals.area")),
    "follow down, board": Kind("employee", _at("goals:follow_down", "goals.board_goal")),
    "follow down, unit": Kind("employee", _at("goals:follow_down", "goals.unit_goal")),
    "follow down, nothing": Kind("employee", _at("goals:follow_down", "goals.loose_area")),
    "documents": Kind("controller", _at("goals:board_documents", "units.board")),
    "documents, none": Kind("manager", _at("goals:board_documents", "units.unit")),
    "document, on its way": Kind("controller", _at("goals:document_build", "builds.running")),
    "document, ready": Kind("controller", _at("goals:document_build", "builds.ready")),
}
PARTS = 6


def _picture(page: Page, name: str) -> None:
    if SHOTS:
        for size in (DESKTOP, PHONE):
            page.set_viewport_size(size)
            file = f"{re.sub(r'[^a-z]+', '-', name)}-{size['width']}.png"
            page.screenshot(path=Path(SHOTS) / file, full_page=True)
        page.set_viewport_size(DESKTOP)


@all_ways
@pytest.mark.parametrize("part", range(PARTS))
def test_pages_of_the_year_have_no_fault_that_axe_finds(
    windows: Windows, whole_year: World, part: int, every: int
) -> None:
    faults: list[str] = []
    for number, (name, kind) in enumerate(_without_change(part)):
        page = visit(windows, whole_year, kind)
        expect(page.get_by_role("heading", level=1)).not_to_have_text(_("Page not found"))
        _picture(page, name)
        found = [*all_faults(page, number, every), *too_wide(page)]
        faults += [f"{name}: {fault}" for fault in found]
        page.context.close()
    assert not faults, "\n".join(faults)


def _without_change(part: int) -> list[tuple[str, Kind]]:
    """A part of the pages, those last that change what the others look at."""
    pages = sorted(PAGES.items(), key=lambda each: each[1].do in CHANGING)
    return pages[part::PARTS]


WALKED = [
    "start, manager",
    "start, controller",
    "unit",
    "goal",
    "plan years",
    "plan year",
    "new plan year",
    "close a period",
    "period",
    "reporting",
    "remind",
    "not begun",
    "sheet",
    "sheet, error in a row",
    "sheet, two in a row",
    "sheet, errors",
    "hand in",
    "review",
    "report",
    "correct",
    "analysis, kept text",
    "measure",
    "need",
    "needs",
    "methods",
    "method",
    "indicator",
    "new indicator",
    "compare",
    "take up",
    "target",
    "activity",
    "new activity",
    "progress",
    "carry over",
    "follow down, council",
    "follow down, unit",
    "documents",
    "document, ready",
]


@by_keyboard
@pytest.mark.parametrize("part", range(2))
def test_every_control_of_the_year_is_reached_by_keyboard_in_order(
    windows: Windows, whole_year: World, size: ViewportSize, part: int
) -> None:
    faults: list[str] = []
    for name in WALKED[part::2]:
        page = visit(windows, whole_year, PAGES[name], viewport=size)
        faults += [f"{name}: {fault}" for fault in walk(page)]
        page.context.close()
    assert not faults, "\n".join(faults)
