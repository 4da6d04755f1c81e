"""The city's goals as a picture: a tree laid out on the server, wide or, for a phone, upright."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import sqrt
from textwrap import wrap
from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from goals.models import Goal
from goals.reports.carriers import Branch, Figures
from goals.rules import FEWEST_IN_A_FIGURE

register = template.Library()

MOST_LINES = 5
LONGEST_GLUED = 24


# --- Words -------------------------------------------------------------------------------------


@register.simple_tag
def marked(text: str, searched: str) -> SafeString:
    """The text with every place that holds one of the searched words in <mark>."""
    words = "|".join(re.escape(word) for word in searched.split())
    if not words:
        return format_html("{}", text)
    parts = re.split(f"({words})", text, flags=re.IGNORECASE)
    pairs = zip(parts[0:-1:2], parts[1::2], strict=True)
    return format_html("{}{}", format_html_join("", "{}<mark>{}</mark>", pairs), parts[-1])


@register.simple_tag
def carried_by(branch: Branch, of_one_board: bool = False) -> list[str]:
    """Who carries the goal, a phrase each; `of_one_board` when only its line is counted."""
    goal, figures = branch.goal, branch.figures
    if goal.level == Goal.Level.UNIT:
        return [people_words(figures, exact=True)]
    if not figures.boards:
        if branch.is_taken_up:
            return [_("others contribute to it")]
        return [
            _("the board has not taken it up") if of_one_board else _("no board has taken it up")
        ]
    words = [boards_words(figures.boards)] if goal.is_councils and not of_one_board else []
    if figures.units:
        return [*words, units_words(figures.units), people_words(figures, exact=False)]
    contributed = branch.is_taken_up and not goal.is_councils
    return [*words, _("others contribute to it") if contributed else _("no unit carries it")]


@register.filter
def grouped(number: int) -> str:
    """With thousands apart, in the reader's language."""
    return number_format(number, force_grouping=True)


def boards_words(number: int) -> str:
    return ngettext("{n} board", "{n} boards", number).format(n=grouped(number))


@register.filter
def board_goals_words(number: int) -> str:
    return ngettext("{n} board goal", "{n} board goals", number).format(n=grouped(number))


def units_words(number: int) -> str:
    return ngettext("{n} unit", "{n} units", number).format(n=grouped(number))


def people_words(figures: Figures, *, exact: bool) -> str:
    if figures.people is None:
        return _("fewer than {n} people").format(n=FEWEST_IN_A_FIGURE)
    number = grouped(figures.people)
    return (_("{n} people") if exact else _("at least {n} people")).format(n=number)


# --- The picture -------------------------------------------------------------------------------


@dataclass(frozen=True)
class TextLine:
    x: int
    y: int
    text: str


@dataclass(frozen=True)
class Box:
    x: int
    y: int
    width: int
    height: int


@dataclass
class Node:
    """A goal in the picture. `top` and `height` are the room that it and all under it take."""

    branch: Branch
    title: list[str]
    words: list[str]
    own_height: int
    depth: int
    nodes: list["Node"] = field(default_factory=list)
    height: int = 0
    x: int = 0
    y: int = 0
    radius: int = 0
    box: Box | None = None
    title_lines: list[TextLine] = field(default_factory=list)
    words_lines: list[TextLine] = field(default_factory=list)

    @property
    def is_hollow(self) -> bool:
        return not self.branch.is_taken_up


@dataclass(frozen=True)
class Link:
    path: str
    width: int
    is_hollow: bool


@dataclass(frozen=True)
class Picture:
    kind: str
    width: int
    height: int
    links: list[Link]
    nodes: list[Node]
    root: tuple[int, int] | None = None


@dataclass(frozen=True)
class Column:
    """Where the goals of one depth stand, and how much room their words have."""

    x: int
    room: int
    title_height: int = 25
    words_height: int = 21
    letters_per_100: int = 12  # an average letter is not quite half as wide as the type is high
    is_card: bool = False


WIDE = {
    1: [Column(64, 700)],
    2: [Column(64, 256, letters_per_100=11, is_card=True), Column(440, 620)],
    3: [
        Column(52, 190, letters_per_100=11, is_card=True),
        Column(318, 300, is_card=True),
        Column(716, 350),
    ],
}
WIDE_WIDTH, UPRIGHT_WIDTH = 1100, 340
PADDING = 16


@register.inclusion_tag("goals/_tree_picture.html")
def goal_picture(tree: list[Branch], label: str, of_one_board: bool = False) -> dict[str, Any]:
    """The tree drawn twice, for wide and for narrow windows; the style sheet shows one of them."""
    pictures = [wide_picture(tree, of_one_board), upright_picture(tree, of_one_board)]
    return {"label": label, "pictures": pictures}


