"""What HR and system administrators may do with people, employments and roles."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from units.models import (
    Employment,
    RoleAssignment,
    User,
)
from units.tests.admin_world import (
    NEW_PERSON,
    OTHERS_CANARY,
    World,
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


# --- People and roles ----------------------------------------------------------------------------


def test_hr_employs_a_new_person_in_one_step(world):
    response = sent(
        signed_in(world.hr_a),
        reverse("admin:units_user_add"),
        **NEW_PERSON,
        unit=world.unit_a.pk,
    )

    assert response.status_code == 302
    person = User.objects.get(account_name="ny")
    assert person.email == "ny@stad.test"
    assert not person.has_usable_password()
    assert person.employments.get().unit == world.unit_a


@pytest.mark.parametrize("unit", ["", "unit_b"])
def test_hr_employs_nobody_outside_its_units(world, unit):
    response = sent(
        signed_in(world.hr_a),
        reverse("admin:units_user_add"),
        **NEW_PERSON,
        unit=getattr(world, unit).pk if unit else "",
    )

    assert "unit" in errors_of(response)
    assert not User.objects.filter(account_name="ny").exists()


def test_an_account_that_exists_is_told_in_words(world):
    response = sent(
        signed_in(world.hr_a),
        reverse("admin:units_user_add"),
        **NEW_PERSON | {"account_name": "BERIT"},
        unit=world.unit_a.pk,
    )

    assert "account_name" in errors_of(response)
    assert OTHERS_CANARY not in text_of(response)


def test_a_system_administrator_makes_an_account_without_employment(world):
    account = NEW_PERSON | {"title": "", "starts_on": ""}

    response = sent(signed_in(world.sysadmin), reverse("admin:units_user_add"), **account)

    assert response.status_code == 302
    assert not User.objects.get(account_name="ny").employments.exists()


def test_marking_a_protected_identity_keeps_the_person_in_sight_of_who_marked(world):
    client = signed_in(world.hr_a)

    sent(client, change_url(world.employee_a), has_protected_identity="on")

    world.employee_a.refresh_from_db()
    assert world.employee_a.has_protected_identity
    assert client.get(change_url(world.employee_a)).status_code == 200
    for other in (world.second_hr_a, world.sysadmin):
        assert signed_in(other).get(change_url(world.employee_a)).status_code == 404


def test_hr_does_not_change_who_holds_an_office_role_nor_itself(world):
    client = signed_in(world.hr_a)

    for person in (world.hr_a, world.second_hr_a):
        assert client.get(change_url(person)).status_code == 200
        assert client.post(change_url(person), {"is_active": ""}).status_code == 403


@pytest.mark.parametrize("days", [-30, 30])
def test_who_now_works_for_another_authority_alone_is_beyond_hr(world, days):
    Employment.objects.filter(person=world.employee_a).update(ends_on=date(2025, 1, 1))
    client, person = signed_in(world.hr_a), world.employee_a
    assert sent(client, change_url(person), given_name="A").status_code == 302
    ended = person.employments.get()

    Employment.objects.create(
        person=person,
        unit=world.unit_b,
        title="Lärare",
        starts_on=timezone.localdate() + timedelta(days=days),
    )

    assert client.get(change_url(person)).status_code == 404
    assert client.post(change_url(person), {}).status_code == 404
    assert person.email not in text_of(client.get(reverse("admin:units_user_changelist")))
    employed = sent(
        client, reverse("admin:units_employment_add"), person=person.pk,
        unit=world.other_unit_a.pk, title="Kock", starts_on="2026-01-01",
    )  # fmt: skip
    assert list(errors_of(employed)) == ["person"]
    # The ended employment stays to be read, and is not opened again.
    assert client.get(change_url(ended)).status_code == 200
    assert client.post(change_url(ended), {"ends_on": ""}).status_code == 403
    assert signed_in(world.hr_b).get(change_url(person)).status_code == 200


def test_the_account_of_who_works_in_two_authorities_belongs_to_neither(world):
    client, person = signed_in(world.hr_a), world.employee_a
    Employment.objects.create(
        person=person, unit=world.unit_b, title="Lärare", starts_on=date(2025, 1, 2)
    )
    account = {"account_name": "taken", "email": "taken@stad.test"}
    url = change_url(person)
    assert "Enhet B11" not in text_of(client.get(url))
    data = {"form_token": str(uuid4()), "given_name": "Annika", "family_name": "Ek", **account}
    form = client.get(url).context["adminform"].form

    response = client.post(url, data | {"revision": form["revision"].value()})

    assert response.status_code == 302
    person.refresh_from_db()
    assert (person.given_name, person.account_name) == ("Annika", "anna")
    assert (person.email, person.is_active) == ("anna@stad.test", True)
    assert sent(signed_in(world.sysadmin), url, **account).status_code == 302


@pytest.mark.parametrize(
    ("who", "fields", "error"),
    [
        ("hr_a", {"role": "HR"}, "role"),
        ("hr_a", {"role": "SYSTEM_ADMINISTRATOR"}, "role"),
        ("hr_a", {"unit": "unit_b"}, "unit"),
        ("hr_a", {"unit": "city"}, "unit"),
        ("hr_a", {"person": "hr_a"}, "person"),
        ("hr_a", {"person": "employee_b"}, "person"),
        ("sysadmin", {"person": "sysadmin", "role": "HR"}, "person"),
    ],
)
def test_a_role_that_one_may_not_give_is_refused(world, who, fields, error):
    given = {"person": "employee_a", "unit": "unit_a", "role": "MANAGER"} | fields
    for name in ("person", "unit"):
        given[name] = getattr(world, given[name]).pk
    before = RoleAssignment.objects.count()

    response = sent(
        signed_in(getattr(world, who)),
        reverse("admin:units_roleassignment_add"),
        **given,
        starts_on="2026-01-01",
    )

    assert list(errors_of(response)) == [error]
    assert RoleAssignment.objects.count() == before


def test_hr_gives_a_role_and_later_ends_it_and_changes_nothing_else_of_it(world):
    client = signed_in(world.hr_a)
    sent(
        client, reverse("admin:units_roleassignment_add"), person=world.employee_a.pk,
        unit=world.unit_a.pk, role="MANAGER", starts_on="2026-01-01",
    )  # fmt: skip
    assignment = world.employee_a.roles.get()

    response = sent(
        client, change_url(assignment), ends_on="2026-06-30", person=world.hr_a.pk,
        unit=world.unit_b.pk, role="HR", id=99, pk=99,
    )  # fmt: skip

    assert response.status_code == 302
    assignment.refresh_from_db()
    assert (assignment.person, assignment.unit) == (world.employee_a, world.unit_a)
    assert (assignment.role, assignment.ends_on) == ("MANAGER", date(2026, 6, 30))
    assert assignment.revision == 2


def test_assignments_of_the_office_roles_and_ones_own_are_only_read(world):
    client = signed_in(world.hr_a)

    for assignment in (world.hr_a.roles.get(), world.second_hr_a.roles.get()):
        assert client.get(change_url(assignment)).status_code == 200
        response = client.post(change_url(assignment), {"ends_on": "2030-01-01"})
        assert response.status_code == 403
    own = world.sysadmin.roles.get()
    assert signed_in(world.sysadmin).post(change_url(own), {}).status_code == 403
    assert signed_in(world.hr_a).post(change_url(world.hr_a.employments.get())).status_code == 403


# --- Mass assignment -----------------------------------------------------------------------------


CHANGEABLE = {
    "units_unit": {"code", "kind", "operation"},
    "units_unitplacement": {"name", "parent_id", "starts_on", "ends_on"},
    "units_user": {
        "account_name", "email", "given_name", "family_name", "employment_number",
        "has_protected_identity", "is_active",
    },
    "units_employment": {"title", "staff_group_id", "starts_on", "ends_on"},
    "units_leave": {"starts_on", "ends_on"},
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGEABLE)
@pytest.mark.parametrize("who", ["hr_a", "sysadmin"])
def test_a_form_changes_only_its_own_fields(world, name, who):
    obj = world.objects_of("a")[name]
    model = type(obj)
    before = model.objects.filter(pk=obj.pk).values().get()
    everything = {
        field.name: {"DateField": "2027-03-04", "BooleanField": "on"}.get(
            field.get_internal_type(), "1"
        )
        for field in model._meta.fields
        if field.attname not in CHANGEABLE[name] and field.name != "revision"
    }

    response = sent(signed_in(getattr(world, who)), change_url(obj), **everything)

    assert response.status_code == 302
    after = model.objects.filter(pk=obj.pk).values().get()
    assert {key for key in after if after[key] != before[key]} == {"revision"}


def test_adding_a_person_takes_no_more_than_the_form_asks(world):
    extra = {"id": 7, "pk": 7, "revision": 9, "is_active": "", "language": "en",
             "appearance": "dark", "password": "hemligt", "last_login": "2026-01-01",
             "roles": "1", "ends_on": "2027-01-01"}  # fmt: skip

    sent(
        signed_in(world.hr_a),
        reverse("admin:units_user_add"),
        **NEW_PERSON | extra,
        unit=world.unit_a.pk,
    )

    person = User.objects.get(account_name="ny")
    assert (person.revision, person.is_active, person.language) == (1, True, "sv")
    assert (person.appearance, person.last_login) == ("auto", None)
    assert not person.has_usable_password()
    assert person.pk != 7
    assert not person.roles.exists()
    assert person.employments.get().ends_on is None


def test_saving_a_person_leaves_the_password_alone(world):
    client = signed_in(world.hr_a)
    hashed = world.employee_a.password

    sent(client, change_url(world.employee_a), password="pbkdf2_sha256$1$x$y", last_login="x")

    world.employee_a.refresh_from_db()
    assert world.employee_a.password == hashed
