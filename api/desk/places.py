"""Rooms and sites as Set-up shows them: how much they are used, and when they are not there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q, Sum
from django.db.models.expressions import F

from clinic.models import Absence, Closure, OpeningHours, Room, Site
from clinic.selectors import open_spans, public_holidays
from clinic.services.hours import WEEKDAYS
from clinic.spans import minute
from scheduling.models import Claim, ProtocolVersion

USED_OVER = timedelta(days=28)
SHORT = tuple(name[:3] for name in WEEKDAYS)


@dataclass(frozen=True, slots=True)
class Out:
    """A room out of service, in the site's clock."""

    pk: int
    starts: datetime
    ends: datetime
    reason: str
    now: bool


@dataclass(frozen=True, slots=True)
class RoomRow:
    """A room in the list. `used` is the share of its open minutes in the next four weeks, in %."""

    room: Room
    used: int | None
    out: tuple[Out, ...]


def room_rows(site: Site, rooms: Sequence[Room], now: datetime) -> list[RoomRow]:
    """Rooms with their use and what keeps them out: four queries, however many rooms."""
    today = now.astimezone(site.zone).date()
    spans = open_spans(site, today, today + USED_OVER - timedelta(days=1))
    start = minute(now)
    spans = [(max(one, start), end) for one, end in spans if end > start]
    opened = sum(end - one for one, end in spans)
    taken = _taken([room.pk for room in rooms], start, minute(now + USED_OVER))
    out = outages(site, [room.pk for room in rooms], now)
    return [
        RoomRow(
            room,
            min(100, round(100 * taken[room.pk] / (opened * room.chairs))) if opened else None,
            tuple(out[room.pk]),
        )
        for room in rooms
    ]


def outages(site: Site, rooms: Iterable[int], now: datetime) -> dict[int, list[Out]]:
    """When rooms are, or will be, out of service: one query."""
    found: dict[int, list[Out]] = defaultdict(list)
    rows = Absence.objects.filter(resource__in=rooms, ends_at__gt=now).order_by("starts_at", "pk")
    for row in rows:
        starts, ends = row.starts_at.astimezone(site.zone), row.ends_at.astimezone(site.zone)
        found[row.resource_id].append(Out(row.pk, starts, ends, row.reason, row.starts_at <= now))
    return found


def _taken(rooms: list[int], start: int, end: int) -> dict[int, int]:
    claims = Claim.objects.filter(
        resource__in=rooms, start_minute__gte=start, start_minute__lt=end
    ).order_by()
    sums = claims.values("resource").annotate(taken=Sum(F("end_minute") - F("start_minute")))
    return defaultdict(int, {row["resource"]: row["taken"] for row in sums})


def uses_of_capabilities() -> dict[str, list[str]]:
    """Which steps ask for a room of each capability, by protocol name: one query."""
    newest: dict[int, ProtocolVersion] = {}
    rows = ProtocolVersion.objects.filter(protocol__retired=False).order_by("version")
    for row in rows:
        newest[row.protocol_id] = row
    uses: dict[str, list[str]] = {}
    for version in sorted(newest.values(), key=lambda one: one.name):
        for word in sorted(_asked(version.definition)):
            uses.setdefault(word, []).append(version.name)
    return uses


def _asked(definition: dict) -> set[str]:
    return {
        room["capability"]
        for step in definition["steps"]
        for phase in step.get("phases", [])
        if (room := phase.get("room"))
    }


def known_capabilities(site: Site) -> list[str]:
    """What rooms here are used for, and what protocols ask for."""
    held = Room.objects.filter(site=site).values_list("capabilities", flat=True)
    return sorted({word for words in held for word in words} | set(uses_of_capabilities()))


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site in the list."""

    site: Site
    here: datetime
    rooms: int
    people: int
    hours: str
    closes: Closure | None


def site_rows(sites: Sequence[Site], now: datetime) -> list[SiteRow]:
    """Sites with their hours in short: four queries, however many sites."""
    ids = [site.pk for site in sites]
    counted = {
        row["pk"]: row
        for row in Site.objects.filter(pk__in=ids)
        .annotate(
            people=Count("staff", filter=Q(staff__active=True), distinct=True),
            seats=Count("rooms", filter=Q(rooms__active=True), distinct=True),
        )
        .values("pk", "people", "seats")
    }
    weekly: dict[int, list[OpeningHours]] = defaultdict(list)
    for hours in OpeningHours.objects.filter(site__in=ids):
        weekly[hours.site_id].append(hours)
    today = min((now.astimezone(site.zone).date() for site in sites), default=now.date())
    closures: dict[int, Closure] = {}
    ahead = Closure.objects.filter(site__in=ids, last__gte=today, opens_anyway=False)
    for closure in ahead.order_by("-first"):
        closures[closure.site_id] = closure
    return [
        SiteRow(
            site,
            now.astimezone(site.zone),
            counted[site.pk]["seats"],
            counted[site.pk]["people"],
            in_short(weekly[site.pk]),
            closures.get(site.pk),
        )
        for site in sites
    ]


def in_short(hours: Iterable[OpeningHours]) -> str:
    """Mon to Fri 08:00 to 18:00, Sat 09:00 to 13:00."""
    days: dict[int, list[str]] = defaultdict(list)
    for one in sorted(hours, key=lambda one: (one.weekday, one.opens)):
        days[one.weekday].append(f"{one.opens:%H:%M} to {one.closes:%H:%M}")
    runs: list[tuple[int, int, str]] = []
    for day in range(7):
        said = " and ".join(days[day])
        if said and runs and runs[-1][1] == day - 1 and runs[-1][2] == said:
            runs[-1] = (runs[-1][0], day, said)
        elif said:
            runs.append((day, day, said))
    return ", ".join(
        f"{SHORT[first]}{f' to {SHORT[last]}' if last > first else ''} {said}"
        for first, last, said in runs
    )


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday ahead; `closure` is what opens the site anyway."""

    day: date
    name: str
    closure: Closure | None


def holidays_ahead(
    site: Site, today: date, *, weekdays: Iterable[int] | None = None, number: int = 12
) -> list[Holiday]:
    """The next public holidays on days that the site's week, or these weekdays, would open."""
    if not site.keeps_public_holidays:
        return []
    last = today + timedelta(days=400)
    lifted = list(Closure.objects.filter(site=site, opens_anyway=True, last__gte=today))
    if weekdays is None:
        weekdays = OpeningHours.objects.filter(site=site).values_list("weekday", flat=True)
    opens = set(weekdays)
    named = {closure.first: closure for closure in lifted}
    found = [
        Holiday(day, name, named.get(day))
        for day, name in sorted(public_holidays(site, today, last).items())
        if day.weekday() in opens
    ]
    return found[:number]


def moments(row: Out) -> str:
    """`Tue 8 Dec 08:00 to 12:00`, `Tue 8 Dec to Thu 10 Dec`."""
    whole = row.starts.time() == row.ends.time() == datetime.min.time()
    if whole:
        last = row.ends - timedelta(days=1)
        first = f"{row.starts:%a} {row.starts.day} {row.starts:%b}"
        if last.date() == row.starts.date():
            return first
        return f"{first} to {last:%a} {last.day} {last:%b}"
    end = f"{row.ends:%H:%M}"
    if row.ends.date() != row.starts.date():
        end = f"{row.ends:%a} {row.ends.day} {row.ends:%b} {end}"
    return f"{row.starts:%a} {row.starts.day} {row.starts:%b} {row.starts:%H:%M} to {end}"
