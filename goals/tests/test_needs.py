"""Needs for development, gathered for the level above, and the boards' methods of analysis."""

from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from goals.models import AnalysisMethod, Closure, Need
from goals.reports import needs as gathering
from stockholm_quality.tests.counting import Asked
from stockholm_quality.tests.side_by_side import side_by_side
from stockholm_quality.tests.world import canary
from stockholm_quality.tests.world_year import hand_in

MOST_QUERIES = 15


@pytest.fixture
def report(year):
    return year.reports["working"]


def a_need(**fields):
    return {"theme": "STAFFING", "text": "En pedagog till", "goal": "", **fields}


# --- Naming ------------------------------------------------------------------------------------


def test_a_need_is_named_once_and_taken_away_once(year, report, as_persona):
    client = as_persona("manager")
    sent = {**a_need(goal=year.unit_goal.pk), "form_token": uuid4()}
    where = reverse("goals:need_new", args=[report.pk])

    page = client.get(where)
    answers = [client.post(where, sent) for _time in range(2)]
    need = Need.objects.get(text="En pedagog till")
    drop = reverse("goals:need_drop", args=[report.pk, need.pk])
    away = {"form_token": uuid4()}
    dropped = [client.post(drop, away).status_code for _time in range(2)]

    assert page.status_code == 200
    assert [answer.url for answer in answers] == [f"{report.get_absolute_url()}#needs"] * 2
    assert (need.goal, need.submitted_at) == (year.unit_goal, None)
    assert dropped == [302, 302]
    assert not Need.objects.filter(pk=need.pk).exists()
    assert client.post(drop, {"form_token": uuid4()}).status_code == 404


@pytest.mark.parametrize("wrong", [{"theme": ""}, {"theme": "MONEY"}, {"text": " "}])
def test_a_need_has_a_theme_and_words(year, report, as_persona, wrong):
    answer = as_persona("manager").post(
        reverse("goals:need_new", args=[report.pk]), {**a_need(), **wrong, "form_token": uuid4()}
    )

    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == set(wrong)


def test_a_need_is_for_a_goal_of_the_report(year, report, as_persona):
    for goal in (year.other_unit_goal, year.unit_draft):
        answer = as_persona("manager").post(
            reverse("goals:need_new", args=[report.pk]),
            {**a_need(goal=goal.pk), "form_token": uuid4()},
        )
        assert "goal" in answer.context["form"].errors


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("acting_manager", 302),
        ("manager_above", 403),
        ("controller", 403),
        ("employee", 404),
        ("hr", 404),
        ("other_controller", 404),
        ("other_manager", 404),
    ],
)
def test_only_those_who_write_the_report_name_needs(year, report, as_persona, who, status):
    need = year.needs["working"]
    client = as_persona(who)

    named = client.post(
        reverse("goals:need_new", args=[report.pk]), {**a_need(), "form_token": uuid4()}
    )
    dropped = client.post(
        reverse("goals:need_drop", args=[report.pk, need.pk]), {"form_token": uuid4()}
    )

    assert (named.status_code, dropped.status_code) == (status, status)
    assert Need.objects.filter(pk=need.pk).exists() == (status != 302)


def test_a_need_that_comes_too_late_is_shown_and_not_stored(year, report, as_persona):
    Closure.objects.create(period=report.period, unit=year.board, closed_by=year.controller)
    client = as_persona("manager")
    where = reverse("goals:need_new", args=[report.pk])

    answer = client.post(where, {**a_need(), "form_token": uuid4()})
    dropped = client.post(
        reverse("goals:need_drop", args=[report.pk, year.needs["working"].pk]),
        {"form_token": uuid4()},
    )

    assert (answer.status_code, dropped.status_code) == (409, 409)
    assert "En pedagog till" in answer.content.decode()
    assert Need.objects.filter(report=report).count() == 1


def test_a_need_of_another_report_is_not_there(year, report, as_persona):
    for name in ("accepted", "other_working"):
        where = reverse("goals:need_drop", args=[report.pk, year.needs[name].pk])
        assert as_persona("manager").post(where, {"form_token": uuid4()}).status_code == 404


def test_a_period_that_asks_for_no_needs_takes_none(year, report, as_persona):
    report.period.asks_needs, report.period.revision = False, report.period.revision + 1
    report.period.save()

    answer = as_persona("manager").get(reverse("goals:need_new", args=[report.pk]))

    assert answer.status_code == 404


# --- Gathered ----------------------------------------------------------------------------------


def _page(client, unit, **asked):
    return client.get(reverse("goals:needs", args=[unit.pk]), asked)


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("controller", 200),
        ("manager_above", 403),
        ("manager", 403),
        ("employee", 403),
        ("hr", 403),
        ("other_controller", 403),
        ("administrator", 403),
    ],
)
def test_those_who_watch_the_reporting_read_the_needs_of_the_board(year, as_persona, who, status):
    assert _page(as_persona(who), year.board).status_code == status


def test_only_what_has_been_handed_in_is_gathered(year, report, as_persona):
    page = _page(as_persona("controller"), year.board)

    content = page.content.decode()
    assert canary("accepted-behov") in content
    assert canary("submitted-behov") in content
    assert canary("working-behov") not in content
    assert canary("other_working-behov") not in content
    assert _page(as_persona("manager_above"), year.department).status_code == 200
    hand_in(report, year.manager)
    assert canary("working-behov") in _page(as_persona("controller"), year.board).content.decode()


