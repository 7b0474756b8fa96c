"""Beside a peer: the free times of one day, and a crowd that wants one place.

The peer runs in an environment of its own under var/, made from the package registry; without the
registry its figures say so. Both use the same PostgreSQL in the same run. Ours answers for whole
visits (rooms, clinicians, nurses by acuity, presence), the peer for one person's slots.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.bench.booking_bench import book, side_by_side

PEER = ("django-appointment==3.12.0", "psycopg[binary]")
HERE = Path(__file__).resolve().parent
VAR = HERE.parent.parent / "var"
ROUNDS, CROWD = 31, 50


def measure() -> dict[str, Any]:
    """Milliseconds of a day's free times, ours and theirs; how many got the one place."""
    theirs = _theirs()
    ours = _our_day()
    told, _, _ = side_by_side(book, _one_place())
    found: dict[str, Any] = {
        "our_day_ms": round(ours, 2),
        "our_place_taken": told["booked"],
        "our_refusals": told["refused"],
        "their_day_ms": theirs.get("slots_ms", theirs.get("not_run")),
        "their_slot_taken": theirs.get("one_slot_taken", "not run"),
    }
    if "slots_ms" in theirs:
        found["times_faster"] = round(theirs["slots_ms"] / ours, 1)
    return found


def _our_day() -> float:
    """Every start at which an infusion visit could be booked on one day, claims read anew."""
    from clinic.models import Site
    from scheduling import catalogue, daybook
    from scheduling.demo import load
    from scheduling.planner.intervals import members
    from scheduling.planner.plans import Request
    from scheduling.planner.starts import Starts
    from scheduling.selectors.proposals import current_version
    from tests.cast import MONDAY, NOW

    load(size="clinic", seed=1, load=0.6, start=MONDAY, now=NOW)
    site = Site.objects.select_related("organisation").get()
    version = current_version("aud-kare")
    protocol = catalogue.protocol(version.definition, version=version.version)
    day = MONDAY + timedelta(days=8)
    request = Request(protocol, 1, not_before=day, not_after=day)
    took = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        diary = daybook.read(site=site, first=day, last=day, now=NOW)
        starts = list(members(Starts(request, diary).feasible(protocol.step("inf1"), None).pooled))
        took.append(time.perf_counter() - began)
    assert starts, "the day is full: nothing is compared"
    return 1000 * median(took[1:])


def _one_place() -> list[list[str]]:
    """So many people, each with a proposal for the same place."""
    from scheduling.selectors.proposals import current_version
    from tests.cast import house, kare_times, patient, token

    kare, site = current_version("aud-kare"), house(name="One place")
    return [[token(patient(f"R{n}"), kare, site, kare_times())] for n in range(CROWD)]


def _theirs() -> dict[str, Any]:
    try:
        python = _environment()
    except subprocess.CalledProcessError as error:
        return {"not_run": f"not run: {error.stderr.strip().splitlines()[-1][:80]}"}
    with _database() as url:
        done = subprocess.run(
            [python, HERE / "peers" / "django_appointment.py"],
            env={**os.environ, "DATABASE_URL": url},
            check=True,
            capture_output=True,
            text=True,
        )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _environment() -> Path:
    """The peer's own Python, made once."""
    folder = VAR / "peer"
    uv = Path(sys.executable).with_name("uv")
    python = folder / "bin" / "python"
    for command in (
        [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, folder],
        [uv, "pip", "install", "--quiet", "--python", python, *PEER],
    ):
        subprocess.run(command, check=True, capture_output=True, text=True)
    return python


@contextmanager
def _database() -> Iterator[str]:
    """An empty database beside ours, for the length of the comparison."""
    at = urlsplit(os.environ["DATABASE_URL"])
    name = f"{at.path.lstrip('/')}_peer"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]
        try:
            yield at._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[call-overload]
