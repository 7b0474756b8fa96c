"""`make run` is one process that ends all of its children, however it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings

WEB = """
import http.server, os, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
class Well(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Well).serve_forever()
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"
SUPERVISE = """
import pathlib, sys
from config import serve
serve.VAR = pathlib.Path(sys.argv[1])
serve.LOGS = serve.VAR / "log"
serve.GRACE_SECONDS = 1
port = int(sys.argv[2])
python = [sys.executable, "-c"]
sys.exit(serve.supervise({"web": [*python, sys.argv[3], str(port)],
                          "worker": [*python, sys.argv[4]]}, port))
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def clinic(folder: Path, port: int, worker: str) -> Iterator[subprocess.Popen[str]]:
    running = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(folder), str(port), WEB, worker],
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield running
    finally:
        running.kill()


def read_until(running: subprocess.Popen[str], words: str) -> None:
    assert running.stdout
    for line in running.stdout:
        if words in line:
            return
    raise AssertionError(f"ended without saying {words!r}")


def descendants(pid: int) -> list[int]:
    listed = subprocess.run(
        ["pgrep", "--parent", str(pid)], capture_output=True, text=True, check=False
    )
    own = [int(line) for line in listed.stdout.split()]
    return own + [deeper for child in own for deeper in descendants(child)]


def is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_ends_children_and_grandchildren_even_stubborn_ones(tmp_path, port, how):
    with clinic(tmp_path, port, STUBBORN) as running:
        read_until(running, f"open at http://127.0.0.1:{port}")
        family = descendants(running.pid)
        assert len(family) == 3
        os.kill(running.pid, how)
        assert running.wait(timeout=10) == 0
        assert [pid for pid in family if is_running(pid)] == []


def test_when_one_process_dies_all_end_and_its_last_words_are_shown(tmp_path, port):
    with clinic(tmp_path, port, "import sys; sys.exit('the queue is gone')") as running:
        told, _ = running.communicate(timeout=10)
        assert running.returncode == 1
        assert "The worker process ended by itself" in told
        assert "the queue is gone" in told


def test_a_busy_port_is_said_in_one_sentence(port):
    with socket.create_server(("127.0.0.1", port)):
        done = subprocess.run(
            [sys.executable, "-m", "config.serve"],
            cwd=settings.BASE_DIR,
            env={**os.environ, "PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"Port {port} is in use. Stop what uses it, or choose another: make run PORT=8001"
    )
