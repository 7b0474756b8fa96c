"""Logs that name routes, request ids and user ids, and never a person.

One JSON object a line on stderr. A request is logged by its route (`api/v1/patients/<pk>`), so
neither query strings, bodies nor the secret part of an address can reach the log. An exception is
logged by its type and frames: its message may quote a row (a database error does).
"""

from __future__ import annotations

import json
import logging
import re
import time
import traceback
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse

request_id: ContextVar[str] = ContextVar("request_id", default="")
access = logging.getLogger("chairtime.access")
ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
Answer = Callable[[HttpRequest], HttpResponse]


def route(request: HttpRequest) -> str:
    """The pattern that matched, or `unmatched`; never the path as it was asked for."""
    return f"/{request.resolver_match.route}" if request.resolver_match else "unmatched"


def access_log(answer: Answer) -> Answer:
    """Middleware: give each request an id, answer it as X-Request-ID, log one line."""

    def middleware(request: HttpRequest) -> HttpResponse:
        asked = request.headers.get("X-Request-ID", "")
        token = request_id.set(asked if ACCEPTABLE_ID.fullmatch(asked) else uuid.uuid4().hex)
        began = time.perf_counter()
        try:
            response = answer(request)
            response["X-Request-ID"] = request_id.get()
            access.info(
                "%s %s %s",
                request.method,
                route(request),
                response.status_code,
                extra={"ms": round((time.perf_counter() - began) * 1000)},
            )
            return response
        finally:
            request_id.reset(token)

    return middleware


class JsonLine(logging.Formatter):
    """`{"at", "level", "logger", "message", "request"?, "ms"?, "error"?}`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": self.message_without_people(record),
        }
        if current := request_id.get():
            line["request"] = current
        if (ms := getattr(record, "ms", None)) is not None:
            line["ms"] = ms
        if record.exc_info and record.exc_info[0]:
            kind, _, frames = record.exc_info
            line["error"] = [
                f"{kind.__module__}.{kind.__qualname__}",
                *(f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(frames)),
            ]
        return json.dumps(line)

    def message_without_people(self, record: logging.LogRecord) -> str:
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest):
            status = getattr(record, "status_code", "refused")
            return f"{request.method} {route(request)} {status}"
        if record.exc_info and record.name == "celery.app.trace":
            return f"task {getattr(record, 'data', {}).get('name')} failed"
        return record.getMessage()
