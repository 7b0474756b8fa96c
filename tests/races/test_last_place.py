"""Scenario 1: fifty want the last place and one gets it; and what happens without the guards."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from django.db import connection

from clinic.models import Patient, Site
from scheduling import daybook, guard
from scheduling.errors import SlotTaken
from scheduling.models import Appointment, Claim, Series
from scheduling.services import booking
from scheduling.services.booking import book_series
from tests.cast import (
    DESK,
    NOW,
    days_after,
    kare_times,
    nurse,
    patient,
    prescriber,
    protocol,
    room,
    site,
    therapist,
    token,
)
from tests.races.crowd import Outcome, all_at_once

pytestmark = pytest.mark.django_db(transaction=True)

CROWD = 50
CLOCKS = ("09:00", "09:15", "09:30", "09:45", "10:00")


@pytest.fixture
def juniper() -> Site:
    """One infusion room, one therapy room, and one of each: all last places."""
    made = site()
    room("Room 1", made)
    room("Therapy A", made, capabilities=["therapy", "consult"])
    nurse("Ines", made)
    therapist("Ana", made)
    prescriber("Priya", made)
    return made


@pytest.fixture
def proposals(juniper: Site) -> list[str]:
    """The same series for fifty patients, starts a quarter of an hour apart, all overlapping."""
    kare = protocol("aud-kare")
    return [
        token(patient(f"P{i}"), kare, juniper, kare_times(clock=CLOCKS[i % len(CLOCKS)]))
        for i in range(CROWD)
    ]


def book_all(proposals: list[str]) -> list[Outcome[Series]]:
    return all_at_once(
        [partial(book_series, token=proposal, actor=DESK, now=NOW) for proposal in proposals]
    )


def double_bookings() -> int:
    """Pairs of claims that share a minute of one lane, counted from the rows themselves."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM scheduling_claim a JOIN scheduling_claim b "
            "ON a.resource_id = b.resource_id AND a.lane = b.lane AND a.id < b.id "
            "AND a.start_minute < b.end_minute AND b.start_minute < a.end_minute"
        )
        return int(cursor.fetchone()[0])


def test_scenario_1_fifty_want_the_last_place_and_one_gets_it(proposals):
    outcomes = book_all(proposals)
    kinds = Counter(type(outcome.error).__name__ for outcome in outcomes)
    assert kinds == {"NoneType": 1, "SlotTaken": CROWD - 1}
    assert all(o.error.refusals for o in outcomes if isinstance(o.error, SlotTaken))
    assert Series.objects.count() == 1
    assert Appointment.objects.count() == 11
    assert double_bookings() == 0


def stale_reads(monkeypatch: pytest.MonkeyPatch, juniper: Site) -> None:
    """Everybody judges by what the diary said before anybody booked."""
    last = max(kare_times().values()).date()

    def open_days(*, patient: Patient, **wanted: object) -> object:
        return daybook.read(
            site=juniper, first=NOW.date(), last=days_after(last, 1), now=NOW, days=[NOW.date()]
        )

    monkeypatch.setattr(booking.daybook, "open_days", open_days)


def test_the_database_refuses_what_a_stale_read_would_book_twice(proposals, juniper, monkeypatch):
    """Twin with the locks and the re-check off and the guard on: still nothing is booked twice."""
    stale_reads(monkeypatch, juniper)
    outcomes = book_all(proposals[:8])
    assert sum(outcome.error is None for outcome in outcomes) <= 1
    assert double_bookings() == 0


def test_without_the_guard_the_same_race_books_the_place_many_times(
    proposals, juniper, monkeypatch
):
    """Twin with the guard off too: the race is real."""
    stale_reads(monkeypatch, juniper)
    guard.remove(connection)
    try:
        outcomes = book_all(proposals[:8])
        assert sum(outcome.error is None for outcome in outcomes) == 8
        assert double_bookings() > 0
    finally:
        Claim.objects.all().delete()
        guard.install(connection)
