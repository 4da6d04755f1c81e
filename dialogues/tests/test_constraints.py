"""What the database refuses of the talks, whoever asks. One row for each named constraint."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.db.utils import Error
from django.utils import timezone

from dialogues.models import (
    Answer,
    Confirmation,
    CriteriaAcknowledgement,
    Criterion,
    CriterionStep,
    CriterionView,
    CriterionWeighing,
    ExpectationResult,
    Preparation,
    Reading,
    RecordPart,
    RoundChoice,
    Section,
    TalkTemplate,
    TalkVersion,
    TemplateVersion,
)
from goals.tests.rows import again, change
from stockholm_quality.tests.world import scene
from stockholm_quality.tests.world_talks import build_talks


@pytest.fixture
def talks(world):
    """The world with talks in every state."""
    build_talks(world)
    return world


def another_talk(w, **fields):
    """One like a planned talk, of a year that has none."""
    again(w.talks["planned"], **{"calendar_uid": uuid4(), "year": w.year + 9, **fields})


def shared(w):
    return Preparation.objects.get(talk=w.talks["half_shared"], shared_at__isnull=False)


def unshared(w):
    return Preparation.objects.get(talk=w.talks["half_shared"], shared_at__isnull=True)


def confirmation(w):
    """The employee's, to a record that the manager has not answered once it is moved there."""
    return Confirmation.objects.get(talk=w.talks["documented"])


def result(w):
    return ExpectationResult.objects.get(party="EMPLOYEE")


def choice(w):
    return RoundChoice.objects.create(
        round=w.rounds["planned"],
        employment=w.employments["employee"],
        decision="INCLUDE",
        decided_at=timezone.now(),
        decided_by=w.people["hr"],
    )


def template(w):
    return TalkTemplate.objects.get(code="sodermalm")


def version(w):
    return TemplateVersion.objects.get(template=template(w))


def section(w):
    return Section.objects.get(version=version(w))


def criteria(w):
    return w.criteria_sets["draft"]


def criterion(w):
    return Criterion.objects.get(criteria_set=criteria(w))


def step(w):
    return CriterionStep.objects.filter(criterion=criterion(w)).first()


