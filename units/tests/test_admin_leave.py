"""Leave, which HR registers without its cause, and the staff groups that the whole city shares."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from units.models import Employment, Leave, Role, StaffGroup, User
from units.tests.admin_world import (
    NEW_PERSON,
    OTHERS_CANARY,
    START,
    World,
    change_url,
    errors_of,
    make_person,
    sent,
    signed_in,
    text_of,
)

pytestmark = pytest.mark.django_db

ADD_LEAVE, ADD_GROUP = "admin:units_leave_add", "admin:units_staffgroup_add"


@pytest.fixture
def world(db):
    return World()


@pytest.fixture
def city_hr(world):
    return make_person("hrcity", world.unit_a, Role.HR, world.city)


def add_leave(person, employment, starts_on="2026-01-01", ends_on="", **fields):
    url = reverse(ADD_LEAVE)
    dates = {"starts_on": starts_on, "ends_on": ends_on}
    return sent(signed_in(person), url, employment=employment.pk, **dates, **fields)


# --- Leave ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["hr_a", "sysadmin"])
def test_leave_is_registered_changed_and_ended(world, who):
    employment = world.employee_a.employments.get()
    person = getattr(world, who)

    added = add_leave(person, employment)

    assert added.status_code == 302
    leave = employment.leaves.get(ends_on=None)
    assert leave.starts_on == date(2026, 1, 1)
    changed = sent(signed_in(person), change_url(leave), ends_on="2026-03-31")
    leave.refresh_from_db()
    assert (changed.status_code, leave.ends_on, leave.revision) == (302, date(2026, 3, 31), 2)


def test_the_form_asks_for_no_cause_and_says_so(world):
    page = signed_in(world.hr_a).get(reverse(ADD_LEAVE))

    fields = set(page.context["adminform"].form.fields)
    assert fields == {"employment", "starts_on", "ends_on"}
    [fieldset] = page.context["adminform"]
    assert str(fieldset.description) in text_of(page)


@pytest.mark.parametrize(
    ("who", "whose"), [("hr_a", "employee_b"), ("hr_b", "employee_a"), ("hr_a", "protected_a")]
)
def test_nobody_registers_leave_for_whom_they_do_not_reach(world, who, whose):
    employment = getattr(world, whose).employments.get()
    before = Leave.objects.count()

    response = add_leave(getattr(world, who), employment)

    assert list(errors_of(response)) == ["employment"]
    assert getattr(world, whose).family_name not in text_of(response)
    assert Leave.objects.count() == before


def test_who_keeps_a_protected_identity_registers_its_leave(world):
    employment = world.protected_a.employments.get()

    assert add_leave(world.second_hr_a, employment).status_code == 302


def test_nobody_registers_or_changes_their_own_leave(world):
    own = world.hr_a.employments.get()

    response = add_leave(world.hr_a, own)

    assert list(errors_of(response)) == ["employment"]
    assert not own.leaves.exists()
    leave = Leave.objects.create(employment=own, starts_on=date(2026, 1, 1))
    client = signed_in(world.hr_a)
    assert client.get(change_url(leave)).status_code == 200
    assert client.post(change_url(leave), {"ends_on": "2026-02-01"}).status_code == 403
    assert sent(
        signed_in(world.second_hr_a), change_url(leave), ends_on="2026-02-01"
    ).status_code == 302  # fmt: skip


def test_an_ended_employment_of_who_went_to_another_authority_gets_no_leave(world):
    ended = world.employee_a.employments.get()
    Employment.objects.filter(pk=ended.pk).update(ends_on=date(2025, 1, 1), revision=2)
    Employment.objects.create(
        person=world.employee_a, unit=world.unit_b, title="Lärare", starts_on=date(2025, 1, 2)
    )

    response = add_leave(world.hr_a, ended, "2024-06-01", "2024-06-30")

    assert list(errors_of(response)) == ["employment"]
    assert signed_in(world.hr_a).post(change_url(world.leave_a), {}).status_code == 403


@pytest.mark.parametrize("name", ["manager_a", "controller_a", "employee_a"])
def test_leave_is_no_business_of_anybody_else(world, name):
    client = signed_in(getattr(world, name))

    for url in (
        *(reverse("admin:units_leave_changelist"), reverse(ADD_LEAVE), change_url(world.leave_a)),
        reverse("admin:units_leave_history", args=[world.leave_a.pk]),
    ):
        assert client.get(url).status_code == 403
        assert client.post(url).status_code == 403


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "fields"),
    [
        ("2026-06-30", "2026-06-29", ["ends_on"]),
        ("2024-03-31", "2024-05-31", ["__all__"]),
        ("2024-01-01", "", ["__all__"]),
        ("2023-12-31", "2024-02-01", ["starts_on"]),
        ("2026-12-31", "2027-01-02", ["ends_on"]),
        ("2027-01-02", "", ["starts_on"]),
    ],
)
def test_days_that_cannot_be_are_refused_in_words(world, starts_on, ends_on, fields):
    employment = world.employee_a.employments.get()
    Employment.objects.filter(pk=employment.pk).update(ends_on=date(2027, 1, 1), revision=2)

    response = add_leave(world.hr_a, employment, starts_on, ends_on)

    errors = errors_of(response)
    assert list(errors) == fields
    # In words, not by the name of the rule.
    assert "leave_" not in str(errors)
    assert employment.leaves.get() == world.leave_a


def test_a_changed_leave_may_not_meet_another(world):
    employment = world.employee_a.employments.get()
    add_leave(world.hr_a, employment)

    response = sent(signed_in(world.hr_a), change_url(world.leave_a), ends_on="2026-01-01")

    told = Leave._meta.constraints[1].violation_error_message
    assert errors_of(response)["__all__"] == [told]
    world.leave_a.refresh_from_db()
    assert world.leave_a.ends_on == date(2024, 3, 31)


def test_leave_may_begin_the_day_after_another_and_fill_the_employment(world):
    employment = world.employee_a.employments.get()
    Employment.objects.filter(pk=employment.pk).update(ends_on=date(2026, 12, 31), revision=2)

    for starts_on, ends_on in [(START, "2024-02-29"), ("2024-04-01", "2026-12-31")]:
        assert add_leave(world.hr_a, employment, starts_on, ends_on).status_code == 302


def test_the_employment_shows_its_leave_and_leads_to_registering_more(world):
    client = signed_in(world.hr_a)
    employment = world.employee_a.employments.get()

    page = client.get(change_url(employment))

    [table] = page.context["related"]
    assert [row.url for row in table.rows] == [change_url(world.leave_a)]
    [(url, _label)] = page.context["tools"]
    form = client.get(url).context["adminform"].form
    assert form["employment"].value() == str(employment.pk)
    own = signed_in(world.hr_a).get(change_url(world.hr_a.employments.get()))
    assert "tools" not in own.context


@pytest.mark.parametrize("number", ["x", "²", "-1", "9" * 40, "%00", "1&starts_on=x", ""])
def test_a_made_up_choice_in_the_address_is_no_server_error(world, number):
    response = signed_in(world.hr_a).get(f"{reverse(ADD_LEAVE)}?employment={number}")

    assert response.status_code == 200


def test_a_choice_in_the_address_tells_nothing_of_whom_one_does_not_reach(world):
    other = world.employee_b.employments.get()

    response = signed_in(world.hr_a).get(f"{reverse(ADD_LEAVE)}?employment={other.pk}")

    assert OTHERS_CANARY not in text_of(response)


def test_the_list_of_leave_finds_todays_and_a_persons(world):
    today = timezone.localdate()
    Leave.objects.create(
        employment=world.manager_a.employments.get(), starts_on=today - timedelta(days=1)
    )
    client = signed_in(world.hr_a)
    url = reverse("admin:units_leave_changelist")

    def people(query):
        found = client.get(f"{url}?{query}").context["cl"].result_list
        return {leave.employment.person for leave in found}

    assert people("period=now") == {world.manager_a}
    assert people("q=Almqvist") == {world.employee_a}
    assert people(f"board={world.board_a.pk}") == {world.employee_a, world.manager_a}


# --- Staff groups --------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["city_hr", "sysadmin"])
def test_hr_of_the_city_and_system_administrators_keep_the_staff_groups(world, city_hr, who):
    client = signed_in(city_hr if who == "city_hr" else world.sysadmin)

    added = sent(client, reverse(ADD_GROUP), code="USK", name="Undersköterskor")

    assert added.status_code == 302
    group = StaffGroup.objects.get(code="USK")
    changed = sent(client, change_url(group), name="Undersköterskor och vårdbiträden")
    group.refresh_from_db()
    assert (changed.status_code, group.revision) == (302, 2)
    assert group.name == "Undersköterskor och vårdbiträden"


def test_hr_of_an_authority_reads_the_staff_groups_and_changes_none(world):
    client = signed_in(world.hr_a)
    before = StaffGroup.objects.values().get()

    assert client.get(reverse("admin:units_staffgroup_changelist")).status_code == 200
    assert client.get(change_url(world.staff_group)).status_code == 200
    assert client.get(reverse(ADD_GROUP)).status_code == 403
    for url in (reverse(ADD_GROUP), change_url(world.staff_group)):
        assert client.post(url, {"code": "X", "name": "X"}).status_code == 403
    assert StaffGroup.objects.values().get() == before


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"code": " "}, "code"), ({"name": ""}, "name"), ({"code": "HAND"}, "code")],
)
def test_a_staff_group_needs_a_name_and_a_code_of_its_own(world, fields, error):
    given = {"code": "NY", "name": "Nya"} | fields

    response = sent(signed_in(world.sysadmin), reverse(ADD_GROUP), **given)

    assert list(errors_of(response)) == [error]
    assert StaffGroup.objects.get() == world.staff_group


def test_two_who_rename_a_staff_group_see_both_names(world, city_hr):
    url = change_url(world.staff_group)
    client = signed_in(world.sysadmin)
    revision = client.get(url).context["adminform"].form["revision"].value()
    assert sent(signed_in(city_hr), url, name="Deras namn").status_code == 302

    second = sent(client, url, name="Mitt namn", revision=revision)

    assert [row.right for row in second.context["adminform"].form.conflict] == ["Deras namn"]
    assert "Mitt namn" in text_of(second)
    world.staff_group.refresh_from_db()
    assert (world.staff_group.name, world.staff_group.revision) == ("Deras namn", 2)


def test_hr_chooses_the_staff_group_of_an_employment_and_of_a_new_person(world):
    client = signed_in(world.hr_a)
    employment = world.employee_a.employments.get()

    sent(client, change_url(employment), staff_group=world.staff_group.pk)
    sent(
        client, reverse("admin:units_user_add"), **NEW_PERSON, unit=world.unit_a.pk,
        staff_group=world.staff_group.pk,
    )  # fmt: skip

    employment.refresh_from_db()
    assert (employment.staff_group, employment.revision) == (world.staff_group, 2)
    new = User.objects.get(account_name="ny").employments.get()
    assert new.staff_group == world.staff_group


def test_employments_are_found_by_staff_group_or_by_having_none(world):
    employment = world.employee_a.employments.get()
    sent(signed_in(world.hr_a), change_url(employment), staff_group=world.staff_group.pk)
    client = signed_in(world.hr_a)

    def found(value):
        url = reverse("admin:units_employment_changelist")
        return set(client.get(f"{url}?group={value}").context["cl"].result_list)

    assert found(world.staff_group.pk) == {employment}
    assert employment not in found("none")
    assert found("none")
    assert found("99") == set()
