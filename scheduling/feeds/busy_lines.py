"""A calendar file's bytes -> the few lines that say when somebody is busy. Pure.

What an event is about is dropped here, before anything else reads it. Files are written badly in
many ways (folded inside a character, without carriage returns, in latin-1): each is read as meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

LARGEST = 10_000_000
MOST_COMPONENTS = 20_000
MOST_DATES = 100_000
FOLDED = re.compile(rb"(?:\r\n|\n|\r)[ \t]")
BREAK = re.compile(r"\r\n|\n|\r")
PARTS = {
    "VCALENDAR": frozenset({"METHOD", "X-WR-TIMEZONE"}),
    "VTIMEZONE": frozenset({"TZID"}),
    "STANDARD": frozenset({"DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO"}),
    "DAYLIGHT": frozenset({"DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO"}),
    "VEVENT": frozenset(
        {
            *("UID", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"),
            *("SEQUENCE", "STATUS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS"),
        }
    ),
    "VFREEBUSY": frozenset({"FREEBUSY"}),
}


class CalendarRefused(Exception):
    """No busy times are taken from this file; the text says why, for whoever offered it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One property; names of it and of its parameters are in capitals."""

    name: str
    params: Mapping[str, str]
    value: str


@dataclass(slots=True)
class Part:
    """One component with the properties and components in it that matter here.

    `unread` counts its lines that are no property at all.
    """

    name: str
    lines: list[Line] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    unread: int = 0

    def all(self, name: str) -> Iterator[Line]:
        """Every property of that name."""
        return (line for line in self.lines if line.name == name)

    def value(self, name: str) -> str:
        """The first property of that name, or nothing."""
        return next((line.value for line in self.all(name)), "")

    def inner(self, *names: str) -> Iterator[Part]:
        """The components of these names directly in it."""
        return (part for part in self.parts if part.name in names)


def calendars(document: bytes) -> list[Part]:
    """The VCALENDARs of a file, of which there may be several. CalendarRefused."""
    if len(document) > LARGEST:
        raise CalendarRefused(f"The calendar is larger than {LARGEST // 1_000_000} MB.")
    text = _text(document)
    if "BEGIN:VCALENDAR" not in text.upper():
        if text.lstrip()[:1] == "<":
            raise CalendarRefused(
                "This is a web page and no calendar. Copy the address of the calendar itself; "
                "it usually ends in .ics."
            )
        raise CalendarRefused("There is no calendar in it: one begins with BEGIN:VCALENDAR.")
    return _nested(text)


def _text(document: bytes) -> str:
    """Unfolded before it is decoded: some programs fold inside a character."""
    if document[:2] in (b"\xff\xfe", b"\xfe\xff"):
        document = document.decode("utf-16", errors="replace").encode()
    document = FOLDED.sub(b"", document.removeprefix(b"\xef\xbb\xbf"))
    try:
        return document.decode()
    except UnicodeDecodeError:
        return document.decode("latin-1")


def _nested(text: str) -> list[Part]:
    """The components within each other; those of no interest are left out with all in them."""
    found: list[Part] = []
    open_parts: list[Part | None] = []  # None: of no interest, as is all that is in it
    names: list[str] = []
    components = dates = 0
    for raw in BREAK.split(text):
        start = raw[:6].upper()
        if start == "BEGIN:":
            components += 1
            if components > MOST_COMPONENTS:
                raise CalendarRefused(
                    f"The calendar has more than {MOST_COMPONENTS:,} entries. Share one that "
                    "holds fewer, for instance without the years that are over."
                )
            name = raw[6:].strip().upper()
            inside = open_parts[-1] if open_parts else None
            wanted = name in PARTS and (inside is not None or not open_parts)
            part = Part(name) if wanted else None
            if part:
                (inside.parts if inside else found).append(part)
            open_parts.append(part)
            names.append(name)
        elif start[:4] == "END:" and names:
            name = raw[4:].strip().upper()
            while name in names:
                open_parts.pop()
                if names.pop() == name:
                    break
        elif open_parts and (part := open_parts[-1]):
            dates += _keep(raw, part)
            if dates > MOST_DATES:
                raise CalendarRefused(f"The calendar lists more than {MOST_DATES:,} dates.")
    if "VCALENDAR" in names:
        raise CalendarRefused("The calendar breaks off before its end.")
    return [part for part in found if part.name == "VCALENDAR"]


def _keep(raw: str, part: Part) -> int:
    """Take a line up if its part knows it; how many dates it lists."""
    name = re.split(r"[;:]", raw[:64], maxsplit=1)[0].strip().upper()
    if name not in PARTS[part.name]:
        return 0
    line = read_line(raw)
    if line is None:
        part.unread += 1
        return 0
    part.lines.append(line)
    return line.value.count(",") if line.name in ("RDATE", "EXDATE", "FREEBUSY") else 0


def read_line(raw: str) -> Line | None:
    """`NAME;PARAMETER="a:b":value` in its parts; None when there is no value."""
    pieces: list[str] = []
    begin, quoted = 0, False
    for at, char in enumerate(raw):
        if char == '"':
            quoted = not quoted
        elif char in ";:" and not quoted:
            pieces.append(raw[begin:at])
            begin = at + 1
            if char == ":":
                break
    else:
        return None
    named = (piece.partition("=") for piece in pieces[1:])
    params = {key.strip().upper(): value.strip().strip('"') for key, _, value in named}
    return Line(pieces[0].strip().upper(), params, raw[begin:].strip())
