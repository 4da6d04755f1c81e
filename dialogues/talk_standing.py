"""How a talk stands, for one who may see it: its line of steps, its time, and what waits for whom.

Layer: reports. Of what the other has written nothing is told here: only that they are ready.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dialogues.models import Confirmation, Party, Talk, TalkKind, TalkStep, TalkTime
from dialogues.rules import TalkRights
from dialogues.states import Relation
from units.models import Delegation, Role, RoleAssignment, UnitLine, User

_S = Talk.Status
# The steps of the line, with words short enough to stand under each of its marks.
WAY: dict[str, Promise] = {
    _S.PLANNED: gettext_lazy("Planned"),
    _S.INVITED: gettext_lazy("Invited"),
    _S.PREPARING: gettext_lazy("Preparing"),
    _S.HELD: gettext_lazy("Held"),
    _S.DOCUMENTED: gettext_lazy("Documented"),
    _S.CONFIRMED: gettext_lazy("Answered"),
    _S.CLOSED: gettext_lazy("Concluded"),
}
# The shape beside the word (components/icon.html).
SHAPES: dict[str, str] = {
    _S.PLANNED: "none",
    _S.INVITED: "next",
    _S.PREPARING: "draft",
    _S.HELD: "part",
    _S.DOCUMENTED: "clock",
    _S.CONFIRMED: "full",
    _S.CLOSED: "kept",
    _S.DISCONTINUED: "not",
}


class Names:
    """What `user` may call people: protected names only as far as the rules go. One query."""

    def __init__(self, user: User, people: Iterable[User]) -> None:
        protected = {each.pk for each in people if each.has_protected_identity} - {user.pk}
        shown = User.objects.visible_to(user).filter(pk__in=protected) if protected else []
        self.hidden = protected - {each.pk for each in shown}

    def of(self, person: User, otherwise: str = "") -> str:
        if person.pk in self.hidden:
            return otherwise or _("a named employee")
        return str(person)


@dataclass(frozen=True)
class Mark:
    """One step on the line: done, now, to come, or passed without having been taken."""

    label: str
    state: str
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Task:
    """What a party has to do; `is_mine` when it is the reader."""

    who: str
    text: str
    is_mine: bool


@dataclass
class Standing:
    """One talk as it stands for `rights.user`."""

    rights: TalkRights
    names: Names
    times: list[TalkTime] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    steps: list[TalkStep] = field(default_factory=list)

    @property
    def talk(self) -> Talk:
        return self.rights.talk

    @property
    def shape(self) -> str:
        return SHAPES[self.talk.status]

    @property
    def employee(self) -> str:
        return self.names.of(self.talk.employee)

    @property
    def holder(self) -> str:
        otherwise = _("your manager") if self.rights.is_employee else _("the manager")
        return self.names.of(self.talk.holder, otherwise)

    @property
    def other(self) -> str:
        """Whom one meets."""
        return self.holder if self.rights.is_employee else self.employee

    @property
    def party(self) -> str:
        return Party.EMPLOYEE if self.rights.is_employee else Party.MANAGER

    @property
    def is_ready(self) -> bool:
        """Whether oneself has shared, or goes without."""
        talk = self.talk
        ready_at = talk.employee_ready_at if self.rights.is_employee else talk.holder_ready_at
        return ready_at is not None

    @property
    def has_answered(self) -> bool:
        return self.party in self.answered

    @property
    def accepted(self) -> TalkTime | None:
        return next((each for each in self.times if each.state == TalkTime.State.ACCEPTED), None)

    @property
    def proposed(self) -> list[TalkTime]:
        """What waits for an answer; a time that is agreed stands until another is."""
        return [each for each in self.times if each.state == TalkTime.State.PROPOSED]

    @property
    def to_answer(self) -> list[TalkTime]:
        """What the other side has proposed; whoever has held the talk is of the manager's."""
        employee = self.talk.employee_id
        return [
            each
            for each in self.proposed
            if (each.proposed_by_id == employee) != self.rights.is_employee
        ]

    @property
    def is_time_past(self) -> bool:
        return self.accepted is not None and self.accepted.starts_at < timezone.now()

    @property
    def place_on_way(self) -> int:
        """How many steps have been reached, of `WAY`; of a discontinued talk, before it was."""
        status = self.talk.status
        if status == _S.DISCONTINUED:
            # Without its steps read, it is drawn as begun and no more.
            before = [each.from_status for each in self.steps if each.to_status == status]
            status = before[-1] if before else _S.PLANNED
        return list(WAY).index(status) + 1

    @property
    def dots(self) -> list[str]:
        """The line without words, for a list."""
        return [mark.state for mark in self.line]

    @cached_property
    def line(self) -> list[Mark]:
        entered = {
            each.to_status: each for each in self.steps if each.from_status != each.to_status
        }
        is_stopped = self.talk.status == _S.DISCONTINUED
        marks = []
        for number, (status, label) in enumerate(WAY.items(), start=1):
            step = entered.get(status)
            if number > self.place_on_way:
                state, step = "coming", None
            elif number == self.place_on_way and not is_stopped:
                state = "now"
            else:
                state = "done" if step or not self.steps else "passed"
            marks.append(self._mark(str(label), state, step))
        if is_stopped:
            reached = [mark for mark in marks if mark.state != "coming"]
            stop = self._mark(_("Discontinued"), "stopped", entered.get(_S.DISCONTINUED))
            return [*reached, stop]
        return marks

    def _mark(self, label: str, state: str, step: TalkStep | None) -> Mark:
        if step is None:
            return Mark(label, state)
        by = self.names.of(step.by) if self.rights.is_one_of_two else ""
        return Mark(label, state, by, step.at)

    @cached_property
    def tasks(self) -> list[Task]:
        """What waits for whom, the reader's own first. Nothing for those who read later."""
        rights, talk = self.rights, self.talk
        if not rights.is_one_of_two:
            return []
        if rights.has_left and talk.status != _S.DOCUMENTED:
            return []
        if talk.is_before:
            tasks = self._tasks_before()
        elif talk.status == _S.HELD:
            together = _("write the record together")
            finish = _("write the record together, then ask for answers to it")
            tasks = [(Party.EMPLOYEE, together), (Party.MANAGER, finish)]
        elif talk.status == _S.DOCUMENTED:
            waiting = [party for party in Party.values if party not in self.answered]
            if rights.has_left:
                # Whoever held it can answer no more.
                waiting = [party for party in waiting if party == self.party and self.answered]
            tasks = [(Party(party), _("read and answer the record")) for party in waiting]
        else:
            tasks = []
        found = [self._task(party, text) for party, text in tasks]
        return sorted(found, key=lambda task: not task.is_mine)

    def _tasks_before(self) -> list[tuple[Party, str]]:
        talk, tasks = self.talk, []
        if not self.times:
            tasks.append((Party.MANAGER, _("propose a time")))
        if self.proposed:
            by_employee = {each.proposed_by_id == talk.employee_id for each in self.proposed}
            answerers = [Party.MANAGER if each else Party.EMPLOYEE for each in by_employee]
            tasks += [(party, _("answer the proposed time")) for party in answerers]
        if talk.employee_ready_at is None:
            tasks.append((Party.EMPLOYEE, self._to_prepare(Party.EMPLOYEE)))
        if talk.holder_ready_at is None:
            tasks.append((Party.MANAGER, self._to_prepare(Party.MANAGER)))
        if self.is_time_past:
            tasks.append((Party.MANAGER, _("note that the talk has been held")))
        return tasks

    def _to_prepare(self, party: Party) -> str:
        if party == self.party:
            return _("prepare, or say that you go without")
        return _("prepare, or say that one goes without")

    def _task(self, party: Party, text: str) -> Task:
        who = self.employee if party == Party.EMPLOYEE else self.holder
        return Task(who, text, is_mine=party == self.party)


