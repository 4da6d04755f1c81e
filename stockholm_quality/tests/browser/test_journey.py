"""The whole story in one walk: from a board's goal to what one person knows is expected of her.

Labels are asked for by their message id, so the walk follows the catalogues. What people write is
Swedish in full.
"""

import re
from dataclasses import dataclass
from datetime import date

import pytest
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import override
from playwright.sync_api import Locator, Page, expect

from dialogues.models import Acknowledgement
from goals.models import Expectation, Goal, GoalVersion
from stockholm_quality.tests.browser.windows import Windows
from stockholm_quality.tests.browser.windows import swedish as _
from stockholm_quality.tests.world import PASSWORD
from units.models import Employment, Role, RoleAssignment, Unit, UnitPlacement, User

LONG_AGO = date(2019, 1, 1)
STAFF = {
    "medarbetare": ("Maja", "Öberg"),
    "ali": ("Ali", "Björk"),
    "saga": ("Saga", "Åkesson"),
    "olle": ("Olle", "Ek"),
    "nora": ("Nora", "Zetterlund"),
}
BOARD_GOAL = "Barn i Hägersten-Älvsjö får det språk de behöver för att lyckas i skolan"
UNIT_GOAL = "Alla barn på Ängen har ett rikt språk när de börjar skolan"
CHANGED_UNIT_GOAL = "Alla barn på Ängen har ett rikt och levande språk när de börjar skolan"
EXPECTATION = "Du läser högt för en liten grupp barn varje dag och samtalar om boken"
OWN_EXPECTATION = "Du läser högt för treåringarna varje dag och samtalar om boken"
CHANGED_EXPECTATION = "Du läser högt för treåringarna varje dag och skriver en rad om samtalet"


@dataclass
class City:
    people: dict[str, User]
    units: dict[str, Unit]
    year: int


@pytest.fixture
def city(transactional_db: None) -> City:
    """A board with one preschool, its people and the council's goals; nothing else is written."""
    kinds = {
        "city": (Unit.Kind.CITY, None, "Stockholms stad"),
        "board": (Unit.Kind.BOARD, "city", "Hägersten-Älvsjö stadsdelsnämnd"),
        "unit": (Unit.Kind.UNIT, "board", "Förskolan Ängen"),
        "other_board": (Unit.Kind.BOARD, "city", "Bromma stadsdelsnämnd"),
    }
    units = {code: Unit.objects.create(code=code, kind=kind) for code, (kind, *_) in kinds.items()}
    for code, (_kind, parent, name) in kinds.items():
        UnitPlacement.objects.create(
            unit=units[code],
            parent=units[parent] if parent else None,
            name=name,
            starts_on=LONG_AGO,
        )
    for unit in units.values():
        unit.refresh_from_db()
    password = make_password(PASSWORD, hasher="md5")
    cast = {"controller": ("Ulla", "Sandberg"), "chef": ("Åsa", "Lindqvist"), **STAFF}
    people = {
        account: User.objects.create(
            account_name=account,
            email=f"{account}@example.se",
            given_name=given_name,
            family_name=family_name,
            password=password,
        )
        for account, (given_name, family_name) in cast.items()
    }
    for account, person in people.items():
        Employment.objects.create(
            person=person,
            unit=units["board" if account == "controller" else "unit"],
            title="Rektor" if account == "chef" else "Förskollärare",
            starts_on=LONG_AGO,
        )
    roles = [("controller", Role.CONTROLLER, "board"), ("chef", Role.MANAGER, "unit")]
    for account, role, unit in roles:
        RoleAssignment.objects.create(
            person=people[account], role=role, unit=units[unit], starts_on=LONG_AGO
        )
    year = timezone.localdate().year
    _build_goals(units, year)
    return City(people, units, year)


def _build_goals(units: dict[str, Unit], year: int) -> None:
    orientation, area = Goal.Level.ORIENTATION, Goal.Level.OPERATIONAL_AREA
    city = units["city"]
    top = _adopt(Goal(unit=city, level=orientation, number="1", title="En stad för alla"), year)
    preschool = Goal(unit=city, level=area, number="1.1", title="Förskolan lägger grunden")
    school = Goal(unit=city, level=area, number="1.2", title="Skolan ger alla chansen")
    preschool.parent = school.parent = top
    _adopt(preschool, year)
    _adopt(school, year)
    board = units["other_board"]
    _adopt(
        Goal(unit=board, level=Goal.Level.BOARD, title="Barnen i Bromma trivs", parent=preschool),
        year,
    )


def _adopt(goal: Goal, year: int) -> Goal:
    goal.first_year = goal.last_year = year
    goal.status, goal.version_number = Goal.Status.ADOPTED, 1
    goal.adopted_at = timezone.now()
    goal.decided_on, goal.reference_number = date(year, 1, 15), "KS 2025/1"
    goal.save()
    GoalVersion.objects.create(
        goal=goal, number=1, title=goal.title, parent=goal.parent, made_at=timezone.now()
    )
    return goal


