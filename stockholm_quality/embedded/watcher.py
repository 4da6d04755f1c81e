"""Stops the private PostgreSQL when nobody uses it any more.

Runs as a program of its own, so that it outlives every process that uses the server, however they
end. Imports nothing of the portal: it is started by path, before and beside Django.
"""

import fcntl
import os
import signal
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

IN_USE = "in-use.lock"
STOP_TIMEOUT = 60


def main() -> None:
    home, in_use, watching = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    # The one who started us waits for this process only; the child belongs to nobody.
    if os.fork():
        os._exit(0)

    fcntl.flock(in_use, fcntl.LOCK_EX)
    if is_file_at(in_use, home / IN_USE):
        stop(home / "data")
    # In this order: whoever comes after us must find that nobody is watching.
    os.close(watching)
    os.close(in_use)


def postmaster(data: Path) -> psutil.Process | None:
    """The living server process of a data folder."""
    try:
        process = psutil.Process(int((data / "postmaster.pid").read_text().splitlines()[0]))
        # After a crash the number in the file may have gone to quite another process.
        ours = is_alive(process) and process.cwd() == os.path.realpath(data)
    except (FileNotFoundError, ValueError, IndexError, psutil.Error):
        return None
    return process if ours else None


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_file_at(descriptor: int, path: Path) -> bool:
    """False once the folder was deleted or made anew since the file was opened."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def stop(data: Path) -> None:
    """Stop the server of a data folder; what is committed stays committed in any case."""
    server = postmaster(data)
    # "Fast", then "immediate" shutdown in PostgreSQL's words.
    for request in (signal.SIGINT, signal.SIGQUIT):
        if server is not None:
            try:
                server.send_signal(request)
            except psutil.NoSuchProcess:
                return
            if not still_alive([server], STOP_TIMEOUT):
                return


def still_alive(processes: list[psutil.Process], timeout: float) -> list[psutil.Process]:
    """Those that have not ended in time. A zombie has: not every PID 1 buries the dead at once,
    which is why psutil's own waiting would not do."""
    deadline = time.monotonic() + timeout
    while (alive := [p for p in processes if is_alive(p)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive


if __name__ == "__main__":
    main()
