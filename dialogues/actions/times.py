"""When the two meet: one proposes times, the other accepts one or proposes another."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogues.actions.steps import StepRefusedError, lock, take_step
from dialogues.models import Talk, TalkTime
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
    talk = lock(talk, Action.PROPOSE_TIME, by=by)
    if not slots:
        raise StepRefusedError(_("Propose at least one time."))
    if slots[0].starts_at <= timezone.now():
        raise StepRefusedError(_("Propose a time that is still to come."))
    TalkTime.objects.filter(talk=talk, state=TalkTime.State.PROPOSED).exclude(
        proposed_by=by
    ).update(state=TalkTime.State.DECLINED, answered_at=timezone.now())
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
def accept_time(*, time: TalkTime, by: User) -> TalkTime:
    """Agree on it; the other open times fall away, and so does one agreed on before. Only what the
    other has proposed can be accepted. Raises StepRefusedError."""
    talk = lock(time.talk, Action.ANSWER_TIME, by=by)
    found = TalkTime.objects.filter(pk=time.pk, talk=talk, state=TalkTime.State.PROPOSED).first()
    if found is None:
        raise StepRefusedError(_("This time is no longer proposed."))
    if found.proposed_by_id == by.pk:
        raise StepRefusedError(_("It is for the other of you to accept the time."))
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
    to = Talk.Status.PREPARING if talk.status != Talk.Status.PREPARING else talk.status
    take_step(
        talk,
        Action.ANSWER_TIME,
        by=by,
        to=to,
        calendar_sequence=talk.calendar_sequence + 1,
    )
    return found


@transaction.atomic
def decline_time(*, time: TalkTime, by: User) -> TalkTime:
    """It does not suit. Raises StepRefusedError."""
    return _end(time, Action.ANSWER_TIME, TalkTime.State.DECLINED, by)


@transaction.atomic
def cancel_time(*, time: TalkTime, by: User) -> TalkTime:
    """Take back what one has proposed, or what has been agreed. Raises StepRefusedError."""
    return _end(time, Action.CANCEL_TIME, TalkTime.State.CANCELLED, by)


def _end(time: TalkTime, action: Action, state: str, by: User) -> TalkTime:
    talk = lock(time.talk, action, by=by)
    found = TalkTime.objects.filter(pk=time.pk, talk=talk).open().first()
    if found is None:
        raise StepRefusedError(_("This time is no longer proposed."))
    is_agreed = found.state == TalkTime.State.ACCEPTED
    found.state, found.answered_at = state, timezone.now()
    found.save(update_fields=["state", "answered_at"])
    sequence = talk.calendar_sequence + (1 if is_agreed else 0)
    take_step(talk, action, by=by, calendar_sequence=sequence)
    return found
