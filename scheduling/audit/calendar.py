"""Who is on and what is open, worked out from plain rows for one local day at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo

import holidays

from scheduling.audit.rows import Busy, Closure, Credential, Opening, Person, Rows, Shift
from scheduling.audit.spans import Span, clip, merge, without

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_UTC_DAY = 1440
T = TypeVar("T", Opening, Closure, Credential)


class Calendar:
    """Answers for a span of minutes at a site: which of them are outside the rules."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.zones = {site.id: ZoneInfo(site.zone) for site in rows.sites.values()}
        self.openings = _grouped(rows.openings, "site")
        self.closures = _grouped(rows.closures, "site")
        self.credentials = _grouped(rows.credentials, "person")
        self.shifts: dict[tuple[int, int], list[Shift]] = defaultdict(list)
        for shift in rows.shifts:
            self.shifts[shift.person, shift.site].append(shift)
        self.away: dict[int, list[Span]] = defaultdict(list)
        for absence in rows.absences:
            self.away[absence.resource].append((absence.start, absence.end))
        self.busy: dict[tuple[int, int], list[Busy]] = defaultdict(list)
        for one in rows.busy:
            for utc_day in range(one.start // _UTC_DAY, (one.end - 1) // _UTC_DAY + 1):
                self.busy[one.person, utc_day].append(one)
        self.outages: dict[int, list[Span]] = defaultdict(list)
        for outage in rows.outages:
            self.outages[outage.site].append((outage.start, outage.end))
        self._open: dict[tuple[int, date], list[Span]] = {}
        self._duty: dict[tuple[int, int, date], list[Span]] = {}
        self._present: dict[tuple[int, str, date], list[Span]] = {}

    def moment(self, minute: int, site: int) -> datetime:
        return (_EPOCH + timedelta(minutes=minute)).astimezone(self.zones[site])

    def day_of(self, minute: int, site: int) -> date:
        """The site date on which a minute falls."""
        return self.moment(minute, site).date()

    def days(self, span: Span, site: int) -> list[date]:
        """The site dates that a span touches."""
        first, last = self.day_of(span[0], site), self.day_of(span[1] - 1, site)
        return [first + _DAY * n for n in range((last - first).days + 1)]

    def shut(self, span: Span, site: int) -> list[Span]:
        """Minutes of the span in which the site is closed."""
        opened = (part for day in self.days(span, site) for part in self.open(site, day))
        return merge([*without(span, opened), *clip(self.outages[site], *span)])

    def off(self, span: Span, person: int, site: int) -> list[Span]:
        """Minutes of the span in which the person does not work at the site."""
        return without(
            span,
            (part for day in self.days(span, site) for part in self.duty(person, site, day)),
        )

    def engaged(self, span: Span, person: int, known_to: int | None = None) -> list[Span]:
        """Minutes of the span in which a calendar of the person's own says that they are busy.

        With `known_to`, the number of a claim: only what was known when that was made.
        """
        low, high = span
        days = range(low // _UTC_DAY, (high - 1) // _UTC_DAY + 1)
        rows = (one for day in days for one in self.busy.get((person, day), ()))
        known = ((o.start, o.end) for o in rows if known_to is None or o.promised < known_to)
        return clip(merge(known), low, high)

    def absent(
        self, span: Span, credential: str, site: int, known_to: int | None = None
    ) -> list[Span]:
        """Minutes of the span in which nobody on duty at the site holds the credential validly.

        With `known_to`, only calendars count that were known when that claim was made.
        """
        days = self.days(span, site)
        bare = without(span, (part for day in days for part in self.present(site, credential, day)))
        if bare or not self.busy:
            return bare
        there: list[Span] = []
        for day in days:
            for person in self._holders(site, credential, day):
                for part in clip(self.duty(person, site, day), *span):
                    there += without(part, self.engaged(part, person, known_to))
        return without(span, there)

    def valid(self, person: int, kind: str, day: date) -> bool:
        """Whether the person holds such a credential on that site date."""
        return any(
            held.kind == kind and (held.since is None or held.since <= day) and day <= held.until
            for held in self.credentials[person]
        )

    def open(self, site: int, day: date) -> list[Span]:
        """Opening hours that fall on a date, those of the night before included."""
        key = (site, day)
        if key not in self._open:
            hours: list[Opening] = self.openings[site]
            self._open[key] = merge(
                self._span(begun, hour.opens, hour.closes, site)
                for begun in (day - _DAY, day)
                for hour in hours
                if hour.weekday == begun.weekday() and not self._closed(site, begun)
            )
        return self._open[key]

    def duty(self, person: int, site: int, day: date) -> list[Span]:
        """When a person works at a site on a date, breaks, exceptions and absences considered.

        Extra hours of a date count whatever breaks the week has; only an absence takes them away.
        """
        key = (person, site, day)
        if key not in self._duty:
            low, high = self._midnight(day, site), self._midnight(day + _DAY, site)
            working: list[Span] = []
            extra: list[Span] = []
            away = clip(self.away[person], low, high)
            holes = list(away)
            for begun in (day - _DAY, day):
                for shift in self.shifts[person, site]:
                    if shift.day is not None:
                        if shift.day == begun:
                            span = self._span(begun, shift.starts, shift.ends, site)
                            (extra if shift.working else holes).append(span)
                    elif _applies(shift, begun):
                        working.append(self._span(begun, shift.starts, shift.ends, site))
                        holes += self._break(shift, begun, site)
            parts = [part for span in working for part in without(span, holes)]
            parts += [part for span in extra for part in without(span, away)]
            self._duty[key] = merge(clip(parts, low, high))
        return self._duty[key]

    def present(self, site: int, credential: str, day: date) -> list[Span]:
        """When somebody with a valid credential works at the site on a date."""
        key = (site, credential, day)
        if key not in self._present:
            self._present[key] = merge(
                part
                for person in self._holders(site, credential, day)
                for part in self.duty(person, site, day)
            )
        return self._present[key]

    def _holders(self, site: int, credential: str, day: date) -> list[int]:
        """Who works at the site with a valid credential of the kind on a date."""
        people: Iterable[Person] = self.rows.people.values()
        return [
            person.id
            for person in people
            if person.active and site in person.sites and self.valid(person.id, credential, day)
        ]

    def _closed(self, site: int, day: date) -> bool:
        closures: list[Closure] = [
            closure for closure in self.closures[site] if closure.first <= day <= closure.last
        ]
        if any(closure.opens_anyway for closure in closures):
            return False
        facts = self.rows.sites[site]
        return bool(closures) or (
            facts.keeps_public_holidays
            and day in _public_holidays(facts.country, facts.subdivision, day.year)
        )

    def _break(self, shift: Shift, day: date, site: int) -> list[Span]:
        if shift.break_starts is None or shift.break_ends is None:
            return []
        overnight = shift.ends <= shift.starts and shift.break_starts < shift.starts
        return [
            self._span(day + _DAY if overnight else day, shift.break_starts, shift.break_ends, site)
        ]

    def _span(self, day: date, starts: time, ends: time, site: int) -> Span:
        """Wall-clock times on a date; an end at or before the start is the next day's."""
        return (
            self._minute(day, starts, site),
            self._minute(day if ends > starts else day + _DAY, ends, site),
        )

    def _minute(self, day: date, clock: time, site: int) -> int:
        local = datetime.combine(day, clock, tzinfo=self.zones[site])
        return (local.astimezone(UTC) - _EPOCH) // timedelta(minutes=1)

    def _midnight(self, day: date, site: int) -> int:
        return self._minute(day, time(0), site)


def _applies(shift: Shift, day: date) -> bool:
    return (
        shift.weekday == day.weekday()
        and (shift.since is None or shift.since <= day)
        and (shift.until is None or day <= shift.until)
    )


def _grouped(rows: list[T], name: str) -> dict[int, list[T]]:
    groups: dict[int, list[T]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, name)].append(row)
    return groups


@lru_cache(maxsize=64)
def _public_holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    return frozenset(
        holidays.country_holidays(country, subdiv=subdivision or None, years=year).keys()
    )
