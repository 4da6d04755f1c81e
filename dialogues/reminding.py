"""Letters about talks: that there is something to do or to read, and where; never what, and no
name but the reader's own address."""

import logging
from collections.abc import Callable, Iterable
from smtplib import SMTPException

from django.core.mail import EmailMessage
from django.utils.translation import gettext as _
from django.utils.translation import override

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


def mail_time(
    people: Iterable[User],
    link: str,
    *,
    files: dict[int, bytes] | None = None,
    method: str = "",
) -> int:
    """Tell each that there are times to answer or, with a calendar file for each person's key, that
    a time has been agreed (REQUEST) or cancelled (CANCEL). Returns how many letters were sent."""
    words = {
        "": (
            lambda: _("A time for a talk"),
            lambda: _("There is news about the time of a talk. Answer in the portal."),
        ),
        "REQUEST": (
            lambda: _("A time for a talk is agreed"),
            lambda: _("A time for a talk is agreed. It is enclosed for your calendar."),
        ),
        "CANCEL": (
            lambda: _("A time for a talk is cancelled"),
            lambda: _("The time for a talk is cancelled. Propose another in the portal."),
        ),
    }
    return _mail(people, link, *words[method], files=files or {}, method=method)


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
