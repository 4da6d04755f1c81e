"""An invented city on real boards and council goals, of any size: for the demo, and to measure on.

The same arguments give the same rows, but for the salt in the passwords' hashes.
"""

import random
from collections.abc import Callable
from datetime import date

import pghistory
from django.db import connection
from django.utils.translation import gettext as _

from stockholm_quality.city.agreements import Agreements, import_goals_of_the_council
from stockholm_quality.city.organisation import (
    ACCOUNTS,
    EMAIL_DOMAIN,
    PASSWORD,
    Account,
    Calendar,
    Organisation,
)
from stockholm_quality.city.talks import Talks
from stockholm_quality.city.year import Year
from units.wall import upkeep

__all__ = ["ACCOUNTS", "EMAIL_DOMAIN", "PASSWORD", "Account", "build_city"]


@upkeep()
def build_city(
    *,
    employees: int,
    seed: int,
    year: int,
    progress: Callable[[str], None],
    until: date | None = None,
    years_of_talks: int = 1,
) -> None:
    """Fill an empty portal with a city of `employees` people in the middle of `year`.

    Nothing in it has happened later than `until`, when that is given. Besides the round of talks
    that runs there are those of the last `years_of_talks`.
    """
    rng = random.Random(seed)  # noqa: S311 - the same city each time, nothing secret
    calendar = Calendar(year, until)
    organisation = Organisation(employees, rng, calendar)

    organisation.build()
    with pghistory.context(command="build_city"), connection.cursor() as cursor:
        # References that are checked at the end of the transaction make each row slower than the
        # one before it.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL statement_timeout = '5min'")
        agreements = Agreements(organisation, rng, calendar)
        _store(organisation, agreements, progress)
        progress(_("The year: plans, indicators, activities and reports"))
        shown = Year(organisation, agreements, seed, calendar)
        shown.build()
        progress(_("The talks between employees and managers"))
        Talks(organisation, agreements, shown.history, seed, years_of_talks).build()
        # What comes next plans its queries for a city that is no longer empty.
        cursor.execute("ANALYZE")


def _store(
    organisation: Organisation, agreements: Agreements, progress: Callable[[str], None]
) -> None:
    progress(
        _("Boards and units: {units}, people: {people}").format(
            units=len(organisation.units), people=len(organisation.users)
        )
    )
    organisation.store()
    progress(_("The council's goals"))
    import_goals_of_the_council(organisation.calendar)
    progress(_("The boards' and the units' goals, and what is expected of each"))
    agreements.build()
