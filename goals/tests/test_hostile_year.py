"""What must not happen in the year, however it is gone about."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from goals import rules
from goals.actions.indicators import (
    IndicatorNotReadyError,
    discard_activity,
    drop_target,
    tell_progress,
)
from goals.actions.reports import (
    begin_correction,
    drop_need,
    return_report,
    what_is_missing,
    write_note,
)
from goals.models import (
    Activity,
    ActivityNote,
    Assessment,
    Goal,
    Need,
    Target,
    Value,
)
from goals.sheet import read_sheet
from goals.snapshots import snapshot_of
from stockholm_quality.tests.side_by_side import side_by_side
from stockholm_quality.tests.world import add_goal
from stockholm_quality.tests.world_year import add_indicator, add_target, hand_in
from units.models import Employment

State = Activity.State
JSON = {"headers": {"accept": "application/json"}}


def sheet_address(year, unit="unit", period="t2"):
    return reverse("goals:report", args=[year.units[unit].pk, year.periods[period].pk])


def fresh(row):
    return type(row).objects.get(pk=row.pk)


def corrected(report, by):
    report = fresh(report)
    return begin_correction(
        report=report, revision=report.revision, reason="Ett tal var fel.", by=by
    )


def told(activity, state, by):
    activity = fresh(activity)
    return tell_progress(
        activity=activity, revision=activity.revision, state=state, progress="Nu är det så.", by=by
    )


# --- An activity's state ------------------------------------------------------------------------


def test_a_correction_of_an_old_report_leaves_what_has_been_done_since(year):
    activity = year.activities["activity"]
    assert fresh(activity).state == State.BEGUN
    told(activity, State.DONE, year.people["employee"])

    corrected(year.reports["accepted"], year.people["manager"])
    hand_in(year.reports["accepted"], year.people["manager"])

    done = fresh(activity)
    assert (done.state, done.done_on) == (State.DONE, timezone.localdate())


def test_a_returned_report_handed_in_again_leaves_what_has_been_done_since(year):
    report = hand_in(year.reports["working"], year.people["manager"])
    return_report(
        report=report, revision=report.revision, comment="Mer", by=year.people["controller"]
    )
    told(year.activities["activity"], State.DONE, year.people["employee"])

    hand_in(report, year.people["manager"])

    assert fresh(year.activities["activity"]).state == State.DONE


def test_what_a_correction_says_anew_of_an_activity_holds_until_a_later_period_tells(year):
    manager, activity = year.people["manager"], year.activities["activity"]

    def corrected_to(name, state):
        report = corrected(year.reports[name], manager)
        note = ActivityNote.objects.get(report=report, activity=activity)
        write_note(
            report=report,
            activity=activity,
            revision=note.revision,
            fields={"state": state, "text": "Rättat."},
            by=manager,
        )
        hand_in(report, manager)

    corrected_to("accepted", State.DEVIATES)
    assert fresh(activity).state == State.DEVIATES
    hand_in(year.reports["working"], manager)
    assert fresh(activity).state == State.BEGUN
    corrected_to("accepted", State.STOPPED)
    assert fresh(activity).state == State.BEGUN
    corrected_to("working", State.DONE)
    assert fresh(activity).done_on == timezone.localdate()


def test_a_measure_that_was_handed_in_is_not_thrown_away(year):
    measure = fresh(year.activities["accepted_measure"])
    assert measure.state == State.NOT_BEGUN

    with pytest.raises(IndicatorNotReadyError):
        discard_activity(activity=measure, revision=measure.revision, by=year.people["manager"])

    assert Activity.objects.filter(pk=measure.pk).exists()


@pytest.mark.parametrize("moved", [False, True])
def test_who_has_left_the_unit_says_no_more_of_its_activities(year, as_persona, moved):
    activity, employee = year.activities["activity"], year.people["employee"]
    address = reverse("goals:activity_progress", args=[activity.pk])
    assert as_persona("employee").get(address).status_code == 200

    Employment.objects.filter(person=employee).update(
        ends_on=timezone.localdate() - timedelta(days=1), revision=F("revision") + 1
    )
    if moved:
        Employment.objects.create(
            person=employee,
            unit=year.units["other_unit"],
            title="Barnskötare",
            starts_on=timezone.localdate(),
        )

    assert not rules.can_tell_progress(employee, fresh(activity))
    answer = as_persona("employee").post(
        address,
        {
            "form_token": uuid4(),
            "revision": fresh(activity).revision,
            "state": State.DONE,
            "progress": "Hej då",
        },
    )
    assert answer.status_code == 403
    assert fresh(activity).state == State.BEGUN


# --- What is told is what is in the version ----------------------------------------------------


def test_a_value_that_has_no_place_in_the_report_any_more_is_not_told(year):
    report, target = year.reports["working"], year.targets["own_target"]
    Value.objects.filter(
        indicator=target.indicator, period__in=[year.periods["t1"], year.periods["vb"]]
    ).delete()
    drop_target(target=target, revision=target.revision, by=year.people["manager"])

    report = hand_in(report, year.people["manager"])

    snapshot = snapshot_of(report.versions.get())
    said = {each.pk for goal in snapshot.goals for each in goal.indicators}
    told_values = Value.objects.submitted().filter(unit=report.unit, period=report.period)
    assert set(told_values.values_list("indicator", flat=True)) == said


def test_a_need_handed_in_meanwhile_is_not_thrown_away(year):
    manager = year.people["manager"]
    seen = Need.objects.get(pk=year.needs["working"].pk)
    report = hand_in(year.reports["working"], manager)
    report = corrected(report, manager)

    drop_need(report=report, need=seen, by=manager)

    assert Need.objects.submitted().filter(pk=seen.pk).exists()


@pytest.mark.parametrize(
    ("total", "women", "men", "few"),
    [(8, 5, None, True), (30, 14, 15, True), (8, None, None, False), (20, 10, 10, False)],
)
def test_no_group_of_few_can_be_worked_out_from_what_is_handed_in(year, total, women, men, few):
    indicator = add_indicator(year, "shares", "unit", has_parts=True, by_gender=True)
    add_target(year, "share", "shares", "unit_goal")
    report = year.reports["working"]
    for gender, number in [("T", total), ("K", women), ("M", men)]:
        if number is not None:
            Value.objects.create(
                indicator=indicator,
                unit=report.unit,
                period=report.period,
                gender=gender,
                value=Decimal(20),
                numerator=Decimal(number) / 5,
                denominator=Decimal(number),
            )

    missing = what_is_missing(read_sheet(report.unit, report.period, report))

    assert [each.anchor for each in missing] == [f"indicator-{indicator.pk}"] * few


# --- Rows that have gone from under a writer ---------------------------------------------------


def row_of(year):
    target = year.targets["own_target"]
    Value.objects.filter(indicator=target.indicator).delete()
    key = f"v-{target.indicator_id}-T"
    fields = {
        f"{key}-seen": "0:",
        f"{key}-value": "4711,5",
        f"{key}-comment": "Räknat för hand hela natten",
        "form_token": str(uuid4()),
    }
    return target, fields


def test_the_script_is_not_told_that_a_row_is_saved_that_has_gone(year, as_persona):
    target, fields = row_of(year)
    target.delete()

    answer = as_persona("manager").post(sheet_address(year), fields, **JSON)

    assert not Value.objects.filter(indicator=target.indicator).exists()
    assert answer.status_code == 409
    assert answer.json()["error"]


def test_what_was_written_in_a_row_that_has_gone_is_shown_to_copy(year, as_persona):
    target, fields = row_of(year)
    target.delete()
    key = f"g-{year.unit_goal.pk}"

    answer = as_persona("manager").post(
        sheet_address(year), fields | {f"{key}-seen": "1:", f"{key}-reason": "Nytt skäl"}
    )

    page = answer.content.decode()
    assert "Räknat för hand hela natten" in page
    assert "4711,5" in page


def test_a_row_that_asks_for_other_things_now_is_not_emptied(year, as_persona):
    target = year.targets["own_target"]
    page = as_persona("manager").get(sheet_address(year))
    shown = next(
        form
        for goal in page.context["goals"]
        for each in goal.indicators
        for _gender, form, _conflict in each.forms
        if form.row.indicator_id == target.indicator_id
    )
    key = shown.key
    fields = {
        f"{key}-seen": shown["seen"].value(),
        f"{key}-value": "83,5",
        f"{key}-comment": "Nu med ny kommentar",
        "form_token": str(uuid4()),
    }
    type(target.indicator).objects.filter(pk=target.indicator_id).update(
        has_parts=True, revision=F("revision") + 1
    )

    answer = as_persona("manager").post(sheet_address(year), fields, **JSON)

    stored = Value.objects.get(indicator=target.indicator, period=year.periods["t2"])
    assert stored.value == Decimal("83.5")
    assert answer.status_code == 409


def test_numbers_written_too_late_are_shown_to_copy(year, as_persona):
    hand_in(year.reports["working"], year.people["manager"])
    key = f"v-{year.targets['own_target'].indicator_id}-T"

    answer = as_persona("manager").post(
        sheet_address(year),
        {f"{key}-seen": "1:", f"{key}-value": "4711,5", f"{key}-source": "Enkäten, fråga 12"},
    )

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "4711,5" in page
    assert "Enkäten, fråga 12" in page


# --- Drafts -------------------------------------------------------------------------------------


def test_what_a_boards_draft_aims_at_is_not_drawn_where_its_goal_is_followed_down(year, as_persona):
    draft = Goal.objects.create(
        unit=year.units["board"],
        level=Goal.Level.BOARD,
        parent=year.goals["area"],
        first_year=year.year,
        last_year=year.year,
        title="Ett utkast",
    )
    Target.objects.filter(pk=year.targets["board_target"].pk).update(
        goal=draft, annual_target=Decimal(7743), revision=F("revision") + 1
    )
    Target.objects.filter(pk=year.targets["target"].pk).update(
        annual_target=Decimal(80), revision=F("revision") + 1
    )
    add_goal(year, "fellow", "next_unit", Goal.Level.UNIT, "board_goal")
    add_target(year, "fellow_target", "city_indicator", "fellow", "80")

    page = as_persona("stranger").get(
        reverse("goals:follow_down", args=[year.goals["board_goal"].pk])
    )

    assert page.status_code == 200
    assert "7743" not in page.content.decode().replace("\xa0", "")


def test_an_employee_is_not_told_that_a_draft_of_their_unit_is_measured(year, as_persona):
    address = reverse("goals:indicator", args=[year.indicators["board_indicator"].pk])

    page = as_persona("employee").get(address)

    assert page.context["own_unit"] is None


# --- Handed in is what was read -----------------------------------------------------------------


@pytest.mark.parametrize("what", ["target", "goal", "activity", "indicator"])
def test_what_changed_since_it_was_read_is_read_again_before_it_is_handed_in(
    year, as_persona, what
):
    client = as_persona("manager")
    address = reverse("goals:report_submit", args=[year.reports["working"].pk])
    mark = client.get(address).context["mark"]
    changed = {
        "target": year.targets["target"],
        "goal": year.unit_goal,
        "activity": year.activities["activity"],
        "indicator": year.indicators["city_indicator"],
    }[what]
    type(changed).objects.filter(pk=changed.pk).update(revision=F("revision") + 1)

    answer = client.post(address, {"mark": mark, "form_token": uuid4()})

    assert answer.status_code == 409
    assert fresh(year.reports["working"]).version_number == 0


@pytest.mark.django_db(transaction=True)
def test_a_word_written_while_the_report_is_handed_in_is_in_it_or_refused(year, as_persona):
    manager, other = as_persona("manager"), as_persona("acting_manager")
    report, key = year.reports["working"], f"g-{year.unit_goal.pk}"
    submit = reverse("goals:report_submit", args=[report.pk])
    for turn in range(6):
        mark = manager.get(submit).context["mark"]
        page = other.get(sheet_address(year))
        form = next(goal.form for goal in page.context["goals"])
        text = f"Skrivet i sista stund {turn}"
        row = {
            f"{key}-{name}": form[name].value() or ""
            for name in ("seen", "judgement", "difference")
        }

        handed, written = side_by_side(
            lambda mark=mark: manager.post(submit, {"mark": mark, "form_token": uuid4()}),
            lambda row=row, text=text: other.post(
                sheet_address(year), row | {f"{key}-reason": text}, **JSON
            ),
        )

        now = fresh(report)
        assert sorted([handed.status_code, written.status_code]) in ([200, 409], [302, 409])
        if handed.status_code != 302:
            continue
        version = snapshot_of(now.versions.get(number=now.version_number))
        assert text not in [goal.reason for goal in version.goals]
        assert version.goals[0].reason == Assessment.objects.get(report=now).submitted_reason
        corrected(now, year.people["manager"])
