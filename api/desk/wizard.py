"""What the series wizard asks for, read from its one form."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import QueryDict

from api.desk.forms import WEEKDAYS, as_day, as_id, as_time
from clinic.models import Patient, Site, Staff
from clinic.wishes import Wishes
from scheduling import catalogue
from scheduling.models import ProtocolVersion
from scheduling.planner.preferences import BAND_NAMES, BANDS
from scheduling.planner.protocols import THERAPIST
from scheduling.selectors import Proposals, propose_series


@dataclass(frozen=True, slots=True)
class Doable:
    """A step that may have been done before the series is booked; `field` names its input."""

    field: str
    name: str


@dataclass(frozen=True, slots=True)
class Treatment:
    """A protocol to choose from, in its newest version."""

    key: str
    name: str
    summary: str
    source: str
    reviewed: bool
    visits: int
    doable: tuple[Doable, ...]


def treatments() -> list[Treatment]:
    """The newest version of every protocol in use, by name: one query."""
    rows = ProtocolVersion.objects.filter(protocol__retired=False).select_related("protocol")
    newest = {row.protocol.key: row for row in rows.order_by("version")}
    return sorted((_treatment(key, row) for key, row in newest.items()), key=lambda t: t.name)


def _treatment(key: str, row: ProtocolVersion) -> Treatment:
    protocol = catalogue.protocol(row.definition, version=row.version)
    keys = [step.key for step in protocol.steps]
    before = protocol.steps[: keys.index(protocol.origin)]
    doable = [(step.key, step.name) for step in before]
    doable += list(dict(protocol.extra.get("outside", {})).items())  # type: ignore[call-overload]
    return Treatment(
        key=key,
        name=row.name,
        summary=row.definition.get("summary", ""),
        source=row.source,
        reviewed=bool(row.reviewed_by),
        visits=len(protocol.steps),
        doable=tuple(Doable(f"done.{key}.{step}", name) for step, name in doable),
    )


def therapists(site: Site) -> list[Staff]:
    people = Staff.objects.filter(sites=site, active=True)
    return [person for person in people if THERAPIST in person.roles]


@dataclass
class Wanted:
    """The form as it was typed, and what is wrong with it, field by field."""

    patient: str = ""
    protocol: str = ""
    start: str = ""
    until: str = ""
    earliest: str = ""
    latest: str = ""
    staff: str = ""
    when: tuple[str, ...] = ()
    hold: bool = False
    done: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, data: QueryDict, today: date) -> Wanted:
        """From the form, or from the address of a link that opens it."""
        wanted = cls(
            patient=data.get("patient", ""),
            protocol=data.get("protocol", ""),
            start=data.get("from", "") or today.isoformat(),
            until=data.get("until", ""),
            earliest=data.get("earliest", "") or data.get("at", ""),
            latest=data.get("latest", ""),
            staff=data.get("staff", ""),
            when=tuple(cell for cell in CELLS if cell in data.getlist("when")),
            hold="hold" in data,
            done={k: str(v) for k, v in data.items() if k.startswith("done.") and v},
        )
        wanted.errors = dict(wanted._wrong())
        return wanted

    def _wrong(self) -> Any:
        for name, text in (("from", self.start), ("until", self.until)):
            if text and as_day(text) is None:
                yield name, "Give a date."
        for name, text in (("earliest", self.earliest), ("latest", self.latest)):
            if text and as_time(text) is None:
                yield name, "Give a time such as 09:00."
        if self.hours == NEVER:
            yield "latest", "This is before the earliest start."
        for name, text in self.done.items():
            if as_day(text) is None:
                yield name, "Give a date."

    @property
    def weekdays(self) -> list[int]:
        return sorted({CELLS[cell][0] for cell in self.when})

    @property
    def bands(self) -> list[int]:
        return sorted({CELLS[cell][1] for cell in self.when})

    @property
    def hours(self) -> tuple[time | None, time | None]:
        """Earliest start and latest end: as typed, narrowed to the parts of the day chosen."""
        earliest, latest = as_time(self.earliest), as_time(self.latest)
        if self.bands and self.bands != [0, 1, 2]:
            low, high = BANDS[self.bands[0]][0], BANDS[self.bands[-1]][1]
            if low:
                earliest = max(earliest or time(0), time(low // 60))
            if high < 24 * 60:
                latest = min(latest or time(23, 59), time(high // 60))
        if earliest and latest and earliest >= latest:
            return NEVER
        return earliest, latest

    def asks_other_than(self, wishes: Wishes) -> bool:
        """True when times are asked for that are not those remembered of the patient."""
        asked = (self.when, as_time(self.earliest), as_time(self.latest), as_id(self.staff))
        known = (wishes.when, wishes.earliest, wishes.latest, next(iter(wishes.staff), 0))
        return asked not in (known, ((), None, None, 0))

    def proposals(self, patient: Patient, site: Site, now: datetime, offer: str = "") -> Proposals:
        """Errors as `propose_series`; the form must be without errors."""
        earliest, latest = self.hours
        start = as_day(self.start)
        assert start is not None
        until = as_day(self.until)
        prefix = f"done.{self.protocol}."
        return propose_series(
            patient=patient,
            protocol_key=self.protocol,
            site=site,
            not_before=start,
            not_after=until and min(until, start + FURTHEST),
            weekdays=self.weekdays,
            earliest=earliest,
            latest=latest,
            staff=[staff] if (staff := as_id(self.staff)) else [],
            completed={
                name.removeprefix(prefix): day
                for name, text in self.done.items()
                if name.startswith(prefix) and (day := as_day(text))
            },
            now=now,
            offer=offer,
        )


FURTHEST = timedelta(days=540)
NEVER = (time(0), time(0))
CELLS = {
    f"{day}-{part}": (i, j) for i, day in enumerate(WEEKDAYS) for j, part in enumerate(BAND_NAMES)
}


@dataclass(frozen=True, slots=True)
class GridRow:
    """A part of the day with its seven cells: (value, weekday, chosen)."""

    name: str
    hours: str
    cells: tuple[tuple[str, str, bool], ...]


def grid(wanted: Wanted) -> list[GridRow]:
    """The wizard's grid as it was clicked."""
    return grid_of(wanted.when)


def grid_of(when: Collection[str]) -> list[GridRow]:
    """Parts of the day down, days across, those of `when` chosen."""
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    hours = ("to 12", "12 to 15", "from 15")
    return [
        GridRow(
            part.capitalize(),
            hours[j],
            tuple(
                (f"{day}-{part}", names[i], f"{day}-{part}" in when)
                for i, day in enumerate(WEEKDAYS)
            ),
        )
        for j, part in enumerate(BAND_NAMES)
    ]
