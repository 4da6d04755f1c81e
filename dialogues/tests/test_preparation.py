"""The preparation: nobody but its writer knows of it until it is shared; then it is for ever."""

import re
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import ProgrammingError, connection
from django.utils import timezone

from dialogues.models import Answer, CriterionView, Reading, Talk, TalkKind
from dialogues.tests.preparing import (
    JSON,
    a_talk,
    address,
    answered,
    criteria,
    forms_of,
    preparations_of,
    section_of,
    share,
    waive,
    write,
)
from stockholm_quality.tests.world import PERSONAS, add_delegation, scene
from units.models import Role, RoleAssignment
from units.wall import acting_as

SECRET = "kanariefågel-förberedelse åäö"
NOTES = "kanariefågel-anteckning"
PAGES = ("preparation", "preparation_share", "preparation_waive", "preparation_other")


@pytest.fixture
def talk(world):
    return a_talk(world)


@pytest.fixture
def two(as_persona):
    return as_persona("employee"), as_persona("manager")


def seen_by(client, talk, page="preparation"):
    return client.get(address(talk, page)).content.decode()


def without_tokens(page):
    page = re.sub(r'"X-CSRFToken": "[^"]*"', "", page)
    return re.sub(r'(csrfmiddlewaretoken|form_token|form_author)" value="[^"]*"', "", page)


@scene()
def answers_of(talk):
    return {
        answer.section.heading: answer.text
        for answer in Answer.objects.filter(talk=talk).select_related("section")
    }


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


# --- Hiding ----------------------------------------------------------------------------------


@pytest.mark.parametrize("writer", [0, 1])
@pytest.mark.parametrize("page", PAGES)
def test_the_others_pages_are_the_same_whether_or_not_one_has_written(talk, two, writer, page):
    reader = two[1 - writer]
    before = without_tokens(seen_by(reader, talk, page))

    write(two[writer], talk, "Året", SECRET)
    write(two[writer], talk, "Anteckningar", NOTES)
    two[writer].get(address(talk))
    two[writer].get(address(talk, "preparation_share"))

    assert without_tokens(seen_by(reader, talk, page)) == before
    with scene():
        assert not Reading.objects.filter(talk=talk).exists()


@pytest.mark.parametrize("first", [0, 1])
def test_what_is_shared_opens_when_the_other_has_shared_too(talk, two, first):
    one, other = two[first], two[1 - first]
    write(one, talk, "Året", "Skrivet av den ena")
    write(one, talk, "Anteckningar", NOTES)
    share(one, talk)

    assert "Skrivet av den ena" not in seen_by(other, talk)
    assert other.get(address(talk)).context["other_ready_at"]
    closed = other.get(address(talk, "preparation_other"))
    assert closed.status_code == 403
    assert "Skrivet av den ena" not in closed.content.decode()

    write(other, talk, "Året", "Skrivet av den andra")
    share(other, talk)

    for client in two:
        page = seen_by(client, talk, "preparation_other")
        assert "Skrivet av den ena" in page
        assert "Skrivet av den andra" in page
        assert NOTES not in page


@pytest.mark.parametrize("first", [0, 1])
def test_waiving_opens_what_the_other_has_shared_and_shows_nothing_of_ones_own(talk, two, first):
    one, other = two[first], two[1 - first]
    write(one, talk, "Året", "Delat")
    share(one, talk)
    write(other, talk, "Året", SECRET)
    waive(other, talk)

    assert "Delat" in seen_by(other, talk, "preparation_other")
    assert SECRET not in seen_by(other, talk, "preparation_other")
    page = one.get(address(talk, "preparation_other"))
    assert page.status_code == 200
    assert SECRET not in page.content.decode()
    assert one.get(address(talk)).context["other_has_waived"]
    assert SECRET in seen_by(other, talk)


def test_own_notes_are_never_out(talk, two):
    for client in two:
        write(client, talk, "Året", "Delat")
        write(client, talk, "Anteckningar", f"{NOTES}-{client is two[0]}")
        share(client, talk)

    for client, others in zip(two, (False, True), strict=True):
        assert f"{NOTES}-{others}" not in seen_by(client, talk)
        assert NOTES not in seen_by(client, talk, "preparation_other")
        assert f"{NOTES}-{not others}" in seen_by(client, talk)


def test_nothing_can_be_shared_but_notes_for_oneself(talk, two):
    write(two[0], talk, "Anteckningar", NOTES)

    response = share(two[0], talk)

    assert response.status_code == 302
    assert preparations_of(talk)[0].shared_at is None


# --- Sharing ---------------------------------------------------------------------------------


def test_the_page_of_sharing_shows_what_is_shared_and_nothing_else(talk, two):
    write(two[0], talk, "Året", SECRET)
    write(two[0], talk, "Anteckningar", NOTES)

    page = seen_by(two[0], talk, "preparation_share")

    assert SECRET in page
    assert NOTES not in page


def test_what_was_written_since_it_was_read_is_not_shared(talk, two):
    write(two[0], talk, "Året", "Läst")
    data = {
        "form_token": str(uuid4()),
        "revision": two[0].get(address(talk, "preparation_share")).context["draft"].revision,
    }
    write(two[0], talk, "Återkoppling", "Skrivet sedan")

    stale = two[0].post(address(talk, "preparation_share"), data)

    assert stale.status_code == 409
    assert "Skrivet sedan" in stale.content.decode()
    assert preparations_of(talk)[0].shared_at is None


