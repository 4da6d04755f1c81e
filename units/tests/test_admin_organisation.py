"""Units are added, renamed, moved, closed and merged in the administration."""

import threading
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection, connections, transaction
from django.urls import reverse
from django.utils import timezone

from goals.models import Goal
from units.models import (
    Employment,
    ProtectedIdentityKeeper,
    RoleAssignment,
    Unit,
    UnitPlacement,
    User,
)
from units.tests.admin_world import (
    NEW_PERSON,
    World,
    adds,
    change_url,
    errors_of,
    make_person,
    make_unit,
    sent,
    signed_in,
    text_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    return World()


def test_hr_adds_a_unit_with_its_first_placement(world):
    fields, _model = adds(world)["units_unit"]

    response = sent(signed_in(world.hr_a), reverse("admin:units_unit_add"), **fields)

    assert response.status_code == 302
    unit = Unit.objects.get(code="NY")
    assert (unit.name, unit.placements.get().parent) == ("Ny enhet", world.department_a)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"kind": "BOARD"}, "kind"),
        ({"kind": "CITY"}, "kind"),
        ({"parent": "unit_b"}, "parent"),
        ({"parent": "city"}, "parent"),
        ({"parent": None}, "parent"),
        ({"starts_on": "1999-01-01"}, "parent"),
        ({"code": "A11"}, "code"),
    ],
)
def test_a_unit_that_hr_may_not_add_is_refused(world, fields, error):
    good, _model = adds(world)["units_unit"]
    if "parent" in fields:
        fields["parent"] = getattr(world, fields["parent"]).pk if fields["parent"] else ""

    response = sent(signed_in(world.hr_a), reverse("admin:units_unit_add"), **good | fields)

    assert list(errors_of(response)) == [error]


def test_a_second_city_is_refused_in_words(world):
    good, _model = adds(world)["units_unit"]
    client, url = signed_in(world.sysadmin), reverse("admin:units_unit_add")

    response = sent(client, url, **good | {"kind": "CITY", "parent": ""})

    assert "__all__" in errors_of(response)


def test_a_unit_is_renamed_and_moved_from_a_day(world):
    client = signed_in(world.hr_a)
    today = timezone.localdate()

    response = sent(
        client, reverse("admin:units_unit_place", args=[world.unit_a.pk]), name="Nya namnet",
        parent=world.board_a.pk, starts_on=today.isoformat(),
    )  # fmt: skip

    assert response.status_code == 302
    world.unit_a.refresh_from_db()
    assert world.unit_a.name == "Nya namnet"
    assert world.unit_a.placements.count() == 2
    assert "Nya namnet" in text_of(client.get(change_url(world.unit_a)))


def test_a_cycle_is_refused_in_words(world):
    client = signed_in(world.hr_a)
    fields = {"name": "X", "parent": world.unit_a.pk, "starts_on": "2026-01-01"}

    moved = sent(client, reverse("admin:units_unit_place", args=[world.department_a.pk]), **fields)
    mended = sent(
        client, change_url(world.department_a.placements.get()), **fields | {"ends_on": ""}
    )

    for response in (moved, mended):
        assert response.status_code == 200
        assert len(errors_of(response)["__all__"]) == 1
    assert world.department_a.placements.get().parent == world.board_a


def test_an_overlapping_placement_is_refused_in_words(world):
    later = UnitPlacement.objects.filter(unit=world.unit_a).get()
    later.ends_on = date(2026, 1, 31)
    later.save()
    UnitPlacement.objects.create(
        unit=world.unit_a, parent=world.department_a, name="Sedan", starts_on=date(2026, 2, 1)
    )

    response = sent(signed_in(world.hr_a), change_url(later), ends_on="2026-03-31")

    assert errors_of(response)["__all__"]


def test_hr_moves_a_unit_only_within_its_reach(world):
    response = sent(
        signed_in(world.hr_a),
        reverse("admin:units_unit_place", args=[world.unit_a.pk]),
        parent=world.board_b.pk,
    )

    assert "parent" in errors_of(response)


def test_a_unit_with_people_is_not_closed_and_the_reason_is_told(world):
    url = reverse("admin:units_unit_close", args=[world.unit_a.pk])

    response = sent(signed_in(world.hr_a), url, last_day="2026-12-31")

    assert errors_of(response)["__all__"]
    assert world.unit_a.placements.get().ends_on is None


