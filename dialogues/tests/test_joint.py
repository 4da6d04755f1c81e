"""The joint page: two write one record and lose nothing, each on their side, while it is held."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from dialogues.actions.preparing import (
    begin_preparation,
    share_preparation,
    waive_preparation,
    write_answer,
)
from dialogues.actions.talks import hold_talk
from dialogues.forms.rows import section_key
from dialogues.models import (
    CompetenceNeed,
    CriterionWeighing,
    ExpectationResult,
    Party,
    Reading,
    RecordPart,
    Section,
    TalkKind,
    TalkTemplate,
    TemplateVersion,
)
from dialogues.tests.joint import (
    criteria_of,
    delegate_to_colleague,
    expectations_of,
    keys_of,
    page_of,
    readings,
    salary_template,
    save,
    section_at,
    seen_in,
    stored,
    text_of,
)
from dialogues.tests.records import build_talk, finish, fresh
from stockholm_quality.tests.world import canary
from units.wall import acting_as, upkeep

# A delegate is asked after twice: not the manager, but named.
QUERIES = {"employee": 17, "manager": 17, "colleague": 17}


@pytest.fixture
def talk(world):
    return build_talk(world, words="")


def test_what_one_saves_in_a_section_the_other_sees_with_who_wrote_it(talk, as_persona):
    key = keys_of(talk)[0]
    manager, employee = as_persona("manager"), as_persona("employee")

    answer = save(manager, talk, key, seen_in(manager, talk, key), text="Barnen sover gott")

    assert answer.status_code == 200
    page = page_of(employee, talk).content.decode()
    assert "Barnen sover gott" in page
    assert "Senast skrivet av" in page


def test_two_in_the_same_section_lose_nothing(talk, as_persona):
    key = keys_of(talk)[0]
    manager, employee = as_persona("manager"), as_persona("employee")
    seen = seen_in(manager, talk, key)
    save(manager, talk, key, seen, text="Chefens ord")

    answer = save(employee, talk, key, seen, text="Medarbetarens ord")

    assert answer.status_code == 409
    told = answer.json()
    assert "Chefens ord" in told["conflicts"][key]
    assert "Medarbetarens ord" in told["conflicts"][key]
    assert text_of(talk, 0) == "Chefens ord"
    kept = save(employee, talk, key, told["seen"][key], text="Bådas ord")
    assert kept.status_code == 200
    assert text_of(talk, 0) == "Bådas ord"


def test_two_in_the_same_section_without_scripts_see_both_texts(talk, as_persona):
    key = keys_of(talk)[0]
    manager, employee = as_persona("manager"), as_persona("employee")
    seen = seen_in(manager, talk, key)
    save(manager, talk, key, seen, text="Chefens ord")

    page = employee.post(
        reverse("dialogues:joint", args=[talk.pk]),
        {f"{key}-seen": seen, f"{key}-text": "Medarbetarens ord"},
    )

    assert page.status_code == 409
    assert "Chefens ord" in page.content.decode()
    assert "Medarbetarens ord" in page.content.decode()


def test_two_in_different_sections_do_not_meet(talk, as_persona):
    first, last = keys_of(talk)[0], keys_of(talk)[3]
    manager, employee = as_persona("manager"), as_persona("employee")
    seen = {key: seen_in(manager, talk, key) for key in (first, last)}

    one = save(manager, talk, first, seen[first], text="Ett")
    two = save(employee, talk, last, seen[last], text="Två")

    assert (one.status_code, two.status_code) == (200, 200)
    assert (text_of(talk, 0), text_of(talk, 3)) == ("Ett", "Två")


def test_to_save_again_what_is_stored_is_no_conflict(talk, as_persona):
    key = keys_of(talk)[0]
    manager = as_persona("manager")
    seen = seen_in(manager, talk, key)

    save(manager, talk, key, seen, text="Samma")
    again = save(manager, talk, key, seen, text="Samma")

    assert again.status_code == 200
    assert len(stored(RecordPart, talk=talk, section__order=1)) == 1


def test_a_section_of_one_is_read_only_for_the_other(talk, as_persona):
    key = keys_of(talk)[1]
    employee, manager = as_persona("employee"), as_persona("manager")

    save(employee, talk, key, seen_in(employee, talk, key), text="Bara mina ord")
    page = page_of(manager, talk).content.decode()
    forced = save(manager, talk, key, "0:x", text="Chefens ord i medarbetarens avsnitt")

    assert "Bara mina ord" in page
    assert f'name="{key}-text"' not in page
    assert forced.status_code == 409
    assert text_of(talk, 1) == "Bara mina ord"


def test_ten_thousand_characters_are_kept_and_too_many_are_told(talk, as_persona):
    key = keys_of(talk)[0]
    manager = as_persona("manager")

    long = save(manager, talk, key, seen_in(manager, talk, key), text="å" * 10_000)
    too_long = save(manager, talk, key, seen_in(manager, talk, key), text="å" * 20_001)

    assert long.status_code == 200
    assert too_long.json()["errors"][key]["text"]
    assert text_of(talk, 0) == "å" * 10_000


def news_of(client, talk, *have):
    return client.get(reverse("dialogues:joint_news", args=[talk.pk]), {"have": have})


def test_only_what_the_other_has_saved_since_is_sent(talk, as_persona):
    first, last = keys_of(talk)[0], keys_of(talk)[3]
    manager, employee = as_persona("manager"), as_persona("employee")
    have = [f"{key}={seen_in(employee, talk, key)}" for key in (first, last)]
    assert news_of(employee, talk, *have).status_code == 204

    save(manager, talk, first, seen_in(manager, talk, first), text="Nytt från chefen")
    before = readings(talk)
    news = news_of(employee, talk, *have).json()

    assert list(news["pieces"]) == [first]
    assert "Nytt från chefen" in news["pieces"][first]
    assert readings(talk) == before + 1


def test_a_window_that_has_all_is_sent_no_text_and_nothing_is_noted(talk, as_persona):
    employee = as_persona("employee")
    key = keys_of(talk)[0]
    have = f"{key}={seen_in(employee, talk, key)}"
    before = readings(talk)

    assert news_of(employee, talk, have).status_code == 204
    assert news_of(employee, talk).status_code == 204
    assert readings(talk) == before


def test_a_window_learns_that_the_record_has_been_finished(world, as_persona):
    talk = build_talk(world, words="Ord")
    finish(talk, by=world.people["manager"])

    news = news_of(as_persona("employee"), talk, "s-1=0").json()

    assert news["moved"]
    assert news["pieces"] == {}


def test_each_page_shown_is_noted_once_and_saving_is_not(world, talk, as_persona):
    manager = as_persona("manager")
    key = keys_of(talk)[3]

    page_of(manager, talk)
    assert readings(talk) == 1
    save(manager, talk, key, "0:x", text="Ord")
    assert readings(talk) == 1
    manager.get(reverse("dialogues:joint_expectation_new", args=[talk.pk]))
    assert readings(talk) == 1
    manager.get(reverse("dialogues:joint_expectation", args=[talk.pk, world.expectation.pk]))
    assert readings(talk) == 2
    manager.get(reverse("dialogues:joint_beside", args=[talk.pk]))
    assert readings(talk) == 3


def test_a_conflict_shows_the_others_text_and_is_noted(talk, as_persona):
    key = keys_of(talk)[3]
    save(as_persona("manager"), talk, key, "0:x", text="Chefens ord")

    save(as_persona("employee"), talk, key, "0:x", text="Egna ord")

    assert readings(talk, capacity=Reading.Capacity.EMPLOYEE) == 1


def test_before_the_talk_is_held_the_page_says_when_it_opens(world, as_persona):
    talk = build_talk(world, state="planned")

    page = page_of(as_persona("employee"), talk)

    assert page.status_code == 200
    assert "talk-form" not in page.content.decode()
    assert readings(talk) == 0


def test_after_it_is_finished_the_page_leads_to_the_record(world, as_persona):
    talk = build_talk(world, state="answered", words="Ord")

    assert page_of(as_persona("employee"), talk).url == reverse("dialogues:record", args=[talk.pk])


def test_what_is_sent_too_late_is_shown_to_copy(world, as_persona):
    talk = build_talk(world, words="Ord")
    finish(talk, by=world.people["manager"])
    key = keys_of(talk)[0]

    page = as_persona("employee").post(
        reverse("dialogues:joint", args=[talk.pk]),
        {f"{key}-seen": "0:x", f"{key}-text": "Mina sena ord"},
    )

    assert page.status_code == 409
    assert "Mina sena ord" in page.content.decode()
    assert text_of(talk, 0) == "Ord"


@pytest.mark.parametrize(
    "who",
    [
        "former_manager",
        "acting_ended",
        "acting_manager",
        "manager_above",
        "hr",
        "city_hr",
        "colleague",
        "controller",
        "representative",
        "administrator",
    ],
)
@pytest.mark.parametrize("name", ["joint", "joint_news", "joint_beside", "joint_adopt"])
def test_the_page_does_not_exist_for_anybody_but_the_two(talk, as_persona, who, name):
    client = as_persona(who)
    url = reverse(f"dialogues:{name}", args=[talk.pk])

    assert client.get(url).status_code == 404
    assert readings(talk) == 0


def test_a_delegate_writes_while_the_delegation_runs_and_not_after(world, as_persona):
    today = timezone.localdate()
    delegation = delegate_to_colleague(world)
    talk = build_talk(world, holder="colleague", words="Ställföreträdarens ord")
    client = as_persona("colleague")
    assert page_of(client, talk).status_code == 200

    with upkeep():
        delegation.ends_on = today - timedelta(days=1)
        delegation.revision += 1
        delegation.save()

    assert page_of(client, talk).status_code == 404
    assert save(client, talk, keys_of(talk)[0], "0:x", text="Ännu ett").status_code == 404


def test_each_writes_their_own_result_and_sees_the_others(world, as_persona):
    (expectation,) = expectations_of(world, world.year - 1)
    talk = build_talk(world, words="")
    key = f"x-{expectation.pk}"
    manager, employee = as_persona("manager"), as_persona("employee")

    save(manager, talk, key, seen_in(manager, talk, key), outcome="FULL", words="Allt blev gjort")
    save(employee, talk, key, seen_in(employee, talk, key), outcome="PARTIAL", words="Inte riktigt")

    rows = stored(ExpectationResult, expectation=expectation)
    told = {row.party: (row.outcome, row.words) for row in rows}
    assert told == {
        Party.MANAGER: ("FULL", "Allt blev gjort"),
        Party.EMPLOYEE: ("PARTIAL", "Inte riktigt"),
    }
    page = page_of(employee, talk).content.decode()
    assert "Allt blev gjort" in page
    assert "joint-differ" in page


def test_a_result_keeps_its_outcome_once_it_has_one(world, as_persona):
    (expectation,) = expectations_of(world, world.year - 1)
    talk = build_talk(world, words="")
    key = f"x-{expectation.pk}"
    manager = as_persona("manager")
    save(manager, talk, key, seen_in(manager, talk, key), outcome="FULL", words="Ja")

    answer = save(manager, talk, key, seen_in(manager, talk, key), outcome="", words="")

    assert answer.json()["errors"][key]["outcome"]
    (row,) = stored(ExpectationResult, expectation=expectation)
    assert row.outcome == "FULL"


def test_who_holds_the_talk_now_goes_on_with_what_an_earlier_manager_said(world, as_persona):
    (expectation,) = expectations_of(world, world.year - 1)
    with upkeep():
        ExpectationResult.objects.create(
            expectation=expectation,
            employment=expectation.employment,
            employee=world.people["employee"],
            party=Party.MANAGER,
            author=world.people["former_manager"],
            outcome="NOT",
            words="Den förras ord",
        )
    talk = build_talk(world, words="")
    key = f"x-{expectation.pk}"
    manager = as_persona("manager")

    answer = save(manager, talk, key, seen_in(manager, talk, key), outcome="FULL", words="Mina ord")

    assert answer.status_code == 200
    (row,) = stored(ExpectationResult, expectation=expectation)
    assert (row.author, row.words) == (world.people["manager"], "Mina ord")


def test_the_result_of_somebody_elses_expectation_has_no_place(world, as_persona):
    (expectation,) = expectations_of(world, world.year - 1, who="colleague")
    talk = build_talk(world, words="")

    answer = save(
        as_persona("manager"), talk, f"x-{expectation.pk}", "0:x", outcome="FULL", words="Ord"
    )

    assert answer.status_code == 409
    assert stored(ExpectationResult) == []


def test_a_shared_preparation_is_taken_into_the_record_once(world, as_persona):
    talk, answer = _prepared_talk(world)
    manager = as_persona("manager")
    key = section_key(answer.section)
    url = reverse("dialogues:joint", args=[talk.pk])
    taken = {f"{key}-seen": "0:x", f"{key}-text": "Vårt", "take": answer.pk}

    assert answer.text in page_of(manager, talk).content.decode()
    manager.post(url, taken)
    manager.post(url, {"take": answer.pk})

    (part,) = stored(RecordPart, talk=talk, section=answer.section)
    assert part.text == f"Vårt\n\n{answer.text}"


def test_a_short_text_is_taken_though_its_letters_stand_in_the_section_already(world, as_persona):
    talk, answer = _prepared_talk(world, text="Ja")
    manager = as_persona("manager")
    key = section_key(answer.section)
    url = reverse("dialogues:joint", args=[talk.pk])
    save(manager, talk, key, seen_in(manager, talk, key), text="Jag leder.\r\n\r\nVi delar.")

    manager.post(url, {"take": answer.pk})
    manager.post(url, {"take": answer.pk})

    assert text_of(talk, 3).split() == ["Jag", "leder.", "Vi", "delar.", "Ja"]


def test_what_finds_no_room_is_not_taken_and_what_was_written_beside_it_is_kept(world, as_persona):
    talk, answer = _prepared_talk(world)
    key = section_key(answer.section)
    full = "x" * 20_000

    page = as_persona("manager").post(
        reverse("dialogues:joint", args=[talk.pk]),
        {f"{key}-seen": "0:x", f"{key}-text": full, "take": answer.pk},
        follow=True,
    )

    assert text_of(talk, 3) == full
    assert "error" in [message.level_tag for message in page.context["messages"]]


def test_what_is_not_shared_is_neither_shown_nor_taken(world, as_persona):
    talk, answer = _prepared_talk(world, shared=False)
    manager = as_persona("manager")

    assert answer.text not in page_of(manager, talk).content.decode()
    manager.post(reverse("dialogues:joint", args=[talk.pk]), {"take": answer.pk})

    assert stored(RecordPart, talk=talk, section=answer.section) == []


def _prepared_talk(world, *, shared=True, text=""):
    """The employee has prepared the last section; the manager has waived."""
    talk = build_talk(world, state="planned")
    manager, employee = world.people["manager"], world.people["employee"]
    section = section_at(talk, 3)
    with acting_as(employee):
        preparation = begin_preparation(talk=talk, by=employee)
        answer = write_answer(
            preparation=preparation,
            section=section,
            revision=0,
            text=text or canary("förberett"),
            by=employee,
        )
        if shared:
            preparation.refresh_from_db()
            share_preparation(
                talk=talk, preparation=preparation, revision=preparation.revision, by=employee
            )
    with acting_as(manager):
        waive_preparation(talk=fresh(talk), by=manager)
        hold_talk(talk=fresh(talk), held_on=timezone.localdate(), by=manager)
    return fresh(talk), answer


def sections_template(count):
    with upkeep():
        code = f"många-{count}"
        template = TalkTemplate.objects.create(code=code, kind=TalkKind.EMPLOYEE, name=code)
        version = TemplateVersion.objects.create(template=template, number=1)
        shows = [Section.Shows.RESULTS, Section.Shows.EXPECTATIONS, Section.Shows.COMPETENCE]
        Section.objects.bulk_create(
            Section(
                version=version,
                order=order + 1,
                owner=Section.Owner.BOTH,
                shows=shows[order] if order < 3 else Section.Shows.TEXT,
                heading=f"Del {order}",
            )
            for order in range(count + 2)
        )
        version.published_at = timezone.now()
        version.save()
    return version


@pytest.mark.parametrize("number", [1, 12])
@pytest.mark.parametrize("who", ["employee", "manager", "colleague"])
def test_the_page_asks_as_much_whatever_it_holds(
    world, as_persona, django_assert_max_num_queries, number, who
):
    many = 1 if number == 1 else 30
    holder = "manager"
    if who == "colleague":
        delegate_to_colleague(world)
        holder = who
    talk = build_talk(world, template=sections_template(number), holder=holder, words="Ord")
    looked_back_on = expectations_of(world, world.year - 1, many)
    expectations_of(world, world.year, many)
    with upkeep():
        RecordPart.objects.filter(talk=talk).delete()
        RecordPart.objects.bulk_create(
            RecordPart(talk=talk, section=section, text="Ord", written_by=talk.employee)
            for section in talk.template_version.sections.all()
        )
        ExpectationResult.objects.bulk_create(
            ExpectationResult(
                expectation=expectation,
                employment=expectation.employment,
                employee=talk.employee,
                party=party,
                author=talk.employee if party == Party.EMPLOYEE else talk.holder,
                outcome="FULL",
            )
            for expectation in looked_back_on
            for party in Party
        )
        CompetenceNeed.objects.bulk_create(
            CompetenceNeed(
                employment=world.employments["employee"],
                employee=world.people["employee"],
                need=f"Behov {each}",
                source="OWN_WISH",
                written_by=world.people["employee"],
            )
            for each in range(many)
        )
    client = as_persona(who)
    page_of(client, talk)

    with django_assert_max_num_queries(20) as asked:
        assert page_of(client, talk).status_code == 200
    assert len(asked) == QUERIES[who]


@pytest.mark.parametrize("number", [1, 12])
def test_the_page_of_a_salary_talk_asks_as_much_whatever_it_holds(
    world, as_persona, django_assert_max_num_queries, number
):
    criteria = criteria_of(world, number)
    expectations_of(world, world.year - 1, number)
    talk = build_talk(world, template=salary_template(number), words="Ord")
    with upkeep():
        CriterionWeighing.objects.bulk_create(
            CriterionWeighing(
                talk=talk,
                criterion=criterion,
                step=criterion.steps.first(),
                weighed="Ord",
                written_by=talk.holder,
            )
            for criterion in criteria
        )
    client = as_persona("manager")
    page_of(client, talk)

    with django_assert_max_num_queries(20):
        assert page_of(client, talk).status_code == 200
