"""What the document of one report says: the same for every file that is made of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from goals.documents.model import (
    Block,
    Document,
    Figure,
    Heading,
    Label,
    Mark,
    Paragraph,
    Said,
    Table,
    Thread,
)
from goals.measuring import shown
from goals.models import Activity, Analysis, Gender, Goal, Judgement, Need, label_of
from goals.pictures import Point, curve
from goals.snapshots import (
    ActivitySnapshot,
    AnalysisSnapshot,
    GoalSnapshot,
    IndicatorSnapshot,
    ReportSnapshot,
    ValueSnapshot,
)

PUBLISHER = "Stockholms stad"
DASH = "–"
TONES = {Judgement.FULL: "full", Judgement.PARTIAL: "partial", Judgement.NOT: "not"}


@dataclass(frozen=True)
class HandedIn:
    """A report as it was handed in, or a working copy, which nobody has handed in. People are
    keys."""

    snapshot: ReportSnapshot
    at: datetime | None = None
    accepted_at: datetime | None = None

    @property
    def is_working_copy(self) -> bool:
        return self.snapshot.version_number == 0

    @property
    def people(self) -> set[int]:
        """Everyone whose name the document may say. An office hands in and accepts, no person."""
        return {
            activity.responsible for goal in self.snapshot.goals for activity in goal.activities
        }


class Names:
    """Names of people by their keys; whoever is missing stays unnamed."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self._names = names

    @property
    def keys(self) -> list[int]:
        return list(self._names)

    def of(self, key: int | None) -> str:
        return self._names.get(key or 0) or _("a named employee")


def report_document(handed_in: HandedIn, names: Names) -> Document:
    """In the active language."""
    snapshot = handed_in.snapshot
    return Document(
        title=_("{period} {year}").format(period=snapshot.period, year=snapshot.year),
        subtitle=snapshot.unit,
        facts=facts_of(handed_in),
        language=language(),
        publisher=PUBLISHER,
        running=f"{snapshot.unit} · {snapshot.period} {snapshot.year}",
        notice=_("Working copy – not handed in") if handed_in.is_working_copy else "",
        page_words=(_("Page"), _("of")),
        blocks=list(blocks_of(handed_in, names, level=1)),
    )


def language() -> str:
    return (get_language() or "sv")[:2]


def facts_of(handed_in: HandedIn) -> list[tuple[str, str]]:
    snapshot = handed_in.snapshot
    rows = [(_("Unit"), snapshot.unit)]
    if snapshot.line:
        rows.append((_("Belongs to"), " · ".join(snapshot.line)))
    covers = _("{start} to {end}").format(
        start=date_format(snapshot.starts_on), end=date_format(snapshot.ends_on)
    )
    rows.append((_("Covers"), covers))
    if handed_in.is_working_copy:
        rows.append((_("State"), _("Working copy – not handed in")))
        return rows
    rows.append((_("Version"), str(snapshot.version_number)))
    rows.append((_("Handed in"), _date_of(handed_in.at)))
    if handed_in.accepted_at:
        rows.append((_("Accepted"), _date_of(handed_in.accepted_at)))
    if snapshot.correction_reason:
        rows.append((_("Why it was corrected"), snapshot.correction_reason))
    return rows


def _date_of(moment: datetime | None) -> str:
    return date_format(timezone.localdate(moment)) if moment else DASH


def blocks_of(handed_in: HandedIn, names: Names, level: int) -> Iterator[Block]:
    """The report from its summary to its needs; `level` is that of its outermost headings."""
    snapshot = handed_in.snapshot
    yield Heading(level=level, text=_("Summary"))
    if snapshot.summary:
        yield Said(text=snapshot.summary)
    else:
        yield Paragraph(text=_("No summary was written."))
    if not snapshot.goals:
        yield Heading(level=level, text=_("Goals"))
        yield Paragraph(text=_("There were no goals to report on."))
    for place, goal in enumerate(snapshot.goals, 1):
        yield from _goal(snapshot, goal, names, place, level)
    yield from _needs(snapshot, level)


