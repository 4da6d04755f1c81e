"""Figures give away nothing about a group under five: attacked with all that is told (P5)."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from dialogues.suppression import (
    FEWEST_IN_A_BLOCK,
    Block,
    Gathering,
    Range,
    Staff,
    blocks_of,
    figure_of,
    told,
)

UNITS = 300
DAYS = 8
STEPS = 3


# --- What is told ------------------------------------------------------------------------------


@pytest.mark.parametrize("people", range(FEWEST_IN_A_BLOCK, 60))
def test_a_count_may_always_be_five_numbers_reached_or_not(people):
    for count in range(people + 1):
        range_ = told(count, people)

        assert range_.low <= count <= range_.high <= people
        assert range_.high - range_.low >= 4
        assert {told(other, people) for other in range(range_.low, range_.high + 1)} == {range_}


def staff(unit, people, above=(100,), first=None):
    start = unit * 1000 if first is None else first
    return Staff(unit, above, frozenset(range(start, start + people)))


def gathered(*moments):
    gathering = Gathering()
    for moment in moments:
        gathering.add(moment)
    return {home.units: len(home.people) for home in gathering.homes}


def test_a_large_group_stands_alone_and_small_ones_next_to_each_other_go_together():
    homes = gathered([staff(1, 9), staff(2, 4), staff(3, 5), staff(4, 8)])

    assert homes == {frozenset({1}): 9, frozenset({2, 3}): 9}


def test_what_remains_goes_together_with_what_remains_next_to_it_higher_up():
    homes = gathered([staff(1, 4, (10, 100)), staff(2, 5, (20, 100)), staff(3, 3, (30, 100))])

    assert homes == {frozenset({1, 2}): 9}


def test_a_group_that_grows_large_stays_with_those_it_was_counted_with():
    homes = gathered([staff(1, 4), staff(2, 5)], [staff(1, 20), staff(2, 5)])

    assert homes == {frozenset({1, 2}): 25}


def test_who_leaves_or_moves_stays_where_they_were_counted():
    everybody = frozenset(range(12))
    homes = gathered(
        [Staff(1, (100,), everybody)],
        [Staff(1, (100,), everybody - {3}), Staff(2, (100,), frozenset({3, *range(20, 30)}))],
    )

    assert homes == {frozenset({1}): 12, frozenset({2}): 10}


def test_a_figure_is_made_of_the_blocks_that_lie_wholly_within():
    blocks = [
        Block(frozenset({1}), 9, (Range(5, 9),)),
        Block(frozenset({2, 3}), 11, (Range(0, 4),)),
    ]

    assert figure_of({1, 2, 3}, blocks, 1).reached == (Range(5, 13),)
    assert figure_of({1, 2}, blocks, 1).people == 9
    assert figure_of({3}, blocks, 1).people == 0


def test_what_stands_beside_a_unit_is_rounded_so_that_nobody_missing_from_it_is_noticed():
    figure = figure_of({1}, [Block(frozenset({1}), 13, (Range(5, 13),))], 1)

    assert (figure.about_people, figure.about(0)) == (15, 70)


def test_no_part_is_told_where_there_may_be_nobody():
    figure = figure_of({1}, [Block(frozenset({1}), 13, (Range(0, 4),))], 1)

    assert figure.about(0) == 0


# --- The attack --------------------------------------------------------------------------------


@dataclass
class Knowledge:
    """What an attacker knows of counts: each between two numbers, and how sums hang together."""

    low: dict = field(default_factory=dict)
    high: dict = field(default_factory=dict)
    sums: list = field(default_factory=list)
    orders: list = field(default_factory=list)

    def count(self, name, people):
        self.low.setdefault(name, 0)
        self.high[name] = min(self.high.get(name, people), people)

    def tell(self, names: Iterable, range_: Range) -> None:
        """The counts together lie within the range."""
        self.sums.append((tuple(names), range_.low, range_.high))

    def at_most(self, smaller, larger, more=0):
        """The first count is at most `more` higher than the second."""
        self.orders.append((smaller, larger, more))

    def work_out(self):
        changed = True
        while changed:
            changed = False
            for names, least, most in self.sums:
                low = sum(self.low[name] for name in names)
                high = sum(self.high[name] for name in names)
                for name in names:
                    changed |= self._narrow(
                        name,
                        least - (high - self.high[name]),
                        most - (low - self.low[name]),
                    )
            for smaller, larger, more in self.orders:
                changed |= self._narrow(smaller, 0, self.high[larger] + more)
                changed |= self._narrow(larger, self.low[smaller] - more, self.high[larger])

    def _narrow(self, name, low, high):
        before = self.low[name], self.high[name]
        self.low[name] = max(before[0], low)
        self.high[name] = min(before[1], high)
        assert self.low[name] <= self.high[name], "the attacker contradicts themselves"
        return before != (self.low[name], self.high[name])

    def worked_out(self):
        return {name for name in self.low if self.low[name] == self.high[name]}


class City:
    """Units in a tree, with people who come, go, move and come further in their talks."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.above = {0: ()}
        for unit in range(1, UNITS):
            # Many small siblings under the same few, and some far down.
            parent = self.rng.choice(range(max(0, unit - 40), unit)) if unit > 12 else 0
            if len(self.above[parent]) > 4:
                parent = self.above[parent][-2]
            self.above[unit] = (parent, *self.above[parent])
        self.where = {}
        sizes = [0, 1, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 10, 14, 22, 40]
        for unit in self.above:
            for _person in range(self.rng.choice(sizes)):
                self.where[len(self.where)] = unit
        self.far = {person: self.rng.choice([0, 0, 1, 2, 3]) for person in self.where}
        self.born = len(self.where)

    def below(self, unit):
        return {each for each, above in self.above.items() if each == unit or unit in above}

    def staff(self):
        people = {}
        for person, unit in self.where.items():
            people.setdefault(unit, set()).add(person)
        return [Staff(unit, self.above[unit], members) for unit, members in people.items()]

    def reached(self):
        return [{person for person, far in self.far.items() if far > step} for step in range(STEPS)]

    def pass_a_day(self):
        for person in list(self.where):
            chance = self.rng.random()
            if chance < 0.02:
                del self.where[person]
            elif chance < 0.03:
                self.where[person] = self.rng.randrange(UNITS)
            elif chance < 0.2 and self.far[person] < STEPS:
                self.far[person] += 1
        for _arrival in range(60):
            self.where[self.born] = self.rng.randrange(UNITS)
            self.far[self.born] = 0
            self.born += 1


