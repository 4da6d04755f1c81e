"""A record: finished by the holder, answered by each apart, opened again, corrected, read."""

from io import BytesIO
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.urls import reverse
from pypdf import PdfReader

from dialogues.actions.confirming import reopen_talk
from dialogues.actions.steps import StepRefusedError
from dialogues.models import Confirmation, Talk, TalkStep, TalkVersion
from dialogues.tests.joint import expectations_of
from dialogues.tests.records import (
    SAID,
    Outcome,
    answer,
    build_talk,
    build_template,
    correct,
    finish,
    fresh,
    reopen,
    rows_of,
    write,
)
from goals.models import Expectation
from stockholm_quality.tests.side_by_side import side_by_side
from units.drafts import save_draft, unsaved_texts
from units.wall import acting_as, upkeep

REMARK = "Jag ser det sista annorlunda åäö"


def _url(name, talk, *more):
    return reverse(f"dialogues:{name}", args=[talk.pk, *more])


def _sent(**fields):
    return {"form_token": str(uuid4()), **fields}


def _answer(talk, outcome=Outcome.CONFIRMED, words="", number=1, sure=True):
    more = {"sure": "1"} if sure else {}
    return _sent(outcome=outcome, words=words, number=number, **more)


# --- Finished ----------------------------------------------------------------------------------


def test_the_holder_sees_the_record_as_it_will_be_frozen_and_finishes_it(world, as_persona):
    talk = build_talk(world)
    client = as_persona("manager")
    page = client.get(_url("talk_document", talk))

    done = client.post(_url("talk_document", talk), _sent(mark=page.context["mark"]))

    text = page.content.decode()
    assert SAID in text
    assert "official document" in text or "allmän handling" in text
    assert (done.status_code, done.url) == (302, _url("talk_confirm", talk))
    assert fresh(talk).status == Talk.Status.DOCUMENTED
    (version,) = rows_of(TalkVersion, talk=talk)
    assert version.snapshot["parts"][0]["text"] == SAID


def test_what_seems_unfinished_is_asked_and_stops_nobody(world, as_persona):
    talk = build_talk(world)
    client = as_persona("manager")

    page = client.get(_url("talk_document", talk))

    assert any("Medarbetarens ord" in question for question in page.context["unfinished"])
    assert (
        client.post(_url("talk_document", talk), _sent(mark=page.context["mark"])).status_code
        == 302
    )


def test_an_empty_record_is_not_finished(world, as_persona):
    talk = build_talk(world, words="", who="teammate_0")
    client = as_persona("manager")
    page = client.get(_url("talk_document", talk))

    sent = client.post(_url("talk_document", talk), _sent(mark=page.context["mark"]), follow=True)

    assert page.context["is_empty"]
    assert 'name="mark"' not in page.content.decode()
    assert [str(message) for message in sent.context["messages"]]
    assert rows_of(TalkVersion) == []


def test_what_is_agreed_on_is_a_record_without_a_word_beside(world):
    talk = build_talk(world, words="")

    version = finish(talk, by=world.manager)

    assert world.expectation.text in [each["text"] for each in version.snapshot["expectations"]]


def test_a_change_while_one_reads_shows_the_page_anew_with_what_changed(world, as_persona):
    talk = build_talk(world)
    client = as_persona("manager")
    page = client.get(_url("talk_document", talk))
    write(talk, 1, "Ett sent ord", by=world.employee)

    fields = {name: page.context[name] for name in ("mark", "seen")}
    stale = client.post(_url("talk_document", talk), _sent(**fields))

    assert stale.status_code == 409
    assert stale.context["changed_headings"] == ["Medarbetarens ord"]
    assert "Ett sent ord" in stale.content.decode()
    assert rows_of(TalkVersion) == []
    fields = {name: stale.context[name] for name in ("mark", "seen")}
    assert client.post(_url("talk_document", talk), _sent(**fields)).status_code == 302


@pytest.mark.parametrize("name", ["talk_document", "talk_confirm", "talk_reopen", "talk_correct"])
@pytest.mark.parametrize("state", ["planned", "held", "documented", "answered"])
def test_in_the_wrong_state_one_is_told_why_and_led_on(world, as_persona, name, state):
    right = {
        "talk_document": "held",
        "talk_confirm": "documented",
        "talk_reopen": "documented",
        "talk_correct": "answered",
    }
    talk = build_talk(world, state=state)

    page = as_persona("manager").get(_url(name, talk))

    assert page.status_code == (200 if right[name] == state else 302)


