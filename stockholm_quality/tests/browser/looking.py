"""What every page is looked through for: axe's faults, scrolling sideways, the keyboard's way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, ViewportSize

from stockholm_quality.tests.browser.windows import DESKTOP, PHONE, Windows
from stockholm_quality.tests.world import World

AXE = Axe().axe_script
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SMALLEST = ViewportSize(width=320, height=640)
# A colour that is on its way to another is neither.
_SETTLE = """async () => {
    const frame = () => new Promise(requestAnimationFrame);
    do {
        await frame();
        await frame();
        await Promise.allSettled(document.getAnimations().map(animation => animation.finished));
    } while (document.getAnimations().length);
}"""

# Only a table may be wider than its place, in a region with a name that the keyboard reaches. The
# lists of Django's administration are left as they come: every row of theirs holds a link.
_SCROLLED = """() => [...document.querySelectorAll('main *')]
    .filter(element => ['auto', 'scroll'].includes(getComputedStyle(element).overflowX)
        && !element.matches('input, textarea, select, #changelist .results')
        && element.scrollWidth > element.clientWidth
        && !(element.matches(':is([role=region], section)[tabindex="0"]')
            && element.matches('[aria-label], [aria-labelledby]')))
    .map(element => element.outerHTML.slice(0, 120))"""


@dataclass(frozen=True)
class Kind:
    """A kind of page: who looks, at which address, and what they do there first."""

    who: str
    address: Callable[[World], str]
    do: Callable[[Page], None] = lambda page: None


def at(name: str, *keys: str) -> Callable[[World], str]:
    return lambda world: reverse(name, args=[getattr(world, key).pk for key in keys])


def visit(windows: Windows, world: World, kind: Kind, **options: Any) -> Page:
    person = world.people[kind.who] if kind.who else None
    page = windows.open(person, reduced_motion="reduce", **options)
    page.goto(kind.address(world))
    kind.do(page)
    return page


# The keyboard goes through the narrow pages in the slow run.
by_keyboard = pytest.mark.parametrize(
    "size",
    [pytest.param(DESKTOP, id="wide"), pytest.param(PHONE, marks=pytest.mark.slow, id="narrow")],
)
# The gate looks at each page wide or narrow by turns and at every fifth in the dark; the slow run
# at all of them both ways.
all_ways = pytest.mark.parametrize(
    "every", [pytest.param(5, id="in-turn"), pytest.param(1, marks=pytest.mark.slow, id="all-ways")]
)


def all_faults(page: Page, number: int, every: int) -> list[str]:
    """What axe finds on a page, the `number`th of those looked at. In the dark only colours are
    other."""
    dark = number % every == 0
    sizes = (DESKTOP, PHONE) if every == 1 else ((DESKTOP, PHONE)[number % 2],)
    everything = {"type": "tag", "values": TAGS}
    colours = {"type": "rule", "values": ["color-contrast"]}
    schemes: list[tuple[Literal["light", "dark"], dict[str, Any]]] = [
        ("light", everything),
        ("dark", colours),
    ]
    faults: list[str] = []
    page.evaluate(AXE)
    for size in sizes:
        page.set_viewport_size(size)
        for scheme, rules in schemes if dark else schemes[:1]:
            page.emulate_media(color_scheme=scheme)
            page.evaluate(_SETTLE)
            # Preloading would put style sheets into the page, which its policy forbids.
            options = {"runOnly": rules, "resultTypes": ["violations"], "preload": False}
            found = page.evaluate("options => axe.run(options)", options)
            faults += [
                f"{size['width']} {scheme}, {fault['id']}: {node['html'][:160]} "
                f"{node['failureSummary'][:300]}"
                for fault in found["violations"]
                for node in fault["nodes"]
            ]
    page.emulate_media(color_scheme="light")
    return faults


def too_wide(page: Page) -> list[str]:
    found = []
    for size in (PHONE, SMALLEST):
        page.set_viewport_size(size)
        over = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if over:
            found.append(f"{over} px too wide at {size['width']}")
        found += [
            f"scrolls sideways at {size['width']}: {html}" for html in page.evaluate(_SCROLLED)
        ]
    page.set_viewport_size(DESKTOP)
    return found


# --- The keyboard ------------------------------------------------------------------------------

_CONTROLS = """() => {
    const seen = element => element.checkVisibility({visibilityProperty: true})
        && !element.closest('[inert]');
    const all = [...document.querySelectorAll(
        'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]'
    )].filter(element => seen(element) && !element.disabled);
    const groups = new Set();
    return all.filter(element => {
        if (element.type !== 'radio') return true;
        const isFirst = !groups.has(element.name);
        groups.add(element.name);
        return isFirst;
    }).map((element, index) => {
        element.dataset.walk = index;
        element.dataset.shadow = getComputedStyle(element).boxShadow;
        return element.outerHTML.slice(0, 120);
    });
}"""
_BEGIN = """() => {
    const start = document.createElement('span');
    start.tabIndex = -1;
    document.body.prepend(start);
    start.focus();
}"""
_STOP = """() => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const radio = element.type === 'radio'
        && document.querySelector(`input[name="${element.name}"][data-walk]`);
    const inside = (x, y) => {
        const hit = document.elementFromPoint(x, y);
        return hit && (element.contains(hit) || hit.contains(element)
            || [...(element.labels || [])].some(label => label.contains(hit)));
    };
    const points = [[box.left + 3, box.top + 3], [box.right - 3, box.bottom - 3],
        [(box.left + box.right) / 2, (box.top + box.bottom) / 2]];
    return {
        index: Number((radio || element).dataset.walk ?? -1),
        html: element.outerHTML.slice(0, 120),
        isOutlined: (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2)
            || style.boxShadow !== (element.dataset.shadow ?? 'none'),
        isInView: box.bottom > 0 && box.top < innerHeight,
        isUncovered: points.some(([x, y]) => inside(x, y)),
    };
}"""


def walk(page: Page) -> list[str]:
    """Tab goes through every control once, in the page's order, each seen when it has focus."""
    # Whatever took the focus when the page opened, the walk begins at the top.
    page.evaluate(_BEGIN)
    controls = page.evaluate(_CONTROLS)
    reached: list[int] = []
    faults: list[str] = []
    for _step in range(len(controls) * 4 + 20):
        page.keyboard.press("Tab")
        stop = page.evaluate(_STOP)
        if stop is None or stop["index"] in reached[:-1]:
            break
        # The parts of a date are one control; what scrolls can be reached to scroll it.
        if stop["index"] < 0 or stop["index"] in reached:
            continue
        faults += [
            f"{fault}: {stop['html']}"
            for fault, is_so in {
                "no visible focus": not stop["isOutlined"],
                "focus out of view": not stop["isInView"],
                "focus is covered": not stop["isUncovered"],
            }.items()
            if is_so
        ]
        reached.append(stop["index"])
    faults += [
        f"never reached: {html}" for index, html in enumerate(controls) if index not in reached
    ]
    if reached != sorted(reached):
        faults.append(f"not in the order of the page: {reached}")
    return faults
