"""The world that the tests of access play in: two administrations, nineteen people, every state.

Every text that someone may not see holds a canary, a string that occurs nowhere else, so that a
leak shows wherever it comes out.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from dialogues.models import Acknowledgement
from goals.models import Expectation, Goal, GoalVersion
from units.models import (
    Delegation,
    Draft,
    Employment,
    Leave,
    ProtectedIdentityKeeper,
    Role,
    RoleAssignment,
    StaffGroup,
    Unit,
    UnitPlacement,
    User,
)
from units.wall import upkeep

PASSWORD = "en lång mening för proven"
LONG_AGO = date(2015, 1, 1)

# Each persona: what kind of person it is, in a few words. The order is the access table's.
PERSONAS = {
    "employee": "works in the preschool Ängen; the expectation is theirs",
    "colleague": "works in the same unit",
    "protected": "works in the same unit, with protected identity",
    "neighbour": "works in another unit of the same administration",
    "stranger": "works in another administration",
    "manager": "heads Ängen",
    "acting_manager": "heads Ängen beside the manager, today",
    "acting_ended": "headed Ängen as acting manager until yesterday",
    "former_manager": "headed Ängen until yesterday, now works elsewhere",
    "manager_above": "heads the department over Ängen",
    "other_manager": "heads a unit in another administration",
    "controller": "quality controller of the administration",
    "other_controller": "quality controller of another administration",
    "city_controller": "quality controller of the city as a whole",
    "hr": "HR of the administration, named for the protected person",
    "other_hr": "HR of another administration",
    "city_hr": "HR of the city as a whole",
    "representative": "safety representative in Ängen",
    "administrator": "system administrator",
}


@dataclass
class World:
    """Everything by name: `world.people["manager"]`, `world.goals["unit_draft"]`."""

    people: dict[str, User] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    employments: dict[str, Employment] = field(default_factory=dict)
    leaves: dict[str, Leave] = field(default_factory=dict)
    staff_groups: dict[str, StaffGroup] = field(default_factory=dict)
    goals: dict[str, Goal] = field(default_factory=dict)
    expectations: dict[str, Expectation] = field(default_factory=dict)
    year: int = field(default_factory=lambda: timezone.localdate().year)
    # Filled by `world_year.build_year`.
    plan_years: dict[str, Any] = field(default_factory=dict)
    periods: dict[str, Any] = field(default_factory=dict)
    indicators: dict[str, Any] = field(default_factory=dict)
    targets: dict[str, Any] = field(default_factory=dict)
    activities: dict[str, Any] = field(default_factory=dict)
    reports: dict[str, Any] = field(default_factory=dict)
    needs: dict[str, Any] = field(default_factory=dict)
    methods: dict[str, Any] = field(default_factory=dict)
    closures: dict[str, Any] = field(default_factory=dict)
    builds: dict[str, Any] = field(default_factory=dict)
    key_figures: dict[str, Any] = field(default_factory=dict)
    # Filled by `world_talks.build_talks`.
    talks: dict[str, Any] = field(default_factory=dict)
    times: dict[str, Any] = field(default_factory=dict)
    needs_of_talks: dict[str, Any] = field(default_factory=dict)
    grants: dict[str, Any] = field(default_factory=dict)
    rounds: dict[str, Any] = field(default_factory=dict)
    delegations: dict[str, Any] = field(default_factory=dict)
    criteria_sets: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        for named in ("people", "units", "goals", "expectations"):
            # A copy is asked for its names before it has any.
            if name in self.__dict__.get(named, {}):
                return self.__dict__[named][name]
        raise AttributeError(name)


def canary(name: str) -> str:
    return f"kanariefågel-{name}"


# Tests set their scene in it, and see in it what is stored: nobody in particular acts, and the
# second wall stands open. What a person may see or do is asked within `acting_as(person)`.
scene = upkeep


@scene()
def build_world() -> World:
    world = World()
    build_units(world)
    _build_people(world)
    _build_leaves(world)
    _build_roles(world)
    _build_goals(world)
    _build_expectations(world)
    return world


def build_units(world: World) -> None:
    kinds = {
        "city": (Unit.Kind.CITY, None, "Stockholms stad"),
        "board": (Unit.Kind.BOARD, "city", "Södermalms stadsdelsnämnd"),
        "department": (Unit.Kind.DEPARTMENT, "board", "Avdelningen för förskola"),
        "unit": (Unit.Kind.UNIT, "department", "Förskolan Ängen"),
        "group": (Unit.Kind.GROUP, "unit", "Åskan"),
        "next_unit": (Unit.Kind.UNIT, "department", "Förskolan Backen"),
        "small_unit": (Unit.Kind.UNIT, "department", "Förskolan Öknen"),
        "other_board": (Unit.Kind.BOARD, "city", "Bromma stadsdelsnämnd"),
        "other_unit": (Unit.Kind.UNIT, "other_board", "Förskolan Åsen"),
    }
    for code, (kind, _parent, _name) in kinds.items():
        world.units[code] = Unit.objects.create(code=code, kind=kind)
    UnitPlacement.objects.bulk_create(
        UnitPlacement(
            unit=world.units[code],
            parent=world.units[parent] if parent else None,
            name=name,
            starts_on=LONG_AGO,
        )
        for code, (_kind, parent, name) in kinds.items()
    )
    for unit in world.units.values():
        unit.refresh_from_db()


def add_person(world: World, name: str, unit: str | None, **fields: Any) -> User:
    """A person employed in the unit since long ago; the family name is their canary."""
    given = {"account_name": name, "email": f"{name}@example.se", "given_name": name.title()}
    person = User.objects.create(
        **{**given, "family_name": canary(f"namn-{name}"), "password": "!", **fields}
    )
    world.people[name] = person
    if unit:
        world.employments[name] = Employment.objects.create(
            person=person, unit=world.units[unit], title="Barnskötare", starts_on=LONG_AGO
        )
    return person


def _build_people(world: World) -> None:
    password = make_password(PASSWORD, hasher="md5")
    where = dict.fromkeys(PERSONAS, "unit") | {
        "neighbour": "next_unit",
        "former_manager": "next_unit",
        "acting_ended": "next_unit",
        "stranger": "other_unit",
        "manager_above": "department",
        "other_manager": "other_unit",
        "controller": "board",
        "other_controller": "other_board",
        "city_controller": "city",
        "hr": "board",
        "other_hr": "other_board",
        "city_hr": "city",
        "administrator": "city",
    }
    for name in PERSONAS:
        protected = name == "protected"
        add_person(world, name, where[name], password=password, has_protected_identity=protected)
    # So many that the manager of Ängen may be told who knows: the group is not under five.
    for number in range(2):
        add_person(world, f"teammate_{number}", "unit")
    for number in range(5):
        add_person(world, f"other_employee_{number}", "other_unit")
    for number in range(3):
        add_person(world, f"small_employee_{number}", "small_unit")
    add_person(world, "other_protected", "other_unit", has_protected_identity=True)
    add_person(world, "left_yesterday", None, password=password)
    world.employments["left_yesterday"] = Employment.objects.create(
        person=world.people["left_yesterday"],
        unit=world.units["unit"],
        title="Barnskötare",
        starts_on=LONG_AGO,
        ends_on=timezone.localdate() - timedelta(days=1),
    )
    ProtectedIdentityKeeper.objects.create(
        person=world.people["protected"],
        administrator=world.people["hr"],
        starts_on=LONG_AGO,
    )


def _build_leaves(world: World) -> None:
    """Long over, so that nobody is away today."""
    for name in ("employee", "protected", "stranger", "hr"):
        world.leaves[name] = Leave.objects.create(
            employment=world.employments[name],
            starts_on=LONG_AGO,
            ends_on=LONG_AGO + timedelta(days=30),
        )
    world.staff_groups["cooks"] = StaffGroup.objects.create(code="KOCK", name="Kockar")


def _build_roles(world: World) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    today = timezone.localdate()
    held = [
        ("manager", Role.MANAGER, "unit", LONG_AGO, None),
        ("acting_manager", Role.MANAGER, "unit", today, today),
        ("acting_ended", Role.MANAGER, "unit", LONG_AGO, yesterday),
        ("former_manager", Role.MANAGER, "unit", LONG_AGO, yesterday),
        ("manager_above", Role.MANAGER, "department", LONG_AGO, None),
        ("other_manager", Role.MANAGER, "other_unit", LONG_AGO, None),
        ("controller", Role.CONTROLLER, "board", LONG_AGO, None),
        ("other_controller", Role.CONTROLLER, "other_board", LONG_AGO, None),
        ("city_controller", Role.CONTROLLER, "city", LONG_AGO, None),
        ("hr", Role.HR, "board", LONG_AGO, None),
        ("other_hr", Role.HR, "other_board", LONG_AGO, None),
        ("city_hr", Role.HR, "city", LONG_AGO, None),
        ("representative", Role.REPRESENTATIVE, "unit", LONG_AGO, None),
        ("administrator", Role.SYSTEM_ADMINISTRATOR, "city", LONG_AGO, None),
    ]
    RoleAssignment.objects.bulk_create(
        RoleAssignment(
            person=world.people[who],
            role=role,
            unit=world.units[unit],
            starts_on=starts_on,
            ends_on=ends_on,
        )
        for who, role, unit, starts_on, ends_on in held
    )


def add_goal(
    world: World,
    name: str,
    unit: str,
    level: str,
    parent: str | None = None,
    *,
    draft: bool = False,
    **fields: Any,
) -> Goal:
    """A goal whose title is its canary, adopted with its first version unless `draft`."""
    decided: dict[str, Any] = {}
    if not draft:
        decided = {
            "status": Goal.Status.ADOPTED,
            "adopted_at": timezone.now(),
            "version_number": 1,
            "decided_on": date(world.year, 1, 15),
            "reference_number": "1.2.1-412",
        }
    goal = Goal.objects.create(
        **{
            "unit": world.units[unit],
            "level": level,
            "parent": world.goals[parent] if parent else None,
            "first_year": world.year,
            "last_year": world.year,
            "title": f"Barnen har ett rikt språk {canary(name)}",
            **decided,
            **fields,
        }
    )
    if not draft:
        GoalVersion.objects.create(
            goal=goal, number=1, title=goal.title, parent=goal.parent, made_at=timezone.now()
        )
    world.goals[name] = goal
    return goal


@scene()
def add_delegation(
    world: World,
    who: str,
    to: str,
    starts_on: date | None = None,
    ends_on: date | None = None,
    **fields: Any,
) -> Delegation:
    """`to` holds the talks with `who` in the manager's place, from then to then; else today."""
    today = timezone.localdate()
    return Delegation.objects.create(
        **{
            "employment": world.employments[who],
            "delegate": world.people[to],
            "starts_on": starts_on or today,
            "ends_on": ends_on or today,
            "given_by": world.people["manager"],
            **fields,
        }
    )


