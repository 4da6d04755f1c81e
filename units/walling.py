"""Operations for migrations that put the second wall (`units.wall`) around a table.

A migration that uses them depends on `("units", "0005_the_wall")`.
"""

from django.db.migrations import RunSQL

from units.wall import APP_ROLE

# What a condition may ask beside the row's own columns; each is worked out once in a statement.
PERSON = "(SELECT portal_person())"
DAY = "(SELECT portal_day())"
PURPOSE = "(SELECT portal_purpose())"
# As an array and not as IN or EXISTS, the condition can itself be looked up in an index.
ANSWERS_FOR = "ANY (ARRAY(SELECT portal_answers_for()))"


def wall(
    table: str,
    *,
    select: str | None = None,
    insert: str | None = None,
    update: str | None = None,
    update_to: str | None = None,
    delete: str | None = None,
) -> list[RunSQL]:
    """Guard the table by row-level security, for its owner too, with one condition per command.

    A command without a condition is refused on every row. `update` says which rows may be changed,
    `update_to` what they may become (the same unless given). Django reads back the key of a row
    that it inserts, so `select` has to show it to whoever inserts it.
    """
    policies = {
        "select": select and f"FOR SELECT USING ({select})",
        "insert": insert and f"FOR INSERT WITH CHECK ({insert})",
        "update": update and f"FOR UPDATE USING ({update}) WITH CHECK ({update_to or update})",
        "delete": delete and f"FOR DELETE USING ({delete})",
        "upkeep": "TO CURRENT_USER USING ((SELECT portal_upkeep())) "
        "WITH CHECK ((SELECT portal_upkeep()))",
    }
    kept = {name: policy for name, policy in policies.items() if policy}
    guard, open_again = (
        f'ALTER TABLE "{table}" {enable} ROW LEVEL SECURITY, {force} ROW LEVEL SECURITY'
        for enable, force in [("ENABLE", "FORCE"), ("DISABLE", "NO FORCE")]
    )
    return [
        RunSQL(guard, open_again),
        *(
            RunSQL(
                f'CREATE POLICY "{name}" ON "{table}" {policy}',
                f'DROP POLICY "{name}" ON "{table}"',
            )
            for name, policy in kept.items()
        ),
    ]


def append_only(*tables: str) -> list[RunSQL]:
    """Take from the portal's role the right to change or delete what such a table holds.

    Every table of events needs it: a new table is open to that role for all four commands.
    """
    return [
        RunSQL(
            f'REVOKE UPDATE, DELETE ON "{table}" FROM {APP_ROLE}',
            f'GRANT UPDATE, DELETE ON "{table}" TO {APP_ROLE}',
        )
        for table in tables
    ]
