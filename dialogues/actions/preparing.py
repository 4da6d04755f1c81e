"""What each writes alone before a talk, kept section by section while they write."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogues.actions.steps import StepRefusedError, lock, take_step
from dialogues.models import (
    Answer,
    Criterion,
    CriterionView,
    Party,
    Preparation,
    Section,
    Talk,
)
from dialogues.states import Action
from goals.actions.reports import keep_row
from units.models import User
from units.revisions import StaleRevisionError


@transaction.atomic
def begin_preparation(*, talk: Talk, by: User) -> Preparation:
    """One's own unshared preparation, made when it is not there; two windows get the same. After
    sharing it is a new one beside the old, beginning with what the old says."""
    talk = lock(talk, Action.PREPARE, by=by)
    own = Preparation.objects.filter(talk=talk, author=by)
    found = own.filter(shared_at=None).first()
    if found:
        return found
    last = own.order_by("-number").first()
    made = Preparation.objects.create(
        talk=talk,
        author=by,
        party=Party.EMPLOYEE if talk.employee_id == by.pk else Party.MANAGER,
        number=last.number + 1 if last else 1,
    )
    if last:
        for rows in (Answer.objects, CriterionView.objects):
            copies: list[Any] = list(rows.filter(preparation=last))
            for copy in copies:
                copy.pk, copy.preparation, copy.revision = None, made, 1
            rows.bulk_create(copies)
    return made


@transaction.atomic
def write_answer(
    *, preparation: Preparation, section: Section, revision: int, text: str, by: User
) -> Answer:
    """Raises StaleRevisionError and StepRefusedError."""
    _lock_for_writing(preparation, by)
    where = {"preparation": preparation, "section": section}
    fixed = {
        "talk_id": preparation.talk_id,
        "author_id": by.pk,
        "is_own_notes": section.is_own_notes,
    }
    return _keep(Answer, where, fixed, revision, {"text": text})


@transaction.atomic
def write_criterion_view(
    *,
    preparation: Preparation,
    criterion: Criterion,
    revision: int,
    fields: dict[str, Any],
    by: User,
) -> CriterionView:
    """`fields` holds step and reasons. Raises StaleRevisionError and StepRefusedError."""
    _lock_for_writing(preparation, by)
    where = {"preparation": preparation, "criterion": criterion}
    fixed = {"talk_id": preparation.talk_id, "author_id": by.pk}
    return _keep(CriterionView, where, fixed, revision, fields)


def _keep(
    model: Any, where: dict[str, Any], fixed: dict[str, Any], revision: int, fields: dict[str, Any]
) -> Any:
    row = model.objects.filter(**where).first()
    if row is not None and all(getattr(row, name) == value for name, value in fields.items()):
        return row
    if row is None:
        fields = fields | fixed
    kept = keep_row(model.objects.all(), where, revision, fields | {"written_at": timezone.now()})
    # Sharing asks whether anything was written since the page that it was asked from.
    preparation = where["preparation"]
    preparation.revision += 1
    preparation.save(update_fields=["revision"])
    return kept


def lock_unshared(
    preparation: Preparation, *, by: User, revision: int | None = None
) -> Preparation:
    """Raises StepRefusedError when it has been shared, and StaleRevisionError."""
    found = (
        Preparation.objects.select_for_update(of=("self",))
        .filter(pk=preparation.pk, author=by, shared_at=None)
        .first()
    )
    if found is None:
        raise StepRefusedError(
            _(
                "You have shared this preparation, and what is shared is not changed. Begin a new "
                "version beside it."
            )
        )
    if revision is not None and found.revision != revision:
        raise StaleRevisionError(found)
    return found


def _lock_for_writing(preparation: Preparation, by: User) -> None:
    lock(preparation.talk, Action.PREPARE, by=by)
    locked = lock_unshared(preparation, by=by)
    preparation.revision = locked.revision


# --- Sharing -----------------------------------------------------------------------------------


@transaction.atomic
def share_preparation(*, talk: Talk, preparation: Preparation, revision: int, by: User) -> Talk:
    """A legal moment: what is shared is an official document, never taken back or changed.

    Own notes are not shared. Raises StepRefusedError, and StaleRevisionError when something was
    written in another window since.
    """
    # The talk before what is written for it, as whoever saves a row does: neither waits in vain.
    talk = lock(talk, Action.SHARE, by=by)
    preparation = lock_unshared(preparation, revision=revision, by=by)
    talk = _get_ready(talk, Action.SHARE, by=by)
    preparation.shared_at = timezone.now()
    preparation.revision += 1
    preparation.save(update_fields=["shared_at", "revision"])
    return talk


@transaction.atomic
def waive_preparation(*, talk: Talk, by: User) -> Talk:
    """Go to the talk without having prepared in writing; then the other's opens too. To write and
    share afterwards is still possible."""
    return _get_ready(lock(talk, Action.WAIVE, by=by), Action.WAIVE, by=by)


def _get_ready(talk: Talk, action: Action, *, by: User) -> Talk:
    who = "employee" if talk.employee_id == by.pk else "holder"
    had_waived = getattr(talk, f"{who}_waived")
    changes: dict[str, Any] = {f"{who}_waived": action == Action.WAIVE}
    # The day of the first sharing is kept; a waiver before it was of something else.
    if getattr(talk, f"{who}_ready_at") is None or (had_waived and action == Action.SHARE):
        changes[f"{who}_ready_at"] = timezone.now()
    return take_step(talk, action, by=by, to=Talk.Status.PREPARING, **changes)
