"""A request that may come twice is answered once: Idempotency-Key (IETF draft-07).

The first request of a key runs under a lock that a crashed process lets go of; its answer is
kept when it is complete, so a key without one can simply be tried again. A twin waits for the
lock and gets the kept answer. Answers of 500 and above are not kept.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from time import monotonic
from typing import IO, Any

from django.db import OperationalError, connection
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import Problem, wrong
from api.models import KeptAnswer
from clinic.sealing import CannotOpen, seal, unseal

HEADER = "Idempotency-Key"
LONGEST = 255
KEPT = timedelta(hours=24)
KEPT_HEADERS = ("Location", "ETag")
PATIENCE_SECONDS = 20.0
LOOK_AGAIN_SECONDS = 0.01
GATES = 64
_never = Event()


def once(request: Request, now: datetime, run: Callable[[], Response]) -> Response:
    """What `run` answers, or what it answered to the same key and body before.

    422 when the key came with another request before, 409 when the first one does not end.
    """
    key = _key(request)
    if key is None:
        return run()
    sealed_by = f"{request.user.id}:{key}"
    asked = _hash(
        f"{request.method} {request.get_full_path()}\n{json.dumps(request.data, sort_keys=True)}"
    )
    with _alone(sealed_by):
        kept = KeptAnswer.objects.filter(
            client=request.user.id, key_hash=_hash(sealed_by), created_at__gt=now - KEPT
        ).first()
        if kept is None:
            response = run()
            if response.status_code < 500:
                _keep(request, sealed_by, asked, response, now)
            return response
    if kept.request_hash != asked:
        raise Problem("key-reused", f"{HEADER}: use a fresh key for another request.")
    return _unsealed(kept, sealed_by)


def forget_kept_answers(*, now: datetime) -> int:
    """Delete the answers that may no longer be asked for again; how many they were."""
    return KeptAnswer.objects.filter(created_at__lte=now - KEPT).delete()[0]


def _key(request: Request) -> str | None:
    """The key as text, whether or not it came in the quotes of a structured field."""
    given: str | None = request.headers.get(HEADER)
    if given is None:
        return None
    key = given[1:-1] if len(given) > 1 and given[0] == given[-1] == '"' else given
    if not (key.isascii() and key.isprintable() and 1 <= len(key) <= LONGEST):
        raise wrong(HEADER, f"It must be 1 to {LONGEST} printable ASCII characters.")
    return key


def _keep(request: Request, sealed_by: str, asked: str, response: Response, now: datetime) -> None:
    answer = {
        "status": response.status_code,
        "data": response.data,
        "type": response.content_type,
        "headers": {name: response[name] for name in KEPT_HEADERS if name in response},
    }
    KeptAnswer.objects.update_or_create(
        client_id=request.user.id,
        key_hash=_hash(sealed_by),
        defaults={
            "request_hash": asked,
            "sealed": seal(json.dumps(answer), sealed_by).encode(),
            "created_at": now,
        },
    )


def _unsealed(kept: KeptAnswer, sealed_by: str) -> Response:
    try:
        answer = json.loads(unseal(bytes(kept.sealed).decode(), sealed_by))
    except CannotOpen as error:
        raise Problem("key-reused", "The answer kept for this key is not readable.") from error
    headers = {**answer["headers"], "Idempotent-Replayed": "true"}
    return Response(answer["data"], answer["status"], headers=headers, content_type=answer["type"])


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Wait until no other request, of any process, is in here with that name; 409 if it stays."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    if connection.vendor == "sqlite":
        gate = Path(f"{connection.settings_dict['NAME']}.once-{number % GATES}")
        with gate.open("w") as file:
            _wait_for(file)
            yield
        return
    with connection.cursor() as cursor:
        _lock(cursor, number)
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [number])


def _wait_for(file: IO[str]) -> None:
    """Lock a file; a lock of another is let go when its request, or its process, ends."""
    deadline = monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() > deadline:
                raise _still_running() from None
            _never.wait(LOOK_AGAIN_SECONDS)


def _lock(cursor: Any, number: int) -> None:
    patience = f"{round(PATIENCE_SECONDS * 1000)}ms"
    cursor.execute("SELECT set_config('lock_timeout', %s, false)", [patience])
    try:
        cursor.execute("SELECT pg_advisory_lock(%s)", [number])
    except OperationalError as error:
        raise _still_running() from error
    finally:
        cursor.execute("SELECT set_config('lock_timeout', '0', false)")


def _still_running() -> Problem:
    return Problem("still-running", "Ask again soon.", headers={"Retry-After": "2"})