@pytest.mark.parametrize("name", ["talk_document", "talk_confirm", "talk_reopen", "talk_correct"])
@pytest.mark.parametrize(
    ("who", "status"),
    [("acting_manager", 403), ("colleague", 404), ("hr", 404), ("manager_above", 404)],
)
def test_the_way_of_the_record_is_for_the_two(world, as_persona, name, who, status):
    talk = build_talk(world, state="documented")

    assert as_persona(who).get(_url(name, talk)).status_code == status


def test_the_employee_does_not_finish_the_record(world, as_persona):
    talk = build_talk(world)

    assert as_persona("employee").get(_url("talk_document", talk)).status_code == 403


# --- Answered ----------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", list(Outcome))
def test_each_answers_apart_after_having_looked_it_over(world, as_persona, outcome):
    talk = build_talk(world, state="documented")
    client = as_persona("employee")
    words = "" if outcome == Outcome.CONFIRMED else REMARK

    read = client.get(_url("talk_confirm", talk))
    sure = client.post(_url("talk_confirm", talk), _answer(talk, outcome, words, sure=False))
    kept_before = rows_of(Confirmation)
    done = client.post(_url("talk_confirm", talk), _answer(talk, outcome, words))

    assert SAID in read.content.decode()
    assert (sure.status_code, kept_before) == (200, [])
    assert words in sure.content.decode()
    assert done.status_code == 302
    (given,) = rows_of(Confirmation)
    assert (given.outcome, given.words, given.person_id) == (outcome, words, world.employee.pk)
    assert fresh(talk).status == Talk.Status.DOCUMENTED


def test_going_back_from_the_last_look_keeps_the_words(world, as_persona):
    talk = build_talk(world, state="documented")

    page = as_persona("employee").post(
        _url("talk_confirm", talk),
        _answer(talk, Outcome.DECLINED, REMARK, sure=False) | {"change": "1"},
    )

    assert page.context["form"]["words"].value() == REMARK
    assert rows_of(Confirmation) == []


@pytest.mark.parametrize("outcome", [Outcome.WITH_REMARK, Outcome.DECLINED])
def test_a_remark_and_a_refusal_need_words(world, as_persona, outcome):
    talk = build_talk(world, state="documented")

    page = as_persona("manager").post(_url("talk_confirm", talk), _answer(talk, outcome, "  "))

    assert "words" in page.context["form"].errors
    assert rows_of(Confirmation) == []


def test_each_sees_the_other_s_answer_once_it_is_given(world, as_persona):
    talk = build_talk(world, state="documented")
    answer(talk, by=world.manager, outcome=Outcome.WITH_REMARK, words=REMARK)

    page = as_persona("employee").get(_url("talk_confirm", talk))

    assert REMARK in page.content.decode()


def test_another_version_than_the_one_read_is_shown_with_what_was_written(world, as_persona):
    talk = build_talk(world, state="documented")
    reopen(talk, "Ett ord saknas", by=world.manager)
    write(talk, 1, "Det nya ordet", by=world.employee)
    finish(talk, by=world.manager)

    page = as_persona("employee").post(
        _url("talk_confirm", talk), _answer(talk, Outcome.DECLINED, REMARK, number=1)
    )

    text = page.content.decode()
    assert page.status_code == 409
    assert REMARK in text
    assert "Det nya ordet" in text
    assert page.context["form"]["number"].value() == "2"
    assert rows_of(Confirmation) == []


@pytest.mark.parametrize("number", ["0", "2", "99999", "-1", "x", ""])
def test_a_wrong_number_answers_nothing(world, as_persona, number):
    talk = build_talk(world, state="documented")

    page = as_persona("employee").post(_url("talk_confirm", talk), _answer(talk, number=number))

    assert page.status_code in {200, 409}
    assert rows_of(Confirmation) == []