def test_a_closed_unit_is_still_found_by_its_hr(world):
    client = signed_in(world.hr_a)
    yesterday = timezone.localdate() - timedelta(days=1)

    response = sent(
        client,
        reverse("admin:units_unit_close", args=[world.other_unit_a.pk]),
        last_day=yesterday.isoformat(),
    )

    assert response.status_code == 302
    assert client.get(change_url(world.other_unit_a)).status_code == 200
    assert signed_in(world.hr_b).get(change_url(world.other_unit_a)).status_code == 404


def test_a_unit_that_begins_tomorrow_is_found_by_its_hr_alone(world):
    tomorrow = timezone.localdate() + timedelta(days=1)
    coming = make_unit("A99", "UNIT", world.department_a, tomorrow)

    assert signed_in(world.hr_a).get(change_url(coming)).status_code == 200
    assert signed_in(world.hr_b).get(change_url(coming)).status_code == 404


def test_merging_moves_the_people(world):
    today = timezone.localdate()

    response = sent(
        signed_in(world.hr_a),
        reverse("admin:units_unit_merge", args=[world.unit_a.pk]),
        into=world.other_unit_a.pk,
        last_day=today.isoformat(),
    )

    assert response.status_code == 302
    world.unit_a.refresh_from_db()
    assert world.unit_a.successor == world.other_unit_a
    assert world.employee_a.employments.count() == 2


def test_the_second_organiser_of_a_unit_sees_both(world):
    client = signed_in(world.hr_a)
    url = reverse("admin:units_unit_place", args=[world.unit_a.pk])
    revision = client.get(url).context["form"]["revision"].value()
    sent(client, url, name="Din benämning", starts_on="2026-02-01")

    second = sent(client, url, name="Min benämning", starts_on="2026-02-01", revision=revision)

    assert second.status_code == 200
    assert "Din benämning" in text_of(second)
    assert "Min benämning" in text_of(second)
    assert world.unit_a.placements.order_by("starts_on").last().name == "Din benämning"


def test_sending_an_organisation_form_twice_has_one_effect(world):
    client, token = signed_in(world.hr_a), uuid4()
    url = reverse("admin:units_unit_place", args=[world.unit_a.pk])
    revision = client.get(url).context["form"]["revision"].value()
    fields = {"name": "Ny", "starts_on": "2026-02-01", "revision": revision, "form_token": token}

    answers = [sent(client, url, **fields).headers["Location"] for _ in range(2)]

    assert answers[0] == answers[1]
    assert world.unit_a.placements.count() == 2


def test_a_period_that_ends_before_it_starts_is_refused_at_the_field(world):
    client = signed_in(world.sysadmin)
    objects = world.objects_of("b")

    for name in ("units_unitplacement", "units_employment", "units_roleassignment"):
        response = sent(client, change_url(objects[name]), ends_on="2020-01-01")
        assert list(errors_of(response)) == ["ends_on"], name


# --- What lies in a unit that ends ---------------------------------------------------------------


def end_of(unit, last_day):
    UnitPlacement.objects.filter(unit=unit).update(ends_on=last_day)


@pytest.mark.parametrize("what", ["people", "role", "units"])
@pytest.mark.parametrize(
    "fields", [{"ends_on": "2026-06-30"}, {"starts_on": "2024-06-30"}, {"starts_on": "2026-06-30"}]
)
def test_a_placement_is_not_shortened_while_something_lies_in_it(world, what, fields):
    unit = {"people": world.other_unit_a, "role": world.other_unit_a, "units": world.board_b}[what]
    if what == "people":
        Employment.objects.create(
            person=world.employee_a, unit=unit, title="Kock", starts_on=date(2024, 1, 1)
        )
    if what == "role":
        RoleAssignment.objects.create(
            person=world.employee_a, unit=unit, role="MANAGER", starts_on=date(2024, 1, 1)
        )
    placement = unit.placements.get()

    response = sent(signed_in(world.sysadmin), change_url(placement), **fields)

    assert errors_of(response)["__all__"]
    placement.refresh_from_db()
    assert placement.ends_on is None


def test_an_empty_placement_is_shortened(world):
    placement = world.other_unit_a.placements.get()

    response = sent(signed_in(world.hr_a), change_url(placement), ends_on="2026-06-30")

    assert response.status_code == 302


@pytest.mark.parametrize("name", ["units_employment", "units_roleassignment"])
def test_nothing_in_a_unit_goes_on_after_its_last_day(world, name):
    end_of(world.other_unit_a, date(2026, 6, 30))
    client, url = signed_in(world.hr_a), reverse(f"admin:{name}_add")
    fields, model = adds(world)[name]
    fields["unit"] = world.other_unit_a.pk

    for ends_on in ("", "2026-07-01"):
        response = sent(client, url, **fields, ends_on=ends_on)
        assert list(errors_of(response)) == ["ends_on"]
    assert sent(client, url, **fields, ends_on="2026-06-30").status_code == 302

    added = model.objects.get(unit=world.other_unit_a)
    assert list(errors_of(sent(client, change_url(added), ends_on="2026-07-01"))) == ["ends_on"]


