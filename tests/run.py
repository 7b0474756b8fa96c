"""`make test`: the suite on SQLite, on PostgreSQL and in a real browser; the exit code tells.

Each part is one pytest run and prints its own summary. A part that finds no test, and a test that
is skipped, count as failures: nothing is left out in silence.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tests import browser, postgres

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = BASE_DIR / "var"
# A test decides these itself; what the shell has set for a real clinic stays out of it.
OURS = ("DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "DEBUG")
OURS += ("BEHIND_TLS", "CSRF_TRUSTED_ORIGINS", "DJANGO_SETTINGS_MODULE", "PYTEST_ADDOPTS")


@dataclass
class Part:
    name: str
    passed: int
    failed: int
    seconds: float


COUNTS = ("tests", "failures", "errors", "skipped")


def run(name: str, *arguments: str, **engine: str) -> Part:
    """One pytest run. Skipped tests, and a run without tests, are counted as failed."""
    print(f"\n=== {name} ===", flush=True)
    environment = {key: value for key, value in os.environ.items() if key not in OURS} | engine
    report = VAR / "reports" / f"{name.lower().replace(' ', '-')}.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", f"--junit-xml={report}", *arguments]
    began = time.monotonic()
    code = subprocess.run(command, cwd=BASE_DIR, env=environment, check=False).returncode
    suite = ElementTree.parse(report).getroot().find("testsuite") if report.exists() else None
    count = {key: int(suite.get(key, 0)) if suite is not None else 0 for key in COUNTS}
    failed = count["failures"] + count["errors"] + count["skipped"]
    if count["skipped"]:
        print(f"{count['skipped']} skipped: a test runs or goes, so each counts as failed.")
    return Part(name, count["tests"] - failed, failed or int(code != 0), time.monotonic() - began)


@contextmanager
def clean_sqlite_files() -> Iterator[None]:
    """Remove the test databases of finished runs; a live run's carries a live pid."""
    try:
        yield
    finally:
        for path in VAR.glob("test-*.sqlite3*"):
            pid = re.match(r"test-(\d+)\.", path.name)
            if pid and not postgres.alive(int(pid[1])):
                path.unlink(missing_ok=True)


def all_but(*paths: str) -> list[str]:
    return [f"--ignore=tests/{path}" for path in paths]


def main() -> int:
    began = time.monotonic()
    try:
        chromium = browser.find_or_install()
    except browser.NoChromium as missing:
        print(missing)
        return 1
    print(f"Chromium: {chromium}")
    with clean_sqlite_files():
        # The longest modules ask every page or need no database: each runs on one engine.
        folders = all_but("journeys", "bench", "doors/test_query_counts.py")
        parts = [run("SQLite", "-n", "2", *folders)]
        with postgres.server() as url, postgres.migrated(url) as template:
            folders = all_but(
                "journeys", "bench", "planner", "catalogue", "house", "desk", "billing"
            )
            folders += all_but("doors/test_permission_walk.py", "doors/test_openapi.py")
            folders += all_but("fhir/test_permissions.py", "feeds/test_busy.py")
            engine = {"DATABASE_URL": url, "TEST_TEMPLATE": template}
            parts.append(run("PostgreSQL", "-n", "2", *folders, **engine))
        parts.append(run("Browser", "-n", "2", "tests/journeys"))
    print()
    for part in parts:
        outcome = f"{part.passed:5} passed {part.failed:3} failed"
        print(f"{part.name:<12}{outcome}{part.seconds:7.0f} s")
    print(f"{'All':<12}{'':23}{time.monotonic() - began:7.0f} s\n")
    failed = sum(part.failed for part in parts)
    print(f"{sum(part.passed for part in parts)} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
