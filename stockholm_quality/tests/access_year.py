"""The things of the year that the words of the access table mean, and what its forms hold."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from goals.actions.reports import mark_of
from goals.models import Report
from stockholm_quality.tests.world import World, canary

MISSING = 10**9

PLAN_YEARS = {
    "the board's year": "plan_year",
    "another board's year": "other_plan_year",
    "a closed year": "closed_plan_year",
}
PERIODS = {"the board's period": "t2", "another board's period": "other_t2"}
CLOSURES = {"the board's closing": "closure", "another board's closing": "other_closure"}
REPORTS = {
    "the unit's report being written": "working",
    "the unit's accepted report": "accepted",
    "the unit's report being corrected": "correcting",
    "the unit's plan, closed before it was handed in": "closed_plan",
    "the returned report next door": "returned",
    "the report handed in next door": "submitted",
    "the board's report being written": "board_working",
    "the board's report handed in": "board_submitted",
    "another administration's report being written": "other_working",
    "another administration's report handed in": "other_submitted",
}
INDICATORS = {
    "the council's indicator": "city_indicator",
    "the board's indicator": "board_indicator",
    "the unit's indicator": "unit_indicator",
    "another administration's indicator": "other_indicator",
}
TARGETS = {
    "the council's target": "city_target",
    "the board's target": "board_target",
    "the unit's target": "target",
    "the unit's target without a value": "yearly_target",
    "the target of the unit's draft": "draft_target",
    "another administration's target": "other_target",
}
ACTIVITIES = {
    "the employee's activity": "activity",
    "the activity of the person with protected identity": "protected_activity",
    "the activity of the unit's draft": "draft_activity",
    "another administration's activity": "other_activity",
    "a measure not yet handed in": "working_measure",
    "a measure handed in": "accepted_measure",
    "another administration's measure not yet handed in": "other_working_measure",
}
METHODS = {"the board's method": "method", "another board's method": "other_method"}
BUILDS = {"the board's document": "ready", "the board's document on its way": "running"}
KEY_FIGURES = {"the board's key figure": "key_figure"}

# What each unit's report is about, and who is to do something there.
GOAL_OF_UNIT = {
    "unit": "unit_goal",
    "next_unit": "loose_goal",
    "board": "board_goal",
    "other_unit": "other_unit_goal",
}
PERSON_OF_UNIT = {
    "unit": "employee",
    "next_unit": "neighbour",
    "board": "controller",
    "other_unit": "stranger",
}
UNITS = {
    "the board": "board",
    "the department": "department",
    "the unit": "unit",
    "another board": "other_board",
}


# --- Where it is ---------------------------------------------------------------------------------


def arguments(world: World, route: str, thing: str) -> list[Any] | None:
    """What the address of `route` holds for `thing`; none where the row means something else."""
    thing, _, form = thing.partition(" as ")
    if finds := FINDERS.get(route):
        found = finds(world, thing)
        return [*found, *_kinds(form)] if found else None
    for named, things in (
        (PLAN_YEARS, world.plan_years),
        (PERIODS, world.periods),
        (CLOSURES, world.closures),
        (REPORTS, world.reports),
        (INDICATORS, world.indicators),
        (TARGETS, world.targets),
        (ACTIVITIES, world.activities),
        (METHODS, world.methods),
        (BUILDS, world.builds),
        (KEY_FIGURES, world.key_figures),
    ):
        if thing in named:
            return [things[named[thing]].pk, *_kinds(form)]
    return None


def _kinds(form: str) -> list[str]:
    return [{"PDF": "pdf", "Word": "docx", "a picture": "png"}[form]] if form else []


def _place_of_report(world: World, thing: str) -> list[int] | None:
    if thing in REPORTS:
        report = world.reports[REPORTS[thing]]
        return [report.unit_id, report.period_id]
    return {
        "a report not begun": [world.small_unit.pk, world.periods["t2"].pk],
        "a unit that the year does not cover": [world.other_unit.pk, world.periods["t2"].pk],
        "a report that does not exist": [MISSING, MISSING],
    }.get(thing)


def _report_and_goal(world: World, thing: str) -> list[int] | None:
    if thing in REPORTS:
        report = world.reports[REPORTS[thing]]
        return [report.pk, world.goals[GOAL_OF_UNIT[report.unit.code]].pk]
    return {
        "another unit's goal": [world.reports["working"].pk, world.loose_goal.pk],
        "a report that does not exist": [MISSING, MISSING],
    }.get(thing)


def _report_and_measure(world: World, thing: str) -> list[int] | None:
    if thing in REPORTS:
        name = REPORTS[thing]
        return [world.reports[name].pk, world.activities[f"{name}_measure"].pk]
    return {
        "another report's": [world.reports["working"].pk, world.activities["accepted_measure"].pk],
        "a report that does not exist": [MISSING, MISSING],
    }.get(thing)


def _report_and_need(world: World, thing: str) -> list[int] | None:
    if thing in REPORTS:
        name = REPORTS[thing]
        return [world.reports[name].pk, world.needs[name].pk]
    return {
        "another report's": [world.reports["working"].pk, world.needs["accepted"].pk],
        "a report that does not exist": [MISSING, MISSING],
    }.get(thing)


def _unit_and_year(world: World, thing: str) -> list[int] | None:
    if thing in UNITS:
        return [world.units[UNITS[thing]].pk, world.year]
    return {
        "a unit that does not exist": [MISSING, world.year],
        "a year long ago": [world.unit.pk, 1800],
    }.get(thing)


def _unit_and_period(world: World, thing: str) -> list[int] | None:
    if thing in UNITS:
        period = "other_t2" if thing == "another board" else "t2"
        return [world.units[UNITS[thing]].pk, world.periods[period].pk]
    return {
        "a unit that the year does not cover": [world.unit.pk, world.periods["other_t2"].pk],
        "a unit that does not exist": [MISSING, MISSING],
    }.get(thing)


FINDERS: dict[str, Callable[[World, str], list[int] | None]] = {
    "goals:report": _place_of_report,
    "goals:analysis": _report_and_goal,
    "goals:measure_new": _report_and_goal,
    "goals:measure_drop": _report_and_measure,
    "goals:need_drop": _report_and_need,
    "goals:unit_table": _unit_and_year,
    "goals:document_order": _unit_and_period,
}


def address(world: World, route: str, thing: str) -> str | None:
    """None where the thing is none of the year's."""
    thing, _, version = thing.partition(", version ")
    if thing.endswith("not exist"):
        kinds = ["pdf"] if route in {"goals:report_document", "goals:document_file"} else []
        found = FINDERS[route](world, thing) if route in FINDERS else [MISSING, *kinds]
    else:
        found = arguments(world, route, thing)
    if found is None:
        return None
    return reverse(route, args=found) + (f"?version={version}" if version else "")


