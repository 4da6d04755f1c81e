"""Nothing that the two write for a talk is lost, whatever happens meanwhile, and one press moves
the talk one step."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import Dialog, Page, Request, expect

from dialogues.actions.templates import ship_templates
from dialogues.models import (
    Answer,
    Confirmation,
    Preparation,
    RecordPart,
    Talk,
    TalkKind,
    TalkStep,
    TalkTime,
    TalkVersion,
)
from dialogues.tests.records import build_talk
from stockholm_quality.tests.browser.talking import (
    address_of,
    key_of,
    row,
    stored,
    text_in,
    the_talk,
    until,
    until_saved,
)
from stockholm_quality.tests.browser.windows import Windows
from stockholm_quality.tests.browser.windows import swedish as _
from stockholm_quality.tests.world import PASSWORD, World
from stockholm_quality.tests.world_talks import template_of
from units.wall import upkeep

SENTENCE = "Jag vill läsa högt i små grupper varje dag, och vi följer upp orden på fredagar. "
TEN_THOUSAND = (SENTENCE * (10_000 // len(SENTENCE) + 1))[:10_000]
CHUNK = 1_000
WORDS = "Vi är överens om att språket går först"


@pytest.fixture
def planned(world: World) -> Talk:
    with upkeep():
        ship_templates()
        template = template_of(TalkKind.EMPLOYEE)
    return build_talk(world, state="planned", template=template)


@pytest.fixture
def held(world: World) -> Talk:
    with upkeep():
        ship_templates()
        template = template_of(TalkKind.EMPLOYEE)
    return build_talk(world, template=template)


# --- A session that ends, a window that closes, a network that is gone -------------------------


def test_ten_thousand_characters_survive_a_session_that_ends_while_writing(
    windows: Windows, world: World, planned: Talk
) -> None:
    page, key = _preparation(windows, world, planned)
    before, after = TEN_THOUSAND[:6_000], TEN_THOUSAND[6_000:]
    text_in(page, key).click()
    _write(page, before, ends_after=3)
    dialog = page.get_by_role("dialog", name=_("You have been signed out"))
    expect(dialog).to_be_visible(timeout=20_000)
    expect(text_in(page, key)).to_have_value(before)
    assert len(_prepared(planned)) < len(before)

    with page.context.expect_page() as opened:
        dialog.get_by_role("link", name=_("Sign in (opens a new window)")).click()
    _sign_in(opened.value)
    expect(opened.value.get_by_role("heading", name=_("To do"))).to_be_visible()
    opened.value.close()
    dialog.get_by_role("button", name=_("I have signed in, go on")).click()
    expect(dialog).to_be_hidden()
    until(page, lambda: _prepared(planned) == before)
    text_in(page, key).press("Control+End")
    _write(page, after)
    until(page, lambda: _prepared(planned) == TEN_THOUSAND)
    until_saved(page)
    page.reload()
    expect(text_in(page, key)).to_have_value(TEN_THOUSAND)
    assert len(stored(Preparation, talk=planned)) == 1
    kept = page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert SENTENCE[:20] not in kept


def test_who_writes_on_without_a_session_and_saves_is_asked_to_sign_in_and_loses_nothing(
    windows: Windows, world: World, planned: Talk
) -> None:
    page, key = _preparation(windows, world, planned)
    text_in(page, key).click()
    _write(page, TEN_THOUSAND[:4_000], ends_after=2)
    page.get_by_role("button", name=_("Close, and let me copy my text")).click(timeout=20_000)
    text_in(page, key).press("Control+End")
    _write(page, TEN_THOUSAND[4_000:])
    expect(text_in(page, key)).to_have_value(TEN_THOUSAND)
    page.get_by_role("button", name=_("Save all"), exact=True).click()
    expect(page.get_by_role("main")).to_contain_text(
        _("What you had written is kept. It will be shown again as soon as you have signed in.")
    )
    _sign_in(page)
    page.get_by_role("button", name=_("Send now"), exact=True).click()
    expect(text_in(page, key)).to_have_value(TEN_THOUSAND)
    assert _prepared(planned) == TEN_THOUSAND


def _write(page: Page, text: str, ends_after: int = 0) -> None:
    """Goes on at a writer's pace; the session ends meanwhile, after so many pieces."""
    for number, start in enumerate(range(0, len(text), CHUNK), 1):
        page.keyboard.insert_text(text[start : start + CHUNK])
        page.wait_for_timeout(200)
        if number == ends_after:
            Session.objects.all().delete()


