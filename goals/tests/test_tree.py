"""The pages on which one walks the city's goals from the top."""

import re
from datetime import date
from itertools import pairwise

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from goals.models import Expectation, Goal
from goals.reports.carriers import Branch, Figures
from goals.templatetags.goal_tree import carried_by, marked, upright_picture, wide_picture
from stockholm_quality.tests.counting import Asked
from stockholm_quality.tests.world import (
    LONG_AGO,
    PERSONAS,
    add_expectation,
    add_goal,
    add_person,
    canary,
    scene,
)
from units.models import Employment, Unit, UnitPlacement, User

TREE, LOOSE = reverse("goals:tree"), reverse("goals:loose_ends")
UNIT, BOARD = Goal.Level.UNIT, Goal.Level.BOARD
MOST_QUERIES = 15


@pytest.fixture
def english(world):
    """Signed in as an employee who reads English, so that texts can be compared as written."""
    User.objects.update(language=User.Language.ENGLISH)
    client = Client()
    client.force_login(User.objects.get(account_name="employee"))
    return client


def page(client, address=TREE, **asked):
    response = client.get(address, asked)
    assert response.status_code == 200
    return response.content.decode()


def results(client, address=TREE, **asked):
    """The list alone, without the filters around it and the choices in them."""
    target = "tree-results" if address == TREE else "loose-results"
    response = client.get(address, asked, headers={"HX-Request": "true", "HX-Target": target})
    assert response.status_code == 200
    return response.content.decode()


# --- Who sees what -----------------------------------------------------------------------------


@pytest.mark.parametrize("persona", PERSONAS)
def test_no_draft_no_expectation_and_no_name_shows_in_the_tree(world, as_persona, persona):
    client = as_persona(persona)
    board, other = world.units["board"].pk, world.units["other_board"].pk
    shown = [
        page(client, **asked)
        for asked in ({}, {"board": board}, {"board": other}, {"text": "rikt språk"})
    ]

    hidden = {name: goal for name, goal in world.goals.items() if goal.is_draft}
    canaries = {canary(name) for name in [*hidden, *world.expectations]}
    canaries |= {canary(f"namn-{name}") for name in world.people}
    # One's own name stands in the menu, and is the beginning of some other names.
    everything = "".join(shown).replace(f"{canary(f'namn-{persona}')}<", "")
    assert {each for each in canaries if each in everything} == set()
    assert canary("unit_goal") in everything


def test_a_draft_without_a_parent_shows_only_to_those_who_answer_for_the_unit(world, as_persona):
    add_goal(world, "loose_draft", "next_unit", UNIT, draft=True)

    seen = {
        persona
        for persona in PERSONAS
        if canary("loose_draft") in page(as_persona(persona), LOOSE, section="units")
    }

    assert seen == {"manager_above", "controller"}


def test_the_section_on_employees_is_there_for_managers_and_hr_alone(world, as_persona):
    seen = {
        persona for persona in PERSONAS if "section=employees" in page(as_persona(persona), LOOSE)
    }

    assert seen == {
        "manager", "acting_manager", "manager_above", "other_manager", "hr", "other_hr", "city_hr",
    }  # fmt: skip


def test_asking_for_the_section_on_employees_gives_nobody_else_a_figure(world, as_persona):
    body = page(as_persona("controller"), LOOSE, section="employees")

    assert "Förskolan Ängen</t" not in body
    assert canary("loose_area") in body


def test_a_managers_row_leads_to_the_people_of_the_unit_and_names_nobody(world, as_persona):
    body = page(as_persona("manager"), LOOSE, section="employees")

    assert reverse("dialogues:people", args=[world.units["unit"].pk]) in body
    assert canary("namn-employee") not in body


# --- The tree ----------------------------------------------------------------------------------


def test_every_council_goal_is_a_link_in_the_picture_and_in_the_list(world, english):
    body = results(english)

    for name in ("orientation", "area", "loose_area"):
        # Twice in the picture, wide and upright, of which one is shown.
        assert body.count(f'href="{world.goals[name].get_absolute_url()}"') >= 3


def test_an_area_says_who_carries_it_and_leads_to_its_board_goals(world, english):
    body = results(english)

    assert "2 boards · 2 units · fewer than 5 people" in body
    assert "2 board goals" in body
    assert "no board has taken it up" in body
    assert canary("board_goal") not in body


