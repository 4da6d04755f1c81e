"""What the invented units promise, and what their people are expected to do."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from dialogues.models import Acknowledgement
from goals.imports import CouncilGoal, import_council_goals, read_council_goals
from goals.models import GOAL_PARTS, Expectation, Goal, GoalContribution, GoalVersion
from stockholm_quality.city.organisation import (
    ROWS_AT_A_TIME,
    Board,
    Calendar,
    Organisation,
    Workplace,
    promises,
)
from units.models import Employment, Unit, User

EXAMPLE_PERIOD = (2015, 2018)
PERIOD_LENGTH = 4
# Of a hundred: what makes a city look lived in.
WITHOUT_EXPECTATION = 12
WITH_A_SECOND_EXPECTATION = 35
ACKNOWLEDGED = 67
UNITS_WITH_A_WEAK_GOAL = 25
UNITS_WITH_A_DRAFT = 20
UNITS_WITH_A_LOOSE_GOAL = 12
FIRST_RESULT = "Barnen i din grupp använder fler ord när de leker och berättar."
FIRST_SUPPORT = "En timme i veckan för att planera med kollegorna, och stöd av specialpedagogen."
# Those of the demo's own unit whom the manager has yet to give something.
STILL_WITHOUT = 2

FIRST_TITLE = "Föräldrar är trygga med förskolan"
REASON_OF_CHANGE = (
    "Målet säger nu vem som ska vara trygg och när. Föräldrarådet föreslog ändringen i februari."
)


def mandate_period(year: int) -> tuple[int, int]:
    """The council's four-year period that holds the year."""
    first = year - (year - EXAMPLE_PERIOD[0]) % PERIOD_LENGTH
    return first, first + PERIOD_LENGTH - 1


def import_goals_of_the_council(calendar: Calendar) -> None:
    """The real goals of the shipped file and, for the year and those beside it, the titles of
    2015-2018 marked as example data where the period's own goals are not known."""
    path = Path(settings.BASE_DIR) / "goals/data/council_goals.csv"
    rows = read_council_goals(path)
    at = calendar.moment(calendar.day(11, 1, -1), 9)
    import_council_goals(rows, source=path.name, at=at)
    known = {row.period for row in rows}
    wanted = {mandate_period(calendar.year + each) for each in (-1, 0, 1)} - known
    for first_year, last_year in sorted(wanted):
        examples: list[CouncilGoal] = [
            replace(row, first_year=first_year, last_year=last_year, is_verified=False)
            for row in rows
            if row.period == EXAMPLE_PERIOD
        ]
        import_council_goals(examples, source=path.name, is_example=True, at=at)


