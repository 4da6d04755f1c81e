"""The lines of the tree, derived by the database whatever changes a placement, and never a cycle."""

from django.db import migrations

REFRESH = """
CREATE FUNCTION units_refresh_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Two moves at once could close a ring that neither sees: they take turns.
    PERFORM pg_advisory_xact_lock(hashtext('units_unitplacement'));

    DELETE FROM units_unitline;
    INSERT INTO units_unitline
        (descendant_id, ancestor_id, depth, crosses_border, starts_on, ends_on)
    WITH RECURSIVE line AS (
        SELECT p.unit_id AS descendant_id, p.unit_id AS ancestor_id, 0 AS depth,
               false AS crosses_border, daterange(p.starts_on, p.ends_on, '[]') AS days,
               ARRAY[p.unit_id] AS path, false AS is_ring
        FROM units_unitplacement p
        UNION ALL
        SELECT line.descendant_id, p.parent_id, line.depth + 1,
               line.crosses_border OR u.kind = 'BOARD',
               line.days * daterange(p.starts_on, p.ends_on, '[]'),
               line.path || p.parent_id, p.parent_id = ANY (line.path)
        FROM line
        JOIN units_unitplacement p
          ON p.unit_id = line.ancestor_id
         AND daterange(p.starts_on, p.ends_on, '[]') && line.days
        JOIN units_unit u ON u.id = line.ancestor_id
        WHERE p.parent_id IS NOT NULL AND NOT line.is_ring
    ), whole AS (
        -- A line holds only while its uppermost unit does.
        SELECT line.descendant_id, line.ancestor_id, line.depth, line.crosses_border, line.is_ring,
               line.days * daterange(top.starts_on, top.ends_on, '[]') AS days
        FROM line
        JOIN units_unitplacement top
          ON top.unit_id = line.ancestor_id
         AND daterange(top.starts_on, top.ends_on, '[]') && line.days
    )
    SELECT descendant_id, ancestor_id,
           CASE WHEN is_ring THEN units_refuse_ring() ELSE depth END,
           crosses_border, lower(days), (upper(days) - 1)::date
    FROM whole;

    IF EXISTS (
        SELECT 1 FROM units_unitplacement p JOIN units_unit u ON u.id = p.unit_id
        WHERE (p.parent_id IS NULL) <> (u.kind = 'CITY')
    ) THEN
        RAISE EXCEPTION 'every unit but the city lies under another'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'placement_under_the_city';
    END IF;

    UPDATE units_unit u SET name = now_called.name
    FROM (
        SELECT DISTINCT ON (unit_id) unit_id, name
        FROM units_unitplacement,
             (SELECT (now() AT TIME ZONE 'Europe/Stockholm')::date AS today) AS clock
        ORDER BY unit_id, starts_on > today,
                 CASE WHEN starts_on <= today THEN starts_on END DESC, starts_on
    ) AS now_called
    WHERE now_called.unit_id = u.id AND u.name IS DISTINCT FROM now_called.name;
    RETURN NULL;
END $$;

CREATE FUNCTION units_refuse_ring() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a unit would lie under itself'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'placement_without_ring';
END $$;

CREATE TRIGGER refresh_lines
AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON units_unitplacement
FOR EACH STATEMENT EXECUTE FUNCTION units_refresh_lines();

CREATE TRIGGER refresh_lines_of_kind AFTER UPDATE OF kind ON units_unit
FOR EACH STATEMENT EXECUTE FUNCTION units_refresh_lines();
"""

DROP = """
DROP TRIGGER refresh_lines_of_kind ON units_unit;
DROP TRIGGER refresh_lines ON units_unitplacement;
DROP FUNCTION units_refresh_lines();
DROP FUNCTION units_refuse_ring();
"""


class Migration(migrations.Migration):
    dependencies = [("units", "0001_first")]
    operations = [migrations.RunSQL(REFRESH, DROP)]
