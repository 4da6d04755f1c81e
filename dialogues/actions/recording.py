"""The joint page: what the two write together, section by section, and each on the other's side
of an expectation."""

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogues.actions.steps import StepRefusedError, lock
from dialogues.models import (
    Criterion,
    CriterionWeighing,
    ExpectationResult,
    Party,
    RecordPart,
    Section,
    Talk,
)
from dialogues.rules import TalkRights
from dialogues.states import Action
from goals.actions.reports import keep_row
from goals.models import Expectation
from units.models import User


def may_write_section(rights: TalkRights, section: Section) -> bool:
    """In the record too a section of one of the two is written by that one alone."""
    if section.is_own_notes or not rights.may(Action.WRITE):
        return False
    if section.owner == Section.Owner.EMPLOYEE:
        return rights.is_employee
    if section.owner == Section.Owner.MANAGER:
        return rights.is_holder
    return True


@transaction.atomic
def write_part(*, talk: Talk, section: Section, revision: int, text: str, by: User) -> RecordPart:
    """Raises StaleRevisionError and StepRefusedError."""
    talk = lock(talk, Action.WRITE, by=by)
    if not may_write_section(TalkRights(by, talk), section):
        raise StepRefusedError(_("This section is written by the other of the two."))
    part: RecordPart = _keep(
        RecordPart, {"talk": talk, "section": section}, revision, by, text=text
    )
    return part


@transaction.atomic
def write_weighing(
    *, talk: Talk, criterion: Criterion, revision: int, fields: dict[str, Any], by: User
) -> CriterionWeighing:
    """`fields` holds step, weighed and would_raise. Raises StaleRevisionError and
    StepRefusedError."""
    talk = lock(talk, Action.WRITE, by=by)
    where = {"talk": talk, "criterion": criterion}
    weighing: CriterionWeighing = _keep(CriterionWeighing, where, revision, by, **fields)
    return weighing


@transaction.atomic
def write_result(
    *, talk: Talk, expectation: Expectation, revision: int, fields: dict[str, Any], by: User
) -> ExpectationResult:
    """How the expectation went, as `by` sees it; `fields` holds outcome and words. Raises
    StaleRevisionError and StepRefusedError."""
    talk = lock(talk, Action.WRITE, by=by)
    if expectation.employment.person_id != talk.employee_id:
        raise StepRefusedError(_("The expectation belongs to somebody else."))
    party = Party.EMPLOYEE if talk.employee_id == by.pk else Party.MANAGER
    where = {"expectation": expectation, "party": party}
    row = ExpectationResult.objects.filter(**where).first()
    fixed = {
        "employment_id": expectation.employment_id,
        "employee_id": talk.employee_id,
    }
    told = fields | {"author_id": by.pk, "talk_id": talk.pk}
    if row is not None and all(getattr(row, name) == value for name, value in fields.items()):
        return row
    if row is None:
        told |= fixed
    return keep_row(
        ExpectationResult.objects.all(), where, revision, told | {"written_at": timezone.now()}
    )


def _keep(model: Any, where: dict[str, Any], revision: int, by: User, **fields: Any) -> Any:
    row = model.objects.filter(**where).first()
    if row is not None and all(getattr(row, name) == value for name, value in fields.items()):
        return row
    told = fields | {"written_by_id": by.pk, "written_at": timezone.now()}
    return keep_row(model.objects.all(), where, revision, told)
