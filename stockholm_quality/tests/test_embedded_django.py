"""Django on the private PostgreSQL: threads, forks, the test runner and the autoreloader."""

import os
import signal
import subprocess
import sys
import time

import psutil  # type: ignore[import-untyped]
import pytest

from stockholm_quality.tests.embedded_rig import (
    PRELUDE,
    PYTHONPATH,
    User,
    stops,
)

# --- Django on it ----------------------------------------------------------------------------


def test_eight_threads_connect_at_once(running_folder):
    found = User(
        running_folder,
        """
found = []
def work():
    found.append(ask("SELECT 1"))
    connection.close()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
say(sum(found))
""",
    ).end()

    assert found == ["8"]


def test_a_forked_child_keeps_the_server_and_opens_its_own_connections(folder):
    user = User(
        folder,
        """
ask("SELECT 1")
connection.close()
connection.close_pool()
if os.fork():
    os._exit(0)
time.sleep(0.5)
say(ask("SELECT 'child'"))
""",
    )

    assert user.line() == "child"
    user.process.communicate()


def test_dbshell_opens_the_database(running_folder):
    user = User(
        running_folder, "call_command('dbshell', '--', '-Atc', 'SELECT current_database()')"
    )

    assert user.end() == ["portal"]


@pytest.mark.slow
def test_the_test_runner_works_on_it_with_two_workers(folder):
    project = folder.parent
    (project / "worker_settings.py").write_text(
        "SECRET_KEY = 'x'\n"
        "INSTALLED_APPS = ['django.contrib.contenttypes']\n"
        "DATABASES = {'default': {'ENGINE': 'stockholm_quality.embedded', 'NAME': 'portal',\n"
        f"    'EMBEDDED_DIR': {str(folder)!r}, 'OPTIONS': {{'pool': True}}}}}}\n"
    )
    (project / "test_it.py").write_text(
        "import pytest\n"
        "from django.contrib.contenttypes.models import ContentType\n"
        "@pytest.mark.parametrize('number', range(4))\n"
        "@pytest.mark.django_db\n"
        "def test_it(number):\n"
        "    assert not ContentType.objects.filter(model='mine').exists()\n"
        "    ContentType.objects.create(app_label='a', model='mine')\n"
    )
    options = ("-q", "-n", "2", "-p", "no:cacheprovider", "--ds=worker_settings")

    finished = subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--rootdir={project}", "test_it.py"],
        cwd=project,
        env=os.environ | {"PYTHONPATH": f"{project}:{PYTHONPATH}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "4 passed" in finished.stdout, finished.stdout + finished.stderr
    assert stops(folder)


@pytest.mark.slow
def test_the_autoreloader_restarts_onto_the_same_data(folder):
    project = folder.parent
    marker = project / "started"
    (project / "reloading.py").write_text(
        f"import sys\nsys.argv[1:] = [{str(folder)!r}]\nMARKER = {str(marker)!r}\n"
        + PRELUDE
        + """
from django.utils import autoreload
def main():
    ask("CREATE TABLE IF NOT EXISTS starts (at timestamptz DEFAULT now())")
    ask("INSERT INTO starts DEFAULT VALUES")
    Path(MARKER).write_text(str(ask("SELECT count(*) FROM starts")))
    time.sleep(60)
autoreload.run_with_reloader(main)
"""
    )
    process = subprocess.Popen(
        [sys.executable, "reloading.py"], cwd=project, env=os.environ | {"PYTHONPATH": PYTHONPATH}
    )

    def wait_for(count: str) -> None:
        deadline = time.monotonic() + 20
        while not marker.exists() or marker.read_text() != count:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    try:
        wait_for("1")
        # The reloader compares times to the second.
        time.sleep(1.5)
        os.utime(project / "reloading.py")
        wait_for("2")
    finally:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        process.wait(10)

    assert stops(folder)
