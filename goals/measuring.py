"""How values become a result: pure functions, each with its formula, and no database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from goals.models import Activity, Indicator, Judgement

STORED = Decimal("0.0001")  # values are stored with four decimals
MOST_DECIMALS = 4
MONTHS = 12


@dataclass(frozen=True)
class Outcome:
    """One reported outcome. `value` is None where nothing was measured, which is never zero."""

    value: Decimal | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None


@dataclass(frozen=True)
class Result:
    """An indicator's year so far beside what it aims at."""

    title: str
    unit_of_measure: str
    decimals: int
    lower_is_better: bool
    annual_target: Decimal | None
    baseline: Decimal | None
    margin: Decimal  # per cent
    value: Decimal | None
    forecast: Decimal | None
    # What share of the annual target is to be reached by now: 1, or less for what grows.
    share: Decimal
    # Whether the value is made of several periods, as told by the indicator's formula.
    is_so_far: bool = False

    @property
    def aim(self) -> Decimal | None:
        """What is to be reached by now or, with a forecast, by the end of the year."""
        if self.annual_target is None:
            return None
        if self.forecast is not None:
            return self.annual_target
        # A third of 180 is 60: without rounding it is a hair below, which 60 would miss.
        return (self.annual_target * self.share).quantize(STORED, ROUND_HALF_UP)

    @property
    def compared(self) -> Decimal | None:
        """What is held against the aim: the forecast for the year when there is one."""
        return self.forecast if self.forecast is not None else self.value


@dataclass(frozen=True)
class Suggestion:
    """What the portal would judge, and why, in words. A person judges."""

    judgement: Judgement | None
    reasons: tuple[str, ...]


def quotient(numerator: Decimal, denominator: Decimal, factor: Decimal) -> Decimal:
    """A share as a value, with the decimals that are stored. The denominator is above zero."""
    return (numerator / denominator * factor).quantize(STORED, ROUND_HALF_UP)


def shown(value: Decimal | None, decimals: int, unit_of_measure: str = "") -> str:
    """A value as it is read: rounded half up, in the reader's language; a dash for none."""
    if value is None:
        return "–"
    rounded = value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = number_format(rounded, decimal_pos=decimals, use_l10n=True, force_grouping=True)
    gap = "" if not unit_of_measure else "\u00a0"
    return f"{text}{gap}{unit_of_measure}"


def over_periods(outcomes: Iterable[Outcome], formula: str, factor: Decimal) -> Outcome:
    """A unit's year so far from its periods, in the order of time. What was not measured is left
    out, and where nothing was, the result is none.

    SUM adds the values; MEAN divides that by how many there are; WEIGHTED divides the sum of the
    numerators by the sum of the denominators; LATEST takes the last measured.
    """
    measured = [outcome for outcome in outcomes if outcome.value is not None]
    if not measured:
        return Outcome(None)
    if formula == Indicator.OverPeriods.LATEST:
        return measured[-1]
    return _together(measured, formula, factor)


def over_units(outcomes: Iterable[Outcome], formula: str, factor: Decimal) -> Outcome:
    """Several units' outcomes of the same time as one: SUM, MEAN or WEIGHTED, as over periods."""
    measured = [outcome for outcome in outcomes if outcome.value is not None]
    return _together(measured, formula, factor) if measured else Outcome(None)


def _together(measured: Sequence[Outcome], formula: str, factor: Decimal) -> Outcome:
    with_parts = [each for each in measured if each.numerator is not None and each.denominator]
    numerator = sum((each.numerator or Decimal(0) for each in with_parts), Decimal(0))
    denominator = sum((each.denominator or Decimal(0) for each in with_parts), Decimal(0))
    total = sum((each.value or Decimal(0) for each in measured), Decimal(0))
    if formula == Indicator.OverPeriods.WEIGHTED:
        if not denominator:
            return Outcome(None)
        return Outcome(quotient(numerator, denominator, factor), numerator, denominator)
    parts = (numerator, denominator) if denominator else (None, None)
    if formula == Indicator.OverPeriods.MEAN:
        return Outcome((total / len(measured)).quantize(STORED, ROUND_HALF_UP), *parts)
    return Outcome(total, *parts)


def grows(indicator: Indicator) -> bool:
    """Whether the value is reached bit by bit, so that a part of it is due at each period."""
    return indicator.is_cumulative or indicator.over_periods == Indicator.OverPeriods.SUM


