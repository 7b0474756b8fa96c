"""What a patient asked to have remembered: when they can come, with whom, when they are away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from clinic.spans import Span, at

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PARTS = ("morning", "midday", "afternoon")
CELLS = tuple(f"{day}-{part}" for day in WEEKDAYS for part in PARTS)
MOST_AWAY = 20
LONGEST_NOTES = 500


@dataclass(frozen=True, slots=True, order=True)
class Away:
    """Days on which a patient cannot come, both inclusive; `why` may be empty."""

    first: date
    last: date
    why: str = ""


@dataclass(frozen=True, slots=True)
class Wishes:
    """`Patient.preferences`, read. `when` holds cells such as "tue-morning"; none is any time."""

    when: tuple[str, ...] = ()
    earliest: time | None = None
    latest: time | None = None
    staff: tuple[int, ...] = ()
    away: tuple[Away, ...] = ()
    notes: str = ""

    def __bool__(self) -> bool:
        return self != Wishes()

    @property
    def weekdays(self) -> tuple[str, ...]:
        """The days of `when`, in order."""
        return tuple(day for day in WEEKDAYS if any(cell.startswith(day) for cell in self.when))

    def ahead(self, today: date) -> tuple[Away, ...]:
        """The times away that are not over."""
        return tuple(one for one in self.away if one.last >= today)

    def away_spans(self, zone: ZoneInfo) -> Iterable[Span]:
        """The days away as minutes of a site's clock."""
        for one in self.away:
            yield at(one.first, time(0), zone), at(one.last + timedelta(days=1), time(0), zone)


def wishes_in(preferences: Mapping[str, Any]) -> Wishes:
    """What is kept of a patient; what cannot be read is left out, never an error."""
    cells = [cell for cell in _listed(preferences, "when") if cell in CELLS]
    if not cells:
        days = [day for day in _listed(preferences, "weekdays") if day in WEEKDAYS]
        cells = [f"{day}-{part}" for day in days for part in PARTS]
    return Wishes(
        when=tuple(cell for cell in CELLS if cell in cells),
        earliest=_clock(preferences.get("earliest")),
        latest=_clock(preferences.get("latest")),
        staff=tuple(one for one in _listed(preferences, "staff") if isinstance(one, int)),
        away=tuple(sorted(found for one in _listed(preferences, "away") if (found := _away(one)))),
        notes=str(preferences.get("notes", "")),
    )


def kept(wishes: Wishes) -> dict[str, Any]:
    """As `Patient.preferences` keeps them: only what is said."""
    said: dict[str, Any] = {
        "when": list(wishes.when),
        "weekdays": list(wishes.weekdays),
        "earliest": wishes.earliest and f"{wishes.earliest:%H:%M}",
        "latest": wishes.latest and f"{wishes.latest:%H:%M}",
        "staff": list(wishes.staff),
        "away": [
            {"from": one.first.isoformat(), "to": one.last.isoformat(), "why": one.why}
            for one in wishes.away
        ],
        "notes": wishes.notes,
    }
    return {key: value for key, value in said.items() if value}


def _listed(preferences: Mapping[str, Any], key: str) -> list[Any]:
    found = preferences.get(key)
    return found if isinstance(found, list) else []


def _clock(text: object) -> time | None:
    try:
        return time.fromisoformat(str(text))
    except ValueError:
        return None


def _away(one: object) -> Away | None:
    try:
        first, last = date.fromisoformat(one["from"]), date.fromisoformat(one["to"])  # type: ignore[index]
        return Away(first, last, str(one.get("why", ""))) if first <= last else None  # type: ignore[attr-defined]
    except (KeyError, TypeError, ValueError):
        return None