def enter_blocks(knowledge, homes, blocks, counted_in, day):
    """What is told of each block, and what is known of the people of each unit in it."""
    for number, (home, block) in enumerate(zip(homes, blocks, strict=True)):
        sizes = Counter(counted_in[person] for person in home.people)
        for step in range(STEPS):
            for unit, size in sizes.items():
                cell, yesterday = (number, unit, step, day), (number, unit, step, day - 1)
                knowledge.count(cell, size)
                if step:
                    knowledge.at_most(cell, (number, unit, step - 1, day))
                if yesterday in knowledge.low:
                    knowledge.at_most(yesterday, cell)
            knowledge.tell([(number, unit, step, day) for unit in sizes], block.reached[step])


def enter_figures(knowledge, homes, blocks, city, day):
    """What is told of each unit with all below it."""
    for unit in city.above:
        units = city.below(unit)
        figure = figure_of(units, blocks, STEPS)
        for step in range(STEPS):
            cells = [
                cell
                for cell in knowledge.low
                if cell[2:] == (step, day) and homes[cell[0]].units <= units
            ]
            if cells:
                knowledge.tell(cells, figure.reached[step])


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_worked_out_from_all_figures_of_all_units_on_all_days(seed):
    """Everybody's figures at once, the exact size of each group on each day, who came and went, and
    that nobody comes less far: more than any viewer has."""
    city, gathering, knowledge = City(seed), Gathering(), Knowledge()
    counted_in = {}
    for day in range(DAYS):
        gathering.add(city.staff())
        counted_in |= {
            person: city.where[person] for person in gathering.counted - counted_in.keys()
        }
        blocks = blocks_of(gathering.homes, city.reached())
        enter_blocks(knowledge, gathering.homes, blocks, counted_in, day)
        enter_figures(knowledge, gathering.homes, blocks, city, day)
        city.pass_a_day()

    knowledge.work_out()

    assert len(gathering.homes) > 50
    assert len(knowledge.low) > 3000
    assert knowledge.worked_out() == set()


def test_the_attack_works_out_small_groups_where_exact_counts_were_told():
    """Leaving out units under five, and telling the rest and the sums exactly, gives them away."""
    city, knowledge = City(0), Knowledge()
    reached = city.reached()[0]
    staff_of = {group.unit: group.people for group in city.staff()}
    for unit, people in staff_of.items():
        knowledge.count(unit, len(people))
        if len(people) >= 5:
            exact = len(people & reached)
            knowledge.tell([unit], Range(exact, exact))
    for unit in city.above:
        within = [each for each in city.below(unit) if each in staff_of]
        exact = sum(len(staff_of[each] & reached) for each in within)
        if sum(len(staff_of[each]) for each in within) >= 5:
            knowledge.tell(within, Range(exact, exact))

    knowledge.work_out()

    small = {unit for unit, people in staff_of.items() if len(people) < 5}
    assert len(knowledge.worked_out() & small) > 20


def test_the_attack_works_out_small_groups_where_who_leaves_is_taken_away():
    """Ranges alone are not enough: with nine, five have come so far; one of them leaves, and the
    eight are told of together with four others of whom nobody has."""
    knowledge = Knowledge()
    knowledge.count("nine", 9)
    knowledge.tell(["nine"], told(5, 9))
    knowledge.count("eight", 8)
    knowledge.count("four", 4)
    knowledge.tell(["eight", "four"], told(4, 12))
    # One left; the others have come no less far.
    knowledge.at_most("nine", "eight", more=1)

    knowledge.work_out()

    assert knowledge.worked_out() >= {"eight", "four"}
