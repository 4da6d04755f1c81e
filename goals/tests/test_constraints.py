"""What the database itself refuses, whoever asks. One row for each named constraint."""

from datetime import timedelta

import pgtrigger
import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.utils import Error
from django.utils import timezone

from dialogues.models import Acknowledgement
from dialogues.tests.test_constraints import FORBIDDEN_IN_THE_TALKS
from goals.models import Expectation, Goal, GoalContribution, GoalVersion
from goals.tests.constraints_of_the_year import ALSO_REFUSED, FORBIDDEN_IN_THE_YEAR
from goals.tests.rows import again, change
from stockholm_quality.tests.world import LONG_AGO, add_goal, scene
from units.models import (
    Draft,
    Employment,
    ProtectedIdentityKeeper,
    RoleAssignment,
    Submission,
    Unit,
    UnitPlacement,
    User,
)

APPS = ("units", "goals", "dialogues")


def placement(w):
    return UnitPlacement.objects.get(unit=w.unit)


def role(w):
    return RoleAssignment.objects.filter(person=w.people["manager"]).get()


def keeper(w):
    return ProtectedIdentityKeeper.objects.get()


def person(w):
    return w.people["employee"]


def employment(w):
    return w.employments["employee"]


BEFORE_START = LONG_AGO - timedelta(days=1)
FORBIDDEN = {
    # units
    "unit_kind_is_known": lambda w: change(w.unit, kind="TEAM"),
    "unit_operation_is_known": lambda w: change(w.unit, operation="MINING"),
    "unit_does_not_succeed_itself": lambda w: change(w.unit, successor=w.unit),
    "unit_city_is_one": lambda w: Unit.objects.create(code="STAD2", kind="CITY"),
    "placement_ends_after_start": lambda w: change(placement(w), ends_on=BEFORE_START),
    "placement_one_at_a_time": lambda w: again(placement(w), name="Ängen igen"),
    "placement_not_under_itself": lambda w: change(placement(w), parent=w.unit),
    "placement_has_a_name": lambda w: change(placement(w), name=""),
    "placement_under_the_city": lambda w: change(placement(w), parent=None),
    "placement_without_ring": lambda w: change(
        UnitPlacement.objects.get(unit=w.department), parent=w.unit
    ),
    "user_account_name_is_lower_case": lambda w: change(person(w), account_name="Anna@"),
    "user_email_is_lower_case": lambda w: change(person(w), email="Anna@example.se"),
    "user_language_is_known": lambda w: change(person(w), language="de"),
    "user_appearance_is_known": lambda w: change(person(w), appearance="pink"),
    "user_employment_number_is_not_empty": lambda w: change(person(w), employment_number=""),
    "user_employment_number_is_no_identity_number": lambda w: change(
        person(w), employment_number="19800101-1234"
    ),
    "employment_ends_after_start": lambda w: change(employment(w), ends_on=BEFORE_START),
    "employment_once_in_a_unit": lambda w: again(employment(w), title="Kock"),
    "leave_ends_after_start": lambda w: change(w.leaves["employee"], ends_on=BEFORE_START),
    "leave_once_at_a_time": lambda w: again(w.leaves["employee"]),
    "staff_group_has_code_and_name": lambda w: change(w.staff_groups["cooks"], name=""),
    "role_ends_after_start": lambda w: change(role(w), ends_on=BEFORE_START),
    "role_held_once_at_a_time": lambda w: again(role(w), starts_on=timezone.localdate()),
    "role_is_known": lambda w: change(role(w), role="KING"),
    "identity_keeper_ends_after_start": lambda w: change(keeper(w), ends_on=BEFORE_START),
    "identity_keeper_named_once": lambda w: again(keeper(w)),
    "identity_keeper_is_another": lambda w: change(keeper(w), administrator=keeper(w).person),
    "draft_one_per_form": lambda w: again(Draft.objects.get()),
    # goals
    "goal_level_is_known": lambda w: change(w.unit_goal, level="TEAM"),
    "goal_status_is_known": lambda w: change(w.unit_draft, status="IDEA"),
    "goal_years_in_order": lambda w: change(w.area, first_year=w.year, last_year=w.year - 1),
    "goal_of_board_or_unit_is_yearly": lambda w: change(w.loose_goal, last_year=w.year + 1),
    "goal_has_words": lambda w: change(w.unit_goal, title=""),
    "goal_adopted_has_date_and_version": lambda w: change(w.unit_draft, status="ADOPTED"),
    "goal_adopted_by_has_date": lambda w: change(w.unit_draft, adopted_by=person(w)),
    "goal_adopted_by_board_has_decision": lambda w: change(w.board_goal, reference_number=""),
    "goal_council_number_once_a_period": lambda w: again(w.area, title="En till"),
    "goal_level_fits_unit": lambda w: change(w.loose_goal, level="BOARD"),
    "goal_serves_higher_level": lambda w: change(w.board_goal, parent=w.unit_goal),
    "contribution_once": lambda w: GoalContribution.objects.bulk_create(
        [GoalContribution(goal=w.unit_goal, supported=w.area)] * 2
    ),
    "contribution_not_to_itself": lambda w: GoalContribution.objects.create(
        goal=w.area, supported=w.area
    ),
    "goal_version_numbered_once": lambda w: again(w.unit_goal.versions.get()),
    "goal_version_after_the_first_has_reason": lambda w: again(
        w.unit_goal.versions.get(), number=2, reason=""
    ),
    "expectation_status_is_known": lambda w: change(w.expectation, status="MAYBE"),
    "expectation_has_words": lambda w: change(w.expectation, text=""),
    "expectation_withdrawn_by_someone_for_a_reason": lambda w: change(
        w.expectation, status="WITHDRAWN", withdrawn_at=timezone.now(), withdrawn_by=person(w)
    ),
    # dialogues
    "acknowledgement_once_for_a_wording": lambda w: again(Acknowledgement.objects.get()),
}

