"""The talks of the city: those of the last years, and the round that runs, for everybody employed.
Those of the people who show the demo are told one by one (`talks_at_home`)."""

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from dialogues.actions.templates import ship_templates
from dialogues.models import (
    CompetenceNeed,
    ExpectationResult,
    Party,
    Round,
    Section,
    Talk,
    TalkKind,
    TemplateVersion,
)
from goals.models import Expectation
from stockholm_quality.city.agreements import Agreements
from stockholm_quality.city.criteria import pay_criteria
from stockholm_quality.city.history import History
from stockholm_quality.city.organisation import HOME_BOARD, Board, Calendar, Organisation, texts
from stockholm_quality.city.talking import SIDES, Form, Meeting, Pair, TalkRows
from stockholm_quality.city.talks_at_home import TalksAtHome
from units.models import Employment, Role, User
from units.nearest import managers_of

TALKS_AT_A_TIME = 4_000
# Days from the city's last: when the round began and will end, and how long ago the last talks were
# held at least.
ROUND_BEGAN, ROUND_ENDS = 40, 60
HELD_BEFORE = 75
LAST_HELD = (2, 12)
FOLLOWED_UP = (6, 10)
FOLLOWED_UP_BEFORE = 20
WEEKEND = 5
EMPLOYEE, MANAGER = "stad-medarbetarsamtal", "stad-chefssamtal"
FOLLOW_UP = "stad-halvarsuppfoljning"
# Of a hundred talks of the running round; None has not begun.
RUNNING: dict[str | None, int] = {
    None: 5,
    Talk.Status.PLANNED: 20,
    Talk.Status.INVITED: 14,
    Talk.Status.PREPARING: 25,
    Talk.Status.HELD: 10,
    Talk.Status.DOCUMENTED: 11,
    Talk.Status.CONFIRMED: 13,
    Talk.Status.DISCONTINUED: 2,
}
# Of a hundred.
HELD_LAST_YEAR = 92
FOLLOWED = 80
PREPARED = 55
WITH_NEED = 35
NEED_DONE = 45
SEEN_DIFFERENTLY = 15
OUTCOMES = {"FULL": 62, "PARTIAL": 32, "NOT": 6}
HOURS = (8, 9, 10, 13, 14, 15)
_S = Talk.Status


