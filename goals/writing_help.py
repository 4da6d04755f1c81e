"""Writing help for a unit goal (*målformulering*): the questions a good colleague would ask.

The rules advise and never block. Each looks at the words of one or two parts of the goal and says
when to ask; the words that it listens for stand beside it. They are Swedish, as the goals are. The
ideas come of the city's quality programme: a goal says what will be better for those the unit is
for, and an expected result says what has been reached when the goal is met, so that anyone can
judge it afterwards.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

# Those a unit is for, as stems: "barn" also finds "barnen" and "barns".
THOSE_WE_ARE_FOR = (
    "anhörig", "barn", "besökar", "boende", "brukar", "deltagar", "elev", "familj", "flick",
    "företag", "föräld", "gäst", "hyresgäst", "invånar", "klient", "kund", "kvinn", "lånta",
    "medborgar", "människ", "män ", "patient", "person med", "personer", "pojk", "resenär",
    "stadsdel", "stockholmar", "sökande", "trafikant", "ungdom", "unga", "vuxna", "vårdnadshavar",
    "äldre", "alla som", "den som", "de som", "medarbetar",
)  # fmt: skip
# What staff do: a goal or a result that opens with one of these tells an activity.
WHAT_STAFF_DO = (
    "anordna", "arbeta", "delta", "erbjuda", "fortsätta", "följa upp", "genomföra", "hålla",
    "implementera", "informera", "införa", "inventera", "kartlägga", "köpa", "planera", "revidera",
    "se över", "skapa rutiner", "starta", "ta fram", "upprätta", "utarbeta", "utbilda", "utreda",
    "utveckla arbetet", "utvärdera", "öka samarbetet",
)  # fmt: skip
WE = ("vi ", "personalen", "pedagogerna", "medarbetarna ska", "enheten ska", "förskolan ska")
# Words that let anyone tell afterwards: a number, a share, a limit, a time.
TELLS_AFTERWARDS = re.compile(
    r"\d|procent|andel|antal|alla |samtliga|ingen |inga |hälften|minst|högst|senast|varje|"
    r"fler än|färre än|dubbl|halver|ökar från|minskar från|enligt enkät|index",
    re.IGNORECASE,
)
VAGUE = re.compile(
    r"\b(sträva efter|verka för|främja|bidra till|i möjligaste mån|så långt som möjligt|"
    r"om möjligt|god kvalitet|hög kvalitet|på ett bra sätt|arbeta för)\b",
    re.IGNORECASE,
)
LONGEST_GOAL = 30  # words; a longer one is rarely remembered


@dataclass(frozen=True)
class Question:
    """`part` names the field that the question is about."""

    code: str
    part: str
    text: str
    advice: str


@dataclass(frozen=True)
class Rule:
    """Ask `question` when `asks` says so of the goal's parts, given in lower case."""

    code: str
    part: str
    asks: Callable[[dict[str, str]], bool]
    question: Callable[[], tuple[str, str]]


def _opens_with_doing(text: str) -> bool:
    words = text.removeprefix("att ")
    for we in WE:
        words = words.removeprefix(we).strip()
    words = words.removeprefix("ska ").removeprefix("skall ").strip()
    return any(words.startswith(_forms_of(verb)) for verb in WHAT_STAFF_DO)


def _forms_of(verb: str) -> tuple[str, ...]:
    """genomföra, genomför, genomförs; arbeta, arbetar; införa, inför."""
    stem = verb.removesuffix("a")
    return (verb, f"{stem} ", f"{stem}s ", f"{stem}er ")


def _names_those_we_are_for(text: str) -> bool:
    padded = f" {text} "
    return any(f" {stem}" in padded for stem in THOSE_WE_ARE_FOR)


def _is_about_us(goal: dict[str, str]) -> bool:
    return goal["title"].startswith(WE) or _opens_with_doing(goal["title"])


def _names_nobody(goal: dict[str, str]) -> bool:
    title = goal["title"]
    return bool(title) and not _is_about_us(goal) and not _names_those_we_are_for(title)


def _is_several(goal: dict[str, str]) -> bool:
    title = goal["title"]
    sentences = [part for part in re.split(r"[.;!?]\s", f"{title} ") if part.strip()]
    joins = len(re.findall(r"\boch\b|\bsamt\b|\bdessutom\b", title))
    return len(sentences) > 1 or joins > 1 or " samt " in title or len(title.split()) > LONGEST_GOAL


RULES = (
    Rule(
        "for_whom",
        "title",
        _is_about_us,
        lambda: (
            _("What will be better, and for whom?"),
            _(
                "The goal seems to say what staff will do. Try to start with those the unit is "
                "for: “The children …”, “Our residents …”. What you will do belongs under "
                "working method."
            ),
        ),
    ),
    Rule(
        "names_nobody",
        "title",
        _names_nobody,
        lambda: (
            _("For whom will it be better?"),
            _("Name those the unit is for, so that everyone sees whom the goal is about."),
        ),
    ),
    Rule(
        "no_parent",
        "parent",
        lambda goal: bool(goal["title"]) and not goal["parent"],
        lambda: (
            _("Which goal above does it help to reach?"),
            _("Without one the goal hangs loose, and nobody sees how it serves the city."),
        ),
    ),
    Rule(
        "one_goal",
        "title",
        _is_several,
        lambda: (
            _("Is this one goal?"),
            _("It seems to hold several. Two goals are easier to judge than one with two halves."),
        ),
    ),
    Rule(
        "vague",
        "title",
        lambda goal: bool(VAGUE.search(goal["title"])),
        lambda: (
            _("Could it be said more plainly?"),
            _("Words such as “strive for” and “promote” can never fail. Say how it is to be."),
        ),
    ),
    Rule(
        "no_result",
        "expected_result",
        lambda goal: bool(goal["title"]) and not goal["expected_result"],
        lambda: (
            _("What has been reached when the goal is met?"),
            _("Write what someone would see at the end of the year, and how much of it."),
        ),
    ),
    Rule(
        "result_is_doing",
        "expected_result",
        lambda goal: (
            _opens_with_doing(goal["expected_result"]) or goal["expected_result"].startswith(WE)
        ),
        lambda: (
            _("Is the expected result a result?"),
            _(
                "It seems to say what you will do. What does it lead to? Move what you will do to "
                "working method."
            ),
        ),
    ),
    Rule(
        "tell_afterwards",
        "expected_result",
        lambda goal: (
            bool(goal["expected_result"]) and not TELLS_AFTERWARDS.search(goal["expected_result"])
        ),
        lambda: (
            _("Could anyone tell afterwards whether it was reached?"),
            _("A share, a number, a date or a comparison with last year makes it possible."),
        ),
    ),
    Rule(
        "no_follow_up",
        "follow_up",
        lambda goal: bool(goal["expected_result"]) and not goal["follow_up"],
        lambda: (
            _("How and when will you see how it goes?"),
            _("Say the method, the time and who does it: that is soon forgotten in the spring."),
        ),
    ),
)


def has_been_told(parts: dict[str, Any]) -> bool:
    """Whether so much is written that no questions means that it is well written."""
    return bool(parts.get("title") and parts.get("expected_result"))


def questions_about(parts: dict[str, Any]) -> list[Question]:
    """The questions for a goal whose parts are `parts` (missing ones count as empty)."""
    words = {
        part: " ".join(str(parts.get(part) or "").lower().split())
        for part in ("title", "expected_result", "follow_up", "parent")
    }
    return [Question(rule.code, rule.part, *rule.question()) for rule in RULES if rule.asks(words)]
