"""The extract from the register: all about oneself, nothing about others, and nothing forgotten."""

import json
from io import BytesIO

import pytest
from django.apps import apps
from django.urls import reverse
from pypdf import PdfReader

from dialogues.models import Reading
from dialogues.own_data import SUBJECTS, TOLD_ELSEWHERE, own_data
from stockholm_quality.tests.world import World, canary
from units.models import User
from units.wall import acting_as

OWN = {
    ("units.draft", "author"),
    ("units.employment", "person"),
    ("units.roleassignment", "person"),
    ("units.protectedidentitykeeper", "person"),
    ("units.delegation", "delegate"),
    ("goals.activity", "responsible"),
    ("goals.reminderrecipient", "person"),
    ("dialogues.talk", "employee"),
    ("dialogues.expectationresult", "employee"),
    ("dialogues.competenceneed", "employee"),
    ("dialogues.criteriaacknowledgement", "person"),
    ("dialogues.accessgrant", "employee"),
    ("dialogues.reading", "employee"),
}


def test_every_relation_to_a_person_is_declared():
    relations = {
        (model._meta.label_lower, field.name)
        for model in apps.get_models()
        if model._meta.app_label in {"units", "goals", "dialogues"}
        and not hasattr(model, "pgh_tracked_model")
        for field in model._meta.get_fields()
        if field.is_relation and field.concrete and field.related_model is User
    }
    assert relations == OWN | TOLD_ELSEWHERE


def test_every_declared_relation_has_a_chapter():
    told = {subject.model._meta.label_lower for subject in SUBJECTS}
    assert {model for model, _field in OWN} <= told


def test_the_file_holds_what_is_ones_own_and_nothing_of_others(world: World, as_persona):
    page = as_persona("employee").get(reverse("dialogues:own_data_json"))

    data = json.loads(page.content)
    text = json.dumps(data, ensure_ascii=False)
    assert canary("expectation") in text
    assert canary("withdrawn_expectation") in text
    assert canary("colleagues_expectation") not in text
    assert canary("namn-manager") not in text
    assert data["chapters"]["account"][0]["account_name"] == "employee"


def test_the_document_reads_as_the_file(world: World, as_persona):
    page = as_persona("employee").get(reverse("dialogues:own_data_pdf"))

    text = "".join(each.extract_text() for each in PdfReader(BytesIO(page.content)).pages)
    assert canary("expectation") in text.replace("\n", "")
    assert canary("namn-manager") not in text.replace("\n", "")


@pytest.mark.parametrize("route", ["own_data_pdf", "own_data_json"])
def test_taking_it_out_is_noted(world: World, as_persona, route):
    as_persona("employee").get(reverse(f"dialogues:{route}"))

    with acting_as(world.people["employee"]):
        assert Reading.objects.get().what == Reading.What.OWN_DATA


def test_whoever_else_asks_for_it_sees_less(world: World):
    with acting_as(world.people["stranger"]):
        chapters = {each.subject.key: each.rows for each in own_data(world.people["employee"])}

    assert not chapters["expectations"]
    assert not chapters["earlier_expectations"]