def wide_picture(tree: list[Branch], of_one_board: bool = False) -> Picture:
    """From left to right: the council, its orientation goals, what lies under them."""
    columns = WIDE[min(max((_depth(branch) for branch in tree), default=1), 3)]
    most = _most_units(tree)
    roots = [_grown(branch, 0, columns, of_one_board) for branch in tree]
    top = 8
    for root in roots:
        _stand(root, top, columns)
        top += root.height
    nodes = list(_all(roots))
    _size(nodes, most)
    middle = (roots[0].y + roots[-1].y) // 2 if roots else 0
    root_x = 18
    links = [_curve(root_x, middle, node, columns, most) for node in roots]
    for node in nodes:
        end = columns[node.depth].x + columns[node.depth].room + PADDING
        links += [_curve(end, node.y, below, columns, most) for below in node.nodes]
    return Picture("wide", WIDE_WIDTH, top + 8, _hollow_first(links), nodes, (root_x, middle))


def upright_picture(tree: list[Branch], of_one_board: bool = False) -> Picture:
    """From the top down, each level a step further in, for a phone held upright."""
    columns = [Column(16 + 30 * depth, UPRIGHT_WIDTH - 50 - 30 * depth) for depth in range(3)]
    most = _most_units(tree)
    roots = [_grown(branch, 0, columns, of_one_board) for branch in tree]
    nodes, links, top = list(_all(roots)), [], 4
    _size(nodes, most)
    for node in nodes:
        column = columns[node.depth]
        node.x, node.y = column.x, top + 14
        _write(node, column.x + 24, top + 20, column)
        top += node.own_height
    for node in nodes:
        # The last first: a shorter line then lies upon the longer one.
        for below in reversed(node.nodes):
            bend = below.y - 14
            path = f"M{node.x} {node.y}V{bend}Q{node.x} {below.y} {node.x + 14} {below.y}H{below.x}"
            links.append(Link(path, _breadth(below, most, 6), below.is_hollow))
    return Picture("upright", UPRIGHT_WIDTH, top, _hollow_first(links), nodes)


def _grown(branch: Branch, depth: int, columns: list[Column], of_one_board: bool) -> Node:
    column = columns[min(depth, len(columns) - 1)]
    letters = max(column.room * column.letters_per_100 // 100, 8)
    title = wrap(str(branch.goal), letters, max_lines=MOST_LINES, placeholder=" …")
    phrases = " · ".join(_glued(carried_by(branch, of_one_board)))
    words = wrap(phrases, letters + letters // 8, break_long_words=False)
    gap = 2 * PADDING + 12 if column.is_card else 22
    height = len(title) * column.title_height + len(words) * column.words_height + gap
    node = Node(branch, title, words, height, min(depth, len(columns) - 1))
    if depth + 1 < len(columns):
        node.nodes = [_grown(below, depth + 1, columns, of_one_board) for below in branch.branches]
    node.height = max(height, sum(below.height for below in node.nodes))
    return node


def _glued(phrases: list[str]) -> list[str]:
    """Short phrases hold together where the line breaks."""
    return [
        each.replace(" ", "\N{NO-BREAK SPACE}") if len(each) <= LONGEST_GLUED else each
        for each in phrases
    ]


def _size(nodes: Iterable[Node], most: int) -> None:
    for node in nodes:
        node.radius = 6 + round(9 * sqrt(node.branch.figures.units / most))


def _stand(node: Node, top: int, columns: list[Column]) -> None:
    column = columns[node.depth]
    slack = (node.height - sum(below.height for below in node.nodes)) // 2
    at = top + slack
    for below in node.nodes:
        _stand(below, at, columns)
        at += below.height
    node.x, node.y = column.x, top + node.height // 2
    if node.nodes:
        node.y = (node.nodes[0].y + node.nodes[-1].y) // 2
        half = node.own_height // 2
        node.y = min(max(node.y, top + half), top + node.height - half)
    written = len(node.title) * column.title_height + len(node.words) * column.words_height
    first = node.y - written // 2 + column.title_height - 7
    if column.is_card:
        width, height = column.room + PADDING, written + 2 * PADDING - 4
        node.box = Box(column.x, node.y - height // 2, width, height)
        _write(node, column.x + PADDING, first, column)
    else:
        _write(node, column.x + 30, first, column)


def _write(node: Node, x: int, y: int, column: Column) -> None:
    for text in node.title:
        node.title_lines.append(TextLine(x, y, text))
        y += column.title_height
    y -= column.title_height - column.words_height - 2
    for text in node.words:
        node.words_lines.append(TextLine(x, y, text))
        y += column.words_height


def _curve(x: int, y: int, node: Node, columns: list[Column], most: int) -> Link:
    end = node.x if columns[node.depth].is_card else node.x - node.radius
    bend = (x + end) // 2
    path = f"M{x} {y}C{bend} {y} {bend} {node.y} {end} {node.y}"
    return Link(path, _breadth(node, most, 14), node.is_hollow)


def _breadth(node: Node, most: int, broadest: int) -> int:
    return 2 + round((broadest - 2) * node.branch.figures.units / most)


def _hollow_first(links: list[Link]) -> list[Link]:
    return sorted(links, key=lambda link: not link.is_hollow)


def _most_units(tree: list[Branch]) -> int:
    return max((branch.figures.units for branch in tree), default=0) or 1


def _depth(branch: Branch) -> int:
    return 1 + max((_depth(below) for below in branch.branches), default=0)


def _all(nodes: list[Node]) -> Iterable[Node]:
    for node in nodes:
        yield node
        yield from _all(node.nodes)
