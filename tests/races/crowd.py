"""Many people at once, each on a connection of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import connection

T = TypeVar("T")


@dataclass
class Outcome(Generic[T]):
    """What one of the crowd got: a result, or the error that met them."""

    result: T | None = None
    error: Exception | None = None


def all_at_once(actions: Sequence[Callable[[], T]]) -> list[Outcome[T]]:
    """Run every action in a thread of its own, let go together; errors are returned, not raised."""
    gate = threading.Barrier(len(actions))

    def run(action: Callable[[], T]) -> Outcome[T]:
        try:
            gate.wait()
            return Outcome(result=action())
        except Exception as error:
            return Outcome(error=error)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as crowd:
        return list(crowd.map(run, actions))
