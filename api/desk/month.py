"""A site's month: a cell a day with what is booked, how full it is, and what stands in the way."""

from __future__ import annotations

from calendar import Calendar
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce

from django.db.models import Exists, OuterRef

from api.desk import words
from api.desk.lanes import ROLES, people_shown
from api.permissions import may, visible_visits
from clinic.journal import stamp
from clinic.models import Room, Site, User
from clinic.selectors import closed_days, range_of
from clinic.spans import moment
from scheduling import catalogue
from scheduling.models import Appointment, Claim, ProtocolVersion
from scheduling.models.series import GONE
from scheduling.selectors import Load, Occupancy, occupancy
from scheduling.selectors.occupancy import NOTHING


@dataclass(frozen=True, slots=True)
class MonthDay:
    """One day: visits by kind, how full, and why it is closed or short."""

    day: date
    inside: bool
    infusions: int
    therapies: int
    others: int
    load: Load
    short_minutes: int
    closed: str

    @property
    def visits(self) -> int:
        return self.infusions + self.therapies + self.others

    @property
    def short(self) -> str:
        """`20 min` or `2 h 10`: how long nurses are short."""
        hours, minutes = divmod(self.short_minutes, 60)
        return f"{hours} h {minutes:02d}" if hours else f"{minutes} min"


@dataclass(frozen=True, slots=True)
class Month:
    """Whole weeks around a month."""

    first: date
    stamp: int
    weeks: tuple[tuple[MonthDay, ...], ...]
    names: tuple[tuple[int, str], ...]
    one: int

    @property
    def previous(self) -> date:
        return (self.first - timedelta(days=1)).replace(day=1)

    @property
    def next(self) -> date:
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def opens_on(self) -> date:
        """The day to go to from here: the first with a visit, else the first of the month."""
        return next((day.day for day in self.days if day.visits), self.first)

    @property
    def days(self) -> list[MonthDay]:
        """Those of the month itself."""
        return [day for week in self.weeks for day in week if day.inside]

    @property
    def visits(self) -> int:
        return sum(day.visits for day in self.days)


def read_month(user: User, site: Site, day: date, now: datetime, *, by: str, one: int = 0) -> Month:
    """The weeks around a day's month, as full as its rooms, clinicians or nurses (or `one`)."""
    changed = stamp(site)
    weeks = Calendar().monthdatescalendar(day.year, day.month)
    first, last = weeks[0][0], weeks[-1][-1]
    known = occupancy(site=site, first=first, last=last, now=now)
    if by == "rooms":
        of_site = Room.objects.filter(site=site, active=True)
        names = tuple((room.pk, room.name) for room in of_site)
    else:
        names = tuple((p.id, p.name) for p in people_shown(user, site, by, known, ()))
    one = one if one in dict(names) else 0
    counts = _counts(user, site, first, last, one)
    shut = closed_days(site, first, last)
    sees_all, sees_cover = may(user, "see_day", site), may(user, "see_coverage", site)

    def cell(on: date) -> MonthDay:
        open_today = known.open(on)
        short = known.short(on) if sees_cover else ()
        kinds = counts[on]
        return MonthDay(
            day=on,
            inside=on.month == day.month,
            infusions=kinds["infusion"],
            therapies=kinds["therapy"],
            others=kinds["assess"],
            load=_load(known, by, {one} if one else {pk for pk, _ in names}, on)
            if sees_all
            else NOTHING,
            short_minutes=sum((end - start) // timedelta(minutes=1) for start, end in short),
            closed="" if open_today else shut.get(on, "Closed"),
        )

    return Month(
        first=day.replace(day=1),
        stamp=changed,
        weeks=tuple(tuple(cell(on) for on in week) for week in weeks),
        names=names,
        one=one,
    )


def _counts(user: User, site: Site, first: date, last: date, one: int) -> dict[date, Counter[str]]:
    """Live visits by day and hue: 2 queries."""
    start, end = (moment(minute) for minute in range_of(site, first, last))
    live = Appointment.objects.filter(site=site, starts_at__gte=start, starts_at__lt=end)
    live = visible_visits(user, live.exclude(status__in=GONE))
    if one:
        live = live.filter(Exists(Claim.objects.filter(appointment=OuterRef("pk"), resource=one)))
    rows = list(live.values_list("starts_at", "protocol_version", "step"))
    used = ProtocolVersion.objects.filter(pk__in={version for _, version, _ in rows})
    reached: dict[int, set[str]] = defaultdict(set)
    for _, version, step in rows:
        reached[version].add(step)
    hues = {
        (version.pk, step["key"]): words.hue(step["kind"])
        for version in used
        for step in catalogue.extended(version.definition, reached[version.pk])["steps"]
    }
    counts: dict[date, Counter[str]] = defaultdict(Counter)
    for starts_at, version, step in rows:
        on = starts_at.astimezone(site.zone).date()
        counts[on][hues.get((version, step), "assess")] += 1
    return counts


def _load(known: Occupancy, by: str, resources: set[int], day: date) -> Load:
    diary = known.diary
    if by == "rooms":
        loads = [known.load_of_room(r, day) for r in diary.rooms if r.id in resources]
    else:
        loads = [known.load_of_person(p, ROLES[by], day) for p in diary.people if p.id in resources]
    return reduce(Load.__add__, loads, NOTHING)