def _sign_in(page: Page) -> None:
    page.get_by_label(_("Account name or e-mail address")).fill("employee")
    page.get_by_label(_("Password")).fill(PASSWORD)
    page.get_by_role("button", name=_("Sign in"), exact=True).click()


@pytest.mark.parametrize("way", ["close", "leave"])
def test_ten_thousand_characters_are_kept_when_the_window_closes_in_the_middle(
    windows: Windows, world: World, planned: Talk, way: str
) -> None:
    page, key = _preparation(windows, world, planned)
    text_in(page, key).fill(TEN_THOUSAND)
    if way == "close":
        with page.expect_event("close"):
            page.close(run_before_unload=True)
    else:
        page.goto("/")
    until(page, lambda: _prepared(planned) == TEN_THOUSAND)


@pytest.mark.parametrize("where", ["preparation", "joint"])
def test_what_is_written_without_a_network_is_saved_when_it_is_back(
    windows: Windows, world: World, request: pytest.FixtureRequest, where: str
) -> None:
    talk = request.getfixturevalue("planned" if where == "preparation" else "held")
    read = _prepared if where == "preparation" else _recorded
    page, key = _open(windows, world, talk, where)
    text_in(page, key).fill("Före avbrottet")
    until_saved(page)
    windows.expects_faults = True
    page.context.set_offline(True)
    text_in(page, key).fill("Före avbrottet, och under det")
    failed = _("Could not be saved. Your text is still here; we try again.")
    expect(page.locator("[data-sheet-status]")).to_have_text(failed, timeout=10_000)
    assert read(talk) == "Före avbrottet"
    page.context.set_offline(False)
    until(page, lambda: read(talk) == "Före avbrottet, och under det")
    until_saved(page)
    expect(page.locator(".row-conflict")).to_have_count(0)


def test_one_person_in_two_windows_sees_both_texts(
    windows: Windows, world: World, planned: Talk
) -> None:
    (first, key), (second, _key) = (_preparation(windows, world, planned) for _each in range(2))
    text_in(first, key).fill("Skrivet på datorn")
    until_saved(first)
    text_in(second, key).fill("Skrivet på telefonen")
    notice = row(second, key).get_by_role("alert")
    expect(notice).to_contain_text("Skrivet på datorn")
    expect(notice).to_contain_text("Skrivet på telefonen")
    assert _prepared(planned) == "Skrivet på datorn"
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    # One's own text stands in this window alone, so leaving it is asked about.
    second.once("dialog", stay)
    text_in(second, key).click()
    second.evaluate("setTimeout(() => location.reload())")
    until(second, lambda: bool(asked))
    assert asked == ["beforeunload"]
    expect(text_in(second, key)).to_have_value("Skrivet på telefonen")
    notice.get_by_role("button", name=_("Save what I wrote here")).click()
    until(second, lambda: _prepared(planned) == "Skrivet på telefonen")


