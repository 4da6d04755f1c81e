"""A record that both have answered, corrected: what is corrected, and what stands as it was."""

import pytest
from django.urls import reverse

from dialogues.actions.competence import add_need, drop_need
from dialogues.models import Talk, TalkVersion
from dialogues.tests.records import (
    SAID,
    answer,
    build_talk,
    correct,
    finish,
    fresh,
    rows_of,
    write,
)
from goals.actions import change_expectation
from units.wall import acting_as


def _url(name, talk, *more):
    return reverse(f"dialogues:{name}", args=[talk.pk, *more])


def test_a_correction_is_a_new_version_and_the_old_holds_until_both_have_answered(
    world, as_persona, token
):
    talk = build_talk(world, state="answered")
    done = as_persona("employee").post(
        _url("talk_correct", talk), {"reason": "Fel datum i texten"} | token()
    )
    assert done.status_code == 302
    write(talk, 1, "Rättade ord", by=world.employee)
    later = as_persona("acting_manager")
    assert SAID in later.get(_url("record", talk)).content.decode()

    finish(talk, by=world.manager)
    answer(talk, by=world.manager)
    waiting = later.get(_url("record", talk)).content.decode()
    hidden = [
        later.get(_url("record_version", talk, 2)).status_code,
        later.get(_url("record_pdf", talk, 2)).status_code,
        later.get(_url("record_version", talk, 1) + "?with=2").status_code,
    ]
    answer(talk, by=world.employee)
    at_last = later.get(_url("record", talk)).content.decode()

    assert "Rättade ord" not in waiting
    assert hidden == [404, 404, 404]
    assert "Rättade ord" in at_last
    assert "Fel datum i texten" in at_last
    assert fresh(talk).confirmed_version == 2


def test_a_corrected_talk_was_answered_when_both_first_did(world):
    talk = build_talk(world, state="answered")
    correct(talk, "Fel", by=world.manager)
    finish(talk, by=world.manager)
    answer(talk, by=world.manager)
    answer(talk, by=world.employee)

    corrected = fresh(talk)
    assert (corrected.confirmed_version, corrected.status) == (2, Talk.Status.CONFIRMED)
    assert corrected.confirmed_at == talk.confirmed_at


@pytest.mark.django_db(transaction=True)
def test_a_correction_leaves_what_nobody_corrects_as_it_was_answered(world, as_persona):
    said, employment = world.expectation, world.employments["employee"]
    fields = {"source": "OWN_WISH", "activity": "Kurs"}

    def need(text, by):
        with acting_as(by):
            return add_need(employment=employment, fields=fields | {"need": text}, by=by)

    def reword(text, revision):
        with acting_as(world.manager):
            change_expectation(
                expectation=said,
                revision=revision,
                goal=said.goal,
                text=text,
                sign="",
                by=world.manager,
            )

    kept = need("Leda samtal", world.employee)
    talk = build_talk(world, state="answered")
    need("Nytt i juni", world.employee)
    with acting_as(world.manager):
        drop_need(need=kept, revision=1, reason="Behövs inte", by=world.manager)
    reword("Ny ordalydelse i juni", 1)
    correct(talk, "Fel siffra", by=world.employee)
    untouched = as_persona("manager").get(_url("talk_document", talk)).context["corrects"]
    need("Nytt i rättelsen", world.employee)
    write(talk, 1, "Rättade ord", by=world.employee)
    page = as_persona("manager").get(_url("talk_document", talk))
    finish(talk, by=world.manager)
    answer(talk, by=world.manager)
    answer(talk, by=world.employee)
    correct(talk, "Fel ordalydelse", by=world.employee)
    reword("Rättad ordalydelse", 2)
    finish(talk, by=world.manager)

    def told(version):
        expected = [each["text"] for each in version.snapshot["expectations"]]
        needs = [(each["need"], each["state"]) for each in version.snapshot["competence"]]
        return expected, needs

    first, second, third = map(told, rows_of(TalkVersion, talk=talk))
    assert untouched == []
    assert page.context["corrects"] == ["Medarbetarens ord", "Utveckling"]
    assert second == (first[0], [*first[1], ("Nytt i rättelsen", "OPEN")])
    assert ("Leda samtal", "OPEN") in second[1]
    assert third[1] == second[1]
    assert "Rättad ordalydelse" in third[0]
    assert said.text not in third[0]
