"""What the competence plans ask of a person: two questions to the database."""

from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dialogues.models import CompetenceNeed, Party
from dialogues.todos_of_the_year import SOON, Todo, beginning, due_words
from units.models import Employment, User

AHEAD = timedelta(days=30)
# More of one unit than these are told as a number, with the way to the gathered needs.
MOST_NAMED = 3
MOST_LOOKED_AT = 1000


def todos_of_competence(user: User, day: date) -> list[Todo]:
    """The open needs that are late or due within thirty days: one's own, and those of one's
    employees that the manager sees to. And how many there are without a day."""
    answered_for = Employment.objects.answered_for_by(user, day)
    managed = list(answered_for.order_by().values_list("pk", flat=True))
    mine = Q(employee=user, responsible=Party.EMPLOYEE)
    theirs = Q(responsible=Party.MANAGER) & (Q(employment__in=managed) | Q(brought_to__in=managed))
    found = list(
        CompetenceNeed.objects.open()
        .filter(mine | theirs, Q(due_on__isnull=True) | Q(due_on__lte=day + AHEAD))
        .exclude(employee=user, responsible=Party.MANAGER)
        .annotate(here=Q(brought_to__in=managed))
        .select_related("employee", "employment__unit", "brought_to__unit")
        .order_by(F("due_on").asc(nulls_last=True), "pk")[:MOST_LOOKED_AT]
    )
    own = [need for need in found if need.employee_id == user.pk]
    others = sorted((need for need in found if need.employee_id != user.pk), key=_unit_pk)
    todos = _each_or_number(own, day, reverse("dialogues:competence"))
    for pk, group in groupby(others, key=_unit_pk):
        needs = list(group)
        address = reverse("dialogues:competence_unit", args=[pk]) + "?by=month"
        todos += _each_or_number(needs, day, address, str(_unit(needs[0])))
    return todos


def _each_or_number(needs: list[Any], day: date, address: str, about: str = "") -> list[Todo]:
    """`about` is the unit; without one the needs are the reader's own."""
    due = [need for need in needs if need.due_on]
    undated = len(needs) - len(due)
    if len(due) <= MOST_NAMED:
        todos = [_todo(need, day, str(need.employee) if about else "") for need in due]
    else:
        todos = [_number(due, day, address, about)]
    if undated:
        text = ngettext(
            "{n} need of competence has no day by which it is to be met",
            "{n} needs of competence have no day by which they are to be met",
            undated,
        )
        todos.append(Todo(text.format(n=undated), address, about))
    return todos


def _unit(need: Any) -> Any:
    """The one where this manager answers for it."""
    return need.brought_to.unit if need.here else need.employment.unit


def _unit_pk(need: Any) -> int:
    """Of a merged unit, the one that it goes on in."""
    unit = _unit(need)
    return int(unit.successor_id or unit.pk)


def _todo(need: Any, day: date, name: str = "") -> Todo:
    about = due_words(need.due_on, day)
    return Todo(
        _("See to a need of competence: {need}").format(need=beginning(need.need)),
        need.get_absolute_url(),
        f"{name}. {about}" if name else about,
        is_soon=day <= need.due_on <= day + SOON,
        is_late=need.due_on < day,
    )


def _number(needs: list[Any], day: date, address: str, about: str) -> Todo:
    return Todo(
        ngettext(
            "{n} need of competence is late or soon due",
            "{n} needs of competence are late or soon due",
            len(needs),
        ).format(n=len(needs)),
        address,
        about,
        is_soon=any(day <= need.due_on <= day + SOON for need in needs),
        is_late=any(need.due_on < day for need in needs),
    )
