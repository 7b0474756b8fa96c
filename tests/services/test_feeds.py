"""Giving out, replacing and taking back calendar addresses."""

from collections import defaultdict

import pytest
from django.core.exceptions import ValidationError

from clinic.models import Journal
from clinic.services.patients import update_patient
from clinic.spans import merge, minute
from scheduling.models import CalendarFeed, Claim, FeedEntry
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_visit
from scheduling.services.feeds import create_feed, revoke_feed, rotate_feed
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, token
from tests.feeds.visits import a_patient, a_person, a_room, a_site, a_user, a_visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def ines():
    return a_person(a_site())


def give(**facts):
    facts = {"detail": "busy", "user": None, "actor": DESK, "now": NOW} | facts
    return create_feed(**facts)


def test_an_address_holds_192_random_bits_and_only_its_hash_is_kept(ines):
    feed, secret = give(resource=ines.pk)
    assert len(secret) == 32
    assert secret not in str(CalendarFeed.objects.values().get())
    assert len(feed.secret_hash) == 64


def test_no_two_addresses_are_alike(ines):
    assert len({give(resource=ines.pk)[1] for _ in range(20)}) == 20


def test_a_room_a_site_and_a_person_can_have_one(ines):
    site = ines.sites.get()
    for owner in ({"resource": ines.pk}, {"resource": a_room(site).pk}, {"site": site.pk}):
        give(**owner)
    assert CalendarFeed.objects.count() == 3


@pytest.mark.parametrize("detail", ["", "everything", "BUSY"])
def test_a_detail_that_does_not_exist_is_refused(ines, detail):
    with pytest.raises(ValidationError) as refused:
        give(resource=ines.pk, detail=detail)
    assert list(refused.value.message_dict) == ["detail"]
    assert not CalendarFeed.objects.exists()


def test_a_feed_is_of_one_thing(ines):
    for owner in ({}, {"resource": ines.pk, "site": ines.sites.get().pk}, {"resource": 0}):
        with pytest.raises(ValidationError):
            give(**owner)


def test_a_patient_has_no_feed():
    with pytest.raises(ValidationError):
        give(resource=a_patient().pk)


def test_a_feed_of_a_site_that_does_not_exist_is_refused():
    with pytest.raises(ValidationError) as refused:
        give(site=404)
    assert "site" in refused.value.message_dict


def test_whoever_replaces_an_address_is_the_one_whose_rights_count(ines):
    feed, _ = give(resource=ines.pk, user=a_user("nurse"))
    manager = a_user("manager", email="mia@clinic.example")
    rotate_feed(feed=feed.pk, user=manager, actor=DESK, now=NOW)
    feed.refresh_from_db()
    assert feed.created_by == manager


def test_an_address_taken_back_is_not_replaced_nor_taken_back_again(ines):
    feed, _ = give(resource=ines.pk)
    revoke_feed(feed=feed.pk, actor=DESK, now=NOW)
    with pytest.raises(CalendarFeed.DoesNotExist):
        rotate_feed(feed=feed.pk, user=None, actor=DESK, now=NOW)
    with pytest.raises(CalendarFeed.DoesNotExist):
        revoke_feed(feed=feed.pk, actor=DESK, now=NOW)


def test_every_change_is_in_the_journal_and_no_secret_is(ines):
    feed, first = give(resource=ines.pk)
    _, second = rotate_feed(feed=feed.pk, user=None, actor=DESK, now=NOW)
    revoke_feed(feed=feed.pk, actor=DESK, now=NOW)
    told = list(Journal.objects.filter(subject=f"feed:{feed.pk}"))
    assert [entry.action for entry in told] == ["feed.created", "feed.rotated", "feed.revoked"]
    feed.refresh_from_db()
    for secret in (first, second, feed.secret_hash):
        assert secret not in str([vars(entry) for entry in told])


def test_a_patient_who_changes_name_is_told_anew_in_every_calendar(ines):
    pia = a_patient()
    visit = a_visit(ines.sites.get(), pia, {ines: [("09:00", "10:00")]})
    update_patient(patient=pia.pk, family_name="Berg", actor=DESK, now=NOW)
    assert FeedEntry.objects.get(appointment=visit).sequence == 1


def test_a_patient_whose_telephone_changes_is_not_told_anew(ines):
    pia = a_patient()
    visit = a_visit(ines.sites.get(), pia, {ines: [("09:00", "10:00")]})
    update_patient(patient=pia.pk, phone="+1 212 555 0100", actor=DESK, now=NOW)
    assert FeedEntry.objects.get(appointment=visit).sequence == 0


def test_a_series_booked_is_told_to_each_of_its_people_and_rooms_minute_by_minute():
    where = house()
    booked = book_series(
        token=token(patient(), protocol("aud-kare"), where, kare_times()), actor=DESK, now=NOW
    )
    assert told(booked) == claimed(booked) != {}
    cancel_visit(appointment=booked.appointments.first().pk, reason="ill", actor=DESK, now=NOW)
    assert told(booked) == claimed(booked) != {}


def told(series):
    """(visit, resource) -> stretches that stand in calendars."""
    found = defaultdict(list)
    for entry in FeedEntry.objects.filter(appointment__series=series, cancelled=False):
        span = (minute(entry.starts_at), minute(entry.ends_at))
        found[entry.appointment_id, entry.resource_id].append(span)
    return {key: sorted(spans) for key, spans in found.items()}


def claimed(series):
    """(visit, resource) -> minutes claimed, without turnover, but for the patient's."""
    found = defaultdict(list)
    for claim in Claim.objects.filter(appointment__series=series).exclude(role="patient"):
        span = (claim.start_minute, claim.end_minute - claim.turnover_minutes)
        found[claim.appointment_id, claim.resource_id].append(span)
    return {key: merge(spans) for key, spans in found.items()}
