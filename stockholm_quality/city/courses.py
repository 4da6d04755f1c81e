"""What becomes of each report: begun or not, handed in when, returned, accepted, corrected."""

import random
from dataclasses import dataclass
from datetime import date, timedelta

from goals.models import Period, Report, ReportStep
from stockholm_quality.city.organisation import Calendar, Organisation
from stockholm_quality.city.reporters import Reporter

Kind = ReportStep.Kind
HANDED_IN, RETURNED, ACCEPTED, CORRECTION = (
    Kind.SUBMITTED,
    Kind.RETURNED,
    Kind.ACCEPTED,
    Kind.CORRECTION,
)
STATUS_AFTER = {
    HANDED_IN: Report.Status.SUBMITTED,
    RETURNED: Report.Status.RETURNED,
    ACCEPTED: Report.Status.ACCEPTED,
    CORRECTION: Report.Status.CORRECTING,
}
# A plan and an annual report are talked of this long after the last day; others until the next.
DAYS_OF_TALK = 20

Way = tuple[Kind, ...]
PLAIN: Way = (HANDED_IN, ACCEPTED)
TWICE: Way = (HANDED_IN, RETURNED, HANDED_IN, ACCEPTED)
CORRECTED: Way = (HANDED_IN, ACCEPTED, CORRECTION, HANDED_IN, ACCEPTED)
BEGUN: Way = ()
NOT_BEGUN = None
# The period that everybody is busy with: one after the other takes the next of these, so that
# even a small city has all of them.
BUSY: tuple[Way | None, ...] = (
    PLAIN,
    (HANDED_IN,),
    (HANDED_IN, RETURNED),
    NOT_BEGUN,
    PLAIN,
    (HANDED_IN, ACCEPTED, CORRECTION),
    BEGUN,
    PLAIN,
    (HANDED_IN,),
    PLAIN,
    TWICE,
    PLAIN,
    NOT_BEGUN,
    (HANDED_IN,),
    PLAIN,
    BEGUN,
    (HANDED_IN, RETURNED),
    PLAIN,
    CORRECTED,
    PLAIN,
)
# Of a hundred: this year's periods that are behind us.
PAST: tuple[tuple[int, Way | None], ...] = (
    (88, PLAIN),
    (5, TWICE),
    (3, CORRECTED),
    (2, (HANDED_IN,)),
    (1, (HANDED_IN, ACCEPTED, CORRECTION)),
    (1, NOT_BEGUN),
)
LONG_PAST: tuple[tuple[int, Way | None], ...] = ((90, PLAIN), (6, TWICE), (4, CORRECTED))
FRIDAY = 5
LATE = 6  # of a hundred
HOME_HANDS_IN = 7  # days before the last


@dataclass(frozen=True)
class Course:
    """The steps of one report, in the order of time."""

    steps: tuple[tuple[Kind, date], ...]

    @property
    def status(self) -> str:
        return STATUS_AFTER[self.steps[-1][0]] if self.steps else Report.Status.BEGUN

    @property
    def handed_in_on(self) -> list[date]:
        """One day for each version."""
        return [day for kind, day in self.steps if kind == HANDED_IN]


class Courses:
    def __init__(self, organisation: Organisation, rng: random.Random, calendar: Calendar) -> None:
        self.organisation = organisation
        self.rng = rng
        self.calendar = calendar
        self._busy = 0

    def of(self, reporter: Reporter, period: Period, following: Period | None) -> Course | None:
        """None where the report has not been begun. `following` is the year's next period."""
        today = self.calendar.today
        if period.opens_on > today:
            return None
        is_busy = today <= (
            period.due_on + timedelta(days=DAYS_OF_TALK)
            if period.kind != Period.Kind.INTERIM or following is None
            else following.opens_on - timedelta(days=1)
        )
        if reporter.workplace is self.organisation.home:
            return self._at_home(period, is_busy=is_busy)
        if is_busy:
            kinds = BUSY[self._busy % len(BUSY)]
            self._busy += 1
        else:
            is_long_past = period.ends_on.year < self.calendar.year
            kinds = self._drawn(LONG_PAST if is_long_past else PAST)
        if kinds is NOT_BEGUN:
            return None
        days = self.rng.randint(-8, 0)
        if self.rng.randrange(100) < LATE:
            days = self.rng.randint(2, 14)
        return self._dated(kinds, period.due_on + timedelta(days=days))

    def _at_home(self, period: Period, *, is_busy: bool) -> Course | None:
        """Always something to do for the manager who signs in, and nothing left behind."""
        kinds: Way = PLAIN
        if is_busy and not period.is_plan:
            kinds = (HANDED_IN, RETURNED)
        return self._dated(kinds, period.due_on - timedelta(days=HOME_HANDS_IN), pause=4)

    def _dated(self, kinds: Way, day: date, pause: int | None = None) -> Course:
        """As far as it has come today."""
        steps = []
        for kind in kinds:
            day = _working_day(day)
            if day > self.calendar.today:
                break
            steps.append((kind, day))
            day += timedelta(days=pause or self.rng.randint(2, 8))
        return Course(tuple(steps))

    def _drawn(self, chances: tuple[tuple[int, Way | None], ...]) -> Way | None:
        kinds = [kinds for _weight, kinds in chances]
        return self.rng.choices(kinds, [weight for weight, _kinds in chances])[0]


def _working_day(day: date) -> date:
    """The day itself, or the Monday after."""
    return day + timedelta(days=8 - day.isoweekday()) if day.isoweekday() > FRIDAY else day
