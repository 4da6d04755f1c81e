"""`manage.py remind_talks https://portal.example.se`, once a day from cron.

Whoever of the two has not answered the record of a talk gets a letter a week after both were
asked, and each week from then on. It says that there is a talk to answer, and where; nothing of
what it holds, and nobody's name. Run twice on a day, it sends no letter twice.
"""

from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from dialogues.actions.reminding import due_for_reminder, weeks_waited
from dialogues.models import Talk
from dialogues.reminding import mail_to_answer
from units.models import User
from units.wall import acting_as, for_purpose


class Command(BaseCommand):
    help = (
        "Reminds, by mail, those who have not answered the record of a talk: after a week and "
        "each week from then on. For cron, once a day."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("portal", help="The portal's address, as https://portal.example.se")

    def handle(self, *args: Any, portal: str, **options: Any) -> None:
        parts = urlsplit(portal)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise CommandError("Give the portal's address, as https://portal.example.se")
        day = timezone.localdate()
        with acting_as(None), for_purpose("reminders"):
            waiting = [
                talk
                for talk in Talk.objects.filter(status=Talk.Status.DOCUMENTED).select_related(
                    "employee"
                )
                if weeks_waited(talk, day) > 0
            ]
        sent = 0
        for talk in waiting:
            # Who has answered is seen by the two alone.
            with acting_as(talk.employee):
                due: list[User] = due_for_reminder(
                    talk=Talk.objects.with_people().get(pk=talk.pk), day=day
                )
            address = reverse("dialogues:talk_confirm", args=[talk.pk])
            sent += mail_to_answer(due, portal.rstrip("/") + address)
        self.stdout.write(
            ngettext("{n} reminder was sent.", "{n} reminders were sent.", sent).format(n=sent)
        )
