"""Figures about people that give away nothing about a group under five. Pure.

A figure higher up is never made of the people themselves, only of what is told of the smallest
blocks: the direct employees of one unit or, where they are few, of small units that lie under the
same unit. Of a block is told between which two numbers a count lies, never closer than five numbers;
so whoever subtracts one figure from another, in another part of the organisation or on another day,
learns nothing that the blocks did not tell (design, section 4; P5 of the security bars).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

STEP = 5  # numbers that a count may at least be, for all that is told
FEWEST_IN_A_BLOCK = 2 * STEP - 1  # with fewer, the steps of the scale tell nothing


@dataclass(frozen=True)
class Group:
    """The direct employees of a unit; `reached` counts those who have come as far as each step."""

    unit: int
    parent: int | None
    people: int
    reached: tuple[int, ...]


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
    units: frozenset[int]
    people: int
    reached: tuple[Range, ...]


@dataclass(frozen=True)
class Figure:
    """Of some units together. `left_out` are people in blocks that are not told of, or that lie
    partly elsewhere."""

    people: int
    left_out: int
    reached: tuple[Range, ...]

    def about(self, step: int) -> int | None:
        """Per cent of the people told of; None where there are none."""
        if not self.people:
            return None
        return round(100 * self.reached[step].middle / self.people)


def told(count: int, people: int) -> Range:
    """Steps of five, and the last one long enough to reach to all."""
    last = (people - STEP + 1) // STEP * STEP
    low = min(count // STEP * STEP, last)
    return Range(low, people if low == last else low + STEP - 1)


def blocks_of(groups: Iterable[Group]) -> list[Block]:
    """A group that is large enough is a block of its own; small ones under the same unit make
    blocks together, in the order of their keys; what remains is told of nowhere."""
    blocks: list[Block] = []
    small: dict[int | None, list[Group]] = defaultdict(list)
    for group in groups:
        if group.people >= FEWEST_IN_A_BLOCK:
            blocks.append(_block([group]))
        elif group.people:
            small[group.parent].append(group)
    for siblings in small.values():
        gathered: list[Group] = []
        for group in sorted(siblings, key=lambda each: each.unit):
            gathered.append(group)
            if sum(each.people for each in gathered) >= FEWEST_IN_A_BLOCK:
                blocks.append(_block(gathered))
                gathered = []
    return blocks


def figure_of(
    units: Iterable[int], blocks: Iterable[Block], groups: Iterable[Group], steps: int
) -> Figure:
    """Of the blocks that lie wholly within `units`."""
    wanted = set(units)
    within = [block for block in blocks if block.units <= wanted]
    people = sum(block.people for block in within)
    in_all = sum(group.people for group in groups if group.unit in wanted)
    reached = tuple(
        sum((block.reached[step] for block in within), Range(0, 0)) for step in range(steps)
    )
    return Figure(people, in_all - people, reached)


def _block(groups: Sequence[Group]) -> Block:
    people = sum(group.people for group in groups)
    counts = [sum(column) for column in zip(*(group.reached for group in groups), strict=True)]
    return Block(
        frozenset(group.unit for group in groups),
        people,
        tuple(told(count, people) for count in counts),
    )
