"""The second wall around what people are writing: their own, and nobody else's."""

from django.db import migrations

from units.walling import PERSON, PURPOSE, wall

MINE = f"author_id = {PERSON}"
# To be deleted, for what nobody has touched in two months is deleted without being asked for.
FORGOTTEN = f"{PURPOSE} = 'forgetting' AND saved_at < statement_timestamp() - interval '60 days'"


class Migration(migrations.Migration):
    dependencies = [("units", "0006_delegation")]
    operations = [
        *wall(
            "units_draft",
            select=f"{MINE} OR ({FORGOTTEN})",
            insert=MINE,
            update=MINE,
            delete=f"{MINE} OR ({FORGOTTEN})",
        ),
    ]
