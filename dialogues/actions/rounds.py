"""Rounds of talks: prepared by HR, started in one step, joined by those who come later."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from dialogues.actions.steps import StepRefusedError
from dialogues.actions.talks import STARTED, goes_on_from
from dialogues.models import Round, RoundChoice, Talk, TalkStep, TemplateVersion
from dialogues.participants import Participant, participants_of
from dialogues.rules import can_run_rounds_of
from units.models import Employment, Role, RoleAssignment, UnitLine, User
from units.models.people import MERGERS_FOLLOWED
from units.revisions import lock_revision
from units.wall import acting_as, for_purpose

BATCH = 1000
_ONCE = "round_once"


@transaction.atomic
def open_round(*, by: User, **fields: Any) -> Round:
    """A round being prepared. Raises StepRefusedError when there is one of the kind already."""
    round_ = Round(opened_by=by, **fields)
    try:
        with transaction.atomic():
            round_.save(force_insert=True)
    except IntegrityError as error:
        raise _only_once(error) from error
    return round_


@transaction.atomic
def edit_round(*, round_: Round, revision: int, **fields: Any) -> Round:
    """Raises StaleRevisionError, and StepRefusedError once it has started."""
    round_ = lock_revision(Round.objects.select_related("unit"), round_.pk, revision)
    if round_.status != Round.Status.PLANNED:
        raise StepRefusedError(_("The round has started. What it began with no longer changes."))
    for name, value in fields.items():
        setattr(round_, name, value)
    try:
        with transaction.atomic():
            round_.save(update_fields=[*fields, "revision"])
    except IntegrityError as error:
        raise _only_once(error) from error
    return round_


def _only_once(error: IntegrityError) -> Exception:
    if _ONCE not in str(error):
        return error
    return StepRefusedError(_("There is a round of this kind for this part and year already."))


@transaction.atomic
def choose(
    *, round_: Round, decisions: Mapping[int, str], seen: Mapping[int, str], by: User
) -> list[int]:
    """Keep what HR chose, by employment; the employments are returned that somebody else chose
    otherwise for since they were `seen`, and that are left as they are.

    Raises StepRefusedError once the round has ended.
    """
    round_ = _lock(round_)
    if round_.status == Round.Status.ENDED:
        raise StepRefusedError(_("The round has ended. Nobody joins it any more."))
    kept = dict(
        round_.choices.filter(employment__in=decisions).values_list("employment", "decision")
    )
    changed = [
        pk
        for pk, decision in decisions.items()
        if kept.get(pk, "") not in {seen.get(pk, ""), decision}
    ]
    now = timezone.now()
    RoundChoice.objects.bulk_create(
        [
            RoundChoice(
                round=round_, employment_id=pk, decision=decision, decided_at=now, decided_by=by
            )
            for pk, decision in decisions.items()
            if pk not in changed and kept.get(pk) != decision
        ],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["round", "employment"],
        update_fields=["decision", "decided_at", "decided_by"],
    )
    return changed


@transaction.atomic
def start_round(*, round_: Round, by: User) -> Round:
    """Start the talks of all who take part, once, whoever asks and how often.

    Raises StepRefusedError when it has ended.
    """
    round_ = _lock(round_)
    if round_.status == Round.Status.ENDED:
        raise StepRefusedError(_("The round has ended. Open a new one for another year."))
    if round_.status == Round.Status.STARTED:
        return round_
    round_.status = Round.Status.STARTED
    round_.started_at = timezone.now()
    round_.started_by = by
    round_.revision += 1
    round_.save(update_fields=["status", "started_at", "started_by", "revision"])
    _join(round_, by)
    return round_


@transaction.atomic
def end_round(*, round_: Round) -> Round:
    """Nobody joins any more; the talks that have begun go on. Raises StepRefusedError."""
    round_ = _lock(round_)
    if round_.status == Round.Status.PLANNED:
        raise StepRefusedError(_("The round has not started."))
    if round_.status == Round.Status.STARTED:
        round_.status = Round.Status.ENDED
        round_.revision += 1
        round_.save(update_fields=["status", "revision"])
    return round_


@transaction.atomic
def join_round(*, round_: Round, by: User, day: date | None = None) -> int:
    """Start the talks of those who have come since; how many. Within `acting_as(by)`."""
    round_ = _lock(round_)
    is_running = round_.status == Round.Status.STARTED
    if not is_running or round_.ends_on < (day or timezone.localdate()):
        return 0
    return _join(round_, by, day)


@dataclass(frozen=True)
class Joined:
    """How many joined, and the rounds that nobody could join: no HR looks after them today."""

    number: int
    kept_by_nobody: list[Round]


def join_running_rounds(day: date | None = None) -> Joined:
    """For each new day: who has arrived, come back from leave or got a manager joins the rounds
    that run, in the name of whoever started the round; of its HR of today when that is no longer
    they."""
    running = Round.objects.running().filter(ends_on__gte=day or timezone.localdate())
    number, kept_by_nobody = 0, []
    for round_ in running.select_related("unit", "started_by").order_by("pk"):
        keeper = _keeper_of(round_, day)
        if keeper is None:
            kept_by_nobody.append(round_)
            continue
        with acting_as(keeper, day):
            number += join_round(round_=round_, by=keeper, day=day)
    return Joined(number, kept_by_nobody)


def _keeper_of(round_: Round, day: date | None) -> User | None:
    starter = round_.started_by
    if starter and starter.is_active and can_run_rounds_of(starter, round_.unit, day):
        return starter
    lines = UnitLine.objects.active_on(day).within_border().filter(descendant=round_.unit)
    roles = (
        RoleAssignment.objects.active_on(day)
        .filter(role=Role.HR, person__is_active=True, unit__lines_down__in=lines)
        .select_related("person")
        .order_by("unit__lines_down__depth", "starts_on", "pk")
    )
    nearest = roles.first()
    return nearest.person if nearest else None


def _lock(round_: Round) -> Round:
    locked = Round.objects.select_for_update(of=("self",)).select_related("unit")
    return locked.get(pk=round_.pk)


def _join(round_: Round, by: User, day: date | None = None) -> int:
    today = day or timezone.localdate()
    taking_part = [
        each
        for each in participants_of(round_, day)
        if each.takes_part
        and each.starts_on <= today
        and (each.ends_on is None or each.ends_on >= today)
    ]
    have_talk = _have_talk(round_, [each.employment for each in taking_part])
    joining = [
        (each, each.manager)
        for each in taking_part
        if each.manager is not None and each.employment not in have_talk
    ]
    if not joining:
        return 0
    versions = _versions(round_)
    heads = set(
        RoleAssignment.objects.active_on(day)
        .filter(role=Role.MANAGER, person__in={each.person for each, _manager in joining})
        .values_list("person", flat=True)
    )
    now = timezone.now()
    with for_purpose("rounds"):
        earlier = _previous_of(
            [each for each, _manager in joining], round_.kind, round_.year, today
        )
        Talk.objects.bulk_create(
            [
                Talk(
                    employment_id=each.employment,
                    employee_id=each.person,
                    holder_id=manager,
                    kind=round_.kind,
                    year=round_.year,
                    round=round_,
                    template_version=versions[each.person in heads],
                    previous_id=earlier.get(each.employment),
                    created_at=now,
                    created_by=by,
                )
                for each, manager in joining
            ],
            batch_size=BATCH,
            # A manager may start one in the same moment: theirs is the talk then.
            ignore_conflicts=True,
        )
        made = list(
            Talk.objects.filter(round=round_, created_at=now, created_by=by).values_list(
                "pk", flat=True
            )
        )
        TalkStep.objects.bulk_create(
            [
                TalkStep(talk_id=pk, action=STARTED, to_status=Talk.Status.PLANNED, by=by, at=now)
                for pk in made
            ],
            batch_size=BATCH,
        )
    return len(made)


def _have_talk(round_: Round, employments: list[int]) -> set[int]:
    """Those that have such a talk, whoever started it, and those whose talk of this round was
    discontinued: on purpose, so a round does not start it anew."""
    talks = Talk.objects.filter(employment__in=employments).filter(
        Q(kind=round_.kind, year=round_.year) & ~Q(status=Talk.Status.DISCONTINUED)
        | Q(round=round_)
    )
    with for_purpose("rounds"):
        return set(talks.values_list("employment", flat=True))


def _versions(round_: Round) -> dict[bool, TemplateVersion]:
    """What is asked of employees (False) and of those who head a unit (True)."""
    wanted = {False: round_.template_id, True: round_.manager_template_id or round_.template_id}
    in_force = {
        version.template_id: version
        for version in TemplateVersion.objects.in_force().filter(template__in=wanted.values())
    }
    try:
        return {is_head: in_force[template] for is_head, template in wanted.items()}
    except KeyError as error:
        raise StepRefusedError(
            _("The template has no published version. Choose another, or publish it.")
        ) from error


def _previous_of(
    joining: list[Participant], kind: str, year: int, day: date
) -> dict[int, int | None]:
    """Of each employment the talk that `actions.talks.previous_of` names for its manager: the last
    that was confirmed in it, in one that it goes on as, or that was brought along to it."""
    same = {each.employment: each.employment for each in joining}
    same |= _merged_into(joining, day)
    talks = (
        Talk.objects.filter(
            goes_on_from(kind, year), employee__in={each.person for each in joining}
        )
        .order_by("year", "pk")
        .values_list("pk", "employment", "brought_to")
    )
    earlier: dict[int, int | None] = {}
    for pk, employment, brought_to in talks:
        for place in (employment, brought_to):
            if place in same:
                earlier[same[place]] = pk
    return earlier


def _merged_into(joining: list[Participant], day: date) -> dict[int, int]:
    """Ended employments that go on as one of these since their unit was merged."""
    merged = list(
        Employment.objects.merged_by(day)
        .filter(person__in={each.person for each in joining})
        .values_list("pk", "person", "unit", "unit__successor")
    )
    units = Employment.objects.filter(pk__in=[each.employment for each in joining])
    into = {(person, unit): pk for pk, person, unit in units.values_list("pk", "person", "unit")}
    found: dict[int, int] = {}
    for _step in range(MERGERS_FOLLOWED):
        for pk, person, unit, successor in merged:
            if (person, successor) in into and pk not in found:
                found[pk] = into[person, successor]
                into.setdefault((person, unit), found[pk])
    return found