# --- What is sent --------------------------------------------------------------------------------


def _plan_year_form(world: World, thing: str, persona: str) -> dict[str, Any]:
    board = world.other_board if persona == "other_controller" else world.board
    return {"unit": board.pk, "year": world.year + 1, "instructions": "Börja i tid."}


def _plan_year_text(world: World, thing: str, persona: str) -> dict[str, Any]:
    revision = world.plan_years[PLAN_YEARS[thing]].revision if thing in PLAN_YEARS else 1
    return {"instructions": "Börja i tid.", "revision": revision}


def _closing(world: World, thing: str, persona: str) -> dict[str, Any]:
    found = (
        world.plan_years[PLAN_YEARS[thing]]
        if thing in PLAN_YEARS
        else world.periods[PERIODS[thing]].plan_year
        if thing in PERIODS
        else world.plan_years["plan_year"]
    )
    return {"unit": found.unit_id, "with_below": "on"}


def _period_form(world: World, thing: str, persona: str) -> dict[str, Any]:
    period = world.periods[PERIODS.get(thing, "t2")]
    days = ("starts_on", "ends_on", "opens_on", "due_on")
    year = world.plan_years[PLAN_YEARS[thing]].year if thing in PLAN_YEARS else world.year
    return {
        "name": "Delår",
        "code": period.code if thing in PERIODS else "D1",
        "kind": "INTERIM",
        **{name: getattr(period, name).replace(year=year) for name in days},
        "asks_values": "on",
        "asks_judgement": "on",
        "asks_needs": "on",
        "revision": period.revision,
    }


