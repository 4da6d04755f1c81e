"""Two writers of one record, and forms that are sent more than once."""

import threading
from datetime import date
from uuid import uuid4

import pytest
from django.db import connections
from django.urls import reverse

from units.models import (
    ProtectedIdentityKeeper,
    Submission,
)
from units.tests.admin_world import (
    ADDABLE,
    NEW_PERSON,
    START,
    World,
    adds,
    change_url,
    errors_of,
    sent,
    signed_in,
    text_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    return World()


@pytest.mark.parametrize(
    ("name", "field", "mine", "theirs"),
    [
        ("units_unit", "code", "KOD-MIN", "KOD-DIN"),
        ("units_unitplacement", "name", "Mitt namn", "Ditt namn"),
        ("units_user", "given_name", "Mitt", "Ditt"),
        ("units_employment", "title", "Min titel", "Din titel"),
    ],
)
def test_the_second_writer_sees_both_texts_and_loses_neither(world, name, field, mine, theirs):
    obj = world.objects_of("a")[name]
    client = signed_in(world.sysadmin)
    revision = str(client.get(change_url(obj)).context["adminform"].form["revision"].value())
    assert sent(client, change_url(obj), **{field: theirs}).status_code == 302

    second = sent(client, change_url(obj), **{field: mine, "revision": revision})

    assert second.status_code == 200
    body = text_of(second)
    assert mine in body
    assert theirs in body
    obj.refresh_from_db()
    assert (getattr(obj, field), obj.revision) == (theirs, 2)
    known = second.context["adminform"].form["revision"].value()
    third = sent(client, change_url(obj), **{field: mine, "revision": known})
    obj.refresh_from_db()
    assert (third.status_code, getattr(obj, field), obj.revision) == (302, mine, 3)


TEXTS = [
    ("units_unit", "code"),
    ("units_unitplacement", "name"),
    ("units_user", "given_name"),
    ("units_employment", "title"),
]


def write_in_pairs(name, field, pairs):
    """Two people save the same form at the same moment, over and over. Returns how many texts
    were acknowledged and lost, and how many of those refused came back with both texts."""
    world = World()
    obj = world.objects_of("a")[name]
    url, model = change_url(obj), type(obj)
    clients = [signed_in(world.hr_a), signed_in(world.sysadmin)]
    form = clients[0].get(url).context["adminform"].form
    start = {name: form[name].value() for name in form.fields if form[name].value()}
    lost, kept = 0, 0
    for number in range(pairs):
        data = start | {"revision": f"{obj.pk}.{model.objects.get(pk=obj.pk).revision}"}
        answers, barrier = {}, threading.Barrier(2)

        def write(client, text, data=data, answers=answers, barrier=barrier):
            try:
                barrier.wait()
                answers[text] = client.post(url, data | {field: text, "form_token": uuid4()})
            finally:
                connections.close_all()

        texts = [f"{who}-{number}" for who in ("HR", "SYS")]
        threads = [
            threading.Thread(target=write, args=pair) for pair in zip(clients, texts, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stored = getattr(model.objects.get(pk=obj.pk), field)
        for text, answer in answers.items():
            if answer.status_code == 302:
                lost += stored != text
            else:
                body = text_of(answer)
                kept += text in body and stored in body
    return lost, kept


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("name", "field"), TEXTS)
def test_nothing_acknowledged_is_lost_when_two_write_at_once(name, field):
    assert write_in_pairs(name, field, pairs=5) == (0, 5)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("name", "field"), TEXTS)
def test_nothing_acknowledged_is_lost_in_two_hundred_pairs(name, field):
    assert write_in_pairs(name, field, pairs=50) == (0, 50)


def test_a_form_without_its_revision_saves_nothing(world):
    response = sent(
        signed_in(world.sysadmin), change_url(world.employee_a), given_name="X", revision=""
    )

    assert response.status_code == 200
    world.employee_a.refresh_from_db()
    assert world.employee_a.given_name == "Anna"


def test_the_second_writer_of_a_naming_is_told_too(world):
    world.keeping.administrator = world.hr_a
    world.keeping.save()
    client = signed_in(world.hr_a)
    client_two = signed_in(world.second_hr_a)
    ProtectedIdentityKeeper.objects.create(
        person=world.protected_a, administrator=world.second_hr_a, starts_on=START
    )
    url = change_url(world.keeping)
    revision = client_two.get(url).context["adminform"].form["revision"].value()
    assert client.post(url).status_code == 403
    assert sent(client_two, url, ends_on="2030-01-01").status_code == 302

    second = sent(client_two, url, ends_on="2031-01-01", revision=revision)

    assert second.context["adminform"].form.conflict != []
    world.keeping.refresh_from_db()
    assert world.keeping.ends_on == date(2030, 1, 1)


@pytest.mark.parametrize("name", ADDABLE)
def test_sending_an_addition_twice_makes_one(world, name):
    fields, model = adds(world)[name]
    client, token, url = signed_in(world.second_hr_a), uuid4(), reverse(f"admin:{name}_add")
    before = model.objects.count()

    first = sent(client, url, **fields, form_token=token)
    again = sent(client, url, **fields, form_token=token)

    assert (first.status_code, again.status_code) == (302, 302)
    assert first.headers["Location"] == again.headers["Location"]
    assert model.objects.count() == before + 1


@pytest.mark.parametrize("name", ADDABLE)
def test_the_same_addition_from_two_forms_is_refused_in_words(world, name):
    fields, model = adds(world)[name]
    client, url = signed_in(world.second_hr_a), reverse(f"admin:{name}_add")
    sent(client, url, **fields)
    before = model.objects.count(), Submission.objects.count()

    response = sent(client, url, **fields)

    assert response.status_code == 200
    assert errors_of(response)
    assert (model.objects.count(), Submission.objects.count()) == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ADDABLE)
@pytest.mark.parametrize("same_form", [True, False])
def test_three_additions_at_once_make_one(name, same_form):
    world = World()
    fields, model = adds(world)[name]
    url, token = reverse(f"admin:{name}_add"), uuid4()
    before = model.objects.count()
    clients = [signed_in(world.second_hr_a) for _ in range(3)]
    barrier, statuses = threading.Barrier(3), []

    def add(client):
        try:
            barrier.wait()
            data = fields | {"form_token": token if same_form else uuid4()}
            statuses.append(client.post(url, data).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=add, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == ([302, 302, 302] if same_form else [200, 200, 302])
    assert model.objects.count() == before + 1


def test_a_double_click_on_a_change_saves_once_and_raises_no_conflict(world):
    client, url, token = signed_in(world.hr_a), change_url(world.employee_a), uuid4()
    revision = client.get(url).context["adminform"].form["revision"].value()
    fields = {"given_name": "Annika", "revision": revision, "form_token": token}

    answers = [sent(client, url, **fields) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    world.employee_a.refresh_from_db()
    assert (world.employee_a.given_name, world.employee_a.revision) == ("Annika", 2)


def test_an_addition_without_a_token_is_refused(world):
    client = signed_in(world.hr_a)

    response = client.post(reverse("admin:units_user_add"), NEW_PERSON)

    assert response.status_code == 400
