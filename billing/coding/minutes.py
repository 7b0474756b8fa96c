"""How long things took: whole minutes of phases, and units of codes that go by the hour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from billing.coding.charges import Moment, Phase

INFUSED, DOSED = "infus", "dos"
"""Parts of the names of the phases in which the drug runs, and of those in which it is given."""


class MixedTimes(ValueError):
    """A phase whose times cannot be subtracted: without a zone, or of two kinds."""


@dataclass(frozen=True, slots=True)
class Time:
    """Whole minutes of several phases; the names of those without a stop, or stopped too early."""

    minutes: int
    open: tuple[str, ...] = ()
    backwards: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.open and not self.backwards


def between(start: Moment, stop: Moment) -> int:
    """Elapsed whole minutes, a begun one not counted; through a clock change too."""
    if isinstance(start, int) and isinstance(stop, int):
        return stop - start
    if isinstance(start, datetime) and isinstance(stop, datetime):
        if start.tzinfo is None or stop.tzinfo is None:
            raise MixedTimes("Give the times of a phase with their time zone.")
        # Two times of one zone are subtracted as the clock on the wall: wrong when it changes.
        return int((stop.astimezone(UTC) - start.astimezone(UTC)).total_seconds() // 60)
    raise MixedTimes("Give both times of a phase as aware datetimes, or both as whole minutes.")


def taken(phases: Iterable[Phase]) -> Time:
    """The minutes of phases together; those without a good stop count nothing."""
    minutes, open_, backwards = 0, [], []
    for phase in phases:
        if phase.stop is None:
            open_.append(phase.name)
        elif (took := between(phase.start, phase.stop)) < 0:
            backwards.append(phase.name)
        else:
            minutes += took
    return Time(minutes, tuple(open_), tuple(backwards))


def main(phases: Sequence[Phase]) -> list[Phase]:
    """The phases in which the drug ran; else those of the dosing, which is longer than that."""
    named = [[phase for phase in phases if word in phase.name] for word in (INFUSED, DOSED)]
    return named[0] or named[1]


def after_dose(phases: Sequence[Phase]) -> int | None:
    """Minutes from the beginning of the dose to the last stop before discharge; None if unknown."""
    given = main(phases)
    if not given:
        return None
    stays = [phase for phase in phases[phases.index(given[0]) :] if "discharge" not in phase.name]
    if any(phase.stop is None for phase in stays):
        return None
    return max(between(given[0].start, phase.stop) for phase in stays if phase.stop is not None)


def further_hours(minutes: int, *, least: int, hour: int) -> int:
    """Hours past the first: one counts once `least` minutes of it have run (91 -> 1, 151 -> 2)."""
    return max(0, (minutes - least) // hour)


def full_blocks(minutes: int, *, past: int, each: int) -> int:
    """Full blocks of `each` minutes past a time; a begun one does not count."""
    return max(0, (minutes - past) // each)
