"""How far the talks have come: who may see it, who is counted, and what is told of them."""

import random
import re
import time
from datetime import date, timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from dialogues.coverage import CONFIRMED, GIVEN, HELD, KNOWING, PREPARED, coverage_of
from dialogues.models import Acknowledgement, Talk, TalkKind
from dialogues.suppression import Figure, Range, told
from dialogues.tests.talk_scenes import S, small_template
from dialogues.tests.test_suppression import Knowledge
from dialogues.views.coverage import words_of, words_of_the_rest
from stockholm_quality.tests.world import LONG_AGO, add_expectation, add_person
from units.models import Employment, Role, RoleAssignment, Unit, UnitPlacement, User
from units.wall import acting_as, upkeep

pytestmark = pytest.mark.django_db

# Late in the year, so that the year so far has a beginning.
DAY = date(timezone.localdate().year, 11, 20)
BEFORE = timezone.make_aware(timezone.datetime(DAY.year, DAY.month, DAY.day - 1, 12))
ON_THE_DAY = timezone.make_aware(timezone.datetime(DAY.year, DAY.month, DAY.day, 0, 1))


@pytest.fixture
def staffed(world):
    """Twenty more in Ängen, and nobody on leave or with two jobs."""
    with upkeep():
        for number in range(20):
            add_person(world, f"more_{number}", "unit")
    return world


@pytest.fixture
def template(world):
    return small_template()


def talk(world, who, template, **fields):
    employment = world.employments[who]
    with upkeep():
        return Talk.objects.create(
            **{
                "employment": employment,
                "employee": employment.person,
                "holder": world.people["manager"],
                "kind": TalkKind.EMPLOYEE,
                "year": DAY.year,
                "template_version": template,
                "created_by": world.people["manager"],
                **fields,
            }
        )


def held(world, who, template, at=BEFORE, **fields):
    return talk(world, who, template, status=S.HELD, held_on=LONG_AGO, held_at=at, **fields)


def confirmed(world, who, template, at=BEFORE):
    return talk(
        world,
        who,
        template,
        status=S.CONFIRMED,
        held_on=LONG_AGO,
        held_at=at,
        confirmed_at=at,
        version_number=1,
        confirmed_version=1,
    )


def seen_by(world, who, unit="unit", year=DAY.year, day=DAY):
    reader = world.people[who]
    with acting_as(reader, day):
        return coverage_of(world.units[unit], TalkKind.EMPLOYEE, year, reader=reader, day=day)


def figure(world, who="hr", **where):
    return seen_by(world, who, **where).whole.figure


# --- Who is counted ----------------------------------------------------------------------------


def test_people_are_counted_by_how_far_their_talk_has_come(staffed, template):
    for number in range(16):
        ready = {"employee_ready_at": BEFORE, "holder_ready_at": BEFORE}
        if number < 5:
            confirmed(staffed, f"more_{number}", template)
        elif number < 11:
            held(staffed, f"more_{number}", template)
        else:
            talk(staffed, f"more_{number}", template, **ready)

    found = figure(staffed)

    assert found.reached[CONFIRMED] == told(5, found.people)
    assert found.reached[HELD] == told(11, found.people)
    assert found.reached[PREPARED] == told(16, found.people)


def test_what_happened_today_counts_from_tomorrow(staffed, template):
    for number in range(10):
        held(staffed, f"more_{number}", template, at=ON_THE_DAY)

    assert figure(staffed).reached[HELD].low == 0
    assert figure(staffed, day=DAY + timedelta(days=1)).reached[HELD].low == 10


def test_one_who_has_prepared_alone_is_not_counted_as_prepared(staffed, template):
    for number in range(10):
        talk(staffed, f"more_{number}", template, employee_ready_at=BEFORE)

    assert figure(staffed).reached[PREPARED].low == 0


def test_discontinued_talks_other_kinds_and_other_years_do_not_count(staffed, template):
    for number in range(10):
        held(staffed, f"more_{number}", template, year=DAY.year - 1)
        held(staffed, f"more_{number}", template, kind=TalkKind.NEW)
        talk(
            staffed,
            f"more_{number}",
            template,
            status=S.DISCONTINUED,
            held_at=BEFORE,
        )

    assert figure(staffed).reached[HELD].low == 0


