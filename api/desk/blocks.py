"""Time that is not to be booked: rooms out of use and people away, as the day shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.http import QueryDict

from api.desk.forms import as_day, as_id, as_time
from api.desk.single import soonest
from api.permissions import may
from clinic.models import Absence, Room, Site, Staff, User
from clinic.selectors import open_spans, range_of
from clinic.spans import intersect, moment
from scheduling.selectors.calendars import busy_spans

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a day in which a room or a person is not there.

    `columns` are those of the boards; `starts` and `ends` are cut to the day.
    """

    pk: int
    of: str
    is_room: bool
    resource: int
    columns: tuple[str, ...]
    starts: datetime
    ends: datetime
    whole: bool
    reason: str
    may_open: bool

    @property
    def said(self) -> str:
        """The reason, else "blocked" or "away"."""
        return self.reason or ("blocked" if self.is_room else "away")


def blocks_of(user: User, site: Site, day: date, rooms: Sequence[Room]) -> list[Block]:
    """What is blocked at a site on a day, in time order: three queries, or a few more.

    Why somebody is away is for who manages staff or decides time off; others read "away".
    """
    start, end = (moment(minute) for minute in range_of(site, day, day))
    people = {person.pk: person for person in Staff.objects.filter(sites=site, active=True)}
    known = {room.pk: room for room in rooms}
    rows = Absence.objects.filter(
        resource__in=[*known, *people], starts_at__lt=end, ends_at__gt=start
    )
    reasons = may(user, "manage_staff", site) or may(user, "decide_time_off", site)
    opens = may(user, "block_time", site)
    shown = []
    for row in rows.order_by("starts_at", "pk"):
        room = known.get(row.resource_id)
        lanes = range(room.chairs) if room else ()
        shown.append(
            Block(
                pk=row.pk,
                of=room.name if room else people[row.resource_id].name,
                is_room=room is not None,
                resource=row.resource_id,
                columns=tuple(f"{row.resource_id}.{lane}" for lane in lanes)
                or (str(row.resource_id),),
                starts=max(row.starts_at, start).astimezone(site.zone),
                ends=min(row.ends_at, end).astimezone(site.zone),
                whole=row.starts_at <= start and row.ends_at >= end,
                reason=row.reason if room or reasons else "",
                may_open=opens,
            )
        )
    return [*shown, *_busy(site, day, people)]


def _busy(site: Site, day: date, people: Mapping[int, Staff]) -> list[Block]:
    """Who is busy in a calendar of their own while the site is open."""
    found = busy_spans(list(people), *range_of(site, day, day))
    opened = open_spans(site, day, day) if found else []
    return [
        Block(
            pk=-number,
            of=people[person].name,
            is_room=False,
            resource=person,
            columns=(str(person),),
            starts=moment(start).astimezone(site.zone),
            ends=moment(end).astimezone(site.zone),
            whole=False,
            reason="busy in their own calendar",
            may_open=False,
        )
        for number, (person, (start, end)) in enumerate(
            (
                (person, part)
                for person, spans in sorted(found.items())
                for part in intersect(spans, opened)
            ),
            start=1,
        )
    ]


def is_time_off(absence: Absence) -> bool:
    """Somebody asked for it and it was approved: it is taken back where it was decided."""
    return hasattr(absence, "time_off")


@dataclass
class Blocking:
    """The form as it was typed, and what is wrong with it, field by field."""

    day: str
    at: str
    until_day: str
    until: str
    of: str = ""
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, data: QueryDict, site: Site, now: datetime) -> Blocking:
        """From the form, or from the address of a link that opens it."""
        day, clock = soonest(site, now)
        begins = data.get("day", "") or day.isoformat()
        asked = as_day(begins)
        if asked and asked > day:
            clock = time(9)
        at = data.get("at", "") or f"{clock:%H:%M}"
        return cls(
            day=begins,
            at=at,
            until_day=data.get("until_day", "") or begins,
            until=data.get("until", "") or _hour_later(at),
            of=(data.get("of", "") or data.get("room", "") or data.get("clinician", ""))[:20],
            reason=data.get("reason", "").strip(),
        )

    def check(self, site: Site, now: datetime) -> None:
        """Fill `errors`."""
        self.errors = dict(self._wrong(site, now))

    def _wrong(self, site: Site, now: datetime) -> Iterator[tuple[str, str]]:
        if resource_of(site, self.of) is None:
            yield "of", "Choose the room or the person."
        fields = (("day", as_day(self.day)), ("until_day", as_day(self.until_day)))
        clocks = (("at", as_time(self.at)), ("until", as_time(self.until)))
        unread = [name for name, value in (*fields, *clocks) if value is None]
        for name in unread:
            yield name, "Give a date." if "day" in name else "Give a time such as 09:00."
        if not unread:
            starts, ends = self.span(site)
            if ends <= starts:
                yield "until", "This is not after the start."
            elif ends <= now:
                yield "until", "This is over already."
        if len(self.reason) > LONGEST_REASON:
            yield "reason", f"{len(self.reason)} characters; a reason has up to {LONGEST_REASON}."
        elif "\0" in self.reason:
            yield "reason", "There is a character in it that cannot be kept."

    def span(self, site: Site) -> tuple[datetime, datetime]:
        """From when to when, once day and times can be read."""
        days, clocks = (as_day(self.day), as_day(self.until_day)), (self.at, self.until)
        found = []
        for day, text in zip(days, clocks, strict=True):
            clock = as_time(text)
            assert day is not None
            assert clock is not None
            found.append(datetime.combine(day, clock, tzinfo=site.zone))
        return found[0], found[1]

    def closing(self, site: Site) -> tuple[str, str] | None:
        """The day and time at which the site closes after the start; None when it does not open."""
        day = as_day(self.day)
        spans = open_spans(site, day, day) if day else []
        if not spans:
            return None
        ends = moment(spans[-1][1]).astimezone(site.zone)
        return ends.date().isoformat(), f"{ends:%H:%M}"


def resource_of(site: Site, text: str) -> Room | Staff | None:
    """The room or the member of staff of a site with that id."""
    pk = as_id(text)
    room = Room.objects.filter(site=site, active=True, pk=pk).first()
    return room or Staff.objects.filter(sites=site, active=True, pk=pk).first()


def _hour_later(text: str) -> str:
    clock = as_time(text)
    if clock is None:
        return ""
    later = datetime.combine(date(2000, 1, 1), clock) + timedelta(hours=1)
    return f"{later:%H:%M}" if later.day == 1 else "23:59"
