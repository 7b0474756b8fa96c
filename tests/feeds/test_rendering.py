"""Documents that readers which are not ours understand, whatever is in them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.feeds.render import Happening, clean, render
from tests.feeds.readers import Read, by_ical_js, by_recurring_ical_events, by_vobject

NEW_YORK = ZoneInfo("America/New_York")
ZONES = [
    "America/New_York",
    "Europe/London",
    "America/Phoenix",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
]
FIRST, LAST = datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC)
CHANGED = datetime(2026, 11, 24, 15, tzinfo=UTC)


def happening(
    start: datetime,
    minutes: int = 60,
    *,
    zone: ZoneInfo = NEW_YORK,
    summary: str = "Busy",
    location: str = "",
    cancelled: bool = False,
    uid: UUID | None = None,
) -> Happening:
    return Happening(
        uid=uid or uuid4(),
        starts_at=start.astimezone(zone),
        ends_at=(start + timedelta(minutes=minutes)).astimezone(zone),
        summary=summary,
        location=location,
        sequence=3,
        cancelled=cancelled,
        changed_at=CHANGED,
    )


def document(*happenings: Happening, name: str = "Ana Ruiz") -> bytes:
    return render(name=name, happenings=happenings, zone=NEW_YORK, first=FIRST, last=LAST)


def expected(*happenings: Happening) -> list[Read]:
    return sorted(
        Read(
            uid=str(it.uid),
            starts_at=it.starts_at.astimezone(UTC),
            ends_at=it.ends_at.astimezone(UTC),
            summary=clean(it.summary),
            location=clean(it.location),
            sequence=it.sequence,
            status="CANCELLED" if it.cancelled else "CONFIRMED",
        )
        for it in happenings
    )


def assert_all_readers_agree(*happenings: Happening) -> None:
    written = document(*happenings)
    assert by_vobject(written) == expected(*happenings)
    assert by_recurring_ical_events(written) == expected(*happenings)
    assert by_ical_js([written]) == [expected(*happenings)]


def test_three_readers_agree_on_a_week_of_visits():
    assert_all_readers_agree(
        happening(datetime(2026, 12, 1, 14, 10, tzinfo=UTC), 20),
        happening(datetime(2026, 12, 2, 14, 0, tzinfo=UTC), summary="PK visit", cancelled=True),
        happening(
            datetime(2026, 12, 3, 14, 0, tzinfo=UTC),
            summary="Pia Kern, Infusion 1",
            location="Room 4, Main Street",
        ),
    )


@pytest.mark.parametrize("zone", ZONES)
def test_three_readers_agree_hour_by_hour_around_every_clock_change(zone):
    zone = ZoneInfo(zone)
    changes = [
        (2026, 10, 4),
        (2026, 10, 25),
        (2026, 11, 1),
        (2027, 3, 14),
        (2027, 3, 28),
        (2027, 4, 4),
    ]
    assert_all_readers_agree(
        *(
            happening(datetime(*day, tzinfo=UTC) + timedelta(minutes=30 * half), 30, zone=zone)
            for day in changes
            for half in range(-12, 48)
        )
    )


def test_a_three_hour_infusion_across_the_autumn_change_lasts_three_hours():
    infusion = happening(datetime(2026, 11, 1, 4, 30, tzinfo=UTC), 180)
    (read,) = by_vobject(document(infusion))
    assert read.ends_at - read.starts_at == timedelta(hours=3)
    assert b"DTSTART;TZID=America/New_York:20261101T003000\r\n" in document(infusion)
    assert b"DTEND;TZID=America/New_York:20261101T023000\r\n" in document(infusion)


def test_the_hour_that_comes_twice_is_written_in_utc_both_times():
    first, second = (happening(datetime(2026, 11, 1, hour, 30, tzinfo=UTC)) for hour in (5, 6))
    assert b"DTSTART:20261101T053000Z\r\n" in document(first)
    assert b"DTSTART:20261101T063000Z\r\n" in document(second)


def test_a_zone_tells_the_spring_change_in_the_wall_clock_that_ends_there():
    assert (
        b"BEGIN:DAYLIGHT\r\nDTSTART:20270314T020000\r\n"
        b"TZNAME:EDT\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400\r\nEND:DAYLIGHT"
    ) in document()


def test_the_zone_is_bounded_to_the_window():
    assert document().count(b"BEGIN:STANDARD") + document().count(b"BEGIN:DAYLIGHT") == 4


def test_an_empty_calendar_is_valid():
    assert_all_readers_agree()


def test_a_calendar_says_its_name_and_how_often_to_come_again():
    text = document(name="Ruiz, Ana").decode()
    assert "NAME:Ruiz\\, Ana\r\nX-WR-CALNAME:Ruiz\\, Ana\r\n" in text
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT15M\r\nX-PUBLISHED-TTL:PT15M\r\n" in text
    assert "METHOD" not in text


def test_events_are_private_and_a_cancelled_one_frees_its_time():
    text = document(happening(CHANGED), happening(CHANGED, cancelled=True)).decode()
    assert text.count("CLASS:PRIVATE") == 2
    assert text.count("STATUS:CONFIRMED\r\nTRANSP:OPAQUE") == 1
    assert text.count("STATUS:CANCELLED\r\nTRANSP:TRANSPARENT") == 1


def test_lines_are_folded_at_75_octets_within_no_character():
    text = document(happening(CHANGED, summary="Zoë 🦊, " * 2000))
    for line in text.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()


names = st.one_of(
    st.text(st.characters(codec=None), max_size=60),
    st.text(st.sampled_from(" ,;:\\\"'\r\n\t\0\x85\u2028\ufeff\u200b🦊é\u0301n^"), max_size=30),
    st.sampled_from(["N" * 10_000, "🦊" * 3000, "a,b;c\\n" * 500, "BEGIN:VEVENT\r\nX:1"]),
)
happenings = st.builds(
    happening,
    st.integers(0, int((LAST - FIRST).total_seconds()) // 60).map(
        lambda minutes: FIRST + timedelta(minutes=minutes)
    ),
    st.integers(1, 600),
    zone=st.sampled_from([ZoneInfo(zone) for zone in ZONES]),
    summary=names.filter(lambda name: clean(name)),
    location=names,
    cancelled=st.booleans(),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(happenings, max_size=4))
def test_whatever_people_are_called_two_readers_read_it_back(happenings):
    written = document(*happenings)
    assert by_vobject(written) == expected(*happenings)
    assert by_recurring_ical_events(written) == expected(*happenings)


def test_whatever_people_are_called_ical_js_reads_it_back_too():
    drawn: list[list[Happening]] = []

    @settings(max_examples=150, deadline=None, database=None)
    @given(st.lists(happenings, max_size=4))
    def draw(happenings):
        drawn.append(happenings)

    draw()
    read = by_ical_js([document(*each) for each in drawn])
    assert read == [expected(*each) for each in drawn]
