import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("pghistory", "0007_auto_20250421_0444"),
        ("units", "0001_first"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Expectation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.TextField(max_length=2000, verbose_name="expectation")),
                (
                    "sign",
                    models.TextField(blank=True, max_length=1000, verbose_name="how it shows"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("ACTIVE", "In force"), ("WITHDRAWN", "Withdrawn")],
                        default="ACTIVE",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("version_number", models.PositiveSmallIntegerField(default=1, editable=False)),
                ("given_at", models.DateTimeField(editable=False)),
                ("withdrawn_at", models.DateTimeField(editable=False, null=True)),
                (
                    "withdrawal_reason",
                    models.TextField(blank=True, max_length=1000, verbose_name="reason"),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "employment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="expectations",
                        to="units.employment",
                        verbose_name="employee",
                    ),
                ),
                (
                    "given_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "expectation",
                "verbose_name_plural": "expectations",
            },
        ),
        migrations.CreateModel(
            name="Goal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("ORIENTATION", "The council's orientation goal"),
                            ("OPERATIONAL_AREA", "The council's goal for an operational area"),
                            ("BOARD", "Board goal"),
                            ("UNIT", "Unit goal"),
                        ],
                        max_length=16,
                        verbose_name="level",
                    ),
                ),
                ("first_year", models.PositiveSmallIntegerField(verbose_name="first year")),
                ("last_year", models.PositiveSmallIntegerField(verbose_name="last year")),
                ("number", models.CharField(blank=True, max_length=12, verbose_name="number")),
                ("title", models.CharField(max_length=500, verbose_name="goal")),
                (
                    "expected_result",
                    models.TextField(blank=True, max_length=4000, verbose_name="expected result"),
                ),
                (
                    "working_method",
                    models.TextField(blank=True, max_length=4000, verbose_name="working method"),
                ),
                (
                    "resource_use",
                    models.TextField(blank=True, max_length=4000, verbose_name="use of resources"),
                ),
                (
                    "follow_up",
                    models.TextField(blank=True, max_length=4000, verbose_name="follow-up"),
                ),
                (
                    "development",
                    models.TextField(blank=True, max_length=4000, verbose_name="development"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("DRAFT", "Draft"), ("ADOPTED", "Adopted")],
                        default="DRAFT",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("decided_on", models.DateField(blank=True, null=True, verbose_name="decided on")),
                (
                    "reference_number",
                    models.CharField(
                        blank=True,
                        help_text="Diarienummer.",
                        max_length=40,
                        verbose_name="reference number",
                    ),
                ),
                ("adopted_at", models.DateTimeField(editable=False, null=True)),
                ("version_number", models.PositiveSmallIntegerField(default=0, editable=False)),
                (
                    "is_verified",
                    models.BooleanField(
                        default=True,
                        editable=False,
                        verbose_name="wording checked in a public source",
                    ),
                ),
                (
                    "is_example",
                    models.BooleanField(default=False, editable=False, verbose_name="example data"),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "adopted_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="adopted_goals",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="goals.goal",
                        verbose_name="serves the goal",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="goals",
                        to="units.unit",
                        verbose_name="unit",
                    ),
                ),
            ],
            options={
                "verbose_name": "goal",
                "verbose_name_plural": "goals",
            },
        ),
        migrations.CreateModel(
            name="ExpectationEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                ("text", models.TextField(max_length=2000, verbose_name="expectation")),
                (
                    "sign",
                    models.TextField(blank=True, max_length=1000, verbose_name="how it shows"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("ACTIVE", "In force"), ("WITHDRAWN", "Withdrawn")],
                        default="ACTIVE",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("version_number", models.PositiveSmallIntegerField(default=1, editable=False)),
                ("given_at", models.DateTimeField(editable=False)),
                ("withdrawn_at", models.DateTimeField(editable=False, null=True)),
                (
                    "withdrawal_reason",
                    models.TextField(blank=True, max_length=1000, verbose_name="reason"),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "employment",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="units.employment",
                        verbose_name="employee",
                    ),
                ),
                (
                    "given_by",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                        to="goals.expectation",
                    ),
                ),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "goal",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="goals.goal",
                        verbose_name="unit goal",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="expectation",
            name="goal",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="expectations",
                to="goals.goal",
                verbose_name="unit goal",
            ),
        ),
        migrations.CreateModel(
            name="GoalContribution",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "goal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="contributions",
                        to="goals.goal",
                    ),
                ),
                (
                    "supported",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="supporters",
                        to="goals.goal",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="GoalContributionEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                (
                    "goal",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="goals.goal",
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
                        to="goals.goalcontribution",
                    ),
                ),
                (
                    "supported",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="goals.goal",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="GoalEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("id", models.BigIntegerField()),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("ORIENTATION", "The council's orientation goal"),
                            ("OPERATIONAL_AREA", "The council's goal for an operational area"),
                            ("BOARD", "Board goal"),
                            ("UNIT", "Unit goal"),
                        ],
                        max_length=16,
                        verbose_name="level",
                    ),
                ),
                ("first_year", models.PositiveSmallIntegerField(verbose_name="first year")),
                ("last_year", models.PositiveSmallIntegerField(verbose_name="last year")),
                ("number", models.CharField(blank=True, max_length=12, verbose_name="number")),
                ("title", models.CharField(max_length=500, verbose_name="goal")),
                (
                    "expected_result",
                    models.TextField(blank=True, max_length=4000, verbose_name="expected result"),
                ),
                (
                    "working_method",
                    models.TextField(blank=True, max_length=4000, verbose_name="working method"),
                ),
                (
                    "resource_use",
                    models.TextField(blank=True, max_length=4000, verbose_name="use of resources"),
                ),
                (
                    "follow_up",
                    models.TextField(blank=True, max_length=4000, verbose_name="follow-up"),
                ),
                (
                    "development",
                    models.TextField(blank=True, max_length=4000, verbose_name="development"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("DRAFT", "Draft"), ("ADOPTED", "Adopted")],
                        default="DRAFT",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("decided_on", models.DateField(blank=True, null=True, verbose_name="decided on")),
                (
                    "reference_number",
                    models.CharField(
                        blank=True,
                        help_text="Diarienummer.",
                        max_length=40,
                        verbose_name="reference number",
                    ),
                ),
                ("adopted_at", models.DateTimeField(editable=False, null=True)),
                ("version_number", models.PositiveSmallIntegerField(default=0, editable=False)),
                (
                    "is_verified",
                    models.BooleanField(
                        default=True,
                        editable=False,
                        verbose_name="wording checked in a public source",
                    ),
                ),
                (
                    "is_example",
                    models.BooleanField(default=False, editable=False, verbose_name="example data"),
                ),
                ("revision", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "adopted_by",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="goals.goal",
                        verbose_name="serves the goal",
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
                        to="goals.goal",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="units.unit",
                        verbose_name="unit",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="GoalVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("title", models.CharField(max_length=500, verbose_name="goal")),
                ("expected_result", models.TextField(blank=True, verbose_name="expected result")),
                ("working_method", models.TextField(blank=True, verbose_name="working method")),
                ("resource_use", models.TextField(blank=True, verbose_name="use of resources")),
                ("follow_up", models.TextField(blank=True, verbose_name="follow-up")),
                ("development", models.TextField(blank=True, verbose_name="development")),
                ("decided_on", models.DateField(null=True, verbose_name="decided on")),
                (
                    "reference_number",
                    models.CharField(blank=True, max_length=40, verbose_name="reference number"),
                ),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                ("made_at", models.DateTimeField()),
                (
                    "goal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="goals.goal",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="goal_versions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="goals.goal",
                        verbose_name="serves the goal",
                    ),
                ),
            ],
            options={
                "verbose_name": "version of a goal",
                "verbose_name_plural": "versions of goals",
            },
        ),
        migrations.AddIndex(
            model_name="goal",
            index=models.Index(fields=["unit", "first_year"], name="goal_of_unit_and_year"),
        ),
        migrations.AddIndex(
            model_name="goal",
            index=models.Index(fields=["first_year", "last_year", "level"], name="goal_of_year"),
        ),
        migrations.AddIndex(
            model_name="goal",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Upper("title"), name="gin_trgm_ops"
                ),
                name="goal_title_words",
            ),
        ),
        migrations.AddConstraint(
            model_name="goal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("level__in", ["ORIENTATION", "OPERATIONAL_AREA", "BOARD", "UNIT"])
                ),
                name="goal_level_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="goal",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["DRAFT", "ADOPTED"])),
                name="goal_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="goal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("first_year__gte", 1990),
                    ("last_year__gte", models.F("first_year")),
                    ("last_year__lte", 2200),
                ),
                name="goal_years_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="goal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("level__in", ["BOARD", "UNIT"]), _negated=True),
                    ("first_year", models.F("last_year")),
                    _connector="OR",
                ),
                name="goal_of_board_or_unit_is_yearly",
            ),
        ),
        migrations.AddConstraint(
            model_name="goal",
            constraint=models.CheckConstraint(
                condition=models.Q(("title", ""), _negated=True), name="goal_has_words"
            ),
        ),
        migrations.AddConstraint(
            model_name="goal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("adopted_at__isnull", True), ("status", "DRAFT"), ("version_number", 0)
                    ),
                    models.Q(
                        ("adopted_at__isnull", False),
                        ("status", "ADOPTED"),
                        ("version_number__gte", 1),
                    ),
                    _connector="OR",
                ),
                name="goal_adopted_has_date_and_version",
            ),
        ),
        migrations.AddConstraint(
            model_name="goal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("adopted_by__isnull", True), ("adopted_at__isnull", False), _connector="OR"
                ),
                name="goal_adopted_by_has_date",
            ),
        ),
        migrations.AddConstraint(
            model_name="goal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("level", "BOARD"), ("status", "ADOPTED"), _negated=True),
                    models.Q(
                        ("decided_on__isnull", False),
                        models.Q(("reference_number", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="goal_adopted_by_board_has_decision",
                violation_error_message="A board's goal is adopted with the date of the decision and its number.",
            ),
        ),
        migrations.AddConstraint(
            model_name="goal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("level__in", ["ORIENTATION", "OPERATIONAL_AREA"])),
                fields=("first_year", "last_year", "number"),
                name="goal_council_number_once_a_period",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="goal",
            trigger=pgtrigger.compiler.Trigger(
                name="revision_counts_up",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF NEW.revision <> OLD.revision + 1 THEN\n            RAISE EXCEPTION 'revision % does not follow %', NEW.revision, OLD.revision\n                USING ERRCODE = 'serialization_failure', TABLE = TG_TABLE_NAME;\n        END IF;\n        RETURN NEW;\n    ",
                    hash="39608b4ebe61d11cf8d77710cb5f3209e206fa92",
                    operation="UPDATE",
                    pgid="pgtrigger_revision_counts_up_bf226",
                    table="goals_goal",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="goal",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "goals_goalevent" ("adopted_at", "adopted_by_id", "decided_on", "development", "expected_result", "first_year", "follow_up", "id", "is_example", "is_verified", "last_year", "level", "number", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference_number", "resource_use", "revision", "status", "title", "unit_id", "version_number", "working_method") VALUES (NEW."adopted_at", NEW."adopted_by_id", NEW."decided_on", NEW."development", NEW."expected_result", NEW."first_year", NEW."follow_up", NEW."id", NEW."is_example", NEW."is_verified", NEW."last_year", NEW."level", NEW."number", NEW."parent_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."reference_number", NEW."resource_use", NEW."revision", NEW."status", NEW."title", NEW."unit_id", NEW."version_number", NEW."working_method"); RETURN NULL;',
                    hash="8cf6f02b1805b121302f08849fb24d2469c33b03",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_feafb",
                    table="goals_goal",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="goal",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "goals_goalevent" ("adopted_at", "adopted_by_id", "decided_on", "development", "expected_result", "first_year", "follow_up", "id", "is_example", "is_verified", "last_year", "level", "number", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference_number", "resource_use", "revision", "status", "title", "unit_id", "version_number", "working_method") VALUES (NEW."adopted_at", NEW."adopted_by_id", NEW."decided_on", NEW."development", NEW."expected_result", NEW."first_year", NEW."follow_up", NEW."id", NEW."is_example", NEW."is_verified", NEW."last_year", NEW."level", NEW."number", NEW."parent_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."reference_number", NEW."resource_use", NEW."revision", NEW."status", NEW."title", NEW."unit_id", NEW."version_number", NEW."working_method"); RETURN NULL;',
                    hash="0b08b7bf3ce7f9fc9c7b2eeb79b7a41c1998fc70",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_97a4d",
                    table="goals_goal",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="goal",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "goals_goalevent" ("adopted_at", "adopted_by_id", "decided_on", "development", "expected_result", "first_year", "follow_up", "id", "is_example", "is_verified", "last_year", "level", "number", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference_number", "resource_use", "revision", "status", "title", "unit_id", "version_number", "working_method") VALUES (OLD."adopted_at", OLD."adopted_by_id", OLD."decided_on", OLD."development", OLD."expected_result", OLD."first_year", OLD."follow_up", OLD."id", OLD."is_example", OLD."is_verified", OLD."last_year", OLD."level", OLD."number", OLD."parent_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."reference_number", OLD."resource_use", OLD."revision", OLD."status", OLD."title", OLD."unit_id", OLD."version_number", OLD."working_method"); RETURN NULL;',
                    hash="daccc2a7b8692fb7b0999a3261d427c02c04744f",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_b960f",
                    table="goals_goal",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="expectationevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="e2a09b63f353807429de46541e1b139c75f4c22d",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_93fbf",
                    table="goals_expectationevent",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="expectation",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["ACTIVE", "WITHDRAWN"])),
                name="expectation_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="expectation",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="expectation_has_words"
            ),
        ),
        migrations.AddConstraint(
            model_name="expectation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("status", "ACTIVE"),
                        ("withdrawn_at__isnull", True),
                        ("withdrawn_by__isnull", True),
                    ),
                    models.Q(
                        ("status", "WITHDRAWN"),
                        ("withdrawn_at__isnull", False),
                        ("withdrawn_by__isnull", False),
                        models.Q(("withdrawal_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="expectation_withdrawn_by_someone_for_a_reason",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="expectation",
            trigger=pgtrigger.compiler.Trigger(
                name="revision_counts_up",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF NEW.revision <> OLD.revision + 1 THEN\n            RAISE EXCEPTION 'revision % does not follow %', NEW.revision, OLD.revision\n                USING ERRCODE = 'serialization_failure', TABLE = TG_TABLE_NAME;\n        END IF;\n        RETURN NEW;\n    ",
                    hash="1e686f32723866265c0c6eed92b88bdd5a0bfdee",
                    operation="UPDATE",
                    pgid="pgtrigger_revision_counts_up_c307d",
                    table="goals_expectation",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="expectation",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "goals_expectationevent" ("employment_id", "given_at", "given_by_id", "goal_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "revision", "sign", "status", "text", "version_number", "withdrawal_reason", "withdrawn_at", "withdrawn_by_id") VALUES (NEW."employment_id", NEW."given_at", NEW."given_by_id", NEW."goal_id", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."revision", NEW."sign", NEW."status", NEW."text", NEW."version_number", NEW."withdrawal_reason", NEW."withdrawn_at", NEW."withdrawn_by_id"); RETURN NULL;',
                    hash="98234f09d4640af32527a8aed4b864a06ca8b285",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_54e56",
                    table="goals_expectation",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="expectation",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "goals_expectationevent" ("employment_id", "given_at", "given_by_id", "goal_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "revision", "sign", "status", "text", "version_number", "withdrawal_reason", "withdrawn_at", "withdrawn_by_id") VALUES (NEW."employment_id", NEW."given_at", NEW."given_by_id", NEW."goal_id", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."revision", NEW."sign", NEW."status", NEW."text", NEW."version_number", NEW."withdrawal_reason", NEW."withdrawn_at", NEW."withdrawn_by_id"); RETURN NULL;',
                    hash="16f6043c8af816badb28ca286733219ae7ebd7a3",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_79f57",
                    table="goals_expectation",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="expectation",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "goals_expectationevent" ("employment_id", "given_at", "given_by_id", "goal_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "revision", "sign", "status", "text", "version_number", "withdrawal_reason", "withdrawn_at", "withdrawn_by_id") VALUES (OLD."employment_id", OLD."given_at", OLD."given_by_id", OLD."goal_id", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."revision", OLD."sign", OLD."status", OLD."text", OLD."version_number", OLD."withdrawal_reason", OLD."withdrawn_at", OLD."withdrawn_by_id"); RETURN NULL;',
                    hash="6a9a2a42f058995a8ea0e95c817c6ba6154dfc0f",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_664c4",
                    table="goals_expectation",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="goalcontribution",
            constraint=models.UniqueConstraint(
                fields=("goal", "supported"), name="contribution_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="goalcontribution",
            constraint=models.CheckConstraint(
                condition=models.Q(("goal", models.F("supported")), _negated=True),
                name="contribution_not_to_itself",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="goalcontribution",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "goals_goalcontributionevent" ("goal_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "supported_id") VALUES (NEW."goal_id", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."supported_id"); RETURN NULL;',
                    hash="d8d3c4fa6725c2bd816d7c3504e8c620b38db976",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_9a3bb",
                    table="goals_goalcontribution",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="goalcontribution",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "goals_goalcontributionevent" ("goal_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "supported_id") VALUES (NEW."goal_id", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."supported_id"); RETURN NULL;',
                    hash="5021789956293310825a43fa6c5f0f98f4a5e98d",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_f7d48",
                    table="goals_goalcontribution",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="goalcontribution",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "goals_goalcontributionevent" ("goal_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "supported_id") VALUES (OLD."goal_id", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."supported_id"); RETURN NULL;',
                    hash="e92dc17803f6a87fc6e1bdbeb8c424bb3f0a0273",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_a432b",
                    table="goals_goalcontribution",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="goalcontributionevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="ab5f965664cdb5fed560ceca3fa79971331fb565",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_6018c",
                    table="goals_goalcontributionevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="goalevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="6aa5265f000526a6bb27709b630a35339f227ed5",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_5909d",
                    table="goals_goalevent",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="goalversion",
            constraint=models.UniqueConstraint(
                fields=("goal", "number"), name="goal_version_numbered_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="goalversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("number", 1), models.Q(("reason", ""), _negated=True), _connector="OR"
                ),
                name="goal_version_after_the_first_has_reason",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="goalversion",
            trigger=pgtrigger.compiler.Trigger(
                name="version_is_for_ever",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="cae603a93a937e4f46ddab0977170f49922f2438",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_version_is_for_ever_a13d3",
                    table="goals_goalversion",
                    when="BEFORE",
                ),
            ),
        ),
    ]
