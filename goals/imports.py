"""The council's goals from a file: all of it is right, or nothing is stored.

`read_council_goals` judges the file by itself, `import_council_goals` judges it against what is
stored and stores it.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

import pghistory
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from goals.models import GOAL_PARTS, Goal, GoalVersion
from units.models import Unit
from units.revisions import lock_revision

COLUMNS = ("mandate_period", "number", "level", "parent_number", "title", "verified")
LEVELS = {
    "orientation": Goal.Level.ORIENTATION,
    "operational_area": Goal.Level.OPERATIONAL_AREA,
}
YES_OR_NO = {"yes": True, "no": False}
LARGEST_FILE = 5_000_000  # bytes
LONGEST_TITLE = 500
LONGEST_NUMBER = 12
LONGEST_PERIOD = 4  # years
FIRST_YEAR, LAST_YEAR = 1990, 2200

_PERIOD = re.compile(r"([0-9]{4})\s*[-–]\s*([0-9]{4})")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)*")
_OTHER_UNICODE = (b"\xff\xfe", b"\xfe\xff")
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # Excel and OpenDocument, old Excel


@dataclass(frozen=True)
class ImportFault:
    """What is wrong where. `line` counts from 1, the header included; 0 is the file as a whole."""

    line: int
    column: str
    reason: str


class ImportRefusedError(Exception):
    """Nothing has been stored; `faults` say why, in the user's language."""

    def __init__(self, faults: Iterable[ImportFault]) -> None:
        self.faults = sorted(faults, key=lambda fault: fault.line)
        super().__init__("; ".join(fault.reason for fault in self.faults))


class ImportBusyError(Exception):
    """Somebody else is importing; nothing has been stored."""


@dataclass(frozen=True)
class CouncilGoal:
    """One row of the file, judged by itself."""

    line: int
    first_year: int
    last_year: int
    number: str
    level: str
    parent_number: str
    title: str
    is_verified: bool

    @property
    def period(self) -> tuple[int, int]:
        return self.first_year, self.last_year

    @property
    def key(self) -> tuple[int, int, str]:
        return self.first_year, self.last_year, self.number


@dataclass
class ImportOutcome:
    """What was stored, or in a dry run would have been. `missing` are stored goals of the file's
    periods that the file does not hold; they are left as they are."""

    created: list[Goal] = field(default_factory=list)
    changed: list[Goal] = field(default_factory=list)
    unchanged: list[Goal] = field(default_factory=list)
    missing: list[Goal] = field(default_factory=list)


def read_council_goals(path: Path) -> list[CouncilGoal]:
    """Raises ImportRefusedError with everything that is wrong in the file."""
    rows, faults = _judge_rows(_records(_text_of(path)))
    faults += [*_twice(rows), *_overlaps({row.period: row.line for row in rows})]
    if faults:
        raise ImportRefusedError(faults)
    if not rows:
        raise _refused(_("The file holds no goals, only its header."))
    return rows


def import_council_goals(
    rows: list[CouncilGoal],
    *,
    source: str,
    dry_run: bool = False,
    is_example: bool = False,
    at: datetime | None = None,
) -> ImportOutcome:
    """Store the rows, each goal adopted at once; the same rows again change nothing.

    `source` names the file in the reason of a new version. A new title or parent is a new version;
    the marks for checked wording and example data follow without one. Raises ImportRefusedError
    and ImportBusyError.
    """
    with pghistory.context(imported_from=source), transaction.atomic():
        _wait_for_others()
        stored = {
            (goal.first_year, goal.last_year, goal.number): goal
            for goal in Goal.objects.at_level(*LEVELS.values()).select_related("parent")
        }
        faults = [*_misfits(rows, stored), *_overlaps_with(rows, stored)]
        if faults:
            raise ImportRefusedError(faults)
        outcome = _Import(source, is_example, at or timezone.now(), stored).store(rows)
        if dry_run:
            transaction.set_rollback(True)
    return outcome


# --- The file ----------------------------------------------------------------------------------


def _refused(reason: str, line: int = 0, column: str = "") -> ImportRefusedError:
    return ImportRefusedError([ImportFault(line, column, reason)])


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise _refused(_("There is no such file. Check the path.")) from None
    except IsADirectoryError:
        raise _refused(_("This is a folder. Give the path of a file.")) from None
    except OSError as error:
        reason = _("The file cannot be read: {error}.").format(error=error.strerror)
        raise _refused(reason) from None
    if len(content) > LARGEST_FILE:
        raise _refused(_("The file is larger than 5 MB, too large for the council's goals."))
    if content.startswith((*_SPREADSHEETS, *_OTHER_UNICODE)):
        raise _refused(
            _("This is not a file of the right kind. Save the spreadsheet as “CSV UTF-8”.")
        )
    if b"\0" in content:
        raise _refused(_("This is not a text file. Choose a file in the format CSV."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Guessing the encoding would store å, ä and ö as other letters without a word.
        line = content.count(b"\n", 0, error.start) + 1
        reason = _("The letters are not stored as UTF-8. Save the file as “CSV UTF-8”.")
        raise _refused(reason, line) from None
    if not text.strip():
        raise _refused(_("The file is empty."))
    return unicodedata.normalize("NFC", text)


def _records(text: str) -> Iterator[tuple[int, dict[str, str] | ImportFault]]:
    """Line number and cells of each row; a row of the wrong shape comes as its fault."""
    header = text.splitlines()[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: list[str] = []
    line = 1
    while True:
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            reason = _("The quotation marks do not match from here on.")
            yield line, ImportFault(line, "", reason)
            return
        if not columns:
            columns = _header(cells, line)
        elif any(cells):
            if len(cells) == len(columns):
                yield line, dict(zip(columns, cells, strict=True))
            else:
                reason = _("The row has {found} columns where the header has {wanted}.")
                reason = reason.format(found=len(cells), wanted=len(columns))
                yield line, ImportFault(line, "", reason)
        line = reader.line_num + 1


def _header(cells: list[str], line: int) -> list[str]:
    columns = [cell.lower() for cell in cells]
    faults = [
        ImportFault(line, column, _("The column is missing."))
        for column in COLUMNS
        if column not in columns
    ]
    faults += [
        ImportFault(line, column, _("The column is unknown."))
        for column in columns
        if column not in COLUMNS
    ]
    faults += [
        ImportFault(line, column, _("The column stands there twice."))
        for column in COLUMNS
        if columns.count(column) > 1
    ]
    if faults:
        raise ImportRefusedError(faults)
    return columns


def _judge_rows(
    records: Iterable[tuple[int, dict[str, str] | ImportFault]],
) -> tuple[list[CouncilGoal], list[ImportFault]]:
    rows: list[CouncilGoal] = []
    faults: list[ImportFault] = []
    for line, cells in records:
        if isinstance(cells, ImportFault):
            faults.append(cells)
            continue
        wrong = [
            ImportFault(line, column, reason)
            for column, judge in _JUDGES.items()
            if (reason := judge(cells))
        ]
        faults += wrong
        if not wrong:
            first_year, last_year = _years_in(cells["mandate_period"])
            rows.append(
                CouncilGoal(
                    line=line,
                    first_year=first_year,
                    last_year=last_year,
                    number=cells["number"],
                    level=LEVELS[cells["level"].lower()],
                    parent_number=cells["parent_number"],
                    title=" ".join(cells["title"].split()),
                    is_verified=YES_OR_NO[cells["verified"].lower()],
                )
            )
    return rows, faults


def _years_in(period: str) -> tuple[int, int]:
    """(0, 0) when it is no period."""
    match = _PERIOD.fullmatch(period)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _fault_of_period(cells: dict[str, str]) -> str:
    first, last = _years_in(cells["mandate_period"])
    if not FIRST_YEAR <= first <= last <= LAST_YEAR:
        return _("Write the mandate period as its first and last year, such as 2019-2022.")
    if last - first >= LONGEST_PERIOD:
        return _("A mandate period is at most four years.")
    return ""


def _fault_of_number(cells: dict[str, str]) -> str:
    number = cells["number"]
    if not number:
        return _("The number is missing.")
    if len(number) > LONGEST_NUMBER or not _NUMBER.fullmatch(number):
        return _(
            "Write the number as figures with points between, such as 1.2. "
            "A spreadsheet may have made it into a date."
        )
    return ""


def _fault_of_level(cells: dict[str, str]) -> str:
    if cells["level"].lower() in LEVELS:
        return ""
    return _("Write orientation or operational_area.")


def _fault_of_parent(cells: dict[str, str]) -> str:
    level = LEVELS.get(cells["level"].lower())
    if level == Goal.Level.ORIENTATION and cells["parent_number"]:
        return _("An orientation goal lies under no other goal. Leave the column empty.")
    if level == Goal.Level.OPERATIONAL_AREA and not cells["parent_number"]:
        return _("Give the number of the orientation goal that this goal lies under.")
    return ""


def _fault_of_title(cells: dict[str, str]) -> str:
    title = " ".join(cells["title"].split())
    if not title:
        return _("The title is missing.")
    if len(title) > LONGEST_TITLE:
        return _("The title has {length} characters, at most {limit} have room.").format(
            length=len(title), limit=LONGEST_TITLE
        )
    if any(unicodedata.category(character) in {"Cc", "Co", "Cn"} for character in title):
        return _("The title holds characters that are no text.")
    return ""


def _fault_of_verified(cells: dict[str, str]) -> str:
    return "" if cells["verified"].lower() in YES_OR_NO else _("Write yes or no.")


_JUDGES = {
    "mandate_period": _fault_of_period,
    "number": _fault_of_number,
    "level": _fault_of_level,
    "parent_number": _fault_of_parent,
    "title": _fault_of_title,
    "verified": _fault_of_verified,
}


def _twice(rows: Iterable[CouncilGoal]) -> Iterator[ImportFault]:
    seen: dict[tuple[int, int, str], int] = {}
    for row in rows:
        first = seen.setdefault(row.key, row.line)
        if first != row.line:
            reason = _("The number stands in line {line} too, for the same mandate period.")
            yield ImportFault(row.line, "number", reason.format(line=first))


def _overlaps(lines: dict[tuple[int, int], int]) -> Iterator[ImportFault]:
    """`lines` names a line for each period; a stored period has line 0 and is not at fault."""
    periods = sorted(lines, key=lambda period: lines[period])
    for index, period in enumerate(periods):
        for other in periods[:index]:
            if lines[period] and period[0] <= other[1] and other[0] <= period[1]:
                reason = _("The mandate period overlaps with {first}-{last}.")
                reason = reason.format(first=other[0], last=other[1])
                yield ImportFault(lines[period], "mandate_period", reason)


# --- What is stored ----------------------------------------------------------------------------

Stored = dict[tuple[int, int, str], Goal]


def _wait_for_others() -> None:
    """Until the end of the transaction no other import runs."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('goals.council_import'))")
    except OperationalError as error:
        raise ImportBusyError(
            _("Another import is running. Wait a moment and try again.")
        ) from error


def _misfits(rows: list[CouncilGoal], stored: Stored) -> Iterator[ImportFault]:
    levels = {key: goal.level for key, goal in stored.items()}
    levels |= {row.key: row.level for row in rows}
    for row in rows:
        known = stored.get(row.key)
        if known is not None and known.level != row.level:
            reason = _("The goal is stored at the other level: {level}.")
            yield ImportFault(row.line, "level", reason.format(level=known.get_level_display()))
        if not row.parent_number:
            continue
        parent_level = levels.get((*row.period, row.parent_number))
        if parent_level is None:
            reason = _("No goal of the mandate period has the number {number}.")
            yield ImportFault(row.line, "parent_number", reason.format(number=row.parent_number))
        elif parent_level != Goal.Level.ORIENTATION:
            reason = _("The goal {number} is no orientation goal.")
            yield ImportFault(row.line, "parent_number", reason.format(number=row.parent_number))


def _overlaps_with(rows: list[CouncilGoal], stored: Stored) -> Iterator[ImportFault]:
    periods = {row.period: row.line for row in reversed(rows)}
    periods |= {(first, last): 0 for first, last, _number in stored}
    return _overlaps(periods)


@dataclass
class _Import:
    source: str
    is_example: bool
    at: datetime
    goals: Stored

    def store(self, rows: list[CouncilGoal]) -> ImportOutcome:
        outcome = ImportOutcome()
        known = dict(self.goals)
        # Whatever the order in the file, a goal is stored after the one it lies under.
        for row in sorted(rows, key=lambda row: row.level != Goal.Level.ORIENTATION):
            goal = self.goals.get(row.key)
            if goal is None:
                outcome.created.append(self._create(row))
            elif (changed := self._change(goal, row)) is not None:
                outcome.changed.append(changed)
            else:
                outcome.unchanged.append(goal)
        periods, keys = {row.period for row in rows}, {row.key for row in rows}
        outcome.missing = [
            goal for key, goal in known.items() if key[:2] in periods and key not in keys
        ]
        return outcome

    def _parent(self, row: CouncilGoal) -> Goal | None:
        return self.goals[(*row.period, row.parent_number)] if row.parent_number else None

    def _create(self, row: CouncilGoal) -> Goal:
        goal = self.goals[row.key] = Goal.objects.create(
            level=row.level,
            unit=self._city,
            first_year=row.first_year,
            last_year=row.last_year,
            number=row.number,
            title=row.title,
            parent=self._parent(row),
            status=Goal.Status.ADOPTED,
            adopted_at=self.at,
            version_number=1,
            is_verified=row.is_verified,
            is_example=self.is_example,
        )
        self._keep_version(goal)
        return goal

    def _change(self, goal: Goal, row: CouncilGoal) -> Goal | None:
        parent = self._parent(row)
        marks = row.is_verified, self.is_example
        has_new_words = (goal.title, goal.parent) != (row.title, parent)
        if not has_new_words and (goal.is_verified, goal.is_example) == marks:
            return None
        goal = self.goals[row.key] = lock_revision(Goal.objects.all(), goal.pk, goal.revision)
        goal.title, goal.parent = row.title, parent
        goal.is_verified, goal.is_example = marks
        goal.version_number += has_new_words
        goal.save()
        if has_new_words:
            self._keep_version(goal, reason=_("Import of {file}").format(file=self.source))
        return goal

    def _keep_version(self, goal: Goal, reason: str = "") -> None:
        GoalVersion.objects.create(
            goal=goal,
            number=goal.version_number,
            parent=goal.parent,
            decided_on=goal.decided_on,
            reference_number=goal.reference_number,
            reason=reason,
            made_at=self.at,
            **{part: getattr(goal, part) for part in GOAL_PARTS},
        )

    @cached_property
    def _city(self) -> Unit:
        return Unit.objects.city_root()
