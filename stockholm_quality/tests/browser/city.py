"""A small city that the walks begin in: one preschool under its board, and the council's goals."""

from dataclasses import dataclass
from datetime import date

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from goals.models import Goal, GoalVersion
from stockholm_quality.tests.world import PASSWORD, scene
from units.models import Employment, Role, RoleAssignment, Unit, UnitPlacement, User

LONG_AGO = date(2019, 1, 1)
STAFF = {
    "medarbetare": ("Maja", "Öberg"),
    "ali": ("Ali", "Björk"),
    "saga": ("Saga", "Åkesson"),
    "olle": ("Olle", "Ek"),
    "nora": ("Nora", "Zetterlund"),
}


@dataclass
class City:
    people: dict[str, User]
    units: dict[str, Unit]
    year: int


@scene()
def build_city() -> City:
    """A board with one preschool, its people and the council's goals; nothing else is written."""
    kinds = {
        "city": (Unit.Kind.CITY, None, "Stockholms stad"),
        "board": (Unit.Kind.BOARD, "city", "Hägersten-Älvsjö stadsdelsnämnd"),
        "unit": (Unit.Kind.UNIT, "board", "Förskolan Ängen"),
        "other_board": (Unit.Kind.BOARD, "city", "Bromma stadsdelsnämnd"),
    }
    units = {code: Unit.objects.create(code=code, kind=kind) for code, (kind, *_) in kinds.items()}
    for code, (_kind, parent, name) in kinds.items():
        UnitPlacement.objects.create(
            unit=units[code],
            parent=units[parent] if parent else None,
            name=name,
            starts_on=LONG_AGO,
        )
    for unit in units.values():
        unit.refresh_from_db()
    password = make_password(PASSWORD, hasher="md5")
    cast = {"controller": ("Ulla", "Sandberg"), "chef": ("Åsa", "Lindqvist"), **STAFF}
    people = {
        account: User.objects.create(
            account_name=account,
            email=f"{account}@example.se",
            given_name=given_name,
            family_name=family_name,
            password=password,
        )
        for account, (given_name, family_name) in cast.items()
    }
    for account, person in people.items():
        Employment.objects.create(
            person=person,
            unit=units["board" if account == "controller" else "unit"],
            title="Rektor" if account == "chef" else "Förskollärare",
            starts_on=LONG_AGO,
        )
    roles = [("controller", Role.CONTROLLER, "board"), ("chef", Role.MANAGER, "unit")]
    for account, role, unit in roles:
        RoleAssignment.objects.create(
            person=people[account], role=role, unit=units[unit], starts_on=LONG_AGO
        )
    year = timezone.localdate().year
    _build_goals(units, year)
    return City(people, units, year)


def _build_goals(units: dict[str, Unit], year: int) -> None:
    orientation, area = Goal.Level.ORIENTATION, Goal.Level.OPERATIONAL_AREA
    city = units["city"]
    top = adopt(Goal(unit=city, level=orientation, number="1", title="En stad för alla"), year)
    preschool = Goal(unit=city, level=area, number="1.1", title="Förskolan lägger grunden")
    school = Goal(unit=city, level=area, number="1.2", title="Skolan ger alla chansen")
    preschool.parent = school.parent = top
    adopt(preschool, year)
    adopt(school, year)
    board = units["other_board"]
    adopt(
        Goal(unit=board, level=Goal.Level.BOARD, title="Barnen i Bromma trivs", parent=preschool),
        year,
    )


def adopt(goal: Goal, year: int) -> Goal:
    goal.first_year = goal.last_year = year
    goal.status, goal.version_number = Goal.Status.ADOPTED, 1
    goal.adopted_at = timezone.now()
    goal.decided_on, goal.reference_number = date(year, 1, 15), "KS 2025/1"
    goal.save()
    GoalVersion.objects.create(
        goal=goal, number=1, title=goal.title, parent=goal.parent, made_at=timezone.now()
    )
    return goal
