import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("goals", "0001_first"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        migrations.CreateModel(
            name="Acknowledgement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("expectation_version", models.PositiveSmallIntegerField()),
                ("goal_version", models.PositiveSmallIntegerField()),
                ("acknowledged_at", models.DateTimeField()),
                (
                    "expectation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acknowledgements",
                        to="goals.expectation",
                        verbose_name="expectation",
                    ),
                ),
            ],
            options={
                "verbose_name": "acknowledgement",
                "verbose_name_plural": "acknowledgements",
            },
        ),
        migrations.CreateModel(
            name="AcknowledgementEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("expectation_version", models.PositiveSmallIntegerField()),
                ("goal_version", models.PositiveSmallIntegerField()),
                ("acknowledged_at", models.DateTimeField()),
                (
                    "expectation",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="goals.expectation",
                        verbose_name="expectation",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="dialogues.acknowledgement",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddConstraint(
            model_name="acknowledgement",
            constraint=models.UniqueConstraint(
                fields=("expectation", "expectation_version", "goal_version"),
                name="acknowledgement_once_for_a_wording",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="acknowledgement",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "dialogues_acknowledgementevent" ("acknowledged_at", "expectation_id", "expectation_version", "goal_version", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."acknowledged_at", NEW."expectation_id", NEW."expectation_version", NEW."goal_version", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;',
                    hash="61bb2144fc2b6cb4d5666b718dcd7fa25b5c8342",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_0ae43",
                    table="dialogues_acknowledgement",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="acknowledgement",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "dialogues_acknowledgementevent" ("acknowledged_at", "expectation_id", "expectation_version", "goal_version", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."acknowledged_at", NEW."expectation_id", NEW."expectation_version", NEW."goal_version", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;',
                    hash="abdc87acdf775a2412aab9f0a095adc35db9adea",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_378ef",
                    table="dialogues_acknowledgement",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="acknowledgement",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "dialogues_acknowledgementevent" ("acknowledged_at", "expectation_id", "expectation_version", "goal_version", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."acknowledged_at", OLD."expectation_id", OLD."expectation_version", OLD."goal_version", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;',
                    hash="7b830c4f6c512e6e3e18683b2361b95f25e42c47",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_d6f56",
                    table="dialogues_acknowledgement",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="acknowledgementevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="67409abc67eea0daba55b0afdeeeee0b398fb217",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_38a77",
                    table="dialogues_acknowledgementevent",
                    when="BEFORE",
                ),
            ),
        ),
    ]
