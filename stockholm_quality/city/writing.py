"""The rows of reports while they are being written, and how they are stored."""

from dataclasses import dataclass, field
from datetime import date, datetime

from goals.models import (
    Activity,
    ActivityGoal,
    ActivityNote,
    Analysis,
    Assessment,
    Need,
    Period,
    Report,
    ReportStep,
    ReportVersion,
    Value,
)
from stockholm_quality.city.courses import Course
from stockholm_quality.city.frozen import Frozen, GoalSaid
from stockholm_quality.city.organisation import ROWS_AT_A_TIME
from stockholm_quality.city.reporters import Reporter

# Of a hundred: what has been filled in of a report that is being written.
WRITTEN_IN_A_DRAFT = 45
REVISION_HANDED_IN = 2


@dataclass
class Rows:
    """What is stored at a time, in this order."""

    reports: list[Report] = field(default_factory=list)
    assessments: list[Assessment] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    links: list[ActivityGoal] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    notes: list[ActivityNote] = field(default_factory=list)
    analyses: list[Analysis] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    steps: list[ReportStep] = field(default_factory=list)
    frozen: list[Frozen] = field(default_factory=list)

    def store(self) -> None:
        Report.objects.bulk_create(self.reports, batch_size=ROWS_AT_A_TIME)
        Assessment.objects.bulk_create(self.assessments, batch_size=ROWS_AT_A_TIME)
        Activity.objects.bulk_create(self.activities, batch_size=ROWS_AT_A_TIME)
        ActivityGoal.objects.bulk_create(self.links, batch_size=ROWS_AT_A_TIME)
        Value.objects.bulk_create(self.values, batch_size=ROWS_AT_A_TIME)
        ActivityNote.objects.bulk_create(self.notes, batch_size=ROWS_AT_A_TIME)
        Analysis.objects.bulk_create(self.analyses, batch_size=ROWS_AT_A_TIME)
        Need.objects.bulk_create(self.needs, batch_size=ROWS_AT_A_TIME)
        ReportStep.objects.bulk_create(self.steps, batch_size=ROWS_AT_A_TIME)
        # Activities have keys now, and the snapshots hold them.
        versions = [version for frozen in self.frozen for version in frozen.versions()]
        ReportVersion.objects.bulk_create(versions, batch_size=ROWS_AT_A_TIME)


@dataclass
class Writing:
    """One report being written."""

    reporter: Reporter
    report: Report
    period: Period
    year: int
    course: Course
    day: date  # the day of its last version, or today
    told_at: datetime | None
    rows: Rows
    said: list[GoalSaid] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)

    @property
    def is_draft(self) -> bool:
        return self.told_at is None
