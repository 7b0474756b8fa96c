"""Book, hold, cancel, move, call out and expire on the same rooms and people at once."""

from __future__ import annotations

import random
from datetime import timedelta
from functools import partial

import pytest

from scheduling.audit import violations
from scheduling.errors import MoveRefused, SlotTaken
from scheduling.models import Appointment, Claim, Hold, Recovery
from scheduling.services.booking import book_series, expire_holds, hold_proposal
from scheduling.services.cancelling import cancel_series, cancel_visit
from scheduling.services.moving import move_visit
from scheduling.services.recovering import call_out
from tests.cast import DESK, MONDAY, NOW, days_after, house, kare_times, patient, protocol, token
from tests.races.crowd import all_at_once
from tests.races.test_last_place import double_bookings

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
CLOCKS = ("09:00", "10:00", "11:00", "12:30", "14:00")


def test_scenario_2_the_invariants_hold_whatever_the_order():
    juniper, kare = house(), protocol("aud-kare")
    dice = random.Random(7)

    def proposal(name: str, week: int, now=NOW) -> str:
        monday = days_after(MONDAY, 7 * week)
        times = kare_times(monday, dice.choice(CLOCKS))
        return token(patient(name), kare, juniper, times, now=now)

    booked = [book_series(token=proposal(f"B{i}", 7 * i), actor=DESK, now=NOW) for i in range(4)]
    soon = NOW + timedelta(minutes=20)
    held = [
        hold_proposal(token=proposal(f"H{i}", 30 + 7 * i), actor=DESK, now=NOW) for i in range(3)
    ]
    facts = {"actor": DESK, "now": soon}
    closed = Appointment.objects.filter(series__in=booked[1:3], step__startswith="inf")
    first = Appointment.objects.get(series=booked[3], step="inf1")
    actions = [
        *(partial(book_series, token=proposal(f"N{i}", i % 3, soon), **facts) for i in range(12)),
        *(partial(hold_proposal, token=proposal(f"M{i}", i % 3, soon), **facts) for i in range(8)),
        *(partial(cancel_series, series=s.pk, reason="patient: ill", **facts) for s in booked[:2]),
        *(
            partial(cancel_visit, appointment=a.pk, reason="clinic: closed", **facts)
            for a in closed
        ),
        *(
            partial(move_visit, appointment=a.pk, starts_at=a.starts_at + DAY, **facts)
            for a in Appointment.objects.filter(series=booked[3], step__startswith="inf")
        ),
        *(
            partial(
                call_out,
                starts_at=first.starts_at - DAY,
                ends_at=first.ends_at + DAY,
                reason="ill",
                **{kind: of.claims.filter(role=role)[0].resource_id},
                **facts,
            )
            for kind, role, of in (
                ("room", "room", first),
                ("staff", "monitoring_nurse", first),
                ("staff", "therapist", Appointment.objects.get(series=booked[3], step="th1")),
            )
        ),
        *(partial(expire_holds, now=soon) for _ in range(3)),
    ]
    dice.shuffle(actions)
    outcomes = all_at_once(actions)

    assert {type(o.error) for o in outcomes if o.error} <= {SlotTaken, MoveRefused}
    assert double_bookings() == 0
    assert not Hold.objects.filter(pk__in=[hold.pk for hold in held]).exists()
    assert not Claim.objects.filter(appointment__status="cancelled").exists()
    assert not Claim.objects.filter(appointment=None, hold=None).exists()
    assert Recovery.objects.count() == 3
    assert [one for one in violations(now=soon) if one.severity == "violation"] == []
    live = Appointment.objects.exclude(status="cancelled")
    with_claims = live.filter(claims__role="patient").distinct().count()
    assert with_claims == live.count()
