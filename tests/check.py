"""`make check`: format, lint, types, import contracts, migrations, deploy check, audit.

Every step runs, and prints only when it has something to say; the exit code tells.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BASE_DIR = Path(__file__).resolve().parent.parent
BIN = BASE_DIR / ".venv" / "bin"
# A clinic on the network, as docker-compose.yml runs it.
PRODUCTION = {
    "SECRET_KEY": "checking-" * 8 + "0123456789",
    "ALLOWED_HOSTS": "clinic.example",
    "BEHIND_TLS": "true",
    "DEBUG": "false",
}
NOT_RUN = "dependency audit: not run (database unreachable)"
Outcome = tuple[bool, str]


def tool(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=BASE_DIR,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def clean(*command: str, **environment: str) -> Callable[[], Outcome]:
    """A step that passes when the command exits 0, and says what the command said when not."""

    def step() -> Outcome:
        done = tool(*command, **environment)
        return done.returncode == 0, "" if done.returncode == 0 else done.stdout + done.stderr

    return step


def manage(*command: str, **environment: str) -> Callable[[], Outcome]:
    return clean("python", "manage.py", *command, **environment)


def read_json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def audit_python() -> Outcome:
    """Known vulnerabilities of the locked packages; unreachable shows as every package skipped."""
    lines: list[str] = []
    audited = False
    for lock in ("locks/app.txt", "locks/dev.txt"):
        done = tool(
            *("pip-audit", "-r", lock, "--disable-pip", "--format", "json"),
            *("--progress-spinner", "off", "--timeout", "10"),
        )
        for package in read_json(done.stdout).get("dependencies", []):
            audited = audited or "skip_reason" not in package
            lines += [
                f"{package['name']} {package['version']}: {found['id']}"
                for found in package.get("vulns", [])
            ]
        if not audited:
            return True, NOT_RUN
    return not lines, "\n".join(lines)


def audit_npm() -> Outcome:
    report = read_json(tool("npm", "audit", "--json").stdout)
    if "vulnerabilities" not in report:
        return True, NOT_RUN
    found = report["vulnerabilities"]
    return not found, "\n".join(f"{name}: {found[name]['severity']}" for name in found)


STEPS: dict[str, Callable[[], Outcome]] = {
    "format": clean("ruff", "format", "--check", "--output-format=concise", "."),
    "lint": clean("ruff", "check", "--output-format=concise", "."),
    "types": clean("mypy", "."),
    "import contracts": clean("lint-imports"),
    "migrations": manage("makemigrations", "--check", "--dry-run"),
    "deploy check": manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION),
    "audit, Python": audit_python,
    "audit, npm": audit_npm,
}


def main() -> int:
    failed = []
    for name, step in STEPS.items():
        began = time.monotonic()
        passed, words = step()
        verdict = "ok" if passed else "FAILED"
        print(f"{name:<18}{verdict:<8}{time.monotonic() - began:5.1f} s", flush=True)
        if words:
            print("".join(f"    {line}\n" for line in words.strip().splitlines()), flush=True)
        if not passed:
            failed.append(name)
    print(f"make check: {', '.join(failed)} failed" if failed else "make check: all passed")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
