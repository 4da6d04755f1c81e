"""Pictures of the year on the pages; where everything lies is worked out in `goals.pictures`."""

from datetime import date
from typing import Any

from django import template

from goals.measuring import shown
from goals.models import Activity, Target
from goals.pictures import Curve

register = template.Library()


@register.inclusion_tag("goals/_curve.html")
def curve(curve: Curve, caption: str = "") -> dict[str, Any]:
    """Values over time as a line with its annual target, and the same numbers as a table.

    `caption` names the table for those who do not see the picture; without one it is the
    description of the curve.
    """
    return {"curve": curve, "caption": caption or curve.description}


@register.inclusion_tag("components/pill.html")
def activity_state(activity: Activity) -> dict[str, Any]:
    """The activity's state in a word and a shape."""
    kinds = {
        Activity.State.PROPOSED: "draft",
        Activity.State.NOT_BEGUN: "none",
        Activity.State.BEGUN: "info",
        Activity.State.DONE: "full",
        Activity.State.DEVIATES: "part",
        Activity.State.STOPPED: "not",
    }
    return {
        "kind": kinds[Activity.State(activity.state)],
        "text": activity.get_state_display(),
    }


@register.filter
def is_late(activity: Activity, day: date) -> bool:
    return activity.is_late_on(day)


@register.filter
def target_of(target: Target) -> str:
    """The annual target as it is read; the target comes with its indicator."""
    indicator = target.indicator
    return shown(target.annual_target, indicator.decimals, indicator.unit_of_measure)
