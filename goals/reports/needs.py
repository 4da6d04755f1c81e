"""What the units below need in order to develop, as they have handed it in.

Layer: reports.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Min, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from goals.models import Need
from goals.pictures import bars
from units.models import Unit
from units.sorting import swedish_order


@dataclass(frozen=True)
class ThemeCount:
    """How many needs there are on a theme, of how many units; `width` is its bar in per cent."""

    key: str
    label: str
    needs: int
    units: int
    width: float
    is_chosen: bool

    @property
    def text(self) -> str:
        needs = ngettext("{count} need", "{count} needs", self.needs).format(count=self.needs)
        units = ngettext("{count} unit", "{count} units", self.units).format(count=self.units)
        return _("{needs} from {units}").format(needs=needs, units=units)


def gathered(unit: Unit, year: int, code: str = "") -> "QuerySet[Need]":
    """What has been handed in for the year by the units below, and by those merged into them."""
    below = Unit.objects.below(unit).values("pk")
    of_below = (
        Q(report__unit__in=below)
        | Q(report__unit__successor__in=below)
        | Q(report__unit__successor__successor__in=below)
    )
    needs = Need.objects.submitted().filter(of_below, report__period__plan_year__year=year)
    return needs.filter(report__period__code=code) if code else needs


def in_order(needs: "QuerySet[Need]") -> "QuerySet[Need]":
    """Theme by theme, unit by unit."""
    return needs.select_related("report__unit", "report__period", "goal").order_by(
        "theme", swedish_order("report__unit__name"), "report__period__ends_on", "pk"
    )


def per_theme(needs: "QuerySet[Need]", chosen: str = "") -> list[ThemeCount]:
    """The themes that are named, the most named first."""
    counted = list(
        needs.order_by()
        .values("theme")
        .annotate(needs=Count("pk"), units=Count("report__unit", distinct=True))
        .order_by("-needs", "theme")
    )
    drawn = bars([Decimal(row["needs"]) for row in counted])
    return [
        ThemeCount(
            row["theme"],
            str(Need.Theme(row["theme"]).label),
            row["needs"],
            row["units"],
            bar.length,
            row["theme"] == chosen,
        )
        for row, bar in zip(counted, drawn, strict=True)
    ]


def period_codes(unit: Unit, year: int) -> list[str]:
    """The short names of the periods in which needs have been handed in, in the order of time."""
    return list(
        gathered(unit, year)
        .order_by()
        .values("report__period__code")
        .annotate(ends_on=Min("report__period__ends_on"))
        .order_by("ends_on", "report__period__code")
        .values_list("report__period__code", flat=True)
    )
