"""WCAG 2.2 AA with axe-core, the keyboard and narrow windows, on every kind of page there is."""

import pytest
from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from playwright.sync_api import Page, ViewportSize, expect

from goals.models import Goal
from stockholm_quality import urls
from stockholm_quality.tests.browser.looking import (
    Kind,
    all_faults,
    all_ways,
    at,
    by_keyboard,
    too_wide,
    visit,
    walk,
)
from stockholm_quality.tests.browser.windows import Windows
from stockholm_quality.tests.browser.windows import swedish as _
from stockholm_quality.tests.world import World, scene
from units.models import Draft


def _fall(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("A page that falls, to see what is shown then.")


urlpatterns = [*urls.urlpatterns, path("faller/", _fall)]
handler400 = urls.handler400


def _send(page: Page) -> None:
    page.locator("main form[method=post]:not(:has([name=key])) button[type=submit]").first.click()
    expect(page.get_by_role("alert")).to_be_visible()


def _sign_in_wrongly(page: Page) -> None:
    page.locator("[name=username]").fill("nobody")
    page.locator("[name=password]").fill("not the password")
    _send(page)


def _meet_a_conflict(page: Page) -> None:
    Goal.objects.filter(title=page.locator("[name=title]").input_value()).update(
        working_method="Den andras text", revision=F("revision") + 1
    )
    page.locator("[name=working_method]").fill("Min text")
    _send(page)


def _change_password_wrongly(page: Page) -> None:
    for field in page.locator("main input[type=password]").all():
        field.fill("x")
    _send(page)


def _send_without_token(page: Page) -> None:
    page.locator("[name=title]").fill("Barnen skrattar")
    page.locator("#goal-form [name=form_token]").evaluate("field => field.remove()")
    page.locator("#goal-form button[type=submit]").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text(_("A new goal"))


def _give_to_nobody(page: Page) -> None:
    page.locator("[name=text]").fill("x")
    _send(page)


def _open_menu(page: Page) -> None:
    page.get_by_role("banner").locator("summary").click()


def _ask_before_discarding(page: Page) -> None:
    page.get_by_role("button", name=_("Throw the draft away")).click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _ask_the_colleague(page: Page) -> None:
    page.locator("[name=title]").press_sequentially("Vi ska genomföra utbildning")
    expect(page.locator("#writing-help li").first).to_be_visible()


PAGES = {
    "sign in": Kind("", at("login")),
    "sign in, wrongly": Kind("", at("login"), _sign_in_wrongly),
    "start, employee": Kind("employee", at("home")),
    "start, manager": Kind("manager", at("home")),
    "start, menu open": Kind("administrator", at("home"), _open_menu),
    "unit, manager": Kind("manager", at("dialogues:unit", "unit")),
    "unit, employee": Kind("employee", at("dialogues:unit", "unit")),
    "unit, small": Kind("stranger", at("dialogues:unit", "small_unit")),
    "board": Kind("controller", at("dialogues:unit", "board")),
    "own employees": Kind("manager", at("dialogues:people", "unit")),
    "new unit goal": Kind("manager", at("goals:new", "unit")),
    "new unit goal, errors": Kind("manager", at("goals:new", "unit"), _send),
    "new unit goal, questions": Kind("manager", at("goals:new", "unit"), _ask_the_colleague),
    "new board goal": Kind("controller", at("goals:new", "board")),
    "goal draft, kept text": Kind("manager", at("goals:edit", "unit_draft")),
    "goal draft": Kind("manager", at("goals:detail", "unit_draft")),
    "goal draft, question": Kind(
        "manager", at("goals:detail", "unit_draft"), _ask_before_discarding
    ),
    "goal, two windows": Kind("acting_manager", at("goals:edit", "unit_draft"), _meet_a_conflict),
    "unit goal": Kind("manager", at("goals:detail", "unit_goal")),
    "board goal": Kind("employee", at("goals:detail", "board_goal")),
    "council goal": Kind("employee", at("goals:detail", "area")),
    "adopt": Kind("controller", at("goals:adopt", "board_draft")),
    "adopt, errors": Kind("controller", at("goals:adopt", "board_draft"), _send),
    "new version": Kind("manager", at("goals:change", "unit_goal")),
    "new version, errors": Kind("manager", at("goals:change", "unit_goal"), _send),
    "versions": Kind("employee", at("goals:versions", "unit_goal")),
    "give": Kind("manager", at("dialogues:give", "unit_goal")),
    "give, errors": Kind("manager", at("dialogues:give", "unit_goal"), _give_to_nobody),
    "expectation, mine": Kind("employee", at("dialogues:expectation", "expectation")),
    "expectation, known": Kind("employee", at("dialogues:expectation", "known_expectation")),
    "expectation, withdrawn": Kind(
        "employee", at("dialogues:expectation", "withdrawn_expectation")
    ),
    "expectation, manager": Kind("manager", at("dialogues:expectation", "expectation")),
    "change expectation": Kind("manager", at("dialogues:expectation_edit", "expectation")),
    "withdraw": Kind("manager", at("dialogues:expectation_withdraw", "expectation")),
    "withdraw, errors": Kind("manager", at("dialogues:expectation_withdraw", "expectation"), _send),
    "tree": Kind("employee", at("goals:tree")),
    "loose ends": Kind("controller", at("goals:loose_ends")),
    "organisation": Kind("employee", at("units:list")),
    "profile": Kind("employee", at("profile")),
    "password": Kind("employee", at("password_change")),
    "password, errors": Kind("employee", at("password_change"), _change_password_wrongly),
    "who sees what": Kind("employee", at("about_access")),
    "accessibility": Kind("employee", at("about_accessibility")),
    "400": Kind("manager", at("goals:new", "unit"), _send_without_token),
    "403": Kind("employee", at("goals:new", "unit")),
    "404": Kind("employee", lambda world: "/finns/inte/"),
    "500": Kind("employee", lambda world: "/faller/"),
}
ADMIN_PERSONAS = ["administrator", pytest.param("hr", marks=pytest.mark.slow)]


@pytest.mark.urls("stockholm_quality.tests.browser.test_accessibility")
@all_ways
@pytest.mark.parametrize("who", sorted({kind.who for kind in PAGES.values()}))
def test_pages_have_no_fault_that_axe_finds(
    windows: Windows, world: World, who: str, every: int
) -> None:
    faults: list[str] = []
    for number, (name, kind) in enumerate(PAGES.items()):
        if kind.who == who:
            page = visit(windows, world, kind)
            found = [*all_faults(page, number, every), *too_wide(page)]
            faults += [f"{name}: {fault}" for fault in found]
            page.context.close()
    assert not faults, "\n".join(faults)


@all_ways
@pytest.mark.parametrize("who", ADMIN_PERSONAS)
def test_administration_has_no_fault_that_axe_finds(
    windows: Windows, whole_year: World, who: str, every: int
) -> None:
    page = windows.open(whole_year.people[who], reduced_motion="reduce")
    addresses = _admin_addresses(page)
    assert len(addresses) > 5
    faults: list[str] = []
    for number, address in enumerate(addresses):
        answer = page.goto(address)
        assert answer
        assert answer.status == 200, address
        found = [*all_faults(page, number, every), *too_wide(page)]
        faults += [f"{address}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)


def _admin_addresses(page: Page) -> list[str]:
    """The index and, of every list that it leads to, the list, its add page, and the pages of its
    first row."""
    page.goto(reverse("admin:index"))
    addresses = [reverse("admin:index")]
    for model in admin.site._registry:
        base = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        if page.locator(f"main a[href='{base}']").count():
            addresses.append(base)
        if page.locator(f"main a[href='{base}add/']").count():
            addresses.append(f"{base}add/")
    for base in [address for address in addresses if address.count("/") == 4]:
        page.goto(base)
        row = page.locator("#result_list tbody th a").first
        if row.count():
            changed = str(row.get_attribute("href")).split("?")[0]
            addresses += [changed, changed.replace("/change/", "/history/")]
    return addresses


# --- The keyboard ------------------------------------------------------------------------------

WALKED = [
    "sign in",
    "start, employee",
    "start, manager",
    "unit, manager",
    "own employees",
    "new unit goal",
    "new unit goal, errors",
    "goal draft, kept text",
    "goal draft",
    "unit goal",
    "council goal",
    "adopt",
    "new version",
    "versions",
    "give",
    "expectation, mine",
    "expectation, manager",
    "change expectation",
    "withdraw",
    "tree",
    "loose ends",
    "organisation",
    "profile",
    "404",
]


@by_keyboard
def test_every_control_is_reached_by_keyboard_in_order(
    windows: Windows, world: World, size: ViewportSize
) -> None:
    faults: list[str] = []
    for name in WALKED:
        page = visit(windows, world, PAGES[name], viewport=size)
        faults += [f"{name}: {fault}" for fault in walk(page)]
        page.context.close()
    assert not faults, "\n".join(faults)


def test_administration_is_walked_by_keyboard(windows: Windows, world: World) -> None:
    page = windows.open(world.administrator, reduced_motion="reduce")
    faults: list[str] = []
    for address in ("admin:index", "admin:units_unit_changelist"):
        page.goto(reverse(address))
        faults += [f"{address}: {fault}" for fault in walk(page)]
    assert not faults, "\n".join(faults)


def test_unit_goal_is_written_by_keyboard_alone(windows: Windows, world: World) -> None:
    with scene():
        Draft.objects.all().delete()
    page = windows.open(world.manager)
    page.goto(reverse("goals:new", args=[world.unit.pk]))
    texts = {
        "title": "Barnen vilar i skogen varje vecka",
        "expected_result": "Alla barn har varit i skogen minst 30 gånger i december",
        "working_method": "Vi går i små grupper",
        "resource_use": "Två vuxna och en buss",
        "follow_up": "Vi räknar dagarna i maj och december",
        "development": "Fler dagar på våren",
    }
    written = set()
    for _step in range(80):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.name || ''")
        if name in texts:
            page.keyboard.type(texts[name])
            written.add(name)
        elif name == "parent":
            page.keyboard.press("ArrowDown")
        elif page.evaluate(
            "document.activeElement.type === 'submit' "
            "&& document.activeElement.closest('#goal-form') !== null"
        ):
            page.keyboard.press("Enter")
            break
    assert written == set(texts)
    expect(page.get_by_role("heading", level=1)).to_have_text(texts["title"])
    goal = Goal.objects.get(title=texts["title"])
    assert goal.parent == world.board_goal
    assert {name: getattr(goal, name) for name in texts} == texts


def test_question_before_discarding_keeps_and_returns_the_focus(
    windows: Windows, world: World
) -> None:
    page = windows.open(world.manager)
    page.goto(world.unit_draft.get_absolute_url())
    button = page.get_by_role("button", name=_("Throw the draft away"))
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    for _step in range(6):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body "
            "|| document.activeElement.closest('dialog') !== null"
        )
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()
    assert Goal.objects.filter(pk=world.unit_draft.pk).exists()


def test_skip_link_leads_to_the_content(windows: Windows, world: World) -> None:
    page = windows.open(world.employee)
    page.goto("/")
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name=_("Skip to the content"))
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
