"""The talks of the invented city: a life for everyone who shows it, and a round that runs."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.db.models import Count, Exists, F, OuterRef

from dialogues.models import (
    AccessGrant,
    Answer,
    CompetenceNeed,
    Confirmation,
    CriteriaSet,
    ExpectationResult,
    Preparation,
    Reading,
    RecordPart,
    Round,
    Talk,
    TalkKind,
    TalkStep,
    TalkTime,
    TalkVersion,
    TemplateVersion,
)
from dialogues.participants import participants_of
from dialogues.rules import TalkRights
from dialogues.snapshots import decoded
from dialogues.states import STEPS, Action
from stockholm_quality.city import ACCOUNTS
from stockholm_quality.city.organisation import AN_AUTUMN_DAY, texts
from stockholm_quality.tests.city_rig import YEAR, build, clear
from stockholm_quality.tests.world import scene
from units.models import Delegation, Employment, Leave
from units.nearest import managers_of
from units.wall import acting_as

pytestmark = pytest.mark.django_db

TODAY = date(YEAR, *AN_AUTUMN_DAY)
HAPPENED = {
    Talk: ["created_at", "held_at", "held_on", "documented_at", "confirmed_at",
           "employee_ready_at", "holder_ready_at"],
    TalkStep: ["at"],
    TalkTime: ["proposed_at", "answered_at"],
    Preparation: ["begun_at", "shared_at"],
    Answer: ["written_at"],
    RecordPart: ["written_at"],
    TalkVersion: ["made_at"],
    Confirmation: ["at"],
    ExpectationResult: ["written_at"],
    CompetenceNeed: ["written_at", "done_on"],
    Reading: ["at"],
    AccessGrant: ["opened_at"],
}  # fmt: skip


def _talks_of(person, **wanted):
    return Talk.objects.filter(employee=person, **wanted)


# --- Those who show the demo -------------------------------------------------------------------


@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_account_has_a_talk_behind_and_one_in_the_running_round(city, name):
    last = _talks_of(city[name], kind=TalkKind.EMPLOYEE, year=YEAR).get()
    running = _talks_of(city[name], kind=TalkKind.EMPLOYEE, year=YEAR + 1).get()

    assert last.status == Talk.Status.CONFIRMED
    assert running.status in Talk.BEFORE
    assert (running.previous, running.round.status) == (last, Round.Status.STARTED)
    assert running.parts.count() == 0


def test_the_employee_has_a_year_of_talks(city):
    mine = _talks_of(city["medarbetare"]).order_by("year", "held_on")

    assert [(talk.kind, talk.year, talk.status) for talk in mine] == [
        (TalkKind.EMPLOYEE, YEAR, Talk.Status.CONFIRMED),
        (TalkKind.SALARY, YEAR, Talk.Status.CONFIRMED),
        (TalkKind.FOLLOW_UP, YEAR, Talk.Status.CONFIRMED),
        (TalkKind.EMPLOYEE, YEAR + 1, Talk.Status.PREPARING),
        (TalkKind.SALARY, YEAR + 1, Talk.Status.PLANNED),
    ]
    last, salary = mine[0], mine[1]
    answers = last.confirmations.values_list("party", "outcome")
    assert dict(answers) == {"EMPLOYEE": "WITH_REMARK", "MANAGER": "CONFIRMED"}
    outcomes = ExpectationResult.objects.filter(talk=last).values_list("expectation", "outcome")
    assert len(outcomes) == 4
    assert len(set(outcomes)) == 3
    assert salary.weighings.count() == 4
    assert salary.criteria_set.staff_group.name == "Förskollärare"


def test_the_employee_has_written_half_and_the_manager_has_shared(city):
    talk = _talks_of(city["medarbetare"], year=YEAR + 1, kind=TalkKind.EMPLOYEE).get()
    own, other = talk.preparations.order_by("party")

    assert (own.author, own.shared_at) == (city["medarbetare"], None)
    assert own.answers.filter(is_own_notes=True).exists()
    assert (other.author, talk.holder_ready_at) == (city["chef"], other.shared_at)
    assert talk.employee_ready_at is None
    agreed = talk.times.get(state=TalkTime.State.ACCEPTED).starts_at.date()
    assert timedelta(days=2) < agreed - TODAY < timedelta(days=10)


def test_the_plan_has_something_open_something_late_and_something_done(city):
    needs = CompetenceNeed.objects.filter(employee=city["medarbetare"])

    assert {need.state for need in needs} == {"OPEN", "DONE"}
    assert [need.is_late_on(TODAY) for need in needs].count(True) == 1
    assert set(needs.values_list("source", flat=True)) == {"GOAL", "EXPECTATION", "OWN_WISH"}
    assert not needs.filter(state="DONE", effect="").exists()


def test_the_managers_people_have_come_differently_far(city):
    team = Employment.objects.managed_by(city["chef"], TODAY)
    talks = Talk.objects.filter(employment__in=team, year=YEAR + 1, kind=TalkKind.EMPLOYEE)

    states = set(talks.values_list("status", flat=True))
    assert states == set(Talk.Status.values) - {Talk.Status.CLOSED}
    waiting = talks.get(status=Talk.Status.DOCUMENTED)
    assert waiting.confirmations.get().party == "EMPLOYEE"
    away = team.get(leaves__in=Leave.objects.active_on(TODAY))
    assert not talks.filter(employment=away).exists()
    new = Talk.objects.get(kind=TalkKind.NEW)
    assert new.employment in team
    assert new.employment.expectations.exists()
    assert TODAY - new.employment.starts_on < timedelta(days=60)


def test_the_manager_has_lent_one_talk_to_a_colleague_for_a_time(city):
    delegation = Delegation.objects.active_on(TODAY).get()
    talk = Talk.objects.get(holder=delegation.delegate, employment=delegation.employment)

    assert delegation.given_by == city["chef"]
    assert TalkRights(delegation.delegate, talk, TODAY).is_holder


def test_one_record_was_opened_in_need_and_it_stands_in_the_log(city):
    grant = AccessGrant.objects.get()
    reading = Reading.objects.get(capacity=Reading.Capacity.NEED)

    assert (grant.reader, grant.employee) == (city["hr"], city["medarbetare"])
    assert (reading.grant, reading.talk) == (grant, grant.talk)
    assert grant.opened_at <= reading.at < grant.ends_at
    assert grant.ends_at.date() < TODAY


def test_hr_has_a_round_that_runs_and_one_being_prepared(city):
    own = Round.objects.filter(unit__code="SDN-SOD")
    running = own.get(status=Round.Status.STARTED)

    assert own.get(status=Round.Status.PLANNED).kind == TalkKind.SALARY
    assert running.starts_on < TODAY < running.ends_on
    assert running.talks.count() > 50
    with acting_as(city["hr"], TODAY):
        joined = [each for each in participants_of(running, TODAY) if each.is_joined]
    assert len(joined) > 50


def test_pay_criteria_are_known_for_the_last_year_this_and_the_next(city):
    published = CriteriaSet.objects.published()

    assert set(published.values_list("year", flat=True)) == {YEAR - 1, YEAR, YEAR + 1}
    assert not CriteriaSet.objects.filter(published_at=None).exists()


# --- All of them -------------------------------------------------------------------------------


def test_most_people_have_had_their_talk_and_are_in_the_round(city):
    employed = Employment.objects.active_on(TODAY)
    talks = Talk.objects.filter(employment=OuterRef("pk"), kind=TalkKind.EMPLOYEE)

    for year in (YEAR, YEAR + 1):
        had = employed.filter(Exists(talks.filter(year=year))).count()
        assert had / employed.count() > 0.85
    states = Talk.objects.filter(year=YEAR + 1).values_list("status").annotate(Count("pk"))
    assert min(dict(states).values()) >= 3


def test_every_running_talk_is_held_by_the_nearest_manager_or_a_delegate(city):
    managers = managers_of(Employment.objects.all(), TODAY)
    running = Talk.objects.filter(year=YEAR + 1).exclude(holder__delegations__isnull=False)

    assert all(managers[talk.employment_id] == talk.holder_id for talk in running)


def test_every_talk_has_come_its_way_step_by_step(city):
    allowed = {action.value: step for action, step in STEPS.items()}
    for talk in Talk.objects.prefetch_related("steps"):
        steps = list(talk.steps.all())
        assert (steps[0].action, steps[0].to_status) == ("start", Talk.Status.PLANNED)
        assert [step.at for step in steps] == sorted(step.at for step in steps)
        for before, step in pairwise(steps):
            assert step.from_status == before.to_status
            assert step.from_status in allowed[Action(step.action)].when
        assert steps[-1].to_status == talk.status
        assert talk.revision <= len(steps)


def test_who_is_ready_has_shared_or_waived_and_nobody_else(city):
    shared = Preparation.objects.filter(talk=OuterRef("pk"), shared_at__isnull=False)
    for party, name in (("EMPLOYEE", "employee"), ("MANAGER", "holder")):
        of_party = Exists(shared.filter(party=party))
        ready = Talk.objects.filter(**{f"{name}_ready_at__isnull": False})
        assert not ready.filter(~of_party, **{f"{name}_waived": False}).exists()
        assert not Talk.objects.filter(of_party, **{f"{name}_ready_at": None}).exists()


def test_every_record_can_be_read_again_and_was_answered_by_the_two(city):
    for version in TalkVersion.objects.select_related("talk"):
        snapshot = decoded(version.snapshot, version.schema)
        talk = version.talk
        assert (snapshot.employee, snapshot.holder) == (talk.employee_id, talk.holder_id)
        written = {part.section_id: part.text for part in talk.parts.all()}
        assert {part.section: part.text for part in snapshot.parts if part.text} == written
    answered = Talk.objects.filter(confirmed_version=1).annotate(said=Count("confirmations"))
    assert not answered.exclude(said=2).exists()
    strangers = Confirmation.objects.exclude(person=F("talk__employee"))
    assert not strangers.exclude(person=F("talk__holder")).exists()


def test_a_section_of_the_employee_alone_is_written_by_the_employee(city):
    parts = RecordPart.objects.filter(section__owner="EMPLOYEE")

    assert parts.exists()
    assert not parts.exclude(written_by=F("talk__employee")).exists()


def test_every_text_belongs_to_a_section_of_its_template(city):
    said = texts("talks")
    for code, words in said["bulk"].items():
        sections = TemplateVersion.objects.in_force().get(template__code=code).sections
        orders = {str(order) for order in sections.values_list("order", flat=True)}
        for pool in (words, *said["own"][code].values()):
            assert set(pool) <= orders


# --- The generator -----------------------------------------------------------------------------


@scene()
def _rows():
    found = {}
    for model in (*HAPPENED, Round, CriteriaSet):
        fields = [
            field.attname
            for field in model._meta.concrete_fields
            if not field.is_relation and not field.primary_key
        ]
        found[model.__name__] = list(model.objects.order_by("pk").values_list(*fields))
    # A snapshot holds the keys of its rows, which go on from one city to the next.
    found["TalkVersion"] = len(found["TalkVersion"])
    return found


def test_the_same_seed_gives_the_same_talks(empty):
    build(employees=250)
    first = _rows()
    clear()
    build(employees=250)

    assert _rows() == first


def test_years_of_talks_go_back_as_far_as_one_asks(empty):
    build(employees=250, years_of_talks=3)

    with scene():
        years = Talk.objects.filter(kind=TalkKind.EMPLOYEE).values_list("year").distinct()
        assert {year for (year,) in years} == {YEAR - 2, YEAR - 1, YEAR, YEAR + 1}
        chained = Talk.objects.filter(previous__previous__isnull=False, year=YEAR)
        assert chained.exists()


@pytest.mark.parametrize(
    "last_day", [date(YEAR, 1, 4), date(YEAR, 7, 2), date(YEAR, 11, 21)], ids=str
)
def test_nothing_in_a_talk_has_happened_after_the_last_day_given(empty, last_day):
    build(employees=250, until=last_day)

    with scene():
        for model, fields in HAPPENED.items():
            for name in fields:
                look_up = name if name.endswith("_on") else f"{name}__date"
                late = model.objects.filter(**{f"{look_up}__gt": last_day})
                assert not late.exists(), f"{model.__name__}.{name}"
        agreed = TalkTime.objects.filter(state="ACCEPTED", talk__status__in=Talk.BEFORE)
        assert not agreed.filter(starts_at__date__lte=last_day).exists()