def _report(world: World, thing: str) -> Report | None:
    name = REPORTS.get(thing)
    return Report.objects.get(pk=world.reports[name].pk) if name else None


def _row_of_report(world: World, thing: str, persona: str) -> dict[str, Any]:
    report = _report(world, thing)
    if report is None:
        return {}
    return {"summary-summary": "Vi är framme.", "summary-seen": f"{report.revision}:x"}


def _mark(world: World, thing: str, persona: str) -> dict[str, Any]:
    report = _report(world, thing)
    return {"mark": mark_of(report) if report else ""}


def _decision(world: World, thing: str, persona: str) -> dict[str, Any]:
    report = _report(world, thing)
    return {"decision": "accept", "comment": "Bra.", "revision": report.revision if report else 1}


def _correction(world: World, thing: str, persona: str) -> dict[str, Any]:
    report = _report(world, thing)
    return {"reason": "Ett tal var fel.", "revision": report.revision if report else 1}


def _measure_form(world: World, thing: str, persona: str) -> dict[str, Any]:
    name = REPORTS.get(thing, "working")
    person = PERSON_OF_UNIT[world.reports[name].unit.code]
    return {
        "title": "Läsa mer",
        "responsible": world.people[person].pk,
        "starts_on": timezone.localdate(),
        "due_on": timezone.localdate() + timedelta(days=30),
    }


def _indicator_form(world: World, thing: str, persona: str) -> dict[str, Any]:
    return {
        "title": "Andel barn som trivs",
        "unit_of_measure": "%",
        "direction": "HIGHER",
        "sort": "LEVEL",
        "over_periods": "LATEST",
        "over_units": "MEAN",
        "decimals": 0,
        "frequency": "PERIOD",
        "on_track_margin": "5",
        "revision": 1,
    }


def _target_form(world: World, thing: str, persona: str) -> dict[str, Any]:
    target = world.targets[TARGETS.get(thing, "target")]
    return {"annual_target": "77", "goal": target.goal_id, "revision": target.revision}


def _new_activity(world: World, thing: str, persona: str) -> dict[str, Any]:
    goal = world.goals[
        {
            "the board's goal": "board_goal",
            "the unit's draft": "unit_draft",
            "a unit goal of another administration": "other_unit_goal",
        }.get(thing, "unit_goal")
    ]
    return {
        "goals": [goal.pk],
        "title": "Läsa mer",
        "responsible": world.people[PERSON_OF_UNIT[goal.unit.code]].pk,
        "starts_on": timezone.localdate(),
        "due_on": timezone.localdate() + timedelta(days=30),
    }


def _activity_form(world: World, thing: str, persona: str) -> dict[str, Any]:
    activity = world.activities[ACTIVITIES.get(thing, "activity")]
    activity.refresh_from_db()
    return {
        "goals": list(activity.goals.values_list("pk", flat=True)),
        "title": "Läsa mer",
        "responsible": activity.responsible_id,
        "starts_on": activity.starts_on,
        "due_on": activity.due_on,
        "state": "BEGUN",
        "progress": "Vi läser.",
        "revision": activity.revision,
    }


def _carry_over_form(world: World, thing: str, persona: str) -> dict[str, Any]:
    goal = world.goals[
        {
            "the board": "board_goal",
            "the unit next door": "loose_goal",
            "a unit of another administration": "other_unit_goal",
        }.get(thing, "unit_goal")
    ]
    return {"goal": goal.pk, f"decision_{goal.pk}": "ENDED", f"reason_{goal.pk}": "Målet är nått."}


def _said(**fields: Any) -> Callable[[World, str, str], dict[str, Any]]:
    return lambda world, thing, persona: fields


