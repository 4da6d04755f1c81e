"""The extract from the register: all about oneself, nothing about others, and nothing forgotten."""

import json
from datetime import timedelta
from io import BytesIO

import pytest
from django.apps import apps
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from dialogues.actions.talks import STARTED
from dialogues.models import (
    AccessGrant,
    Answer,
    CompetenceNeed,
    Confirmation,
    CriterionView,
    ExpectationResult,
    Preparation,
    Reading,
    RecordPart,
    Talk,
    TalkKind,
    TalkVersion,
)
from dialogues.own_data import own_data
from dialogues.own_data_subjects import STEP_WORDS, SUBJECTS, TOLD_ELSEWHERE
from dialogues.states import Action
from dialogues.tests.talk_scenes import S, add_talk
from goals.models import Expectation
from stockholm_quality.tests.access_walk import canaries
from stockholm_quality.tests.world import World, add_expectation, add_person, canary, scene
from stockholm_quality.tests.world_talks import build_talks
from units.models import Draft, Employment, User
from units.wall import acting_as

OURS = {"units", "goals", "dialogues"}
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
    ("dialogues.accessgrant", "reader"),
    ("dialogues.reading", "employee"),
    ("dialogues.reading", "reader"),
}
# What hangs on somebody's employment, expectation or talk, and is told with what hangs on it.
TOLD_WITHIN = {"dialogues.preparation"}
TOLD = {subject.model for subject in SUBJECTS}


def pointing_to(target):
    """(model, field) of all tables and their histories; a history's by the table's own name."""
    return {
        (getattr(model, "pgh_tracked_model", model)._meta.label_lower, field.name)
        for model in apps.get_models()
        if model._meta.app_label in OURS
        for field in model._meta.get_fields()
        if field.is_relation and field.concrete and field.related_model is target
    }


def test_every_relation_to_a_person_is_declared():
    assert pointing_to(User) == OWN | TOLD_ELSEWHERE | {("units.user", "pgh_obj")}


def test_every_declared_relation_has_a_chapter_and_so_has_its_history():
    own = [apps.get_model(label) for label, _field in OWN] + [User]
    kept = {model.pgh_event_model for model in own if hasattr(model, "pgh_event_model")}

    assert set(own) | kept <= TOLD


def test_what_hangs_on_somebodys_employment_expectation_or_talk_has_a_chapter():
    talk = apps.get_model("dialogues.talk")
    labels = {
        label for target in (Employment, Expectation, talk) for label, _ in pointing_to(target)
    }
    models = {apps.get_model(label) for label in labels - TOLD_WITHIN}
    kept = {model.pgh_event_model for model in models if hasattr(model, "pgh_event_model")}

    assert models | kept <= TOLD


def test_every_step_of_a_talk_has_its_words():
    assert STEP_WORDS.keys() == {STARTED, *Action}


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


def test_how_it_has_read_before_is_told_too(world: World, as_persona):
    with scene():
        person = world.people["employee"]
        person.email = "nyadress@example.se"
        person.save()
        employment = world.employments["employee"]
        employment.title = "Kock"
        employment.save()
        role = world.people["employee"].roles.create(
            role="REPRESENTATIVE", unit=world.units["unit"], starts_on=timezone.localdate()
        )
        role.delete()

    chapters = taken_out(as_persona("employee"))

    assert [row["email"] for row in chapters["earlier_account"]][-2:] == [
        "employee@example.se",
        "nyadress@example.se",
    ]
    assert [row["title"] for row in chapters["earlier_employments"]][-1] == "Kock"
    assert [row["pgh_label"] for row in chapters["earlier_roles"]] == ["insert", "delete"]
    assert chapters["earlier_leaves"]
    assert not chapters["roles"]


