"""Delegations: who holds talks in the manager's place, with whom and until when."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from dialogues import delegation_lists as lists
from dialogues.actions.delegations import (
    end_delegation,
    give_delegations,
    hand_waiting_talks,
    possible_delegates,
    waiting_talks,
)
from dialogues.actions.steps import StepRefusedError
from dialogues.forms.delegations import DelegateSearchForm, DelegationForm, EndForm
from stockholm_quality.web import AuthedRequest, address_of_portal, require
from units.models import Delegation, Employment, User
from units.rules import answers_for
from units.submissions import once, repeated

MOST_FOUND = 25
PAST_PER_PAGE = 25
LONGEST_KEY = 18  # digits
WAY_BACK = "dialogues:delegations"


@require_safe
def delegations(request: AuthedRequest) -> HttpResponse:
    """Those I have given, who may hold my talks, and whose I hold."""
    user, today = request.user, timezone.localdate()
    manages = _manages(user)
    context: dict[str, Any] = {
        "manages": manages,
        "with_me": lists.named(lists.with_me(user, today), user, today),
        "mine_to_hold": lists.named(lists.in_managers_place(user, today), user, today),
    }
    if manages:
        given = lists.given_with(user)
        past = Paginator(given.filter(ends_on__lt=today), PAST_PER_PAGE)
        page = past.get_page(request.GET.get("page"))
        context |= {
            "given": lists.named(lists.running_or_coming(given, today), user, today),
            "past": lists.named(page, user, today),
            "page_obj": page,
        }
    return render(request, "dialogues/delegations.html", context)


def _manages(user: User) -> bool:
    return Employment.objects.managed_by(user).exists()


@require_http_methods(["GET", "HEAD", "POST"])
def delegation_new(request: AuthedRequest) -> HttpResponse:
    """First who, found by name; then with whom, and from when to when."""
    require(_manages(request.user))
    if chosen := request.GET.get("delegate", ""):
        return _give(request, _delegate(request.user, chosen))
    search = DelegateSearchForm(request.GET or None)
    words = search.cleaned_data["q"].split() if search.is_bound and search.is_valid() else []
    context = {
        "search": search,
        "has_searched": bool(words),
        "found": _found(request.user, words) if words else [],
        "most_found": MOST_FOUND,
    }
    return render(request, "dialogues/delegation_search.html", context)


def _found(user: User, words: list[str]) -> list[tuple[User, list[Employment]]]:
    """With where they work, as there may be two of a name."""
    named = Q()
    for word in words:
        named &= Q(given_name__icontains=word) | Q(family_name__icontains=word)
    people = list(possible_delegates(user).filter(named).in_swedish_order()[:MOST_FOUND])
    places: dict[int, list[Employment]] = {}
    employed = Employment.objects.active_on().filter(person__in=people).select_related("unit")
    for employment in employed.order_by("starts_on", "pk"):
        places.setdefault(employment.person_id, []).append(employment)
    return [(person, places.get(person.pk, [])) for person in people]


def _delegate(user: User, chosen: str) -> User:
    if not (chosen.isascii() and chosen.isdecimal() and len(chosen) <= LONGEST_KEY):
        raise Http404
    return get_object_or_404(possible_delegates(user), pk=int(chosen))


def _give(request: AuthedRequest, delegate: User) -> HttpResponse:
    form = DelegationForm(
        request.POST or None,
        initial={"starts_on": timezone.localdate()},
        giver=request.user,
        delegate=delegate,
    )
    status = HTTPStatus.OK
    if request.method == "POST" and form.is_valid():

        def give() -> str:
            given = give_delegations(
                delegate=delegate,
                by=request.user,
                portal=address_of_portal(request),
                **form.cleaned_data,
            )
            messages.success(
                request,
                ngettext(
                    "{name} may hold talks with {count} employee. Both of them see it.",
                    "{name} may hold talks with {count} employees. All of them see it.",
                    len(given),
                ).format(name=delegate, count=len(given)),
            )
            return reverse(WAY_BACK)

        try:
            return once(request, give)
        except StepRefusedError as error:
            form.add_error(None, str(error))
            status = HTTPStatus.CONFLICT
    context = {"form": form, "delegate": delegate}
    return render(request, "dialogues/delegation_form.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def delegation_end(request: AuthedRequest, pk: int) -> HttpResponse:
    """End it now, or take back one that has not begun."""
    if request.method == "POST" and (done := repeated(request)):
        return done
    shown = _get_named(request, pk)
    delegation = shown.delegation
    if shown.is_over:
        messages.info(request, _("The delegation has ended already."))
        return redirect(WAY_BACK)
    form = EndForm(request.POST or None, initial={"revision": delegation.revision})
    if request.method == "POST" and form.is_valid():

        def end() -> str:
            end_delegation(
                delegation=delegation, revision=form.cleaned_data["revision"], by=request.user
            )
            messages.success(
                request,
                _("The delegation has ended: {name} sees nothing of the talks any more.").format(
                    name=shown.delegate
                ),
            )
            return reverse(WAY_BACK)

        try:
            return once(request, end)
        except StepRefusedError as error:
            messages.error(request, str(error))
            return redirect(WAY_BACK)
    context = {"shown": shown, "form": form}
    return render(request, "dialogues/delegation_end.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def delegation_talks(request: AuthedRequest, pk: int) -> HttpResponse:
    """Hand the talks that wait with the employee over to the delegate."""
    shown = _get_named(request, pk)
    if shown.state != "running":
        messages.info(request, _("Talks are handed over while the delegation runs."))
        return redirect(WAY_BACK)
    if request.method == "POST":

        def hand() -> str:
            handed = hand_waiting_talks(
                delegations=[shown.delegation],
                by=request.user,
                portal=address_of_portal(request),
            )
            messages.success(
                request,
                ngettext(
                    "{count} talk is handed over to {name}.",
                    "{count} talks are handed over to {name}.",
                    len(handed),
                ).format(count=len(handed), name=shown.delegate),
            )
            return reverse(WAY_BACK)

        try:
            return once(request, hand)
        except StepRefusedError as error:
            messages.error(request, str(error))
            return redirect(WAY_BACK)
    context = {"shown": shown, "talks": waiting_talks([shown.delegation], request.user)}
    return render(request, "dialogues/delegation_talks.html", context)


def _get_named(request: AuthedRequest, pk: int) -> lists.Named:
    """One that the reader sees; only the employee's manager does anything with it."""
    visible = Delegation.objects.visible_to(request.user).select_related(
        "employment__person", "employment__unit", "delegate", "given_by"
    )
    delegation = get_object_or_404(visible, pk=pk)
    require(answers_for(request.user, delegation.employment))
    return lists.named([delegation], request.user, timezone.localdate())[0]
