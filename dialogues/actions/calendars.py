"""What the two have in their calendars, when a talk ends or somebody else holds it: letters with
calendar files, sent once what happened is saved.

`portal` is the portal's address, as https://portal.example.se; without it no letter is sent.
"""

from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from dialogues.calendar import calendar_of
from dialogues.models import Talk, TalkTime
from dialogues.reminding import Letter, mail_time
from dialogues.rules import TalkRights
from units.models import User
from units.wall import acting_as


def send_agreed(talk: Talk, time: TalkTime, *, portal: str) -> None:
    _send(talk, time, reached(talk), Letter.AGREED, portal)


def send_cancelled(talk: Talk, time: TalkTime, *, portal: str) -> None:
    """Also to a holder who no longer may hold the talk: their calendar has the time."""
    _send(talk, time, _active(talk.employee, talk.holder), Letter.CANCELLED, portal)


def end_times(talk: Talk, *, portal: str, held_on: date | None = None) -> None:
    """The open times of a talk that has ended, or was `held_on` that day, fall away; of an agreed
    time that was still to come both are told."""
    now = timezone.now()
    # Whoever ends a talk may be another manager, who does not see its times; the employee does.
    with acting_as(talk.employee):
        times = TalkTime.objects.filter(talk=talk)
        times.filter(state=TalkTime.State.PROPOSED).update(
            state=TalkTime.State.CANCELLED, answered_at=now
        )
        agreed = _agreed_to_come(talk)
        if agreed is None or timezone.localdate(agreed.starts_at) == held_on:
            return
        agreed.state, agreed.answered_at = TalkTime.State.CANCELLED, now
        agreed.save(update_fields=["state", "answered_at"])
        _count_up(talk)
    _send(talk, agreed, _active(talk.employee, talk.holder), Letter.ENDED, portal)


def pass_on_time(talk: Talk, former: User, *, portal: str) -> None:
    """An agreed time goes on with whoever holds the talk now, instead of with `former`."""
    with acting_as(talk.employee):
        agreed = _agreed_to_come(talk)
        if agreed is None:
            return
        _count_up(talk)
    _send(talk, agreed, _active(former), Letter.LEFT, portal)
    _send(talk, agreed, _active(talk.employee, talk.holder), Letter.GOES_ON, portal)


def reached(talk: Talk) -> list[User]:
    """Who of the two is written to: not a holder whose right to hold the talk has ended."""
    is_held = TalkRights(talk.holder, talk).is_holder
    return _active(talk.employee, *([talk.holder] if is_held else []))


def _active(*people: User) -> list[User]:
    return [person for person in people if person.is_active]


def _agreed_to_come(talk: Talk) -> TalkTime | None:
    agreed = TalkTime.objects.filter(talk=talk, state=TalkTime.State.ACCEPTED)
    return agreed.filter(starts_at__gt=timezone.now()).first()


def _count_up(talk: Talk) -> None:
    talk.calendar_sequence += 1
    talk.revision += 1
    talk.save(update_fields=["calendar_sequence", "revision"])


def _send(talk: Talk, time: TalkTime, people: Iterable[User], letter: Letter, portal: str) -> None:
    if not portal:
        return
    is_left = letter == Letter.LEFT
    # Who has left the talk no longer opens it.
    link = portal + (reverse("dialogues:talks") if is_left else talk.get_absolute_url())
    written, files = list(people), {}
    for person in written:
        with override(person.language):
            files[person.pk] = calendar_of(
                talk, time, url=link, method=letter.method, attendee=person.email
            )
    transaction.on_commit(lambda: mail_time(written, link, letter=letter, files=files))
