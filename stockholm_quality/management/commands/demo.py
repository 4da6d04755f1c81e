import logging
import socket
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from errno import EACCES, EADDRINUSE
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.management.commands import runserver
from django.db import OperationalError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from goals.models import Goal
from stockholm_quality.city import ACCOUNTS, EMAIL_DOMAIN, PASSWORD, build_city
from units.models import Unit, User

HOST = "127.0.0.1"
EMPLOYEES = 420
SEED = 1
LAST_PORT = 65_535
PORTS_TRIED = 20


class Command(BaseCommand):
    help = (
        "Show the portal with an invented city in a database of its own. A second start keeps "
        "what was entered. Only for looking, never for production."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reset", action="store_true", help="begin anew with a fresh city")
        parser.add_argument("--port", type=_port, default=8000, help="8000 when not given")
        parser.add_argument(
            "--no-serve", action="store_true", help="fill the database and start no server"
        )
        parser.add_argument(
            "--employees",
            type=int,
            default=EMPLOYEES,
            help=f"how many people a fresh city has; {EMPLOYEES} when not given",
        )

    def handle(
        self, *args: Any, reset: bool, port: int, no_serve: bool, employees: int, **options: Any
    ) -> None:
        with translation.override(settings.LANGUAGE_CODE):
            if settings.PRODUCTION or not settings.DEMO:
                raise CommandError(
                    _("The demo does not run with production settings, nor with PORTAL_DEMO off.")
                )
            try:
                if no_serve:
                    self._prepare(reset, employees)
                    self._introduce("")
                    return
                # Held from the start: who starts the demo twice is told so at once.
                with _held(port):
                    self._prepare(reset, employees)
                self._serve(port)
            except KeyboardInterrupt:
                self.stdout.write("\n" + _("Stopped before the demo city was ready."))
                raise SystemExit(130) from None

    # --- The database ----------------------------------------------------------------------------

    def _prepare(self, reset: bool, employees: int) -> None:
        self._tell(_("Starting the database"))
        try:
            connection.ensure_connection()
        except OperationalError as error:
            reason = _("The database does not answer: {error}").format(error=error)
            raise CommandError(reason) from None
        if settings.DATABASE_URL:
            _refuse_what_is_not_ours(reset)
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self._tell(_("Preparing the database"))
            call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
        # One transaction: whatever interrupts it, the city that was there is still there.
        with transaction.atomic():
            if reset:
                self._tell(_("Clearing away the old city"))
                call_command("flush", verbosity=0, interactive=False, skip_checks=True)
            if not _is_filled():
                self._fill(employees)

    def _fill(self, employees: int) -> None:
        if Unit.objects.exists() or Goal.objects.exists() or User.objects.exists():
            raise CommandError(
                _("The database holds other things than a demo city. Begin anew with --reset.")
            )
        today = timezone.localdate()
        try:
            build_city(
                employees=employees,
                seed=SEED,
                year=today.year,
                progress=self._tell,
                until=today - timedelta(days=1),
            )
        except ValueError as error:
            raise CommandError(str(error)) from None

    # --- The server ------------------------------------------------------------------------------

    def _serve(self, port: int) -> None:
        # A line for each file of each page would push the accounts out of sight.
        logging.getLogger("django.server").setLevel(logging.WARNING)
        address = f"http://{HOST}:{port}/"
        call_command(
            _Server(lambda: self._introduce(address)),
            f"{HOST}:{port}",
            use_reloader=False,
            shutdown_message="\n" + _("Stopped. What was entered is kept until the next start."),
        )

    def _introduce(self, address: str) -> None:
        if address:
            self.stdout.write("\n" + _("The demo city is open: {address}").format(address=address))
        else:
            self.stdout.write("\n" + _("The demo city is ready. Open it: manage.py demo"))
        self.stdout.write(_("Sign in as one of these; the password stands beside the account:"))
        self.stdout.write("")
        for account in ACCOUNTS.values():
            name = f"{account.given_name} {account.family_name}"
            self.stdout.write(f"  {account.name:<16}{PASSWORD:<20}{name}, {account.title}")
        self.stdout.write("\n" + _("People and units are invented, and the goals are examples."))
        if address:
            self.stdout.write(_("Stop with Ctrl-C."))
        self.stdout.flush()

    def _tell(self, what: str) -> None:
        self.stdout.write(f"{what} …")
        self.stdout.flush()


class _Server(runserver.Command):
    """Django's own, which says only what the demo wants said."""

    def __init__(self, introduce: Callable[[], None]) -> None:
        super().__init__()
        self._introduce = introduce

    def on_bind(self, server_port: int) -> None:
        self._introduce()

    def check_migrations(self) -> None:
        """The demo has just seen to them."""


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LAST_PORT:
        raise ArgumentTypeError(_("a port is a number from 1 to 65535"))
    return int(text)


@contextmanager
def _held(port: int) -> Iterator[None]:
    """Nobody else gets the port meanwhile. Raises CommandError when somebody has it already."""
    try:
        held = _listen(port)
    except OSError as error:
        raise CommandError(_why_not(port, error)) from None
    with held:
        yield


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    try:
        # As the server itself does: connections that have just ended do not count.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _why_not(port: int, error: OSError) -> str:
    if error.errno == EACCES:
        return _(
            "Port {port} is reserved for the system. Choose another, such as --port 8000."
        ).format(port=port)
    if error.errno != EADDRINUSE:
        return _("Port {port} cannot be used: {error}.").format(port=port, error=error.strerror)
    return _(
        "Port {port} is taken: another program uses it, perhaps a demo that is already running. "
        "Stop that one or choose another port: manage.py demo --port {free}"
    ).format(port=port, free=_free_port_after(port))


def _free_port_after(taken: int) -> int:
    for port in range(taken + 1, min(taken + PORTS_TRIED, LAST_PORT + 1)):
        try:
            _listen(port).close()
        except OSError:
            continue
        return port
    return 8000


def _is_filled() -> bool:
    return User.objects.filter(email__in=[f"{name}@{EMAIL_DOMAIN}" for name in ACCOUNTS]).exists()


def _refuse_what_is_not_ours(reset: bool) -> None:
    """Before anything is changed: a database that somebody chose may be somebody's own."""
    tables = set(connection.introspection.table_names())
    ours = {*connection.introspection.django_table_names(), "django_migrations"}
    if not tables:
        return
    if User._meta.db_table not in tables:
        is_ours = tables <= ours
    else:
        has_strangers = User.objects.exclude(email__endswith=f"@{EMAIL_DOMAIN}").exists()
        is_empty = not (User.objects.exists() or Unit.objects.exists() or Goal.objects.exists())
        # What is not to be filled or cleared is only looked at.
        is_ours = is_empty or (_is_filled() and not (reset and has_strangers))
    if not is_ours:
        raise CommandError(
            _(
                "The database in DATABASE_URL holds people or other things that are not the "
                "demo's, and nothing in it has been changed. Choose an empty database, or leave "
                "DATABASE_URL out."
            )
        )