def test_people_with_protected_identity_are_in_no_number(staffed):
    before = figure(staffed).people
    with upkeep():
        for number in range(6):
            add_person(staffed, f"hidden_{number}", "unit", has_protected_identity=True)

    assert figure(staffed).people == before


def test_somebody_with_two_jobs_is_one_person(staffed):
    before = figure(staffed, unit="board").people
    with upkeep():
        Employment.objects.create(
            person=staffed.people["more_0"],
            unit=staffed.units["next_unit"],
            title="Kock",
            starts_on=LONG_AGO + timedelta(days=1),
        )

    assert figure(staffed, unit="board").people == before


def test_who_leaves_stays_in_the_number_and_who_comes_is_in_it_from_the_next_month(staffed):
    before = figure(staffed).people
    with upkeep():
        Employment.objects.filter(person=staffed.people["more_0"]).update(
            ends_on=date(DAY.year, 3, 31)
        )
        late = add_person(staffed, "late", "unit")
        Employment.objects.filter(person=late).update(starts_on=date(DAY.year, 11, 5))

    assert figure(staffed).people == before
    assert figure(staffed, day=date(DAY.year, 12, 1)).people == before + 1


def test_who_heads_a_unit_is_counted_with_the_unit_above(staffed):
    with upkeep():
        for number in range(9):
            add_person(staffed, f"office_{number}", "department")
    before = seen_by(staffed, "hr", unit="department")
    own = next(part for part in before.parts if part.is_own)

    # Nine in the office, and the two who head Ängen today; whoever heads the department is above.
    with upkeep():
        RoleAssignment.objects.filter(person=staffed.people["acting_manager"]).update(
            starts_on=LONG_AGO, ends_on=None
        )
    after = seen_by(staffed, "hr", unit="department")

    assert next(part for part in after.parts if part.is_own).figure.people == own.figure.people + 1


def test_knowing_ones_goals_stands_beside_with_the_same_blocks(staffed):
    goal_year = staffed.goals["unit_goal"].first_year
    for number in range(12):
        given = add_expectation(
            staffed, f"given_{number}", f"more_{number}", "unit_goal", given_at=BEFORE
        )
        if number < 6:
            with upkeep():
                Acknowledgement.objects.create(
                    expectation=given,
                    expectation_version=given.version_number,
                    goal_version=1,
                    acknowledged_at=BEFORE,
                )

    found = figure(staffed, year=goal_year)

    assert found.reached[GIVEN].low == 10
    assert found.reached[KNOWING] == told(6, found.people)


def test_a_years_talks_are_counted_from_the_autumn_before(staffed, template):
    for number in range(10):
        held(staffed, f"more_{number}", template, year=DAY.year + 1)

    found = seen_by(staffed, "hr", year=DAY.year + 1)

    assert not found.is_to_come
    assert found.whole.figure.people
    assert found.whole.figure.reached[HELD].low == 10


def test_a_year_whose_talks_have_not_begun_has_no_figures(staffed):
    day = date(DAY.year, 9, 30)
    found = seen_by(staffed, "hr", year=DAY.year + 1, day=day)

    assert found.is_to_come
    assert not found.whole.figure.people
    assert not seen_by(staffed, "hr", year=DAY.year + 1, day=day + timedelta(days=1)).is_to_come


def test_who_worked_there_when_the_years_talks_began_is_counted(staffed):
    before = figure(staffed).people
    with upkeep():
        left = add_person(staffed, "left_early", "unit")
        Employment.objects.filter(person=left).update(ends_on=date(DAY.year - 1, 10, 1))

    assert figure(staffed).people == before + 1


# --- What is told ------------------------------------------------------------------------------


def test_a_small_unit_is_told_of_only_together_with_others(staffed, template):
    for number in range(3):
        confirmed(staffed, f"small_employee_{number}", template)

    assert seen_by(staffed, "hr", unit="small_unit").whole.figure.people == 0
    assert seen_by(staffed, "hr", unit="small_unit").whole.leaves_out


