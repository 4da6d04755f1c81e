"""The private PostgreSQL, used by real processes that come, go and are killed."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from stockholm_quality.embedded import watcher

PROJECT = Path(__file__).parents[2]
SITE_PACKAGES = Path(psutil.__file__).parents[1]
# Named in full: the Python of the user nobody may be another than ours.
PYTHONPATH = f"{PROJECT}:{SITE_PACKAGES}"
AS_ROOT = os.geteuid() == 0

PRELUDE = """
import os, sys, threading, time
from pathlib import Path
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="x", USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    BASE_DIR=Path(sys.argv[1]).parent,
    INSTALLED_APPS=["django.contrib.contenttypes"],
    DATABASES={"default": {
        "ENGINE": "stockholm_quality.embedded", "NAME": "portal", "EMBEDDED_DIR": sys.argv[1],
        "CONN_HEALTH_CHECKS": True, "CONN_MAX_AGE": 0,
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 8, "timeout": 10}},
    }},
)
django.setup()
from django.core.management import call_command
from django.db import connection, connections

def ask(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0] if cursor.description else None

def say(*words):
    print(*words, flush=True)

def wait():
    say("waiting")
    sys.stdin.readline()
"""


class User:
    """A process of its own that runs a script on the database of a folder."""

    def __init__(
        self,
        folder: Path,
        script: str,
        *,
        python: tuple[str, ...] = (sys.executable,),
        **environment: str,
    ) -> None:
        paths = [environment.pop("first_path", ""), PYTHONPATH]
        self.process = subprocess.Popen(
            [*python, "-c", PRELUDE + script, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            env=os.environ | {"PYTHONPATH": ":".join(filter(None, paths))} | environment,
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        if line := self.process.stdout.readline().strip():
            return line
        raise AssertionError(self.process.communicate()[1])

    def until_waiting(self) -> "User":
        assert self.line() == "waiting"
        return self

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> list[str]:
        out, error = self.process.communicate("\n", timeout=60)
        assert self.process.returncode == 0, error
        return out.splitlines()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def fail(self) -> str:
        _, error = self.process.communicate("\n", timeout=60)
        assert self.process.returncode != 0
        return error


WAIT_AS_USER = "ask('SELECT 1'); wait()"


def make_base() -> Path:
    """A folder that the account of root's server can reach; pytest's own are closed to it."""
    memory = Path("/dev/shm")
    # Clusters are made by the dozen here, and each waits for the disk several times.
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 1_000_000_000
    base = Path(tempfile.mkdtemp(prefix="embedded-postgres-", dir=memory if roomy else None))
    base.chmod(0o755)
    return base


@pytest.fixture
def folders() -> Iterator[Callable[[str], Path]]:
    """Makes folders for servers; sees that no server is left in them."""
    base = make_base()
    made: list[Path] = []

    def make(name: str = "project") -> Path:
        folder = base / name / ".postgres"
        folder.parent.mkdir(parents=True)
        made.append(folder)
        return folder

    yield make
    for folder in made:
        # The watcher stops what a failed test left, once the test's processes are gone.
        assert stops(folder), "a server is still running"
    shutil.rmtree(base)


@pytest.fixture
def folder(folders) -> Path:
    return folders("project")


@pytest.fixture(scope="module")
def running_folder() -> Iterator[Path]:
    """A server that runs anyway, for tests of what it is rather than of how it comes and goes."""
    base = make_base()
    user = User(base / ".postgres", WAIT_AS_USER).until_waiting()
    yield base / ".postgres"
    user.end()
    stops(base / ".postgres")
    shutil.rmtree(base)


def server_of(folder: Path) -> psutil.Process:
    process = watcher.postmaster(folder / "data")
    assert process is not None
    return process


def stops(folder: Path, within: float = 15) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if watcher.postmaster(folder / "data") is None:
            return True
        time.sleep(0.05)
    return False


def watchers_of(folder: Path) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if {watcher.__file__, str(folder)} <= set(process.info["cmdline"] or ())
    ]


def crash(server: psutil.Process) -> None:
    for process in [server, *server.children()]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
