"""What every unit says of every period: values, assessments, analyses, measures and needs, and the
way of each report."""

import random
from datetime import date, timedelta
from itertools import pairwise

from goals.measuring import (
    Result,
    judged,
    reason_of,
    suggested,
)
from goals.models import (
    Activity,
    ActivityGoal,
    ActivityNote,
    Analysis,
    AnalysisMethod,
    Assessment,
    Goal,
    Judgement,
    Need,
    Period,
    Report,
    ReportStep,
)
from stockholm_quality.city.courses import (
    CORRECTION,
    HANDED_IN,
    Course,
    Courses,
)
from stockholm_quality.city.doings import Doings
from stockholm_quality.city.frozen import Frozen, GoalSaid
from stockholm_quality.city.measures import Measures
from stockholm_quality.city.organisation import texts
from stockholm_quality.city.outcomes import Outcomes
from stockholm_quality.city.reporters import Doing, Promise, Reporter
from stockholm_quality.city.writing import REVISION_HANDED_IN, WRITTEN_IN_A_DRAFT, Rows, Writing
from units.models import User

REPORTS_AT_A_TIME = 1_000
# Of a hundred.
SEEN_OTHERWISE = 15
ANALYSED = {Judgement.PARTIAL: 60, Judgement.NOT: 100}
ANOTHER_MEASURE = 40
WITH_A_NEED = 55
WITH_WORDS = 45


