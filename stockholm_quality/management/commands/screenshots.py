import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from stockholm_quality.city import PASSWORD

CHROMIUM = "/usr/bin/chromium"
SIZE = ViewportSize(width=1280, height=1080)
SCALE = 0.8
LARGEST = 150_000  # bytes; pictures stay in the repository's history for good
PATIENCE = 300  # seconds; a fresh demo city takes a while to fill


class Command(BaseCommand):
    help = "Make the README's pictures: drives Chromium through the demo, as two of its people."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", type=Path, default=settings.BASE_DIR / "docs")
        parser.add_argument(
            "--url", help="a demo that is already running; without it one is started and stopped"
        )

    def handle(self, *args: Any, out: Path, url: str | None, **options: Any) -> None:
        if not Path(CHROMIUM).exists():
            raise CommandError(f"Chromium is not installed: there is no {CHROMIUM}")
        out.mkdir(parents=True, exist_ok=True)
        with _demo(url) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--hide-scrollbars"]
            )
            pictures = {"start": _draw_start, "goal-form": _draw_goal_form, "report": _draw_report}
            for name, draw in pictures.items():
                page = _window(browser, address)
                draw(page)
                self._keep(page, out / f"{name}.png")
                page.context.close()
            browser.close()

    def _keep(self, page: Page, path: Path) -> None:
        page.screenshot(path=path, animations="disabled", caret="hide")
        size = path.stat().st_size
        if size > LARGEST:
            raise CommandError(f"{path} is {size} bytes, more than {LARGEST}")
        self.stdout.write(f"{path}  {size // 1000} kB")


def _draw_start(page: Page) -> None:
    _sign_in(page, "medarbetare")


def _draw_goal_form(page: Page) -> None:
    # The demo shall not find the words below as somebody's unsaved text.
    page.route("**/utkast/", lambda route: route.fulfill(json={"saved_at": "09.41"}))
    _sign_in(page, "chef")
    page.goto("/enheter/min/")
    page.locator("a[href*='/mal/nytt/']").first.click()
    page.locator("[name=title]").fill("Vi ska genomföra utbildning i högläsning och språk")
    page.locator("[name=expected_result]").fill("Barnen har ett rikt språk")
    page.locator("#writing-help li").first.wait_for()
    # Until then a window that closes would send them once more, past the route above.
    page.locator("[data-draft-status][data-state=saved]").wait_for()
    page.locator("h1").click()
    page.evaluate("window.scrollTo(0, 0)")


def _draw_report(page: Page) -> None:
    _sign_in(page, "chef")
    page.locator(".todos a[href*='/uppfoljning/'] >> visible=true").first.click()
    page.locator(".sheet-goal").first.wait_for()
    page.evaluate("document.querySelector('.sheet-goal').scrollIntoView()")


def _sign_in(page: Page, account: str) -> None:
    page.goto("/logga-in/")
    page.locator("[name=username]").fill(account)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/")
    page.wait_for_load_state("networkidle")


def _window(browser: Browser, address: str) -> Page:
    context = browser.new_context(
        base_url=address,
        viewport=SIZE,
        device_scale_factor=SCALE,
        locale="sv-SE",
        color_scheme="light",
    )
    return context.new_page()


@contextmanager
def _demo(url: str | None) -> Iterator[str]:
    """The address of a demo that answers: the given one, or one that runs meanwhile."""
    if url:
        _wait_for(url, None)
        yield url
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    # Which database the demo has is settled when a process starts, so it gets one of its own.
    server = subprocess.Popen(  # noqa: S603
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "demo", "--port", str(port)],
        env={**os.environ, "STATIC_MANIFEST": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(address, server)
        yield address
    finally:
        server.terminate()
        server.wait()


def _wait_for(address: str, server: "subprocess.Popen[bytes] | None") -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if server and server.poll() is not None:
            raise CommandError("The demo did not start: run manage.py demo to see why.")
        try:
            with closing(HTTPConnection(urlsplit(address).netloc, timeout=10)) as asked:
                asked.request("GET", "/logga-in/")
                asked.getresponse()
                return
        except (OSError, HTTPException):  # also while the demo holds its port and fills the city
            time.sleep(0.5)
    raise CommandError(f"No demo answers at {address}.")