# A value that nobody knows breaks a second constraint too, and either may be the first to speak.
ALSO_REFUSED_BY = {
    "goal_level_is_known": "goal_level_fits_unit",
    "goal_status_is_known": "goal_adopted_has_date_and_version",
}


def refused_by(write, world):
    """The name of the constraint that stops the write."""
    with pytest.raises(Error) as caught, scene():
        write(world)
    return caught.value.__cause__.diag.constraint_name


@pytest.mark.parametrize("name", FORBIDDEN)
def test_the_database_refuses(world, name):
    assert refused_by(FORBIDDEN[name], world) in {name, ALSO_REFUSED_BY.get(name, name)}


@pytest.mark.parametrize("name", FORBIDDEN_IN_THE_YEAR)
def test_the_database_refuses_in_the_year(year, name):
    refused = refused_by(FORBIDDEN_IN_THE_YEAR[name], year)

    assert refused in {name, ALSO_REFUSED.get(name, name)}


def test_no_named_constraint_is_untested():
    named = {
        constraint.name
        for app in APPS
        for model in apps.get_app_config(app).get_models()
        if not model.__name__.endswith("Event")
        for constraint in model._meta.constraints
    }

    tested = {*FORBIDDEN, *FORBIDDEN_IN_THE_YEAR, *FORBIDDEN_IN_THE_TALKS}
    assert named - tested == set()


def test_a_token_is_used_once(world):
    submission = Submission.objects.create(
        author=person(world), token="0b7e5a52-2f4a-4a8a-9b8e-1f6f3a1f2a11", result_url="/"
    )

    with pytest.raises(Error, match="units_submission_token"), transaction.atomic():
        again(submission)


@pytest.mark.parametrize(
    "write",
    [
        lambda versions: versions.update(title="Skrivet om"),
        lambda versions: versions.update(reason="Efteråt"),
        lambda versions: versions.delete(),
        lambda versions: versions.first().delete(),
    ],
)
def test_an_adopted_wording_is_for_ever(world, write):
    versions = GoalVersion.objects.filter(goal=world.unit_goal)

    with pytest.raises(Error, match=r"Cannot (update|delete)"), transaction.atomic():
        write(versions)

    assert versions.get().title == world.unit_goal.title


def test_not_even_sql_rewrites_an_adopted_wording(world):
    with (
        pytest.raises(Error, match="Cannot update"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE goals_goalversion SET title = 'Skrivet om'")


@pytest.mark.parametrize(
    ("child", "parent", "is_allowed"),
    [
        ("board_goal", "orientation", True),
        ("board_goal", "area", True),
        ("board_goal", "other_board_goal", False),
        ("unit_goal", "board_goal", True),
        ("unit_goal", "area", False),
        ("unit_goal", "loose_goal", False),
        ("area", "board_goal", False),
        ("area", "loose_area", False),
        ("orientation", "area", False),
    ],
)
def test_a_goal_serves_only_what_lies_above_it(world, child, parent, is_allowed):
    def serve(w):
        change(w.goals[child], parent=w.goals[parent])

    if is_allowed:
        serve(world)
    else:
        assert refused_by(serve, world) == "goal_serves_higher_level"


def test_a_goal_serves_none_of_another_year(world):
    next_year = {"first_year": world.year + 1, "last_year": world.year + 1}
    later = add_goal(world, "later", "board", "BOARD", "area", **next_year)

    refused = refused_by(lambda w: change(w.unit_goal, parent=later), world)

    assert refused == "goal_serves_higher_level"


@pytest.mark.parametrize("days", [0, 1])
def test_a_period_may_end_the_day_it_starts_and_the_next_begin_the_day_after(world, days):
    first = employment(world)
    change(first, ends_on=LONG_AGO)

    def write(w):
        again(first, starts_on=LONG_AGO + timedelta(days=days), ends_on=None)

    if days:
        write(world)
    else:
        assert refused_by(write, world) == "employment_once_in_a_unit"


@pytest.mark.parametrize("model", [Goal, Expectation, Unit, User, Employment, RoleAssignment])
def test_every_change_is_noted_by_the_database_deletes_included(world, model):
    row = {
        Goal: world.unit_draft,
        Expectation: world.left_expectation,
        Unit: Unit.objects.create(code="NY", kind="UNIT"),
        User: User.objects.create(account_name="ny", email="ny@example.se"),
        Employment: world.employments["other_employee_0"],
        RoleAssignment: role(world),
    }[model]
    pk = row.pk
    with scene(), connection.cursor() as cursor:
        before = row.events.count() if hasattr(row, "events") else 0
        change(row, **({"code": "NYARE"} if model is Unit else {}))
        cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE id = %s", [pk])
        kept = list(model.events.rel.related_model.objects.filter(pgh_obj_id=pk).order_by("pgh_id"))

    assert len(kept) == before + 2
    assert kept[-1].pgh_label == "delete"


def test_the_triggers_in_the_database_are_those_in_the_code(db):
    wrong = [
        (str(model), trigger.name)
        for model, trigger in pgtrigger.registered()
        if trigger.get_installation_status(model)[0] != "INSTALLED"
    ]

    assert wrong == []
