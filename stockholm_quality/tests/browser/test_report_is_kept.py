"""Nothing that is written on the reporting page is lost, whatever happens meanwhile."""

import re
import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Locator, Page, Route, expect

from goals.models import Assessment, Report, ReportVersion, Value
from stockholm_quality.tests.browser.windows import Windows
from stockholm_quality.tests.browser.windows import swedish as _
from stockholm_quality.tests.world import PASSWORD, World

REASON = "Fler barn än i våras berättar en saga för en kamrat"


def test_numbers_are_saved_as_one_goes_from_one_to_the_next(windows: Windows, year: World) -> None:
    page = _sheet(windows, year)
    numbers = page.locator("[data-row^=v-] input[inputmode=decimal]")
    first = numbers.first
    first.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("86,25")
    page.keyboard.press("Enter")
    expect(numbers.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(numbers.nth(1)).to_be_focused()
    _wait_until_saved(page)
    assert _value(year).value == Decimal("86.25")
    page.reload()
    expect(first).to_have_value("86,25")


@pytest.mark.parametrize("way", ["close", "leave"])
def test_what_was_written_is_kept_when_the_window_closes_at_once(
    windows: Windows, year: World, way: str
) -> None:
    page = _sheet(windows, year)
    page.keyboard.press("Tab")
    _reason(page, year).fill(REASON)
    if way == "close":
        with page.expect_event("close"):
            page.close(run_before_unload=True)
    else:
        page.goto("/")
    _until(page, lambda: _assessment(year).reason == REASON)


def test_words_written_while_a_save_is_on_its_way_are_kept_when_the_window_closes(
    windows: Windows, year: World
) -> None:
    """The first save has reached the portal, and its answer has not come back."""
    page = _sheet(windows, year)

    def deliver_without_answer(route: Route) -> None:
        route.fetch()

    page.route(_posts_to_sheet(year), deliver_without_answer, times=1)
    _reason(page, year).fill("Först detta")
    _until(page, lambda: _assessment(year).reason == "Först detta")
    _reason(page, year).press_sequentially(" och sedan detta")
    page.goto("/")
    _until(page, lambda: _assessment(year).reason == "Först detta och sedan detta")


def test_lost_network_is_said_and_what_was_written_is_saved_when_it_is_back(
    windows: Windows, year: World
) -> None:
    page = _sheet(windows, year)
    windows.expects_faults = True
    page.context.set_offline(True)
    reason = _reason(page, year)
    reason.fill(REASON)
    said = page.locator("[data-sheet-status]")
    failed = _("Could not be saved. Your text is still here; we try again.")
    expect(said).to_have_text(failed, timeout=5_000)
    expect(_row(page, year).locator("[data-row-status]")).to_have_text(failed)
    expect(reason).to_have_value(REASON)
    page.context.set_offline(False)
    _wait_until_saved(page)
    assert _assessment(year).reason == REASON


def test_an_answer_that_was_lost_is_no_conflict_with_oneself(windows: Windows, year: World) -> None:
    page = _sheet(windows, year)

    windows.expects_faults = True

    def deliver_and_lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    page.route(_posts_to_sheet(year), deliver_and_lose_the_answer, times=1)
    reason = _reason(page, year)
    reason.fill("Först detta")
    _until(page, lambda: _assessment(year).reason == "Först detta")
    reason.press_sequentially(" och sedan detta")
    _wait_until_saved(page)
    expect(page.locator(".row-conflict")).to_have_count(0)
    assert _assessment(year).reason == "Först detta och sedan detta"


@pytest.mark.parametrize("fault", ["reset", "unavailable"])
def test_server_that_is_down_is_tried_again(windows: Windows, year: World, fault: str) -> None:
    page = _sheet(windows, year)
    windows.expects_faults = True
    tries: list[str] = []

    def fall(route: Route) -> None:
        tries.append(route.request.url)
        if fault == "reset":
            route.abort("connectionreset")
        else:
            route.fulfill(status=503, content_type="text/html", body="<h1>Nere</h1>")

    page.route(_posts_to_sheet(year), fall)
    _reason(page, year).fill(REASON)
    failed = _("Could not be saved. Your text is still here; we try again.")
    expect(page.locator("[data-sheet-status]")).to_have_text(failed)
    page.unroute(_posts_to_sheet(year))
    _wait_until_saved(page)
    assert tries
    assert _assessment(year).reason == REASON


@pytest.mark.parametrize("and_then", ["say so", "just come back"])
def test_ended_session_is_said_and_the_text_is_saved_after_signing_in_elsewhere(
    windows: Windows, year: World, and_then: str
) -> None:
    page = _sheet(windows, year)
    Session.objects.all().delete()
    reason = _reason(page, year)
    reason.fill(REASON)
    dialog = page.get_by_role("dialog", name=_("You have been signed out"))
    expect(dialog).to_be_visible(timeout=10_000)
    expect(page.locator("[data-sheet-status]")).to_have_text(
        _("You have been signed out. Your text is still here: sign in again.")
    )
    expect(reason).to_have_value(REASON)
    assert _assessment(year).reason != REASON

    other = page.context.new_page()
    other.goto("/logga-in/")
    other.get_by_label(_("Account name or e-mail address")).fill("manager")
    other.get_by_label(_("Password")).fill(PASSWORD)
    other.get_by_role("button", name=_("Sign in"), exact=True).click()
    expect(other.get_by_role("heading", name=_("To do"))).to_be_visible()
    other.close()
    if and_then == "say so":
        dialog.get_by_role("button", name=_("I have signed in, go on")).click()
    else:
        page.evaluate("dispatchEvent(new Event('focus'))")
    expect(dialog).to_be_hidden()
    _wait_until_saved(page)
    assert _assessment(year).reason == REASON


@pytest.mark.parametrize("choice", ["mine", "theirs"])
def test_second_writer_in_a_row_sees_both_texts_and_chooses(
    windows: Windows, year: World, choice: str
) -> None:
    first, second = _sheet(windows, year), _sheet(windows, year, "acting_manager")
    _reason(first, year).fill("Den förstas skäl")
    _wait_until_saved(first)

    _reason(second, year).fill("Den andras skäl")
    row = _row(second, year)
    notice = row.get_by_role("alert")
    expect(notice).to_contain_text(_("Somebody else saved here while you were writing"))
    expect(notice).to_be_focused()
    expect(notice).to_contain_text("Den förstas skäl")
    expect(notice).to_contain_text("Den andras skäl")
    expect(_reason(second, year)).to_have_value("Den andras skäl")
    assert _assessment(year).reason == "Den förstas skäl"
    if choice == "mine":
        notice.get_by_role("button", name=_("Save mine")).click()
        _wait_until_saved(second)
        expect(notice).to_have_count(0)
        assert _assessment(year).reason == "Den andras skäl"
    else:
        notice.get_by_role("link", name=_("Take theirs")).click()
        expect(_reason(second, year)).to_have_value("Den förstas skäl")
        assert _assessment(year).reason == "Den förstas skäl"


def test_two_in_different_rows_meet_no_conflict(windows: Windows, year: World) -> None:
    first, second = _sheet(windows, year), _sheet(windows, year, "acting_manager")
    _reason(first, year).fill("Den förstas skäl")
    _wait_until_saved(first)
    summary = second.locator("[name=summary-summary]")
    summary.fill("Den andras sammanfattning")
    _wait_until_saved(second)
    expect(second.locator(".row-conflict")).to_have_count(0)
    assert _assessment(year).reason == "Den förstas skäl"
    assert _report(year).summary == "Den andras sammanfattning"


def test_what_is_wrong_in_a_row_is_said_beside_it_and_the_rest_is_saved(
    windows: Windows, year: World
) -> None:
    page = _sheet(windows, year)
    number = page.locator(f"[name={_value_key(year)}-value]")
    number.fill("åttiosex")
    row = page.locator(f"#row-{_value_key(year)}")
    expect(row.get_by_role("alert")).to_be_visible()
    expect(number).to_have_attribute("aria-invalid", "true")
    described = str(number.get_attribute("aria-describedby"))
    expect(page.locator(f"#{described}")).to_be_visible()
    _reason(page, year).fill(REASON)
    _until(page, lambda: _assessment(year).reason == REASON)
    number.fill("86")
    expect(row.get_by_role("alert")).to_have_count(0)
    expect(number).not_to_have_attribute("aria-invalid", "true")
    _until(page, lambda: _value(year).value == Decimal(86))


def test_double_click_hands_in_once(windows: Windows, year: World) -> None:
    page = windows.open(year.manager)
    report = year.reports["working"]
    page.goto(reverse("goals:report_submit", args=[report.pk]))
    page.get_by_role("main").locator("form[method=post] button[type=submit]").dblclick()
    expect(page).to_have_url(re.compile(rf"/rapporter/{report.pk}/$"))
    assert _report(year).status == Report.Status.SUBMITTED
    assert ReportVersion.objects.filter(report=report).count() == 1
    assert report.steps.count() == 1


def test_report_handed_in_meanwhile_takes_nothing_and_says_so(
    windows: Windows, year: World
) -> None:
    page = _sheet(windows, year)
    other = windows.open(year.acting_manager)
    other.goto(reverse("goals:report_submit", args=[year.reports["working"].pk]))
    other.get_by_role("main").locator("form[method=post] button[type=submit]").click()
    expect(other).to_have_url(re.compile("/rapporter/"))
    _reason(page, year).fill(REASON)
    expect(page.locator("[data-sheet-status]")).to_have_text(
        _("The report has been handed in or closed meanwhile, so this was not saved.")
    )
    expect(_reason(page, year)).to_have_value(REASON)
    page.locator("[data-save-all]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(_("This was not saved"))
    expect(page.get_by_role("main")).to_contain_text(REASON)
    assert _assessment(year).reason != REASON


def test_whole_page_is_saved_by_one_button_without_scripts(windows: Windows, year: World) -> None:
    page = _sheet(windows, year, java_script_enabled=False)
    page.locator(f"[name={_value_key(year)}-value]").fill("86,5")
    _reason(page, year).fill(REASON)
    page.locator("[name=summary-summary]").fill("Ett halvår med många sagor")
    page.locator("[data-save-all]").click()
    expect(page.get_by_role("status").first).to_contain_text(_("All that you wrote is saved."))
    assert _value(year).value == Decimal("86.5")
    assert _assessment(year).reason == REASON
    assert _report(year).summary == "Ett halvår med många sagor"


def test_stale_row_shows_both_texts_without_scripts(windows: Windows, year: World) -> None:
    page = _sheet(windows, year, java_script_enabled=False)
    row = _assessment(year)
    row.reason, row.revision = "Den andras skäl", row.revision + 1
    row.save()
    _reason(page, year).fill(REASON)
    page.locator("[name=summary-summary]").fill("Det övriga sparas")
    page.locator("[data-save-all]").click()
    expect(page.get_by_role("main")).to_contain_text(
        _("Somebody else saved while you were writing")
    )
    notice = _row(page, year).locator(".row-conflict")
    expect(notice).to_contain_text("Den andras skäl")
    expect(_reason(page, year)).to_have_value(REASON)
    assert _assessment(year).reason == "Den andras skäl"
    assert _report(year).summary == "Det övriga sparas"
    _reason(page, year).fill("Bådas skäl")
    page.locator("[data-save-all]").click()
    expect(page.get_by_role("status").first).to_contain_text(_("All that you wrote is saved."))
    assert _assessment(year).reason == "Bådas skäl"


def test_wrong_number_is_shown_in_its_place_without_scripts(windows: Windows, year: World) -> None:
    page = _sheet(windows, year, java_script_enabled=False)
    number = page.locator(f"[name={_value_key(year)}-value]")
    number.fill("åttiosex")
    _reason(page, year).fill(REASON)
    page.locator("[data-save-all]").click()
    summary = page.locator(".error-summary")
    expect(summary).to_be_visible()
    expect(number).to_have_value("åttiosex")
    expect(number).to_have_attribute("aria-invalid", "true")
    assert _assessment(year).reason == REASON
    summary.get_by_role("link").first.click()
    assert page.url.endswith(f"#{number.get_attribute('id')}")


def test_no_text_of_a_report_is_kept_in_the_browser(windows: Windows, year: World) -> None:
    page = _sheet(windows, year)
    _reason(page, year).fill(REASON)
    _wait_until_saved(page)
    kept = page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert REASON not in kept
    assert page.evaluate("indexedDB.databases().then(all => all.length)") == 0


# --- What the tests look at --------------------------------------------------------------------


def _sheet(windows: Windows, year: World, who: str = "manager", **options: bool) -> Page:
    page = windows.open(year.people[who], **options)
    page.goto(_report(year).get_absolute_url())
    return page


def _posts_to_sheet(year: World) -> re.Pattern[str]:
    return re.compile(re.escape(_report(year).get_absolute_url()) + "$")


def _report(year: World) -> Report:
    return Report.objects.get(pk=year.reports["working"].pk)


def _assessment(year: World) -> Assessment:
    return Assessment.objects.get(report=year.reports["working"], goal=year.goals["unit_goal"])


def _value(year: World) -> Value:
    return Value.objects.get(
        indicator=year.indicators["city_indicator"],
        unit=year.units["unit"],
        period=year.periods["t2"],
    )


def _value_key(year: World) -> str:
    return f"v-{year.indicators['city_indicator'].pk}-{_value(year).gender}"


def _row(page: Page, year: World) -> Locator:
    return page.locator(f"#row-g-{year.goals['unit_goal'].pk}")


def _reason(page: Page, year: World) -> Locator:
    return page.locator(f"[name=g-{year.goals['unit_goal'].pk}-reason]")


def _wait_until_saved(page: Page) -> None:
    saved = page.locator("[data-sheet-status][data-state=saved]")
    expect(saved).to_have_text(re.compile(_("Saved {time}", time=r"\d\d\.\d\d")), timeout=20_000)


def _until(page: Page, is_so: Callable[[], bool], seconds: float = 10) -> None:
    """The database is changed by the server's thread, whenever it gets there."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        if page.is_closed():
            time.sleep(0.05)
        else:
            page.wait_for_timeout(50)  # what is routed goes on meanwhile
