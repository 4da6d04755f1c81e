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
    CriteriaSet,
    Criterion,
    CriterionStep,
    CriterionWeighing,
    ExpectationResult,
    Party,
    Reading,
    RecordPart,
    Section,
    Talk,
    TalkKind,
    TalkTemplate,
    TemplateVersion,
)
from dialogues.tests.records import build_talk, finish, fresh
from goals.models import Expectation, Goal
from stockholm_quality.tests.world import canary
from units.models import Delegation
from units.wall import acting_as, upkeep


@pytest.fixture
def talk(world):
    return build_talk(world, words="")


def page_of(client, talk):
    return client.get(reverse("dialogues:joint", args=[talk.pk]))


def seen_in(client, talk, key):
    """What the hidden field of a row says in the page as it is now."""
    html = page_of(client, talk).content.decode()
    return html.split(f'name="{key}-seen" value="')[1].split('"')[0]


def save(client, talk, key, seen, **fields):
    """As sheet.js saves one row."""
    data = {f"{key}-seen": seen} | {f"{key}-{name}": value for name, value in fields.items()}
    url = reverse("dialogues:joint", args=[talk.pk])
    return client.post(url, data, headers={"Accept": "application/json"})


def keys_of(talk):
    with upkeep():
        return [section_key(each) for each in talk.template_version.sections.all()]


def text_of(talk, place):
    with upkeep():
        parts = RecordPart.objects.filter(talk=talk, section__order=place + 1)
        return parts.values_list("text", flat=True).first()


def stored(model, **where):
    with upkeep():
        return list(model.objects.filter(**where).order_by("pk"))


def readings(talk, **where):
    return len(stored(Reading, talk=talk, what=Reading.What.JOINT, **where))


# --- Two writers -------------------------------------------------------------------------------


def test_what_one_saves_in_a_section_the_other_sees_with_who_wrote_it(talk, as_persona):
    key = keys_of(talk)[0]
    manager, employee = as_persona("manager"), as_persona("employee")

    answer = save(manager, talk, key, seen_in(manager, talk, key), text="Barnen sover gott")

    assert answer.status_code == 200
    page = page_of(employee, talk).content.decode()
    assert "Barnen sover gott" in page
    assert "senast av" in page.lower() or "Last written by" in page


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


# --- What is new -------------------------------------------------------------------------------


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


# --- Reading log, before, after, others --------------------------------------------------------


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
    with upkeep():
        delegation = Delegation.objects.create(
            employment=world.employments["employee"],
            delegate=world.people["colleague"],
            given_by=world.people["manager"],
            starts_on=today - timedelta(days=9),
            ends_on=today,
        )
    talk = build_talk(world, holder="colleague", words="Ställföreträdarens ord")
    client = as_persona("colleague")
    assert page_of(client, talk).status_code == 200

    with upkeep():
        delegation.ends_on = today - timedelta(days=1)
        delegation.revision += 1
        delegation.save()

    assert page_of(client, talk).status_code == 404
    assert save(client, talk, keys_of(talk)[0], "0:x", text="Ännu ett").status_code == 404


# --- Results, each their own -------------------------------------------------------------------


def salary_template(sections=1):
    with upkeep():
        template = TalkTemplate.objects.create(code="prov-lon", kind=TalkKind.SALARY, name="Lön")
        version = TemplateVersion.objects.create(template=template, number=1)
        owner, shows = Section.Owner, Section.Shows
        asked = [(owner.JOINT, shows.RESULTS), (owner.MANAGER, shows.CRITERIA)]
        asked += [(owner.EMPLOYEE, shows.TEXT)] * sections
        Section.objects.bulk_create(
            Section(version=version, order=order, owner=who, shows=shown, heading=f"Del {order}")
            for order, (who, shown) in enumerate(asked, 1)
        )
        version.published_at = timezone.now()
        version.save()
    return version


def expectations_of(world, year, count=1, who="employee"):
    with upkeep():
        goal = Goal.objects.create(
            unit=world.units["unit"],
            level=Goal.Level.UNIT,
            title=f"Barnen är trygga {year}",
            first_year=year,
            last_year=year,
            status=Goal.Status.ADOPTED,
            version_number=1,
            adopted_at=timezone.now(),
            decided_on=timezone.localdate(),
        )
        return Expectation.objects.bulk_create(
            Expectation(
                employment=world.employments[who],
                goal=goal,
                text=f"Förväntan {number} {year}",
                given_at=timezone.now(),
                given_by=world.people["manager"],
            )
            for number in range(count)
        )


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


