"""What the plan year asks of each, on each day of it."""

from datetime import date, timedelta

from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from dialogues.todos import todos_of
from dialogues.todos_of_the_year import MOST_SHOWN
from goals.models import Closure, Reminder, ReminderRecipient, Report
from stockholm_quality.tests.world import add_goal, canary
from stockholm_quality.tests.world_year import add_activity
from units.models import Unit, UnitPlacement


def found(world, who, address, day=None):
    return [todo for todo in todos_of(world.people[who], day) if todo.url == address]


def report_of(world, unit, period):
    return reverse("goals:report", args=[world.units[unit].pk, world.periods[period].pk])


def test_a_report_is_asked_for_from_the_day_it_opens_until_it_is_handed_in(year):
    period, address = year.periods["vb"], report_of(year, "unit", "vb")

    assert found(year, "manager", address, period.opens_on - timedelta(days=1)) == []
    (asked,) = found(year, "manager", address, period.opens_on)
    assert "Verksamhetsberättelse" in asked.text
    assert not asked.is_soon
    assert found(year, "manager", report_of(year, "unit", "t1"), period.opens_on) == []


def test_what_is_due_within_ten_days_is_soon_and_afterwards_late_in_words(year):
    period, address = year.periods["vb"], report_of(year, "unit", "vb")

    (soon,) = found(year, "manager", address, period.due_on - timedelta(days=10))
    (late,) = found(year, "manager", address, period.due_on + timedelta(days=1))

    assert (soon.is_soon, soon.is_late) == (True, False)
    assert (late.is_soon, late.is_late) == (True, True)
    assert late.due_text != soon.due_text


def test_what_is_late_stands_first(year):
    todos = todos_of(year.manager, year.periods["t2"].due_on + timedelta(days=1))

    assert todos[0].url == report_of(year, "unit", "t2")
    assert [todo.rank for todo in todos] == sorted(todo.rank for todo in todos)


def test_a_returned_report_is_asked_for_again(year):
    day = year.periods["t1"].due_on

    (asked,) = found(year, "manager_above", report_of(year, "next_unit", "t1"), day)

    assert canary("återlämnat") not in asked.text + asked.due_text
    assert "again" in asked.text or "igen" in asked.text or "nytt" in asked.text


def test_a_closed_period_asks_no_more(year):
    day, address = year.periods["t2"].due_on, report_of(year, "unit", "t2")
    before = found(year, "manager", address, day)

    Closure.objects.create(
        period=year.periods["t2"], unit=year.department, closed_by=year.controller
    )

    assert len(before) == 1
    assert found(year, "manager", address, day) == []


def test_a_correction_is_asked_for_though_the_period_is_closed(year):
    Closure.objects.create(period=year.periods["t1"], unit=year.board, closed_by=year.controller)
    Report.objects.filter(pk=year.reports["accepted"].pk).update(
        status="CORRECTING", correction_reason="Fel siffra", revision=F("revision") + 1
    )

    (asked,) = found(year, "manager", report_of(year, "unit", "t1"))

    assert not asked.is_late


def test_a_reminder_stands_with_the_report_it_is_about_for_thirty_days(year):
    address, today = report_of(year, "unit", "t2"), timezone.localdate()
    Reminder.objects.update(sent_at=timezone.now())

    assert canary("påminnelse") in found(year, "manager", address)[0].due_text
    after = today + timedelta(days=31)
    assert all(canary("påminnelse") not in todo.due_text for todo in todos_of(year.manager, after))
    assert all(
        canary("påminnelse") not in todo.due_text for todo in todos_of(year.acting_manager, today)
    )


def test_the_latest_of_two_reminders_is_shown(year):
    later = Reminder.objects.create(
        period=year.periods["t2"],
        text="Sista gången jag påminner",
        sent_by=year.controller,
        sent_at=timezone.now() + timedelta(minutes=1),
    )
    ReminderRecipient.objects.create(reminder=later, unit=year.unit, person=year.manager)

    assert "Sista gången" in found(year, "manager", report_of(year, "unit", "t2"))[0].due_text


def test_the_boards_own_report_is_its_controllers_and_a_group_without_goals_has_none(year):
    day = year.periods["t2"].opens_on

    assert found(year, "controller", report_of(year, "board", "t2"), day)
    assert not found(year, "manager_above", report_of(year, "board", "t2"), day)
    assert not found(year, "manager", report_of(year, "group", "t2"), day)
    add_goal(year, "groups", "group", "UNIT", "board_goal")
    assert found(year, "manager", report_of(year, "group", "t2"), day)


def test_a_merged_units_manager_gets_the_successors(year):
    UnitPlacement.objects.filter(unit=year.next_unit).update(
        ends_on=timezone.localdate() - timedelta(days=1), revision=F("revision") + 1
    )
    Unit.objects.filter(pk=year.next_unit.pk).update(
        successor=year.small_unit, revision=F("revision") + 1
    )

    theirs = [todo.url for todo in todos_of(year.manager_above)]

    assert report_of(year, "next_unit", "t1") not in theirs
    if year.periods["t2"].opens_on <= timezone.localdate():
        assert report_of(year, "small_unit", "t2") in theirs


def test_a_controller_is_told_what_waits_for_review(year):
    address = reverse("goals:reporting", args=[year.periods["t2"].pk]) + "?state=SUBMITTED"

    (asked,) = found(year, "controller", address)

    assert asked.text.startswith("1 ")
    assert found(year, "other_controller", address) == []
    assert found(year, "manager_above", address) == []


def test_a_controller_is_told_what_hangs_loose_in_their_own_scope(year):
    address = reverse("goals:loose_ends") + f"?year={year.year}&section=units"

    assert found(year, "controller", address)
    assert not found(year, "other_controller", address)
    assert not found(year, "manager", address)


def test_ones_own_activity_is_asked_for_a_month_before_and_when_it_is_late(year):
    activity = add_activity(year, "soon", "unit_goal", "colleague", due_on=date(year.year, 9, 30))
    address = activity.get_absolute_url()

    assert found(year, "colleague", address, date(year.year, 8, 30)) == []
    assert len(found(year, "colleague", address, date(year.year, 8, 31))) == 1
    assert found(year, "colleague", address, date(year.year, 10, 1))[0].is_late
    assert found(year, "employee", address, date(year.year, 9, 30)) == []
    type(activity).objects.filter(pk=activity.pk).update(
        state="STOPPED", revision=F("revision") + 1
    )
    assert found(year, "colleague", address, date(year.year, 9, 30)) == []


def test_a_proposed_activity_and_one_of_a_draft_are_not_told_of(year):
    for name, goal, state in [("a", "unit_goal", "PROPOSED"), ("b", "unit_draft", "BEGUN")]:
        add_activity(year, name, goal, "teammate_0", due_on=date(year.year, 9, 30), state=state)

    assert todos_of(year.teammate_0, date(year.year, 9, 20)) == []


def test_a_person_with_much_to_do_sees_the_first_of_each_kind(year):
    for number in range(MOST_SHOWN + 3):
        add_activity(year, f"{number}", "unit_goal", "teammate_0", due_on=date(year.year, 9, 30))

    assert len(todos_of(year.teammate_0, date(year.year, 9, 20))) == MOST_SHOWN


def test_someone_whose_role_has_ended_is_asked_nothing(year):
    for who in ("acting_ended", "former_manager"):
        assert todos_of(year.people[who], year.periods["t2"].due_on) == []
