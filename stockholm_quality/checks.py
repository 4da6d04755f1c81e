"""System checks of what must hold for nothing written to be lost."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

DURABLE = {
    # setting: (id of the message, values that keep what was acknowledged)
    "fsync": ("durability.E001", {"on"}),
    "full_page_writes": ("durability.E002", {"on"}),
    "synchronous_commit": ("durability.E003", {"on", "remote_apply"}),
    "data_checksums": ("durability.E004", {"on"}),
}
HINTS = {
    "data_checksums": "Stop the server and run pg_checksums --enable.",
}
# SET, ALTER ... SET, set_config() and the -c of a connection's options.
SETS_SYNCHRONOUS_COMMIT = re.compile(
    r"(?:\bset(?:_config)?\b[^;=]{0,60}?|-c\s*)\bsynchronous_commit\b", re.IGNORECASE
)


@register(Tags.database)
def check_durability(
    *, databases: Iterable[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """The databases keep what they acknowledged through a crash and notice a damaged page."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(DURABLE)]
            )
            values = dict(cursor.fetchall())
        found += [
            Error(
                f"{name} is {values[name]} in the database {alias!r}; it must be on.",
                hint=HINTS.get(name, f"Set {name} = on in postgresql.conf."),
                id=message_id,
            )
            for name, (message_id, durable) in DURABLE.items()
            if values[name] not in durable
        ]
    return found


@register(Tags.database)
def check_no_code_sets_synchronous_commit(
    *, databases: Iterable[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """A session that turned it off would lose what it acknowledged, past the check above."""
    return [
        Error(
            f"{path.relative_to(settings.BASE_DIR)} sets synchronous_commit.",
            hint="Remove it: what was acknowledged must survive a crash.",
            id="durability.E005",
        )
        for path in _own_code(Path(settings.BASE_DIR))
        if SETS_SYNCHRONOUS_COMMIT.search(path.read_text(encoding="utf-8"))
    ]


def _own_code(base: Path) -> Iterator[Path]:
    for config in apps.get_app_configs():
        folder = Path(config.path)
        if not folder.is_relative_to(base) or "site-packages" in folder.parts:
            continue
        for path in sorted(folder.rglob("*")):
            # Tests turn it off to show that the check sees it.
            if path.suffix in {".py", ".sql"} and "tests" not in path.relative_to(folder).parts:
                yield path
