"""How a person whom HR has registered comes in for the first time, and nobody in their place."""

import re
from datetime import date, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from units.models import Employment, User
from units.tests.admin_world import World, change_url, signed_in, text_of

pytestmark = pytest.mark.django_db
PASSWORD = "en lång mening som ingen gissar"


@pytest.fixture
def world(db):
    return World()


def tool_of(person):
    return reverse("admin:units_user_first_password", args=[person.pk])


def link_for(world, person=None):
    page = text_of(signed_in(world.hr_a).post(tool_of(person or world.employee_a)))
    return re.search(r"http://testserver(/losenord/nytt/[^<\s]+)", page)[1]


def choose(client, link, password=PASSWORD):
    page = client.get(link, follow=True)
    where = page.redirect_chain[-1][0] if page.redirect_chain else link
    return client.post(where, {"new_password1": password, "new_password2": password})


def test_a_registered_person_comes_in_with_the_link_and_a_password_of_their_own(world):
    client = Client()
    assert tool_of(world.employee_a) in text_of(
        signed_in(world.hr_a).get(change_url(world.employee_a))
    )

    response = choose(client, link_for(world))

    assert response.headers["Location"] == reverse("login")
    world.employee_a.refresh_from_db()
    assert world.employee_a.check_password(PASSWORD)
    signed = client.post(reverse("login"), {"username": "anna", "password": PASSWORD})
    assert signed.status_code == 302
    assert LogEntry.objects.filter(object_id=world.employee_a.pk, user=world.hr_a).exists()


def test_the_link_works_once_and_only_the_latest(world):
    earlier, link = link_for(world), link_for(world)

    assert not choose(Client(), earlier).headers.get("Location")
    two = [Client(), Client()]
    for client in two:
        client.get(link, follow=True)
    assert choose(two[0], link).status_code == 302
    assert choose(two[1], link, "en helt annan lång mening").status_code == 200

    world.employee_a.refresh_from_db()
    assert world.employee_a.check_password(PASSWORD)


def test_the_link_works_for_a_day(world, settings):
    link = link_for(world)
    assert settings.PASSWORD_RESET_TIMEOUT == 86400

    settings.PASSWORD_RESET_TIMEOUT = -1

    assert choose(Client(), link).status_code == 200
    world.employee_a.refresh_from_db()
    assert not world.employee_a.has_usable_password()


def test_the_password_follows_the_rules(world):
    response = choose(Client(), link_for(world), "kort")

    assert response.status_code == 200
    assert response.context["form"].errors
    world.employee_a.refresh_from_db()
    assert not world.employee_a.has_usable_password()


@pytest.mark.parametrize(
    "fields",
    [{"is_active": False}, {"last_login": timezone.now()}, {"password": "md5$a$b"}],
)
def test_no_link_for_who_has_come_in_or_is_shut_out(world, fields):
    link = link_for(world)
    User.objects.filter(pk=world.employee_a.pk).update(**fields)
    client = signed_in(world.hr_a)

    for send in (client.get, client.post):
        assert send(tool_of(world.employee_a)).status_code == 403
    assert tool_of(world.employee_a) not in text_of(client.get(change_url(world.employee_a)))
    assert not choose(Client(), link).headers.get("Location")


def test_the_link_is_made_by_those_who_look_after_the_account_alone(world):
    person = world.employee_a
    status = {
        who: signed_in(getattr(world, who)).post(tool_of(person)).status_code
        for who in ("hr_a", "sysadmin", "hr_b", "manager_a", "employee_b")
    }
    assert status == {
        "hr_a": 200, "sysadmin": 200, "hr_b": 404, "manager_a": 403, "employee_b": 403,
    }  # fmt: skip
    assert signed_in(world.hr_a).post(tool_of(world.second_hr_a)).status_code == 403
    assert signed_in(world.hr_a).post(tool_of(world.protected_a)).status_code == 404
    assert signed_in(world.sysadmin).post(tool_of(world.sysadmin)).status_code == 403

    Employment.objects.create(
        person=person,
        unit=world.unit_b,
        title="Kock",
        starts_on=timezone.localdate() - timedelta(days=1),
        ends_on=date(2099, 1, 1),
    )
    for hr in (world.hr_a, world.hr_b):
        assert signed_in(hr).post(tool_of(person)).status_code == 403


def test_a_reading_makes_no_link(world):
    before = User.objects.get(pk=world.employee_a.pk).password

    page = text_of(signed_in(world.hr_a).get(tool_of(world.employee_a)))

    assert "/losenord/nytt/" not in page
    assert User.objects.get(pk=world.employee_a.pk).password == before
