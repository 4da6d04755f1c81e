"""The preparation: whose it is, how it is written, and that two windows lose nothing."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from dialogues.models import CriterionView, Talk, TalkKind
from dialogues.tests.preparing import (
    JSON,
    NOTES,
    SECRET,
    a_talk,
    address,
    answered,
    answers_of,
    criteria,
    forms_of,
    preparations_of,
    section_of,
    seen_by,
    share,
    waive,
    write,
)
from stockholm_quality.tests.world import PERSONAS, add_delegation, scene
from units.models import Role, RoleAssignment

PAGES = ("preparation", "preparation_share", "preparation_waive", "preparation_other")


@pytest.fixture
def talk(world):
    return a_talk(world)


@pytest.fixture
def two(as_persona):
    return as_persona("employee"), as_persona("manager")


# --- Who -------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_nobody_but_the_two_finds_the_pages(world, talk, as_persona, page):
    write(as_persona("employee"), talk, "Året", SECRET)
    share(as_persona("employee"), talk)
    waive(as_persona("manager"), talk)

    found = {
        name for name in PERSONAS if as_persona(name).get(address(talk, page)).status_code != 404
    }

    assert found == {"employee", "manager"}


def test_a_delegate_prepares_as_holder_and_only_while_the_delegation_lasts(world, as_persona):
    delegation = add_delegation(world, "employee", "colleague")
    talk = a_talk(world, holder=world.people["colleague"])
    client = as_persona("colleague")

    assert write(client, talk, "Chefens", "Väl berett").status_code == 200
    with scene():
        type(delegation).objects.filter(pk=delegation.pk).update(
            starts_on=timezone.localdate() - timedelta(days=9),
            ends_on=timezone.localdate() - timedelta(days=1),
            revision=2,
        )

    assert client.get(address(talk)).status_code == 404
    assert write(client, talk, "Chefens", "För sent").status_code == 404
    assert answers_of(talk) == {"Chefens tankar": "Väl berett"}


def test_the_manager_who_takes_over_gets_nothing_of_the_earlier_ones_draft(world, talk, as_persona):
    old, employee = as_persona("manager"), as_persona("employee")
    write(old, talk, "Chefens", SECRET)
    with scene():
        today = timezone.localdate()
        RoleAssignment.objects.filter(person=world.manager, role=Role.MANAGER).update(
            ends_on=today - timedelta(days=1)
        )
        Talk.objects.filter(pk=talk.pk).update(holder=world.people["acting_manager"], revision=2)
    new = as_persona("acting_manager")

    assert SECRET not in seen_by(new, talk)
    assert old.get(address(talk)).status_code == 404
    write(new, talk, "Chefens", "Nya tankar")
    share(new, talk)
    waive(employee, talk)

    assert SECRET not in seen_by(employee, talk, "preparation_other")
    assert "Nya tankar" in seen_by(employee, talk, "preparation_other")


# --- Writing ---------------------------------------------------------------------------------


def test_each_is_asked_for_their_own_sections_in_the_order_of_the_template(talk, two):
    headings = [
        [each.section.heading for each in client.get(address(talk)).context["sections"]]
        for client in two
    ]

    assert headings == [
        ["Året som gått", "Återkoppling till din chef", "Anteckningar för dig själv"],
        ["Året som gått", "Chefens tankar", "Anteckningar för dig själv"],
    ]


def test_opening_the_page_begins_nothing(talk, two):
    for client in two:
        client.get(address(talk))

    assert preparations_of(talk) == []


def test_what_is_written_is_there_when_one_comes_back(talk, two):
    answer = write(two[0], talk, "Året", SECRET)

    assert answer.json()["errors"] == {}
    assert SECRET in seen_by(two[0], talk)


def test_a_form_without_scripts_saves_all_its_rows(talk, two):
    forms = forms_of(two[0].get(address(talk)))
    data = {f"{key}-seen": form["seen"].value() for key, form in forms.items()}
    data |= {f"{key}-text": f"Text {key}" for key in forms}

    response = two[0].post(f"{address(talk)}?version=1", data, follow=True)

    assert response.redirect_chain == [(address(talk), 302)]
    assert set(answers_of(talk).values()) == {f"Text {key}" for key in forms}


def test_an_untouched_form_begins_nothing(talk, two):
    forms = forms_of(two[0].get(address(talk)))
    data = {f"{key}-seen": form["seen"].value() for key, form in forms.items()}

    two[0].post(f"{address(talk)}?version=1", {**data, **{f"{key}-text": "" for key in forms}})

    assert preparations_of(talk) == []


def test_two_windows_in_one_section_are_shown_both_texts_and_lose_none(talk, two):
    form = forms_of(two[0].get(address(talk)))[f"s-{section_of(talk, 'Året').pk}"]
    seen = form["seen"].value()
    write(two[0], talk, "Året", "Skrivet i ena fönstret", seen=seen)

    second = write(two[0], talk, "Året", "Skrivet i andra fönstret", seen=seen)

    assert second.status_code == 409
    notice = second.json()["conflicts"][form.key]
    assert "Skrivet i ena fönstret" in notice
    assert "Skrivet i andra fönstret" in notice
    assert "Någon annan" not in notice
    assert answers_of(talk)["Året som gått"] == "Skrivet i ena fönstret"
    again = write(
        two[0], talk, "Året", "Skrivet i andra fönstret", seen=second.json()["seen"][form.key]
    )
    assert again.status_code == 200
    assert answers_of(talk)["Året som gått"] == "Skrivet i andra fönstret"


def test_two_windows_without_scripts_show_both_texts_on_the_page(talk, two):
    form = forms_of(two[0].get(address(talk)))[f"s-{section_of(talk, 'Året').pk}"]
    stale = {f"{form.key}-seen": form["seen"].value()}
    write(two[0], talk, "Året", "Första", seen=form["seen"].value())

    page = two[0].post(f"{address(talk)}?version=1", {**stale, f"{form.key}-text": "Andra"})

    assert page.status_code == 409
    assert "Första" in page.content.decode()
    assert forms_of(page)[form.key]["text"].value() == "Andra"


def test_two_windows_in_different_sections_never_meet(talk, two):
    assert write(two[0], talk, "Året", "Ett").status_code == 200
    assert write(two[0], talk, "Återkoppling", "Två").status_code == 200

    assert len(preparations_of(talk)) == 1
    assert answers_of(talk) == {"Året som gått": "Ett", "Återkoppling till din chef": "Två"}


def test_to_send_again_what_got_no_answer_has_no_effect(talk, two):
    first = write(two[0], talk, "Året", "Samma text")
    second = write(two[0], talk, "Året", "Samma text")

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["seen"] == second.json()["seen"]


def test_what_one_sent_without_an_answer_is_not_somebody_elses(talk, two):
    key = f"s-{section_of(talk, 'Året').pk}"
    write(two[0], talk, "Året", "Ett")

    unheard = f"{key}-seen=&{key}-text=Ett"
    answer = write(two[0], talk, "Året", "Ett och två", **{f"{key}-sent": unheard})

    assert answer.status_code == 200
    assert answers_of(talk)["Året som gått"] == "Ett och två"


def test_too_long_a_text_is_refused_in_words_and_kept_in_the_field(talk, two):
    long = "å" * 20_001
    key = f"s-{section_of(talk, 'Året').pk}"

    answer = write(two[0], talk, "Året", long)
    page = two[0].post(f"{address(talk)}?version=1", {f"{key}-seen": "", f"{key}-text": long})

    assert "20" in answer.json()["errors"][key]["text"][0]
    assert forms_of(page)[key]["text"].value() == long
    assert page.context["errors"][0]["label"] == "Året som gått"
    assert preparations_of(talk) == []
    assert write(two[0], talk, "Året", "å\r\n" * 10_000).status_code == 200


def test_hostile_rows_change_nothing(talk, two):
    other = section_of(talk, "Chefens").pk
    data = {f"s-{other}-seen": "", f"s-{other}-text": "Inte min", "s-999999-text": "Ingens"}

    answer = two[0].post(f"{address(talk)}?version=1", data, **JSON)
    page = two[0].post(f"{address(talk)}?version=1", data)

    assert answer.status_code == 409
    assert "Inte min" in page.content.decode()
    assert preparations_of(talk) == []


@pytest.mark.parametrize("seen", ["x", "٣:ab", "9" * 40, "-1:aa", "1:" + "f" * 9000])
def test_a_strange_mark_of_what_was_seen_is_no_fault(talk, two, seen):
    write(two[0], talk, "Året", "Ett")

    assert write(two[0], talk, "Året", "Två", seen=seen).status_code in {200, 409}


def test_a_session_that_has_ended_says_so_to_the_script_and_carries_the_form(talk, two):
    two[0].logout()
    key = f"s-{section_of(talk, 'Året').pk}"
    text = "ö" * 10_000

    script = write(two[0], talk, "Året", text)
    page = two[0].post(f"{address(talk)}?version=1", {f"{key}-seen": "", f"{key}-text": text})

    assert script.status_code == 401
    assert text in page.content.decode()
    assert f"{address(talk)}?version=1" in page.content.decode()


def test_when_the_talk_has_been_held_what_one_wrote_is_shown_to_copy(world, talk, two):
    write(two[0], talk, "Anteckningar", NOTES)
    with scene():
        Talk.objects.filter(pk=talk.pk).update(
            status=Talk.Status.HELD, held_on=timezone.localdate(), revision=2
        )
    key = f"s-{section_of(talk, 'Året').pk}"

    page = two[0].post(f"{address(talk)}?version=1", {f"{key}-seen": "", f"{key}-text": SECRET})
    script = write(two[0], talk, "Året", SECRET)

    assert (page.status_code, script.status_code) == (409, 409)
    assert SECRET in page.content.decode()
    assert script.json()["error"]
    assert answers_of(talk) == {"Anteckningar för dig själv": NOTES}
    assert NOTES in seen_by(two[0], talk)
    assert NOTES not in seen_by(two[1], talk)


# --- Pay -------------------------------------------------------------------------------------


def test_a_criterion_is_answered_by_a_step_in_words_and_reasons(world, two):
    made = criteria(world)
    talk = a_talk(world, kind=TalkKind.SALARY)
    criterion = made.criteria.first()
    step = criterion.steps.last()
    key = f"c-{criterion.pk}"
    data = {f"{key}-seen": "", f"{key}-step_id": step.pk, f"{key}-reasons": SECRET}

    answer = two[0].post(f"{address(talk)}?version=1", data, **JSON)
    share(two[0], talk)
    waive(two[1], talk)
    page = seen_by(two[1], talk, "preparation_other")

    assert answer.status_code == 200
    assert SECRET in page
    assert "Når väl i ord" in page


def test_a_step_of_another_criterion_is_refused(world, two):
    made = criteria(world)
    talk = a_talk(world, kind=TalkKind.SALARY)
    first, second = made.criteria.all()
    key = f"c-{first.pk}"
    data = {f"{key}-seen": "", f"{key}-step_id": second.steps.first().pk, f"{key}-reasons": ""}

    answer = two[0].post(f"{address(talk)}?version=1", data, **JSON)

    assert "step_id" in answer.json()["errors"][key]
    with scene():
        assert not CriterionView.objects.filter(talk=talk).exists()


def test_without_criteria_a_salary_talk_can_be_prepared_all_the_same(world, two):
    talk = a_talk(world, kind=TalkKind.SALARY)

    assert two[0].get(address(talk)).status_code == 200
    assert write(two[0], talk, "Lönekriterierna", "Ord").status_code == 200


# --- How much is asked -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [TalkKind.EMPLOYEE, TalkKind.SALARY])
@pytest.mark.parametrize("who", ["employee", "manager"])
def test_a_page_asks_the_same_however_much_there_is(
    year, as_persona, kind, who, django_assert_max_num_queries
):
    """At 1 section and at 12, with ten years of talks, and with something shared before."""

    def asked(client, talk):
        with django_assert_max_num_queries(20) as asked:
            assert client.get(address(talk)).status_code == 200
        return len(asked)

    client = as_persona(who)
    criteria(year, number=1)
    answered(year, kind=kind, year=year.year - 1, weighed="Då")
    small = a_talk(year, kind=kind, sections=[{"heading": "Rubrik 00"}])
    large = a_talk(
        year,
        kind=kind,
        sections=[{"heading": f"Rubrik {number:02}"} for number in range(12)],
        year=year.year + 1,
    )
    criteria(year, year.year + 1, number=6)
    counts = []
    for talk, sections in ((small, 1), (large, 12)):
        for number in range(sections):
            write(client, talk, f"Rubrik {number:02}", "Text")
        share(client, talk)
        client.post(address(talk), {"form_token": str(uuid4()), "begin": "1"})
        client.get(address(talk))
        counts.append(asked(client, talk))
        for back in range(2, 11):
            if talk is small:
                answered(year, kind=kind, year=year.year - back, weighed="Då")
    assert counts[0] == counts[1]
