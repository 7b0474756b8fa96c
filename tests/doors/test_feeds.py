"""GET /feeds/{secret}.ics as a calendar program sees it (scenario 9 of the feed contract)."""

import json
import logging
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.models import Grant
from config.logs import JsonLine
from scheduling.feeds import serve
from scheduling.models import CalendarFeed
from scheduling.services.feeds import create_feed, revoke_feed, rotate_feed
from tests.feeds.readers import by_ical_js, by_recurring_ical_events, by_vobject
from tests.feeds.visits import (
    DESK,
    NOW,
    a_patient,
    a_person,
    a_room,
    a_site,
    a_user,
    a_visit,
    change_claims,
)

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def clinic():
    """Ines covers twenty minutes of Pia's infusion in Infusion Room 4."""

    class Clinic:
        site = a_site()
        room = a_room(site)
        ines = a_person(site)
        pia = a_patient()
        visit = a_visit(site, pia, {room: [("09:00", "11:20")], ines: [("09:10", "09:30")]})

    return Clinic


def address(of, detail="busy", user=None):
    owner = {"resource": of.pk} if hasattr(of, "resource") else {"site": of.pk}
    feed, secret = create_feed(**owner, detail=detail, user=user, actor=DESK, now=NOW)
    return feed, f"/feeds/{secret}.ics"


def event(client, url):
    (only,) = by_vobject(client.get(url).content)
    return only


# What it answers


def test_a_feed_is_a_private_calendar_without_cookies_that_no_robot_keeps(client, clinic):
    answer = client.get(address(clinic.ines)[1])
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Cache-Control"] == "private, no-cache"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["ETag"].startswith('"')
    assert answer["Last-Modified"] == "Tue, 24 Nov 2026 15:00:00 GMT"
    assert not answer.cookies


def test_three_readers_agree_on_what_a_feed_says(client, clinic):
    a_visit(clinic.site, a_patient("Omar, Jr."), {clinic.ines: [("13:00", "14:00")]}, step="th1")
    user = a_user("nurse")
    content = client.get(address(clinic.ines, "full", user)[1]).content
    assert len(by_vobject(content)) == 2
    assert by_vobject(content) == by_recurring_ical_events(content) == by_ical_js([content])[0]


def test_head_answers_as_get_does_without_the_calendar(client, clinic):
    url = address(clinic.ines)[1]
    head, get = client.head(url), client.get(url)
    assert head.status_code == 200
    assert head.content == b""
    assert head["ETag"] == get["ETag"]


def test_a_feed_cannot_be_written_to(client, clinic):
    assert client.post(address(clinic.ines)[1]).status_code == 405


# Unchanged


def test_an_unchanged_feed_is_304_and_keeps_its_headers(client, clinic):
    url = address(clinic.ines)[1]
    etag = client.get(url)["ETag"]
    answer = client.get(url, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer["ETag"] == etag
    assert answer["Cache-Control"] == "private, no-cache"


def test_a_date_alone_is_enough_for_304(client, clinic):
    url = address(clinic.ines)[1]
    seen = client.get(url)["Last-Modified"]
    assert client.get(url, headers={"If-Modified-Since": seen}).status_code == 304


def test_the_etag_outranks_the_date(client, clinic):
    url = address(clinic.ines)[1]
    seen = client.get(url)["Last-Modified"]
    headers = {"If-None-Match": '"older"', "If-Modified-Since": seen}
    assert client.get(url, headers=headers).status_code == 200


@pytest.mark.parametrize("detail", ["busy", "initials", "full"])
def test_an_unchanged_poll_is_one_query_and_renders_nothing(client, clinic, monkeypatch, detail):
    url = address(clinic.ines, detail, a_user("nurse"))[1]
    etag = client.get(url)["ETag"]
    monkeypatch.setattr(serve, "render", None)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url, headers={"If-None-Match": etag}).status_code == 304
    assert len(asked) == 1


def test_a_calendar_is_rendered_once_a_change_even_for_programs_that_send_no_etag(
    client, clinic, monkeypatch
):
    url = address(clinic.ines)[1]
    client.get(url)
    monkeypatch.setattr(serve, "render", None)
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("visits", [1, 25])
def test_rendering_takes_the_same_four_queries_whatever_the_number_of_visits(
    client, clinic, visits
):
    for hour in range(visits):
        day = NOW.date() + timedelta(days=hour)
        a_visit(clinic.site, a_patient(), {clinic.ines: [("20:00", "20:30")]}, day=day)
    url = address(clinic.ines, "full", a_user("nurse"))[1]
    client.get(url)
    change_claims(clinic.visit, {clinic.ines: [("08:00", "08:30")]})
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    assert len(asked) == 4


