"""The talks of those who show the demo, and of the preschool where they work, one by one."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from dialogues.models import (
    AccessGrant,
    Acknowledgement,
    CompetenceNeed,
    CriteriaAcknowledgement,
    CriteriaSet,
    Criterion,
    CriterionStep,
    ExpectationResult,
    Party,
    Reading,
    RoundChoice,
    Talk,
    TalkKind,
)
from goals.models import Expectation, Goal
from stockholm_quality.city.organisation import HOME_BOARD, Workplace
from stockholm_quality.city.talking import SIDES, Meeting, Pair
from units.models import Delegation, Employment, User

if TYPE_CHECKING:
    from stockholm_quality.city.talks import Talks

# Where each of the preschool's people stands in the list of those employed there.
ON_LEAVE, PLANNED, INVITED, READY, HELD, DOCUMENTED, CONFIRMED, DISCONTINUED, DELEGATED = range(
    1, 10
)
NEW_SINCE = 48  # days
SALARY, NEW_FORM = "stad-lonesamtal", "stad-ny-medarbetare"
SALARY_HELD = (3, 16)
SALARY_HELD_BEFORE = 40
NEED_ASKED = 32  # days ago
DELEGATED_SINCE, DELEGATED_FOR = 8, 22
# Of the accounts: who has times to answer, in how many days the others meet, and what is written
# but not shared.
ASKED_FOR_A_TIME = {"ombud", "admin"}
AGREED_IN = {"medarbetare": 6, "chef": 8}
UNSHARED = {
    ("medarbetare", "employee"),
    ("chef", "manager"),
    ("ombud", "employee"),
    ("hr", "employee"),
    ("admin", "employee"),
}
NEXT_DOOR = "Förskolan Skeppet"
WITH_OWN_SALARY_TALK = ("medarbetare", "chef")
_S = Talk.Status


class TalksAtHome:
    """Call `welcome_somebody_new` first, then `tell`, and the last when the talks are stored."""

    def __init__(self, talks: "Talks") -> None:
        self.talks = talks
        self.organisation = talks.organisation
        self.home = talks.organisation.home
        self.calendar = talks.calendar
        self.texts = talks.texts
        self.accounts = talks.organisation.accounts
        # Employments whose talks are told here.
        self.told = {row.pk for row in self.home.employments}
        self._own = {
            row.person.pk: row
            for row in talks.organisation.employments
            if row.person.account_name in self.accounts
        }
        self.told |= {row.pk for row in self._own.values()}
        # How what was expected last year went, by account.
        self._results: dict[str, list[tuple[Expectation, list[ExpectationResult]]]] = {}
        self._paid: dict[str, Talk] = {}
        self._opened: Talk
        self._new: Employment

    # --- Before the talks ------------------------------------------------------------------------

    def welcome_somebody_new(self) -> None:
        """A colleague has just come from the preschool next door."""
        away = {leave.employment.pk for leave in self.organisation.leaves}
        staff = self._next_door().employments[1:]
        before = next(row for row in staff if row.pk not in away)
        began = self.calendar.today - timedelta(days=NEW_SINCE)
        before.ends_on = began - timedelta(days=1)
        before.revision += 1
        Employment.objects.bulk_update([before], ["ends_on", "revision"])
        self._new = Employment(
            person=before.person,
            unit=self.home.unit,
            title=before.title,
            staff_group=before.staff_group,
            starts_on=began,
        )
        Employment.objects.bulk_create([self._new])
        self.told.add(self._new.pk)

    def _next_door(self) -> Workplace:
        """Another preschool of the department, with a head of its own."""
        places = self.organisation.workplaces
        return next(each for each in places if each.unit.name == NEXT_DOOR)

    def _expect_last_year(self, name: str) -> list[Expectation]:
        """What was expected of the account last year, and known."""
        is_head = name == "chef"
        unit = self.home.above.unit if is_head and self.home.above else self.home.unit
        given_on = self.calendar.day(9, 15, -1) if is_head else self.calendar.day(2, 11, -1)
        by = self.home.above.manager if is_head and self.home.above else self.home.manager
        if not is_head:
            by = self.organisation.head_on(self.home, given_on)
        goals = [goal for goal, _text in self.talks.history.adopted[unit.pk]]
        made = [
            Expectation(
                employment=self._employment(name),
                goal=goals[text["goal"]],
                text=text["text"],
                sign=text["sign"],
                expected_result=text.get("expected_result", ""),
                support=text.get("support", ""),
                given_at=self.calendar.moment(given_on, 10),
                given_by=by,
            )
            for text in self.texts[name]["expectation"]
        ]
        Expectation.objects.bulk_create(made)
        Acknowledgement.objects.bulk_create(
            Acknowledgement(
                expectation=expectation,
                expectation_version=1,
                goal_version=expectation.goal.version_number,
                acknowledged_at=self.calendar.moment(given_on + timedelta(days=3), 15),
            )
            for expectation in made
        )
        return made

    # --- The talks -------------------------------------------------------------------------------

    def tell(self) -> None:
        last = {name: self._last_of(name) for name in self.accounts}
        for name in ("medarbetare", "chef"):
            self._follow_up(name, last[name])
        self._talk_of_pay()
        self._running_of_accounts(last)
        self._plan_talks_of_pay()
        self._tell_of_the_others()
        self._opened = last["medarbetare"]

    def _employment(self, name: str) -> Employment:
        return self._own[self.accounts[name].pk]

    def _pair(self, employment: Employment, year: int = 0) -> Pair:
        managed = self.talks.managed[year or self.talks.year]
        return Pair(employment, managed[employment.pk])

    def _last_of(self, name: str) -> Talk:
        words = self.texts[name]["talk"]
        year = self.calendar.year
        meeting = self.talks.last_talk(self._pair(self._employment(name), year), year, words=words)
        held = meeting.talk.held_on or self.calendar.today
        meeting.write(words["record"])
        before = self._expect_last_year(name) if "expectation" in self.texts[name] else []
        for expectation, text in zip(before, self.texts[name].get("expectation", []), strict=True):
            meeting.result(
                expectation,
                {Party.EMPLOYEE: tuple(text["employee"]), Party.MANAGER: tuple(text["manager"])},
            )
        for text in self.texts[name].get("need", []):
            self._need(meeting, text, before)
        self._results[name] = meeting.results
        meeting.document(held + timedelta(days=2), held + timedelta(days=words["next_in"]))
        self.talks.confirm(meeting, held, words["remark"])
        return meeting.talk

    def _need(self, meeting: Meeting, text: dict[str, Any], before: list[Expectation]) -> None:
        held, today = meeting.talk.held_on or self.calendar.today, self.calendar.today
        source = CompetenceNeed.Source(text["source"])
        need = meeting.need(
            need=text["need"],
            source=source,
            activity=text["activity"],
            responsible=text["responsible"],
            due_on=max(today + timedelta(days=text["due"]), held + timedelta(days=20)),
            goal=self._goal_of(meeting) if source == CompetenceNeed.Source.GOAL else None,
            expectation=before[0] if source == CompetenceNeed.Source.EXPECTATION else None,
        )
        if "done" in text:
            done_on = max(today + timedelta(days=text["done"]), held + timedelta(days=10))
            self.talks.finish(need, done_on, text["effect"])

    def _goal_of(self, meeting: Meeting) -> Goal:
        expected = self.talks.expected[meeting.talk.employment.pk]
        if expected:
            return expected[0].goal
        return self.talks.agreements.adopted[self.home.unit.pk][0][0]

    def _follow_up(self, name: str, last: Talk) -> None:
        self.talks.follow_up(
            self._pair(self._employment(name)), last, self.texts[name]["follow_up"]
        )

    # --- Pay -------------------------------------------------------------------------------------

    def _talk_of_pay(self) -> None:
        year, today = self.calendar.year, self.calendar.today
        latest = today - timedelta(days=SALARY_HELD_BEFORE)
        held = self.talks.workday(min(date(year, *SALARY_HELD), latest))
        for name in WITH_OWN_SALARY_TALK:
            pair = self._pair(self._employment(name))
            begun = held - timedelta(days=21)
            meeting = self.talks.begin(pair, TalkKind.SALARY, year, SALARY, on=begun)
            self.talks.agree(meeting, held)
            criteria_set = CriteriaSet.objects.applying_to(pair.employment, year, today).first()
            weighed = self._weighed(name, criteria_set)
            words = self.texts[name]["salary"]
            self._prepare_for_pay(meeting, words, weighed, held - timedelta(days=2))
            meeting.talk.criteria_set = criteria_set
            meeting.hold(held)
            meeting.write(words["record"])
            for criterion, text in weighed:
                step = _step(criterion, text["step"])
                meeting.weigh(criterion, step, text["weighed"], text["would_raise"])
            meeting.results = self._results[name]
            meeting.document(held + timedelta(days=2))
            self.talks.confirm(meeting, held)
            self._paid[name] = meeting.talk

    def _plan_talks_of_pay(self) -> None:
        """The next are planned, and nothing more yet."""
        year, planned_on = self.talks.year, self.talks.ago(6)
        for name, last in self._paid.items():
            pair = self._pair(self._employment(name))
            self.talks.begin(pair, TalkKind.SALARY, year, SALARY, on=planned_on, previous=last)

    def _weighed(
        self, name: str, criteria_set: CriteriaSet | None
    ) -> list[tuple[Criterion, dict[str, Any]]]:
        if criteria_set is None:
            return []
        criteria = list(criteria_set.criteria.prefetch_related("steps"))
        return list(zip(criteria, self.texts[name]["weighing"], strict=True))

    def _prepare_for_pay(
        self,
        meeting: Meeting,
        words: dict[str, Any],
        weighed: list[tuple[Criterion, dict[str, Any]]],
        day: date,
    ) -> None:
        for party, name in SIDES.items():
            if name not in words:
                meeting.waive(party, day)
                continue
            preparation = meeting.prepare(party, day, words[name])
            for criterion, text in weighed:
                number, reasons = text[name]
                meeting.view(preparation, criterion, _step(criterion, number), reasons)

    # --- The round that runs ---------------------------------------------------------------------

    def _begin(self, employment: Employment, last: Talk | None = None) -> Meeting:
        return self.talks.running_talk(self._pair(employment), _S.PLANNED, last)

    def _running_of_accounts(self, last: dict[str, Talk]) -> None:
        """Each account's talk of the round, with a time agreed or one to answer."""
        for name in self.accounts:
            words = self.texts[name]["running"]
            meeting = self._begin(self._employment(name), last[name])
            if name in ASKED_FOR_A_TIME:
                slots = [self.talks.ahead(8, 10), self.talks.ahead(12, 14)]
                asked = "Passar någon av tiderna? Säg annars en som är bättre."
                meeting.propose(self.talks.ago(2), slots, "Lilla mötesrummet", asked)
            else:
                self.talks.agree_ahead(meeting, AGREED_IN.get(name, 9), "Lilla mötesrummet")
            for party, side in SIDES.items():
                if side in words:
                    is_shared = (name, side) not in UNSHARED
                    day = self.talks.ago(3 if side == "employee" else 2)
                    meeting.prepare(party, day, words[side], is_shared=is_shared)

    # --- The others of the preschool -------------------------------------------------------------

    def _tell_of_the_others(self) -> None:
        """All that a round can look like, among thirteen people."""
        year = self.calendar.year
        staff = self.home.employments
        own = set(self._own.values())
        last = {}
        for place, employment in enumerate(staff):
            if employment in own:
                continue
            meeting = self.talks.last_talk(self._pair(employment, year), year)
            last[place] = meeting.talk
            if place % 4:
                self.talks.follow_up(self._pair(employment), meeting.talk)
        for place in range(PLANNED, len(staff)):
            if staff[place] not in own:
                self._run(place, staff[place], last[place])
        self._talk_with_somebody_new(self._new)

    def _run(self, place: int, employment: Employment, last: Talk) -> None:
        meeting = self._begin(employment, last)
        talks = self.talks
        if place == INVITED:
            meeting.propose(talks.ago(3), [talks.ahead(4, 9), talks.ahead(7, 14)], "Personalrummet")
        elif place == READY:
            talks.agree_ahead(meeting, 2)
            for party, side in SIDES.items():
                meeting.prepare(party, talks.ago(1), self.texts["ready"][side])
        elif place == HELD:
            talks.carry_out(meeting, talks.ago(2), _S.HELD)
        elif place == DOCUMENTED:
            talks.carry_out(meeting, talks.ago(8), _S.HELD)
            meeting.document(talks.ago(5), talks.ahead(160).date())
            meeting.answer(Party.EMPLOYEE, talks.ago(3))
        elif place == CONFIRMED:
            talks.carry_out(meeting, talks.ago(16), _S.CONFIRMED)
        elif place == DISCONTINUED:
            meeting.discontinue(talks.ago(6), self.texts["reasons"]["discontinued"])
        elif place == DELEGATED:
            meeting.hand_to(self._next_door().manager, talks.ago(DELEGATED_SINCE))
            slots = [talks.ahead(6, 9), talks.ahead(9, 13)]
            words = self.texts["reasons"]["delegation"]
            meeting.propose(talks.ago(4), slots, "Samtalsrummet", words)

    def _talk_with_somebody_new(self, employment: Employment) -> None:
        words = self.texts["new"]
        meeting = self.talks.begin(
            self._pair(employment),
            TalkKind.NEW,
            self.calendar.year,
            NEW_FORM,
            on=self.talks.ago(NEW_SINCE - 14),
        )
        held = self.talks.ago(2)
        self.talks.agree(meeting, held)
        for party, side in SIDES.items():
            meeting.prepare(party, held - timedelta(days=2), words[side])
        meeting.hold(held)
        meeting.write(words["record"])
        expected = words["expectation"]
        goal, _text = self.talks.agreements.adopted[self.home.unit.pk][0]
        expectation = Expectation(
            employment=employment,
            goal=goal,
            text=expected["text"],
            sign=expected["sign"],
            support=expected["support"],
            due_on=self.calendar.today + timedelta(days=NEW_SINCE),
            given_at=meeting.talk.held_at or self.calendar.moment(held, 13),
            given_by=self.home.manager,
        )
        Expectation.objects.bulk_create([expectation])

    # --- What rests on talks ---------------------------------------------------------------------

    def store_what_rests_on_talks(self) -> None:
        """A delegation, choices of a round, an access in need with its reading, and known
        criteria."""
        hr, chef = self.accounts["hr"], self.accounts["chef"]
        today = self.calendar.today
        Delegation.objects.bulk_create(
            [
                Delegation(
                    employment=self.home.employments[DELEGATED],
                    delegate=self._next_door().manager,
                    starts_on=today - timedelta(days=DELEGATED_SINCE),
                    ends_on=today + timedelta(days=DELEGATED_FOR),
                    given_by=chef,
                )
            ]
        )
        round_ = self.talks.rounds[self.organisation.boards[HOME_BOARD].unit.pk, self.talks.year]
        RoundChoice.objects.bulk_create(
            RoundChoice(
                round=round_,
                employment=employment,
                decision=RoundChoice.Decision.LEAVE_OUT,
                decided_at=self.calendar.moment(round_.starts_on, 8),
                decided_by=hr,
            )
            for employment in (self.home.employments[ON_LEAVE], self._new)
        )
        self._store_readings(hr)
        CriteriaAcknowledgement.objects.bulk_create(
            CriteriaAcknowledgement(
                person=self.accounts[name],
                criteria_set=criteria_set,
                at=self.calendar.moment(self.talks.followed_up(), 10),
            )
            for name in ("chef", "avdelningschef", "hr")
            if (criteria_set := self._criteria_of(name)) is not None
        )

    def _criteria_of(self, name: str) -> CriteriaSet | None:
        return CriteriaSet.objects.applying_to(
            self._employment(name), self.calendar.year, self.calendar.today
        ).first()

    def _store_readings(self, hr: User) -> None:
        talk, moment = self._opened, self.calendar.moment
        asked_on = self.talks.ago(NEED_ASKED)
        grant = AccessGrant(
            employment=talk.employment,
            employee=talk.employee,
            talk=talk,
            kind=talk.kind,
            year=talk.year,
            reader=hr,
            reason=self.texts["reasons"]["grant"],
            opened_at=moment(asked_on, 9),
            ends_at=moment(asked_on + timedelta(days=2), 9),
        )
        AccessGrant.objects.bulk_create([grant])
        confirmed = talk.confirmed_at or moment(asked_on, 8)
        capacity, what = Reading.Capacity, Reading.What
        read = [
            (talk.employee, capacity.EMPLOYEE, what.RECORD, confirmed - timedelta(days=1)),
            (talk.holder, capacity.HOLDER, what.RECORD, confirmed - timedelta(hours=1)),
            (talk.employee, capacity.EMPLOYEE, what.DOCUMENT, confirmed + timedelta(hours=1)),
            (hr, capacity.NEED, what.RECORD, moment(asked_on, 10)),
        ]
        Reading.objects.bulk_create(
            Reading(
                talk=talk,
                employee=talk.employee,
                reader=reader,
                capacity=as_what,
                what=read_what,
                grant=grant if as_what == capacity.NEED else None,
                at=at,
                request_id=UUID(int=self.talks.rng.getrandbits(128), version=4),
            )
            for reader, as_what, read_what, at in read
        )


def _step(criterion: Criterion, number: int) -> CriterionStep:
    return next(step for step in criterion.steps.all() if step.number == number)
