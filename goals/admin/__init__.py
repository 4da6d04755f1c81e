"""What of the goals and of the year is looked after here, or read. Drafts belong to those who write
them: neither values, assessments, analyses nor needs are registered."""

from goals.admin.goal import GoalAdmin
from goals.admin.key_figures import KeyFigureAdmin
from goals.admin.year import AnalysisMethodAdmin, IndicatorAdmin, PlanYearAdmin, ReportAdmin

__all__ = [
    "AnalysisMethodAdmin",
    "GoalAdmin",
    "IndicatorAdmin",
    "KeyFigureAdmin",
    "PlanYearAdmin",
    "ReportAdmin",
]
