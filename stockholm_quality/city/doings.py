"""What is done in the city for its goals: activities, by whom, and what becomes of them."""

import random
from datetime import date, timedelta

from goals.models import Activity, ActivityGoal
from stockholm_quality.city.organisation import ROWS_AT_A_TIME, Calendar, Organisation, texts
from stockholm_quality.city.reporters import Doing, Promise, Reporter

State = Activity.State
# Of a hundred: what becomes of an activity in the end.
TURNS = (
    (72, State.DONE),
    (12, State.BEGUN),  # late
    (7, State.DEVIATES),
    (5, State.NOT_BEGUN),  # later still
    (4, State.STOPPED),
)
FOR_TWO_GOALS = 6
TOLD_OF = 70
# When activities run: from and to, as month and day.
SPANS = (
    ((1, 20), (4, 30)),
    ((2, 1), (6, 15)),
    ((3, 1), (10, 31)),
    ((8, 15), (12, 15)),
    ((1, 15), (12, 31)),
    ((4, 1), (9, 30)),
)


class Doings:
    """Call `build`, which stores them."""

    def __init__(self, organisation: Organisation, rng: random.Random, calendar: Calendar) -> None:
        self.organisation = organisation
        self.rng = rng
        self.calendar = calendar
        self.progress = texts("follow_up")["progress"]

    def build(self, reporters: list[Reporter]) -> None:
        links: list[ActivityGoal] = []
        for reporter in reporters:
            for year, promises in reporter.promises.items():
                for place, promise in enumerate(promises):
                    for title in promise.text.get("activities", []):
                        doing = self._doing(reporter, title, year)
                        promise.doings.append(doing)
                        links.append(ActivityGoal(activity=doing.activity, goal=promise.goal))
                        if place and self.rng.randrange(100) < FOR_TWO_GOALS:
                            # Done for the goal before this one, too.
                            other = promises[place - 1]
                            other.doings.append(doing)
                            links.append(ActivityGoal(activity=doing.activity, goal=other.goal))
        self._give_out_at_home(reporters)
        activities = {id(link.activity): link.activity for link in links}
        Activity.objects.bulk_create(activities.values(), batch_size=ROWS_AT_A_TIME)
        ActivityGoal.objects.bulk_create(links, batch_size=ROWS_AT_A_TIME)

    def _doing(self, reporter: Reporter, title: str, year: int) -> Doing:
        start, due = self.rng.choice(SPANS)
        activity = Activity(
            unit=reporter.unit,
            title=title,
            responsible=self.rng.choice(reporter.staff),
            starts_on=date(year, *start) + timedelta(days=self.rng.randrange(0, 14)),
            due_on=date(year, *due),
            is_example=True,
        )
        turns, weights = zip(*[(turn, weight) for weight, turn in TURNS], strict=True)
        turn = self.rng.choices(turns, weights)[0]
        if year < self.calendar.year and turn in {State.BEGUN, State.NOT_BEGUN}:
            turn = State.DONE  # late, but done
        return self.settled(activity, turn, self.rng.randrange(-20, 12))

    def settled(self, activity: Activity, turn: str, days: int) -> Doing:
        """With the state of the calendar's day, when it takes its turn so many days from due."""
        if turn == State.DONE:
            turned_on = activity.due_on + timedelta(days=days)
        elif turn == State.NOT_BEGUN:
            turned_on = activity.starts_on
        else:
            turned_on = activity.starts_on + (activity.due_on - activity.starts_on) * 2 // 3
        doing = Doing(activity, turn, max(turned_on, activity.starts_on))
        today = self.calendar.today
        activity.state = doing.state_on(today)
        activity.done_on = doing.turned_on if activity.state == State.DONE else None
        if self.rng.randrange(100) < TOLD_OF:
            activity.progress = self.words_on(activity.state)
        return doing

    def words_on(self, state: str) -> str:
        words = self.progress.get(state)
        return self.rng.choice(words) if words else ""

    def _give_out_at_home(self, reporters: list[Reporter]) -> None:
        """Two to the employee who signs in, and two to the manager."""
        organisation = self.organisation
        accounts = organisation.accounts
        home = next(each for each in reporters if each.workplace is organisation.home)
        for promises in home.promises.values():
            doings = [doing for promise in promises for doing in _own(promise)]
            for doing in doings:
                if doing.activity.responsible in {accounts["medarbetare"], accounts["chef"]}:
                    doing.activity.responsible = accounts["ombud"]
            for name, places in (("medarbetare", (0, 3)), ("chef", (1, 6))):
                for place in places:
                    doings[place].activity.responsible = accounts[name]


def _own(promise: Promise) -> list[Doing]:
    return [doing for doing in promise.doings if doing.activity.title in promise.text["activities"]]
