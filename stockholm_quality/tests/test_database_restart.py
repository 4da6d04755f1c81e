"""The portal's own settings and WSGI application under gunicorn, while its database restarts."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from stockholm_quality.embedded import watcher
from stockholm_quality.embedded.place import place_for
from stockholm_quality.tests.embedded_rig import PYTHONPATH, User, stops

SETTINGS = """
from stockholm_quality.settings import *
ROOT_URLCONF = "restart_urls"
"""
URLS = """
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

@csrf_exempt
@login_not_required
def keep(request, word):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO kept VALUES (%s)", [word])
    return HttpResponse("kept")

urlpatterns = [path("keep/<str:word>/", keep)]
"""
DOWN_SECONDS = 1.3


@dataclass
class Portal:
    """gunicorn with two workers, and the database behind it."""

    folder: Path
    port: int
    restarts_itself: bool
    answers: list[tuple[str, bool, float]] = field(default_factory=list)

    def post(self, word: str) -> bool:
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("POST", f"/keep/{word}/")
            kept = connection.getresponse().read() == b"kept"
        except OSError:
            kept = False
        finally:
            connection.close()
        self.answers.append((word, kept, time.monotonic() - began))
        return kept

    def restart_database(self) -> None:
        server = watcher.postmaster(self.folder / "data")
        assert server is not None
        server.send_signal(signal.SIGINT)
        assert not watcher.still_alive([server], timeout=10)
        if not self.restarts_itself:
            time.sleep(DOWN_SECONDS)
            User(self.folder, "ask('SELECT 1')").end()

    def kept(self) -> set[str]:
        place = place_for(self.folder)
        where = psycopg.conninfo.make_conninfo(
            host=str(place.socket_folder), user="portal", dbname="portal"
        )
        with psycopg.connect(where) as connection:
            return {word for (word,) in connection.execute("SELECT word FROM kept")}


@pytest.fixture(params=["embedded", pytest.param("DATABASE_URL", marks=pytest.mark.slow)])
def portal(request) -> Iterator[Portal]:
    # On the disk, not in memory: how long a commit and a restart take is the point.
    base = Path(tempfile.mkdtemp(prefix="database-restart-"))
    base.chmod(0o755)
    folder = base / ".postgres"
    (base / "restart_settings.py").write_text(SETTINGS)
    (base / "restart_urls.py").write_text(URLS)
    # The owner of the database: keeps it from being stopped while gunicorn starts and stops.
    owner = User(folder, "ask('CREATE TABLE kept (word text PRIMARY KEY)'); wait()")
    owner.until_waiting()
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {
        "PYTHONPATH": f"{base}:{PYTHONPATH}",
        "DJANGO_SETTINGS_MODULE": "restart_settings",
        "EMBEDDED_DIR": str(folder),
    }
    if request.param == "DATABASE_URL":
        host = place_for(folder).socket_folder
        environment["DATABASE_URL"] = f"postgres://portal@/portal?host={host}"
    command = [sys.executable, "-m", "gunicorn", "--workers", "2", "--threads", "4"]
    with (base / "gunicorn.log").open("w") as log:
        gunicorn = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{port}", "stockholm_quality.wsgi"],
            cwd=base,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    portal = Portal(folder, port, restarts_itself=request.param == "embedded")
    try:
        deadline = time.monotonic() + 30
        while not portal.post(f"start-{time.monotonic_ns()}"):
            assert time.monotonic() < deadline, (base / "gunicorn.log").read_text()
            time.sleep(0.1)
        portal.answers.clear()
        yield portal
    finally:
        gunicorn.terminate()
        gunicorn.wait(20)
        owner.end()
        stopped = stops(folder)
        shutil.rmtree(base)
    assert stopped


def test_no_request_fails_after_a_restart_while_idle(portal):
    for number in range(20):
        portal.post(f"before-{number}")
    portal.restart_database()

    failed = [number for number in range(100) if not portal.post(f"after-{number}")]

    assert failed == []
    assert max(seconds for _, _, seconds in portal.answers) < 10
    assert {word for word, _, _ in portal.answers} <= portal.kept()


@pytest.mark.slow
def test_a_restart_under_load_fails_few_requests_and_loses_nothing(portal):
    over = threading.Event()

    def work(worker: int) -> None:
        number = 0
        while not over.is_set():
            number += 1
            portal.post(f"{worker}-{number}")

    threads = [threading.Thread(target=work, args=[worker]) for worker in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(3)
    portal.restart_database()
    time.sleep(6)
    over.set()
    for thread in threads:
        thread.join()

    failed = [word for word, kept, _ in portal.answers if not kept]
    acknowledged = {word for word, kept, _ in portal.answers if kept}
    slowest = max(seconds for _, _, seconds in portal.answers)
    print(f"{len(portal.answers)} requests, {len(failed)} failed, slowest {slowest:.2f} s")

    assert len(portal.answers) > 500
    assert len(failed) <= 10
    assert slowest < 10
    assert acknowledged - portal.kept() == set()
