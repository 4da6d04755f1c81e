"""Every form of the year as it is when it is in order: who sends it about what, and its effect."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.urls import reverse

from goals.models import (
    Activity,
    Analysis,
    AnalysisMethod,
    CarryOver,
    Closure,
    DocumentBuild,
    Indicator,
    Need,
    Period,
    PlanYear,
    Reminder,
    Report,
    ReportStep,
    ReportVersion,
    Target,
)
from stockholm_quality.tests import access_year
from stockholm_quality.tests.world import World


@dataclass(frozen=True)
class Post:
    """`effect` counts something that the form, sent once, makes one more of."""

    route: str
    who: str
    thing: str
    effect: Callable[[World], int]

    def address(self, world: World) -> str:
        found = access_year.address(world, f"goals:{self.route}", self.thing)
        if found:
            return found
        keys = {
            "one's own board": [],
            "the board": [world.board.pk],
            "the unit": [world.unit.pk],
            "the unit's goal": [world.unit_goal.pk],
        }
        return reverse(f"goals:{self.route}", args=keys[self.thing])

    def fields(self, world: World) -> dict[str, Any]:
        fill_in = access_year.FORMS.get(f"goals:{self.route}")
        return fill_in(world, self.thing, self.who) if fill_in else {}


def _revision(model: type[Model], things: str, name: str) -> Callable[[World], int]:
    return lambda world: model._base_manager.get(pk=getattr(world, things)[name].pk).revision


def _gone(model: type[Model], things: str, name: str) -> Callable[[World], int]:
    return lambda world: -model._base_manager.filter(pk=getattr(world, things)[name].pk).count()


def _rows(model: type[Model], **fields: Any) -> Callable[[World], int]:
    return lambda world: model._base_manager.filter(**fields).count()


WORKING = "the unit's report being written"
# In an order in which none stands in the way of the next.
POSTS = [
    Post("plan_year_new", "controller", "one's own board", _rows(PlanYear)),
    Post(
        "plan_year_edit",
        "controller",
        "the board's year",
        _revision(PlanYear, "plan_years", "plan_year"),
    ),
    Post("period_new", "controller", "the board's year", _rows(Period, code="D1")),
    Post("period_edit", "controller", "the board's period", _revision(Period, "periods", "t2")),
    Post("remind", "controller", "the board's period", _rows(Reminder)),
    Post("report", "manager_above", "a report not begun", _rows(Report)),
    Post(
        "analysis",
        "manager",
        WORKING,
        lambda world: Analysis.objects.get(report=world.reports["working"]).revision,
    ),
    Post("measure_new", "manager", WORKING, _rows(Activity, title="Läsa mer", state="PROPOSED")),
    Post("measure_drop", "manager", WORKING, _gone(Activity, "activities", "working_measure")),
    Post("need_new", "manager", WORKING, _rows(Need, text="Tid att läsa.")),
    Post("need_drop", "manager", WORKING, _gone(Need, "needs", "working")),
    Post("method_new", "controller", "the board", _rows(AnalysisMethod)),
    Post(
        "method_edit",
        "other_controller",
        "another board's method",
        _revision(AnalysisMethod, "methods", "other_method"),
    ),
    Post("target_edit", "manager", "the unit's target", _revision(Target, "targets", "target")),
    Post(
        "target_drop",
        "manager",
        "the unit's target without a value",
        _gone(Target, "targets", "yearly_target"),
    ),
    Post("report_submit", "manager", WORKING, _rows(ReportVersion)),
    Post(
        "report_review",
        "controller",
        "the report handed in next door",
        _rows(ReportStep, kind="ACCEPTED"),
    ),
    Post(
        "report_correct",
        "manager",
        "the unit's accepted report",
        _rows(ReportStep, kind="CORRECTION"),
    ),
    Post("indicator_new", "manager", "the unit", _rows(Indicator)),
    Post(
        "indicator_edit",
        "controller",
        "the board's indicator",
        _revision(Indicator, "indicators", "board_indicator"),
    ),
    Post("indicator_adopt", "manager", "the unit's goal", _rows(Target)),
    Post("activity_new", "manager", "the unit's goal", _rows(Activity)),
    Post(
        "activity_progress",
        "employee",
        "the employee's activity",
        _revision(Activity, "activities", "activity"),
    ),
    Post(
        "activity_edit",
        "manager",
        "the activity of the person with protected identity",
        _revision(Activity, "activities", "protected_activity"),
    ),
    Post(
        "activity_discard",
        "manager",
        "the activity of the unit's draft",
        _gone(Activity, "activities", "draft_activity"),
    ),
    Post("carry_over", "manager", "the unit", _rows(CarryOver)),
    Post("document_order", "manager_above", "the department", _rows(DocumentBuild)),
    Post(
        "closure_lift", "controller", "the board's closing", _gone(Closure, "closures", "closure")
    ),
    Post("period_close", "controller", "the board's period", _rows(Closure)),
    Post(
        "plan_year_close",
        "other_controller",
        "another board's year",
        lambda world: Closure.objects.filter(period=world.periods["other_t2"]).count(),
    ),
]
