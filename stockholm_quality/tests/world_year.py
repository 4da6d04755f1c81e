"""The year in the world of the tests: plan years, indicators, activities and reports in every
state, with a canary in each text that not everyone may read."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from goals.actions.documents import take_up_build
from goals.actions.plans import close_periods, proposed_periods
from goals.actions.reports import (
    accept_report,
    begin_correction,
    mark_of,
    return_report,
    submit_report,
)
from goals.documents.building import build_document
from goals.models import (
    Activity,
    ActivityGoal,
    ActivityNote,
    Analysis,
    AnalysisMethod,
    Assessment,
    Closure,
    DocumentBuild,
    Gender,
    Goal,
    Indicator,
    Judgement,
    KeyFigure,
    Need,
    PlanYear,
    Reminder,
    ReminderRecipient,
    Report,
    Target,
    Value,
)
from stockholm_quality.tests.world import World, canary, scene
from units.models import Draft


@scene()
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


def add_report(
    world: World,
    name: str,
    unit: str,
    period: str,
    *,
    responsible: str = "manager",
    judgement: str = Judgement.PARTIAL,
) -> Report:
    """A report being written, every text of it its canary. `responsible` is who is to do what it
    decides."""
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
            judgement=judgement,
            reason=f"Vi läser mer {canary(f'{name}-skäl')}",
            difference=f"Siffrorna släpar {canary(f'{name}-skillnad')}",
        )
        Analysis.objects.create(
            report=report, goal=goal, cause=f"Sjukdom i laget {canary(f'{name}-orsak')}"
        )
        measure = Activity.objects.create(
            unit=report.unit,
            title=f"Ett nytt lag {canary(f'{name}-åtgärd')}",
            responsible=world.people[responsible],
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


# --- Whatever a request may be about -----------------------------------------------------------

NOT_HANDED_IN = Decimal(61747471)  # a value that only those who answer for the unit may see


@scene()
def build_whole_year(world: World) -> None:
    """The year and, beside it, something in every state: closed, corrected, another board's."""
    build_year(world)
    for name in ("t1", "t2", "other_t1", "other_t2"):
        _open(world.periods[name], date(world.year, 1, 1))
    last_year = add_plan_year(world, "closed_plan_year", "board", world.year - 1)
    close_periods(
        periods=last_year.periods.all(),
        unit=world.units["board"],
        with_below=True,
        by=world.people["controller"],
    )
    world.closures["other_closure"] = Closure.objects.create(
        period=world.periods["other_vp"],
        unit=world.units["other_board"],
        closed_by=world.people["other_controller"],
    )
    _build_further_reports(world)
    add_indicator(world, "spare_indicator", "city")
    add_indicator(world, "yearly_indicator", "unit", frequency=Indicator.Frequency.YEAR)
    add_target(world, "yearly_target", "yearly_indicator", "unit_goal", "12")
    Value.objects.create(
        indicator=world.indicators["yearly_indicator"],
        unit=world.units["unit"],
        period=world.periods["vb"],
        value=Decimal(11),
    )
    world.methods["other_method"] = AnalysisMethod.objects.create(
        unit=world.units["other_board"], name="Brommas metod", help_text="Börja med de äldsta."
    )
    world.key_figures["key_figure"] = KeyFigure.objects.create(
        indicator=world.indicators["board_indicator"], kpi="N15033", title="Nöjda föräldrar"
    )
    _build_documents(world)
    Draft.objects.create(
        author=world.people["manager"],
        key=f"analysis:{world.reports['working'].pk}:{world.goals['unit_goal'].pk}",
        fields={"cause": [canary("utkast-analys")]},
        saved_at=timezone.now(),
    )


def _open(period: Any, day: date) -> None:
    period.opens_on = day
    period.revision += 1
    period.save()


def _build_further_reports(world: World) -> None:
    people = world.people
    add_report(world, "closed_plan", "unit", "vp")
    add_report(world, "board_working", "board", "t2")
    hand_in(add_report(world, "board_submitted", "board", "t1"), people["controller"])
    other = add_report(world, "other_submitted", "other_unit", "other_t1", responsible="stranger")
    hand_in(other, people["other_manager"])
    correcting = add_report(world, "correcting", "unit", "vb", judgement=Judgement.NOT)
    correcting = hand_in(correcting, people["manager"])
    begin_correction(
        report=correcting,
        revision=correcting.revision,
        reason=f"Ett tal var fel {canary('rättelse')}",
        by=people["manager"],
    )
    for name in ("returned", "correcting"):
        _write_anew(world, name)
    for report in world.reports.values():
        report.refresh_from_db()


def _write_anew(world: World, name: str) -> None:
    """Change every text that has been handed in, so that the new words are a draft again."""
    report = Report.objects.get(pk=world.reports[name].pk)
    changes = [
        (report, {"summary": "sammanfattning"}),
        *((each, {"reason": "skäl"}) for each in report.assessments.all()),
        *((each, {"cause": "orsak"}) for each in report.analyses.all()),
        *((each, {"text": "läge"}) for each in report.activity_notes.all()),
        *(
            (each, {"comment": "kommentar"})
            for each in Value.objects.filter(unit=report.unit, period=report.period)
        ),
    ]
    for row, fields in changes:
        for field_name, word in fields.items():
            setattr(row, field_name, canary(f"{name}-nytt-{word}"))
        if isinstance(row, Value):
            row.value = NOT_HANDED_IN
        row.revision += 1
        row.save()
    Need.objects.create(report=report, theme=Need.Theme.STAFFING, text=canary(f"{name}-nytt-behov"))


_PUT_TOGETHER: list[tuple[bytes, bytes]] = []


def _build_documents(world: World) -> None:
    """One that is ready and one on its way. It is put together once for all worlds: they say the
    same."""
    asked = {"unit": world.units["board"], "asked_by": world.people["controller"]}
    ready = DocumentBuild.objects.create(period=world.periods["t1"], **asked)
    if not _PUT_TOGETHER:
        taken = take_up_build()
        assert taken == ready
        build_document(taken)
        ready.refresh_from_db()
        _PUT_TOGETHER.append((bytes(ready.pdf), bytes(ready.docx)))
    pdf, docx = _PUT_TOGETHER[0]
    DocumentBuild.objects.filter(pk=ready.pk).update(
        state=DocumentBuild.State.READY, ready_at=timezone.now(), pdf=pdf, docx=docx
    )
    ready.refresh_from_db()
    world.builds["ready"] = ready
    world.builds["running"] = DocumentBuild.objects.create(
        period=world.periods["t2"],
        state=DocumentBuild.State.RUNNING,
        seen_alive_at=timezone.now() + timedelta(hours=1),
        total=3,
        **asked,
    )