def test_with_a_board_its_goals_stand_under_those_they_serve(world, english):
    add_goal(world, "parentless", "board", BOARD)

    body = results(english, board=world.units["board"].pk)

    assert body.index(canary("area")) < body.index(canary("board_goal"))
    assert canary("parentless") in body
    assert canary("other_board_goal") not in body
    assert "the board has not taken it up" in body


@pytest.mark.parametrize("board", ["0", "-1", "x", "9" * 30, "'"])
def test_an_unknown_board_is_the_whole_city(world, english, board):
    assert "no board has taken it up" in results(english, board=board)


def test_the_tree_is_that_of_the_chosen_year(world, english):
    add_goal(world, "long_gone", "city", Goal.Level.ORIENTATION, first_year=2011, last_year=2012)

    assert canary("long_gone") not in results(english)
    then = page(english, year=2012)
    assert canary("long_gone") in then
    assert canary("orientation") not in then
    assert '<option value="2012" selected>' in then


@pytest.mark.parametrize("year", ["", "x", "1800", "9" * 50, "2012"])
def test_a_year_without_goals_is_this_year(world, english, year):
    assert f'<option value="{world.year}" selected>' in page(english, year=year)


def test_an_empty_portal_says_so_in_words(db):
    person = User.objects.create_superuser("first", email="first@example.se", language="en")
    client = Client()
    client.force_login(person)

    assert f"No goals for {timezone.localdate().year} yet" in page(client)
    assert "No goal holds those words" in page(client, text="språk")
    assert "Nothing hangs loose here" in page(client, LOOSE)


def test_htmx_gets_the_results_alone_and_everyone_else_the_page(world, english):
    alone, whole = results(english), page(english)

    assert "<html" not in alone
    assert 'hx-swap-oob="innerHTML:#tree-summary"' in alone
    assert "<html" in whole
    assert "hx-swap-oob" not in whole
    assert "<h1>" in page(english, LOOSE)
    assert "<h1>" not in results(english, LOOSE)


# --- Search ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["åäö", "ÅÄÖ", "åÄö"])
def test_words_are_found_in_both_cases(world, english, text):
    add_goal(world, "first", "unit", UNIT, "board_goal", title="Fler provar åäö")
    add_goal(world, "second", "unit", UNIT, "board_goal", title="FLER PROVAR ÅÄÖ")

    body = results(english, text=text)

    assert "2 goals hold" in body
    assert "<mark>åäö</mark>" in body
    assert "<mark>ÅÄÖ</mark>" in body


def test_a_hit_stands_in_its_line(world, english):
    goal = add_goal(world, "found", "unit", UNIT, "board_goal", title="Alla barn simmar")

    body = results(english, text="simmar")

    line = [world.goals[name].get_absolute_url() for name in ("orientation", "area", "board_goal")]
    links = re.findall(r'<a href="([^"]+)"', body)
    assert links == [*line, goal.get_absolute_url()]


def test_a_line_shows_no_draft_above_a_hit(world, english):
    """An adopted goal cannot be given a draft to serve, but the page does not rely on it."""
    goal = add_goal(world, "found", "unit", UNIT, "board_goal", title="Alla barn simmar")
    Goal.objects.filter(pk=goal.pk).update(parent=world.goals["board_draft"], revision=2)

    body = results(english, text="simmar")

    assert "Alla barn" in body
    assert canary("board_draft") not in body


def test_a_search_in_a_board_keeps_to_its_line(world, english):
    body = results(english, text="rikt språk", board=world.units["other_board"].pk)

    found = {name for name in world.goals if f"{canary(name)}</a>" in body}
    assert found == {"orientation", "area", "other_board_goal", "other_unit_goal"}


@pytest.mark.parametrize("text", ["%", "_", "\\", "(", "\0", "' OR 1=1 --", "x" * 5000])
def test_signs_that_mean_something_elsewhere_are_only_signs(world, english, text):
    body = page(english, text=text)

    assert canary("unit_goal") not in body


def test_many_hits_come_in_pages_of_fifty(world, english):
    add_many(world, goals=60, expectations=0)

    first, second = (results(english, text="Mål nummer", page=number) for number in (1, 2))

    # Each of the two words is marked where it stands.
    assert (first.count("<mark>Mål</mark>"), second.count("<mark>Mål</mark>")) == (50, 10)
    assert (first.count("<mark>"), second.count("<mark>")) == (100, 20)


