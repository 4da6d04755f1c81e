"""Activities: read, plan, say how they go."""

from collections.abc import Iterable
from datetime import date

from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from goals import rules
from goals.actions.indicators import (
    IndicatorNotReadyError,
    add_activity,
    discard_activity,
    edit_activity,
    tell_progress,
)
from goals.forms.indicator import ActivityForm, ProgressForm
from goals.models import Activity, Goal
from stockholm_quality.web import AuthedRequest, require
from units.drafts import as_initial, drop_draft, find_draft
from units.models import Draft, Unit, User
from units.revisions import (
    ComparedField,
    StaleRevisionError,
    compare_with_current,
    seen_now,
)
from units.submissions import once, repeated

LONGEST_NUMBER = 10  # digits


def names_of(people: Iterable[User], reader: User) -> dict[int, str]:
    """By person: the name, or words in its place where the reader may not see it."""
    wanted = {person.pk: str(person) for person in people}
    seen = set(User.objects.visible_to(reader).filter(pk__in=wanted).values_list("pk", flat=True))
    return {pk: name if pk in seen else _("a named employee") for pk, name in wanted.items()}


def activities_of(goal: Goal, reader: User) -> "QuerySet[Activity]":
    """What is done for the goal, each with `is_name_seen`: whether the reader may see the name of
    who is responsible."""
    seen = User.objects.visible_to(reader).filter(pk=OuterRef("responsible"))
    rows = Activity.objects.visible_to(reader).filter(goals=goal).select_related("responsible")
    return rows.annotate(is_name_seen=Exists(seen)).in_order()


@require_safe
def activity(request: AuthedRequest, pk: int) -> HttpResponse:
    read = _get_activity(request, pk)
    may_edit = rules.can_write_activities_of(request.user, read.unit)
    can_be_discarded = read.state in {Activity.State.PROPOSED, Activity.State.NOT_BEGUN}
    context = {
        "activity": read,
        "goals": Goal.objects.visible_to(request.user)
        .filter(activities=read)
        .select_related("unit")
        .in_order_of_numbers(),
        "responsible": names_of([read.responsible], request.user)[read.responsible_id],
        "is_late": read.is_late_on(timezone.localdate()),
        "may_edit": may_edit,
        "may_tell": rules.can_tell_progress(request.user, read),
        "may_discard": may_edit and can_be_discarded,
    }
    return render(request, "goals/activity_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def activity_new(request: AuthedRequest, goal_pk: int) -> HttpResponse:
    goals = Goal.objects.visible_to(request.user).select_related("unit")
    goal = get_object_or_404(goals, pk=goal_pk)
    require(rules.can_write_activities_of(request.user, goal.unit))
    key = f"activity:new:{goal.pk}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    year = goal.first_year
    initial = {
        "goals": [goal.pk],
        "starts_on": max(timezone.localdate(), date(year, 1, 1)),
        "due_on": date(year, 12, 31),
        **as_initial(draft, "goals"),
    }
    form = ActivityForm(
        request.POST or None,
        initial=initial,
        instance=Activity(unit=goal.unit),
        unit=goal.unit,
        year=year,
        user=request.user,
    )
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            add_activity(
                unit=goal.unit,
                fields=form.columns,
                goals=form.cleaned_data["goals"],
                by=request.user,
            )
            drop_draft(request.user, key)
            messages.success(request, _("The activity is saved."))
            return goal.get_absolute_url()

        return once(request, save)
    return _form_page(request, form, goal.unit, key=key, back=goal.get_absolute_url(), draft=draft)


@require_http_methods(["GET", "HEAD", "POST"])
def activity_edit(request: AuthedRequest, pk: int) -> HttpResponse:
    edited = _get_activity(request, pk)
    require(rules.can_write_activities_of(request.user, edited.unit))
    key = f"activity:{edited.pk}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    form = ActivityForm(
        request.POST or None,
        initial=as_initial(draft, "goals"),
        instance=edited,
        unit=edited.unit,
        year=edited.due_on.year,
        user=request.user,
    )
    back = edited.get_absolute_url()
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            edit_activity(
                activity=edited,
                revision=form.cleaned_data["revision"] or 0,
                fields=form.columns,
                goals=form.cleaned_data["goals"],
                by=request.user,
            )
            drop_draft(request.user, key)
            messages.success(request, _("The activity is saved."))
            return back

        try:
            return once(request, save)
        except StaleRevisionError as stale:
            return _form_page(request, form, edited.unit, key=key, back=back, current=stale.current)
    return _form_page(request, form, edited.unit, key=key, back=back, draft=draft)


