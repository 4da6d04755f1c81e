"""Fixtures for every app's tests."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client

from stockholm_quality.tests.world import World, build_world
from stockholm_quality.tests.world_year import build_year


@pytest.fixture(autouse=True)
def _quick_passwords(settings: object) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def world(db: None) -> World:
    return build_world()


@pytest.fixture
def year(world: World) -> World:
    """The world with a plan year in progress."""
    build_year(world)
    return world


@pytest.fixture
def as_persona(world: World) -> Callable[[str], Client]:
    """A signed-in client for one of the cast; `anonymous` is signed in as nobody."""

    def client_of(name: str) -> Client:
        client = Client()
        if name != "anonymous":
            client.force_login(world.people[name])
        return client

    return client_of


@pytest.fixture
def token() -> Callable[[], dict[str, str]]:
    """What a form that has one effect carries."""
    return lambda: {"form_token": str(uuid4())}
