"""What the portal holds about a person, table by table: the chapters of the register extract.

Every relation from a table to a person is either a chapter here or named in `TOLD_ELSEWHERE`, and
why; a test walks all tables, their histories too, and fails on one that is neither.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from dialogues.actions.talks import STARTED
from dialogues.models import (
    AccessGrant,
    Acknowledgement,
    Answer,
    CompetenceNeed,
    Confirmation,
    CriteriaAcknowledgement,
    CriterionView,
    CriterionWeighing,
    ExpectationResult,
    Reading,
    RecordPart,
    RoundChoice,
    Talk,
    TalkStep,
    TalkTime,
    TalkVersion,
)
from dialogues.states import Action
from goals.models import Activity, Expectation, ReminderRecipient
from units.models import (
    Delegation,
    Draft,
    Employment,
    Leave,
    ProtectedIdentityKeeper,
    RoleAssignment,
    SignInFailure,
    User,
)


@dataclass(frozen=True)
class Subject:
    """One kind of thing that is kept of a person. `fields` are paths, and what each is called where
    its own name does not say it; `words` say what the values of a path mean that has no choices."""

    key: str
    title: Promise
    model: type[models.Model]
    of: Callable[[User], Q]
    fields: Mapping[str, Promise | None]
    words: Mapping[str, Mapping[str, Promise]] = field(default_factory=dict)


def _plain(*paths: str) -> dict[str, Promise | None]:
    return dict.fromkeys(paths)


_WHEN = pgettext_lazy("own data", "when")
_UNIT = gettext_lazy("unit")
_TALK = {"talk__kind": gettext_lazy("talk"), "talk__year": gettext_lazy("year")}
_SECTION = {"section__heading": gettext_lazy("section")}

# What each step of a talk is called to whoever it concerns.
STEP_WORDS: dict[str, Promise] = {
    STARTED: gettext_lazy("The talk was started"),
    Action.PROPOSE_TIME: gettext_lazy("A time was proposed"),
    Action.ANSWER_TIME: gettext_lazy("A proposed time was answered"),
    Action.CANCEL_TIME: gettext_lazy("A time was cancelled"),
    Action.PREPARE: gettext_lazy("A preparation was begun"),
    Action.SHARE: gettext_lazy("A preparation was shared"),
    Action.WAIVE: gettext_lazy("Somebody waived preparing"),
    Action.HOLD: gettext_lazy("The talk was held"),
    Action.WRITE: gettext_lazy("The record was written in"),
    Action.DOCUMENT: gettext_lazy("The record was finished"),
    Action.REOPEN: gettext_lazy("The record was opened again"),
    Action.CONFIRM: gettext_lazy("The record was answered"),
    Action.CORRECT: gettext_lazy("A correction of the record was begun"),
    Action.REMIND: gettext_lazy("A reminder was sent"),
    Action.CLOSE: gettext_lazy("The talk was closed"),
    Action.DISCONTINUE: gettext_lazy("The talk was discontinued"),
    Action.TAKE_OVER: gettext_lazy("The talk was taken over"),
    Action.DELEGATE: gettext_lazy("The talk was given to a delegate"),
    Action.HAND_OVER: gettext_lazy("The talk was handed over"),
    Action.BRING_ALONG: gettext_lazy("It was decided what the record goes along to"),
    Action.FOLLOW_UP: gettext_lazy("A follow-up was started"),
}
HAPPENED: dict[str, Promise] = {
    "insert": pgettext_lazy("own data", "Entered"),
    "update": pgettext_lazy("own data", "Changed"),
    "delete": pgettext_lazy("own data", "Taken away"),
}


def _earlier(
    key: str,
    title: Promise,
    model: Any,
    of: Callable[[User], Q],
    fields: Mapping[str, Promise | None],
) -> Subject:
    """How the rows of a model have read, each time that one was changed."""
    told = {"pgh_created_at": _WHEN, "pgh_label": gettext_lazy("what happened"), **fields}
    return Subject(
        key, title, model.events.rel.related_model, of, told, words={"pgh_label": HAPPENED}
    )


_ACCOUNT = _plain(
    "account_name",
    "email",
    "given_name",
    "family_name",
    "employment_number",
    "has_protected_identity",
    "is_active",
    "language",
    "appearance",
)
_EMPLOYMENT = {"unit__name": _UNIT} | _plain("title", "staff_group__name", "starts_on", "ends_on")
_LEAVE = {"employment__unit__name": _UNIT} | _plain("starts_on", "ends_on")
_ROLE = _plain("role") | {"unit__name": _UNIT} | _plain("starts_on", "ends_on")
_DELEGATION = _plain("covers_salary", "starts_on", "ends_on")
_ACTIVITY = {"unit__name": _UNIT} | _plain("title", "state", "progress", "starts_on", "due_on")
_ACCESS = _plain("kind", "year", "reason") | {
    "opened_at": _WHEN,
    "ends_at": gettext_lazy("until"),
}
_READING = _TALK | {
    "capacity": gettext_lazy("who"),
    "what": gettext_lazy("what was read"),
    "at": _WHEN,
}
_EXPECTED = _plain(
    "text",
    "expected_result",
    "sign",
    "support",
    "due_on",
    "status",
    "version_number",
    "withdrawal_reason",
)
_KNOWN = {
    "expectation__text": gettext_lazy("expectation"),
    "expectation_version": gettext_lazy("version"),
    "acknowledged_at": _WHEN,
}

SUBJECTS = [
    Subject(
        "account",
        gettext_lazy("Your account"),
        User,
        lambda person: Q(pk=person.pk),
        _ACCOUNT | {"last_login": gettext_lazy("last signed in")},
    ),
    _earlier(
        "earlier_account",
        gettext_lazy("How your account has read before"),
        User,
        lambda person: Q(pgh_obj=person),
        _ACCOUNT,
    ),
    Subject(
        "employments",
        gettext_lazy("Your employments"),
        Employment,
        lambda person: Q(person=person),
        _EMPLOYMENT,
    ),
    _earlier(
        "earlier_employments",
        gettext_lazy("How your employments have read before"),
        Employment,
        lambda person: Q(person=person),
        _EMPLOYMENT,
    ),
    Subject(
        "leaves",
        gettext_lazy("Your leave"),
        Leave,
        lambda person: Q(employment__person=person),
        _LEAVE,
    ),
    _earlier(
        "earlier_leaves",
        gettext_lazy("How your leave has read before"),
        Leave,
        lambda person: Q(employment__person=person),
        _LEAVE,
    ),
    Subject(
        "roles",
        gettext_lazy("Your roles"),
        RoleAssignment,
        lambda person: Q(person=person),
        _ROLE,
    ),
    _earlier(
        "earlier_roles",
        gettext_lazy("How your roles have read before"),
        RoleAssignment,
        lambda person: Q(person=person),
        _ROLE,
    ),
    Subject(
        "identity_keepers",
        gettext_lazy("HR administrators named to see your protected identity"),
        ProtectedIdentityKeeper,
        lambda person: Q(person=person),
        _plain("starts_on", "ends_on"),
    ),
    _earlier(
        "earlier_identity_keepers",
        gettext_lazy("Which HR administrators have been named before"),
        ProtectedIdentityKeeper,
        lambda person: Q(person=person),
        _plain("starts_on", "ends_on"),
    ),
    Subject(
        "delegations",
        gettext_lazy("Who may hold talks with you in your manager's place"),
        Delegation,
        lambda person: Q(employment__person=person),
        _DELEGATION,
    ),
    _earlier(
        "earlier_delegations",
        gettext_lazy("Who could hold talks with you before"),
        Delegation,
        lambda person: Q(employment__person=person),
        _DELEGATION,
    ),
    Subject(
        "delegated_to_you",
        gettext_lazy("Talks that you may hold in a manager's place"),
        Delegation,
        lambda person: Q(delegate=person),
        _DELEGATION,
    ),
    _earlier(
        "earlier_delegated_to_you",
        gettext_lazy("Talks that you could hold in a manager's place before"),
        Delegation,
        lambda person: Q(delegate=person),
        _DELEGATION,
    ),
    Subject(
        "expectations",
        gettext_lazy("What is expected of you"),
        Expectation,
        lambda person: Q(employment__person=person),
        {"goal__first_year": gettext_lazy("year"), "goal__title": gettext_lazy("unit goal")}
        | _EXPECTED
        | {"given_at": gettext_lazy("given"), "withdrawn_at": gettext_lazy("withdrawn")},
    ),
    _earlier(
        "earlier_expectations",
        gettext_lazy("How your expectations have read before"),
        Expectation,
        lambda person: Q(employment__person=person),
        _EXPECTED,
    ),
    Subject(
        "acknowledgements",
        gettext_lazy("What you have said that you know"),
        Acknowledgement,
        lambda person: Q(expectation__employment__person=person),
        _KNOWN,
    ),
    _earlier(
        "earlier_acknowledgements",
        gettext_lazy("When it was noted that you know your expectations"),
        Acknowledgement,
        lambda person: Q(expectation__employment__person=person),
        _KNOWN,
    ),
    Subject(
        "results",
        gettext_lazy("How your expectations went"),
        ExpectationResult,
        lambda person: Q(employee=person),
        {
            "expectation__text": gettext_lazy("expectation"),
            "party": gettext_lazy("according to"),
        }
        | _plain("outcome", "words")
        | {"written_at": _WHEN},
    ),
    Subject(
        "talks",
        gettext_lazy("Your talks"),
        Talk,
        lambda person: Q(employee=person),
        _plain("kind", "year")
        | {"employment__unit__name": _UNIT}
        | _plain("status", "held_on", "next_on")
        | {
            "confirmed_at": gettext_lazy("answered by both"),
            "brought_to__unit__name": gettext_lazy("taken along to"),
        },
    ),
    Subject(
        "talk_steps",
        gettext_lazy("What has been done with your talks"),
        TalkStep,
        lambda person: Q(talk__employee=person),
        _TALK | {"action": gettext_lazy("step"), "at": _WHEN, "words": gettext_lazy("reasons")},
        words={"action": STEP_WORDS},
    ),
    Subject(
        "talk_times",
        gettext_lazy("Times of your talks"),
        TalkTime,
        lambda person: Q(talk__employee=person),
        _TALK | _plain("starts_at", "minutes", "place", "words") | {"state": gettext_lazy("state")},
    ),
    Subject(
        "preparations",
        gettext_lazy("Preparations: your own, and what your manager has shared with you"),
        Answer,
        lambda person: Q(talk__employee=person),
        _TALK
        | _SECTION
        | {"preparation__party": gettext_lazy("written by"), "text": gettext_lazy("text")}
        | {"preparation__shared_at": gettext_lazy("shared"), "written_at": _WHEN},
    ),
    Subject(
        "criterion_views",
        gettext_lazy("Pay criteria in preparations"),
        CriterionView,
        lambda person: Q(talk__employee=person),
        _TALK
        | {
            "criterion__name": gettext_lazy("criterion"),
            "preparation__party": gettext_lazy("written by"),
            "step__name": gettext_lazy("step"),
            "reasons": gettext_lazy("reasons"),
        },
    ),
    Subject(
        "record_parts",
        gettext_lazy("What has been written at your talks"),
        RecordPart,
        lambda person: Q(talk__employee=person),
        _TALK | _SECTION | {"text": gettext_lazy("text"), "written_at": _WHEN},
    ),
    Subject(
        "weighings",
        gettext_lazy("Pay criteria at your salary talks"),
        CriterionWeighing,
        lambda person: Q(talk__employee=person),
        _TALK
        | {
            "criterion__name": gettext_lazy("criterion"),
            "step__name": gettext_lazy("step"),
        }
        | _plain("weighed", "would_raise"),
    ),
    Subject(
        "records",
        gettext_lazy("The records of your talks, each version"),
        TalkVersion,
        lambda person: Q(talk__employee=person),
        _TALK
        | {"number": gettext_lazy("version"), "made_at": _WHEN}
        | _plain("reason")
        | {"snapshot": gettext_lazy("record")},
    ),
    Subject(
        "confirmations",
        gettext_lazy("What the two of you have answered to the records"),
        Confirmation,
        lambda person: Q(talk__employee=person),
        _TALK
        | {"number": gettext_lazy("version"), "party": gettext_lazy("answered by")}
        | _plain("outcome", "words")
        | {"at": _WHEN},
    ),
    Subject(
        "competence",
        gettext_lazy("Your competence plan"),
        CompetenceNeed,
        lambda person: Q(employee=person),
        _plain(
            "need",
            "source",
            "activity",
            "responsible",
            "due_on",
            "state",
            "done_on",
            "effect",
            "drop_reason",
        )
        | {"brought_to__unit__name": gettext_lazy("taken along to")},
    ),
    _earlier(
        "earlier_competence",
        gettext_lazy("How your competence plan has read before"),
        CompetenceNeed,
        lambda person: Q(employee=person),
        _plain("need", "activity", "responsible", "due_on", "state", "effect", "drop_reason"),
    ),
    Subject(
        "criteria_known",
        gettext_lazy("Pay criteria that you have said that you know"),
        CriteriaAcknowledgement,
        lambda person: Q(person=person),
        {"criteria_set__year": gettext_lazy("year"), "at": _WHEN},
    ),
    Subject(
        "rounds",
        gettext_lazy("What HR has decided of you in rounds of talks"),
        RoundChoice,
        lambda person: Q(employment__person=person),
        {
            "round__year": gettext_lazy("year"),
            "decision": gettext_lazy("decision"),
            "decided_at": _WHEN,
        },
    ),
    Subject(
        "access",
        gettext_lazy("When somebody has opened your record in need"),
        AccessGrant,
        lambda person: Q(employee=person),
        _ACCESS,
    ),
    Subject(
        "access_asked",
        gettext_lazy("Records that you have asked for in need"),
        AccessGrant,
        lambda person: Q(reader=person),
        _ACCESS,
    ),
    Subject(
        "readings",
        gettext_lazy("Who has read of your talks"),
        Reading,
        lambda person: Q(employee=person),
        _READING,
    ),
    Subject(
        "own_readings",
        gettext_lazy("What you have read of others' talks"),
        Reading,
        lambda person: Q(reader=person) & ~Q(employee=person),
        _READING,
    ),
    Subject(
        "activities",
        gettext_lazy("Activities that you are responsible for"),
        Activity,
        # What a report only proposes has not been agreed with anybody yet.
        lambda person: Q(responsible=person) & ~Q(state=Activity.State.PROPOSED),
        _ACTIVITY,
    ),
    _earlier(
        "earlier_activities",
        gettext_lazy("How those activities have read before"),
        Activity,
        lambda person: Q(responsible=person) & ~Q(state=Activity.State.PROPOSED),
        _ACTIVITY,
    ),
    Subject(
        "reminders",
        gettext_lazy("Reminders that you have been sent"),
        ReminderRecipient,
        lambda person: Q(person=person),
        {"unit__name": _UNIT, "reminder__sent_at": _WHEN, "reminder__text": gettext_lazy("text")},
    ),
    Subject(
        "drafts",
        gettext_lazy("What you have written and not saved"),
        Draft,
        lambda person: Q(author=person),
        {"saved_at": _WHEN} | _plain("key", "fields"),
    ),
    Subject(
        "sign_in_failures",
        gettext_lazy("Failed sign-ins to your account"),
        SignInFailure,
        lambda person: Q(account__in=[person.account_name, person.email]),
        {"at": _WHEN, "address": gettext_lazy("from the address")},
    ),
]

# Relations to a person that say who did something to what is not about them: the office decided,
# and the thing stands where it was done. (model, field); its history goes with it.
TOLD_ELSEWHERE = {
    ("units.submission", "author"),  # that a form was sent; its effect is told
    ("units.protectedidentitykeeper", "administrator"),  # about the one who is protected
    ("units.delegation", "given_by"),
    ("goals.goal", "adopted_by"),
    ("goals.goalversion", "made_by"),
    ("goals.planyear", "opened_by"),
    ("goals.closure", "closed_by"),
    ("goals.carryover", "decided_by"),
    ("goals.expectation", "given_by"),  # about the employee
    ("goals.expectation", "withdrawn_by"),
    ("goals.reportversion", "made_by"),
    ("goals.reportstep", "taken_by"),
    ("goals.reminder", "sent_by"),
    ("goals.documentbuild", "asked_by"),
    ("dialogues.talk", "holder"),  # the employee's talk
    ("dialogues.talk", "created_by"),
    ("dialogues.talkstep", "by"),
    ("dialogues.talktime", "proposed_by"),
    ("dialogues.preparation", "author"),
    ("dialogues.answer", "author"),
    ("dialogues.criterionview", "author"),
    ("dialogues.recordpart", "written_by"),
    ("dialogues.criterionweighing", "written_by"),
    ("dialogues.talkversion", "made_by"),
    ("dialogues.confirmation", "person"),
    ("dialogues.expectationresult", "author"),
    ("dialogues.competenceneed", "written_by"),
    ("dialogues.round", "opened_by"),
    ("dialogues.round", "started_by"),
    ("dialogues.roundchoice", "decided_by"),
    ("dialogues.templateversion", "published_by"),
    ("dialogues.criteriaset", "published_by"),
}
