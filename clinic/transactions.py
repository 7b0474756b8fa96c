"""One way to write: a durable transaction, first come first served."""

from __future__ import annotations

import fcntl
import functools
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

from django.db import connection, transaction

P = ParamSpec("P")
R = TypeVar("R")

Step = Callable[[], object]

log = logging.getLogger("chairtime.followups")
_open = threading.local()


@contextmanager
def writing() -> Iterator[None]:
    """A durable transaction. RuntimeError when one is open already.

    SQLite lets one process write and wakes the others by chance, so there a file lock queues
    them up before BEGIN IMMEDIATE; without it a writer can starve for seconds. What was left to
    `after_commit` runs when the turn is over.
    """
    if getattr(_open, "writing", False):
        raise RuntimeError("A service is one transaction; it does not call another one.")
    _open.writing, _open.after = True, []
    try:
        with _turn(), transaction.atomic(durable=True):
            yield
    finally:
        _open.writing, steps = False, _open.after
    for step in steps:
        _run(step)


def after_commit(step: Step) -> None:
    """Run a step once what is being written is committed; never, when it is rolled back.

    The step may write in its turn. When it fails, that is logged and changes nothing else. The
    same step asked for twice runs once.
    """
    if getattr(_open, "writing", False):
        if step not in _open.after:
            _open.after.append(step)
    else:
        transaction.on_commit(functools.partial(_run, step))


def _run(step: Step) -> None:
    try:
        step()
    except Exception:
        log.exception("A consequence failed; what it follows from stands.")


@contextmanager
def _turn() -> Iterator[None]:
    if connection.vendor != "sqlite":
        yield
        return
    queue = Path(f"{connection.settings_dict['NAME']}.queue")
    with queue.open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield


def durable(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service in `writing()`."""

    @functools.wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with writing():
            return service(*args, **kwargs)

    return run
