"""The way of a report: written together, handed in, returned or accepted, corrected with a reason.

What is written is kept row by row (`keep_row`), so that two people in one report meet only where
they write in the same row, and then the second is shown both texts.
"""

from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import Count, Exists, F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from goals import rules
from goals.measuring import quotient
from goals.models import (
    Activity,
    ActivityGoal,
    ActivityNote,
    Analysis,
    Assessment,
    Goal,
    Indicator,
    Need,
    Period,
    Report,
    ReportStep,
    ReportVersion,
    Target,
    Value,
)
from goals.sheet import Sheet, goals_of_report, read_sheet
from goals.snapshots import SCHEMA, encoded, snapshot_of, working_snapshot
from units.models import Unit, User
from units.revisions import StaleRevisionError, lock_revision

M = TypeVar("M", bound=models.Model)


class ReportNotReadyError(Exception):
    """The report cannot take this step; the text says why and what to do, in the user's language.
    `missing` names what has to be written first."""

    def __init__(self, text: str, missing: "list[Missing] | None" = None) -> None:
        super().__init__(text)
        self.missing = missing or []


@dataclass(frozen=True)
class Missing:
    """Something to write before the report can be handed in; `anchor` is where on its page."""

    text: str
    anchor: str


# --- Writing -----------------------------------------------------------------------------------


def begin_report(*, unit: Unit, period: Period, by: User) -> Report:
    """The unit's report for the period, made when it is not there; two at once get the same."""
    del by  # the history notes who
    report, _is_new = Report.objects.get_or_create(unit=unit, period=period)
    return report


@transaction.atomic
def write_summary(*, report: Report, revision: int, text: str, by: User) -> Report:
    """Raises StaleRevisionError and ReportNotReadyError."""
    report = _lock_for_writing(report, by)
    if report.summary == text:
        return report
    if report.revision != revision:
        raise StaleRevisionError(report)
    report.summary = text
    report.revision += 1
    report.save(update_fields=["summary", "revision"])
    return report


@transaction.atomic
def write_value(
    *,
    report: Report,
    indicator: Indicator,
    gender: str,
    revision: int,
    fields: dict[str, Any],
    by: User,
) -> Value:
    """`fields` holds value (or numerator and denominator, where the indicator has parts, and then
    the value is worked out), is_not_measured, forecast, comment and source. Raises
    StaleRevisionError and ReportNotReadyError."""
    report = _lock_for_writing(report, by)
    if fields.get("is_not_measured"):
        fields = fields | {"value": None, "numerator": None, "denominator": None}
    elif indicator.has_parts:
        numerator, denominator = fields.get("numerator"), fields.get("denominator")
        value = None
        if numerator is not None and denominator:
            value = quotient(numerator, denominator, indicator.factor)
        fields = fields | {"value": value}
    return keep_row(
        Value.objects.all(),
        {
            "indicator": indicator,
            "unit_id": report.unit_id,
            "period_id": report.period_id,
            "gender": gender,
        },
        revision,
        fields,
    )


@transaction.atomic
def write_assessment(
    *, report: Report, goal: Goal, revision: int, fields: dict[str, Any], by: User
) -> Assessment:
    """`fields` holds judgement, reason and difference. Raises StaleRevisionError and
    ReportNotReadyError."""
    report = _lock_for_writing(report, by)
    return keep_row(Assessment.objects.all(), {"report": report, "goal": goal}, revision, fields)


@transaction.atomic
def write_note(
    *, report: Report, activity: Activity, revision: int, fields: dict[str, Any], by: User
) -> ActivityNote:
    """`fields` holds state and text. The activity itself takes the state when the report is handed
    in. Raises StaleRevisionError and ReportNotReadyError."""
    report = _lock_for_writing(report, by)
    where = {"report": report, "activity": activity}
    return keep_row(ActivityNote.objects.all(), where, revision, fields)


@transaction.atomic
def write_analysis(
    *, report: Report, goal: Goal, revision: int, fields: dict[str, Any], by: User
) -> Analysis:
    """Raises StaleRevisionError and ReportNotReadyError."""
    report = _lock_for_writing(report, by)
    return keep_row(Analysis.objects.all(), {"report": report, "goal": goal}, revision, fields)


