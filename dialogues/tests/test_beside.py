"""What stands beside whoever prepares a talk: the same evidence for both, and of pay only where pay
is talked of."""

from datetime import date

import pytest
from django.db.models import F
from django.utils import timezone

from dialogues.beside import beside_of
from dialogues.models import CompetenceNeed, ExpectationResult, Party, Reading, Talk, TalkKind
from dialogues.rules import TalkRights
from dialogues.tests.preparing import a_talk, address, answered
from goals.models import Assessment, Judgement
from stockholm_quality.tests.world import add_delegation, add_expectation, add_goal, canary, scene
from units.wall import acting_as


def beside(world, talk, who):
    person = world.people[who]
    with acting_as(person):
        found = Talk.objects.visible_to(person).with_people().get(pk=talk.pk)
        return beside_of(TalkRights(person, found), with_reasons=True)


@scene()
def last_years_expectation(world, who="employee"):
    goal = add_goal(
        world,
        "goal_before",
        "unit",
        "UNIT",
        first_year=world.year - 1,
        last_year=world.year - 1,
    )
    expectation = add_expectation(world, "expectation_before", who, "goal_before")
    for party, author, outcome in (
        (Party.EMPLOYEE, who, "FULL"),
        (Party.MANAGER, "manager", "PARTIAL"),
    ):
        ExpectationResult.objects.create(
            expectation=expectation,
            employment=expectation.employment,
            employee=expectation.employment.person,
            party=party,
            author=world.people[author],
            outcome=outcome,
            words=canary(f"ord-{party}"),
        )
    return goal, expectation


@scene()
def a_need(world, who="employee", **fields):
    employment = world.employments[who]
    return CompetenceNeed.objects.create(
        **{
            "employment": employment,
            "employee": employment.person,
            "need": canary(f"behov-{who}"),
            "source": CompetenceNeed.Source.OWN_WISH,
            "written_by": employment.person,
            **fields,
        }
    )


@pytest.mark.parametrize("who", ["employee", "manager"])
def test_both_see_the_thread_from_each_expectation_up_to_the_council(world, who):
    talk = a_talk(world)

    threads = beside(world, talk, who).threads

    assert len(threads) == 1  # one goal
    told = [node.text for node in threads[0]]
    assert sum(canary("expectation") in text for text in told) == 1
    assert canary("orientation") in told[-1]
    assert not any(canary("colleagues_expectation") in text for text in told)
    assert not any(canary("withdrawn_expectation") in text for text in told)


@pytest.mark.parametrize("who", ["employee", "manager"])
def test_last_years_expectations_stand_with_what_each_said_of_them(world, who):
    last_years_expectation(world)
    talk = a_talk(world)

    found = beside(world, talk, who)

    assert found.results_year == world.year - 1
    (row,) = found.results
    assert [(each.pill, each.words) for each in row.results] == [
        ("full", canary("ord-EMPLOYEE")),
        ("part", canary("ord-MANAGER")),
    ]


@pytest.mark.parametrize("kind", list(TalkKind))
def test_whatever_the_talk_is_about_the_year_before_stands_beside_it(world, kind):
    last_years_expectation(world)
    year = world.year + 1 if kind == TalkKind.LEAVING else world.year

    found = beside(world, a_talk(world, kind=kind, year=year, sections=[]), "employee")

    assert found.results_year == (year if kind == TalkKind.LEAVING else year - 1)
    assert bool(found.results) == (kind != TalkKind.LEAVING)


def test_the_units_goals_stand_with_how_they_were_judged_and_measured(year):
    with scene():
        goal = year.goals["unit_goal"]
        judged = (
            Assessment.objects.filter(goal=goal, submitted_at__isnull=False)
            .exclude(submitted_judgement="")
            .order_by("-report__period__ends_on")
            .first()
        )
    found = beside(year, a_talk(year), "employee")

    shown = {each.goal.pk: each for of_year in found.goals for each in of_year.goals}
    assert goal.pk in shown
    assert year.goals["unit_draft"].pk not in shown
    assert shown[goal.pk].judgement == (judged.submitted_judgement if judged else "")
    assert shown[goal.pk].measures
    for measure in shown[goal.pk].measures:
        if measure.meter:
            assert 0 <= measure.meter.value <= 100