class Talks:
    """Call `build`, which stores them, for a city whose year has been stored."""

    def __init__(
        self,
        organisation: Organisation,
        agreements: Agreements,
        history: History,
        seed: int,
        years_of_talks: int = 1,
    ) -> None:
        self.organisation = organisation
        self.history = history
        self.agreements = agreements
        self.calendar: Calendar = organisation.calendar
        self.years = years_of_talks
        # Its own dice: the city below stays as it is, whatever is said in it here.
        self.rng = random.Random(f"{seed} talks")  # noqa: S311 - nothing secret
        self.texts = texts("talks")
        self.rows = TalkRows()
        self.rounds: dict[tuple[int, int], Round] = {}
        self.forms: dict[str, Form] = {}
        self.managed: dict[int, dict[int, User]] = {}
        self.expected: defaultdict[int, list[Expectation]] = defaultdict(list)
        for expectation in agreements.expectations:
            self.expected[expectation.employment.pk].append(expectation)
        self.boards: dict[int, Board] = {
            workplace.unit.pk: workplace.board
            for workplace in [*organisation.workplaces, organisation.merged]
        } | {board.unit.pk: board for board in organisation.boards.values()}
        self.heads = {role.person.pk for role in organisation.roles if role.role == Role.MANAGER}

    @property
    def year(self) -> int:
        """The year that the running round sets expectations for."""
        return self.calendar.year + 1

    def build(self) -> None:
        self._read_templates()
        home = TalksAtHome(self)
        home.welcome_somebody_new()
        self._publish_criteria()
        self._open_rounds()
        people = {person.pk: person for person in self.organisation.users}
        everybody = Employment.objects.all()
        for year in range(self.year - self.years, self.year + 1):
            day = self.calendar.today if year == self.year else self.last_held(year)
            self.managed[year] = {
                employment: people[manager]
                for employment, manager in managers_of(everybody, day).items()
            }
        home.tell()
        away = {leave.employment.pk for leave in self.organisation.leaves}
        for employment in self.organisation.employments:
            if employment.pk not in home.told:
                self._tell(employment, is_away=employment.pk in away)
            if self.rows.count >= TALKS_AT_A_TIME:
                self._store()
        self._store()
        home.store_what_rests_on_talks()

    def _store(self) -> None:
        self.rows.store()
        self.rows = TalkRows()

    def _read_templates(self) -> None:
        ship_templates()
        published = TemplateVersion.objects.in_force().select_related("template")
        for version in published.prefetch_related("sections"):
            self.forms[version.template.code] = Form(version, list(version.sections.all()))

    def _publish_criteria(self) -> None:
        """Those of the years that have passed, and those that the salary talks ahead weigh by."""
        year, today = self.calendar.year, self.calendar.today
        day = self.calendar.moment
        pay_criteria(
            city=self.organisation.city,
            home=self.organisation.boards[HOME_BOARD].unit,
            groups={group.code: group for group in self.organisation.staff_groups},
            published={
                year - 1: day(date(year - 2, 12, 1), 9),
                year: day(date(year - 1, 12, 1), 9),
                year + 1: day(today - timedelta(days=14), 9),
            },
        ).store(by=self.organisation.accounts["hr"])

    # --- Rounds ----------------------------------------------------------------------------------

    def _open_rounds(self) -> None:
        hr = {role.unit.pk: role.person for role in self.organisation.roles if role.role == Role.HR}
        for board in self.organisation.boards.values():
            if board.unit.pk in hr:
                for year in range(self.year - self.years, self.year + 1):
                    row = self._round(board, year, hr[board.unit.pk])
                    self.rounds[board.unit.pk, year] = row
        home = self.organisation.boards[HOME_BOARD].unit
        ahead = Round(
            unit=home,
            kind=TalkKind.SALARY,
            year=self.year,
            template=self.forms["stad-lonesamtal"].version.template,
            starts_on=self.calendar.today + timedelta(days=ROUND_ENDS - 20),
            ends_on=self.calendar.today + timedelta(days=ROUND_ENDS + 60),
            message=self.texts["reasons"]["salary_round"],
            opened_by=self.organisation.accounts["hr"],
        )
        Round.objects.bulk_create([*self.rounds.values(), ahead])

    def _round(self, board: Board, year: int, opened_by: User) -> Round:
        is_running = year == self.year
        if is_running:
            starts_on = self.calendar.today - timedelta(days=ROUND_BEGAN)
            ends_on = self.calendar.today + timedelta(days=ROUND_ENDS)
        else:
            starts_on = self.last_held(year) - timedelta(days=ROUND_BEGAN)
            ends_on = self.last_held(year) + timedelta(days=ROUND_BEGAN)
        return Round(
            unit=board.unit,
            kind=TalkKind.EMPLOYEE,
            year=year,
            template=self.forms[EMPLOYEE].version.template,
            manager_template=self.forms[MANAGER].version.template,
            starts_on=starts_on,
            ends_on=min(ends_on, self.calendar.today) if not is_running else ends_on,
            message=self.texts["reasons"]["round"] if is_running else "",
            status=Round.Status.STARTED if is_running else Round.Status.ENDED,
            opened_by=opened_by,
            started_at=self.calendar.moment(starts_on, 8),
            started_by=opened_by,
        )

    # --- Days ------------------------------------------------------------------------------------

    def last_held(self, year: int) -> date:
        """About when the talks that set expectations for the year were held."""
        latest = self.calendar.today - timedelta(days=HELD_BEFORE)
        held = min(date(self.calendar.year, *LAST_HELD), latest)
        return self.workday(
            held.replace(year=held.year - (self.calendar.year - year), day=min(held.day, 28))
        )

    def followed_up(self) -> date:
        latest = self.calendar.today - timedelta(days=FOLLOWED_UP_BEFORE)
        return self.workday(min(date(self.calendar.year, *FOLLOWED_UP), latest))

    def ago(self, days: int) -> date:
        return self.workday(self.calendar.today - timedelta(days=days))

    def ahead(self, days: int, hour: int = 0) -> datetime:
        """A moment when people are at work, about that many days after the city's last."""
        day = self.calendar.today + timedelta(days=days)
        while day.weekday() >= WEEKEND:
            day += timedelta(days=1)
        return self.calendar.moment(day, hour or self.rng.choice(HOURS))

    @staticmethod
    def workday(day: date) -> date:
        return day - timedelta(days=max(0, day.weekday() - WEEKEND + 1))

    # --- Everybody's talks -----------------------------------------------------------------------

    def form_of(self, employment: Employment) -> str:
        return MANAGER if employment.person.pk in self.heads else EMPLOYEE

    def _tell(self, employment: Employment, *, is_away: bool) -> None:
        last: Talk | None = None
        for year in range(self.year - self.years, self.year):
            holder = self.managed[year].get(employment.pk)
            if holder is not None and self.chance(HELD_LAST_YEAR):
                last = self.last_talk(Pair(employment, holder), year, last).talk
        holder = self.managed[self.year].get(employment.pk)
        if holder is None:
            return
        pair = Pair(employment, holder)
        if last is not None and self._is_near(employment) and self.chance(FOLLOWED):
            self.follow_up(pair, last)
        status = self.rng.choices(list(RUNNING), list(RUNNING.values()))[0]
        if status is not None and not is_away:
            self.running_talk(pair, status, last)

    def _is_near(self, employment: Employment) -> bool:
        department = self.organisation.home.above
        workplace = [department, self.organisation.home]
        near = {each.unit.pk for each in workplace if each} | {
            each.unit.pk for each in self.organisation.workplaces if each.above is department
        }
        return employment.unit.pk in near

    def begin(
        self,
        pair: Pair,
        kind: str,
        year: int,
        form: str,
        *,
        on: date,
        previous: Talk | None = None,
        in_round: bool = False,
    ) -> Meeting:
        board = self.boards[pair.employment.unit.pk].unit.pk
        round_ = self.rounds.get((board, year)) if in_round else None
        if round_ is not None and round_.started_at is not None:
            at, by = round_.started_at, round_.started_by or pair.holder
        else:
            at, by = self.calendar.moment(on, 8), pair.holder
        talk = Talk(
            employment=pair.employment,
            employee=pair.employment.person,
            holder=pair.holder,
            kind=kind,
            year=year,
            round=round_,
            previous=previous,
            created_at=at,
            created_by=by,
        )
        return Meeting(self.rows, self.forms[form], talk, self.calendar, self.rng)

    def last_talk(
        self,
        pair: Pair,
        year: int,
        previous: Talk | None = None,
        words: dict[str, Any] | None = None,
    ) -> Meeting:
        """An employee talk of a year that has been, up to the record, which is for the caller to
        have answered when `words` are given."""
        held = self.last_held(year)
        if words is None:
            held = self.workday(held + timedelta(days=self.rng.randrange(-20, 21)))
            held = max(held, pair.employment.starts_on)
        expected = self.expected[pair.employment.pk] if year == self.calendar.year else []
        given = [row.given_at.date() for row in expected]
        # They are agreed on in the talk.
        latest = self.ago(FOLLOWED_UP_BEFORE + 10)
        held = max([held, *(day for day in given if day <= latest)])
        meeting = self.begin(
            pair,
            TalkKind.EMPLOYEE,
            year,
            self.form_of(pair.employment),
            on=held - timedelta(days=30),
            previous=previous,
            in_round=True,
        )
        self.agree(meeting, held)
        meeting.expectations = [row for row in expected if row.given_at.date() <= held]
        self._prepare(meeting, held, words)
        meeting.hold(held)
        if words is None:
            meeting.write(self._record(meeting))
            if self.chance(WITH_NEED):
                self._need(meeting, held)
            meeting.document(held + timedelta(days=3), held + timedelta(days=120))
            self.confirm(meeting, held)
            if year < self.calendar.year:
                meeting.close(held + timedelta(days=300))
        return meeting

    def follow_up(self, pair: Pair, last: Talk, words: dict[str, Any] | None = None) -> Meeting:
        """Half-way through the year, answered by both."""
        held = self.followed_up()
        if words is None:
            held = self.workday(held + timedelta(days=self.rng.randrange(-15, 15)))
        meeting = self.begin(
            pair,
            TalkKind.FOLLOW_UP,
            self.calendar.year,
            FOLLOW_UP,
            on=held - timedelta(days=14),
            previous=last,
        )
        self.agree(meeting, held)
        meeting.expectations = self.expected[pair.employment.pk]
        self._prepare(meeting, held, words)
        meeting.hold(held)
        meeting.write(words["record"] if words else self._record(meeting))
        meeting.document(held + timedelta(days=1))
        self.confirm(meeting, held)
        return meeting

    def running_talk(self, pair: Pair, status: str, previous: Talk | None = None) -> Meeting:
        """A talk of the running round, that has come as far as `status`."""
        form = self.form_of(pair.employment)
        began = self.calendar.today - timedelta(days=ROUND_BEGAN)
        meeting = self.begin(
            pair,
            TalkKind.EMPLOYEE,
            self.year,
            form,
            on=began,
            previous=previous,
            in_round=True,
        )
        if status == _S.INVITED:
            days = self.rng.randrange(3, 20)
            slots = [self.ahead(days), self.ahead(days + 7)]
            meeting.propose(self.ago(self.rng.randrange(1, 9)), slots, self._place())
        elif status == _S.PREPARING:
            self.agree_ahead(meeting, self.rng.randrange(2, 30))
            for party, side in SIDES.items():
                if self.chance(PREPARED):
                    meeting.prepare(party, self.ago(2), self._own_words(meeting, side))
        elif status == _S.DISCONTINUED:
            meeting.discontinue(self.ago(5), self.texts["reasons"]["discontinued"])
        elif status != _S.PLANNED:
            held = self.ago(self.rng.randrange(1, 12))
            if status in {_S.DOCUMENTED, _S.CONFIRMED}:
                held -= timedelta(days=7)
            self.carry_out(meeting, self.workday(held), status)
        return meeting

    def carry_out(self, meeting: Meeting, held: date, status: str) -> None:
        """Hold the talk, look back on the year, and go on as far as `status`."""
        self.agree(meeting, held)
        self._prepare(meeting, held, None)
        meeting.hold(held)
        meeting.write(self._record(meeting))
        for expectation in self.expected[meeting.talk.employment.pk]:
            if meeting.form.shows(Section.Shows.RESULTS):
                meeting.result(expectation, self._result())
        if status == _S.HELD:
            return
        meeting.document(held + timedelta(days=2), held + timedelta(days=180))
        if status == _S.CONFIRMED:
            self.confirm(meeting, held)
        elif self.chance(50):
            meeting.answer(Party.EMPLOYEE, held + timedelta(days=4))

    def agree(self, meeting: Meeting, held: date) -> None:
        proposed_on = held - timedelta(days=14)
        slot = self.calendar.moment(held, self.rng.choice(HOURS))
        times = meeting.propose(proposed_on, [slot], self._place())
        meeting.agree(proposed_on + timedelta(days=1), times)

    def agree_ahead(self, meeting: Meeting, days: int, place: str = "") -> None:
        slots = [self.ahead(days + 7), self.ahead(days)]
        proposed = meeting.propose(self.ago(9), slots, place or self._place())
        meeting.agree(self.ago(7), proposed)

    def confirm(self, meeting: Meeting, held: date, remark: str = "") -> None:
        meeting.answer(Party.EMPLOYEE, held + timedelta(days=5), remark)
        meeting.answer(Party.MANAGER, held + timedelta(days=6))

    def _prepare(self, meeting: Meeting, held: date, words: dict[str, Any] | None) -> None:
        for party, side in SIDES.items():
            day = held - timedelta(days=2)
            if words is None and self.chance(PREPARED):
                meeting.prepare(party, day, self._own_words(meeting, side))
            elif words is not None and words.get(side):
                meeting.prepare(party, day, words[side])
            else:
                meeting.waive(party, day)

    # --- Short words -----------------------------------------------------------------------------

    def chance(self, of_a_hundred: int) -> bool:
        return self.rng.random() * 100 < of_a_hundred

    def _place(self) -> str:
        place: str = self.rng.choice(self.texts["places"])
        return place

    def _record(self, meeting: Meeting) -> dict[str, str]:
        pool = self.texts["bulk"][meeting.form.version.template.code]
        said = {order: self.rng.choice(texts) for order, texts in pool.items()}
        if not meeting.expectations:
            # Nothing has been agreed on yet that the words could speak of.
            for section in meeting.form.sections:
                if section.shows == Section.Shows.EXPECTATIONS:
                    said.pop(str(section.order), None)
        return said

    def _own_words(self, meeting: Meeting, side: str) -> dict[str, str]:
        """What one has written alone: some of the sections."""
        pool = self.texts["own"][meeting.form.version.template.code][side]
        chosen = self.rng.sample(list(pool), 2)
        return {order: self.rng.choice(pool[order]) for order in pool if order in chosen}

    def _result(self) -> dict[str, tuple[str, str]]:
        outcome = self._outcome()
        other = self._outcome() if self.chance(SEEN_DIFFERENTLY) else outcome
        words = self.texts["bulk_result"]
        return {
            Party.EMPLOYEE: (other, self.rng.choice(words[other])),
            Party.MANAGER: (outcome, self.rng.choice(words[outcome])),
        }

    def _outcome(self) -> str:
        outcome = self.rng.choices(list(OUTCOMES), list(OUTCOMES.values()))[0]
        return ExpectationResult.Outcome(outcome).value

    def _need(self, meeting: Meeting, held: date) -> None:
        text = self.rng.choice(self.texts["bulk_need"])
        due_on = held + timedelta(days=self.rng.randrange(60, 420))
        done_on = held + timedelta(days=self.rng.randrange(30, 200))
        is_old = meeting.talk.year < self.calendar.year
        is_done = (is_old or self.chance(NEED_DONE)) and done_on <= self.calendar.today
        need = meeting.need(
            need=text["need"],
            activity=text["activity"],
            source=CompetenceNeed.Source.OWN_WISH,
            responsible=self.rng.choice(Party.values),
            due_on=due_on,
        )
        if is_done:
            self.finish(need, done_on, text["effect"])

    def finish(self, need: CompetenceNeed, done_on: date, effect: str) -> None:
        need.state, need.done_on, need.effect = CompetenceNeed.State.DONE, done_on, effect
        need.written_by, need.written_at = need.employee, self.calendar.moment(done_on, 16)
        need.revision += 1
