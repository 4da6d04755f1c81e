"""The first view of the start page is small, and nothing in it comes from elsewhere."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import CDPSession

from stockholm_quality.tests.browser.windows import Windows
from stockholm_quality.tests.world import PASSWORD, World

MOST_REQUESTS = 8
MOST_BYTES = 120_000


@pytest.mark.parametrize("who", ["employee", "manager"])
def test_first_view_after_signing_in_is_small(windows: Windows, world: World, who: str) -> None:
    page = windows.open(world.people[who])
    sizes: list[int] = []
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto("/", wait_until="networkidle")
    assert 1 < len(sizes) <= MOST_REQUESTS
    assert sum(sizes) <= MOST_BYTES


def test_static_files_are_compressed_and_kept_for_good(windows: Windows, world: World) -> None:
    page = windows.open()
    answers: list[tuple[str, dict[str, str]]] = []
    page.on("response", lambda response: answers.append((response.url, response.headers)))
    page.goto("/logga-in/")
    page.get_by_role("textbox").first.fill("employee")
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url("**/")
    page.wait_for_load_state("networkidle")
    hosts = {urlsplit(url).netloc for url, _headers in answers}
    assert hosts == {urlsplit(windows.address).netloc}
    static = [(url, headers) for url, headers in answers if "/static/" in url]
    assert len(static) >= 5
    for url, headers in static:
        assert "immutable" in headers["cache-control"], url
        assert headers.get("content-encoding") in {"br", "gzip"}, url


def test_second_view_fetches_no_static_file_again(windows: Windows, world: World) -> None:
    page = windows.open(world.employee)
    page.goto("/", wait_until="networkidle")
    asked: dict[str, str] = {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on(
        "Network.requestWillBeSent",
        lambda event: asked.update({event["requestId"]: event["request"]["url"]}),
    )
    session.on("Network.requestServedFromCache", lambda event: asked.pop(event["requestId"], None))
    page.goto("/profil/", wait_until="networkidle")
    # The tab's picture is fetched beside the page and shown as if it came from elsewhere.
    paths = [urlsplit(url).path for url in asked.values() if not url.endswith(".svg")]
    assert paths == ["/profil/"]