def test_who_has_answered_is_shown_what_they_wrote_a_second_time(world, as_persona):
    talk = build_talk(world, state="documented")
    answer(talk, by=world.employee)

    again = as_persona("employee").post(
        _url("talk_confirm", talk), _answer(talk, Outcome.DECLINED, REMARK)
    )
    look = as_persona("employee").get(_url("talk_confirm", talk))

    assert again.status_code == 409
    assert REMARK in again.content.decode()
    assert (look.status_code, look.url) == (302, _url("record", talk))
    assert len(rows_of(Confirmation)) == 1


@pytest.mark.parametrize(
    ("name", "state", "key"),
    [("talk_correct", "answered", "correct"), ("talk_reopen", "documented", "reopen")],
)
def test_what_is_being_written_comes_back(world, as_persona, name, state, key):
    talk = build_talk(world, state=state)
    client = as_persona("employee")
    client.post("/utkast/", _sent(key=f"{key}:{talk.pk}", reason=REMARK))

    page = client.get(_url(name, talk))

    assert page.context["form"]["reason"].value() == REMARK
    assert f'data-draft-key="{key}:{talk.pk}"' in page.content.decode()
    assert REMARK not in as_persona("manager").get(_url(name, talk)).content.decode()


def test_a_text_that_was_not_sent_is_found_again(world):
    talk = build_talk(world, state="documented")
    addresses = {
        f"answer:{talk.pk}": _url("talk_confirm", talk),
        f"reopen:{talk.pk}": _url("talk_reopen", talk),
        f"correct:{talk.pk}": _url("talk_correct", talk),
        "access:7": "/samtal/atkomst/?employment=7",
    }
    fields = {"words": [REMARK], "number": ["1"], "outcome": ["DECLINED"]}
    with acting_as(world.employee):
        for key in addresses:
            save_draft(author=world.employee, key=key, fields=fields)
        found = unsaved_texts(world.employee)

    assert {each.key: each.url for each in found} == addresses
    assert [each.texts for each in found] == [[REMARK]] * len(addresses)


def test_the_draft_of_an_answer_comes_back_and_goes_with_the_answer(world, as_persona):
    talk = build_talk(world, state="documented")
    client = as_persona("employee")
    client.post("/utkast/", _sent(key=f"answer:{talk.pk}", words=REMARK, number="7"))

    page = client.get(_url("talk_confirm", talk))
    client.post(_url("talk_confirm", talk), _answer(talk))

    assert page.context["form"]["words"].value() == REMARK
    assert page.context["form"]["number"].value() == 1
    with acting_as(world.employee):
        assert not world.employee.drafts.exists()


# --- Opened again, and corrected ---------------------------------------------------------------


def test_either_opens_it_again_with_a_reason_until_both_have_answered(world, as_persona):
    talk = build_talk(world, state="documented")
    answer(talk, by=world.manager)
    client = as_persona("employee")

    empty = client.post(_url("talk_reopen", talk), _sent(reason=" "))
    done = client.post(_url("talk_reopen", talk), _sent(reason="Ett ord saknas"))

    assert "reason" in empty.context["form"].errors
    assert done.status_code == 302
    assert fresh(talk).status == Talk.Status.HELD
    finish(talk, by=world.manager)
    page = client.get(_url("record", talk))
    assert "Ett ord saknas" in page.content.decode()
    assert len(rows_of(TalkVersion, talk=talk)) == 2


def test_a_result_stands_with_how_it_was_to_show(world, as_persona):
    (expectation,) = expectations_of(world, world.year - 1)
    with upkeep():
        Expectation.objects.filter(pk=expectation.pk).update(
            sign="Föräldrarna berättar det", revision=F("revision") + 1
        )
    talk = build_talk(world, state="documented")

    assert (
        "Föräldrarna berättar det"
        in as_persona("employee").get(_url("record", talk)).content.decode()
    )


def test_what_was_opened_again_stays_between_the_two(world, as_persona):
    talk = build_talk(world, state="documented")
    answer(talk, by=world.employee, outcome=Outcome.DECLINED, words=REMARK)
    reopen(talk, "Vi skriver om", by=world.manager)
    write(talk, 0, "Omskrivet", by=world.manager, revision=1)
    finish(talk, by=world.manager)
    answer(talk, by=world.manager)
    answer(talk, by=world.employee)
    later = as_persona("acting_manager")

    page = later.get(_url("record", talk)).content.decode()

    assert "Omskrivet" in page
    assert "Vi skriver om" not in page
    assert REMARK not in page
    assert later.get(_url("record_version", talk, 1)).status_code == 404
    assert REMARK in as_persona("manager").get(_url("record_version", talk, 1)).content.decode()
    with acting_as(world.acting_manager):
        assert list(TalkVersion.objects.values_list("number", flat=True)) == [2]


