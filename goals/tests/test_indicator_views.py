"""The pages of indicators and annual targets: what a form changes and what a reader sees."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from goals.models import Activity, ActivityGoal, Indicator, KeyFigure, KeyFigureValue, Target, Value
from goals.tests.test_rollups import add_indicator, add_units, add_year, measure, tell
from stockholm_quality.tests.counting import Asked
from stockholm_quality.tests.world import add_goal, canary
from units.models import Unit

MOST_QUERIES = 15


def post(client, name, *args, query="", **fields):
    address = reverse(f"goals:{name}", args=args) + query
    return client.post(address, {"form_token": uuid4(), **fields})


def queries_of(client, address):
    """How many statements the page asks; what marks transactions is not counted."""
    client.get(address)
    with Asked() as queries:
        answer = client.get(address)
    assert answer.status_code == 200
    verbs = [query["sql"].split()[0] for query in queries]
    return len([verb for verb in verbs if verb not in {"SAVEPOINT", "RELEASE"}])


def filled(**fields: Any) -> dict[str, Any]:
    return {
        "title": "Barn med språkplan",
        "unit_of_measure": "%",
        "direction": "HIGHER",
        "sort": "SHARE",
        "numerator_label": "barn med språkplan",
        "denominator_label": "alla barn",
        "over_periods": "LATEST",
        "over_units": "MEAN",
        "factor": "100",
        "frequency": "PERIOD",
        "decimals": "0",
        "on_track_margin": "10",
        **fields,
    }


@pytest.fixture
def measured(world) -> Indicator:
    """Decided by the board, measured by Ängen this year, with a value of a period handed in."""
    periods = add_year(world.board, world.year)
    indicator = add_indicator(world.board, unit_of_measure="%")
    measure(indicator, world.board_goal, year=world.year, annual_target=Decimal(90))
    measure(indicator, world.unit_goal, year=world.year, annual_target=Decimal(85))
    tell(indicator, world.unit, periods["T1"], 80)
    return indicator


# --- Making and changing -------------------------------------------------------------------------


def test_a_new_indicator_measures_the_goal_it_was_made_for(world, as_persona):
    goal = world.unit_goal

    made = post(
        as_persona("manager"),
        "indicator_new",
        world.unit.pk,
        query=f"?goal={goal.pk}",
        **filled(annual_target="92,5 %"),
    )

    target = Target.objects.get(goal=goal)
    assert made.url == goal.get_absolute_url()
    assert target.annual_target == Decimal("92.5")
    assert target.year == world.year
    assert target.indicator.unit == world.unit


@pytest.mark.parametrize(
    ("sort", "formulas"),
    [
        ("SHARE", (True, False, "WEIGHTED", "WEIGHTED")),
        ("COUNT", (False, False, "SUM", "SUM")),
        ("SINCE_JANUARY", (False, True, "LATEST", "SUM")),
        ("LEVEL", (False, False, "LATEST", "MEAN")),
        ("OWN", (True, False, "MEAN", "WEIGHTED")),
    ],
)
def test_the_kind_of_number_decides_the_formulas(world, as_persona, sort, formulas):
    own = {"has_parts": "on", "over_periods": "MEAN", "over_units": "WEIGHTED"}

    post(as_persona("manager"), "indicator_new", world.unit.pk, **filled(sort=sort, **own))

    made = Indicator.objects.get()
    assert (made.has_parts, made.is_cumulative, made.over_periods, made.over_units) == formulas
    form = as_persona("manager").get(reverse("goals:indicator_edit", args=[made.pk]))
    assert form.context["form"]["sort"].value() == sort


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            {"sort": "OWN", "over_units": "WEIGHTED"},
            "Only an indicator with numerator and denominator can be weighted.",
        ),
        (
            {"sort": "OWN", "is_cumulative": "on", "over_periods": "SUM"},
            "A cumulative indicator holds the whole year",
        ),
        (
            {"baseline": "5", "baseline_not_applicable": "on"},
            "Give a baseline or say that none applies, not both.",
        ),
        ({"factor": "0"}, "Write a number above zero, such as 100."),
        ({"on_track_margin": "101"}, "100"),
        ({"baseline": "ungefär fem"}, "Write a number, such as 12 or 12,5."),
    ],
)
def test_what_cannot_be_is_said_in_words_and_nothing_is_saved(world, as_persona, wrong, words):
    world.manager.language = "en"
    world.manager.revision += 1
    world.manager.save()

    answer = post(as_persona("manager"), "indicator_new", world.unit.pk, **filled(**wrong))

    assert answer.status_code == 200
    with override("en"):
        assert words in str(answer.context["form"].errors)
    assert not Indicator.objects.exists()


def test_sending_the_form_twice_makes_one_indicator(world, as_persona):
    chief, sent = as_persona("manager"), filled(form_token=uuid4())

    answers = [post(chief, "indicator_new", world.unit.pk, **sent) for _time in range(2)]

    assert {answer.status_code for answer in answers} == {302}
    assert Indicator.objects.count() == 1


def test_a_goal_of_another_unit_cannot_be_measured_by_a_made_up_address(world, as_persona):
    for goal in (world.other_unit_goal, world.other_unit_draft, world.board_goal):
        answer = post(
            as_persona("manager"),
            "indicator_new",
            world.unit.pk,
            query=f"?goal={goal.pk}",
            **filled(),
        )
        assert answer.status_code == 404
    assert not Indicator.objects.exists()


@pytest.mark.parametrize("who", ["employee", "neighbour", "other_manager", "hr", "former_manager"])
def test_only_who_writes_the_units_goals_makes_its_indicators(world, as_persona, who, measured):
    client = as_persona(who)

    assert post(client, "indicator_new", world.unit.pk, **filled()).status_code == 403
    assert post(client, "indicator_edit", measured.pk, **filled()).status_code == 403
    assert post(client, "indicator_adopt", world.unit_goal.pk).status_code == 403
    target = Target.objects.get(unit=world.unit)
    assert post(client, "target_edit", target.pk, annual_target="1").status_code == 403
    assert post(client, "target_drop", target.pk, revision=1).status_code == 403


def test_the_city_s_controller_keeps_the_councils_indicators(world, as_persona):
    assert post(as_persona("controller"), "indicator_new", world.city.pk).status_code == 403


def test_a_change_on_an_old_page_shows_both_texts(world, as_persona, measured):
    controller = as_persona("controller")
    sent = filled(sort="LEVEL", title="Min text", revision=1)
    post(controller, "indicator_edit", measured.pk, **{**sent, "title": "Andras text"})

    answer = post(controller, "indicator_edit", measured.pk, **sent)

    assert answer.status_code == 409
    assert "Min text" in answer.content.decode()
    assert "Andras text" in answer.content.decode()
    measured.refresh_from_db()
    assert measured.title == "Andras text"
    again = post(controller, "indicator_edit", measured.pk, **{**sent, "revision": 2})
    assert again.status_code == 302


def test_how_it_is_counted_stays_once_values_are_handed_in(world, as_persona, measured):
    controller = as_persona("controller")
    sent = filled(revision=1)

    answer = post(controller, "indicator_edit", measured.pk, **sent)

    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors()
    measured.refresh_from_db()
    assert not measured.has_parts


# --- Taking up -----------------------------------------------------------------------------------


def test_an_indicator_above_is_taken_up_with_a_target_of_ones_own(world, as_persona, measured):
    add_goal(world, "second_goal", "unit", "UNIT", "board_goal")
    Target.objects.filter(unit=world.unit).delete()
    chief = as_persona("manager")
    address = reverse("goals:indicator_adopt", args=[world.second_goal.pk])

    page = chief.get(address)
    answer = post(
        chief,
        "indicator_adopt",
        world.second_goal.pk,
        indicator=measured.pk,
        annual_target="88",
        note="Många nya barn",
    )

    ((offered, above),) = page.context["found"]
    assert offered == measured
    assert offered.serves
    assert [target.annual_target for target in above] == [90]
    assert answer.url == world.second_goal.get_absolute_url()
    target = Target.objects.get(unit=world.unit)
    assert (target.annual_target, target.note) == (88, "Många nya barn")
    # Once taken up it is not offered again, and a late second form says so.
    assert chief.get(address).context["found"] == []


def test_what_serves_the_line_comes_first_and_can_be_searched(world, as_persona, measured):
    Target.objects.filter(unit=world.unit).delete()
    loose = Indicator.objects.create(unit=world.department, title="Avvikelser")
    Indicator.objects.create(unit=world.other_board, title="Främmande")
    Indicator.objects.create(unit=world.city, title="Avslutad", last_year=world.year - 1)
    chief = as_persona("manager")
    address = reverse("goals:indicator_adopt", args=[world.unit_goal.pk])

    assert [each for each, _above in chief.get(address).context["found"]] == [measured, loose]
    found = chief.get(address, {"text": "avvik"}).context["found"]
    assert [each for each, _above in found] == [loose]


def test_an_indicator_outside_the_line_cannot_be_taken_up(world, as_persona):
    foreign = Indicator.objects.create(unit=world.other_board, title="Främmande")

    answer = post(
        as_persona("manager"), "indicator_adopt", world.unit_goal.pk, indicator=foreign.pk
    )

    assert answer.status_code == 404
    assert not Target.objects.exists()


def test_taking_up_twice_has_one_effect(world, as_persona, measured):
    Target.objects.filter(unit=world.unit).delete()
    chief, sent = as_persona("manager"), {"indicator": measured.pk, "form_token": uuid4()}

    answers = [post(chief, "indicator_adopt", world.unit_goal.pk, **sent) for _time in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert Target.objects.filter(unit=world.unit).count() == 1


# --- Annual targets ------------------------------------------------------------------------------


def test_a_target_is_changed_and_what_is_stale_is_shown(world, as_persona, measured):
    target = Target.objects.get(unit=world.unit)
    chief = as_persona("manager")
    sent = {"goal": world.unit_goal.pk, "annual_target": "87", "revision": 1}

    saved = post(chief, "target_edit", target.pk, **sent)
    stale = post(chief, "target_edit", target.pk, **{**sent, "annual_target": "70"})

    assert saved.url == world.unit_goal.get_absolute_url()
    assert stale.status_code == 409
    target.refresh_from_db()
    assert target.annual_target == Decimal(87)


def test_a_target_cannot_be_moved_to_another_units_goal(world, as_persona, measured):
    target = Target.objects.get(unit=world.unit)

    for goal in (world.loose_goal, world.board_goal, world.other_unit_draft):
        answer = post(
            as_persona("manager"), "target_edit", target.pk, goal=goal.pk, annual_target="1"
        )
        assert answer.status_code == 200
        assert "goal" in answer.context["form"].errors
    target.refresh_from_db()
    assert target.goal == world.unit_goal


def test_the_target_of_a_draft_is_not_there_for_others(world, as_persona, measured):
    target = measure(measured, world.other_unit_draft, year=world.year)

    assert (
        as_persona("manager").get(reverse("goals:target_edit", args=[target.pk])).status_code == 404
    )
    assert post(as_persona("manager"), "target_drop", target.pk, revision=1).status_code == 404
    page = as_persona("manager").get(measured.get_absolute_url()).content.decode()
    assert world.other_unit.name not in page


def test_a_target_is_dropped_as_long_as_no_value_is_handed_in(world, as_persona, measured):
    chief = as_persona("manager")
    told = Target.objects.get(unit=world.unit)
    fresh = measure(add_indicator(world.unit), world.unit_goal, year=world.year)

    stale = post(chief, "target_drop", fresh.pk, revision=7)
    assert Target.objects.filter(pk=fresh.pk).exists()
    sent = {"revision": 1, "form_token": uuid4()}
    dropped = [post(chief, "target_drop", fresh.pk, **sent) for _time in range(2)]
    refused = post(chief, "target_drop", told.pk, revision=1)

    assert {answer.url for answer in [stale, *dropped, refused]} == {
        world.unit_goal.get_absolute_url()
    }
    assert list(Target.objects.filter(unit=world.unit)) == [told]


# --- Reading -------------------------------------------------------------------------------------


def test_everyone_reads_targets_beside_each_other_and_only_what_is_handed_in(
    world, as_persona, measured
):
    value = Value.objects.get()
    value.value, value.comment, value.revision = Decimal(33), canary("arbete"), 2
    value.save()

    page = as_persona("stranger").get(measured.get_absolute_url())

    rows = {line.target.unit: line for line in page.context["lines"]}
    assert rows[world.unit].annual_target == "85\xa0%"
    assert rows[world.unit].target_above == "90\xa0%"
    assert rows[world.unit].value == "80\xa0%"
    assert rows[world.unit].status == "part"
    assert rows[world.board].unit_above == ""
    assert page.context["curve"].target.text.endswith("90\xa0%")
    assert canary("arbete") not in page.content.decode()
    assert "33" not in page.context["curve"].description
    ((first, shown), *_rest) = page.context["rolled"]
    assert (shown, first.reported, first.expected) == ("80\xa0%", 1, 1)


def test_the_goals_page_shows_its_indicators_to_all_and_the_buttons_to_its_manager(
    world, as_persona, measured
):
    address = world.unit_goal.get_absolute_url()
    adopt = reverse("goals:indicator_adopt", args=[world.unit_goal.pk])

    read, own = (as_persona(who).get(address) for who in ("stranger", "manager"))

    assert measured.title in read.content.decode()
    assert adopt not in read.content.decode()
    assert adopt in own.content.decode()


def test_the_values_of_kolada_name_their_source(world, as_persona):
    indicator = add_indicator(world.city, unit_of_measure="%")
    figure = KeyFigure.objects.create(
        indicator=indicator, kpi="N00945", title="Medarbetarengagemang"
    )
    KeyFigureValue.objects.bulk_create(
        KeyFigureValue(key_figure=figure, year=year, gender="T", value=value)
        for year, value in ((2023, Decimal(78)), (2024, None), (2025, Decimal(80)))
    )

    page = as_persona("employee").get(indicator.get_absolute_url())

    assert [row.text for row in page.context["kolada"].rows] == ["78\xa0%", "–", "80\xa0%"]
    assert "Kolada" in page.content.decode()


def test_women_and_men_are_shown_when_asked_for(world, as_persona, measured):
    Indicator.objects.filter(pk=measured.pk).update(by_gender=True, revision=2)
    tell(measured, world.unit, Value.objects.get().period, 70, gender="K")

    client = as_persona("employee")

    total, women = (
        client.get(measured.get_absolute_url(), asked) for asked in ({}, {"gender": "K"})
    )
    assert total.context["rolled"][0][1] == "80\xa0%"
    assert women.context["rolled"][0][1] == "70\xa0%"


# --- Comparing -----------------------------------------------------------------------------------


@pytest.fixture
def compared(world) -> Indicator:
    """Ängen 80, Backen 90, Öknen 70 and, in another kind of work, Åsen 100."""
    Unit.objects.filter(kind="UNIT").update(operation="PRESCHOOL")
    Unit.objects.filter(pk=world.other_unit.pk).update(operation="SCHOOL")
    periods = add_year(world.board, world.year)
    indicator = add_indicator(world.city, unit_of_measure="%")
    for unit, value in (("unit", 80), ("next_unit", 90), ("small_unit", 70), ("other_unit", 100)):
        tell(indicator, world.units[unit], periods["T1"], value)
    return indicator


def compared_names(page):
    return [row.unit.name for row, _value, _bar in page.context["rows"]]


def test_a_unit_stands_beside_its_like_with_the_best_first(world, as_persona, compared):
    client = as_persona("employee")
    address = reverse("goals:indicator_compare", args=[compared.pk])

    page = client.get(address, {"unit": world.unit.pk})

    assert compared_names(page) == ["Förskolan Backen", "Förskolan Ängen", "Förskolan Öknen"]
    comparison = page.context["comparison"]
    assert (comparison.place, comparison.count, comparison.median) == (2, 3, 80)
    bars = [bar.length for _row, _value, bar in page.context["rows"]]
    assert bars == [100.0, 88.9, 77.8]


def test_where_lower_is_better_the_lowest_comes_first(world, as_persona, compared):
    Indicator.objects.filter(pk=compared.pk).update(direction="LOWER", revision=2)

    page = as_persona("employee").get(
        reverse("goals:indicator_compare", args=[compared.pk]), {"unit": world.unit.pk}
    )

    assert compared_names(page) == ["Förskolan Öknen", "Förskolan Ängen", "Förskolan Backen"]


@pytest.mark.parametrize("unit", [None, "unit"])
def test_without_a_unit_or_its_operation_all_are_shown(world, as_persona, compared, unit):
    Unit.objects.filter(pk=world.unit.pk).update(operation="")
    asked = {"unit": world.units[unit].pk} if unit else {"unit": "nonsens"}

    page = as_persona("employee").get(reverse("goals:indicator_compare", args=[compared.pk]), asked)

    assert page.context["comparison"].count == 4
    assert page.context["comparison"].median == 85
    assert not page.context["alike"]


def test_only_what_is_handed_in_and_measured_is_compared(world, as_persona, compared):
    later = Value.objects.filter(unit=world.unit).get().period.plan_year.periods.get(code="T2")
    tell(compared, world.unit, later, None)
    Value.objects.create(indicator=compared, unit=world.next_unit, period=later, value=Decimal(99))

    page = as_persona("employee").get(
        reverse("goals:indicator_compare", args=[compared.pk]), {"unit": world.unit.pk}
    )

    assert page.context["code"] == "T1"
    assert page.context["periods"] == [("T1", "T1")]


def test_a_year_without_values_says_so(world, as_persona, compared):
    address = reverse("goals:indicator_compare", args=[compared.pk])

    page = as_persona("employee").get(address, {"year": world.year - 1})

    assert page.status_code == 200
    assert page.context["rows"] == []


# --- Constant work -------------------------------------------------------------------------------


def test_the_pages_ask_as_often_for_200_as_for_5(world, as_persona, measured):
    period = Value.objects.get().period
    chief = as_persona("manager")
    addresses = [
        measured.get_absolute_url(),
        reverse("goals:indicator_compare", args=[measured.pk]) + f"?unit={world.unit.pk}",
        reverse("goals:indicator_adopt", args=[world.unit_goal.pk]),
        world.unit_goal.get_absolute_url(),
        world.board_goal.get_absolute_url(),
    ]
    for goal in (world.unit_goal, world.board_goal):
        day = timezone.localdate()
        done = Activity.objects.create(
            unit=goal.unit, title="Läsa", responsible=world.manager, starts_on=day, due_on=day
        )
        ActivityGoal.objects.create(activity=done, goal=goal)
    counts = []
    for number in (5, 195):
        for unit in add_units(Unit.objects.create(code=f"A{number}", kind="UNIT"), number):
            measure(measured, world.unit_goal, unit, year=world.year, annual_target=Decimal(1))
            tell(measured, unit, period, 50)
        for each in range(number):
            title = f"Indikator {number} {each}"
            one = Indicator.objects.create(unit=world.board, title=title)
            measure(one, world.board_goal, year=world.year)
            other = Indicator.objects.create(unit=world.board, title=title)
            measure(other, world.unit_goal, year=world.year)
            tell(other, world.unit, period, 1)
        counts.append([queries_of(chief, address) for address in addresses])

    assert counts[0] == counts[1]
    assert max(counts[0]) <= MOST_QUERIES


def test_a_target_with_more_decimals_than_are_shown_is_asked_about(year, as_persona, token):
    target = year.targets["target"]
    fields = {"annual_target": "4,5", "goal": target.goal_id, "revision": 1}

    answer = as_persona("manager").post(
        reverse("goals:target_edit", args=[target.pk]), fields | token()
    )

    assert list(answer.context["form"].errors) == ["annual_target"]
    assert Target.objects.get(pk=target.pk).annual_target == Decimal(85)
