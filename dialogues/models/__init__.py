"""The conversations that give the goals meaning: an employee knows what is expected; the two meet,
agree, confirm, and follow it up."""

from dialogues.models.acknowledgement import (
    Acknowledgement,
    AcknowledgementQuerySet,
    with_acknowledgement,
)
from dialogues.models.competence import CompetenceNeed
from dialogues.models.preparation import Answer, CriterionView, Preparation
from dialogues.models.record import (
    Confirmation,
    CriterionWeighing,
    ExpectationResult,
    RecordPart,
    TalkVersion,
)
from dialogues.models.round import Round, RoundChoice
from dialogues.models.talk import (
    AccessGrant,
    Party,
    Reading,
    Talk,
    TalkQuerySet,
    TalkStep,
    TalkTime,
)
from dialogues.models.template import (
    CriteriaAcknowledgement,
    CriteriaSet,
    Criterion,
    CriterionStep,
    Section,
    TalkKind,
    TalkTemplate,
    TemplateVersion,
)

__all__ = [
    "AccessGrant",
    "Acknowledgement",
    "AcknowledgementQuerySet",
    "Answer",
    "CompetenceNeed",
    "Confirmation",
    "CriteriaAcknowledgement",
    "CriteriaSet",
    "Criterion",
    "CriterionStep",
    "CriterionView",
    "CriterionWeighing",
    "ExpectationResult",
    "Party",
    "Preparation",
    "Reading",
    "RecordPart",
    "Round",
    "RoundChoice",
    "Section",
    "Talk",
    "TalkKind",
    "TalkQuerySet",
    "TalkStep",
    "TalkTemplate",
    "TalkTime",
    "TalkVersion",
    "TemplateVersion",
    "with_acknowledgement",
]
