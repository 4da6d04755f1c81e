"""A reminder as a letter, each in its reader's own language."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from smtplib import SMTPException

from django.core.mail import EmailMessage, get_connection
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from goals.models import Period
from units.models import Unit, User

MOST_NAMED_UNITS = 10
GIVES_UP_AFTER = 3  # failures in a row: then the mail server is away

logger = logging.getLogger(__name__)


def proposed_text(period: Period, by: User) -> str:
    """To start from, in the language of whoever writes and with their name below."""
    if period.is_late_on(timezone.localdate()):
        words = _(
            "{period} was to be handed in by {day} and is still missing from your unit. Hand it in "
            "as soon as you can. If something stands in the way, get in touch with me."
        )
    else:
        words = _(
            "{period} is to be handed in by {day}, and is still missing from your unit. If "
            "something stands in the way, get in touch with me."
        )
    text = words.format(period=period.name, day=date_format(period.due_on, "j F"))
    return f"{text}\n\n{by}"


def mail_reminder(
    *, period: Period, text: str, recipients: Iterable[tuple[Unit, User]], link: str
) -> int:
    """Mail the text once to each person, over one connection. Returns how many letters could not
    be sent; the reminder shows in the portal all the same."""
    units_of: dict[User, list[Unit]] = defaultdict(list)
    for unit, person in recipients:
        units_of[person].append(unit)
    connection = get_connection()
    failed = in_a_row = 0
    for sent, (person, units) in enumerate(units_of.items()):
        if in_a_row == GIVES_UP_AFTER:
            return failed + len(units_of) - sent
        letter = _letter(period, text, units, person, link)
        letter.connection = connection
        try:
            connection.open()
            letter.send()
            in_a_row = 0
        except (OSError, SMTPException, ValueError) as error:
            # Its kind alone: what a mail server says may hold somebody's address.
            logger.warning("A reminder could not be mailed (%s).", type(error).__name__)
            failed += 1
            in_a_row += 1
            connection.close()
    connection.close()
    return failed


def _letter(period: Period, text: str, units: list[Unit], person: User, link: str) -> EmailMessage:
    with override(person.language):
        subject = _("{period} {year}: to be handed in by {day}").format(
            period=period.name,
            year=period.plan_year.year,
            day=date_format(period.due_on, "j F Y"),
        )
        body = "\n\n".join(
            [
                text.strip(),
                _("It concerns {units}.").format(units=_names(units)),
                _("Open the portal: {link}").format(link=link),
                _("This message comes from the portal Tydliga mål and cannot be answered."),
            ]
        )
    return EmailMessage(
        # A name may hold a line break, which has no place in a letter's head.
        subject=" ".join(subject.split()),
        body=body,
        to=[person.email],
        headers={"Auto-Submitted": "auto-generated"},
    )


def _names(units: list[Unit]) -> str:
    named = ", ".join(str(unit) for unit in units[:MOST_NAMED_UNITS])
    more = len(units) - MOST_NAMED_UNITS
    if more <= 0:
        return named
    return ngettext("{units} and {n} more unit", "{units} and {n} more units", more).format(
        units=named, n=more
    )
