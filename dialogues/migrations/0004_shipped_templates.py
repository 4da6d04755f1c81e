"""What is published never changes, a correction of pay criteria is a version of its own, and the
portal's own templates are there from the start."""

import tomllib
from pathlib import Path

import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

# An edition that has been released never changes.
FIRST_EDITION = Path(__file__).resolve().parent.parent / "data" / "templates_1.toml"


def ship(apps, schema_editor):
    template_model = apps.get_model("dialogues", "TalkTemplate")
    version_model = apps.get_model("dialogues", "TemplateVersion")
    section_model = apps.get_model("dialogues", "Section")
    for written in tomllib.loads(FIRST_EDITION.read_text())["template"]:
        sections = written.pop("section")
        template = template_model.objects.create(**written)
        version = version_model.objects.create(template=template, number=1)
        section_model.objects.bulk_create(
            section_model(version=version, order=order, **section)
            for order, section in enumerate(sections, start=1)
        )
        version_model.objects.filter(pk=version.pk).update(published_at=timezone.now(), revision=2)


class Migration(migrations.Migration):
    dependencies = [
        ("dialogues", "0003_talks_walled"),
        ("units", "0006_delegation"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="criteriaset",
            name="insert_insert",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="criteriaset",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="criteriaset",
            name="delete_delete",
        ),
        migrations.RemoveConstraint(
            model_name="criteriaset",
            name="criteria_set_once",
        ),
        migrations.AddField(
            model_name="criteriaset",
            name="correction",
            field=models.TextField(
                blank=True,
                editable=False,
                max_length=1000,
                verbose_name="what is corrected, and why",
            ),
        ),
        migrations.AddField(
            model_name="criteriaset",
            name="number",
            field=models.PositiveSmallIntegerField(
                default=1, editable=False, verbose_name="version"
            ),
        ),
        migrations.AddField(
            model_name="criteriasetevent",
            name="correction",
            field=models.TextField(
                blank=True,
                editable=False,
                max_length=1000,
                verbose_name="what is corrected, and why",
            ),
        ),
        migrations.AddField(
            model_name="criteriasetevent",
            name="number",
            field=models.PositiveSmallIntegerField(
                default=1, editable=False, verbose_name="version"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="criteriaset",
            trigger=pgtrigger.compiler.Trigger(
                name="published_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."published_at" IS NOT NULL)',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="ad79f49df360f203a378ac9ac76b23931d6a2a34",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_published_stays_0863d",
                    table="dialogues_criteriaset",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="criteriaset",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "dialogues_criteriasetevent" ("about", "correction", "id", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published_at", "published_by_id", "revision", "staff_group_id", "unit_id", "year") VALUES (NEW."about", NEW."correction", NEW."id", NEW."number", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."published_at", NEW."published_by_id", NEW."revision", NEW."staff_group_id", NEW."unit_id", NEW."year"); RETURN NULL;',
                    hash="c0ed00b597f5217deb8674ce4d5cd33646bf1901",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_caec7",
                    table="dialogues_criteriaset",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="criteriaset",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "dialogues_criteriasetevent" ("about", "correction", "id", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published_at", "published_by_id", "revision", "staff_group_id", "unit_id", "year") VALUES (NEW."about", NEW."correction", NEW."id", NEW."number", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."published_at", NEW."published_by_id", NEW."revision", NEW."staff_group_id", NEW."unit_id", NEW."year"); RETURN NULL;',
                    hash="0ef3406758dde3d38dc3e6704a37b35a1b6345e0",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_5d981",
                    table="dialogues_criteriaset",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="criteriaset",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "dialogues_criteriasetevent" ("about", "correction", "id", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "published_at", "published_by_id", "revision", "staff_group_id", "unit_id", "year") VALUES (OLD."about", OLD."correction", OLD."id", OLD."number", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."published_at", OLD."published_by_id", OLD."revision", OLD."staff_group_id", OLD."unit_id", OLD."year"); RETURN NULL;',
                    hash="a3ed86d06477b0f11cc274c34bfb5c14c42f27fe",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_ec9db",
                    table="dialogues_criteriaset",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="criterion",
            trigger=pgtrigger.compiler.Trigger(
                name="stays_with_the_published",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE published timestamptz;",
                    func="\n            IF TG_OP <> 'INSERT' THEN \n        SELECT s.published_at FROM dialogues_criteriaset s WHERE s.id = OLD.criteria_set_id FOR SHARE INTO published;\n        IF published IS NOT NULL THEN\n            RAISE EXCEPTION 'What is published never changes'\n            USING ERRCODE = 'check_violation', CONSTRAINT = 'belongs_to_published';\n        END IF;\n     END IF;\n            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n            \n        SELECT s.published_at FROM dialogues_criteriaset s WHERE s.id = NEW.criteria_set_id FOR SHARE INTO published;\n        IF published IS NOT NULL THEN\n            RAISE EXCEPTION 'What is published never changes'\n            USING ERRCODE = 'check_violation', CONSTRAINT = 'belongs_to_published';\n        END IF;\n    \n            RETURN NEW;\n        ",
                    hash="a64cb59d9943622c56a9abebbdd2cafe96e7d9f8",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_stays_with_the_published_c39b3",
                    table="dialogues_criterion",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="criterionstep",
            trigger=pgtrigger.compiler.Trigger(
                name="stays_with_the_published",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE published timestamptz;",
                    func="\n            IF TG_OP <> 'INSERT' THEN \n        SELECT s.published_at FROM dialogues_criteriaset s JOIN dialogues_criterion c ON c.criteria_set_id = s.id WHERE c.id = OLD.criterion_id FOR SHARE OF s INTO published;\n        IF published IS NOT NULL THEN\n            RAISE EXCEPTION 'What is published never changes'\n            USING ERRCODE = 'check_violation', CONSTRAINT = 'belongs_to_published';\n        END IF;\n     END IF;\n            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n            \n        SELECT s.published_at FROM dialogues_criteriaset s JOIN dialogues_criterion c ON c.criteria_set_id = s.id WHERE c.id = NEW.criterion_id FOR SHARE OF s INTO published;\n        IF published IS NOT NULL THEN\n            RAISE EXCEPTION 'What is published never changes'\n            USING ERRCODE = 'check_violation', CONSTRAINT = 'belongs_to_published';\n        END IF;\n    \n            RETURN NEW;\n        ",
                    hash="b06ee72b95c21aaac8606b1aab13814dcdc05e5d",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_stays_with_the_published_744a8",
                    table="dialogues_criterionstep",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="section",
            trigger=pgtrigger.compiler.Trigger(
                name="stays_with_the_published",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE published timestamptz;",
                    func="\n            IF TG_OP <> 'INSERT' THEN \n        SELECT v.published_at FROM dialogues_templateversion v WHERE v.id = OLD.version_id FOR SHARE INTO published;\n        IF published IS NOT NULL THEN\n            RAISE EXCEPTION 'What is published never changes'\n            USING ERRCODE = 'check_violation', CONSTRAINT = 'belongs_to_published';\n        END IF;\n     END IF;\n            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n            \n        SELECT v.published_at FROM dialogues_templateversion v WHERE v.id = NEW.version_id FOR SHARE INTO published;\n        IF published IS NOT NULL THEN\n            RAISE EXCEPTION 'What is published never changes'\n            USING ERRCODE = 'check_violation', CONSTRAINT = 'belongs_to_published';\n        END IF;\n    \n            RETURN NEW;\n        ",
                    hash="051cdb4da7f3f5cc7dcc0def189e8c5f264292ec",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_stays_with_the_published_d48cc",
                    table="dialogues_section",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="templateversion",
            trigger=pgtrigger.compiler.Trigger(
                name="published_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."published_at" IS NOT NULL)',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="c422bdae4e38e571c06d098c72541ecdee4aa569",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_published_stays_51217",
                    table="dialogues_templateversion",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="criteriaset",
            constraint=models.UniqueConstraint(
                fields=("unit", "year", "staff_group", "number"),
                name="criteria_set_once",
                nulls_distinct=False,
                violation_error_message="There are pay criteria for this group and year.",
            ),
        ),
        migrations.AddConstraint(
            model_name="criteriaset",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("correction", ""), ("number", 1)),
                    models.Q(("number__gt", 1), models.Q(("correction", ""), _negated=True)),
                    _connector="OR",
                ),
                name="criteria_set_correction_has_reason",
            ),
        ),
        migrations.AlterConstraint(
            model_name="criteriaset",
            name="criteria_set_is_of_a_year",
            constraint=models.CheckConstraint(
                condition=models.Q(("year__gte", 1990), ("year__lte", 2200)),
                name="criteria_set_is_of_a_year",
                violation_error_message="Write the year in four digits, such as 2027.",
            ),
        ),
        migrations.AddConstraint(
            model_name="criteriaset",
            constraint=models.CheckConstraint(
                condition=models.Q(("published_at__isnull", True), ("published_by__isnull", True))
                | models.Q(("published_at__isnull", False)),
                name="criteria_set_published_by_then",
            ),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("published_at__isnull", True), ("published_by__isnull", True))
                | models.Q(("published_at__isnull", False)),
                name="template_version_published_by_then",
            ),
        ),
        migrations.RunPython(ship, migrations.RunPython.noop),
    ]
