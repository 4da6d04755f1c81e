"""Letters about talks: that there is something to do or to read, and where; never what, and no
name but the reader's own address."""

import logging
from collections.abc import Callable, Iterable
from enum import StrEnum
from smtplib import SMTPException

from django.core.mail import EmailMessage
from django.utils.translation import gettext as _
from django.utils.translation import override

from dialogues.calendar import CANCEL, REQUEST
from units.models import User

logger = logging.getLogger(__name__)


def mail_to_answer(people: Iterable[User], link: str) -> int:
    """Ask each to answer a record. Returns how many letters were sent."""
    return _mail(
        people,
        link,
        lambda: _("A talk waits for your answer"),
        lambda: _("There is a talk whose record you have not answered yet."),
    )


def mail_about_access(people: Iterable[User], link: str) -> int:
    """Tell each that a record of theirs has been asked for in need. Returns how many letters were
    sent."""
    return _mail(
        people,
        link,
        lambda: _("A record of a talk has been asked for"),
        lambda: _(
            "Somebody outside the talk has asked to read a record of yours in documented need. "
            "In the portal you see who, why and for how long."
        ),
    )


class Letter(StrEnum):
    """What a letter about the time of a talk tells."""

    NEWS = "news"
    AGREED = "agreed"
    CANCELLED = "cancelled"
    # The talk was discontinued, or has been held on another day.
    ENDED = "ended"
    # To whoever held it before, and to the two who go on.
    LEFT = "left"
    GOES_ON = "goes_on"

    @property
    def method(self) -> str:
        """Of the calendar file that goes with it."""
        return {Letter.NEWS: "", Letter.AGREED: REQUEST, Letter.GOES_ON: REQUEST}.get(self, CANCEL)


def mail_time(
    people: Iterable[User],
    link: str,
    *,
    letter: Letter = Letter.NEWS,
    files: dict[int, bytes] | None = None,
) -> int:
    """Tell each about the time of a talk, with the calendar file for their key. Returns how many
    letters were sent."""
    words = {
        Letter.NEWS: (
            lambda: _("A time for a talk"),
            lambda: _("There is news about the time of a talk. Answer in the portal."),
        ),
        Letter.AGREED: (
            lambda: _("A time for a talk is agreed"),
            lambda: _("A time for a talk is agreed. It is enclosed for your calendar."),
        ),
        Letter.CANCELLED: (
            lambda: _("A time for a talk is cancelled"),
            lambda: _("The time for a talk is cancelled. Propose another in the portal."),
        ),
        Letter.ENDED: (
            lambda: _("A time for a talk is cancelled"),
            lambda: _("The time for a talk is cancelled: no talk is held then."),
        ),
        Letter.LEFT: (
            lambda: _("A time for a talk is cancelled"),
            lambda: _(
                "Somebody else holds a talk that you had agreed on a time for. The time is taken "
                "out of your calendar."
            ),
        ),
        Letter.GOES_ON: (
            lambda: _("A time for a talk"),
            lambda: _(
                "Somebody new holds a talk from now on. The agreed time stands; it is enclosed "
                "for your calendar."
            ),
        ),
    }
    return _mail(people, link, *words[letter], files=files or {}, method=letter.method)


def _mail(
    people: Iterable[User],
    link: str,
    subject: Callable[[], str],
    text: Callable[[], str],
    *,
    files: dict[int, bytes] | None = None,
    method: str = "",
) -> int:
    sent = 0
    for person in people:
        with override(person.language):
            letter = EmailMessage(
                subject=subject(),
                body="\n\n".join(
                    [
                        text(),
                        _("Open the portal: {link}").format(link=link),
                        _("This message comes from the portal Tydliga mål and cannot be answered."),
                    ]
                ),
                to=[person.email],
                headers={"Auto-Submitted": "auto-generated"},
            )
        if files and person.pk in files:
            # With its method, so that a mail program offers to put it in the calendar.
            letter.attach("samtal.ics", files[person.pk], f"text/calendar; method={method}")
        try:
            letter.send()
            sent += 1
        except (OSError, SMTPException, ValueError) as error:
            # Its kind alone: what a mail server says may hold somebody's address.
            logger.warning("A letter about a talk could not be mailed (%s).", type(error).__name__)
    return sent