def test_a_boards_goals_come_in_pages_of_fifty(world, english):
    for number in range(53):
        add_goal(world, f"many-{number}", "board", BOARD, "area", title=f"Nämndmål {number}")

    # Too many to draw: the picture keeps to the council's goals.
    board = world.units["board"].pk
    first, second = (results(english, board=board, page=number) for number in (1, 2))

    assert (first.count("Nämndmål"), second.count("Nämndmål")) == (49, 4)


ATTACK = "<script>alert(1)</script>\"'&"


def test_a_title_cannot_speak_html(world, english):
    add_goal(
        world, "evil", "city", Goal.Level.ORIENTATION, title=ATTACK, number="9",
        first_year=world.year, last_year=world.year,
    )  # fmt: skip

    for asked in ({}, {"text": "script"}, {"text": "t>al"}, {"text": "&"}):
        body = page(english, **asked)
        assert "alert(1)" in body.replace("<mark>", "").replace("</mark>", "")
        assert "<script>alert" not in body.replace("<mark>", "").replace("</mark>", "")
    assert "<script>alert" not in page(english, LOOSE)


def test_a_searched_text_cannot_speak_html(world, english):
    body = page(english, text=ATTACK)

    assert ATTACK not in body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body


@pytest.mark.parametrize(
    ("text", "searched", "expected"),
    [
        ("Barn & unga", "barn", "<mark>Barn</mark> &amp; unga"),
        ("a<b>c", "<B>", "a<mark>&lt;b&gt;</mark>c"),
        ("&amp;", "amp", "&amp;<mark>amp</mark>;"),
        ("aXaxa", "x", "a<mark>X</mark>a<mark>x</mark>a"),
        ("(1.*)", "(1.*", "<mark>(1.*</mark>)"),
        ("inget", "", "inget"),
        ("<i>", "", "&lt;i&gt;"),
    ],
)
def test_marking_escapes_what_it_marks_and_what_it_leaves(text, searched, expected):
    assert marked(text, searched) == expected


# --- The picture -------------------------------------------------------------------------------


def branch(title="Ett mål", units=0, *branches, taken_up=True):
    goal = Goal(pk=1, level=Goal.Level.ORIENTATION, title=title)
    return Branch(goal, Figures(1, 1, units), taken_up, list(branches))


TREE_OF_TWO = [
    branch("Ett", 30, branch("Ett ett " * 30, 30), branch("Ett två", 1, taken_up=False)),
    branch("Två", 0),
]


@pytest.mark.parametrize("draw", [wide_picture, upright_picture])
def test_nothing_in_the_picture_lies_upon_another_or_outside(draw):
    picture = draw(TREE_OF_TWO)

    by_column = {}
    for node in picture.nodes:
        lines = [*node.title_lines, *node.words_lines]
        by_column.setdefault(node.depth, []).append((lines[0].y, lines[-1].y))
        assert all(0 < line.y <= picture.height for line in lines)
        assert node.x - node.radius >= 0
        assert node.x + node.radius < picture.width
    for spans in by_column.values():
        ordered = sorted(spans)
        assert all(above[1] < below[0] for above, below in pairwise(ordered))


def test_more_units_give_a_broader_line_and_a_larger_mark():
    picture = wide_picture(TREE_OF_TWO)
    large, small = picture.nodes[1], picture.nodes[2]

    assert large.radius > small.radius
    assert max(link.width for link in picture.links) == 14
    assert [link.is_hollow for link in picture.links].count(True) == 1


def test_a_long_title_is_cut_in_the_picture_and_whole_in_the_list(world, english):
    title = "Alla barn i staden " * 26
    add_goal(
        world, "long", "city", Goal.Level.ORIENTATION, title=title.strip(), number="8",
        first_year=world.year, last_year=world.year,
    )  # fmt: skip

    body = results(english)

    assert " …</tspan>" in body
    assert title.strip() in body


def test_numbers_are_grouped_in_the_readers_language():
    with translation.override("sv"):
        words = carried_by(branch("Ett", 1240))

    assert "1\N{NO-BREAK SPACE}240" in words[1]


def test_the_picture_holds_no_inline_style_and_no_localised_number(world, as_persona):
    body = results(as_persona("employee"))

    assert "style=" not in body
    for value in re.findall(r' (?:x|y|cx|cy|r|width|height|viewBox|d)="([^"]*)"', body):
        assert "," not in value


# --- What hangs loose --------------------------------------------------------------------------


def test_each_section_lists_its_loose_ends(world, english):
    assert canary("loose_area") in page(english, LOOSE, section="council")
    assert canary("loose_goal") in page(english, LOOSE, section="units")
    assert "Nothing hangs loose here" in page(english, LOOSE, section="boards")


