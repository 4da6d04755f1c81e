"""The database notes every insert, change and delete of what HR writes for the talks and of the
competence plan, whatever made it."""

from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.db.utils import Error

from dialogues.models import (
    CompetenceNeed,
    CriteriaSet,
    Criterion,
    CriterionStep,
    Round,
    Section,
    TalkTemplate,
    TemplateVersion,
)
from stockholm_quality.tests.world import scene
from stockholm_quality.tests.world_talks import build_talks

# Each with a row that is not published yet and a change that harms nothing.
TRACKED_IN_THE_TALKS: dict[Any, tuple[dict[str, Any], dict[str, Any]]] = {
    TalkTemplate: ({"code": "sodermalm"}, {"name_en": "Another name"}),
    TemplateVersion: ({"published_at": None}, {"revision": F("revision") + 1}),
    Section: ({"version__published_at": None}, {"help_text": "Skrivet om"}),
    CriteriaSet: ({"published_at": None}, {"about": "Skrivet om"}),
    Criterion: ({"criteria_set__published_at": None}, {"name": "Skrivet om"}),
    CriterionStep: ({"criterion__criteria_set__published_at": None}, {"words": "Skrivet om"}),
    Round: ({"status": "PLANNED"}, {"message": "Skrivet om"}),
    CompetenceNeed: ({"state": "OPEN"}, {"need": "Skrivet om"}),
}


@pytest.mark.parametrize("model", TRACKED_IN_THE_TALKS)
def test_every_change_is_noted_by_the_database_deletes_included_and_stays(world, model):
    build_talks(world)
    found, fields = TRACKED_IN_THE_TALKS[model]
    if hasattr(model, "revision"):
        fields = {**fields, "revision": F("revision") + 1}

    with transaction.atomic(), scene():
        row = model.objects.filter(**found).order_by("pk").last()
        model.objects.filter(pk=row.pk).update(**fields)
        with connection.cursor() as cursor:
            cursor.execute(f'DELETE FROM "{model._meta.db_table}" WHERE id = %s', [row.pk])
        kept = model.pgh_event_model.objects.filter(pgh_obj_id=row.pk)
        labels = list(kept.order_by("pgh_id").values_list("pgh_label", flat=True))
        for rewrite in (lambda: kept.update(pgh_label="other"), kept.delete):
            with pytest.raises(Error, match="Cannot update or delete"), transaction.atomic():
                rewrite()
        # What else hangs on the row would stop a delete that is kept.
        transaction.set_rollback(True)

    assert labels[0] == "insert"
    assert labels[-2:] == ["update", "delete"]
