"""Scenario 8: an expired hold, a foreign hold and a broken rule, by REST, desk and admin."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from clinic.models import Grant, Journal, User
from scheduling.models import Appointment, Claim, Hold, Offer, Series
from scheduling.services.booking import hold_proposal
from tests.cast import DESK, NOW, house, patient, protocol, token
from tests.doors.callers import caller
from tests.services.test_moving import DAY, booked, the, tuesdays

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def monday_morning():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def series() -> Series:
    return booked("Pia")


def insists(role: str, series: Series, **form: str) -> tuple[int, Appointment]:
    """Somebody of that role moves Pia's second infusion out of its window on purpose."""
    user, _ = User.objects.get_or_create(username=role, email=f"{role}@clinic.example")
    Grant.objects.get_or_create(user=user, role=role)
    browser = Client()
    browser.force_login(user)
    visit = the(series, "inf2")
    day = (visit.starts_at + 4 * DAY).astimezone(series.site.zone).date().isoformat()
    answer = browser.post(
        reverse("desk:move-do", args=[visit.pk]),
        {"day": day, "at": "09:00", "insist": "1", **form},
    )
    return answer.status_code, the(series, "inf2")


def test_scenario_8_only_the_privileged_with_a_reason_break_a_rule_and_the_journal_has_it(series):
    before = the(series, "inf2").starts_at
    status, visit = insists("front_desk", series, reason="She travels")
    assert (status, visit.starts_at) == (403, before)
    status, visit = insists("prescriber", series, reason="  ")
    assert (status, visit.starts_at) == (422, before)
    assert not Journal.objects.filter(action="override").exists()

    status, visit = insists("prescriber", series, reason="She travels")
    assert (status, visit.starts_at) == (302, before + 4 * DAY)
    entry = Journal.objects.get(action="override", subject=f"appointment:{visit.pk}")
    assert entry.after["reason"] == "She travels"
    assert "window_is_kept" in entry.after["rules"]


def test_scenario_8_no_program_breaks_a_rule_and_the_admin_has_no_book(series):
    visit = the(series, "inf2")
    later = (visit.starts_at + 4 * DAY).isoformat()
    asked = caller("Records").post(
        f"appointments/{visit.pk}/move", {"starts_at": later, "override": "please"}
    )
    assert asked.status_code == 400
    assert the(series, "inf2").starts_at == visit.starts_at
    assert not {Appointment, Series, Claim, Hold, Offer} & set(admin.site._registry)


def test_scenario_8_a_foreign_hold_is_in_the_way_and_an_expired_one_is_not(monday_morning):
    clinic, kare = house(), protocol("aud-kare")
    pia = token(patient("Pia"), kare, clinic, tuesdays())
    hold_proposal(token=token(patient("Per"), kare, clinic, tuesdays()), actor=DESK, now=NOW)
    machine = caller("Records")
    assert machine.post("series", {"proposal": pia}).status_code == 409
    monday_morning.shift(timedelta(minutes=16))
    assert machine.post("series", {"proposal": pia}).status_code == 201
