"""The pages of a round of talks: who may, what is kept, and how much is asked with many."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from dialogues.actions.rounds import (
    start_round,
)
from dialogues.models import Round, TalkKind, TalkTemplate
from dialogues.participants import participants_of
from dialogues.tests.round_scenes import (
    TODAY,
    add_many,
    on_leave,
    plan,
    started,
    talks_of,
)
from dialogues.tests.talk_scenes import small_template
from stockholm_quality.tests.world import add_person
from units.models import Employment
from units.nearest import managers_of
from units.wall import acting_as

pytestmark = pytest.mark.django_db


@pytest.fixture
def templates(world):
    return small_template(), small_template(audience=TalkTemplate.Audience.MANAGER)


@pytest.fixture
def planned(world, templates):
    """A round of the whole administration, from today for two months."""
    return plan(world, templates)


# --- The pages ---------------------------------------------------------------------------------


def fields_of(world, templates, **fields):
    return {
        "unit": world.units["board"].pk,
        "kind": TalkKind.EMPLOYEE,
        "year": world.year,
        "template": templates[0].template.pk,
        "manager_template": templates[1].template.pk,
        "starts_on": TODAY().isoformat(),
        "ends_on": (TODAY() + timedelta(days=60)).isoformat(),
        "message": "Vi håller samtalen i höst.",
        **fields,
    }


def test_a_boards_own_copy_is_told_from_the_citys_template(world, templates, as_persona):
    own = small_template(unit=world.units["board"])

    page = as_persona("hr").get(reverse("dialogues:round_new")).content.decode()

    assert f"{own.template.title} ({world.units['board']})</option>" in page
    assert f"{templates[0].template.title}</option>" in page


@pytest.mark.parametrize("days", [(0, 367), (-60, -1), (60, 0)])
def test_the_days_of_a_round_are_days_one_can_mean(world, templates, as_persona, token, days):
    first, last = ((TODAY() + timedelta(days=each)).isoformat() for each in days)
    sent = fields_of(world, templates, starts_on=first, ends_on=last) | token()

    page = as_persona("hr").post(reverse("dialogues:round_new"), sent)

    assert page.context["form"].errors["ends_on"]
    assert not Round.objects.exists()


def test_hr_opens_a_round_chooses_starts_and_ends_it(world, templates, as_persona, token):
    client, sent = as_persona("hr"), fields_of(world, templates) | token()

    first = client.post(reverse("dialogues:round_new"), sent)
    again = client.post(reverse("dialogues:round_new"), sent)

    round_ = Round.objects.get()
    assert first.url == again.url == round_.get_absolute_url()
    pk = world.employments["colleague"].pk
    client.post(
        f"{round_.get_absolute_url()}?show=ordinary",
        {f"choice_{pk}": "LEAVE_OUT", f"seen_{pk}": ""} | token(),
    )
    start = token()
    client.post(reverse("dialogues:round_start", args=[round_.pk]), start)
    client.post(reverse("dialogues:round_start", args=[round_.pk]), start)
    client.post(reverse("dialogues:round_start", args=[round_.pk]), token())
    assert pk not in talks_of(round_)
    assert world.employments["employee"].pk in talks_of(round_)
    client.post(reverse("dialogues:round_end", args=[round_.pk]), token())
    round_.refresh_from_db()
    assert round_.status == Round.Status.ENDED


def test_whoever_comes_after_a_round_has_ended_is_not_said_to_take_part(
    world, planned, as_persona, token
):
    started(world, planned)
    client = as_persona("hr")
    client.post(reverse("dialogues:round_end", args=[planned.pk]), token())
    page = planned.get_absolute_url()
    before = client.get(page).context

    late = add_person(world, "late", "unit")
    Employment.objects.filter(person=late).update(starts_on=TODAY() + timedelta(days=1))
    after = client.get(page).context

    assert after["groups"] == before["groups"]
    assert after["tally"] == before["tally"]
    assert after["show"] == "joined"


def test_settling_the_suggestions_of_a_page_keeps_them_and_nothing_about_the_rest(
    world, planned, as_persona, token
):
    on_leave(world, "employee", TODAY())
    away, ordinary = world.employments["employee"].pk, world.employments["colleague"].pk

    as_persona("hr").post(
        planned.get_absolute_url(),
        {f"choice_{away}": "LEAVE_OUT", f"choice_{ordinary}": "INCLUDE"} | token(),
    )

    assert list(planned.choices.values_list("employment", "decision")) == [(away, "LEAVE_OUT")]


def test_a_choice_made_while_the_round_runs_starts_the_talk_at_once(
    world, planned, as_persona, token
):
    on_leave(world, "employee", TODAY())
    started(world, planned)
    pk = world.employments["employee"].pk

    as_persona("hr").post(planned.get_absolute_url(), {f"choice_{pk}": "INCLUDE"} | token())

    assert pk in talks_of(planned)


def test_a_choice_about_somebody_outside_the_round_is_not_kept(world, planned, as_persona, token):
    pk = world.employments["stranger"].pk

    as_persona("hr").post(planned.get_absolute_url(), {f"choice_{pk}": "LEAVE_OUT"} | token())

    assert not planned.choices.exists()


def test_a_second_round_of_the_kind_is_refused_in_words(
    world, planned, templates, as_persona, token
):
    response = as_persona("hr").post(
        reverse("dialogues:round_new"), fields_of(world, templates) | token()
    )

    assert response.status_code == 200
    assert Round.objects.count() == 1
    assert response.context["form"].non_field_errors()


def test_a_template_for_another_kind_is_refused_in_words(world, templates, as_persona, token):
    other = small_template(TalkKind.SALARY).template
    response = as_persona("hr").post(
        reverse("dialogues:round_new"), fields_of(world, templates, template=other.pk) | token()
    )

    assert "template" in response.context["form"].errors


def test_who_changes_a_round_meanwhile_is_not_overwritten(
    world, planned, templates, as_persona, token
):
    address = reverse("dialogues:round_edit", args=[planned.pk])
    client = as_persona("hr")
    fields = fields_of(world, templates, revision=planned.revision)
    client.post(address, fields | {"message": "Den första."} | token())

    response = client.post(address, fields | {"message": "Den andra."} | token())

    assert response.status_code == 409
    assert Round.objects.get().message == "Den första."
    assert "Den andra." in response.content.decode()


def test_a_started_round_is_not_changed(world, planned, templates, as_persona, token):
    started(world, planned)
    address = reverse("dialogues:round_edit", args=[planned.pk])

    response = as_persona("hr").post(address, fields_of(world, templates) | token())

    assert response.status_code == 302
    assert Round.objects.get().message == ""


@pytest.mark.parametrize(
    "who", ["employee", "manager_above", "controller", "other_hr", "city_hr", "administrator"]
)
def test_a_round_does_not_exist_for_anybody_but_its_hr(planned, as_persona, token, who):
    client = as_persona(who)

    for page in ("round", "round_edit", "round_start", "round_end"):
        address = reverse(f"dialogues:{page}", args=[planned.pk])
        assert client.get(address).status_code == 404
        assert client.post(address, token()).status_code == 404
    assert Round.objects.get().status == Round.Status.PLANNED


@pytest.mark.parametrize("page", ["rounds", "round_new"])
def test_the_list_of_rounds_is_for_hr(world, as_persona, page):
    address = reverse(f"dialogues:{page}")

    assert as_persona("hr").get(address).status_code == 200
    assert as_persona("manager_above").get(address).status_code == 403


def test_hr_finds_the_rounds_from_the_menu_and_the_administration(world, as_persona):
    link = f'href="{reverse("dialogues:rounds")}"'

    assert link in as_persona("hr").get(reverse("admin:index")).content.decode()
    assert link in as_persona("hr").get(reverse("home")).content.decode()
    assert link not in as_persona("administrator").get(reverse("admin:index")).content.decode()
    assert link not in as_persona("manager").get(reverse("home")).content.decode()


# --- Many --------------------------------------------------------------------------------------


def test_the_pages_ask_no_more_with_many(world, planned, as_persona, django_assert_max_num_queries):
    client = as_persona("hr")
    add_many(world, 30, 5)
    for address in (
        f"{planned.get_absolute_url()}?show=ordinary",
        reverse("dialogues:rounds"),
        reverse("dialogues:round_new"),
        reverse("dialogues:round_start", args=[planned.pk]),
    ):
        with django_assert_max_num_queries(20):
            assert client.get(address).status_code == 200


@pytest.mark.slow
def test_a_round_of_five_thousand_starts_within_five_seconds(world, planned):
    add_many(world, 250, 20)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    began = time.perf_counter()
    managers_of(Employment.objects.all())
    named = time.perf_counter()
    with acting_as(world.hr):
        participants_of(planned)
        listed = time.perf_counter()
        start_round(round_=planned, by=world.hr)
    ended = time.perf_counter()

    print(f"managers {named - began:.2f} list {listed - named:.2f} start {ended - listed:.2f}")
    assert len(talks_of(planned)) > 5000
    assert named - began < 1
    assert ended - listed < 5
