"""Who may what with the conversations. Lists use `visible_to`, which a test holds to these."""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone
from django.utils.functional import cached_property

from dialogues.models import (
    AccessGrant,
    CompetenceNeed,
    Confirmation,
    Talk,
    TalkKind,
    TalkStep,
)
from dialogues.models.talk import openable_in_need
from dialogues.states import STEPS, Action, Relation
from goals.models import Expectation
from goals.rules import FEWEST_IN_A_FIGURE
from units.models import Employment, Role, Unit, User
from units.periods import is_today
from units.rules import answers_for, is_manager_of, managers_of, reaches, stands_in_with


def can_acknowledge(user: User, expectation: Expectation, day: date | None = None) -> bool:
    """Only the employee, and only what is in force."""
    del day
    return expectation.is_in_force and expectation.employment.person_id == user.pk


def shows_who_knows(user: User, day: date | None = None) -> bool:
    """With fewer than five employees a manager is told how many know, but nobody is named."""
    if is_today(day):
        return len({*user.managed_today.values()}) >= FEWEST_IN_A_FIGURE
    own = Employment.objects.managed_by(user, day)
    return own.values("person").distinct().count() >= FEWEST_IN_A_FIGURE


def can_see_acknowledgement(user: User, expectation: Expectation, day: date | None = None) -> bool:
    """The employee, and their manager, not a delegate, in a group where names may be shown."""
    employment = expectation.employment
    if employment.person_id == user.pk:
        return True
    return answers_for(user, employment, day) and shows_who_knows(user, day)


# --- Talks -------------------------------------------------------------------------------------


@dataclass
class TalkRights:
    """What `user` is to one talk, and may with it; each question is put to the database once."""

    user: User
    talk: Talk
    day: date | None = None

    @cached_property
    def manages(self) -> bool:
        """Manages the employee today, where the talk was held."""
        return answers_for(self.user, self.talk.employment, self.day)

    @cached_property
    def is_delegate(self) -> bool:
        return stands_in_with(
            self.user, self.talk.employment, salary=self.talk.is_salary_talk, day=self.day
        )

    @cached_property
    def grant(self) -> AccessGrant | None:
        running = AccessGrant.objects.running(timezone.now())
        return running.opened_by(self.user, self.talk.pk, self.day).order_by("-ends_at").first()

    @cached_property
    def relation(self) -> Relation | None:
        talk = self.talk
        if talk.employee_id == self.user.pk:
            return Relation.EMPLOYEE
        if talk.holder_id == self.user.pk and (self.manages or self.is_delegate):
            return Relation.HOLDER
        if self.manages or (
            talk.brought_to is not None and answers_for(self.user, talk.brought_to, self.day)
        ):
            return Relation.MANAGER
        return Relation.READER if self.grant is not None else None

    @property
    def is_one_of_two(self) -> bool:
        return self.relation in {Relation.EMPLOYEE, Relation.HOLDER}

    @property
    def is_employee(self) -> bool:
        return self.relation == Relation.EMPLOYEE

    @property
    def is_holder(self) -> bool:
        return self.relation == Relation.HOLDER

    @property
    def sees_record(self) -> bool:
        """A version of the record: the two any, later readers what both have answered."""
        if self.is_one_of_two:
            return self.talk.version_number > 0
        return self.relation is not None and self.talk.confirmed_version > 0

    @cached_property
    def has_no_holder(self) -> bool:
        """Whether whoever holds the talk no longer may: the manager has changed, or the
        delegation has ended."""
        holder = TalkRights(self.talk.holder, self.talk, self.day)
        return not holder.is_holder

    @cached_property
    def has_left(self) -> bool:
        """Whether the employment is over, so that nobody can go on with the talk."""
        ends_on = self.talk.employment.ends_on
        if ends_on is None or ends_on >= (self.day or timezone.localdate()):
            return False
        going_on = Employment.objects.not_left(self.day)
        return not going_on.filter(pk=self.talk.employment_id).exists()

    def is_for(self, action: Action) -> bool:
        """Whether the step is this person's to take at all, whatever the state."""
        # The manager of where a record was taken along to reads it, and no more.
        is_only_reader = self.relation == Relation.MANAGER and not self.manages
        return self.relation in STEPS[action].who and not is_only_reader

    def may(self, action: Action) -> bool:
        if not self.is_for(action) or self.talk.status not in STEPS[action].when:
            return False
        talk, allowed = self.talk, True
        match action:
            case Action.PROPOSE_TIME | Action.ANSWER_TIME:
                # With one who no longer may hold the talk, no time is agreed.
                allowed = not (self.is_employee and self.has_no_holder)
            case Action.TAKE_OVER:
                allowed = self.has_no_holder
            case Action.HAND_OVER:
                allowed = self.has_no_holder and bool(managers_of(talk.employment, self.day))
            case Action.DISCONTINUE:
                allowed = self._may_discontinue
            case Action.CORRECT:
                allowed = not self.has_left
            case Action.BRING_ALONG:
                allowed = talk.confirmed_version > 0
            case Action.DELEGATE:
                # A delegate passes nothing on, and what has been shared was shared by its author.
                allowed = self.manages and talk.holder_ready_at is None
        return allowed

    @cached_property
    def _may_discontinue(self) -> bool:
        """An answer is a legal moment, and is not undone by ending the talk."""
        talk = self.talk
        if talk.confirmed_version:
            return False
        if self.has_left:
            # The other has answered, and waits for nothing but one's own answer.
            answers = Confirmation.objects.filter(talk=talk, number=talk.version_number)
            waits = answers.exclude(person=self.user)
            return talk.status != Talk.Status.DOCUMENTED or not waits.exists()
        # The steps tell it to a later manager too, who sees no answers.
        answered = TalkStep.objects.filter(talk=talk, action=Action.CONFIRM)
        if talk.version_number and answered.exists():
            return False
        if self.is_employee:
            return not talk.is_before and self.has_no_holder
        return self.is_holder or talk.is_before or self.has_no_holder


