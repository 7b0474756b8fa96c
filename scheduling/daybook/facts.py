"""A site's facts as bitmaps, remembered by blocks of days until the facts' stamp changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from threading import Lock

from clinic import revision
from clinic.models import Room, Site, Travel
from clinic.selectors import absences, duties, open_spans, range_of
from clinic.spans import Span, merge, minute, minute_up, moment
from scheduling.models import BusyTime
from scheduling.planner.intervals import span, union

BLOCK_DAYS = 64
KEPT_BLOCKS = 48


@dataclass(frozen=True, slots=True)
class RoomFacts:
    id: int
    name: str
    capabilities: frozenset[str]
    turnover: int
    chairs: int
    in_service: int


@dataclass(frozen=True, slots=True)
class PersonFacts:
    id: int
    name: str
    skills: frozenset[str]
    duty: Mapping[str, int]
    lapsed: Mapping[str, int]
    lanes: int
    max_patients: int | None
    shared: bool
    busy: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Bits from `start` (absolute minute) on; the fields are those of planner.day.Diary."""

    start: int
    length: int
    open: int
    rooms: tuple[RoomFacts, ...]
    people: tuple[PersonFacts, ...]
    presence: Mapping[str, int]
    travel: Mapping[int, int]


_blocks: OrderedDict[tuple[str, int, int, int], Facts] = OrderedDict()
_guard = Lock()


def facts(site: Site, first: date, last: date) -> Facts:
    """The facts of a site from first to last (site dates): one query when nothing changed."""
    stamp = revision.current()
    start, end = range_of(site, first, last)
    numbers = range(first.toordinal() // BLOCK_DAYS, last.toordinal() // BLOCK_DAYS + 1)
    return _join(_known(site, numbers, stamp), start, end - start)


def _known(site: Site, numbers: range, stamp: int) -> list[Facts]:
    """The blocks of those numbers; whatever is missing is loaded in one go."""
    name = str(site._state.db)
    with _guard:
        found = {n: _blocks.get((name, site.pk, n, stamp)) for n in numbers}
    missing = [n for n, block in found.items() if block is None]
    if missing:
        whole = _load(site, _first_of(missing[0]), _first_of(missing[-1] + 1) - timedelta(days=1))
        for n in missing:
            start, end = range_of(site, _first_of(n), _first_of(n + 1) - timedelta(days=1))
            found[n] = _join([whole], start, end - start)
    with _guard:
        for n, block in found.items():
            if block is not None:
                _blocks[name, site.pk, n, stamp] = block
                _blocks.move_to_end((name, site.pk, n, stamp))
        while len(_blocks) > KEPT_BLOCKS:
            _blocks.popitem(last=False)
    return [block for block in found.values() if block is not None]


def _first_of(number: int) -> date:
    return date.fromordinal(max(1, number * BLOCK_DAYS))


def _load(site: Site, first: date, last: date) -> Facts:
    start, end = range_of(site, first, last)
    length = end - start

    def bits(spans: Iterable[Span]) -> int:
        return union(((low - start, high - start) for low, high in spans), length)

    people = duties(site, first, last)
    busy = {
        person: bits(spans)
        for person, spans in busy_spans([duty.staff.pk for duty in people], start, end).items()
    }
    rooms = list(Room.objects.filter(site=site, active=True))
    away = absences([room.pk for room in rooms], start, end)
    presence: dict[str, int] = {}
    for duty in people:
        for kind, spans in duty.by_credential.items():
            there = bits(spans) & ~busy.get(duty.staff.pk, 0)
            presence[kind] = presence.get(kind, 0) | there
    return Facts(
        start=start,
        length=length,
        open=bits(open_spans(site, first, last)),
        rooms=tuple(
            RoomFacts(
                id=room.pk,
                name=room.name,
                capabilities=frozenset(room.capabilities),
                turnover=room.turnover_minutes,
                chairs=room.chairs,
                in_service=span(0, length) & ~bits(merge(away.get(room.pk, []))),
            )
            for room in rooms
        ),
        people=tuple(
            PersonFacts(
                id=duty.staff.pk,
                name=duty.staff.name,
                skills=frozenset(duty.staff.skills),
                duty={
                    role: bits(spans) & ~busy.get(duty.staff.pk, 0)
                    for role, spans in duty.by_role.items()
                },
                lapsed={
                    role: bits(duty.spans) & ~bits(spans) & ~busy.get(duty.staff.pk, 0)
                    for role, spans in duty.by_role.items()
                },
                lanes=site.nurse_lanes if "monitoring_nurse" in duty.staff.roles else 1,
                max_patients=duty.staff.max_patients,
                shared=len(duty.staff.sites.all()) > 1,
                busy=busy.get(duty.staff.pk, 0),
            )
            for duty in people
        ),
        presence=presence,
        travel=_travel(site) if any(len(d.staff.sites.all()) > 1 for d in people) else {},
    )


def busy_spans(people: list[int], start: int, end: int) -> dict[int, list[Span]]:
    """When people are busy in calendars of their own, in UTC minutes: one query."""
    found: dict[int, list[Span]] = {}
    rows = BusyTime.objects.filter(
        staff__in=people, ends_at__gt=moment(start), starts_at__lt=moment(end)
    )
    for person, starts_at, ends_at in rows.values_list("staff", "starts_at", "ends_at"):
        found.setdefault(person, []).append((minute(starts_at), minute_up(ends_at)))
    return found


def _travel(site: Site) -> dict[int, int]:
    to = dict(Travel.objects.filter(site=site).values_list("other_id", "minutes"))
    return to | dict(Travel.objects.filter(other=site).values_list("site_id", "minutes"))


def _join(blocks: list[Facts], start: int, length: int) -> Facts:
    whole = span(0, length)

    def cut(parts: Iterable[int]) -> int:
        joined = 0
        for block, bits in zip(blocks, parts, strict=True):
            by = block.start - start
            joined |= bits << by if by >= 0 else bits >> -by
        return joined & whole

    rooms, people = blocks[0].rooms, blocks[0].people
    credentials = {kind for block in blocks for kind in block.presence}
    return Facts(
        start=start,
        length=length,
        open=cut(block.open for block in blocks),
        rooms=tuple(
            replace(room, in_service=cut(block.rooms[i].in_service for block in blocks))
            for i, room in enumerate(rooms)
        ),
        people=tuple(
            replace(
                person,
                duty={r: cut(block.people[i].duty[r] for block in blocks) for r in person.duty},
                lapsed={r: cut(block.people[i].lapsed[r] for block in blocks) for r in person.duty},
                busy=cut(block.people[i].busy for block in blocks),
            )
            for i, person in enumerate(people)
        ),
        presence={
            kind: cut(block.presence.get(kind, 0) for block in blocks) for kind in credentials
        },
        travel=blocks[0].travel,
    )
