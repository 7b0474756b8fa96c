"""One visit by itself: where it fits, what is nearest, and what was wished for."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.models import Journal
from scheduling.errors import Refused
from scheduling.models import Claim, Hold
from scheduling.planner.single import Wish
from scheduling.selectors import propose_series, try_visit
from scheduling.services.booking import book_series, book_visit, hold_proposal, release_hold
from scheduling.services.cancelling import cancel_visit
from tests.cast import (
    DESK,
    MONDAY,
    NOW,
    at,
    days_after,
    house,
    kare_times,
    off,
    patient,
    protocol,
    token,
)

pytestmark = pytest.mark.django_db
TUESDAY = days_after(MONDAY, 1)


def tried(who, where, version, step, starts_at, **more):
    return try_visit(
        patient=who,
        site=where,
        version=version,
        step=step,
        starts_at=starts_at,
        now=NOW,
        **more,
    )


def with_a_gap(where, who, step):
    """A series of aud-kare that lost one visit."""
    version = protocol("aud-kare")
    series = book_series(token=token(who, version, where, kare_times()), actor=DESK, now=NOW)
    lost = series.appointments.get(step=step)
    cancel_visit(appointment=lost.pk, reason="patient: ill", actor=DESK, now=NOW)
    return series


def room_of(visit):
    return visit.claims.get(role="room").resource_id


def test_a_visit_goes_where_it_was_asked_for():
    juniper, pia, version = house(), patient("Pia"), protocol("maintenance")
    two = juniper.rooms.get(name="Room 2")
    found = tried(
        pia, juniper, version, "inf1", at(TUESDAY, "10:00"), wish=Wish(room=two.pk), limit=0
    )
    assert (found.fits, found.here.room) == (True, "Room 2")
    booked = book_visit(
        patient=pia,
        site=juniper,
        version=version,
        step="inf1",
        starts_at=at(TUESDAY, "10:00"),
        wish=Wish(room=two.pk),
        actor=DESK,
        now=NOW,
    )
    assert room_of(booked) == two.pk


def test_a_room_that_is_taken_is_refused_though_another_is_free():
    juniper, pia, version = house(), patient("Pia"), protocol("maintenance")
    one = juniper.rooms.get(name="Room 1")
    off(one, TUESDAY, "10:30", "12:30")
    found = tried(pia, juniper, version, "inf1", at(TUESDAY, "10:00"), wish=Wish(room=one.pk))
    assert [refusal.rule for refusal in found.refusals] == ["room_is_free"]
    assert "Room 2" in found.refusals[0].message
    assert {fit.room for fit in found.nearest} == {"Room 1"}
    assert at(TUESDAY, "12:30") in [fit.starts_at for fit in found.nearest]
    with pytest.raises(Refused):
        book_visit(
            patient=pia,
            site=juniper,
            version=version,
            step="inf1",
            starts_at=at(TUESDAY, "10:00"),
            wish=Wish(room=one.pk),
            actor=DESK,
            now=NOW,
        )


def test_a_room_without_what_the_step_needs_is_no_wish():
    juniper, pia, version = house(), patient("Pia"), protocol("maintenance")
    therapy = juniper.rooms.get(name="Therapy A")
    found = tried(pia, juniper, version, "inf1", at(TUESDAY, "10:00"), wish=Wish(room=therapy.pk))
    assert found.fits
    assert found.here.room != "Therapy A"


def test_the_clinician_asked_for_takes_it():
    juniper, pia, version = house(), patient("Pia"), protocol("aud-kare")
    for name in ("Ana", "Theo"):
        who = juniper.staff.get(given_name=name)
        found = tried(
            pia, juniper, version, "th1", at(TUESDAY, "10:00"), wish=Wish(clinician=who.pk)
        )
        assert found.here.people == (f"{name} Example",)


def test_the_nearest_times_lie_around_the_one_asked_for_and_can_be_booked():
    juniper, pia, version = house(), patient("Pia"), protocol("maintenance")
    found = tried(pia, juniper, version, "inf1", at(TUESDAY, "17:00"))
    assert "site_is_open" in [refusal.rule for refusal in found.refusals]
    assert len(found.nearest) == 3
    assert found.nearest == tuple(sorted(found.nearest, key=lambda fit: fit.starts_at))
    assert at(TUESDAY, "15:30") in [fit.starts_at for fit in found.nearest]
    for fit in found.nearest:
        assert tried(pia, juniper, version, "inf1", fit.starts_at, limit=0).fits


def test_a_missing_step_is_offered_inside_its_window_alone():
    juniper, pia = house(), patient("Pia")
    series = with_a_gap(juniper, pia, "inf2")
    version = series.protocol_version
    found = tried(pia, juniper, version, "inf2", kare_times()["inf2"] + timedelta(days=5))
    low, high = found.window
    assert {refusal.rule for refusal in found.refusals} == {"window_is_kept"}
    assert low <= kare_times()["inf2"].date() <= high
    assert all(low <= fit.starts_at.date() <= high for fit in found.nearest)


def test_the_step_that_others_hang_on_keeps_their_distances():
    juniper, pia = house(), patient("Pia")
    series = with_a_gap(juniper, pia, "inf1")
    found = tried(pia, juniper, series.protocol_version, "inf1", kare_times()["inf1"])
    assert found.fits
    assert found.window[0] <= series.d0 <= found.window[1]


def test_a_window_that_is_over_offers_nothing():
    juniper, pia = house(), patient("Pia")
    series = with_a_gap(juniper, pia, "screening")
    later = series.d0 + timedelta(days=2)
    found = try_visit(
        patient=pia,
        site=juniper,
        version=series.protocol_version,
        step="screening",
        starts_at=at(later, "09:00"),
        now=at(later, "07:00"),
    )
    assert found.refusals
    assert found.nearest == ()


def test_looking_costs_the_same_however_full_the_book_is():
    juniper, pia, version = house(), patient("Pia"), protocol("maintenance")
    tried(pia, juniper, version, "inf1", at(TUESDAY, "09:00"))
    counts = []
    for clock in ("09:00", "12:00"):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            tried(pia, juniper, version, "inf1", at(TUESDAY, clock))
        counts.append(len(queries))
        book_series(
            token=token(patient(f"Per {clock}"), version, juniper, {"inf1": at(TUESDAY, clock)}),
            actor=DESK,
            now=NOW,
        )
    assert counts[0] == counts[1] <= 4


def test_days_away_are_not_proposed_and_are_named_when_they_block():
    juniper, version = house(), protocol("maintenance")
    assert version
    away = [{"from": "2026-12-08", "to": "2026-12-09", "why": "a wedding"}]
    pia = patient("Pia", preferences={"away": away})
    found = propose_series(
        patient=pia, protocol_key="maintenance", site=juniper, not_before=TUESDAY, now=NOW
    )
    days = {visit.start for offer in found.offers for visit in offer.plan.visits}
    assert min(days) >= at(date(2026, 12, 10), "00:00").timestamp() // 60
    blocked = propose_series(
        patient=pia,
        protocol_key="maintenance",
        site=juniper,
        not_before=TUESDAY,
        not_after=days_after(MONDAY, 2),
        now=NOW,
    )
    assert not blocked.offers
    assert "away" in blocked.blocked[0].message
    here = tried(pia, juniper, version, "inf1", at(TUESDAY, "09:00"))
    assert "The patient is away" in here.refusals[0].message
    assert all(fit.starts_at.date() > days_after(MONDAY, 2) for fit in here.nearest[1:])


def test_a_hold_can_be_let_go_by_hand():
    juniper, pia, per = house(), patient("Pia"), patient("Per")
    version = protocol("aud-kare")
    held = token(pia, version, juniper, kare_times())
    hold_proposal(token=held, actor=DESK, now=NOW)
    assert release_hold(token=held, actor=DESK, now=NOW)
    assert not Hold.objects.exists()
    assert not Claim.objects.exists()
    assert not release_hold(token=held, actor=DESK, now=NOW)
    assert Journal.objects.filter(action="proposal.released").count() == 1
    book_series(token=token(per, version, juniper, kare_times()), actor=DESK, now=NOW)
