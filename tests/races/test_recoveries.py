"""A sick call meets those who book, cancel and accept at the same moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from functools import partial

import pytest
from django.conf import settings

from scheduling.audit import violations
from scheduling.errors import Refused
from scheduling.models import Appointment, Claim, Recovery, Status
from scheduling.services.bettering import improve_recovery, waiting_recoveries
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_visit
from scheduling.services.recovering import accept_recovery, call_out
from tests.cast import DESK, MONDAY, NOW, at, house, kare_times, patient, protocol, token
from tests.races.crowd import all_at_once
from tests.races.test_messages_once import database_url

pytestmark = pytest.mark.django_db(transaction=True)
THURSDAY = MONDAY + timedelta(days=10)
DAY = {"starts_at": at(THURSDAY, "00:00"), "ends_at": at(THURSDAY, "23:59")}
BY = {"actor": DESK, "now": NOW}

KILLED = """
import os, signal, sys
from datetime import datetime
import django
django.setup()
from scheduling.services.bettering import improve_recovery

asked = []

def clock():
    asked.append(1)
    if len(asked) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return datetime.fromisoformat(sys.argv[2])

improve_recovery(recovery=int(sys.argv[1]), clock=clock)
"""
"""A worker that takes a recovery over and is struck dead before it has bettered it."""


def wrong() -> list[str]:
    return [str(one) for one in violations(now=NOW) if one.severity == "violation"]


def test_accepting_twice_while_others_cancel_book_and_better_leaves_one_answer():
    juniper, kare = house(), protocol("aud-kare")
    mine = [
        book_series(token=token(patient(name), kare, juniper, kare_times(clock=clock)), **BY)
        for name, clock in (("Pia", "08:00"), ("Per", "10:30"))
    ]
    other = token(patient("Pol"), kare, juniper, kare_times(clock="13:00"))
    nurse = mine[0].appointments.get(step="inf1").claims.filter(role="monitoring_nurse")[0]
    recovery = call_out(site=juniper.pk, reason="snow", **DAY, **BY)
    gone = mine[1].appointments.get(step="inf1").pk
    accept = partial(accept_recovery, recovery=recovery.pk, **BY)

    met = all_at_once(
        [
            accept,
            partial(cancel_visit, appointment=gone, reason="snowed in", **BY),
            partial(book_series, token=other, **BY),
            partial(improve_recovery, recovery=recovery.pk, seconds=0.2, clock=lambda: NOW),
            partial(call_out, staff=nurse.resource_id, reason="ill", **DAY, **BY),
            accept,
        ]
    )

    assert all(one.error is None or isinstance(one.error, Refused) for one in met), met
    again = accept()
    stands = dict(Appointment.objects.values_list("pk", "status"))
    assert stands[gone] in (Status.CANCELLED, Status.TO_REBOOK)
    assert Status.UNCOVERED not in stands.values()
    assert {visit.pk for visit in again} <= set(recovery.affected)
    assert Recovery.objects.get(pk=recovery.pk).status == "accepted"
    held = Claim.objects.filter(appointment__status__in=(Status.CANCELLED, Status.TO_REBOOK))
    assert not held.exists()
    assert wrong() == []


def test_a_nurse_called_out_while_she_is_booked_covers_nobody_then():
    juniper, kare = house(), protocol("aud-kare")
    first = book_series(token=token(patient("Pia"), kare, juniper, kare_times()), **BY)
    nurse = first.appointments.get(step="inf1").claims.filter(role="monitoring_nurse")[0]
    others = [
        token(patient(f"P{n}"), kare, juniper, kare_times(clock=clock))
        for n, clock in enumerate(("11:30", "13:45"))
    ]

    met = all_at_once(
        [
            *(partial(book_series, token=one, **BY) for one in others),
            partial(call_out, staff=nurse.resource_id, reason="ill", **DAY, **BY),
            partial(call_out, staff=nurse.resource_id, reason="ill", **DAY, **BY),
        ]
    )

    assert all(one.error is None or isinstance(one.error, Refused) for one in met), met
    low, high = (int(edge.timestamp()) // 60 for edge in DAY.values())
    hers = Claim.objects.filter(resource=nurse.resource_id, start_minute__lt=high)
    assert not hers.filter(end_minute__gt=low).exists()
    assert wrong() == []


def test_a_worker_killed_while_it_betters_a_plan_leaves_it_to_the_next():
    juniper, kare = house(), protocol("aud-kare")
    for name, clock in (("Pia", "08:00"), ("Per", "10:30"), ("Pol", "13:00")):
        book_series(token=token(patient(name), kare, juniper, kare_times(clock=clock)), **BY)
    recovery = call_out(site=juniper.pk, reason="snow", **DAY, **BY)
    before = list(Claim.objects.order_by("pk").values())

    worker = subprocess.run(
        [sys.executable, "-c", KILLED, str(recovery.pk), NOW.isoformat()],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SECRET_KEY": settings.SECRET_KEY,
        },
        capture_output=True,
        check=False,
    )
    assert worker.returncode == -signal.SIGKILL, worker.stderr
    recovery.refresh_from_db()
    assert (recovery.status, bool(recovery.measures["worker"])) == ("improving", True)
    assert list(Claim.objects.order_by("pk").values()) == before
    assert waiting_recoveries(now=NOW) == []

    later = NOW + timedelta(seconds=61)
    assert waiting_recoveries(now=later) == [recovery.pk]
    improve_recovery(recovery=recovery.pk, seconds=0.2, clock=lambda: later)
    recovery.refresh_from_db()
    assert recovery.status == "ready"
    assert sorted(one.pk for one in accept_recovery(recovery=recovery.pk, **BY)) == sorted(
        recovery.affected
    )
    assert wrong() == []
