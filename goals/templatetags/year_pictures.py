"""Pictures of the year on the pages; where everything lies is worked out in `goals.pictures`."""

from typing import Any

from django import template

from goals.pictures import Curve

register = template.Library()


@register.inclusion_tag("goals/_curve.html")
def curve(curve: Curve, caption: str = "") -> dict[str, Any]:
    """Values over time as a line with its annual target, and the same numbers as a table.

    `caption` names the table for those who do not see the picture; without one it is the
    description of the curve.
    """
    return {"curve": curve, "caption": caption or curve.description}
