"""A real server for calendars kept elsewhere: it serves what it is told, and misbehaves by path."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Elsewhere:
    """What is served under each path, and what was asked for, with the headers that came along."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.bodies: dict[str, bytes] = {}
        self.tags: dict[str, str] = {}
        self.status = 200
        self.asked: list[tuple[str, dict[str, str]]] = []

    def serve(self, body: bytes, path: str = "/secret-key/basic.ics", tag: str = "") -> str:
        """The address under which this is served from now on."""
        self.bodies[path], self.tags[path] = body, tag
        return f"{self.origin}{path}"


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    """A server on a port of its own."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            known.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            odd = getattr(self, self.path.strip("/").replace("-", "_"), None)
            if odd and self.path not in known.bodies:
                odd()
                return
            tag = known.tags.get(self.path, "")
            if known.status != 200 or self.path not in known.bodies:
                self.answer(known.status if known.status != 200 else 404)
            elif tag and self.headers.get("If-None-Match") == tag:
                self.answer(304)
            else:
                self.answer(200, known.bodies[self.path], **({"ETag": tag} if tag else {}))

        def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def to_loopback(self) -> None:
            self.answer(302, Location="http://127.0.0.1:1/inside.ics")

        def to_metadata(self) -> None:
            self.answer(302, Location="http://169.254.169.254/latest/meta-data")

        def round_and_round(self) -> None:
            self.answer(302, Location="/round-and-round")

        def bomb(self) -> None:
            self.answer(200, gzip.compress(bytes(60_000_000)), Content_Encoding="gzip")

        def endless(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"BEGIN:VCALENDAR\r\n")
            while not over.is_set():
                self.wfile.write(b"X-PAD:" + bytes(65_536))

        def dripping(self) -> None:
            self.send_response(200)
            self.end_headers()
            while not over.wait(0.05):
                self.wfile.write(b"B")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *args: None
    known = Elsewhere(server.server_port)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    try:
        yield known
    finally:
        over.set()
        server.shutdown()
        server.server_close()
