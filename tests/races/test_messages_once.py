"""Workers killed and queues lost in the middle of sending: nothing is lost, nothing sent twice."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from celery import Celery
from django.conf import settings
from django.db import connection
from django.utils import timezone

from clinic.models import Journal
from scheduling.models import Appointment, Message, Status
from scheduling.services import delivery, messages
from scheduling.services.reminders import queue_reminders
from tests.cast import house, patient, protocol
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)

PATIENTS = 12
DEADLINE = 20


class Service(BaseHTTPRequestHandler):
    """A text service: it keeps the ids that it took over, and may strike its caller dead."""

    taken: Counter[str]
    kill_at: dict[int, Callable[[], None]]
    lock = threading.Lock()

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["Idempotency-Key"] == said["id"]
        with self.lock:
            type(self).taken[said["id"]] += 1
            strike = type(self).kill_at.pop(self.taken.total(), None)
        if strike:
            strike()
            return
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[tuple[type[Service], str]]:
    fresh = type("Fresh", (Service,), {"taken": Counter(), "kill_at": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), fresh)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield fresh, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


class Clinic:
    """A worker process, a queue of files, and somebody who asks as the clock would."""

    def __init__(self, folder: Path, address: str) -> None:
        self.broker = folder / "broker"
        self.environment = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "CELERY_BROKER_URL": f"filesystem://{self.broker}",
            "SMS_URL": address,
            "SMS_TOKEN": "secret",
            "MESSAGE_SPOOL": str(folder / "spool"),
            "MESSAGE_LEASE_SECONDS": "1",
            "SECRET_KEY": settings.SECRET_KEY,
        }
        self.log = (folder / "worker.log").open("wb")
        self.worker: subprocess.Popen[bytes] | None = None
        self.queue = Celery(broker="filesystem://")
        self.open_queue()

    def open_queue(self) -> None:
        for name in ("queue", "control"):
            (self.broker / name).mkdir(parents=True)
        self.queue.conf.broker_transport_options = {
            "data_folder_in": str(self.broker / "queue"),
            "data_folder_out": str(self.broker / "queue"),
            "control_folder": str(self.broker / "control"),
        }

    def lose_queue(self) -> None:
        """The broker stops, and comes back with nothing of what it held."""
        shutil.rmtree(self.broker)
        self.open_queue()

    def start_worker(self) -> None:
        self.worker = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "--app", "config", "--quiet", "worker"),
                *("--pool", "solo", "--without-gossip", "--without-mingle", "--without-heartbeat"),
            ],
            cwd=settings.BASE_DIR,
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
        )

    def kill_worker(self) -> None:
        if self.worker:
            self.worker.send_signal(signal.SIGKILL)
            self.worker.wait()

    def strike(self) -> None:
        """As `kill_worker`, from within a request of its own."""
        assert self.worker
        os.kill(self.worker.pid, signal.SIGKILL)

    def until(self, done: Callable[[], bool]) -> None:
        """Ask for what the clock asks for, until it is done."""
        deadline = time.monotonic() + DEADLINE
        pause = threading.Event()
        while not done():
            assert time.monotonic() < deadline, Path(self.log.name).read_text()[-3000:]
            if not any((self.broker / "queue").iterdir()):
                for task in ("queue_reminders", "send_messages"):
                    self.queue.send_task(f"scheduling.tasks.{task}", ignore_result=True)
            pause.wait(0.05)


@pytest.fixture
def clinic(tmp_path, service) -> Iterator[Clinic]:
    made = Clinic(tmp_path, service[1])
    yield made
    made.kill_worker()
    made.log.close()


def database_url() -> str:
    facts = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{facts['NAME']}"
    secret = f":{facts['PASSWORD']}" if facts["PASSWORD"] else ""
    where = f"{facts['HOST']}:{facts['PORT'] or 5432}"
    return f"postgres://{facts['USER']}{secret}@{where}/{facts['NAME']}"


def midday(now: datetime) -> str:
    """A time zone where it is about noon, so that reminders leave whenever this test runs."""
    return f"Etc/GMT{now.hour - 12:+}"


def expected_tomorrow() -> None:
    """Patients whose reminder is due now."""
    now = timezone.now()
    where, version = house(time_zone=midday(now)), protocol()
    for number in range(PATIENTS):
        Appointment.objects.create(
            patient=patient(f"P{number}", phone=f"+1617555{number:04}", no_email=True),
            site=where,
            protocol_version=version,
            step="inf1",
            status=Status.BOOKED,
            starts_at=now + timedelta(hours=24, minutes=-1),
            ends_at=now + timedelta(hours=26),
            created_at=now - timedelta(days=9),
            updated_at=now - timedelta(days=9),
        )


def test_a_worker_killed_and_a_queue_lost_midway_lose_and_double_nothing(clinic, service):
    taken, _ = service
    expected_tomorrow()
    taken.kill_at = {5: clinic.strike}
    clinic.start_worker()
    clinic.until(lambda: clinic.worker.poll() is not None)
    assert Message.objects.filter(state="sending").count() == 1
    clinic.lose_queue()
    clinic.start_worker()
    clinic.until(lambda: Message.objects.filter(state="sent").count() == PATIENTS)

    rows = Message.objects.all()
    assert len(rows) == PATIENTS
    ids = {delivery.outgoing(row).id for row in rows}
    assert taken.taken.keys() == ids
    # The one that it was struck dead over was asked again by the same id: taken over once.
    assert taken.taken.total() == len(ids) + 1
    assert rows.filter(attempts=2).count() == 1


def test_workers_that_send_at_once_take_each_message_once(service, settings):
    taken, settings.SMS_URL = service
    settings.MESSAGE_WAYS = {"text": "scheduling.messaging.adapters.http.HttpText"}
    expected_tomorrow()
    queue_reminders(now=timezone.now())
    send = lambda: delivery.send_due(clock=timezone.now, dice=lambda: 0.0)  # noqa: E731
    met = all_at_once([send] * 4)
    assert [one.error for one in met if one.error] == []
    assert sum(one.result for one in met) == PATIENTS
    assert set(taken.taken.values()) == {1}
    assert len(taken.taken) == PATIENTS


def test_everybody_who_queues_an_act_at_once_queues_it_once():
    now = timezone.now()
    pia = patient("Pia", phone="+16175550123", email="pia@example.com")
    where = house(opens="00:00", closes="23:45", weekdays=range(7))
    visit = Appointment.objects.create(
        patient=pia,
        site=where,
        protocol_version=protocol(),
        step="inf1",
        starts_at=now + timedelta(days=2),
        ends_at=now + timedelta(days=2, hours=2),
        created_at=now,
        updated_at=now,
    )
    Journal.objects.create(
        at=now,
        actor="dora",
        door="desk",
        action="visit.booked",
        subject=f"appointment:{visit.pk}",
        site=where,
        after={"patient": pia.pk},
    )
    queue = lambda: messages.catch_up(within=timedelta(hours=1), now=now)  # noqa: E731
    met = all_at_once([queue] * 4)
    assert [one.error for one in met if one.error] == []
    assert Message.objects.count() == 1
