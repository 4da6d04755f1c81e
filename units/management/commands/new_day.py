from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.utils import timezone

from units.drafts import KEPT_FOR
from units.models import Draft, SignInFailure, Submission

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
        removed = {
            "sent forms": Submission.objects.filter(sent_at__lt=now - TRACES_KEPT_FOR).delete()[0],
            "failed sign-ins": SignInFailure.objects.filter(at__lt=now - TRACES_KEPT_FOR).delete()[0],
            "drafts": Draft.objects.filter(saved_at__lt=now - KEPT_FOR).delete()[0],
        }
        call_command("clearsessions")
        counts = ", ".join(f"{what} {count}" for what, count in removed.items())
        self.stdout.write(f"Names of units refreshed. Removed: {counts}, and ended sessions.")
