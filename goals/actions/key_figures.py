"""Filling indicators from Kolada: all of a key figure's answer is stored, or nothing of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pghistory
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.errors import DeadlockDetected, LockNotAvailable

from goals.kolada import Kolada, KoladaError, Values
from goals.models import KeyFigure, KeyFigureValue

YEARS_BACK = 14
# Of what is stored, an answer may take away this share before somebody has to look at it.
MOST_LOST = 1 / 3


@dataclass(frozen=True)
class Answer:
    """What Kolada said of a key figure as it was mapped at that time; `problem` tells why it said
    nothing that can be used."""

    key_figure: KeyFigure
    years: range
    title: str = ""
    values: Values | None = None
    problem: str = ""


@dataclass(frozen=True)
class Outcome:
    """What an import did to a key figure: nothing when there is a `problem`, which says why and
    what to do."""

    key_figure: KeyFigure
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    problem: str = ""

    @property
    def told(self) -> str:
        if self.problem:
            return f"{self.key_figure}: {self.problem}"
        counts = _(
            "{created} new, {changed} changed, {unchanged} unchanged and {removed} removed values"
        ).format(
            created=self.created,
            changed=self.changed,
            unchanged=self.unchanged,
            removed=self.removed,
        )
        return f"{self.key_figure}: {counts}"


def latest_years() -> range:
    """Those that an import asks for unless told otherwise."""
    this_year = timezone.localdate().year
    return range(this_year - YEARS_BACK, this_year + 1)


def ask_kolada(key_figure: KeyFigure, *, kolada: Kolada, years: range) -> Answer:
    """Fetch, and store nothing. Takes its time: not for inside a transaction."""
    try:
        title = kolada.title_of(key_figure.kpi)
        if title != key_figure.title.strip():
            return Answer(key_figure, years, title)
        values = kolada.values_of(key_figure.kpi, key_figure.municipality, years)
    except KoladaError as error:
        return Answer(key_figure, years, problem=_nothing_changed(str(error)))
    return Answer(key_figure, years, title, values)


def store_answer(answer: Answer, *, accept_changes: bool = False, dry_run: bool = False) -> Outcome:
    """Store the answer to `ask_kolada`, whole or not at all. A changed title, and values that
    would be lost, stop the key figure; its old values stay. A dry run stores nothing."""
    if answer.problem:
        return Outcome(answer.key_figure, problem=answer.problem)
    try:
        with pghistory.context(imported_from="Kolada"), transaction.atomic():
            return _store(answer, accept_changes, dry_run)
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
            raise
        problem = _nothing_changed(_("Another import is running. Wait a moment and try again."))
        return Outcome(answer.key_figure, problem=problem)


def import_key_figures(
    key_figures: Iterable[KeyFigure],
    *,
    kolada: Kolada,
    years: range,
    accept_changes: bool = False,
    dry_run: bool = False,
) -> Iterator[Outcome]:
    """One by one: what happens to one of them does not touch the others."""
    for key_figure in key_figures:
        answer = ask_kolada(key_figure, kolada=kolada, years=years)
        yield store_answer(answer, accept_changes=accept_changes, dry_run=dry_run)


def confirm_key_figure(key_figure: KeyFigure) -> None:
    """Somebody has looked at how it is mapped: lift what stopped it."""
    KeyFigure.objects.filter(pk=key_figure.pk).exclude(stopped_because="").update(
        stopped_because=""
    )


def forget_values(key_figure: KeyFigure) -> None:
    """It is mapped to another measure: the values of the former one are not its own."""
    key_figure.values.all().delete()
    KeyFigure.objects.filter(pk=key_figure.pk).update(imported_at=None)


def _nothing_changed(reason: str) -> str:
    kept = _("The old values stay.")
    return f"{reason} {kept}"


def _store(answer: Answer, accept_changes: bool, dry_run: bool) -> Outcome:
    _wait_for_others(answer.key_figure)
    key_figure = KeyFigure.objects.select_for_update().filter(pk=answer.key_figure.pk).first()
    asked = answer.key_figure
    if key_figure is None or (
        (key_figure.kpi, key_figure.municipality, key_figure.title)
        != (asked.kpi, asked.municipality, asked.title)
    ):
        problem = _("Somebody changed the key figure meanwhile. Import it again.")
        return Outcome(asked, problem=_nothing_changed(problem))
    if answer.values is None:
        return _stop(
            key_figure,
            _(
                "Kolada now calls it “{title}”, so it may measure something else. If it does not, "
                "a system administrator writes the new title in the administration and saves."
            ).format(title=answer.title[:300]),
            dry_run,
        )
    rows = key_figure.values.filter(year__in=list(answer.years))
    difference = _Difference(answer.values, {(row.year, row.gender): row for row in rows})
    if difference.loses_too_much and not accept_changes:
        return _stop(
            key_figure,
            _(
                "Of {stored} stored values {lost} are missing in Kolada's answer. If that is "
                "right, run import_kolada --kpi {kpi} --accept-changes."
            ).format(stored=len(difference.numbers), lost=len(difference.lost), kpi=key_figure.kpi),
            dry_run,
        )
    if not dry_run:
        _write(key_figure, difference)
    return Outcome(
        key_figure,
        created=len(difference.created),
        changed=len(difference.changed),
        unchanged=len(difference.unchanged),
        removed=len(difference.removed),
    )


Key = tuple[int, str]


class _Difference:
    """Between what is stored for the years and what Kolada says, by year and gender."""

    def __init__(self, values: Values, stored: dict[Key, KeyFigureValue]) -> None:
        self.values, self.stored = values, stored
        self.created = sorted(values.keys() - stored.keys())
        self.removed = sorted(stored.keys() - values.keys())
        kept = sorted(stored.keys() & values.keys())
        self.changed = [key for key in kept if stored[key].value != values[key]]
        self.unchanged = [key for key in kept if stored[key].value == values[key]]
        self.numbers = [key for key, row in stored.items() if row.value is not None]
        self.lost = [key for key in self.numbers if values.get(key) is None]

    @property
    def loses_too_much(self) -> bool:
        return len(self.lost) > len(self.numbers) * MOST_LOST


def _write(key_figure: KeyFigure, difference: _Difference) -> None:
    values, stored = difference.values, difference.stored
    KeyFigureValue.objects.bulk_create(
        KeyFigureValue(key_figure=key_figure, year=year, gender=gender, value=values[year, gender])
        for year, gender in difference.created
    )
    for key in difference.changed:
        stored[key].value = values[key]
    KeyFigureValue.objects.bulk_update([stored[key] for key in difference.changed], ["value"])
    removed = [stored[key].pk for key in difference.removed]
    KeyFigureValue.objects.filter(pk__in=removed).delete()
    key_figure.imported_at, key_figure.stopped_because = timezone.now(), ""
    key_figure.save(update_fields=["imported_at", "stopped_because"])


def _stop(key_figure: KeyFigure, reason: str, dry_run: bool) -> Outcome:
    reason = _nothing_changed(reason)
    if not dry_run and key_figure.stopped_because != reason:
        key_figure.stopped_because = reason
        key_figure.save(update_fields=["stopped_because"])
    return Outcome(key_figure, problem=reason)


def _wait_for_others(key_figure: KeyFigure) -> None:
    """Until the end of the transaction no other import touches the key figure."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('goals.key_figure'), %s)",
            [key_figure.pk % 2**31],
        )
