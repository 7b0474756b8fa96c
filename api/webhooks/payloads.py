"""What is told of a journal row: ids and times, as they were when it was written.

No names, no protocols, no steps, no reasons: whoever reads along learns that somebody has an
appointment, and not for what. `more` is what an endpoint of full detail is told besides: the step
and where the visit stands, which say what somebody is treated for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from api.webhooks.events import BY_ACTION
from clinic.models import Absence, Journal
from scheduling.models import Appointment, FollowUp, Offer, Series, WaitlistEntry

log = logging.getLogger("chairtime.webhooks")
MOVED = "visit.moved"
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """`key` is what it is in order with; `timestamp` has the offset of the site."""

    id: str
    type: str
    key: str
    site: int | None
    at: datetime
    timestamp: str
    data: Facts
    more: Facts


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a row; `key` empty: it is in order with rows of the same subject."""

    data: Facts = field(default_factory=dict)
    more: Facts = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True, slots=True)
class Behind:
    """What the rows are about, read once for all of them. `later` has the moves of each visit."""

    series: Mapping[int, Series]
    visits: Mapping[int, Appointment]
    of_series: Mapping[int, Sequence[Appointment]]
    later: Mapping[str, Sequence[Journal]]
    waits: Mapping[int, WaitlistEntry]
    offers: Mapping[int, Offer]
    follow_ups: Mapping[int, FollowUp]
    absences: Mapping[int, Absence]


def events_of(entries: Sequence[Journal]) -> list[Event]:
    """The events of journal rows (with their sites), in their order; a few queries for all.

    A row kept by a version that told of more than this one is passed over.
    """
    behind = read_behind(entries)
    return [event_of(entry, behind) for entry in entries if entry.action in BY_ACTION]


def event_of(entry: Journal, behind: Behind) -> Event:
    """One; of a row that cannot be read only its subject and site are told."""
    kind, number = _subject(entry)
    zone = entry.site.zone if entry.site else UTC
    try:
        told = TELLERS[kind](entry, number, behind, zone)
    except (KeyError, ValueError, TypeError, AttributeError):
        log.exception("Journal row %s is told without its details.", entry.pk)
        told = Told({kind: str(number)})
    site = str(entry.site_id) if entry.site_id else None
    return Event(
        id=f"evt_{entry.pk}",
        type=BY_ACTION[entry.action].name,
        key=told.key or entry.subject,
        site=entry.site_id,
        at=entry.at,
        timestamp=_time(entry.at, zone),
        data=told.data | {"site": site},
        more=told.more,
    )


def read_behind(entries: Sequence[Journal]) -> Behind:
    """Rows first and moves after them, so that a move between the two is not missed."""
    ids: dict[str, set[int]] = {}
    for entry in entries:
        kind, number = _subject(entry)
        ids.setdefault(kind, set()).add(number)
    visits = Appointment.objects.select_related("protocol_version__protocol").in_bulk(
        ids.get("appointment", ())
    )
    of_series: dict[int, list[Appointment]] = {}
    added = [entry for entry in entries if isinstance(entry.after.get("visits"), dict)]
    if added:
        numbers = {_subject(entry)[1] for entry in added}
        for visit in Appointment.objects.filter(series__in=numbers).order_by("pk"):
            of_series.setdefault(visit.series_id or 0, []).append(visit)
    later: dict[str, list[Journal]] = {}
    if visits:
        moves = Journal.objects.filter(
            action=MOVED,
            subject__in=[f"appointment:{pk}" for pk in visits],
            pk__gt=min(entry.pk for entry in entries),
        )
        for move in moves.order_by("pk"):
            later.setdefault(move.subject, []).append(move)
    return Behind(
        series=Series.objects.select_related("protocol_version__protocol").in_bulk(
            ids.get("series", ())
        ),
        visits=visits,
        of_series=of_series,
        later=later,
        waits=WaitlistEntry.objects.select_related("appointment").in_bulk(ids.get("wait", ())),
        offers=Offer.objects.select_related("entry__appointment").in_bulk(ids.get("offer", ())),
        follow_ups=FollowUp.objects.in_bulk(ids.get("follow_up", ())),
        absences=Absence.objects.select_related("resource").in_bulk(ids.get("absence", ())),
    )


Teller = Callable[[Journal, int, Behind, tzinfo], Told]


def _series(entry: Journal, number: int, behind: Behind, zone: tzinfo) -> Told:
    row, visits = behind.series.get(number), entry.after.get("visits")
    data: Facts = {"series": str(number), "patient": _id(row.patient_id if row else None)}
    if isinstance(visits, dict):
        made = {
            visit.step: str(visit.pk)
            for visit in behind.of_series.get(number, ())
            if visit.created_at == entry.at
        }
        data["appointments"] = [
            {"appointment": made.get(step), "starts_at": _time(start, zone)}
            for step, start in visits.items()
        ]
    elif isinstance(visits, list):
        data["appointments"] = [{"appointment": str(visit)} for visit in visits]
    return Told(data, {"protocol": row.protocol_version.protocol.key} if row else {})


