"""A report from its first word to its acceptance, and what each step refuses."""

from decimal import Decimal

import pytest
from django.db import ProgrammingError, transaction

from goals.actions.plans import close_periods
from goals.actions.reports import (
    ReportNotReadyError,
    accept_report,
    begin_correction,
    begin_report,
    drop_need,
    mark_of,
    return_report,
    submit_report,
    what_is_missing,
    write_assessment,
    write_note,
    write_summary,
    write_value,
)
from goals.models import (
    Activity,
    ActivityNote,
    Assessment,
    Need,
    Report,
    ReportStep,
    ReportVersion,
    Value,
)
from goals.sheet import read_sheet
from goals.snapshots import snapshot_of
from stockholm_quality.tests.world_year import hand_in
from units.revisions import StaleRevisionError


def _fresh(report):
    return Report.objects.select_related("unit", "period__plan_year").get(pk=report.pk)


def _forget_measures():
    measures = Activity.objects.filter(assessment__isnull=False)
    ActivityNote.objects.filter(activity__in=measures).delete()
    measures.delete()


def test_handing_in_opens_what_was_written_and_keeps_it_as_it_was(year):
    report = hand_in(year.reports["working"], year.people["manager"])

    value = Value.objects.get(
        indicator=year.indicators["city_indicator"], period=year.periods["t2"]
    )
    assessment = Assessment.objects.get(report=report)
    snapshot = snapshot_of(report.versions.get())
    assert report.status == Report.Status.SUBMITTED
    assert (value.submitted_value, assessment.submitted_judgement) == (Decimal("83.5"), "PARTIAL")
    assert snapshot.goals[0].reason == assessment.reason
    assert snapshot.goals[0].indicators[0].values[0].value == Decimal("83.5")
    assert year.activities["working_measure"].state == Activity.State.PROPOSED
    assert (
        Activity.objects.get(pk=year.activities["working_measure"].pk).state
        == Activity.State.NOT_BEGUN
    )
    assert Activity.objects.get(pk=year.activities["activity"].pk).state == Activity.State.BEGUN


def test_what_is_written_after_a_return_shows_to_nobody_until_it_is_handed_in(year):
    report = hand_in(year.reports["working"], year.people["manager"])
    report = return_report(
        report=report, revision=report.revision, comment="Mer", by=year.people["controller"]
    )
    target = year.targets["target"]
    value = Value.objects.get(indicator=target.indicator, period=report.period)

    write_value(
        report=report,
        indicator=target.indicator,
        gender="T",
        revision=value.revision,
        fields={"value": Decimal(12)},
        by=year.people["manager"],
    )

    value.refresh_from_db()
    assert (value.value, value.submitted_value) == (Decimal(12), Decimal("83.5"))


@pytest.mark.parametrize("status", ["SUBMITTED", "ACCEPTED"])
def test_nothing_is_written_in_what_is_handed_in(year, status):
    report = hand_in(year.reports["working"], year.people["manager"])
    if status == "ACCEPTED":
        report = accept_report(
            report=report, revision=report.revision, comment="", by=year.people["controller"]
        )

    with pytest.raises(ReportNotReadyError):
        write_summary(
            report=report, revision=report.revision, text="Nytt", by=year.people["manager"]
        )

    assert _fresh(report).summary != "Nytt"


def test_a_closed_period_takes_words_only_as_a_correction_with_a_reason(year):
    report, manager = year.reports["working"], year.people["manager"]
    close_periods(
        periods=[report.period],
        unit=year.units["department"],
        with_below=True,
        by=year.people["controller"],
    )

    with pytest.raises(ReportNotReadyError):
        write_summary(report=report, revision=report.revision, text="Sent", by=manager)
    with pytest.raises(ReportNotReadyError):
        hand_in(report, manager)
    report = begin_correction(
        report=_fresh(report), revision=report.revision, reason="Vi var sjuka", by=manager
    )
    report = write_summary(report=report, revision=report.revision, text="Sent", by=manager)
    report = hand_in(report, manager)

    assert (report.version_number, report.versions.get().reason) == (1, "Vi var sjuka")


def test_a_correction_is_a_new_version_beside_the_old(year):
    report, manager = year.reports["accepted"], year.people["manager"]
    report = begin_correction(
        report=_fresh(report), revision=report.revision, reason="Fel siffra", by=manager
    )
    report = write_summary(report=report, revision=report.revision, text="Rättat", by=manager)

    report = hand_in(report, manager)

    first, second = ReportVersion.objects.filter(report=report).order_by("number")
    assert snapshot_of(first).summary != "Rättat"
    assert (snapshot_of(second).summary, second.reason) == ("Rättat", "Fel siffra")
    assert list(report.steps.order_by("pk").values_list("kind", flat=True)) == [
        "SUBMITTED",
        "ACCEPTED",
        "CORRECTION",
        "SUBMITTED",
    ]


