"""The city's goals from the top, and what hangs loose among them."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from goals.models import Goal, GoalQuerySet
from goals.reports import carriers as reports
from goals.reports.carriers import Branch, WithoutExpectation
from goals.rules import FEWEST_IN_A_FIGURE
from goals.thread import line_of
from goals.years import asked_year
from stockholm_quality.web import AuthedRequest, render_page
from units.models import Employment, Role, Unit

PAGE_SIZE = 50
MOST_IN_THE_PICTURE = 40
LONGEST_TEXT = 100


@dataclass(frozen=True)
class Hit:
    """A goal that holds the searched text, with the adopted goals over it, the topmost first."""

    branch: Branch
    above: list[Goal]


@dataclass(frozen=True)
class Filters:
    year: int
    years: list[int]
    board: Unit | None
    boards: list[Unit]
    text: str


@dataclass(frozen=True)
class Section:
    """One kind of loose end, with how many there are where that may be told."""

    key: str
    title: str
    count: int | None
    is_chosen: bool


SECTION_TITLES = {
    "council": gettext_lazy("Council goals that no board has taken up"),
    "boards": gettext_lazy("Board goals that no unit carries"),
    "units": gettext_lazy("Unit goals that serve no board goal"),
    "employees": gettext_lazy("Employees without an expectation"),
}


@require_safe
def tree(request: AuthedRequest) -> HttpResponse:
    filters = _filters(request)
    return render_page(
        request,
        "goals/tree.html",
        {
            "filters": filters,
            "fewest": FEWEST_IN_A_FIGURE,
            **(_search(request, filters) if filters.text else _walk(request, filters)),
        },
        fragment="goals/_tree_results.html",
        target="tree-results",
    )


def _search(request: AuthedRequest, filters: Filters) -> dict[str, Any]:
    carriers = reports.carriers_of(filters.year, filters.board)
    goals = reports.goals_holding(filters.text, filters.year, filters.board)
    page = _page(request, goals)
    hits = [
        Hit(
            reports.branch_of(goal, carriers),
            [step for step in reversed(line_of(goal)[1:]) if not step.is_draft],
        )
        for goal in page
    ]
    count = page.paginator.count
    summary = ngettext("{n} goal holds “{text}”.", "{n} goals hold “{text}”.", count)
    return {
        "page_obj": page,
        "hits": hits,
        "summary": summary.format(n=number_format(count, force_grouping=True), text=filters.text),
    }


def _walk(request: AuthedRequest, filters: Filters) -> dict[str, Any]:
    carriers = reports.carriers_of(filters.year, filters.board)
    branches = reports.council_tree(filters.year, carriers, filters.board)
    taken_up = [branch for branch in reports.walk(branches) if branch.is_taken_up]
    summary = _("{n} of the council's {all} goals have been taken up.").format(
        n=len(taken_up), all=len(list(reports.walk(branches)))
    )
    if not filters.board:
        return {"branches": branches, "picture": branches, "summary": summary}
    page = _page(request, reports.board_goals_of(filters.year, filters.board))
    board_goals = [reports.branch_of(goal, carriers) for goal in page]
    whole = reports.with_board_goals(branches, board_goals)
    fits = page.paginator.count <= MOST_IN_THE_PICTURE
    return {
        "page_obj": page,
        "branches": whole,
        "picture": whole if fits else branches,
        "summary": summary,
    }


@require_safe
def loose_ends(request: AuthedRequest) -> HttpResponse:
    filters = _filters(request)
    year, board = filters.year, filters.board
    lists: dict[str, GoalQuerySet | list[WithoutExpectation]] = {
        "council": reports.council_goals_not_taken_up(year, board),
        "boards": reports.board_goals_not_carried(year, board),
        "units": reports.unit_goals_without_parent(request.user, year, board),
    }
    counts: dict[str, int | None] = {
        key: goals.count() for key, goals in lists.items() if not isinstance(goals, list)
    }
    figures_of: list[Unit] = []
    if request.user.has_role(Role.MANAGER, Role.HR):
        employees = reports.own_without_expectation(request.user, year, board)
        figures_of = list(reports.units_with_figures_for(request.user, board))
        lists["employees"] = employees
        has_own = Employment.objects.managed_by(request.user).exists()
        counts["employees"] = sum(row.without for row in employees) if has_own else None
    first = next((key for key in lists if counts[key]), "council")
    chosen = request.GET.get("section", "")
    chosen = chosen if chosen in lists else first
    context = {
        "filters": filters,
        "figures_of": figures_of,
        "counts_own": counts.get("employees") is not None,
        "sections": [
            Section(key, str(SECTION_TITLES[key]), counts[key], key == chosen) for key in lists
        ],
        "chosen": chosen,
        "title": SECTION_TITLES[chosen],
        "page_obj": _page(
            request, lists[chosen], counts[chosen] if chosen != "employees" else None
        ),
    }
    return render_page(
        request,
        "goals/loose_ends.html",
        context,
        fragment="goals/_loose_ends_results.html",
        target="loose-results",
    )


def _page(request: AuthedRequest, rows: Any, count: int | None = None) -> Page:
    """`count` when the number of rows is known already."""
    paginator = Paginator(rows, PAGE_SIZE)
    if count is not None:
        paginator.count = count
    return paginator.get_page(request.GET.get("page"))


def _filters(request: AuthedRequest) -> Filters:
    year = asked_year(request)
    years = reports.years_with_goals()
    if year not in years:
        year = timezone.localdate().year
    boards = reports.boards_on(reports.day_of(year))
    asked = request.GET.get("board", "")
    board = next((board for board in boards if str(board.pk) == asked), None)
    # PostgreSQL holds no NUL character, not even in a question.
    text = request.GET.get("text", "").replace("\0", "").strip()[:LONGEST_TEXT]
    return Filters(year, years, board, boards, text)