def test_the_needs_are_counted_per_theme_and_narrowed(year, as_persona):
    for report, theme in (("accepted", "STAFFING"), ("accepted", "STAFFING")):
        Need.objects.create(
            report=year.reports[report],
            theme=theme,
            text="Fler vikarier",
            submitted_at=timezone.now(),
        )
    client = as_persona("controller")

    everything = _page(client, year.board)
    first = _page(client, year.board, period="T1")
    staffing = _page(client, year.board, theme="STAFFING")
    nonsense = _page(client, year.board, period="X", theme="MONEY", page="x", year="20x6")

    counts = {each.key: (each.needs, each.units) for each in everything.context["themes"]}
    assert counts == {"DIGITAL": (3, 2), "STAFFING": (2, 1)}
    assert everything.context["codes"] == ["T1", "T2"]
    assert sum(each.needs for each in first.context["themes"]) == 4
    assert {need.theme for need in staffing.context["page_obj"]} == {"STAFFING"}
    assert nonsense.context["page_obj"].paginator.count == 5
    assert _page(client, year.board, year=year.year - 1).context["themes"] == []


def test_the_needs_of_a_unit_that_was_merged_follow_it(year):
    year.units["next_unit"].successor = year.unit
    year.units["next_unit"].revision = year.units["next_unit"].revision + 1
    year.units["next_unit"].save()

    told = gathering.gathered(year.unit, year.year)

    assert year.needs["submitted"] in told


def test_the_gathered_needs_are_paged_and_ask_as_often_for_many(year, as_persona):
    client = as_persona("controller")

    def queries():
        with Asked() as taken:
            page = _page(client, year.board)
        return len(taken), page

    _page(client, year.board)
    few, _small = queries()
    Need.objects.bulk_create(
        Need(
            report=year.reports["accepted"],
            theme=Need.Theme.values[number % 8],
            text=f"Behov {number}",
            submitted_at=timezone.now(),
        )
        for number in range(200)
    )

    many, page = queries()

    assert few == many <= MOST_QUERIES
    assert len(page.context["page_obj"].object_list) == 25


# --- Methods -----------------------------------------------------------------------------------


def a_method(**fields):
    return {
        "name": "Språktrappan",
        "help_text": "När det gäller språket.",
        "prompts": "Vilka barn?",
        **fields,
    }


def test_a_controller_adds_and_changes_a_method_that_everyone_can_read(year, as_persona):
    client = as_persona("controller")
    new = reverse("goals:method_new", args=[year.board.pk])
    sent = {**a_method(), "form_token": uuid4()}
    answers = [client.post(new, sent) for _time in range(2)]
    method = AnalysisMethod.objects.get(name="Språktrappan")
    listed = as_persona("employee").get(reverse("goals:methods", args=[year.unit.pk]))
    edit = reverse("goals:method_edit", args=[method.pk])

    changed = client.post(edit, {**a_method(name="Trappan"), "revision": 1, "form_token": uuid4()})

    assert [answer.status_code for answer in answers] == [302, 302]
    assert "Språktrappan" in listed.content.decode()
    assert edit not in listed.content.decode()
    method.refresh_from_db()
    assert changed.status_code == 302
    assert (method.name, method.is_in_use) == ("Trappan", False)
    unused = as_persona("employee").get(reverse("goals:methods", args=[year.unit.pk]))
    assert "Trappan" not in unused.content.decode()
    assert "Trappan" in client.get(reverse("goals:methods", args=[year.board.pk])).content.decode()


@pytest.mark.parametrize(
    "who", ["manager", "manager_above", "employee", "hr", "other_controller", "administrator"]
)
def test_others_read_the_methods_and_change_none(year, as_persona, who):
    client = as_persona(who)
    method = year.methods["method"]

    assert client.get(reverse("goals:methods", args=[year.board.pk])).status_code == 200
    for where in (
        reverse("goals:method_new", args=[year.board.pk]),
        reverse("goals:method_edit", args=[method.pk]),
    ):
        assert client.get(where).status_code == 403
        assert client.post(where, {**a_method(), "form_token": uuid4()}).status_code == 403


def test_a_method_has_a_name_of_its_own_and_belongs_to_a_board(year, as_persona):
    client = as_persona("controller")
    new = reverse("goals:method_new", args=[year.board.pk])

    same = client.post(
        new, {**a_method(name=year.methods["method"].name.upper()), "form_token": uuid4()}
    )
    empty = client.post(new, {**a_method(name="", help_text=""), "form_token": uuid4()})

    assert set(same.context["form"].errors) == {"name"}
    assert set(empty.context["form"].errors) == {"name", "help_text"}
    assert client.get(reverse("goals:method_new", args=[year.unit.pk])).status_code == 403
    assert client.get(reverse("goals:method_edit", args=[999_999])).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_two_writers_of_a_method_see_both_texts(year, as_persona):
    where = reverse("goals:method_edit", args=[year.methods["method"].pk])
    clients = [as_persona("controller") for _number in range(2)]
    texts = ["Den ena texten", "Den andra texten"]

    answers = side_by_side(
        *(
            lambda client=client, text=text: client.post(
                where,
                {
                    **a_method(help_text=text, is_in_use="on"),
                    "revision": 1,
                    "form_token": uuid4(),
                },
            )
            for client, text in zip(clients, texts, strict=True)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [302, 409]
    loser = next(answer for answer in answers if answer.status_code == 409)
    assert all(text in loser.content.decode() for text in texts)
