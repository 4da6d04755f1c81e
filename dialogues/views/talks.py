"""The hub of the talks: my own, those with my employees, one talk, and the steps of its way."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from dialogues import talk_lists
from dialogues.actions.steps import StepRefusedError
from dialogues.actions.talks import (
    bring_along,
    close_talk,
    discontinue_talk,
    hand_over_talk,
    hold_talk,
    start_talk,
    take_over_talk,
)
from dialogues.delegation_lists import named, who_stands_in, with_me
from dialogues.forms.talks import (
    BringForm,
    DiscontinueForm,
    HandOverForm,
    HoldForm,
    StartTalkForm,
)
from dialogues.models import Reading, Talk, TalkKind
from dialogues.readings import note_reading
from dialogues.rules import TalkRights
from dialogues.states import STEPS, Action
from dialogues.talk_standing import Names, Standing, standings_of
from dialogues.talk_ways import employments_after, follow_up_address, ways_of
from dialogues.views.record import shown_grants
from goals.years import asked_year, plannable_years, year_of_talks
from stockholm_quality.web import AuthedRequest, address_of_portal, render_page, require
from units.models import Employment, Role
from units.rules import managers_of
from units.submissions import once, repeated

PAGE_SIZE = 50


@require_safe
def talks(request: AuthedRequest) -> HttpResponse:
    user, this_year = request.user, timezone.localdate().year
    filters = talk_lists.Filters.of(request.GET, asked_year(request, year_of_talks()))
    met = talk_lists.employees_met(user)
    tally = talk_lists.tally_of(met, user, filters)
    context: dict[str, Any] = {
        "filters": filters,
        "this_year": this_year,
        "years": talk_lists.years_of(filters.year, this_year),
        "kinds": TalkKind.choices,
        "states": [(talk_lists.NONE_YET, _("No talk yet")), *Talk.Status.choices],
        "tally": tally,
        "none_yet": talk_lists.NONE_YET,
        "opens_in_need": user.has_role(Role.HR, Role.MANAGER),
        "kind_label": TalkKind(filters.kind or TalkKind.EMPLOYEE).label,
    }
    if not request.htmx.target:
        own = talk_lists.own_talks(user)
        context |= {
            "current": [(standing, ways_of(standing)) for standing in own.current],
            "earlier": own.earlier,
            "with_me": named(with_me(user, timezone.localdate()), user, timezone.localdate()),
        }
    if tally.employed:
        chosen = talk_lists.narrowed(met, user, filters)
        found = chosen.select_related("person", "unit").in_swedish_order()
        page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
        rows = talk_lists.rows_of(page, user, filters)
        context |= {
            "page_obj": page,
            "rows": rows,
            "may_start": filters.year in plannable_years(),
            "manages": any(not row.is_named for row in rows),
            "may_invite": any(
                each.talk.is_before and each.rights.is_holder and not each.accepted
                for row in rows
                for each in row.talks
            ),
        }
    return render_page(
        request,
        "dialogues/talks.html",
        context,
        fragment="dialogues/talks_results.html",
        target="talks-results",
    )


@require_safe
def talk(request: AuthedRequest, pk: int) -> HttpResponse:
    rights = _get_rights(request, pk)
    found = rights.talk
    standing = standings_of([rights], request.user, steps=True)[0]
    thread = talk_lists.thread_of_talks(rights)
    words = _words_of_last_step(standing)
    why_ended = _why_ended(standing)
    if words or why_ended:
        note_reading(rights, Reading.What.JOINT)
    context = {
        "talk": found,
        "standing": standing,
        "rights": rights,
        "ways": ways_of(standing),
        "follow_up_url": follow_up_address(standing, thread),
        "thread": [(each, _relation_to(found, each)) for each in thread if each != found],
        "words": words,
        "why_ended": why_ended,
        "grants": shown_grants(rights) if rights.is_one_of_two else [],
        "left": _left_words(standing) if rights.is_employee else "",
        "brought_to": found.brought_to if rights.is_one_of_two else None,
        "stand_ins": who_stands_in(rights.user, found) if rights.is_employee else [],
    }
    return render(request, "dialogues/talk.html", context)


def _left_words(standing: Standing) -> str:
    """What the employee can do with a running talk that nobody holds any longer."""
    rights, talk = standing.rights, standing.talk
    is_running = talk.is_before or talk.status in {Talk.Status.HELD, Talk.Status.DOCUMENTED}
    if not is_running or not rights.has_no_holder:
        return ""
    if rights.has_left:
        words = _("The employment has ended. The talk cannot go on.")
        if rights.may(Action.DISCONTINUE):
            words = _("The employment has ended. The talk cannot go on: discontinue it.")
        elif standing.tasks:
            words = _("The employment has ended. The record can still be answered by you.")
    elif talk.is_before:
        words = _(
            "{name} no longer holds talks with you. Your manager of today can take the talk over; "
            "what you have written stays yours."
        )
    elif rights.may(Action.HAND_OVER):
        words = _(
            "{name} no longer holds talks with you. You can hand the talk over to your manager of "
            "today."
        )
    else:
        words = _(
            "{name} no longer holds talks with you. When you have a manager again, you can hand "
            "the talk over."
        )
    return words.format(name=standing.holder)


def _words_of_last_step(standing: Standing) -> Any:
    """Why it was opened again or is corrected, while that is what is being done; for the two."""
    if not standing.rights.is_one_of_two or standing.talk.status != Talk.Status.HELD:
        return None
    last = next(
        (
            step
            for step in reversed(standing.steps)
            if step.to_status != step.from_status or step.action == Action.REOPEN
        ),
        None,
    )
    if last is None or last.action not in {Action.REOPEN, Action.CORRECT}:
        return None
    return {
        "is_correction": last.action == Action.CORRECT,
        "text": last.words,
        "by": standing.names.of(last.by),
        "is_mine": last.by == standing.rights.user,
        "at": last.at,
    }


def _why_ended(standing: Standing) -> str:
    ends = [step.words for step in standing.steps if step.action == Action.DISCONTINUE]
    return ends[-1] if ends and standing.rights.is_one_of_two else ""


def _relation_to(talk: Talk, other: Talk) -> str:
    if other.pk == talk.previous_id:
        return _("this talk goes on from it")
    if other.previous_id == talk.pk:
        return _("goes on from this talk")
    return ""


@require_http_methods(["GET", "HEAD", "POST"])
def talk_new(request: AuthedRequest, employment_pk: int) -> HttpResponse:
    met = Employment.objects.met_by(request.user).select_related("person", "unit")
    employment = get_object_or_404(met, pk=employment_pk)
    initial = {
        "year": asked_year(request, year_of_talks()),
        "kind": request.GET.get("kind", TalkKind.EMPLOYEE),
    }
    form = StartTalkForm(
        request.POST or None, initial=initial, by=request.user, employment=employment
    )
    require(bool(form.kinds))
    visible = Talk.objects.visible_to(request.user).with_people()
    existing = [
        TalkRights(request.user, each)
        for each in visible.filter(employment=employment, year__in=plannable_years())
        .exclude(status=Talk.Status.DISCONTINUED)
        .order_by("-year", "pk")
    ]
    in_the_way: Talk | None = None
    status = HTTPStatus.OK
    if request.method == "POST" and form.is_valid():
        in_the_way = next((each.talk for each in existing if _is_same(each.talk, form)), None)

        def start() -> str:
            made = start_talk(employment=employment, by=request.user, **form.cleaned_data)
            messages.success(
                request, _("The talk is started. Propose a time, and prepare when it suits you.")
            )
            return made.get_absolute_url()

        try:
            return once(request, start)
        except StepRefusedError as error:
            form.add_error(None, str(error))
            status = HTTPStatus.CONFLICT
    name = Names(request.user, [employment.person]).of(employment.person)
    context = {
        "employment": employment,
        "name": name,
        "form": form,
        "existing": existing,
        "in_the_way": in_the_way,
    }
    return render(request, "dialogues/talk_new.html", context, status=status)


def _is_same(talk: Talk, form: StartTalkForm) -> bool:
    return (talk.kind, talk.year) == (form.cleaned_data["kind"], form.cleaned_data["year"])


# --- The steps -----------------------------------------------------------------------------------


@dataclass
class _Step:
    """A page that asks once before a step is taken, and says what it means."""

    heading: str
    says: list[str]
    button: str
    done: str
    act: Callable[[dict[str, Any], TalkRights], object]
    form: forms.Form | None = None
    is_danger: bool = False
    who_reads: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
def talk_hold(request: AuthedRequest, pk: int) -> HttpResponse:
    def step(standing: Standing) -> _Step:
        agreed = standing.accepted.starts_at if standing.accepted else timezone.now()
        held_on = min(timezone.localdate(agreed), timezone.localdate())
        return _Step(
            _("The talk has been held"),
            [
                _(
                    "From now on the two of you write together on the joint page: what was said, "
                    "the expectations and the competence plan."
                ),
                _(
                    "The time of preparing is over. What either of you has not shared stays with "
                    "its writer."
                ),
            ],
            _("Note that it has been held"),
            _("The talk is held. Write the record together."),
            lambda cleaned, rights: hold_talk(
                talk=rights.talk, by=rights.user, portal=address_of_portal(request), **cleaned
            ),
            HoldForm(request.POST or None, initial={"held_on": held_on}),
        )

    return _step_page(request, pk, Action.HOLD, step)


@require_http_methods(["GET", "HEAD", "POST"])
def talk_close(request: AuthedRequest, pk: int) -> HttpResponse:
    def step(standing: Standing) -> _Step:
        return _Step(
            _("Close the talk"),
            [
                _("Nothing remains to be done with the talk. The record stays readable."),
                _("It can still be corrected, by a new version that both of you answer."),
            ],
            _("Close the talk"),
            _("The talk is closed."),
            lambda cleaned, rights: close_talk(talk=rights.talk, by=rights.user),
        )

    return _step_page(request, pk, Action.CLOSE, step)


@require_http_methods(["GET", "HEAD", "POST"])
def talk_discontinue(request: AuthedRequest, pk: int) -> HttpResponse:
    def step(standing: Standing) -> _Step:
        together = _("What you have written together can be read by the two of you.")
        return _Step(
            _("Discontinue the talk"),
            [
                _(
                    "The talk ends without a record, and cannot be taken up again. A new one can "
                    "be started."
                ),
                _("What each of you has written alone stays with its writer, unshared.")
                + (f" {together}" if standing.talk.held_on else ""),
            ],
            _("Discontinue the talk"),
            _("The talk is discontinued."),
            lambda cleaned, rights: discontinue_talk(
                talk=rights.talk, by=rights.user, portal=address_of_portal(request), **cleaned
            ),
            DiscontinueForm(request.POST or None),
            is_danger=True,
            who_reads=_("the two of you"),
        )

    return _step_page(request, pk, Action.DISCONTINUE, step)


@require_http_methods(["GET", "HEAD", "POST"])
def talk_take_over(request: AuthedRequest, pk: int) -> HttpResponse:
    def step(standing: Standing) -> _Step:
        return _Step(
            _("Take over the talk"),
            [
                _("You go on with the talk as the employee's manager, instead of {name}.").format(
                    name=standing.holder
                ),
                _(
                    "What the employee has written and shared comes along. What the earlier "
                    "manager prepared does not: you begin your own preparation."
                ),
            ],
            _("Take over the talk"),
            _("The talk is yours now. The employee sees that you hold it."),
            lambda cleaned, rights: take_over_talk(
                talk=rights.talk, by=rights.user, portal=address_of_portal(request)
            ),
        )

    return _step_page(request, pk, Action.TAKE_OVER, step)


@require_http_methods(["GET", "HEAD", "POST"])
def talk_hand_over(request: AuthedRequest, pk: int) -> HttpResponse:
    def step(standing: Standing) -> _Step:
        managers = managers_of(standing.talk.employment)
        names = Names(request.user, managers)
        shown = {each.pk: names.of(each, _("your manager")) for each in managers}
        people = {each.pk: each for each in managers}
        return _Step(
            _("Hand the talk over to your manager of today"),
            [
                _("{name} no longer holds talks with you. Only you can hand over this one.").format(
                    name=standing.holder
                ),
                _(
                    "The record that the two of you began goes along, and your manager of today "
                    "writes on in it with you. What the earlier manager prepared does not go along."
                ),
                _("If you do not want that, leave it as it is: nobody else can read it."),
            ],
            _("Hand over"),
            _("The talk is handed over. Your manager of today can open the joint page."),
            lambda cleaned, rights: hand_over_talk(
                talk=rights.talk, to=people[int(cleaned["to"])], by=rights.user
            ),
            HandOverForm(request.POST or None, managers=shown),
        )

    return _step_page(request, pk, Action.HAND_OVER, step)


@require_http_methods(["GET", "HEAD", "POST"])
def talk_bring(request: AuthedRequest, pk: int) -> HttpResponse:
    def step(standing: Standing) -> _Step:
        record = standing.talk
        return _Step(
            _("Take the record along to another employment"),
            [
                _(
                    "You choose whether the record goes along. Your manager there can then read "
                    "what both answered, but change nothing. The needs of your competence plan "
                    "are chosen by themselves."
                ),
                _("You can take it back any day. Every reading of theirs is in the reading log."),
            ],
            _("Save"),
            _("Saved."),
            lambda cleaned, rights: bring_along(
                talk=rights.talk, employment=cleaned["employment"], by=rights.user
            ),
            BringForm(
                request.POST or None,
                initial={"employment": record.brought_to_id or ""},
                employments=employments_after(record),
            ),
        )

    return _step_page(request, pk, Action.BRING_ALONG, step)


def _step_page(
    request: AuthedRequest, pk: int, action: Action, make: Callable[[Standing], _Step]
) -> HttpResponse:
    if request.method == "POST" and (done := repeated(request)):
        return done
    rights = _get_rights(request, pk)
    require(rights.is_for(action))
    # Who has written something keeps it on the page that says no.
    has_text = request.method == "POST" and action == Action.DISCONTINUE
    if not rights.may(action) and not has_text:
        messages.error(request, str(STEPS[action].words))
        return redirect(rights.talk)
    standing = standings_of([rights], request.user)[0]
    step = make(standing)
    form, status = step.form, HTTPStatus.OK
    if request.method == "POST" and (form is None or form.is_valid()):

        def act() -> str:
            step.act(form.cleaned_data if form else {}, rights)
            messages.success(request, step.done)
            return rights.talk.get_absolute_url()

        try:
            return once(request, act)
        except StepRefusedError as error:
            if form is None or not has_text:
                messages.error(request, str(error))
                return redirect(rights.talk)
            form.add_error(None, str(error))
            status = HTTPStatus.CONFLICT
    context = {"talk": rights.talk, "standing": standing, "step": step, "form": form}
    return render(request, "dialogues/talk_step.html", context, status=status)


def _get_rights(request: AuthedRequest, pk: int) -> TalkRights:
    visible = Talk.objects.visible_to(request.user).with_people()
    return TalkRights(request.user, get_object_or_404(visible, pk=pk))
