"""Schedule: the time of a room, or of somebody at a site. Slot: a free stretch of one.

No slot is stored: each is read from the planner's own diary when it is asked for, and its id says
which stretch of which schedule it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from api.errors import wrong
from api.fhir.kinds import Asked, Kind, Listed, Parameter, Shown, at, keep, reading
from api.fhir.people import of_reach
from api.fhir.places import refers_to, room_id
from api.fhir.resources import checked
from api.fhir.systems import CAPABILITY, coding
from api.fhir.values import reference, token, when
from api.permissions import sites_for
from clinic.models import Room, Site, Staff
from clinic.spans import minute, moment
from scheduling.selectors.proposals import FURTHEST
from scheduling.selectors.slots import Stretch, free_stretches

if TYPE_CHECKING:
    from api.fhir.doors import FhirDoor

USUAL = timedelta(days=7)
LONGEST = timedelta(days=31)
SLOT = re.compile(r"((?:room|staff)-[0-9-]{1,40})\.(\d{1,3})\.(\d{1,9})\.(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Timetable:
    """A room, or somebody at one of their sites."""

    who: Room | Staff
    site: Site

    @property
    def id(self) -> str:
        if isinstance(self.who, Room):
            return room_id(self.who)
        return f"staff-{self.who.pk}-{self.site.pk}"

    @property
    def actors(self) -> list[str]:
        if isinstance(self.who, Room):
            return [f"Location/{room_id(self.who)}"]
        return [f"PractitionerRole/{self.who.pk}-{self.site.pk}", f"Practitioner/{self.who.pk}"]

    @property
    def name(self) -> str:
        return self.who.name


def _of_actor(row: Timetable, text: str) -> bool:
    kinds = [actor.partition("/")[0] for actor in row.actors]
    named = reference(text, kinds)
    return named is not None and any(
        named[0] in ("", kind) and named[1] == id
        for kind, _, id in (actor.partition("/") for actor in row.actors)
    )


class Schedules(Listed):
    type = "Schedule"
    reads = "see_day"
    says = "One for each room, and for each member of staff at each site."
    parameters = {
        "_id": Parameter("token", "The logical id.", keep(lambda row, v: row.id == v)),
        "actor": Parameter(
            "reference",
            "The room, the practitioner, or their role.",
            keep(_of_actor),
            frozenset({"Location", "Practitioner", "PractitionerRole"}),
        ),
        "active": Parameter(
            "token",
            "Whether the room or person is in use.",
            keep(lambda row, v: str(row.who.active).lower() == token(v)[1]),
        ),
    }
    includes = {"actor": at("actor")}
    mandatory = ("actor",)

    def rows(self, door: FhirDoor) -> list[Timetable]:
        """3 to 5 queries."""
        reach = sites_for(door.client, self.reads)
        rooms = Room.objects.filter(reach.q()).select_related("site").order_by("pk")
        staff = [
            Timetable(person, site)
            for person in of_reach(door).order_by("pk")
            for site in sorted(person.sites.all(), key=lambda one: one.pk)
            if site in reach
        ]
        return [*(Timetable(room, room.site) for room in rooms), *staff]

    def show(self, door: FhirDoor, rows: Sequence[Any]) -> list[Shown]:
        return [show_schedule(row, door.now) for row in rows]


def show_schedule(row: Timetable, now: datetime) -> Shown:
    slugs = row.who.capabilities if isinstance(row.who, Room) else []
    return checked(
        {
            "resourceType": "Schedule",
            "id": row.id,
            "active": row.who.active,
            "serviceType": [{"coding": [coding(CAPABILITY, slug)], "text": slug} for slug in slugs],
            "actor": [{"reference": actor, "display": row.name} for actor in row.actors],
            "planningHorizon": {
                "start": now.astimezone(row.site.zone).isoformat(timespec="seconds"),
                "end": (now + FURTHEST).astimezone(row.site.zone).isoformat(timespec="seconds"),
            },
        }
    )


@dataclass(frozen=True, slots=True)
class Opening:
    """A free stretch of a schedule."""

    of: Timetable
    free: Stretch

    @property
    def id(self) -> str:
        low, high = minute(self.free.starts_at), minute(self.free.ends_at)
        return f"{self.of.id}.{self.free.lane}.{low}.{high}"


def _narrowed_already(door: FhirDoor, rows: Any, asked: Asked) -> Any:
    """`Slots.start` looks at what is free in the range and of the schedules asked for, alone."""
    return rows


class Slots(Kind):
    type = "Slot"
    reads = "see_day"
    says = (
        "Free stretches, read from the book as it stands: of a chair in opening hours, of a "
        f"person on duty. `start` bounds them, {USUAL.days} days from now unless it says "
        f"otherwise, {LONGEST.days} days at most."
    )
    parameters = {
        "_id": Parameter("token", "The logical id.", keep(lambda row, v: row.id == v)),
        "start": Parameter("date", "When it begins; bounds what is read.", _narrowed_already),
        "schedule": Parameter(
            "reference",
            "The schedule.",
            keep(lambda row, v: refers_to(v, "Schedule", row.of.id)),
            frozenset({"Schedule"}),
        ),
        "schedule.actor": Parameter(
            "reference", "The room or person.", keep(lambda row, v: _of_actor(row.of, v))
        ),
        "status": Parameter(
            "token",
            "Slots are free: busy time is none.",
            keep(lambda row, v: token(v)[1] == "free"),
        ),
    }
    includes = {"schedule": at("schedule")}
    mandatory = ("schedule", "status", "start", "end")

    def start(self, door: FhirDoor, asked: Sequence[Asked]) -> list[Opening]:
        """Two queries a site, and what reading the schedules needs; 400 for too long a range."""
        tables = _timetables(door, asked)
        found: list[Opening] = []
        by_site: dict[Site, list[Timetable]] = defaultdict(list)
        for table in tables:
            by_site[table.site].append(table)
        for site, of_site in by_site.items():
            low, high, begins_before = _range(asked, site, door.now)
            found += [
                opening
                for opening in _openings(door, site, of_site, low, high)
                if begins_before is None or opening.free.starts_at < begins_before
            ]
        return sorted(found, key=lambda one: (one.free.starts_at, one.id))

    def rows(self, door: FhirDoor) -> list[Opening]:
        return self.start(door, ())

    def with_ids(self, door: FhirDoor, ids: Collection[str]) -> list[Opening]:
        """Those of these stretches that are free still, whole."""
        tables = {table.id: table for table in Schedules().rows(door)}
        found = []
        for id in ids:
            said = SLOT.fullmatch(id)
            if said is None or said[1] not in tables:
                continue
            table = tables[said[1]]
            low, high = int(said[3]), int(said[4])
            furthest = minute(door.now + FURTHEST)
            if not (low < high <= low + LONGEST // timedelta(minutes=1) and high <= furthest):
                continue
            near = _openings(door, table.site, [table], moment(low), moment(high))
            found += [opening for opening in near if opening.id == id]
        return found

    def show(self, door: FhirDoor, rows: Sequence[Any]) -> list[Shown]:
        return [show_slot(row) for row in rows]


def _timetables(door: FhirDoor, asked: Sequence[Asked]) -> list[Timetable]:
    """Those that the search can be about, in use."""
    rows = [row for row in Schedules().rows(door) if row.who.active]
    for one in asked:
        with reading(one.name):
            if one.name == "schedule":
                named = [v for v in one.values if reference(v, ["Schedule"])]
                rows = [row for row in rows if any(refers_to(v, "Schedule", row.id) for v in named)]
            elif one.name == "schedule.actor":
                rows = [row for row in rows if any(_of_actor(row, v) for v in one.values)]
    return rows


def _range(
    asked: Sequence[Asked], site: Site, now: datetime
) -> tuple[datetime, datetime, datetime | None]:
    """What is read, and before when a slot must begin where the search says so."""
    low: datetime | None = None
    high: datetime | None = None
    for one in asked:
        if one.name != "start":
            continue
        if len(one.values) > 1:
            raise wrong("start", "Give one range, as start=ge...&start=lt....")
        with reading(one.name):
            said = when(one.values[0])
        begins, ends = said.bounds(site.zone)
        if said.prefix in ("eq", "ge", "gt", "sa", "ap"):
            begins = ends if said.prefix in ("gt", "sa") else begins
            low = begins if low is None else max(low, begins)
        if said.prefix in ("eq", "le", "lt", "eb", "ap"):
            ends = begins if said.prefix in ("lt", "eb") else ends
            high = ends if high is None else min(high, ends)
        if said.prefix == "ne":
            raise wrong("start", "Slots are read in a range: use ge, gt, le, lt or a date.")
    first = now if low is None else max(low, now)
    last = first + USUAL if high is None else high
    if last - first > LONGEST:
        message = f"At most {LONGEST.days} days at once: bound it, as start=ge...&start=lt...."
        raise wrong("start", message)
    if first - now > FURTHEST:
        raise wrong("start", f"Visits are planned up to {FURTHEST.days} days ahead.")
    return first, last, high


def _openings(
    door: FhirDoor, site: Site, tables: Sequence[Timetable], low: datetime, high: datetime
) -> list[Opening]:
    by_resource = {table.who.pk: table for table in tables}
    stretches = free_stretches(
        site=site, start=low, end=high, resources=by_resource.keys(), now=door.now
    )
    return [Opening(by_resource[one.resource], one) for one in stretches]


def show_slot(row: Opening) -> Shown:
    chairs = row.of.who.chairs if isinstance(row.of.who, Room) else 1
    return checked(
        {
            "resourceType": "Slot",
            "id": row.id,
            "schedule": {"reference": f"Schedule/{row.of.id}", "display": row.of.name},
            "status": "free",
            "start": row.free.starts_at.isoformat(timespec="seconds"),
            "end": row.free.ends_at.isoformat(timespec="seconds"),
            "comment": f"Chair {row.free.lane + 1} of {chairs}" if chairs > 1 else "",
        }
    )
