"""A move as the desk sees it: when it is asked for, what would change, and why it cannot be."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.http import QueryDict

from api.desk import words
from api.desk.forms import as_day, as_id, as_time
from clinic.models import Room, Site, Staff
from scheduling.errors import MoveRefused, Refused
from scheduling.models import Appointment
from scheduling.planner.single import Wish
from scheduling.selectors.moves import Change
from scheduling.services.overriding import POLICY


@dataclass
class Wanted:
    """Where a visit is to go, as typed, and what is wrong with that field by field."""

    day: str
    at: str
    room: str = ""
    clinician: str = ""
    alone: bool = False
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, data: QueryDict, visit: Appointment) -> Wanted:
        """From the form, or from the address that a drag opens."""
        here = visit.starts_at.astimezone(visit.site.zone)
        wanted = cls(
            day=data.get("day", "") or here.date().isoformat(),
            at=data.get("at", "") or f"{here:%H:%M}",
            room=data.get("room", "")[:20],
            clinician=data.get("clinician", "")[:20],
            alone=data.get("alone", "") == "on",
            reason=data.get("reason", "").strip()[:300],
        )
        if as_day(wanted.day) is None:
            wanted.errors["day"] = "Give a date."
        if as_time(wanted.at) is None:
            wanted.errors["at"] = "Give a time such as 09:00."
        return wanted

    def starts_at(self, site: Site) -> datetime:
        """The form must be without errors."""
        day, clock = as_day(self.day), as_time(self.at)
        assert day is not None
        assert clock is not None
        return datetime.combine(day, clock.replace(second=0, microsecond=0), tzinfo=site.zone)

    @property
    def wish(self) -> Wish | None:
        room, clinician = as_id(self.room), as_id(self.clinician)
        return Wish(room or None, clinician or None) if room or clinician else None

    def wished(self, site: Site) -> str:
        """`in Room 2`, `with Ana Example`; empty for whatever suits."""
        room = Room.objects.filter(site=site, pk=as_id(self.room)).first()
        person = Staff.objects.filter(sites=site, pk=as_id(self.clinician)).first()
        return f"in {room.name}" if room else f"with {person.name}" if person else ""


@dataclass(frozen=True, slots=True)
class Row:
    """One visit of a move."""

    name: str
    before: datetime
    after: datetime
    reason: str
    hue: str

    @property
    def same_day(self) -> bool:
        return self.before.date() == self.after.date()

    @property
    def shift(self) -> str:
        """`1 day later`, `30 min earlier`."""
        days = (self.after.date() - self.before.date()).days
        if days:
            return f"{words.count(abs(days), 'day')} {'later' if days > 0 else 'earlier'}"
        minutes = (self.after - self.before) // timedelta(minutes=1)
        if not minutes:
            return "same time"
        return f"{abs(minutes)} min {'later' if minutes > 0 else 'earlier'}"


def rows_of(changes: list[Change], visit: Appointment) -> list[Row]:
    kinds = {step["key"]: step["kind"] for step in visit.protocol_version.definition["steps"]}
    return [
        Row(
            name=change.name,
            before=change.before[0],
            after=change.after[0],
            reason=change.reason,
            hue=words.hue(kinds.get(change.step, "")),
        )
        for change in changes
    ]


@dataclass(frozen=True, slots=True)
class Nothing:
    """A move that cannot be: why, when it could, and whether somebody may insist."""

    reasons: tuple[str, ...]
    nearest: datetime | None
    may_insist: bool


def refused(no: Refused, *, may_override: bool) -> Nothing:
    near = no.nearest if isinstance(no, MoveRefused) else None
    only_policy = all(one.rule in POLICY for one in no.refusals)
    said = dict.fromkeys(refusal.message for refusal in no.refusals)
    return Nothing(tuple(said)[:3], near, may_override and only_policy)


def said_of(changes: list[Change]) -> str:
    """What was done, for the toast."""
    first, *others = changes
    when = f"{words.day(first.after[0])} {words.clock(first.after[0])}"
    more = f" {words.count(len(others), 'later visit')} moved along." if others else ""
    return f"Moved: {first.name}, now {when}.{more}"


@dataclass(frozen=True, slots=True)
class DayChip:
    """A day on which the visit could be."""

    day: date
    at: str
    here: bool
    label: str


def chips(days: list[datetime], visit: Appointment) -> list[DayChip]:
    own = visit.starts_at.astimezone(visit.site.zone).date()
    return [
        DayChip(one.date(), words.clock(one), one.date() == own, words.day(one)) for one in days
    ]
