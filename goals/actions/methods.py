"""A board's own methods of analysis."""

from typing import Any

from django.db import transaction

from goals.models import AnalysisMethod
from units.models import Unit, User
from units.revisions import lock_revision


def add_method(*, unit: Unit, fields: dict[str, Any], by: User) -> AnalysisMethod:
    """`fields` holds name, help_text and prompts."""
    del by  # the history notes who
    return AnalysisMethod.objects.create(unit=unit, **fields)


@transaction.atomic
def change_method(
    *, method: AnalysisMethod, revision: int, fields: dict[str, Any], by: User
) -> AnalysisMethod:
    """`fields` may hold is_in_use too. Raises StaleRevisionError."""
    del by  # the history notes who
    method = lock_revision(AnalysisMethod.objects.all(), method.pk, revision)
    for name, value in fields.items():
        setattr(method, name, value)
    method.save(update_fields=[*fields, "revision"])
    return method