# --- Expectations ------------------------------------------------------------------------------


def goals_of(world, number, unit="unit"):
    with upkeep():
        return [
            Goal.objects.create(
                unit=world.units[unit],
                level=Goal.Level.UNIT,
                title=f"Mål {unit} {each}",
                first_year=world.year,
                last_year=world.year,
                parent=world.goals["board_goal"],
                status=Goal.Status.ADOPTED,
                version_number=1,
                adopted_at=timezone.now(),
                decided_on=timezone.localdate(),
            )
            for each in range(number)
        ]


def adopt(client, talk, goals, form):
    url = reverse("dialogues:joint_adopt", args=[talk.pk])
    return client.post(url, {"goals": [goal.pk for goal in goals], **form})


def test_several_goals_become_expectations_in_one_step(world, talk, as_persona, token):
    goals = goals_of(world, 3)

    answer = adopt(as_persona("employee"), talk, goals, token())

    assert answer.status_code == 302
    given = stored(Expectation, goal__in=goals)
    assert [each.text for each in given] == [goal.title for goal in goals]
    assert {each.employment for each in given} == {world.employments["employee"]}
    assert {each.given_by for each in given} == {world.people["employee"]}


def test_to_adopt_twice_has_one_effect(world, talk, as_persona, token):
    goals, form = goals_of(world, 2), token()
    manager = as_persona("manager")

    adopt(manager, talk, goals, form)
    adopt(manager, talk, goals, form)
    adopt(as_persona("employee"), talk, goals, token())

    assert len(stored(Expectation, goal__in=goals)) == 2


@pytest.mark.parametrize("name", ["other_unit_goal", "loose_goal", "unit_draft", "board_goal"])
def test_a_foreign_goal_is_refused(world, talk, as_persona, token, name):
    before = len(stored(Expectation))

    page = adopt(as_persona("manager"), talk, [world.goals[name]], token())

    assert page.status_code == 200
    assert page.context["form"].errors["goals"]
    assert len(stored(Expectation)) == before


def said(expectation, **fields):
    return {
        "text": "Min egen förväntan",
        "sign": "",
        "expected_result": "Fler böcker",
        "support": "",
        "due_on": "",
        "goal": expectation.goal_id,
        "revision": expectation.revision,
        **fields,
    }


def test_both_change_an_expectation_while_the_talk_is_held_and_its_history_is_kept(
    world, talk, as_persona, token
):
    expectation = world.expectation
    url = reverse("dialogues:joint_expectation", args=[talk.pk, expectation.pk])

    answer = as_persona("employee").post(url, said(expectation) | token())

    assert answer.status_code == 302
    (changed,) = stored(Expectation, pk=expectation.pk)
    assert (changed.text, changed.expected_result) == ("Min egen förväntan", "Fler böcker")
    assert changed.version_number == 2
    with upkeep():
        assert changed.events.filter(text=expectation.text).exists()


def test_the_second_of_two_who_change_it_sees_both_texts(world, talk, as_persona, token):
    expectation = world.expectation
    url = reverse("dialogues:joint_expectation", args=[talk.pk, expectation.pk])
    as_persona("manager").post(url, said(expectation, text="Chefens text") | token())

    page = as_persona("employee").post(url, said(expectation, text="Min text") | token())

    assert page.status_code == 409
    assert "Chefens text" in page.content.decode()
    assert "Min text" in page.content.decode()


@pytest.mark.parametrize("state", ["planned", "documented", "answered"])
def test_nothing_is_agreed_on_before_the_talk_is_held_or_after(world, as_persona, token, state):
    expectation = world.expectation
    talk = build_talk(world, state=state, words="Ord")
    at = {"pk": talk.pk, "expectation_pk": expectation.pk}
    employee = as_persona("employee")

    page = employee.post(
        reverse("dialogues:joint_expectation", kwargs=at),
        said(expectation, text="I otid") | token(),
    )
    employee.post(
        reverse("dialogues:joint_expectation_withdraw", kwargs=at),
        {"reason": "I otid", "revision": 1} | token(),
    )
    adopt(employee, talk, goals_of(world, 1), token())

    assert page.status_code == 409
    assert "I otid" in page.content.decode()
    (kept,) = stored(Expectation, pk=expectation.pk)
    assert (kept.text, kept.status) == (expectation.text, "ACTIVE")
    assert stored(Expectation, goal__title="Mål unit 0") == []