def test_whoever_knows_some_of_a_block_by_name_is_told_nothing_of_it(staffed):
    """Else they could take their own from the number and have the others left."""
    with upkeep():
        for number in range(6):
            add_person(staffed, f"beside_{number}", "next_unit")
        for who, unit in (("acting_ended", "next_unit"), ("manager_above", "small_unit")):
            RoleAssignment.objects.create(
                person=staffed.people[who],
                unit=staffed.units[unit],
                role=Role.MANAGER,
                starts_on=LONG_AGO,
            )
    by_hr = seen_by(staffed, "hr", unit="department")
    by_manager = seen_by(staffed, "manager_above", unit="department")

    assert by_manager.whole.figure.people < by_hr.whole.figure.people
    assert any(part.is_met for part in by_manager.parts)
    assert not any(part.is_met for part in by_hr.parts)


@pytest.mark.parametrize(
    ("range_", "people", "words"),
    [
        (Range(0, 4), 30, "färre än 5"),
        (Range(5, 9), 30, "5 till 9"),
        (Range(25, 30), 30, "minst 25"),
        (Range(0, 13), 40, "färre än 15"),
        (Range(15, 33), 40, "15 till 34"),
        (Range(15, 38), 39, "minst 15"),
    ],
)
def test_a_count_is_told_in_words_rounded_outwards(range_, people, words):
    said = words_of(Figure(people, (range_,)), 0)

    numbers = re.findall(r"\d+", words)
    assert re.findall(r"\d+", said) == numbers


def told_together(figure):
    """Whatever a reader is told of a count and of the people, as the words have it."""
    return words_of(figure, 0), figure.about_people


def test_those_who_have_not_come_as_far_are_told_by_what_is_told_already():
    """Every count of every size: the words hold the truth, and follow from the other words."""
    of_what_is_told = {}
    for people in range(9, 60):
        for count in range(people + 1):
            figure = Figure(people, (told(count, people),))
            words = words_of_the_rest(figure, 0)

            rest = as_range(words, people) if re.search(r"\d", words) else Range(0, people)
            assert rest.low <= people - count <= rest.high
            assert rest.high - rest.low >= 4
            assert of_what_is_told.setdefault(told_together(figure), words) == words


# --- The pages ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "unit", "status"),
    [
        ("hr", "unit", 200),
        ("hr", "board", 200),
        ("manager_above", "unit", 200),
        ("manager_above", "department", 200),
        ("manager_above", "board", 403),
        ("manager", "unit", 200),
        ("manager", "department", 403),
        ("employee", "unit", 403),
        ("controller", "unit", 403),
        ("representative", "unit", 403),
        ("other_hr", "unit", 403),
        ("city_hr", "unit", 403),
        ("administrator", "unit", 403),
    ],
)
def test_the_page_is_for_hr_and_managers_of_the_part(world, as_persona, who, unit, status):
    address = reverse("dialogues:coverage", args=[world.units[unit].pk])

    assert as_persona(who).get(address).status_code == status


def test_those_who_may_find_it_from_the_unit(world, as_persona):
    unit = world.units["unit"]
    link = reverse("dialogues:coverage", args=[unit.pk])

    assert link in as_persona("manager_above").get(unit.get_absolute_url()).content.decode()
    assert link not in as_persona("employee").get(unit.get_absolute_url()).content.decode()


