"""Documents of one report: who gets which, and that both files say the same."""

from io import BytesIO

import docx
import pytest
from django.urls import reverse
from pypdf import PdfReader

from goals.models import ReportVersion
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
