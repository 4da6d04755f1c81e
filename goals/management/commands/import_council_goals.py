from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation
from django.utils.translation import gettext as _

from goals.imports import (
    ImportBusyError,
    ImportOutcome,
    ImportRefusedError,
    import_council_goals,
    read_council_goals,
)

MOST_FAULTS_SHOWN = 50


class Command(BaseCommand):
    help = "Import the council's goals from a CSV file; goals/data/README.md explains its columns."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.csv")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen and store nothing"
        )

    def handle(self, *args: Any, file: Path, dry_run: bool, **options: Any) -> None:
        with translation.override(settings.LANGUAGE_CODE):
            try:
                rows = read_council_goals(file)
                outcome = import_council_goals(rows, source=file.name, dry_run=dry_run)
            except ImportRefusedError as error:
                raise CommandError(_report_of_faults(error, file)) from None
            except ImportBusyError as error:
                raise CommandError(str(error)) from None
            self._report(outcome, dry_run)

    def _report(self, outcome: ImportOutcome, dry_run: bool) -> None:
        if dry_run:
            self.stdout.write(_("Dry run: nothing has been stored. This would happen:"))
        for label, goals in [
            (_("Created"), outcome.created),
            (_("Changed"), outcome.changed),
            (_("Unchanged"), outcome.unchanged),
            (_("Left, not in the file"), outcome.missing),
        ]:
            self.stdout.write(f"{label}: {len(goals)}")
            if goals is not outcome.unchanged:
                for goal in goals:
                    self.stdout.write(f"  {goal.years}  {goal}")


def _report_of_faults(error: ImportRefusedError, file: Path) -> str:
    lines = [_("{file}: nothing has been stored.").format(file=file)]
    for fault in error.faults[:MOST_FAULTS_SHOWN]:
        where = [_("line {line}").format(line=fault.line)] if fault.line else []
        where += [fault.column] if fault.column else []
        lines.append(f"  {', '.join(where)}: {fault.reason}" if where else f"  {fault.reason}")
    more = len(error.faults) - MOST_FAULTS_SHOWN
    if more > 0:
        lines.append(_("  and {count} more").format(count=more))
    return "\n".join(lines)
