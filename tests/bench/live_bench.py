"""Twenty screens that poll a served clinic: what they cost, and how soon they see a change.

The server is the one of `make run`: one process with threads, on the SQLite file of DATABASE_URL.
"""

from __future__ import annotations

import http.client
import io
import os
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

SCREENS = ("live",) * 8 + ("live/nurses",) * 6 + ("live/rooms",) * 4 + ("day/{day}/live",) * 2
EVERY, SECONDS, CHANGES = 1.2, 10.0, 5
VAR = Path(__file__).resolve().parent.parent.parent / "var"


def measure() -> dict[str, Any]:
    """Share of one core while nothing changes and while something does every other second."""
    from django.core.management import call_command
    from django.utils import timezone

    from clinic.models import Site
    from scheduling.models import Appointment

    call_command("load_demo", verbosity=0, stdout=io.StringIO())
    site = Site.objects.get()
    day = timezone.now().astimezone(site.zone).date()
    cookies = _cookies(len(SCREENS))
    port = _free_port()
    with (VAR / "live-bench.log").open("wb") as log:
        server = subprocess.Popen(_command(port), stdout=log, stderr=log, start_new_session=True)
    try:
        _wait(port)
        screens = [
            Screen(port, f"/sites/{site.pk}/{path.format(day=day)}", cookie, number * EVERY / 20)
            for number, (path, cookie) in enumerate(zip(SCREENS, cookies, strict=True))
        ]
        _draw(screens)
        _after_a_minute_began()
        drawn = _spent(server.pid)
        _draw(screens)
        drawn = _spent(server.pid) - drawn
        quiet, polls = _cost(server.pid, screens, lambda: time.sleep(SECONDS))
        delays: list[float] = []
        busy, _ = _cost(server.pid, screens, lambda: delays.extend(_change(screens)))
    finally:
        server.terminate()
        server.wait()
    return {
        "screens": len(SCREENS),
        "polled_every_s": EVERY,
        "visits_today": Appointment.objects.filter(starts_at__date=day).count(),
        "unchanged_polls_a_second": round(polls, 1),
        "share_of_a_core_unchanged": f"{quiet:.3f}",
        "with_every_board_drawn_once_a_minute": f"{quiet + drawn / 60:.3f}",
        "share_of_a_core_at_a_change_every_2_s": f"{busy:.3f}",
        "slowest_screen_to_see_a_change_s": round(max(delays), 2),
    }


class Screen:
    """A browser's board: one connection, the tag of what it shows, and when it last changed."""

    def __init__(self, port: int, path: str, cookie: str, offset: float) -> None:
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self.path, self.offset = path, offset
        self.headers = {"Cookie": f"sessionid={cookie}", "HX-Request": "true"}
        self.polls = 0
        self.changed = 0.0

    def ask(self) -> None:
        headers = {**self.headers, "Accept-Encoding": "gzip"}
        try:
            self.line.request("GET", self.path, headers=headers)
            answer = self.line.getresponse()
        except http.client.RemoteDisconnected:  # not used for a while: a browser opens another
            self.line.request("GET", self.path, headers=headers)
            answer = self.line.getresponse()
        body = answer.read()
        self.polls += 1
        assert answer.status in (200, 304), (self.path, answer.status)
        if answer.status == 200:
            self.headers["If-None-Match"] = answer.headers["ETag"]
            self.changed = time.monotonic()
        else:
            assert not body

    def poll(self, stop: threading.Event) -> None:
        time.sleep(self.offset)
        while not stop.wait(EVERY):
            self.ask()


def _draw(screens: list[Screen]) -> None:
    """Every board anew, as at the turn of a minute."""
    for screen in screens:
        screen.headers.pop("If-None-Match", None)
        screen.ask()


def _cost(server: int, screens: list[Screen], meanwhile: Any) -> tuple[float, float]:
    """Processor seconds a second, and polls a second, while all screens poll."""
    stop = threading.Event()
    threads = [threading.Thread(target=screen.poll, args=(stop,)) for screen in screens]
    polls = sum(screen.polls for screen in screens)
    began, spent = time.monotonic(), _spent(server)
    for thread in threads:
        thread.start()
    meanwhile()
    took, spent = time.monotonic() - began, _spent(server) - spent
    stop.set()
    for thread in threads:
        thread.join()
    return spent / took, (sum(screen.polls for screen in screens) - polls) / took


def _change(screens: list[Screen]) -> list[float]:
    """A visit is confirmed, five times: seconds until the last screen has heard of each."""
    from django.utils import timezone

    from scheduling.models import Appointment
    from scheduling.services.progress import set_status
    from tests.cast import DESK

    delays = []
    time.sleep(2 * EVERY)  # until the last of them polls
    ahead = Appointment.objects.filter(status="booked", starts_at__gt=timezone.now())
    for pk in list(ahead.values_list("pk", flat=True)[:CHANGES]):
        began = time.monotonic()
        set_status(appointment=pk, to="confirmed", actor=DESK, now=timezone.now())
        time.sleep(2.0)
        delays += [screen.changed - began for screen in screens]
        assert min(screen.changed for screen in screens) > began, "a screen saw nothing"
    return delays


def _cookies(number: int) -> list[str]:
    """Sessions of the demo's people, one a screen."""
    from django.test import Client

    from clinic.models import User

    people = User.objects.filter(email__regex="^(desk|nurse|charge|prescriber)@").order_by("pk")
    cookies = []
    for screen in range(number):
        client = Client()
        client.force_login(people[screen % len(people)])
        cookies.append(client.cookies["sessionid"].value)
    return cookies


def _command(port: int) -> list[str]:
    from config.serve import commands

    return commands(port)["web"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int) -> None:
    from config.serve import answers

    deadline = time.monotonic() + 60
    while not answers(port):
        assert time.monotonic() < deadline, "the server does not answer"
        time.sleep(0.2)


def _after_a_minute_began() -> None:
    """Boards are drawn anew each minute: the quiet stretch lies between two of them."""
    left = 60 - time.time() % 60
    if left < SECONDS + 4:
        time.sleep(left + 3)


def _spent(parent: int) -> float:
    """Processor seconds of a process and its children, by Linux's /proc."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat.parent.name) == parent or int(fields[1]) == parent:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
