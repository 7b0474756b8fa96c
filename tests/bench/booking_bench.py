"""Booking whole series: the service against the same rows written raw, on the same engine.

Run by `make bench` on PostgreSQL, in processes of their own, clients side by side.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

CLOCKS = ("08:00", "10:45", "13:30")
BLOCKS = 14
CLIENTS = 8


def prepare(clients: int) -> list[list[str]]:
    """A site a client, each with proposals that do not get in one another's way."""
    from tests.cast import MONDAY, days_after, house, kare_times, patient, protocol, token

    kare = protocol("aud-kare")
    work = []
    for number in range(clients):
        site = house(name=f"Bench {number}")
        work.append(
            [
                token(
                    patient(f"B{number}-{block}-{clock[:2]}"),
                    kare,
                    site,
                    kare_times(days_after(MONDAY, 49 * block), clock),
                )
                for block in range(BLOCKS)
                for clock in CLOCKS
            ]
        )
    return work


Told = tuple[Counter[str], list[float]]
"""How many answers of each kind, and how long each took in seconds."""


def book(tokens: list[str]) -> Told:
    """One client booking one series after another."""
    from scheduling.errors import SlotTaken
    from scheduling.services.booking import book_series
    from tests.cast import DESK, NOW

    told: Counter[str] = Counter()
    took = []
    for token in tokens:
        began = time.perf_counter()
        try:
            book_series(token=token, actor=DESK, now=NOW)
            told["booked"] += 1
        except SlotTaken:
            told["refused"] += 1
        except Exception as error:
            told[type(error).__name__] += 1
        took.append(time.perf_counter() - began)
    return told, took


def know_the_facts() -> None:
    """What a worker that has been up for a while remembers: every site's facts."""
    from clinic.models import Site
    from scheduling import daybook
    from tests.cast import MONDAY, NOW, days_after

    for site in Site.objects.select_related("organisation"):
        daybook.read(site=site, first=MONDAY, last=days_after(MONDAY, 49 * BLOCKS + 49), now=NOW)


def write_raw(series: list[list[tuple[Any, ...]]]) -> Told:
    """One client writing the claims of the same series: sorted locks, one insert, commit."""
    from django.db import connection, transaction

    for rows in series:
        keys = sorted({row[0] << 20 | day for row in rows for day in {row[2] // 1440}})
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(k) FROM unnest(%s::bigint[]) AS k", [keys])
            values = ",".join(["(%s,%s,%s,%s,%s,0,'',NULL,%s)"] * len(rows))
            cursor.execute(
                "INSERT INTO scheduling_claim (resource_id, lane, start_minute, end_minute, role, "
                f"turnover_minutes, skills, hold_id, appointment_id) VALUES {values}",
                [value for row in rows for value in row],
            )
    return Counter(booked=len(series)), []


def claims_by_series() -> list[list[tuple[Any, ...]]]:
    """What booking wrote, to be written again by the raw harness."""
    from scheduling.models import Claim

    rows = defaultdict(list)
    for row in Claim.objects.filter(appointment__isnull=False).values_list(
        "resource_id", "lane", "start_minute", "end_minute", "role", "appointment_id",
        "appointment__series_id",
    ):  # fmt: skip
        rows[row[-1]].append(row[:-1])
    return list(rows.values())


def side_by_side(
    action: Callable[[Any], Told], shares: Iterable[Any]
) -> tuple[Counter[str], list[float], float]:
    """Each share in a process of its own, all let go together: what they told, and the seconds."""
    from django.db import connection

    shares = list(shares)
    know_the_facts()
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()
    context = multiprocessing.get_context("fork")
    ready, go, told = context.Semaphore(0), context.Event(), context.Queue()

    def run(share: Any) -> None:
        connection.ensure_connection()
        ready.release()
        go.wait()
        told.put(action(share))

    crowd = [context.Process(target=run, args=(share,)) for share in shares]
    for one in crowd:
        one.start()
    for _ in crowd:
        ready.acquire()
    began = time.perf_counter()
    go.set()
    answers = [told.get() for _ in crowd]
    seconds = time.perf_counter() - began
    for one in crowd:
        one.join()
    return (
        sum((counted for counted, _ in answers), Counter()),
        sorted(one for _, took in answers for one in took),
        seconds,
    )


def measure() -> dict[str, Any]:
    """Series booked a second, raw and through the service, and the share of the raw limit."""
    from scheduling.models import Claim

    work = prepare(CLIENTS)
    told, took, seconds = side_by_side(book, work)
    through = told["booked"] / seconds
    series = claims_by_series()
    Claim.objects.all().delete()
    raw_told, _, raw_seconds = side_by_side(write_raw, [series[i::CLIENTS] for i in range(CLIENTS)])
    raw = raw_told["booked"] / raw_seconds
    return {
        "clients": CLIENTS,
        "claims_a_series": round(sum(map(len, series)) / max(1, len(series))),
        "told": dict(told),
        "service_series_a_second": round(through, 1),
        "raw_series_a_second": round(raw, 1),
        "share_of_raw": round(through / raw, 3),
        "longest_ms": round(took[-1] * 1000),
    }


def crowded() -> dict[str, Any]:
    """32 clients want 50 partly overlapping places; sites and people are one clinic's."""
    from tests.cast import MONDAY, days_after, house, kare_times, patient, protocol, token

    kare = protocol("aud-kare")
    site = house(name="Crowded")
    places = [
        kare_times(days_after(MONDAY, 7 * week), clock)
        for week in range(10)
        for clock in ("08:00", "09:00", "10:30", "12:00", "14:00")
    ]
    shares = [
        [
            token(patient(f"C{client}-{i}"), kare, site, places[(client * 7 + i * 11) % 50])
            for i in range(4)
        ]
        for client in range(32)
    ]
    told, took, seconds = side_by_side(book, shares)
    return {
        "told": dict(told),
        "answers_a_second": round(sum(told.values()) / seconds, 1),
        "p95_ms": round(took[int(len(took) * 0.95)] * 1000),
    }


def queue() -> dict[str, Any]:
    """Eight processes book on one SQLite file, each in turn."""
    told, took, seconds = side_by_side(book, prepare(CLIENTS))
    return {
        "told": dict(told),
        "series_a_second": round(told["booked"] / seconds, 1),
        "longest_ms": round(took[-1] * 1000),
    }