def can_view_talk(user: User, talk: Talk, day: date | None = None) -> bool:
    """See its head: that it is, between whom, and how far it has come."""
    return TalkRights(user, talk, day).relation is not None


def can_start_talk(user: User, employment: Employment, kind: str, day: date | None = None) -> bool:
    """A manager with each of their own, without HR; a delegate with those named for them."""
    return is_manager_of(user, employment, day) or stands_in_with(
        user, employment, salary=kind == TalkKind.SALARY, day=day
    )


def can_agree_on(user: User, talk: Talk, day: date | None = None) -> bool:
    """Set, change and withdraw expectations and needs in a talk: both of the two, while it is held.
    Outside a talk expectations are the manager's to give."""
    return TalkRights(user, talk, day).may(Action.WRITE)


# --- Rounds, templates, criteria ---------------------------------------------------------------


def can_run_rounds_of(user: User, unit: Unit, day: date | None = None) -> bool:
    return unit.kind != Unit.Kind.CITY and reaches(user, unit, Role.HR, day=day)


def can_keep_templates_of(user: User, unit: Unit | None, day: date | None = None) -> bool:
    """HR of the board; the city's own templates, HR of the city."""
    if unit is None:
        unit = Unit.objects.filter(kind=Unit.Kind.CITY).first()
    return unit is not None and reaches(user, unit, Role.HR, day=day)


def can_keep_criteria_of(user: User, unit: Unit, day: date | None = None) -> bool:
    return reaches(user, unit, Role.HR, day=day)


# --- The competence plan -----------------------------------------------------------------------


def can_see_plan_of(user: User, employment: Employment, day: date | None = None) -> bool:
    """The employee and the other one of the two, a delegate for as long as it lasts."""
    return (
        user.pk == employment.person_id
        or answers_for(user, employment, day)
        or stands_in_with(user, employment, day=day)
    )


def can_write_plan_of(user: User, employment: Employment, day: date | None = None) -> bool:
    """The two of them; the responsibility is shared (personnel policy)."""
    return can_see_plan_of(user, employment, day)


def can_see_need(user: User, need: CompetenceNeed, day: date | None = None) -> bool:
    """Those who see the plan that it stands in, and the manager of where it was brought along."""
    if can_see_plan_of(user, need.employment, day):
        return True
    return need.brought_to is not None and answers_for(user, need.brought_to, day)


def can_bring_need(user: User, need: CompetenceNeed, day: date | None = None) -> bool:
    """The employee alone decides what goes along to a later employment."""
    return user.pk == need.employee_id and need.state == CompetenceNeed.State.OPEN


def can_see_needs_of_unit(user: User, unit: Unit, day: date | None = None) -> bool:
    """Gathered, for planning: the unit's manager, of their own people."""
    own = Employment.objects.managed_by(user, day)
    return own.filter(unit__in=Unit.objects.below(unit, day)).exists()


# --- Figures, and access in need ---------------------------------------------------------------


def can_see_coverage_of(user: User, unit: Unit, day: date | None = None) -> bool:
    return reaches(user, unit, Role.MANAGER, Role.HR, day=day)


def can_open_in_need(user: User, employment: Employment, day: date | None = None) -> bool:
    """HR of the subtree and managers above, for a documented reason; never one's own, and never
    across an authority's border (design, section 4)."""
    if answers_for(user, employment, day):
        return False
    return openable_in_need(user, day).filter(pk=employment.pk).exists()
