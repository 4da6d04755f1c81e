"""The second wall: PostgreSQL is told who acts, and its policies let only their rows through.

The rules of the application stay the first wall. Behind them every request works in a transaction
as the role `portal_app`, which owns nothing and passes no policy by; with nobody named, no walled
row is seen and none can be written. `units.walling` puts the wall around a table.

All that is said here is said for the transaction only (SET LOCAL), so that nothing is left behind
in a pooled connection, also when the pool hands out connections by the transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils import timezone
from psycopg.pq import TransactionStatus

if TYPE_CHECKING:
    from units.models import User

APP_ROLE = "portal_app"
# What the portal itself does for many people at once; policies may open a row's head for it,
# never what somebody has written (a forgotten draft opens to be deleted).
PURPOSES = frozenset({"figures", "rounds", "reminders", "need", "forgetting"})

_SETTINGS = ("role", "portal.person", "portal.day", "portal.purpose", "portal.upkeep")


@contextmanager
def acting_as(person: "User | None", day: date | None = None) -> Iterator[None]:
    """A transaction in which the database shows what `person` may see on `day` (today).

    With None it shows nothing that is walled. An exception rolls the transaction back.
    """
    with _saying(
        {
            "role": APP_ROLE,
            "portal.person": str(person.pk) if person else "",
            "portal.day": (day or timezone.localdate()).isoformat(),
            "portal.purpose": "",
            "portal.upkeep": "",
        }
    ):
        yield


@contextmanager
def for_purpose(purpose: str) -> Iterator[None]:
    """Within `acting_as`: a block that also sees the heads that the purpose opens."""
    if purpose not in PURPOSES:
        raise ValueError(f"{purpose!r} is not one of {sorted(PURPOSES)}")
    if not connection.in_atomic_block:
        raise RuntimeError("A purpose needs a transaction within acting_as.")
    # Without a savepoint: whatever rolls back what went wrong in the block began before it.
    before = _say({"portal.purpose": purpose})
    try:
        if before["role"] != APP_ROLE:
            raise RuntimeError("A purpose needs a transaction within acting_as.")
        yield
    finally:
        if not (connection.needs_rollback or _is_in_error()):
            _say({"portal.purpose": before["portal.purpose"]})


@contextmanager
def upkeep() -> Iterator[None]:
    """A transaction in which the owner of the tables sees and writes all of them.

    For migrations, for the demo and for tests that set a scene; never for what a person asks. The
    role of a production server that owns nothing sees no walled row here either.
    """
    with _saying({"role": "none", "portal.upkeep": "on"}):
        yield


@contextmanager
def _saying(wanted: dict[str, str]) -> Iterator[None]:
    is_nested = connection.in_atomic_block
    with transaction.atomic():
        before = _say(wanted)
        yield
        if _is_in_error():
            # COMMIT would roll back and say nothing.
            raise transaction.TransactionManagementError(
                "A database error was caught without a savepoint: nothing can be saved."
            )
        # A rollback restores the settings by itself; a savepoint that is released keeps them.
        if is_nested and not connection.needs_rollback:
            _say({name: before[name] for name in wanted})


def _is_in_error() -> bool:
    return bool(connection.connection.info.transaction_status == TransactionStatus.INERROR)


def _say(wanted: dict[str, str]) -> dict[str, str]:
    current = ", ".join(f"current_setting('{name}', true)" for name in _SETTINGS)
    said = ", ".join("set_config(%s, %s, true)" for _name in wanted)
    # The inner query, which OFFSET keeps apart, reads what was before the outer one changes it.
    statement = f"SELECT before.*, {said} FROM (SELECT {current} OFFSET 0) AS before"  # noqa: S608  # nosec B608
    with connection.cursor() as cursor:
        cursor.execute(statement, [part for pair in wanted.items() for part in pair])
        row = cursor.fetchone()
    return {name: value or "" for name, value in zip(_SETTINGS, row, strict=False)}
