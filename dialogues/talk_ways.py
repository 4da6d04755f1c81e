"""What somebody can do with a talk now: one way first, the others after it. Layer: reports."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from dialogues.actions.competence import is_later
from dialogues.models import Talk, TalkKind
from dialogues.states import Action
from dialogues.talk_standing import Standing
from units.models import Employment

_S = Talk.Status


@dataclass(frozen=True)
class Way:
    text: str
    url: str


def ways_of(standing: Standing) -> list[Way]:
    """The first is what remains for this person; an empty list when they can do nothing."""
    rights, talk = standing.rights, standing.talk
    if rights.is_one_of_two:
        found = _first(standing) + _further(standing)
    elif rights.may(Action.TAKE_OVER):
        found = [("talk_take_over", _("Take over the talk"))]
    else:
        found = []
    if rights.sees_record and not (rights.is_one_of_two and talk.status == _S.DOCUMENTED):
        found.append(("record", _("Read the record")))
    if not rights.is_one_of_two:
        found += _ending(standing)
    ways: dict[str, Way] = {}
    for route, text in found:
        ways.setdefault(route, Way(text, _address(route, talk)))
    return list(ways.values())


def _address(route: str, talk: Talk) -> str:
    return reverse(f"dialogues:{route}", args=[talk.pk])


def _first(standing: Standing) -> list[tuple[str, str]]:
    """What waits for this person, the most pressing first."""
    rights, talk = standing.rights, standing.talk
    found: list[tuple[str, str]] = []
    if rights.has_left and rights.may(Action.DISCONTINUE):
        found = _ending(standing)
    elif rights.may(Action.HAND_OVER):
        found = [("talk_hand_over", _("Hand the talk over"))]
    elif talk.is_before:
        found = _first_before(standing)
    elif talk.status == _S.DOCUMENTED and not standing.has_answered:
        found = [("talk_confirm", _("Read and answer the record"))]
    return found


def _first_before(standing: Standing) -> list[tuple[str, str]]:
    is_holder = standing.rights.is_holder
    found = []
    if standing.to_answer and standing.rights.may(Action.ANSWER_TIME):
        found.append(("talk_times", _("Answer the proposed time")))
    if is_holder and not standing.times:
        found.append(("talk_times", _("Propose a time")))
    if is_holder and standing.is_time_past:
        found.append(("talk_hold", _("Note that the talk has been held")))
    if not standing.is_ready:
        found.append(("preparation", _("Prepare the talk")))
    elif standing.talk.are_both_ready:
        found.append(("preparation_other", _("Read what has been shared")))
    return found


def _further(standing: Standing) -> list[tuple[str, str]]:
    rights, talk = standing.rights, standing.talk
    found = _to_open(standing)
    if talk.status == _S.CONFIRMED and rights.may(Action.CLOSE):
        found += [("record", _("Read the record")), ("talk_close", _("Close the talk"))]
    if rights.may(Action.REOPEN):
        found.append(("talk_reopen", _("Ask for changes")))
    if rights.may(Action.CORRECT):
        found.append(("record", _("Read the record")))
        found.append(("talk_correct", _("Correct the record")))
    if rights.may(Action.BRING_ALONG) and (talk.brought_to_id or employments_after(talk)):
        found.append(("talk_bring", _("Take the record along to another employment")))
    if talk.version_number or talk.held_on:
        found.append(("readings", _("Who has read")))
    return found + _ending(standing)


def _to_open(standing: Standing) -> list[tuple[str, str]]:
    """The pages where the two write, or read what they have written."""
    rights, talk = standing.rights, standing.talk
    found = []
    if talk.is_before:
        if not rights.has_left:
            found.append(("talk_times", _("The time of the talk")))
        found.append(("preparation", _("My preparation")))
        if rights.is_holder:
            found.append(("talk_hold", _("Note that the talk has been held")))
    elif talk.status == _S.HELD:
        found.append(("joint", _("Open the joint page")))
    elif talk.status == _S.DISCONTINUED and talk.held_on:
        found.append(("joint", _("Read what was written")))
    elif talk.status == _S.DOCUMENTED:
        found.append(("record", _("Read the record")))
    return found


def _ending(standing: Standing) -> list[tuple[str, str]]:
    rights = standing.rights
    found = []
    if not rights.is_one_of_two and rights.may(Action.CLOSE):
        found.append(("talk_close", _("Close the talk")))
    if rights.may(Action.DISCONTINUE):
        found.append(("talk_discontinue", _("Discontinue the talk")))
    return found


def employments_after(talk: Talk) -> list[Employment]:
    """Where the employee can take the record along to."""
    own = Employment.objects.filter(person=talk.employee_id).select_related("unit")
    later = own.exclude(pk=talk.employment_id).order_by("starts_on", "pk")
    return [each for each in later if is_later(each, talk.employment)]


def follow_up_address(standing: Standing, others: list[Talk]) -> str:
    """Where a manager starts the half-year follow-up of an answered talk; empty when there is
    one, or when it is none of theirs."""
    talk = standing.talk
    if talk.kind != TalkKind.EMPLOYEE or not standing.rights.may(Action.FOLLOW_UP):
        return ""
    if any(
        each.kind == TalkKind.FOLLOW_UP
        and each.year >= talk.year
        and each.status != _S.DISCONTINUED
        for each in others
    ):
        return ""
    return _address("talk_follow_up", talk)
