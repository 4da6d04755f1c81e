"""Where everything in a picture of values lies: coordinates and words, no markup. Layer: measuring.

The pages and the documents draw the same `Curve`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise, product
from math import ceil

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from goals.measuring import shown

WIDTH, HEIGHT = 360, 160
TOP, BOTTOM, RIGHT = 26, 132, 350
TEXT_SIZE = 11
_LETTER = 5.9  # how wide a letter is taken to be, of text of that size
_LARGE_LETTER = 7.6  # of the latest value, which is larger and bold
_MOST_STEPS = 4
_FRAME = Decimal("0.06")  # air over the highest and under the lowest point
_NICE = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True)
class Point:
    """One time and what was measured then; None where nothing was, which is never zero."""

    label: str
    value: Decimal | None


@dataclass(frozen=True)
class Dot:
    """A measured point."""

    x: float
    y: float
    label: str
    text: str


@dataclass(frozen=True)
class Words:
    """A text in the picture; `x` is where its `anchor` (start, middle, end) is, `y` its base."""

    x: float
    y: float
    text: str
    anchor: str


@dataclass(frozen=True)
class Level:
    """A line straight across, such as the annual target, with its label."""

    y: float
    text: str
    label: Words


@dataclass(frozen=True)
class Row:
    """A line of the table that says the same as the picture."""

    label: str
    text: str


@dataclass(frozen=True)
class Curve:
    """All that is drawn, in a view of `width` by `height`; y grows downwards."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    axis_title: str
    ticks: tuple[Words, ...]
    labels: tuple[Words, ...]
    runs: tuple[tuple[Dot, ...], ...]  # the dots without a gap between them
    latest: Words | None
    target: Level | None
    baseline: Level | None
    rows: tuple[Row, ...]
    description: str

    @property
    def dots(self) -> list[Dot]:
        return [dot for run in self.runs for dot in run]

    @property
    def lines(self) -> list[str]:
        """The `points` of one polyline for every run of two dots or more."""
        return [
            " ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in run) for run in self.runs if len(run) > 1
        ]

    @property
    def is_empty(self) -> bool:
        return not self.runs


@dataclass(frozen=True)
class Bar:
    """A bar lying down, in per cent of the width. It reaches to `tip` from the common zero."""

    start: float
    length: float
    tip: float


@dataclass(frozen=True)
class _Axis:
    low: Decimal
    high: Decimal
    step: Decimal

    def y(self, value: Decimal) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(BOTTOM - float(share) * (BOTTOM - TOP), 1)

    @property
    def ticks(self) -> list[Decimal]:
        count = int((self.high - self.low) / self.step)
        return [self.low + self.step * number for number in range(count + 1)]


