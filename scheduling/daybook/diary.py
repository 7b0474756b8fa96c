"""Facts and claims of a site drawn as one planner Diary."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import overload

from django.db.models import Q, QuerySet

from clinic.models import Patient, Site
from clinic.selectors import range_of
from clinic.spans import minute_up
from scheduling.daybook.facts import Facts, PersonFacts, facts
from scheduling.models import Claim
from scheduling.models.claims import LONGEST_CLAIM
from scheduling.planner.day import CoverTask, Diary, Person, Room
from scheduling.planner.intervals import span, union

NURSE = Claim.Role.NURSE.value
CLINICIANS = (Claim.Role.THERAPIST.value, Claim.Role.PRESCRIBER.value)
Row = tuple[int, int, int, int, str, str, int | None, int | None]


def read(
    *,
    site: Site,
    first: date,
    last: date,
    now: datetime,
    patient: Patient | None = None,
    days: Iterable[date] = (),
    without_offer: str = "",
    without_appointments: Sequence[int] = (),
) -> Diary:
    """The diary of a site from first to last, in 2 queries (up to 4 with shared staff).

    `days` limits which dates' claims are read (the others look free). Expired holds do not
    count, nor does the hold of `without_offer`, nor the claims of `without_appointments`.
    """
    known = facts(site, first, last)
    ranges = [range_of(site, day, day) for day in sorted(set(days))] or [
        range_of(site, first, last)
    ]
    wanted = [room.id for room in known.rooms] + [person.id for person in known.people]
    rows = _claims(
        [*wanted, *([patient.pk] if patient else [])],
        ranges,
        now,
        without_offer,
        without_appointments,
    )
    free = _Free(rows, known)
    away = _elsewhere(site, known, ranges, now) if known.travel else {}
    return Diary(
        site=site.name,
        zone=site.zone,
        first=first,
        last=last,
        grain=site.start_grain_minutes,
        nurse_lanes=site.nurse_lanes,
        now=minute_up(now),
        open=known.open,
        rooms=tuple(
            Room(
                id=room.id,
                name=room.name,
                capabilities=room.capabilities,
                turnover=room.turnover,
                lanes=tuple(
                    room.in_service & free.lane(room.id, lane) for lane in range(room.chairs)
                ),
            )
            for room in known.rooms
        ),
        people=tuple(_person(person, free, away.get(person.id, 0)) for person in known.people),
        patient=free.lane(patient.pk, 0) if patient else span(0, known.length),
        presence=known.presence,
        cover=free.cover(minute_up(now)),
    )


def _person(person: PersonFacts, free: _Free, away: int) -> Person:
    return Person(
        id=person.id,
        name=person.name,
        skills=person.skills,
        duty={role: bits & ~away for role, bits in person.duty.items()} if away else person.duty,
        lapsed=person.lapsed,
        lanes=tuple(free.lane(person.id, lane) for lane in range(person.lanes)),
        max_patients=person.max_patients,
        busy=person.busy,
    )


def _claims(
    resources: list[int],
    ranges: list[tuple[int, int]],
    now: datetime,
    without_offer: str,
    without_appointments: Sequence[int],
) -> QuerySet[Claim, Row]:
    in_range = Q()
    for start, end in ranges:
        in_range |= Q(
            start_minute__gt=start - LONGEST_CLAIM, start_minute__lt=end, end_minute__gt=start
        )
    held = Q(hold__isnull=True) | Q(hold__expires_at__gt=now)
    if without_offer:
        held &= Q(hold__isnull=True) | ~Q(hold__offer=without_offer)
    rows = Claim.objects.filter(in_range, held, resource__in=resources)
    if without_appointments:
        rows = rows.exclude(appointment__in=without_appointments)
    return rows.values_list(
        "resource_id",
        "lane",
        "start_minute",
        "end_minute",
        "role",
        "skills",
        "appointment_id",
        "hold_id",
    )


class _Free:
    """Which bits of each lane carry no claim, and what the nurses among them cover."""

    def __init__(self, rows: Iterable[Row], known: Facts) -> None:
        self.start, self.length = known.start, known.length
        self.whole = span(0, known.length)
        self.rows = list(rows)
        taken: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        start = known.start
        for resource, lane, low, high, *_ in self.rows:
            taken[resource, lane].append((low - start, high - start))
        self.taken = taken

    def lane(self, resource: int, lane: int) -> int:
        spans = self.taken.get((resource, lane))
        return self.whole & ~union(spans, self.length) if spans else self.whole

    def cover(self, now: int) -> Cover:
        return Cover([row for row in self.rows if row[4] == NURSE or row[4] in CLINICIANS], now)


class Cover(Sequence[CoverTask]):
    """The monitoring already promised, worked out from claims of staff when first asked for.

    The clinicians of a visit are barred from its monitoring.
    """

    def __init__(self, rows: list[Row], now: int) -> None:
        self._rows, self._now = rows, now
        self._tasks: tuple[CoverTask, ...] | None = None

    def _known(self) -> tuple[CoverTask, ...]:
        if self._tasks is None:
            held: dict[tuple[str, int, str], list[tuple[int, int, int]]] = defaultdict(list)
            own: dict[str, set[int]] = defaultdict(set)
            for person, lane, start, end, role, skills, appointment, hold in self._rows:
                visit = f"appointment:{appointment}" if appointment else f"hold:{hold}"
                if role == NURSE:
                    held[visit, person, skills].append((start, end, lane))
                else:
                    own[visit].add(person)
            self._tasks = tuple(
                task
                for (visit, nurse, skills), spans in held.items()
                for task in _tasks(
                    visit, nurse, skills, frozenset(own.get(visit, ())), spans, self._now
                )
            )
        return self._tasks

    @overload
    def __getitem__(self, index: int) -> CoverTask: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[CoverTask]: ...
    def __getitem__(self, index: int | slice) -> CoverTask | Sequence[CoverTask]:
        return self._known()[index]

    def __len__(self) -> int:
        return len(self._known())

    def __iter__(self) -> Iterator[CoverTask]:
        return iter(self._known())


def _tasks(
    visit: str,
    nurse: int,
    skills: str,
    barred: frozenset[int],
    spans: list[tuple[int, int, int]],
    now: int,
) -> Iterator[CoverTask]:
    """Lane claims of one nurse in one visit, cut where the lanes held change."""
    cuts = sorted({edge for start, end, _ in spans for edge in (start, end)})
    for start, end in pairwise(cuts):
        lanes = tuple(sorted(lane for low, high, lane in spans if low <= start < high))
        if lanes:
            yield CoverTask(
                visit=visit,
                start=start,
                end=end,
                lanes=len(lanes),
                nurse=nurse,
                pinned=start < now,
                skills=frozenset(skills.split()),
                held=lanes,
                barred=barred,
            )


def _elsewhere(
    site: Site, known: Facts, ranges: list[tuple[int, int]], now: datetime
) -> dict[int, int]:
    """Bits in which shared staff are at another site, or on the way from or to it."""
    shared = [person.id for person in known.people if person.shared]
    margin = max(known.travel.values(), default=0)
    wide = [(start - margin, end + margin) for start, end in ranges]
    rows = (
        _claims(shared, wide, now, "", ())
        .exclude(appointment__site=site)
        .exclude(hold__site=site)
        .values_list(
            "resource_id", "start_minute", "end_minute", "appointment__site_id", "hold__site_id"
        )
    )
    away: dict[int, int] = defaultdict(int)
    for person, start, end, at, held_at in rows:
        travel = known.travel.get(at or held_at, margin)
        low, high = start - travel - known.start, end + travel - known.start
        away[person] |= span(max(low, 0), min(high, known.length))
    return away
