"""Production's settings, as the tests set them: in a process of their own, or put on top."""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {
    "PORTAL_ENV": "production",
    "SECRET_KEY": "7kq2-VJx_4b9Zt0mPd8sHnW3yLr5cUfE1gAoQiXvTjNzMwKu6B",
    "ALLOWED_HOSTS": "mal.example.se",
    "DATABASE_URL": "postgresql://portal:secret@127.0.0.1:1/portal",
}


def run_in_production(*arguments: str, **changed: str | None) -> subprocess.CompletedProcess[str]:
    """Python with `arguments` under production's environment; what is None is left out."""
    variables = {
        name: value for name, value in {**ENVIRONMENT, **changed}.items() if value is not None
    }
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env=kept | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
