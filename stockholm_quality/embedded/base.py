"""PostgreSQL as Django knows it, on the portal's private server.

``EMBEDDED_DIR`` beside ENGINE and NAME says in which folder the server lives. It starts with the
first connection, not before.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db import OperationalError
from django.db.backends.postgresql import base
from django.db.backends.postgresql.client import DatabaseClient as PostgresClient
from psycopg_pool import ConnectionPool

from stockholm_quality.embedded.place import EmbeddedPostgresError
from stockholm_quality.embedded_postgres import Server, ensure_running

DEFAULT_ROLE = "portal"


class DatabaseClient(PostgresClient):
    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        server, role = _running(settings_dict)
        settings_dict = {**settings_dict, "HOST": server.host, "PORT": server.port, "USER": role}
        args, env = super().settings_to_cmd_args_env(settings_dict, parameters)
        return [str(server.programs / "psql"), *args[1:]], env


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient

    @property
    def pool(self) -> ConnectionPool | None:
        pool: ConnectionPool | None = super().pool  # type: ignore[misc]
        if pool is not None and not callable(pool.kwargs):
            params, settings_dict = dict(pool.kwargs or {}), self.settings_dict

            def running_params() -> dict[str, Any]:
                _running(settings_dict)
                return params

            # The pool replaces broken connections by itself, while those who wait for one could
            # not start the server.
            pool.kwargs = running_params
        return pool

    def get_connection_params(self) -> dict[str, Any]:
        # Django asks for these before every connection, also before it takes one from the pool.
        params = super().get_connection_params()
        server, role = _running(self.settings_dict)
        return {**params, "host": server.host, "port": server.port, "user": role}


def _running(settings_dict: dict[str, Any]) -> tuple[Server, str]:
    role = settings_dict.get("USER") or DEFAULT_ROLE
    try:
        server = ensure_running(
            Path(settings_dict["EMBEDDED_DIR"]), role=role, database=settings_dict["NAME"]
        )
    except EmbeddedPostgresError as error:
        raise OperationalError(str(error)) from error
    return server, role
