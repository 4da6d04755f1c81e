"""What the two of a talk do in their windows, and what is stored of it."""

import re
import time
from collections.abc import Callable
from typing import Any

from django.db.models import Model
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from dialogues.forms.rows import section_key
from dialogues.models import Talk
from stockholm_quality.tests.browser.windows import swedish as _
from units.wall import upkeep

SAVED = re.compile(_("Saved {time}", time=r"\d\d\.\d\d"))


def stored(model: type[Model], **where: Any) -> list[Any]:
    with upkeep():
        return list(model._default_manager.filter(**where).order_by("pk"))


def the_talk(**where: Any) -> Talk:
    with upkeep():
        return Talk.objects.with_people().get(**where)


def address_of(talk: Talk, route: str = "talk", *more: int) -> str:
    return reverse(f"dialogues:{route}", args=[talk.pk, *more])


def key_of(talk: Talk, *, place: int = 0, **where: Any) -> str:
    """Of the row of a section, such as `shows="TEXT"` or `owner="JOINT"`."""
    with upkeep():
        return section_key(talk.template_version.sections.filter(**where).order_by("order")[place])


def text_in(page: Page, key: str, name: str = "text") -> Locator:
    return page.locator(f"[name={key}-{name}]")


def row(page: Page, key: str) -> Locator:
    return page.locator(f"#row-{key}")


def until_saved(page: Page, timeout: float = 20_000) -> None:
    """All that has been written on the page."""
    saved = page.locator("[data-sheet-status][data-state=saved]")
    expect(saved).to_have_text(SAVED, timeout=timeout)


def until(page: Page, is_so: Callable[[], bool], seconds: float = 15) -> None:
    """The database is changed by the server's thread, whenever it gets there."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        if page.is_closed():
            time.sleep(0.05)
        else:
            page.wait_for_timeout(50)


def told(page: Page, message: str, **values: Any) -> None:
    expect(page.get_by_role("status").first).to_contain_text(_(message, **values))


def look_for_news(page: Page) -> None:
    """As when one comes back to the window."""
    page.evaluate("dispatchEvent(new Event('focus'))")