def _visit(entry: Journal, number: int, behind: Behind, zone: tzinfo) -> Told:
    row = behind.visits.get(number)
    if row is None:
        return Told({"appointment": str(number)})
    moved_on = next((one for one in behind.later.get(entry.subject, ()) if one.pk > entry.pk), None)
    current = {"starts_at": row.starts_at, "ends_at": row.ends_at}
    then = entry.after if entry.action == MOVED else moved_on.before if moved_on else current
    data: Facts = {
        "appointment": str(number),
        "series": _id(row.series_id),
        "patient": str(row.patient_id),
        **_times(then, zone),
    }
    if entry.action == MOVED:
        data["previous"] = _times(entry.before, zone)
    more = {"protocol": row.protocol_version.protocol.key, "step": row.step}
    if "status" in entry.after:
        more["status"] = entry.after["status"]
    return Told(data, more, f"series:{row.series_id}" if row.series_id else "")


def _absence(entry: Journal, number: int, behind: Behind, zone: tzinfo) -> Told:
    row = behind.absences.get(number)
    then = {"starts_at": row.starts_at, "ends_at": row.ends_at} if row else {}
    data = {"absence": str(number), **_times(then | entry.before | entry.after, zone)}
    resource = row.resource_id if row else entry.before.get("resource_id")
    # The journal has a site for rooms only: a person may work at several.
    return Told(data | {"room" if entry.site_id else "staff": _id(resource)})


def _outage(entry: Journal, number: int, behind: Behind, zone: tzinfo) -> Told:
    return Told({"outage": str(number), **_times(entry.before | entry.after, zone)})


def _recovery(entry: Journal, number: int, behind: Behind, zone: tzinfo) -> Told:
    after = entry.after
    undecided = [*after.get("moves", ()), *after.get("stranded", ())]
    ids = after.get("affected") or after.get("visits") or undecided
    return Told({"recovery": str(number), "appointments": [str(one) for one in ids]})


def _wait(entry: Journal, number: int, behind: Behind, zone: tzinfo) -> Told:
    row = behind.waits.get(number)
    return _waiting(row) if row else Told({"wait": str(number)})


def _offer(entry: Journal, number: int, behind: Behind, zone: tzinfo) -> Told:
    row = behind.offers.get(number)
    if row is None:
        return Told({"offer": str(number)})
    told = _waiting(row.entry)
    times = {**_times(_moments(row), zone), "expires_at": _time(row.expires_at, zone)}
    return Told({"offer": str(number)} | told.data | times, told.more, told.key)


def _waiting(row: WaitlistEntry) -> Told:
    visit = row.appointment
    series = row.series_id or (visit.series_id if visit else None)
    data = {
        "wait": str(row.pk),
        "series": _id(series),
        "appointment": _id(row.appointment_id),
        "patient": str(row.patient_id),
    }
    key = f"series:{series}" if series else f"wait:{row.pk}"
    return Told(data, {"step": row.step}, key)


def _follow_up(entry: Journal, number: int, behind: Behind, zone: tzinfo) -> Told:
    row = behind.follow_ups.get(number)
    if row is None:
        return Told({"follow_up": str(number)})
    data = {
        "follow_up": str(number),
        "series": _id(row.series_id),
        "appointment": _id(entry.after.get("appointment")),
        "patient": str(row.patient_id),
        "due_on": row.due_on.isoformat(),
    }
    key = f"series:{row.series_id}" if row.series_id else ""
    return Told(data, {"kind": row.kind}, key)


def _patient(entry: Journal, number: int, behind: Behind, zone: tzinfo) -> Told:
    return Told({"patient": str(number)})


TELLERS: dict[str, Teller] = {
    "series": _series,
    "appointment": _visit,
    "absence": _absence,
    "outage": _outage,
    "recovery": _recovery,
    "wait": _wait,
    "offer": _offer,
    "follow_up": _follow_up,
    "patient": _patient,
}


def _subject(entry: Journal) -> tuple[str, int]:
    kind, _, number = entry.subject.partition(":")
    return kind, int(number)


def _id(number: int | None) -> str | None:
    return str(number) if number else None


def _moments(row: Offer) -> Facts:
    return {"starts_at": row.starts_at, "ends_at": row.ends_at}


def _times(facts: Mapping[str, Any], zone: tzinfo) -> Facts:
    named: Iterable[str] = ("starts_at", "ends_at")
    return {name: _time(facts[name], zone) for name in named if facts.get(name)}


def _time(at: datetime | str, zone: tzinfo) -> str:
    """RFC 3339 with the offset of the site: +00:00, never Z."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return moment.astimezone(zone).isoformat(timespec="seconds")
