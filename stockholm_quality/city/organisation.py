"""The city's boards, and invented units and people below them, built in memory and stored in a
handful of statements."""

import csv
import random
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from django.utils.translation import gettext as _

from goals.models import Goal
from units.models import (
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

EMAIL_DOMAIN = "demo.invalid"
PASSWORD = "tydliga-mal-2026"  # noqa: S105 - printed for everyone who starts the demo
HOME_BOARD = "SDN-SOD"
STAFF_BOARD = "KS"
# A small city has people in these boards only.
BOARDS_OF_A_SMALL_CITY = (HOME_BOARD, "SDN-SKA", "UTN", "KUN", "TRN", STAFF_BOARD)
SMALL_CITY = 2_000  # employees
FEWEST_EMPLOYEES = 200
MEAN_UNIT = 20  # people
UNITS_IN_A_DEPARTMENT = 12
ROWS_AT_A_TIME = 5_000
AN_AUTUMN_DAY = (10, 15)
ON_LEAVE = 3  # of a hundred
UNTIL_FURTHER_NOTICE = 30  # of a hundred leaves

# Kinds of units in a board, in the order in which they are opened.
KINDS_IN = {
    "district": (
        "preschool", "elder_care", "social", "preschool", "home_care", "preschool", "parks",
        "preschool", "social", "elder_care",
    ),
    "education": ("school", "school", "school_health", "school", "school", "school"),
    "culture": ("library",),
    "traffic": ("streets",),
    "environment": ("administration",),
    "other": ("administration",),
}  # fmt: skip
FAMILY_OF_BOARD = {"UTN": "education", "KUN": "culture", "TRN": "traffic", "MHN": "environment"}
SHARE_OF_FAMILY = {"education": 20, "district": 4, "culture": 2}  # of the rest, 1 each


@dataclass(frozen=True)
class Account:
    """A person of the demo who can sign in, always with PASSWORD."""

    name: str
    given_name: str
    family_name: str
    title: str


ACCOUNTS = {
    account.name: account
    for account in [
        Account("medarbetare", "Samira", "Lindqvist", "Förskollärare"),
        Account("chef", "Johanna", "Yilmaz", "Enhetschef"),
        Account("avdelningschef", "Mikael", "Tesfaye", "Avdelningschef"),
        Account("controller", "Åsa", "Bergström", "Kvalitetscontroller"),
        Account("hr", "Leila", "Holmgren", "HR-konsult"),
        Account("ombud", "Petter", "Nowak", "Barnskötare och skyddsombud"),
        Account("admin", "Kim", "Österberg", "Systemförvaltare"),
    ]
}


@cache
def texts(name: str) -> dict[str, Any]:
    """What one of the files beside this one holds, such as names.toml."""
    return tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8"))


def promises() -> dict[str, Any]:
    """The kinds of units with their goals, and the boards' goals."""
    return texts("promises")


@dataclass(frozen=True)
class Calendar:
    """The year that is shown. Nothing in it has happened later than `until`."""

    year: int
    until: date | None = None

    @property
    def today(self) -> date:
        """The last day on which anything has happened: in autumn, where `until` says nothing."""
        return self.until or date(self.year, *AN_AUTUMN_DAY)

    @property
    def first_day(self) -> date:
        return date(self.year - 4, 1, 1)

    def day(self, month: int, day: int, years: int = 0) -> date:
        chosen = date(self.year + years, month, day)
        return min(chosen, self.until) if self.until else chosen

    def moment(self, day: date, hour: int) -> datetime:
        return timezone.make_aware(datetime.combine(day, time(hour)))


@dataclass
class Board:
    unit: Unit
    family: str
    director: User | None = None
    controller: User | None = None
    # Units opened so far, by the name of their department.
    department_sizes: dict[str, int] = field(default_factory=dict)
    department_count: int = 0
    departments: dict[str, "Workplace"] = field(default_factory=dict)
    unit_count: int = 0


@dataclass
class Workplace:
    """A department or a unit with those who work there. `manager` answers for it, from within or
    from above."""

    unit: Unit
    kind: str
    board: Board
    manager: User
    above: "Workplace | None" = None
    employments: list[Employment] = field(default_factory=list)
    goals: list[tuple[Goal, dict[str, Any]]] = field(default_factory=list)
    # A unit that has gone up in this one, and its last day.
    took_over: "Workplace | None" = None
    ended_on: date | None = None


class Organisation:
    """Call `build`, then `store`."""

    def __init__(self, employees: int, rng: random.Random, calendar: Calendar) -> None:
        if employees < FEWEST_EMPLOYEES:
            raise ValueError(
                _("A city has at least {fewest} employees.").format(fewest=FEWEST_EMPLOYEES)
            )
        self.employees = employees
        self.rng = rng
        self.calendar = calendar
        self.units: list[Unit] = []
        self.placements: list[UnitPlacement] = []
        self.users: list[User] = []
        self.employments: list[Employment] = []
        self.leaves: list[Leave] = []
        self.roles: list[RoleAssignment] = []
        self.keepers: list[ProtectedIdentityKeeper] = []
        self.boards: dict[str, Board] = {}
        self.workplaces: list[Workplace] = []
        self.accounts: dict[str, User] = {}
        self.home: Workplace
        self.merged: Workplace
        self.former_head: User
        self.city_controller: User
        self._password = make_password(PASSWORD)
        self._no_password = make_password(None)
        self._names_taken: set[str] = set()
        self._group_of_title: dict[str, StaffGroup] = {}
        self.staff_groups = [
            self._staff_group(code, **words) for code, words in texts("names")["groups"].items()
        ]

    def build(self) -> None:
        self.city = self._unit("STHLM", Unit.Kind.CITY, "Stockholms stad", None)
        path = Path(settings.BASE_DIR) / "goals/data/boards.csv"
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                family = FAMILY_OF_BOARD.get(row["code"], "other")
                family = "district" if row["kind"] == "district" else family
                unit = self._unit(row["code"], Unit.Kind.BOARD, row["name"], self.city)
                self.boards[row["code"]] = Board(unit, family)
        small = self.employees < SMALL_CITY
        staffed = BOARDS_OF_A_SMALL_CITY if small else tuple(self.boards)
        for code in staffed:
            self._staff(self.boards[code])
        self._build_home()
        self._fill([self.boards[code] for code in staffed if code != HOME_BOARD or not small])
        self._send_on_leave()

    def store(self) -> None:
        # A unit that went up in another is stored after that other.
        for merged in (False, True):
            units = [unit for unit in self.units if (unit.successor is not None) == merged]
            Unit.objects.bulk_create(units, batch_size=ROWS_AT_A_TIME)
        # The lines of the whole tree are derived anew after each statement.
        UnitPlacement.objects.bulk_create(self.placements)
        User.objects.bulk_create(self.users, batch_size=ROWS_AT_A_TIME)
        StaffGroup.objects.bulk_create(self.staff_groups)
        Employment.objects.bulk_create(self.employments, batch_size=ROWS_AT_A_TIME)
        Leave.objects.bulk_create(self.leaves, batch_size=ROWS_AT_A_TIME)
        RoleAssignment.objects.bulk_create(self.roles, batch_size=ROWS_AT_A_TIME)
        ProtectedIdentityKeeper.objects.bulk_create(self.keepers)

    def head_on(self, workplace: Workplace, day: date) -> User:
        """Who answered for the workplace that day."""
        is_former = workplace is self.home and day < self.calendar.day(9, 1, -1)
        return self.former_head if is_former else workplace.manager

    # --- Boards ----------------------------------------------------------------------------------

    def _staff(self, board: Board) -> None:
        title = "Stadsdelsdirektör" if board.family == "district" else "Förvaltningschef"
        is_home = board.unit.code == HOME_BOARD
        board.director = self._employ(board.unit, title).person
        self._assign(board.director, board.unit, Role.MANAGER)
        account = ACCOUNTS["controller"] if is_home else None
        board.controller = self._employ(board.unit, "Kvalitetscontroller", account).person
        self._assign(board.controller, board.unit, Role.CONTROLLER)
        account = ACCOUNTS["hr"] if is_home else None
        self._assign(self._employ(board.unit, "HR-konsult", account).person, board.unit, Role.HR)
        if board.unit.code == STAFF_BOARD:
            admin = self._employ(board.unit, "Systemförvaltare", ACCOUNTS["admin"]).person
            self._assign(admin, self.city, Role.SYSTEM_ADMINISTRATOR)
            # Who keeps the council's indicators and reads the boards' own reports.
            self.city_controller = self._employ(board.unit, "Controller för staden").person
            self._assign(self.city_controller, self.city, Role.CONTROLLER)

    def _department(self, board: Board, kind: str, account: Account | None = None) -> Workplace:
        """The department where the next unit of the kind belongs, opened when needed."""
        name = promises()["profile"][kind]["department"]
        opened = board.department_sizes.get(name, 0)
        board.department_sizes[name] = opened + 1
        if opened % UNITS_IN_A_DEPARTMENT:
            return board.departments[name]
        part = opened // UNITS_IN_A_DEPARTMENT + 1
        called = name if part == 1 else f"{name}, område {part}"
        board.department_count += 1
        code = f"{board.unit.code}-A{board.department_count:02}"
        unit = self._unit(code, Unit.Kind.DEPARTMENT, called, board.unit)
        employment = self._employ(unit, "Avdelningschef", account)
        self._assign(employment.person, unit, Role.MANAGER)
        department = Workplace(unit, kind, board, employment.person, None, [employment])
        board.departments[name] = department
        self.workplaces.append(department)
        return department

    def _workplace(
        self,
        board: Board,
        kind: str,
        size: int,
        *,
        name: str = "",
        manager: Account | None = None,
        has_manager: bool = True,
    ) -> Workplace:
        profile = promises()["profile"][kind]
        department = self._department(board, kind)
        board.unit_count += 1
        code = f"{board.unit.code}-{board.unit_count:04}"
        name = name or self._name(board, profile["names"])
        unit = self._unit(code, Unit.Kind.UNIT, name, department.unit)
        unit.operation = profile["operation"]
        workplace = Workplace(unit, kind, board, department.manager, department)
        if has_manager:
            head = self._employ(unit, profile["head"], manager)
            workplace.manager = head.person
            workplace.employments.append(head)
            since = self.calendar.day(9, 1, -1) if manager else None
            self._assign(head.person, unit, Role.MANAGER, since)
        titles = cycle(profile["titles"])
        for title in islice(titles, size - len(workplace.employments)):
            workplace.employments.append(self._employ(unit, title))
        self.workplaces.append(workplace)
        return workplace

    # --- The district where the demo's people work -----------------------------------------------

    def _build_home(self) -> None:
        board = self.boards[HOME_BOARD]
        self._department(board, "preschool", ACCOUNTS["avdelningschef"])
        home = self._workplace(
            board, "preschool", 10, name="Förskolan Ängen", manager=ACCOUNTS["chef"]
        )
        self.home = home
        for title, account in [
            ("Förskollärare", ACCOUNTS["medarbetare"]),
            ("Barnskötare", ACCOUNTS["ombud"]),
        ]:
            home.employments.append(self._employ(home.unit, title, account))
        self._assign(self.accounts["ombud"], home.unit, Role.REPRESENTATIVE)

        hidden = self._employ(home.unit, "Barnskötare", is_protected=True)
        home.employments.append(hidden)
        self.keepers.append(
            ProtectedIdentityKeeper(
                person=hidden.person,
                administrator=self.accounts["hr"],
                starts_on=self.calendar.first_day,
            )
        )
        self.former_head = former = self._employ(self.boards[STAFF_BOARD].unit, "Utredare").person
        last_day = self.calendar.day(8, 31, -1)
        self._assign(former, home.unit, Role.MANAGER, self.calendar.first_day, last_day)

        self._build_merged(board)
        self._build_renamed(board)
        self._workplace(board, "preschool", 4, name="Öppna förskolan Trekanten", has_manager=False)
        library = self.boards["KUN"]
        second = self._workplace(library, "library", 12, name="Ringens bibliotek")
        twice = self._employment(
            home.employments[5].person, second.unit, "Biblioteksvärd", self.calendar.first_day
        )
        second.employments.append(twice)

        self._workplace(board, "elder_care", 16, name="Tanto vård- och omsorgsboende")
        self._workplace(board, "home_care", 14, name="Hemtjänsten Hornstull")
        self._workplace(board, "social", 12, name="Barn och unga, grupp 1")
        self._workplace(board, "parks", 8, name="Parkenheten Södermalm")

    def _build_merged(self, board: Board) -> None:
        # In the middle of the year, as soon as the year has come so far.
        this_year = date(self.calendar.year, 6, 30)
        last_day = this_year if self.calendar.today > this_year else self.calendar.day(6, 30, -1)
        into = self._workplace(board, "preschool", 10, name="Förskolan Linden")
        department = promises()["profile"][into.kind]["department"]
        merged = self._unit(
            f"{board.unit.code}-GRINDEN",
            Unit.Kind.UNIT,
            "Förskolan Grinden",
            board.departments[department].unit,
            ends_on=last_day,
        )
        merged.successor = into.unit
        merged.operation = into.unit.operation
        self.merged = Workplace(merged, into.kind, board, board.departments[department].manager)
        self.merged.ended_on = last_day
        into.took_over = self.merged
        for title in ("Förskollärare", "Förskollärare", "Barnskötare", "Barnskötare"):
            before = self._employ(merged, title)
            before.starts_on, before.ends_on = self.calendar.first_day, last_day
            after = self._employment(before.person, into.unit, title, last_day + timedelta(days=1))
            self.merged.employments.append(before)
            into.employments.append(after)

    def _build_renamed(self, board: Board) -> None:
        renamed = self._workplace(board, "preschool", 12, name="Förskolan Skeppet")
        now_called = next(row for row in self.placements if row.unit is renamed.unit)
        last_day = self.calendar.day(7, 31, -1)
        self.placements.append(
            UnitPlacement(
                unit=renamed.unit,
                parent=now_called.parent,
                name="Förskolan Varvet",
                starts_on=now_called.starts_on,
                ends_on=last_day,
            )
        )
        now_called.starts_on = last_day + timedelta(days=1)

    # --- Everywhere else -------------------------------------------------------------------------

    def _fill(self, boards: list[Board]) -> None:
        """Open units until the city has its number of employees, neither more nor fewer."""
        small = self.employees < SMALL_CITY
        weights = [SHARE_OF_FAMILY.get(board.family, 1) for board in boards]
        if small:
            weights = [min(weight, 4) for weight in weights]
        wanted = max(len(boards), round((self.employees - len(self.users)) / MEAN_UNIT))
        openings: list[tuple[Board, str]] = []
        for board, weight in zip(boards, weights, strict=True):
            count = max(1, round(wanted * weight / sum(weights)))
            openings += [(board, kind) for kind in islice(cycle(KINDS_IN[board.family]), count)]
        departments = {
            (board.unit.code, promises()["profile"][kind]["department"]): 0
            for board, kind in openings
        }
        for board, kind in openings:
            departments[board.unit.code, promises()["profile"][kind]["department"]] += 1
        heads = sum(
            self._still_to_open(self.boards[code], name, count)
            for (code, name), count in departments.items()
        )
        sizes = self._sizes(self.employees - len(self.users) - heads, len(openings))
        for (board, kind), size in zip(openings, sizes, strict=True):
            self._workplace(board, kind, size)

    @staticmethod
    def _still_to_open(board: Board, department: str, units: int) -> int:
        before = board.department_sizes.get(department, 0)
        whole = -(-(before + units) // UNITS_IN_A_DEPARTMENT)
        return whole - -(-before // UNITS_IN_A_DEPARTMENT)

    def _sizes(self, people: int, units: int) -> list[int]:
        """Different sizes with the given sum."""
        smallest, rest = divmod(people, units)
        sizes = [smallest + (index < rest) for index in range(units)]
        for index in range(0, units - 1, 2):
            shift = self.rng.randint(0, max(0, min(8, smallest - 6)))
            sizes[index] += shift
            sizes[index + 1] -= shift
        return sizes

    # --- Leave -----------------------------------------------------------------------------------

    def _send_on_leave(self) -> None:
        """Some are away today, one of them from the unit of the demo's people."""
        # Drawn aside: whatever is drawn here, the rest of the city stays the same.
        rng = random.Random()  # noqa: S311 - nothing secret
        rng.setstate(self.rng.getstate())
        busy = {id(role.person) for role in self.roles}
        busy |= {id(person) for person in self.accounts.values()}
        today = self.calendar.today
        staff = [
            employment
            for employment in self.employments
            if id(employment.person) not in busy
            and not employment.person.has_protected_identity
            and employment.starts_on <= today
            and (employment.ends_on is None or employment.ends_on > today)
        ]
        of_home = next(each for each in staff if each.unit is self.home.unit)
        others = [each for each in staff if each.unit is not self.home.unit]
        count = len(self.employments) * ON_LEAVE // 100
        for employment in [of_home, *rng.sample(others, count - 1)]:
            since = today - timedelta(days=rng.randrange(10, 250))
            last_day = today + timedelta(days=rng.randrange(10, 250))
            is_open = rng.randrange(100) < UNTIL_FURTHER_NOTICE
            self.leaves.append(
                Leave(
                    employment=employment,
                    starts_on=max(since, employment.starts_on),
                    ends_on=None if is_open else last_day,
                )
            )

    # --- Rows ------------------------------------------------------------------------------------

    def _unit(
        self, code: str, kind: str, name: str, parent: Unit | None, ends_on: date | None = None
    ) -> Unit:
        unit = Unit(code=code, kind=kind)
        self.units.append(unit)
        self.placements.append(
            UnitPlacement(
                unit=unit,
                parent=parent,
                name=name,
                starts_on=self.calendar.first_day,
                ends_on=ends_on,
            )
        )
        return unit

    def _employ(
        self,
        unit: Unit,
        title: str,
        account: Account | None = None,
        *,
        is_protected: bool = False,
    ) -> Employment:
        number = len(self.users) + 1
        names = texts("names")
        given, family = self.rng.choice(names["given"]), self.rng.choice(names["family"])
        if account is not None:
            given, family, title = account.given_name, account.family_name, account.title
        name = account.name if account else self._account_name(given, family)
        if is_protected:
            # What one signs in with must not tell the name either.
            name = f"konto-{number}"
        person = User(
            account_name=name,
            email=f"{name}@{EMAIL_DOMAIN}",
            given_name=given,
            family_name=family,
            employment_number=f"DEMO-{number:06}",
            has_protected_identity=is_protected,
            password=self._password if account else self._no_password,
        )
        self.users.append(person)
        if account is not None:
            self.accounts[account.name] = person
        since = self.calendar.first_day + timedelta(days=self.rng.randrange(0, 1_000))
        return self._employment(person, unit, title, since)

    def _employment(self, person: User, unit: Unit, title: str, starts_on: date) -> Employment:
        employment = Employment(
            person=person,
            unit=unit,
            title=title,
            staff_group=self._group_of_title[title],
            starts_on=starts_on,
        )
        self.employments.append(employment)
        return employment

    def _staff_group(self, code: str, name: str, titles: list[str]) -> StaffGroup:
        group = StaffGroup(code=code, name=name)
        self._group_of_title |= dict.fromkeys(titles, group)
        return group

    def _assign(
        self,
        person: User,
        unit: Unit,
        role: str,
        starts_on: date | None = None,
        ends_on: date | None = None,
    ) -> None:
        self.roles.append(
            RoleAssignment(
                person=person,
                unit=unit,
                role=role,
                starts_on=starts_on or self.calendar.first_day,
                ends_on=ends_on,
            )
        )

    def _account_name(self, given: str, family: str) -> str:
        plain = unicodedata.normalize("NFKD", f"{given}.{family}".lower())
        wanted = plain.encode("ascii", "ignore").decode()
        return self._first_free(wanted, "{wanted}{number}")

    def _name(self, board: Board, patterns: list[str]) -> str:
        pattern = patterns[board.unit_count % len(patterns)]
        names = texts("names")
        stem = self.rng.choice(names["stems"])
        name = pattern.format(
            nature=stem + self.rng.choice(names["nature"]),
            place=stem + self.rng.choice(names["places"]),
            number=board.unit_count,
        )
        return self._first_free(name, "{wanted} {number}", board.unit.code)

    def _first_free(self, wanted: str, pattern: str, among: str = "") -> str:
        for name in _numbered(wanted, pattern):
            if (key := f"{among}/{name}") not in self._names_taken:
                self._names_taken.add(key)
                return name
        raise AssertionError("numbers do not end")


def _numbered(wanted: str, pattern: str) -> Iterator[str]:
    yield wanted
    number = 2
    while True:
        yield pattern.format(wanted=wanted, number=number)
        number += 1
