"""Real Chromium against the portal, with the static files served as in production."""

import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.core.servers.basehttp import ThreadedWSGIServer
from django.test import override_settings
from django.test.testcases import QuietWSGIRequestHandler
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker

from stockholm_quality.tests.browser.city import City, build_city
from stockholm_quality.tests.browser.windows import Windows
from stockholm_quality.tests.scenes import Scenes
from stockholm_quality.tests.world import World
from stockholm_quality.tests.world_year import build_whole_year

CHROMIUM = Path("/usr/bin/chromium")
# Variants of Bootstrap and htmx that no page loads; compressing them takes longest.
NOT_COLLECTED = ["bootstrap-*", "bootstrap.css*", "*.rtl.*", "bootstrap.*js*", "htmx-4*"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def chromium(scenes: Scenes, django_db_blocker: DjangoDbBlocker) -> Iterator[Browser]:
    if not CHROMIUM.exists():
        reason = f"Chromium is not installed: there is no {CHROMIUM}"
        if os.environ.get("PORTAL_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    # In the event loop below Django has a connection of its own.
    with django_db_blocker.unblock():
        scenes.set(())
    with pytest.MonkeyPatch.context() as patch:
        # Playwright runs an event loop in this thread, in which Django refuses the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=str(CHROMIUM), args=["--no-sandbox"]
            )
            yield browser
            browser.close()


@pytest.fixture(scope="session")
def collected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Settings that serve static files as in production; collected once for all processes."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    storage = "whitenoise.storage.CompressedManifestStaticFilesStorage"
    changed: dict[str, object] = {
        "STATIC_ROOT": root / "static",
        "STORAGES": {"staticfiles": {"BACKEND": storage}},
        "WHITENOISE_USE_FINDERS": False,
        "WHITENOISE_AUTOREFRESH": False,
    }
    with (root / "static.lock").open("w") as lock, override_settings(**changed):
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "static" / "staticfiles.json").exists():
            call_command(
                "collectstatic", interactive=False, verbosity=0, ignore_patterns=NOT_COLLECTED
            )
    return changed


@pytest.fixture
def windows(
    chromium: Browser, collected: dict[str, object], transactional_db: None, settings: object
) -> Iterator[Windows]:
    """The portal on a port of its own. Fails a test whose windows complained in their console."""
    for name, value in collected.items():
        setattr(settings, name, value)
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietWSGIRequestHandler)
    server.daemon_threads = False  # closing it waits for what is still being answered
    server.set_app(WSGIHandler())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    opened = Windows(chromium, f"http://127.0.0.1:{server.server_port}")
    yield opened
    opened.close()
    server.shutdown()
    thread.join()
    server.server_close()
    assert not opened.complaints


@pytest.fixture
def city(transactional_db: None) -> City:
    return build_city()


@pytest.fixture
def whole_year(world: World) -> World:
    build_whole_year(world)
    return world
