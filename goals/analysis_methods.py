"""Ways to look for a cause: the portal's own, and those that boards have added. Beside the forms.

Layer: forms.
"""

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from goals.models import Analysis, AnalysisMethod
from units.models import Unit, UnitLine

OWN = f"{Analysis.Method.OWN}-"  # before the key of a board's own method


@dataclass(frozen=True)
class Method:
    """One way: when one uses it, and the questions that lead through it. `key` is what a form
    sends for it."""

    key: str
    name: str | Promise
    when: str | Promise
    prompts: tuple[str | Promise, ...]
    own: AnalysisMethod | None = None


PORTALS = (
    Method(
        Analysis.Method.FIVE_WHYS,
        Analysis.Method.FIVE_WHYS.label,
        _("When one thing went wrong and you want to find what lies behind it. Quick, for two."),
        (
            _("What happened, in one sentence with a number or an example?"),
            _("Why did it happen?"),
            _("And why was that? Ask again of each answer, up to five times."),
            _("Have you come to something that you can change? If not, ask once more."),
            _("Would the result have been another without that cause? How do you know?"),
        ),
    ),
    Method(
        Analysis.Method.FISHBONE,
        Analysis.Method.FISHBONE.label,
        _("When there may be several causes at once. Good for a workplace meeting."),
        (
            _("People: did we have the staff and the competence that it took?"),
            _("Working methods: did we do what we had agreed, and in the same way?"),
            _("Leadership: was it clear who was to do what, and was it followed up?"),
            _("Premises and tools: did anything stand in the way?"),
            _("The world around us: what changed that we do not decide on?"),
            _("Which two of these mean most, and what speaks for that?"),
        ),
    ),
    Method(
        Analysis.Method.BEFORE_AND_AFTER,
        Analysis.Method.BEFORE_AND_AFTER.label,
        _("When the curve turns at some time, upwards or downwards."),
        (
            _("When did the result begin to change?"),
            _("What changed in the unit shortly before: staff, groups, ways of working?"),
            _("What changed around you at the same time?"),
            _("Is the change the same for all groups, or only for some?"),
            _("What would you expect to see next period if you are right?"),
        ),
    ),
    Method(
        Analysis.Method.COMPARISON,
        Analysis.Method.COMPARISON.label,
        _("When similar units reach better results under the same conditions."),
        (
            _("Which similar unit does better, and how much better?"),
            _("What is the same in both: the children, the users, the staff, the premises?"),
            _("What do they do that you do not? Ask them, do not guess."),
            _("What do they leave out that you do?"),
            _("Which part of it would work with you, and what would it take?"),
        ),
    ),
)


def own_methods(unit: Unit) -> "QuerySet[AnalysisMethod]":
    """Those that the boards over the unit have added, those no longer in use too."""
    above = UnitLine.objects.active_on().within_border().filter(descendant=unit)
    return (
        AnalysisMethod.objects.filter(Q(unit=unit) | Q(unit__in=above.values("ancestor")))
        .select_related("unit")
        .order_by("unit", "pk")
    )


def as_method(own: AnalysisMethod) -> Method:
    lines = (line.strip() for line in own.prompts.splitlines())
    return Method(f"{OWN}{own.pk}", own.name, own.help_text, tuple(filter(None, lines)), own)


def methods_for(unit: Unit, chosen: AnalysisMethod | None = None) -> list[Method]:
    """All that an analysis of the unit can be made by; what was `chosen` stays choosable."""
    own = [
        as_method(method)
        for method in own_methods(unit)
        if method.is_in_use or (chosen and method.pk == chosen.pk)
    ]
    if chosen and chosen.pk not in {method.own.pk for method in own if method.own}:
        own.append(as_method(chosen))
    return [*PORTALS, *own]


def key_of(analysis: Analysis | None) -> str:
    """What a form would have sent for the method of the analysis; empty without one."""
    if analysis is None or not analysis.method:
        return ""
    if analysis.method == Analysis.Method.OWN:
        return f"{OWN}{analysis.own_method_id}"
    return analysis.method