def _build_goals(world: World) -> None:
    period = {"first_year": world.year - 3, "last_year": world.year + 1}
    level = Goal.Level
    add_goal(world, "orientation", "city", level.ORIENTATION, number="1", **period)
    add_goal(world, "area", "city", level.OPERATIONAL_AREA, "orientation", number="1.1", **period)
    add_goal(
        world, "loose_area", "city", level.OPERATIONAL_AREA, "orientation", number="1.2", **period
    )
    add_goal(world, "board_goal", "board", level.BOARD, "area")
    add_goal(world, "board_draft", "board", level.BOARD, "area", draft=True)
    add_goal(world, "other_board_goal", "other_board", level.BOARD, "area")
    add_goal(world, "unit_goal", "unit", level.UNIT, "board_goal")
    add_goal(world, "unit_draft", "unit", level.UNIT, "board_goal", draft=True)
    add_goal(world, "loose_goal", "next_unit", level.UNIT)
    add_goal(world, "other_unit_goal", "other_unit", level.UNIT, "other_board_goal")
    add_goal(world, "other_unit_draft", "other_unit", level.UNIT, "other_board_goal", draft=True)


@scene()
def add_expectation(world: World, name: str, who: str, goal: str, **fields: Any) -> Expectation:
    """An expectation whose words are its canaries."""
    expectation = Expectation.objects.create(
        **{
            "employment": world.employments[who],
            "goal": world.goals[goal],
            "text": f"Alla barn får en språkplan {canary(name)}",
            "sign": f"18 av 18 {canary(name)}-tecken",
            "expected_result": f"Barnen berättar mer {canary(name)}-resultat",
            "support": f"En timme i veckan {canary(name)}-stöd",
            "due_on": date(world.year, 11, 30),
            "given_at": timezone.now(),
            "given_by": world.people["manager"],
            **fields,
        }
    )
    world.expectations[name] = expectation
    return expectation


