"""Every form of the talks as it is when it is in order: who sends it about what, and its effect."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.urls import reverse

from dialogues.models import (
    AccessGrant,
    Answer,
    CompetenceNeed,
    Confirmation,
    CriteriaAcknowledgement,
    RecordPart,
    Round,
    Talk,
    TalkStep,
    TalkTime,
    TalkVersion,
)
from dialogues.states import Action
from goals.models import Expectation
from stockholm_quality.tests import access_talks, access_talks_forms
from stockholm_quality.tests.world import World, scene
from units.models import Delegation


@dataclass(frozen=True)
class Post:
    """`effect` counts something that the form, sent once, makes one more of."""

    route: str
    who: str
    thing: str
    effect: Callable[[World], int]

    def address(self, world: World) -> str:
        route = f"dialogues:{self.route}"
        with scene():
            found = access_talks.address(world, route, self.thing) or reverse(route)
        return found + access_talks_forms.QUERIES_OF_POSTS.get(route, "")

    def fields(self, world: World) -> dict[str, Any]:
        found = access_talks_forms.form_of(world, f"dialogues:{self.route}", self.thing, self.who)
        return found or {}

    @scene()
    def counted(self, world: World) -> int:
        return self.effect(world)


def _rows(model: type[Model], **where: Any) -> Callable[[World], int]:
    return lambda world: model._base_manager.filter(**where).count()


def _steps(action: str) -> Callable[[World], int]:
    return _rows(TalkStep, action=action)


HELD = "a talk that is held"
# In an order in which none stands in the way of the next.
POSTS = [
    Post("talk_new", "manager", "the person with protected identity", _rows(Talk)),
    Post("talk_times", "manager", "a talk that is planned", _rows(TalkTime)),
    Post(
        "time_answer",
        "employee",
        "a time that the manager proposes",
        _steps(Action.ANSWER_TIME),
    ),
    Post("time_cancel", "manager", "a time that is agreed on", _steps(Action.CANCEL_TIME)),
    Post("invite_many", "manager", "of the manager", _steps(Action.PROPOSE_TIME)),
    Post(
        "preparation",
        "manager",
        "a talk that is planned",
        _rows(Answer, text="Vi läser mer."),
    ),
    Post("preparation_share", "manager", "a talk that both prepare", _steps(Action.SHARE)),
    Post("preparation_waive", "employee", "a talk that is planned", _steps(Action.WAIVE)),
    Post(
        "talk_take_over", "manager", "a talk that the former manager prepared", _steps("take_over")
    ),
    Post("talk_hold", "manager", "a talk that both are ready for", _steps(Action.HOLD)),
    Post("joint", "employee", HELD, _rows(RecordPart, text="Vi läser mer.")),
    Post("joint_adopt", "employee", HELD, _rows(Expectation)),
    Post("joint_expectation_new", "manager", HELD, _rows(Expectation, text="Läs varje dag")),
    Post(
        "joint_expectation",
        "manager",
        "what is agreed on",
        _rows(Expectation, text="Läs varje dag"),
    ),
    Post("joint_need_new", "employee", HELD, _rows(CompetenceNeed)),
    Post("joint_need", "manager", "an open need", _rows(CompetenceNeed, need="Teckenstöd")),
    Post("talk_document", "manager", HELD, _rows(TalkVersion)),
    Post("talk_confirm", "employee", "a record that waits for the employee", _rows(Confirmation)),
    Post("talk_remind", "manager", "a record that is corrected", _steps(Action.REMIND)),
    Post("talk_reopen", "employee", "a record that is corrected", _steps(Action.REOPEN)),
    Post("talk_hand_over", "employee", "a talk that the former manager held", _steps("hand_over")),
    Post("talk_correct", "employee", "a closed talk", _steps(Action.CORRECT)),
    Post("talk_follow_up", "manager", "a record that both have answered", _rows(Talk)),
    Post("talk_close", "manager", "a record that both have answered", _steps(Action.CLOSE)),
    Post(
        "talk_discontinue",
        "manager",
        "a talk that the employee is ready for",
        _steps("discontinue"),
    ),
    Post("talk_bring", "moved", "a record taken along", _steps(Action.BRING_ALONG)),
    Post("access_open", "hr", "a record of the employee", _rows(AccessGrant)),
    Post("criteria_know", "employee", "the board's pay criteria", _rows(CriteriaAcknowledgement)),
    Post("delegation_new", "manager", "to the neighbour", _rows(Delegation)),
    Post(
        "delegation_end",
        "manager",
        "the delegation that runs",
        lambda world: -Delegation.objects.active_on().count(),
    ),
    Post("competence_need_new", "employee", "the employee", _rows(CompetenceNeed)),
    Post(
        "competence_need_done",
        "colleague",
        "the colleague's need",
        _rows(CompetenceNeed, state="DONE"),
    ),
    Post(
        "competence_need_drop",
        "protected",
        "the need of the person with protected identity",
        _rows(CompetenceNeed, state="DROPPED"),
    ),
    Post(
        "competence_need_edit",
        "stranger",
        "a need of another administration",
        _rows(CompetenceNeed, need="Teckenstöd"),
    ),
    Post("round_new", "hr", "one's own", _rows(Round)),
    Post(
        "round_edit", "other_hr", "a round of another administration", _rows(Round, kind="SALARY")
    ),
    Post("round_start", "hr", "a round that is prepared", _rows(Round, status="STARTED")),
    Post("round_end", "hr", "a round that runs", _rows(Round, status="ENDED")),
]
