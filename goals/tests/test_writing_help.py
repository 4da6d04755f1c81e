"""The questions of a good colleague: each rule asks where it should and is silent where it should.

The examples are goals as preschools, care homes and offices write them.
"""

from uuid import uuid4

import pytest
from django.urls import reverse

from goals.models import Goal
from goals.writing_help import LONGEST_GOAL, RULES, has_been_told, questions_about

GOOD = {
    "title": "Barnen har ett rikt och nyanserat språk",
    "expected_result": "Minst 90 procent av barnen återberättar en saga med egna ord",
    "follow_up": "Språkkartläggning i maj och oktober, arbetslaget analyserar",
    "parent": 7,
}
ASKED = [
    ("for_whom", {"title": "Vi ska arbeta med språk i alla grupper"}),
    ("for_whom", {"title": "Genomföra utbildning i språkutveckling"}),
    ("for_whom", {"title": "Att införa nya rutiner för överlämning"}),
    ("for_whom", {"title": "Personalen utbildas i bemötande"}),
    ("for_whom", {"title": "FÖLJA UPP frånvaron"}),
    ("for_whom", {"title": "Upprättar en plan för introduktion"}),
    ("names_nobody", {"title": "God ekonomi i balans"}),
    ("names_nobody", {"title": "Ett rikt och nyanserat språk"}),
    ("no_parent", {"parent": None}),
    ("no_parent", {"parent": ""}),
    ("one_goal", {"title": "Barnen har ett rikt språk. De äldre barnen räknar till hundra."}),
    ("one_goal", {"title": "Barnen har ett rikt språk samt goda vänner"}),
    ("one_goal", {"title": "Barnen leker och lär och äter och sover gott"}),
    ("one_goal", {"title": "Barnen " + "mycket " * LONGEST_GOAL}),
    ("vague", {"title": "Barnen får möjlighet att sträva efter ett rikt språk"}),
    ("vague", {"title": "De boende har så långt som möjligt en meningsfull dag"}),
    ("vague", {"title": "Främja barnens språk"}),
    ("no_result", {"expected_result": ""}),
    ("no_result", {"expected_result": "   "}),
    ("result_is_doing", {"expected_result": "Vi genomför två utbildningar per år"}),
    ("result_is_doing", {"expected_result": "Ta fram 3 nya rutiner"}),
    ("result_is_doing", {"expected_result": "Utbilda all personal senast i maj"}),
    ("tell_afterwards", {"expected_result": "Barnen har bättre språk"}),
    ("tell_afterwards", {"expected_result": "De boende är nöjda"}),
    ("no_follow_up", {"follow_up": ""}),
]
NOT_ASKED = [
    ("for_whom", {"title": "Barnens språk är rikt"}),
    ("for_whom", {"title": "De äldre avgör själva hur dagen ser ut"}),
    ("for_whom", {"title": "Stockholmarna får svar inom två dagar"}),
    ("for_whom", {"title": "Eleverna når kunskapskraven"}),
    ("for_whom", {"title": "Företag får sina tillstånd i tid"}),
    ("for_whom", {"title": "Våra medarbetare har ett hållbart arbetsliv"}),
    ("for_whom", {"title": ""}),
    ("for_whom", {"title": "God ekonomi i balans"}),
    ("names_nobody", {"title": "Barnens språk är rikt"}),
    ("names_nobody", {"title": "Vi ska arbeta med språk"}),  # asked for whom already
    ("names_nobody", {"title": ""}),
    ("no_parent", {}),
    ("no_parent", {"title": "", "parent": None}),
    ("one_goal", {"title": "Barnen har ett rikt och nyanserat språk"}),
    ("one_goal", {"title": "Barnen har ett rikt språk."}),
    ("one_goal", {"title": "Barnen läser minst 2.5 timmar i veckan"}),
    ("vague", {"title": "Barnen har ett rikt språk"}),
    ("no_result", {"title": "", "expected_result": ""}),
    ("no_result", {}),
    ("result_is_doing", {"expected_result": "Alla barn återberättar en saga"}),
    ("result_is_doing", {"expected_result": "Andelen nöjda ökar från 80 till 85"}),
    ("result_is_doing", {"expected_result": ""}),
    ("tell_afterwards", {"expected_result": "Samtliga boende har en kontaktman"}),
    ("tell_afterwards", {"expected_result": "Fler än hälften deltar varje vecka"}),
    ("tell_afterwards", {"expected_result": ""}),
    ("no_follow_up", {"expected_result": "", "follow_up": ""}),
]


def codes(**changed):
    return {question.code for question in questions_about({**GOOD, **changed})}


@pytest.mark.parametrize(("code", "changed"), ASKED)
def test_a_rule_asks(code, changed):
    assert code in codes(**changed)


@pytest.mark.parametrize(("code", "changed"), NOT_ASKED)
def test_a_rule_is_silent(code, changed):
    assert code not in codes(**changed)


def test_a_goal_well_written_raises_no_question():
    assert codes() == set()


def test_an_empty_form_raises_no_question():
    assert questions_about({}) == []
    assert questions_about({"title": None, "expected_result": None}) == []


@pytest.mark.parametrize("part", ["title", "expected_result"])
def test_no_praise_before_both_goal_and_result_are_written(part):
    assert has_been_told(GOOD)
    assert not has_been_told({**GOOD, part: ""})


def test_every_rule_has_an_example_that_asks_and_one_that_does_not():
    every = {rule.code for rule in RULES}

    assert {code for code, _parts in ASKED} == every
    assert {code for code, _parts in NOT_ASKED} == every


def test_no_question_ever_keeps_a_goal_from_being_saved_or_adopted(world, as_persona):
    client = as_persona("manager")
    worst = {
        "title": "Vi ska sträva efter att arbeta samt utbilda. Och mer.",
        "expected_result": "Utbilda",
    }
    assert len(questions_about(worst)) >= 4

    saved = client.post(
        reverse("goals:new", args=[world.unit.pk]), {**worst, "form_token": uuid4()}
    )
    goal = Goal.objects.get(title=worst["title"])
    adopted = client.post(
        reverse("goals:adopt", args=[goal.pk]),
        {"decided_on": "2026-01-15", "revision": 1, "form_token": uuid4()},
    )

    assert (saved.status_code, adopted.status_code) == (302, 302)
    assert not Goal.objects.get(pk=goal.pk).is_draft


def test_the_questions_show_after_saving_without_scripts_and_while_writing(world, as_persona):
    client = as_persona("manager")
    worst = {"title": "Vi ska utbilda", "expected_result": "Utbilda"}
    address = reverse("goals:edit", args=[world.unit_draft.pk])
    client.post(address, {**worst, "revision": 1, "form_token": uuid4()})

    read = client.get(world.unit_draft.get_absolute_url()).content.decode()
    written = client.post(
        "/mal/skrivhjalp/", worst, headers={"HX-Request": "true"}
    ).content.decode()

    for page in (read, client.get(address).content.decode(), written):
        assert "Vad blir bättre, och för vem?" in page
    assert "<html" not in written


def test_a_boards_goal_is_asked_no_questions(world, as_persona):
    page = as_persona("controller").get(reverse("goals:edit", args=[world.board_draft.pk]))

    assert page.context["questions"] == []
