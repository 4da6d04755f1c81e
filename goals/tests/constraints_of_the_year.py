"""What the database refuses of the year. One row for each named constraint."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from goals.models import (
    Activity,
    ActivityGoal,
    ActivityNote,
    Analysis,
    Assessment,
    CarryOver,
    DocumentBuild,
    Indicator,
    KeyFigure,
    KeyFigureValue,
    Need,
    PlanYear,
    ReminderRecipient,
    ReportStep,
    ReportVersion,
    Value,
)
from goals.tests.rows import again, change


def period(w):
    return w.periods["t1"]


def indicator(w):
    return w.indicators["unit_indicator"]


def value(w):
    return Value.objects.get(indicator=indicator(w), period=w.periods["t2"])


def told(w):
    return Value.objects.get(indicator=indicator(w), period=w.periods["t1"])


def activity(w):
    return Activity.objects.get(pk=w.activities["activity"].pk)


def report(w):
    return w.reports["working"]


def assessment(w):
    return Assessment.objects.get(report=report(w))


def key_figure(w):
    return KeyFigure.objects.create(indicator=indicator(w), kpi="N00945", title="Nöjda")


def carry_over(w, **fields):
    return CarryOver.objects.create(
        **{
            "goal": w.goals["unit_goal"],
            "to_year": w.year + 1,
            "decision": "GOES_ON",
            "decided_by": w.people["manager"],
            **fields,
        }
    )


def build(w, **fields):
    return DocumentBuild.objects.create(
        **{
            "unit": w.units["board"],
            "period": period(w),
            "asked_by": w.people["controller"],
            **fields,
        }
    )


FORBIDDEN_IN_THE_YEAR = {
    # The plan year
    "plan_year_once_for_a_unit": lambda w: again(w.plan_years["plan_year"]),
    "plan_year_is_a_year": lambda w: PlanYear.objects.create(unit=w.units["board"], year=26),
    "period_code_once_a_year": lambda w: again(period(w)),
    "period_one_plan_a_year": lambda w: again(w.periods["vp"], code="VP2"),
    "period_kind_is_known": lambda w: change(period(w), kind="WEEK"),
    "period_ends_after_start": lambda w: change(
        period(w), ends_on=period(w).starts_on - timedelta(days=1)
    ),
    "period_due_after_opening": lambda w: change(
        period(w), due_on=period(w).opens_on - timedelta(days=1)
    ),
    "period_of_a_plan_asks_for_no_results": lambda w: change(w.periods["vp"], asks_values=True),
    "period_has_code_and_name": lambda w: change(period(w), name=""),
    "closure_once": lambda w: again(w.closures["closure"]),
    "carry_over_decision_is_known": lambda w: carry_over(w, decision="MAYBE"),
    "carry_over_ended_has_reason_and_no_successor": lambda w: carry_over(w, decision="ENDED"),
    # Indicators
    "indicator_has_words": lambda w: change(indicator(w), title=""),
    "indicator_choices_are_known": lambda w: change(indicator(w), direction="UP"),
    "indicator_cumulative_takes_the_latest": lambda w: change(
        indicator(w), is_cumulative=True, over_periods=Indicator.OverPeriods.SUM
    ),
    "indicator_weighted_has_parts": lambda w: change(
        indicator(w), over_units=Indicator.OverUnits.WEIGHTED
    ),
    "indicator_baseline_or_none_applies": lambda w: change(
        indicator(w), baseline=Decimal(1), baseline_not_applicable=True
    ),
    "indicator_numbers_make_sense": lambda w: change(indicator(w), factor=Decimal(0)),
    "target_once_a_year": lambda w: again(w.targets["target"]),
    "value_once": lambda w: again(value(w)),
    "value_gender_is_known": lambda w: change(value(w), gender="X"),
    "value_not_measured_holds_no_number": lambda w: change(value(w), is_not_measured=True),
    "value_parts_come_together": lambda w: change(value(w), numerator=Decimal(1)),
    "value_denominator_is_above_zero": lambda w: change(
        value(w), numerator=Decimal(1), denominator=Decimal(0)
    ),
    "value_submitted_not_measured_holds_no_number": lambda w: change(
        told(w), submitted_is_not_measured=True
    ),
    "value_submitted_at_a_time": lambda w: change(value(w), submitted_value=Decimal(1)),
    "key_figure_once": lambda w: again(
        key_figure(w), indicator_id=w.indicators["city_indicator"].pk
    ),
    "key_figure_value_once": lambda w: again(
        KeyFigureValue.objects.create(key_figure=key_figure(w), year=2025, gender="T")
    ),
    "key_figure_value_gender_is_known": lambda w: KeyFigureValue.objects.create(
        key_figure=key_figure(w), year=2025, gender="X"
    ),
    # Activities
    "activity_has_words": lambda w: change(activity(w), title=""),
    "activity_state_is_known": lambda w: change(activity(w), state="LOST"),
    "activity_due_after_start": lambda w: change(
        activity(w), due_on=activity(w).starts_on - timedelta(days=1)
    ),
    "activity_done_has_a_day": lambda w: change(activity(w), state=Activity.State.DONE),
    "activity_goal_once": lambda w: again(ActivityGoal.objects.get(activity=activity(w))),
    # Reports
    "report_once": lambda w: again(report(w)),
    "report_status_is_known": lambda w: change(report(w), status="LOST"),
    "report_handed_in_has_a_version": lambda w: change(report(w), status="ACCEPTED"),
    "report_correction_has_reason": lambda w: change(report(w), status="CORRECTING"),
    "report_version_numbered_once": lambda w: again(ReportVersion.objects.first()),
    "report_step_kind_is_known": lambda w: ReportStep.objects.create(
        report=report(w), kind="LOST", version_number=1
    ),
    "report_step_back_has_words": lambda w: ReportStep.objects.create(
        report=report(w), kind="RETURNED", version_number=1
    ),
    "assessment_once": lambda w: again(assessment(w)),
    "assessment_judgements_are_known": lambda w: change(assessment(w), judgement="SO-SO"),
    "assessment_submitted_at_a_time": lambda w: change(assessment(w), submitted_judgement="FULL"),
    "analysis_method_named_once": lambda w: again(w.methods["method"]),
    "analysis_once": lambda w: again(Analysis.objects.get(report=report(w))),
    "analysis_own_method_is_named": lambda w: change(
        Analysis.objects.get(report=report(w)), method="OWN"
    ),
    "activity_note_once": lambda w: again(ActivityNote.objects.filter(report=report(w)).first()),
    "activity_note_state_is_known": lambda w: change(
        ActivityNote.objects.filter(report=report(w)).first(), state="PROPOSED"
    ),
    "need_has_words": lambda w: change(w.needs["working"], text=""),
    "need_theme_is_known": lambda w: Need.objects.create(
        report=report(w), theme="WEATHER", text="Sol"
    ),
    "reminder_recipient_once": lambda w: again(ReminderRecipient.objects.first()),
    "document_build_state_is_known": lambda w: build(w, state="LOST"),
    "document_build_ready_holds_both": lambda w: build(
        w, state="READY", ready_at=timezone.now(), pdf=b"%PDF"
    ),
}

# Broken by the same write, and either may be the first to speak.
ALSO_REFUSED = {
    "plan_year_is_a_year": "plan_year_once_for_a_unit",
    "period_kind_is_known": "period_of_a_plan_asks_for_no_results",
    "report_status_is_known": "report_handed_in_has_a_version",
    "activity_state_is_known": "activity_done_has_a_day",
}