@require_http_methods(["GET", "HEAD", "POST"])
def activity_progress(request: AuthedRequest, pk: int) -> HttpResponse:
    told = _get_activity(request, pk)
    require(rules.can_tell_progress(request.user, told))
    key = f"activity:{told.pk}:progress"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    form = ProgressForm(request.POST or None, initial=as_initial(draft), instance=told)
    current = None
    if request.method == "POST" and form.is_valid():

        def save() -> str:
            tell_progress(
                activity=told,
                revision=form.cleaned_data["revision"] or 0,
                state=form.cleaned_data["state"],
                progress=form.cleaned_data["progress"],
                by=request.user,
            )
            drop_draft(request.user, key)
            messages.success(request, _("It is noted how the activity goes."))
            return told.get_absolute_url()

        try:
            return once(request, save)
        except StaleRevisionError as stale:
            current = stale.current
    conflict = _compared(form, current, request.user) if current else []
    if current:
        form.data = seen_now(form.data, current)
    context = {
        "form": form,
        "activity": told,
        "draft": draft,
        "draft_key": key,
        "conflict": conflict,
    }
    return render(request, "goals/activity_progress.html", context, status=409 if current else 200)


@require_POST
def activity_discard(request: AuthedRequest, pk: int) -> HttpResponse:
    rows = Activity.objects.visible_to(request.user).select_related("unit")
    thrown = rows.filter(pk=pk).first()
    if thrown is None:
        if done := repeated(request):
            return done
        raise Http404
    require(rules.can_write_activities_of(request.user, thrown.unit))
    revision = request.POST.get("revision", "")
    is_number = revision.isdecimal() and len(revision) <= LONGEST_NUMBER
    goal = Goal.objects.visible_to(request.user).filter(activities=thrown).order_by("pk").first()

    def discard() -> str:
        discard_activity(
            activity=thrown, revision=int(revision) if is_number else 0, by=request.user
        )
        messages.success(request, _("The activity has been thrown away."))
        return (goal or thrown.unit).get_absolute_url()

    try:
        return once(request, discard)
    except StaleRevisionError:
        messages.warning(
            request,
            _("The activity was changed while you looked at it, so it was not thrown away."),
        )
    except IndicatorNotReadyError as error:
        messages.error(request, str(error))
    return redirect(thrown)


def _get_activity(request: AuthedRequest, pk: int) -> Activity:
    rows = Activity.objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("unit", "responsible"), pk=pk)


def _compared(
    form: ActivityForm | ProgressForm, current: Activity, reader: User
) -> list[ComparedField]:
    """Both texts, with words in place of a name that the reader may not see, and of a code."""
    rows = compare_with_current(form, current)
    states = dict(Activity.State.choices)
    people = [current.responsible]
    if mine := form.cleaned_data.get("responsible"):
        people.append(mine)
    names = {str(person): names_of(people, reader)[person.pk] for person in people}
    words = {code: str(label) for code, label in states.items()} | names
    return [
        ComparedField(row.label, words.get(row.left, row.left), words.get(row.right, row.right))
        for row in rows
    ]


def _form_page(
    request: AuthedRequest,
    form: ActivityForm,
    unit: Unit,
    *,
    key: str,
    back: str,
    draft: Draft | None = None,
    current: Activity | None = None,
) -> HttpResponse:
    conflict = []
    if current:
        conflict = _compared(form, current, request.user)
        stored = Goal.objects.filter(activities=current).in_order_of_numbers()
        mine = form.cleaned_data["goals"]
        conflict.append(
            ComparedField(
                str(form.fields["goals"].label),
                *("; ".join(map(str, goals)) for goals in (mine, stored)),
            )
        )
        form.data = seen_now(form.data, current)
    context = {
        "form": form,
        "activity": form.instance,
        "unit": unit,
        "back": back,
        "draft": draft,
        "draft_key": key,
        "conflict": conflict,
    }
    return render(request, "goals/activity_form.html", context, status=409 if conflict else 200)
