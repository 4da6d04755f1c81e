"""One step of a talk: checked under lock against the declared states, and noted."""

from typing import Any

from dialogues.models import Talk, TalkStep
from dialogues.rules import TalkRights
from dialogues.states import STEPS, Action
from units.models import User
from units.revisions import StaleRevisionError


class StepRefusedError(Exception):
    """The talk cannot take this step now; the text says why, in the user's language."""


def take_step(
    talk: Talk,
    action: Action,
    *,
    by: User,
    to: str | None = None,
    revision: int | None = None,
    words: str = "",
    **changes: Any,
) -> Talk:
    """The talk, locked for the rest of the transaction, changed and moved on to `to`, its step
    noted with who and when.

    Raises StepRefusedError when the state or the person does not allow it, and StaleRevisionError
    when the talk has changed since the given revision was read. To be called in a transaction.
    """
    talk = lock(talk, action, by=by)
    if revision is not None and talk.revision != revision:
        raise StaleRevisionError(talk)
    before = talk.status
    for name, value in changes.items():
        setattr(talk, name, value)
    talk.status = to or talk.status
    talk.revision += 1
    talk.save(update_fields=[*changes, "status", "revision"])
    note(talk, action, by=by, before=before, words=words)
    return talk


def lock(talk: Talk, action: Action, *, by: User) -> Talk:
    """As it is now, held against everybody else. Raises StepRefusedError."""
    found = Talk.objects.select_for_update(of=("self",)).with_people().filter(pk=talk.pk).first()
    if found is None or not TalkRights(by, found).may(action):
        raise StepRefusedError(str(STEPS[action].words))
    return found


def note(talk: Talk, action: Action, *, by: User, before: str = "", words: str = "") -> None:
    TalkStep.objects.bulk_create(
        [
            TalkStep(
                talk=talk,
                action=action,
                from_status=before,
                to_status=talk.status,
                by=by,
                words=words,
            )
        ]
    )