# --- Goals -------------------------------------------------------------------------------------


def _goal(
    snapshot: ReportSnapshot, goal: GoalSnapshot, names: Names, place: int, level: int
) -> Iterator[Block]:
    yield Heading(level=level, text=f"{goal.number} {goal.title}".strip(), is_said=True)
    yield Paragraph(text=_where_it_stands(snapshot, goal, place))
    if goal.serves:
        levels = dict(Goal.Level.choices)
        yield Thread(
            title=_("What the goal serves"),
            items=[(str(levels.get(step, step)), text) for step, text in goal.serves],
        )
    if snapshot.is_plan:
        for part, text in goal.parts.items():
            yield Label(text=capfirst(label_of(part)))
            yield Said(text=text or DASH)
    else:
        yield from _judgement(goal)
    yield from _indicators(snapshot, goal, level + 1)
    planned = [each for each in goal.activities if not each.is_measure]
    if planned:
        yield Heading(level=level + 1, text=_("Activities"))
        yield _activities(planned, names, with_progress=not snapshot.is_plan)
    if goal.analysis:
        yield Heading(level=level + 1, text=_("Analysis"))
        yield from _analysis(goal.analysis)
    if measures := [each for each in goal.activities if each.is_measure]:
        yield Heading(level=level + 1, text=_("Measures"))
        yield _measures(measures, names)


def _where_it_stands(snapshot: ReportSnapshot, goal: GoalSnapshot, place: int) -> str:
    parts = [_("Goal {place} of {count}").format(place=place, count=len(snapshot.goals))]
    if goal.version_number:
        parts.append(_("version {number}").format(number=goal.version_number))
    if goal.from_unit:
        parts.append(_("written by {unit}, which has been merged").format(unit=goal.from_unit))
    return " · ".join(parts)


def _judgement(goal: GoalSnapshot) -> Iterator[Block]:
    if expected := goal.parts.get("expected_result"):
        yield Label(text=capfirst(label_of("expected_result")))
        yield Said(text=expected)
    yield Label(text=_("How the goal is met"))
    yield mark_of(goal.judgement)
    if goal.reason:
        yield Label(text=_("Reason"))
        yield Said(text=goal.reason)
    if goal.difference:
        suggestion = judgement_word(goal.suggestion).lower()
        yield Label(text=_("Why not “{judgement}”, as suggested").format(judgement=suggestion))
        yield Said(text=goal.difference)


def mark_of(judgement: str) -> Mark:
    tone = TONES.get(Judgement(judgement), "none") if judgement in Judgement else "none"
    return Mark(tone=tone, text=judgement_word(judgement))


def judgement_word(judgement: str) -> str:
    return str(Judgement(judgement).label) if judgement in Judgement else _("Not judged")


# --- Indicators --------------------------------------------------------------------------------


def _indicators(snapshot: ReportSnapshot, goal: GoalSnapshot, level: int) -> Iterator[Block]:
    if not goal.indicators:
        return
    yield Heading(level=level, text=_("Indicators"))
    if snapshot.is_plan:
        yield Table(
            caption=_("What the goal is measured by, and what it aims at"),
            header=[_("Indicator"), _("Baseline"), _("Annual target"), _("Annual targets above")],
            rows=[
                [each.title, _baseline(each), _number(each, each.annual_target), _above(each)]
                for each in goal.indicators
            ],
            numeric=[1, 2],
            weights=[4, 2, 2, 4],
        )
        return
    for indicator in goal.indicators:
        yield Heading(level=level + 1, text=indicator.title)
        yield from _outcome(snapshot, indicator)