def test_what_is_written_when_the_other_has_finished_is_shown_to_copy(
    windows: Windows, world: World, held: Talk
) -> None:
    page, key = _open(windows, world, held, "joint")
    desk = windows.open(world.people["manager"])
    desk.goto(address_of(held, "talk_document"))
    desk.get_by_role("button", name=_("Finish, and ask both to confirm")).click()
    expect(desk).to_have_url(re.compile("/bekrafta/$"))
    text_in(page, key).fill(WORDS)
    said = _("The record is written from the talk until both are asked to confirm it.")
    expect(page.locator("[data-sheet-status]")).to_have_text(said)
    expect(text_in(page, key)).to_have_value(WORDS)
    page.locator("[data-save-all]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(_("This was not saved"))
    expect(page.get_by_role("main")).to_contain_text(WORDS)


# --- One press, one step -----------------------------------------------------------------------


def test_double_click_on_every_button_that_moves_a_talk_moves_it_once(
    windows: Windows, world: World, planned: Talk
) -> None:
    pages = {who: windows.open(world.people[who]) for who in ("manager", "employee")}
    presses = [
        _Press("manager", "talk_times", "Propose", "tider", _propose),
        _Press("employee", "talk_times", "Accept the time", rf"samtal/{planned.pk}"),
        _Press("employee", "preparation_share", "Share it", "forberedelse", _prepare),
        _Press("manager", "preparation_waive", "Go without", "forberedelse"),
        _Press("manager", "talk_hold", "Note that it has been held", rf"samtal/{planned.pk}"),
        _Press(
            "manager", "talk_document", "Finish, and ask both to confirm", "bekrafta", _write_record
        ),
        _Press("employee", "talk_confirm", "Send my answer", "dokument", _answer),
        _Press("manager", "talk_confirm", "Send my answer", "dokument", _answer),
        _Press("manager", "talk_follow_up", "Start the follow-up", r"samtal/\d+"),
        _Press("manager", "talk_close", "Close the talk", rf"samtal/{planned.pk}"),
    ]
    for press in presses:
        press.do(pages[press.who], planned)

    steps = [each.action for each in stored(TalkStep, talk=planned)]
    assert steps == [
        "start",
        "propose_time",
        "answer_time",
        "share",
        "waive",
        "hold",
        "document",
        "confirm",
        "confirm",
        "follow_up",
        "close",
    ]
    assert len(stored(TalkTime, talk=planned)) == 1
    assert len(stored(Preparation, talk=planned)) == 1
    assert len(stored(TalkVersion, talk=planned)) == 1
    assert len(stored(Confirmation, talk=planned)) == 2
    assert len(stored(Talk, kind=TalkKind.FOLLOW_UP)) == 1
    assert the_talk(pk=planned.pk).status == Talk.Status.CLOSED


class _Press:
    """A button on the page of `route`, once `before` has been done there, and where it leads."""

    def __init__(
        self,
        who: str,
        route: str,
        button: str,
        leads_to: str,
        before: Callable[[Page, Talk], None] = lambda page, talk: None,
    ) -> None:
        self.who, self.route, self.button = who, route, button
        self.leads_to, self.before = leads_to, before

    def do(self, page: Page, talk: Talk) -> None:
        page.goto(address_of(talk, self.route))
        self.before(page, talk)
        sent: list[str] = []

        def note(request: Request) -> None:
            if request.method == "POST" and "/utkast/" not in request.url:
                sent.append(request.url)

        page.on("request", note)
        label = _(self.button)
        name = re.compile(rf"^\s*{re.escape(label)}")
        main = page.get_by_role("main")
        main.get_by_role("button", name=name).first.dblclick()
        expect(page).to_have_url(re.compile(rf"/{self.leads_to}/(#.*)?$"))
        page.remove_listener("request", note)
        assert len(sent) == 1, self.route
        # It says what was done, and nothing of a second try that was refused.
        expect(main.locator(".message-success").first).to_be_visible()
        expect(main.locator(".message-error")).to_have_count(0)


def _propose(page: Page, talk: Talk) -> None:
    day = timezone.localdate() + timedelta(days=7)
    page.locator("[name=starts_0]").fill(f"{day}T09:30")


def _prepare(page: Page, talk: Talk) -> None:
    page.goto(address_of(talk, "preparation"))
    text_in(page, _key(talk)).fill(WORDS)
    until_saved(page)
    page.goto(address_of(talk, "preparation_share"))


def _write_record(page: Page, talk: Talk) -> None:
    page.goto(address_of(talk, "joint"))
    text_in(page, _key(talk)).fill(WORDS)
    until_saved(page)
    page.goto(address_of(talk, "talk_document"))


def _answer(page: Page, talk: Talk) -> None:
    page.locator("[name=outcome][value=CONFIRMED]").check()
    page.get_by_role("button", name=_("Go on, and look it over"), exact=True).click()


# --- What the tests look at --------------------------------------------------------------------


def _key(talk: Talk) -> str:
    return key_of(talk, owner="BOTH", shows="TEXT", visibility="SHARED")


def _open(windows: Windows, world: World, talk: Talk, route: str) -> tuple[Page, str]:
    page = windows.open(world.people["employee"])
    page.goto(address_of(talk, route))
    return page, _key(talk)


def _preparation(windows: Windows, world: World, talk: Talk) -> tuple[Page, str]:
    return _open(windows, world, talk, "preparation")


def _text_of(model: Any, talk: Talk) -> str:
    section = int(_key(talk).partition("-")[2])
    found = stored(model, talk=talk, section=section)
    assert len(found) < 2
    return str(found[0].text) if found else ""


def _prepared(talk: Talk) -> str:
    return _text_of(Answer, talk)


def _recorded(talk: Talk) -> str:
    return _text_of(RecordPart, talk)
