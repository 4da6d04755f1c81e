"""The record as it is read: its versions, as a page and as a PDF, and who has read it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, Value, When
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dialogues.documents import (
    People,
    Told,
    Verdict,
    answers_of,
    chapters_of,
    head_of,
    record_document,
    title_of,
    with_head,
)
from dialogues.models import (
    AccessGrant,
    Confirmation,
    Party,
    Reading,
    Talk,
    TalkStep,
    TalkVersion,
)
from dialogues.readings import note_reading
from dialogues.rules import TalkRights
from dialogues.snapshots import TalkSnapshot, decoded
from dialogues.states import Action
from goals.documents.pdf import made_pdf
from stockholm_quality.web import AuthedRequest, require
from units.models import User
from units.revisions import ComparedField

READINGS_PER_PAGE = 50
LONGEST_NUMBER = 4  # digits of a version
MOST_GRANTS = 100


def get_talk(request: AuthedRequest, pk: int) -> tuple[Talk, TalkRights]:
    talk = get_object_or_404(Talk.objects.visible_to(request.user).with_people(), pk=pk)
    return talk, TalkRights(request.user, talk)


def names_for(user: User, *keys: int) -> dict[int, str]:
    """Of those whose names the reader may see, in one statement."""
    return {person.pk: str(person) for person in User.objects.visible_to(user).filter(pk__in=keys)}


def people_of(user: User, snapshot: TalkSnapshot) -> People:
    names = names_for(user, snapshot.employee, snapshot.holder)
    return People(names, snapshot.employee, snapshot.holder)


# --- The versions ------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownVersion:
    """A version as one of a list."""

    version: TalkVersion
    answers: list[Verdict]
    state: str
    is_in_force: bool
    is_waiting: bool
    reopened_why: str
    parties: frozenset[str]  # that have answered
    notice: str  # of what does not hold

    @property
    def number(self) -> int:
        return self.version.number

    @property
    def pill(self) -> str:
        if not self.is_in_force:
            return "draft" if self.is_waiting else "none"
        return "full" if all(answer.tone == "full" for answer in self.answers) else "part"


def shown_versions(rights: TalkRights) -> list[ShownVersion]:
    """Those that the reader may see, the latest first, each with what the two answered."""
    talk = rights.talk
    versions = list(
        TalkVersion.objects.visible_to(rights.user).filter(talk=talk).order_by("-number")
    )
    people = People(
        names_for(rights.user, talk.employee_id, talk.holder_id), talk.employee_id, talk.holder_id
    )
    confirmations: dict[int, list[Confirmation]] = {}
    for confirmation in Confirmation.objects.filter(version__in=versions):
        confirmations.setdefault(confirmation.number, []).append(confirmation)
    reopened = _reopened(talk) if rights.is_one_of_two else {}
    return [
        _shown(talk, each, confirmations.get(each.number, []), people, reopened.get(each.number))
        for each in versions
    ]


def _shown(
    talk: Talk,
    version: TalkVersion,
    given: list[Confirmation],
    people: People,
    reopened_why: str | None,
) -> ShownVersion:
    number = version.number
    answers = answers_of(given, people)
    parties = frozenset(confirmation.party for confirmation in given)
    is_answered = len(parties) == len(Party.values)
    is_in_force = is_answered and number == talk.confirmed_version
    is_waiting = number == talk.version_number and talk.status == Talk.Status.DOCUMENTED
    if is_answered:
        state = _("Answered by both") if _is_plain(answers) else _answered_words(answers)
    elif is_waiting:
        state = _("To be answered")
    else:
        state = _("Opened again before both had answered")
    notice = "" if is_in_force else state
    if is_answered and not is_in_force:
        notice = _("Replaced by version {number}").format(number=talk.confirmed_version)
    return ShownVersion(
        version,
        answers,
        state,
        is_in_force=is_in_force,
        is_waiting=is_waiting,
        reopened_why=reopened_why or "",
        parties=parties,
        notice=notice,
    )


def _is_plain(answers: list[Verdict]) -> bool:
    return {answer.tone for answer in answers} == {"full"}


def _answered_words(answers: list[Verdict]) -> str:
    if any(answer.tone == "not" for answer in answers):
        return _("Answered by both, not confirmed by both")
    return _("Answered by both, with a remark")


def _reopened(talk: Talk) -> dict[int, str]:
    """Why a version was opened again, by its number: the steps are in the order of the versions."""
    reasons: dict[int, str] = {}
    number = 0
    steps = TalkStep.objects.filter(talk=talk, action__in=[Action.DOCUMENT, Action.REOPEN])
    for step in steps.order_by("pk"):
        if step.action == Action.DOCUMENT:
            number += 1
        else:
            reasons[number] = step.words
    return reasons


# --- Reading it --------------------------------------------------------------------------------


@require_safe
def record(request: AuthedRequest, pk: int) -> HttpResponse:
    """The latest version that the reader may see."""
    talk, rights = get_talk(request, pk)
    shown = shown_versions(rights)
    if not shown:
        messages.info(request, _("There is no record of this talk to read yet."))
        return redirect(talk)
    return _page(request, rights, shown, shown[0])


@require_safe
def record_version(request: AuthedRequest, pk: int, number: int) -> HttpResponse:
    _talk, rights = get_talk(request, pk)
    shown = shown_versions(rights)
    asked = request.GET.get("with", "")
    if asked:
        return _comparison(request, rights, _of_number(shown, number), _asked(shown, asked))
    return _page(request, rights, shown, _of_number(shown, number))


def _of_number(shown: list[ShownVersion], number: int) -> ShownVersion:
    for each in shown:
        if each.number == number:
            return each
    raise Http404


def _asked(shown: list[ShownVersion], asked: str) -> ShownVersion:
    if not (asked.isascii() and asked.isdecimal() and len(asked) <= LONGEST_NUMBER):
        raise Http404
    return _of_number(shown, int(asked))


def _page(
    request: AuthedRequest, rights: TalkRights, shown: list[ShownVersion], chosen: ShownVersion
) -> HttpResponse:
    talk = rights.talk
    snapshot = decoded(chosen.version.snapshot, chosen.version.schema)
    people = people_of(request.user, snapshot)
    note_reading(rights, Reading.What.RECORD)
    mine = Party.EMPLOYEE if rights.is_employee else Party.MANAGER
    is_unanswered = chosen.is_waiting and mine not in chosen.parties
    context = {
        "talk": talk,
        "title": title_of(snapshot),
        "rights": rights,
        "people": people,
        "head": head_of(snapshot, people),
        "chapters": chapters_of(snapshot, people),
        "chosen": chosen,
        "versions": shown,
        "others": [each for each in shown if each.number != chosen.number],
        "in_force": next((each for each in shown if each.is_in_force), None),
        "may_answer": is_unanswered and rights.may(Action.CONFIRM),
        "may_reopen": chosen.is_waiting and rights.may(Action.REOPEN),
        "may_remind": chosen.is_waiting
        and rights.may(Action.REMIND)
        and not is_unanswered
        and len(chosen.answers) == 1,
        "may_correct": chosen.is_in_force and rights.may(Action.CORRECT),
    }
    return render(request, "dialogues/record.html", context)


def _comparison(
    request: AuthedRequest, rights: TalkRights, one: ShownVersion, other: ShownVersion
) -> HttpResponse:
    earlier, later = sorted([one, other], key=lambda each: each.number)
    snapshots = [decoded(each.version.snapshot, each.version.schema) for each in (earlier, later)]
    people = [people_of(request.user, snapshot) for snapshot in snapshots]
    note_reading(rights, Reading.What.RECORD)
    rows = compared(*zip(snapshots, people, strict=True))
    context = {
        "talk": rights.talk,
        "title": title_of(snapshots[1]),
        "earlier": earlier,
        "later": later,
        "rows": rows,
        "has_changes": any(row.changed for row in rows),
    }
    return render(request, "dialogues/record_compare.html", context)


def compared(
    earlier: tuple[TalkSnapshot, People], later: tuple[TalkSnapshot, People]
) -> list[ComparedField]:
    """The two versions chapter by chapter, in the later one's order."""
    old, new = (
        {chapter.key: chapter for chapter in with_head(snapshot, people)}
        for snapshot, people in (earlier, later)
    )
    return [
        ComparedField(
            (new.get(key) or old[key]).heading,
            old[key].plain if key in old else "",
            new[key].plain if key in new else "",
        )
        for key in [*new, *(key for key in old if key not in new)]
    ]


