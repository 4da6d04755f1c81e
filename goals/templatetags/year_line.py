"""The year as a line of what is due when, and the way between one year's goal and the next's."""

from typing import Any

from django import template
from django.db.models import Exists, OuterRef, Q
from django.template import Context

from goals.models import CarryOver, Goal
from units.models import Role, Unit

register = template.Library()


@register.inclusion_tag("goals/_between_years.html", takes_context=True)
def between_years(context: Context, goal: Goal) -> dict[str, Any]:
    """What the goal was last year and what becomes of it next year, as far as the reader may see
    it: a draft, and that a goal ends, is the plan of those who answer for the unit. One query."""
    user = context["request"].user
    answered_for = Unit.objects.in_scope_of(user, Role.MANAGER, Role.CONTROLLER)
    links = (
        CarryOver.objects.filter(Q(goal=goal) | Q(successor=goal))
        .filter(
            Q(successor__status=Goal.Status.ADOPTED)
            | Exists(answered_for.filter(pk=OuterRef("successor__unit")))
            | Q(successor=None) & Exists(answered_for.filter(pk=OuterRef("goal__unit")))
        )
        .select_related("goal__unit", "successor__unit")
        .order_by("goal__first_year", "pk")
    )
    found = list(links)
    return {
        "shown": goal,
        "before": [link.goal for link in found if link.successor_id == goal.pk],
        "after": [link.successor for link in found if link.goal_id == goal.pk and link.successor],
        "ended": [link for link in found if link.decision == CarryOver.Decision.ENDED],
    }
