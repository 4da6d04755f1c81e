"""The organisation as a dated tree, what the database refuses of it, and the history it keeps."""

import threading
from datetime import date, timedelta

import pytest
from django.apps import apps
from django.db import Error, IntegrityError, connection, connections, transaction
from django.utils import timezone

from dialogues.models import Acknowledgement
from dialogues.tests.test_history_of_the_talks import TRACKED_IN_THE_TALKS
from goals.models import Expectation, Goal, GoalContribution
from goals.tests.test_history_of_the_year import TRACKED_IN_THE_YEAR
from stockholm_quality.tests.world import World, build_units, scene
from units.actions import OrganisationError, close_unit, merge_unit, place_unit
from units.models import (
    Delegation,
    Employment,
    Leave,
    ProtectedIdentityKeeper,
    Role,
    RoleAssignment,
    StaffGroup,
    Unit,
    UnitLine,
    UnitPlacement,
    User,
)
from units.sorting import swedish_order, swedish_sort_key

TODAY = timezone.localdate
DAY = timedelta(days=1)


@pytest.fixture
def tree(db):
    """The units of the shared world, without its people."""
    world = World()
    build_units(world)
    return world


def names(units):
    return [unit.code for unit in units]


def below(unit, day=None):
    return set(Unit.objects.below(unit, day).values_list("code", flat=True))


# --- The tree, as it is and as it was ------------------------------------------------------------


def test_the_line_upwards_begins_with_the_unit_and_ends_with_the_city(tree):
    line = Unit.objects.above(tree.group)

    assert names(line) == ["group", "unit", "department", "board", "city"]


def test_scope_stops_at_the_border_of_an_authority(tree):
    assert below(tree.city) == {"city"}
    assert below(tree.board) == {"board", "department", "unit", "group", "next_unit", "small_unit"}
    assert below(tree.other_board) == {"other_board", "other_unit"}


def test_a_renamed_unit_has_the_name_of_the_day(tree):
    start = TODAY()

    place_unit(unit=tree.unit, parent=tree.department, name="Förskolan Hagen", starts_on=start)

    placed = UnitPlacement.objects.filter(unit=tree.unit)
    assert placed.active_on(start - DAY).get().name == "Förskolan Ängen"
    assert placed.active_on(start).get().name == "Förskolan Hagen"
    tree.unit.refresh_from_db()
    assert tree.unit.name == "Förskolan Hagen"


def test_a_moved_unit_lies_where_it_lay_on_the_day_and_takes_along_what_is_under_it(tree):
    start = TODAY() + 10 * DAY

    place_unit(unit=tree.unit, parent=tree.other_board, name="Förskolan Ängen", starts_on=start)

    assert {"unit", "group"} <= below(tree.board, start - DAY)
    assert not {"unit", "group"} & below(tree.other_board, start - DAY)
    assert not {"unit", "group"} & below(tree.board, start)
    assert {"unit", "group"} <= below(tree.other_board, start)
    assert names(Unit.objects.above(tree.group, start)) == ["group", "unit", "other_board", "city"]


def test_a_planned_change_stands_in_the_way_of_an_earlier_one(tree):
    later = TODAY() + 10 * DAY
    place_unit(unit=tree.unit, parent=tree.board, name="Förskolan Ängen", starts_on=later)

    with pytest.raises(OrganisationError):
        place_unit(unit=tree.unit, parent=tree.board, name="Annat", starts_on=TODAY())


def test_a_merged_unit_hands_over_its_units_and_people_and_keeps_its_past(tree):
    last = TODAY()
    person = _person("vera")
    Employment.objects.create(person=person, unit=tree.unit, title="Kock", starts_on=last - 9 * DAY)

    merge_unit(unit=tree.unit, into=tree.next_unit, last_day=last)

    tree.unit.refresh_from_db()
    assert tree.unit.successor == tree.next_unit
    assert Employment.objects.active_on(last).get(person=person).unit == tree.unit
    assert Employment.objects.active_on(last + DAY).get(person=person).unit == tree.next_unit
    assert below(tree.next_unit, last + DAY) == {"next_unit", "group"}
    assert below(tree.unit, last) == {"unit", "group"}
    assert below(tree.unit, last + DAY) == set()


