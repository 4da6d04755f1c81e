"""The competence plan: what happens to a need, from when it is seen to what it led to."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogues.actions.steps import StepRefusedError, lock
from dialogues.models import CompetenceNeed, Talk
from dialogues.states import Action
from units.models import Employment, User
from units.revisions import StaleRevisionError


@transaction.atomic
def add_need(
    *, employment: Employment, fields: dict[str, Any], by: User, talk: Talk | None = None
) -> CompetenceNeed:
    """`fields` holds need and source, and may hold goal, expectation, activity, responsible and
    due_on; `talk` is the one that the need was seen in, for as long as its record is written: else
    StepRefusedError. Who may otherwise is for the caller to ask."""
    if talk is not None:
        lock(talk, Action.WRITE, by=by)
    return CompetenceNeed.objects.create(
        employment=employment,
        employee_id=employment.person_id,
        talk=talk,
        written_by=by,
        written_at=timezone.now(),
        **_fitting(fields),
    )


@transaction.atomic
def change_need(
    *,
    need: CompetenceNeed,
    revision: int,
    fields: dict[str, Any],
    by: User,
    talk: Talk | None = None,
) -> CompetenceNeed:
    """Reword an open need, or one that is done: its effect shows later. `talk` is the one that it
    is reworded in, for as long as its record is written. Raises StaleRevisionError and
    StepRefusedError."""
    if talk is not None:
        lock(talk, Action.WRITE, by=by)
    need = _lock(need, revision)
    if need.state == CompetenceNeed.State.DROPPED:
        raise StepRefusedError(_("The need has been dropped. Add it anew if it has come back."))
    return _save(need, _fitting(fields), by)


@transaction.atomic
def finish_need(
    *, need: CompetenceNeed, revision: int, done_on: date, effect: str, by: User
) -> CompetenceNeed:
    """Raises StaleRevisionError and StepRefusedError."""
    need = _lock(need, revision)
    _require_open(need)
    if done_on > timezone.localdate():
        raise StepRefusedError(_("It is noted as done on the day it is done, or after."))
    fields = {"state": CompetenceNeed.State.DONE, "done_on": done_on, "effect": effect}
    return _save(need, fields, by)


@transaction.atomic
def drop_need(*, need: CompetenceNeed, revision: int, reason: str, by: User) -> CompetenceNeed:
    """Raises StaleRevisionError and StepRefusedError."""
    need = _lock(need, revision)
    _require_open(need)
    if not reason.strip():
        raise StepRefusedError(_("Say why the need is dropped."))
    return _save(need, {"state": CompetenceNeed.State.DROPPED, "drop_reason": reason}, by)


@transaction.atomic
def bring_needs(*, wanted: Mapping[int, int | None], by: User) -> int:
    """Take open needs along, each (by key) to an own later employment, or back with None. How many
    changed. Raises StepRefusedError, and then changes none."""
    open_needs = CompetenceNeed.objects.open().filter(employee=by, pk__in=wanted)
    locked = {
        need.pk: need
        for need in open_needs.select_for_update(of=("self",)).select_related("employment")
    }
    own = {each.pk: each for each in Employment.objects.filter(person=by)}
    changed = 0
    for pk, employment_pk in wanted.items():
        need = locked.get(pk)
        if need is None:
            raise StepRefusedError(_("The need is not open any more."))
        if need.brought_to_id == employment_pk:
            continue
        target = own.get(employment_pk) if employment_pk else None
        if employment_pk and (target is None or not is_later(target, need.employment)):
            raise StepRefusedError(
                _("A need is taken along to a later employment of your own, that goes on.")
            )
        _save(need, {"brought_to": target}, by)
        changed += 1
    return changed


def is_later(other: Employment, employment: Employment, day: date | None = None) -> bool:
    """Whether somebody has moved from `employment` to `other`: it begins later, or goes on after
    the first has ended; and has not ended itself."""
    day = day or timezone.localdate()
    if other.pk == employment.pk or (other.ends_on and other.ends_on < day):
        return False
    if other.starts_on > employment.starts_on:
        return True
    last = employment.ends_on
    return last is not None and (other.ends_on is None or other.ends_on > last)


def _fitting(fields: dict[str, Any]) -> dict[str, Any]:
    """Without the goal or the expectation that a need of another source came from."""
    source = fields.get("source")
    if source is None:
        return fields
    named = {CompetenceNeed.Source.GOAL: "goal", CompetenceNeed.Source.EXPECTATION: "expectation"}
    return fields | {name: None for kind, name in named.items() if kind != source}


def _lock(need: CompetenceNeed, revision: int) -> CompetenceNeed:
    found = CompetenceNeed.objects.select_for_update(of=("self",)).filter(pk=need.pk).first()
    if found is None:
        raise StepRefusedError(_("The need is not in this plan."))
    if found.revision != revision:
        raise StaleRevisionError(found)
    return found


def _require_open(need: CompetenceNeed) -> None:
    if need.state != CompetenceNeed.State.OPEN:
        raise StepRefusedError(_("The need is not open any more."))


def _save(need: CompetenceNeed, fields: dict[str, Any], by: User) -> CompetenceNeed:
    for name, value in fields.items():
        setattr(need, name, value)
    need.written_by, need.written_at = by, timezone.now()
    need.revision += 1
    need.save(update_fields=[*fields, "written_by", "written_at", "revision"])
    return need
