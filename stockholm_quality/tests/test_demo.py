"""`manage.py demo` as a newcomer meets it: real processes on a server of their own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener, urlopen

import psycopg
import pytest

from stockholm_quality.city import ACCOUNTS, PASSWORD
from stockholm_quality.embedded.place import PORT, place_for

PROJECT = Path(__file__).parents[2]
LONGEST_WAIT = 90
SETTINGS_OF_A_PORTAL = {"PORTAL_ENV", "PORTAL_DEMO", "DATABASE_URL", "EMBEDDED_DIR", "DEBUG"}


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in SETTINGS_OF_A_PORTAL}
    return kept | {"EMBEDDED_DIR": str(folder), "PYTHONUNBUFFERED": "1"} | more


def manage(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=PROJECT,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT,
        check=False,
    )


def make_folder() -> Path:
    """Where a server for the user nobody can live too, when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="demo-"))
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    folder = make_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def first_run(folder: Path) -> subprocess.CompletedProcess[str]:
    return manage(folder, "demo", "--no-serve")


def connect(folder: Path, database: str = "portal_demo") -> psycopg.Connection:
    """The server lives as long as a process uses it; the fixture `server` sees to that."""
    socket_folder = str(place_for(folder).socket_folder)
    return psycopg.connect(
        host=socket_folder, port=PORT, user="portal", dbname=database, autocommit=True
    )


