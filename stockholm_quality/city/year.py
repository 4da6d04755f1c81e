"""A year in progress: plans, measures, activities and reports, for this year and the last."""

import random

from goals.actions.plans import proposed_periods
from goals.models import Goal, Period, PlanYear
from stockholm_quality.city.agreements import Agreements
from stockholm_quality.city.courses import Courses
from stockholm_quality.city.doings import Doings
from stockholm_quality.city.follow_up import FollowUp
from stockholm_quality.city.history import History
from stockholm_quality.city.measures import Measures
from stockholm_quality.city.organisation import (
    HOME_BOARD,
    ROWS_AT_A_TIME,
    Board,
    Calendar,
    Organisation,
    texts,
)
from stockholm_quality.city.reporters import Reporter, find_reporters
from units.models import Unit

# From this day the next year is planned.
NEXT_YEAR_OPENS = (11, 15)
PERIOD_TEXTS = ("instructions", "help_summary", "help_values", "help_judgement", "help_analysis")


class Year:
    """Call `build`, which stores it."""

    def __init__(
        self, organisation: Organisation, agreements: Agreements, seed: int, calendar: Calendar
    ) -> None:
        self.organisation = organisation
        self.agreements = agreements
        self.calendar = calendar
        # Its own dice: the city below stays as it is, whatever is said of it here.
        self.rng = random.Random(f"{seed} {calendar.year}")  # noqa: S311 - nothing secret
        self.history = History(organisation, agreements, self.rng, calendar)
        self.periods: dict[tuple[int, int, str], Period] = {}
        self.reporters: list[Reporter] = []

    def build(self) -> None:
        self._name_units()
        self.history.build()
        self._open_years()
        self.reporters = find_reporters(
            self.organisation, self.agreements, self.history, self.rng, self.calendar
        )
        council = {
            self.calendar.year - 1: self.history.council,
            self.calendar.year: self.agreements.council,
        }
        measures = Measures(self.organisation.city, council, self.rng, self.calendar)
        measures.build(self.reporters)
        doings = Doings(self.organisation, self.rng, self.calendar)
        doings.build(self.reporters)
        courses = Courses(self.organisation, self.rng, self.calendar)
        follow_up = FollowUp(courses, measures, doings, self._positions(), self.rng)
        follow_up.build(self.reporters, self.periods)

    def _positions(self) -> dict[int, int]:
        """Where each goal stands among its unit's, as the lists show them."""
        goals = Goal.objects.filter(first_year__gte=self.calendar.year - 1)
        in_order = goals.in_order_of_units().values_list("pk", flat=True)
        return {pk: place for place, pk in enumerate(in_order)}

    def _name_units(self) -> None:
        """As the database has named them."""
        names = dict(Unit.objects.values_list("pk", "name"))
        for unit in self.organisation.units:
            unit.name = names[unit.pk]

    # --- Plan years ------------------------------------------------------------------------------

    def _open_years(self) -> None:
        plan_years: list[PlanYear] = []
        for board in self.organisation.boards.values():
            if board.controller is None:
                continue
            plan_years += [self._plan_year(board, year) for year in self._years_of(board)]
        PlanYear.objects.bulk_create(plan_years, batch_size=ROWS_AT_A_TIME)
        words = texts("follow_up")["period"]
        for plan_year in plan_years:
            for period in proposed_periods(plan_year.year):
                period.plan_year = plan_year
                for name in PERIOD_TEXTS:
                    setattr(period, name, words[period.code].get(name, ""))
                self.periods[plan_year.unit_id, plan_year.year, period.code] = period
        Period.objects.bulk_create(self.periods.values(), batch_size=ROWS_AT_A_TIME)

    def _years_of(self, board: Board) -> list[int]:
        year, today = self.calendar.year, self.calendar.today
        plans_ahead = (today.month, today.day) >= NEXT_YEAR_OPENS and today.year == year
        is_home = board.unit.code == HOME_BOARD
        return [year - 1, year, *([year + 1] if plans_ahead and is_home else [])]

    def _plan_year(self, board: Board, year: int) -> PlanYear:
        opened_on = self.calendar.day(11, 10, year - 1 - self.calendar.year)
        return PlanYear(
            unit=board.unit,
            year=year,
            instructions=texts("follow_up")["year"]["instructions"],
            opened_at=self.calendar.moment(opened_on, 8),
            opened_by=board.controller,
        )
