"""System checks of what must hold for nothing written to be lost, or shown to the wrong person."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
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
PASSES_BY = """
SELECT rolname FROM pg_roles
WHERE rolname IN (session_user, 'portal_app') AND (rolsuper OR rolbypassrls)
ORDER BY rolname
"""
OPEN_TABLES = """
SELECT c.oid::regclass::text FROM pg_class c
WHERE NOT (c.relrowsecurity AND c.relforcerowsecurity)
  AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
ORDER BY 1
"""
OWNS_TABLES = """
SELECT EXISTS (
    SELECT FROM pg_class
    WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
      AND pg_has_role(session_user, relowner, 'MEMBER')
)
"""
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


@register(Tags.database)
def check_wall(*, databases: Iterable[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Row-level security holds: nobody is let past it, and no policy stands on an open table."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        with connections[alias].cursor() as cursor:
            cursor.execute(PASSES_BY)
            passes_by = [name for (name,) in cursor.fetchall()]
            cursor.execute(OPEN_TABLES)
            open_tables = [name for (name,) in cursor.fetchall()]
        found += [
            Error(
                f"The role {name} of the database {alias!r} passes row-level security by.",
                hint=f"Let a superuser run: ALTER ROLE {name} NOSUPERUSER NOBYPASSRLS;",
                id="wall.E001",
            )
            for name in passes_by
        ]
        found += [
            Error(
                f"The table {name} of the database {alias!r} has policies that do not hold.",
                hint=f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
                id="wall.E002",
            )
            for name in open_tables
        ]
    return found


@register(Tags.database, deploy=True)
def check_who_owns_the_tables(
    *, databases: Iterable[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Whoever breaks into the portal should not find the role that can take the wall down."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        with connections[alias].cursor() as cursor:
            cursor.execute(OWNS_TABLES)
            (owns_tables,) = cursor.fetchone()
        if owns_tables:
            found.append(
                Warning(
                    f"The portal connects to the database {alias!r} as the owner of its tables.",
                    hint="Let DATABASE_URL name a role that is a member of portal_app and owns "
                    "nothing, and run migrate with the owner's address.",
                    id="wall.W001",
                )
            )
    return found


def _own_code(base: Path) -> Iterator[Path]:
    for config in apps.get_app_configs():
        folder = Path(config.path)
        if not folder.is_relative_to(base) or "site-packages" in folder.parts:
            continue
        for path in sorted(folder.rglob("*")):
            # Tests turn it off to show that the check sees it.
            if path.suffix in {".py", ".sql"} and "tests" not in path.relative_to(folder).parts:
                yield path
