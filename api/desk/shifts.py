"""One person's hours at a site: their weeks in words, and a month of days that differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import groupby

from api.desk import words
from api.desk.meanwhile import Meanwhile
from api.desk.roster import Bar, Cell, bars_of, length
from clinic.journal import ChangedMeanwhile
from clinic.models import (
    AvailabilityException,
    OnCall,
    OpeningHours,
    Site,
    Staff,
    TimeOff,
    WeeklyHours,
)
from clinic.selectors import absences, closed_days, duties, range_of
from clinic.services.hours import DAY, WEEKDAYS, Shift
from clinic.weeks import Version, versions, week_minutes

EARLIER = 3
UNTIL = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Week:
    """A version as a line of a list. `when`: earlier, now or later."""

    first: date | None
    last: date | None
    when: str
    hours: tuple[str, ...]
    total: str

    @property
    def title(self) -> str:
        if self.first is None:
            return f"Until {words.day_and_year(self.last)}" if self.last else "Always"
        until = f" to {words.day_and_year(self.last)}" if self.last else " on"
        return f"From {words.day_and_year(self.first)}{until}"


@dataclass(frozen=True, slots=True)
class Line:
    """A weekday of the picture, and when the site is open on it, in minutes."""

    number: int
    name: str
    short: str
    opens: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A square of the month. `marks` are words: more, less, off."""

    day: date
    here: bool
    hours: str
    marks: tuple[str, ...]
    closed: str


@dataclass(frozen=True, slots=True)
class Month:
    first: date
    weeks: tuple[tuple[MonthDay, ...], ...]

    @property
    def name(self) -> str:
        return f"{self.first:%B %Y}"

    @property
    def previous(self) -> str:
        return f"{self.first - UNTIL:%Y-%m}"

    @property
    def next(self) -> str:
        return f"{self.first + timedelta(days=32):%Y-%m}"


@dataclass(frozen=True, slots=True)
class PersonHours:
    """Everything of the editor's page but the form. `drawn` holds from the date that is edited."""

    drawn: Version
    weeks: tuple[Week, ...]
    lines: tuple[Line, ...]
    month: Month
    exceptions: list[AvailabilityException]
    on_call: list[tuple[OnCall, datetime, datetime]]
    time_off: list[tuple[TimeOff, str]]

    @property
    def earliest(self) -> int:
        """When the site first opens, in minutes; the picture begins an hour before."""
        return max(min((low for line in self.lines for low, _ in line.opens), default=480) - 60, 0)

    @property
    def latest(self) -> int:
        high = max((high for line in self.lines for _, high in line.opens), default=1080)
        return min(high + 60, DAY)


def read_person_hours(
    person: Staff, site: Site, *, since: date, month: date, now: datetime
) -> PersonHours:
    """Some fifteen queries, whatever there is to show."""
    today = now.astimezone(site.zone).date()
    found = versions(list(WeeklyHours.objects.filter(staff=person, site=site)))
    ahead = AvailabilityException.objects.filter(staff=person, site=site, date__gte=today)
    call = OnCall.objects.filter(staff=person, site=site, ends_at__gt=now)
    off = TimeOff.objects.filter(
        staff=person, ends_at__gt=now, state__in=(TimeOff.State.ASKED, TimeOff.State.APPROVED)
    )
    return PersonHours(
        drawn=next(one for one in found if one.holds_on(since)),
        weeks=tuple(_weeks(found, today)),
        lines=_lines(site),
        month=_month(person, site, month),
        exceptions=list(ahead[:40]),
        on_call=[
            (row, row.starts_at.astimezone(site.zone), row.ends_at.astimezone(site.zone))
            for row in call[:40]
        ],
        time_off=[(row, days_off(row, site)) for row in off[:40]],
    )


def later_than(person: Staff, site: Site, since: date) -> list[date]:
    """When the plans begin that a week saved from `since` on takes the place of."""
    found = versions(list(WeeklyHours.objects.filter(staff=person, site=site)))
    return [one.first for one in found if one.first and one.first > since]


def minutes_at(person: Staff, site: Site, day: date) -> int:
    """What the week that holds on a day comes to."""
    found = versions(list(WeeklyHours.objects.filter(staff=person, site=site)))
    return next(one for one in found if one.holds_on(day)).minutes


def told_short(notice: Meanwhile, error: ChangedMeanwhile) -> Meanwhile:
    """Of somebody else's week only the shifts that differ, and its date as dates are read."""
    told = [entry for entry in error.entries if "hours" in entry.after]
    if not told:
        return notice
    before, after = told[0].before.get("hours", []), told[-1].after["hours"]
    since = date.fromisoformat(told[-1].after["since"])
    changes = []
    for change in notice.changes:
        if change.field == "Hours":
            was = "; ".join(one for one in before if one not in after) or "nothing"
            now = "; ".join(one for one in after if one not in before) or "nothing"
            change = replace(change, before=was, after=now)
        elif change.after == since.isoformat():
            change = replace(change, after=words.day_and_year(since))
        changes.append(change)
    return replace(notice, changes=tuple(changes))