@transaction.atomic
def decide_measure(*, report: Report, goal: Goal, fields: dict[str, Any], by: User) -> Activity:
    """What is to be done because of the result: an activity, proposed until the report is handed
    in. `fields` holds title, description, responsible, starts_on and due_on. Raises
    ReportNotReadyError."""
    report = _lock_for_writing(report, by)
    assessment, _is_new = Assessment.objects.get_or_create(report=report, goal=goal)
    activity = Activity.objects.create(
        unit=report.unit, assessment=assessment, state=Activity.State.PROPOSED, **fields
    )
    ActivityGoal.objects.create(activity=activity, goal=goal)
    return activity


@transaction.atomic
def drop_measure(*, report: Report, activity: Activity, by: User) -> None:
    """Only while it is proposed. Raises ReportNotReadyError."""
    _lock_for_writing(report, by)
    activity = Activity.objects.select_for_update().filter(pk=activity.pk).first() or activity
    if activity.state != Activity.State.PROPOSED:
        raise ReportNotReadyError(
            _("The measure is under way. Say instead on its page that it is stopped, and why.")
        )
    activity.delete()


@transaction.atomic
def name_need(*, report: Report, fields: dict[str, Any], by: User) -> Need:
    """`fields` holds theme, text and goal. Raises ReportNotReadyError."""
    report = _lock_for_writing(report, by)
    return Need.objects.create(report=report, **fields)


@transaction.atomic
def drop_need(*, report: Report, need: Need, by: User) -> None:
    """Raises ReportNotReadyError."""
    _lock_for_writing(report, by)
    # As it is now: it may have been handed in since the caller read it.
    need = Need.objects.filter(pk=need.pk).first() or need
    if need.submitted_at:
        Need.objects.filter(pk=need.pk).update(is_dropped=True, revision=F("revision") + 1)
    else:
        need.delete()


def keep_row(
    rows: "models.QuerySet[M]", where: dict[str, Any], revision: int, fields: dict[str, Any]
) -> M:
    """Make or change the one row `where`, inside a transaction. `revision` is 0 where there was no
    row to see. To send again what is stored already is no change and no conflict, so a retry has
    one effect. Raises StaleRevisionError."""
    row, is_new = rows.select_for_update(of=("self",)).get_or_create(**where, defaults=fields)
    if is_new or all(getattr(row, name) == value for name, value in fields.items()):
        return row
    # A row that came about for a measure to hang on holds no words that could be overwritten.
    is_unseen = revision == 0 and all(not getattr(row, name) for name in fields)
    if row.revision != revision and not is_unseen:  # type: ignore[attr-defined]
        raise StaleRevisionError(row)
    for name, value in fields.items():
        setattr(row, name, value)
    row.revision += 1  # type: ignore[attr-defined]
    row.save(update_fields=[*fields, "revision"])
    return row


def _lock_for_writing(report: Report, by: User) -> Report:
    """One writer at a time, and none once it has been handed in."""
    report = (
        Report.objects.select_for_update(of=("self",))
        .select_related("unit", "period__plan_year")
        .get(pk=report.pk)
    )
    if not report.is_being_written:
        raise ReportNotReadyError(
            _("The report has been handed in. Correct it, with a reason, to write in it again.")
        )
    if not rules.can_write_report(by, report):
        raise ReportNotReadyError(
            _("The period has been closed. Make a late correction, with a reason.")
        )
    return report


# --- Handing in and back -----------------------------------------------------------------------


def what_is_missing(sheet: Sheet) -> list[Missing]:
    """What has to be written before the report can be handed in, in the order of the page."""
    missing: list[Missing] = []
    if not sheet.goals:
        missing.append(Missing(_("Adopt at least one goal for the year first."), "goals"))
    if not sheet.period.asks_judgement and not sheet.period.asks_values:
        return missing
    for row in sheet.goals:
        anchor, title = f"goal-{row.goal.pk}", str(row.goal)
        missing += [
            Missing(
                _("Give a value for “{indicator}”, or say that it was not measured.").format(
                    indicator=indicator.target.indicator
                ),
                f"indicator-{indicator.target.indicator_id}",
            )
            for indicator in row.indicators
            if indicator.is_missing
        ]
        missing += [
            Missing(
                f"{indicator.target.indicator}: "
                + _("Fewer than five: give only the total, so that no single person shows."),
                f"indicator-{indicator.target.indicator_id}",
            )
            for indicator in row.indicators
            if indicator.is_asked and _leaves_few(indicator.values)
        ]
        if not sheet.period.asks_judgement:
            continue
        if not row.assessment.judgement:
            text = _("Judge how the goal “{goal}” is met.")
            missing.append(Missing(text.format(goal=title), anchor))
        elif not row.assessment.reason:
            text = _("Give the reason for your judgement of “{goal}”.")
            missing.append(Missing(text.format(goal=title), anchor))
        if row.differs and not row.assessment.difference:
            text = _("Say in a sentence why you judge “{goal}” otherwise than suggested.")
            missing.append(Missing(text.format(goal=title), anchor))
        if row.needs_measure and not row.measures:
            text = _("“{goal}” is not fully met: decide at least one measure.")
            missing.append(Missing(text.format(goal=title), anchor))
    return missing


def _leaves_few(values: list[Value]) -> bool:
    """Whether those who are in the total and in no group that is told can be counted on one hand:
    anyone who subtracts sees them."""
    total, *groups = (value.denominator for value in values)
    told = [number for number in groups if number is not None]
    if total is None or not told:
        return False
    return 0 < total - sum(told) < rules.FEWEST_IN_A_FIGURE


def mark_of(report: Report) -> str:
    """Changes whenever anything in the report does: for whoever hands in what they have read."""
    goals = goals_of_report(report.unit, report.period).order_by().values("pk")
    targets = Target.objects.filter(goal__in=goals, year=report.period.plan_year.year)
    links = ActivityGoal.objects.filter(goal__in=goals)
    parts = [
        Goal.objects.filter(pk__in=goals),
        targets,
        Indicator.objects.filter(pk__in=targets.values("indicator")),
        Activity.objects.filter(pk__in=links.values("activity")),
        Value.objects.filter(unit=report.unit_id, period=report.period_id),
        Assessment.objects.filter(report=report),
        Analysis.objects.filter(report=report),
        ActivityNote.objects.filter(report=report),
        Need.objects.filter(report=report),
    ]

    def summed(rows: "models.QuerySet[Any]") -> Subquery:
        total = (
            rows.order_by()
            .annotate(one=F("pk") * 0)
            .values("one")
            .annotate(mark=Sum("revision") + Count("pk") * 1000 + Sum("pk"))
        )
        return Subquery(total.values("mark"))

    marks = (
        Report.objects.filter(pk=report.pk)
        .annotate(
            **{f"part_{number}": Coalesce(summed(rows), 0) for number, rows in enumerate(parts)}
        )
        .values_list("revision", *(f"part_{number}" for number in range(len(parts))))
        .get()
    )
    return "-".join(map(str, marks))


@transaction.atomic
def submit_report(*, report: Report, mark: str, by: User) -> Report:
    """Hand in: freeze what is said under the next version, and open it to everyone. Raises
    StaleRevisionError when the report has changed since `mark_of` it was read, and
    ReportNotReadyError."""
    report = _lock_for_writing(report, by)
    if mark_of(report) != mark:
        raise StaleRevisionError(report)
    sheet = read_sheet(report.unit, report.period, report)
    if missing := what_is_missing(sheet):
        raise ReportNotReadyError(_("Something remains to be written first."), missing)
    now = timezone.now()
    said_before = _states_said(report)
    report.version_number += 1
    report.status = Report.Status.SUBMITTED
    _keep_suggestions(sheet)
    _agree_on_measures(sheet)
    ReportVersion.objects.create(
        report=report,
        number=report.version_number,
        schema=SCHEMA,
        snapshot=encoded(working_snapshot(report, sheet)),
        reason=report.correction_reason,
        made_at=now,
        made_by=by,
    )
    _tell(report, sheet, said_before)
    _step(report, ReportStep.Kind.SUBMITTED, report.correction_reason, by)
    report.correction_reason = ""
    report.revision += 1
    report.save()
    return report


@transaction.atomic
def return_report(*, report: Report, revision: int, comment: str, by: User) -> Report:
    """Give it back with a comment. What was handed in stays open to everyone until it is handed in
    anew. Raises StaleRevisionError and ReportNotReadyError."""
    report = _lock_submitted(report, revision)
    report.status = Report.Status.RETURNED
    report.save()
    _step(report, ReportStep.Kind.RETURNED, comment, by)
    return report


@transaction.atomic
def accept_report(*, report: Report, revision: int, comment: str, by: User) -> Report:
    """Raises StaleRevisionError and ReportNotReadyError."""
    report = _lock_submitted(report, revision)
    report.status = Report.Status.ACCEPTED
    report.save()
    _step(report, ReportStep.Kind.ACCEPTED, comment, by)
    return report


@transaction.atomic
def begin_correction(*, report: Report, revision: int, reason: str, by: User) -> Report:
    """Open for writing what was handed in or closed; handing in makes a new version with the
    reason. Raises StaleRevisionError and ReportNotReadyError."""
    report = lock_revision(
        Report.objects.select_related("unit", "period__plan_year"), report.pk, revision
    )
    if not rules.can_correct_report(by, report):
        raise ReportNotReadyError(_("The report is open for writing already."))
    report.status, report.correction_reason = Report.Status.CORRECTING, reason
    report.save()
    _step(report, ReportStep.Kind.CORRECTION, reason, by)
    return report


def _lock_submitted(report: Report, revision: int) -> Report:
    report = lock_revision(
        Report.objects.select_related("unit", "period__plan_year"), report.pk, revision
    )
    if report.status != Report.Status.SUBMITTED:
        raise ReportNotReadyError(
            _("The report is not handed in: {state}.").format(state=report.get_status_display())
        )
    return report


def _step(report: Report, kind: str, comment: str, by: User) -> None:
    ReportStep.objects.create(
        report=report,
        kind=kind,
        version_number=report.version_number,
        comment=comment,
        taken_by=by,
    )


def _keep_suggestions(sheet: Sheet) -> None:
    for row in sheet.goals:
        suggestion = row.suggestion.judgement or ""
        if row.assessment.pk and row.assessment.suggestion != suggestion:
            row.assessment.suggestion = suggestion
            row.assessment.revision += 1
            row.assessment.save(update_fields=["suggestion", "revision"])


def _agree_on_measures(sheet: Sheet) -> None:
    """In what is handed in, what was proposed is to be done, as `_tell` writes to the rows."""
    for row in sheet.goals:
        for each in row.activities:
            if each.note.state == Activity.State.PROPOSED:
                each.note.state = Activity.State.NOT_BEGUN


def _states_said(report: Report) -> dict[int, str]:
    """By activity: the state that the version before told."""
    version = report.versions.filter(number=report.version_number).first()
    if version is None:
        return {}
    goals = snapshot_of(version).goals
    return {activity.pk: activity.state for goal in goals for activity in goal.activities}


def _tell(report: Report, sheet: Sheet, said_before: dict[int, str]) -> None:
    """Let the working rows be what is handed in: set-based, whatever their number. What was written
    and has no place in the report any more is not in its version, and is not told either."""
    now = timezone.now()
    values = [value.pk for row in sheet.indicators for value in row.values if value.pk]
    Value.objects.filter(pk__in=values, unit=report.unit_id, period=report.period_id).update(
        submitted_value=F("value"),
        submitted_numerator=F("numerator"),
        submitted_denominator=F("denominator"),
        submitted_is_not_measured=F("is_not_measured"),
        submitted_comment=F("comment"),
        submitted_at=now,
        revision=F("revision") + 1,
    )
    assessments = [row.assessment.pk for row in sheet.goals if row.assessment.pk]
    Assessment.objects.filter(pk__in=assessments, report=report).update(
        submitted_judgement=F("judgement"),
        submitted_reason=F("reason"),
        submitted_at=now,
        revision=F("revision") + 1,
    )
    Need.objects.filter(report=report, is_dropped=True).delete()
    Need.objects.filter(report=report).update(submitted_at=now, revision=F("revision") + 1)
    Activity.objects.filter(assessment__report=report, state=Activity.State.PROPOSED).update(
        state=Activity.State.NOT_BEGUN, revision=F("revision") + 1
    )
    _tell_states(report, sheet, said_before)


def _tell_states(report: Report, sheet: Sheet, said_before: dict[int, str]) -> None:
    """An activity takes the state that the report gives it, unless that is old: said by the version
    before as well, or a later period has told of the activity since."""
    said = [
        row.note.pk
        for goal in sheet.goals
        for row in goal.activities
        if row.note.pk and said_before.get(row.activity.pk) != row.note.state
    ]
    later = ActivityNote.objects.filter(
        activity=OuterRef("activity"),
        report__version_number__gt=0,
        report__period__ends_on__gt=report.period.ends_on,
    )
    news = ActivityNote.objects.filter(pk__in=said, report=report).exclude(Exists(later))
    notes = news.filter(activity=OuterRef("pk"))
    changed = Activity.objects.filter(Exists(notes)).exclude(
        state=Subquery(notes.values("state")[:1])
    )
    today = timezone.localdate()
    changed.filter(Exists(notes.filter(state=Activity.State.DONE))).update(
        state=Activity.State.DONE, done_on=today, revision=F("revision") + 1
    )
    changed.update(
        state=Subquery(notes.values("state")[:1]), done_on=None, revision=F("revision") + 1
    )