def test_a_version_is_never_changed_or_removed(year):
    version = year.reports["accepted"].versions.get()

    with pytest.raises(ProgrammingError, match="Cannot"), transaction.atomic():
        ReportVersion.objects.filter(pk=version.pk).update(reason="x")
    with pytest.raises(ProgrammingError, match="Cannot"), transaction.atomic():
        ReportStep.objects.filter(report=version.report).delete()


def test_whoever_hands_in_has_read_what_is_handed_in(year):
    report, manager = year.reports["working"], year.people["manager"]
    mark = mark_of(report)
    write_note(
        report=report,
        activity=year.activities["activity"],
        revision=1,
        fields={"text": "Någon skrev samtidigt"},
        by=manager,
    )

    with pytest.raises(StaleRevisionError):
        submit_report(report=_fresh(report), mark=mark, by=manager)


def test_a_goal_not_fully_met_needs_a_measure(year):
    report = year.reports["working"]
    _forget_measures()

    missing = what_is_missing(read_sheet(report.unit, report.period, report))

    assert [each.anchor for each in missing] == [f"goal-{year.goals['unit_goal'].pk}"]
    with pytest.raises(ReportNotReadyError) as error:
        hand_in(report, year.people["manager"])
    assert error.value.missing == missing


def test_a_goal_fully_met_needs_none(year):
    report = year.reports["working"]
    _forget_measures()
    assessment = Assessment.objects.get(report=report)
    write_assessment(
        report=report,
        goal=assessment.goal,
        revision=assessment.revision,
        fields={"judgement": "FULL"},
        by=year.people["manager"],
    )

    assert what_is_missing(read_sheet(report.unit, report.period, report)) == []


def test_an_empty_report_says_all_that_is_missing(year):
    report = begin_report(
        unit=year.units["unit"], period=year.periods["vb"], by=year.people["manager"]
    )

    missing = what_is_missing(read_sheet(report.unit, report.period, report))

    indicators = [year.indicators[name].pk for name in ("city_indicator", "unit_indicator")]
    assert [each.anchor for each in missing] == [
        *(f"indicator-{pk}" for pk in indicators),
        f"goal-{year.goals['unit_goal'].pk}",
    ]


def test_not_measured_counts_as_told_and_is_no_zero(year):
    report = begin_report(
        unit=year.units["unit"], period=year.periods["vb"], by=year.people["manager"]
    )
    value = write_value(
        report=report,
        indicator=year.indicators["city_indicator"],
        gender="T",
        revision=0,
        fields={"value": Decimal(3), "is_not_measured": True},
        by=year.people["manager"],
    )

    sheet = read_sheet(report.unit, report.period, report)

    assert value.value is None
    assert [row.is_missing for row in sheet.indicators] == [False, True]


def test_the_same_words_sent_again_are_no_change(year):
    report, manager = year.reports["working"], year.people["manager"]
    assessment = Assessment.objects.get(report=report)
    fields = {"judgement": "NOT", "reason": "Vi hann inte", "difference": ""}
    told = {"report": report, "goal": assessment.goal, "by": manager, "fields": fields}
    first = write_assessment(**told, revision=assessment.revision)

    again = write_assessment(**told, revision=assessment.revision)

    assert (first.revision, again.revision) == (2, 2)


def test_the_second_writer_of_a_row_is_told(year):
    report = year.reports["working"]
    assessment = Assessment.objects.get(report=report)
    told = {"report": report, "goal": assessment.goal, "revision": assessment.revision}
    write_assessment(**told, fields={"reason": "Den första"}, by=year.people["manager"])

    with pytest.raises(StaleRevisionError) as stale:
        write_assessment(**told, fields={"reason": "Den andra"}, by=year.people["acting_manager"])

    assert stale.value.current.reason == "Den första"


def test_a_need_taken_back_in_a_correction_is_told_until_it_is_handed_in_anew(year):
    report, manager = year.reports["accepted"], year.people["manager"]
    report = begin_correction(
        report=_fresh(report), revision=report.revision, reason="Behovet är löst", by=manager
    )
    drop_need(report=report, need=Need.objects.get(report=report), by=manager)

    sheet = read_sheet(report.unit, report.period, report)
    told = Need.objects.submitted().filter(report=report).count()
    hand_in(report, manager)

    assert (sheet.needs, told) == ([], 1)
    assert not Need.objects.filter(report=report).exists()
