import re
from argparse import ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation
from django.utils.translation import gettext as _

from goals.actions.key_figures import import_key_figures, latest_years
from goals.kolada import FIRST_YEAR, LAST_YEAR, Kolada
from goals.models import KeyFigure


def years_of(text: str) -> range:
    """`2015-2026`, or one year."""
    found = re.fullmatch(r"([0-9]{4})(?:-([0-9]{4}))?", text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not FIRST_YEAR <= first <= last <= LAST_YEAR:
        raise ArgumentTypeError("write the years as 2015-2026")
    return range(first, last + 1)


class Command(BaseCommand):
    help = "Fill the indicators that are mapped to key figures in Kolada. Source: Kolada."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--indicator", type=int, metavar="PK", help="only this indicator's")
        which.add_argument("--kpi", metavar="N00945", help="only the key figure of this name")
        parser.add_argument("--years", type=years_of, metavar="2015-2026")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen and store nothing"
        )
        parser.add_argument(
            "--accept-changes",
            action="store_true",
            help="store also an answer that takes away many of the stored values",
        )

    def handle(
        self,
        *args: Any,
        indicator: int | None,
        kpi: str | None,
        years: range | None,
        dry_run: bool,
        accept_changes: bool,
        **options: Any,
    ) -> None:
        key_figures = KeyFigure.objects.order_by("kpi", "pk")
        if indicator is not None:
            key_figures = key_figures.filter(indicator=indicator)
        if kpi is not None:
            key_figures = key_figures.filter(kpi=kpi)
        with translation.override(settings.LANGUAGE_CODE):
            chosen = list(key_figures)
            if not chosen and (indicator is not None or kpi is not None):
                raise CommandError(_("No indicator is mapped to that key figure."))
            if dry_run:
                self.stdout.write(_("Dry run: nothing has been stored. This would happen:"))
            failed = 0
            with Kolada(settings.KOLADA_URL) as kolada:
                for outcome in import_key_figures(
                    chosen,
                    kolada=kolada,
                    years=years or latest_years(),
                    accept_changes=accept_changes,
                    dry_run=dry_run,
                ):
                    failed += bool(outcome.problem)
                    (self.stderr if outcome.problem else self.stdout).write(outcome.told)
            if failed:
                raise CommandError(
                    _("{failed} of {count} key figures were not imported.").format(
                        failed=failed, count=len(chosen)
                    )
                )
