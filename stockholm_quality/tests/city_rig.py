"""One invented city for the tests that look at it, and an empty portal for those that build."""

from datetime import date

import pytest
from django.apps import apps
from django.db import connection

from stockholm_quality.city import ACCOUNTS, build_city
from stockholm_quality.tests.world import scene
from units.models import User

YEAR = 2026
DAY = date(YEAR, 10, 1)
EMPLOYEES = 420


def build(**options):
    build_city(
        **{"employees": EMPLOYEES, "seed": 1, "year": YEAR, "progress": lambda what: None} | options
    )


def clear():
    tables = ", ".join(
        connection.ops.quote_name(model._meta.db_table)
        for model in apps.get_models()
        if model._meta.app_label in {"units", "goals", "dialogues", "pghistory"}
        and model._meta.managed
        and not model._meta.proxy
    )
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker):
    """One city for the tests that only look; each test's own transaction sees it."""
    with django_db_blocker.unblock():
        build()
    yield
    with django_db_blocker.unblock():
        clear()


@pytest.fixture
def empty(db):
    """No city, until the test's transaction is rolled back."""
    clear()


@pytest.fixture
def city(built, db):
    """The accounts of a city that one looks at as a whole, with no wall in the way."""
    with scene():
        yield {name: User.objects.get(account_name=name) for name in ACCOUNTS}