def test_a_double_click_shares_once(talk, two):
    write(two[0], talk, "Året", "Delat")
    data = {
        "form_token": str(uuid4()),
        "revision": two[0].get(address(talk, "preparation_share")).context["draft"].revision,
    }

    answers = [two[0].post(address(talk, "preparation_share"), data) for _ in range(2)]

    assert [answer.url for answer in answers] == [address(talk)] * 2
    with scene():
        assert talk.steps.filter(action="share").count() == 1
    assert "error" not in {m.level_tag for m in two[0].get(address(talk)).context["messages"]}


@pytest.mark.parametrize("revision", ["", "x", "-1", "9" * 30, "٣"])
def test_a_strange_revision_shares_nothing(talk, two, revision):
    write(two[0], talk, "Året", "Delat")

    assert share(two[0], talk, revision=revision).status_code == 409
    assert preparations_of(talk)[0].shared_at is None


def test_a_window_left_open_writes_nothing_into_what_has_been_shared(talk, two):
    write(two[0], talk, "Året", "Delat")
    share(two[0], talk)

    late = write(two[0], talk, "Året", "För sent")
    key = f"s-{section_of(talk, 'Året').pk}"
    page = two[0].post(f"{address(talk)}?version=1", {f"{key}-seen": "", f"{key}-text": "Sent"})

    assert late.status_code == 409
    assert late.json()["error"]
    assert "Sent" in page.content.decode()
    assert [row.number for row in preparations_of(talk)] == [1]
    assert answers_of(talk)["Året som gått"] == "Delat"


def test_something_more_is_a_version_beside_the_first(talk, two):
    write(two[0], talk, "Året", "Första")
    share(two[0], talk)
    waive(two[1], talk)
    begin = {"form_token": str(uuid4()), "begin": "1"}

    two[0].post(address(talk), begin)
    two[0].post(address(talk), begin)
    page = two[0].get(address(talk))
    key = f"s-{section_of(talk, 'Året').pk}"
    seen = forms_of(page)[key]["seen"].value()

    assert forms_of(page)[key]["text"].value() == "Första"
    assert write(two[0], talk, "Året", "Andra", seen=seen, version=1).status_code == 409
    assert write(two[0], talk, "Året", "Andra", seen=seen, version=2).status_code == 200
    assert "Andra" not in seen_by(two[1], talk, "preparation_other")
    share(two[0], talk)
    shown = seen_by(two[1], talk, "preparation_other")
    assert "Första" in shown
    assert "Andra" in shown
    assert [row.number for row in preparations_of(talk)] == [1, 2]


def test_who_has_shared_is_not_noted_as_having_waived(talk, two):
    write(two[0], talk, "Året", "Delat")
    share(two[0], talk)
    waive(two[0], talk)

    with scene():
        talk.refresh_from_db()
    assert not talk.employee_waived
    assert two[0].get(address(talk, "preparation_waive")).status_code == 302


def test_after_waiving_one_can_still_write_and_share(talk, two):
    waive(two[0], talk)
    write(two[0], talk, "Året", "Ändå")
    share(two[0], talk)
    waive(two[1], talk)

    assert "Ändå" in seen_by(two[1], talk, "preparation_other")


def test_nothing_is_shared_or_waived_once_the_talk_has_been_held(talk, two):
    write(two[0], talk, "Året", "Utkast")
    with scene():
        Talk.objects.filter(pk=talk.pk).update(
            status=Talk.Status.HELD, held_on=timezone.localdate(), revision=2
        )

    share(two[0], talk)
    waive(two[1], talk)
    two[0].post(address(talk), {"form_token": str(uuid4()), "begin": "1"})

    with scene():
        talk.refresh_from_db()
    assert (talk.employee_ready_at, talk.holder_ready_at) == (None, None)
    assert [row.shared_at for row in preparations_of(talk)] == [None]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE dialogues_answer SET text = 'ändrat', revision = revision + 1",
        "UPDATE dialogues_preparation SET shared_at = NULL, revision = revision + 1",
        "UPDATE dialogues_answer SET is_own_notes = true, revision = revision + 1",
        "DELETE FROM dialogues_answer",
        "DELETE FROM dialogues_preparation",
    ],
)
def test_what_is_shared_cannot_be_changed_past_the_portal_either(world, talk, two, statement):
    write(two[0], talk, "Året", "Delat")
    share(two[0], talk)

    for name in ("employee", "manager"):
        with (
            suppress(ProgrammingError),
            acting_as(world.people[name]),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
            assert cursor.rowcount == 0

    assert answers_of(talk) == {"Året som gått": "Delat"}
    assert preparations_of(talk)[0].shared_at


# --- The reading log -------------------------------------------------------------------------


def readings_of(world, talk, who):
    with scene():
        return list(
            Reading.objects.filter(talk=talk, reader=world.people[who]).values_list(
                "what", flat=True
            )
        )


def test_each_page_that_shows_what_is_shared_is_noted_once(world, talk, two):
    write(two[0], talk, "Året", "Delat")
    share(two[0], talk)
    waive(two[1], talk)

    two[1].get(address(talk))
    two[1].get(address(talk, "preparation_other"))
    two[0].get(address(talk))

    assert readings_of(world, talk, "manager") == ["PREPARATION"]
    assert readings_of(world, talk, "employee") == ["PREPARATION"]


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
