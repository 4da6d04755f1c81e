"""What the tests of Kolada share: key figures mapped to the server's, and how they are imported."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from goals.actions.key_figures import import_key_figures
from goals.kolada import Kolada, Patience
from goals.models import Indicator, KeyFigure, KeyFigureValue
from goals.tests.kolada_server import KoladaServer, running_server
from units.models import Unit

SATISFIED, CHILDREN = "N90001", "N90002"
YEARS = range(2012, 2027)
HASTY = Patience(connect=0.5, read=0.5, in_all=2, tries=2, longest_wait=1)


@contextmanager
def asked(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[KoladaServer]:
    """The portal asks the server on loopback, past any proxy, and speaks English."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running_server() as server:
        settings.KOLADA_URL = server.url
        settings.LANGUAGE_CODE = "en"
        with translation.override("en"):
            yield server


def mapped(server, kpi):
    indicator = Indicator.objects.create(
        unit=Unit.objects.city_root(), title=f"Mått {kpi}", unit_of_measure="%"
    )
    return KeyFigure.objects.create(indicator=indicator, kpi=kpi, title=server.kpis[kpi]["title"])


def run(*options):
    """What the command says and, when it fails, why."""
    out, failures = StringIO(), StringIO()
    try:
        call_command("import_kolada", *options, stdout=out, stderr=failures)
    except CommandError as error:
        return out.getvalue(), f"{failures.getvalue()}{error}"
    return out.getvalue(), ""


def outcome_of(server, key_figure, *, patience=HASTY, **options):
    with Kolada(server.url, patience) as kolada:
        (outcome,) = import_key_figures([key_figure], kolada=kolada, years=YEARS, **options)
    return outcome


def stored(key_figure):
    """Every row in full: that none was touched shows in the place where it lies, too."""
    rows = KeyFigureValue.objects.filter(key_figure=key_figure).order_by("year", "gender")
    return [(row.pk, row.year, row.gender, row.value) for row in rows]


def told(outcome):
    return (outcome.created, outcome.changed, outcome.unchanged, outcome.removed)