def test_a_judgement_that_is_not_handed_in_is_not_told(year):
    with scene():
        goal = year.goals["unit_goal"]
        Assessment.objects.filter(goal=goal).update(
            submitted_judgement="",
            submitted_at=None,
            judgement=Judgement.NOT,
            revision=F("revision") + 1,
        )

    found = beside(year, a_talk(year), "employee")

    judgements = [each.judgement for of_year in found.goals for each in of_year.goals]
    assert Judgement.NOT not in judgements


def test_open_needs_come_along_and_done_ones_do_not(world):
    a_need(world, due_on=date(world.year, 9, 1))
    a_need(world, need="Redan lärt", state="DONE", done_on=timezone.localdate())
    a_need(world, "colleague")
    talk = a_talk(world)

    for who in ("employee", "manager"):
        assert [need.need for need in beside(world, talk, who).competence] == [
            canary("behov-employee")
        ]


def test_a_delegate_sees_the_evidence_of_the_named_person_only(world):
    last_years_expectation(world)
    a_need(world)
    a_need(world, "protected")
    add_delegation(world, "employee", "colleague")
    talk = a_talk(world, holder=world.people["colleague"])

    found = beside(world, talk, "colleague")

    assert len(found.results) == 1
    assert [need.need for need in found.competence] == [canary("behov-employee")]


def test_pay_is_kept_apart_from_the_other_talks(world):
    salary = answered(world, kind=TalkKind.SALARY, weighed=canary("skäl-förra"))
    other = answered(world)

    of_talk = beside(world, a_talk(world), "manager")
    of_pay = beside(world, a_talk(world, kind=TalkKind.SALARY), "manager")

    assert of_talk.earlier == [other]
    assert of_talk.reasons is None
    assert set(of_pay.earlier) == {other, salary}
    assert of_pay.reasons_from == salary
    assert [each.weighed for each in of_pay.reasons] == [canary("skäl-förra")]


def test_the_last_reasons_are_those_of_the_latest_earlier_year(world):
    for back in (3, 2):
        answered(
            world, kind=TalkKind.SALARY, year=world.year - back, weighed=f"För {back} år sedan"
        )
    answered(world, kind=TalkKind.SALARY, year=world.year + 1, weighed="Senare")

    found = beside(world, a_talk(world, kind=TalkKind.SALARY), "employee")

    assert [each.weighed for each in found.reasons] == ["För 2 år sedan"]


@pytest.mark.parametrize("who", ["employee", "manager", "acting_manager"])
def test_the_last_reasons_are_read_when_asked_for_and_only_that_is_noted(world, as_persona, who):
    earlier = answered(world, kind=TalkKind.SALARY, weighed=canary("skäl-förra"))
    holder = world.people["manager" if who == "employee" else who]
    talk = a_talk(world, kind=TalkKind.SALARY, holder=holder)
    client, noted = as_persona(who), []
    asked = f"{address(talk)}?reasons=1"

    for url, headers in (
        (address(talk), {}),
        (asked, {}),
        (asked, {"HX-Request": "true", "HX-Target": "last-reasons"}),
    ):
        page = client.get(url, headers=headers)
        with scene():
            readings = Reading.objects.filter(talk=earlier).order_by("pk")
            noted.append(list(readings.values_list("capacity", "what")))
        assert page.status_code == 200
        assert (canary("skäl-förra") in page.content.decode()) == (url == asked)

    capacity = {"employee": "EMPLOYEE", "manager": "HOLDER", "acting_manager": "MANAGER"}[who]
    assert noted == [[], [(capacity, "RECORD")], [(capacity, "RECORD")] * 2]
    with scene():
        assert not Reading.objects.filter(talk=talk).exists()


def test_an_employee_without_anything_before_is_told_so_in_words(world, as_persona):
    talk = a_talk(world, who="teammate_0", kind=TalkKind.SALARY)
    found = beside(world, talk, "teammate_0")

    parts = (found.threads, found.results, found.competence, found.earlier, found.reasons_from)
    assert not any(parts)
    assert as_persona("teammate_0").get(address(talk)).status_code == 200


def test_the_page_links_to_earlier_talks_and_goals(world, as_persona):
    earlier = answered(world)
    page = as_persona("employee").get(address(a_talk(world))).content.decode()

    assert f'href="{earlier.get_absolute_url()}"' in page
    assert f'href="{world.goals["unit_goal"].get_absolute_url()}"' in page
