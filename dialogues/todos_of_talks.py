"""What the talks ask of a person: at most three questions to the database, however many talks."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dialogues.models import Confirmation, Round, Talk, TalkKind, TalkStep, TalkTime
from dialogues.rules import TalkRights
from dialogues.states import Action
from dialogues.talk_standing import left_by_holder
from dialogues.todos_of_the_year import SOON, Todo, due_words
from units.models import Employment, Role, User

# More of one kind than these are told as a number, with the way to the list.
MOST_NAMED = 3
MOST_LOOKED_AT = 1000
FOLLOW_UP_AFTER = timedelta(days=152)  # five months
FOLLOW_UP_BEFORE = timedelta(days=335)  # then the next year's talk is nearer
_S = Talk.Status


def todos_of_talks(user: User, day: date) -> list[Todo]:
    """Those of the two parties first, then what a manager takes over or follows up."""
    found = _mine(user, day)
    as_employee = [talk for talk in found if talk.employee_id == user.pk]
    as_holder = [talk for talk in found if talk.employee_id != user.pk]
    todos = [*_of_own(as_employee, user, day), *_of_held(as_holder, user, day)]
    if user.has_role(Role.MANAGER):
        todos += [*_to_take_over(user, day), *_to_follow_up(user, day)]
    return todos


def _mine(user: User, day: date) -> list[Any]:
    """The running talks that `user` is one of the two of, each with what decides what remains."""
    times = TalkTime.objects.filter(talk=OuterRef("pk"))
    answers = Confirmation.objects.filter(
        talk=OuterRef("pk"), number=OuterRef("version_number"), person=user
    )
    moves = TalkStep.objects.filter(talk=OuterRef("pk"), to_status=_S.HELD).order_by("-pk")
    managed = Employment.objects.answered_for_by(user, day).values("pk")
    return list(
        Talk.objects.shared_by(user, day)
        .running()
        .exclude(status=_S.CONFIRMED)
        .select_related("employee", "employment", "round")
        .annotate(
            has_answered=Exists(answers),
            has_time=Exists(times.open()),
            is_asked=Exists(times.waiting_for(user)),
            agreed_at=Subquery(times.filter(state=TalkTime.State.ACCEPTED).values("starts_at")[:1]),
            opened_by_step=Subquery(moves.values("action")[:1]),
            opened_by=Subquery(moves.values("by")[:1]),
            is_managed=Q(employment__in=managed),
        )
        .order_by("agreed_at", "year", "pk")[:MOST_LOOKED_AT]
    )


def _of_own(talks: Iterable[Any], user: User, day: date) -> list[Todo]:
    todos = []
    for talk in talks:
        if talk.status != _S.DOCUMENTED and TalkRights(user, talk, day).has_left:
            continue
        about = talk.title()
        if talk.is_before:
            if talk.is_asked:
                todos.append(_todo(_("Answer the proposed time"), "talk_times", talk, about))
            if talk.employee_ready_at is None and _is_to_prepare(talk):
                todos.append(_to_prepare(talk, about, day))
        elif talk.status == _S.HELD:
            todos.append(_todo(_joint_words(talk, user), "joint", talk, about))
        elif not talk.has_answered:
            todos.append(_todo(_("Read and answer the record"), "talk_confirm", talk, about))
    return todos


def _of_held(talks: list[Any], user: User, day: date) -> list[Todo]:
    before = [talk for talk in talks if talk.is_before]
    held = [talk for talk in talks if talk.status == _S.HELD]
    asked = [talk for talk in held if _is_asked_to_change(talk, user)]
    return [
        *_each_or_number(
            [talk for talk in before if talk.is_asked],
            lambda talk: _todo(_("Answer the proposed time"), "talk_times", talk, _about(talk)),
            lambda number: ngettext(
                "{n} talk waits for you to answer a time",
                "{n} talks wait for you to answer a time",
                number,
            ),
        ),
        *_each_or_number(
            [talk for talk in before if not talk.has_time and _is_to_prepare(talk)],
            lambda talk: _due_with_round(
                _("Propose a time"), "talk_times", talk, _about(talk), day
            ),
            lambda number: ngettext(
                "{n} talk waits for you to propose a time",
                "{n} talks wait for you to propose a time",
                number,
            ),
        ),
        *_each_or_number(
            [talk for talk in before if talk.agreed_at and talk.agreed_at < timezone.now()],
            lambda talk: _todo(
                _("Note that the talk has been held"), "talk_hold", talk, _about(talk)
            ),
            lambda number: ngettext(
                "{n} talk is to be noted as held",
                "{n} talks are to be noted as held",
                number,
            ),
        ),
        *_each_or_number(
            [talk for talk in before if talk.holder_ready_at is None and _is_to_prepare(talk)],
            lambda talk: _to_prepare(talk, _about(talk), day),
            lambda number: ngettext(
                "{n} talk with an employee to prepare",
                "{n} talks with employees to prepare",
                number,
            ),
        ),
        *_each_or_number(
            asked,
            lambda talk: _todo(_joint_words(talk, user), "joint", talk, _about(talk)),
            lambda number: ngettext(
                "{n} record that the employee asks you to change",
                "{n} records that employees ask you to change",
                number,
            ),
            state=_S.HELD,
        ),
        *_each_or_number(
            [talk for talk in held if talk not in asked],
            lambda talk: _todo(_joint_words(talk, user), "joint", talk, _about(talk)),
            lambda number: ngettext(
                "{n} talk has been held and is to be documented",
                "{n} talks have been held and are to be documented",
                number,
            ),
            state=_S.HELD,
        ),
        *_each_or_number(
            [t for t in talks if t.status == _S.DOCUMENTED and not t.has_answered],
            lambda talk: _todo(_("Read and answer the record"), "talk_confirm", talk, _about(talk)),
            lambda number: ngettext(
                "{n} record waits for your answer", "{n} records wait for your answer", number
            ),
            state=_S.DOCUMENTED,
        ),
    ]


def _to_take_over(user: User, day: date) -> list[Todo]:
    managed = Employment.objects.answered_for_by(user, day).values("pk")
    left = (
        Talk.objects.filter(employment__in=managed, status__in=Talk.BEFORE)
        .filter(left_by_holder(user, day))
        .select_related("employee")
        .order_by("year", "pk")[:MOST_LOOKED_AT]
    )
    return _each_or_number(
        list(left),
        lambda talk: Todo(
            _("Take over a talk from the earlier manager"),
            reverse("dialogues:talk_take_over", args=[talk.pk]),
            f"{talk.title()}, {talk.employee}",
        ),
        lambda number: ngettext(
            "{n} talk to take over from the earlier manager",
            "{n} talks to take over from the earlier manager",
            number,
        ),
    )


def _to_follow_up(user: User, day: date) -> list[Todo]:
    """When nobody has started one: on the day that the two agreed on for their next talk or, where
    they agreed on none, from five months after the employee talk."""
    managed = Employment.objects.managed_by(user, day).values("pk")
    followed = Talk.objects.filter(
        employment=OuterRef("employment"), kind=TalkKind.FOLLOW_UP, year__gte=OuterRef("year")
    ).exclude(status=_S.DISCONTINUED)
    due = (
        Talk.objects.filter(
            ~Exists(followed),
            employment__in=managed,
            kind=TalkKind.EMPLOYEE,
            status__in=[_S.CONFIRMED, _S.CLOSED],
            held_on__gt=day - FOLLOW_UP_BEFORE,
        )
        .filter(
            Q(next_on__lte=day + SOON) | Q(next_on__isnull=True, held_on__lte=day - FOLLOW_UP_AFTER)
        )
        .select_related("employee")
        .order_by("held_on", "pk")[:MOST_LOOKED_AT]
    )
    return _each_or_number(
        list(due),
        lambda talk: Todo(
            _("Follow up the employee talk, half-way"),
            reverse("dialogues:talk_follow_up", args=[talk.pk]),
            _("{name}, held {date}").format(name=talk.employee, date=date_format(talk.held_on))
            if talk.next_on is None
            else f"{talk.employee}. {due_words(talk.next_on, day)}",
            is_soon=talk.next_on is not None and day <= talk.next_on,
            is_late=talk.next_on is not None and talk.next_on < day,
        ),
        lambda number: ngettext(
            "{n} employee talk to follow up, half-way",
            "{n} employee talks to follow up, half-way",
            number,
        ),
    )


def _each_or_number(
    talks: list[Any],
    one: Callable[[Any], Todo],
    many: Callable[[int], str],
    *,
    state: str = "",
) -> list[Todo]:
    if len(talks) <= MOST_NAMED:
        return [one(talk) for talk in talks]
    years = {talk.year for talk in talks}
    asked = [f"state={state}"] if state else []
    if len(years) == 1:
        asked.append(f"year={years.pop()}")
    address = reverse("dialogues:talks") + ("?" + "&".join(asked) if asked else "")
    return [Todo(many(len(talks)).format(n=len(talks)), f"{address}#employees")]


def _todo(text: str, route: str, talk: Talk, about: str) -> Todo:
    return Todo(text, reverse(f"dialogues:{route}", args=[talk.pk]), about)


def _about(talk: Any) -> str:
    """Who it is with; of a protected person only their manager is told the name."""
    hidden = talk.employee.has_protected_identity and not talk.is_managed
    name = _("a named employee") if hidden else str(talk.employee)
    return f"{talk.title()}, {name}"


def _is_to_prepare(talk: Talk) -> bool:
    if talk.status != _S.PLANNED:
        return True
    return talk.round is not None and talk.round.status == Round.Status.STARTED


def _to_prepare(talk: Any, about: str, day: date) -> Todo:
    if talk.agreed_at is None:
        return _due_with_round(_("Prepare the talk"), "preparation", talk, about, day)
    until = timezone.localdate(talk.agreed_at)
    return Todo(
        _("Prepare the talk"),
        reverse("dialogues:preparation", args=[talk.pk]),
        f"{about}, {date_format(until)}",
        is_soon=day <= until <= day + SOON,
    )


def _due_with_round(text: str, route: str, talk: Any, about: str, day: date) -> Todo:
    """What is due when the talks of the round are to have been held, if a round runs."""
    if talk.round is None or talk.round.status != Round.Status.STARTED:
        return _todo(text, route, talk, about)
    until = talk.round.ends_on
    return Todo(
        text,
        reverse(f"dialogues:{route}", args=[talk.pk]),
        f"{about}. {due_words(until, day)}",
        is_soon=day <= until <= day + SOON,
        is_late=until < day,
    )


def _is_asked_to_change(talk: Any, user: User) -> bool:
    return talk.opened_by_step == Action.REOPEN and talk.opened_by != user.pk


def _joint_words(talk: Any, user: User) -> str:
    if _is_asked_to_change(talk, user):
        return _("The other has asked for changes in the record")
    if talk.is_being_corrected:
        return _("Finish the correction of the record")
    return _("Write the record together")