def _outcome(snapshot: ReportSnapshot, indicator: IndicatorSnapshot) -> Iterator[Block]:
    if indicator.explanation:
        yield Paragraph(text=indicator.explanation)
    total = next((value for value in indicator.values if value.gender == Gender.TOTAL), None)
    points = [
        Point(f"{each.code or each.period} {each.year}", each.value) for each in indicator.earlier
    ]
    if indicator.is_asked:
        now = total.value if total else None
        points.append(Point(f"{snapshot.period_code} {snapshot.year}", now))
    if sum(point.value is not None for point in points) > 1:
        yield _picture(indicator, points)
    rows = [
        [f"{each.period} {each.year}", _number(indicator, each.value, not_measured=True)]
        for each in indicator.earlier
    ]
    this_time = f"{snapshot.period} {snapshot.year}"
    rows.append([this_time, _value(indicator, total) if indicator.is_asked else _("Not asked for")])
    rows.append([_("Annual target"), _number(indicator, indicator.annual_target)])
    rows += [
        [_("Annual target, {unit}").format(unit=each.unit), _number(indicator, each.annual_target)]
        for each in indicator.above
    ]
    rows.append([_("Baseline"), _baseline(indicator)])
    if total and total.forecast is not None:
        rows.append([_("Forecast for the year"), _number(indicator, total.forecast)])
    yield Table(
        caption=_("{indicator}: outcome and annual target").format(indicator=indicator.title),
        header=[_("Period"), _("Value")],
        rows=rows,
        numeric=[1],
        weights=[3, 2],
    )
    yield from _by_gender(indicator)
    yield from _remarks(total)


def _by_gender(indicator: IndicatorSnapshot) -> Iterator[Block]:
    if all(value.gender == Gender.TOTAL for value in indicator.values):
        return
    with_parts = any(value.denominator is not None for value in indicator.values)
    labels = dict(Gender.choices)
    yield Table(
        caption=_("{indicator}: women and men").format(indicator=indicator.title),
        header=[_("Group"), _("Value"), *([_("Numerator"), _("Denominator")] * with_parts)],
        rows=[
            [
                str(labels.get(value.gender, value.gender)),
                _value(indicator, value),
                *([_plain(value.numerator), _plain(value.denominator)] * with_parts),
            ]
            for value in indicator.values
        ],
        numeric=[1, 2, 3] if with_parts else [1],
    )


def _remarks(total: ValueSnapshot | None) -> Iterator[Block]:
    if total is None:
        return
    if total.comment:
        yield Label(text=_("Comment"))
        yield Said(text=total.comment)
    if total.source:
        yield Paragraph(text=_("Source: {source}").format(source=total.source))


def _picture(indicator: IndicatorSnapshot, points: list[Point]) -> Figure:
    drawn = curve(
        points,
        target=indicator.annual_target,
        decimals=indicator.decimals,
        unit_of_measure=indicator.unit_of_measure,
        lower_is_better=indicator.lower_is_better,
        baseline=indicator.baseline,
    )
    caption = _("{indicator} over time. {description}").format(
        indicator=indicator.title, description=drawn.description
    )
    return Figure(
        svg=render_to_string("goals/document_curve.svg", {"curve": drawn}),
        alt=caption,
        caption=caption,
    )


def _value(indicator: IndicatorSnapshot, value: ValueSnapshot | None) -> str:
    """Not measured is said in words; what nobody has given is a dash. Neither is zero."""
    if value and value.is_not_measured:
        return _("Not measured")
    return _number(indicator, value.value if value else None)


def _number(
    indicator: IndicatorSnapshot, value: Decimal | None, *, not_measured: bool = False
) -> str:
    if value is None and not_measured:
        return _("Not measured")
    return shown(value, indicator.decimals, indicator.unit_of_measure if value is not None else "")


def _plain(value: Decimal | None) -> str:
    return DASH if value is None else shown(value, max(0, -_exponent(value)))