class Agreements:
    """Goals and expectations for a stored organisation. Call `build`, which stores them too."""

    def __init__(self, organisation: Organisation, rng: random.Random, calendar: Calendar) -> None:
        self.organisation = organisation
        self.rng = rng
        self.calendar = calendar
        self.goals: list[Goal] = []
        self.versions: list[GoalVersion] = []
        self.contributions: list[GoalContribution] = []
        self.expectations: list[Expectation] = []
        self.acknowledgements: list[Acknowledgement] = []
        # What each unit has adopted for the year, by the unit's key.
        self.adopted: defaultdict[int, list[tuple[Goal, dict[str, Any]]]] = defaultdict(list)
        self.council: dict[str, Goal] = {}
        self._of_board: dict[tuple[int, str], Goal] = {}

    def build(self) -> None:
        first, last = mandate_period(self.calendar.year)
        council = Goal.objects.adopted().filter(first_year=first, last_year=last)
        self.council = {goal.number: goal for goal in council.select_related("parent")}
        for board in self.organisation.boards.values():
            if board.director is not None or board.family == "environment":
                self._decide_for_board(board)
        self._store_goals()
        for workplace in self.organisation.workplaces:
            if workplace is self.organisation.home:
                self._agree_at_home(workplace)
            else:
                self._agree(workplace)
        self._agree_in_merged(self.organisation.merged)
        self._store_goals()
        GoalContribution.objects.bulk_create(self.contributions, batch_size=ROWS_AT_A_TIME)
        Expectation.objects.bulk_create(self.expectations, batch_size=ROWS_AT_A_TIME)
        Acknowledgement.objects.bulk_create(self.acknowledgements, batch_size=ROWS_AT_A_TIME)

    def _store_goals(self) -> None:
        Goal.objects.bulk_create(self.goals, batch_size=ROWS_AT_A_TIME)
        supported = defaultdict(list)
        for contribution in self.contributions:
            supported[contribution.goal.pk].append(str(contribution.supported))
        for version in self.versions:
            version.contributes_to = "\n".join(sorted(supported[version.goal.pk]))
        GoalVersion.objects.bulk_create(self.versions, batch_size=ROWS_AT_A_TIME)
        self.goals, self.versions = [], []

    # --- Goals -----------------------------------------------------------------------------------

    def _decide_for_board(self, board: Board) -> None:
        decided_on = self.calendar.day(12, self.rng.randint(8, 18), -1)
        for text in promises()["board"][board.family]:
            goal = self._goal(Goal.Level.BOARD, board.unit, text)
            goal.parent = self.council.get(text["serves"])
            number = f"1.2.1-{self.rng.randint(100, 899)}/{decided_on.year}"
            self._adopt(goal, board.controller, decided_on, number)
            self.adopted[board.unit.pk].append((goal, text))
            self._of_board[board.unit.pk, text["key"]] = goal
            self.contributions += [
                GoalContribution(goal=goal, supported=self.council[other])
                for other in text.get("contributes", [])
                if other in self.council
            ]

    def _unit_goal(self, workplace: Workplace, text: dict[str, Any]) -> Goal:
        """A draft that serves its board's goal and contributes where the text says so."""
        board = workplace.board.unit.pk
        goal = self._goal(Goal.Level.UNIT, workplace.unit, text)
        goal.parent = self._of_board.get((board, text["serves"]))
        self.contributions += [
            GoalContribution(goal=goal, supported=self._of_board[board, other])
            for other in text.get("contributes", [])
            if (board, other) in self._of_board
        ]
        return goal

    def _goal(self, level: str, unit: Unit, text: dict[str, Any]) -> Goal:
        goal = Goal(
            level=level,
            unit=unit,
            first_year=self.calendar.year,
            last_year=self.calendar.year,
            is_verified=False,
            is_example=True,
            **{part: text.get(part, "") for part in GOAL_PARTS},
        )
        self.goals.append(goal)
        return goal

    def _adopt(self, goal: Goal, by: User | None, decided_on: date, number: str = "") -> None:
        goal.status = Goal.Status.ADOPTED
        goal.adopted_at, goal.adopted_by = self.calendar.moment(decided_on, 9), by
        goal.decided_on, goal.reference_number = decided_on, number
        goal.version_number = 1
        self._keep_version(goal, by, decided_on)

    def _keep_version(
        self, goal: Goal, by: User | None, decided_on: date, title: str = "", reason: str = ""
    ) -> None:
        words = {part: getattr(goal, part) for part in GOAL_PARTS}
        self.versions.append(
            GoalVersion(
                goal=goal,
                number=goal.version_number,
                parent=goal.parent,
                decided_on=decided_on,
                reference_number=goal.reference_number,
                reason=reason,
                made_by=by,
                made_at=self.calendar.moment(decided_on, 9),
                **words | {"title": title or goal.title},
            )
        )

    def _chance(self, of_a_hundred: int) -> bool:
        return self.rng.randrange(100) < of_a_hundred

    def _agree(self, workplace: Workplace) -> None:
        profile = promises()["profile"][workplace.kind]
        is_department = workplace.unit.kind == Unit.Kind.DEPARTMENT
        texts = profile.get("department_goal", []) if is_department else profile["goal"]
        decided_on = self.calendar.day(1, self.rng.randint(11, 22))
        adopted: list[tuple[Goal, dict[str, Any]]] = []
        for place, text in enumerate(texts):
            goal = self._unit_goal(workplace, text)
            if place and self._chance(UNITS_WITH_A_DRAFT):
                continue
            if place and self._chance(UNITS_WITH_A_LOOSE_GOAL):
                goal.parent = None
            self._adopt(goal, workplace.manager, decided_on)
            adopted.append((goal, text))
        for text in [] if is_department else profile.get("weak", []):
            if self._chance(UNITS_WITH_A_WEAK_GOAL):
                goal = self._unit_goal(workplace, text)
                if self._chance(50):
                    goal.parent = None
                    self._adopt(goal, workplace.manager, decided_on)
                    self.adopted[workplace.unit.pk].append((goal, text))
        self.adopted[workplace.unit.pk] += adopted
        self._expect_of_all(workplace, adopted)

    def _agree_in_merged(self, merged: Workplace) -> None:
        """What it promised for the year before it went up in another."""
        if merged.ended_on is None or merged.ended_on.year < self.calendar.year:
            return
        for text in promises()["profile"][merged.kind]["goal"][:2]:
            goal = self._unit_goal(merged, text)
            self._adopt(goal, merged.manager, self.calendar.day(1, 16))
            self.adopted[merged.unit.pk].append((goal, text))

    def _agree_at_home(self, home: Workplace) -> None:
        profile = promises()["profile"][home.kind]
        decided_on = self.calendar.day(1, 15)
        adopted = []
        for text in profile["goal"]:
            goal = self._unit_goal(home, text)
            self._adopt(goal, home.manager, decided_on)
            adopted.append((goal, text))
        self.adopted[home.unit.pk] = adopted
        changed, _text = adopted[1]
        # The first version said it in other words; the row holds the words in force.
        self.versions[-2].title = FIRST_TITLE
        changed.version_number = 2
        changed.decided_on = self.calendar.day(2, 20)
        self._keep_version(changed, home.manager, changed.decided_on, reason=REASON_OF_CHANGE)
        self._unit_goal(home, profile["weak"][0])

        employee = self.organisation.accounts["medarbetare"]
        mine = next(row for row in home.employments if row.person is employee)
        given_on = self.calendar.day(2, 12)
        for (goal, text), is_known in zip(adopted, [True, False], strict=False):
            expectation = self._expect(mine, goal, text["expectations"][0], home.manager, given_on)
            expectation.due_on = date(self.calendar.year, 11, 30)
            if is_known:
                expectation.expected_result, expectation.support = FIRST_RESULT, FIRST_SUPPORT
                self._know(expectation, given_on)
        others = [row for row in home.employments if row not in (mine, home.employments[0])]
        for employment in others[STILL_WITHOUT:]:
            self._expect_of(employment, home, adopted)
        self._expect_of_manager(home)

    # --- Expectations ----------------------------------------------------------------------------

    def _expect_of_all(
        self, workplace: Workplace, adopted: list[tuple[Goal, dict[str, Any]]]
    ) -> None:
        for employment in workplace.employments:
            if employment.person is workplace.manager:
                self._expect_of_manager(workplace)
            elif adopted and not self._chance(WITHOUT_EXPECTATION):
                self._expect_of(employment, workplace, adopted)
        if workplace.unit.kind == Unit.Kind.DEPARTMENT:
            # Its managers are expected to do something for the department's own goals.
            workplace.goals = adopted

    def _expect_of_manager(self, workplace: Workplace) -> None:
        above = workplace.above
        if above is None or above.manager is workplace.manager or not above.goals:
            return
        self._expect_of(workplace.employments[0], above, above.goals)

    def _expect_of(
        self,
        employment: Employment,
        workplace: Workplace,
        adopted: list[tuple[Goal, dict[str, Any]]],
    ) -> None:
        count = 1 + self._chance(WITH_A_SECOND_EXPECTATION)
        given_on = self.calendar.day(2, self.rng.randint(2, 20))
        # Some have come from a unit that was merged into this one.
        given_on = max(given_on, employment.starts_on)
        for goal, text in self.rng.sample(adopted, min(count, len(adopted))):
            words = self.rng.choice(text["expectations"])
            expectation = self._expect(employment, goal, words, workplace.manager, given_on)
            if self._chance(ACKNOWLEDGED):
                self._know(expectation, given_on)

    def _expect(
        self, employment: Employment, goal: Goal, words: list[str], by: User, given_on: date
    ) -> Expectation:
        expectation = Expectation(
            employment=employment,
            goal=goal,
            text=words[0],
            sign=words[1],
            given_at=self.calendar.moment(given_on, 10),
            given_by=by,
        )
        self.expectations.append(expectation)
        return expectation

    def _know(self, expectation: Expectation, given_on: date) -> None:
        later = given_on + timedelta(days=self.rng.randint(0, 25))
        said_on = self.calendar.day(later.month, later.day)
        # Whoever said it before the goal was changed is asked anew.
        changed_on = expectation.goal.decided_on
        version = expectation.goal.version_number
        if version > 1 and changed_on is not None and said_on < changed_on:
            version -= 1
        self.acknowledgements.append(
            Acknowledgement(
                expectation=expectation,
                expectation_version=1,
                goal_version=version,
                acknowledged_at=self.calendar.moment(said_on, 15),
            )
        )