@dataclass(frozen=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.top <= y <= self.bottom


def curve(
    points: Sequence[Point],
    *,
    target: Decimal | None,
    decimals: int,
    unit_of_measure: str,
    lower_is_better: bool,
    baseline: Decimal | None = None,
) -> Curve:
    """Values in the order of time, beside what they are held against."""
    measured = [point.value for point in points if point.value is not None]
    axis = _axis([*measured, *(each for each in (target, baseline) if each is not None)], decimals)
    scale, scale_word = _scale(axis)
    measure = " ".join(filter(None, [scale_word, unit_of_measure]))
    # A number of many digits is said in millions, and with more decimals than it has steps of.
    fine = decimals if scale == 1 else 1
    texts = [shown(tick / scale, _decimals_of(axis.step / scale)) for tick in axis.ticks]
    left = round(max(map(len, texts)) * _LETTER + 10, 1)
    dots = _dots(points, axis, left, lambda value: shown(value / scale, fine, measure))
    runs = tuple(_runs(dots))
    drawn = [dot for dot in dots if dot]
    obstacles = list(_along(runs))
    latest = _value_label(drawn[-1], left, obstacles, target, axis) if drawn else None
    target_level = baseline_level = None
    if target is not None:
        text = _("Annual target {value}").format(value=shown(target / scale, fine, measure))
        target_level = _level(target, text, axis, left, obstacles, latest)
    if baseline is not None and baseline != target:
        text = _("Baseline {value}").format(value=shown(baseline / scale, fine, measure))
        taken = [target_level.label] if target_level else []
        baseline_level = _level(baseline, text, axis, left, obstacles, latest, *taken)
    return Curve(
        width=WIDTH,
        height=HEIGHT,
        left=left,
        right=RIGHT,
        top=TOP,
        bottom=BOTTOM,
        axis_title=measure,
        ticks=tuple(
            Words(left - 5, axis.y(tick), text, "end")
            for tick, text in zip(axis.ticks, texts, strict=True)
        ),
        labels=tuple(_labels(points, left)),
        runs=runs,
        latest=latest,
        target=target_level,
        baseline=baseline_level,
        rows=tuple(
            Row(point.label, shown(point.value, decimals, unit_of_measure)) for point in points
        ),
        description=_in_words(points, target, decimals, unit_of_measure, lower_is_better),
    )


def bars(values: Sequence[Decimal]) -> list[Bar]:
    """The values as bars from a common zero, which lies inside when some are below it."""
    low, high = min([*values, Decimal(0)]), max([*values, Decimal(0)])
    span = (high - low) or Decimal(1)
    zero = -low / span * 100
    tips = [(value - low) / span * 100 for value in values]
    return [
        Bar(*(round(float(each), 1) for each in (min(tip, zero), abs(tip - zero), tip)))
        for tip in tips
    ]


def _axis(values: Sequence[Decimal], decimals: int) -> _Axis:
    """Round steps that hold all values; from zero unless that would flatten the curve."""
    smallest = Decimal(1).scaleb(-decimals)
    low, high = (min(values), max(values)) if values else (Decimal(0), smallest)
    if low == high:
        air = abs(low) / 10
        low, high = low - air, high + air
    else:
        air = (high - low) * _FRAME
        low, high = (low - air if low else low), high + air
    if min(values, default=Decimal(0)) >= 0 and low <= high / 2:
        low = Decimal(0)
    high = max(high, low + smallest)
    step = _nice((high - low) / _MOST_STEPS, smallest)
    first = (low / step).to_integral_value(ROUND_FLOOR) * step
    last = (high / step).to_integral_value(ROUND_CEILING) * step
    return _Axis(first, last, step)


def _nice(wanted: Decimal, smallest: Decimal) -> Decimal:
    """The least round number that is not below the one wanted, in whole steps of `smallest`."""
    wanted = max(wanted, smallest)
    magnitude = Decimal(1).scaleb(wanted.adjusted())
    round_numbers = (nice * magnitude for nice in _NICE)
    return next(each for each in round_numbers if each >= wanted and each % smallest == 0)


def _scale(axis: _Axis) -> tuple[Decimal, str]:
    largest = max(abs(axis.low), abs(axis.high))
    for exponent, word in ((12, _("trillion")), (9, _("billion")), (6, _("million"))):
        if largest >= Decimal(10) ** exponent:
            return Decimal(10) ** exponent, word
    return Decimal(1), ""


def _decimals_of(step: Decimal) -> int:
    return max(0, -int(step.normalize().as_tuple().exponent))


def _x(number: int, count: int, left: float) -> float:
    return round(left + (number + 0.5) * (RIGHT - left) / count, 1)


def _dots(
    points: Sequence[Point], axis: _Axis, left: float, in_words: Callable[[Decimal], str]
) -> list[Dot | None]:
    return [
        None
        if point.value is None
        else Dot(
            _x(number, len(points), left),
            axis.y(point.value),
            point.label,
            in_words(point.value),
        )
        for number, point in enumerate(points)
    ]


def _runs(dots: Iterable[Dot | None]) -> Iterator[tuple[Dot, ...]]:
    run: list[Dot] = []
    for dot in [*dots, None]:
        if dot:
            run.append(dot)
        elif run:
            yield tuple(run)
            run = []


def _along(runs: Iterable[tuple[Dot, ...]]) -> Iterator[tuple[float, float]]:
    """Points close together on all that is drawn, for words to keep away from."""
    for run in runs:
        yield (run[0].x, run[0].y)
        for start, end in pairwise(run):
            for part in range(1, 9):
                share = part / 8
                yield (
                    start.x + (end.x - start.x) * share,
                    start.y + (end.y - start.y) * share,
                )


def _labels(points: Sequence[Point], left: float) -> Iterator[Words]:
    """Under the axis, as many as there is room for: the last one always."""
    if not points:
        return
    longest = max(len(point.label) for point in points)
    room = (RIGHT - left) / len(points)
    every = max(1, ceil((longest + 1) * _LETTER / room))
    for number, point in enumerate(points):
        if (len(points) - 1 - number) % every == 0:
            yield Words(_x(number, len(points), left), BOTTOM + 17, point.label, "middle")


def _box(words: Words, letter: float = _LETTER) -> _Box:
    width = len(words.text) * letter
    start = {"start": words.x, "middle": words.x - width / 2, "end": words.x - width}[words.anchor]
    return _Box(start - 2, words.y - TEXT_SIZE, start + width + 2, words.y + 3)


def _overlap(one: _Box, other: _Box) -> bool:
    return (
        one.left < other.right
        and other.left < one.right
        and one.top < other.bottom
        and other.top < one.bottom
    )


def _value_label(
    dot: Dot,
    left: float,
    obstacles: Sequence[tuple[float, float]],
    target: Decimal | None,
    axis: _Axis,
) -> Words:
    """The latest value, over or under its dot, where it covers least."""
    half = len(dot.text) * _LARGE_LETTER / 2
    x = min(max(dot.x, left + half), WIDTH - half)
    crossed = axis.y(target) if target is not None else None

    def covered(words: Words) -> tuple[bool, int]:
        box = _box(words, _LARGE_LETTER)
        is_crossed = crossed is not None and box.top <= crossed <= box.bottom
        is_outside = box.bottom > BOTTOM or box.top < TOP - TEXT_SIZE
        return is_outside, is_crossed + sum(box.holds(*point) for point in obstacles)

    return min((Words(x, dot.y + dy, dot.text, "middle") for dy in (-8, 17)), key=covered)


def _level(
    value: Decimal,
    text: str,
    axis: _Axis,
    left: float,
    obstacles: Sequence[tuple[float, float]],
    *taken: Words | None,
) -> Level:
    y = axis.y(value)
    boxes = [_box(words) for words in taken if words]

    def covered(words: Words) -> tuple[bool, int]:
        box = _box(words)
        is_outside = box.bottom > BOTTOM or box.top < 0
        hidden = sum(box.holds(*point) for point in obstacles)
        return is_outside, hidden + 4 * sum(_overlap(box, other) for other in boxes)

    places = product((-4, 13), ((RIGHT - 2, "end"), (left + 4, "start")))
    words = (Words(x, y + dy, text, anchor) for dy, (x, anchor) in places)
    return Level(y, text, min(words, key=covered))


def _in_words(
    points: Sequence[Point],
    target: Decimal | None,
    decimals: int,
    unit_of_measure: str,
    lower_is_better: bool,
) -> str:
    measured = [point for point in points if point.value is not None]
    sentence = _("No values yet")
    if measured:
        first, last = measured[0], measured[-1]
        words = {
            "first": shown(first.value, decimals, unit_of_measure),
            "first_label": first.label,
            "last": shown(last.value, decimals, unit_of_measure),
            "last_label": last.label,
        }
        if len(measured) == 1:
            sentence = _("{last} ({last_label})").format(**words)
        else:
            sentence = _("From {first} ({first_label}) to {last} ({last_label})").format(**words)
        if missing := len(points) - len(measured):
            sentence += ngettext(
                ", with {count} time not measured", ", with {count} times not measured", missing
            ).format(count=missing)
    if target is None:
        return _("{sentence}; there is no annual target.").format(sentence=sentence)
    aim = shown(target, decimals, unit_of_measure)
    if lower_is_better:
        return _("{sentence}; the annual target is at most {aim}.").format(
            sentence=sentence, aim=aim
        )
    return _("{sentence}; the annual target is at least {aim}.").format(sentence=sentence, aim=aim)
