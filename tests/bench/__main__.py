"""`make bench`: every figure of the docs, measured side by side in one run.

Prints a table a part and writes the same to var/bench.json. Ratios within one run hold; single
times tell of the machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests import postgres
from tests.bench.targets import machine, verdicts

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR = BASE_DIR / "var"
ON_NOTHING = ("planner", "repair")
ON_POSTGRES = ("growth", "booking", "crowd", "feeds", "peers")
ON_SQLITE = ("queue", "live")


def part(name: str, url: str) -> dict[str, Any]:
    """One part in a process of its own; its figures."""
    command = [sys.executable, "-m", "tests.bench.part", name]
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        # What follows from a booking is asked of nobody: the demo's worker is not to find it.
        "CELERY_BROKER_URL": "memory://",
    }
    done = subprocess.run(
        command, cwd=BASE_DIR, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr[-4000:]}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"\n{name}")
    for key, value in figures.items():
        print(f"    {key.replace('_', ' '):<36}{value}", flush=True)
    return figures


def main() -> None:
    VAR.mkdir(exist_ok=True)
    ran_on = machine()
    found: dict[str, Any] = {name: part(name, "sqlite:///:memory:") for name in ON_NOTHING}
    with postgres.server() as url:
        for name in ON_POSTGRES:
            with postgres.migrated(url) as database:
                found[name] = part(name, urlsplit(url)._replace(path=f"/{database}").geturl())
    for name in ON_SQLITE:
        file = VAR / f"bench-{name}-{os.getpid()}.sqlite3"
        own = f"sqlite:///{file}"
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=BASE_DIR, env={**os.environ, "DATABASE_URL": own}, check=True)
        try:
            found[name] = part(name, own)
        finally:
            for left in VAR.glob(f"{file.name}*"):
                left.unlink()
    rows = verdicts(found)
    print(f"\ntargets, on {ran_on['processor']}, Python {ran_on['python']}")
    for row in rows:
        value = "-" if row["measured"] is None else f"{row['measured']:g}"
        print(f"  {row['target']}  {row['what']:<36}{row['bound']:>9}{value:>10}  {row['verdict']}")
    whole = {"machine": ran_on, "targets": rows, "figures": found}
    (VAR / "bench.json").write_text(json.dumps(whole, indent=2) + "\n")


if __name__ == "__main__":
    main()
