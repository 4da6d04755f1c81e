"""The administration shows the adopted goals, and nothing of what is confidential."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dialogues.models import Acknowledgement
from goals.actions import keep_version
from goals.models import Expectation, Goal
from stockholm_quality.tests.world import scene
from units.drafts import save_draft
from units.models import Employment, Role, RoleAssignment, Unit, UnitPlacement, User

pytestmark = pytest.mark.django_db

START = date(2024, 1, 1)
YEAR = 2026
ADOPTED = "Barnen talar mer"
SECRET = "Kanarieord"


def unit_of(code, kind, parent):
    unit = Unit.objects.create(code=code, kind=kind)
    UnitPlacement.objects.create(unit=unit, parent=parent, name=f"Enhet {code}", starts_on=START)
    return unit


def person_of(account, unit, role=None, **fields):
    person = User.objects.create_user(
        account,
        email=f"{account}@stad.test",
        given_name=account.title(),
        family_name="Ek",
        **fields,
    )
    Employment.objects.create(person=person, unit=unit, title="Lärare", starts_on=START)
    if role:
        RoleAssignment.objects.create(person=person, unit=unit, role=role, starts_on=START)
    return person


def adopted(unit, level, title, by=None, **fields):
    goal = Goal.objects.create(
        unit=unit, level=level, title=title, first_year=YEAR, last_year=YEAR, status="ADOPTED",
        decided_on=START, reference_number="SN 2026/1", adopted_at=timezone.now(), adopted_by=by,
        version_number=1, **fields,
    )  # fmt: skip
    keep_version(goal, reason="", by=by)
    return goal


class World:
    def __init__(self):
        city = Unit.objects.city_root()
        city.placements.update(starts_on=START)
        self.board = unit_of("A", "BOARD", city)
        self.unit = unit_of("A11", "UNIT", self.board)
        self.other_board = unit_of("B", "BOARD", city)
        self.hr = person_of("hr", self.board, Role.HR)
        self.other_hr = person_of("hrb", self.other_board, Role.HR)
        self.sysadmin = person_of("sys", city, Role.SYSTEM_ADMINISTRATOR)
        self.manager = person_of("chef", self.unit, Role.MANAGER, has_protected_identity=True)
        self.employee = person_of("anna", self.unit)
        self.board_goal = adopted(self.board, "BOARD", "Alla barn lär", self.manager)
        self.goal = adopted(self.unit, "UNIT", ADOPTED, self.manager, parent=self.board_goal)
        self.draft = Goal.objects.create(
            unit=self.unit, level="UNIT", title=f"{SECRET} utkast", first_year=YEAR,
            last_year=YEAR, number=SECRET,
        )  # fmt: skip
        with scene():
            expectation = Expectation.objects.create(
                employment=self.employee.employments.get(), goal=self.goal,
                text=f"{SECRET} förväntan", sign=f"{SECRET} tecken", given_at=timezone.now(),
                given_by=self.manager,
            )  # fmt: skip
        Acknowledgement.objects.create(
            expectation=expectation, expectation_version=1, goal_version=1,
            acknowledged_at=timezone.now(),
        )  # fmt: skip
        with scene():
            save_draft(author=self.manager, key="x", fields={"text": [f"{SECRET} på skrivbordet"]})


@pytest.fixture
def world(db):
    return World()


def signed_in(person):
    client = Client()
    client.force_login(User.objects.get(pk=person.pk))
    return client


def goal_url(verb, goal=None):
    return reverse(f"admin:goals_goal_{verb}", args=[goal.pk] if goal else [])


OFFICES = ["hr", "other_hr", "sysadmin"]


@pytest.mark.parametrize("who", OFFICES)
def test_adopted_goals_are_read_and_nothing_more(world, who):
    client = signed_in(getattr(world, who))

    assert ADOPTED in client.get(goal_url("changelist")).content.decode()
    page = client.get(goal_url("change", world.goal))
    assert ADOPTED in page.content.decode()
    assert client.post(goal_url("change", world.goal), {"title": "X"}).status_code == 403
    assert client.get(goal_url("add")).status_code == 403
    assert client.post(goal_url("add"), {"title": "X"}).status_code == 403
    assert client.post(goal_url("delete", world.goal), {"post": "yes"}).status_code == 403
    world.goal.refresh_from_db()
    assert (world.goal.title, Goal.objects.count()) == (ADOPTED, 3)


@pytest.mark.parametrize("who", OFFICES)
def test_a_draft_and_what_is_confidential_show_nowhere(world, who):
    client = signed_in(getattr(world, who))
    completion = reverse("admin:autocomplete")
    urls = [
        reverse("admin:index"),
        goal_url("changelist"),
        f"{goal_url('changelist')}?q={SECRET[:6]}",
        f"{goal_url('changelist')}?level__exact=UNIT&year={YEAR}",
        f"{goal_url('changelist')}?board={world.board.pk}",
        goal_url("change", world.goal),
        goal_url("history", world.goal),
        reverse("admin:units_user_change", args=[world.employee.pk]),
        reverse("admin:units_user_history", args=[world.employee.pk]),
        reverse("admin:units_employment_change", args=[world.employee.employments.get().pk]),
        reverse("admin:units_unit_change", args=[world.unit.pk]),
        f"{completion}?app_label=goals&model_name=goal&field_name=parent",
        f"{completion}?app_label=goals&model_name=expectation&field_name=goal&term={SECRET}",
        f"{completion}?app_label=goals&model_name=expectation&field_name=employment",
        f"{completion}?app_label=dialogues&model_name=acknowledgement&field_name=expectation",
        f"{completion}?app_label=units&model_name=draft&field_name=author",
    ]

    for url in urls:
        assert SECRET not in client.get(url).content.decode(), url
    for verb in ("change", "history"):
        assert client.get(goal_url(verb, world.draft)).status_code == 404
    for probe in (f"title__contains={SECRET}", "status__exact=DRAFT", "status=DRAFT",
                  f"expectations__text__contains={SECRET}", "expectations__isnull=0",
                  "adopted_by__account_name=chef", f"children__title={SECRET}"):  # fmt: skip
        assert client.get(f"{goal_url('changelist')}?{probe}").status_code == 400, probe


def test_the_one_who_adopted_a_goal_is_not_named(world):
    body = signed_in(world.sysadmin).get(goal_url("change", world.goal)).content.decode()

    assert "Chef Ek" not in body
    assert ">chef<" not in body


@pytest.mark.parametrize("app_and_model", [
    ("goals", "expectation"), ("goals", "goalversion"), ("goals", "goalcontribution"),
    ("dialogues", "acknowledgement"), ("units", "draft"), ("units", "submission"),
    ("units", "signinfailure"), ("auth", "group"), ("admin", "logentry"),
])  # fmt: skip
def test_the_confidential_has_no_address(world, app_and_model):
    client = signed_in(world.sysadmin)
    base = "/admin/{}/{}/".format(*app_and_model)

    for url in (base, f"{base}add/", f"{base}1/change/", f"{base}1/history/"):
        assert client.get(url).status_code == 404, url


def test_filters_narrow_the_list(world):
    client = signed_in(world.hr)
    adopted(world.other_board, "BOARD", "Trygga äldre")

    def titles(query):
        rows = client.get(f"{goal_url('changelist')}?{query}").context["cl"].result_list
        return {goal.title for goal in rows}

    assert titles("") == {ADOPTED, "Alla barn lär", "Trygga äldre"}
    assert titles("level__exact=UNIT") == {ADOPTED}
    assert titles(f"board={world.other_board.pk}") == {"Trygga äldre"}
    assert titles("year=2026") == {ADOPTED, "Alla barn lär", "Trygga äldre"}
    assert titles("year=1999") == set()
    assert titles("q=barn") == {ADOPTED, "Alla barn lär"}


def test_the_list_costs_the_same_for_many_goals(world, django_assert_max_num_queries):
    def cost():
        client = signed_in(world.hr)
        with django_assert_max_num_queries(15) as queries:
            assert client.get(goal_url("changelist")).status_code == 200
        return len(queries)

    for number in range(10):
        adopted(world.unit, "UNIT", f"Mål {number}", parent=world.board_goal)
    few = cost()
    Goal.objects.bulk_create(
        Goal(
            unit=world.unit, level="UNIT", title=f"Fler {number}", first_year=YEAR, last_year=YEAR,
            status="ADOPTED", adopted_at=timezone.now(), version_number=1, parent=world.board_goal,
        )
        for number in range(290)
    )  # fmt: skip

    assert cost() == few
