"""The joint page: what the two write together, section by section, and each on the other's side
of an expectation."""

import re
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogues.actions.steps import StepRefusedError, lock
from dialogues.models import (
    Answer,
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


def may_write_results(talk: Talk) -> bool:
    """In a salary talk they are evidence that stands: what is said of pay stays within it, and a
    result is read by whoever holds the other talks too."""
    return not talk.is_salary_talk


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
def take_prepared(*, talk: Talk, answer: Answer, by: User) -> RecordPart | None:
    """Put what one of the two has prepared into its section, after what is written there; None
    where it stands there already. That `by` may read it is for the caller to ask. Raises
    StepRefusedError."""
    talk = lock(talk, Action.WRITE, by=by)
    if answer.talk_id != talk.pk or not may_write_section(TalkRights(by, talk), answer.section):
        raise StepRefusedError(_("This section is written by the other of the two."))
    part = RecordPart.objects.filter(talk=talk, section=answer.section).first()
    written = part.text if part else ""
    if _stands_in(written, answer.text):
        return None
    text = f"{written.rstrip()}\n\n{answer.text}".strip()
    if len(text) > (RecordPart._meta.get_field("text").max_length or 0):
        raise StepRefusedError(_("There is no room for so much text in the section."))
    revision = part.revision if part else 0
    return write_part(talk=talk, section=answer.section, revision=revision, text=text, by=by)


def _stands_in(written: str, text: str) -> bool:
    """Whether the text's paragraphs stand there whole, one after the other."""
    return f"\n\n{_evened(text)}\n\n" in f"\n\n{_evened(written)}\n\n"


def _evened(text: str) -> str:
    """Without spaces around its lines, and with one empty line between its paragraphs."""
    lines = [line.strip() for line in text.strip().splitlines()]
    return re.sub(r"\n{2,}", "\n\n", "\n".join(lines))


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
    if not may_write_results(talk):
        raise StepRefusedError(
            _("What came of the expectations is said in the other talks, not in the salary talk.")
        )
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