@upkeep()
def add_many(world, units, largest, seed=0):
    """Units of every size under the department, with heads, and talks that have come this far."""
    rng = random.Random(seed)
    version = small_template()
    made = Unit.objects.bulk_create(
        Unit(code=f"m{number}", kind=Unit.Kind.UNIT) for number in range(units)
    )
    above = {}
    for number, unit in enumerate(made):
        above[unit.pk] = (
            world.units["department"] if number < 8 else rng.choice(made[: max(8, number // 3)])
        )
    UnitPlacement.objects.bulk_create(
        UnitPlacement(
            unit=unit, parent=above[unit.pk], name=f"Enhet {unit.code}", starts_on=LONG_AGO
        )
        for unit in made
    )
    where = [unit for unit in made for _person in range(rng.randint(0, largest))]
    people = User.objects.bulk_create(
        User(account_name=f"many-{number}", email=f"many-{number}@example.se")
        for number in range(len(where))
    )
    employments = Employment.objects.bulk_create(
        Employment(person=person, unit=unit, title="Kock", starts_on=LONG_AGO)
        for person, unit in zip(people, where, strict=True)
    )
    first = {}
    for person, unit in zip(people, where, strict=True):
        first.setdefault(unit.pk, (person, unit))
    RoleAssignment.objects.bulk_create(
        RoleAssignment(person=person, unit=unit, role=Role.MANAGER, starts_on=LONG_AGO)
        for person, unit in first.values()
        if rng.random() < 0.8
    )
    done = timezone.now() - timedelta(days=2)
    Talk.objects.bulk_create(
        Talk(
            employment=employment,
            employee=employment.person,
            holder=world.people["hr"],
            kind=TalkKind.EMPLOYEE,
            year=timezone.localdate().year,
            template_version=version,
            created_by=world.people["hr"],
            status=S.CONFIRMED,
            held_on=LONG_AGO,
            held_at=done,
            confirmed_at=done,
            version_number=1,
            confirmed_version=1,
        )
        for employment in employments
        if rng.random() < 0.5
    )
    return made


def as_range(words, most):
    """What a reader makes of the words."""
    numbers = [int(number) for number in re.findall(r"\d+", words)]
    if len(numbers) == 2:
        return Range(*numbers)
    return Range(0, numbers[0] - 1) if words[0] in "fF" else Range(numbers[0], most)


@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_worked_out_from_the_words_of_all_pages(world, as_persona, seed):
    """What every page says to HR and to the manager of the department, put together: each number is
    that of all units below, those told of and what is counted across them."""
    made = add_many(world, 40, 14, seed)
    units = [world.units["department"], *made]
    knowledge, people = Knowledge(), {}
    for who in ("hr", "manager_above"):
        client = as_persona(who)
        for unit in units:
            page = client.get(reverse("dialogues:coverage", args=[unit.pk]))
            for line in [page.context["whole"], *page.context["lines"]]:
                place, size = line.part.unit, line.part.figure.people
                if not size:
                    continue
                name = (who, place.pk, line.part.is_own)
                below = [
                    (who, each, kind)
                    for each in [place.pk, *(() if line.part.is_own else under(place, made))]
                    for kind in ("own", *(() if line.part.is_own else ("across",)))
                ]
                people[name] = size
                for words in (line.prepared, line.held, line.confirmed, line.given, line.knowing):
                    told_now = as_range(words, size)
                    assert told_now.high - told_now.low >= 4
                for leaf in below:
                    knowledge.count(leaf, size if line.part.is_own else 1000)
                knowledge.tell(below, as_range(line.confirmed, size))

    knowledge.work_out()

    assert len(people) > 20
    assert knowledge.worked_out() == set()


def under(unit, made):
    found = Unit.objects.below(unit).exclude(pk=unit.pk)
    return list(found.filter(pk__in=[each.pk for each in made]).values_list("pk", flat=True))


def test_the_page_asks_no_more_with_many(world, as_persona, django_assert_max_num_queries):
    client = as_persona("hr")
    address = reverse("dialogues:coverage", args=[world.units["board"].pk])
    add_many(world, 60, 12)
    with django_assert_max_num_queries(20):
        assert client.get(address).status_code == 200


@pytest.mark.slow
def test_the_coverage_of_five_thousand_takes_less_than_a_second(world, as_persona):
    add_many(world, 300, 35)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client = as_persona("hr")
    address = reverse("dialogues:coverage", args=[world.units["board"].pk])
    client.get(address)
    began = time.perf_counter()
    found = client.get(address)
    took = time.perf_counter() - began

    print(f"{found.context['whole'].part.figure.people} people in {took:.2f} s")
    assert found.context["whole"].part.figure.people > 4500
    assert took < 1
