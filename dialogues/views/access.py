"""Access in need: to ask for one record, and to see what has been asked for."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from dialogues.actions.access import open_in_need, people_to_tell
from dialogues.forms.record import AccessForm, PersonSearchForm
from dialogues.models import AccessGrant, Reading, Talk, TalkKind
from dialogues.models.talk import openable_in_need
from dialogues.reminding import mail_about_access
from dialogues.rules import TalkRights, can_open_in_need
from dialogues.views.record import names_for
from stockholm_quality.web import AuthedRequest, require
from units.drafts import as_initial, drop_draft, find_draft
from units.models import Employment, Role, User
from units.submissions import once, repeated

MOST_FOUND = 25
GRANTS_PER_PAGE = 25
LONGEST_KEY = 18  # digits


@require_http_methods(["GET", "HEAD", "POST"])
def access_open(request: AuthedRequest) -> HttpResponse:
    """Choose a person, say which record and why, read the warning, open it."""
    if request.method == "POST" and (done := repeated(request)):
        return done
    own = AccessGrant.objects.filter(reader=request.user)
    require(request.user.has_role(Role.MANAGER, Role.HR) or own.exists())
    chosen = request.GET.get("employment", "")
    if chosen or request.method == "POST":
        return _ask(request, _employment(request, chosen))
    search = PersonSearchForm(request.GET or None)
    words = search.cleaned_data["q"].split() if search.is_bound and search.is_valid() else []
    page = Paginator(
        own.select_related("employee", "employment__unit").order_by("-opened_at", "-pk"),
        GRANTS_PER_PAGE,
    ).get_page(request.GET.get("page"))
    names = names_for(request.user, *(grant.employee_id for grant in page))
    now = timezone.now()
    context: dict[str, Any] = {
        "search": search,
        "has_searched": bool(words),
        "found": _found(request.user, words) if words else [],
        "most_found": MOST_FOUND,
        "page_obj": page,
        "grants": [
            (grant, names.get(grant.employee_id) or _("an employee"), grant.is_over(now))
            for grant in page
        ],
    }
    return render(request, "dialogues/access_open.html", context)


def _found(user: User, words: list[str]) -> list[Employment]:
    named = Q()
    for word in words:
        named &= Q(given_name__icontains=word) | Q(family_name__icontains=word)
    people = User.objects.visible_to(user).filter(named)
    managed = Employment.objects.answered_for_by(user)
    return list(
        openable_in_need(user)
        .filter(person__in=people.values("pk"))
        .exclude(pk__in=managed.values("pk"))
        .select_related("person", "unit")
        .in_swedish_order()[:MOST_FOUND]
    )


def _employment(request: AuthedRequest, chosen: str) -> Employment:
    """One whose person the reader may see by name, and whose records they may ask for."""
    if not (chosen.isascii() and chosen.isdecimal() and len(chosen) <= LONGEST_KEY):
        raise Http404
    visible = User.objects.visible_to(request.user).values("pk")
    employment = get_object_or_404(
        openable_in_need(request.user)
        .filter(person__in=visible)
        .select_related("person", "unit__successor"),
        pk=int(chosen),
    )
    require(can_open_in_need(request.user, employment))
    return employment


def _ask(request: AuthedRequest, employment: Employment) -> HttpResponse:
    key = f"access:{employment.pk}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    form = AccessForm(request.POST or None, initial=as_initial(draft))
    context = {"employment": employment, "form": form, "draft": draft, "draft_key": key}
    if request.method != "POST" or not form.is_valid() or "change" in request.POST:
        return render(request, "dialogues/access_form.html", context)
    if "sure" not in request.POST:
        context["kind"] = TalkKind(form.cleaned_data["kind"]).label
        context["ends_at"] = timezone.now() + form.lasts
        return render(request, "dialogues/access_sure.html", context)

    def open_record() -> str:
        told = form.cleaned_data
        grant = open_in_need(
            employment=employment,
            kind=told["kind"],
            year=told["year"],
            reason=told["reason"],
            lasts=form.lasts,
            by=request.user,
        )
        drop_draft(request.user, key)
        _tell(request, grant)
        return grant.get_absolute_url()

    return once(request, open_record)


def _tell(request: AuthedRequest, grant: AccessGrant) -> None:
    people = people_to_tell(grant)
    link = request.build_absolute_uri(grant.get_absolute_url())
    transaction.on_commit(lambda: mail_about_access(people, link))
    messages.success(request, _("Noted, and told to the employee and the manager."))


@require_safe
def access(request: AuthedRequest, pk: int) -> HttpResponse:
    """One access: for whoever asked, and for the two."""
    grant = get_object_or_404(
        AccessGrant.objects.visible_to(request.user).select_related("employment__unit"), pk=pk
    )
    names = names_for(request.user, grant.employee_id, grant.reader_id)
    is_mine = grant.reader_id == request.user.pk
    talks = Talk.objects.visible_to(request.user).with_people()
    talk = talks.filter(pk=grant.talk_id).first() if grant.talk_id else None
    rights = TalkRights(request.user, talk) if talk else None
    is_over = grant.is_over(timezone.now())
    context = {
        "grant": grant,
        "employee": names.get(grant.employee_id) or _("an employee"),
        "reader": names.get(grant.reader_id) or _("HR, or a manager above"),
        "is_mine": is_mine,
        "is_mine_to_know": grant.employee_id == request.user.pk,
        "is_over": is_over,
        # The role that it was given by has ended before the time has.
        "has_ended_early": not is_over and not _still_holds(grant),
        "was_found": grant.talk_id is not None,
        "may_read": is_mine and rights is not None and rights.sees_record,
        "talk": talk if rights and rights.is_one_of_two else None,
        "readings": Reading.objects.filter(grant=grant).order_by("-at", "-pk")[:GRANTS_PER_PAGE],
    }
    return render(request, "dialogues/access.html", context)


def _still_holds(grant: AccessGrant) -> bool:
    return openable_in_need(grant.reader).filter(pk=grant.employment_id).exists()
