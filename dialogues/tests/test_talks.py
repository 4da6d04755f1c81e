"""The hub: my talks, those with my employees, one talk, and the steps of its way."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from dialogues.models import (
    Confirmation,
    Party,
    Reading,
    Round,
    Talk,
    TalkKind,
    TalkStep,
    TalkTime,
)
from dialogues.tests.talk_scenes import S, add_talk, small_template
from dialogues.todos_of_talks import todos_of_talks
from stockholm_quality.tests.world import add_delegation, add_person, canary
from units.models import Employment
from units.wall import acting_as, upkeep


def url(name, *args):
    return reverse(f"dialogues:{name}", args=args)


def page(client, address, **query):
    answer = client.get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def manager(as_persona):
    return as_persona("manager")


@pytest.fixture
def employee(as_persona):
    return as_persona("employee")


# --- The list -----------------------------------------------------------------------------------


def test_my_next_talk_stands_first_with_its_agreed_time(world, employee):
    talk = add_talk(world, status=S.INVITED)
    with upkeep():
        TalkTime.objects.create(
            talk=talk,
            starts_at=timezone.now() + timedelta(days=3),
            state=TalkTime.State.ACCEPTED,
            place="Rum Björken",
            proposed_by=world.manager,
        )

    shown = page(employee, url("talks"))

    assert "Rum Björken" in shown
    assert f'href="{talk.get_absolute_url()}"' in shown
    assert str(world.manager) in shown


def test_earlier_talks_stand_by_year(world, employee):
    template = small_template()
    for year in range(world.year - 9, world.year):
        add_talk(world, status=S.CLOSED, year=year, template=template)

    answer = employee.get(url("talks"))

    years = [year for year, _standings in answer.context["earlier"]]
    assert years == list(range(world.year - 1, world.year - 10, -1))


def test_a_manager_sees_each_employee_with_the_years_talks_and_who_has_none(world, manager):
    talk = add_talk(world, status=S.PREPARING)

    answer = manager.get(url("talks"), {"year": world.year})

    rows = {row.employment.person_id: row for row in answer.context["rows"]}
    assert [each.talk for each in rows[world.employee.pk].talks] == [talk]
    assert rows[world.colleague.pk].talks == []
    start = url("talk_new", world.employments["colleague"].pk)
    assert f'href="{start}?year={world.year}' in answer.content.decode()


def test_an_employee_sees_no_list_of_employees(world, employee):
    assert "rows" not in employee.get(url("talks")).context


def test_the_list_is_narrowed_by_state_kind_year_and_name(world, manager):
    add_talk(world, status=S.HELD)
    add_talk(world, "colleague", kind=TalkKind.SALARY)

    def found(**query):
        rows = manager.get(url("talks"), {"year": world.year, **query}).context["rows"]
        return {row.employment.person_id for row in rows}

    assert found(state="HELD") == {world.employee.pk}
    assert found(state="PLANNED", kind="SALARY") == {world.colleague.pk}
    assert found(state="HELD", year=world.year - 1) == set()
    assert world.employee.pk not in found(state="NONE")
    assert world.colleague.pk in found(state="NONE", kind="EMPLOYEE")
    assert found(text=canary("namn-colleague")) == {world.colleague.pk}


def test_a_delegate_sees_those_named_and_may_start_no_salary_talk_unless_it_is_said(
    world, as_persona
):
    add_delegation(world, "employee", "neighbour")
    neighbour = as_persona("neighbour")

    rows = neighbour.get(url("talks")).context["rows"]
    form = neighbour.get(url("talk_new", world.employments["employee"].pk)).context["form"]

    assert [row.employment.person for row in rows] == [world.employee]
    assert TalkKind.SALARY not in form.kinds


def test_a_delegate_does_not_read_a_protected_name_nor_finds_it(world, as_persona):
    add_delegation(world, "protected", "neighbour")
    neighbour = as_persona("neighbour")

    assert canary("namn-protected") not in page(neighbour, url("talks"))
    found = neighbour.get(url("talks"), {"text": canary("namn-protected")}).context["rows"]
    assert found == []


def test_what_the_employee_writes_does_not_show_before_it_is_shared(world, manager):
    talk = add_talk(world, status=S.INVITED)
    before = page(manager, talk.get_absolute_url())
    with upkeep():
        talk.preparations.create(author=world.employee, party="EMPLOYEE")

    after = page(manager, talk.get_absolute_url())

    def without_tokens(text):
        return [line for line in text.splitlines() if "token" not in line.lower()]

    assert without_tokens(before) == without_tokens(after)


# --- Starting -----------------------------------------------------------------------------------


def test_a_manager_starts_a_talk_with_the_template_of_its_kind(world, manager, token):
    answer = manager.post(
        url("talk_new", world.employments["employee"].pk),
        {"kind": "EMPLOYEE", "year": world.year, "template": "", **token()},
    )

    with upkeep():
        talk = Talk.objects.get()
        assert talk.template_version.template.kind == TalkKind.EMPLOYEE
        assert talk.template_version.template.audience == "EMPLOYEE"
        assert (talk.holder, talk.employee) == (world.manager, world.employee)
    assert answer.url == talk.get_absolute_url()


def test_a_manager_of_managers_gets_the_managers_template(world, as_persona, token):
    as_persona("manager_above").post(
        url("talk_new", world.employments["manager"].pk),
        {"kind": "EMPLOYEE", "year": world.year, "template": "", **token()},
    )

    with upkeep():
        assert Talk.objects.get().template_version.template.audience == "MANAGER"


def test_a_second_talk_of_the_year_is_said_with_a_link_to_the_first(world, manager, token):
    talk = add_talk(world)

    answer = manager.post(
        url("talk_new", world.employments["employee"].pk),
        {"kind": "EMPLOYEE", "year": world.year, "template": "", **token()},
    )

    assert answer.status_code == 409
    assert answer.context["in_the_way"] == talk


def test_a_template_of_another_kind_is_refused_in_words(world, manager, token):
    other = small_template(TalkKind.SALARY)

    answer = manager.post(
        url("talk_new", world.employments["employee"].pk),
        {"kind": "EMPLOYEE", "year": world.year, "template": other.pk, **token()},
    )

    assert "template" in answer.context["form"].errors
    with upkeep():
        assert not Talk.objects.exists()


def test_nobody_starts_a_talk_with_somebody_elses_employee(world, as_persona):
    for who in ("employee", "colleague", "manager_above", "hr", "administrator", "stranger"):
        address = url("talk_new", world.employments["employee"].pk)
        assert as_persona(who).get(address).status_code == 404, who


# --- One talk -----------------------------------------------------------------------------------


def test_the_line_tells_who_did_what_when(world, employee):
    talk = add_talk(world, status=S.HELD)

    line = employee.get(talk.get_absolute_url()).context["standing"].line

    assert [mark.state for mark in line] == [
        "done",
        "done",
        "done",
        "now",
        "coming",
        "coming",
        "coming",
    ]
    assert line[0].by == str(world.manager)
    assert line[0].at is not None


def test_a_step_that_was_never_taken_is_told_as_passed_over(world, employee):
    talk = add_talk(world)
    with upkeep():
        Talk.objects.filter(pk=talk.pk).update(
            status=S.HELD, held_on=timezone.localdate(), revision=2
        )
        TalkStep.objects.create(
            talk=talk, action="hold", from_status="PLANNED", to_status="HELD", by=world.manager
        )

    line = employee.get(talk.get_absolute_url()).context["standing"].line

    assert [mark.state for mark in line[:4]] == ["done", "passed", "passed", "now"]


def test_a_later_manager_sees_the_head_and_no_who_and_no_tasks(world, as_persona):
    talk = add_talk(world, status=S.PREPARING, employee_ready_at=timezone.now())

    answer = as_persona("acting_manager").get(talk.get_absolute_url())

    assert answer.context["standing"].tasks == []
    assert {mark.by for mark in answer.context["standing"].line} == {""}
    assert "förberedelse" not in answer.content.decode().split('id="now-title"')[1].split("<dl")[0]


def test_words_of_the_other_are_in_the_reading_log(world, employee):
    talk = add_talk(world, status=S.HELD)
    with upkeep():
        TalkStep.objects.create(
            talk=talk,
            action="reopen",
            from_status="DOCUMENTED",
            to_status="HELD",
            by=world.manager,
            words="Målet om språk saknas.",
        )

    assert "Målet om språk saknas." in page(employee, talk.get_absolute_url())
    with upkeep():
        assert [each.reader for each in Reading.objects.filter(talk=talk)] == [world.employee]


def test_the_talks_over_the_years_stand_beside_and_salary_talks_apart(world, employee):
    first = add_talk(world, status=S.CLOSED, year=world.year - 1)
    talk = add_talk(world, previous=first)
    add_talk(world, kind=TalkKind.SALARY)

    thread = employee.get(talk.get_absolute_url()).context["thread"]

    assert [each for each, _relation in thread] == [first]


# --- The steps ----------------------------------------------------------------------------------


def test_holding_twice_by_a_double_click_holds_once(world, manager, token):
    talk = add_talk(world, status=S.PREPARING)
    form = {"held_on": timezone.localdate().isoformat(), **token()}

    answers = [manager.post(url("talk_hold", talk.pk), form) for _time in range(2)]

    assert {answer.url for answer in answers} == {talk.get_absolute_url()}
    with upkeep():
        assert TalkStep.objects.filter(talk=talk, action="hold").count() == 1


def test_a_day_to_come_is_refused_beside_the_field(world, manager, token):
    talk = add_talk(world)
    tomorrow = timezone.localdate() + timedelta(days=1)

    answer = manager.post(url("talk_hold", talk.pk), {"held_on": tomorrow.isoformat(), **token()})

    assert "held_on" in answer.context["form"].errors


def test_a_step_in_the_wrong_state_is_refused_in_words(world, manager):
    talk = add_talk(world, status=S.CLOSED)

    answer = manager.get(url("talk_hold", talk.pk), follow=True)

    assert answer.redirect_chain[-1][0] == talk.get_absolute_url()
    assert [str(each) for each in answer.context["messages"]] != []


def test_what_was_written_stays_on_the_page_that_refuses(world, manager, token):
    talk = add_talk(world, status=S.CONFIRMED)

    answer = manager.post(
        url("talk_discontinue", talk.pk), {"reason": "Ett långt skäl.", **token()}
    )

    assert answer.status_code == 409
    assert "Ett långt skäl." in answer.content.decode()


def test_taking_over_twice_by_a_double_click_takes_over_once(world, manager, token):
    talk = add_talk(world, holder="former_manager", status=S.INVITED)
    form = token()

    answers = [manager.post(url("talk_take_over", talk.pk), form) for _time in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    with upkeep():
        talk.refresh_from_db()
        assert talk.holder == world.manager


def test_the_employee_hands_over_to_a_manager_of_today(world, employee, token):
    talk = add_talk(world, holder="former_manager", status=S.HELD)

    shown = employee.get(url("talk_hand_over", talk.pk))
    choices = [pk for pk, _name in shown.context["form"].fields["to"].choices]
    employee.post(url("talk_hand_over", talk.pk), {"to": world.manager.pk, **token()})

    assert set(choices) == {str(world.manager.pk), str(world.acting_manager.pk)}
    with upkeep():
        talk.refresh_from_db()
        assert talk.holder == world.manager


def test_a_record_goes_along_to_another_employment_and_back(world, employee, as_persona, token):
    talk = add_talk(world, status=S.CLOSED)
    with upkeep():
        later = Employment.objects.create(
            person=world.employee,
            unit=world.units["other_unit"],
            title="Förskollärare",
            starts_on=timezone.localdate(),
        )
    there = as_persona("other_manager")
    assert there.get(talk.get_absolute_url()).status_code == 404

    employee.post(url("talk_bring", talk.pk), {"employment": later.pk, **token()})
    assert there.get(talk.get_absolute_url()).status_code == 200

    employee.post(url("talk_bring", talk.pk), {"employment": "", **token()})
    assert there.get(talk.get_absolute_url()).status_code == 404


def test_somebody_elses_employment_cannot_be_chosen(world, employee, token):
    talk = add_talk(world, status=S.CLOSED)

    answer = employee.post(
        url("talk_bring", talk.pk),
        {"employment": world.employments["stranger"].pk, **token()},
    )

    assert "employment" in answer.context["form"].errors


# --- How much it takes --------------------------------------------------------------------------


def _add_many(world, numbers, years, template):
    with upkeep():
        for number in numbers:
            add_person(world, f"many_{number}", "unit")
    for number in numbers:
        add_talk(world, f"many_{number}", status=S.DOCUMENTED, template=template)
        add_talk(world, f"many_{number}", kind=TalkKind.SALARY, template=template)
    for year in years:
        add_talk(world, "manager", "manager_above", S.CLOSED, year=year, template=template)
        add_talk(world, "employee", status=S.CLOSED, year=year, template=template)


def test_the_pages_take_as_many_queries_for_many_as_for_few(
    world, manager, employee, django_assert_max_num_queries
):
    template = small_template()
    add_talk(world, "manager", "manager_above", S.INVITED, template=template)
    talk = add_talk(world, "employee", status=S.DOCUMENTED, template=template)
    pages = [
        (manager, url("talks")),
        (manager, talk.get_absolute_url()),
        (employee, url("talks")),
        (employee, talk.get_absolute_url()),
        (manager, url("talk_new", world.employments["colleague"].pk)),
    ]

    def counted():
        numbers = []
        for client, address in pages:
            client.get(address)
            with django_assert_max_num_queries(20) as queries:
                assert client.get(address).status_code == 200
            asked = [each["sql"] for each in queries if "django_session" not in each["sql"]]
            numbers.append(len([sql for sql in asked if "SAVEPOINT" not in sql]))
        return numbers

    _add_many(world, range(2), [world.year - 1], template)
    few = counted()
    _add_many(world, range(2, 60), range(world.year - 10, world.year - 1), template)
    many = counted()

    # One less where nobody on the page has a protected name.
    assert all(later <= first for later, first in zip(many, few, strict=True))


# --- What remains, for the start page -----------------------------------------------------------


def todos(person, day=None):
    with acting_as(person):
        return todos_of_talks(person, day or timezone.localdate())


def test_the_employee_is_asked_to_prepare_when_invited(world):
    talk = add_talk(world, status=S.INVITED)

    assert [each.url for each in todos(world.employee)] == [url("preparation", talk.pk)]


def test_a_planned_talk_is_prepared_only_in_a_running_round(world):
    talk = add_talk(world)
    assert todos(world.employee) == []
    with upkeep():
        round_ = Round.objects.create(
            unit=world.board,
            kind=TalkKind.EMPLOYEE,
            year=world.year,
            template=talk.template_version.template,
            starts_on=date(world.year, 1, 1),
            ends_on=date(world.year, 12, 31),
            status=Round.Status.STARTED,
            opened_by=world.hr,
            started_at=timezone.now(),
            started_by=world.hr,
        )
        Talk.objects.filter(pk=talk.pk).update(round=round_, revision=2)

    (todo,) = todos(world.employee)
    assert todo.url == url("preparation", talk.pk)
    # The two see when the round's talks are to have been held.
    assert f"31 december {world.year}" in todo.due_text
    late = todos(world.manager, date(world.year + 1, 1, 1))
    assert {each.url for each in late if each.is_late} == {
        url("talk_times", talk.pk),
        url("preparation", talk.pk),
    }


def test_a_talk_held_waits_for_both_and_a_record_for_those_who_have_not_answered(world):
    held = add_talk(world, status=S.HELD)
    answered = add_talk(world, status=S.DOCUMENTED, kind=TalkKind.SALARY)
    with upkeep():
        Confirmation.objects.create(
            version=answered.versions.get(),
            talk=answered,
            number=1,
            party=Party.EMPLOYEE,
            person=world.employee,
            outcome=Confirmation.Outcome.CONFIRMED,
        )

    assert [each.url for each in todos(world.employee)] == [url("joint", held.pk)]
    assert [each.url for each in todos(world.manager)] == [
        url("joint", held.pk),
        url("talk_confirm", answered.pk),
    ]


def test_who_is_asked_for_changes_is_told_and_who_asked_is_not(world):
    talk = add_talk(world, status=S.HELD)
    with upkeep():
        TalkStep.objects.create(
            talk=talk,
            action="reopen",
            from_status="DOCUMENTED",
            to_status="HELD",
            by=world.employee,
            words="Ändra.",
        )

    (asked,), (asking,) = todos(world.manager), todos(world.employee)
    assert asked.text != asking.text
    assert asked.url == asking.url == url("joint", talk.pk)


def test_a_manager_takes_over_what_the_earlier_one_held_but_not_what_a_delegate_holds(world):
    left = add_talk(world, "employee", "former_manager", S.INVITED)
    beside = add_talk(world, "colleague", "acting_manager", S.INVITED)
    delegated = add_talk(world, "representative", "neighbour", S.INVITED)
    add_delegation(world, "representative", "neighbour")

    urls = [each.url for each in todos(world.manager)]

    assert urls == [url("talk_take_over", left.pk)]
    assert {beside, delegated}.isdisjoint({left})


def test_many_of_one_kind_are_told_as_a_number(world):
    template = small_template()
    for who in ("employee", "colleague", "representative", "teammate_0", "teammate_1"):
        add_talk(world, who, status=S.HELD, template=template)

    (todo,) = todos(world.manager)

    assert todo.url == url("talks") + f"?state=HELD&year={world.year}#employees"


def test_a_follow_up_is_due_from_five_months_after_until_there_is_one(world):
    day = timezone.localdate()
    talk = add_talk(world, status=S.CLOSED, held_on=day - timedelta(days=160))
    add_talk(world, "colleague", status=S.CLOSED, held_on=day - timedelta(days=100))

    assert [each.url for each in todos(world.manager)] == [url("talk_follow_up", talk.pk)]
    add_talk(world, kind=TalkKind.FOLLOW_UP, status=S.PLANNED)
    assert url("talk_follow_up", talk.pk) not in [each.url for each in todos(world.manager)]


def test_a_follow_up_is_due_on_the_day_that_the_two_agreed_on(world):
    day = timezone.localdate()
    held_on = day - timedelta(days=200)
    agreed = add_talk(world, status=S.CLOSED, held_on=held_on, next_on=day - timedelta(days=1))
    add_talk(world, "colleague", status=S.CLOSED, held_on=held_on, next_on=day + timedelta(days=30))

    (todo,) = todos(world.manager)

    assert todo.url == url("talk_follow_up", agreed.pk)
    assert todo.is_late


def test_a_protected_name_is_not_told_to_a_delegate(world):
    add_talk(world, "protected", "neighbour", S.HELD)
    add_delegation(world, "protected", "neighbour")

    (todo,) = todos(world.neighbour)

    assert canary("namn-protected") not in todo.due_text


def test_an_ended_delegation_leaves_nothing_to_do(world):
    day = timezone.localdate()
    add_talk(world, "employee", "neighbour", S.HELD)
    add_delegation(world, "employee", "neighbour", day - timedelta(9), day - timedelta(1))

    assert todos(world.neighbour) == []


def test_what_remains_takes_three_questions_and_one_about_whose_talks_they_are(
    world, django_assert_num_queries
):
    for who in ("employee", "colleague", "representative"):
        add_talk(world, who, status=S.INVITED)
        add_talk(world, who, "former_manager", kind=TalkKind.NEW)

    assert world.manager.roles_today  # which a request has read already
    with acting_as(world.manager), django_assert_num_queries(4):
        todos_of_talks(world.manager, timezone.localdate())
