"""Calendar files as they are met in the wild, each written here for one oddity and named by it.

All are read for a person in New York and the window of `FIRST` to `LAST`. Those in `SAME` a plain
reader takes too: ours must find the same busy time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
FIRST = datetime(2026, 11, 1, tzinfo=UTC)
LAST = FIRST + timedelta(days=430)


def event(*lines: str, uid: str = "one", summary: str = "Fetch Wren from school") -> str:
    """A VEVENT at nine on Tuesday 1 December, unless the lines say when."""
    when = [] if any(line.startswith("DTSTART") for line in lines) else NINE
    stamp = "DTSTAMP:20261101T000000Z"
    inside = [f"UID:{uid}", stamp, *when, *lines, f"SUMMARY:{summary}"]
    return "\r\n".join(["BEGIN:VEVENT", *inside, "END:VEVENT", ""])


def calendar(*parts: str, head: str = "") -> bytes:
    """A VCALENDAR with these components, and these lines of its own."""
    begin = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//Made up//EN\r\n"
    return f"{begin}{head}{''.join(parts)}END:VCALENDAR\r\n".encode()


def zone(tzid: str, summer: str = "+0200", winter: str = "+0100", since: str = "1601") -> str:
    """A VTIMEZONE with Europe's days of change."""
    return "\r\n".join(
        [
            "BEGIN:VTIMEZONE",
            f"TZID:{tzid}",
            "BEGIN:STANDARD",
            f"DTSTART:{since}1028T030000",
            "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
            f"TZOFFSETFROM:{summer}",
            f"TZOFFSETTO:{winter}",
            "END:STANDARD",
            "BEGIN:DAYLIGHT",
            f"DTSTART:{since}0325T020000",
            "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
            f"TZOFFSETFROM:{winter}",
            f"TZOFFSETTO:{summer}",
            "END:DAYLIGHT",
            "END:VTIMEZONE",
            "",
        ]
    )


