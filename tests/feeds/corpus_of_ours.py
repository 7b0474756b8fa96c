"""Calendar files that plain readers trip over, or read otherwise than ours does on purpose.

Each with its busy times as "UTC start/end" of December 2026.
"""

from __future__ import annotations

from tests.feeds.corpus import calendar, event, freebusy, zone

_NINE_UTC = "01T14:00/01T15:00"

OURS: dict[str, tuple[bytes, str]] = {
    "latin-1": (calendar(event(summary="Kürbis")).replace("ü".encode(), b"\xfc"), _NINE_UTC),
    "utf-16": (calendar(event()).decode().encode("utf-16"), _NINE_UTC),
    "a character cut in two by a fold": (
        calendar(event(summary="Kürbis")).replace("ü".encode(), b"\xc3\r\n \xbc"),
        _NINE_UTC,
    ),
    "carriage returns only": (calendar(event()).replace(b"\r\n", b"\r"), _NINE_UTC),
    "several calendars in one file": (
        calendar(event()) + calendar(event("DTSTART:20261202T140000Z", "DURATION:PT1H")),
        f"{_NINE_UTC} 02T14:00/02T15:00",
    ),
    "a calendar of cancellations": (calendar(event(), head="METHOD:CANCEL\r\n"), ""),
    "words before the calendar": (b"Here it is:\r\n" + calendar(event()), _NINE_UTC),
    "a free/busy answer": (
        calendar(freebusy("FREEBUSY:20261201T140000Z/20261201T150000Z,20261202T140000Z/PT1H")),
        f"{_NINE_UTC} 02T14:00/02T15:00",
    ),
    "a free/busy answer with what is free": (
        calendar(
            freebusy(
                "FREEBUSY;FBTYPE=FREE:20261201T140000Z/PT8H",
                "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261202T140000Z/PT1H",
                "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20261203T140000Z/PT1H",
            )
        ),
        "02T14:00/02T15:00 03T14:00/03T15:00",
    ),
    "a vendor's name of a zone": (
        calendar(
            event("DTSTART;TZID=/example.com/2026/Europe/Berlin:20261201T150000", "DURATION:PT1H")
        ),
        _NINE_UTC,
    ),
    "a date with a zone": (
        calendar(event("DTSTART;VALUE=DATE;TZID=Europe/Berlin:20261201")),
        "01T05:00/02T05:00",
    ),
    "an unknown zone of the calendar": (
        calendar(event(), head="X-WR-TIMEZONE:Nowhere/At all\r\n"),
        _NINE_UTC,
    ),
    "the same address in two zones of that name": (
        calendar(zone("Made up"), event("DTSTART;TZID=Made up:20261201T150000", "DURATION:PT1H"))
        + calendar(
            zone("Made up", "+0600", "+0500"),
            event("DTSTART;TZID=Made up:20261202T190000", "DURATION:PT1H"),
        ),
        f"{_NINE_UTC} 02T14:00/02T15:00",
    ),
}
