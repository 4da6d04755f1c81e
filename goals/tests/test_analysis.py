"""The guided analysis and the measures decided because of it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from goals.actions.reports import (
    decide_measure,
    write_assessment,
)
from goals.analysis_methods import PORTALS, methods_for
from goals.forms.analysis import STEPS
from goals.models import (
    Activity,
    Analysis,
    AnalysisMethod,
    Assessment,
    Closure,
    Gender,
    Goal,
    Target,
    Value,
)
from stockholm_quality.tests.counting import Asked
from stockholm_quality.tests.side_by_side import side_by_side
from stockholm_quality.tests.world import add_goal, canary, scene
from stockholm_quality.tests.world_year import add_indicator, add_report, add_target, hand_in
from units.drafts import unsaved_texts
from units.models import Draft
from units.revisions import StaleRevisionError

MOST_QUERIES = 20
WRITERS = ("manager", "acting_manager")


@pytest.fixture
def report(year):
    """What the manager of Ängen is writing for the second tertial."""
    return year.reports["working"]


def address(report, goal, name="analysis"):
    return reverse(f"goals:{name}", args=[report.pk, goal.pk])


def written(revision=0, **texts):
    return {"revision": revision, "form_token": uuid4(), **dict.fromkeys(STEPS, ""), **texts}


def a_measure(person, prefix="", **fields):
    today = timezone.localdate()
    told = {
        "title": "Fler läser högt",
        "description": "Varje dag efter lunch",
        "responsible": person.pk,
        "starts_on": today,
        "due_on": today + timedelta(days=30),
        **fields,
    }
    return {f"{prefix}{name}": value for name, value in told.items()}


# --- Writing -----------------------------------------------------------------------------------


def test_the_manager_writes_as_far_as_they_have_come(year, report, as_persona):
    Analysis.objects.filter(report=report).delete()

    answer = as_persona("manager").post(
        address(report, year.unit_goal), written(deviation="Fem under målet", way="FIVE_WHYS")
    )

    stored = Analysis.objects.get(report=report, goal=year.unit_goal)
    assert answer.status_code == 302
    assert (stored.deviation, stored.method, stored.cause) == ("Fem under målet", "FIVE_WHYS", "")


def test_an_empty_form_makes_no_analysis(year, report, as_persona):
    Analysis.objects.filter(report=report).delete()

    as_persona("manager").post(address(report, year.unit_goal), written())

    assert not Analysis.objects.filter(report=report).exists()


def test_the_page_shows_the_result_the_earlier_analysis_and_the_periods_help(
    year, report, as_persona
):
    period = report.period
    period.help_analysis, period.revision = "Skriv om språket", period.revision + 1
    period.save()

    page = as_persona("manager").get(address(report, year.unit_goal))

    content = page.content.decode()
    assert "Skriv om språket" in content
    assert canary("accepted-orsak") in content  # of the period before
    assert canary("working-orsak") in content
    assert "83,5" in content or "84" in content
    assert page.context["before"].report == year.reports["accepted"]


def test_similar_units_show_only_what_they_have_handed_in(year, report, as_persona):
    add_goal(year, "next_goal", "next_unit", "UNIT", "board_goal")
    add_target(year, "next_target", "city_indicator", "next_goal")
    value = Value.objects.create(
        indicator=year.indicators["city_indicator"],
        unit=year.units["next_unit"],
        period=report.period,
        gender=Gender.TOTAL,
        value=77,
    )
    page = as_persona("manager").get(address(report, year.unit_goal))
    before = page.context["evidence"][0].similar
    value.submitted_value, value.submitted_at = 71, timezone.now()
    value.revision += 1
    value.save()

    page = as_persona("manager").get(address(report, year.unit_goal))

    assert before == ""
    assert "71" in page.context["evidence"][0].similar
    assert "77" not in page.context["evidence"][0].similar


def test_groups_stand_beside_the_second_step(year, report, as_persona):
    indicator = add_indicator(year, "by_gender", "unit", by_gender=True)
    add_target(year, "gender_target", "by_gender", "unit_goal")
    for gender, value in ((Gender.WOMEN, 91), (Gender.MEN, 64)):
        Value.objects.create(
            indicator=indicator, unit=year.unit, period=report.period, gender=gender, value=value
        )

    page = as_persona("manager").get(address(report, year.unit_goal))

    [told] = [each for each in page.context["evidence"] if each.row.target.indicator == indicator]
    assert [value for _group, value in told.groups] == ["91\xa0%", "64\xa0%"]


@scene()
def test_what_is_written_is_found_again_as_a_draft(year, report, as_persona):
    key = f"analysis:{report.pk}:{year.unit_goal.pk}"
    Draft.objects.create(
        author=year.manager,
        key=key,
        fields={
            "cause": ["Halva orsaken"],
            "way": ["FISHBONE"],
            "revision": ["1"],
            "measure-title": ["Halva åtgärden"],
        },
        saved_at=timezone.now(),
    )
    client = as_persona("manager")

    page = client.get(address(report, year.unit_goal)).content.decode()
    [kept] = [each for each in unsaved_texts(year.manager) if each.key == key]
    client.post(address(report, year.unit_goal), written(1, cause="Hela orsaken"))

    assert "Halva orsaken" in page
    assert "Halva åtgärden" in page
    assert (kept.url, kept.texts) == (
        address(report, year.unit_goal),
        ["Halva orsaken", "Halva åtgärden"],
    )
    assert not Draft.objects.filter(author=year.manager, key=key).exists()


def test_an_analysis_sent_twice_has_one_effect(year, report, as_persona):
    client = as_persona("manager")
    sent = written(1, cause="Det var influensan", **a_measure(year.manager, "measure-"))

    answers = [client.post(address(report, year.unit_goal), sent) for _time in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert Activity.objects.filter(title="Fler läser högt").count() == 1
    assert Analysis.objects.get(report=report, goal=year.unit_goal).revision == 2


# --- Two writers -------------------------------------------------------------------------------


@pytest.mark.parametrize("pairs", [20, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.django_db(transaction=True)
def test_two_writers_of_an_analysis_lose_nothing(year, report, as_persona, pairs, is_first):
    goals = [
        add_goal(year, f"goal_{number}", "unit", "UNIT", "board_goal") for number in range(pairs)
    ]
    if not is_first:
        Analysis.objects.bulk_create(
            Analysis(report=report, goal=goal, cause="Från början") for goal in goals
        )
    clients = [as_persona(name) for name in WRITERS]
    lost = kept = 0
    for goal in goals:
        texts = [f"Orsaken enligt {name} nr {goal.pk} åäö" for name in WRITERS]
        answers = side_by_side(
            *(
                lambda client=client, text=text, goal=goal: client.post(
                    address(report, goal), written(0 if is_first else 1, cause=text)
                )
                for client, text in zip(clients, texts, strict=True)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [302, 409]
        winner, loser = (0, 1) if answers[0].status_code == 302 else (1, 0)
        lost += Analysis.objects.get(report=report, goal=goal).cause != texts[winner]
        page = answers[loser].content.decode()
        kept += all(text in page for text in texts)

    assert (lost, kept) == (0, pairs)


def test_a_measure_is_not_decided_when_the_analysis_it_came_with_met_another(
    year, report, as_persona
):
    client = as_persona("acting_manager")
    as_persona("manager").post(
        address(report, year.unit_goal), written(1, cause="Först", way="FISHBONE")
    )

    answer = client.post(
        address(report, year.unit_goal),
        written(1, cause="Sedan", way="FIVE_WHYS", **a_measure(year.manager, "measure-")),
    )

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Först" in page
    assert "Sedan" in page
    assert "Fler läser högt" in page
    assert not Activity.objects.filter(title="Fler läser högt").exists()
    assert {row.label for row in answer.context["conflict"] if row.changed} >= {
        answer.context["form"].fields["way"].label
    }
    again = client.post(
        address(report, year.unit_goal),
        written(
            answer.context["form"]["revision"].value(),
            cause="Båda",
            **a_measure(year.manager, "measure-"),
        ),
    )
    assert again.status_code == 302
    assert Analysis.objects.get(report=report, goal=year.unit_goal).cause == "Båda"


def test_a_judgement_is_no_conflict_with_a_measure_decided_before_it(year, report, as_persona):
    goal = add_goal(year, "new_goal", "unit", "UNIT", "board_goal")
    fields = a_measure(year.manager) | {"responsible": year.manager}
    decide_measure(report=report, goal=goal, fields=fields, by=year.manager)
    texts = {"judgement": "NOT", "reason": "Vi hann inte", "difference": ""}

    told = write_assessment(report=report, goal=goal, revision=0, fields=texts, by=year.manager)

    assert told.reason == "Vi hann inte"
    with pytest.raises(StaleRevisionError):
        write_assessment(
            report=report,
            goal=goal,
            revision=0,
            fields=texts | {"reason": "Vi hann"},
            by=year.manager,
        )


# --- Who, and when -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "statuses"),
    [
        ("manager", (200, 302)),
        ("acting_manager", (200, 302)),
        ("manager_above", (200, 403)),
        ("controller", (200, 403)),
        ("employee", (404, 404)),
        ("acting_ended", (404, 404)),
        ("neighbour", (404, 404)),
        ("hr", (404, 404)),
        ("other_controller", (404, 404)),
        ("other_manager", (404, 404)),
        ("administrator", (404, 404)),
    ],
)
def test_the_analysis_is_there_for_those_who_answer_for_the_unit(
    year, report, as_persona, who, statuses
):
    client = as_persona(who)
    read, write = statuses

    page = client.get(address(report, year.unit_goal))
    answer = client.post(address(report, year.unit_goal), written(1, cause="Jag skriver"))
    measure = client.post(
        address(report, year.unit_goal, "measure_new"),
        {**a_measure(year.manager), "form_token": uuid4()},
    )

    assert (page.status_code, answer.status_code, measure.status_code) == (read, write, write)
    if read == 200:
        assert ("analysis-form" in page.content.decode()) == (write == 302)
    stored = Analysis.objects.get(report=report, goal=year.unit_goal)
    assert (stored.cause == "Jag skriver") == (write == 302)


def test_once_handed_in_the_page_is_for_reading_and_says_why(year, as_persona):
    report = year.reports["accepted"]

    page = as_persona("manager").get(address(report, year.unit_goal))
    employees = as_persona("employee").get(address(report, year.unit_goal))

    assert page.status_code == 200
    assert page.context["why_read_only"]
    assert "analysis-form" not in page.content.decode()
    assert canary("accepted-orsak") in page.content.decode()
    assert employees.status_code == 404


def test_words_that_come_after_the_handing_in_are_shown_and_not_stored(year, report, as_persona):
    hand_in(report, year.manager)
    sent = written(1, cause="För sent", **a_measure(year.manager, "measure-"))

    answers = [
        as_persona("manager").post(address(report, year.unit_goal), sent),
        as_persona("manager").post(
            address(report, year.unit_goal, "measure_new"),
            {**a_measure(year.manager), "form_token": uuid4()},
        ),
    ]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert "För sent" in answers[0].content.decode()
    assert "Fler läser högt" in answers[0].content.decode()
    assert "Fler läser högt" in answers[1].content.decode()
    assert not Activity.objects.filter(title="Fler läser högt").exists()


def test_a_form_that_had_its_effect_before_the_handing_in_is_told_so(year, report, as_persona):
    sent = written(1, cause="I tid")
    client = as_persona("manager")
    client.post(address(report, year.unit_goal), sent)
    hand_in(report, year.manager)

    assert client.post(address(report, year.unit_goal), sent).status_code == 302


def test_a_closed_period_takes_no_words(year, report, as_persona):
    Closure.objects.create(period=report.period, unit=year.board, closed_by=year.controller)
    client = as_persona("manager")

    page = client.get(address(report, year.unit_goal))
    answer = client.post(address(report, year.unit_goal), written(1, cause="För sent"))

    assert page.context["form"] is None
    assert answer.status_code == 409
    assert "För sent" in answer.content.decode()
    assert Analysis.objects.get(report=report, goal=year.unit_goal).cause != "För sent"


def test_a_goal_of_another_unit_or_a_draft_is_not_there(year, report, as_persona):
    client = as_persona("manager")

    for goal in (year.other_unit_goal, year.unit_draft, year.board_goal):
        for name in ("analysis", "measure_new"):
            assert client.get(address(report, goal, name)).status_code == 404
    other = year.reports["other_working"]
    assert client.get(address(other, year.other_unit_goal)).status_code == 404
    plan = add_report(year, "plan", "unit", "vp")
    assert client.get(address(plan, year.unit_goal)).status_code == 404


# --- Methods -----------------------------------------------------------------------------------


def test_every_method_of_the_portal_has_words_and_questions():
    for language in ("sv", "en"):
        with translation.override(language):
            for method in PORTALS:
                assert str(method.name)
                assert str(method.when)
                assert 3 <= len(set(map(str, method.prompts))) <= 6
    assert {method.key for method in PORTALS} == set(Analysis.Method.values) - {"OWN"}


def test_the_chosen_methods_questions_are_fetched_alone(year, report, as_persona):
    own = year.methods["method"]
    own.prompts, own.revision = "Vilka barn?\n\nVad gjorde vi?", own.revision + 1
    own.save()

    answer = as_persona("manager").get(
        address(report, year.unit_goal),
        {"way": f"OWN-{own.pk}"},
        headers={"HX-Request": "true", "HX-Target": "method-prompts"},
    )

    content = answer.content.decode()
    assert "<html" not in content
    assert content.index("Vilka barn?") < content.index("<details")
    assert content.count("<li>Vad gjorde vi?</li>") == 2


def test_without_scripts_the_questions_of_all_methods_stand_on_the_page(year, report, as_persona):
    with translation.override("sv"):
        prompts = [str(prompt) for method in PORTALS for prompt in method.prompts]

    page = as_persona("manager").get(address(report, year.unit_goal)).content.decode()

    assert all(prompt in page for prompt in prompts)


def test_a_boards_method_can_be_chosen_below_it_and_nowhere_else(year, report, as_persona):
    own = year.methods["method"]
    elsewhere = AnalysisMethod.objects.create(
        unit=year.other_board, name="Brommas", help_text="Fråga barnen."
    )
    client = as_persona("manager")

    chosen = client.post(
        address(report, year.unit_goal), written(1, way=f"OWN-{own.pk}", cause="Ny orsak")
    )
    refused = client.post(address(report, year.unit_goal), written(2, way=f"OWN-{elsewhere.pk}"))

    stored = Analysis.objects.get(report=report, goal=year.unit_goal)
    assert chosen.status_code == 302
    assert (stored.method, stored.own_method) == ("OWN", own)
    assert "way" in refused.context["form"].errors


def test_a_method_out_of_use_stays_where_it_was_chosen(year, report):
    own = year.methods["method"]
    own.is_in_use, own.revision = False, own.revision + 1
    own.save()

    assert own not in [method.own for method in methods_for(year.unit)]
    assert own in [method.own for method in methods_for(year.unit, own)]


# --- Queries -----------------------------------------------------------------------------------


def _queries(client, where):
    client.get(where)
    with Asked() as taken:
        assert client.get(where).status_code == 200
    verbs = [query["sql"].split()[0] for query in taken]
    return len([verb for verb in verbs if verb not in {"SAVEPOINT", "RELEASE"}])


@pytest.mark.parametrize("who", ["manager", "controller"])
def test_the_page_asks_the_database_as_often_for_many_rows_as_for_few(
    year, report, as_persona, who
):
    client = as_persona(who)
    where = address(report, year.unit_goal)
    few = _queries(client, where)
    for number in range(30):
        indicator = add_indicator(year, f"more_{number}", "unit", by_gender=True)
        Target.objects.create(
            indicator=indicator, unit=year.unit, goal=year.unit_goal, year=year.year
        )
        Value.objects.create(
            indicator=indicator, unit=year.unit, period=report.period, gender="T", value=number
        )
        measure = Activity.objects.create(
            unit=year.unit,
            title=f"Åtgärd {number}",
            responsible=year.protected,
            starts_on=timezone.localdate(),
            due_on=timezone.localdate(),
            state="PROPOSED",
            assessment=Assessment.objects.get(report=report, goal=year.unit_goal),
        )
        measure.for_goals.create(goal=year.unit_goal)
        Goal.objects.create(
            unit=year.unit,
            level="UNIT",
            title=f"Mål {number}",
            first_year=year.year,
            last_year=year.year,
        )

    many = _queries(client, where)

    assert many <= MOST_QUERIES
    assert many - few <= 1  # the names of protected people, when there are some