def freebusy(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VFREEBUSY", "UID:free", *lines, "END:VFREEBUSY", ""])


NINE = [
    "DTSTART;TZID=America/New_York:20261201T090000",
    "DTEND;TZID=America/New_York:20261201T100000",
]
FLOATING = ["DTSTART:20261201T090000", "DTEND:20261201T100000"]
BERLIN = ["DTSTART;TZID=Europe/Berlin:20261201T090000", "DTEND;TZID=Europe/Berlin:20261201T100000"]
WEEKLY = "RRULE:FREQ=WEEKLY;COUNT=6"
OVERRIDE = "RECURRENCE-ID;TZID=America/New_York:20261215T090000"
MOVED = [
    "DTSTART;TZID=America/New_York:20261215T140000",
    "DTEND;TZID=America/New_York:20261215T153000",
]

_RULES = {
    "every day until a day": "FREQ=DAILY;UNTIL=20261220T235959Z",
    "every day until a date": "FREQ=DAILY;UNTIL=20261220",
    "every day until a time without zone": "FREQ=DAILY;UNTIL=20261220T090000",
    "every other week on three days": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR;COUNT=20",
    "weeks that begin on sunday": "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;WKST=SU;COUNT=10",
    "last friday of the month": "FREQ=MONTHLY;BYDAY=-1FR",
    "second tuesday of the month": "FREQ=MONTHLY;BYDAY=2TU",
    "the 31st of each month that has one": "FREQ=MONTHLY;BYMONTHDAY=31",
    "last day of the month": "FREQ=MONTHLY;BYMONTHDAY=-1",
    "last working day of the month": "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "leap days": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
    "thanksgiving": "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
    "the hundredth day of the year": "FREQ=YEARLY;BYYEARDAY=100",
    "a week of the year": "FREQ=YEARLY;BYWEEKNO=10;BYDAY=MO",
    "twice a day": "FREQ=DAILY;BYHOUR=9,15;COUNT=20",
    "every hour for a while": "FREQ=HOURLY;INTERVAL=3;COUNT=16",
    "every weekday of some months": "FREQ=DAILY;BYMONTH=1,6;BYDAY=MO,TU,WE,TH,FR",
    "across both clock changes": "FREQ=DAILY;COUNT=400",
}

SAME: dict[str, bytes] = {
    "one event": calendar(event()),
    "an empty calendar": calendar(),
    "a time without a zone": calendar(event(*FLOATING)),
    "a time in utc": calendar(event("DTSTART:20261201T140000Z", "DTEND:20261201T150000Z")),
    "a time in another zone": calendar(event(*BERLIN)),
    "a whole day": calendar(event("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261202")),
    "three whole days": calendar(event("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261204")),
    "a whole day without an end": calendar(event("DTSTART;VALUE=DATE:20261201")),
    "a whole day without VALUE": calendar(event("DTSTART:20261201", "DTEND:20261202")),
    "whole days that repeat": calendar(
        event("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261202", "RRULE:FREQ=MONTHLY")
    ),
    "a whole day on which clocks change": calendar(
        event("DTSTART;VALUE=DATE:20270314", "DTEND;VALUE=DATE:20270315")
    ),
    "a duration for an end": calendar(event(NINE[0], "DURATION:PT1H30M")),
    "a duration of days": calendar(event("DTSTART;VALUE=DATE:20261201", "DURATION:P2D")),
    "a duration of a week": calendar(event(NINE[0], "DURATION:P1W")),
    "no end at all": calendar(event(NINE[0])),
    "an end at the start": calendar(event(NINE[0], NINE[1].replace("T10", "T09"))),
    "an end before the start": calendar(event(NINE[0], NINE[1].replace("T10", "T08"))),
    "an event over midnight": calendar(event(NINE[0], "DTEND:20261202T070000Z")),
    "an event that began before the window": calendar(
        event("DTSTART:20261020T090000Z", "DTEND:20261103T090000Z")
    ),
    "an event after the window": calendar(event("DTSTART:20400101T090000Z", "DURATION:PT1H")),
    "two events that overlap": calendar(
        event(), event(NINE[0].replace("T0900", "T0930"), "DURATION:PT1H", uid="two")
    ),
    "two events that touch": calendar(
        event(), event(NINE[0].replace("T09", "T10"), "DURATION:PT1H", uid="two")
    ),
    "something free": calendar(event("TRANSP:TRANSPARENT")),
    "something busy, said so": calendar(event("TRANSP:OPAQUE")),
    "something cancelled": calendar(event("STATUS:CANCELLED")),
    "something tentative": calendar(event("STATUS:TENTATIVE")),
    "free by microsoft": calendar(event("X-MICROSOFT-CDO-BUSYSTATUS:FREE")),
    "tentative by microsoft": calendar(event("X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE")),
    "out of office by microsoft": calendar(event("X-MICROSOFT-CDO-BUSYSTATUS:OOF")),
    **{name: calendar(event(f"RRULE:{rule}")) for name, rule in _RULES.items()},
    "a rule of long ago": calendar(
        event("DTSTART:19990104T090000", "DTEND:19990104T100000", "RRULE:FREQ=WEEKLY")
    ),
    "a rule with spaces after it": calendar(event("RRULE:FREQ=WEEKLY;COUNT=3 ")),
    "two rules": calendar(
        event("RRULE:FREQ=WEEKLY;COUNT=3", "RRULE:FREQ=MONTHLY;BYMONTHDAY=15;COUNT=3")
    ),
    "a day taken out": calendar(event(WEEKLY, "EXDATE;TZID=America/New_York:20261208T090000")),
    "days taken out in one line": calendar(
        event(WEEKLY, "EXDATE;TZID=America/New_York:20261208T090000,20261222T090000")
    ),
    "days taken out in two lines": calendar(
        event(
            WEEKLY,
            "EXDATE;TZID=America/New_York:20261208T090000",
            "EXDATE;TZID=America/New_York:20261222T090000",
        )
    ),
    "a day taken out in utc": calendar(event(WEEKLY, "EXDATE:20261208T140000Z")),
    "a day taken out by its date": calendar(event(WEEKLY, "EXDATE;VALUE=DATE:20261208")),
    "the first day taken out": calendar(
        event(WEEKLY, "EXDATE;TZID=America/New_York:20261201T090000")
    ),
    "days added": calendar(event("RDATE;TZID=America/New_York:20261203T090000,20261209T090000")),
    "periods added": calendar(
        event("RDATE;VALUE=PERIOD:20261203T140000Z/20261203T170000Z,20261209T140000Z/PT30M")
    ),
    "one moved": calendar(event(WEEKLY), event(OVERRIDE, *MOVED)),
    "one moved, told first": calendar(event(OVERRIDE, *MOVED), event(WEEKLY)),
    "one moved to another day": calendar(
        event(WEEKLY),
        event(OVERRIDE, "DTSTART:20261217T140000Z", "DTEND:20261217T150000Z"),
    ),
    "one cancelled of many": calendar(event(WEEKLY), event(OVERRIDE, *MOVED, "STATUS:CANCELLED")),
    "one free of many": calendar(event(WEEKLY), event(OVERRIDE, *MOVED, "TRANSP:TRANSPARENT")),
    "one busy of many free ones": calendar(
        event(WEEKLY, "TRANSP:TRANSPARENT"), event(OVERRIDE, *MOVED, "TRANSP:OPAQUE")
    ),
    "one moved, by utc": calendar(event(WEEKLY), event("RECURRENCE-ID:20261215T140000Z", *MOVED)),
    "this and all later ones moved": calendar(
        event(WEEKLY),
        event(OVERRIDE.replace("ID;", "ID;RANGE=THISANDFUTURE;"), *MOVED),
    ),
    "a moved one alone": calendar(event(OVERRIDE, *MOVED)),
    "an older copy of the same event": calendar(
        event("SEQUENCE:0"), event(*MOVED, "SEQUENCE:2"), event("SEQUENCE:1")
    ),
    "a zone of the file": calendar(
        zone("Made up"),
        event("DTSTART;TZID=Made up:20261201T090000", "DTEND;TZID=Made up:20261201T100000"),
    ),
    "a zone of the file, repeated over its changes": calendar(
        zone("Made up", since="2000"),
        event(
            "DTSTART;TZID=Made up:20261201T090000",
            "DTEND;TZID=Made up:20261201T100000",
            "RRULE:FREQ=WEEKLY",
        ),
    ),
    "a zone of the file with a quoted name": calendar(
        zone("GMT+01: Somewhere"),
        event('DTSTART;TZID="GMT+01: Somewhere":20261201T090000', "DURATION:PT1H"),
    ),
    "a zone of the file told after its events": calendar(
        event("DTSTART;TZID=America/Denver:20261201T090000", "DURATION:PT1H"),
        zone("America/Denver"),
    ),
    "a zone by microsoft": calendar(
        event("DTSTART;TZID=W. Europe Standard Time:20261201T090000", "DURATION:PT1H")
    ),
    "another zone by microsoft": calendar(
        event(
            "DTSTART;TZID=Pacific Standard Time:20261201T090000",
            "DURATION:PT1H",
            "RRULE:FREQ=DAILY;COUNT=200",
        )
    ),
    "a zone that nobody knows": calendar(
        event("DTSTART;TZID=Atlantis:20261201T090000", "DURATION:PT1H")
    ),
    "a calendar with a zone of its own": calendar(
        event(*FLOATING), head="X-WR-TIMEZONE:Europe/Berlin\r\n"
    ),
    "utc rules in a calendar with a zone of its own": calendar(
        event("DTSTART:20261201T140000Z", "DTEND:20261201T150000Z", "RRULE:FREQ=WEEKLY"),
        head="X-WR-TIMEZONE:America/Chicago\r\n",
    ),
    "the hour that comes twice": calendar(
        event("DTSTART;TZID=America/New_York:20271107T013000", "DURATION:PT30M")
    ),
    "the hour that is skipped": calendar(
        event("DTSTART;TZID=America/New_York:20270314T023000", "DURATION:PT30M")
    ),
    "reminders inside": calendar(
        event(
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "TRIGGER:-PT15M",
            "DURATION:PT5M",
            "REPEAT:2",
            "END:VALARM",
        )
    ),
    "tasks and notes beside": calendar(
        "BEGIN:VTODO\r\nUID:t\r\nDTSTART:20261203T090000Z\r\nDUE:20261203T120000Z\r\nEND:VTODO\r\n",
        event(),
        "BEGIN:VJOURNAL\r\nUID:j\r\nDTSTART;VALUE=DATE:20261204\r\nEND:VJOURNAL\r\n",
    ),
    "a folded line": calendar(event()).replace(b"DTSTART;TZID=Am", b"DTSTART;TZ\r\n ID=Am"),
    "a line folded with a tab": calendar(event()).replace(b"DTEND;TZID=", b"DTEND;TZ\r\n\tID="),
    "line feeds only": calendar(event(WEEKLY)).replace(b"\r\n", b"\n"),
    "a byte order mark": b"\xef\xbb\xbf" + calendar(event()),
    "empty lines between": calendar(event()).replace(b"\r\n", b"\r\n\r\n"),
    "names in small letters": calendar(event()).replace(b"DTSTART", b"dtstart"),
    "a title of many lines": calendar(event("DESCRIPTION:one\\ntwo\\, three\\; BEGIN:VEVENT")),
    "no UID": calendar(event()).replace(b"UID:one\r\n", b""),
    "a year of meetings": calendar(
        *(
            event(
                f"DTSTART:2026{month:02}{day:02}T1{hour}0000Z",
                "DURATION:PT45M",
                uid=f"{month}.{day}.{hour}",
            )
            for month in (11, 12)
            for day in range(1, 29)
            for hour in range(4)
        )
    ),
}