@require_safe
def record_pdf(request: AuthedRequest, pk: int, number: int) -> HttpResponse:
    talk, rights = get_talk(request, pk)
    chosen = _of_number(shown_versions(rights), number)
    snapshot = decoded(chosen.version.snapshot, chosen.version.schema)
    told = Told(
        snapshot=snapshot,
        people=people_of(request.user, snapshot),
        number=number,
        made_at=chosen.version.made_at,
        reason=chosen.version.reason,
        answers=chosen.answers,
        state=chosen.state,
        notice=chosen.notice,
    )
    note_reading(rights, Reading.What.DOCUMENT)
    # Nothing of a person: a file's name is seen in lists of downloads.
    name = slugify(" ".join([talk.title(), _("version {number}").format(number=number)]))
    return HttpResponse(
        made_pdf(record_document(told)),
        content_type="application/pdf",
        headers={"Content-Disposition": content_disposition_header(True, f"{name}.pdf") or ""},
    )


# --- Who has read ------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownReading:
    by: str
    capacity: str
    what: str
    at: datetime
    is_third_party: bool
    grant: int | None


THIRD_PARTIES = (Reading.Capacity.NEED, Reading.Capacity.MANAGER)


@require_safe
def readings(request: AuthedRequest, pk: int) -> HttpResponse:
    """For the two: every reading, those of others first."""
    talk, rights = get_talk(request, pk)
    require(rights.is_one_of_two)
    found = (
        Reading.objects.filter(talk=talk)
        .annotate(
            order=Case(When(capacity__in=THIRD_PARTIES, then=Value(0)), default=Value(1)),
        )
        .order_by("order", "-at", "-pk")
    )
    page = Paginator(found, READINGS_PER_PAGE).get_page(request.GET.get("page"))
    names = names_for(request.user, *(each.reader_id for each in page))
    shown = [_reading(each, names) for each in page]
    context: dict[str, Any] = {
        "talk": talk,
        "title": talk.title(),
        "page_obj": page,
        "third_parties": [each for each in shown if each.is_third_party],
        "the_two": [each for each in shown if not each.is_third_party],
        "grants": shown_grants(rights),
    }
    return render(request, "dialogues/readings.html", context)


