"""The second wall alone: with every rule of the application taken away, the database still shows
nobody, and lets nobody change, what is said in a talk that is not theirs."""

import logging
from typing import Any

import pytest
from django.core import mail
from django.db import connection

from dialogues.models import TalkVersion
from dialogues.models.competence import CompetenceNeedQuerySet
from dialogues.models.preparation import PreparationQuerySet
from dialogues.models.record import ExpectationResultQuerySet, TalkVersionQuerySet
from dialogues.models.talk import AccessGrantQuerySet, TalkQuerySet
from dialogues.rules import TalkRights
from dialogues.states import STEPS, Action, Relation
from goals.models import ExpectationQuerySet
from stockholm_quality.tests.access_table import (
    EVERY_PAGE,
    Row,
    canaries_of,
    read_table,
    requests_of,
)
from stockholm_quality.tests.access_talks import UNWALLED, is_of_talks, words_of
from stockholm_quality.tests.access_walk import canaries, everything_said, send, set_cookies
from stockholm_quality.tests.undone import Undone
from stockholm_quality.tests.world import PERSONAS, World, build_world
from stockholm_quality.tests.world_talks import TALK_PERSONAS, build_talks
from units.models.people import EmploymentQuerySet

EVERYBODY = [*PERSONAS, *TALK_PERSONAS]
# Those who come nearest: colleague, manager above, who has been, who reads one record in need.
NEAREST = ["colleague", "manager_above", "delegate_ended", "need_reader"]
QUERYSETS = [
    *(TalkQuerySet, PreparationQuerySet, TalkVersionQuerySet, ExpectationResultQuerySet),
    *(CompetenceNeedQuerySet, AccessGrantQuerySet, ExpectationQuerySet),
]
# The wall lets whoever meets the employee see how it went, the rules whoever holds that talk.
MEETS_THE_EMPLOYEE = {"acting_manager", "delegate"}
# What these may write on other pages all the same, so that it is no more theirs by this one: the
# employee's plan and expectations, and the head of a talk that is still to be held; and their own
# asking for a record in need, of which both of the two are told.
_PLAN = {"joint_need", "joint_need_new"}
_EXPECTATIONS = {"joint_adopt"} | {f"joint_expectation{each}" for each in ("", "_new", "_withdraw")}
WRITES_ELSEWHERE = {
    "manager": _PLAN,
    "acting_manager": _PLAN | _EXPECTATIONS | {"preparation_waive"},
    "manager_above": {"access_open"},
    "need_reader": {"access_open"},
}
WRITTEN = """
    SELECT coalesce(sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del), 0)
    FROM pg_stat_xact_user_tables s JOIN pg_class c ON c.oid = s.relid
    WHERE c.relrowsecurity AND s.relname <> 'dialogues_reading'
"""  # that one has read stands there in one's own name, whatever came of it


@pytest.fixture
def world(db: None) -> World:
    world = build_world()
    build_talks(world)
    return world


@pytest.fixture
def open_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every rule and every filter lets everybody through."""

    def everything(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self.all()

    def relation(self: TalkRights) -> Relation:
        is_employee = self.talk.employee_id == self.user.pk
        return Relation.EMPLOYEE if is_employee else Relation.HOLDER

    for queryset in QUERYSETS:
        monkeypatch.setattr(queryset, "visible_to", everything)
    monkeypatch.setattr(TalkQuerySet, "shared_by", everything)
    for name in ("managed_by", "answered_for_by", "met_by"):
        monkeypatch.setattr(EmploymentQuerySet, name, everything)
    monkeypatch.setattr(TalkRights, "manages", True)
    monkeypatch.setattr(TalkRights, "relation", property(relation))
    monkeypatch.setattr(TalkRights, "is_for", lambda self, action: True)
    monkeypatch.setattr(TalkRights, "sees_record", True)
    monkeypatch.setattr(
        TalkRights, "may", lambda self, action: self.talk.status in STEPS[action].when
    )


def _rows() -> list[Row]:
    return [
        row
        for row in requests_of(read_table())
        if is_of_talks(row.route) and row.route.startswith("dialogues:")
    ]


def _first_of_each(rows: list[Row]) -> list[Row]:
    """A talk of each sort for each route and method."""
    kept: dict[tuple[str, str, bool], Row] = {}
    for row in rows:
        if "another administration" in row.thing or "not exist" in row.thing:
            continue
        kept.setdefault((row.route, row.method, "colleague" in row.thing), row)
    return list(kept.values())


def _walled_from(name: str) -> set[str]:
    """The words behind the wall that are not this persona's."""
    found: set[str] = set()
    for row in read_table():
        about_talks = row.route == EVERY_PAGE and words_of(row.thing) is not None
        if about_talks and row.cells[name] == "never":
            found |= canaries_of(row.thing)
    if name in MEETS_THE_EMPLOYEE:
        found -= words_of("how the employee's expectation went") or set()
    return found - UNWALLED


def _written() -> int:
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN)
        return int(cursor.fetchone()[0])


def _walk(name: str, rows: list[Row], world: World, client: Any, caplog: Any) -> str:
    client.raise_request_exception = False
    cookies = client.cookies.output(header="")
    walled, faults, opened = _walled_from(name), [], 0
    writes_elsewhere = WRITES_ELSEWHERE.get(name, frozenset())
    for row in rows:
        with Undone(), caplog.at_level(logging.CRITICAL):
            mail.outbox.clear()
            before = _written()
            response = send(client, world, row, name)
            written = _written() - before
            found = canaries(everything_said(response, ""))
        if leaked := found & walled:
            faults.append(f"{row}: shows {sorted(leaked)}")
        is_shut = row.method == "POST" and row.cells[name] == "hidden"
        if written and is_shut and row.route.partition(":")[2] not in writes_elsewhere:
            faults.append(f"{row}: writes {written} walled rows")
        opened += response.status_code == 200
        set_cookies(client, cookies)
    by_the_rules = sum(row.cells[name] == "opens" for row in rows)
    assert opened > min(by_the_rules, len(rows) / 10), "the rules still stand"
    return "\n".join(faults)


@pytest.mark.parametrize("name", NEAREST)
def test_without_the_rules_the_wall_holds(name, world, as_persona, open_rules, caplog):
    client = as_persona(name)

    assert not _walk(name, _first_of_each(_rows()), world, client, caplog)


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERYBODY)
def test_without_the_rules_the_wall_holds_for_everybody_everywhere(
    name, world, as_persona, open_rules, caplog
):
    client = as_persona(name)

    assert not _walk(name, _rows(), world, client, caplog)


def test_the_rules_are_really_away(world, as_persona, open_rules):
    """Without the wall the same requests would show what is said: the test can fail."""
    page = as_persona("stranger").get(f"/samtal/{world.talks['held'].pk}/")

    assert page.status_code == 404  # the head itself is walled
    assert TalkRights(world.stranger, world.talks["held"]).is_for(Action.WRITE)
    assert TalkVersion.objects.visible_to(world.stranger).query.where.children == []
