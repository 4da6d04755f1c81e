"""Key figures from Kolada: stored whole or not at all, also when the process is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from decimal import Decimal

import pytest
from django.conf import settings as project
from django.db import connection, connections, transaction

from goals.actions.key_figures import Answer, store_answer
from goals.kolada import Patience
from goals.kolada_series import key_figure_series
from goals.models import Indicator, KeyFigure, KeyFigureValue
from goals.tests.kolada_world import (
    CHILDREN,
    SATISFIED,
    YEARS,
    asked,
    mapped,
    outcome_of,
    run,
    stored,
    told,
)
from units.models import Unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(monkeypatch, settings):
    with asked(monkeypatch, settings) as server:
        yield server


@pytest.fixture
def satisfied(server):
    return mapped(server, SATISFIED)


@pytest.fixture
def children(server):
    return mapped(server, CHILDREN)


# --- What is stored ------------------------------------------------------------------------------


def test_every_value_is_stored_by_year_and_gender(server, satisfied, children):
    out, problems = run("--years", "2012-2026")

    assert problems == ""
    assert "30 new, 0 changed, 0 unchanged and 0 removed" in out
    assert "14 new" in out
    series = dict(key_figure_series(satisfied.indicator))
    assert series[2015] == {
        "K": Decimal("82.25"), "M": Decimal("78.1235"), "T": Decimal("80.5"),
    }  # fmt: skip
    satisfied.refresh_from_db()
    assert satisfied.imported_at is not None


def test_a_missing_value_is_none_and_a_zero_is_zero(server, satisfied):
    outcome_of(server, satisfied)

    series = dict(key_figure_series(satisfied.indicator))
    assert series[2017] == {"K": None, "M": None, "T": Decimal("81.5")}
    assert series[2019] == {"K": Decimal(0), "M": Decimal(0), "T": Decimal(0)}


def test_a_deleted_value_is_missing(server, satisfied):
    server.rows[SATISFIED][0]["values"][0]["isdeleted"] = True

    outcome_of(server, satisfied)

    assert dict(key_figure_series(satisfied.indicator))[2015]["K"] is None


def test_importing_the_same_again_touches_no_row(server, satisfied):
    outcome_of(server, satisfied)
    before = stored(satisfied)

    assert told(outcome_of(server, satisfied)) == (0, 0, 30, 0)

    assert stored(satisfied) == before
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM goals_keyfigurevalueevent")
        assert cursor.fetchone() == (30,)


def test_what_changed_came_and_went_is_counted(server, satisfied):
    outcome_of(server, satisfied)
    rows = server.rows[SATISFIED]
    rows[0]["values"][0]["value"] = 50
    rows[2]["values"][0]["value"] = 51
    del rows[4]
    rows.append({**rows[0], "period": 2025})

    assert told(outcome_of(server, satisfied)) == (3, 2, 25, 3)

    series = dict(key_figure_series(satisfied.indicator))
    assert (series[2015]["K"], series[2017]["K"]) == (50, 51)
    assert 2019 not in series
    assert 2025 in series


def test_years_not_asked_for_are_left_alone(server, children):
    run("--years", "2012-2026")

    out, problems = run("--years", "2024")

    assert problems == ""
    assert "0 new, 0 changed, 1 unchanged and 0 removed" in out
    assert len(stored(children)) == 14


@pytest.mark.parametrize("counts_all_pages", [False, True])
def test_all_pages_are_read(server, satisfied, counts_all_pages):
    server.rows_in_a_page = 3
    server.counts_all_pages = counts_all_pages

    assert told(outcome_of(server, satisfied)) == (30, 0, 0, 0)
    assert len(server.asked) == 1 + 4


def test_no_call_asks_for_more_years_than_kolada_takes(server, children):
    _out, problems = run("--years", "1990-2026")

    assert problems == ""
    years = [path.split("/year/")[1].split("?")[0].split(",") for path in server.asked[1:]]
    assert [len(part) for part in years] == [25, 12]
    assert [*years[0], *years[1]] == [str(year) for year in range(1990, 2027)]
    assert all(path.endswith("?per_page=5000") for path in server.asked[1:])


def test_a_dry_run_counts_and_stores_nothing(server, satisfied, children):
    server.kpis[CHILDREN]["title"] = "Ny rubrik"

    out, problems = run("--dry-run")

    assert "30 new" in out
    assert "Ny rubrik" in problems
    assert not KeyFigureValue.objects.exists()
    children.refresh_from_db()
    satisfied.refresh_from_db()
    assert (children.stopped_because, satisfied.imported_at) == ("", None)


def test_one_indicator_or_one_key_figure_can_be_chosen(server, satisfied, children):
    run("--indicator", str(satisfied.indicator_id))
    assert {path.split("/")[-1] for path in server.asked if "/data/" not in path} == {SATISFIED}
    server.asked.clear()

    run("--kpi", CHILDREN)
    assert {path.split("/")[-1] for path in server.asked if "/data/" not in path} == {CHILDREN}

    assert "No indicator is mapped" in run("--kpi", "N00000")[1]
    assert "No indicator is mapped" in run("--indicator", "0")[1]


@pytest.mark.parametrize("years", ["2026-2015", "15-26", "1500", "2015,2016", "x", "2015-2300"])
def test_years_that_make_no_sense_are_refused(server, years):
    assert "2015-2026" in run("--years", years)[1]


def test_without_key_figures_there_is_nothing_to_do(server):
    assert run() == ("", "")
    assert server.asked == []


# --- What stops a key figure ---------------------------------------------------------------------


def test_a_changed_title_stops_the_key_figure_and_no_other(server, satisfied, children):
    run("--years", "2012-2026")
    before = stored(satisfied)
    server.kpis[SATISFIED]["title"] = "Andel nöjda, nytt mått"
    server.rows[SATISFIED][0]["values"][0]["value"] = 1
    server.rows[CHILDREN][0]["values"][0]["value"] = 2

    out, problems = run("--years", "2012-2026")

    assert "0 new, 1 changed, 13 unchanged" in out
    assert SATISFIED in problems
    assert "Andel nöjda, nytt mått" in problems
    assert "1 of 2 key figures were not imported" in problems
    assert stored(satisfied) == before
    satisfied.refresh_from_db()
    assert "“Andel nöjda, nytt mått”" in satisfied.stopped_because
    assert "administration" in satisfied.stopped_because

    satisfied.title = "Andel nöjda, nytt mått"
    satisfied.save()
    assert told(outcome_of(server, satisfied)) == (0, 1, 29, 0)
    satisfied.refresh_from_db()
    assert satisfied.stopped_because == ""


def test_an_answer_that_takes_away_too_much_stops_the_key_figure(server, children):
    outcome_of(server, children)
    before = stored(children)
    server.rows[CHILDREN] = server.rows[CHILDREN][:9]

    outcome = outcome_of(server, children)

    assert "Of 14 stored values 5 are missing" in outcome.problem
    assert stored(children) == before
    children.refresh_from_db()
    assert "--accept-changes" in children.stopped_because

    out, problems = run("--years", "2012-2026", "--accept-changes")
    assert (problems, "5 removed" in out) == ("", True)
    children.refresh_from_db()
    assert (len(stored(children)), children.stopped_because) == (9, "")


def test_an_answer_that_blanks_too_much_stops_the_key_figure(server, children):
    outcome_of(server, children)
    before = stored(children)
    for row in server.rows[CHILDREN][:5]:
        row["values"][0]["value"] = None

    assert "5 are missing" in outcome_of(server, children).problem
    assert stored(children) == before

    server.rows[CHILDREN][0]["values"][0]["value"] = 1
    assert told(outcome_of(server, children)) == (0, 5, 9, 0)


def test_an_empty_answer_takes_nothing_away(server, children):
    outcome_of(server, children)
    before = stored(children)
    server.rows[CHILDREN] = []

    assert "14 are missing" in outcome_of(server, children).problem
    assert stored(children) == before


def test_a_key_figure_changed_during_the_import_is_not_filled(server, satisfied):
    answer = Answer(satisfied, YEARS, satisfied.title, {(2020, "T"): Decimal(1)})
    KeyFigure.objects.filter(pk=satisfied.pk).update(kpi="N11111")

    assert "changed the key figure meanwhile" in store_answer(answer).problem
    assert stored(satisfied) == []


# --- Several at once, and a process that is killed ------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_store_each_value_once(server, satisfied):
    start = threading.Barrier(2, timeout=20)
    outcomes = []

    def import_it():
        try:
            start.wait()
            outcomes.append(outcome_of(server, satisfied, patience=Patience()))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=import_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(told(outcome) for outcome in outcomes) == [(0, 0, 30, 0), (30, 0, 0, 0)]
    assert len(stored(satisfied)) == 30


@contextmanager
def importing_process(server):
    where = connection.settings_dict
    source = (
        {"EMBEDDED_DIR": str(where["EMBEDDED_DIR"])}
        if where["ENGINE"] == "stockholm_quality.embedded"
        else {}
    )
    code = (
        "import os\n"
        "from django.conf import settings\n"
        "settings.DATABASES['default']['NAME'] = os.environ['TEST_DATABASE']\n"
        "from django.core.management import execute_from_command_line\n"
        "execute_from_command_line(['manage.py', 'import_kolada', '--years', '2012-2026'])\n"
    )
    environment = {
        "DJANGO_SETTINGS_MODULE": "stockholm_quality.settings",
        "TEST_DATABASE": where["NAME"],
        "KOLADA_URL": server.url,
        "NO_PROXY": "127.0.0.1",
    }
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=project.BASE_DIR,
        env=os.environ | source | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


def completes(server):
    with importing_process(server) as importing:
        importing.communicate(timeout=60)
    return importing.returncode == 0


def wait_for(condition):
    ends_at = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < ends_at
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
def test_a_killed_import_leaves_each_key_figure_whole_and_the_next_run_completes(server):
    satisfied, children = mapped(server, SATISFIED), mapped(server, CHILDREN)
    outcome_of(server, children)
    before = stored(children)
    last = KeyFigureValue.objects.get(key_figure=children, year=2025)
    rows = server.rows[CHILDREN]
    rows.append({**rows[-1], "period": 2026})
    for row in rows:
        row["values"] = [{**row["values"][0], "value": 99}]

    with importing_process(server) as importing, transaction.atomic():
        # The second key figure has new rows written and stands still at one that we hold.
        KeyFigureValue.objects.select_for_update().get(pk=last.pk)
        wait_for(waits_for_a_lock)
        importing.send_signal(signal.SIGKILL)
        importing.wait(30)

    assert importing.returncode == -signal.SIGKILL
    assert len(stored(satisfied)) == 30
    assert stored(children) == before
    wait_for(lambda: not waits_for_a_lock())

    assert completes(server)
    assert len(stored(satisfied)) == 30
    assert [row[3] for row in stored(children)] == [99] * 15


@pytest.mark.django_db(transaction=True)
def test_an_import_killed_while_kolada_answers_has_stored_nothing_of_the_key_figure(server):
    satisfied, children = mapped(server, SATISFIED), mapped(server, CHILDREN)
    reached, go_on = threading.Event(), threading.Event()

    def hold(handler):
        reached.set()
        go_on.wait(30)

    server.instead[f"data/kpi/{CHILDREN}"] = hold
    with importing_process(server) as importing:
        assert reached.wait(30)
        importing.send_signal(signal.SIGKILL)
    go_on.set()

    assert (len(stored(satisfied)), stored(children)) == (30, [])
    server.instead.clear()
    assert completes(server)
    assert (len(stored(satisfied)), len(stored(children))) == (30, 14)


# --- What is shown -------------------------------------------------------------------------------


def test_the_series_of_an_indicator_costs_one_query(server, satisfied, django_assert_num_queries):
    outcome_of(server, satisfied)

    with django_assert_num_queries(1):
        series = key_figure_series(satisfied.indicator)

    assert [year for year, _values in series] == list(range(2015, 2025))


def test_an_indicator_that_is_not_mapped_has_no_series(server):
    indicator = Indicator.objects.create(
        unit=Unit.objects.city_root(), title="Eget mått", unit_of_measure="%"
    )

    assert key_figure_series(indicator) == []
