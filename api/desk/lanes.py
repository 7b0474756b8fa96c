"""What a board is laid out by: chairs, clinicians or nurses, and when each of them has whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import groupby, pairwise

from api.desk import words
from api.desk.board import Column, Entry
from api.permissions import may, staff_id
from clinic.models import Site, User
from clinic.spans import moment
from scheduling.models import Appointment, Claim
from scheduling.planner.day import Person
from scheduling.selectors import Occupancy

BY = {"rooms": "Rooms", "clinicians": "Clinicians", "nurses": "Nurses"}
ROLES = {
    "clinicians": (Claim.Role.THERAPIST.value, Claim.Role.PRESCRIBER.value),
    "nurses": (Claim.Role.NURSE.value,),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of a visit in somebody's column: lanes lane..lane+lanes-1 of theirs.

    `said` names the phases, where it is not the whole visit.
    """

    visit: int
    column: str
    starts: datetime
    ends: datetime
    lane: int = 0
    lanes: int = 1
    said: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A visit as the list of a room or person tells it."""

    entry: Entry
    starts: datetime
    ends: datetime
    said: str


@dataclass(frozen=True, slots=True)
class Group:
    """A room or person with their visits in time order."""

    key: str
    name: str
    note: str
    rows: tuple[Row, ...]


def asked_by(text: str) -> str:
    """rooms, clinicians or nurses; else nothing."""
    return text if text in BY else ""


def people_shown(
    user: User, site: Site, by: str, known: Occupancy, busy: Iterable[int]
) -> list[Person]:
    """By name, those on duty in a role of `by` or busy; only oneself for who sees no others."""
    staff = None if may(user, "see_day", site) else staff_id(user)
    wanted = set(busy)
    return sorted(
        (
            person
            for person in known.diary.people
            if (staff is None or person.id == staff)
            and (person.id in wanted or any(person.duty.get(role) for role in ROLES[by]))
        ),
        key=lambda person: person.name,
    )


def column_of(person: Person, by: str, known: Occupancy, day: date) -> Column:
    """Somebody as a column of the day, with when they are on."""
    on = known.on(person, ROLES[by], day)
    lanes = len(person.lanes) if by == "nurses" else 1
    said = f"{words.clock(on[0][0])}–{words.clock(on[-1][1])}" if on else "off"
    return Column(str(person.id), person.name, said, lanes=lanes, on=on)


def bars(visits: Iterable[Appointment], by: str, *, care: bool) -> list[Bar]:
    """Each visit in the columns of the people who take part, cut where the lanes held change.

    The phases are said to who may see the care given.
    """
    found: list[Bar] = []
    for visit in visits:
        held: dict[int, list[Claim]] = defaultdict(list)
        for claim in visit.claims.all():
            if claim.role in ROLES[by]:
                held[claim.resource_id].append(claim)
        for resource, claims in held.items():
            found += _bars(visit, resource, claims, whole=by == "clinicians")
    return found if care else [replace(bar, said="") for bar in found]


def within(drawn: Iterable[Bar], day: date) -> Iterator[Bar]:
    """The bars of one day, those that cross midnight cut there."""
    for bar in drawn:
        low = datetime.combine(day, time(0), bar.starts.tzinfo)
        high = datetime.combine(day + timedelta(days=1), time(0), bar.starts.tzinfo)
        if bar.starts < high and bar.ends > low:
            yield replace(bar, starts=max(bar.starts, low), ends=min(bar.ends, high))


def _bars(visit: Appointment, resource: int, claims: list[Claim], *, whole: bool) -> Iterator[Bar]:
    zone = visit.site.zone
    cuts = sorted({edge for c in claims for edge in (c.start_minute, c.end_minute)})

    def lanes_in(stretch: tuple[int, int]) -> tuple[int, ...]:
        if whole:
            return (0,) if any(c.start_minute <= stretch[0] < c.end_minute for c in claims) else ()
        here = (c.lane for c in claims if c.start_minute <= stretch[0] < c.end_minute)
        return tuple(sorted(set(here)))

    for lanes, stretches in groupby(pairwise(cuts), key=lanes_in):
        both = list(stretches)
        starts, ends = moment(both[0][0]), moment(both[-1][1])
        for low, high in _together(lanes):
            yield Bar(
                visit=visit.pk,
                column=str(resource),
                starts=starts.astimezone(zone),
                ends=ends.astimezone(zone),
                lane=low,
                lanes=high - low,
                said=_phases(visit, starts, ends),
            )


def _together(lanes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Runs of neighbouring lanes."""
    for _, run in groupby(enumerate(lanes), key=lambda each: each[1] - each[0]):
        numbers = [lane for _, lane in run]
        yield numbers[0], numbers[-1] + 1


def _phases(visit: Appointment, starts: datetime, ends: datetime) -> str:
    phases = list(visit.phases.all())
    inside = [one for one in phases if one.starts_at < ends and one.ends_at > starts]
    if len(inside) == len(phases):
        return ""
    return ", ".join(words.phase(one.name).lower() for one in inside)


def groups(
    by: str, columns: Iterable[Column], entries: Sequence[Entry], drawn: Iterable[Bar]
) -> list[Group]:
    """The columns as headings with what stands in each."""
    known = {entry.pk: entry for entry in entries}
    held: dict[str, list[Row]] = defaultdict(list)
    if by == "rooms":
        for entry in entries:
            for key in entry.columns:
                held[key].append(Row(entry, entry.starts, entry.ends, ""))
    else:
        told = _lanes_told(drawn) if by == "nurses" else {}
        for bar in drawn:
            said = ", ".join(filter(None, [bar.said, told.get(bar, "")]))
            row = Row(known[bar.visit], bar.starts, bar.ends, said)
            if row not in held[bar.column]:
                held[bar.column].append(row)
    return [
        Group(
            column.key,
            f"{column.name} {column.note}" if by == "rooms" and column.note else column.name,
            "" if by == "rooms" else column.note,
            tuple(sorted(held[column.key], key=lambda row: (row.starts, row.entry.pk))),
        )
        for column in columns
    ]


def _lanes_told(drawn: Iterable[Bar]) -> Mapping[Bar, str]:
    """`2 lanes`: how much of the nurse a stretch takes, over bars that stand side by side."""
    together: dict[tuple[int, str, datetime], list[Bar]] = defaultdict(list)
    for bar in drawn:
        together[bar.visit, bar.column, bar.starts].append(bar)
    return {
        bar: words.count(sum(one.lanes for one in side), "lane")
        for side in together.values()
        for bar in side
    }
