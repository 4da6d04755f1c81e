"""Two writers of one record: the second is shown both texts instead of overwriting the first."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from django import forms
from django.db import models
from django.http import Http404
from django.utils.formats import number_format

M = TypeVar("M", bound=models.Model)


class StaleRevisionError(Exception):
    """The record was changed after the form was opened. `current` is how it stands now."""

    def __init__(self, current: Any) -> None:
        super().__init__("The record has been changed since the form was opened.")
        self.current = current


def lock_revision(rows: "models.QuerySet[M]", pk: int, revision: int) -> M:
    """The row, locked for the rest of the transaction, with its revision counted up.

    Raises StaleRevisionError when the form that was sent had seen an earlier revision, and Http404
    when the record has been thrown away meanwhile. The caller saves the fields it changes together
    with `revision`.
    """
    row = rows.select_for_update(of=("self",)).filter(pk=pk).first()
    if row is None:
        # The page for it shows what was written, to copy.
        raise Http404
    if row.revision != revision:  # type: ignore[attr-defined]
        raise StaleRevisionError(row)
    row.revision += 1  # type: ignore[attr-defined]
    return row


@dataclass(frozen=True)
class ComparedField:
    """One row of two texts side by side."""

    label: str
    left: str
    right: str

    @property
    def changed(self) -> bool:
        return self.left != self.right


def compare_with_current(form: forms.BaseForm, current: models.Model) -> list[ComparedField]:
    """What the form says beside what is stored, for the fields that differ or hold text."""
    rows = []
    for name, field in form.fields.items():
        if field.widget.is_hidden or not hasattr(current, name):
            continue
        stored = getattr(current, name)
        if isinstance(stored, models.Manager):
            continue
        mine = form.cleaned_data.get(name)
        rows.append(ComparedField(str(field.label), _as_text(mine), _as_text(stored)))
    return rows


def _as_text(value: Any) -> str:
    """Numbers without the zeros that storing them gave them."""
    if isinstance(value, Decimal):
        return number_format(f"{value.normalize():f}")
    return "" if value is None or value is False else str(value)


def seen_now(data: Any, current: Any) -> Any:
    """The form's data as if it had been opened now: who saves it once more has seen both texts."""
    data = data.copy()
    data["revision"] = current.revision
    return data
