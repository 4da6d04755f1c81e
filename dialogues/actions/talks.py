"""The way of a talk, from its start to its end. Times, preparations and the record have their own
modules."""

from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogues.actions.calendars import end_times, pass_on_time
from dialogues.actions.competence import is_later
from dialogues.actions.steps import StepRefusedError, lock, note, take_step
from dialogues.models import Talk, TalkKind, TemplateVersion
from dialogues.sheet import criteria_of
from dialogues.states import Action
from units.models import Employment, User
from units.rules import answers_for

STARTED = "start"


@transaction.atomic
def start_talk(
    *, employment: Employment, kind: str, year: int, template: TemplateVersion, by: User
) -> Talk:
    """A talk that `by` holds with the employee; the next of a chain follows the last of its kind.

    Raises StepRefusedError when there is one already.
    """
    talk = Talk(
        employment=employment,
        employee_id=employment.person_id,
        holder=by,
        kind=kind,
        year=year,
        template_version=template,
        previous=previous_of(employment, kind, year),
        created_by=by,
    )
    try:
        with transaction.atomic():
            talk.save(force_insert=True)
    except IntegrityError as error:
        raise StepRefusedError(
            _(
                "There is such a talk for the year already. Go on with that one, or ask the "
                "manager to hand it over when you do not hold it."
            )
        ) from error
    note(talk, STARTED, by=by)  # type: ignore[arg-type]
    return talk


def previous_of(employment: Employment, kind: str, year: int) -> Talk | None:
    """The answered talk of the employee that a new one goes on from."""
    earlier = Talk.objects.filter(goes_on_from(kind, year), employee=employment.person_id)
    return earlier.order_by("-year", "-pk").first()


def goes_on_from(kind: str, year: int) -> Q:
    """Which talks, both having answered, such a talk may go on from: the salary talk from salary
    talks of earlier years, every other kind from employee talks. Those held once a year look at
    earlier years alone; a follow-up and talks with somebody new or leaving at the same year too."""
    is_yearly = kind in {TalkKind.EMPLOYEE, TalkKind.SALARY}
    return Q(
        kind=TalkKind.SALARY if kind == TalkKind.SALARY else TalkKind.EMPLOYEE,
        confirmed_version__gte=1,
        year__lte=year - 1 if is_yearly else year,
    )


@transaction.atomic
def hold_talk(*, talk: Talk, held_on: date, by: User, portal: str = "") -> Talk:
    """From now on the two write together. Of a time that was still to come both are told, by mail
    that leads to `portal`. Raises StepRefusedError."""
    if held_on > timezone.localdate():
        raise StepRefusedError(_("The talk is noted as held on the day it is held, or after."))
    talk = take_step(
        talk,
        Action.HOLD,
        by=by,
        to=Talk.Status.HELD,
        criteria_set=criteria_of(talk),
        held_on=held_on,
        held_at=timezone.now(),
    )
    end_times(talk, portal=portal, held_on=held_on)
    return talk


@transaction.atomic
def close_talk(*, talk: Talk, by: User) -> Talk:
    return take_step(talk, Action.CLOSE, by=by, to=Talk.Status.CLOSED)


@transaction.atomic
def discontinue_talk(*, talk: Talk, reason: str, by: User, portal: str = "") -> Talk:
    """What each has written stays with its writer. Of a time that was still to come both are told,
    by mail that leads to `portal`. Raises StepRefusedError."""
    if not reason.strip():
        raise StepRefusedError(_("Say why the talk is discontinued."))
    if talk.confirmed_version:
        raise StepRefusedError(
            _("The record has been answered by both: finish the correction instead.")
        )
    talk = take_step(
        talk,
        Action.DISCONTINUE,
        by=by,
        to=Talk.Status.DISCONTINUED,
        words=reason,
    )
    end_times(talk, portal=portal)
    return talk


@transaction.atomic
def take_over_talk(*, talk: Talk, by: User, portal: str = "") -> Talk:
    """The employee's manager of today goes on with a talk that has not been held. What the earlier
    one prepared does not come along; an agreed time does, in the calendars too, by mail that leads
    to `portal`."""
    former = lock(talk, Action.TAKE_OVER, by=by).holder
    talk = take_step(
        talk,
        Action.TAKE_OVER,
        by=by,
        holder=by,
        holder_ready_at=None,
        holder_waived=False,
    )
    pass_on_time(talk, former, portal=portal)
    return talk


@transaction.atomic
def hand_over_talk(*, talk: Talk, to: User, by: User) -> Talk:
    """The employee lets the manager of today go on with what the two had begun to write.

    Raises StepRefusedError.
    """
    if not answers_for(to, talk.employment):
        raise StepRefusedError(_("The talk can only be handed over to your manager of today."))
    return take_step(
        talk,
        Action.HAND_OVER,
        by=by,
        holder=to,
        holder_ready_at=None,
        holder_waived=False,
    )


@transaction.atomic
def bring_along(*, talk: Talk, employment: Employment | None, by: User) -> Talk:
    """The employee takes the record along to a later employment, or (None) no longer does."""
    if employment is not None and (
        employment.person_id != by.pk or not is_later(employment, talk.employment)
    ):
        raise StepRefusedError(
            _("A record is taken along to a later employment of your own, that goes on.")
        )
    return take_step(talk, Action.BRING_ALONG, by=by, brought_to=employment)
