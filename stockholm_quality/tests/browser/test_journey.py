"""The whole story in one walk: from a board's goal to what one person knows is expected of her.

Labels are asked for by their message id, so the walk follows the catalogues. What people write is
Swedish in full.
"""

import re
from datetime import date

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import override
from playwright.sync_api import Page, expect

from dialogues.models import Acknowledgement
from goals.models import Expectation, Goal
from stockholm_quality.tests.browser.city import STAFF, City
from stockholm_quality.tests.browser.walking import field, press, press_link, sign_in, sign_out
from stockholm_quality.tests.browser.windows import Windows
from stockholm_quality.tests.browser.windows import swedish as _
from stockholm_quality.tests.world import scene

BOARD_GOAL = "Barn i Hägersten-Älvsjö får det språk de behöver för att lyckas i skolan"
UNIT_GOAL = "Alla barn på Ängen har ett rikt språk när de börjar skolan"
CHANGED_UNIT_GOAL = "Alla barn på Ängen har ett rikt och levande språk när de börjar skolan"
EXPECTATION = "Du läser högt för en liten grupp barn varje dag och samtalar om boken"
OWN_EXPECTATION = "Du läser högt för treåringarna varje dag och samtalar om boken"
CHANGED_EXPECTATION = "Du läser högt för treåringarna varje dag och skriver en rad om samtalet"


def test_thread_from_the_boards_goal_to_a_person_who_knows(windows: Windows, city: City) -> None:
    page = windows.open()
    sign_in(page, "controller")
    _controller_adopts_a_board_goal(page, city)
    sign_out(page)

    sign_in(page, "chef")
    _chef_drafts_a_unit_goal(page, city)
    sign_out(page)
    sign_in(page, "chef")
    _chef_adopts_the_goal(page)
    _chef_makes_a_second_version(page)
    _chef_gives_expectations(page, city)

    mine = windows.open()
    sign_in(mine, "medarbetare")
    _employee_walks_the_thread(mine)
    _employee_knows(mine, city)

    _chef_changes_one_expectation(page, city, knows=1)
    _employee_is_asked_again(mine)
    _employee_knows(mine, city)

    for window in (page, mine):
        _walk_the_tree(window)


def _controller_adopts_a_board_goal(page: Page, city: City) -> None:
    page.goto(city.units["board"].get_absolute_url())
    press_link(page, "Write a new goal")
    field(page, "goal").fill("Barn i Hägersten-Älvsjö får ett rikt språk")
    field(page, "expected result").fill("Andelen barn med språkplan ökar från 80 till 100 procent")
    field(page, "Serves the goal").select_option(label="1.1 Förskolan lägger grunden")
    press(page, "Save the draft")
    expect(page.get_by_role("status").first).to_contain_text(
        _("The draft is saved. Adopt it when it is ready.")
    )
    press_link(page, "Continue writing")
    field(page, "goal").fill(BOARD_GOAL)
    press(page, "Save the draft")
    expect(page.get_by_role("heading", level=1)).to_have_text(BOARD_GOAL)
    press_link(page, "Adopt the goal")
    press(page, "Adopt the goal")
    # A board's goal is adopted by a decision that has a number.
    expect(page.get_by_role("alert")).to_contain_text(_("Reference number (diarienummer)"))
    field(page, "Decided on").fill(f"{city.year}-01-20")
    field(page, "Reference number (diarienummer)").fill("HÄ 2026/117")
    press(page, "Adopt the goal")
    goal = Goal.objects.get(title=BOARD_GOAL)
    assert (goal.decided_on, goal.reference_number) == (date(city.year, 1, 20), "HÄ 2026/117")
    assert not goal.is_draft
    expect(page.get_by_text("HÄ 2026/117").first).to_be_visible()