def test_thread_from_the_boards_goal_to_a_person_who_knows(windows: Windows, city: City) -> None:
    page = windows.open()
    _sign_in(page, "controller")
    _controller_adopts_a_board_goal(page, city)
    _sign_out(page)

    _sign_in(page, "chef")
    _chef_drafts_a_unit_goal(page, city)
    _sign_out(page)
    _sign_in(page, "chef")
    _chef_adopts_the_goal(page)
    _chef_makes_a_second_version(page)
    _chef_gives_expectations(page, city)

    mine = windows.open()
    _sign_in(mine, "medarbetare")
    _employee_walks_the_thread(mine)
    _employee_knows(mine, city)

    _chef_changes_one_expectation(page, city, knows=1)
    _employee_is_asked_again(mine)
    _employee_knows(mine, city)

    for window in (page, mine):
        _walk_the_tree(window)


def _controller_adopts_a_board_goal(page: Page, city: City) -> None:
    page.goto(city.units["board"].get_absolute_url())
    _press_link(page, "Write a new goal")
    _field(page, "goal").fill("Barn i Hägersten-Älvsjö får ett rikt språk")
    _field(page, "expected result").fill("Andelen barn med språkplan ökar från 80 till 100 procent")
    _field(page, "Serves the goal").select_option(label="1.1 Förskolan lägger grunden")
    _press(page, "Save the draft")
    expect(page.get_by_role("status").first).to_contain_text(
        _("The draft is saved. Adopt it when it is ready.")
    )
    _press_link(page, "Continue writing")
    _field(page, "goal").fill(BOARD_GOAL)
    _press(page, "Save the draft")
    expect(page.get_by_role("heading", level=1)).to_have_text(BOARD_GOAL)
    _press_link(page, "Adopt the goal")
    _press(page, "Adopt the goal")
    # A board's goal is adopted by a decision that has a number.
    expect(page.get_by_role("alert")).to_contain_text(_("Reference number (diarienummer)"))
    _field(page, "Decided on").fill(f"{city.year}-01-20")
    _field(page, "Reference number (diarienummer)").fill("HÄ 2026/117")
    _press(page, "Adopt the goal")
    goal = Goal.objects.get(title=BOARD_GOAL)
    assert (goal.decided_on, goal.reference_number) == (date(city.year, 1, 20), "HÄ 2026/117")
    assert not goal.is_draft
    expect(page.get_by_text("HÄ 2026/117").first).to_be_visible()


def _chef_drafts_a_unit_goal(page: Page, city: City) -> None:
    todo = page.get_by_role("complementary").get_by_role("list")
    expect(todo).to_contain_text(_("Write the unit's goals for {year}", year=city.year))
    _press_link(page, "My unit")
    expect(page.get_by_role("heading", level=1)).to_have_text("Förskolan Ängen")
    _press_link(page, "Write a new goal")

    # The questions come while she writes, with htmx.
    _field(page, "goal").press_sequentially("Vi ska genomföra utbildning", delay=10)
    help_ = page.get_by_role("complementary")
    expect(help_).to_contain_text(_("What will be better, and for whom?"))
    _field(page, "goal").fill(UNIT_GOAL)
    expect(help_).not_to_contain_text(_("What will be better, and for whom?"))

    for label, text in {
        "expected result": "Minst 18 av 20 barn berättar en saga för en kamrat i maj",
        "working method": "Vi läser högt i små grupper varje dag",
        "use of resources": "Bibliotekets bokväskor och två timmar planering i veckan",
        "follow-up": "Arbetslaget ser på språkplanerna i januari och i maj",
        "development": "Vi börjar tidigare på hösten än förra året",
    }.items():
        _field(page, label).fill(text)
    parent = _field(page, "Serves the goal")
    groups = parent.evaluate(
        "select => [...select.querySelectorAll('optgroup')].map(group => "
        "[group.label, [...group.children].map(option => option.text)])"
    )
    assert groups == [["1.1 Förskolan lägger grunden", [BOARD_GOAL]]]
    parent.select_option(label=BOARD_GOAL)
    _press(page, "Save the draft")
    expect(page.get_by_role("heading", level=1)).to_have_text(UNIT_GOAL)
    expect(page.get_by_text(_("Draft"), exact=True).first).to_be_visible()


def _chef_adopts_the_goal(page: Page) -> None:
    page.get_by_role("complementary").get_by_role(
        "link", name=_("Finish and adopt a goal draft")
    ).click()
    _press_link(page, "Adopt the goal")
    expect(page.get_by_role("main")).to_contain_text(BOARD_GOAL)
    _press(page, "Adopt the goal")
    expect(page.get_by_role("status").first).to_contain_text(
        _("The goal is adopted. Everyone can read it now.")
    )


