"""From what was written together to an official document that both have answered."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogues.actions.steps import StepRefusedError, lock, note, take_step
from dialogues.models import Confirmation, Party, Talk, TalkStep, TalkVersion
from dialogues.sheet import record_of
from dialogues.snapshots import SCHEMA, encoded, snapshot_of
from dialogues.states import Action
from units.models import User
from units.revisions import StaleRevisionError


@transaction.atomic
def document_talk(*, talk: Talk, mark: str, by: User) -> TalkVersion:
    """Freeze the record as its next version, for both to answer.

    Raises StaleRevisionError when anything in it has changed since `mark_of` it was read, and
    StepRefusedError when nothing is written.
    """
    talk = lock(talk, Action.DOCUMENT, by=by)
    record = record_of(talk)
    if record.mark != mark:
        raise StaleRevisionError(talk)
    if record.is_empty:
        raise StepRefusedError(_("Write something in the record first."))
    number = talk.version_number + 1
    version = TalkVersion.objects.create(
        talk=talk,
        number=number,
        schema=SCHEMA,
        snapshot=encoded(snapshot_of(record)),
        reason=TalkStep.objects.why(talk, Action.CORRECT),
        made_by=by,
    )
    take_step(
        talk,
        Action.DOCUMENT,
        by=by,
        to=Talk.Status.DOCUMENTED,
        version_number=number,
        documented_at=timezone.now(),
    )
    return version


@transaction.atomic
def reopen_talk(*, talk: Talk, reason: str, by: User) -> Talk:
    """Back to writing, before both have answered. The version that was to be confirmed is kept
    beside the next."""
    if not reason.strip():
        raise StepRefusedError(_("Say what has to be changed."))
    return take_step(talk, Action.REOPEN, by=by, to=Talk.Status.HELD, words=reason)


@transaction.atomic
def answer_record(
    *, talk: Talk, number: int, outcome: str, words: str = "", by: User
) -> Confirmation:
    """Confirm, confirm with a remark, or decline with a reason: a legal moment, never undone.

    Once both have answered, the version is what later readers see. Raises StaleRevisionError when
    another version than `number` is the one to answer, and StepRefusedError when one has answered
    already or gives no words where words are needed.
    """
    talk = lock(talk, Action.CONFIRM, by=by)
    if talk.version_number != number:
        raise StaleRevisionError(talk)
    if outcome != Confirmation.Outcome.CONFIRMED and not words.strip():
        raise StepRefusedError(_("Write your remark or your reason."))
    party = Party.EMPLOYEE if talk.employee_id == by.pk else Party.MANAGER
    version = TalkVersion.objects.get(talk=talk, number=number)
    answered = set(Confirmation.objects.filter(version=version).values_list("party", flat=True))
    if party in answered:
        raise StepRefusedError(_("You have answered this version already."))
    confirmation = Confirmation.objects.create(
        version=version,
        talk=talk,
        number=number,
        party=party,
        person=by,
        outcome=outcome,
        words="" if outcome == Confirmation.Outcome.CONFIRMED else words,
    )
    if answered:
        take_step(
            talk,
            Action.CONFIRM,
            by=by,
            to=Talk.Status.CONFIRMED,
            confirmed_version=number,
            # A correction is of what both had answered: that they had does not come later by it.
            confirmed_at=talk.confirmed_at or timezone.now(),
        )
    else:
        note(talk, Action.CONFIRM, by=by, before=talk.status)
    return confirmation


@transaction.atomic
def correct_record(*, talk: Talk, reason: str, by: User) -> Talk:
    """Open what both have answered for a correction. Until both have answered the new version, the
    old is what later readers see."""
    if not reason.strip():
        raise StepRefusedError(_("Say why the record is corrected."))
    return take_step(talk, Action.CORRECT, by=by, to=Talk.Status.HELD, words=reason)
