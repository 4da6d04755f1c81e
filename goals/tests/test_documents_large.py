"""A board's annual report over 100 units: in one go, in little memory, in few queries."""

import json
import os
import subprocess
import sys
from datetime import date
from math import ceil
from pathlib import Path

import pytest
from django.db import connection

from goals.actions.documents import order_document
from goals.models import DocumentBuild, Report, ReportVersion
from goals.snapshots import SCHEMA, encoded
from goals.tests.document_samples import MADE_AT, snapshot
from stockholm_quality.tests.world import build_world
from stockholm_quality.tests.world_year import add_plan_year
from units.models import Unit, UnitPlacement

PROJECT = Path(__file__).resolve().parents[2]
UNITS = int(os.environ.get("DOCUMENT_UNITS", "100"))

# In a process of its own, so that the memory is the build's and not the tests'.
BUILD = """
import json, resource, sys, time
import django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from goals.documents.building import build_all
began = time.monotonic()
queries = []

def count(execute, sql, *rest):
    queries.append(sql)  # and not what goes with it: a log of the files would be the memory
    return execute(sql, *rest)

with connection.execute_wrapper(count):
    build_all()
print(json.dumps({
    "queries": len(queries),
    "seconds": round(time.monotonic() - began, 1),
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""


def _add_units(world, count):
    units = Unit.objects.bulk_create(
        Unit(code=f"large-{number}", kind=Unit.Kind.UNIT) for number in range(count)
    )
    UnitPlacement.objects.bulk_create(
        UnitPlacement(
            unit=unit,
            parent=world.units["department"],
            name=f"Förskolan {number}",
            starts_on=date(2015, 1, 1),
        )
        for number, unit in enumerate(units)
    )
    return units


def _hand_in(units, period):
    reports = Report.objects.bulk_create(
        Report(unit=unit, period=period, status=Report.Status.SUBMITTED, version_number=1)
        for unit in units
    )
    ReportVersion.objects.bulk_create(
        ReportVersion(
            report=report,
            number=1,
            schema=SCHEMA,
            made_at=MADE_AT,
            snapshot=encoded(
                snapshot(unit=f"Förskolan {number}", summary=f"{number}. {snapshot().summary}")
            ),
        )
        for number, report in enumerate(reports)
    )


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_board_of_a_hundred_units_is_built_in_little_memory_and_few_queries():
    world = build_world()
    add_plan_year(world, "plan_year", "board")
    period = world.periods["vb"]
    _hand_in(_add_units(world, UNITS), period)
    build = order_document(
        unit=world.units["board"], period=period, language="sv", by=world.people["controller"]
    )

    done = subprocess.run(
        [sys.executable, "-c", BUILD, connection.settings_dict["NAME"]],
        cwd=PROJECT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "stockholm_quality.settings"},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    build = DocumentBuild.objects.get(pk=build.pk)
    print(measured, len(build.pdf), len(build.docx))
    assert build.state == DocumentBuild.State.READY, done.stderr
    assert (build.done, build.total) == (UNITS, UNITS)
    assert measured["queries"] <= 20 + ceil(UNITS / 500)
    assert measured["megabytes"] < 300
