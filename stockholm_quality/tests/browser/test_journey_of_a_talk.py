"""A talk in one walk, in a window each: invited, prepared, held, confirmed and followed up; and at
every step each of the two sees what they may, and nobody else anything."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar
from playwright.sync_api import Page, Request, expect
from pypdf import PdfReader

from dialogues.actions.templates import ship_templates
from dialogues.models import (
    CompetenceNeed,
    Confirmation,
    ExpectationResult,
    RecordPart,
    Talk,
    TalkKind,
    TalkTime,
    TalkVersion,
)
from goals.models import Expectation, Goal
from stockholm_quality.tests.browser.city import LONG_AGO, City, adopt
from stockholm_quality.tests.browser.talking import (
    address_of,
    key_of,
    look_for_news,
    row,
    stored,
    text_in,
    the_talk,
    told,
    until,
    until_saved,
)
from stockholm_quality.tests.browser.walking import field as labelled
from stockholm_quality.tests.browser.walking import press, press_link
from stockholm_quality.tests.browser.windows import PHONE, Windows
from stockholm_quality.tests.browser.windows import swedish as _
from units.models import Employment, Role, RoleAssignment, User
from units.wall import upkeep

UNIT_GOAL = "Alla barn på Ängen har ett rikt språk när de börjar skolan"
LAST_YEARS = "Håll en sagostund varje vecka"
PERSONAL = "Jag läser högt för tre barn i taget varje förmiddag"
RESULT = "Alla arton barn berättar en saga"
SUPPORT = "En timme i veckan för att förbereda"
NEED = "Lära mig mer om flerspråkighet"
PLACE = "Lilla mötesrummet"

MANAGERS_WORDS = "Chefens tanke: du har fått med dig föräldrarna"
EMPLOYEES_WORDS = "Medarbetarens tanke: jag vill läsa mer med barnen"
EMPLOYEES_NOTE = "Medarbetarens anteckning: fråga om fredagarna"
MANAGERS_NOTE = "Chefens anteckning: fråga om schemat"
FROM_MANAGER = "Vi är överens om att språket går först"
FROM_EMPLOYEE = "Mötena på fredagar flyttas till torsdagar"
MANAGERS_SAME = "Chefens ord om samma sak"
EMPLOYEES_SAME = "Medarbetarens ord om samma sak"
BOTHS_SAME = "Bådas ord om samma sak"
MANAGERS_RESULT = "Sagostunden blev av trettio veckor"
EMPLOYEES_RESULT = "Det blev varje vecka utom i juli"
REMARK = "Jag hade velat skriva mer om lokalerna"


@dataclass
class Way:
    """The two windows, and those who must find nothing."""

    city: City
    manager: Page
    employee: Page
    others: list[Page]
    addresses: dict[str, str] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)

    def follow(self, page: Page) -> None:
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        """What belongs to this talk; each has a list of their own."""
        path = urlsplit(request.url).path
        if re.match(r"/samtal/(\d+|nytt)/", path):
            self.addresses[path] = request.method

    @property
    def talk(self) -> Talk:
        return the_talk(kind=TalkKind.EMPLOYEE)


@pytest.fixture
def spoken(city: City) -> City:
    """With a goal to take up, an expectation of last year to look back on, and somebody in HR."""
    with upkeep():
        ship_templates()
        unit, board = city.units["unit"], city.units["board"]
        area = Goal.objects.get(number="1.1")
        level = Goal.Level.UNIT
        of_board = Goal(unit=board, level=Goal.Level.BOARD, title="Språket först", parent=area)
        parent = adopt(of_board, city.year)
        adopt(Goal(unit=unit, level=level, title=UNIT_GOAL, parent=parent), city.year)
        goal = adopt(Goal(unit=unit, level=level, title="Barnen lyssnar"), city.year - 1)
        Expectation.objects.create(
            employment=_employment(city),
            goal=goal,
            text=LAST_YEARS,
            given_at=timezone.now(),
            given_by=city.people["chef"],
        )
        hr = User.objects.create(
            account_name="hr", email="hr@example.se", given_name="Vera", family_name="Holm"
        )
        RoleAssignment.objects.create(person=hr, role=Role.HR, unit=board, starts_on=LONG_AGO)
        city.people["hr"] = hr
    return city


def test_talk_from_the_invitation_to_the_follow_up(
    windows: Windows, spoken: City, tmp_path: Path
) -> None:
    people = spoken.people
    way = Way(
        spoken,
        manager=windows.open(people["chef"]),
        employee=windows.open(people["medarbetare"], viewport=PHONE),
        others=[windows.open(people[each]) for each in ("ali", "hr")],
    )
    way.follow(way.manager)
    way.follow(way.employee)

    _manager_starts_it_and_proposes_times(way)
    _employee_accepts_one(way, tmp_path)
    _nobody_else_finds_it(way)

    _both_prepare(way)
    _manager_shares_first(way)
    _employee_shares_and_both_read_both(way)
    _nobody_else_finds_it(way)

    _manager_notes_that_it_was_held(way)
    _both_write_in_sections_of_their_own(way)
    _both_write_in_the_same_section(way)
    _a_goal_becomes_a_personal_expectation(way)
    _both_look_back_on_last_year(way)
    _a_need_is_added(way)
    _nobody_else_finds_it(way)

    _manager_finishes_and_both_are_asked(way)
    _employee_confirms_with_a_remark(way)
    _manager_confirms(way)
    _record_can_be_read_by_both(way)
    _nobody_else_finds_it(way)

    _manager_starts_the_follow_up(way)
    way.tried.clear()
    _nobody_else_finds_it(way)


# --- The invitation ----------------------------------------------------------------------------


def _manager_starts_it_and_proposes_times(way: Way) -> None:
    page, employment = way.manager, _employment(way.city)
    page.goto("/samtal/")
    page.locator(f"a[href^='{reverse('dialogues:talk_new', args=[employment.pk])}']").click()
    page.locator("[name=year]").select_option(str(way.city.year))
    press(page, "Start the talk")
    told(page, "The talk is started. Propose a time, and prepare when it suits you.")

    press_link(page, "Propose a time")
    for place, day in enumerate((7, 8)):
        page.locator(f"[name=starts_{place}]").fill(f"{_in_days(day)}T09:30")
    page.locator("[name=place]").fill(PLACE)
    press(page, "Propose")
    told(page, "The times are proposed. You are told when one has been chosen.")
    assert way.talk.status == Talk.Status.INVITED


def _employee_accepts_one(way: Way, folder: Path) -> None:
    page = way.employee
    page.goto("/")
    times = address_of(way.talk, "talk_times")
    page.get_by_role("main").locator(f"a[href='{times}']").or_(
        page.get_by_role("complementary").locator(f"a[href='{times}']")
    ).first.click()
    later = page.get_by_role("listitem").filter(has_text=f"{_in_days(8).day} ").last
    later.get_by_role("button", name=re.compile(_("Accept the time"))).click()
    told(page, "The time is agreed. Both of you get it by mail.")
    accepted = stored(TalkTime, talk=way.talk, state=TalkTime.State.ACCEPTED)
    assert [timezone.localdate(each.starts_at) for each in accepted] == [_in_days(8)]

    for each in (way.employee, way.manager):
        each.goto(address_of(way.talk, "talk_times"))
        with each.expect_download() as download:
            press_link(each, "Put it in my calendar")
        download.value.save_as(folder / "samtal.ics")
        calendar = Calendar.from_ical((folder / "samtal.ics").read_bytes())
        (event,) = calendar.walk("VEVENT")
        assert timezone.localtime(event.decoded("dtstart")).strftime("%H:%M") == "09:30"
        assert event.decoded("dtstart").date() == _in_days(8)
        assert str(event["location"]) == PLACE
        assert event["uid"].startswith(str(way.talk.calendar_uid))
        # Others see one's calendar: it tells that there is a talk, and not with whom.
        file = (folder / "samtal.ics").read_text()
        assert not {"Maja", "Öberg", "Åsa", "Lindqvist"} & set(re.findall(r"\w+", file))


# --- Apart ---------------------------------------------------------------------------------------


def _both_prepare(way: Way) -> None:
    talk = way.talk
    words = key_of(talk, owner="BOTH", shows="TEXT", visibility="SHARED")
    notes = key_of(talk, visibility="OWN")
    for page, text, note in (
        (way.manager, MANAGERS_WORDS, MANAGERS_NOTE),
        (way.employee, EMPLOYEES_WORDS, EMPLOYEES_NOTE),
    ):
        page.goto(address_of(talk))
        press_link(page, "Prepare the talk")
        text_in(page, words).fill(text)
        text_in(page, notes).fill(note)
        until_saved(page)
        page.reload()
        expect(text_in(page, words)).to_have_value(text)
    _unseen(way.manager, talk, [EMPLOYEES_WORDS, EMPLOYEES_NOTE])
    _unseen(way.employee, talk, [MANAGERS_WORDS, MANAGERS_NOTE])
    # Nor that the other has begun.
    for page in (way.manager, way.employee):
        expect(page.locator("#standing").locator("..")).not_to_contain_text(_("Draft"))
        page.goto(address_of(talk, "preparation_other"))
        expect(page.get_by_role("heading", level=1)).to_have_text(_("This is not open to you yet"))


def _manager_shares_first(way: Way) -> None:
    page, talk = way.manager, way.talk
    page.goto(address_of(talk, "preparation"))
    press_link(page, "Read through and share")
    main = page.get_by_role("main")
    expect(main).to_contain_text(MANAGERS_WORDS)
    expect(main).not_to_contain_text(MANAGERS_NOTE)
    press(page, "Share it")
    told(page, "Your preparation is shared.")
    _unseen(way.employee, talk, [MANAGERS_WORDS, MANAGERS_NOTE])
    _unseen(way.manager, talk, [EMPLOYEES_WORDS, EMPLOYEES_NOTE])
    way.employee.goto(address_of(talk, "preparation"))
    expect(way.employee.get_by_role("main")).to_contain_text(
        _("It opens for you when you have shared or waived your own.")
    )


def _employee_shares_and_both_read_both(way: Way) -> None:
    page, talk = way.employee, way.talk
    press_link(page, "Read through and share")
    press(page, "Share it")
    told(page, "Your preparation is shared.")
    for each in (way.employee, way.manager):
        each.goto(address_of(talk, "preparation"))
        press_link(each, "Read both beside each other")
        main = each.get_by_role("main")
        expect(main).to_contain_text(MANAGERS_WORDS)
        expect(main).to_contain_text(EMPLOYEES_WORDS)
    _unseen(way.manager, talk, [EMPLOYEES_NOTE])
    _unseen(way.employee, talk, [MANAGERS_NOTE])


# --- Together ------------------------------------------------------------------------------------


def _manager_notes_that_it_was_held(way: Way) -> None:
    page, talk = way.manager, way.talk
    way.employee.goto(address_of(talk, "joint"))
    expect(way.employee.get_by_role("main")).to_contain_text(_("It opens when the talk is held"))
    page.goto(address_of(talk))
    press_link(page, "Note that the talk has been held")
    press(page, "Note that it has been held")
    told(page, "The talk is held. Write the record together.")
    for each in (way.manager, way.employee):
        each.goto(address_of(talk))
        press_link(each, "Open the joint page")
        main = each.get_by_role("main")
        expect(main).to_contain_text(MANAGERS_WORDS)
        expect(main).to_contain_text(EMPLOYEES_WORDS)


def _both_write_in_sections_of_their_own(way: Way) -> None:
    talk = way.talk
    mine, theirs = (key_of(talk, owner="BOTH", shows="TEXT", place=each) for each in (0, 1))
    text_in(way.manager, mine).fill(FROM_MANAGER)
    text_in(way.employee, theirs).fill(FROM_EMPLOYEE)
    for page in (way.manager, way.employee):
        until_saved(page)
        expect(page.locator(".row-conflict")).to_have_count(0)
        page.locator("h1").click()
    # Each gets what the other wrote without loading the page.
    for page, key, text in (
        (way.manager, theirs, FROM_EMPLOYEE),
        (way.employee, mine, FROM_MANAGER),
    ):
        page.evaluate("document.activeElement.blur()")
        look_for_news(page)
        expect(text_in(page, key)).to_have_value(text)


def _both_write_in_the_same_section(way: Way) -> None:
    talk = way.talk
    same = key_of(talk, owner="JOINT", shows="TEXT")
    # The employee's window has not heard yet.
    way.employee.route("**/gemensamt/nytt/**", lambda route: route.fulfill(status=204))
    text_in(way.manager, same).fill(MANAGERS_SAME)
    until_saved(way.manager)
    text_in(way.employee, same).fill(EMPLOYEES_SAME)
    notice = row(way.employee, same).get_by_role("alert")
    expect(notice).to_contain_text(_("Somebody else saved here while you were writing"))
    expect(notice).to_contain_text(MANAGERS_SAME)
    expect(notice).to_contain_text(EMPLOYEES_SAME)
    expect(text_in(way.employee, same)).to_have_value(EMPLOYEES_SAME)
    assert _written(talk, same) == MANAGERS_SAME
    text_in(way.employee, same).fill(BOTHS_SAME)
    notice.get_by_role("button", name=_("Save mine")).click()
    until(way.employee, lambda: _written(talk, same) == BOTHS_SAME)
    expect(notice).to_have_count(0)
    way.employee.unroute("**/gemensamt/nytt/**")
    way.manager.evaluate("document.activeElement.blur()")
    look_for_news(way.manager)
    expect(text_in(way.manager, same)).to_have_value(BOTHS_SAME)


def _a_goal_becomes_a_personal_expectation(way: Way) -> None:
    page = way.manager
    page.locator(".joint-adopt summary").click()
    page.locator(".joint-adopt").get_by_role("checkbox", name=UNIT_GOAL).check()
    press(page, "Adopt them")
    told(page, "{count} goal has become an expectation. Make it personal.", count=1)
    (given,) = stored(Expectation, goal__title=UNIT_GOAL)
    card = page.locator(f"#expectation-{given.pk}")
    expect(card).to_contain_text(UNIT_GOAL)

    # The employee makes it personal, on the phone.
    page = way.employee
    page.reload()
    card = page.locator(f"#expectation-{given.pk}")
    card.get_by_role("link", name=re.compile(_("Make it personal"))).click()
    card.locator("[name=text]").fill(PERSONAL)
    card.locator("[name=expected_result]").fill(RESULT)
    card.locator("[name=support]").fill(SUPPORT)
    card.locator("[name=due_on]").fill(f"{date(way.city.year, 12, 1)}")
    card.get_by_role("button", name=_("Save"), exact=True).click()
    expect(card).to_contain_text(PERSONAL)
    expect(card).to_contain_text(SUPPORT)
    (given,) = stored(Expectation, pk=given.pk)
    assert (given.text, given.expected_result, given.version_number) == (PERSONAL, RESULT, 2)


def _both_look_back_on_last_year(way: Way) -> None:
    (before,) = stored(Expectation, text=LAST_YEARS)
    key = f"x-{before.pk}"
    for page, outcome, words in (
        (way.manager, "PARTIAL", MANAGERS_RESULT),
        (way.employee, "FULL", EMPLOYEES_RESULT),
    ):
        page.goto(address_of(way.talk, "joint"))
        page.locator(f"[name={key}-outcome][value={outcome}]").check()
        text_in(page, key, "words").fill(words)
        until_saved(page)
    page.reload()
    main = page.get_by_role("main")
    expect(main).to_contain_text(MANAGERS_RESULT)
    results = stored(ExpectationResult, expectation=before)
    assert {(each.party, each.outcome, each.words) for each in results} == {
        ("MANAGER", "PARTIAL", MANAGERS_RESULT),
        ("EMPLOYEE", "FULL", EMPLOYEES_RESULT),
    }


def _a_need_is_added(way: Way) -> None:
    page = way.employee
    press_link(page, "Add a need")
    page.locator("[name=need]").fill(NEED)
    page.locator("[name=source]").select_option("OWN_WISH")
    press(page, "Save")
    expect(page.locator("#needs")).to_contain_text(NEED)
    (need,) = stored(CompetenceNeed, need=NEED)
    assert need.employee == way.city.people["medarbetare"]


# --- Confirmed -----------------------------------------------------------------------------------


def _manager_finishes_and_both_are_asked(way: Way) -> None:
    page, talk = way.manager, way.talk
    page.goto(address_of(talk, "joint"))
    press_link(page, "Done writing: ask both to confirm")
    main = page.get_by_role("main")
    for said in _SAID:
        expect(main).to_contain_text(said)
    press(page, "Finish, and ask both to confirm")
    told(page, "Finished. Both of you are now asked to confirm the record.")
    confirm = address_of(talk, "talk_confirm")
    expect(page).to_have_url(re.compile(f"{confirm}$"))
    for each in (way.manager, way.employee):
        each.goto("/")
        # Further down in a long list it is folded.
        expect(each.locator(f"a[href='{confirm}']").first).to_be_attached()


def _employee_confirms_with_a_remark(way: Way) -> None:
    page, talk = way.employee, way.talk
    page.goto(address_of(talk))
    press_link(page, "Read and answer the record")
    page.locator("[name=outcome][value=WITH_REMARK]").check()
    press(page, "Go on, and look it over")
    expect(page.get_by_role("alert").first).to_contain_text(
        _("Write your remark, or your reason for declining.")
    )
    labelled(page, "Your remark or your reason").fill(REMARK)
    press(page, "Go on, and look it over")
    expect(page.get_by_role("main")).to_contain_text(REMARK)
    assert not stored(Confirmation, talk=talk)
    press(page, "Send my answer")
    told(page, "Your answer is kept, with today's date.")
    assert way.talk.status == Talk.Status.DOCUMENTED


def _manager_confirms(way: Way) -> None:
    page, talk = way.manager, way.talk
    page.goto(address_of(talk, "talk_confirm"))
    expect(page.get_by_role("main")).to_contain_text(REMARK)
    page.locator("[name=outcome][value=CONFIRMED]").check()
    press(page, "Go on, and look it over")
    press(page, "Send my answer")
    told(page, "Your answer is kept, with today's date.")
    assert way.talk.status == Talk.Status.CONFIRMED
    answers = {(each.party, each.outcome, each.words) for each in stored(Confirmation, talk=talk)}
    assert answers == {("EMPLOYEE", "WITH_REMARK", REMARK), ("MANAGER", "CONFIRMED", "")}


_SAID = (
    FROM_MANAGER,
    FROM_EMPLOYEE,
    BOTHS_SAME,
    PERSONAL,
    RESULT,
    SUPPORT,
    LAST_YEARS,
    MANAGERS_RESULT,
    EMPLOYEES_RESULT,
    NEED,
)


def _record_can_be_read_by_both(way: Way) -> None:
    talk = way.talk
    (version,) = stored(TalkVersion, talk=talk)
    for page in (way.manager, way.employee):
        page.goto(address_of(talk, "record"))
        main = page.get_by_role("main")
        for said in (*_SAID, REMARK):
            expect(main).to_contain_text(said)
        with page.expect_download() as download:
            press_link(page, "Download as PDF")
        pdf = PdfReader(BytesIO(Path(download.value.path()).read_bytes()))
        assert pdf.trailer["/Root"]["/MarkInfo"]["/Marked"]
        assert str(pdf.trailer["/Root"]["/Lang"]).startswith("sv")
        read = _squeezed("\n".join(sheet.extract_text() for sheet in pdf.pages))
        for said in (*_SAID, REMARK):
            assert _squeezed(said) in read, said
        # Notes for oneself, and what was prepared, are no part of what both have answered.
        for unsaid in (MANAGERS_NOTE, EMPLOYEES_NOTE, EMPLOYEES_WORDS, MANAGERS_WORDS):
            assert _squeezed(unsaid) not in read
    way.addresses[address_of(talk, "record_pdf", version.number)] = "GET"
    way.addresses[address_of(talk, "readings")] = "GET"


def _manager_starts_the_follow_up(way: Way) -> None:
    page, talk = way.manager, way.talk
    page.goto(address_of(talk))
    press_link(page, "Start the half-year follow-up")
    press(page, "Start the follow-up")
    told(page, "The follow-up is started. Propose a time for it.")
    (follow_up,) = stored(Talk, kind=TalkKind.FOLLOW_UP)
    assert follow_up.previous_id == talk.pk
    for each in (way.manager, way.employee):
        each.goto(f"/samtal/?year={way.city.year}")
        expect(each.locator(f"a[href='{follow_up.get_absolute_url()}']").first).to_be_visible()
    way.employee.goto(address_of(follow_up, "preparation"))
    expect(way.employee.locator("#talk-form")).to_be_attached()


# --- What each may see ---------------------------------------------------------------------------


def _unseen(page: Page, talk: Talk, words: Iterable[str]) -> None:
    """None of the words stands in any page of the talk that this person can ask for."""
    routes = [
        "talk",
        "talk_times",
        "preparation",
        "preparation_share",
        "preparation_other",
        "joint",
        "joint_beside",
        "record",
    ]
    addresses = [address_of(talk, each) for each in routes]
    for address in ("/", "/samtal/", "/kompetensplan/", "/mina-uppgifter/json/", *addresses):
        answer = page.context.request.get(address)
        found = [each for each in words if each in answer.text()]
        assert not found, (address, found)


def _nobody_else_finds_it(way: Way) -> None:
    """Neither a colleague nor HR: what the two have used since the last time, and the talk itself,
    is unknown to them."""
    fresh = {path: used for path, used in way.addresses.items() if path not in way.tried}
    assert fresh
    fresh[address_of(way.talk)] = "GET"
    for page in way.others:
        page.goto("/samtal/")
        expect(page.get_by_role("main")).not_to_contain_text("Maja Öberg")
        token = page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""
        headers = {"X-CSRFToken": token, "Referer": page.url}
        found = {path: _status(page, path, used, headers) for path, used in fresh.items()}
        assert set(found.values()) == {404}, found
    way.tried |= set(fresh)


def _status(page: Page, path: str, method: str, headers: dict[str, str]) -> int:
    return page.context.request.fetch(path, method=method, headers=headers).status


def _written(talk: Talk, key: str) -> str:
    (part,) = stored(RecordPart, talk=talk, section=int(key.partition("-")[2])) or [RecordPart()]
    return str(part.text)


def _employment(city: City) -> Employment:
    return Employment.objects.get(person=city.people["medarbetare"])


def _in_days(days: int) -> date:
    return timezone.localdate() + timedelta(days=days)


def _squeezed(text: str) -> str:
    """Lines are broken where they fit."""
    return re.sub(r"[\s\u00ad\u2010-]+", "", text)
