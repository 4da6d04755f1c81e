"""Everything that happens to goals and what follows from them: one function each, who does it
named `by`."""

from goals.actions.goals import (
    GoalNotReadyError,
    adopt_goal,
    change_expectation,
    change_goal,
    discard_goal,
    edit_goal,
    give_expectations,
    keep_version,
    level_of,
    withdraw_expectation,
    write_goal,
)

__all__ = [
    "GoalNotReadyError",
    "adopt_goal",
    "change_expectation",
    "change_goal",
    "discard_goal",
    "edit_goal",
    "give_expectations",
    "keep_version",
    "level_of",
    "withdraw_expectation",
    "write_goal",
]
