"""Browser windows that remember what the browser complained of."""

from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import translation
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize

from units.models import User

DESKTOP = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)

# The browser and htmx note every answer of 4xx or 5xx, also those that a test asks for.
_EXPECTED = (
    "Failed to load resource: the server responded with a status of",
    "Response Status Error Code 401 from",
)
_AWAY = "Failed to load resource: net::ERR_"
_REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => console.error(
    `Content security policy: ${event.violatedDirective} ${event.blockedURI} ` +
    `${event.sourceFile}:${event.lineNumber} ${event.sample}`
));
"""


def swedish(message: str, **values: Any) -> str:
    """What a page in Swedish shows for this message id of a template or of Python code."""
    with translation.override("sv"):
        text = translation.gettext(message)
        return text % values if "%(" in message else text.format(**values)


class Windows:
    """Opens windows; `complaints` holds what their consoles said. With `expects_faults` they may
    tell of a network or a server that is away."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser = browser
        self.address = address
        self.complaints: list[str] = []
        self.expects_faults = False
        self._contexts: list[BrowserContext] = []

    def open(self, person: User | None = None, **options: Any) -> Page:
        """A new window with cookies of its own, where `person`, if any, is signed in."""
        context = self.browser.new_context(
            **{"base_url": self.address, "viewport": DESKTOP, "locale": "sv-SE", **options}
        )
        context.set_default_timeout(10_000)
        context.add_init_script(_REPORT_VIOLATIONS)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self._contexts.append(context)
        if person:
            self.sign_in(context, person)
        return context.new_page()

    def sign_in(self, context: BrowserContext, person: User) -> None:
        """Signed in from here on, without the sign-in page."""
        client = Client()
        client.force_login(person)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": self.address}]
        )

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _hear(self, message: ConsoleMessage) -> None:
        expected = (*_EXPECTED, _AWAY) if self.expects_faults else _EXPECTED
        if message.type in {"error", "warning"} and not message.text.startswith(expected):
            self.complaints.append(f"{message.page.url if message.page else ''}: {message.text}")
