"""Somebody edits hours and rooms while others book what the edit would take away."""

from __future__ import annotations

from datetime import time
from functools import partial

import pytest

from clinic.models import Staff
from clinic.services.hours import Shift
from scheduling.audit import violations
from scheduling.errors import SlotTaken, WouldBreakVisits
from scheduling.models import Claim, FeedEntry
from scheduling.services.booking import book_series
from scheduling.services.upkeep import add_absence, save_staff, set_weekly_hours
from tests.cast import (
    DESK,
    MONDAY,
    NOW,
    at,
    days_after,
    house,
    kare_times,
    patient,
    protocol,
    token,
)
from tests.races.crowd import all_at_once

pytestmark = pytest.mark.django_db(transaction=True)
BY = {"actor": DESK, "now": NOW}


def test_an_edit_and_the_bookings_it_contradicts_never_both_succeed():
    juniper, kare = house(), protocol("aud-kare")
    ana, theo = (Staff.objects.get(given_name=name) for name in ("Ana", "Theo"))
    tokens = [
        token(patient(f"P{i}"), kare, juniper, kare_times(MONDAY, clock))
        for i, clock in enumerate(("09:00", "09:00", "10:30", "10:30", "13:00", "14:30"))
    ]
    afternoons = [Shift(day, time(12), time(18)) for day in range(5)]
    day = days_after(MONDAY, 11)
    edits = [
        partial(
            set_weekly_hours,
            staff=ana.pk,
            site=juniper.pk,
            shifts=afternoons,
            since=days_after(MONDAY, 20),
        ),
        partial(
            add_absence, resource=theo.pk, starts_at=at(day, "08:00"), ends_at=at(day, "18:00")
        ),
        partial(add_absence, resource=ana.pk, starts_at=at(day, "08:00"), ends_at=at(day, "12:00")),
    ]
    bookings = [partial(book_series, token=one) for one in tokens]
    mixed = [*bookings[:3], *edits, *bookings[3:]]

    met = all_at_once([partial(action, **BY) for action in mixed])

    errors = [type(outcome.error) for outcome in met if outcome.error]
    assert set(errors) <= {SlotTaken, WouldBreakVisits}
    assert len(errors) < len(met)
    assert violations(now=NOW) == []


def test_two_edits_of_one_person_keep_each_others_changes():
    juniper = house()
    ana = Staff.objects.get(given_name="Ana")
    edits = [
        partial(save_staff, staff=ana.pk, title="Dr"),
        partial(save_staff, staff=ana.pk, phone="+12125550100"),
        partial(save_staff, staff=ana.pk, skills=["kap", "emdr"]),
        partial(save_staff, staff=ana.pk, sites=[juniper]),
    ]
    met = all_at_once([partial(edit, **BY) for edit in edits])
    assert not [outcome.error for outcome in met if outcome.error]
    ana.refresh_from_db()
    assert (ana.title, ana.phone, ana.skills) == ("Dr", "+12125550100", ["kap", "emdr"])


def test_what_calendars_are_told_is_what_is_claimed_after_everybody_booked_at_once():
    juniper, kare = house(), protocol("aud-kare")
    tokens = [
        token(patient(f"P{i}"), kare, juniper, kare_times(days_after(MONDAY, 7 * (i % 3)), clock))
        for i, clock in enumerate(("09:00", "10:00", "11:00", "12:30", "14:00", "15:00") * 2)
    ]
    all_at_once([partial(book_series, token=one, **BY) for one in tokens])
    told = set(
        FeedEntry.objects.filter(cancelled=False).values_list("appointment_id", "resource_id")
    )
    claimed = set(
        Claim.objects.filter(appointment__isnull=False)
        .exclude(role="patient")
        .values_list("appointment_id", "resource_id")
    )
    assert told == claimed != set()
