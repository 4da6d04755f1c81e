"""Two in one report at once: nothing acknowledged is lost, and one press has one effect."""

from uuid import uuid4

import pytest
from django.urls import reverse

from goals.models import Assessment, Goal, Report, ReportStep
from goals.tests.test_lost_updates import how_many_pairs
from stockholm_quality.tests.side_by_side import side_by_side
from stockholm_quality.tests.world import add_goal

JSON = {"headers": {"accept": "application/json"}}
WRITERS = ("manager", "acting_manager")


@how_many_pairs
@pytest.mark.parametrize("wants", ["page", "script"])
@pytest.mark.django_db(transaction=True)
def test_two_writers_of_a_row_lose_nothing(year, as_persona, pairs, wants):
    report = year.reports["working"]
    address = reverse("goals:report", args=[report.unit_id, report.period_id])
    clients = [as_persona(name) for name in WRITERS]
    goals = [
        add_goal(year, f"par-{number}", "unit", Goal.Level.UNIT, "board_goal")
        for number in range(pairs)
    ]
    seen = "0:" + _mark_of_nothing()
    lost = kept = 0
    for goal in goals:
        key = f"g-{goal.pk}"
        texts = [f"Texten av {name} om {goal.pk} åäö" for name in WRITERS]
        more = JSON if wants == "script" else {}

        answers = side_by_side(
            *(
                lambda client=client, text=text, key=key, more=more: client.post(
                    address,
                    {f"{key}-seen": seen, f"{key}-reason": text, "form_token": uuid4()},
                    **more,
                )
                for client, text in zip(clients, texts, strict=True)
            )
        )

        done = 200 if wants == "script" else 302
        assert sorted(answer.status_code for answer in answers) == [done, 409]
        winner, loser = (0, 1) if answers[0].status_code == done else (1, 0)
        lost += Assessment.objects.get(report=report, goal=goal).reason != texts[winner]
        told = answers[loser]
        page = told.json()["conflicts"][key] if wants == "script" else told.content.decode()
        kept += all(text in page for text in texts)

    assert (lost, kept) == (0, pairs)


def _mark_of_nothing():
    from goals.forms.report import AssessmentRow, _mark

    return _mark("" for _name in AssessmentRow.stored)


@pytest.mark.django_db(transaction=True)
def test_three_presses_hand_in_once(year, as_persona):
    client = as_persona("manager")
    address = reverse("goals:report_submit", args=[year.reports["working"].pk])
    mark = client.get(address).context["mark"]
    fields = {"mark": mark, "form_token": uuid4()}

    answers = side_by_side(*[lambda: as_persona("manager").post(address, fields)] * 3)

    assert [answer.status_code for answer in answers] == [302] * 3
    assert len({answer.url for answer in answers}) == 1
    assert Report.objects.get(pk=year.reports["working"].pk).version_number == 1
    assert ReportStep.objects.filter(report=year.reports["working"]).count() == 1


@pytest.mark.django_db(transaction=True)
def test_three_presses_begin_one_report(year, as_persona):
    address = reverse("goals:report", args=[year.units["unit"].pk, year.periods["vb"].pk])
    fields = {"form_token": uuid4()}

    answers = side_by_side(*[lambda: as_persona("manager").post(address, fields)] * 3)

    assert {answer.status_code for answer in answers} == {302}
    assert Report.objects.filter(period=year.periods["vb"]).count() == 1


@pytest.mark.django_db(transaction=True)
def test_whoever_writes_while_it_is_handed_in_is_either_in_it_or_told(year, as_persona):
    report = year.reports["working"]
    address = reverse("goals:report", args=[report.unit_id, report.period_id])
    submit = reverse("goals:report_submit", args=[report.pk])
    manager, acting = as_persona("manager"), as_persona("acting_manager")
    mark = manager.get(submit).context["mark"]
    seen = acting.get(address).context["summary_form"]["seen"].value()

    wrote, handed_in = side_by_side(
        lambda: acting.post(
            address, {"summary-seen": seen, "summary-summary": "Sista ordet"}, **JSON
        ),
        lambda: manager.post(submit, {"mark": mark, "form_token": uuid4()}),
    )

    report.refresh_from_db()
    snapshot = report.versions.first()
    if wrote.status_code == 200:
        assert handed_in.status_code == 409
        assert snapshot is None
        assert report.summary == "Sista ordet"
    else:
        assert (wrote.status_code, handed_in.status_code) == (409, 302)
        assert snapshot.snapshot["summary"] != "Sista ordet"