def _build_expectations(world: World) -> None:
    add_expectation(world, "expectation", "employee", "unit_goal")
    add_expectation(world, "known_expectation", "employee", "unit_goal")
    add_expectation(
        world,
        "withdrawn_expectation",
        "employee",
        "unit_goal",
        status=Expectation.Status.WITHDRAWN,
        withdrawn_at=timezone.now(),
        withdrawn_by=world.people["manager"],
        withdrawal_reason=canary("skäl"),
    )
    add_expectation(world, "colleagues_expectation", "colleague", "unit_goal")
    add_expectation(world, "protected_expectation", "protected", "unit_goal")
    add_expectation(world, "managers_expectation", "manager", "unit_goal")
    add_expectation(world, "left_expectation", "left_yesterday", "unit_goal")
    add_expectation(
        world,
        "strangers_expectation",
        "stranger",
        "other_unit_goal",
        given_by=world.people["other_manager"],
    )
    Acknowledgement.objects.create(
        expectation=world.expectations["known_expectation"],
        expectation_version=1,
        goal_version=1,
        acknowledged_at=timezone.now(),
    )
    Draft.objects.create(
        author=world.people["manager"],
        key=f"goal:{world.goals['unit_draft'].pk}",
        fields={"title": [canary("utkast")]},
        saved_at=timezone.now(),
    )