def standings_of(
    rights: Sequence[TalkRights], user: User, *, people: Iterable[User] = (), steps: bool = False
) -> list[Standing]:
    """Each of the talks as it stands, in the same order. At most four queries, however many."""
    talks = [each.talk for each in rights]
    two = [each.talk.pk for each in rights if each.is_one_of_two]
    times: dict[int, list[TalkTime]] = {}
    if any(talk.is_before for talk in talks):
        for time in TalkTime.objects.open().filter(talk__in=two).order_by("starts_at", "pk"):
            times.setdefault(time.talk_id, []).append(time)
    answered: dict[int, set[str]] = {}
    if any(talk.status == _S.DOCUMENTED for talk in talks):
        current = Confirmation.objects.filter(talk__in=two, number=F("talk__version_number"))
        for talk_pk, party in current.values_list("talk", "party"):
            answered.setdefault(talk_pk, set()).add(party)
    taken: dict[int, list[TalkStep]] = {}
    if steps:
        rows = TalkStep.objects.filter(talk__in=talks).select_related("by").order_by("pk")
        for step in rows:
            taken.setdefault(step.talk_id, []).append(step)
    met = [person for talk in talks for person in (talk.employee, talk.holder)]
    takers = [step.by for of_talk in taken.values() for step in of_talk]
    names = Names(user, [*people, *met, *takers])
    return [
        Standing(
            each,
            names,
            times.get(each.talk.pk, []),
            answered.get(each.talk.pk, set()),
            taken.get(each.talk.pk, []),
        )
        for each in rights
    ]


# --- What a list needs of each talk, in its own statement ----------------------------------------


def left_by_holder(user: User, day: date | None = None) -> Q:
    """Of talks with employees of `user`: those whose holder is no longer their manager, and does
    not stand in for one."""
    lines = UnitLine.objects.active_on(day).within_border()
    managers = RoleAssignment.objects.active_on(day).filter(role=Role.MANAGER)
    nearest = (
        lines.filter(
            Exists(managers.filter(unit=OuterRef("ancestor"), person=user)),
            descendant=OuterRef(OuterRef("employment__unit")),
        )
        .order_by("depth")
        .values("ancestor")[:1]
    )
    beside = managers.filter(person=OuterRef("holder"), unit=Subquery(nearest))
    named = Delegation.objects.in_force(day).filter(
        employment=OuterRef("employment"), delegate=OuterRef("holder")
    )
    covered = Exists(named.filter(covers_salary=True)) | ~Q(kind=TalkKind.SALARY) & Exists(named)
    return ~Q(holder=user) & ~Exists(beside) & ~covered


def is_next(talk: Talk) -> bool:
    """Whether something remains to be done of it before it is an answered record."""
    return talk.status not in {_S.CONFIRMED, *Talk.ENDED}


def of_relation(user: User, talk: Talk, relation: Relation) -> TalkRights:
    """Rights whose relation a list knows already, so that it is not asked for each row."""
    rights = TalkRights(user, talk)
    rights.__dict__["relation"] = relation
    rights.__dict__["manages"] = relation in {Relation.HOLDER, Relation.MANAGER}
    return rights
