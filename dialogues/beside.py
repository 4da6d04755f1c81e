"""What stands beside whoever prepares or holds a talk, so that nothing has to be looked up or typed
again: the thread, the unit's goals and how they go, what came of last year, the competence plan,
earlier talks and, before a salary talk, last year's reasons."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import F, Q
from django.utils.translation import gettext as _

from dialogues.models import CompetenceNeed, ExpectationResult, Reading, Talk, TalkKind, TalkVersion
from dialogues.readings import note_reading
from dialogues.rules import TalkRights
from dialogues.sheet import LOOKS_BACK_ON, ExpectationRow
from dialogues.snapshots import WeighingSnapshot, decoded
from goals.models import Expectation, Goal, Judgement, Target
from goals.reports.comparing import TargetLine, lines_of
from goals.reports.following import latest_judgement
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
    judgement: Judgement | None
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
    results_year: int | None
    goals: list[YearOfGoals]
    competence: list[CompetenceNeed]
    earlier: list[Talk]
    reasons_from: Talk | None = None
    reasons: list[WeighingSnapshot] = field(default_factory=list)


def beside_of(rights: TalkRights) -> Beside:
    """For one of the two, in a constant number of queries. What it shows of an earlier record is
    noted in that talk's reading log."""
    talk = rights.talk
    back = LOOKS_BACK_ON.get(TalkKind(talk.kind))
    results_year = None if back is None else talk.year + back
    expectations = _expectations(rights, {talk.year, results_year or talk.year})
    earlier = _earlier(rights)
    reasons_from, reasons = _last_reasons(rights, earlier)
    return Beside(
        talk=talk,
        threads=_threads(
            [row.expectation for row in expectations if _year_of(row) == talk.year], rights
        ),
        results=[_looked_back(row) for row in expectations if _year_of(row) == results_year],
        results_year=results_year,
        goals=_goals(talk.employment.unit, sorted({talk.year, results_year or talk.year})),
        competence=_competence(rights),
        earlier=earlier,
        reasons_from=reasons_from,
        reasons=reasons,
    )


def _looked_back(row: ExpectationRow) -> LookedBackOn:
    results = [
        Result(
            party=result.get_party_display(),
            pill=_PILLS[ExpectationResult.Outcome(result.outcome)],
            outcome=result.get_outcome_display(),
            words=result.words,
        )
        for result in row.results.values()
    ]
    return LookedBackOn(row.expectation, results)


def _year_of(row: ExpectationRow) -> int:
    return row.expectation.goal.first_year


def _expectations(rights: TalkRights, years: set[int]) -> list[ExpectationRow]:
    found = (
        Expectation.objects.visible_to(rights.user, rights.day)
        .held_by(rights.talk.employee)
        .in_force()
        .filter(goal__first_year__in=years)
        .with_line()
        .order_by("given_at", "pk")
    )
    rows = {expectation.pk: ExpectationRow(expectation) for expectation in found}
    for result in ExpectationResult.objects.filter(expectation__in=rows).order_by("party"):
        rows[result.expectation_id].results[result.party] = result
    return list(rows.values())


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
    found = list(
        Goal.objects.adopted()
        .filter(of_unit, first_year__in=years)
        .select_related("unit")
        .in_order_of_numbers()
    )
    judged = latest_judgement(found)
    measures = _measures(found)
    by_year: dict[int, list[GoalBeside]] = {year: [] for year in years}
    for goal in found:
        judgement, period = judged.get(goal.pk, (None, None))
        by_year[goal.first_year].append(
            GoalBeside(goal, judgement, str(period or ""), measures.get(goal.pk, []))
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


def _last_reasons(
    rights: TalkRights, earlier: list[Talk]
) -> tuple[Talk | None, list[WeighingSnapshot]]:
    if not rights.talk.is_salary_talk:
        return None, []
    last = next(
        (one for one in earlier if one.is_salary_talk and one.year < rights.talk.year), None
    )
    if last is None:
        return None, []
    versions = TalkVersion.objects.visible_to(rights.user, rights.day)
    version = versions.filter(talk=last, number=last.confirmed_version).first()
    if version is None:
        return None, []
    earlier_rights = TalkRights(rights.user, last, rights.day)
    if last.employment_id == rights.talk.employment_id and not rights.is_employee:
        earlier_rights.manages = rights.manages
    note_reading(earlier_rights, Reading.What.RECORD)
    return last, decoded(version.snapshot, version.schema).weighings
