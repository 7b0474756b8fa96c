"""`make run`: migrate, load the demo once, then web, worker and beat together until Ctrl-C.

One process watches its children, each in a session of its own, so that Ctrl-C reaches only the
watcher and it ends them in order. Their logs are var/log/web.log and var/log/worker.log.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.error import URLError

import django
from django.core.management import call_command

HOST = "127.0.0.1"
VAR = Path(__file__).resolve().parent.parent / "var"
LOGS = VAR / "log"
GRACE_SECONDS = 10
START_SECONDS = 60


def commands(port: int) -> dict[str, list[str]]:
    """One web process with threads, so that what is counted in its memory counts for everybody."""
    python = [sys.executable, "-m"]
    return {
        "web": [
            *python,
            *("gunicorn", "config.wsgi", "--bind", f"{HOST}:{port}", "--threads", "8"),
            *("--log-level", "warning", "--graceful-timeout", "3", "--no-control-socket"),
        ],
        "worker": [
            *python,
            *("celery", "--app", "config", "--quiet", "worker", "--beat", "--pool", "threads"),
            *("--concurrency", "2", "--loglevel", "INFO", "--schedule", str(VAR / "beat-schedule")),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
    }


def refuse_a_busy_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            sys.exit(
                f"Port {port} is in use. Stop what uses it, or choose another: make run PORT=8001"
            )


def prepare() -> None:
    """Migrate; load the demo into a database that nobody has touched, and say who may sign in."""
    from clinic.models import Invitation, Patient, Site, User

    call_command("migrate", verbosity=0, interactive=False)
    if not any(model.objects.exists() for model in (Site, User, Invitation)):
        print("Loading the demo clinic, this once ...", flush=True)
        call_command("load_demo", size="clinic")
    if Patient.objects.filter(is_demo=True).exists():
        call_command("show_sign_ins")


def start(name: str, command: list[str]) -> subprocess.Popen[bytes]:
    path = LOGS / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.replace(path.with_suffix(".log.1"))
    with path.open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=VAR.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def end(children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Ask every child to end; after GRACE_SECONDS kill it, and in any case its descendants."""
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for child in children.values():
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(0.0, deadline - time.monotonic()))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def stop_requests() -> socket.socket:
    """A socket that becomes readable on Ctrl-C, SIGTERM or a closed terminal: none is missed."""
    readable, written = socket.socketpair()
    written.setblocking(False)
    signal.set_wakeup_fd(written.detach())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return readable


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/healthz", timeout=1) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def first_dead(children: dict[str, subprocess.Popen[bytes]]) -> str | None:
    return next((name for name, child in children.items() if child.poll() is not None), None)


def report_death(name: str) -> None:
    log = LOGS / f"{name}.log"
    print(f"\nThe {name} process ended by itself, so all of it ends. The last of {log}:")
    print("".join(f"    {line}\n" for line in log.read_text(errors="replace").splitlines()[-12:]))


def supervise(commands: dict[str, list[str]], port: int) -> int:
    """Run all of them until asked to stop (0), or until one ends by itself (1)."""
    asked_to_stop = stop_requests()
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands.items():
            children[name] = start(name, command)
        ready, deadline = False, time.monotonic() + START_SECONDS
        while not select.select([asked_to_stop], [], [], 0.2)[0]:
            if dead := first_dead(children):
                report_death(dead)
                return 1
            if not ready and time.monotonic() > deadline:
                print(f"The web process did not answer within {START_SECONDS} s: see {LOGS}")
                return 1
            if not ready and (ready := answers(port)):
                print(
                    f"\n  Chairtime is open at http://{HOST}:{port}   (Ctrl-C ends it)", flush=True
                )
                print(f"  Logs: {LOGS.relative_to(VAR.parent)}/\n", flush=True)
        print("\nClosing ...", flush=True)
        return 0
    finally:
        end(children)


def main() -> int:
    port = int(os.environ.get("PORT") or 8000)
    refuse_a_busy_port(port)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    try:
        prepare()
    except KeyboardInterrupt:
        return 130
    return supervise(commands(port), port)


if __name__ == "__main__":
    sys.exit(main())
