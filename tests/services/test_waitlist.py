"""Who waits is offered what is free, held for them; it runs out, goes on, and is never past."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clinic.models import Journal
from scheduling.audit import violations
from scheduling.errors import SlotTaken
from scheduling.models import Appointment, Claim, Hold, Offer, Series, WaitlistEntry
from scheduling.services.booking import book_visit
from scheduling.services.cancelling import cancel_visit
from scheduling.services.offering import (
    OfferGone,
    accept_offer,
    decline_offer,
    expire_offers,
    fill_openings,
    offer_by,
    turns,
)
from scheduling.services.waiting import join_waitlist, leave_waitlist
from scheduling.tokens import link_secret, secret_hash
from tests.cast import DESK, NOW, at, patient
from tests.services.test_moving import D0, booked, the

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def series() -> Series:
    return booked("Pia")


def waits(visit: Appointment, **more) -> WaitlistEntry:
    return join_waitlist(
        patient=visit.patient,
        site=visit.site,
        version=visit.protocol_version,
        appointment=visit,
        actor=DESK,
        now=NOW,
        **more,
    )


def fill(series: Series, now=NOW) -> list[Offer]:
    return fill_openings(site=series.site_id, actor=DESK, now=now)


def sound(now=NOW) -> bool:
    return [one for one in violations(now=now) if one.severity == "violation"] == []


def test_an_earlier_time_inside_its_window_is_held_and_offered(series):
    th6 = the(series, "th6")
    wait = waits(th6)
    [offer] = fill(series)
    assert offer.starts_at < th6.starts_at
    assert offer.hold.claims.filter(role="patient").exists()
    assert Journal.objects.get(action="offer.made").after["patient"] == th6.patient_id
    wait.refresh_from_db()
    assert wait.state == "offered"
    assert sound()


def test_taken_it_moves_the_visit_and_uses_up_the_hold(series):
    th6 = the(series, "th6")
    wait = waits(th6)
    [offer] = fill(series)
    visit = accept_offer(offer=offer.pk, actor=DESK, now=NOW)
    assert (visit.pk, visit.starts_at) == (th6.pk, offer.starts_at)
    assert not Hold.objects.exists()
    wait.refresh_from_db()
    assert (wait.state, wait.booked) == ("booked", visit)
    assert sound()
    with pytest.raises(OfferGone):
        accept_offer(offer=offer.pk, actor=DESK, now=NOW)


def test_only_the_days_and_hours_that_suit_are_offered(series):
    th6 = the(series, "th6")
    waits(th6, weekdays=["mon"], earliest=at(D0, "14:00").time())
    [offer] = fill(series)
    here = offer.starts_at.astimezone(series.site.zone)
    assert here.weekday() == 0
    assert here.hour >= 14


def test_what_is_held_cannot_be_booked_by_anybody_else(series):
    th6 = the(series, "th6")
    waits(th6)
    [offer] = fill(series)
    with pytest.raises(SlotTaken):
        book_visit(
            patient=th6.patient,
            site=th6.site,
            version=th6.protocol_version,
            step="th1",
            starts_at=offer.starts_at,
            actor=DESK,
            now=NOW,
        )


def test_an_offer_that_runs_out_passes_on_and_is_not_made_to_the_same_again(series):
    other = booked("Per", "13:00")
    first, second = waits(the(series, "th6")), waits(the(other, "th6"))
    offers = {offer.entry_id: offer for offer in fill(series)}
    assert set(offers) == {first.pk, second.pk}
    late = max(offer.expires_at for offer in offers.values())
    assert expire_offers(now=late) == [series.site_id]
    assert not Claim.objects.filter(hold__isnull=False).exists()
    again = {offer.entry_id: offer for offer in fill(series, late)}
    for entry, offer in again.items():
        assert offer.starts_at != offers[entry].starts_at


def test_a_place_declined_is_free_for_the_next(series):
    waits(the(series, "th6"))
    [offer] = fill(series)
    decline_offer(offer=offer.pk, actor=DESK, now=NOW)
    assert not Hold.objects.exists()
    offer.entry.refresh_from_db()
    assert offer.entry.state == "waiting"


def test_the_patient_with_the_closing_window_comes_before_the_longer_wait(series):
    other = booked("Per", "13:00")
    longer = waits(the(series, "th7"))
    closing = waits(the(other, "th7"), not_after=NOW.date() + 2 * DAY)
    assert [one.id for one in turns(series.site, NOW)] == [closing.pk, longer.pk]


def test_an_offer_never_points_at_the_past_nor_runs_past_the_notice(series):
    th6 = the(series, "th6")
    waits(th6, notice_minutes=24 * 60)
    soon = th6.starts_at - timedelta(hours=30)
    for offer in fill(series, soon):
        assert offer.starts_at >= soon + timedelta(hours=24)
        assert offer.expires_at <= offer.starts_at - timedelta(hours=24)
    assert fill(series, th6.starts_at) == []


def test_a_missing_visit_is_offered_inside_its_window(series):
    th7 = the(series, "th7")
    cancel_visit(appointment=th7.pk, reason="ill", actor=DESK, now=NOW)
    join_waitlist(
        patient=series.patient,
        site=series.site,
        version=series.protocol_version,
        series=series,
        step="th7",
        not_after=th7.starts_at.date() + 10 * DAY,
        actor=DESK,
        now=NOW,
    )
    [offer] = fill(series)
    visit = accept_offer(offer=offer.pk, actor=DESK, now=NOW)
    assert (visit.series, visit.step) == (series, "th7")
    assert sound()


def test_a_whole_series_is_offered_and_booked(series):
    join_waitlist(
        patient=patient("Pol"),
        site=series.site,
        version=series.protocol_version,
        actor=DESK,
        now=NOW,
    )
    [offer] = fill(series)
    first = accept_offer(offer=offer.pk, actor=DESK, now=NOW + 5 * MINUTE)
    assert first.series.appointments.count() == 11
    assert not Hold.objects.exists()
    assert sound()


def test_whoever_leaves_the_list_gives_the_place_back(series):
    wait = waits(the(series, "th6"))
    fill(series)
    leave_waitlist(wait=wait.pk, actor=DESK, now=NOW)
    assert not Hold.objects.exists()
    assert Offer.objects.get().state == "withdrawn"


def test_asked_twice_a_visit_waits_once(series):
    th6 = the(series, "th6")
    assert waits(th6) == waits(th6)


def test_only_the_hash_of_a_link_is_kept(series):
    waits(the(series, "th6"))
    [offer] = fill(series)
    secret = link_secret("offer", offer.pk)
    assert offer.secret_hash == secret_hash(secret)
    assert offer_by(secret) == offer
    assert offer_by("guess") is None
