from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from units.drafts import KEPT_FOR
from units.models import Draft, SignInFailure, Submission
from units.wall import acting_as, for_purpose

TRACES_KEPT_FOR = timedelta(days=30)


class Command(BaseCommand):
    help = (
        "What a new day brings, for cron just after midnight: planned names of units come into "
        "force, and traces of use that have served their time are removed."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        with connection.cursor() as cursor:
            # Changes no row, but lets the database derive the names of the day anew.
            cursor.execute("UPDATE units_unitplacement SET name = name WHERE false")
        old = now - TRACES_KEPT_FOR
        forms, _forms = Submission.objects.filter(sent_at__lt=old).delete()
        failures, _failures = SignInFailure.objects.filter(at__lt=old).delete()
        with acting_as(None), for_purpose("forgetting"):
            drafts, _drafts = Draft.objects.filter(saved_at__lt=now - KEPT_FOR).delete()
        call_command("clearsessions")
        self.stdout.write(
            _(
                "The names of the units are those of today. Removed: {forms} sent forms, "
                "{failures} failed sign-ins, {drafts} forgotten drafts and all ended sessions."
            ).format(forms=forms, failures=failures, drafts=drafts)
        )