@pytest.fixture(scope="module")
def server(folder: Path, first_run: subprocess.CompletedProcess[str]) -> Iterator[Path]:
    """The demo's database server, kept up for the module by a process that does nothing else."""
    keeper = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import django; django.setup(); from django.db import connection\n"
            "connection.ensure_connection(); print('up', flush=True); input()",
        ],
        cwd=PROJECT,
        env=environment(
            folder, PORTAL_DEMO="1", DJANGO_SETTINGS_MODULE="stockholm_quality.settings"
        ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert keeper.stdout is not None
    assert keeper.stdout.readline() == "up\n"
    yield folder
    keeper.communicate("\n")


@pytest.fixture
def city(server: Path) -> Iterator[psycopg.Connection]:
    with connect(server) as connection:
        yield connection


def one(connection: psycopg.Connection, statement: str) -> Any:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return row[0]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def start(folder: Path, port: int, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--port", str(port), *words],
        cwd=PROJECT,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(process: subprocess.Popen[str], word: str) -> str:
    assert process.stdout is not None
    read = ""
    while word not in read:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        read += line
    return read


# --- The first start ---------------------------------------------------------------------------


def test_the_first_start_fills_the_city_and_prints_the_accounts_with_the_password(first_run, city):
    assert first_run.returncode == 0, first_run.stderr
    assert first_run.stderr == ""
    lines = first_run.stdout.splitlines()
    for account in ACCOUNTS:
        assert [PASSWORD in line for line in lines if line.split()[:1] == [account]] == [True]
    assert one(city, "SELECT count(*) FROM units_user") >= 250


def test_progress_is_shown_before_the_accounts(first_run):
    before = first_run.stdout.partition(PASSWORD)[0]

    assert before.count("…") >= 5


def test_the_demo_leaves_the_portals_own_database_empty(server):
    migrated = manage(server, "migrate", "--verbosity", "0")

    assert migrated.returncode == 0, migrated.stderr
    with connect(server, "portal") as connection:
        assert one(connection, "SELECT count(*) FROM units_user") == 0
        assert one(connection, "SELECT count(*) FROM goals_goal") == 0


# --- Later starts ------------------------------------------------------------------------------


def test_a_second_start_is_quick_and_keeps_what_was_entered(server, city):
    city.execute("UPDATE units_user SET given_name = 'Ändrad' WHERE account_name = 'chef'")
    begun = time.monotonic()

    again = manage(server, "demo", "--no-serve")

    assert again.returncode == 0, again.stderr
    assert time.monotonic() - begun < 20
    assert one(city, "SELECT given_name FROM units_user WHERE account_name = 'chef'") == "Ändrad"


def test_reset_begins_anew_with_a_city_of_the_size_asked_for(server, city):
    city.execute("UPDATE units_user SET given_name = 'Ändrad' WHERE account_name = 'chef'")

    reset = manage(server, "demo", "--reset", "--no-serve", "--employees", "250")

    assert reset.returncode == 0, reset.stderr
    name = one(city, "SELECT given_name FROM units_user WHERE account_name = 'chef'")
    assert name == ACCOUNTS["chef"].given_name
    assert one(city, "SELECT count(*) FROM units_user") == 250


def test_a_reset_that_is_interrupted_leaves_the_old_city(server, city):
    city.execute("UPDATE units_user SET given_name = 'Kvar' WHERE account_name = 'chef'")
    port = free_port()
    process = start(server, port, "--reset", "--employees", "20000")
    # The third line of progress is written once the old city is cleared and the new one is built.
    for _ in range(3):
        read_until(process, "…")

    process.send_signal(signal.SIGINT)
    _out, error = process.communicate(timeout=LONGEST_WAIT)

    assert process.returncode == 130
    assert "Traceback" not in error
    assert one(city, "SELECT given_name FROM units_user WHERE account_name = 'chef'") == "Kvar"


# --- The server --------------------------------------------------------------------------------


@pytest.fixture
def running(server: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    process = start(server, port)
    try:
        read_until(process, PASSWORD)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def sign_in(opener: OpenerDirector, address: str, account: str) -> str:
    page = opener.open(f"{address}/", timeout=LONGEST_WAIT)
    html = page.read().decode()
    token = html.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    form = {"username": account, "password": PASSWORD, "csrfmiddlewaretoken": token}
    answer = opener.open(page.url, urlencode(form).encode(), timeout=LONGEST_WAIT)
    return answer.read().decode()


def test_the_address_opens_and_serves_pages_and_static_files(running):
    _process, address = running

    assert urlopen(f"{address}/", timeout=LONGEST_WAIT).status == 200
    style = urlopen(f"{address}/static/css/tokens.css", timeout=LONGEST_WAIT)
    assert style.headers["Content-Type"].startswith("text/css")


def test_every_account_signs_in_with_the_printed_password(running):
    _process, address = running

    for account in ACCOUNTS:
        opener = build_opener(HTTPCookieProcessor(CookieJar()))
        page = sign_in(opener, address, account)
        assert 'name="password"' not in page, account


def test_control_c_stops_it_without_a_word_of_error(running):
    process, _address = running

    process.send_signal(signal.SIGINT)
    _out, error = process.communicate(timeout=LONGEST_WAIT)

    assert (process.returncode, error) == (0, "")


def test_a_second_demo_on_the_same_port_is_told_so(running):
    process, address = running
    port = address.rpartition(":")[2]

    second = manage(Path(tempfile.gettempdir()), "demo", "--port", port)

    assert second.returncode == 1
    assert port in second.stderr
    assert process.poll() is None


def test_a_taken_port_is_said_before_anything_else_happens():
    folder = make_folder()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        refused = manage(folder, "demo", "--port", str(port))

    assert (refused.returncode, refused.stdout) == (1, "")
    assert f" {port} " in refused.stderr
    assert "manage.py demo --port " in refused.stderr
    assert "Traceback" not in refused.stderr
    assert list(folder.iterdir()) == []
    folder.rmdir()


@pytest.mark.parametrize("port", ["0", "åtta"])
def test_a_port_that_is_none_is_refused(port):
    folder = make_folder()

    refused = manage(folder, "demo", f"--port={port}")

    assert refused.returncode == 2
    assert "65535" in refused.stderr
    assert list(folder.iterdir()) == []
    folder.rmdir()


# --- Where it does not run ---------------------------------------------------------------------


@pytest.mark.parametrize("demo", ["", "0"])
def test_production_settings_refuse_the_demo(demo):
    folder = make_folder()
    production = {
        "PORTAL_ENV": "production",
        "SECRET_KEY": "x" * 60,
        "ALLOWED_HOSTS": "portal.example",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    }
    if demo:
        production["PORTAL_DEMO"] = demo

    refused = manage(folder, "demo", "--no-serve", **production)

    assert refused.returncode != 0
    assert refused.stdout == ""
    assert "production" in refused.stderr or "produktion" in refused.stderr
    folder.rmdir()


def test_without_the_demos_settings_the_demo_would_meet_the_real_database_and_is_refused():
    folder = make_folder()

    refused = manage(folder, "demo", "--no-serve", PORTAL_DEMO="0")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert "PORTAL_DEMO" in refused.stderr
    assert list(folder.iterdir()) == []
    folder.rmdir()


# --- A database of one's own choice --------------------------------------------------------------


@pytest.fixture
def chosen(server: Path, request: pytest.FixtureRequest) -> Iterator[tuple[dict[str, str], str]]:
    """The setting for a database that starts as a copy of another, and its name."""
    name, template = f"chosen_{os.getpid()}", request.param
    with connect(server, "postgres") as connection:
        if template == "portal":
            assert manage(server, "migrate", "--verbosity", "0").returncode == 0
        _disconnect(connection, template)
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    socket_folder = place_for(server).socket_folder
    yield {"DATABASE_URL": f"postgresql://portal@:{PORT}/{socket_folder}/{name}"}, name
    with connect(server, "postgres") as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _disconnect(connection: psycopg.Connection, database: str) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
    )


STRANGER = """
    INSERT INTO units_user (password, account_name, email, given_name, family_name,
        has_protected_identity, is_active, language, appearance, revision)
    VALUES ('!', 'astrid', 'astrid@stad.example', 'Astrid', 'Verklig', false, true, 'sv', 'auto', 1)
"""


@pytest.mark.parametrize("chosen", ["template1", "portal"], indirect=True)
def test_an_empty_database_of_ones_own_is_filled(server, chosen):
    setting, name = chosen

    filled = manage(server, "demo", "--no-serve", "--employees", "200", **setting)

    assert filled.returncode == 0, filled.stderr
    with connect(server, name) as connection:
        assert one(connection, "SELECT count(*) FROM units_user") == 200


@pytest.mark.parametrize("words", [[], ["--reset"]])
@pytest.mark.parametrize("chosen", ["portal"], indirect=True)
def test_a_database_with_other_people_is_neither_filled_nor_reset(server, chosen, words):
    setting, name = chosen
    with connect(server, name) as connection:
        connection.execute(STRANGER)

    refused = manage(server, "demo", "--no-serve", *words, **setting)

    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
    assert "DATABASE_URL" in refused.stderr
    with connect(server, name) as connection:
        people = connection.execute("SELECT account_name FROM units_user").fetchall()
    assert people == [("astrid",)]


@pytest.mark.parametrize("chosen", ["portal"], indirect=True)
def test_a_database_with_goals_and_no_people_is_not_reset_either(server, chosen):
    setting, name = chosen
    file = str(PROJECT / "goals/data/council_goals.csv")
    assert manage(server, "import_council_goals", file, **setting).returncode == 0

    refused = manage(server, "demo", "--no-serve", "--reset", **setting)

    assert refused.returncode == 1
    with connect(server, name) as connection:
        assert one(connection, "SELECT count(*) FROM goals_goal") == 21


@pytest.mark.parametrize("chosen", ["portal_demo"], indirect=True)
def test_a_demo_that_someone_else_was_entered_in_is_kept_and_not_reset(server, chosen):
    setting, name = chosen
    with connect(server, name) as connection:
        connection.execute(STRANGER)

    kept = manage(server, "demo", "--no-serve", **setting)
    refused = manage(server, "demo", "--no-serve", "--reset", **setting)

    assert kept.returncode == 0, kept.stderr
    assert refused.returncode == 1
    with connect(server, name) as connection:
        statement = "SELECT count(*) FROM units_user WHERE account_name = 'astrid'"
        assert one(connection, statement) == 1


@pytest.mark.parametrize("chosen", ["template1"], indirect=True)
def test_another_programs_database_is_not_even_prepared(server, chosen):
    setting, name = chosen
    with connect(server, name) as connection:
        connection.execute("CREATE TABLE somebody_elses (id int)")

    refused = manage(server, "demo", "--no-serve", **setting)

    assert (refused.returncode, "DATABASE_URL" in refused.stderr) == (1, True)
    with connect(server, name) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
    assert tables == [("somebody_elses",)]


def test_a_database_that_does_not_answer_is_said_in_words(server):
    setting = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}

    refused = manage(server, "demo", "--no-serve", **setting)

    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
