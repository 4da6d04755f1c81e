"""Every state of a report, open and closed: who may do what, and that all pages agree on it."""

import pytest
from django.utils import timezone

from goals.actions.plans import close_periods
from goals.actions.reports import (
    ReportNotReadyError,
    accept_report,
    begin_correction,
    mark_of,
    return_report,
    submit_report,
)
from goals.models import Report
from goals.reports.reporting import OWING, State, owing, units_that_report, with_state
from goals.reports.timeline import TheYear, steps_of_year
from goals.rules import ReportRights
from stockholm_quality.tests.world_year import hand_in
from units.revisions import StaleRevisionError

STATES = ["none", "begun", "submitted", "returned", "accepted", "correcting", "late_correcting"]
WRITTEN = {"begun", "returned"}
HANDED_IN = {"submitted", "accepted"}


def make(year, state, *, closed):
    """The report of Ängen for T2 in the state, its period perhaps closed after that."""
    report = year.reports["working"]
    people, period = year.people, year.periods["t2"]
    if state == "none":
        period = year.periods["vb"]
        period.opens_on, period.revision = timezone.localdate(), period.revision + 1
        period.due_on = max(period.due_on, timezone.localdate())
        period.save()
    elif state == "late_correcting":
        close_periods(periods=[period], unit=year.board, with_below=True, by=people["controller"])
        report = begin_correction(
            report=report, revision=report.revision, reason="Glömt", by=people["manager"]
        )
    elif state != "begun":
        report = hand_in(report, people["manager"])
    answer = {"returned": return_report, "accepted": accept_report}.get(state)
    if answer:
        report = answer(
            report=report, revision=report.revision, comment="Se texten", by=people["controller"]
        )
    if state == "correcting":
        report = begin_correction(
            report=report, revision=report.revision, reason="Fel", by=people["manager"]
        )
    if closed:
        close_periods(periods=[period], unit=year.board, with_below=True, by=people["controller"])
    return None if state == "none" else report, period


def fresh(report):
    return Report.objects.with_place().get(pk=report.pk)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("state", STATES[1:])
def test_who_may_write_correct_and_review(year, state, closed):
    report, _period = make(year, state, closed=closed)
    is_closed = closed or state == "late_correcting"

    def rights(who):
        found = ReportRights(year.people[who], fresh(report))
        return found.may_write, found.may_correct, found.may_review

    correcting = state in {"correcting", "late_correcting"}
    writes = correcting or (state in WRITTEN and not is_closed)
    corrects = not correcting and (state in HANDED_IN or is_closed)
    assert rights("manager") == (writes, corrects, False)
    assert rights("controller") == (False, False, state == "submitted")
    for who in ("manager_above", "employee", "stranger", "hr", "other_controller"):
        assert rights(who) == (False, False, False)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("state", STATES[1:])
def test_every_step_that_is_not_open_is_refused_and_changes_nothing(year, state, closed):
    report, _period = make(year, state, closed=closed)
    report = fresh(report)
    manager, controller = year.people["manager"], year.people["controller"]
    rights, reviews = ReportRights(manager, report), ReportRights(controller, report)
    refused = []
    if not rights.may_write:
        refused.append(lambda: submit_report(report=report, mark=mark_of(report), by=manager))
    if not rights.may_correct:
        refused.append(
            lambda: begin_correction(
                report=report, revision=report.revision, reason="x", by=manager
            )
        )
    if not reviews.may_review:
        for step in (return_report, accept_report):
            refused.append(
                lambda step=step: step(
                    report=report, revision=report.revision, comment="x", by=controller
                )
            )
    before = (report.status, report.version_number, report.revision, report.steps.count())

    for step in refused:
        with pytest.raises((ReportNotReadyError, StaleRevisionError)):
            step()

    after = fresh(report)
    assert (after.status, after.version_number, after.revision, after.steps.count()) == before


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("state", STATES)
def test_the_board_the_to_dos_and_the_units_page_agree(year, state, closed):
    report, period = make(year, state, closed=closed)
    is_closed = closed or state == "late_correcting"
    is_late = period.due_on < timezone.localdate()

    shown = State(with_state(units_that_report(period), period).get(pk=year.unit.pk).state)
    step = next(
        each
        for each in steps_of_year(year.unit, year.year, may_write=True, may_watch=True)
        if each.period == period
    )
    own = next(
        each
        for each in TheYear(year.manager).own
        if (each.period.pk, each.unit) == (period.pk, year.unit.pk)
    )

    expected = {
        "none": State.LATE if is_late else State.NOT_BEGUN,
        "begun": State.LATE if is_late else State.BEGUN,
        "late_correcting": State.CORRECTING,
    }
    assert (
        shown
        == step.state
        == expected.get(
            state,
            State(state.upper())
            if state in ("submitted", "returned", "accepted", "correcting")
            else None,
        )
    )
    writes = state in {"correcting", "late_correcting"} or (
        state in {"none", *WRITTEN} and not is_closed
    )
    assert own.is_owed == step.is_to_write == writes
    reminded = year.unit in owing(period, year.controller).units
    assert reminded == (shown in OWING and not is_closed)
    assert own.is_handed_in == (state in {*HANDED_IN, "correcting"})
    if report is not None:
        assert ReportRights(year.manager, fresh(report)).may_write == writes
