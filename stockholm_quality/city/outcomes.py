"""The values of reports: what was measured, what was not, and what is being corrected."""

import random
from decimal import Decimal

from goals.measuring import Outcome, Result, over_periods, quotient, share_of_year
from goals.models import Gender, Indicator, Report, Value
from stockholm_quality.city.frozen import GoalSaid, indicator_snapshot
from stockholm_quality.city.measures import Drawn, Measures, stored
from stockholm_quality.city.organisation import Organisation, texts
from stockholm_quality.city.reporters import Measured, Promise, Told
from stockholm_quality.city.writing import REVISION_HANDED_IN, WRITTEN_IN_A_DRAFT, Writing

# Of a hundred.
NOT_MEASURED = 4
COMMENTED = 15
FORECAST = 40
MONTHS = 12


class Outcomes:
    def __init__(self, measures: Measures, organisation: Organisation, rng: random.Random) -> None:
        self.measures = measures
        self.rng = rng
        self.texts = texts("follow_up")["values"]
        self.names = {unit.pk: unit.name for unit in organisation.units}

    def tell(
        self, writing: Writing, promise: Promise, measured: Measured, said: GoalSaid
    ) -> Result | None:
        """Write the values that are asked for; the result then, where it was asked for."""
        series, indicator = measured.series, measured.series.indicator
        is_own = promise.goal.unit is writing.reporter.unit
        is_asked = is_own and indicator.is_asked_in(writing.period)
        is_written = is_asked and not (writing.is_draft and not self._chance(WRITTEN_IN_A_DRAFT))
        values = self._values(writing, measured) if is_written else []
        total = values[0] if values else Value(gender=Gender.TOTAL)
        before = list(series.told)
        this_year = [each for each in before if each.period.ends_on.year == writing.year]
        outcomes = [Outcome(each.value, each.numerator, each.denominator) for each in this_year]
        outcomes.append(Outcome(total.value, total.numerator, total.denominator))
        so_far = over_periods(outcomes, indicator.over_periods, indicator.factor)
        result = Result(
            title=indicator.title,
            unit_of_measure=indicator.unit_of_measure,
            decimals=indicator.decimals,
            lower_is_better=indicator.lower_is_better,
            annual_target=measured.target.annual_target,
            baseline=indicator.baseline,
            margin=indicator.on_track_margin,
            value=None if is_asked and total.value is None else so_far.value,
            forecast=total.forecast,
            share=share_of_year(indicator, writing.period.ends_on),
            is_so_far=bool(this_year) and indicator.over_periods != Indicator.OverPeriods.LATEST,
        )
        if not writing.is_draft:
            above = self.measures.above(measured.target, writing.reporter.line)
            said.indicators.append(
                indicator_snapshot(
                    measured,
                    result,
                    values,
                    before,
                    [(self.names[each.unit_id], each.annual_target) for each in above],
                    is_asked=is_asked,
                )
            )
            if values:
                series.told.append(
                    Told(writing.period, total.value, total.numerator, total.denominator)
                )
        if writing.report.status == Report.Status.CORRECTING:
            self._correct(values, indicator.factor)
        return result if is_asked else None

    def _values(self, writing: Writing, measured: Measured) -> list[Value]:
        indicator = measured.series.indicator
        if self._chance(NOT_MEASURED):
            comment = self.rng.choice(self.texts["not_measured"])
            values = [self._value(writing, measured, None, comment)]
        else:
            values = []
            for drawn in self.measures.draw(measured, writing.reporter, writing.period):
                is_total = drawn.gender == Gender.TOTAL
                comment = ""
                if is_total and self._chance(COMMENTED):
                    comment = self.rng.choice(self.texts["comments"])
                values.append(self._value(writing, measured, drawn, comment))
            months = writing.period.ends_on.month
            if indicator.is_cumulative and months < MONTHS and self._chance(FORECAST):
                seen = float(values[0].value or 0) * MONTHS / months * self.rng.uniform(0.94, 1.08)
                values[0].forecast = stored(round(seen))
        writing.rows.values += values
        return values

    def _value(
        self, writing: Writing, measured: Measured, drawn: Drawn | None, comment: str
    ) -> Value:
        value = Value(
            indicator=measured.series.indicator,
            unit=writing.reporter.unit,
            period=writing.period,
            gender=drawn.gender if drawn else Gender.TOTAL,
            is_not_measured=drawn is None,
            comment=comment,
            source=self.rng.choice(self.texts["sources"]) if drawn else "",
        )
        if drawn:
            value.value = drawn.value
            value.numerator, value.denominator = drawn.numerator, drawn.denominator
        if not writing.is_draft:
            value.submitted_value = value.value
            value.submitted_numerator = value.numerator
            value.submitted_denominator = value.denominator
            value.submitted_is_not_measured = value.is_not_measured
            value.submitted_comment = value.comment
            value.submitted_at = writing.told_at
            value.revision = REVISION_HANDED_IN
        return value

    def _correct(self, values: list[Value], factor: Decimal) -> None:
        """What is written now is no longer what was handed in."""
        for value in values[:1]:
            if value.numerator and value.denominator and value.numerator > 1 and len(values) == 1:
                value.numerator -= 1
                value.value = quotient(value.numerator, value.denominator, factor)
                value.comment = self.texts["corrected"]
                value.revision += 1

    def _chance(self, of_a_hundred: int) -> bool:
        return self.rng.randrange(100) < of_a_hundred
