"""What is promised, and how it goes: goals, expectations, the plan year, indicators, activities
and reports."""

from goals.models.activity import Activity, ActivityGoal
from goals.models.expectation import Expectation, ExpectationQuerySet, holds_any, terms_of
from goals.models.goal import (
    COUNTS_UP,
    GOAL_PARTS,
    Goal,
    GoalContribution,
    GoalQuerySet,
    GoalVersion,
    label_of,
    number_order,
)
from goals.models.indicator import (
    Gender,
    Indicator,
    KeyFigure,
    KeyFigureValue,
    Target,
    Value,
)
from goals.models.plan import CarryOver, Closure, Period, PlanYear
from goals.models.report import (
    FOR_EVER,
    ActivityNote,
    Analysis,
    AnalysisMethod,
    Assessment,
    DocumentBuild,
    Judgement,
    Need,
    Reminder,
    ReminderRecipient,
    Report,
    ReportStep,
    ReportVersion,
)

__all__ = [
    "COUNTS_UP",
    "FOR_EVER",
    "GOAL_PARTS",
    "Activity",
    "ActivityGoal",
    "ActivityNote",
    "Analysis",
    "AnalysisMethod",
    "Assessment",
    "CarryOver",
    "Closure",
    "DocumentBuild",
    "Expectation",
    "ExpectationQuerySet",
    "Gender",
    "Goal",
    "GoalContribution",
    "GoalQuerySet",
    "GoalVersion",
    "Indicator",
    "Judgement",
    "KeyFigure",
    "KeyFigureValue",
    "Need",
    "Period",
    "PlanYear",
    "Reminder",
    "ReminderRecipient",
    "Report",
    "ReportStep",
    "ReportVersion",
    "Target",
    "Value",
    "holds_any",
    "label_of",
    "number_order",
    "terms_of",
]
