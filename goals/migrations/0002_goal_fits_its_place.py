"""A goal lies at the right level for its unit and under a goal of a higher level that holds its
years. As levels only fall on the way down, no cycle can arise."""

from django.db import migrations

CREATE = """
CREATE FUNCTION goals_level_order(level text) RETURNS integer LANGUAGE sql IMMUTABLE
RETURN array_position(ARRAY['ORIENTATION', 'OPERATIONAL_AREA', 'BOARD', 'UNIT'], level);

CREATE FUNCTION goals_check_place() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    unit_kind text;
    over goals_goal%ROWTYPE;
BEGIN
    SELECT kind INTO unit_kind FROM units_unit WHERE id = NEW.unit_id;
    IF NEW.level <> ALL (CASE unit_kind
        WHEN 'CITY' THEN ARRAY['ORIENTATION', 'OPERATIONAL_AREA']
        WHEN 'BOARD' THEN ARRAY['BOARD']
        ELSE ARRAY['UNIT'] END) THEN
        RAISE EXCEPTION 'a goal of level % does not belong to a unit of kind %', NEW.level, unit_kind
            USING ERRCODE = 'check_violation', CONSTRAINT = 'goal_level_fits_unit';
    END IF;
    IF NEW.parent_id IS NOT NULL THEN
        SELECT * INTO over FROM goals_goal WHERE id = NEW.parent_id FOR SHARE;
        IF goals_level_order(over.level) >= goals_level_order(NEW.level)
           OR (NEW.level = 'UNIT' AND over.level <> 'BOARD')
           OR over.first_year > NEW.first_year OR over.last_year < NEW.last_year THEN
            RAISE EXCEPTION 'a goal serves a goal of a higher level and of the same years'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'goal_serves_higher_level';
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER check_place BEFORE INSERT OR UPDATE OF level, unit_id, parent_id, first_year, last_year
ON goals_goal FOR EACH ROW EXECUTE FUNCTION goals_check_place();
"""

DROP = """
DROP TRIGGER check_place ON goals_goal;
DROP FUNCTION goals_check_place();
DROP FUNCTION goals_level_order(text);
"""


class Migration(migrations.Migration):
    dependencies = [("goals", "0001_first"), ("units", "0002_unit_lines")]
    operations = [migrations.RunSQL(CREATE, DROP)]
