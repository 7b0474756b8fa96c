"""Where every running series of a site stands: three queries, however many there are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet

from api.desk import words
from api.desk.standing import SOON, risk
from clinic.models import Site
from scheduling import catalogue
from scheduling.models import Appointment, ProtocolVersion, Series, Status
from scheduling.models.series import GONE
from scheduling.planner.protocols import Protocol
from scheduling.planner.windows import window

STANDS: dict[str, words.Sign] = {
    "overdue": words.Sign("Overdue", "circle-alert", "bad"),
    "risk": words.Sign("Window at risk", "triangle-alert", "warn"),
    "incomplete": words.Sign("Incomplete", "calendar-x", "warn"),
    "plan": words.Sign("On plan", "circle-check", "good"),
}
"""Worst first: a step missed for good; a window nearly lost; a step to book; all in place."""


@dataclass(frozen=True, slots=True)
class Stand:
    """One running series in short. `next` and `last` are of its visits ahead and live."""

    series: int
    patient: int
    stand: str
    next: datetime | None
    last: datetime | None


def stands_of(series: QuerySet[Series], site: Site, now: datetime) -> list[Stand]:
    """Where each of the series, all of one site and running, stands today."""
    rows = list(series.values_list("pk", "patient", "protocol_version", "d0", "completed"))
    visits: dict[int, list[tuple[str, str, datetime, datetime]]] = defaultdict(list)
    live = Appointment.objects.filter(series__in=series.order_by().values("pk"))
    columns = ("series_id", "step", "status", "starts_at", "ends_at")
    for of, step, status, start, end in live.exclude(status__in=GONE).values_list(*columns):
        visits[of].append((step, status, start, end))
    more: dict[int, frozenset[str]] = {}
    versions = ProtocolVersion.objects.filter(pk__in={version for _, _, version, _, _ in rows})
    read: dict[tuple[int, frozenset[str]], Protocol] = {}
    for used in versions:
        own = {step["key"] for step in used.definition["steps"]}
        for pk, *_ in (row for row in rows if row[2] == used.pk):
            more[pk] = frozenset(step for step, *_ in visits[pk]) - own
            if (used.pk, more[pk]) not in read:
                read[used.pk, more[pk]] = catalogue.protocol(
                    used.definition, version=used.version, reaching=more[pk]
                )
    today = now.astimezone(site.zone).date()
    found: list[Stand] = []
    for pk, patient, version, d0, completed in rows:
        mine = visits[pk]
        ahead = [
            start for _, status, start, end in mine if end > now and status != Status.DISCHARGED
        ]
        found.append(
            Stand(
                series=pk,
                patient=patient,
                stand=_stand(read[version, more[pk]], d0, completed, mine, site, now, today),
                next=min(ahead, default=None),
                last=max((start for _, _, start, _ in mine), default=None),
            )
        )
    return found


def _stand(
    protocol: Protocol,
    d0: date,
    completed: Mapping[str, str],
    visits: list[tuple[str, str, datetime, datetime]],
    site: Site,
    now: datetime,
    today: date,
) -> str:
    live = {step: (status, start, end) for step, status, start, end in visits}
    days = {step: date.fromisoformat(day) for step, day in completed.items()}
    days |= {step: start.astimezone(site.zone).date() for step, (_, start, _) in live.items()}
    stand = "plan"
    for step in protocol.steps:
        if step.key in live:
            status, _, end = live[step.key]
            if end <= now or status == Status.DISCHARGED:
                continue
            origin = step.key == protocol.origin
            day = days[step.key]
            first, last = (day, day) if origin else window(step, protocol, d0, days)
            if risk(status, day, first, last, today, origin):
                stand = "risk"
        elif step.key not in completed:
            last = window(step, protocol, d0, days)[1]
            if last < today:
                return "overdue"
            stand = "risk" if last - today <= SOON or stand == "risk" else "incomplete"
    return stand


def count_stands(stands: list[Stand]) -> list[tuple[str, words.Sign, int]]:
    """Every stand with how many series are there."""
    counts = Counter(one.stand for one in stands)
    return [(name, sign, counts[name]) for name, sign in STANDS.items()]
