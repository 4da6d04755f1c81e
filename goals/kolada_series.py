"""What Kolada says of an indicator, for showing. Beside it always stands: Source: Kolada."""

from decimal import Decimal

from goals.models import Indicator, KeyFigureValue

ByGender = dict[str, Decimal | None]


def key_figure_series(indicator: Indicator) -> list[tuple[int, ByGender]]:
    """The years in order, each with its values by gender (`Gender`); None is missing in Kolada,
    which is never zero. Empty where the indicator is not filled from there. One query."""
    values = KeyFigureValue.objects.filter(key_figure__indicator=indicator)
    years: dict[int, ByGender] = {}
    for year, gender, value in values.order_by("year", "gender").values_list(
        "year", "gender", "value"
    ):
        years.setdefault(year, {})[gender] = value
    return list(years.items())
