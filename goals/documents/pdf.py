"""A document as PDF/UA-1, and its pictures as PNG.

Typst lays out; every text reaches it as data.
"""

import json
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any, cast

import msgspec
import typst

from goals.documents.model import Document

HERE = Path(__file__).parent
TEMPLATE = str(HERE / "document.typ")

# The first that the server has; the serif comes with typst itself.
SERIF = ["Libertinus Serif"]
SANS = ["Noto Sans", "Liberation Sans", "DejaVu Sans"]

_PIXELS_PER_INCH = 144
_NOT_SHOWN = "could not be displayed with font"
# Everything else is asked for before it is believed to be in a font.
_UNCOMMON = re.compile("[^\n -~\u00a0-\u017f\u2010-\u2014\u2018-\u201e\u2022\u2026\u20ac\u2212]")

_PROBE = b"""
#set document(title: "probe")
#set text(font: json(bytes(sys.inputs.fonts)).ui)
#text(sys.inputs.asked)
#text(font: json(bytes(sys.inputs.fonts)).voice, sys.inputs.asked)
"""
_PICTURE = b"""
#set page(width: auto, height: auto, margin: 0pt)
#image(bytes(sys.inputs.svg), format: "svg")
"""
# Typst remembers what it has laid out for so many documents.
_DOCUMENTS_REMEMBERED = 10


def made_pdf(document: Document) -> bytes:
    # Django's formats give strings that are marked as safe: a kind of their own.
    encoded = msgspec.json.encode(document, enc_hook=str.__str__).decode()
    try:
        return _pdf(TEMPLATE, document=encoded)
    except typst.TypstError as error:
        if _NOT_SHOWN not in str(error):
            raise
    # A sign that no font of the server has: its name says more than an empty box.
    uncommon = set(_UNCOMMON.findall(encoded))
    return _pdf(TEMPLATE, document=_named(encoded, {each for each in uncommon if not _has(each)}))


def made_picture(svg: str) -> bytes:
    """As a PNG."""
    made = _compiler().compile(
        input=_PICTURE, format="png", ppi=_PIXELS_PER_INCH, sys_inputs={"svg": svg}
    )
    return cast(bytes, made)


def forget() -> None:
    """Give back the memory of what was made: many parts would otherwise take it all at once."""
    for _number in range(_DOCUMENTS_REMEMBERED + 1):
        _compiler().compile(input=b"", format="pdf")


def _pdf(source: str | bytes, **inputs: str) -> bytes:
    made = _compiler().compile(
        input=cast(Any, source),
        format="pdf",
        pdf_standards="ua-1",
        sys_inputs={**inputs, "fonts": _fonts()},
    )
    return cast(bytes, made)


@cache
def _compiler() -> typst.Compiler:
    """What it compiles can read no file outside this folder."""
    return typst.Compiler(root=str(HERE))


@cache
def _fonts() -> str:
    had = set(typst.Fonts().families())
    sans = [family for family in SANS if family in had]
    return json.dumps({"voice": [*SERIF, *sans], "ui": [*sans, *SERIF]})


@cache
def _has(sign: str) -> bool:
    try:
        _pdf(_PROBE, asked=sign)
    except typst.TypstError:
        return False
    return True


def _named(encoded: str, missing: set[str]) -> str:
    names = {
        ord(sign): f"[{unicodedata.name(sign, 'sign').lower()}]"
        for sign in missing
        if unicodedata.category(sign)[0] not in "CM"
    }
    return encoded.translate(dict.fromkeys(map(ord, missing)) | names)
