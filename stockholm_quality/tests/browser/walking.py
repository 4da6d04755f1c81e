"""What a person does on a page, with labels asked for by their message id."""

import re

from playwright.sync_api import Locator, Page, expect

from stockholm_quality.tests.browser.windows import swedish as _
from stockholm_quality.tests.world import PASSWORD


def sign_in(page: Page, account: str) -> None:
    page.goto("/")
    page.get_by_label(_("Account name or e-mail address")).fill(account)
    page.get_by_label(_("Password")).fill(PASSWORD)
    press(page, "Sign in")
    expect(page).to_have_url(re.compile(r"/$"))
    expect(page.get_by_role("heading", name=_("To do"))).to_be_visible()


def sign_out(page: Page) -> None:
    page.get_by_role("banner").locator("summary").click()
    press(page, "Sign out")
    expect(page.get_by_role("heading", name=_("You have signed out"))).to_be_visible()


def press(page: Page, message: str) -> None:
    page.get_by_role("button", name=_(message), exact=True).click()


def press_link(page: Page, message: str) -> None:
    page.get_by_role("link", name=_(message), exact=True).first.click()


def field(page: Page, message: str) -> Locator:
    """The field with this label, its star for "required" aside."""
    words = re.escape(_(message))
    label = re.compile(rf"^\s*{words}\s*\*?\s*$", re.IGNORECASE)
    return page.locator("input, textarea, select").and_(page.get_by_label(label)).first