def shown_grants(rights: TalkRights) -> list[tuple[AccessGrant, str]]:
    """For `dialogues/access_grants.html`: each access in need to the talk, with whose it was."""
    grants = list(
        AccessGrant.objects.visible_to(rights.user)
        .filter(talk=rights.talk)
        .order_by("-opened_at", "-pk")[:MOST_GRANTS]
    )
    names = names_for(rights.user, *(grant.reader_id for grant in grants)) if grants else {}
    return [(grant, names.get(grant.reader_id) or _("HR, or a manager above")) for grant in grants]


def _reading(reading: Reading, names: dict[int, str]) -> ShownReading:
    capacity = Reading.Capacity(reading.capacity)
    unnamed = {
        Reading.Capacity.EMPLOYEE: _("the employee"),
        Reading.Capacity.HOLDER: _("the manager"),
        Reading.Capacity.DELEGATE: _("a delegate of the manager"),
        Reading.Capacity.MANAGER: _("a manager of the unit"),
        Reading.Capacity.NEED: _("HR, or a manager above"),
    }
    return ShownReading(
        names.get(reading.reader_id) or unnamed[capacity],
        str(capacity.label),
        str(Reading.What(reading.what).label),
        reading.at,
        capacity in THIRD_PARTIES,
        reading.grant_id,
    )
