from typing import Any

from django.utils.translation import gettext as _

from dialogues.actions.rounds import join_running_rounds
from units.management.commands import new_day


class Command(new_day.Command):
    """The day's work of the units, and that of the apps above them."""

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        joined = join_running_rounds()
        self.stdout.write(
            _("Joined a running round of talks: {count}.").format(count=joined.number)
        )
        for round_ in joined.kept_by_nobody:
            self.stderr.write(
                _("Nobody joins the round {round}: no HR looks after it today.").format(
                    round=round_
                )
            )
