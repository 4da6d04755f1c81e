"""The reporting page: who gets it, what it saves, and what it never overwrites."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db.models import F
from django.urls import reverse

from goals.models import ActivityNote, Assessment, Indicator, Report, Value
from stockholm_quality.tests.world import canary
from stockholm_quality.tests.world_year import hand_in

JSON = {"headers": {"accept": "application/json"}}


def _address(year, unit="unit", period="t2"):
    return reverse("goals:report", args=[year.units[unit].pk, year.periods[period].pk])


def _page_fields(response):
    """What a browser would send of the page as it stands."""
    fields = {"form_token": uuid4()}
    context = response.context
    forms = [context["summary_form"]]
    for goal in context["goals"]:
        forms += [form for each in goal.indicators for _gender, form, _c in each.forms]
        forms += [form for _row, form, _c in goal.activities if form]
        forms += [goal.form] if goal.form else []
    for form in forms:
        for name in form.fields:
            value = form[name].value()
            if value not in (None, "", False):
                fields[form[name].html_name] = value
    return fields


def _row(year, key, **values):
    return {f"{key}-{name}": value for name, value in values.items()}


def test_the_manager_writes_and_those_above_read_along(year, as_persona):
    answers = {
        name: as_persona(name).get(_address(year))
        for name in ("manager", "manager_above", "controller", "employee", "stranger")
    }

    assert {name: answer.status_code for name, answer in answers.items()} == {
        "manager": 200,
        "manager_above": 200,
        "controller": 200,
        "employee": 404,
        "stranger": 404,
    }
    assert "goals/report_sheet.html" in [t.name for t in answers["manager"].templates]
    assert "goals/report_read.html" in [t.name for t in answers["controller"].templates]
    assert canary("working-skäl") in answers["controller"].content.decode()


def test_a_page_sent_untouched_changes_nothing(year, as_persona):
    client = as_persona("manager")
    fields = _page_fields(client.get(_address(year)))
    before = list(Value.objects.order_by("pk").values("pk", "revision"))

    response = client.post(_address(year), fields)

    assert response.status_code == 302
    assert list(Value.objects.order_by("pk").values("pk", "revision")) == before
    assert Assessment.objects.get(report=year.reports["working"]).revision == 1


def test_without_scripts_the_whole_page_is_saved_at_once(year, as_persona):
    client = as_persona("manager")
    fields = _page_fields(client.get(_address(year)))
    goal, indicator = year.goals["unit_goal"].pk, year.indicators["unit_indicator"].pk
    activity = year.activities["activity"].pk
    fields |= {
        f"v-{indicator}-T-value": "1 234,5",
        f"g-{goal}-judgement": "NOT",
        f"g-{goal}-reason": "Vi hann inte: å ä ö",
        f"a-{activity}-state": "DONE",
        "summary-summary": "Ett svårt år",
    }

    response = client.post(_address(year), fields)

    report = Report.objects.get(pk=year.reports["working"].pk)
    assessment = Assessment.objects.get(report=report)
    assert response.status_code == 302
    assert Value.objects.get(indicator=indicator, period=report.period).value == Decimal("1234.5")
    assert (assessment.judgement, assessment.reason) == ("NOT", "Vi hann inte: å ä ö")
    assert ActivityNote.objects.get(report=report, activity=activity).state == "DONE"
    assert report.summary == "Ett svårt år"


def test_a_row_nobody_touched_does_not_undo_what_another_wrote(year, as_persona):
    client, other = as_persona("manager"), as_persona("acting_manager")
    fields = _page_fields(client.get(_address(year)))
    theirs = _page_fields(other.get(_address(year)))
    goal = year.goals["unit_goal"].pk
    other.post(_address(year), theirs | {f"g-{goal}-reason": "Den andras ord"})

    response = client.post(_address(year), fields | {"summary-summary": "Mina ord"})

    report = Report.objects.get(pk=year.reports["working"].pk)
    assert response.status_code == 302
    assert Assessment.objects.get(report=report).reason == "Den andras ord"
    assert report.summary == "Mina ord"


def test_two_in_the_same_row_see_both_texts_and_the_rest_is_saved(year, as_persona):
    client, other = as_persona("manager"), as_persona("acting_manager")
    fields = _page_fields(client.get(_address(year)))
    theirs = _page_fields(other.get(_address(year)))
    goal = year.goals["unit_goal"].pk
    other.post(_address(year), theirs | {f"g-{goal}-reason": "Den andras ord"})

    response = client.post(
        _address(year),
        fields | {f"g-{goal}-reason": "Mina egna ord", "summary-summary": "Mitt sammandrag"},
    )

    page = response.content.decode()
    report = Report.objects.get(pk=year.reports["working"].pk)
    assert response.status_code == 409
    assert "Den andras ord" in page
    assert "Mina egna ord" in page
    assert Assessment.objects.get(report=report).reason == "Den andras ord"
    assert report.summary == "Mitt sammandrag"
    again = client.post(_address(year), _page_fields(response))
    assert again.status_code == 302
    assert Assessment.objects.get(report=report).reason == "Mina egna ord"


def test_a_row_is_saved_while_one_writes_and_says_what_follows(year, as_persona):
    client = as_persona("manager")
    fields = _page_fields(client.get(_address(year)))
    key = f"v-{year.indicators['city_indicator'].pk}-T"
    row = {name: value for name, value in fields.items() if name.startswith(key)}

    answer = client.post(_address(year), row | {f"{key}-value": "91"}, **JSON)

    told = answer.json()
    assert answer.status_code == 200
    assert told["seen"][key] != row[f"{key}-seen"]
    assert "91" in told["pieces"][f"picture-{year.indicators['city_indicator'].pk}"]
    assert f"suggestion-{year.goals['unit_goal'].pk}" in told["pieces"]
    assert "missing" in told["pieces"]


def test_the_same_row_sent_twice_is_saved_once(year, as_persona):
    client = as_persona("manager")
    fields = _page_fields(client.get(_address(year)))
    key = f"g-{year.goals['unit_goal'].pk}"
    row = {name: value for name, value in fields.items() if name.startswith(key)}
    row |= {f"{key}-reason": "Ett ord till"}
    client.post(_address(year), row, **JSON)

    again = client.post(_address(year), row, **JSON)

    assert again.status_code == 200
    assert Assessment.objects.get(report=year.reports["working"]).revision == 2


@pytest.mark.parametrize("text", ["tolv", "1.200,5", "1e99", "1,23456", "NaN", "Infinity"])
def test_what_is_no_number_is_said_beside_it_and_stores_nothing(year, as_persona, text):
    client = as_persona("manager")
    key = f"v-{year.indicators['city_indicator'].pk}-T"
    row = {f"{key}-seen": "1:x", f"{key}-value": text}

    answer = client.post(_address(year), row, **JSON)

    assert list(answer.json()["errors"][key]) == ["value"]
    stored = Value.objects.get(
        indicator=year.indicators["city_indicator"], period=year.periods["t2"]
    )
    assert stored.value == Decimal("83.5")


def test_a_number_and_not_measured_is_asked_about(year, as_persona):
    key = f"v-{year.indicators['city_indicator'].pk}-T"
    row = {f"{key}-seen": "1:x", f"{key}-value": "3", f"{key}-is_not_measured": "on"}

    answer = as_persona("manager").post(_address(year), row, **JSON)

    assert list(answer.json()["errors"][key]) == ["is_not_measured"]


def test_a_share_is_worked_out_from_its_parts(year, as_persona):
    Indicator.objects.filter(pk=year.indicators["unit_indicator"].pk).update(
        has_parts=True, revision=2
    )
    Value.objects.filter(indicator=year.indicators["unit_indicator"]).delete()
    key = f"v-{year.indicators['unit_indicator'].pk}-T"
    row = {f"{key}-seen": "0:x", f"{key}-numerator": "47", f"{key}-denominator": "60"}

    as_persona("manager").post(_address(year), row, **JSON)

    value = Value.objects.get(indicator=year.indicators["unit_indicator"])
    assert (value.numerator, value.denominator, value.value) == (47, 60, Decimal("78.3333"))


def test_fewer_than_five_of_a_gender_are_told_only_in_the_total(year, as_persona):
    Indicator.objects.filter(pk=year.indicators["unit_indicator"].pk).update(
        has_parts=True, by_gender=True, revision=2
    )
    key = f"v-{year.indicators['unit_indicator'].pk}-M"
    row = {f"{key}-seen": "0:x", f"{key}-numerator": "1", f"{key}-denominator": "4"}

    answer = as_persona("manager").post(_address(year), row, **JSON)

    assert list(answer.json()["errors"][key]) == ["denominator"]


def test_rows_of_other_units_are_not_of_this_report(year, as_persona):
    other = year.indicators["other_indicator"].pk
    row = {f"v-{other}-T-seen": "0:x", f"v-{other}-T-value": "1"}

    answer = as_persona("manager").post(_address(year), row, **JSON)

    assert (answer.status_code, "seen" in answer.json()) == (409, False)
    assert not Value.objects.filter(indicator=other, unit=year.units["unit"]).exists()


def test_what_is_written_after_handing_in_is_shown_to_copy(year, as_persona):
    client = as_persona("manager")
    fields = _page_fields(client.get(_address(year)))
    hand_in(year.reports["working"], year.people["acting_manager"])

    response = client.post(_address(year), fields | {"summary-summary": "Mina sista ord"})
    live = client.post(_address(year), fields | {"summary-summary": "Mina sista ord"}, **JSON)

    assert (response.status_code, live.status_code) == (409, 409)
    assert "Mina sista ord" in response.content.decode()
    assert Report.objects.get(pk=year.reports["working"].pk).summary != "Mina sista ord"


def test_a_report_begins_with_one_press_and_only_for_its_writer(year, as_persona):
    address = _address(year, period="vb")
    fields = {"form_token": uuid4()}

    answers = {
        name: as_persona(name).post(address, fields | {"form_token": uuid4()}).status_code
        for name in ("controller", "employee", "manager")
    }

    assert answers == {"controller": 403, "employee": 404, "manager": 302}
    assert Report.objects.filter(period=year.periods["vb"]).count() == 1


def test_a_period_of_another_board_asks_nothing_of_the_unit(year, as_persona):
    assert as_persona("manager").get(_address(year, period="other_t2")).status_code == 404


def test_everyone_reads_what_was_handed_in_and_never_what_is_written(year, as_persona):
    address = reverse("goals:report_read", args=[year.reports["accepted"].pk])

    page = as_persona("stranger").get(address).content.decode()

    assert canary("accepted-skäl") in page
    assert canary("controllerns ord") not in page
    hidden = reverse("goals:report_read", args=[year.reports["working"].pk])
    assert as_persona("stranger").get(hidden).status_code == 404


def test_what_was_returned_still_shows_as_it_was_handed_in(year, as_persona):
    report = year.reports["returned"]
    Assessment.objects.filter(report=report).update(
        reason="Hemliga nya ord", revision=F("revision") + 1
    )
    address = reverse("goals:report_read", args=[report.pk])

    page = as_persona("stranger").get(address).content.decode()

    assert canary("returned-skäl") in page
    assert "Hemliga nya ord" not in page


def test_the_controller_returns_with_a_comment_or_accepts(year, as_persona):
    report = hand_in(year.reports["working"], year.people["manager"])
    client, address = as_persona("controller"), reverse("goals:report_review", args=[report.pk])
    told = {"revision": report.revision, "decision": "return"}

    empty = client.post(address, told | {"form_token": uuid4()})
    returned = client.post(address, told | {"comment": "Vad var orsaken?", "form_token": uuid4()})

    report.refresh_from_db()
    assert (empty.status_code, returned.status_code) == (200, 302)
    assert report.status == Report.Status.RETURNED
    page = as_persona("manager").get(_address(year)).content.decode()
    assert "Vad var orsaken?" in page


def test_the_manager_does_not_accept_their_own(year, as_persona):
    report = hand_in(year.reports["working"], year.people["manager"])
    told = {"revision": report.revision, "decision": "accept", "form_token": uuid4()}

    answers = {
        name: as_persona(name)
        .post(reverse("goals:report_review", args=[report.pk]), told | {"form_token": uuid4()})
        .status_code
        for name in ("manager", "manager_above", "stranger", "other_controller", "controller")
    }

    assert answers == {
        "manager": 403,
        "manager_above": 403,
        "stranger": 403,
        "other_controller": 403,
        "controller": 302,
    }
