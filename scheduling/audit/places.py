"""Rules about rooms and opening hours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from scheduling.audit.case import Case
from scheduling.audit.needs import Stay
from scheduling.audit.rows import Claim, Room, Violation, Visit
from scheduling.audit.spans import clip, without


def site_is_open(case: Case) -> Iterator[Violation]:
    """Every phase lies in opening hours of a day that is no closure or public holiday."""
    for visit in case.ahead:
        if shut := case.calendar.shut((visit.start, visit.end), visit.site):
            yield case.wrong(
                "site_is_open",
                visit,
                f"{case.rows.sites[visit.site].name} is closed {case.when(shut[0], visit.site)}.",
            )


def room_is_claimed(case: Case) -> Iterator[Violation]:
    """Each place of a visit is one room of the site, held from its first to its last phase."""
    for visit, stay, found in _stays(case):
        if len(found) != 1:
            span = (visit.start + stay.start, visit.start + stay.end)
            yield case.wrong(
                "room_is_claimed",
                visit,
                f"It has {len(found) or 'no'} rooms for {', '.join(sorted(stay.capabilities))}, "
                f"{case.when(span, visit.site)}.",
            )
        for room in found:
            if room.site != visit.site:
                yield case.wrong(
                    "room_is_claimed", visit, f"{room.name} is a room of another site."
                )


def room_has_capability(case: Case) -> Iterator[Violation]:
    """The room has every capability that the phases in it ask for."""
    for visit, stay, found in _stays(case):
        for room in found:
            if missing := stay.capabilities - room.capabilities:
                yield case.wrong(
                    "room_has_capability",
                    visit,
                    f"{room.name} is no room for {', '.join(sorted(missing))}.",
                )


def private_room_is_whole(case: Case) -> Iterator[Violation]:
    """A private stay takes every chair of its room."""
    for visit, stay, found in _stays(case):
        for room, lanes in found.items():
            if stay.private and lanes.keys() != set(range(room.chairs)):
                yield case.wrong(
                    "private_room_is_whole",
                    visit,
                    f"It is private and takes {len(lanes)} of the {room.chairs} chairs of "
                    f"{room.name}.",
                )


def turnover_is_kept(case: Case) -> Iterator[Violation]:
    """The room's claim goes on until the room is turned over."""
    for visit, _, found in _stays(case):
        for room, lanes in found.items():
            short = min(claim.turnover for claim in lanes.values())
            if short < room.turnover:
                yield case.wrong(
                    "turnover_is_kept",
                    visit,
                    f"{room.name} needs {room.turnover} minutes to turn over and has {short}.",
                )


def room_is_in_service(case: Case) -> Iterator[Violation]:
    """No visit stands in a room that is closed or out of service."""
    for visit, stay, found in _stays(case):
        span = (visit.start + stay.start, visit.start + stay.end)
        for room in found:
            out = clip(case.calendar.away[room.id], *span) or ([] if room.active else [span])
            if out:
                yield case.wrong(
                    "room_is_in_service",
                    visit,
                    f"{room.name} is out of service {case.when(out[0], visit.site)}.",
                )


def room_is_needed(case: Case) -> Iterator[Violation]:
    """A visit holds no room beyond its stays."""
    for visit, needs in case.needing():
        stays = [(visit.start + stay.start, visit.start + stay.end) for stay in needs.stays]
        for claim in case.room_claims(visit):
            if without((claim.start, claim.end - claim.turnover), stays):
                yield case.wrong(
                    "room_is_needed",
                    visit,
                    f"It holds {case.name(claim.resource)} when no phase of it needs a room.",
                )


def _stays(case: Case) -> Iterator[tuple[Visit, Stay, dict[Room, dict[int, Claim]]]]:
    """Each place of the visits ahead with the rooms that hold it throughout, lane by lane."""
    for visit, needs in case.needing():
        claims = case.room_claims(visit)
        for stay in needs.stays:
            found: dict[Room, dict[int, Claim]] = defaultdict(dict)
            for claim in claims:
                if (
                    claim.start == visit.start + stay.start
                    and claim.end - claim.turnover == visit.start + stay.end
                ):
                    found[case.rows.rooms[claim.resource]][claim.lane] = claim
            yield visit, stay, found
