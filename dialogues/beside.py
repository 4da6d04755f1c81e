"""What stands beside whoever prepares or holds a talk, so that nothing has to be looked up or typed
again: the thread, the unit's goals and how they go, what came of last year, the competence plan,
earlier talks and, before a salary talk, last year's reasons."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from dialogues.models import (
    CompetenceNeed,
    ExpectationResult,
    Party,
    Reading,
    Talk,
    TalkKind,
)
from dialogues.preparations import nested
from dialogues.readings import note_reading
from dialogues.rules import TalkRights
from dialogues.sheet import LOOKS_BACK_ON
from dialogues.snapshots import WeighingSnapshot, answered_snapshot
from goals.models import Assessment, Expectation, Goal, Target
from goals.reports.comparing import TargetLine, lines_of
from goals.thread import ThreadNode, thread_of_expectation
from units.models import Employment, Unit, UnitLine

MOST_GOALS = 12
MOST_TALKS = 10
_PILLS = {
    ExpectationResult.Outcome.FULL: "full",
    ExpectationResult.Outcome.PARTIAL: "part",
    ExpectationResult.Outcome.NOT: "not",
    ExpectationResult.Outcome.DROPPED: "none",
}


@dataclass(frozen=True)
class Meter:
    """A value held against its annual target, in per cent of the picture's length."""

    value: float
    target: float | None


@dataclass(frozen=True)
class Measure:
    line: TargetLine
    meter: Meter | None

    @property
    def title(self) -> str:
        return self.line.target.indicator.title


@dataclass(frozen=True)
class GoalBeside:
    goal: Goal
    judgement: str  # a goals.models.Judgement; empty before one is handed in
    period: str  # which the judgement was handed in for
    measures: list[Measure]


@dataclass(frozen=True)
class YearOfGoals:
    year: int
    goals: list[GoalBeside]
    has_more: bool


@dataclass(frozen=True)
class Result:
    """What came of an expectation, as one of the two sees it."""

    party: str
    pill: str
    outcome: str
    words: str


@dataclass(frozen=True)
class LookedBackOn:
    expectation: Expectation
    results: list[Result]


@dataclass(frozen=True)
class Beside:
    talk: Talk
    threads: list[list[ThreadNode]]
    results: list[LookedBackOn]
    results_year: int
    goals: list[YearOfGoals]
    competence: list[CompetenceNeed]
    earlier: list[Talk]
    reasons_from: Talk | None  # the last salary talk, beside another one
    reasons: list[WeighingSnapshot] | None  # None where they were not asked for


def beside_of(rights: TalkRights, *, with_reasons: bool) -> Beside:
    """For one of the two, in a constant number of queries. The reasons of the last salary talk
    are read only when they are asked for: that is noted in that talk's reading log, which the
    other reads too."""
    talk = rights.talk
    # Last year stands beside every kind of talk, also where the record does not look back.
    results_year = talk.year + LOOKS_BACK_ON.get(TalkKind(talk.kind), -1)
    expectations = _expectations(rights, {talk.year, results_year})
    earlier = _earlier(rights)
    reasons_from = _last_salary_talk(talk, earlier)
    reasons = _reasons(rights, reasons_from) if with_reasons and reasons_from else None
    return Beside(
        talk=talk,
        threads=_threads(
            [row.expectation for row in expectations if _year_of(row) == talk.year], rights
        ),
        results=[row for row in expectations if _year_of(row) == results_year],
        results_year=results_year,
        goals=_goals(talk.employment.unit, sorted({talk.year, results_year})),
        competence=_competence(rights),
        earlier=earlier,
        reasons_from=reasons_from,
        reasons=reasons,
    )


def _year_of(row: LookedBackOn) -> int:
    return row.expectation.goal.first_year


def _expectations(rights: TalkRights, years: set[int]) -> list[LookedBackOn]:
    results = ExpectationResult.objects.filter(expectation=OuterRef("pk")).order_by("party")
    found = (
        Expectation.objects.visible_to(rights.user, rights.day)
        .held_by(rights.talk.employee)
        .in_force()
        .filter(goal__first_year__in=years)
        .with_line()
        .annotate(its_results=nested(results, "party", "outcome", "words"))
        .order_by("given_at", "pk")
    )
    return [
        LookedBackOn(one, [_result(**row) for row in one.its_results]) for one in list[Any](found)
    ]


def _result(party: str, outcome: str, words: str) -> Result:
    told = ExpectationResult.Outcome(outcome)
    return Result(str(Party(party).label), _PILLS[told], str(told.label), words)


