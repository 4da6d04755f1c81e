"""The words of a report: judgements, states, numbers and names."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from goals import measuring
from goals.models import Activity, Analysis, Gender, Judgement, Need, Report

register = template.Library()

_PILL_OF_JUDGEMENT = {Judgement.FULL: "full", Judgement.PARTIAL: "part", Judgement.NOT: "not"}
_PILL_OF_STATUS = {
    Report.Status.BEGUN: "draft",
    Report.Status.SUBMITTED: "info",
    Report.Status.RETURNED: "part",
    Report.Status.ACCEPTED: "full",
    Report.Status.CORRECTING: "draft",
}
_PILL_OF_STATE = {
    Activity.State.PROPOSED: "draft",
    Activity.State.NOT_BEGUN: "none",
    Activity.State.BEGUN: "info",
    Activity.State.DONE: "full",
    Activity.State.DEVIATES: "not",
    Activity.State.STOPPED: "none",
}


@register.inclusion_tag("components/pill.html")
def judgement_pill(judgement: str) -> dict[str, Any]:
    """Fully, partly or not, or that nobody has judged yet."""
    if not judgement:
        return {"kind": "none", "text": _("Not yet judged")}
    return {"kind": _PILL_OF_JUDGEMENT[Judgement(judgement)], "text": Judgement(judgement).label}


@register.inclusion_tag("components/pill.html")
def status_pill(status: str) -> dict[str, Any]:
    """Where a report stands; empty when it has not begun."""
    if not status:
        return {"kind": "none", "text": _("Not begun")}
    return {"kind": _PILL_OF_STATUS[Report.Status(status)], "text": Report.Status(status).label}


@register.inclusion_tag("components/pill.html")
def state_pill(state: str) -> dict[str, Any]:
    """How it goes with an activity."""
    return {
        "kind": _PILL_OF_STATE[Activity.State(state)],
        "text": Activity.State(state).label,
    }


@register.filter
def shown(value: Decimal | None, indicator: Any) -> str:
    """A value with its unit of measure; a dash where there is none. `indicator` is an indicator or
    one of a snapshot."""
    return measuring.shown(value, indicator.decimals, indicator.unit_of_measure)


@register.filter
def name_of(key: int, people: Mapping[int, str]) -> str:
    """The name of a person, where it may show."""
    return people.get(key) or _("a named employee")


@register.filter
def gender(code: str) -> str:
    return str(Gender(code).label)


@register.filter
def theme(code: str) -> str:
    return str(Need.Theme(code).label)


@register.filter
def method(code: str) -> str:
    return str(Analysis.Method(code).label)


@register.simple_tag
def row_field(field: BoundField, described_by: str = "") -> SafeString:
    """A field of a row, told to be wrong where it is."""
    attributes: dict[str, str | bool] = {}
    error_id = f"{field.id_for_label}-error" if field.errors else ""
    if described := " ".join(filter(None, [described_by, error_id])):
        attributes["aria-describedby"] = described
    if field.errors:
        attributes["aria-invalid"] = "true"
    css = {"CheckboxInput": "form-check-input", "Select": "form-select"}
    attributes["class"] = css.get(type(field.field.widget).__name__, "form-control")
    return field.as_widget(attrs=attributes)