def test_a_closed_unit_ends_with_the_roles_in_it_and_can_be_asked_about(tree):
    last = TODAY()
    role = RoleAssignment.objects.create(
        person=_person("vera"), unit=tree.small_unit, role=Role.MANAGER, starts_on=last - DAY
    )

    close_unit(unit=tree.small_unit, last_day=last)

    role.refresh_from_db()
    assert role.ends_on == last
    assert "small_unit" in names(Unit.objects.active_on(last))
    assert "small_unit" not in names(Unit.objects.active_on(last + DAY))


@pytest.mark.parametrize("name", ["unit", "next_unit"])
def test_a_unit_with_units_or_people_is_not_closed(tree, name):
    person = _person("vera")
    Employment.objects.create(person=person, unit=tree.next_unit, title="Kock", starts_on=TODAY())

    with pytest.raises(OrganisationError):
        close_unit(unit=tree.units[name], last_day=TODAY())


# --- What the database refuses -------------------------------------------------------------------


def refused(constraint, act):
    """Whether the database refuses `act`, naming the constraint."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        act()
    return diagnosis_of(caught.value).constraint_name == constraint


def diagnosis_of(error):
    """What PostgreSQL says of its refusal."""
    return error.__cause__.diag


def test_a_ring_is_refused(tree):
    placement = UnitPlacement.objects.filter(unit=tree.department)

    assert refused("placement_without_ring", lambda: placement.update(parent=tree.group))
    assert refused("placement_not_under_itself", lambda: placement.update(parent=tree.department))


def test_a_ring_of_a_day_to_come_is_refused(tree):
    start = TODAY() + 10 * DAY

    assert refused(
        "placement_without_ring",
        lambda: place_unit(unit=tree.board, parent=tree.unit, name="Nämnden", starts_on=start),
    )


@pytest.mark.parametrize(("unit", "parent"), [("city", "board"), ("board", None), ("unit", None)])
def test_the_city_lies_under_nothing_and_all_else_under_something(tree, unit, parent):
    placement = UnitPlacement.objects.filter(unit=tree.units[unit])
    above = tree.units[parent] if parent else None

    with pytest.raises(IntegrityError), transaction.atomic():
        placement.update(parent=above)


def test_there_is_one_city(tree):
    assert refused("unit_city_is_one", lambda: Unit.objects.create(code="ANNAN", kind="CITY"))


def _rows_with_periods(tree):
    """Name of the rule of overlap, of the rule of order, and what makes a row of a period."""
    person, other = _person("vera"), _person("noor")
    work = {"person": person, "unit": tree.unit}
    return {
        UnitPlacement: ("placement_one_at_a_time", "placement_ends_after_start",
                        {"unit": _unplaced(), "parent": tree.board, "name": "Ny"}),
        Employment: ("employment_once_in_a_unit", "employment_ends_after_start",
                     work | {"title": "Kock"}),
        Leave: ("leave_once_at_a_time", "leave_ends_after_start",
                {"employment": _employed(person)}),
        RoleAssignment: ("role_held_once_at_a_time", "role_ends_after_start",
                         work | {"role": Role.MANAGER}),
        ProtectedIdentityKeeper: ("identity_keeper_named_once", "identity_keeper_ends_after_start",
                                  {"person": person, "administrator": other}),
    }  # fmt: skip


def _unplaced(code="NY"):
    return Unit.objects.create(code=code, kind="UNIT")


def _employed(person):
    return Employment.objects.create(
        person=person, unit=_unplaced("ETT"), title="Kock", starts_on=date(2020, 1, 1)
    )


PERIODS = [UnitPlacement, Employment, Leave, RoleAssignment, ProtectedIdentityKeeper]


@pytest.mark.parametrize("model", PERIODS)
def test_two_periods_that_share_a_day_are_refused_and_neighbours_are_not(tree, model):
    overlap, _order, fields = _rows_with_periods(tree)[model]
    start, end = date(2026, 1, 1), date(2026, 6, 30)
    model.objects.create(**fields, starts_on=start, ends_on=end)

    assert refused(overlap, lambda: model.objects.create(**fields, starts_on=end))
    assert refused(
        overlap, lambda: model.objects.create(**fields, starts_on=date(2025, 1, 1), ends_on=start)
    )
    model.objects.create(**fields, starts_on=end + DAY)


@pytest.mark.parametrize("model", PERIODS)
def test_a_period_that_ends_before_it_starts_is_refused(tree, model):
    _overlap, order, fields = _rows_with_periods(tree)[model]
    start = date(2026, 6, 30)

    # The range itself cannot be built, whichever rule the database asks first.
    with pytest.raises(Error) as caught, transaction.atomic():
        model.objects.create(**fields, starts_on=start, ends_on=start - DAY)
    diagnosis = diagnosis_of(caught.value)
    assert diagnosis.constraint_name == order or "range lower bound" in diagnosis.message_primary
    model.objects.create(**fields, starts_on=start, ends_on=start)


@pytest.mark.django_db(transaction=True)
def test_two_moves_at_once_cannot_close_a_ring():
    world = World()
    build_units(world)
    moves = [("unit", "next_unit"), ("next_unit", "unit")]
    at_once = threading.Barrier(len(moves), timeout=20)
    outcomes = []

    def move(what, under):
        try:
            with transaction.atomic():
                at_once.wait()
                UnitPlacement.objects.filter(unit=world.units[what]).update(
                    parent=world.units[under]
                )
                # Long enough for the other to have begun before this one is stored.
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_sleep(0.3)")
            outcomes.append("moved")
        except IntegrityError as error:
            outcomes.append(diagnosis_of(error).constraint_name)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=move, args=pair) for pair in moves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(outcomes) == ["moved", "placement_without_ring"]
    assert UnitLine.objects.filter(depth__gt=6).count() == 0


# --- Swedish order -------------------------------------------------------------------------------


def test_swedish_order_is_the_same_in_the_database_and_in_python(db):
    words = [
        *("zebra", "ål", "ärla", "öga", "Öga", "eker", "éker", "ekorr"),
        *("über", "uber", "vagn", "wagon", "vild", "Åsa", "Adam", "Ärla"),
    ]
    for word in words:
        _person(f"p{words.index(word)}", family_name=word)

    stored = User.objects.order_by(swedish_order("family_name"), "pk")

    in_database = list(stored.values_list("family_name", flat=True))
    assert in_database == sorted(words, key=swedish_sort_key)
    plain = [word for word in in_database if word in {"zebra", "ål", "ärla", "öga"}]
    assert plain == ["zebra", "ål", "ärla", "öga"]


# --- History -------------------------------------------------------------------------------------

TRACKED = [
    Unit, UnitPlacement, User, StaffGroup, Employment, Leave, RoleAssignment,
    Delegation, ProtectedIdentityKeeper, Goal, GoalContribution, Expectation, Acknowledgement,
]  # fmt: skip


def _person(name, **fields):
    given = {"email": f"{name}@example.org", "given_name": name.title(), "family_name": "Holm"}
    return User.objects.create(**{"account_name": name, **given, **fields})


def test_every_model_with_a_history_is_tested_here():
    tracked = {
        model
        for label in ("units", "goals", "dialogues")
        for model in apps.get_app_config(label).get_models()
        if hasattr(model, "pgh_event_model")
    }

    assert tracked == {*TRACKED, *TRACKED_IN_THE_YEAR, *TRACKED_IN_THE_TALKS}


@pytest.fixture
def rows(world):
    """One row of each tracked model that nothing else needs, and a harmless change of it."""
    day = TODAY() - 100 * DAY
    goal = {"unit": world.unit, "level": "UNIT", "first_year": world.year, "last_year": world.year}
    return {
        Unit: ({"code": "NY", "kind": "UNIT"}, {"code": "NYARE"}),
        UnitPlacement: (
            {"unit": _unplaced_in(world), "parent": world.board, "name": "Ny", "starts_on": day},
            {"name": "Nyare"},
        ),
        User: (
            {
                "account_name": "ny",
                "email": "ny@example.org",
                "given_name": "N",
                "family_name": "Y",
            },
            {"family_name": "Nyare"},
        ),
        Employment: (
            {"person": world.stranger, "unit": world.group, "title": "Kock", "starts_on": day},
            {"title": "Kokerska"},
        ),
        StaffGroup: ({"code": "NY", "name": "Ny"}, {"name": "Nyare"}),
        Leave: (
            {"employment": world.employments["colleague"], "starts_on": day},
            {"ends_on": day},
        ),
        Delegation: (
            {
                "employment": world.employments["colleague"],
                "delegate": world.neighbour,
                "starts_on": day,
                "ends_on": day,
                "given_by": world.manager,
            },
            {"covers_salary": True},
        ),
        RoleAssignment: (
            {"person": world.stranger, "unit": world.group, "role": "HR", "starts_on": day},
            {"ends_on": day},
        ),
        ProtectedIdentityKeeper: (
            {"person": world.protected, "administrator": world.stranger, "starts_on": day},
            {"ends_on": day},
        ),
        Goal: ({**goal, "title": "Ett mål"}, {"title": "Ett annat mål", "revision": 2}),
        GoalContribution: (
            {"goal": world.unit_goal, "supported": world.other_board_goal},
            {"supported": world.area},
        ),
        Expectation: (
            {
                "employment": world.employments["employee"],
                "goal": world.unit_goal,
                "text": "Läs",
                "given_at": timezone.now(),
                "given_by": world.manager,
            },
            {"text": "Läs mer", "revision": 2},
        ),
        Acknowledgement: (
            {
                "expectation": world.expectation,
                "expectation_version": 1,
                "goal_version": 1,
                "acknowledged_at": timezone.now(),
            },
            {"acknowledged_at": timezone.now() + DAY},
        ),
    }


def _unplaced_in(world):
    world.units["unplaced"] = Unit.objects.create(code="OPLACERAD", kind="UNIT")
    return world.units["unplaced"]


def _orm(model, fields, change):
    row = model.objects.create(**fields)
    for name, value in change.items():
        setattr(row, name, value)
    row.save()
    key = row.pk
    row.delete()
    return key


def _bulk(model, fields, change):
    [row] = model.objects.bulk_create([model(**fields)])
    model.objects.filter(pk=row.pk).update(**change)
    # Past Django's own collector, as a bulk delete is.
    model.objects.filter(pk=row.pk)._raw_delete("default")
    return row.pk


def _sql(model, fields, change):
    [row] = model.objects.bulk_create([model(**fields)])
    key, table = row.pk, model._meta.db_table
    with connection.cursor() as cursor:
        for name, value in change.items():
            if name == "revision":
                continue
            column = model._meta.get_field(name).column
            counted = ", revision = revision + 1" if "revision" in change else ""
            stored = getattr(value, "pk", value)
            cursor.execute(
                f'UPDATE "{table}" SET "{column}" = %s{counted} WHERE id = %s', [stored, key]
            )
        cursor.execute(f'DELETE FROM "{table}" WHERE id = %s', [key])
    return key


@pytest.mark.parametrize("how", [_orm, _bulk, _sql])
@pytest.mark.parametrize("model", TRACKED)
def test_the_history_keeps_what_comes_changes_and_goes(rows, model, how):
    fields, change = rows[model]

    with scene():
        key = how(model, fields, change)
        kept = model.pgh_event_model.objects.filter(pgh_obj_id=key).order_by("pgh_id")
        labels = list(kept.values_list("pgh_label", flat=True))

    assert labels == ["insert", "update", "delete"]


@pytest.mark.parametrize("model", TRACKED)
def test_nobody_rewrites_the_history(rows, model):
    fields, _change = rows[model]
    with scene():
        row = model.objects.create(**fields)
        events = model.pgh_event_model.objects.filter(pgh_obj_id=row.pk)

        for rewrite in (lambda: events.update(pgh_label="other"), events.delete):
            with (
                pytest.raises(Error, match="Cannot update or delete"),
                transaction.atomic(),
            ):
                rewrite()
        assert events.get().pgh_label == "insert"
