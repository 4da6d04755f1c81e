"""All that the portal holds about one person (registerutdrag, GDPR article 15), declared here.

Every relation from a table to a person is either a chapter below or named in `TOLD_ELSEWHERE`,
and why; a test walks all tables and fails on one that is neither. Other people are not named:
what is about them is theirs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from dialogues.documents import People, chapters_of
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
from dialogues.snapshots import TalkSnapshot
from goals.documents.content import language
from goals.documents.model import Block, Document, Facts, Heading, Label, Paragraph, cleaned
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

PUBLISHER = "Stockholms stad"


@dataclass(frozen=True)
class Subject:
    """One kind of thing that is kept of a person. `fields` are paths, and what each is called where
    its own name does not say it."""

    key: str
    title: Promise
    model: type[models.Model]
    of: Callable[[User], Q]
    fields: Mapping[str, Promise | None]


def _plain(*paths: str) -> dict[str, Promise | None]:
    return dict.fromkeys(paths)


_WHEN = pgettext_lazy("own data", "when")
_UNIT = gettext_lazy("unit")
_TALK = {"talk__kind": gettext_lazy("talk"), "talk__year": gettext_lazy("year")}
_SECTION = {"section__heading": gettext_lazy("section")}

SUBJECTS = [
    Subject(
        "account",
        gettext_lazy("Your account"),
        User,
        lambda person: Q(pk=person.pk),
        _plain(
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
        | {"last_login": gettext_lazy("last signed in")},
    ),
    Subject(
        "employments",
        gettext_lazy("Your employments"),
        Employment,
        lambda person: Q(person=person),
        {"unit__name": _UNIT} | _plain("title", "staff_group__name", "starts_on", "ends_on"),
    ),
    Subject(
        "leaves",
        gettext_lazy("Your leave"),
        Leave,
        lambda person: Q(employment__person=person),
        {"employment__unit__name": _UNIT} | _plain("starts_on", "ends_on"),
    ),
    Subject(
        "roles",
        gettext_lazy("Your roles"),
        RoleAssignment,
        lambda person: Q(person=person),
        _plain("role") | {"unit__name": _UNIT} | _plain("starts_on", "ends_on"),
    ),
    Subject(
        "identity_keepers",
        gettext_lazy("HR administrators named to see your protected identity"),
        ProtectedIdentityKeeper,
        lambda person: Q(person=person),
        _plain("starts_on", "ends_on"),
    ),
    Subject(
        "delegations",
        gettext_lazy("Who may hold talks with you in your manager's place"),
        Delegation,
        lambda person: Q(employment__person=person),
        _plain("covers_salary", "starts_on", "ends_on"),
    ),
    Subject(
        "delegated_to_you",
        gettext_lazy("Talks that you may hold in a manager's place"),
        Delegation,
        lambda person: Q(delegate=person),
        _plain("covers_salary", "starts_on", "ends_on"),
    ),
    Subject(
        "expectations",
        gettext_lazy("What is expected of you"),
        Expectation,
        lambda person: Q(employment__person=person),
        {"goal__first_year": gettext_lazy("year"), "goal__title": gettext_lazy("unit goal")}
        | _plain(
            "text",
            "expected_result",
            "sign",
            "support",
            "due_on",
            "status",
            "version_number",
            "withdrawal_reason",
        )
        | {"given_at": gettext_lazy("given"), "withdrawn_at": gettext_lazy("withdrawn")},
    ),
    Subject(
        "earlier_expectations",
        gettext_lazy("How your expectations have read before"),
        Expectation.events.rel.related_model,  # type: ignore[attr-defined]
        lambda person: Q(employment__person=person),
        {"pgh_created_at": _WHEN}
        | _plain(
            "text",
            "expected_result",
            "sign",
            "support",
            "due_on",
            "status",
            "version_number",
            "withdrawal_reason",
        ),
    ),
    Subject(
        "acknowledgements",
        gettext_lazy("What you have said that you know"),
        Acknowledgement,
        lambda person: Q(expectation__employment__person=person),
        {
            "expectation__text": gettext_lazy("expectation"),
            "expectation_version": gettext_lazy("version"),
            "acknowledged_at": _WHEN,
        },
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
        | _plain("status", "held_on", "next_on", "correction_reason", "end_reason")
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
        _TALK | {"action": gettext_lazy("step"), "at": _WHEN, "words": gettext_lazy("words along")},
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
    Subject(
        "earlier_competence",
        gettext_lazy("How your competence plan has read before"),
        CompetenceNeed.events.rel.related_model,  # type: ignore[attr-defined]
        lambda person: Q(employee=person),
        {"pgh_created_at": _WHEN}
        | _plain("need", "activity", "responsible", "due_on", "state", "effect", "drop_reason"),
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
        _plain("kind", "year", "reason") | {"opened_at": _WHEN, "ends_at": gettext_lazy("until")},
    ),
    Subject(
        "readings",
        gettext_lazy("Who has read of your talks"),
        Reading,
        lambda person: Q(employee=person),
        _TALK
        | {
            "capacity": gettext_lazy("who"),
            "what": gettext_lazy("what was read"),
            "at": _WHEN,
        },
    ),
    Subject(
        "activities",
        gettext_lazy("Activities that you are responsible for"),
        Activity,
        lambda person: Q(responsible=person),
        {"unit__name": _UNIT} | _plain("title", "state", "progress", "starts_on", "due_on"),
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
        {"saved_at": _WHEN, "fields": gettext_lazy("text")},
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
# and the thing stands where it was done. (model, field)
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
    ("dialogues.accessgrant", "reader"),
    ("dialogues.reading", "reader"),
}


@dataclass(frozen=True)
class Chapter:
    subject: Subject
    rows: list[dict[str, Any]]

    @property
    def title(self) -> str:
        return str(self.subject.title)


def own_data(person: User) -> list[Chapter]:
    """One chapter for each subject, in one query each. To be read by the person alone: the wall
    shows whoever else asks what they may see, which is less."""
    return [
        Chapter(
            subject,
            list(
                subject.model._default_manager.filter(subject.of(person))
                .order_by("pk")
                .values(*subject.fields)
            ),
        )
        for subject in SUBJECTS
    ]


def as_data(person: User, chapters: Iterable[Chapter]) -> dict[str, Any]:
    """For a machine to read: keys in English, values as they are stored."""
    return {
        "person": person.account_name,
        "made_at": timezone.now(),
        "chapters": {
            chapter.subject.key: [
                {path.replace("__", "."): value for path, value in row.items()}
                for row in chapter.rows
            ]
            for chapter in chapters
        },
    }


def as_document(person: User, chapters: Iterable[Chapter]) -> Document:
    return Document(
        title=_("Your data in the portal"),
        subtitle=str(person),
        facts=[(_("Made"), date_format(timezone.localtime(), "DATETIME_FORMAT"))],
        language=language(),
        publisher=PUBLISHER,
        running=_("Extract from the register"),
        page_words=(_("Page"), _("of")),
        blocks=list(_blocks(chapters)),
    )


def _blocks(chapters: Iterable[Chapter]) -> Iterator[Block]:
    yield Paragraph(
        text=_(
            "All that the portal holds about you. Other people are not named. What somebody else "
            "is still writing alone is not here: it is nobody's but theirs until it is shared."
        )
    )
    for chapter in chapters:
        yield Heading(level=1, text=chapter.title)
        if not chapter.rows:
            yield Paragraph(text=_("Nothing."))
        for place, row in enumerate(chapter.rows, 1):
            facts = list(facts_of(chapter.subject, row))
            if len(chapter.rows) > 1:
                yield Label(text=f"{place}.")
            yield Facts(rows=cleaned(facts))


def facts_of(subject: Subject, row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(what it is, what it says), without what is empty."""
    for path, name in subject.fields.items():
        if row[path] in (None, "", [], {}):
            continue
        field = _field(subject.model, path)
        label = capfirst(str(name or field.verbose_name))
        if path == "snapshot":
            yield from _record(row[path])
        elif isinstance(row[path], dict):
            yield from _within(label, row[path])
        else:
            yield label, _in_words(field, row[path])


def _record(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    snapshot = msgspec.convert(data, TalkSnapshot)
    people = People({}, snapshot.employee, snapshot.holder)
    for chapter in chapters_of(snapshot, people):
        if chapter.plain:
            yield chapter.heading, chapter.plain


def _within(label: str, data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text of a draft, whatever its form."""
    for name, value in data.items():
        texts = list(_texts(value))
        if texts:
            yield f"{label}: {name.replace('_', ' ')}", "\n".join(texts)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif value not in (None, ""):
        yield str(value)


def _field(model: type[models.Model], path: str) -> Any:
    *through, last = path.split("__")
    for name in through:
        model = model._meta.get_field(name).related_model  # type: ignore[assignment]
    return model._meta.get_field(last)


def _in_words(field: Any, value: Any) -> str:
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "DATETIME_FORMAT")
    if isinstance(value, date):
        return date_format(value)
    return str(value)