def _exponent(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _baseline(indicator: IndicatorSnapshot) -> str:
    text = _number(indicator, indicator.baseline)
    has_year = indicator.baseline is not None and indicator.baseline_year
    return f"{text} ({indicator.baseline_year})" if has_year else text


def _above(indicator: IndicatorSnapshot) -> str:
    texts = [f"{each.unit}: {_number(indicator, each.annual_target)}" for each in indicator.above]
    return "\n".join(texts) or DASH


# --- Activities, analysis, needs ---------------------------------------------------------------


def _activities(activities: list[ActivitySnapshot], names: Names, *, with_progress: bool) -> Table:
    states = dict(Activity.State.choices)
    header = [_("Activity"), _("Responsible"), _("To be done by")]
    header += [_("State"), _("How it goes")] if with_progress else [_("From")]
    rows = []
    for each in activities:
        row = [each.title, names.of(each.responsible), _day(each.due_on)]
        if with_progress:
            row += [str(states.get(each.state, each.state)), each.text or DASH]
        else:
            row.append(_day(each.starts_on))
        rows.append(row)
    return Table(
        caption=_("What is done for the goal"),
        header=header,
        rows=rows,
        weights=[4, 3, 2, 2, 5] if with_progress else [5, 3, 2, 2],
    )


def _measures(measures: list[ActivitySnapshot], names: Names) -> Table:
    return Table(
        caption=_("What is decided because of the result"),
        header=[_("Measure"), _("Responsible"), _("To be done by")],
        rows=[[each.title, names.of(each.responsible), _day(each.due_on)] for each in measures],
        weights=[6, 3, 2],
    )


def _day(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")


def _analysis(analysis: AnalysisSnapshot) -> Iterator[Block]:
    for step in ("deviation", "pattern"):
        yield from _step(step, getattr(analysis, step))
    if analysis.method:
        methods = dict(Analysis.Method.choices)
        method = analysis.own_method or str(methods.get(analysis.method, analysis.method))
        yield Paragraph(text=_("Method: {method}").format(method=method))
    for step in ("cause", "lesson", "decision"):
        yield from _step(step, getattr(analysis, step))


def _step(field: str, text: str) -> Iterator[Block]:
    if text:
        yield Label(text=capfirst(label_in(Analysis, field)))
        yield Said(text=text)


def label_in(model: type, field: str) -> str:
    """What a field is called, in the active language."""
    return str(model._meta.get_field(field).verbose_name)  # type: ignore[attr-defined]


def _needs(snapshot: ReportSnapshot, level: int) -> Iterator[Block]:
    if not snapshot.needs:
        return
    themes = dict(Need.Theme.choices)
    yield Heading(level=level, text=_("Needs for development"))
    yield Table(
        caption=_("What the unit needs in order to develop"),
        header=[_("Theme"), _("What the unit needs"), _("Goal")],
        rows=[
            [str(themes.get(need.theme, need.theme)), need.text, need.goal or DASH]
            for need in snapshot.needs
        ],
        weights=[2, 5, 4],
    )


# --- Counts ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tally:
    """How many goals are judged how."""

    full: int = 0
    partial: int = 0
    not_met: int = 0
    not_judged: int = 0

    @property
    def goals(self) -> int:
        return self.full + self.partial + self.not_met + self.not_judged

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.full + other.full,
            self.partial + other.partial,
            self.not_met + other.not_met,
            self.not_judged + other.not_judged,
        )


def tally_of(snapshot: ReportSnapshot) -> Tally:
    judgements = [goal.judgement for goal in snapshot.goals]
    full, partial, not_met = (judgements.count(each) for each in Judgement)
    return Tally(full, partial, not_met, len(judgements) - full - partial - not_met)


def in_words(tally: Tally) -> str:
    goals = ngettext("{count} goal", "{count} goals", tally.goals).format(count=tally.goals)
    parts: Iterable[tuple[int, str]] = (
        (tally.full, _("{count} fully met")),
        (tally.partial, _("{count} partly met")),
        (tally.not_met, _("{count} not met")),
        (tally.not_judged, _("{count} not judged")),
    )
    said = ", ".join(text.format(count=count) for count, text in parts if count)
    return f"{goals}: {said}." if said else f"{goals}."
