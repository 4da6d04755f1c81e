"""The private PostgreSQL that runs when DATABASE_URL is not set.

``ensure_running(folder, ...)`` is all that a caller needs. How the server lives:

* Every process that uses it holds a shared lock on ``in-use.lock`` until it ends, however it ends:
  the kernel gives the lock back, also after ``kill -9``.
* One watcher (``embedded/watcher.py``) waits for the exclusive lock. It gets it when the last user
  is gone, and keeps it while it stops the server; who comes meanwhile waits for that and then
  starts the server again. A watcher that was killed is replaced by the next process that comes.
* ``start.lock`` lets one process at a time look at the folder, create, repair and start.

The package's own ``get_server()`` is not used: it opens every folder above the data to all users,
counts its users in a file that a killed process never leaves, and has no say in the cluster's
encoding and checksums.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg
from psycopg import sql

from stockholm_quality.embedded import watcher
from stockholm_quality.embedded.place import PORT, EmbeddedPostgresError, Place, place_for, run

SUPERUSER = "postgres"
APP_ROLE = "portal_app"
START_TIMEOUT = 120
LOG_LIMIT = 5_000_000
LITTLE_ROOM_MB = 200

SERVER_SETTINGS = {
    "port": str(PORT),
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    # Eight processes with a pool of eight, twice over while workers are replaced.
    "max_connections": "150",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # Statements and the details of errors quote what people wrote in confidence.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}


@dataclass(frozen=True)
class Server:
    """A running server: where to connect, and the folder of its programs (psql, pg_dump)."""

    host: str
    port: int
    programs: Path


def ensure_running(folder: Path, *, role: str, database: str | None = None) -> Server:
    """Start the server of a folder unless it runs, with this role and this database in it.

    It then runs at least as long as this process. Cheap when it already runs.
    """
    try:
        if (cluster := _clusters.get(folder)) is None:
            cluster = _clusters.setdefault(folder, _Cluster(place_for(folder)))
        return cluster.ensure(role, database)
    except (OSError, subprocess.SubprocessError, psycopg.Error) as error:
        raise EmbeddedPostgresError(_describe(error), _room(folder)) from error


class _Cluster:
    """One folder's server, as this process knows it."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.server = Server(str(place.socket_folder), PORT, place.programs)
        self.guard = threading.Lock()
        self.in_use: int | None = None
        self.postmaster: psutil.Process | None = None
        self.provided: set[tuple[str, str | None]] = set()

    def ensure(self, role: str, database: str | None) -> Server:
        if self._is_known(role, database):
            return self.server
        with self.guard:
            if self._is_known(role, database):
                return self.server
            self._use()
            with self._starting():
                self._watch()
                if not self._answers():
                    self._start()
                self._provide(role, database)
                self.postmaster = watcher.postmaster(self.place.data)
        return self.server

    def _is_known(self, role: str, database: str | None) -> bool:
        if self.postmaster is not None and not watcher.is_alive(self.postmaster):
            # Whatever took its place may be another cluster.
            self.postmaster = None
            self.provided.clear()
        return self.postmaster is not None and (role, database) in self.provided

    def _use(self) -> None:
        path = self.place.home / watcher.IN_USE
        if self.in_use is not None:
            if watcher.is_file_at(self.in_use, path):
                return
            os.close(self.in_use)
            self.in_use = None
        self.place.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.place.own(self.place.home)
        while self.in_use is None:
            descriptor = self._open_lock(path)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            if watcher.is_file_at(descriptor, path):
                self.in_use = descriptor
            else:
                os.close(descriptor)

    @contextmanager
    def _starting(self) -> Iterator[None]:
        descriptor = self._open_lock(self.place.home / "start.lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _watch(self) -> None:
        """See that one watcher runs. Its lock is taken here and handed over, so it is never two."""
        watching = self._open_lock(self.place.home / "watcher.lock")
        try:
            fcntl.flock(watching, fcntl.LOCK_EX | fcntl.LOCK_NB)
            in_use = self._open_lock(self.place.home / watcher.IN_USE)
            try:
                program = [sys.executable, "-P", watcher.__file__]
                run(
                    [*program, self.place.home, str(in_use), str(watching)],
                    pass_fds=(in_use, watching),
                    # It outlives us: reading what it prints would be waiting for its end.
                    output=subprocess.DEVNULL,
                )
            finally:
                os.close(in_use)
        except BlockingIOError:
            pass
        finally:
            os.close(watching)

    def _answers(self) -> bool:
        """Whether a server serves this folder; waits for one that is on its way up or down."""
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            try:
                self._connect().close()
            except psycopg.OperationalError:
                if watcher.postmaster(self.place.data) is None:
                    return False
                time.sleep(0.05)
            else:
                return True
        raise EmbeddedPostgresError(
            f"the server in {self.place.home} has not answered for {START_TIMEOUT} seconds.",
            _tail(self.place.log),
        )

    def _start(self) -> None:
        self._check_programs()
        if (self.place.data / "PG_VERSION").exists():
            self._clear_remains()
        else:
            self._create()
        self._prepare_socket_folder()
        log = self.place.log
        if log.exists() and log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))
        log_length = log.stat().st_size if log.exists() else 0

        pid = self._launch()
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            try:
                self._connect().close()
            except psycopg.OperationalError:
                if not psutil.pid_exists(pid) or not watcher.is_alive(psutil.Process(pid)):
                    break
                time.sleep(0.02)
            else:
                return
        raise EmbeddedPostgresError(
            f"the server in {self.place.home} did not start.",
            f"{_tail(log, log_length)}\n{_room(self.place.home)}",
        )

    def _check_programs(self) -> None:
        program = self.place.programs / "postgres"
        try:
            self.place.run([program, "--version"])
        except (OSError, subprocess.SubprocessError) as error:
            raise EmbeddedPostgresError(
                f"{program} does not run on this machine.", _describe(error)
            ) from error

    def _create(self) -> None:
        for unfinished in self.place.home.glob("creating-*"):
            # Its initdb may still be at work, if only its parent was killed.
            shutil.rmtree(unfinished, ignore_errors=True)
        # Made beside and renamed: a cluster that is there is always whole.
        created = Path(tempfile.mkdtemp(prefix="creating-", dir=self.place.home))
        self.place.own(created)
        self.place.run(
            [
                self.place.programs / "initdb",
                *("--pgdata", created, "--username", SUPERUSER, "--encoding", "UTF8"),
                *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                # The socket lies in a folder that only its owner can enter.
                *("--auth-local", "trust", "--auth-host", "reject", "--data-checksums"),
            ]
        )
        if self.place.data.exists():
            # Without PG_VERSION it never was a cluster; what it is, is not ours to delete.
            self.place.data.rename(self.place.home / f"not-a-cluster-{time.time_ns()}")
        created.rename(self.place.data)

    def _clear_remains(self) -> None:
        """Take away what a crashed server left, once none of its processes is left."""
        data = os.path.realpath(self.place.data)
        remains = [
            process
            for process in psutil.process_iter(["name", "cwd"])
            if process.info["cwd"] == data and process.info["name"] == "postgres"
        ]
        for process in (stubborn := watcher.still_alive(remains, timeout=5)):
            process.kill()
        watcher.still_alive(stubborn, timeout=5)
        (self.place.data / "postmaster.pid").unlink(missing_ok=True)
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (self.place.socket_folder / name).unlink(missing_ok=True)

    def _prepare_socket_folder(self) -> None:
        folder = self.place.socket_folder
        try:
            folder.mkdir(mode=0o700)
            self.place.own(folder)
        except FileExistsError:
            pass
        status = folder.lstat()
        uid = os.geteuid() if self.place.account is None else self.place.account.uid
        # Somebody else may have made a folder of this name in /tmp, to listen in.
        if folder.is_symlink() or status.st_uid != uid or status.st_mode & 0o077:
            raise EmbeddedPostgresError(f"{folder} must belong to, and be open to, one user alone.")

    def _launch(self) -> int:
        # Quoted: PostgreSQL reads a list here.
        socket_folder = '"' + self.server.host.replace('"', '""') + '"'
        settings = {**SERVER_SETTINGS, "unix_socket_directories": socket_folder}
        # pg_ctl would put the path into a shell command; this way no character in it matters.
        launched = self.place.run(
            [
                *("/bin/sh", "-c", '"$@" >>"$0" 2>&1 </dev/null & echo $!', self.place.log),
                *(self.place.programs / "postgres", "-D", self.place.data),
                *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
            ]
        )
        return int(launched)

    def _provide(self, role: str, database: str | None) -> None:
        with self._connect() as connection:
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            if not known.fetchone():
                # No superuser: row-level security would not hold for one.
                create_role = sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE")
                connection.execute(create_role.format(sql.Identifier(role)))
            self._provide_app_role(connection, role)
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
            if database is not None and not known.fetchone():
                create_database = sql.SQL("CREATE DATABASE {} OWNER {}")
                names = sql.Identifier(database), sql.Identifier(role)
                connection.execute(create_database.format(*names))
        self.provided.add((role, database))

    def _provide_app_role(self, connection: psycopg.Connection, role: str) -> None:
        """The role that requests work as, made here because only one process at a time comes by."""
        app_role = sql.Identifier(APP_ROLE)
        if not connection.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE]
        ).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(app_role))
        may_act = connection.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", [role, APP_ROLE])
        if (row := may_act.fetchone()) and not row[0]:
            connection.execute(sql.SQL("GRANT {} TO {}").format(app_role, sql.Identifier(role)))

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=self.server.host,
            port=self.server.port,
            user=SUPERUSER,
            dbname="postgres",
            connect_timeout=10,
            autocommit=True,
        )

    def _open_lock(self, path: Path) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        if (account := self.place.account) is not None:
            os.fchown(descriptor, account.uid, account.gid)
        return descriptor


_clusters: dict[Path, _Cluster] = {}


def _after_fork() -> None:
    # Another thread may have held it. The lock on in-use.lock is shared with the child, and held
    # until both are gone.
    for cluster in _clusters.values():
        cluster.guard = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


def _describe(error: BaseException) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        said = (error.stderr or error.stdout or "").strip()
        return f"{Path(error.cmd[0]).name} failed ({error.returncode}). {said}".strip()
    if isinstance(error, PermissionError) and error.filename:
        return (
            f"{error.filename} is not open to the user {_user_name()}. "
            "Run the command as the owner of that folder."
        )
    return str(error)


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _tail(log: Path, start: int = 0) -> str:
    try:
        with log.open("rb") as stream:
            stream.seek(start)
            return b"\n".join(stream.read().splitlines()[-10:]).decode(errors="replace")
    except OSError:
        return ""


def _room(folder: Path) -> str:
    existing = next(path for path in (folder, *folder.parents) if os.path.exists(path))
    free = shutil.disk_usage(existing).free // 1_000_000
    return f"Only {free} MB are free in {existing}." if free < LITTLE_ROOM_MB else ""
