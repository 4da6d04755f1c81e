"""Rounds of talks: HR prepares one, sees who is included, starts it, and ends it."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from dialogues.actions.rounds import (
    choose,
    edit_round,
    end_round,
    join_round,
    open_round,
    start_round,
)
from dialogues.actions.steps import StepRefusedError
from dialogues.forms.rounds import ChoicesForm, RoundForm
from dialogues.models import Round
from dialogues.participants import Participant, Reason, known_to, participants_of, tally_of
from dialogues.talk_standing import Names
from goals.years import asked_year, year_of_talks
from stockholm_quality.web import AuthedRequest, require
from units.drafts import as_initial, drop_draft, find_draft
from units.models import Employment, Role, User
from units.revisions import StaleRevisionError, compare_with_current, seen_now
from units.submissions import once, repeated

PAGE_SIZE = 50
_LONGEST_KEY = 18  # digits
CHOICE, ORDINARY, OUT, JOINED = "choice", "ordinary", "out", "joined"


@require_safe
def rounds(request: AuthedRequest) -> HttpResponse:
    require(request.user.has_role(Role.HR))
    found = (
        Round.objects.kept_by(request.user)
        .select_related("unit", "opened_by")
        .order_by("-year", "-starts_on", "-pk")
    )
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    names = Names(request.user, [each.opened_by for each in page])
    context = {
        "page_obj": page,
        "rounds": [(each, names.of(each.opened_by)) for each in page],
    }
    return render(request, "dialogues/rounds.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def round_new(request: AuthedRequest) -> HttpResponse:
    require(request.user.has_role(Role.HR))
    key = "round:new"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    initial = as_initial(draft) or {"year": asked_year(request, year_of_talks())}
    form = RoundForm(request.POST or None, initial=initial, by=request.user)
    status = HTTPStatus.OK
    if request.method == "POST" and (done := repeated(request)):
        return done
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            opened = open_round(by=request.user, **_fields(form))
            drop_draft(request.user, key)
            messages.success(
                request, _("The round is saved. See who is included, and start it when it is time.")
            )
            return opened.get_absolute_url()

        try:
            return once(request, save)
        except StepRefusedError as error:
            form.add_error(None, str(error))
            status = HTTPStatus.CONFLICT
    context = {"form": form, "draft": draft, "draft_key": key}
    return render(request, "dialogues/round_form.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def round_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    found = _get_round(request, pk)
    if found.status != Round.Status.PLANNED:
        messages.error(request, _("The round has started. What it began with no longer changes."))
        return redirect(found)
    key = f"round:{found.pk}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    form = RoundForm(
        request.POST or None, initial=as_initial(draft), instance=found, by=request.user
    )
    context = {"form": form, "round": found, "draft": draft, "draft_key": key}
    status = HTTPStatus.OK
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            revision = form.cleaned_data["revision"] or 0
            edit_round(round_=found, revision=revision, **_fields(form))
            drop_draft(request.user, key)
            messages.success(request, _("The round is saved."))
            return found.get_absolute_url()

        try:
            return once(request, save)
        except StaleRevisionError as stale:
            context["conflict"] = compare_with_current(form, stale.current)
            form.data = seen_now(form.data, stale.current)
            status = HTTPStatus.CONFLICT
        except StepRefusedError as error:
            form.add_error(None, str(error))
            status = HTTPStatus.CONFLICT
    return render(request, "dialogues/round_form.html", context, status=status)


def _fields(form: RoundForm) -> dict[str, Any]:
    return {name: value for name, value in form.cleaned_data.items() if name != "revision"}


@dataclass(frozen=True)
class Row:
    """One of the list, with what HR may see of them."""

    participant: Participant
    employment: Employment
    manager: str
    reasons: list[str]


@require_http_methods(["GET", "HEAD", "POST"])
def round_page(request: AuthedRequest, pk: int) -> HttpResponse:
    """Who is included, with a choice for each; POST keeps the choices of one page."""
    found = _get_round(request, pk)
    everybody = known_to(request.user, participants_of(found))
    if request.method == "POST":
        return _keep_choices(request, found, everybody)
    is_ended = found.status == Round.Status.ENDED
    if is_ended:  # whoever has come since, or was never settled, had no part in it
        everybody = [
            each for each in everybody if each.is_joined or (each.decision and each.is_left_out)
        ]
    tally = tally_of(everybody)
    groups = _groups(found, everybody)
    wanted = request.GET.get("show", "")
    if wanted not in groups:
        wanted = next((name for name in (CHOICE, JOINED) if groups.get(name)), ORDINARY)
    text = request.GET.get("q", "").strip()[:100]
    page = Paginator(_employments(groups.get(wanted, []), text), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    context = {
        "round": found,
        "tally": tally,
        "groups": [
            (name, _label(name), len(members), name == wanted) for name, members in groups.items()
        ],
        "show": wanted,
        "q": text,
        "page_obj": page,
        "rows": _rows(request.user, page, everybody),
        "may_choose": not is_ended and wanted != JOINED,
        "is_planned": found.status == Round.Status.PLANNED,
        "is_running": found.status == Round.Status.STARTED,
    }
    return render(request, "dialogues/round.html", context)


def _groups(found: Round, everybody: list[Participant]) -> dict[str, list[Participant]]:
    """By what HR comes to look for; groups with nobody in them are left out."""
    of_reason = {
        reason.value: [
            each
            for each in everybody
            if not each.is_joined and each.reasons and each.reasons[0] == reason
        ]
        for reason in Reason
    }
    groups = {
        CHOICE: [each for each in everybody if each.needs_choice],
        **of_reason,
        ORDINARY: [each for each in everybody if not each.reasons and not each.is_joined],
        OUT: [each for each in everybody if each.is_left_out],
        JOINED: [each for each in everybody if each.is_joined],
    }
    return {
        name: members
        for name, members in groups.items()
        if members or (name == ORDINARY and found.status == Round.Status.PLANNED)
    }


def _label(name: str) -> str:
    labels = {
        CHOICE: _("To look at"),
        ORDINARY: _("Everybody else"),
        OUT: _("Left out"),
        JOINED: _("Have joined"),
    }
    return labels.get(name) or str(Reason(name).label)


def _employments(members: list[Participant], text: str) -> Any:
    found = Employment.objects.filter(pk__in=[each.employment for each in members])
    for word in text.split():
        found = found.filter(
            Q(person__given_name__icontains=word)
            | Q(person__family_name__icontains=word)
            | Q(unit__name__icontains=word)
        )
    return found.select_related("person", "unit").in_swedish_order()


def _rows(user: User, page: Page, everybody: list[Participant]) -> list[Row]:
    of_employment = {each.employment: each for each in everybody}
    shown = [(of_employment[each.pk], each) for each in page.object_list]
    managers = User.objects.in_bulk({each.manager for each, _row in shown if each.manager})
    names = Names(user, managers.values())
    return [
        Row(
            each,
            employment,
            names.of(managers[each.manager]) if each.manager else "",
            [str(reason.label) for reason in each.reasons],
        )
        for each, employment in shown
    ]


def _keep_choices(
    request: AuthedRequest, found: Round, everybody: list[Participant]
) -> HttpResponse:
    keys = {
        int(name.removeprefix("choice_"))
        for name in request.POST
        if name.startswith("choice_") and _is_key(name.removeprefix("choice_"))
    }
    posted = {each.employment: each for each in everybody if each.employment in keys}
    form = ChoicesForm(request.POST, employments=list(posted))
    address = f"{found.get_absolute_url()}?{request.GET.urlencode()}"
    if not form.is_valid():
        messages.error(request, _("Choose takes part or does not take part for each."))
        return redirect(address)
    # Of whom the rule holds and nobody has wondered about, nothing needs to be kept.
    decisions = {
        pk: decision
        for pk, decision in form.decisions.items()
        if posted[pk].reasons or posted[pk].decision or decision != posted[pk].effective
    }

    def keep() -> str:
        changed = choose(round_=found, decisions=decisions, seen=form.seen, by=request.user)
        # How many that were is not told: who had such a talk already would be the difference.
        join_round(round_=found, by=request.user)
        messages.success(request, _("The choices are saved."))
        if changed:
            messages.warning(
                request,
                ngettext(
                    "Somebody else has chosen for {number} of them meanwhile. That choice is "
                    "left as it is: look at it again.",
                    "Somebody else has chosen for {number} of them meanwhile. Those choices are "
                    "left as they are: look at them again.",
                    len(changed),
                ).format(number=len(changed)),
            )
        return address

    return _taken(request, found, keep)


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _LONGEST_KEY


@require_http_methods(["GET", "HEAD", "POST"])
def round_start(request: AuthedRequest, pk: int) -> HttpResponse:
    found = _get_round(request, pk)
    if request.method == "POST":

        def start() -> str:
            start_round(round_=found, by=request.user)
            messages.success(
                request, _("The round has started. Managers and employees see it on their page.")
            )
            return found.get_absolute_url()

        return _taken(request, found, start)
    if found.status != Round.Status.PLANNED:
        messages.info(request, _("The round has started already."))
        return redirect(found)
    tally = tally_of(known_to(request.user, participants_of(found)))
    return render(request, "dialogues/round_sure.html", {"round": found, "tally": tally})


@require_http_methods(["GET", "HEAD", "POST"])
def round_end(request: AuthedRequest, pk: int) -> HttpResponse:
    found = _get_round(request, pk)
    if request.method == "POST":

        def end() -> str:
            end_round(round_=found)
            messages.success(request, _("The round has ended. Talks that have begun go on."))
            return found.get_absolute_url()

        return _taken(request, found, end)
    if found.status != Round.Status.STARTED:
        messages.info(request, _("The round is not running."))
        return redirect(found)
    return render(request, "dialogues/round_sure.html", {"round": found, "is_end": True})


def _taken(request: AuthedRequest, found: Round, act: Any) -> HttpResponse:
    try:
        return once(request, act)
    except StepRefusedError as error:
        messages.error(request, str(error))
        return redirect(found)


def _get_round(request: AuthedRequest, pk: int) -> Round:
    kept = Round.objects.kept_by(request.user)
    return get_object_or_404(
        kept.select_related("unit", "template", "manager_template", "started_by"), pk=pk
    )
