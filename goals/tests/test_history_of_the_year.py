"""The database notes every insert, change and delete of the year's rows, whatever made it."""

import pytest
from django.db import connection, transaction
from django.db.models import F

from goals.models import (
    Activity,
    ActivityGoal,
    ActivityNote,
    Analysis,
    AnalysisMethod,
    Assessment,
    Closure,
    Indicator,
    KeyFigure,
    KeyFigureValue,
    Need,
    Period,
    PlanYear,
    Report,
    Target,
    Value,
)

# Each with a change that harms nothing.
TRACKED_IN_THE_YEAR = {
    PlanYear: {"instructions": "Skrivet om"},
    Period: {"instructions": "Skrivet om"},
    Closure: {"with_below": False},
    Indicator: {"method": "Skrivet om"},
    Target: {"note": "Skrivet om"},
    Value: {"comment": "Skrivet om"},
    KeyFigure: {"title": "Skrivet om"},
    KeyFigureValue: {"value": 7},
    Activity: {"description": "Skrivet om"},
    ActivityGoal: {"goal_id": F("goal_id")},
    Report: {"summary": "Skrivet om"},
    Assessment: {"reason": "Skrivet om"},
    AnalysisMethod: {"help_text": "Skrivet om"},
    Analysis: {"cause": "Skrivet om"},
    ActivityNote: {"text": "Skrivet om"},
    Need: {"text": "Skrivet om"},
}


@pytest.mark.parametrize("model", TRACKED_IN_THE_YEAR)
def test_every_change_is_noted_by_the_database_deletes_included(year, model):
    figure = KeyFigure.objects.create(
        indicator=year.indicators["unit_indicator"], kpi="N00945", title="Nöjda"
    )
    KeyFigureValue.objects.create(key_figure=figure, year=2025, gender="T", value=3)
    row = model.objects.order_by("pk").last()
    fields = dict(TRACKED_IN_THE_YEAR[model])
    if hasattr(row, "revision"):
        fields["revision"] = F("revision") + 1

    def labels():
        kept = model.pgh_event_model.objects.filter(pgh_obj_id=row.pk).order_by("pgh_id")
        return list(kept.values_list("pgh_label", flat=True))

    with transaction.atomic():
        before = labels()
        model.objects.filter(pk=row.pk).update(**fields)
        with connection.cursor() as cursor:
            cursor.execute(f'DELETE FROM "{model._meta.db_table}" WHERE id = %s', [row.pk])
        after = labels()
        # What else hangs on the row would stop a delete that is kept.
        transaction.set_rollback(True)

    assert before[0] == "insert"
    noted = [] if model is ActivityGoal else ["update"]
    assert after == [*before, *noted, "delete"]
