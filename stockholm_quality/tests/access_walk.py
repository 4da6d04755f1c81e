"""What one request met, showed and left in the reading log, for the walks through the access
table."""

import html
import io
import re
from collections import Counter
from functools import lru_cache
from urllib.parse import unquote
from zipfile import ZipFile

from django.core import mail
from django.http import HttpResponse
from django.test import Client
from pypdf import PdfReader

from dialogues.models import Reading
from stockholm_quality.tests import access_talks_forms
from stockholm_quality.tests.access_table import Row, address, form_of
from stockholm_quality.tests.world import World, canary, scene
from stockholm_quality.tests.world_year import NOT_HANDED_IN

# --- What a request met --------------------------------------------------------------------------

STATUS_WORDS = {
    400: "not understood",
    401: "sign in",
    404: "hidden",
    405: "not offered",
    409: "too late",
}


def outcome(response: HttpResponse, *, wrote: bool, method: str) -> str:
    """What happened, in the words of the table."""
    word = _outcome(response, wrote, method)
    return f"{word}, and something was stored" if wrote and word != "done" else word


def _outcome(response: HttpResponse, wrote: bool, method: str) -> str:
    status = response.status_code
    if status in {302, 303}:
        if response["Location"].startswith(("/logga-in/?next=", "/admin/login/?next=")):
            return "sign in"
        has_effect = wrote or "language" in response.cookies
        return "done" if method == "POST" and has_effect else "moved"
    if status == 200:
        return "done" if method == "POST" and wrote else "opens"
    if status == 403:
        pages = {template.name for template in response.templates}
        return "sign in" if "registration/login.html" in pages else "refused"
    return STATUS_WORDS.get(status, str(status))


def send(client: Client, world: World, row: Row, name: str) -> HttpResponse:
    url = address(world, row)
    if row.method == "GET":
        return client.get(url)
    url += access_talks_forms.QUERIES_OF_POSTS.get(row.route, "")
    # Who is to be refused has no page to fill in, only what they made up.
    in_register = row.route.startswith(
        ("admin:units_", "admin:goals_keyfigure_", "admin:dialogues_")
    )
    fills_in = in_register and row.cells[name] in {"done", "opens"}
    held = _held_by(client.get(url)) if fills_in else {}
    return client.post(url, held | form_of(world, row, name))


def _held_by(page: HttpResponse) -> dict[str, str]:
    """What a browser would send of a page of the administration that nobody has touched."""
    context = page.context or {}
    form = context["adminform"].form if "adminform" in context else context.get("form")
    forms = [form] if form else []
    forms += [inline.formset.management_form for inline in context.get("inline_admin_formsets", ())]
    values = {each.add_prefix(name): each[name].value() for each in forms for name in each.fields}
    return {
        name: "on" if value is True else str(value)
        for name, value in values.items()
        if value not in {None, False}
    }


def set_cookies(client: Client, cookies: str) -> None:
    client.cookies.clear()
    client.cookies.load(cookies)


# --- What a request showed -----------------------------------------------------------------------

CANARY = re.compile(r"kanariefågel-[\w-]+")
NUMBER = re.compile(r"\s?".join(f"{NOT_HANDED_IN:,}".split(",")))
ESCAPED = re.compile(r"\\u00([0-9a-f]{2})", re.IGNORECASE)


def canaries(text: str) -> set[str]:
    number = {canary("correcting-nytt-värde")} if NUMBER.search(text) else set()
    return set(CANARY.findall(text)) | number


@lru_cache(maxsize=64)
def _text_of(content: bytes, kind: str) -> str:
    """What stands in a file, with everything about it that a reader shows beside its pages."""
    if kind == "application/pdf":
        pdf = PdfReader(io.BytesIO(content))
        # A line ends after a hyphen, too.
        pages = " ".join(page.extract_text() for page in pdf.pages).replace("-\n", "-")
        outline = [str(each) for each in pdf.outline]
        return f"{pages} {pdf.metadata} {outline} {content.decode('latin-1')}"
    if content.startswith(b"PK"):
        with ZipFile(io.BytesIO(content)) as parts:
            files = [parts.read(name).decode(errors="replace") for name in parts.namelist()]
        return " ".join(files)
    return content.decode()


def everything_said(response: HttpResponse, log: str) -> str:
    """Body, headers, cookies, mail and log, however they are encoded."""
    parts = [_text_of(response.content, response.headers.get("Content-Type", "")), log]
    parts += [str(response.headers), response.cookies.output()]
    parts += [str(letter.message()) for letter in mail.outbox]
    text = unquote(html.unescape("\n".join(parts)))
    text = text.replace(r"\303\245", "å").replace(r"\345", "å")
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


# --- What a request left in the reading log ------------------------------------------------------


@scene()
def newest_reading() -> int:
    return Reading.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


@scene()
def noted_since(newest: int) -> Counter[tuple[int | None, int]]:
    """Talk and reader of each reading noted after `newest`."""
    rows = Reading.objects.filter(pk__gt=newest).values_list("talk", "reader")
    return Counter(rows)
