"""Every page of the talks, in every state, through the same bars as the other pages.

With SHOTS in the environment, a folder, a picture of each is kept there, wide and narrow.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db.models import F
from django.urls import reverse
from playwright.sync_api import Page, Route, ViewportSize, expect

from dialogues import urls
from dialogues.models import Answer, CompetenceNeed, Party, RecordPart, TalkVersion
from goals.models import Expectation
from stockholm_quality.tests.browser.looking import (
    Kind,
    all_faults,
    all_ways,
    by_keyboard,
    too_wide,
    walk,
)
from stockholm_quality.tests.browser.windows import DESKTOP, PHONE, Windows
from stockholm_quality.tests.browser.windows import swedish as _
from stockholm_quality.tests.world import World
from stockholm_quality.tests.world_talks import answer, build_talks
from units.models import Delegation
from units.wall import upkeep

SHOTS = os.environ.get("SHOTS", "")


@pytest.fixture
def talks(world: World) -> World:
    build_talks(world)
    return world


def _at(name: str, *keys: str, more: str = "") -> Callable[[World], str]:
    """`_at("record_version", "talks.confirmed", "1")`; in `more`, {talks.planned} is its number."""

    def address(world: World) -> str:
        def number(key: str) -> str:
            if key.isdecimal():
                return key
            kind, _dot, name = key.partition(".")
            return str(getattr(world, kind)[name].pk)

        filled = re.sub(r"{([\w.]+)}", lambda found: number(found[1]), more)
        return reverse(f"dialogues:{name}", args=[number(key) for key in keys]) + filled

    address.__name__ = name
    return address


def _of_the_delegate(name: str) -> Callable[[World], str]:
    def address(world: World) -> str:
        given = Delegation.objects.get(delegate=world.people["delegate"])
        return reverse(f"dialogues:{name}", args=[given.pk])

    address.__name__ = name
    return address


# --- What somebody does first ------------------------------------------------------------------


def _send(page: Page) -> None:
    """Nothing that must be filled in is."""
    for field in page.locator("main form[method=post]:not(#talk-form) :is(input, textarea)").all():
        kind = field.get_attribute("type") or "text"
        if kind in {"text", "date", "datetime-local", "number"} and field.is_visible():
            field.fill("")
    for select in page.locator("main form[method=post] select").all():
        if select.locator("option[value='']").count():
            select.select_option("")
    page.locator("main form[method=post] .actions button[type=submit]").last.click()
    expect(page.locator("main [role=alert]").first).to_be_visible()


def _all_open(page: Page) -> None:
    page.locator("main details").evaluate_all("all => all.forEach(each => each.open = true)")


def _begin(page: Page) -> None:
    """The other window has not saved yet when one begins to write."""
    page.route("**/gemensamt/nytt/**", lambda route: route.fulfill(status=204))


def _text(page: Page) -> None:
    page.locator("main [data-row^=s-] textarea").first.fill("Min text")


def _written_meanwhile(model: type[Answer | RecordPart]) -> Callable[[Page], None]:
    def do(page: Page) -> None:
        _begin(page)
        key = page.locator("main [data-row^=s-]").all()
        with upkeep():
            rows = model.objects.all()
            rows.update(text="Den andras text", revision=F("revision") + 1)
            written = set(rows.values_list("section_id", flat=True))
        names = [str(each.get_attribute("data-row")) for each in key]
        mine = next(each for each in names if int(each[2:]) in written)
        page.locator(f"[name={mine}-text]").fill("Min text")
        expect(page.locator(".row-conflict")).to_be_visible()

    return do


def _page_conflict(page: Page) -> None:
    page.route(re.compile("/(gemensamt|forberedelse)/"), _only_pages)
    with upkeep():
        RecordPart.objects.update(text="Den andras ord", revision=F("revision") + 1)
        written = set(RecordPart.objects.values_list("section_id", flat=True))
    for each in page.locator("main [data-row^=s-]").all():
        name = str(each.get_attribute("data-row"))
        if int(name[2:]) in written:
            page.locator(f"[name={name}-text]").fill("Mina ord")
    page.locator("[data-save-all]").click()
    expect(page.locator(".row-conflict").first).to_be_visible()


def _only_pages(route: Route) -> None:
    is_row = route.request.method == "POST" and "json" in route.request.headers["accept"]
    route.fulfill(status=503, body="Nere") if is_row else route.continue_()


def _server_down(page: Page) -> None:
    page.route(re.compile("/(gemensamt|forberedelse)/"), _only_pages)
    _text(page)
    expect(page.locator("[data-sheet-status][data-state=failed]")).to_be_visible()


def _day_that_has_been(page: Page) -> None:
    page.locator("[name=next-next_on]").fill("2019-05-07")
    expect(page.locator(".field-error").first).to_be_visible()


def _meet(model: type[Expectation | CompetenceNeed], field: str) -> Callable[[Page], None]:
    """Somebody else changes the same thing meanwhile."""

    def do(page: Page) -> None:
        with upkeep():
            model.objects.update(**{field: "Den andras text", "revision": F("revision") + 1})
        page.locator(f"main [name={field}]").fill("Min text")
        page.locator("main form[method=post] .actions button[type=submit]").first.click()
        expect(page.get_by_role("main")).to_contain_text("Den andras text")

    return do


def _look_over(page: Page) -> None:
    page.locator("[name=outcome][value=WITH_REMARK]").check()
    page.locator("[name=words]").fill("Jag hade velat skriva mer")
    page.get_by_role("button", name=_("Go on, and look it over"), exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(_("Send your answer?"))


def _plan(page: Page) -> None:
    page.locator("[name=starts]").fill("2035-05-07T09:00")
    page.get_by_role("button", name=_("Show the times"), exact=True).click()
    expect(page.get_by_role("button", name=_("Send the invitations"))).to_be_visible()


def _answered_meanwhile(page: Page) -> None:
    """Both have answered while one wrote an answer."""
    page.locator("[name=outcome][value=WITH_REMARK]").check()
    page.locator("[name=words]").fill("Jag hade velat skriva mer")
    page.get_by_role("button", name=_("Go on, and look it over"), exact=True).click()
    with upkeep():
        for version in TalkVersion.objects.filter(confirmations__party=Party.MANAGER).exclude(
            confirmations__party=Party.EMPLOYEE
        ):
            answer(version, Party.EMPLOYEE)
    page.get_by_role("button", name=_("Send my answer")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(_("This was not saved"))


def _no_words(page: Page) -> None:
    page.locator("[name=outcome][value=DECLINED]").check()
    page.locator("[name=words]").fill("")
    page.get_by_role("button", name=_("Go on, and look it over"), exact=True).click()
    expect(page.locator("main [role=alert]").first).to_be_visible()


CHANGING = {_answered_meanwhile}

PAGES = {
    # The hub
    "talks, employee": Kind("employee", _at("talks")),
    "talks, manager": Kind("manager", _at("talks"), _all_open),
    "talks, nobody found": Kind("manager", _at("talks", more="?text=finns+inte")),
    "talks, none": Kind("administrator", _at("talks")),
    "talks, delegate": Kind("delegate", _at("talks")),
    "talk, planned": Kind("employee", _at("talk", "talks.planned")),
    "talk, invited": Kind("manager", _at("talk", "talks.preparing")),
    "talk, preparing": Kind("employee", _at("talk", "talks.half_shared")),
    "talk, held": Kind("manager", _at("talk", "talks.held"), _all_open),
    "talk, left by its manager": Kind("employee", _at("talk", "talks.former_held")),
    "talk, documented": Kind("employee", _at("talk", "talks.documented")),
    "talk, confirmed": Kind("manager", _at("talk", "talks.confirmed")),
    "talk, corrected": Kind("employee", _at("talk", "talks.correcting")),
    "talk, closed": Kind("employee", _at("talk", "talks.closed")),
    "talk, discontinued": Kind("manager", _at("talk", "talks.discontinued")),
    "talk, to take over": Kind("manager", _at("talk", "talks.former_preparing")),
    "talk, brought along": Kind("employee", _at("talk", "talks.former_confirmed")),
    "start a talk": Kind("manager", _at("talk_new", "employments.employee")),
    "held on": Kind("manager", _at("talk_hold", "talks.both_shared")),
    "held on, errors": Kind("manager", _at("talk_hold", "talks.both_shared"), _send),
    "close": Kind("manager", _at("talk_close", "talks.confirmed")),
    "discontinue": Kind("manager", _at("talk_discontinue", "talks.planned")),
    "discontinue, errors": Kind("manager", _at("talk_discontinue", "talks.planned"), _send),
    "take over": Kind("manager", _at("talk_take_over", "talks.former_preparing")),
    "hand over": Kind("employee", _at("talk_hand_over", "talks.former_held")),
    "take along": Kind("moved", _at("talk_bring", "talks.left")),
    "follow up": Kind("manager", _at("talk_follow_up", "talks.confirmed")),
    # Its time
    "times": Kind("employee", _at("talk_times", "talks.preparing")),
    "times, agreed": Kind("manager", _at("talk_times", "talks.half_shared")),
    "times, none": Kind("manager", _at("talk_times", "talks.planned")),
    "times, errors": Kind("manager", _at("talk_times", "talks.planned"), _send),
    "invite many, nobody": Kind("manager", _at("invite_many")),
    "invite many": Kind(
        "manager", _at("invite_many", more="?talk={talks.planned}&talk={talks.both_shared}")
    ),
    "invite many, the plan": Kind(
        "manager", _at("invite_many", more="?talk={talks.planned}&talk={talks.both_shared}"), _plan
    ),
    # Apart
    "preparation": Kind("employee", _at("preparation", "talks.preparing")),
    "preparation, of pay": Kind("manager", _at("preparation", "talks.salary_preparing"), _all_open),
    "preparation, shared": Kind("employee", _at("preparation", "talks.both_shared")),
    "preparation, two windows": Kind(
        "employee", _at("preparation", "talks.preparing"), _written_meanwhile(Answer)
    ),
    "preparation, server away": Kind(
        "manager", _at("preparation", "talks.half_shared"), _server_down
    ),
    "preparation, discontinued": Kind("employee", _at("preparation", "talks.discontinued")),
    "share": Kind("employee", _at("preparation_share", "talks.preparing")),
    "waive": Kind("employee", _at("preparation_waive", "talks.preparing")),
    "what both have shared": Kind("employee", _at("preparation_other", "talks.both_shared")),
    "what the other has shared, not open": Kind(
        "manager", _at("preparation_other", "talks.half_shared")
    ),
    # Together
    "joint page": Kind("manager", _at("joint", "talks.held")),
    "joint page, all open": Kind("employee", _at("joint", "talks.held"), _all_open),
    "joint page, of pay": Kind("manager", _at("joint", "talks.salary_held"), _all_open),
    "joint page, of pay, read": Kind("employee", _at("joint", "talks.salary_held")),
    "joint page, not yet": Kind("employee", _at("joint", "talks.planned")),
    "joint page, an error": Kind("manager", _at("joint", "talks.held"), _day_that_has_been),
    "joint page, two in a row": Kind(
        "employee", _at("joint", "talks.held"), _written_meanwhile(RecordPart)
    ),
    "joint page, two in the page": Kind("manager", _at("joint", "talks.held"), _page_conflict),
    "joint page, server away": Kind("manager", _at("joint", "talks.held"), _server_down),
    "the year beside": Kind("manager", _at("joint_beside", "talks.held"), _all_open),
    "adopt": Kind("manager", _at("joint_adopt", "talks.held")),
    "new expectation": Kind("employee", _at("joint_expectation_new", "talks.held")),
    "new expectation, errors": Kind("employee", _at("joint_expectation_new", "talks.held"), _send),
    "change the expectation": Kind(
        "manager", _at("joint_expectation", "talks.held", "expectations.agreed")
    ),
    "change the expectation, two windows": Kind(
        "manager",
        _at("joint_expectation", "talks.held", "expectations.agreed"),
        _meet(Expectation, "text"),
    ),
    "withdraw": Kind(
        "manager", _at("joint_expectation_withdraw", "talks.held", "expectations.agreed")
    ),
    "withdraw, errors": Kind(
        "manager", _at("joint_expectation_withdraw", "talks.held", "expectations.agreed"), _send
    ),
    "new need": Kind("employee", _at("joint_need_new", "talks.held")),
    "new need, errors": Kind("employee", _at("joint_need_new", "talks.held"), _send),
    "change the need": Kind("employee", _at("joint_need", "talks.held", "needs_of_talks.open")),
    "change the need, two windows": Kind(
        "employee",
        _at("joint_need", "talks.held", "needs_of_talks.open"),
        _meet(CompetenceNeed, "need"),
    ),
    # The record
    "finish": Kind("manager", _at("talk_document", "talks.held")),
    "answer": Kind("employee", _at("talk_confirm", "talks.documented")),
    "answer, errors": Kind("employee", _at("talk_confirm", "talks.documented"), _no_words),
    "answer, looked over": Kind("employee", _at("talk_confirm", "talks.documented"), _look_over),
    "answer, too late": Kind(
        "employee", _at("talk_confirm", "talks.documented"), _answered_meanwhile
    ),
    "open again": Kind("employee", _at("talk_reopen", "talks.documented")),
    "open again, errors": Kind("employee", _at("talk_reopen", "talks.documented"), _send),
    "correct": Kind("manager", _at("talk_correct", "talks.confirmed")),
    "correct, errors": Kind("manager", _at("talk_correct", "talks.confirmed"), _send),
    "record": Kind("employee", _at("record", "talks.confirmed"), _all_open),
    "record, waiting": Kind("manager", _at("record", "talks.documented")),
    "record, of pay": Kind("employee", _at("record", "talks.salary")),
    "record, being corrected": Kind("employee", _at("record", "talks.correcting")),
    "record, an earlier version": Kind("employee", _at("record_version", "talks.correcting", "1")),
    "record, compared": Kind(
        "employee", _at("record_version", "talks.correcting", "2", more="?with=1")
    ),
    "readings": Kind("colleague", _at("readings", "talks.colleagues")),
    # In need, and one's own
    "open in need": Kind("hr", _at("access_open")),
    "open in need, found": Kind("hr", _at("access_open", more="?q=colleague")),
    "opened in need": Kind("need_reader", _at("access", "grants.running")),
    "own data": Kind("employee", _at("own_data")),
    # The competence plan
    "plan": Kind("employee", _at("competence"), _all_open),
    "plan, none": Kind("administrator", _at("competence")),
    "plan of an employee": Kind("manager", _at("competence_of", "employments.employee")),
    "plan to take along": Kind("moved", _at("competence_bring")),
    "need in the plan": Kind("employee", _at("competence_need", "needs_of_talks.open"), _all_open),
    "need in the plan, new": Kind("manager", _at("competence_need_new", "employments.employee")),
    "need in the plan, new, errors": Kind(
        "manager", _at("competence_need_new", "employments.employee"), _send
    ),
    "need in the plan, changed": Kind(
        "employee", _at("competence_need_edit", "needs_of_talks.open")
    ),
    "need in the plan, done": Kind("employee", _at("competence_need_done", "needs_of_talks.open")),
    "need in the plan, dropped": Kind(
        "employee", _at("competence_need_drop", "needs_of_talks.open")
    ),
    "needs of the unit": Kind("manager", _at("competence_unit", "units.unit"), _all_open),
    # Pay criteria
    "criteria": Kind("employee", _at("criteria")),
    "criteria of the year": Kind("employee", _at("criteria_set", "criteria_sets.board_0")),
    # Delegates, rounds and coverage
    "delegates": Kind("manager", _at("delegations"), _all_open),
    "new delegate": Kind("manager", _at("delegation_new")),
    "end a delegation": Kind("manager", _of_the_delegate("delegation_end")),
    "talks of a delegate": Kind("manager", _of_the_delegate("delegation_talks")),
    "rounds": Kind("hr", _at("rounds")),
    "round": Kind("hr", _at("round", "rounds.started"), _all_open),
    "round, planned": Kind("hr", _at("round", "rounds.planned"), _all_open),
    "new round": Kind("hr", _at("round_new")),
    "change the round": Kind("hr", _at("round_edit", "rounds.planned")),
    "start the round": Kind("hr", _at("round_start", "rounds.planned")),
    "end the round": Kind("hr", _at("round_end", "rounds.started")),
    "coverage": Kind("manager", _at("coverage", "units.unit"), _all_open),
    "coverage, of the board": Kind("hr", _at("coverage", "units.board"), _all_open),
}

# Looked through with the pages that they belong to, or no pages.
ELSEWHERE = {
    *("unit", "people", "give", "expectation", "expectation_edit", "expectation_withdraw"),
    *("acknowledge", "criteria_know", "own_data_pdf", "own_data_json", "record_pdf"),
    *("time_answer", "time_cancel", "talk_calendar", "talk_remind", "joint_news"),
}
PARTS = 3


def test_every_page_of_the_talks_is_looked_through() -> None:
    looked = {kind.address.__name__ for kind in PAGES.values()}
    assert {each.name for each in urls.urlpatterns} - looked == ELSEWHERE


def _picture(page: Page, name: str) -> None:
    if SHOTS:
        for size in (DESKTOP, PHONE):
            page.set_viewport_size(size)
            file = f"{re.sub(r'[^a-z]+', '-', name)}-{size['width']}.png"
            page.screenshot(path=Path(SHOTS) / file, full_page=True)
        page.set_viewport_size(DESKTOP)


class _Desk:
    """A window for each person, in which the pages are loaded one after the other."""

    def __init__(self, windows: Windows, world: World, viewport: ViewportSize = DESKTOP) -> None:
        self.windows, self.world, self.viewport = windows, world, viewport
        self.pages: dict[str, Page] = {}

    def visit(self, kind: Kind) -> tuple[Page, list[str]]:
        if kind.who not in self.pages:
            self.pages[kind.who] = self.windows.open(
                self.world.people[kind.who], reduced_motion="reduce", viewport=self.viewport
            )
        page = self.pages[kind.who]
        page.unroute_all()
        page.set_viewport_size(self.viewport)
        address = kind.address(self.world)
        answer = page.goto(address)
        status, led_to = answer.status if answer else 0, page.url.removeprefix(self.windows.address)
        if status not in {200, 403} or led_to != address:
            return page, [f"{address} answers {status} at {led_to}"]
        # What stands beside the joint page comes after it.
        expect(page.locator("#joint-beside[hx-get]")).to_have_count(0)
        kind.do(page)
        return page, []


def _part(part: int, parts: int = PARTS) -> list[tuple[str, Kind]]:
    """Those last that change what the others look at."""
    pages = sorted(PAGES.items(), key=lambda each: each[1].do in CHANGING)
    return pages[part::parts]


def _look(windows: Windows, world: World, pages: list[tuple[str, Kind]], every: int) -> list[str]:
    windows.expects_faults = True
    desk, faults = _Desk(windows, world), []
    for number, (name, kind) in enumerate(pages):
        page, wrong = desk.visit(kind)
        if not wrong:
            _picture(page, name)
            wrong = [*all_faults(page, number, every), *too_wide(page)]
        faults += [f"{name}: {fault}" for fault in wrong]
    return faults


@all_ways
@pytest.mark.parametrize("part", range(PARTS))
def test_pages_of_the_talks_have_no_fault_that_axe_finds(
    windows: Windows, talks: World, part: int, every: int
) -> None:
    faults = _look(windows, talks, _part(part), every)
    assert not faults, "\n".join(faults)


WALKED = [
    "talks, employee",
    "talks, manager",
    "times",
    "times, errors",
    "preparation",
    "preparation, two windows",
    "what both have shared",
    "joint page",
    "joint page, of pay",
    "joint page, two in a row",
    "finish",
    "answer",
    "answer, looked over",
    "record",
]


@by_keyboard
def test_every_control_of_the_talks_is_reached_by_keyboard_in_order(
    windows: Windows, talks: World, size: ViewportSize
) -> None:
    desk, faults = _Desk(windows, talks, size), []
    for name in WALKED:
        page, wrong = desk.visit(PAGES[name])
        faults += [f"{name}: {fault}" for fault in wrong or walk(page)]
    assert not faults, "\n".join(faults)
