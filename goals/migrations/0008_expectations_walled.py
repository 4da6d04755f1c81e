"""The second wall around expectations: the two of them, and figures that name nobody."""

from django.db import migrations

from units.walling import append_only, wall

MINE = "employment_id = ANY (ARRAY(SELECT portal_meets()))"
# As one subquery, the planner takes it to hold for every other row; `PURPOSE = 'figures'` it takes
# to hold for one of two hundred, and then counts a city's expectations by nested loops.
COUNTED = "(SELECT portal_purpose() = 'figures')"
SEEN = f"{COUNTED} OR {MINE}"


class Migration(migrations.Migration):
    dependencies = [
        ("goals", "0007_expectation_terms"),
        ("units", "0006_delegation"),
    ]
    operations = [
        *wall("goals_expectation", select=SEEN, insert=MINE, update=MINE),
        *wall("goals_expectationevent", select=MINE, insert="pg_trigger_depth() > 0"),
        *append_only("goals_expectationevent"),
    ]
