"""The role that requests work as, what it may do, and what the policies of the wall ask.

`CREATE ROLE` and `GRANT` of a role belong to the whole server, where other databases may do the
same at this very moment; the rest belongs to this database.
"""

from django.db import migrations

ROLE = """
DO $$
BEGIN
    FOR attempt IN 1..5 LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'portal_app') THEN
                CREATE ROLE portal_app NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
            END IF;
            -- Who made a role may since PostgreSQL 16 give it away, but not yet take it on.
            IF NOT pg_has_role(current_user, 'portal_app',
                    CASE WHEN current_setting('server_version_num')::int >= 160000
                         THEN 'SET' ELSE 'MEMBER' END) THEN
                EXECUTE format('GRANT portal_app TO %I', current_user);
            END IF;
            EXIT;
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE insufficient_privilege USING MESSAGE = format(
                    'The role portal_app is missing, or %I may not take it on. Let an '
                    'administrator of the database server run: CREATE ROLE portal_app NOLOGIN; '
                    'GRANT portal_app TO %I; and then migrate again.', current_user, current_user);
            -- Another database of the server was just ahead; the next attempt sees what it made.
            WHEN duplicate_object OR unique_violation OR internal_error THEN
                IF attempt = 5 THEN
                    RAISE;
                END IF;
                PERFORM pg_sleep(0.1 * attempt);
        END;
    END LOOP;
    IF (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = 'portal_app') THEN
        RAISE 'The role portal_app passes row-level security by. Let an administrator of the '
              'database server run: ALTER ROLE portal_app NOSUPERUSER NOBYPASSRLS;';
    END IF;
END $$;
"""

RIGHTS = """
GRANT USAGE ON SCHEMA public TO portal_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO portal_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO portal_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO portal_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO portal_app;

REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM portal_app;
-- A trigger of the history inserts a context or updates it.
REVOKE DELETE ON pghistory_context FROM portal_app;
DO $$
DECLARE
    event_table regclass;
BEGIN
    FOR event_table IN
        SELECT tgrelid::regclass FROM pg_trigger WHERE tgname LIKE 'pgtrigger\\_append\\_only\\_%'
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE ON %s FROM portal_app', event_table);
    END LOOP;
END $$;
"""

NO_RIGHTS = """
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM portal_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM portal_app;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM portal_app;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM portal_app;
REVOKE USAGE ON SCHEMA public FROM portal_app;
"""

SAID = """
CREATE FUNCTION portal_person() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('portal.person', true), '')::bigint;

CREATE FUNCTION portal_day() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('portal.day', true), '')::date;

CREATE FUNCTION portal_purpose() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(current_setting('portal.purpose', true), '');

CREATE FUNCTION portal_upkeep() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(current_setting('portal.upkeep', true) = 'on', false);
"""

UNSAID = """
DROP FUNCTION portal_upkeep();
DROP FUNCTION portal_purpose();
DROP FUNCTION portal_day();
DROP FUNCTION portal_person();
"""

