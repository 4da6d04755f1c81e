"""Reports from the database as documents need them, and the names that documents may say."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.db.models import Case, F, QuerySet, Value, When
from django.utils import timezone

from goals.documents.board import Book, Entry
from goals.documents.content import HandedIn, Names, tally_of
from goals.documents.model import cleaned
from goals.models import DocumentBuild, Report, ReportStep, ReportVersion
from goals.reports.reporting import reporting_day, units_that_report
from goals.snapshots import SCHEMA, decoded, encoded, working_snapshot
from units.models import Unit, User
from units.sorting import swedish_order

ROWS_AT_A_TIME = 500

Acceptances = dict[int, datetime]


def handed_in(version: ReportVersion, accepted: Acceptances) -> HandedIn:
    """A version as it was handed in; `accepted` as `acceptances` gives it."""
    return HandedIn(
        snapshot=decoded(cleaned(version.snapshot), version.schema),
        at=version.made_at,
        accepted_at=accepted.get(version.report_id),
    )


def working_copy(report: Report) -> HandedIn:
    """The report as it is being written: for those who may see that."""
    snapshot = decoded(cleaned(encoded(working_snapshot(report))), SCHEMA)
    return HandedIn(snapshot=msgspec.structs.replace(snapshot, version_number=0))


def acceptances(versions: QuerySet[ReportVersion]) -> Acceptances:
    """When these versions were accepted, by report; one version of each."""
    steps = ReportStep.objects.filter(
        kind=ReportStep.Kind.ACCEPTED,
        report__versions__in=versions,
        version_number=F("report__versions__number"),
    ).order_by("taken_at", "pk")
    return {step.report_id: step.taken_at for step in steps}


def names_of(people: Iterable[int]) -> Names:
    """Documents are passed on, so whoever has a protected identity is named in none."""
    shown = User.objects.filter(pk__in=set(people), has_protected_identity=False)
    return Names({person.pk: str(cleaned(str(person))) for person in shown})


# --- A board's document ------------------------------------------------------------------------


@dataclass(frozen=True)
class Material:
    """What a board's document is made of. The chapters are read anew at each walk through them."""

    book: Book
    names: Names
    versions: QuerySet[ReportVersion]
    accepted: Acceptances

    def chapters(self) -> Iterator[HandedIn]:
        for version in self.versions.iterator(chunk_size=ROWS_AT_A_TIME):
            yield handed_in(version, self.accepted)


def latest_versions(build: DocumentBuild) -> QuerySet[ReportVersion]:
    """What the unit and all below it have handed in for the period, the unit's own first."""
    below = Unit.objects.below(build.unit, reporting_day(build.period))
    own_first = Case(When(report__unit=build.unit_id, then=Value(0)), default=Value(1))
    return (
        ReportVersion.objects.filter(
            report__period=build.period,
            report__unit__in=below.order_by().values("pk"),
            number=F("report__version_number"),
        )
        .select_related("report")
        .order_by(own_first, swedish_order("report__unit__name"), "pk")
    )


def material_of(build: DocumentBuild) -> Material:
    unit, period = build.unit, build.period
    versions = latest_versions(build)
    accepted = acceptances(versions.order_by())
    entries: list[Entry] = []
    people: set[int] = set()
    told: set[int] = set()
    for version in versions.iterator(chunk_size=ROWS_AT_A_TIME):
        chapter = handed_in(version, accepted)
        snapshot = chapter.snapshot
        told.add(version.report.unit_id)
        people |= chapter.people
        entries.append(
            Entry(
                unit=snapshot.unit,
                is_own=version.report.unit_id == unit.pk,
                tally=tally_of(snapshot),
                indicators=sum(len(goal.indicators) for goal in snapshot.goals),
                activities=sum(len(goal.activities) for goal in snapshot.goals),
            )
        )
    asked = units_that_report(period).filter(
        pk__in=Unit.objects.below(unit, reporting_day(period)).order_by().values("pk")
    )
    waiting = [str(each) for each in asked.in_swedish_order() if each.pk not in told]
    book = Book(
        unit=str(unit),
        period=period.name,
        year=period.plan_year.year,
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        is_plan=period.is_plan,
        made_on=timezone.localdate(),
        entries=entries,
        waiting=cleaned(waiting),
    )
    return Material(book=book, names=names_of(people), versions=versions, accepted=accepted)
