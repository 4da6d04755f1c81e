"""Pay criteria: whose they are, who reads them, who knows them, and that they stay as published."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from dialogues.actions.criteria import (
    acknowledge_criteria,
    copy_criteria,
    correct_criteria,
    discard_criteria,
    publish_criteria,
    remove_criterion,
)
from dialogues.actions.templates import NotReadyError
from dialogues.criteria_todos import todos_from_criteria
from dialogues.models import (
    CriteriaAcknowledgement,
    CriteriaSet,
    Criterion,
    CriterionStep,
    TalkKind,
)
from dialogues.models.criteria import with_criteria
from dialogues.tests.criteria_world import make_criteria
from dialogues.tests.talk_scenes import S, add_talk
from stockholm_quality.city.criteria import pay_criteria
from stockholm_quality.tests.world import PERSONAS
from units.models import Employment, StaffGroup
from units.revisions import StaleRevisionError
from units.wall import acting_as

pytestmark = pytest.mark.django_db

MOST_QUERIES = 20


@pytest.fixture
def group():
    return StaffGroup.objects.create(code="BSK", name="Barnskötare")


@pytest.fixture
def this_year():
    return timezone.localdate().year


def criteria_for(employment, year):
    return CriteriaSet.objects.applying_to(employment, year).first()


def employ_in_group(world, who, group):
    world.employments[who].staff_group = group
    world.employments[who].save(update_fields=["staff_group"])
    return world.employments[who]


# --- Whose -------------------------------------------------------------------------------------


def test_the_groups_criteria_come_before_the_general_and_the_nearest_first(world, group, this_year):
    employment = employ_in_group(world, "employee", group)
    found = []
    for unit, of_group in [
        ("city", None), ("board", None), ("unit", None), ("city", group), ("board", group),
        ("department", group),
    ]:  # fmt: skip
        made = make_criteria(world.units[unit], this_year, of_group)
        found.append(criteria_for(employment, this_year) == made)

    # Each of these is nearer, or more the group's own, than those before it.
    assert all(found)


def test_what_holds_for_others_does_not_hold(world, group, this_year):
    employment = world.employments["employee"]
    make_criteria(world.units["unit"], this_year, group)
    make_criteria(world.units["next_unit"], this_year)
    make_criteria(world.units["group"], this_year)
    make_criteria(world.units["other_board"], this_year)
    make_criteria(world.units["unit"], this_year + 1)
    make_criteria(world.units["unit"], this_year, published=False)

    assert criteria_for(employment, this_year) is None


def test_many_employments_are_answered_for_in_one_question(
    world, group, this_year, django_assert_num_queries
):
    employ_in_group(world, "employee", group)
    make_criteria(world.units["board"], this_year)
    make_criteria(world.units["department"], this_year, group)

    with django_assert_num_queries(1):
        rows = list(with_criteria(Employment.objects.order_by("pk"), this_year))

    assert len(rows) > 10
    for row in rows:
        expected = criteria_for(row, this_year)
        assert row.criteria_set_id == (expected.pk if expected else None)


def test_a_correction_takes_the_place_of_what_it_corrects_once_it_is_published(world, this_year):
    first = make_criteria(world.units["board"], this_year)
    employment = world.employments["employee"]

    correction = correct_criteria(criteria_set=first, reason="Fel ord i steg två.")
    assert criteria_for(employment, this_year) == first

    publish_criteria(criteria_set=correction, revision=1, by=world.people["hr"])
    assert criteria_for(employment, this_year) == correction


# --- Written and published ---------------------------------------------------------------------


def test_criteria_without_enough_steps_are_not_published(world, this_year):
    made = make_criteria(world.units["board"], this_year, published=False)
    CriterionStep.objects.filter(criterion__criteria_set=made, number=2).delete()

    with pytest.raises(NotReadyError, match="Resultat"):
        publish_criteria(criteria_set=made, revision=1, by=world.people["hr"])

    Criterion.objects.get(criteria_set=made).steps.all().delete()
    made.criteria.all().delete()
    with pytest.raises(NotReadyError):
        publish_criteria(criteria_set=made, revision=1, by=world.people["hr"])


def test_publishing_what_somebody_has_changed_meanwhile_is_refused(world, this_year):
    made = make_criteria(world.units["board"], this_year, published=False)

    with pytest.raises(StaleRevisionError):
        publish_criteria(criteria_set=made, revision=2, by=world.people["hr"])


def test_a_correction_needs_a_reason_and_there_is_one_at_a_time(world, this_year):
    made = make_criteria(world.units["board"], this_year)

    with pytest.raises(IntegrityError), transaction.atomic():
        correct_criteria(criteria_set=made, reason="")
    correct_criteria(criteria_set=made, reason="Fel ord.")
    with pytest.raises(NotReadyError):
        correct_criteria(criteria_set=made, reason="Fel ord igen.")


def test_a_copy_has_the_same_words_and_is_not_published(world, group, this_year):
    made = make_criteria(world.units["board"], this_year, words="Håller ihop arbetet")

    copy = copy_criteria(criteria_set=made, year=this_year + 1, staff_group=group)

    assert not copy.is_published
    assert (
        CriterionStep.objects.filter(
            criterion__criteria_set=copy, words="Håller ihop arbetet"
        ).count()
        == 2
    )
    with pytest.raises(NotReadyError):
        copy_criteria(criteria_set=made, year=this_year + 1, staff_group=group)


def test_what_is_being_written_can_be_removed_and_discarded(world, this_year):
    made = make_criteria(world.units["board"], this_year, published=False)
    Criterion.objects.create(criteria_set=made, order=2, name="Samarbete")

    remove_criterion(criterion=made.criteria.get(order=1), revision=1)
    assert [(each.order, each.name) for each in made.criteria.all()] == [(1, "Samarbete")]

    discard_criteria(criteria_set=made, revision=2)
    assert not CriteriaSet.objects.exists()


def test_what_is_published_is_neither_removed_nor_discarded(world, this_year):
    made = make_criteria(world.units["board"], this_year)

    with pytest.raises(NotReadyError):
        discard_criteria(criteria_set=made, revision=made.revision)
    with pytest.raises(NotReadyError):
        remove_criterion(criterion=made.criteria.get(), revision=made.revision)


RAW_WRITES = [
    "UPDATE dialogues_criteriaset SET about = 'x' WHERE id = %(set)s",
    "UPDATE dialogues_criteriaset SET published_at = NULL WHERE id = %(set)s",
    "UPDATE dialogues_criteriaset SET year = 2199 WHERE id = %(set)s",
    "DELETE FROM dialogues_criteriaset WHERE id = %(set)s",
    "UPDATE dialogues_criterion SET name = 'x' WHERE criteria_set_id = %(set)s",
    "DELETE FROM dialogues_criterion WHERE criteria_set_id = %(set)s",
    'INSERT INTO dialogues_criterion (criteria_set_id, "order", name, about)'
    " VALUES (%(set)s, 9, 'x', '')",
    "UPDATE dialogues_criterionstep SET words = 'x' WHERE criterion_id = %(criterion)s",
    "DELETE FROM dialogues_criterionstep WHERE criterion_id = %(criterion)s",
    "INSERT INTO dialogues_criterionstep (criterion_id, number, name, words)"
    " VALUES (%(criterion)s, 9, 'x', 'x')",
]


@pytest.mark.parametrize("statement", RAW_WRITES)
def test_the_database_refuses_to_change_what_is_published(world, this_year, statement):
    made = make_criteria(world.units["board"], this_year)
    named = {"set": made.pk, "criterion": made.criteria.get().pk}

    for person in (world.people["hr"], None):
        with (
            pytest.raises(DatabaseError, match=r"never changes|Cannot update or delete"),
            acting_as(person) if person else transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, named)


# --- Read and known ----------------------------------------------------------------------------


@pytest.mark.parametrize("who", [name for name in PERSONAS if name != "anonymous"])
def test_everyone_signed_in_reads_published_criteria_and_nobody_those_being_written(
    world, as_persona, this_year, who
):
    published = make_criteria(world.units["other_board"], this_year, words="Bär ett helt område")
    draft = make_criteria(world.units["board"], this_year, published=False)
    client = as_persona(who)

    page = client.get(published.get_absolute_url())
    assert page.status_code == 200
    assert "Bär ett helt område" in page.content.decode()
    assert client.get(reverse("dialogues:criteria")).status_code == 200
    assert client.get(draft.get_absolute_url()).status_code == 404


def test_the_page_shows_ones_own_first(world, as_persona, this_year):
    own = make_criteria(world.units["board"], this_year)
    make_criteria(world.units["other_board"], this_year)

    page = as_persona("employee").get(reverse("dialogues:criteria"), {"year": this_year})

    assert page.context["own"] == [(own, None)]
    assert page.context["page_obj"].paginator.count == 2


def test_one_says_once_that_one_knows_them(world, as_persona, this_year):
    made = make_criteria(world.units["board"], this_year)
    client = as_persona("employee")
    url = reverse("dialogues:criteria_know", args=[made.pk])
    token = {"form_token": str(uuid4())}

    for _time in range(2):
        assert client.post(url, token).url == made.get_absolute_url()
    assert client.post(url, {"form_token": str(uuid4())}).url == made.get_absolute_url()

    said = CriteriaAcknowledgement.objects.get()
    assert (said.person, said.criteria_set) == (world.people["employee"], made)
    assert url not in client.get(made.get_absolute_url()).content.decode()


def test_one_does_not_know_what_holds_for_others(world, as_persona, this_year):
    made = make_criteria(world.units["other_board"], this_year)
    draft = make_criteria(world.units["board"], this_year, published=False)
    client = as_persona("employee")

    for criteria_set, status in ((made, 403), (draft, 404)):
        url = reverse("dialogues:criteria_know", args=[criteria_set.pk])
        assert client.post(url, {"form_token": str(uuid4())}).status_code == status
    assert not CriteriaAcknowledgement.objects.exists()


def test_who_knew_the_former_is_asked_anew_of_a_correction(world, as_persona, this_year):
    person, day = world.people["employee"], timezone.localdate()
    first = make_criteria(world.units["board"], this_year)
    acknowledge_criteria(criteria_set=first, by=person)
    assert todos_from_criteria(person, day) == []

    correction = correct_criteria(criteria_set=first, reason="Fel ord i steg två.")
    publish_criteria(criteria_set=correction, revision=1, by=world.people["hr"])

    (todo,) = todos_from_criteria(person, day)
    assert todo.url == correction.get_absolute_url()
    client = as_persona("employee")
    assert correction.get_absolute_url() in client.get(first.get_absolute_url()).content.decode()
    assert "Fel ord i steg två." in client.get(correction.get_absolute_url()).content.decode()
    # From a page that was opened before the correction.
    late = reverse("dialogues:criteria_know", args=[first.pk])
    answer = client.post(late, {"form_token": str(uuid4())})
    assert answer.url == correction.get_absolute_url()
    assert not CriteriaAcknowledgement.objects.filter(criteria_set=correction).exists()


def test_the_todo_is_for_those_concerned_until_they_know(
    world, this_year, django_assert_num_queries
):
    made = make_criteria(world.units["board"], this_year)
    day = timezone.localdate()

    with django_assert_num_queries(1):
        (todo,) = todos_from_criteria(world.people["employee"], day)
    assert todo.url == made.get_absolute_url()
    assert todos_from_criteria(world.people["stranger"], day) == []
    assert todos_from_criteria(world.people["left_yesterday"], day) == []
    assert todos_from_criteria(world.people["employee"], day + timedelta(days=400)) == []

    acknowledge_criteria(criteria_set=made, by=world.people["employee"])
    assert todos_from_criteria(world.people["employee"], day) == []


def test_the_criteria_are_to_be_known_from_the_autumn_when_the_talks_begin(world, this_year):
    person = world.people["employee"]
    coming = make_criteria(world.units["board"], this_year + 1)

    def asked(day):
        return [todo.url for todo in todos_from_criteria(person, day)]

    assert asked(date(this_year, 9, 30)) == []
    assert asked(date(this_year, 10, 1)) == [coming.get_absolute_url()]


def test_the_criteria_of_a_salary_talk_under_way_are_to_be_known_whatever_its_year(
    world, this_year
):
    old = make_criteria(world.units["board"], this_year - 1)
    person, day = world.people["employee"], timezone.localdate()
    add_talk(world, kind=TalkKind.SALARY, year=this_year - 1, status=S.INVITED)
    add_talk(world, "colleague", kind=TalkKind.SALARY, year=this_year - 1, status=S.CLOSED)

    with acting_as(person):
        assert [todo.url for todo in todos_from_criteria(person, day)] == [old.get_absolute_url()]
    with acting_as(world.people["colleague"]):
        assert todos_from_criteria(world.people["colleague"], day) == []


def test_the_pages_ask_a_constant_number_of_questions(
    world, as_persona, group, this_year, django_assert_max_num_queries
):
    for unit in world.units.values():
        for of_group in (None, group):
            make_criteria(unit, this_year, of_group)
    client = as_persona("employee")
    own = criteria_for(world.employments["employee"], this_year)

    for url in (reverse("dialogues:criteria"), own.get_absolute_url()):
        with django_assert_max_num_queries(MOST_QUERIES):
            client.get(url)


# --- The demo city's ---------------------------------------------------------------------------


def test_the_demo_has_criteria_for_everyone_and_some_groups_of_its_own(
    world, this_year, django_assert_max_num_queries
):
    groups = {
        code: StaffGroup.objects.create(code=code, name=code.title()) for code in ("FSK", "CHEF")
    }
    now = timezone.now()
    made = pay_criteria(
        city=world.units["city"],
        home=world.units["board"],
        groups=groups,
        published={this_year: now, this_year - 1: now - timedelta(days=365)},
    )

    with django_assert_max_num_queries(MOST_QUERIES):
        made.store(by=world.people["hr"])

    assert len(made.sets) == 6
    assert len({len(each.steps.all()) for each in made.criteria}) == 1
    general = criteria_for(world.employments["employee"], this_year)
    teachers = criteria_for(employ_in_group(world, "employee", groups["FSK"]), this_year)
    assert (general.unit, teachers.unit) == (world.units["city"], world.units["board"])
    assert criteria_for(world.employments["stranger"], this_year - 1).year == this_year - 1