def test_every_change_of_a_visit_makes_a_new_etag(client, clinic):
    url = address(clinic.ines)[1]
    seen = [client.get(url)["ETag"]]
    change_claims(clinic.visit, {clinic.ines: [("09:15", "09:30")]})
    seen.append(client.get(url)["ETag"])
    change_claims(clinic.visit, {clinic.ines: [("09:10", "09:30")]})
    seen.append(client.get(url)["ETag"])
    change_claims(clinic.visit, {})
    seen.append(client.get(url)["ETag"])
    assert len(set(seen)) == 4


def test_what_happens_to_somebody_else_leaves_a_feed_unchanged(client, clinic):
    url = address(clinic.ines)[1]
    etag = client.get(url)["ETag"]
    a_visit(clinic.site, a_patient(), {a_person(clinic.site, "Omar Said"): [("09:00", "10:00")]})
    assert client.get(url, headers={"If-None-Match": etag}).status_code == 304


# Visits cancelled and moved


def test_a_cancelled_visit_stays_as_cancelled_under_its_uid_with_a_higher_sequence(client, clinic):
    url = address(clinic.ines)[1]
    before = event(client, url)
    change_claims(clinic.visit, {})
    after = event(client, url)
    assert (before.status, after.status) == ("CONFIRMED", "CANCELLED")
    assert after.uid == before.uid
    assert after.sequence > before.sequence


def test_a_nurse_who_is_replaced_sees_hers_cancelled_and_the_other_one_gets_it(client, clinic):
    omar = a_person(clinic.site, "Omar Said")
    change_claims(clinic.visit, {omar: [("09:10", "09:30")]})
    assert event(client, address(clinic.ines)[1]).status == "CANCELLED"
    assert event(client, address(omar)[1]).status == "CONFIRMED"


def test_a_cancelled_visit_is_told_for_ninety_days(client, clinic, clock):
    far = a_visit(
        clinic.site,
        clinic.pia,
        {clinic.room: [("09:00", "10:00")]},
        day=NOW.date() + timedelta(200),
    )
    change_claims(far, {}, now=NOW)
    change_claims(clinic.visit, {}, now=NOW)
    url = address(clinic.room)[1]
    clock.move_to(NOW + timedelta(days=90))
    assert event(client, url).status == "CANCELLED"
    clock.move_to(NOW + timedelta(days=91))
    assert by_vobject(client.get(url).content) == []


def test_a_feed_tells_of_thirty_days_back_and_four_hundred_ahead(client, clinic):
    days = {offset: NOW.date() + timedelta(offset) for offset in (-31, -30, 399, 401)}
    room = a_room(clinic.site, "Infusion Room 5")
    for day in days.values():
        a_visit(clinic.site, clinic.pia, {room: [("12:00", "13:00")]}, day=day)
    told = [read.starts_at.date() for read in by_vobject(client.get(address(room)[1]).content)]
    assert sorted(told) == [days[-30], days[399]]


# Addresses


def test_a_person_has_as_many_feeds_as_they_like(client, clinic):
    urls = {address(clinic.ines)[1] for _ in range(3)}
    assert [client.get(url).status_code for url in urls] == [200, 200, 200]


def test_rotation_kills_the_old_address_at_once(client, clinic):
    feed, old = address(clinic.ines)
    etag = client.get(old)["ETag"]
    _, secret = rotate_feed(feed=feed.pk, user=None, actor=DESK, now=NOW)
    assert client.get(old, headers={"If-None-Match": etag}).status_code == 404
    assert client.get(f"/feeds/{secret}.ics").status_code == 200


def test_an_address_unknown_replaced_or_taken_back_gives_the_same_answer(client, clinic):
    feed, replaced = address(clinic.ines)
    rotate_feed(feed=feed.pk, user=None, actor=DESK, now=NOW)
    feed, revoked = address(clinic.ines)
    revoke_feed(feed=feed.pk, actor=DESK, now=NOW)
    answers = [client.get(url) for url in (replaced, revoked, "/feeds/never.ics", "/feeds/é🦊.ics")]
    for answer in answers:
        del answer.headers["X-Request-ID"]
    assert {answer.status_code for answer in answers} == {404}
    assert len({(answer.content, str(answer.headers)) for answer in answers}) == 1


def test_who_has_left_takes_their_feeds_along(client, clinic):
    user = a_user("nurse")
    url = address(clinic.room, "initials", user)[1]
    assert client.get(url).status_code == 200
    user.is_active = False
    user.save()
    assert client.get(url).status_code == 404


def test_the_feed_of_a_member_of_staff_who_has_left_is_gone(client, clinic):
    url = address(clinic.ines)[1]
    clinic.ines.active = False
    clinic.ines.save()
    assert client.get(url).status_code == 404


