"""What was promised last year, and how it was carried over into this."""

import random
from collections import defaultdict
from typing import Any

from goals.models import GOAL_PARTS, CarryOver, Goal, GoalVersion
from stockholm_quality.city.agreements import Agreements, mandate_period
from stockholm_quality.city.organisation import (
    ROWS_AT_A_TIME,
    Board,
    Calendar,
    Organisation,
    Workplace,
    promises,
)
from units.models import Unit, User

CHANGED = 25  # of a hundred: goals whose way of working was another last year
REASON_OF_CHANGE = "Arbetssättet är nytt efter det som vi lärde oss av årets uppföljning."


class History:
    """Last year's goals for all that was adopted for this one. Call `build`, which stores them."""

    def __init__(
        self,
        organisation: Organisation,
        agreements: Agreements,
        rng: random.Random,
        calendar: Calendar,
    ) -> None:
        self.organisation = organisation
        self.agreements = agreements
        self.rng = rng
        self.calendar = calendar
        self.year = calendar.year - 1
        self.adopted: defaultdict[int, list[tuple[Goal, dict[str, Any]]]] = defaultdict(list)
        self.council: dict[str, Goal] = {}
        self._of_board: dict[tuple[int, str], Goal] = {}
        self._goals: list[Goal] = []
        self._versions: list[GoalVersion] = []
        self._carried: list[CarryOver] = []

    def build(self) -> None:
        first, last = mandate_period(self.year)
        council = Goal.objects.adopted().filter(first_year=first, last_year=last)
        self.council = {goal.number: goal for goal in council.select_related("parent")}
        for board in self.organisation.boards.values():
            if board.controller is not None:
                self._of_the_board(board, board.controller)
        self._store()
        for workplace in self.organisation.workplaces:
            self._of(workplace, self.agreements.adopted[workplace.unit.pk])
        self._of_merged(self.organisation.merged)
        self._store()
        GoalVersion.objects.bulk_create(self._versions, batch_size=ROWS_AT_A_TIME)
        CarryOver.objects.bulk_create(self._carried, batch_size=ROWS_AT_A_TIME)

    def _store(self) -> None:
        """The boards' goals before those that serve them."""
        Goal.objects.bulk_create(self._goals, batch_size=ROWS_AT_A_TIME)
        self._goals = []

    def _of_the_board(self, board: Board, controller: User) -> None:
        for goal, text in self.agreements.adopted[board.unit.pk]:
            number = f"1.2.1-{self.rng.randint(100, 899)}/{self.year - 1}"
            parent = self.council.get(text["serves"])
            last = self._goal(board.unit, text, parent, controller, number)
            self._of_board[board.unit.pk, text["key"]] = last
            self._carry(last, goal, controller)

    def _of(self, workplace: Workplace, adopted: list[tuple[Goal, dict[str, Any]]]) -> None:
        head = self.organisation.head_on(workplace, self.calendar.day(1, 15, -1))
        for goal, text in adopted:
            last = self._unit_goal(workplace, text, head)
            self._carry(last, goal, workplace.manager)

    def _of_merged(self, merged: Workplace) -> None:
        adopted = self.agreements.adopted[merged.unit.pk]
        if adopted:
            self._of(merged, adopted)
            return
        for text in promises()["profile"][merged.kind]["goal"][:2]:
            self._unit_goal(merged, text, merged.manager)

    def _unit_goal(self, workplace: Workplace, text: dict[str, Any], by: User) -> Goal:
        parent = self._of_board.get((workplace.board.unit.pk, text["serves"]))
        return self._goal(workplace.unit, text, parent, by)

    def _goal(
        self,
        unit: Unit,
        text: dict[str, Any],
        parent: Goal | None,
        by: User,
        number: str = "",
    ) -> Goal:
        is_board = unit.kind == Unit.Kind.BOARD
        decided_on = (
            self.calendar.day(12, 15, -2)
            if is_board
            else self.calendar.day(1, self.rng.randint(11, 22), -1)
        )
        words = {part: text.get(part, "") for part in GOAL_PARTS}
        made_at = self.calendar.moment(decided_on, 9)
        goal = Goal(
            level=Goal.Level.BOARD if is_board else Goal.Level.UNIT,
            unit=unit,
            first_year=self.year,
            last_year=self.year,
            parent=parent,
            status=Goal.Status.ADOPTED,
            adopted_at=made_at,
            adopted_by=by,
            decided_on=decided_on,
            reference_number=number,
            version_number=1,
            is_verified=False,
            is_example=True,
            **words,
        )
        self._goals.append(goal)
        self.adopted[unit.pk].append((goal, text))
        self._versions.append(
            GoalVersion(
                goal=goal,
                number=1,
                parent=parent,
                decided_on=decided_on,
                reference_number=number,
                made_by=by,
                made_at=made_at,
                **words,
            )
        )
        return goal

    def _carry(self, last: Goal, goal: Goal, by: User) -> None:
        decided_on = goal.decided_on or self.calendar.today
        is_changed = bool(last.working_method) and self.rng.randrange(100) < CHANGED
        if is_changed:
            version = self._versions[-1]
            first_sentence = last.working_method.partition(". ")[0].rstrip(".") + "."
            last.working_method = version.working_method = first_sentence
        decision = CarryOver.Decision.CHANGED if is_changed else CarryOver.Decision.GOES_ON
        self._carried.append(
            CarryOver(
                goal=last,
                to_year=self.calendar.year,
                decision=decision,
                successor=goal,
                reason=REASON_OF_CHANGE if is_changed else "",
                decided_at=self.calendar.moment(decided_on, 9),
                decided_by=by,
            )
        )
