"""Any calendar file gives when its owner is busy, or one clear sentence."""

import warnings
from datetime import UTC, date, datetime, time, timedelta

import pytest
import recurring_ical_events
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from scheduling.feeds.busy import Busy, CalendarRefused, busy_times
from scheduling.feeds.busy_lines import LARGEST
from scheduling.feeds.busy_series import Budget
from tests.feeds.corpus import FIRST, LAST, NEW_YORK, SAME, calendar, event, zone
from tests.feeds.corpus_of_ours import OURS

FUZZ = settings(
    deadline=None, max_examples=150, suppress_health_check=list(HealthCheck), database=None
)


def read(document: bytes, budget: Budget | None = None) -> Busy:
    return busy_times(document, zone=NEW_YORK, first=FIRST, last=LAST, budget=budget)


def plainly(document: bytes) -> list[tuple[datetime, datetime]]:
    """The same by icalendar and recurring-ical-events alone, as their guides say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = recurring_ical_events.of(Calendar.from_ical(document)).between(
            FIRST - timedelta(days=2), LAST + timedelta(days=2)
        )
    marked = [
        (_utc(one["DTSTART"].dt), _utc(one["DTEND"].dt))
        for one in found
        if one.get("STATUS") != "CANCELLED"
        and one.get("TRANSP") != "TRANSPARENT"
        and one.get("X-MICROSOFT-CDO-BUSYSTATUS") != "FREE"
    ]
    return [(max(start, FIRST), min(end, LAST)) for start, end in marked]


def _utc(value: date) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(0))
    return (value if value.tzinfo else value.replace(tzinfo=NEW_YORK)).astimezone(UTC)


def minutes(spans) -> set[datetime]:
    """Every minute that the spans cover: no arithmetic of ours decides what is the same."""
    covered = set()
    for start, end in spans:
        while start < end:
            covered.add(start)
            start += timedelta(minutes=1)
    return covered


def test_there_are_enough_odd_files():
    assert len(SAME) + len(OURS) > 90


@pytest.mark.parametrize("name", SAME)
def test_a_file_means_what_a_plain_reader_takes_it_for(name):
    found = read(SAME[name])
    assert found.unread == 0
    assert minutes(found.times) == minutes(plainly(SAME[name]))
    ends = [end for _, end in found.times]
    assert all(end < start for end, (start, _) in zip(ends, found.times[1:], strict=False))


@pytest.mark.parametrize("name", OURS)
def test_a_file_that_plain_readers_trip_over_is_read_as_meant(name):
    document, told = OURS[name]
    found = read(document)
    assert found.unread == 0
    assert " ".join(f"{a:%dT%H:%M}/{b:%dT%H:%M}" for a, b in found.times) == told


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (b"", "There is no calendar in it"),
        (b"BEGIN:VCARD\r\nEND:VCARD\r\n", "There is no calendar in it"),
        (b"<!doctype html><title>Sign in</title>", "This is a web page and no calendar"),
        (calendar(event()).removesuffix(b"END:VCALENDAR\r\n"), "breaks off before its end"),
        (calendar(event())[:150], "breaks off before its end"),
        (bytes(LARGEST + 1), "larger than 10 MB"),
        (calendar("BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 20_001), "more than 20,000 entries"),
        (calendar("BEGIN:X\r\n" * 30_000), "more than 20,000 entries"),
        (calendar(event("RDATE:" + "20261201T090000Z," * 100_002)), "more than 100,000 dates"),
        (calendar(event("RRULE:FREQ=SECONDLY")), "more events in the next 400 days"),
        (
            calendar(event("DTSTART:20000101T000000Z", "RRULE:FREQ=SECONDLY")),
            "repeats so often, or since so long ago",
        ),
        (calendar(event("RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")), "repeats so often"),
        (calendar(event("RRULE:FREQ=YEARLY;BYMONTH=13")), "repeats so often"),
        (
            calendar(
                zone("Odd").replace("FREQ=YEARLY;BYDAY=-1SU", "FREQ=SECONDLY"),
                event("DTSTART;TZID=Odd:20261201T090000"),
            ),
            "repeats so often",
        ),
        (calendar(*(zone(f"Z{n}") for n in range(201))), "more than 200 time zones"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(document, says):
    with pytest.raises(CalendarRefused) as refused:
        read(document, Budget(steps=200_000, seconds=300))
    assert says in str(refused.value)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;BYMONTH=13",
        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6",
        "FREQ=MINUTELY;BYHOUR=5;BYMONTH=2;BYMONTHDAY=30",
    ],
)
def test_reading_ends_when_its_time_is_over(rule):
    with pytest.raises(CalendarRefused, match="takes too long"):
        read(calendar(event(f"RRULE:{rule}")), Budget(seconds=0.2, steps=10**9))


def test_ten_thousand_events_are_read():
    many = calendar(
        *(
            event(f"DTSTART:202612{n % 28 + 1:02}T{n % 24:02}0000Z", "DURATION:PT10M", uid=str(n))
            for n in range(10_000)
        )
    )
    assert read(many).times


@pytest.mark.parametrize(
    ("lines", "times"),
    [
        (["DTSTART:tomorrow"], 0),
        (["DTSTART:20261301T090000Z"], 0),
        (["DTSTART:20261201T140000Z", "DTEND:soon"], 0),
        (["DTSTART:20261201T140000Z", "DURATION:a while"], 0),
        (["DTSTART:20261201T140000Z", "DURATION:PT1H", "RRULE:FREQ=NEVER"], 1),
        (["DTSTART:20261201T140000Z", "DURATION:PT1H", "RRULE"], 1),
        (["DTSTART:20261201T140000Z", "DURATION:PT1H", "EXDATE:x"], 1),
        (["DTSTART:99991231T235959Z", "DURATION:P999999D"], 0),
    ],
)
def test_an_entry_that_cannot_be_read_is_counted_and_the_others_are_kept(lines, times):
    other = event("DTSTART:20261205T140000Z", "DURATION:PT1H", uid="two")
    found = read(calendar(event(*lines), other))
    assert found.unread == 1
    assert len(found.times) == times + 1


def test_whole_days_are_days_of_the_person_and_not_of_the_server():
    [(start, end)] = read(calendar(event("DTSTART;VALUE=DATE:20270314"))).times
    assert start.astimezone(NEW_YORK).time() == end.astimezone(NEW_YORK).time() == time(0)
    assert end - start == timedelta(hours=23)


def test_a_zone_of_one_file_is_not_taken_for_that_of_the_next():
    there = event("DTSTART;TZID=Made up:20261201T090000", "DURATION:PT1H")
    first = read(calendar(zone("Made up"), there))
    second = read(calendar(zone("Made up", "-0300", "-0400"), there))
    assert second.times[0][0] - first.times[0][0] == timedelta(hours=5)


def test_events_that_our_own_feed_told_are_left_out():
    found = busy_times(
        calendar(event(), event("DTSTART:20261205T140000Z", "DURATION:PT1H", uid="ours")),
        zone=NEW_YORK,
        first=FIRST,
        last=LAST,
        without={"ours"},
    )
    assert len(found.times) == 1


def survives(document: bytes) -> None:
    try:
        found = read(document, Budget(steps=20_000))
    except CalendarRefused:
        return
    assert all(FIRST <= start < end <= LAST for start, end in found.times)


@FUZZ
@given(st.binary(max_size=400))
@example(b"\xff\xfe\x00")
def test_random_bytes_are_refused(document):
    with pytest.raises(CalendarRefused):
        read(document)


@FUZZ
@given(
    document=st.sampled_from([*SAME.values(), *(file for file, _ in OURS.values())]), data=st.data()
)
def test_a_file_with_bytes_changed_is_read_or_refused(document, data):
    spoiled = bytearray(document[:3000])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(spoiled) - 1))
        length = data.draw(st.integers(0, 4))
        spoiled[at : at + length] = data.draw(st.binary(max_size=4))
    survives(bytes(spoiled) + b"\r\nEND:VCALENDAR\r\n")


TEXT = st.text(alphabet="0123456789TZPDHM+-/,;:=\"' YEARLYMO\t", max_size=24)
NAMES = st.sampled_from(
    [
        *("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "UID"),
        *("SEQUENCE", "TRANSP", "STATUS", "TZID", "TZOFFSETFROM", "TZOFFSETTO", "FREEBUSY"),
    ]
)
VALUES = st.one_of(
    TEXT,
    st.datetimes().map(lambda at: f"{at:%Y%m%dT%H%M%SZ}"),
    st.datetimes().map(lambda at: f"{at:%Y%m%dT%H%M%S}"),
    st.dates().map(lambda at: f"{at:%Y%m%d}"),
    st.builds(
        "FREQ={};{}={};{}={}".format,
        st.sampled_from(["SECONDLY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
        *(
            part
            for _ in range(2)
            for part in (
                st.sampled_from(
                    [
                        *("INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTH", "BYMONTHDAY"),
                        *("BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYHOUR", "BYMINUTE", "WKST"),
                    ]
                ),
                st.one_of(
                    st.integers(-400, 400).map(str),
                    st.sampled_from(["MO", "-1SU", "2TU,3WE", "20261231", "20261231T000000Z"]),
                ),
            )
        ),
    ),
)
PARAMS = st.sampled_from(
    [
        "",
        ";VALUE=DATE",
        ";TZID=Europe/Berlin",
        ";TZID=Made up",
        ";RANGE=THISANDFUTURE",
        ';X=":"',
        ";",
    ]
)
LINES = st.lists(
    st.tuples(NAMES, PARAMS, VALUES).map(lambda it: f"{it[0]}{it[1]}:{it[2]}"), max_size=8
)


@FUZZ
@given(events=st.lists(LINES, max_size=3), zones=st.lists(LINES, max_size=2), periods=LINES)
def test_any_soup_of_properties_is_read_or_refused(events, zones, periods):
    def part(name, lines, inside=""):
        return "\r\n".join([f"BEGIN:{name}", *lines, f"{inside}END:{name}", ""])

    survives(
        calendar(
            *(part("VTIMEZONE", ["TZID:Made up"], part("STANDARD", lines)) for lines in zones),
            *(part("VEVENT", lines) for lines in events),
            part("VFREEBUSY", periods),
        )
    )
