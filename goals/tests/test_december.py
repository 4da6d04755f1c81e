"""December: a manager makes the unit's plan for the next year while this year is followed up."""

from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from goals.models import Activity, Goal, Report, Target
from goals.reports.timeline import TheYear
from goals.snapshots import snapshot_of
from stockholm_quality.tests.world_year import add_plan_year


@pytest.fixture
def december(year):
    """The next year is open, and this year's T2 is still being written."""
    add_plan_year(year, "next_plan_year", "board", year.year + 1)
    plan = year.periods["next_vp"]
    type(plan).objects.filter(pk=plan.pk).update(opens_on=timezone.localdate(), revision=2)
    assert year.reports["working"].status == Report.Status.BEGUN
    return year


def test_the_plan_of_next_year_from_the_first_goal_to_the_document(december, as_persona, token):
    year, client, next_year = december, as_persona("manager"), december.year + 1
    plan = year.periods["next_vp"]
    sheet = reverse("goals:report", args=[year.unit.pk, plan.pk])

    def send(name, key, **fields):
        address = reverse(f"goals:{name}", args=[key])
        answer = client.post(f"{address}?year={next_year}", token() | fields)
        assert answer.status_code == 302, getattr(answer.context.get("form"), "errors", None)

    assert plan.pk in [each.period.pk for each in TheYear(year.manager).own if each.is_owed]
    send("new", year.unit.pk, title="Alla barn möter böcker varje dag", revision=0)
    goal = Goal.objects.get(title="Alla barn möter böcker varje dag")
    assert goal.first_year == next_year
    send("adopt", goal.pk, revision=goal.revision, decided_on=timezone.localdate())
    goal.refresh_from_db()
    assert goal.status == Goal.Status.ADOPTED

    indicator = year.indicators["city_indicator"]
    adopt = reverse("goals:indicator_adopt", args=[goal.pk])
    assert str(indicator) in client.get(adopt).content.decode()
    send("indicator_adopt", goal.pk, indicator=indicator.pk, annual_target="92")
    target = Target.objects.get(goal=goal)
    assert (target.year, target.annual_target) == (next_year, 92)
    send(
        "activity_new",
        goal.pk,
        title="Bokcirkel för arbetslaget",
        starts_on=date(next_year, 2, 1),
        due_on=date(next_year, 5, 31),
        goals=[goal.pk],
        responsible=year.employee.pk,
    )
    assert Activity.objects.get(title="Bokcirkel för arbetslaget").goals.get() == goal

    assert client.post(sheet, token()).status_code == 302
    page = client.get(sheet).content.decode()
    assert "Alla barn möter böcker" in page
    assert year.goals["unit_goal"].title not in page
    report = Report.objects.get(period=plan, unit=year.unit)
    submit = reverse("goals:report_submit", args=[report.pk])
    read = client.get(submit)
    assert read.context["missing"] == []
    client.post(submit, token() | {"mark": read.context["mark"]})

    report.refresh_from_db()
    snapshot = snapshot_of(report.versions.get())
    assert report.status == Report.Status.SUBMITTED
    assert snapshot.year == next_year
    assert [each.title for each in snapshot.goals] == [goal.title]
    assert [each.title for each in snapshot.goals[0].activities] == ["Bokcirkel för arbetslaget"]
    assert snapshot.goals[0].indicators[0].annual_target == target.annual_target
    document = client.get(reverse("goals:report_document", args=[report.pk, "pdf"]))
    assert document.status_code == 200
    assert document.getvalue().startswith(b"%PDF")
    assert Report.objects.get(pk=year.reports["working"].pk).status == Report.Status.BEGUN