def test_loose_ends_keep_to_the_chosen_board(world, english):
    board, other = world.units["board"].pk, world.units["other_board"].pk

    assert canary("loose_goal") in results(english, LOOSE, section="units", board=board)
    assert canary("loose_goal") not in results(english, LOOSE, section="units", board=other)


def test_employees_without_expectation_are_counted_for_their_manager_alone(world, as_persona):
    def shown(who):
        return as_persona(who).get(LOOSE, {"section": "employees"})

    def counted(page):
        (section,) = [each for each in page.context["sections"] if each.key == "employees"]
        return section.count

    by_hr, by_manager = shown("hr"), shown("manager")

    assert counted(by_hr) is None
    assert world.units["unit"].name not in by_hr.content.decode()
    assert f"/enheter/{world.units['board'].pk}/samtal/" in by_hr.content.decode()
    assert counted(by_manager) == 3


def test_an_unknown_section_is_the_first_with_something_in_it(world, english):
    assert canary("loose_area") in results(english, LOOSE, section="x")


# --- Constant work -----------------------------------------------------------------------------


@scene()
def add_many(world, *, goals, expectations):
    """Unit goals with a unit each under the board goal, half as many board goals, loose ends."""
    decided = {
        "status": Goal.Status.ADOPTED,
        "adopted_at": timezone.now(),
        "version_number": 1,
        "decided_on": date(world.year, 1, 15),
        "reference_number": "1",
        "first_year": world.year,
        "last_year": world.year,
    }
    have = Unit.objects.count()
    units = Unit.objects.bulk_create(
        Unit(code=f"many-{have + number}", kind=Unit.Kind.UNIT) for number in range(goals)
    )
    UnitPlacement.objects.bulk_create(
        UnitPlacement(unit=unit, parent=world.units["department"], name="Många", starts_on=LONG_AGO)
        for unit in units
    )
    Goal.objects.bulk_create(
        Goal(unit=world.units["board"], level=BOARD, title="Nämndens", parent=parent, **decided)
        for parent in (world.goals["area"], world.goals["loose_area"])
        for _ in range(goals // 4)
    )
    made = Goal.objects.bulk_create(
        Goal(
            unit=unit, level=UNIT, title=f"Mål nummer {number}", **decided,
            parent=world.goals["board_goal"] if number % 2 else None,
        )
        for number, unit in enumerate(units)
    )  # fmt: skip
    people = User.objects.bulk_create(
        User(account_name=f"m{have}-{number}", email=f"m{have}-{number}@example.se", password="!")
        for number in range(expectations)
    )
    employments = Employment.objects.bulk_create(
        Employment(person=person, unit=units[number // 6 % goals], title="x", starts_on=LONG_AGO)
        for number, person in enumerate(people)
    )
    Expectation.objects.bulk_create(
        Expectation(
            employment=employment, goal=made[number // 6 % goals], text="x",
            given_at=timezone.now(), given_by=world.people["manager"],
        )
        for number, employment in enumerate(employments)
    )  # fmt: skip


PAGES = [
    (TREE, {}),
    (TREE, {"board": "board"}),
    (TREE, {"text": "mål"}),
    (TREE, {"text": "mål", "board": "board"}),
    (LOOSE, {"section": "council"}),
    (LOOSE, {"section": "boards"}),
    (LOOSE, {"section": "units"}),
    (LOOSE, {"section": "employees"}),
]


def test_the_number_of_queries_is_the_same_for_10_and_1000(world, as_persona):
    client = as_persona("hr")
    client.get(reverse("home"))

    def counted():
        counts = []
        for address, asked in PAGES:
            board = {"board": world.units["board"].pk} if "board" in asked else {}
            with Asked() as queries:
                assert client.get(address, asked | board).status_code == 200
            counts.append(len(queries))
        return counts

    add_many(world, goals=10, expectations=10)
    few = counted()
    add_many(world, goals=990, expectations=990)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as the database does by itself, but not within a transaction

    assert counted() == few
    assert max(few) <= MOST_QUERIES


def test_people_are_told_higher_up_and_at_the_goal(world, english):
    add_goal(world, "five", "next_unit", UNIT, "board_goal", title="Fem av fem")
    for number in range(5):
        add_person(world, f"five-{number}", "next_unit")
        add_expectation(world, f"five-{number}", f"five-{number}", "five")

    assert "at least 5 people" in results(english)
    assert " · 5 people" in results(english, text="Fem")
