"""Delegations: a manager lets somebody else hold talks, with named employees and for a time."""

from collections.abc import Collection
from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogues.actions.calendars import pass_on_time
from dialogues.actions.steps import StepRefusedError, take_step
from dialogues.models import Talk, TalkKind
from dialogues.states import Action
from units.models import Delegation, Employment, Role, RoleAssignment, Unit, UnitLine, User
from units.models.people import UserQuerySet
from units.rules import answers_for


def possible_delegates(by: User, day: date | None = None) -> UserQuerySet:
    """People of the administrations where `by` manages somebody. Nobody with protected identity:
    those whom a delegate meets, and the calendar, are told the name."""
    managed = Employment.objects.managed_by(by, day)
    border = UnitLine.objects.active_on(day).within_border()
    tops = border.filter(descendant__in=managed.values("unit")).values("ancestor")
    reached = border.filter(ancestor__in=tops).values("descendant")
    employed = Employment.objects.active_on(day).filter(person=OuterRef("pk"), unit__in=reached)
    return User.objects.filter(
        Exists(employed), is_active=True, has_protected_identity=False
    ).exclude(pk=by.pk)


@transaction.atomic
def give_delegations(
    *,
    employments: Collection[Employment],
    delegate: User,
    starts_on: date,
    ends_on: date,
    covers_salary: bool,
    by: User,
    with_talks: bool = False,
    portal: str = "",
) -> list[Delegation]:
    """One delegation for each of the employees. `with_talks` hands over the talks with them that
    wait and that `by` has not prepared, when the delegation runs today; agreed times go along, by
    mail that leads to `portal`.

    Raises StepRefusedError, and then nothing is given.
    """
    _check(employments, delegate, starts_on, ends_on, by)
    delegations = [
        Delegation(
            employment=employment,
            delegate=delegate,
            covers_salary=covers_salary,
            starts_on=starts_on,
            ends_on=ends_on,
            given_by=by,
        )
        for employment in employments
    ]
    try:
        with transaction.atomic():
            given = Delegation.objects.bulk_create(delegations)
    except IntegrityError as error:
        raise StepRefusedError(
            _(
                "The talks with one of those you chose are delegated to this person already "
                "during these days. Nothing was saved."
            )
        ) from error
    delegate.forget_today()
    if with_talks and starts_on <= timezone.localdate():
        hand_waiting_talks(delegations=given, by=by, portal=portal)
    return given


def _check(
    employments: Collection[Employment], delegate: User, starts_on: date, ends_on: date, by: User
) -> None:
    if starts_on < timezone.localdate() or not starts_on <= ends_on <= latest_end(starts_on):
        raise StepRefusedError(_("A delegation begins today or later, and lasts a year at most."))
    if not possible_delegates(by).filter(pk=delegate.pk).exists():
        raise StepRefusedError(_("Choose somebody who works in your administration."))
    chosen = {each.pk for each in employments}
    if Employment.objects.managed_by(by).filter(pk__in=chosen).count() < len(chosen):
        raise StepRefusedError(_("You delegate talks with your own employees only."))
    refused = not_to_meet(delegate, employments)
    if refused:
        raise StepRefusedError(next(iter(refused.values())))


def not_to_meet(delegate: User, employments: Collection[Employment]) -> dict[int, str]:
    """With which of the employees (by key) this person cannot hold talks, and why."""
    managed = Employment.objects.answered_for_by(delegate).filter(
        pk__in=[each.pk for each in employments]
    )
    refused = dict.fromkeys(
        managed.values_list("pk", flat=True),
        _("The delegate is already the employee's manager, and needs no delegation."),
    )
    people = {each.person_id: each for each in employments}
    managers = RoleAssignment.objects.active_on().filter(role=Role.MANAGER, person__in=people)
    heads = User.objects.filter(pk__in=managers.values("person"))
    own = Employment.objects.active_on().filter(person=delegate)
    # Whoever decides on somebody's work and pay does not sit on the other side of the table.
    superiors = [
        head.pk
        for head in heads
        if own.filter(unit__in=Unit.objects.in_scope_of(head, Role.MANAGER)).exists()
    ]
    for employment in employments:
        if employment.person_id == delegate.pk:
            refused[employment.pk] = _(
                "Nobody holds talks with themselves: leave the delegate out of the choice."
            )
        elif employment.person_id in superiors:
            refused[employment.pk] = _(
                "Nobody holds talks with a manager of their own: leave that employee out."
            )
    return refused


def latest_end(starts_on: date) -> date:
    """The last day of the year that begins then."""
    try:
        return starts_on.replace(year=starts_on.year + 1) - timedelta(days=1)
    except ValueError:  # the 29th of February
        return starts_on.replace(year=starts_on.year + 1, month=2, day=28)


@transaction.atomic
def end_delegation(*, delegation: Delegation, revision: int, by: User) -> None:
    """From now on, not from tomorrow: the delegate reads nothing more. One that has not been in
    force a whole day is taken away, and stays in the history.

    Raises StepRefusedError.
    """
    found = (
        Delegation.objects.select_for_update(of=("self",))
        .select_related("employment")
        .filter(pk=delegation.pk)
        .first()
    )
    today = timezone.localdate()
    if found is None or found.ends_on < today:
        raise StepRefusedError(_("The delegation has ended already."))
    if not answers_for(by, found.employment):
        raise StepRefusedError(_("You delegate talks with your own employees only."))
    if found.revision != revision:
        raise StepRefusedError(_("The delegation has been changed. Look at it again."))
    if found.starts_on >= today:
        found.delete()
        return
    found.ends_on = today - timedelta(days=1)
    found.revision += 1
    found.save(update_fields=["ends_on", "revision"])


# --- Talks that wait -----------------------------------------------------------------------------


def waiting_talks(delegations: Collection[Delegation], by: User) -> list[Talk]:
    """Those with the employees that `by` holds, that have not been held and that `by` has not
    prepared; about pay only where the delegation says so."""
    with_pay = [each.employment_id for each in delegations if each.covers_salary]
    talks = Talk.objects.filter(
        ~Q(kind=TalkKind.SALARY) | Q(employment__in=with_pay),
        employment__in=[each.employment_id for each in delegations],
        holder=by,
        status__in=Talk.BEFORE,
        holder_ready_at=None,
    )
    return list(talks.with_people().order_by("year", "pk"))


@transaction.atomic
def hand_waiting_talks(
    *, delegations: Collection[Delegation], by: User, portal: str = ""
) -> list[Talk]:
    """Each of `waiting_talks` is its delegate's to hold from now on. Raises StepRefusedError."""
    delegates = {each.employment_id: each.delegate for each in delegations}
    return [
        delegate_talk(talk=talk, to=delegates[talk.employment_id], by=by, portal=portal)
        for talk in waiting_talks(delegations, by)
    ]


@transaction.atomic
def delegate_talk(*, talk: Talk, to: User, by: User, portal: str = "") -> Talk:
    """The manager lets a delegate of theirs hold the talk. What the manager has written for it
    stays with the manager; an agreed time goes along, in the calendars too, by mail that leads to
    `portal`. Raises StepRefusedError."""
    named = Delegation.objects.in_force().filter(employment=talk.employment_id, delegate=to)
    if talk.is_salary_talk:
        named = named.filter(covers_salary=True)
    if not named.exists():
        raise StepRefusedError(
            _("The talk can only be handed to somebody who stands in for you with the employee.")
        )
    talk = take_step(
        talk,
        Action.DELEGATE,
        by=by,
        holder=to,
        holder_ready_at=None,
        holder_waived=False,
    )
    pass_on_time(talk, by, portal=portal)
    return talk