def share_of_year(indicator: Indicator, ends_on: date) -> Decimal:
    """What share of the annual target is to be reached at the end of a period: whole months of
    twelve for what grows (30 April: a third), otherwise all of it."""
    return Decimal(ends_on.month) / MONTHS if grows(indicator) else Decimal(1)


def judged(result: Result) -> Judgement | None:
    """FULL when the aim is reached or passed, in the indicator's direction; PARTIAL when no more
    than the margin is missing; otherwise NOT. None without a value or a target.

    The margin is per cent of the aim. Of an aim of 0 there is no per cent: there it is per cent of
    the baseline, and without a baseline there is none.
    """
    aim, compared = result.aim, result.compared
    if aim is None or compared is None:
        return None
    missing = compared - aim if result.lower_is_better else aim - compared
    if missing <= 0:
        return Judgement.FULL
    allowance = abs(aim or result.baseline or Decimal(0)) * result.margin / 100
    return Judgement.PARTIAL if missing <= allowance else Judgement.NOT


def reason_of(result: Result) -> str:
    """One sentence on an indicator, for the person who judges."""
    text = {"title": result.title}
    if result.compared is None:
        return _("{title}: no value yet.").format(**text)
    judgement = judged(result)
    decimals = result.decimals
    # 33 of 33,3 is behind: rounded alike, the sentence would say that a number misses itself.
    while judgement not in {None, Judgement.FULL} and decimals < MOST_DECIMALS:
        if shown(result.compared, decimals) != shown(result.aim, decimals):
            break
        decimals += 1
    text["value"] = shown(result.compared, decimals, result.unit_of_measure)
    if result.is_so_far and result.forecast is None:
        text["value"] = _("{value} so far this year").format(**text)
    if result.aim is None:
        return _("{title}: {value}, without an annual target to hold it against.").format(**text)
    text["aim"] = shown(result.aim, decimals, result.unit_of_measure)
    if result.forecast is not None:
        sentences = {
            Judgement.FULL: _("{title}: the forecast {value} reaches the annual target {aim}."),
            Judgement.PARTIAL: _(
                "{title}: the forecast {value} is within the margin of the annual target {aim}."
            ),
            Judgement.NOT: _("{title}: the forecast {value} misses the annual target {aim}."),
        }
    elif result.share < 1 and result.aim and result.lower_is_better:
        sentences = {
            Judgement.FULL: _("{title}: {value} keeps within {aim}, the most it may be by now."),
            Judgement.PARTIAL: _(
                "{title}: {value} is a little above {aim}, the most it may be by now."
            ),
            Judgement.NOT: _("{title}: {value} is clearly above {aim}, the most it may be by now."),
        }
    elif result.share < 1 and result.aim:
        sentences = {
            Judgement.FULL: _("{title}: {value} is on its way; {aim} was to be reached by now."),
            Judgement.PARTIAL: _("{title}: {value} is a little behind; {aim} was due by now."),
            Judgement.NOT: _("{title}: {value} is clearly behind; {aim} was due by now."),
        }
    else:
        sentences = {
            Judgement.FULL: _("{title}: {value} reaches the annual target {aim}."),
            Judgement.PARTIAL: _("{title}: {value} is within the margin of the target {aim}."),
            Judgement.NOT: _("{title}: {value} misses the annual target {aim}."),
        }
    return sentences[judgement].format(**text) if judgement else ""


def suggested(results: Sequence[Result], activities: Iterable[Activity], day: date) -> Suggestion:
    """What to judge of a goal, from its indicators and what was to be done for it.

    All measured indicators FULL and nothing late or deviating: FULL. Half of them or more NOT: NOT.
    Otherwise PARTIAL. Without a judged indicator there is no suggestion (domain report, 1.2: an
    indicator measures a limited part of a goal, so a person judges).
    """
    judgements = [judgement for result in results if (judgement := judged(result))]
    reasons = [reason_of(result) for result in results]
    behind = [
        activity
        for activity in activities
        if activity.state == Activity.State.DEVIATES or activity.is_late_on(day)
    ]
    if behind:
        reasons.append(
            ngettext(
                "{count} activity is late or deviates.",
                "{count} activities are late or deviate.",
                len(behind),
            ).format(count=len(behind))
        )
    if not judgements:
        return Suggestion(None, tuple(reasons))
    if judgements.count(Judgement.NOT) * 2 >= len(judgements):
        return Suggestion(Judgement.NOT, tuple(reasons))
    is_full = all(judgement == Judgement.FULL for judgement in judgements) and not behind
    return Suggestion(Judgement.FULL if is_full else Judgement.PARTIAL, tuple(reasons))
