"""What one request would do, taken back afterwards; and who walks in the slow run alone."""

from typing import Any

import pytest
from django.db import connection, transaction

# Every request prolongs its session; the token of a form and the note of who did it come with an
# effect and are none, and that a talk was read is counted by itself.
WRITTEN = """
    SELECT coalesce(sum(n_tup_ins + n_tup_del
        + CASE WHEN relname = 'django_session' THEN 0 ELSE n_tup_upd END), 0)
    FROM pg_stat_xact_user_tables
    WHERE relname NOT IN ('units_submission', 'pghistory_context', 'dialogues_reading')
"""


def rows_written() -> int:
    """How many rows this transaction has written so far, those taken back included."""
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN)
        return int(cursor.fetchone()[0])


class Undone(transaction.Atomic):
    """A savepoint that is always rolled back."""

    def __init__(self) -> None:
        super().__init__(using=None, savepoint=True, durable=False)

    def __exit__(self, *args: Any) -> None:
        transaction.set_rollback(True)
        super().__exit__(*args)


def in_the_slow_run(*names: str) -> list[Any]:
    """Parameters that the gate leaves out."""
    return [pytest.param(name, marks=pytest.mark.slow) for name in names]