@pytest.mark.parametrize("state", ["held", "documented"])
def test_a_later_manager_reads_nothing_that_both_have_not_answered(world, as_persona, state):
    talk = build_talk(world, state=state)
    later = as_persona("acting_manager")

    page = later.get(_url("record", talk))

    assert (page.status_code, page.url) == (302, talk.get_absolute_url())
    assert later.get(_url("record_version", talk, 1)).status_code == 404


def test_two_versions_are_compared_part_by_part(world, as_persona):
    talk = build_talk(world, state="answered")
    correct(talk, "Fel", by=world.manager)
    write(talk, 1, "Rättade ord", by=world.employee)
    finish(talk, by=world.manager)

    page = as_persona("employee").get(_url("record_version", talk, 2) + "?with=1")
    nonsense = as_persona("employee").get(_url("record_version", talk, 2) + "?with=²")

    changed = [row.label for row in page.context["rows"] if row.changed]
    assert changed == ["Medarbetarens ord"]
    assert nonsense.status_code == 404


def test_headings_are_in_the_reader_s_language(world, as_persona):
    talk = build_talk(world, state="answered")
    world.employee.language = "en"
    world.employee.save()

    english = as_persona("employee").get(_url("record", talk)).content.decode()
    swedish = as_persona("manager").get(_url("record", talk)).content.decode()

    assert "The year that has been" in english
    assert "Året som har gått" in swedish


# --- As a file ---------------------------------------------------------------------------------


def test_the_pdf_says_all_of_it_and_is_marked_for_everyone_to_read(world, as_persona):
    talk = build_talk(world, state="documented")
    answer(talk, by=world.manager)
    answer(talk, by=world.employee, outcome=Outcome.DECLINED, words=REMARK)

    file = as_persona("employee").get(_url("record_pdf", talk, 1))

    reader = PdfReader(BytesIO(file.content))
    text = " ".join(page.extract_text() for page in reader.pages)
    text = " ".join(text.split())
    assert file["Content-Type"] == "application/pdf"
    assert "attachment" in file["Content-Disposition"]
    assert str(world.employee.family_name) not in file["Content-Disposition"]
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert "pdfuaid" in reader.trailer["/Root"]["/Metadata"].get_data().decode()
    for said in (SAID, REMARK, "Året som har gått", str(world.employee), str(world.manager)):
        assert said in text
    assert reader.metadata.title


@pytest.mark.parametrize("state", ["documented", "answered"])
def test_a_pdf_of_what_does_not_hold_says_so(world, as_persona, state):
    talk = build_talk(world, state=state)

    page = as_persona("employee").get(_url("record", talk))
    file = as_persona("employee").get(_url("record_pdf", talk, 1))

    notice = page.context["chosen"].notice
    text = PdfReader(BytesIO(file.content)).pages[0].extract_text()
    assert bool(notice) == (state == "documented")
    if notice:
        assert " ".join(notice.split()) in " ".join(text.split())


# --- Reminded ----------------------------------------------------------------------------------


def test_the_other_is_reminded_once_a_day_by_a_letter_that_tells_nothing(
    world, as_persona, mailoutbox, django_capture_on_commit_callbacks
):
    talk = build_talk(world, state="documented")
    answer(talk, by=world.manager)
    client = as_persona("manager")

    with django_capture_on_commit_callbacks(execute=True):
        first = client.post(_url("talk_remind", talk), _sent())
        second = client.post(_url("talk_remind", talk), _sent())

    assert (first.status_code, second.status_code) == (302, 302)
    (letter,) = mailoutbox
    assert letter.to == [world.employee.email]
    assert _url("talk_confirm", talk) in letter.body
    for name in (world.manager, world.employee):
        assert name.family_name not in letter.subject + letter.body
    assert SAID not in letter.body
    assert len(rows_of(TalkStep, talk=talk, action="remind")) == 1
    assert as_persona("employee").get(_url("talk_confirm", talk)).context["reminded"]