def _chef_drafts_a_unit_goal(page: Page, city: City) -> None:
    todo = page.get_by_role("complementary").get_by_role("list")
    expect(todo).to_contain_text(_("Write the unit's goals for {year}", year=city.year))
    press_link(page, "My unit")
    expect(page.get_by_role("heading", level=1)).to_have_text("Förskolan Ängen")
    press_link(page, "Write a new goal")

    # The questions come while she writes, with htmx.
    field(page, "goal").press_sequentially("Vi ska genomföra utbildning", delay=10)
    help_ = page.get_by_role("complementary")
    expect(help_).to_contain_text(_("What will be better, and for whom?"))
    field(page, "goal").fill(UNIT_GOAL)
    expect(help_).not_to_contain_text(_("What will be better, and for whom?"))

    for label, text in {
        "expected result": "Minst 18 av 20 barn berättar en saga för en kamrat i maj",
        "working method": "Vi läser högt i små grupper varje dag",
        "use of resources": "Bibliotekets bokväskor och två timmar planering i veckan",
        "follow-up": "Arbetslaget ser på språkplanerna i januari och i maj",
        "development": "Vi börjar tidigare på hösten än förra året",
    }.items():
        field(page, label).fill(text)
    parent = field(page, "Serves the goal")
    groups = parent.evaluate(
        "select => [...select.querySelectorAll('optgroup')].map(group => "
        "[group.label, [...group.children].map(option => option.text)])"
    )
    assert groups == [["1.1 Förskolan lägger grunden", [BOARD_GOAL]]]
    parent.select_option(label=BOARD_GOAL)
    press(page, "Save the draft")
    expect(page.get_by_role("heading", level=1)).to_have_text(UNIT_GOAL)
    expect(page.get_by_text(_("Draft"), exact=True).first).to_be_visible()


def _chef_adopts_the_goal(page: Page) -> None:
    page.get_by_role("complementary").get_by_role(
        "link", name=_("Finish and adopt a goal draft")
    ).click()
    press_link(page, "Adopt the goal")
    expect(page.get_by_role("main")).to_contain_text(BOARD_GOAL)
    press(page, "Adopt the goal")
    expect(page.get_by_role("status").first).to_contain_text(
        _("The goal is adopted. Everyone can read it now.")
    )


def _chef_makes_a_second_version(page: Page) -> None:
    press_link(page, "Make a new version")
    field(page, "goal").fill(CHANGED_UNIT_GOAL)
    press(page, "Adopt the new version")
    expect(page.get_by_role("alert")).to_contain_text(_("Why is the goal changed?"))
    field(page, "Why is the goal changed?").fill("Arbetslaget ville säga att språket ska leva")
    press(page, "Adopt the new version")
    expect(page.get_by_role("heading", level=1)).to_have_text(CHANGED_UNIT_GOAL)
    page.get_by_role("link", name=_("Version %(number)s: all versions", number=2)).click()
    main = page.get_by_role("main")
    for seen in (UNIT_GOAL, CHANGED_UNIT_GOAL, "Arbetslaget ville säga att språket ska leva"):
        expect(main.get_by_text(seen).first).to_be_visible()
    expect(main.get_by_text(_("Differs"))).to_have_count(1)
    page.get_by_role("link", name=CHANGED_UNIT_GOAL).first.click()


def _chef_gives_expectations(page: Page, city: City) -> None:
    press_link(page, "Give an expectation")
    field(page, "Expectation").fill(EXPECTATION)
    field(page, "Expected result").fill("Barnen ber själva om att få läsa")
    field(page, "How it shows").fill("En rad i läsdagboken varje vecka")
    field(page, "Support needed").fill("Nya böcker varje termin")
    field(page, "By when").fill(f"{city.year}-12-01")
    for name in ("Maja Öberg", "Ali Björk", "Saga Åkesson"):
        page.get_by_role("checkbox", name=name).check()
    press(page, "Give the expectation")
    expect(page.get_by_role("heading", level=1)).to_have_text(CHANGED_UNIT_GOAL)
    with scene():
        assert Expectation.objects.in_force().count() == 3

    _open_expectation_of(page, city, "Maja Öberg")
    press_link(page, "Change")
    field(page, "expectation").fill(OWN_EXPECTATION)
    press(page, "Save")
    for seen in (OWN_EXPECTATION, "Barnen ber själva om att få läsa", "Nya böcker varje termin"):
        expect(page.get_by_role("main")).to_contain_text(seen)

    _open_expectation_of(page, city, "Ali Björk")
    press_link(page, "Withdraw")
    press(page, "Withdraw")
    expect(page.get_by_role("alert")).to_contain_text(_("Why is it withdrawn?"))
    field(page, "Why is it withdrawn?").fill("Ali börjar på en annan avdelning")
    press(page, "Withdraw")
    expect(page.get_by_role("main")).to_contain_text("Ali börjar på en annan avdelning")
    with scene():
        texts = list(Expectation.objects.in_force().values_list("text", flat=True))
    assert sorted(texts) == sorted([EXPECTATION, OWN_EXPECTATION])


