"""Goals, indicators and values as a spreadsheet, for those who calculate: what is handed in."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from goals.documents.model import cleaned
from goals.models import Assessment, Gender, Goal, Judgement, Target, Value, number_order
from units.models import Unit
from units.sorting import swedish_order

MOST_ROWS = 100_000
# In letters, column by column.
_INDICATOR_WIDTHS = (30, 50, 45, 16, 18, 14, 12, 20, 12, 12, 12, 12, 12, 60)
_GOAL_WIDTHS = (30, 50, 50, 20, 18, 100)
_ABOUT_WIDTHS = (18, 80)
# What a spreadsheet would take for a formula.
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row = list[Any]


def made_table(unit: Unit, year: int, units: QuerySet[Unit]) -> bytes:
    """Of `units`: the unit and all below it. A constant number of queries."""
    pks = units.order_by().values("pk")
    book = Workbook(write_only=True)
    book.properties.title = f"{unit} {year}"
    indicators = _indicator_rows(pks, year)
    is_whole = _sheet(book, _("Indicators"), _indicator_header(), indicators, _INDICATOR_WIDTHS)
    is_whole &= _sheet(book, _("Goals"), _goal_header(), _goal_rows(pks, year), _GOAL_WIDTHS)
    about: list[Row] = [
        [_("Of"), str(unit)],
        [_("Year"), year],
        [_("Holds"), _("Adopted goals, and of values and judgements what has been handed in.")],
        [_("Empty cells"), _("Nothing was given. Zero is always written as 0.")],
    ]
    if not is_whole:
        text = _("There is more than fits: only the first {count} rows of each sheet are here.")
        about.append([_("Note"), text.format(count=MOST_ROWS)])
    _sheet(book, _("About"), [_("What"), _("Explanation")], about, _ABOUT_WIDTHS)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _sheet(
    book: Workbook, title: str, header: list[str], rows: Iterable[Row], widths: tuple[int, ...]
) -> bool:
    """Returns whether all rows had room."""
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for place, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.append([_cell(sheet, name, is_header=True) for name in header])
    count = 0
    is_whole = True
    for row in rows:
        if count == MOST_ROWS:
            is_whole = False
            break
        sheet.append([_cell(sheet, value) for value in row])
        count += 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(header))}{count + 1}"
    return is_whole


def _cell(sheet: Any, value: Any, *, is_header: bool = False) -> WriteOnlyCell:
    if isinstance(value, str):
        begins_a_formula = value.startswith(_BEGINS_A_FORMULA)
        cell = WriteOnlyCell(sheet, cleaned(value))
        cell.data_type = "s"
        cell.quotePrefix = begins_a_formula
    else:
        cell = WriteOnlyCell(sheet, value)
        if isinstance(value, Decimal):
            cell.number_format = "0.####"
    if is_header:
        cell.font = Font(bold=True)
    return cell


# --- Indicators --------------------------------------------------------------------------------


def _indicator_header() -> list[str]:
    return [
        _("Unit"),
        _("Goal"),
        _("Indicator"),
        _("Unit of measure"),
        _("Direction"),
        _("Baseline"),
        _("Annual target"),
        _("Period"),
        _("Group"),
        _("Value"),
        _("Numerator"),
        _("Denominator"),
        _("Not measured"),
        _("Comment"),
    ]


def _indicator_rows(units: Any, year: int) -> Iterator[Row]:
    values = _values(units, year)
    genders = dict(Gender.choices)
    targets = (
        Target.objects.filter(unit__in=units, year=year, goal__status=Goal.Status.ADOPTED)
        .select_related("indicator", "unit", "goal")
        .order_by(swedish_order("unit__name"), *number_order("goal__number"), "goal", "pk")
    )
    for target in targets[: MOST_ROWS + 1].iterator():
        indicator = target.indicator
        start = [
            str(target.unit),
            str(target.goal),
            indicator.title,
            indicator.unit_of_measure,
            str(indicator.get_direction_display()),
            indicator.baseline,
            target.annual_target,
        ]
        told = values.get((target.indicator_id, target.unit_id), [])
        for period, gender, value, numerator, denominator, is_not_measured, comment in told:
            yield [
                *start,
                period,
                str(genders.get(gender, gender)),
                value,
                numerator,
                denominator,
                _("Yes") if is_not_measured else "",
                comment,
            ]
        if not told:
            yield [*start, *([None] * 7)]


def _values(units: Any, year: int) -> dict[tuple[int, int], list[tuple[Any, ...]]]:
    found: defaultdict[tuple[int, int], list[tuple[Any, ...]]] = defaultdict(list)
    values = (
        Value.objects.submitted()
        .filter(unit__in=units, period__plan_year__year=year)
        .order_by("period__ends_on", "period__due_on", "-gender", "pk")
        .values_list(
            "indicator",
            "unit",
            "period__name",
            "gender",
            "submitted_value",
            "submitted_numerator",
            "submitted_denominator",
            "submitted_is_not_measured",
            "submitted_comment",
        )
    )
    for indicator, unit, *told in values[:MOST_ROWS].iterator():
        found[indicator, unit].append(tuple(told))
    return found


# --- Goals -------------------------------------------------------------------------------------


def _goal_header() -> list[str]:
    return [_("Unit"), _("Goal"), _("Serves"), _("Period"), _("How the goal is met"), _("Reason")]


def _goal_rows(units: Any, year: int) -> Iterator[Row]:
    judged: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
    assessments = (
        Assessment.objects.submitted()
        .filter(report__unit__in=units, report__period__plan_year__year=year)
        .order_by("report__period__ends_on", "pk")
        .values_list("goal", "report__period__name", "submitted_judgement", "submitted_reason")
    )
    for goal, *told in assessments[:MOST_ROWS].iterator():
        judged[goal].append(tuple(told))
    goals = (
        Goal.objects.adopted()
        .for_year(year)
        .filter(unit__in=units)
        .select_related("unit", "parent")
        .in_order_of_units()
    )
    words = dict(Judgement.choices)
    for row in goals[: MOST_ROWS + 1].iterator():
        start = [str(row.unit), str(row), str(row.parent or "")]
        for period, judgement, reason in judged[row.pk]:
            yield [*start, period, str(words.get(judgement, "")), reason]
        if not judged[row.pk]:
            yield [*start, None, None, None]
