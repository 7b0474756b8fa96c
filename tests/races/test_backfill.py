"""Scenario 7: one place is free; two who wait accept while the desk books it: one winner."""

from __future__ import annotations

import pytest
from django.db import connection

from scheduling import guard
from scheduling.audit import violations
from scheduling.errors import SlotTaken
from scheduling.models import Appointment, Claim, Hold, Offer, WaitlistEntry
from scheduling.services.booking import book_visit
from scheduling.services.offering import OfferGone, accept_offer, offer_opening
from scheduling.services.waiting import join_waitlist
from tests.cast import DESK, NOW, house, patient, protocol
from tests.races.crowd import all_at_once
from tests.services.test_moving import D0

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def offers() -> list[Offer]:
    """Two who wait for the one room and prescriber that a screening needs, offered the same day."""
    clinic, kare = house(), protocol("aud-kare")
    made = []
    for name in ("Pia", "Per"):
        wait = join_waitlist(
            patient=patient(name),
            site=clinic,
            version=kare,
            step="screening",
            not_before=D0,
            not_after=D0,
            actor=DESK,
            now=NOW,
        )
        made.append(offer_opening(wait=wait.pk, actor=DESK, now=NOW))
    return made


def told(outcomes) -> list[type]:
    return sorted(
        (type(one.error) for one in outcomes if one.error), key=lambda kind: kind.__name__
    )


def test_scenario_7_two_accept_one_offer_while_the_desk_books_its_place_and_one_wins(offers):
    first = offers[0]
    entry, pol = first.entry, patient("Pol")

    def desk() -> Appointment:
        return book_visit(
            patient=pol,
            site=entry.site,
            version=entry.protocol_version,
            step="screening",
            starts_at=first.starts_at,
            actor=DESK,
            now=NOW,
        )

    def accept() -> Appointment:
        return accept_offer(offer=first.pk, actor=DESK, now=NOW)

    outcomes = all_at_once([accept, accept, desk, accept, desk])
    won = [one.result for one in outcomes if one.result]
    at_that_place = [visit for visit in won if visit.patient_id == entry.patient_id]
    assert len(at_that_place) == 1
    assert set(told(outcomes)) <= {OfferGone, SlotTaken}
    assert not Hold.objects.filter(pk=first.hold_id).exists()
    assert [one for one in violations(now=NOW) if one.severity == "violation"] == []


def test_many_ask_for_the_queue_at_once_and_nobody_is_offered_twice(offers):
    Claim.objects.filter(hold__isnull=False).delete()
    Hold.objects.all().delete()
    Offer.objects.all().delete()
    WaitlistEntry.objects.update(state="waiting")
    waits = list(WaitlistEntry.objects.values_list("pk", flat=True))
    asked = [lambda wait=wait: offer_opening(wait=wait, actor=DESK, now=NOW) for wait in waits * 4]
    all_at_once(asked)
    open_offers = Offer.objects.filter(state="open")
    assert open_offers.count() == open_offers.values("entry").distinct().count() > 0
    assert [one for one in violations(now=NOW) if one.severity == "violation"] == []


def test_without_the_guard_a_place_held_can_be_taken_twice(offers):
    """The twin: what refuses the second is the database."""
    first = offers[0]
    held = Claim.objects.filter(hold=first.hold_id).exclude(role="patient").first()
    guard.remove(connection)
    try:
        Claim.objects.create(
            resource_id=held.resource_id,
            lane=held.lane,
            start_minute=held.start_minute,
            end_minute=held.end_minute,
            role=held.role,
            hold_id=first.hold_id,
        )
        assert any(one.rule == "lane_is_claimed_once" for one in violations(now=NOW))
    finally:
        Claim.objects.filter(hold=first.hold_id).delete()
        guard.install(connection)