def _employee_walks_the_thread(page: Page) -> None:
    steps = [
        OWN_EXPECTATION,
        CHANGED_UNIT_GOAL,
        BOARD_GOAL,
        "1.1 Förskolan lägger grunden",
        "1 En stad för alla",
    ]
    thread = page.get_by_role("main").get_by_role("list").first
    expect(thread.get_by_role("listitem")).to_have_count(len(steps))
    expect(thread).to_contain_text("HÄ 2026/117")
    expect(thread).to_contain_text("KS 2025/1")
    for step in steps:
        page.get_by_role("main").get_by_role("link", name=step, exact=True).first.click()
        expect(page.get_by_role("main")).to_contain_text(step)
        expect(page.get_by_role("heading", level=1)).not_to_have_text(_("Page not found"))
        page.goto("/")


def _employee_knows(page: Page, city: City) -> None:
    page.goto("/")
    press(page, "I know this")
    with override("sv"):
        today = date_format(timezone.localdate())
    expect(page.get_by_role("main")).to_contain_text(
        _("You said on %(date)s that you know this.", date=today)
    )
    with scene():
        known = Acknowledgement.objects.filter(
            expectation__employment__person=city.people["medarbetare"]
        )
        assert known.exists()


def _chef_changes_one_expectation(page: Page, city: City, knows: int) -> None:
    page.goto(city.units["unit"].get_absolute_url())
    aside = page.get_by_role("complementary")
    known = _("%(knowing)s of %(employed)s", knowing=knows, employed=len(STAFF))
    expect(aside).to_contain_text(known)
    _open_expectation_of(page, city, "Maja Öberg")
    press_link(page, "Change")
    field(page, "expectation").fill(CHANGED_EXPECTATION)
    press(page, "Save")
    expect(page.get_by_role("main")).to_contain_text(CHANGED_EXPECTATION)
    expect(page.get_by_role("main")).to_contain_text(OWN_EXPECTATION)
    page.goto(city.units["unit"].get_absolute_url())
    known = _("%(knowing)s of %(employed)s", knowing=knows - 1, employed=len(STAFF))
    expect(aside).to_contain_text(known)


def _employee_is_asked_again(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("complementary")).to_contain_text(
        _("Read your expectation and say that you know it")
    )
    expect(page.get_by_role("main")).to_contain_text(CHANGED_EXPECTATION)


def _walk_the_tree(page: Page) -> None:
    page.goto("/mal/")
    main = page.get_by_role("main")
    expect(main.get_by_role("link", name="1.1 Förskolan lägger grunden").first).to_be_attached()
    field(page, "Board").select_option(label="Hägersten-Älvsjö stadsdelsnämnd")
    expect(main.get_by_role("list").get_by_role("link", name=BOARD_GOAL)).to_be_visible()
    field(page, "Words in the goal").fill("levande")
    expect(main.get_by_role("list").get_by_role("link", name=CHANGED_UNIT_GOAL)).to_be_visible()
    expect(page).to_have_url(re.compile("text=levande"))
    page.goto("/mal/")
    press_link(page, "What hangs loose")
    expect(page).to_have_url(re.compile("/mal/hanger-lost/"))
    expect(page.get_by_role("heading", level=1)).to_have_text(_("What hangs loose"))
    expect(main).to_contain_text("1.2 Skolan ger alla chansen")


def test_writing_help_asks_on_save_without_scripts(windows: Windows, city: City) -> None:
    page = windows.open(city.people["chef"], java_script_enabled=False)
    page.goto(f"/enheter/{city.units['unit'].pk}/mal/nytt/")
    field(page, "goal").fill("Vi ska genomföra utbildning")
    press(page, "Save the draft")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vi ska genomföra utbildning")
    expect(page.get_by_role("complementary")).to_contain_text(
        _("What will be better, and for whom?")
    )
    assert Goal.objects.get(title="Vi ska genomföra utbildning").is_draft


def test_pages_speak_swedish(windows: Windows, city: City) -> None:
    """Literal texts, so that a catalogue that is not loaded is noticed."""
    page = windows.open(city.people["chef"])
    page.goto("/")
    navigation = page.get_by_role("navigation", name="Huvudmeny").first
    for label in ("Min sida", "Min enhet", "Stadens mål", "Organisation"):
        expect(navigation.get_by_role("link", name=label)).to_be_visible()
    navigation.get_by_role("link", name="Min enhet").click()
    expect(page.get_by_role("heading", name=f"Målen för {city.year}")).to_be_visible()
    expect(page.get_by_role("link", name="Skriv ett nytt mål")).to_be_visible()


def _open_expectation_of(page: Page, city: City, name: str) -> None:
    page.goto(f"/enheter/{city.units['unit'].pk}/medarbetare/")
    person = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name))
    person.get_by_role("link").first.click()
