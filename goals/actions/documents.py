"""A board's document: ordered once, put together by one at a time, kept when it is ready."""

from collections.abc import Iterable
from datetime import timedelta
from typing import IO

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from goals.models import DocumentBuild, Period
from units.models import Unit, User

STALE_AFTER = timedelta(seconds=30)
State = DocumentBuild.State


class BuildLostError(Exception):
    """Somebody else has taken the build up, believing its builder dead."""


@transaction.atomic
def order_document(*, unit: Unit, period: Period, language: str, by: User) -> DocumentBuild:
    """The build that is under way for the unit, period and language, or a new one."""
    # Two orders at once wait for each other here, and the second finds the first.
    Unit.objects.select_for_update(no_key=True).get(pk=unit.pk)
    under_way = DocumentBuild.objects.filter(
        unit=unit,
        period=period,
        language=language,
        state__in=[State.WAITING, State.RUNNING],
    )
    build = under_way.order_by("pk").first()
    return build or DocumentBuild.objects.create(
        unit=unit, period=period, language=language, asked_by=by
    )


def waiting_builds() -> QuerySet[DocumentBuild]:
    """Those to be taken up: new ones, and those whose builder has not been heard of for long."""
    silent_since = timezone.now() - STALE_AFTER
    return DocumentBuild.objects.filter(
        Q(state=State.WAITING) | Q(state=State.RUNNING, seen_alive_at__lt=silent_since)
    )


@transaction.atomic
def take_up_build() -> DocumentBuild | None:
    """The build that has waited longest, from now on the caller's alone."""
    found = (
        waiting_builds()
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("unit", "period__plan_year__unit")
        .defer("pdf", "docx")
        .order_by("asked_at", "pk")
        .first()
    )
    if found is None:
        return None
    found.state, found.seen_alive_at, found.done = State.RUNNING, timezone.now(), 0
    found.save(update_fields=["state", "seen_alive_at", "done"])
    return found


def tell_build_progress(*, build: DocumentBuild, done: int, total: int) -> None:
    """Raises BuildLostError when the build is no longer the caller's."""
    now = timezone.now()
    _mine(build, done=done, total=total, seen_alive_at=now)
    build.seen_alive_at = now


def keep_document(
    *, build: DocumentBuild, pdf: IO[bytes], docx: IO[bytes], named: Iterable[int]
) -> None:
    """`named` holds the keys of those whose names stand in it. Raises BuildLostError when
    the build is no longer the caller's."""
    # One at a time: on its way to the database a file takes several times its size in memory.
    _mine(build, pdf=pdf.read())
    _mine(build, docx=docx.read(), state=State.READY, ready_at=timezone.now(), named=sorted(named))


def fail_build(*, build: DocumentBuild) -> None:
    """Raises BuildLostError when the build is no longer the caller's."""
    _mine(build, state=State.FAILED)


def _mine(build: DocumentBuild, **fields: object) -> None:
    mine = DocumentBuild.objects.filter(
        pk=build.pk, state=State.RUNNING, seen_alive_at=build.seen_alive_at
    )
    if not mine.update(**fields):
        raise BuildLostError
