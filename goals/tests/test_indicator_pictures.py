from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from goals.pictures import HEIGHT, WIDTH, Curve, Point, bars, curve


def drawn(*values: Any, **how: Any) -> Curve:
    points = [
        Point(f"T{number}", None if value is None else Decimal(str(value)))
        for number, value in enumerate(values, start=1)
    ]
    given = {"target": None, "decimals": 0, "unit_of_measure": "%", "lower_is_better": False}
    with translation.override("en"):
        return curve(points, **{**given, **how})


AWKWARD = [
    drawn(),
    drawn(None, None),
    drawn(None, None, target=Decimal(90)),
    drawn(82, target=Decimal(82)),
    drawn(5, 5, 5),
    drawn(0, 0, target=Decimal(0), lower_is_better=True),
    drawn(-4, "-2.5", 3, target=Decimal(1), baseline=Decimal(-5), decimals=1),
    drawn(12345678901, "99999999999999.9999", target=Decimal("5e13")),
    drawn("0.0001", "0.0002", decimals=4, target=Decimal("0.0003")),
    drawn(*range(40), target=Decimal(20)),
    drawn(72, 78, 85, target=Decimal(90), baseline=Decimal(70)),
]


@pytest.mark.parametrize("picture", AWKWARD, ids=range(len(AWKWARD)))
def test_all_that_is_drawn_lies_within_the_picture(picture: Curve) -> None:
    places = [(dot.x, dot.y) for dot in picture.dots]
    places += [(words.x, words.y) for words in (*picture.ticks, *picture.labels)]
    places += [(level.label.x, level.y) for level in (picture.target, picture.baseline) if level]

    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places)


@pytest.mark.parametrize("picture", AWKWARD, ids=range(len(AWKWARD)))
def test_the_ticks_are_different_numbers_and_few(picture: Curve) -> None:
    texts = [tick.text for tick in picture.ticks]

    assert len(set(texts)) == len(texts)
    assert 2 <= len(texts) <= 7


@pytest.mark.parametrize("picture", AWKWARD, ids=range(len(AWKWARD)))
def test_the_words_under_the_axis_do_not_run_together(picture: Curve) -> None:
    for one, other in pairwise(picture.labels):
        assert other.x - one.x > 5.5 * len(other.text)


def test_a_time_without_a_value_is_a_gap_and_not_a_zero() -> None:
    picture = drawn(12, None, 7, 5)

    assert [[dot.text for dot in run] for run in picture.runs] == [
        ["12\xa0%"],
        ["7\xa0%", "5\xa0%"],
    ]
    assert len(picture.lines) == 1
    assert [row.text for row in picture.rows] == ["12\xa0%", "–", "7\xa0%", "5\xa0%"]


def test_a_higher_value_lies_higher_up() -> None:
    picture = drawn(10, 20, target=Decimal(30), baseline=Decimal(5))

    assert picture.target is not None
    assert picture.baseline is not None
    assert picture.target.y < picture.dots[1].y < picture.dots[0].y < picture.baseline.y


def test_a_baseline_that_is_the_target_is_drawn_once() -> None:
    assert drawn(10, target=Decimal(5), baseline=Decimal(5)).baseline is None


def test_large_numbers_are_said_in_millions() -> None:
    picture = drawn(1500000, 2500000, unit_of_measure="kr")

    assert picture.axis_title == "million kr"
    assert [tick.text for tick in picture.ticks] == ["1.0", "1.5", "2.0", "2.5", "3.0"]
    assert picture.latest is not None
    assert picture.latest.text == "2.5\xa0million kr"
    assert picture.rows[-1].text == "2,500,000\xa0kr"


@pytest.mark.parametrize(
    ("picture", "sentence"),
    [
        (drawn(), "No values yet; there is no annual target."),
        (drawn(None, target=Decimal(90)), "No values yet; the annual target is at least 90\xa0%."),
        (drawn(82), "82\xa0% (T1); there is no annual target."),
        (
            drawn(12, None, 5, target=Decimal(0), lower_is_better=True),
            "From 12\xa0% (T1) to 5\xa0% (T3), with 1 time not measured; "
            "the annual target is at most 0\xa0%.",
        ),
    ],
)
def test_the_picture_is_said_in_one_sentence(picture: Curve, sentence: str) -> None:
    assert picture.description == sentence


def test_the_picture_is_named_and_its_numbers_stand_in_a_table() -> None:
    picture = drawn("72.5", 78, decimals=1, target=Decimal(80))

    with translation.override("sv"):
        html = render_to_string("goals/_curve.html", {"curve": picture, "caption": "Ordförråd"})

    assert f"<title>{picture.description}</title>" in html
    assert 'role="img"' in html
    assert "style=" not in html
    assert f'cx="{picture.dots[0].x}"' in html
    assert html.count('<th scope="row">') == 2


def test_bars_share_a_zero() -> None:
    drawn_bars = bars([Decimal(10), Decimal(-10), Decimal(0)])

    assert [(bar.start, bar.length, bar.tip) for bar in drawn_bars] == [
        (50.0, 50.0, 100.0),
        (0.0, 50.0, 0.0),
        (50.0, 0.0, 50.0),
    ]
    assert [bar.length for bar in bars([Decimal(0)])] == [0]
