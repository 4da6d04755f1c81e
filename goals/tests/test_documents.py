"""Documents of one report: who gets which, and that both files say the same."""

from io import BytesIO

import pytest
from django.db.models import F
from django.urls import reverse
from pypdf import PdfReader

from goals.actions.reports import begin_correction
from goals.models import Report
from stockholm_quality.tests.world_year import hand_in


def _get(client, report, kind="pdf", **query):
    return client.get(reverse("goals:report_document", args=[report.pk, kind]), query)


def _pdf_text(content):
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)


@pytest.mark.parametrize("kind", ["pdf", "docx"])
def test_what_is_handed_in_is_a_document_for_everyone(year, as_persona, kind):
    answer = _get(as_persona("stranger"), year.reports["accepted"], kind)

    assert answer.status_code == 200
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "attachment" in answer["Content-Disposition"]
    assert f"F%C3%B6rskolan%20%C3%84ngen.{kind}" in answer["Content-Disposition"]


@pytest.mark.parametrize(
    ("persona", "status"),
    [("manager", 200), ("manager_above", 200), ("controller", 200), ("colleague", 404),
     ("stranger", 404), ("hr", 404), ("other_controller", 404)],
)  # fmt: skip
def test_a_working_copy_is_for_those_who_answer_for_the_unit(year, as_persona, persona, status):
    assert _get(as_persona(persona), year.reports["working"]).status_code == status


def test_what_is_written_after_a_version_shows_only_in_the_working_copy(year, as_persona):
    report = hand_in(year.reports["working"], year.people["manager"])
    begin_correction(
        report=report, revision=report.revision, reason="Fel tal.", by=year.people["manager"]
    )
    Report.objects.filter(pk=report.pk).update(
        summary="Nya ord som ingen har sett", revision=F("revision") + 1
    )
    report.refresh_from_db()

    manager = _pdf_text(_get(as_persona("manager"), report).content)
    stranger = _pdf_text(_get(as_persona("stranger"), report).content)
    assert "Nya ord" in manager
    assert "Nya ord" not in stranger
    report = hand_in(report, year.people["manager"])
    assert "Nya ord" in _pdf_text(_get(as_persona("stranger"), report).content)
    first = _pdf_text(_get(as_persona("stranger"), report, version=1).content)
    assert "Nya ord" not in first
    second = _get(as_persona("stranger"), report)
    assert "Fel tal." in _pdf_text(second.content)


@pytest.mark.parametrize("version", ["0", "3", "x", "-1", "99999999999999999999"])
def test_a_version_that_is_not_there_does_not_exist(year, as_persona, version):
    answer = _get(as_persona("manager"), year.reports["accepted"], version=version)

    assert answer.status_code == 404


def test_nobody_with_protected_identity_is_named(year, as_persona):
    text = _pdf_text(_get(as_persona("controller"), year.reports["accepted"]).content)

    assert "namn-employee" in text.replace("\n", "")
    assert "namn-protected" not in text.replace("\n", "")


def test_a_document_costs_few_queries(year, as_persona, django_assert_max_num_queries):
    client = as_persona("stranger")
    with django_assert_max_num_queries(15):
        _get(client, year.reports["accepted"])