def _chef_makes_a_second_version(page: Page) -> None:
    _press_link(page, "Make a new version")
    _field(page, "goal").fill(CHANGED_UNIT_GOAL)
    _press(page, "Adopt the new version")
    expect(page.get_by_role("alert")).to_contain_text(_("Why is the goal changed?"))
    _field(page, "Why is the goal changed?").fill("Arbetslaget ville säga att språket ska leva")
    _press(page, "Adopt the new version")
    expect(page.get_by_role("heading", level=1)).to_have_text(CHANGED_UNIT_GOAL)
    page.get_by_role("link", name=_("Version %(number)s: all versions", number=2)).click()
    main = page.get_by_role("main")
    for seen in (UNIT_GOAL, CHANGED_UNIT_GOAL, "Arbetslaget ville säga att språket ska leva"):
        expect(main.get_by_text(seen).first).to_be_visible()
    expect(main.get_by_text(_("Differs"))).to_have_count(1)
    page.get_by_role("link", name=CHANGED_UNIT_GOAL).first.click()


def _chef_gives_expectations(page: Page, city: City) -> None:
    _press_link(page, "Give an expectation")
    _field(page, "Expectation").fill(EXPECTATION)
    _field(page, "How it shows").fill("En rad i läsdagboken varje vecka")
    for name in ("Maja Öberg", "Ali Björk", "Saga Åkesson"):
        page.get_by_role("checkbox", name=name).check()
    _press(page, "Give the expectation")
    expect(page.get_by_role("heading", level=1)).to_have_text(CHANGED_UNIT_GOAL)
    assert Expectation.objects.in_force().count() == 3

    _open_expectation_of(page, city, "Maja Öberg")
    _press_link(page, "Change")
    _field(page, "expectation").fill(OWN_EXPECTATION)
    _press(page, "Save")
    expect(page.get_by_role("main")).to_contain_text(OWN_EXPECTATION)

    _open_expectation_of(page, city, "Ali Björk")
    _press_link(page, "Withdraw")
    _press(page, "Withdraw")
    expect(page.get_by_role("alert")).to_contain_text(_("Why is it withdrawn?"))
    _field(page, "Why is it withdrawn?").fill("Ali börjar på en annan avdelning")
    _press(page, "Withdraw")
    expect(page.get_by_role("main")).to_contain_text("Ali börjar på en annan avdelning")
    texts = Expectation.objects.in_force().values_list("text", flat=True)
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
    _press(page, "I know this")
    with override("sv"):
        today = date_format(timezone.localdate())
    expect(page.get_by_role("main")).to_contain_text(
        _("You said on %(date)s that you know this.", date=today)
    )
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
    _press_link(page, "Change")
    _field(page, "expectation").fill(CHANGED_EXPECTATION)
    _press(page, "Save")
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
    _field(page, "Board").select_option(label="Hägersten-Älvsjö stadsdelsnämnd")
    expect(main.get_by_role("list").get_by_role("link", name=BOARD_GOAL)).to_be_visible()
    _field(page, "Words in the goal").fill("levande")
    expect(main.get_by_role("list").get_by_role("link", name=CHANGED_UNIT_GOAL)).to_be_visible()
    expect(page).to_have_url(re.compile("text=levande"))
    page.goto("/mal/")
    _press_link(page, "What hangs loose")
    expect(page).to_have_url(re.compile("/mal/hanger-lost/"))
    expect(page.get_by_role("heading", level=1)).to_have_text(_("What hangs loose"))
    expect(main).to_contain_text("1.2 Skolan ger alla chansen")


def test_writing_help_asks_on_save_without_scripts(windows: Windows, city: City) -> None:
    page = windows.open(city.people["chef"], java_script_enabled=False)
    page.goto(f"/enheter/{city.units['unit'].pk}/mal/nytt/")
    _field(page, "goal").fill("Vi ska genomföra utbildning")
    _press(page, "Save the draft")
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


def _sign_in(page: Page, account: str) -> None:
    page.goto("/")
    page.get_by_label(_("Account name or e-mail address")).fill(account)
    page.get_by_label(_("Password")).fill(PASSWORD)
    _press(page, "Sign in")
    expect(page).to_have_url(re.compile(r"/$"))
    expect(page.get_by_role("heading", name=_("To do"))).to_be_visible()


def _sign_out(page: Page) -> None:
    page.get_by_role("banner").locator("summary").click()
    _press(page, "Sign out")
    expect(page.get_by_role("heading", name=_("You have signed out"))).to_be_visible()


def _open_expectation_of(page: Page, city: City, name: str) -> None:
    page.goto(f"/enheter/{city.units['unit'].pk}/medarbetare/")
    person = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name))
    person.get_by_role("link").first.click()


def _press(page: Page, message: str) -> None:
    page.get_by_role("button", name=_(message), exact=True).click()


def _press_link(page: Page, message: str) -> None:
    page.get_by_role("link", name=_(message), exact=True).first.click()


def _field(page: Page, message: str) -> Locator:
    """The field with this label, its star for "required" aside."""
    words = re.escape(_(message))
    label = re.compile(rf"^\s*{words}\s*\*?\s*$", re.IGNORECASE)
    return page.locator("input, textarea, select").and_(page.get_by_label(label)).first
