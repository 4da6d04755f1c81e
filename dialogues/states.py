"""The life of a talk: who may take which step in which state. The one declared truth.

The order of states is the design's (section 5): planned, invited, preparing, held, documented,
answered by both, closed; and discontinued, from anything that both have not answered.
"""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dialogues.models import Talk

_S = Talk.Status
_BEFORE = frozenset(Talk.BEFORE)
_UNANSWERED = frozenset({*_BEFORE, _S.HELD, _S.DOCUMENTED})
_ANSWERED = frozenset({_S.CONFIRMED, _S.CLOSED})


class Relation(StrEnum):
    """What somebody is to a talk today."""

    EMPLOYEE = "employee"
    HOLDER = "holder"
    # The employee's manager today, when somebody else holds or held the talk.
    MANAGER = "manager"
    # Opened it in documented need.
    READER = "reader"


_EMPLOYEE = frozenset({Relation.EMPLOYEE})
_HOLDER = frozenset({Relation.HOLDER})
_BOTH = _EMPLOYEE | _HOLDER


class Action(StrEnum):
    PROPOSE_TIME = "propose_time"
    ANSWER_TIME = "answer_time"
    CANCEL_TIME = "cancel_time"
    PREPARE = "prepare"
    SHARE = "share"
    WAIVE = "waive"
    HOLD = "hold"
    WRITE = "write"
    DOCUMENT = "document"
    REOPEN = "reopen"
    CONFIRM = "confirm"
    CORRECT = "correct"
    REMIND = "remind"
    CLOSE = "close"
    DISCONTINUE = "discontinue"
    TAKE_OVER = "take_over"
    DELEGATE = "delegate"
    HAND_OVER = "hand_over"
    BRING_ALONG = "bring_along"
    FOLLOW_UP = "follow_up"


@dataclass(frozen=True)
class Step:
    """`words` say to somebody who may see the talk why the step cannot be taken now."""

    who: Set[Relation]
    when: Set[str]
    words: Promise


STEPS: dict[Action, Step] = {
    Action.PROPOSE_TIME: Step(
        _BOTH, _BEFORE, _("A time is proposed before the talk has been held.")
    ),
    Action.ANSWER_TIME: Step(
        _BOTH, _BEFORE, _("A time is answered before the talk has been held.")
    ),
    Action.CANCEL_TIME: Step(
        _BOTH, _BEFORE, _("A time is cancelled before the talk has been held.")
    ),
    Action.PREPARE: Step(
        _BOTH, _BEFORE, _("The talk has been held: what you want to add belongs in the record.")
    ),
    Action.SHARE: Step(
        _BOTH, _BEFORE, _("The talk has been held: what you want to add belongs in the record.")
    ),
    Action.WAIVE: Step(
        _BOTH, _BEFORE, _("The talk has been held: there is nothing more to prepare.")
    ),
    Action.HOLD: Step(_HOLDER, _BEFORE, _("The talk has been held already.")),
    Action.WRITE: Step(
        _BOTH,
        frozenset({_S.HELD}),
        _("The record is written from the talk until both are asked to confirm it."),
    ),
    Action.DOCUMENT: Step(
        _HOLDER, frozenset({_S.HELD}), _("The record is finished once, when the talk is held.")
    ),
    Action.REOPEN: Step(
        _BOTH,
        frozenset({_S.DOCUMENTED}),
        _(
            "Only a record that waits for answers can be opened again. Correct one that both have "
            "answered."
        ),
    ),
    Action.CONFIRM: Step(
        _BOTH, frozenset({_S.DOCUMENTED}), _("There is no record that waits for your answer.")
    ),
    Action.CORRECT: Step(
        _BOTH,
        _ANSWERED,
        _(
            "A correction is made of a record that both have answered, while both can answer it "
            "anew."
        ),
    ),
    Action.REMIND: Step(
        _BOTH, frozenset({_S.DOCUMENTED}), _("There is no record that waits for an answer.")
    ),
    Action.CLOSE: Step(
        _HOLDER | {Relation.MANAGER},
        frozenset({_S.CONFIRMED}),
        _("A talk is closed when both have answered."),
    ),
    Action.DISCONTINUE: Step(
        _BOTH | {Relation.MANAGER},
        _UNANSWERED,
        _(
            "Whoever holds the talk discontinues it, until somebody has answered the record. "
            "Others do so when nobody holds it any longer."
        ),
    ),
    Action.TAKE_OVER: Step(
        frozenset({Relation.MANAGER}),
        _BEFORE,
        _(
            "A talk is taken over before it has been held, from somebody who no longer holds "
            "talks with the employee. After that the employee alone hands it over."
        ),
    ),
    Action.DELEGATE: Step(
        _HOLDER,
        _BEFORE,
        _(
            "Only the manager hands a talk to a delegate, before it has been held and before "
            "having prepared it."
        ),
    ),
    Action.HAND_OVER: Step(
        _EMPLOYEE,
        frozenset({_S.HELD, _S.DOCUMENTED}),
        _(
            "A talk that has been held, and is not answered by both, is handed over to your "
            "manager of today when whoever held it no longer can."
        ),
    ),
    Action.BRING_ALONG: Step(
        _EMPLOYEE,
        # Also while it is corrected: what both have answered is what is taken along.
        _ANSWERED | {_S.HELD, _S.DOCUMENTED},
        _("Only a record that both have answered can be taken along."),
    ),
    Action.FOLLOW_UP: Step(
        _HOLDER | {Relation.MANAGER},
        _ANSWERED,
        _("A talk is followed up when both have answered it."),
    ),
}
