"""Scenes that are built once and stand while one test after the other plays in them.

Most tests play in the same world, which takes longer to build than most of them take. It stands
in a transaction that is kept open beneath the tests' own, which roll back to it. A test that
commits, or that wants an empty database, has it taken down first.
"""

import pickle
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import takewhile

import pytest
from django.db import connection, transaction
from django.test import override_settings
from pytest_django import DjangoDbBlocker

from stockholm_quality.tests.world import World, build_world
from stockholm_quality.tests.world_year import build_year


def _with_year(world: World | None) -> World:
    assert world is not None
    build_year(world)
    return world


QUICK_PASSWORDS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Each stands on the one before.
SCENES: dict[str, Callable[[World | None], World]] = {
    "world": lambda _world: build_world(),
    "year": _with_year,
}


@dataclass
class _Scene:
    name: str
    atomic: transaction.Atomic
    world: bytes


class Scenes:
    def __init__(self) -> None:
        self._standing: list[_Scene] = []

    def set(self, names: Sequence[str]) -> None:
        """Take down what is not wanted, and build what is missing."""
        pairs = zip(self._standing, names, strict=False)
        kept = len(list(takewhile(lambda pair: pair[0].name == pair[1], pairs)))
        while len(self._standing) > kept:
            _take_down(self._standing.pop().atomic)
        for name in names[kept:]:
            self._build(name)

    def stands(self, name: str) -> bool:
        return name in {each.name for each in self._standing}

    def _build(self, name: str) -> None:
        atomic = transaction.atomic()
        atomic.__enter__()
        try:
            with override_settings(PASSWORD_HASHERS=QUICK_PASSWORDS):
                world = SCENES[name](self.world() if self._standing else None)
            # Else each test would check what the scene has left to be checked.
            connection.check_constraints()
        except BaseException:
            _take_down(atomic)
            raise
        self._standing.append(_Scene(name, atomic, pickle.dumps(world)))

    def world(self) -> World:
        """A copy of the people and things of the scene, for one test to change."""
        return pickle.loads(self._standing[-1].world)


def _take_down(atomic: transaction.Atomic) -> None:
    transaction.set_rollback(True)
    atomic.__exit__(None, None, None)


@pytest.fixture(scope="session")
def scenes(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Generator[Scenes]:
    scenes = Scenes()
    yield scenes
    with django_db_blocker.unblock():
        scenes.set(())


@pytest.fixture
def _stage(
    request: pytest.FixtureRequest, scenes: Scenes, django_db_blocker: DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock():
        scenes.set(() if _commits(request) else _wanted(request))


@pytest.fixture
def _django_db_helper(_stage: None, _django_db_helper: None) -> None:
    """pytest-django's own, whose transaction begins once the scene stands."""


def _commits(request: pytest.FixtureRequest) -> bool:
    marker = request.node.get_closest_marker("django_db")
    committing = {"transactional_db", "live_server"} & set(request.fixturenames)
    return bool(committing) or bool(marker and marker.kwargs.get("transaction"))


def _wanted(request: pytest.FixtureRequest) -> list[str]:
    """Those scenes that the test asks for under their own names, and that its module does not
    build in its own way."""
    definitions = request.node._fixtureinfo.name2fixturedefs
    return list(
        takewhile(
            lambda name: name in definitions and definitions[name][-1].func.__module__ == __name__,
            SCENES,
        )
    )


@pytest.fixture
def world(db: None, scenes: Scenes) -> World:
    return scenes.world() if scenes.stands("world") else build_world()


@pytest.fixture
def year(world: World, scenes: Scenes) -> World:
    """The world with a plan year in progress."""
    if not scenes.stands("year"):
        build_year(world)
    return world