def test_no_log_line_holds_the_secret(client, clinic, caplog):
    caplog.set_level(logging.DEBUG)
    url = address(clinic.ines)[1]
    secret = url.removeprefix("/feeds/").removesuffix(".ics")
    client.get(url)
    client.post(url)
    rotate_feed(feed=CalendarFeed.objects.get().pk, user=None, actor=DESK, now=NOW)
    client.get(url)
    client.get(url + "/")
    lines = [JsonLine().format(record) for record in caplog.records]
    assert any("/feeds/<str:secret>.ics 404" in line for line in lines)
    written = [line for line in lines if json.loads(line)["logger"] != "django.db.backends"]
    assert not [line for line in written if secret in line]


# When it was last read


def test_the_first_poll_notes_when_and_by_what_and_the_next_ten_minutes_write_nothing(
    client, clinic, clock
):
    feed, url = address(clinic.ines)
    client.get(url, headers={"User-Agent": "Google-Calendar-Importer"})
    feed.refresh_from_db()
    assert (feed.last_fetched_at, feed.last_fetched_by) == (NOW, "Google-Calendar-Importer")
    clock.move_to(NOW + timedelta(minutes=9))
    with CaptureQueriesContext(connection) as asked:
        client.get(url)
    assert not [query for query in asked if "UPDATE" in query["sql"]]
    clock.move_to(NOW + timedelta(minutes=11))
    client.get(url)
    feed.refresh_from_db()
    assert feed.last_fetched_at == NOW + timedelta(minutes=11)


# What it reveals


@pytest.mark.parametrize("owner", ["ines", "room", "site"])
def test_a_busy_feed_names_no_patient_step_room_or_site_anywhere(client, clinic, owner):
    answer = client.get(address(getattr(clinic, owner), "busy", a_user("nurse"))[1])
    everything = answer.content.decode() + str(answer.headers)
    assert "SUMMARY:Busy" in everything
    for word in (
        *("Pia", "Kern", "PK", clinic.pia.mrn, "Infusion", "inf1", "aud", "AUD", "Room"),
        *("Harbour", "Ketamine", "Main Street", "LOCATION", "DESCRIPTION"),
    ):
        assert word not in everything


def test_initials_name_the_patient_by_initials_and_nothing_else(client, clinic):
    text = client.get(address(clinic.ines, "initials", a_user("nurse"))[1]).content.decode()
    assert "SUMMARY:PK visit" in text
    for word in ("Pia", "Kern", "Infusion", "inf1", "Room", "Main Street", "Harbour", "Ketamine"):
        assert word not in text


def test_full_names_patient_step_and_room_and_the_neutral_name_of_the_site(client, clinic):
    content = client.get(address(clinic.ines, "full", a_user("nurse"))[1]).content
    (read,) = by_vobject(content)
    assert (read.summary, read.location) == (
        "Pia Kern, Infusion 1",
        "Infusion Room 4, Main Street",
    )
    assert b"Ketamine" not in content


def test_a_full_feed_in_the_hands_of_a_manager_shows_initials(client, clinic):
    url = address(clinic.ines, "full", a_user("manager"))[1]
    assert event(client, url).summary == "PK visit"


def test_a_full_feed_in_the_hands_of_an_administrator_is_busy(client, clinic):
    url = address(clinic.ines, "full", a_user("administrator"))[1]
    assert event(client, url).summary == "Busy"


def test_rights_end_where_the_site_ends(client, clinic):
    far = a_site("Hill Clinic")
    a_visit(far, a_patient("Nils Berg"), {clinic.ines: [("15:00", "16:00")]})
    url = address(clinic.ines, "full", a_user("nurse", clinic.site))[1]
    told = {read.summary for read in by_vobject(client.get(url).content)}
    assert told == {"Pia Kern, Infusion 1", "Busy"}


def test_rights_taken_away_change_the_very_next_poll(client, clinic):
    user = a_user("nurse")
    url = address(clinic.ines, "full", user)[1]
    etag = client.get(url)["ETag"]
    Grant.objects.filter(user=user).update(role=Grant.Role.ADMINISTRATOR)
    answer = client.get(url, headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert b"SUMMARY:Busy" in answer.content


def test_a_site_is_told_as_what_its_rooms_do(client, clinic):
    a_visit(clinic.site, a_patient(), {a_room(clinic.site, "Quiet Room"): [("09:00", "10:00")]})
    elsewhere = a_site("Hill Clinic")
    a_visit(elsewhere, a_patient(), {a_room(elsewhere): [("09:00", "10:00")]})
    assert len(by_vobject(client.get(address(clinic.site)[1]).content)) == 2
