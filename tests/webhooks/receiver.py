"""The other end: a program that takes webhooks, and sometimes fails to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

from api.webhooks.endpoints import create_endpoint
from api.webhooks.models import WebhookEndpoint
from tests.cast import DESK, NOW


@dataclass
class Receiver:
    """What came, in order, and how it answers: `status` for all, or `answers` by what came."""

    url: str = ""
    status: int = 204
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    answers: Callable[[dict[str, Any]], int | None] | None = None
    before_answer: Callable[[], None] | None = None
    asked: list[tuple[dict[str, str], str]] = field(default_factory=list)
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ids(self) -> list[str]:
        return [one for one, _ in self.taken]

    @property
    def types(self) -> list[str]:
        return [told["type"] for _, told in self.taken]

    def of_series(self, series: object) -> list[str]:
        """The ids of events about a series, in the order of arrival."""
        return [one for one, told in self.taken if told["data"].get("series") == str(series)]

    def verified(self, secret: str, nth: int = -1) -> Any:
        """What the official library makes of a request."""
        headers, body = self.asked[nth]
        return Webhook(secret).verify(body, headers)


@contextmanager
def receiving(settings: Any) -> Iterator[Receiver]:
    """A receiver on a port of its own that may be asked."""
    state = Receiver()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            told = json.loads(text)
            with state.lock:
                state.asked.append((dict(self.headers), text))
                answer = state.answers(told) if state.answers else None
                status = state.status if answer is None else answer
                if 200 <= status < 300:
                    state.taken.append((self.headers["webhook-id"], told))
            if state.before_answer:
                state.before_answer()
            self.send_response(status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/hook"
    settings.PRIVATE_ADDRESSES = [f"127.0.0.1:{server.server_port}"]
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def endpoint(url: str, *, now: Any = NOW, **facts: Any) -> tuple[WebhookEndpoint, str]:
    """One that is told of everything at every site, and its secret."""
    facts.setdefault("site", None)
    return create_endpoint(url=url, actor=DESK, now=now, **facts)