@pytest.mark.parametrize(
    "name", ["colleagues_expectation", "strangers_expectation", "left_expectation"]
)
def test_an_expectation_on_somebody_else_is_not_found_in_the_talk(
    world, talk, as_persona, token, name
):
    expectation = world.expectations[name]
    url = reverse("dialogues:joint_expectation", args=[talk.pk, expectation.pk])

    assert as_persona("manager").post(url, said(expectation) | token()).status_code == 404
    assert as_persona("employee").post(url, said(expectation) | token()).status_code == 404


def test_a_new_expectation_holds_all_that_was_agreed(world, talk, as_persona, token):
    (goal,) = goals_of(world, 1)
    url = reverse("dialogues:joint_expectation_new", args=[talk.pk])
    data = said(Expectation(goal=goal), due_on=f"{world.year}-12-01", revision=1)

    answer = as_persona("manager").post(url, data | token())

    assert answer.status_code == 302
    (given,) = stored(Expectation, goal=goal)
    assert (given.text, str(given.due_on)) == ("Min egen förväntan", f"{world.year}-12-01")


def test_an_expectation_is_withdrawn_for_a_reason_that_both_read(world, talk, as_persona, token):
    expectation = world.expectation
    url = reverse("dialogues:joint_expectation_withdraw", args=[talk.pk, expectation.pk])
    employee = as_persona("employee")

    without = employee.post(url, {"reason": "", "revision": 1} | token())
    answer = employee.post(url, {"reason": "Vi bytte mål", "revision": 1} | token())

    assert without.status_code == 200
    assert answer.status_code == 302
    assert "Vi bytte mål" in page_of(as_persona("manager"), talk).content.decode()


# --- Needs, next talk, preparations, follow-up -------------------------------------------------


def test_a_need_is_added_and_changed_and_two_writers_see_both(world, talk, as_persona, token):
    new = reverse("dialogues:joint_need_new", args=[talk.pk])
    data = {"need": "Leda samtal", "source": "OWN_WISH", "responsible": "EMPLOYEE", "revision": 1}
    employee = as_persona("employee")

    assert employee.post(new, data | token()).status_code == 302
    (need,) = stored(CompetenceNeed)
    url = reverse("dialogues:joint_need", args=[talk.pk, need.pk])
    changed = as_persona("manager").post(url, data | {"need": "Leda svåra samtal"} | token())
    stale = employee.post(url, data | {"need": "Leda möten"} | token())

    assert (need.talk_id, need.employee_id) == (talk.pk, world.people["employee"].pk)
    assert (changed.status_code, stale.status_code) == (302, 409)
    assert "Leda svåra samtal" in stale.content.decode()
    assert "Leda möten" in stale.content.decode()


def test_the_day_of_the_next_talk_is_saved_and_a_day_that_has_been_is_told(talk, as_persona):
    manager = as_persona("manager")
    day = timezone.localdate() + timedelta(days=180)

    save(manager, talk, "next", seen_in(manager, talk, "next"), next_on=day.isoformat())
    wrong = save(manager, talk, "next", seen_in(manager, talk, "next"), next_on="2020-01-01")

    assert fresh(talk).next_on == day
    assert wrong.json()["errors"]["next"]["next_on"]


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


def test_what_is_not_shared_is_neither_shown_nor_taken(world, as_persona):
    talk, answer = _prepared_talk(world, shared=False)
    manager = as_persona("manager")

    assert answer.text not in page_of(manager, talk).content.decode()
    manager.post(reverse("dialogues:joint", args=[talk.pk]), {"take": answer.pk})

    assert stored(RecordPart, talk=talk, section=answer.section) == []


def _prepared_talk(world, *, shared=True):
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
            text=canary("förberett"),
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


def section_at(talk, place):
    with upkeep():
        return talk.template_version.sections.order_by("order")[place]


