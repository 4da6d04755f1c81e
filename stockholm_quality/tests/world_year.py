"""The year in the world of the tests: plan years, indicators, activities and reports in every
state, with a canary in each text that not everyone may read."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from goals.actions.plans import proposed_periods
from goals.actions.reports import (
    accept_report,
    mark_of,
    return_report,
    submit_report,
)
from goals.models import (
    Activity,
    ActivityGoal,
    ActivityNote,
    Analysis,
    AnalysisMethod,
    Assessment,
    Closure,
    Gender,
    Goal,
    Indicator,
    Judgement,
    Need,
    PlanYear,
    Reminder,
    ReminderRecipient,
    Report,
    Target,
    Value,
)
from stockholm_quality.tests.world import World, canary


def build_year(world: World) -> None:
    """Add a year to the world: `world.periods["t1"]`, `world.reports["working"]` and so on."""
    _build_periods(world)
    _build_indicators(world)
    _build_activities(world)
    _build_reports(world)
    world.methods["method"] = AnalysisMethod.objects.create(
        unit=world.units["board"], name="Södermalms metod", help_text="Börja med de minsta barnen."
    )
    reminder = Reminder.objects.create(
        period=world.periods["t2"],
        text=f"Lämna in i dag {canary('påminnelse')}",
        sent_by=world.people["controller"],
    )
    ReminderRecipient.objects.create(
        reminder=reminder, unit=world.units["unit"], person=world.people["manager"]
    )


def add_plan_year(world: World, name: str, unit: str, year: int | None = None) -> PlanYear:
    """A plan year with the city's periods, found as `<prefix>vp`, `<prefix>t1` and so on, where the
    prefix is the name without `plan_year`."""
    plan_year = PlanYear.objects.create(unit=world.units[unit], year=year or world.year)
    world.plan_years[name] = plan_year
    for period in proposed_periods(plan_year.year):
        period.plan_year = plan_year
        period.save()
        world.periods[name.removesuffix("plan_year") + period.code.lower()] = period
    return plan_year


def _build_periods(world: World) -> None:
    add_plan_year(world, "plan_year", "board")
    add_plan_year(world, "other_plan_year", "other_board")
    world.closures["closure"] = Closure.objects.create(
        period=world.periods["vp"],
        unit=world.units["board"],
        closed_by=world.people["controller"],
    )


def add_indicator(world: World, name: str, unit: str, **fields: Any) -> Indicator:
    indicator = Indicator.objects.create(
        **{
            "unit": world.units[unit],
            "title": f"Andel nöjda föräldrar {name}",
            "unit_of_measure": "%",
            "over_units": Indicator.OverUnits.MEAN,
            **fields,
        }
    )
    world.indicators[name] = indicator
    return indicator


def add_target(
    world: World, name: str, indicator: str, goal: str, annual_target: Any = "85", **fields: Any
) -> Target:
    target = Target.objects.create(
        **{
            "indicator": world.indicators[indicator],
            "goal": world.goals[goal],
            "unit": world.goals[goal].unit,
            "year": world.year,
            "annual_target": None if annual_target is None else Decimal(annual_target),
            **fields,
        }
    )
    world.targets[name] = target
    return target


def _build_indicators(world: World) -> None:
    add_indicator(world, "city_indicator", "city")
    add_indicator(world, "board_indicator", "board")
    add_indicator(world, "unit_indicator", "unit")
    add_indicator(world, "other_indicator", "other_unit")
    add_target(world, "city_target", "city_indicator", "area", "90")
    add_target(world, "board_target", "city_indicator", "board_goal", "88")
    add_target(world, "target", "city_indicator", "unit_goal", "85")
    add_target(world, "own_target", "unit_indicator", "unit_goal", "4")
    add_target(
        world,
        "draft_target",
        "board_indicator",
        "unit_draft",
        "70",
        note=canary("utkastets årsmål"),
    )
    add_target(world, "other_target", "other_indicator", "other_unit_goal", "70")


def add_activity(world: World, name: str, goal: str, responsible: str, **fields: Any) -> Activity:
    """An activity whose description is its canary."""
    activity = Activity.objects.create(
        **{
            "unit": world.goals[goal].unit,
            "title": f"Läsa högt varje dag {name}",
            "description": canary(f"aktivitet-{name}"),
            "responsible": world.people[responsible],
            "starts_on": date(world.year, 1, 1),
            "due_on": date(world.year, 12, 31),
            **fields,
        }
    )
    ActivityGoal.objects.create(activity=activity, goal=world.goals[goal])
    world.activities[name] = activity
    return activity


def _build_activities(world: World) -> None:
    add_activity(world, "activity", "unit_goal", "employee")
    add_activity(world, "protected_activity", "unit_goal", "protected")
    add_activity(world, "draft_activity", "unit_draft", "employee")
    add_activity(world, "other_activity", "other_unit_goal", "stranger")


def add_report(world: World, name: str, unit: str, period: str) -> Report:
    """A report being written, every text of it its canary."""
    report = Report.objects.create(
        unit=world.units[unit],
        period=world.periods[period],
        summary=f"Vi är på väg {canary(f'{name}-sammanfattning')}",
    )
    world.reports[name] = report
    if report.period.is_plan:
        return report
    for goal in Goal.objects.adopted().filter(unit=report.unit, first_year=world.year):
        Assessment.objects.create(
            report=report,
            goal=goal,
            judgement=Judgement.PARTIAL,
            reason=f"Vi läser mer {canary(f'{name}-skäl')}",
            difference=f"Siffrorna släpar {canary(f'{name}-skillnad')}",
        )
        Analysis.objects.create(
            report=report, goal=goal, cause=f"Sjukdom i laget {canary(f'{name}-orsak')}"
        )
        measure = Activity.objects.create(
            unit=report.unit,
            title=f"Ett nytt lag {canary(f'{name}-åtgärd')}",
            responsible=world.people["manager"],
            starts_on=timezone.localdate(),
            due_on=timezone.localdate() + timedelta(days=60),
            state=Activity.State.PROPOSED,
            assessment=Assessment.objects.get(report=report, goal=goal),
        )
        ActivityGoal.objects.create(activity=measure, goal=goal)
        world.activities[f"{name}_measure"] = measure
        for activity in Activity.objects.agreed().filter(for_goals__goal=goal):
            ActivityNote.objects.create(
                report=report,
                activity=activity,
                state=Activity.State.BEGUN,
                text=canary(f"{name}-läge"),
            )
        for target in goal.targets.all():
            Value.objects.create(
                indicator=target.indicator,
                unit=report.unit,
                period=report.period,
                gender=Gender.TOTAL,
                value=Decimal("83.5"),
                comment=f"Enkäten i mars {canary(f'{name}-kommentar')}",
            )
    world.needs[name] = Need.objects.create(
        report=report, theme=Need.Theme.DIGITAL, text=f"Surfplattor {canary(f'{name}-behov')}"
    )
    return report


def hand_in(report: Report, by: Any) -> Report:
    return submit_report(report=Report.objects.get(pk=report.pk), mark=mark_of(report), by=by)


def _build_reports(world: World) -> None:
    people = world.people
    accepted = hand_in(add_report(world, "accepted", "unit", "t1"), people["manager"])
    accept_report(
        report=accepted,
        revision=accepted.revision,
        comment=f"Tack {canary('controllerns ord')}",
        by=people["controller"],
    )
    returned = hand_in(add_report(world, "returned", "next_unit", "t1"), people["manager_above"])
    return_report(
        report=returned,
        revision=returned.revision,
        comment=f"Skriv mer {canary('återlämnat')}",
        by=people["controller"],
    )
    add_report(world, "working", "unit", "t2")
    hand_in(add_report(world, "submitted", "next_unit", "t2"), people["manager_above"])
    add_report(world, "other_working", "other_unit", "other_t2")
    for report in world.reports.values():
        report.refresh_from_db()
