"""Figures about people that give away nothing about a group under five. Pure.

A figure higher up is never made of the people themselves, only of what is told of the smallest
blocks: those whom one manager manages or, where they are few, those of several managers next to
each other. Of a block is told between which two numbers a count lies, never closer than five
numbers. A block, once made, only grows: nobody is taken from it during the year, no unit leaves it
for another. So whoever subtracts one figure from another, in another part of the organisation or on
another day, learns nothing that the blocks did not tell (design, section 4; P5 of the security
bars).
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

STEP = 5  # numbers that a count may at least be, for all that is told
FEWEST_IN_A_BLOCK = 2 * STEP - 1  # with fewer, the steps of the scale tell nothing


@dataclass(frozen=True)
class Staff:
    """Those who are managed from a unit, and the units above it, the nearest first."""

    unit: int
    above: tuple[int, ...]
    people: AbstractSet[int]


@dataclass
class Home:
    """Some units whose people are counted together for the rest of the year."""

    units: frozenset[int]
    people: set[int]


@dataclass
class Gathering:
    """Where everybody is counted: told from moment to moment who works where.

    Who has left, or works elsewhere now, stays where they were first counted. To take them away
    would let whoever knows of it work out what they had reached, and with it the others.
    """

    homes: list[Home] = field(default_factory=list)
    counted: set[int] = field(default_factory=set)
    _of_unit: dict[int, Home] = field(default_factory=dict)

    def add(self, staff: Iterable[Staff]) -> None:
        waiting = []
        for group in staff:
            new = set(group.people) - self.counted
            home = self._of_unit.get(group.unit)
            if home is not None:
                home.people |= new
                self.counted |= new
            elif new:
                waiting.append(Staff(group.unit, group.above, new))
        for units, people in _large_enough(waiting):
            home = Home(units, set(people))
            self.homes.append(home)
            self._of_unit |= dict.fromkeys(units, home)
            self.counted |= people


def _large_enough(waiting: Iterable[Staff]) -> Iterator[tuple[frozenset[int], set[int]]]:
    """A group that is large enough stands alone; small ones go together with others under the same
    unit, and what remains there with what remains next to it, higher and higher up."""
    small: dict[tuple[int, ...], list[tuple[frozenset[int], set[int]]]] = {}
    for group in waiting:
        alone = (frozenset({group.unit}), set(group.people))
        if len(group.people) >= FEWEST_IN_A_BLOCK:
            yield alone
        else:
            small.setdefault(group.above, []).append(alone)
    while small:
        place = max(small, key=lambda above: (len(above), above))
        units: frozenset[int] = frozenset()
        people: set[int] = set()
        for more_units, more_people in sorted(small.pop(place), key=lambda each: min(each[0])):
            units, people = units | more_units, people | more_people
            if len(people) >= FEWEST_IN_A_BLOCK:
                yield units, people
                units, people = frozenset(), set()
        if people and place:
            small.setdefault(place[1:], []).append((units, people))


@dataclass(frozen=True)
class Range:
    """A count as it is told: at least `low` and at most `high`."""

    low: int
    high: int

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.high + other.high)

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2


@dataclass(frozen=True)
class Block:
    """A home as it is told; `reached` is how many have come as far as each step."""

    units: frozenset[int]
    people: int
    reached: tuple[Range, ...]


@dataclass(frozen=True)
class Figure:
    """Of some units together: the blocks that lie wholly within them."""

    people: int
    reached: tuple[Range, ...]

    @property
    def about_people(self) -> int:
        """In steps of five: an exact number beside a unit's list of staff would tell how many have
        protected identity."""
        return STEP * round(self.people / STEP)

    def about(self, step: int) -> int:
        """Per cent, in steps of five for the same reason; none where that may be."""
        if not self.people or not self.reached[step].low:
            return 0
        return STEP * round(100 * self.reached[step].middle / self.people / STEP)


def told(count: int, people: int) -> Range:
    """Steps of five, and the last one long enough to reach to all."""
    last = (people - STEP + 1) // STEP * STEP
    low = min(count // STEP * STEP, last)
    return Range(low, people if low == last else low + STEP - 1)


def blocks_of(homes: Iterable[Home], reached: Sequence[AbstractSet[int]]) -> list[Block]:
    """What is told of each home, by who has come as far as each step."""
    return [
        Block(
            home.units,
            len(home.people),
            tuple(told(len(home.people & step), len(home.people)) for step in reached),
        )
        for home in homes
    ]


def figure_of(units: AbstractSet[int], blocks: Iterable[Block], steps: int) -> Figure:
    within = [block for block in blocks if block.units <= units]
    return Figure(
        sum(block.people for block in within),
        tuple(sum((block.reached[step] for block in within), Range(0, 0)) for step in range(steps)),
    )
