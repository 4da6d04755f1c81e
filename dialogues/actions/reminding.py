"""To remind whoever has not answered a record: by hand at most once a day, by cron each week."""

from datetime import date, timedelta
from uuid import NAMESPACE_URL, uuid5

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogues.actions.steps import StepRefusedError, lock, note
from dialogues.models import Confirmation, Party, Talk, TalkStep
from dialogues.rules import TalkRights
from dialogues.states import Action
from units.models import Submission, User

DAYS_BETWEEN = 7


@transaction.atomic
def remind_to_answer(*, talk: Talk, by: User) -> list[User]:
    """Note that `by` reminds the other, and return who is to have a letter. Raises
    StepRefusedError."""
    talk = lock(talk, Action.REMIND, by=by)
    missing = [person for person in unanswered(talk) if person != by]
    if not missing:
        raise StepRefusedError(_("The other has answered. It is your answer that is missing."))
    if _was_reminded_since(talk, timezone.localdate()):
        raise StepRefusedError(_("A reminder has been sent today already."))
    note(talk, Action.REMIND, by=by, before=talk.status)
    return [person for person in missing if person.is_active]


def unanswered(talk: Talk) -> list[User]:
    """Who of the two has not answered the version that waits, and still can."""
    if talk.status != Talk.Status.DOCUMENTED:
        return []
    answered = set(
        Confirmation.objects.filter(talk=talk, number=talk.version_number).values_list(
            "party", flat=True
        )
    )
    missing = [] if Party.EMPLOYEE in answered else [talk.employee]
    if Party.MANAGER not in answered and TalkRights(talk.holder, talk).is_holder:
        missing.append(talk.holder)
    return missing


def weeks_waited(talk: Talk, day: date) -> int:
    """Whole weeks since both were asked: a letter belongs to each, also when the day that it was
    to be sent on was missed."""
    if talk.documented_at is None:
        return 0
    return (day - timezone.localdate(talk.documented_at)).days // DAYS_BETWEEN


@transaction.atomic
def due_for_reminder(*, talk: Talk, day: date) -> list[User]:
    """Who is to have the letter of the week, each named once however often this is asked. To be
    called within `acting_as` one of the two."""
    weeks = weeks_waited(talk, day)
    if talk.documented_at is None or weeks < 1:
        return []
    week_began = timezone.localdate(talk.documented_at) + weeks * timedelta(days=DAYS_BETWEEN)
    if _was_reminded_since(talk, week_began):
        return []
    due = []
    for person in unanswered(talk):
        # As a form has one effect, the letter of a week is sent once.
        token = uuid5(NAMESPACE_URL, f"talk-{talk.pk}-{talk.version_number}-{person.pk}-{weeks}")
        _sent, is_first = Submission.objects.get_or_create(
            token=token, defaults={"author": person, "result_url": ""}
        )
        if is_first and person.is_active:
            due.append(person)
    return due


def _was_reminded_since(talk: Talk, day: date) -> bool:
    return TalkStep.objects.filter(talk=talk, action=Action.REMIND, at__date__gte=day).exists()
