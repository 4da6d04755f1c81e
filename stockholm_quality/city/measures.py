"""What the city measures itself by: indicators, annual targets, and how the values fall."""

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from goals.measuring import STORED, grows, quotient
from goals.models import Gender, Goal, Indicator, Period, Target
from stockholm_quality.city.organisation import ROWS_AT_A_TIME, Calendar, texts
from stockholm_quality.city.reporters import Measured, Promise, Reporter, Series
from units.models import Unit

# Of a hundred.
WITHOUT_A_TARGET = 6
WITH_A_TARGET_OF_ITS_OWN = 22
FOLLOW_UPS = 3  # a year
NOTES = (
    "Vi börjar längre ner än andra och tar det i två steg.",
    "Vi är redan över nämndens mål och vill vidare.",
    "Anpassat efter att vi har tagit emot fler barn och unga i år.",
    "Samma nivå som förra året, eftersom vi byter lokaler till hösten.",
)
SHARE_OF_WOMEN = (0.44, 0.58)


@dataclass(frozen=True)
class Drawn:
    """One number as it came out, for one gender."""

    gender: str
    value: Decimal
    numerator: Decimal | None = None
    denominator: Decimal | None = None


class Measures:
    """Call `build`, which stores indicators and targets; then `draw` values."""

    def __init__(
        self,
        city: Unit,
        council: dict[int, dict[str, Goal]],
        rng: random.Random,
        calendar: Calendar,
    ) -> None:
        self.city = city
        self.council = council  # by year and number
        self.rng = rng
        self.calendar = calendar
        self.specs: dict[str, dict[str, Any]] = texts("indicators")["indicator"]
        self.indicators: dict[tuple[str, int], Indicator] = {}
        self.targets: list[Target] = []
        self._series: dict[tuple[int, int], Series] = {}
        # By indicator, unit and year: what those below see over their own.
        self._aims: dict[tuple[int, int, int], Target] = {}

    def build(self, reporters: list[Reporter]) -> None:
        for key, spec in self.specs.items():
            if spec["owner"] == "city":
                self._indicator(key, self.city)
        wanted = [
            (reporter, year, promise)
            for reporter in reporters
            for year, promises in reporter.promises.items()
            for promise in promises
        ]
        for reporter, _year, promise in wanted:
            for key in promise.text.get("measured_by", []):
                self._indicator(key, self._owner(key, reporter))
        Indicator.objects.bulk_create(self.indicators.values(), batch_size=ROWS_AT_A_TIME)
        self._aim_of_the_city()
        # Boards and departments before units, which look at the targets above them.
        for reporter, year, promise in sorted(wanted, key=lambda row: len(row[0].line)):
            self._take_up(reporter, year, promise)
        Target.objects.bulk_create(self.targets, batch_size=ROWS_AT_A_TIME)

    def above(self, target: Target, line: list[Unit]) -> list[Target]:
        """The targets for the same indicator of those above, the nearest first."""
        found = (self._aims.get((target.indicator_id, unit.pk, target.year)) for unit in line)
        return [each for each in found if each is not None]

    # --- Indicators and targets ------------------------------------------------------------------

    def _owner(self, key: str, reporter: Reporter) -> Unit:
        owner = self.specs[key]["owner"]
        if owner == "city":
            return self.city
        return reporter.board.unit if owner == "board" else reporter.unit

    def _indicator(self, key: str, owner: Unit) -> Indicator:
        if (key, owner.pk) not in self.indicators:
            spec = self.specs[key]
            parts = spec.get("parts", ["", ""])
            baseline = spec.get("baseline")
            self.indicators[key, owner.pk] = Indicator(
                unit=owner,
                title=spec["title"],
                unit_of_measure=spec["measure"],
                decimals=spec.get("decimals", 0),
                method=spec["method"],
                direction=spec.get("direction", Indicator.Direction.HIGHER),
                frequency=spec.get("frequency", Indicator.Frequency.PERIOD),
                is_cumulative=spec.get("is_cumulative", False),
                over_periods=spec["over_periods"],
                over_units=spec.get("over_units", Indicator.OverUnits.MEAN),
                has_parts="parts" in spec,
                numerator_label=parts[0],
                denominator_label=parts[1],
                factor=Decimal(100),
                by_gender=spec.get("by_gender", False),
                baseline=None if baseline is None else stored(baseline),
                baseline_year=None if baseline is None else self.calendar.year - 2,
                baseline_not_applicable=spec.get("baseline_not_applicable", False),
                is_example=True,
            )
        return self.indicators[key, owner.pk]

    def _aim_of_the_city(self) -> None:
        for year, council in self.council.items():
            for key, spec in self.specs.items():
                if spec["owner"] == "city" and (goal := council.get(spec["serves"])):
                    indicator = self._indicator(key, self.city)
                    self._aim(indicator, goal, year, stored(spec["target"]))

    def _aim(
        self, indicator: Indicator, goal: Goal, year: int, aim: Decimal | None, note: str = ""
    ) -> Target:
        target = Target(
            indicator=indicator,
            unit_id=goal.unit_id,
            goal=goal,
            year=year,
            annual_target=None if aim is None else stored(aim),
            note=note,
        )
        self.targets.append(target)
        self._aims[indicator.pk, goal.unit_id, year] = target
        return target

    def _take_up(self, reporter: Reporter, year: int, promise: Promise) -> None:
        for key in promise.text.get("measured_by", []):
            indicator = self._indicator(key, self._owner(key, reporter))
            if (indicator.pk, reporter.unit.pk, year) in self._aims:
                continue
            target = self._aim(indicator, promise.goal, year, *self._own_aim(key, reporter))
            place = (indicator.pk, reporter.unit.pk)
            if place not in self._series:
                luck = self.rng.gauss(0, 0.6)
                self._series[place] = Series(indicator, self.specs[key], luck)
            promise.measured.append(Measured(target, self._series[place]))

    def _own_aim(self, key: str, reporter: Reporter) -> tuple[Decimal | None, str]:
        spec = self.specs[key]
        aim = Decimal(str(spec["target"])) * self._scale(spec, reporter)
        dice = self.rng.randrange(100)
        if reporter.is_board or not aim:
            return aim, ""
        if dice < WITHOUT_A_TARGET:
            return None, ""
        if dice < WITHOUT_A_TARGET + WITH_A_TARGET_OF_ITS_OWN:
            step = Decimal(str(round(self.rng.choice([-0.5, 0.5]) * spec["spread"], 1)))
            most = 100 if spec["measure"] == "%" else None
            own = aim + step if spec.get("decimals") else (aim + step).quantize(Decimal(1))
            return (min(own, Decimal(most)) if most else own), self.rng.choice(NOTES)
        return aim, ""

    @staticmethod
    def _scale(spec: dict[str, Any], reporter: Reporter) -> int:
        """How much larger a count is in a board than in a unit."""
        is_count = spec.get("is_cumulative") or spec["over_periods"] == "SUM"
        return max(1, reporter.board.unit_count) if reporter.is_board and is_count else 1

    # --- Values ----------------------------------------------------------------------------------

    def draw(self, measured: Measured, reporter: Reporter, period: Period) -> list[Drawn]:
        """The total first and, where it is divided, women and men."""
        spec, indicator = measured.series.spec, measured.series.indicator
        better = 0.3 + 0.8 * reporter.strength + measured.series.luck + self.rng.gauss(0, 0.35)
        better += 0.15 * (measured.target.year - self.calendar.year)
        sign = -1 if indicator.lower_is_better else 1
        scale = self._scale(spec, reporter)
        wanted = scale * (spec["target"] + sign * better * spec["spread"])
        if grows(indicator):
            months = period.ends_on.month
            wanted *= months / 12 if indicator.is_cumulative else 1 / FOLLOW_UPS
        wanted = max(0.0, min(wanted, 100.0) if spec["measure"] == "%" else wanted)
        if indicator.is_cumulative and measured.series.told:
            last = measured.series.told[-1]
            if last.period.ends_on.year == period.ends_on.year and last.value is not None:
                wanted = max(wanted, float(last.value))  # what has been counted stays counted
        if indicator.has_parts:
            return self._in_parts(wanted, indicator, spec, reporter)
        return self._whole(wanted, indicator, spec)

    def _in_parts(
        self, wanted: float, indicator: Indicator, spec: dict[str, Any], reporter: Reporter
    ) -> list[Drawn]:
        low, high = spec["size"]
        denominator = self.rng.randint(low, high)
        if reporter.is_board:
            denominator *= max(2, reporter.board.unit_count)
        numerator = min(denominator, round(denominator * wanted / 100))
        if not indicator.by_gender:
            return [_share(Gender.TOTAL, numerator, denominator, indicator)]
        women = round(denominator * self.rng.uniform(*SHARE_OF_WOMEN))
        share = numerator / denominator
        share += min(share, 1 - share) * self.rng.gauss(0, 0.12)
        women_in = max(0, numerator - (denominator - women), round(women * min(share, 1)))
        women_in = min(women_in, women, numerator)
        return [
            _share(Gender.TOTAL, numerator, denominator, indicator),
            _share(Gender.WOMEN, women_in, women, indicator),
            _share(Gender.MEN, numerator - women_in, denominator - women, indicator),
        ]

    def _whole(self, wanted: float, indicator: Indicator, spec: dict[str, Any]) -> list[Drawn]:
        total = stored(round(wanted, indicator.decimals))
        drawn = [Drawn(Gender.TOTAL, total)]
        if not indicator.by_gender:
            return drawn
        if spec["measure"] == "%":
            step = Decimal(str(round(self.rng.gauss(0, 2))))
            most = Decimal(100)
            women, men = min(total + step, most), min(total - step, most)
        else:
            women = Decimal(round(float(total) * self.rng.uniform(*SHARE_OF_WOMEN)))
            men = total - women
        return [*drawn, Drawn(Gender.WOMEN, stored(women)), Drawn(Gender.MEN, stored(men))]


def _share(gender: str, numerator: int, denominator: int, indicator: Indicator) -> Drawn:
    above, below = stored(numerator), stored(denominator)
    return Drawn(gender, quotient(above, below, indicator.factor), above, below)


def stored(number: float | Decimal) -> Decimal:
    """With the decimals that the database keeps."""
    return Decimal(str(number)).quantize(STORED)