def test_a_new_person_in_a_unit_that_is_to_close_is_employed_until_then(world):
    end_of(world.other_unit_a, date(2026, 6, 30))

    sent(
        signed_in(world.hr_a),
        reverse("admin:units_user_add"),
        **NEW_PERSON,
        unit=world.other_unit_a.pk,
    )

    assert Employment.objects.get(person__account_name="ny").ends_on == date(2026, 6, 30)


def test_a_unit_lies_under_no_unit_that_ends_before_it(world):
    end_of(world.other_unit_a, date(2026, 6, 30))
    client, above = signed_in(world.hr_a), world.other_unit_a.pk
    fields, _model = adds(world)["units_unit"]
    place = reverse("admin:units_unit_place", args=[world.unit_a.pk])

    added = sent(client, reverse("admin:units_unit_add"), **fields | {"parent": above})
    moved = sent(client, place, parent=above, starts_on="2026-01-01")
    mended = sent(
        client, change_url(world.unit_a.placements.get()), parent=above, starts_on="2024-01-01"
    )

    assert list(errors_of(added)) == ["parent"]
    assert list(errors_of(moved)) == ["__all__"]
    assert list(errors_of(mended)) == ["parent"]


# --- What a unit is ------------------------------------------------------------------------------


def test_the_kind_of_a_placed_unit_changes_only_within_an_authority(world):
    client = signed_in(world.sysadmin)

    for kind in ("BOARD", "CITY"):
        assert list(errors_of(sent(client, change_url(world.unit_a), kind=kind))) == ["kind"]
    assert sent(client, change_url(world.unit_a), kind="GROUP").status_code == 302
    for unit in (world.board_a, world.city):
        kind = unit.kind
        assert sent(client, change_url(unit), kind="UNIT").status_code == 302
        unit.refresh_from_db()
        assert unit.kind == kind


# --- Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", ["close", "merge"])
def test_a_unit_does_not_end_while_its_goals_are_being_written(world, tool):
    Goal.objects.create(
        unit=world.other_unit_a, level="UNIT", title="Utkast", first_year=2026, last_year=2026
    )

    response = sent(
        signed_in(world.hr_a),
        reverse(f"admin:units_unit_{tool}", args=[world.other_unit_a.pk]),
        last_day="2026-12-31",
        into=world.unit_a.pk,
    )

    assert errors_of(response)["__all__"]
    assert "Utkast" not in str(errors_of(response))


def test_closing_a_unit_does_not_tell_of_a_protected_person(world):
    make_person("gömd", world.other_unit_a, has_protected_identity=True)
    url = reverse("admin:units_unit_close", args=[world.other_unit_a.pk])

    def reason(unit_url):
        response = sent(signed_in(world.hr_a), unit_url, last_day="2026-12-31")
        return str(errors_of(response)["__all__"])

    untold = reason(url)
    assert untold
    assert untold != reason(reverse("admin:units_unit_close", args=[world.unit_a.pk]))
    ProtectedIdentityKeeper.objects.create(
        person=User.objects.get(account_name="gömd"), administrator=world.hr_a,
        starts_on=date(2026, 1, 1),
    )  # fmt: skip
    assert untold != reason(url)


@pytest.mark.django_db(transaction=True)
def test_waiting_too_long_for_the_tree_is_told_in_words():
    world = World()
    client = signed_in(world.hr_a)
    place = reverse("admin:units_unit_place", args=[world.unit_a.pk])
    fields = {"name": "Nytt", "starts_on": "2026-02-01"}
    taken, answered = threading.Event(), threading.Event()

    def hold_the_tree():
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext('units_unitplacement'))")
                taken.set()
                answered.wait(20)
        finally:
            connections.close_all()

    holder = threading.Thread(target=hold_the_tree)
    holder.start()
    try:
        assert taken.wait(5)
        moved = sent(client, place, **fields)
        mended = sent(client, change_url(world.unit_a.placements.get()), name="Nytt")
    finally:
        answered.set()
        holder.join()

    for response in (moved, mended):
        assert response.status_code == 200
        assert len(errors_of(response)["__all__"]) == 1
    assert world.unit_a.placements.get().name == "Enhet A11"
