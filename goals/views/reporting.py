"""Who has reported what, and one message to those who are late."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from goals import rules
from goals.actions import plans
from goals.forms.plan import ReminderForm
from goals.models import Period
from goals.reminding import mail_reminder, proposed_text
from goals.reports import reporting
from goals.reports.reporting import State
from stockholm_quality.web import AuthedRequest, render_page, require
from units.drafts import as_initial, drop_draft, find_draft
from units.models import User
from units.submissions import once

UNITS_PER_PAGE = 50
LONGEST_TEXT = 100

# The shape beside the word (components/icon.html).
SHAPES = {
    State.LATE: "warning",
    State.NOT_BEGUN: "none",
    State.BEGUN: "draft",
    State.RETURNED: "previous",
    State.CORRECTING: "changed",
    State.SUBMITTED: "next",
    State.ACCEPTED: "full",
}


@require_safe
def board(request: AuthedRequest, pk: int) -> HttpResponse:
    period = _get_period(pk)
    watches_all = rules.can_watch_reporting(request.user, period.plan_year.unit)
    if watches_all:
        units = reporting.units_that_report(period)
    else:
        units = reporting.units_answered_for(request.user, period)
        require(units.exists())
    units = reporting.with_state(units, period)
    text = request.GET.get("text", "").replace("\0", "").strip()[:LONGEST_TEXT]
    if text:
        units = units.filter(name__icontains=text)
    counts = reporting.state_counts(units)
    asked = request.GET.get("state", "")
    state = State(asked) if asked in State.values else None
    shown = units.filter(state=state.value) if state else units
    paginator = Paginator(reporting.with_closed(shown, period).in_swedish_order(), UNITS_PER_PAGE)
    paginator.count = counts[state] if state else sum(counts.values())
    page = paginator.get_page(request.GET.get("page"))
    may_run = rules.can_run_plan_year(request.user, period.plan_year.unit)
    whole = Period.objects.filter(pk=period.pk)
    context = {
        "period": period,
        "plan_year": period.plan_year,
        "is_part": not watches_all,
        "is_closed": may_run
        and reporting.with_closures(whole, period.plan_year.unit)
        .filter(closed_whole=True)  # type: ignore[misc]
        .exists(),
        "page_obj": page,
        "rows": [(row, SHAPES[row.state]) for row in reporting.rows_of(page, request.user)],
        "tallies": _tallies(counts),
        "total": sum(counts.values()),
        "state": state.value if state else "",
        "text": text,
        "today": timezone.localdate(),
        "reminded_at": reporting.reminded_at(period) if watches_all else None,
        "may_run": may_run,
    }
    return render_page(
        request,
        "goals/reporting.html",
        context,
        fragment="goals/reporting_results.html",
        target="reporting-results",
    )


def _tallies(counts: dict[State, int]) -> list[dict[str, Any]]:
    """Each state with its number and its stretch of the bar, in hundredths."""
    total = sum(counts.values())
    tallies, start = [], 0.0
    for state, number in counts.items():
        width = 100 * number / total if total else 0.0
        tallies.append(
            {
                "state": state.value,
                "label": state.label,
                "shape": SHAPES[state],
                "number": number,
                "start": f"{start:.2f}",
                "width": f"{width:.2f}",
            }
        )
        start += width
    return tallies


@require_http_methods(["GET", "HEAD", "POST"])
def remind(request: AuthedRequest, pk: int) -> HttpResponse:
    period = _get_period(pk)
    require(rules.can_run_plan_year(request.user, period.plan_year.unit))
    is_open = period.is_open_on(timezone.localdate())
    owing = reporting.owing(period, request.user) if is_open else reporting.Owing([], {})
    key = f"reminder:{period.pk}"
    draft = find_draft(request.user, key) if request.method != "POST" else None
    initial = {"text": proposed_text(period, request.user)} | as_initial(draft)
    form = ReminderForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        if not owing.pairs:
            form.add_error(None, _("There is nobody to remind now, and nothing has been sent."))
        else:

            def send() -> str:
                text = form.cleaned_data["text"]
                plans.remind(period=period, text=text, recipients=owing.pairs, by=request.user)
                drop_draft(request.user, key)
                link = request.build_absolute_uri(reverse("home"))
                transaction.on_commit(lambda: _mail(request, period, text, owing, link))
                return reverse("goals:reporting", args=[period.pk])

            return once(request, send)
    page = Paginator(owing.units, UNITS_PER_PAGE).get_page(request.GET.get("page"))
    people = [person.pk for unit in page for person in owing.people.get(unit.pk, [])]
    names = User.objects.visible_to(request.user).in_bulk(people)
    context = {
        "period": period,
        "plan_year": period.plan_year,
        "form": form,
        "draft": draft,
        "draft_key": key,
        "owing": owing,
        "is_open": is_open,
        "is_late": period.is_late_on(timezone.localdate()),
        "page_obj": page,
        "rows": [
            (unit, [names.get(person.pk) for person in owing.people.get(unit.pk, [])])
            for unit in page
        ],
        "reminded_at": reporting.reminded_at(period),
    }
    return render(request, "goals/reporting_remind.html", context)


def _mail(
    request: AuthedRequest, period: Period, text: str, owing: reporting.Owing, link: str
) -> None:
    number = owing.number_of_people
    failed = mail_reminder(period=period, text=text, recipients=owing.pairs, link=link)
    messages.success(
        request,
        ngettext(
            "{n} person has been reminded, in the portal and by mail.",
            "{n} people have been reminded, in the portal and by mail.",
            number,
        ).format(n=number)
        if not failed
        else ngettext(
            "{n} person has been reminded in the portal.",
            "{n} people have been reminded in the portal.",
            number,
        ).format(n=number),
    )
    if failed:
        messages.warning(
            request,
            ngettext(
                "The mail to {n} of them could not be sent. The reminder shows on their start page "
                "anyway.",
                "The mails to {n} of them could not be sent. The reminder shows on their start "
                "pages anyway.",
                failed,
            ).format(n=failed),
        )


def _get_period(pk: int) -> Period:
    return get_object_or_404(Period.objects.select_related("plan_year__unit"), pk=pk)