FORBIDDEN_IN_THE_TALKS = {
    # Talks
    "talk_once_a_year": lambda w: another_talk(w, year=w.year),
    "talk_kind_is_known": lambda w: another_talk(w, kind="CHAT"),
    "talk_status_fits_its_dates": lambda w: change(w.talks["planned"], status="HELD"),
    "talk_is_between_two": lambda w: change(w.talks["planned"], holder=w.people["employee"]),
    "talk_brought_along_is_confirmed": lambda w: change(
        w.talks["held"], brought_to=w.employments["neighbour"]
    ),
    "talk_confirmed_version_exists": lambda w: change(w.talks["confirmed"], confirmed_version=2),
    "talk_time_one_accepted": lambda w: again(
        w.times["accepted"], starts_at=timezone.now() + timedelta(days=9)
    ),
    "talk_time_proposed_once": lambda w: again(w.times["proposed"]),
    "talk_time_lasts_a_while": lambda w: change(w.times["proposed"], minutes=9),
    "talk_time_state_is_known": lambda w: change(w.times["proposed"], state="MAYBE"),
    # Who reads
    "access_grant_has_reason": lambda w: again(w.grants["running"], reason=""),
    "access_grant_is_limited": lambda w: again(
        w.grants["running"], ends_at=w.grants["running"].opened_at
    ),
    "access_grant_is_for_another": lambda w: again(
        w.grants["running"], reader_id=w.people["colleague"].pk
    ),
    "reading_in_need_has_grant": lambda w: again(Reading.objects.get(), grant_id=None),
    # Before the talk
    "preparation_number_once": lambda w: again(shared(w)),
    "preparation_one_unshared": lambda w: again(unshared(w), number=2),
    "answer_once_for_a_section": lambda w: again(Answer.objects.first()),
    "criterion_view_once": lambda w: again(CriterionView.objects.first()),
    # The record
    "record_part_once": lambda w: again(RecordPart.objects.first()),
    "criterion_weighing_once": lambda w: again(CriterionWeighing.objects.get()),
    "talk_version_number_once": lambda w: again(
        TalkVersion.objects.get(talk=w.talks["documented"])
    ),
    "confirmation_once_each": lambda w: again(confirmation(w)),
    "confirmation_says_why": lambda w: again(
        confirmation(w), party="EMPLOYEE", outcome="DECLINED", words=""
    ),
    "confirmation_party_is_known": lambda w: again(confirmation(w), party="UNION"),
    "result_once_each": lambda w: again(result(w)),
    "result_outcome_is_known": lambda w: change(result(w), outcome="SO-SO"),
    # The competence plan
    "competence_need_has_words": lambda w: change(w.needs_of_talks["open"], need=""),
    "competence_source_is_known": lambda w: change(w.needs_of_talks["open"], source="WHIM"),
    "competence_state_fits": lambda w: change(w.needs_of_talks["open"], state="DONE"),
    "competence_responsible_is_known": lambda w: change(
        w.needs_of_talks["open"], responsible="UNION"
    ),
    # Rounds
    "round_once": lambda w: again(w.rounds["planned"]),
    "round_ends_after_start": lambda w: change(
        w.rounds["planned"], ends_on=w.rounds["planned"].starts_on - timedelta(days=1)
    ),
    "round_status_is_known": lambda w: change(w.rounds["planned"], status="STARTED"),
    "round_kind_is_known": lambda w: change(w.rounds["planned"], kind="CHAT"),
    "round_is_of_a_year": lambda w: change(w.rounds["planned"], year=26),
    "round_choice_once_for_an_employment": lambda w: again(choice(w)),
    "round_choice_is_known": lambda w: change(choice(w), decision="MAYBE"),
    # Templates
    "talk_template_kind_is_known": lambda w: change(template(w), kind="CHAT"),
    "talk_template_audience_is_known": lambda w: change(template(w), audience="UNION"),
    "talk_template_has_code_and_name": lambda w: change(template(w), name=""),
    "template_version_number_once": lambda w: again(version(w), published_at=timezone.now()),
    "template_version_one_draft": lambda w: again(version(w), number=2),
    "template_version_published_by_then": lambda w: change(version(w), published_by=w.people["hr"]),
    "section_order_once": lambda w: again(section(w)),
    "section_owner_is_known": lambda w: change(section(w), owner="UNION"),
    "section_of_both_is_shared": lambda w: change(section(w), owner="JOINT", visibility="OWN"),
    "section_shows_is_known": lambda w: change(section(w), shows="WEATHER"),
    "section_has_heading": lambda w: change(section(w), heading=""),
    # Pay criteria
    "criteria_set_once": lambda w: again(criteria(w)),
    "criteria_set_correction_has_reason": lambda w: again(criteria(w), number=2),
    "criteria_set_is_of_a_year": lambda w: change(criteria(w), year=26),
    "criteria_set_published_by_then": lambda w: change(criteria(w), published_by=w.people["hr"]),
    "criterion_order_once": lambda w: again(criterion(w)),
    "criterion_has_name": lambda w: change(criterion(w), name=""),
    "criterion_step_number_once": lambda w: again(step(w)),
    "criterion_step_has_words": lambda w: change(step(w), words=""),
    "criteria_acknowledged_once": lambda w: again(
        CriteriaAcknowledgement.objects.create(
            person=w.people["employee"], criteria_set=w.criteria_sets["board_0"]
        )
    ),
    # Who stands in for the manager
    "delegation_ends_after_start": lambda w: change(
        w.delegations["delegate"], ends_on=w.delegations["delegate"].starts_on - timedelta(days=1)
    ),
    "delegation_once_at_a_time": lambda w: again(w.delegations["delegate"]),
}


def refused_by(write, world):
    """The name of the constraint that stops the write."""
    with pytest.raises(Error) as caught, scene():
        _write_and_ask_at_once(write, world)
    return caught.value.__cause__.diag.constraint_name


def _write_and_ask_at_once(write, world):
    """Some constraints would wait for the end of the transaction."""
    write(world)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("name", FORBIDDEN_IN_THE_TALKS)
def test_the_database_refuses_in_the_talks(talks, name):
    assert refused_by(FORBIDDEN_IN_THE_TALKS[name], talks) == name
