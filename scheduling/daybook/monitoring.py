"""Rows to the monitoring of one day: every phase that needs a nurse, and who has it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from clinic.models import Site
from clinic.selectors import range_of
from clinic.spans import Span, minute, minute_up, moment, subtract
from scheduling import catalogue
from scheduling.daybook.diary import CLINICIANS
from scheduling.daybook.locks import open_days
from scheduling.models import Appointment, Claim
from scheduling.models.series import GONE
from scheduling.planner.day import CoverTask, Diary
from scheduling.planner.protocols import Step
from scheduling.planner.shape import Watch, watches_of


@dataclass(frozen=True)
class Monitoring:
    """A site's day: the visits that begin on it, and each phase of them that needs a nurse.

    A task without a nurse is uncovered. Those begun are pinned, and so are those that run past
    the day; what a begun phase lacks counts from now on.
    """

    site: Site
    day: date
    diary: Diary
    visits: tuple[Appointment, ...]
    tasks: tuple[CoverTask, ...]

    def of(self, visit: int) -> list[CoverTask]:
        """The tasks of one visit, in time order."""
        return [task for task in self.tasks if task.visit == f"appointment:{visit}"]


def visits_of(site: Site, day: date) -> list[Appointment]:
    """Visits that begin on a site date and were not called off: 3 queries."""
    low, high = (moment(edge) for edge in range_of(site, day, day))
    return list(
        Appointment.objects.filter(site=site, starts_at__gte=low, starts_at__lt=high)
        .exclude(status__in=GONE)
        .select_related("patient", "protocol_version")
        .prefetch_related("claims", "phases")
        .order_by("starts_at", "pk")
    )


def open_monitoring(*, site: Site, day: date, now: datetime) -> Monitoring:
    """Lock the nurse pool of a day, then read it; RuntimeError outside a transaction."""
    low, high = range_of(site, day, day)
    ends = [minute_up(visit.ends_at) for visit in visits_of(site, day)]
    diary = open_days(
        site=site, spans=[(low, max([high, *ends]))], first=day, last=day, resources=(), now=now
    )
    return monitoring_of(site, day, diary, visits_of(site, day))


def monitoring_of(site: Site, day: date, diary: Diary, visits: Sequence[Appointment]) -> Monitoring:
    """The monitoring of visits that have their patient, protocol, claims and phases loaded."""
    end = diary.start + diary.length
    steps: dict[tuple[int, str], Step] = {}
    tasks: list[CoverTask] = []
    for visit in visits:
        key = visit.protocol_version_id, visit.step
        step = steps.get(key) or steps.setdefault(key, _step(visit))
        tasks += _tasks(visit, step, site, diary.now, end)
    return Monitoring(site, day, diary, tuple(visits), tuple(tasks))


def _tasks(visit: Appointment, step: Step, site: Site, now: int, end: int) -> Iterator[CoverTask]:
    """One task a phase that needs a nurse; what nobody holds of it is a task without one."""
    claims = [claim for claim in visit.claims.all() if claim.role == Claim.Role.NURSE]
    own = frozenset(c.resource_id for c in visit.claims.all() if c.role in CLINICIANS)
    start = minute(visit.starts_at)
    for watch in watches_of(step, visit.patient.acuity, site.nurse_lanes):
        low, high = start + watch.start, start + watch.end
        holes = [(low, high)]
        for nurse, lanes in _held(claims, low, high).items():
            for part, held in _parts(lanes, low, high):
                holes = subtract(holes, [part])
                yield _task(visit, watch, part, own, now, end, nurse, held)
        for hole in holes:
            begun = max(hole[0], now) if hole[0] < now < hole[1] else hole[0]
            yield _task(visit, watch, (begun, hole[1]), own, now, end)


def _task(
    visit: Appointment,
    watch: Watch,
    part: Span,
    barred: frozenset[int],
    now: int,
    end: int,
    nurse: int | None = None,
    held: tuple[int, ...] = (),
) -> CoverTask:
    return CoverTask(
        visit=f"appointment:{visit.pk}",
        start=part[0],
        end=part[1],
        lanes=watch.lanes,
        nurse=nurse,
        pinned=part[1] > end or (part[1] if nurse is None else part[0]) <= now,
        skills=watch.skills,
        held=held,
        barred=barred,
    )


def _step(visit: Appointment) -> Step:
    version = visit.protocol_version
    return catalogue.protocol(
        version.definition, version=version.version, reaching=[visit.step]
    ).step(visit.step)


def _held(claims: Iterable[Claim], low: int, high: int) -> dict[int, dict[int, list[Span]]]:
    """By nurse and lane, what is claimed of a stretch."""
    found: dict[int, dict[int, list[Span]]] = defaultdict(lambda: defaultdict(list))
    for claim in claims:
        start, end = max(claim.start_minute, low), min(claim.end_minute, high)
        if start < end:
            found[claim.resource_id][claim.lane].append((start, end))
    return found


def _parts(
    lanes: dict[int, list[Span]], low: int, high: int
) -> Iterator[tuple[Span, tuple[int, ...]]]:
    """One nurse's share of a phase, cut where the lanes held change."""
    cuts = sorted({edge for spans in lanes.values() for span in spans for edge in span})
    for start, end in pairwise(cuts):
        held = tuple(
            sorted(lane for lane, spans in lanes.items() if any(a <= start < b for a, b in spans))
        )
        if held:
            yield (start, end), held
