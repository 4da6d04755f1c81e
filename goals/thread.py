"""The thread: the line from a goal or an expectation up to the council, ready to be drawn."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from goals.models import Expectation, Goal


@dataclass(frozen=True)
class ThreadNode:
    level_label: str
    text: str
    url: str
    by: str
    is_mine: bool = False
    note: str = ""


def decision_of(goal: Goal) -> str:
    """Who decided the goal, when and under which number, as far as is known. Names nobody: an
    office decides, and a person in it may have a protected identity."""
    if goal.is_draft:
        return _("Draft, not yet adopted")
    who = {
        Goal.Level.UNIT: _("Decided by the unit's manager"),
        Goal.Level.BOARD: _("Decided by the board"),
    }.get(Goal.Level(goal.level), _("Decided by the city council"))
    parts = [f"{who} {date_format(goal.decided_on)}" if goal.decided_on else who]
    if goal.reference_number:
        parts.append(_("ref. {number}").format(number=goal.reference_number))
    elif goal.is_councils and not goal.decided_on:
        parts.append(_("date and number are missing in the source"))
    return " · ".join(parts)


def level_label(goal: Goal) -> str:
    labels = {
        Goal.Level.UNIT: _("The unit's goal"),
        Goal.Level.BOARD: _("The board's goal"),
        Goal.Level.OPERATIONAL_AREA: _("The council's goal · operational area"),
        Goal.Level.ORIENTATION: _("The council's orientation goal"),
    }
    label = labels[Goal.Level(goal.level)]
    return label if goal.is_councils else f"{label} · {goal.unit.name}"


def line_of(goal: Goal) -> list[Goal]:
    """The goal and its primary parents; query-free after `Goal.objects.with_line()`."""
    line = [goal]
    while line[-1].parent:
        line.append(line[-1].parent)
    return line


def thread_of_goal(goal: Goal, *, links_itself: bool = True) -> list[ThreadNode]:
    """The goal first; on its own page it does not link to itself."""
    return [
        ThreadNode(
            level_label=level_label(step),
            text=str(step),
            url=step.get_absolute_url() if links_itself or step is not goal else "",
            by=decision_of(step),
            is_mine=step is goal,
        )
        for step in line_of(goal)
    ]


def thread_of_expectation(
    expectation: Expectation, label: str, *, links_itself: bool = True
) -> list[ThreadNode]:
    """`label` says whose it is: one's own, or the employee's when their manager looks. On its own
    page, where it does not link to itself, its terms stand beside the thread."""
    given_on = date_format(timezone.localdate(expectation.given_at))
    is_own = expectation.given_by_id == expectation.employment.person_id
    said = _("Written by the employee {date}") if is_own else _("Given by the manager {date}")
    by = said.format(date=given_on)
    if links_itself and expectation.due_on:
        due_on = date_format(expectation.due_on)
        by = " · ".join([by, _("to be reached by {date}").format(date=due_on)])
    mine = ThreadNode(
        level_label=label,
        text=expectation.text,
        url=expectation.get_absolute_url() if links_itself else "",
        by=by,
        is_mine=True,
        note=_("How it shows: {sign}").format(sign=expectation.sign)
        if links_itself and expectation.sign
        else "",
    )
    return [
        mine,
        *(
            ThreadNode(level_label(step), str(step), step.get_absolute_url(), decision_of(step))
            for step in line_of(expectation.goal)
        ),
    ]
