"""Who plans and follows up in the city, what each has promised and how it went."""

import random
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from goals.models import Activity, Goal, Indicator, Period, Target
from stockholm_quality.city.agreements import Agreements
from stockholm_quality.city.history import History
from stockholm_quality.city.organisation import Board, Calendar, Organisation, Workplace
from units.models import Unit, User

# Of a hundred: units that stand out from the others, in either direction.
STANDING_OUT = 12
FAR_OUT = 2.1  # standard deviations
DEFAULT_THEME = "service"


@dataclass(frozen=True)
class Told:
    """A total as it was handed in."""

    period: Period
    value: Decimal | None
    numerator: Decimal | None
    denominator: Decimal | None


@dataclass
class Series:
    """An indicator in one unit, year after year. `luck` is how well it goes there, 0 as usual."""

    indicator: Indicator
    spec: dict[str, Any]
    luck: float
    told: list[Told] = field(default_factory=list)


@dataclass
class Measured:
    target: Target
    series: Series


@dataclass
class Doing:
    """An activity with what becomes of it: `turn` on the day `turned_on`."""

    activity: Activity
    turn: str
    turned_on: date
    is_measure: bool = False

    def state_on(self, day: date) -> str:
        if day >= self.turned_on:
            return self.turn
        if day < self.activity.starts_on:
            return Activity.State.NOT_BEGUN
        return Activity.State.BEGUN


@dataclass
class Promise:
    """A goal adopted for a year, and all that is said of it."""

    goal: Goal
    text: dict[str, Any]
    measured: list[Measured] = field(default_factory=list)
    doings: list[Doing] = field(default_factory=list)

    @property
    def theme(self) -> str:
        theme: str = self.text.get("theme", DEFAULT_THEME)
        return theme


@dataclass
class Reporter:
    """A unit, a department or a board. `strength` is how well it goes there, 0 as usual."""

    unit: Unit
    board: Board
    reviewer: User
    staff: list[User]
    line: list[Unit]  # those above it, the nearest first
    strength: float
    workplace: Workplace | None = None
    promises: dict[int, list[Promise]] = field(default_factory=dict)
    took_over: "Reporter | None" = None
    ended_on: date | None = None

    @property
    def is_board(self) -> bool:
        return self.workplace is None

    def promises_in(self, period: Period, year: int) -> list[Promise]:
        """What its report speaks of: its own, and those of a unit that had ended by then."""
        own = self.promises.get(year, [])
        gone = self.took_over
        if gone is None or gone.ended_on is None:
            return own
        day = period.due_on if period.is_plan else period.ends_on
        return own + gone.promises.get(year, []) if gone.ended_on < day else own


def find_reporters(
    organisation: Organisation,
    agreements: Agreements,
    history: History,
    rng: random.Random,
    calendar: Calendar,
) -> list[Reporter]:
    """The boards that have a controller, then all workplaces, each with two years' promises."""
    city = organisation.city
    reporters: list[Reporter] = []

    def promised(unit: Unit) -> dict[int, list[Promise]]:
        return {
            year: [Promise(goal, text) for goal, text in adopted[unit.pk]]
            for year, adopted in (
                (calendar.year - 1, history.adopted),
                (calendar.year, agreements.adopted),
            )
        }

    for board in organisation.boards.values():
        if board.director is None or board.controller is None:
            continue
        reporters.append(
            Reporter(
                unit=board.unit,
                board=board,
                reviewer=organisation.city_controller,
                staff=[board.director, board.controller],
                line=[city],
                strength=rng.gauss(0, 0.5),
                promises=promised(board.unit),
            )
        )

    def working(workplace: Workplace) -> Reporter:
        board = workplace.board
        department = [workplace.above.unit] if workplace.above else []
        strength = rng.gauss(0, 0.7)
        if rng.randrange(100) < STANDING_OUT and workplace is not organisation.home:
            strength = rng.choice([-FAR_OUT, FAR_OUT])
        return Reporter(
            unit=workplace.unit,
            board=board,
            reviewer=board.controller or organisation.city_controller,
            staff=_staff(workplace, calendar),
            line=[*department, board.unit, city],
            strength=strength,
            workplace=workplace,
            promises=promised(workplace.unit),
            ended_on=workplace.ended_on,
        )

    for workplace in organisation.workplaces:
        reporter = working(workplace)
        if workplace.took_over:
            reporter.took_over = working(workplace.took_over)
            reporter.took_over.line.insert(0, workplace.above.unit)  # type: ignore[union-attr]
            reporters.append(reporter.took_over)
        reporters.append(reporter)
    return reporters


def _staff(workplace: Workplace, calendar: Calendar) -> list[User]:
    """Those who have worked there through both years, and otherwise who answers for it."""
    since = date(calendar.year - 1, 1, 1)
    there = [row.person for row in workplace.employments if row.starts_on < since]
    return there or [workplace.manager]
