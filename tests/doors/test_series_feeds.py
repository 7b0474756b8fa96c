"""Feeds of a patient's series, reminders, colours and packing, as calendar programs see them."""

import gzip
import logging
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import ValidationError

from clinic.models import Grant, Journal
from config.logs import JsonLine
from scheduling.feeds.busy import busy_times
from scheduling.models import CalendarFeed, Series
from scheduling.services.booking import book_series
from scheduling.services.cancelling import cancel_visit
from scheduling.services.feeds import create_feed
from tests.cast import DESK, NOW, house, kare_times, patient, protocol, token
from tests.feeds.readers import by_ical_js, by_recurring_ical_events, by_vobject
from tests.feeds.visits import a_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def course():
    """Pia's eleven visits at Juniper House."""
    proposal = token(patient("Pia"), protocol("aud-kare"), house(), kare_times())
    return book_series(token=proposal, actor=DESK, now=NOW)


def address(detail="busy", user=None, **of):
    feed, secret = create_feed(**of, detail=detail, user=user, actor=DESK, now=NOW)
    return feed, f"/feeds/{secret}.ics"


def test_a_series_is_told_visit_by_visit_and_no_other_series_is(client, course):
    version = course.protocol_version
    others = token(patient("Per"), version, course.site, kare_times(clock="13:00"))
    book_series(token=others, actor=DESK, now=NOW)
    told = by_vobject(client.get(address(series=course.pk)[1]).content)
    spans = sorted((one.starts_at, one.ends_at) for one in told)
    assert spans == [(visit.starts_at, visit.ends_at) for visit in course.appointments.all()]


@pytest.mark.parametrize("detail", ["busy", "full"])
def test_every_reader_accepts_the_feed_of_a_series_and_reads_the_same(client, course, detail):
    url = address(detail, a_user("nurse"), series=course.pk)[1]
    content = client.get(url).content
    assert by_vobject(content) == by_recurring_ical_events(content) == by_ical_js([content])[0]


def test_a_busy_feed_of_a_series_gives_nothing_away_in_body_headers_address_or_log(
    client, course, caplog
):
    caplog.set_level(logging.INFO)
    url = address(user=a_user("nurse"), series=course.pk)[1]
    answer = client.get(url)
    written = [JsonLine().format(record) for record in caplog.records]
    everything = answer.content.decode() + str(answer.headers) + url + "".join(written)
    assert "SUMMARY:Busy" in everything
    assert "X-WR-CALNAME:Schedule" in everything
    for word in (
        *("Pia", "Sample", "PS", course.patient.mrn, "Infusion", "Therapy", "inf1", "aud-kare"),
        *("AUD", "Room", "Juniper", "COLOR", "LOCATION", "DESCRIPTION", "Ana", "Priya"),
    ):
        assert word not in everything, word


def test_what_a_series_feed_reveals_ends_with_its_readers_rights(client, course):
    user = a_user("nurse", course.site)
    url = address("full", user, series=course.pk)[1]
    first = client.get(url)
    assert b"SUMMARY:Pia Sample" in first.content
    Grant.objects.filter(user=user).update(role=Grant.Role.ADMINISTRATOR)
    again = client.get(url, headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 200
    assert b"Pia" not in again.content
    user.is_active = False
    user.save()
    assert client.get(url).status_code == 404


def test_a_series_feed_changes_with_its_visits_only(client, course):
    url = address(series=course.pk)[1]
    etag = client.get(url)["ETag"]
    others = token(patient("Per"), course.protocol_version, course.site, kare_times(clock="13:00"))
    per = book_series(token=others, actor=DESK, now=NOW)
    assert client.get(url, headers={"If-None-Match": etag}).status_code == 304
    cancel_visit(appointment=per.appointments.first().pk, reason="x", actor=DESK, now=NOW)
    assert client.get(url, headers={"If-None-Match": etag}).status_code == 304
    visit = course.appointments.get(step="th7")
    cancel_visit(appointment=visit.pk, reason="x", actor=DESK, now=NOW)
    assert client.get(url, headers={"If-None-Match": etag}).status_code == 200
    told = {one.starts_at: one for one in by_vobject(client.get(url).content)}
    assert told[visit.starts_at].status == "CANCELLED"
    assert told[visit.starts_at].sequence > 0


def test_a_feed_is_of_one_thing_and_a_series_is_journaled_by_number(course):
    therapist = course.therapist
    with pytest.raises(ValidationError):
        address(resource=therapist.pk, series=course.pk)
    feed, _ = address(series=course.pk)
    entry = Journal.objects.get(action="feed.created")
    assert entry.after == {"of": f"series:{course.pk}", "detail": "busy"}
    assert entry.site == course.site
    assert Series.objects.get().feeds.get() == feed


def test_colours_are_told_at_full_detail_alone(client, course):
    user = a_user("nurse")
    colours = {}
    for detail in CalendarFeed.Detail.values:
        text = client.get(address(detail, user, series=course.pk)[1]).content.decode()
        colours[detail] = {line for line in text.splitlines() if line.startswith("COLOR")}
    assert colours == {
        "busy": set(),
        "initials": set(),
        "full": {"COLOR:steelblue", "COLOR:mediumpurple", "COLOR:goldenrod"},
    }


def test_a_feed_reminds_only_when_it_was_asked_to(client, course):
    who = course.therapist.pk
    silent = client.get(address(resource=who)[1]).content
    assert b"VALARM" not in silent
    _, url = address(resource=who, alarm_minutes=30)
    cancel_visit(
        appointment=course.appointments.get(step="th7").pk, reason="x", actor=DESK, now=NOW
    )
    content = client.get(url).content
    assert content.count(b"TRIGGER:-PT30M") == content.count(b"STATUS:CONFIRMED") == 6
    assert content.count(b"STATUS:CANCELLED") == 1
    assert b"DESCRIPTION:Busy" in content
    assert by_vobject(content) == by_ical_js([content])[0]


@pytest.mark.parametrize("minutes", [0, 1441, -5])
def test_a_reminder_is_up_to_a_day_before(course, minutes):
    with pytest.raises(ValidationError) as refused:
        address(resource=course.therapist.pk, alarm_minutes=minutes)
    assert "alarm_minutes" in refused.value.message_dict


def test_a_feed_is_packed_for_programs_that_ask_and_still_304(client, course):
    url = address(resource=course.therapist.pk)[1]
    plain = client.get(url)
    packed = client.get(url, headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert packed["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) < len(plain.content) / 3
    headers = {"Accept-Encoding": "gzip", "If-None-Match": packed["ETag"]}
    assert client.get(url, headers=headers).status_code == 304
    head = client.head(url, headers={"Accept-Encoding": "gzip"})
    assert (head.status_code, head.content) == (200, b"")


def test_our_reader_and_ical_js_agree_on_when_somebody_is_busy(client, course):
    visit = course.appointments.get(step="th6")
    cancel_visit(appointment=visit.pk, reason="x", actor=DESK, now=NOW)
    content = client.get(address(resource=course.therapist.pk)[1]).content
    ours = busy_times(
        content,
        zone=ZoneInfo("UTC"),
        first=datetime(2026, 11, 1, tzinfo=UTC),
        last=datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=430),
    )
    theirs = [
        (one.starts_at, one.ends_at)
        for one in by_ical_js([content])[0]
        if one.status != "CANCELLED"
    ]
    assert sorted(ours.times) == sorted(theirs)
    assert len(theirs) == 6
