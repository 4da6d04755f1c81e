"""A server on loopback that answers as Kolada is documented to, from recordings with invented
numbers, and misbehaves when told to."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

RECORDINGS = Path(__file__).parent / "data/kolada"
KPI = re.compile(r"/v3/kpi/(\w+)")
DATA = re.compile(r"/v3/data/kpi/(\w+)/municipality/(\w+)/year/([0-9,]+)")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_GET(self) -> None:
        self.server.kolada.asked.append(self.path)
        self.server.kolada.answer(self)

    def say(self, body: object, status: int = 200, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    kolada: "KoladaServer"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked has gone away, as the tests want them to."""


class KoladaServer:
    """`kpis` and `rows` hold the recordings, free to change; `instead` holds, by the beginning of
    a path, what answers in their place."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[str] = []
        self.rows_in_a_page = 5000
        self.counts_all_pages = False
        self.instead: dict[str, Callable[[Handler], None]] = {}
        self.kpis = {
            found["id"]: found
            for path in RECORDINGS.glob("kpi_*.json")
            for found in json.loads(path.read_text(encoding="utf-8"))["values"]
        }
        self.rows = {
            path.stem.removeprefix("data_"): json.loads(path.read_text(encoding="utf-8"))["values"]
            for path in RECORDINGS.glob("data_*.json")
        }

    def answer(self, handler: Handler) -> None:
        asked = urlsplit(handler.path)
        for beginning, responder in self.instead.items():
            if asked.path.startswith(f"/v3/{beginning}"):
                responder(handler)
                return
        if found := KPI.fullmatch(asked.path):
            values = [self.kpis[found[1]]] if found[1] in self.kpis else []
            handler.say({"count": len(values), "values": values, "next_url": None})
        elif found := DATA.fullmatch(asked.path):
            page = int(parse_qs(asked.query).get("page", ["1"])[0])
            handler.say(self.page(found[1], found[2], found[3].split(","), page))
        else:
            handler.say({"detail": "Not Found"}, 404)

    def page(self, kpi: str, municipality: str, years: list[str], number: int) -> dict[str, Any]:
        rows = [
            row
            for row in self.rows.get(kpi, [])
            if row["municipality"] == municipality and str(row["period"]) in years
        ]
        first = (number - 1) * self.rows_in_a_page
        here = rows[first : first + self.rows_in_a_page]
        has_more = first + self.rows_in_a_page < len(rows)
        path = f"data/kpi/{kpi}/municipality/{municipality}/year/{','.join(years)}"
        return {
            "count": len(rows) if self.counts_all_pages else len(here),
            "values": here,
            "next_url": f"{self.url}{path}?page={number + 1}" if has_more else None,
        }


@contextmanager
def running_server() -> Iterator[KoladaServer]:
    server = _Server(("127.0.0.1", 0), Handler)
    server.kolada = KoladaServer(f"http://127.0.0.1:{server.server_port}/v3/")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.kolada
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