# `EmploymentQuerySet.answered_for_by`, said again from the other end: from the person's own roles
# down to the employments. A level of a unit is a depth of its line upwards where somebody is
# manager; whose next level up holds the person is managed by them.
ANSWERS_FOR = """
CREATE FUNCTION portal_answers_for() RETURNS SETOF bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 50 AS $$
DECLARE
    acting CONSTANT bigint := public.portal_person();
    day CONSTANT date := public.portal_day();
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.units_roleassignment r
        WHERE r.person_id = acting AND r.role = 'MANAGER'
          AND r.starts_on <= day AND (r.ends_on IS NULL OR r.ends_on >= day)
    ) THEN
        RETURN;
    END IF;

    RETURN QUERY
    WITH reach AS MATERIALIZED (
        SELECT DISTINCT line.descendant_id AS unit_id
        FROM public.units_roleassignment r
        JOIN public.units_unitline line ON line.ancestor_id = r.unit_id
        WHERE r.person_id = acting AND r.role = 'MANAGER'
          AND r.starts_on <= day AND (r.ends_on IS NULL OR r.ends_on >= day)
          AND NOT line.crosses_border
          AND line.starts_on <= day AND (line.ends_on IS NULL OR line.ends_on >= day)
    ), heads AS MATERIALIZED (
        SELECT line.descendant_id AS unit_id, line.depth, r.person_id
        FROM reach
        JOIN public.units_unitline line ON line.descendant_id = reach.unit_id
        JOIN public.units_roleassignment r ON r.unit_id = line.ancestor_id
        WHERE r.role = 'MANAGER'
          AND r.starts_on <= day AND (r.ends_on IS NULL OR r.ends_on >= day)
          AND NOT line.crosses_border
          AND line.starts_on <= day AND (line.ends_on IS NULL OR line.ends_on >= day)
    ), levels AS (
        SELECT unit_id, depth, bool_or(person_id = acting) AS is_mine,
               lag(depth) OVER (PARTITION BY unit_id ORDER BY depth) AS level_below
        FROM heads GROUP BY unit_id, depth
    ), highest AS MATERIALIZED (
        SELECT unit_id, person_id, max(depth) AS depth FROM heads GROUP BY unit_id, person_id
    ), managed AS MATERIALIZED (
        -- Who is manager of nothing on the line, where the person is on its lowest level.
        SELECT e.id, e.person_id, e.unit_id
        FROM levels
        JOIN public.units_employment e ON e.unit_id = levels.unit_id
        WHERE levels.is_mine AND levels.level_below IS NULL
          AND e.starts_on <= day AND (e.ends_on IS NULL OR e.ends_on >= day)
          AND (e.unit_id, e.person_id) NOT IN (SELECT unit_id, person_id FROM highest)
        UNION ALL
        -- Who is manager on the very level below.
        SELECT e.id, e.person_id, e.unit_id
        FROM levels
        JOIN highest ON highest.unit_id = levels.unit_id AND highest.depth = levels.level_below
        JOIN public.units_employment e
          ON e.unit_id = highest.unit_id AND e.person_id = highest.person_id
        WHERE levels.is_mine
          AND e.starts_on <= day AND (e.ends_on IS NULL OR e.ends_on >= day)
    ), merged AS MATERIALIZED (
        SELECT was.id, was.person_id, was.unit_id
        FROM managed
        JOIN public.units_unit u ON u.successor_id = managed.unit_id
        JOIN public.units_employment was
          ON was.unit_id = u.id AND was.person_id = managed.person_id
        WHERE was.ends_on < day AND NOT EXISTS (
            SELECT FROM public.units_unitplacement p
            WHERE p.unit_id = was.unit_id AND (p.ends_on IS NULL OR p.ends_on > was.ends_on)
        )
    )
    SELECT managed.id FROM managed
    UNION
    SELECT merged.id FROM merged
    UNION
    SELECT was.id
    FROM merged
    JOIN public.units_unit u ON u.successor_id = merged.unit_id
    JOIN public.units_employment was ON was.unit_id = u.id AND was.person_id = merged.person_id
    WHERE was.ends_on < day AND NOT EXISTS (
        SELECT FROM public.units_unitplacement p
        WHERE p.unit_id = was.unit_id AND (p.ends_on IS NULL OR p.ends_on > was.ends_on)
    );
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("units", "0004_leave_and_staff_group"),
        # Their tables of events are there to be closed, also in a new database.
        ("goals", "0006_document_names_people"),
        ("dialogues", "0001_first"),
    ]
    operations = [
        migrations.RunSQL(ROLE, migrations.RunSQL.noop),
        migrations.RunSQL(RIGHTS, NO_RIGHTS),
        migrations.RunSQL(SAID, UNSAID),
        migrations.RunSQL(ANSWERS_FOR, "DROP FUNCTION portal_answers_for()"),
    ]
