"""A site's facts drawn as an empty board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time

from clinic.models import Room, Site
from clinic.selectors import Duty
from clinic.spans import Span, at
from scheduling.demo.slots import MINUTES, Board, Day, Person
from scheduling.planner.intervals import span
from scheduling.planner.protocols import NURSE


def make_board(
    site: Site,
    rooms: Sequence[Room],
    dates: Sequence[date],
    open_spans: Sequence[Span],
    duties: Sequence[Duty],
    away: Mapping[int, list[Span]],
) -> Board:
    """A board from a site's facts, nothing booked yet."""
    days = []
    for day in dates:
        midnight = at(day, time(0), site.zone)
        people = {}
        for duty in duties:
            roles = {role: _bits(spans, midnight) for role, spans in duty.by_role.items()}
            roles = {role: bits for role, bits in roles.items() if bits}
            lanes = site.nurse_lanes if NURSE in duty.staff.roles else 1
            people[duty.staff.pk] = Person(
                duty.staff.pk,
                frozenset(duty.staff.skills),
                roles,
                [span(0, MINUTES)] * lanes,
                duty.staff.max_patients,
            )
        presence: dict[str, int] = {}
        for duty in duties:
            for kind, spans in duty.by_credential.items():
                presence[kind] = presence.get(kind, 0) | _bits(spans, midnight)
        days.append(
            Day(
                day,
                midnight,
                _bits(open_spans, midnight),
                sum(1 << minute for minute in range(0, MINUTES, site.start_grain_minutes)),
                {
                    room.pk: [span(0, MINUTES) & ~_bits(away.get(room.pk, []), midnight)]
                    * room.chairs
                    for room in rooms
                },
                people,
                presence,
            )
        )
    return Board(site, rooms, days)


def _bits(spans: Sequence[Span], midnight: int) -> int:
    bits = 0
    for start, end in spans:
        low, high = max(start - midnight, 0), min(end - midnight, MINUTES)
        if low < high:
            bits |= span(low, high)
    return bits
