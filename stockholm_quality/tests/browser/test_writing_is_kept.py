"""Whatever happens while somebody writes, the text is kept, and in no storage of the browser."""

import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Locator, Page, Request, Route, expect

from goals.models import Expectation, Goal
from stockholm_quality.tests.browser.windows import Windows
from stockholm_quality.tests.browser.windows import swedish as _
from stockholm_quality.tests.world import PASSWORD, World, scene
from units.models import Draft

SENTENCE = "Vi läser högt i små grupper varje dag och samtalar om orden. "
# In two fields, since none takes 5,000 characters.
LONG_TEXT = (SENTENCE * (3_000 // len(SENTENCE) + 1))[:3_000].strip()
RESULT = ("Alla barn berättar en saga för en kamrat. " * 50)[:2_000].strip()


def test_long_text_survives_a_session_that_ends_while_writing(
    windows: Windows, world: World
) -> None:
    page = _goal_form(windows, world)
    _field(page, "title").fill("Alla barn har ett rikt språk")
    _field(page, "expected_result").click()
    page.keyboard.insert_text(RESULT)
    method = _field(page, "working_method")
    method.click()
    page.keyboard.insert_text(LONG_TEXT)
    Session.objects.all().delete()
    page.keyboard.type(" Och så skriver jag vidare.", delay=5)
    # The page says that the session has ended, and lets one go on.
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible(timeout=20_000)
    dialog.get_by_role("button", name=_("Close, and let me copy my text")).click()
    method.press("Control+End")
    page.keyboard.type(" En rad till.", delay=5)
    written = f"{LONG_TEXT} Och så skriver jag vidare. En rad till."
    expect(method).to_have_value(written)

    _press(page, "Save the draft")
    expect(page.get_by_role("main")).to_contain_text(
        _("What you had written is kept. It will be shown again as soon as you have signed in.")
    )
    page.get_by_label(_("Account name or e-mail address")).fill("manager")
    page.get_by_label(_("Password")).fill(PASSWORD)
    _press(page, "Sign in")
    expect(page.get_by_role("main")).to_contain_text(written)
    _press(page, "Send now")
    expect(page.get_by_role("heading", level=1)).to_have_text("Alla barn har ett rikt språk")
    goal = Goal.objects.get(title="Alla barn har ett rikt språk")
    assert (goal.expected_result, goal.working_method) == (RESULT, written)
    _assert_no_text_in_browser_storage(page)


def test_text_comes_back_after_the_window_was_closed(windows: Windows, world: World) -> None:
    page = _goal_form(windows, world)
    _field(page, "expected_result").fill("Minst 18 av 20 barn berättar en saga i maj")
    expect(page.get_by_text(re.compile(_("Draft saved {time}", time=r"\d\d\.\d\d")))).to_be_visible(
        timeout=10_000
    )
    _assert_no_text_in_browser_storage(page)
    page.close()
    again = _goal_form(windows, world)
    expect(_field(again, "expected_result")).to_have_value(
        "Minst 18 av 20 barn berättar en saga i maj"
    )
    _press(again, "Throw it away and start from what is saved")
    expect(_field(again, "expected_result")).to_have_value("")


def test_text_is_kept_at_most_ten_seconds_after_it_was_written(
    windows: Windows, world: World
) -> None:
    """Also when somebody never pauses, so that no pause triggers the saving."""
    page = _goal_form(windows, world)
    _field(page, "working_method").click()
    page.keyboard.type("ord " * 25, delay=110)
    with scene():
        assert Draft.objects.filter(author=world.manager, key__startswith="goal:new").exists()


def test_what_was_written_is_kept_when_the_window_closes_at_once(
    windows: Windows, world: World
) -> None:
    page = _goal_form(windows, world)
    _field(page, "title").fill("Skrivet i sista stund")
    page.goto("/")
    page.go_back()
    expect(_field(page, "title")).to_have_value("Skrivet i sista stund")


def test_saving_a_draft_is_given_up_once_the_form_itself_is_sent(
    windows: Windows, world: World
) -> None:
    page = _goal_form(windows, world)
    given_up: list[str] = []
    page.on("requestfailed", lambda request: given_up.append(request.url))
    page.route("**/utkast/", lambda route: None)  # never answered
    _field(page, "title").fill("Barnen sjunger varje dag")
    with page.expect_request("**/utkast/"):
        pass
    sent: list[Route] = []

    def hold(route: Route) -> None:
        sent.append(route)

    page.route(re.compile(rf"/enheter/{world.unit.pk}/mal/nytt/"), hold)
    _button(page, "Save the draft").click(no_wait_after=True)
    for _attempt in range(100):
        page.wait_for_timeout(100)
        if sent and given_up:
            break
    # While the form itself still waits for its answer.
    assert [url.endswith("/utkast/") for url in given_up] == [True]
    sent[0].continue_()
    expect(page.get_by_role("heading", level=1)).to_have_text("Barnen sjunger varje dag")
    with scene():
        assert not Draft.objects.filter(author=world.manager, key__startswith="goal:new").exists()


@pytest.mark.parametrize("choice", ["stay", "leave"])
def test_session_warns_before_it_ends(
    windows: Windows, world: World, settings: Any, choice: str
) -> None:
    settings.SESSION_COOKIE_AGE = 8
    page = _goal_form(windows, world)
    dialog = page.get_by_role("dialog", name=_("Are you still here?"))
    expect(dialog).to_be_visible(timeout=6_000)
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    if choice == "stay":
        ends = Session.objects.get().expire_date
        dialog.get_by_role("button", name=_("Stay signed in")).click()
        expect(dialog).to_be_hidden()
        assert Session.objects.get().expire_date > ends
    else:
        gone = page.get_by_role("dialog", name=_("You have been signed out"))
        expect(gone).to_be_visible(timeout=10_000)


def test_second_writer_sees_both_texts_and_can_save_then(windows: Windows, world: World) -> None:
    goal = world.unit_draft
    with scene():
        Draft.objects.all().delete()
    address = f"/mal/{goal.pk}/andra/"
    first, second = windows.open(world.manager), windows.open(world.acting_manager)
    for page in (first, second):
        page.goto(address)
    _field(first, "working_method").fill("Den förstas arbetssätt")
    _press(first, "Save the draft")
    expect(first.get_by_role("heading", level=1)).to_have_text(goal.title)

    _field(second, "working_method").fill("Den andras arbetssätt")
    _press(second, "Save the draft")
    expect(second.get_by_role("alert")).to_contain_text(
        _("Somebody else saved while you were writing")
    )
    expect(second.get_by_text("Den förstas arbetssätt").first).to_be_visible()
    expect(_field(second, "working_method")).to_have_value("Den andras arbetssätt")
    _field(second, "working_method").fill("Bådas arbetssätt")
    _press(second, "Save the draft")
    expect(second.get_by_role("heading", level=1)).to_have_text(goal.title)
    goal.refresh_from_db()
    assert goal.working_method == "Bådas arbetssätt"


def test_double_click_writes_one_goal(windows: Windows, world: World) -> None:
    page = _goal_form(windows, world)
    _field(page, "title").fill("Barnen skrattar varje dag")
    posts = _posts_of(page)
    _button(page, "Save the draft").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Barnen skrattar varje dag")
    assert posts
    assert Goal.objects.filter(title="Barnen skrattar varje dag").count() == 1


def test_double_click_gives_one_expectation_each(windows: Windows, world: World) -> None:
    page = windows.open(world.manager)
    page.goto(f"/mal/{world.unit_goal.pk}/forvantningar/ny/")
    _field(page, "text").fill("Läs högt varje dag")
    page.get_by_role("checkbox", name="Colleague").check()
    page.get_by_role("checkbox", name="Employee").check()
    posts = _posts_of(page)
    _button(page, "Give the expectation").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text(world.unit_goal.title)
    assert posts
    with scene():
        assert Expectation.objects.filter(text="Läs högt varje dag").count() == 2


def _goal_form(windows: Windows, world: World) -> Page:
    page = windows.open(world.manager)
    page.goto(f"/enheter/{world.unit.pk}/mal/nytt/")
    return page


def _posts_of(page: Page) -> list[str]:
    posts: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and "/utkast/" not in request.url:
            posts.append(request.url)

    page.on("request", note)
    return posts


def _assert_no_text_in_browser_storage(page: Page) -> None:
    kept = page.evaluate("({...localStorage, ...sessionStorage})")
    # htmx notes at which address it is, on a new page a moment later than the page shows.
    assert set(kept) <= {"htmx-current-path-for-history"}
    assert set(kept.values()) <= {page.evaluate("location.pathname"), "/logga-in/"}
    assert page.evaluate("indexedDB.databases().then(all => all.length)") == 0


def _field(page: Page, name: str) -> Locator:
    return page.locator(f"main [name={name}]")


def _button(page: Page, message: str) -> Locator:
    return page.get_by_role("button", name=_(message), exact=True)


def _press(page: Page, message: str) -> None:
    _button(page, message).click()
