"""The words of a talk."""

from typing import Any

from django import template

from dialogues.models import ExpectationResult

register = template.Library()

_PILL_OF_OUTCOME = {
    ExpectationResult.Outcome.FULL: "full",
    ExpectationResult.Outcome.PARTIAL: "part",
    ExpectationResult.Outcome.NOT: "not",
    ExpectationResult.Outcome.DROPPED: "none",
}


@register.inclusion_tag("components/pill.html")
def outcome_pill(outcome: str) -> dict[str, Any]:
    """How one of the two sees that an expectation went."""
    known = ExpectationResult.Outcome(outcome)
    return {"kind": _PILL_OF_OUTCOME[known], "text": known.label}
