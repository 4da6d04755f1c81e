"""Fixtures for every app's tests."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.test import Client

from stockholm_quality.tests.scenes import QUICK_PASSWORDS
from stockholm_quality.tests.world import World


@pytest.fixture(autouse=True)
def _quick_passwords(settings: object) -> None:
    settings.PASSWORD_HASHERS = QUICK_PASSWORDS


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
