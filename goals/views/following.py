"""A council's, board's or unit's goal followed down to those who carry it."""

import re
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet, Window
from django.http import Http404, HttpResponse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from goals.models import Goal, Judgement
from goals.reports import following, standing_out
from goals.reports.following import CONTRIBUTES, SERVES, Below, Code, Group, UpTo
from goals.years import asked_year
from stockholm_quality.web import AuthedRequest, render_page

PAGE_SIZE = 25
WAITING = "NONE"


@dataclass(frozen=True)
class Said:
    """A group of goals with what its bars say, in a sentence."""

    group: Group
    title: str
    sentence: str


@require_safe
def follow_down(request: AuthedRequest, pk: int) -> HttpResponse:
    goal, areas = following.goal_with_areas(pk)
    if goal is None:
        raise Http404
    year = min(max(asked_year(request), goal.first_year), goal.last_year)
    codes = following.codes_of(year)
    below = following.follow_down(goal, year, codes)
    period = _period(request, below)
    up_to = UpTo(year, codes, period) if period else None
    serving = following.goals_below(goal, year)
    context = {
        "goal": goal,
        "year": year,
        "years": range(goal.first_year, goal.last_year + 1),
        "below": below,
        "period": period,
        "own": [] if goal.is_councils else following.own_assessments(goal, year),
        "said": [_said(group, period) for group in below.groups if group.tallies],
        "areas": [area for area in areas if area.first_year <= year <= area.last_year],
        "measures": standing_out.measures(goal, serving, up_to) if up_to else None,
        "most": standing_out.MOST_STANDING_OUT,
    }
    if up_to and goal.level != Goal.Level.UNIT:
        context |= _standing_out(goal, below, up_to)
    if goal.level != Goal.Level.UNIT:
        context |= _listed(request, goal, year, up_to, below)
    return render_page(request, "goals/follow_down.html", context)


def _period(request: AuthedRequest, below: Below) -> Code | None:
    """The period asked for, or the latest in which anything was judged, or the latest begun."""
    asked = request.GET.get("period", "")
    by_code = {code.code: code for code in below.codes}
    if asked in by_code:
        return by_code[asked]
    judged = [tally.period for group in below.groups for tally in group.tallies if tally.judged]
    latest = max(judged, key=lambda code: code.ends_on, default=None)
    return latest or (below.codes[-1] if below.codes else None)


def _standing_out(goal: Goal, below: Below, up_to: UpTo) -> dict[str, Any]:
    # Those nearest the people where there are any: boards and units are not ranked together.
    level = Goal.Level.UNIT if below.group(SERVES, Goal.Level.UNIT) else Goal.Level.BOARD
    goals = following.goals_below(goal, up_to.year).at_level(level)
    moved = standing_out.changes(goals, up_to)
    better, worse = standing_out.distances(goals, up_to)
    moved, off = standing_out.with_reasons(goals, up_to, moved, [*better, *worse])
    return {
        "moved": moved,
        "better": off[: len(better)],
        "worse": off[len(better) :],
    }


def _listed(
    request: AuthedRequest, goal: Goal, year: int, up_to: UpTo | None, below: Below
) -> dict[str, Any]:
    may_choose = any(group.relation == CONTRIBUTES for group in below.groups)
    contributing = may_choose and request.GET.get("relation") == CONTRIBUTES
    goals = following.directly_below(goal, year, contributing=contributing)
    relation = CONTRIBUTES if contributing else SERVES
    levels = [Goal.Level.BOARD] if goal.is_councils and not contributing else list(Goal.Level)
    places = [each for each in below.places if each.relation == relation and each.level in levels]
    boards = following.boards_of(places) if goal.is_councils else []
    board = _board(request, boards)
    judgement = request.GET.get("judgement", "")
    choices = [
        (Judgement.FULL.value, _("Fully")),
        (Judgement.PARTIAL.value, _("Partly")),
        (Judgement.NOT.value, _("Not")),
        (WAITING, _("Not yet judged")),
    ]
    only = None
    if judgement in dict(choices):
        only = "" if judgement == WAITING else judgement
    if board:
        goals = goals.filter(Q(unit=board) | Q(parent__unit=board))
        places = [each for each in places if each.board_pk == board]
    rows = following.with_judgement(goals, year, up_to, only=only)
    known = sum(each.number for each in places) if only is None else None
    return {
        "page_obj": _page(request, rows, known),
        "boards": boards,
        "board": board,
        "judgement": judgement,
        "judgements": choices,
        "may_choose": may_choose,
        "contributing": contributing,
    }


def _page(request: AuthedRequest, rows: QuerySet[Any], count: int | None) -> Page:
    """In one query: the number of rows comes with them when it is not known."""
    asked = request.GET.get("page", "")
    paginator = Paginator(rows, PAGE_SIZE)
    if count is not None:
        paginator.count = count
        return paginator.get_page(asked)
    number = max(int(asked), 1) if re.fullmatch(r"[0-9]{1,6}", asked) else 1
    start = (number - 1) * PAGE_SIZE
    shown = list(rows.annotate(among=Window(Count("pk")))[start : start + PAGE_SIZE])
    paginator.count = shown[0].among if shown else 0
    return Page(shown, number if shown else 1, paginator)


def _board(request: AuthedRequest, boards: list[tuple[int, str]]) -> int | None:
    asked = request.GET.get("board", "")
    return next((pk for pk, _name in boards if str(pk) == asked), None)


def _said(group: Group, period: Code | None) -> Said:
    titles = {
        (SERVES, Goal.Level.BOARD): _("The boards' goals"),
        (SERVES, Goal.Level.UNIT): _("The units' goals"),
        (CONTRIBUTES, Goal.Level.BOARD): _("Boards' goals that also contribute"),
        (CONTRIBUTES, Goal.Level.UNIT): _("Units' goals that also contribute"),
    }
    return Said(group, titles[group.relation, Goal.Level(group.level)], _sentence(group, period))


def _sentence(group: Group, period: Code | None) -> str:
    now = group.in_period(period)
    if period is None or now is None:
        return ""
    if not now.judged:
        return _("{period}: none of them has been judged yet.").format(period=period.name)
    if group.level == Goal.Level.BOARD:
        text = ngettext(
            "{period}: {n} of {all} board goal is judged fully met.",
            "{period}: {n} of {all} board goals are judged fully met.",
            now.total,
        )
    else:
        text = ngettext(
            "{period}: {n} of {all} unit goal is judged fully met.",
            "{period}: {n} of {all} unit goals are judged fully met.",
            now.total,
        )
    sentence = text.format(period=period.name, n=_number(now.full), all=_number(now.total))
    if now.waiting:
        waits = ngettext("{n} is not yet judged.", "{n} are not yet judged.", now.waiting).format(
            n=_number(now.waiting)
        )
        sentence = f"{sentence} {waits}"
    before = group.before(period)
    if before is None:
        return sentence
    compared = _("At {period} it was {n} of {all}.").format(
        period=before.period.name, n=_number(before.full), all=_number(before.total)
    )
    return f"{sentence} {compared}"


def _number(number: int) -> str:
    return number_format(number, force_grouping=True)
