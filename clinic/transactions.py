"""One way to write: a durable transaction, first come first served."""

from __future__ import annotations

import fcntl
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

from django.db import connection, transaction

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def writing() -> Iterator[None]:
    """A durable transaction. RuntimeError when one is open already.

    SQLite lets one process write and wakes the others by chance, so there a file lock queues
    them up before BEGIN IMMEDIATE; without it a writer can starve for seconds.
    """
    if connection.vendor != "sqlite":
        with transaction.atomic(durable=True):
            yield
        return
    queue = Path(f"{connection.settings_dict['NAME']}.queue")
    with queue.open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        with transaction.atomic(durable=True):
            yield


def durable(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service in `writing()`."""

    @functools.wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with writing():
            return service(*args, **kwargs)

    return run
