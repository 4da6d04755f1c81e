"""Key figures from Kolada: stored whole or not at all, whatever Kolada answers."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from decimal import Decimal
from email.utils import format_datetime
from io import StringIO

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.utils import timezone, translation

from goals.actions.key_figures import Answer, import_key_figures, store_answer
from goals.kolada import LARGEST_ANSWER, MOST_PAGES, Kolada, KoladaError, Patience
from goals.kolada_series import key_figure_series
from goals.models import Indicator, KeyFigure, KeyFigureValue
from goals.tests.kolada_server import running_server
from units.models import Unit

SATISFIED, CHILDREN = "N90001", "N90002"
YEARS = range(2012, 2027)
HASTY = Patience(connect=0.5, read=0.5, in_all=2, tries=2, longest_wait=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(monkeypatch, settings):
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


@pytest.fixture
def satisfied(server):
    return mapped(server, SATISFIED)


@pytest.fixture
def children(server):
    return mapped(server, CHILDREN)


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


# --- Answers that cannot be relied on ------------------------------------------------------------


def changed_row(**fields):
    return lambda rows: rows[3].update(fields)


def changed_value(**fields):
    return lambda rows: rows[3]["values"][0].update(fields)


def repeat(rows):
    rows.append(rows[3])


def repeat_gender(rows):
    rows[3]["values"].append(rows[3]["values"][0])


def without_value(rows):
    del rows[3]["values"][0]["value"]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (changed_row(kpi="N11111"), "answered for N11111"),
        (changed_value(gender="X"), "unknown gender: X"),
        (changed_value(value=1e14), "out of range"),
        (changed_value(value="99999999999999.99999"), "out of range"),
        (changed_value(value=-(10**4000)), "out of range"),
        (changed_value(value="NaN"), "out of range"),
        (changed_value(value="12,5"), "another form"),
        (changed_value(value=True), "another form"),
        (changed_row(values=None), "another form"),
        (without_value, "another form"),
        (repeat, "answered twice for 2018"),
        (repeat_gender, "answered twice for 2018"),
    ],
)
def test_a_row_that_is_wrong_leaves_everything_as_it_was(server, satisfied, children, spoil, why):
    run("--years", "2012-2026")
    before = stored(satisfied)
    server.rows[SATISFIED][0]["values"][0]["value"] = 1
    server.rows[CHILDREN][0]["values"][0]["value"] = 2
    spoil(server.rows[SATISFIED])

    out, problems = run("--years", "2012-2026")

    assert why in problems
    assert SATISFIED in problems
    assert "The old values stay." in problems
    assert "1 changed" in out  # the other one
    assert stored(satisfied) == before


def test_a_row_of_another_municipality_or_year_is_refused(server, satisfied):
    page = server.page(SATISFIED, "0180", [str(year) for year in YEARS], 1)
    for field, value, why in [
        ("municipality", "1480", "in 1480"),
        ("period", 1999, "a year not asked for: 1999"),
    ]:
        rows = [{**page["values"][0], field: value}]
        server.instead["data/"] = lambda handler, rows=rows: handler.say(
            {"count": 1, "values": rows}
        )
        assert why in outcome_of(server, satisfied).problem
    assert stored(satisfied) == []


def say(body, status=200, **headers):
    return lambda handler: handler.say(body, status, **headers)


def cut(handler):
    handler.say(b'{"count": 1, "values": [', Content_Length="900")
    handler.close_connection = True


def hang_up(handler):
    handler.close_connection = True


def keep_silent(handler):
    time.sleep(0.8)


def drip(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _second in range(30):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


def flood(handler):
    handler.say(b" " * (LARGEST_ANSWER + 1))


def ever_onwards(handler):
    number = len(handler.server.kolada.asked)
    handler.say({"count": 0, "values": [], "next_url": f"/v3/data/?page={number}"})


def round_in_a_ring(handler):
    handler.say({"count": 0, "values": [], "next_url": f"/v3{handler.path[3:]}"})


@pytest.mark.parametrize("where", ["kpi/", "data/"])
@pytest.mark.parametrize(
    ("misbehave", "why"),
    [
        (say({}, 500), "the error 500"),
        (say({}, 403), "the error 403"),
        (say({}, 404), "404"),
        (say({}, 302, Location="/v3/elsewhere"), "the error 302"),
        (say({}, 429, Retry_After="3600"), "alone for 3600 seconds"),
        (say({}, 429, Retry_After="0"), "too much to do"),
        (say({}, 503, Retry_After="0"), "too much to do"),
        (say(b"<html>Hello</html>"), "is broken"),
        (say(b'{"count": 3, "values": [{"kpi":'), "is broken"),
        (say(b"[" * 100_000), "another form"),
        (say([]), "another form"),
        (say({"count": 0}), "another form"),
        (say(b"\xff\xfe", Content_Encoding="gzip"), "broke in the middle"),
        (cut, "broke in the middle"),
        (hang_up, "broke in the middle"),
        (keep_silent, "not answer in time"),
        (drip, "not answer in time"),
        (flood, "too large"),
    ],
)
def test_whatever_kolada_does_the_old_values_stay(server, satisfied, where, misbehave, why):
    outcome_of(server, satisfied)
    before = stored(satisfied)
    server.instead[where] = misbehave

    outcome = outcome_of(server, satisfied)

    assert why in outcome.problem
    assert outcome.problem.endswith("The old values stay.")
    assert str(satisfied) in outcome.told
    assert stored(satisfied) == before
    satisfied.refresh_from_db()
    assert satisfied.stopped_because == ""


@pytest.mark.parametrize(
    ("misbehave", "why"), [(ever_onwards, "no end"), (round_in_a_ring, "no end")]
)
def test_pages_without_end_are_not_read_for_ever(server, satisfied, misbehave, why):
    server.instead["data/"] = misbehave

    assert why in outcome_of(server, satisfied).problem
    assert len(server.asked) <= 1 + MOST_PAGES


@pytest.mark.parametrize("count", [9, 11, -1])
def test_an_answer_that_counts_otherwise_than_it_holds_is_refused(server, satisfied, count):
    page = server.page(SATISFIED, "0180", [str(year) for year in YEARS], 1)
    server.instead["data/"] = say({**page, "count": count})

    assert f"it says {count} and holds 10" in outcome_of(server, satisfied).problem


def test_a_missing_page_is_noticed(server, satisfied):
    server.rows_in_a_page = 4
    server.counts_all_pages = True
    page = server.page(SATISFIED, "0180", [str(year) for year in YEARS], 1)
    server.instead["data/"] = say({**page, "next_url": None})

    assert "it says 10 and holds 4" in outcome_of(server, satisfied).problem


@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://169.254.169.254/v3/data",
        "http://127.0.0.1:{other}/v3/data",
        "https://127.0.0.1:{port}/v3/data",
        "//evil.test/v3/data",
        "http://127.0.0.1:{port}@evil.test/",
        "http://someone:secret@127.0.0.1:{port}/v3/data",
        "file:///etc/passwd",
        "http://[",
    ],
)
def test_a_page_on_another_server_is_not_followed(server, satisfied, elsewhere):
    port = int(server.url.split(":")[2].split("/")[0])
    url = elsewhere.format(port=port, other=port + 1)
    server.instead["data/"] = say({"count": 0, "values": [], "next_url": url})

    assert "another server" in outcome_of(server, satisfied).problem
    assert len(server.asked) == 2


def test_kolada_is_asked_again_after_the_wait_it_names(server, satisfied):
    soon = format_datetime(timezone.now(), usegmt=True)
    for told_wait in ("0", soon, "soon"):
        busy = iter([True])

        def once_busy(handler, busy=busy, told_wait=told_wait):
            if next(busy, False):
                handler.say({}, 429, Retry_After=told_wait)
            else:
                handler.say({"count": 1, "values": [server.kpis[SATISFIED]]})

        server.instead["kpi/"] = once_busy
        assert outcome_of(server, satisfied).problem == ""


def test_a_key_figure_that_kolada_no_longer_has_is_told(server, satisfied):
    del server.kpis[SATISFIED]

    assert "no such key figure" in outcome_of(server, satisfied).problem


def test_a_description_of_another_key_figure_is_refused(server, satisfied):
    server.instead["kpi/"] = say({"count": 1, "values": [server.kpis[CHILDREN]]})

    assert "another key figure" in outcome_of(server, satisfied).problem


def test_without_network_every_key_figure_says_so_and_the_command_fails(
    server, satisfied, children, settings
):
    with running_server() as gone:
        settings.KOLADA_URL = gone.url

    _out, problems = run()

    assert problems.count("cannot be reached") == 2
    assert "2 of 2" in problems
    for url in ("ftp://127.0.0.1/", "nonsense"):
        with Kolada(url, HASTY) as kolada, pytest.raises(KoladaError, match="cannot be reached"):
            kolada.title_of(SATISFIED)


def test_messages_come_in_the_language_of_the_settings(server, satisfied, settings):
    settings.LANGUAGE_CODE = "en"
    server.kpis[SATISFIED]["title"] = "Annan"

    with translation.override("sv"):
        assert "Kolada now calls it" in run()[1]


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