def _threads(expectations: Iterable[Expectation], rights: TalkRights) -> list[list[ThreadNode]]:
    """One line for each goal, beginning with all that is expected for it."""
    label = _("Your expectation") if rights.is_employee else _("The employee's expectation")
    heads: dict[int, list[ThreadNode]] = {}
    lines: dict[int, list[ThreadNode]] = {}
    for expectation in expectations:
        head, *line = thread_of_expectation(expectation, label)
        heads.setdefault(expectation.goal_id, []).append(head)
        lines[expectation.goal_id] = line
    return [heads[goal] + lines[goal] for goal in lines]


# --- The unit's goals --------------------------------------------------------------------------


def _goals(unit: Unit, years: list[int]) -> list[YearOfGoals]:
    """The unit's adopted goals of each year; a group goes by those of the unit that it is in."""
    of_unit = Q(unit=unit)
    if unit.kind == Unit.Kind.GROUP:
        line = UnitLine.objects.active_on().within_border().filter(descendant=unit)
        of_unit |= Q(unit__in=line.values("ancestor"), level=Goal.Level.UNIT)
    judged = (
        Assessment.objects.submitted()
        .exclude(submitted_judgement="")
        .filter(goal=OuterRef("pk"))
        .order_by("-report__period__ends_on", "-submitted_at", "-pk")
    )
    found: list[Any] = list(
        Goal.objects.adopted()
        .filter(of_unit, first_year__in=years)
        .select_related("unit")
        .annotate(
            judgement=Subquery(judged.values("submitted_judgement")[:1]),
            judged_in=Subquery(judged.values("report__period__name")[:1]),
        )
        .in_order_of_numbers()
    )
    measures = _measures(found)
    by_year: dict[int, list[GoalBeside]] = {year: [] for year in years}
    for goal in found:
        by_year[goal.first_year].append(
            GoalBeside(goal, goal.judgement or "", goal.judged_in or "", measures.get(goal.pk, []))
        )
    return [
        YearOfGoals(year, goals[:MOST_GOALS], has_more=len(goals) > MOST_GOALS)
        for year, goals in by_year.items()
        if goals
    ]


def _measures(goals: list[Goal]) -> dict[int, list[Measure]]:
    targets = (
        Target.objects.filter(goal__in=[goal.pk for goal in goals])
        .select_related("indicator")
        .order_by("pk")
    )
    measures: dict[int, list[Measure]] = {}
    for line in lines_of(targets):
        measures.setdefault(line.target.goal_id, []).append(Measure(line, _meter(line)))
    return measures


def _meter(line: TargetLine) -> Meter | None:
    value, target = line.so_far.value, line.target.annual_target
    most = max(value or Decimal(0), target or Decimal(0))
    if value is None or value < 0 or (target is not None and target < 0) or not most:
        return None

    def share(number: Decimal) -> float:
        return round(float(number / most * 100), 1)

    return Meter(share(value), None if target is None else share(target))


# --- What came before --------------------------------------------------------------------------


def _competence(rights: TalkRights) -> list[CompetenceNeed]:
    """What is open, from whatever year."""
    of_two = Q(employee=rights.user)
    if not rights.is_employee:
        of_two = Q(employment__in=Employment.objects.met_by(rights.user, rights.day).order_by())
        of_two |= Q(brought_to__in=Employment.objects.answered_for_by(rights.user, rights.day))
    return list(
        CompetenceNeed.objects.open()
        .filter(of_two, employee=rights.talk.employee_id)
        .order_by(F("due_on").asc(nulls_last=True), "pk")
    )


def _earlier(rights: TalkRights) -> list[Talk]:
    """Talks that both have answered, the latest first; pay is kept apart from the other talks."""
    talk = rights.talk
    found = (
        Talk.objects.visible_to(rights.user, rights.day)
        .filter(employee=talk.employee_id, confirmed_version__gte=1, year__lte=talk.year)
        .exclude(pk=talk.pk)
        .with_people()
        .order_by("-year", "-held_on", "-pk")
    )
    if not talk.is_salary_talk:
        found = found.exclude(kind=TalkKind.SALARY)
    return list(found[:MOST_TALKS])


def _last_salary_talk(talk: Talk, earlier: list[Talk]) -> Talk | None:
    if not talk.is_salary_talk:
        return None
    return next((each for each in earlier if each.is_salary_talk and each.year < talk.year), None)


def _reasons(rights: TalkRights, earlier: Talk) -> list[WeighingSnapshot]:
    earlier_rights = TalkRights(rights.user, earlier, rights.day)
    if earlier.employment_id == rights.talk.employment_id:
        earlier_rights.manages = rights.manages
    note_reading(earlier_rights, Reading.What.RECORD)
    return answered_snapshot(earlier).weighings
