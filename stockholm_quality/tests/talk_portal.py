"""The whole portal under gunicorn with a talk in it, on a database of its own that is killed."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import psutil  # type: ignore[import-untyped]
import psycopg

from stockholm_quality.embedded import watcher
from stockholm_quality.embedded.place import place_for
from stockholm_quality.tests.embedded_rig import PYTHONPATH, crash, server_of, stops

SCENE = """
import json
import django
django.setup()
from django.conf import settings
from django.core.management import call_command
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
call_command("migrate", verbosity=0)
from django.test import Client
from dialogues.tests.records import build_talk
from dialogues.tests.joint import keys_of
from stockholm_quality.tests.world import build_world
world = build_world()
talk = build_talk(world)
cookies = {}
for who in ("manager", "employee"):
    client = Client()
    client.force_login(world.people[who])
    cookies[who] = client.cookies[settings.SESSION_COOKIE_NAME].value
print(json.dumps({"talk": talk.pk, "keys": keys_of(talk), "sessions": cookies,
                  "cookie": settings.SESSION_COOKIE_NAME}))
"""


@dataclass
class Answer:
    status: int
    body: str
    location: str = ""


class TalkPortal:
    """`talk` is held; `keys` are the rows of its sections, the second the employee's alone."""

    def __init__(self, base: Path, port: int, scene: dict[str, Any]) -> None:
        self.base, self.folder, self.port = base, base / ".postgres", port
        self.talk, self.keys = scene["talk"], scene["keys"]
        self._sessions, self._cookie = scene["sessions"], scene["cookie"]
        self.gunicorn: subprocess.Popen[bytes] | None = None
        self._tokens: dict[str, tuple[str, str]] = {}

    # --- What a browser does ---

    def get(self, who: str, path: str) -> Answer:
        return self._ask(who, "GET", path)

    def post(self, who: str, path: str, fields: dict[str, Any], *, script: bool = False) -> Answer:
        """Raises OSError when no answer comes."""
        token, cookie = self._token(who)
        data = {"csrfmiddlewaretoken": token, "form_token": str(uuid4()), **fields}
        more = {"Accept": "application/json"} if script else {}
        return self._ask(who, "POST", path, urlencode(data), more=more, csrf=cookie)

    def save(self, who: str, key: str, seen: str, text: str) -> Answer:
        fields = {f"{key}-seen": seen, f"{key}-text": text}
        return self.post(who, f"/samtal/{self.talk}/gemensamt/", fields, script=True)

    def _token(self, who: str) -> tuple[str, str]:
        if who not in self._tokens:
            self.get(who, f"/samtal/{self.talk}/")
        return self._tokens[who]

    def _ask(
        self,
        who: str,
        method: str,
        path: str,
        body: str | None = None,
        *,
        more: dict[str, str] | None = None,
        csrf: str = "",
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        cookies = f"{self._cookie}={self._sessions[who]}" + (f"; {csrf}" if csrf else "")
        headers = {"Cookie": cookies, "Accept": "text/html", **(more or {})}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            read = response.read().decode()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()
        given = [
            value.partition(";")[0]
            for name, value in response.getheaders()
            if name.lower() == "set-cookie" and "csrf" in value.partition("=")[0]
        ]
        if given and 'name="csrfmiddlewaretoken" value="' in read:
            token = read.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
            self._tokens[who] = (token, given[0])
        return Answer(response.status, read, response.getheader("Location") or "")

    # --- What happens to it ---

    def restart_database(self) -> None:
        server = server_of(self.folder)
        server.send_signal(signal.SIGINT)
        assert not watcher.still_alive([server], timeout=10)

    def waits_for_the_disk(self, waits: bool) -> None:
        """Whether a commit is answered once it is on the disk, as it always is, or before."""
        # What the server is started with stands above its files, and below the role's own.
        lines = "" if waits else "wal_writer_delay = '10s'\n"
        (self.folder / "data" / "postgresql.auto.conf").write_text(lines)
        self.rows(f"ALTER ROLE portal SET synchronous_commit = {'on' if waits else 'off'}")
        self.restart_database()
        self.until_answers()

    def crash_database(self) -> None:
        crash(server_of(self.folder))

    def kill_workers(self) -> None:
        assert self.gunicorn is not None
        for worker in psutil.Process(self.gunicorn.pid).children():
            with suppress(psutil.NoSuchProcess):
                worker.kill()

    def until_answers(self, within: float = 30) -> None:
        deadline = time.monotonic() + within
        while True:
            with suppress(OSError):
                if self.get("manager", f"/samtal/{self.talk}/").status == 200:
                    return
            assert time.monotonic() < deadline, (self.base / "gunicorn.log").read_text()[-4000:]
            time.sleep(0.1)

    # --- What is stored ---

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Asked past the portal."""
        host = str(place_for(self.folder).socket_folder)
        where = psycopg.conninfo.make_conninfo(host=host, user="portal", dbname="portal")
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute("SELECT set_config('portal.upkeep', 'on', false)")
            found = connection.execute(statement, values)
            return found.fetchall() if found.description else []


def environment_of(base: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return kept | {
        "PYTHONPATH": f"{base}:{PYTHONPATH}",
        "DJANGO_SETTINGS_MODULE": "stockholm_quality.settings",
        "EMBEDDED_DIR": str(base / ".postgres"),
    }


@contextmanager
def talk_portal() -> Iterator[TalkPortal]:
    # On the disk, not in memory: whether a commit has come there is the point.
    base = Path(tempfile.mkdtemp(prefix="talk-portal-"))
    base.chmod(0o755)
    environment = environment_of(base)
    made = subprocess.run(
        [sys.executable, "-c", SCENE],
        env=environment,
        cwd=base,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-4000:]
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    portal = TalkPortal(base, port, json.loads(made.stdout.splitlines()[-1]))
    # Forked from one that has read everything: a killed worker is replaced in a moment.
    command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "2", "--threads", "4"]
    with (base / "gunicorn.log").open("w") as log:
        portal.gunicorn = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{port}", "stockholm_quality.wsgi"],
            cwd=base,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    try:
        portal.until_answers()
        yield portal
    finally:
        portal.gunicorn.terminate()
        portal.gunicorn.wait(20)
        stopped = stops(portal.folder, within=30)
        shutil.rmtree(base)
    assert stopped
