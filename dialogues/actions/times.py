"""When the two meet: one proposes times, the other accepts one or proposes another."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogues.actions.calendars import send_agreed, send_cancelled
from dialogues.actions.steps import StepRefusedError, lock, take_step
from dialogues.models import Talk, TalkTime
from dialogues.rules import TalkRights
from dialogues.states import Action
from units.models import User

MOST_PROPOSED = 10  # open at a time in one talk


@dataclass(frozen=True)
class Slot:
    starts_at: datetime
    minutes: int
    place: str = ""


@transaction.atomic
def propose_times(
    *, talk: Talk, slots: Iterable[Slot], words: str = "", by: User
) -> list[TalkTime]:
    """Times for the other to choose from. What the other had proposed, and is not chosen, is
    declined by this; a time that is agreed stands until another is. Raises StepRefusedError."""
    slots = sorted(set(slots), key=lambda slot: slot.starts_at)
    talk = _lock(talk, Action.PROPOSE_TIME, by)
    if not slots:
        raise StepRefusedError(_("Propose at least one time."))
    if slots[0].starts_at <= timezone.now():
        raise StepRefusedError(_("Propose a time that is still to come."))
    TalkTime.objects.waiting_for(by).filter(talk=talk).update(
        state=TalkTime.State.DECLINED, answered_at=timezone.now()
    )
    proposed = TalkTime.objects.filter(talk=talk).open()
    known = set(proposed.values_list("starts_at", flat=True))
    new = [slot for slot in slots if slot.starts_at not in known]
    if len(known) + len(new) > MOST_PROPOSED:
        raise StepRefusedError(
            _("At most {count} times at once. Take some away first.").format(count=MOST_PROPOSED)
        )
    made = TalkTime.objects.bulk_create(
        TalkTime(
            talk=talk,
            starts_at=slot.starts_at,
            minutes=slot.minutes,
            place=slot.place,
            proposed_by=by,
            words=words,
        )
        for slot in new
    )
    to = Talk.Status.INVITED if talk.status == Talk.Status.PLANNED else talk.status
    take_step(talk, Action.PROPOSE_TIME, by=by, to=to)
    return made


@transaction.atomic
def accept_time(*, time: TalkTime, by: User, portal: str = "") -> TalkTime:
    """Agree on it; the other open times fall away, and so does one agreed on before. Only what the
    other has proposed can be accepted. Both get it for their calendars, by mail that leads to
    `portal`. Raises StepRefusedError."""
    talk = _lock(time.talk, Action.ANSWER_TIME, by)
    found = _waiting(talk, time, by)
    if found.starts_at <= timezone.now():
        raise StepRefusedError(_("This time has passed. Propose another."))
    open_times = TalkTime.objects.filter(talk=talk).open().exclude(pk=found.pk)
    now = timezone.now()
    open_times.filter(state=TalkTime.State.PROPOSED).update(
        state=TalkTime.State.DECLINED, answered_at=now
    )
    open_times.filter(state=TalkTime.State.ACCEPTED).update(
        state=TalkTime.State.CANCELLED, answered_at=now
    )
    found.state, found.answered_at = TalkTime.State.ACCEPTED, now
    found.save(update_fields=["state", "answered_at"])
    talk = take_step(
        talk,
        Action.ANSWER_TIME,
        by=by,
        to=Talk.Status.PREPARING,
        calendar_sequence=talk.calendar_sequence + 1,
    )
    send_agreed(talk, found, portal=portal)
    return found


@transaction.atomic
def decline_time(*, time: TalkTime, by: User) -> None:
    """What the other has proposed does not suit. Raises StepRefusedError."""
    talk = _lock(time.talk, Action.ANSWER_TIME, by)
    _end(_waiting(talk, time, by), TalkTime.State.DECLINED)
    take_step(talk, Action.ANSWER_TIME, by=by)


@transaction.atomic
def cancel_time(*, time: TalkTime, by: User, portal: str = "") -> bool:
    """Take back what one has proposed, or what has been agreed: then both are told, by mail that
    leads to `portal`. Returns whether it had been agreed. Raises StepRefusedError."""
    talk = lock(time.talk, Action.CANCEL_TIME, by=by)
    found = TalkTime.objects.filter(pk=time.pk, talk=talk).open().first()
    if found is None:
        raise StepRefusedError(_("This time is no longer proposed."))
    was_agreed = found.state == TalkTime.State.ACCEPTED
    _end(found, TalkTime.State.CANCELLED)
    sequence = talk.calendar_sequence + (1 if was_agreed else 0)
    talk = take_step(talk, Action.CANCEL_TIME, by=by, calendar_sequence=sequence)
    if was_agreed:
        send_cancelled(talk, found, portal=portal)
    return was_agreed


def why_no_time(rights: TalkRights) -> str:
    """Why no time is proposed or answered now."""
    if rights.talk.is_before and rights.has_no_holder:
        return _("Nobody holds the talk with you now, so that no time can be agreed.")
    return _("The talk has been held: its time is not changed any more.")


def _lock(talk: Talk, action: Action, by: User) -> Talk:
    try:
        return lock(talk, action, by=by)
    except StepRefusedError as error:
        raise StepRefusedError(why_no_time(TalkRights(by, talk))) from error


def _waiting(talk: Talk, time: TalkTime, by: User) -> TalkTime:
    """As it is under the talk's lock: a page may have stood open while the other acted."""
    proposed = TalkTime.objects.filter(pk=time.pk, talk=talk, state=TalkTime.State.PROPOSED)
    if not proposed.exists():
        raise StepRefusedError(_("This time is no longer proposed."))
    found = proposed.waiting_for(by).first()
    if found is None:
        raise StepRefusedError(_("It is for the other of you to answer the time."))
    return found


def _end(time: TalkTime, state: str) -> None:
    time.state, time.answered_at = state, timezone.now()
    time.save(update_fields=["state", "answered_at"])