def test_nobody_reminds_themselves(world, as_persona, mailoutbox):
    talk = build_talk(world, state="documented")
    answer(talk, by=world.employee)

    page = as_persona("manager").post(_url("talk_remind", talk), _sent(), follow=True)

    assert [message.level_tag for message in page.context["messages"]] == ["error"]
    assert mailoutbox == []


# --- At the same moment ------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_both_answer_at_the_same_moment_and_it_is_answered_once(world, as_persona):
    template = build_template()
    for who in ("employee", "colleague", "representative"):
        talk = build_talk(world, state="documented", who=who, template=template)
        clients = [as_persona(who), as_persona("manager")]

        answers = side_by_side(
            *(
                lambda client=client, talk=talk: client.post(
                    _url("talk_confirm", talk), _answer(talk)
                )
                for client in clients
            )
        )

        assert [each.status_code for each in answers] == [302, 302]
        steps = rows_of(TalkStep, talk=talk, to_status=Talk.Status.CONFIRMED)
        assert len(steps) == 1
        assert fresh(talk).status == Talk.Status.CONFIRMED
        assert len(rows_of(Confirmation, talk=talk)) == 2


@pytest.mark.django_db(transaction=True)
def test_two_windows_of_each_answer_once_each(world, as_persona):
    talk = build_talk(world, state="documented")

    answers = side_by_side(
        *(
            lambda who=who, words=words: as_persona(who).post(
                _url("talk_confirm", talk), _answer(talk, Outcome.WITH_REMARK, words)
            )
            for who in ("employee", "manager")
            for words in (f"Första {REMARK}", f"Andra {REMARK}")
        )
    )

    for pair in (answers[:2], answers[2:]):
        assert sorted(each.status_code for each in pair) == [302, 409]
        (lost,) = (each for each in pair if each.status_code == 409)
        assert REMARK in lost.content.decode()
    assert len(rows_of(Confirmation, talk=talk)) == 2
    assert fresh(talk).status == Talk.Status.CONFIRMED


@pytest.mark.django_db(transaction=True)
def test_three_presses_finish_once(world, as_persona):
    talk = build_talk(world)
    mark = as_persona("manager").get(_url("talk_document", talk)).context["mark"]
    fields = _sent(mark=mark)

    answers = side_by_side(
        *[lambda: as_persona("manager").post(_url("talk_document", talk), fields)] * 3
    )

    assert {each.status_code for each in answers} == {302}
    assert len(rows_of(TalkVersion, talk=talk)) == 1


@pytest.mark.django_db(transaction=True)
def test_answered_or_opened_again_never_both(world, as_persona):
    talk = build_talk(world, state="documented")
    answer(talk, by=world.manager)

    answered, opened = side_by_side(
        lambda: as_persona("employee").post(_url("talk_confirm", talk), _answer(talk)),
        lambda: as_persona("manager").post(_url("talk_reopen", talk), _sent(reason=REMARK)),
    )

    status = fresh(talk).status
    if status == Talk.Status.CONFIRMED:
        assert opened.status_code == 409
        assert REMARK in opened.content.decode()
    else:
        assert status == Talk.Status.HELD
        assert opened.status_code == 302
        assert rows_of(Confirmation, talk=talk, party="EMPLOYEE") == []
    assert answered.status_code == 302


# --- Written once ------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["talkversion", "confirmation", "talkstep"])
@pytest.mark.parametrize("command", ["UPDATE {table} SET talk_id = talk_id", "DELETE FROM {table}"])
def test_what_was_answered_is_changed_by_nobody(world, table, command):
    build_talk(world, state="answered")

    statement = command.format(table=f"dialogues_{table}")
    with (
        acting_as(world.manager),
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_a_stranger_opens_nothing_again_by_the_action_itself(world):
    talk = build_talk(world, state="documented")

    with acting_as(world.colleague), pytest.raises(StepRefusedError):
        reopen_talk(talk=talk, reason="Nyfiken", by=world.colleague)
    assert fresh(talk).status == Talk.Status.DOCUMENTED