class FollowUp:
    """Call `build`, which stores it."""

    def __init__(
        self,
        courses: Courses,
        measures: Measures,
        doings: Doings,
        positions: dict[int, int],
        rng: random.Random,
    ) -> None:
        self.courses = courses
        self.outcomes = Outcomes(measures, doings.organisation, rng)
        self.doings = doings
        self.positions = positions  # of goals among those of the same unit
        self.rng = rng
        self.organisation = doings.organisation
        self.calendar = doings.calendar
        self.texts = texts("follow_up")
        self.rows = Rows()
        self.own_method = self._own_method()

    def build(self, reporters: list[Reporter], periods: dict[tuple[int, int, str], Period]) -> None:
        by_slot: dict[tuple[date, int, str], dict[int, Period]] = {}
        for (board, year, code), period in periods.items():
            by_slot.setdefault((period.due_on, year, code), {})[board] = period
        slots = [by_slot[slot] for slot in sorted(by_slot)]
        years = [slot[1] for slot in sorted(by_slot)]
        following = {
            id(period): later[board]
            for earlier, later in pairwise(slots)
            for board, period in earlier.items()
            if board in later and not later[board].is_plan
        }
        for year, slot in zip(years, slots, strict=True):
            for reporter in reporters:
                if asked := slot.get(reporter.board.unit.pk):
                    self._follow_up(reporter, asked, year, following.get(id(asked)))
        self._store()

    def _store(self) -> None:
        self.rows.store()
        self.rows = Rows()

    def _own_method(self) -> AnalysisMethod:
        method: AnalysisMethod = AnalysisMethod.objects.create(
            unit=self.organisation.home.board.unit, **self.texts["own_method"]
        )
        return method

    # --- A report --------------------------------------------------------------------------------

    def _follow_up(
        self, reporter: Reporter, period: Period, year: int, following: Period | None
    ) -> None:
        promises = reporter.promises_in(period, year)
        if (
            reporter.ended_on
            and reporter.ended_on < period.ends_on
            and (not period.is_plan or reporter.ended_on < period.due_on)
        ):
            return
        is_home = reporter.workplace is self.organisation.home
        # Nobody hands in a plan without a goal; at home the next one has been begun.
        if not promises and not is_home:
            return
        course = self.courses.of(reporter, period, following)
        if course is None:
            return
        handed_in = course.handed_in_on
        day = handed_in[-1] if handed_in else self.calendar.today
        writing = Writing(
            reporter=reporter,
            report=self._report(reporter, period, course),
            period=period,
            year=year,
            course=course,
            day=day,
            told_at=self.calendar.moment(day, 14) if handed_in else None,
            rows=self.rows,
        )
        self.rows.reports.append(writing.report)
        placed: set[int] = set()
        ordered = sorted(
            promises,
            key=lambda each: (each.goal.unit is not reporter.unit, self.positions[each.goal.pk]),
        )
        for promise in ordered:
            self._say(writing, promise, placed)
        if period.asks_needs:
            self._need(writing)
        self._step(writing)
        if not writing.is_draft:
            self._freeze(writing)
        if len(self.rows.reports) >= REPORTS_AT_A_TIME:
            self._store()

    def _report(self, reporter: Reporter, period: Period, course: Course) -> Report:
        is_correcting = course.status == Report.Status.CORRECTING
        return Report(
            unit=reporter.unit,
            period=period,
            status=course.status,
            summary=self.rng.choice(self.texts["summary"][period.code]),
            version_number=len(course.handed_in_on),
            correction_reason=self._reason_of_correction(reporter) if is_correcting else "",
            revision=1 + len(course.steps),
        )

    def _reason_of_correction(self, reporter: Reporter) -> str:
        reasons: list[str] = self.texts["correction"]["reasons"]
        return reasons[reporter.unit.pk % len(reasons)]

    def _step(self, writing: Writing) -> None:
        number = 0
        is_correction = False
        for kind, day in writing.course.steps:
            by, comment = self._head(writing.reporter, day), ""
            if kind == HANDED_IN:
                number += 1
                comment = self._reason_of_correction(writing.reporter) if is_correction else ""
            elif kind == CORRECTION:
                comment = self._reason_of_correction(writing.reporter)
            else:
                by = writing.reporter.reviewer
                comment = self.rng.choice(self.texts[kind.value.lower()]["comments"])
            is_correction = kind == CORRECTION
            self.rows.steps.append(
                ReportStep(
                    report=writing.report,
                    kind=kind,
                    version_number=number,
                    comment=comment,
                    taken_at=self.calendar.moment(day, 14 if kind == HANDED_IN else 16),
                    taken_by=by,
                )
            )

    def _head(self, reporter: Reporter, day: date) -> User:
        if reporter.workplace is None:
            controller: User = reporter.staff[1]
            return controller
        return self.organisation.head_on(reporter.workplace, day)

    def _freeze(self, writing: Writing) -> None:
        kinds = [None, *(kind for kind, _day in writing.course.steps)]
        came_of = [before for before, kind in pairwise(kinds) if kind == HANDED_IN]
        self.rows.frozen.append(
            Frozen(
                report=writing.report,
                reporter=writing.reporter,
                year=writing.year,
                said=writing.said,
                needs=sorted(writing.needs, key=lambda need: need.theme),
                handed_in=[
                    (self.calendar.moment(day, 14), self._head(writing.reporter, day))
                    for day in writing.course.handed_in_on
                ],
                corrections=[
                    number for number, before in enumerate(came_of, start=1) if before == CORRECTION
                ],
                correction_reason=self._reason_of_correction(writing.reporter),
            )
        )

    # --- What is said of a goal ------------------------------------------------------------------

    def _say(self, writing: Writing, promise: Promise, placed: set[int]) -> None:
        said = GoalSaid(promise=promise, on=writing.day)
        writing.said.append(said)
        results = [
            result
            for measured in promise.measured
            if (result := self.outcomes.tell(writing, promise, measured, said))
        ]
        doings = [each for each in promise.doings if _in_year(each.activity, writing.year)]
        if not writing.period.asks_judgement:
            said.activities = [
                (each.activity, each.state_on(writing.day), "", False)
                for each in doings
                if _place(each, placed)
            ]
            return
        then = [
            Activity(state=each.state_on(writing.day), due_on=each.activity.due_on)
            for each in doings
        ]
        suggestion = suggested(results, then, writing.day)
        said.suggestion = suggestion.judgement or ""
        said.suggestion_reasons = list(suggestion.reasons)
        if writing.is_draft and not self._chance(WRITTEN_IN_A_DRAFT):
            return
        said.assessment = self._assess(writing, promise, said)
        self._note(writing, doings, placed, said)
        judgement = said.assessment.judgement
        if self._chance(ANALYSED.get(Judgement(judgement), 0)):
            self._analyse(writing, promise, results, said)
        if judgement != Judgement.FULL:
            self._decide(writing, promise, said, said.assessment)

    def _assess(self, writing: Writing, promise: Promise, said: GoalSaid) -> Assessment:
        judgement = self._judgement(writing.reporter, said.suggestion)
        differs = bool(said.suggestion and said.suggestion != judgement)
        words = self.texts[promise.theme][judgement]
        used = {each.assessment.reason for each in writing.said if each.assessment}
        reason = self.rng.choice([each for each in words if each not in used] or words)
        told = not writing.is_draft
        assessment = Assessment(
            report=writing.report,
            goal=promise.goal,
            judgement=judgement,
            reason=reason,
            suggestion=said.suggestion if told else "",
            difference=self.rng.choice(self.texts["difference"]["reasons"]) if differs else "",
            submitted_judgement=judgement if told else "",
            submitted_reason=reason if told else "",
            submitted_at=writing.told_at,
            revision=REVISION_HANDED_IN if told else 1,
        )
        self.rows.assessments.append(assessment)
        return assessment

    def _judgement(self, reporter: Reporter, suggestion: str) -> str:
        if suggestion and not self._chance(SEEN_OTHERWISE):
            return suggestion
        if suggestion:
            # Mostly milder than the numbers, as people are.
            beside = {"FULL": "PARTIAL", "PARTIAL": "FULL", "NOT": "PARTIAL"}
            return beside[suggestion]
        luck = self.rng.gauss(0.3 + 0.8 * reporter.strength, 0.8)
        if luck > 0:
            return Judgement.FULL
        return Judgement.PARTIAL if luck > -1 else Judgement.NOT

    def _note(
        self, writing: Writing, doings: list[Doing], placed: set[int], said: GoalSaid
    ) -> None:
        for each in doings:
            if not _place(each, placed):
                continue
            state = each.state_on(writing.day)
            text = self.doings.words_on(state) if self._chance(WITH_WORDS) else ""
            said.activities.append((each.activity, state, text, False))
            # Nobody writes a note to say that nothing has changed.
            if not writing.is_draft and (text or state != each.activity.state):
                self.rows.notes.append(
                    ActivityNote(
                        report=writing.report, activity=each.activity, state=state, text=text
                    )
                )

    def _analyse(
        self, writing: Writing, promise: Promise, results: list[Result], said: GoalSaid
    ) -> None:
        words = self.texts[promise.theme]
        missed = [reason_of(each) for each in results if judged(each) != Judgement.FULL]
        cause = self.rng.choice(words["causes"])
        method, own = self._method(writing, cause)
        said.analysis = Analysis(
            report=writing.report,
            goal=promise.goal,
            deviation=" ".join(missed[:2]) or self.texts["deviation"]["without_numbers"],
            pattern=self.rng.choice(words["patterns"]),
            method=method,
            own_method=own,
            cause=cause,
            lesson=self.rng.choice(words["lessons"]),
            decision=self.rng.choice(words["decisions"]),
        )
        self.rows.analyses.append(said.analysis)

    def _method(self, writing: Writing, cause: str) -> tuple[str, AnalysisMethod | None]:
        method = Analysis.Method
        if cause.startswith("Varför"):
            return method.FIVE_WHYS, None
        is_home = writing.reporter.board is self.organisation.home.board
        others = [method.FISHBONE, method.BEFORE_AND_AFTER, method.COMPARISON]
        chosen = self.rng.choice([*others, method.OWN] if is_home else others)
        return chosen, self.own_method if chosen == method.OWN else None

    def _decide(
        self, writing: Writing, promise: Promise, said: GoalSaid, assessment: Assessment
    ) -> None:
        """What is done because of the result, unless something already is."""
        under_way = [
            each.activity.title
            for each in promise.doings
            if each.is_measure and not each.activity.is_finished
        ]
        if under_way and not self._chance(ANOTHER_MEASURE):
            return
        titles = self.texts[promise.theme]["measures"]
        starts_on = writing.day + timedelta(days=self.rng.randint(1, 10))
        activity = Activity(
            unit=writing.reporter.unit,
            title=self.rng.choice([each for each in titles if each not in under_way] or titles),
            responsible=self.rng.choice(writing.reporter.staff),
            starts_on=starts_on,
            due_on=starts_on + timedelta(days=self.rng.randint(50, 110)),
            assessment=assessment,
            is_example=True,
        )
        state = Activity.State
        if writing.is_draft:
            activity.state = state.PROPOSED
        else:
            turn = state.DONE if writing.year < self.calendar.year else state.BEGUN
            doing = self.doings.settled(activity, turn, self.rng.randint(-10, 10))
            doing.is_measure = True
            promise.doings.append(doing)
        said.activities.append((activity, state.NOT_BEGUN, "", True))
        self.rows.activities.append(activity)
        self.rows.links.append(ActivityGoal(activity=activity, goal=promise.goal))

    def _need(self, writing: Writing) -> None:
        goals: list[Goal | None] = [None, *(each.promise.goal for each in writing.said)]
        for chance in (WITH_A_NEED, WITH_A_NEED // 3):
            if not self._chance(chance):
                continue
            theme = self.rng.choice(list(self.texts["needs"]))
            need = Need(
                report=writing.report,
                goal=self.rng.choice(goals),
                theme=theme,
                text=self.rng.choice(self.texts["needs"][theme]),
                submitted_at=writing.told_at,
                revision=1 if writing.is_draft else REVISION_HANDED_IN,
            )
            writing.needs.append(need)
            self.rows.needs.append(need)

    def _chance(self, of_a_hundred: int) -> bool:
        return self.rng.randrange(100) < of_a_hundred


def _in_year(activity: Activity, year: int) -> bool:
    return activity.starts_on <= date(year, 12, 31) and activity.due_on >= date(year, 1, 1)


def _place(doing: Doing, placed: set[int]) -> bool:
    """Each activity is shown once, under the first of its goals."""
    if id(doing) in placed:
        return False
    placed.add(id(doing))
    return True