def test_what_hr_has_asked_for_and_read_is_in_their_own_file_without_names(world, as_persona):
    hr, now = world.people["hr"], timezone.now()
    with scene():
        talk = add_talk(world, "colleague", status=S.CONFIRMED)
        grant = AccessGrant.objects.create(
            employment=world.employments["colleague"],
            employee=world.people["colleague"],
            talk=talk,
            kind=TalkKind.EMPLOYEE,
            year=talk.year,
            reader=hr,
            reason=canary("skäl"),
            opened_at=now,
            ends_at=now + timedelta(days=1),
        )
        Reading.objects.create(
            talk=talk,
            employee=talk.employee,
            reader=hr,
            capacity=Reading.Capacity.NEED,
            what=Reading.What.RECORD,
            grant=grant,
        )

    chapters = taken_out(as_persona("hr"))

    assert [row["reason"] for row in chapters["access_asked"]] == [canary("skäl")]
    assert [row["what"] for row in chapters["own_readings"]] == ["RECORD"]
    assert canary("namn-colleague") not in json.dumps(chapters, ensure_ascii=False)


def test_the_document_calls_steps_and_drafts_by_words(world: World, as_persona):
    with scene():
        add_talk(world, status=S.CLOSED)
        Draft.objects.create(
            author=world.people["employee"],
            key=f"expectation:{world.expectation.pk}",
            fields={"expected_result": ["Fler barn läser"], "revision": ["1"]},
            saved_at=timezone.now(),
        )

    page = as_persona("employee").get(reverse("dialogues:own_data_pdf"))

    text = "".join(each.extract_text() for each in PdfReader(BytesIO(page.content)).pages)
    assert "Fler barn läser" in text
    for code in ("propose_time", "expected result", "expected_result", "revision", "insert"):
        assert code not in text


def test_the_page_counts_what_the_file_holds_and_costs_the_same_however_much(
    world: World, as_persona, django_assert_max_num_queries
):
    client = as_persona("employee")
    chapters = taken_out(client)

    with django_assert_max_num_queries(20):
        page = client.get(reverse("dialogues:own_data"))

    held = {str(title): number for title, number in page.context["held"]}
    assert held == {
        str(subject.title): len(chapters[subject.key])
        for subject in SUBJECTS
        if chapters[subject.key]
    }


def taken_out(client):
    return json.loads(client.get(reverse("dialogues:own_data_json")).content)["chapters"]


def _said_by_or_about():
    """The words of each person: what they wrote or were given to read, and what tells of them."""
    talks = {talk.pk: talk for talk in Talk.objects.all()}
    shared = Preparation.objects.shared().filter(talk__employee_ready_at__isnull=False)
    prepared = [*Answer.objects.all(), *CriterionView.objects.all()]
    rows = [(user.pk, user) for user in User.objects.all()]
    rows += [
        (row.employment.person_id, row) for row in Expectation.objects.select_related("employment")
    ]
    # What a manager prepares is about the employee, and theirs to be told once it is shared.
    rows += [
        (row.author_id, row) for row in prepared if row.author_id == talks[row.talk_id].employee_id
    ]
    for given in (
        Answer.objects.filter(preparation__in=shared, is_own_notes=False),
        CriterionView.objects.filter(preparation__in=shared),
        *(model.objects.all() for model in (RecordPart, TalkVersion, Confirmation)),
    ):
        rows += [(talks[row.talk_id].employee_id, row) for row in given]
    for model in (ExpectationResult, CompetenceNeed, AccessGrant):
        rows += [(row.employee_id, row) for row in model.objects.all()]
    rows += [(row.reader_id, row) for row in AccessGrant.objects.all()]
    words = {user.pk: set() for user in User.objects.all()}
    for person, row in rows:
        words[person] |= canaries(str(vars(row)))
    return words


def test_everybodys_file_holds_all_that_is_said_of_them_and_of_nobody_else(world: World):
    """Of more than fifty people, some of them in talks of every state (P3)."""
    build_talks(world)
    with scene():
        for number in range(20):
            add_person(world, f"new_{number}", "unit")
            add_expectation(world, f"new_{number}", f"new_{number}", "unit_goal")
        words = _said_by_or_about()
    of_others = {
        pk: set().union(*(said for other, said in words.items() if other != pk)) - own
        for pk, own in words.items()
    }
    missing, leaked = {}, {}
    for person in User.objects.all():
        with acting_as(person):
            rows = [each.rows for each in own_data(person)]
        found = canaries(json.dumps(rows, ensure_ascii=False, default=str))
        missing[person.account_name] = words[person.pk] - found
        leaked[person.account_name] = found & of_others[person.pk]

    assert len(words) > 50
    assert {name: said for name, said in missing.items() if said} == {}
    assert {name: said for name, said in leaked.items() if said} == {}