def test_a_follow_up_adjusts_the_same_expectations(world, as_persona, token):
    build_talk(world, state="answered", words="Ord")
    (answered,) = stored(Talk)
    manager = as_persona("manager")
    url = reverse("dialogues:talk_follow_up", args=[answered.pk])
    form = token()

    assert manager.get(url).status_code == 200
    manager.post(url, form)
    manager.post(url, form)

    (follow_up,) = stored(Talk, kind=TalkKind.FOLLOW_UP)
    assert (follow_up.previous_id, follow_up.year) == (answered.pk, world.year)
    with acting_as(world.people["manager"]):
        hold_talk(talk=follow_up, held_on=timezone.localdate(), by=world.people["manager"])
    page = page_of(as_persona("employee"), follow_up).content.decode()
    assert world.expectation.text in page
    url = reverse("dialogues:joint_expectation", args=[follow_up.pk, world.expectation.pk])
    assert as_persona("employee").post(url, said(world.expectation) | token()).status_code == 302


@pytest.mark.parametrize(("who", "status"), [("employee", 403), ("hr", 404), ("colleague", 404)])
def test_only_the_manager_starts_a_follow_up(world, as_persona, token, who, status):
    talk = build_talk(world, state="answered", words="Ord")
    url = reverse("dialogues:talk_follow_up", args=[talk.pk])

    assert as_persona(who).post(url, token()).status_code == status
    assert stored(Talk, kind=TalkKind.FOLLOW_UP) == []


# --- The salary talk ---------------------------------------------------------------------------


def criteria_of(world, count=1):
    with upkeep():
        kept = CriteriaSet.objects.create(unit=world.units["board"], year=world.year)
        for order in range(1, count + 1):
            criterion = Criterion.objects.create(
                criteria_set=kept, order=order, name=f"Kriterium {order}"
            )
            CriterionStep.objects.bulk_create(
                CriterionStep(criterion=criterion, number=n, name=f"Steg {n}", words="Ord")
                for n in (1, 2, 3)
            )
        kept.published_at = timezone.now()
        kept.save()
        return list(kept.criteria.all())


def test_the_manager_weighs_criterion_by_criterion_and_the_employee_reads(world, as_persona):
    (criterion,) = criteria_of(world)
    talk = build_talk(world, template=salary_template(), words="")
    key = f"c-{criterion.pk}"
    manager, employee = as_persona("manager"), as_persona("employee")
    step = criterion.steps.all()[1]

    save(
        manager,
        talk,
        key,
        seen_in(manager, talk, key),
        step_id=step.pk,
        weighed="Leder arbetslaget",
        would_raise="Tar ansvar för fler",
    )
    forced = save(employee, talk, key, "0:x", step_id=step.pk, weighed="Mitt", would_raise="")

    (row,) = stored(CriterionWeighing)
    assert (row.step_id, row.weighed) == (step.pk, "Leder arbetslaget")
    assert forced.status_code == 409
    page = page_of(employee, talk).content.decode()
    assert "Leder arbetslaget" in page
    assert f'name="{key}-weighed"' not in page


def test_the_employees_own_view_of_the_pay_is_the_employees_alone(world, as_persona):
    talk = build_talk(world, template=salary_template(), words="")
    own = keys_of(talk)[2]
    manager, employee = as_persona("manager"), as_persona("employee")

    save(employee, talk, own, seen_in(employee, talk, own), text="Min egen syn")

    page = page_of(manager, talk).content.decode()
    assert "Min egen syn" in page
    assert f'name="{own}-text"' not in page


# --- Queries -----------------------------------------------------------------------------------


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
@pytest.mark.parametrize("who", ["employee", "manager"])
def test_the_page_asks_as_much_whatever_it_holds(
    world, as_persona, django_assert_max_num_queries, number, who
):
    many = 1 if number == 1 else 30
    talk = build_talk(world, template=sections_template(number), words="Ord")
    expectations_of(world, world.year - 1, many)
    expectations_of(world, world.year, many)
    with upkeep():
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


QUERIES = {"employee": 19, "manager": 19}


@pytest.mark.parametrize("number", [1, 12])
def test_the_page_of_a_salary_talk_asks_as_much_whatever_it_holds(
    world, as_persona, django_assert_max_num_queries, number
):
    criteria_of(world, number)
    expectations_of(world, world.year - 1, number)
    talk = build_talk(world, template=salary_template(number), words="Ord")
    client = as_persona("manager")
    page_of(client, talk)

    with django_assert_max_num_queries(20):
        assert page_of(client, talk).status_code == 200