def in_words(shifts: Sequence[Shift]) -> tuple[str, ...]:
    """Mon–Fri 08:00–18:00, break 12:00–12:30: a line for each run of days that are alike."""
    by_day: dict[int, list[str]] = defaultdict(list)
    for shift in sorted(shifts):
        rest = f", break {_span(shift.break_starts, shift.break_ends)}" if shift.rests else ""
        by_day[shift.weekday].append(_span(shift.starts, shift.ends) + rest)
    said = [(day, "; ".join(by_day[day])) for day in range(len(WEEKDAYS))]
    lines = []
    for text, run in groupby(said, key=lambda one: one[1]):
        days = [day for day, _ in run]
        if text:
            lines.append(f"{_short(days[0])}{f'–{_short(days[-1])}' if days[1:] else ''} {text}")
    return tuple(lines) or ("No hours",)


def days_off(row: TimeOff, site: Site) -> str:
    """Tue 8 Dec; Tue 8 Dec to Fri 11 Dec; Tue 8 Dec 12:00 to 18:00."""
    starts, ends = row.starts_at.astimezone(site.zone), row.ends_at.astimezone(site.zone)
    whole = starts.time() == time(0) and ends.time() == time(0)
    if whole:
        last = ends.date() - UNTIL
        if last == starts.date():
            return words.day(starts)
        return f"{words.day(starts)} to {words.day(last)}"
    if starts.date() == ends.date():
        return f"{words.day(starts)} {words.clock(starts)} to {words.clock(ends)}"
    return f"{words.day(starts)} {words.clock(starts)} to {words.day(ends)} {words.clock(ends)}"


def _weeks(found: Sequence[Version], today: date) -> Iterable[Week]:
    """What holds now and is planned, and the last few that are over."""
    over = [one for one in found if one.last is not None and one.last < today]
    skipped = len(over) - EARLIER
    for i, one in enumerate(found):
        if i < skipped:
            continue
        when = "now" if one.holds_on(today) else "earlier" if one in over else "later"
        total = length(week_minutes(one.shifts))
        yield Week(one.first, one.last, when, in_words(one.shifts), total)


def _lines(site: Site) -> tuple[Line, ...]:
    opens: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in OpeningHours.objects.filter(site=site):
        low, high = _minutes(row.opens), _minutes(row.closes)
        opens[row.weekday].append((low, high if high > low else DAY))
        if 0 < high <= low:
            opens[(row.weekday + 1) % 7].append((0, high))
    return tuple(
        Line(number, name, name[:3], tuple(sorted(opens[number])))
        for number, name in enumerate(WEEKDAYS)
    )


def _month(person: Staff, site: Site, month: date) -> Month:
    first = month.replace(day=1)
    begin = first - timedelta(days=first.weekday())
    after = (first + timedelta(days=32)).replace(day=1)
    days = [begin + timedelta(days=i) for i in range(0, _whole_weeks(begin, after))]
    start, end = range_of(site, begin, days[-1])
    duty = next((d.spans for d in duties(site, begin, days[-1]) if d.staff.pk == person.pk), [])
    off = absences([person.pk], start, end).get(person.pk, [])
    shut = closed_days(site, begin, days[-1])
    differs: dict[date, list[str]] = defaultdict(list)
    for one in AvailabilityException.objects.filter(
        staff=person, site=site, date__range=(begin, days[-1])
    ):
        differs[one.date].append("more" if one.working else "less")
    squares = []
    for day in days:
        whole = range_of(site, day, day)
        bars: tuple[Bar, ...] = (
            *bars_of("duty", duty, whole, site),
            *bars_of("off", off, whole, site),
        )
        cell = Cell(day, bars)
        marks = tuple(dict.fromkeys([*differs[day], *(["off"] if cell.off else [])]))
        squares.append(
            MonthDay(day, day.month == first.month, cell.hours, marks, shut.get(day, ""))
        )
    return Month(first, tuple(tuple(squares[i : i + 7]) for i in range(0, len(squares), 7)))


def _whole_weeks(begin: date, after: date) -> int:
    return -(-(after - begin).days // 7) * 7


def _span(starts: time | None, ends: time | None) -> str:
    return f"{starts:%H:%M}–{ends:%H:%M}"


def _short(day: int) -> str:
    return WEEKDAYS[day][:3]


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute
