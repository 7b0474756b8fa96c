"""One part of `make bench`, on the database of DATABASE_URL: figures as JSON on the last line."""

from __future__ import annotations

import json
import sys

import django


def main() -> None:
    django.setup()
    from tests.bench import (
        booking_bench,
        feed_bench,
        growth_bench,
        live_bench,
        peer_bench,
        planner_bench,
        repair_bench,
    )

    parts = {
        "booking": booking_bench.measure,
        "crowd": booking_bench.crowded,
        "queue": booking_bench.queue,
        "feeds": feed_bench.measure,
        "growth": growth_bench.measure,
        "live": live_bench.measure,
        "peers": peer_bench.measure,
        "repair": repair_bench.measure,
        "planner": planner_bench.measure,
    }
    print(json.dumps(parts[sys.argv[1]]()))


if __name__ == "__main__":
    main()