FORMS: dict[str, Callable[[World, str, str], dict[str, Any]]] = {
    "goals:plan_year_new": _plan_year_form,
    "goals:plan_year_edit": _plan_year_text,
    "goals:plan_year_close": _closing,
    "goals:period_new": _period_form,
    "goals:period_edit": _period_form,
    "goals:period_close": _closing,
    "goals:remind": _said(text="Lämna in i dag."),
    "goals:report": _row_of_report,
    "goals:report_submit": _mark,
    "goals:report_review": _decision,
    "goals:report_correct": _correction,
    "goals:analysis": _said(cause="Vi var för få.", revision=1),
    "goals:measure_new": _measure_form,
    "goals:need_new": _said(theme="METHODS", text="Tid att läsa."),
    "goals:method_new": _said(name="Vår metod", help_text="När något upprepas."),
    "goals:method_edit": _said(
        name="Vår metod", help_text="När något upprepas.", is_in_use="on", revision=1
    ),
    "goals:indicator_new": _indicator_form,
    "goals:indicator_edit": _indicator_form,
    "goals:indicator_adopt": lambda world, thing, persona: {
        "indicator": world.indicators["spare_indicator"].pk,
        "annual_target": "80",
    },
    "goals:target_edit": _target_form,
    "goals:target_drop": _target_form,
    "goals:activity_new": _new_activity,
    "goals:activity_edit": _activity_form,
    "goals:activity_progress": _activity_form,
    "goals:activity_discard": _activity_form,
    "goals:carry_over": _carry_over_form,
    "admin:goals_keyfigure_add": lambda world, thing, persona: {
        "indicator": world.indicators["city_indicator"].pk,
        "kpi": "N15034",
        "title": "Nöjda föräldrar, andel",
        "municipality": "0180",
    },
    "admin:goals_keyfigure_change": _said(title="Ett nytt namn"),
}


# --- What may be read ----------------------------------------------------------------------------

_TEXTS = ("sammanfattning", "skäl", "orsak", "åtgärd", "läge", "kommentar", "behov")


def _texts(name: str, *texts: str) -> set[str]:
    return {canary(f"{name}-{text}") for text in texts}


# A canary ends at its first blank.
WORDS: dict[str, set[str]] = {
    "what the unit writes of the period": _texts("working", *_TEXTS),
    "why the unit sees it otherwise, in what it writes": _texts("working", "skillnad"),
    "why the unit next door sees it otherwise, in what it writes": _texts("returned", "skillnad"),
    "why the board sees it otherwise, in what it writes": _texts("board_working", "skillnad"),
    # Stored, and shown to nobody while the judgement is as suggested.
    "why somebody sees it otherwise, who does not": {
        canary(f"{name}-skillnad") for name in ("accepted", "submitted", "board_submitted")
    },
    "what the unit has handed in": _texts("accepted", *_TEXTS),
    "what the unit handed in before it was corrected": _texts("correcting", *_TEXTS, "skillnad"),
    "what the unit writes in its correction": _texts(
        "correcting-nytt", *(text for text in _TEXTS if text != "åtgärd"), "värde"
    ),
    "why the unit corrects": {canary("rättelse")},
    "the unit's plan that was not handed in": _texts("closed_plan", "sammanfattning"),
    "what the unit next door handed in": _texts(
        "submitted", "sammanfattning", "skäl", "orsak", "åtgärd", "läge", "behov"
    ),
    "what the unit next door handed in and got back": _texts(
        "returned", "sammanfattning", "skäl", "orsak", "åtgärd", "behov"
    ),
    "what the unit next door has written since": _texts(
        "returned-nytt", "sammanfattning", "skäl", "orsak", "behov"
    ),
    "what the board writes of the period": _texts(
        "board_working", "sammanfattning", "skäl", "orsak", "åtgärd", "kommentar", "behov"
    ),
    "what the board has handed in": _texts(
        "board_submitted", "sammanfattning", "skäl", "orsak", "åtgärd", "kommentar", "behov"
    ),
    "what another administration writes of the period": _texts(
        "other_working", *_TEXTS, "skillnad"
    ),
    "what another administration has handed in": _texts("other_submitted", *_TEXTS, "skillnad"),
    "the controller's words to the unit": {canary("controllerns")},
    "the controller's words to the unit next door": {canary("återlämnat")},
    "the note of the target of the unit's draft": {canary("utkastets")},
    "the activity of the unit's draft": {canary("aktivitet-draft_activity")},
    "the unit's activities": {
        canary("aktivitet-activity"),
        canary("aktivitet-protected_activity"),
    },
    "another administration's activity": {canary("aktivitet-other_activity")},
    "the reminder to the manager": {canary("påminnelse")},
    "what the manager has not yet saved of the analysis": {canary("utkast-analys")},
}
