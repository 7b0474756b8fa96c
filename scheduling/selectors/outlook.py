"""What is left of a series when a visit was given up: what is missing, until when, and how."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from scheduling import catalogue
from scheduling.models import Series
from scheduling.models.series import GONE
from scheduling.planner.protocols import Protocol
from scheduling.selectors.series import SeriesView, StepView, series_view
from scheduling.selectors.single import Fit, try_visit

LOOKED_AT = 4
"""Missing steps for which times are looked for; a series that lacks more is planned anew."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A step without a visit: its window in site dates, and the nearest times that keep it.

    `lost` when no day of the window can take it any more; `in_the_way` are then the later visits
    that bind it, which could move to make a place. Not looked at: neither lost nor with times.
    """

    step: str
    name: str
    first: date
    last: date
    nearest: tuple[Fit, ...] = ()
    lost: bool = False
    in_the_way: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlook:
    """The steps that a running series still lacks, in order."""

    missing: tuple[Missing, ...]

    @property
    def lost(self) -> list[Missing]:
        return [one for one in self.missing if one.lost]

    @property
    def first(self) -> Missing | None:
        """The one to book first: that whose window closes first."""
        return min(self.missing, key=lambda one: one.last, default=None)


def outlook(series: Series, now: datetime) -> Outlook:
    """What a series lacks. Nothing, when it is over or given up."""
    if series.status != Series.State.ACTIVE:
        return Outlook(())
    seen = series_view(series)
    version = series.protocol_version
    keys = [step.key for step in seen.steps]
    protocol = catalogue.protocol(version.definition, version=version.version, reaching=keys)
    lacking = [step for step in seen.steps if step.visit is None and step.completed_on is None]
    lacking.sort(key=lambda step: step.latest)
    found = [
        _judged(series, seen, step, protocol, now) if rank < LOOKED_AT else _plain(step)
        for rank, step in enumerate(lacking)
    ]
    return Outlook(tuple(sorted(found, key=lambda one: keys.index(one.step))))


def _plain(step: StepView) -> Missing:
    return Missing(step.key, step.name, step.earliest, step.latest)


def around(seen: SeriesView, step: StepView, now: datetime) -> datetime:
    """Where a missing step best be: where it was if that is to come, else mid-window."""
    lost = [view.starts_at for view in seen.others if view.appointment.step == step.key]
    if lost and lost[-1] > now:
        return lost[-1]
    zone = seen.series.site.zone
    standing = (view.starts_at for view in seen.visits if view.appointment.status not in GONE)
    usual = next((starts.time() for starts in standing), time(9))
    today = now.astimezone(zone).date()
    soon = today if usual > now.astimezone(zone).time() else today + timedelta(days=1)
    middle = step.earliest + (step.latest - step.earliest) / 2
    return datetime.combine(max(middle, soon), usual, tzinfo=zone)


def _judged(
    series: Series, seen: SeriesView, step: StepView, protocol: Protocol, now: datetime
) -> Missing:
    tried = try_visit(
        patient=series.patient,
        site=series.site,
        version=series.protocol_version,
        step=step.key,
        starts_at=around(seen, step, now),
        now=now,
        apart=60,
    )
    first, last = tried.window or (step.earliest, step.latest)
    times = (tried.here, *tried.nearest)[:3] if tried.fits else tried.nearest
    blocking = () if times else _in_the_way(seen, step, protocol, now)
    return Missing(step.key, step.name, first, last, tuple(times), not times, blocking)


def _in_the_way(
    seen: SeriesView, step: StepView, protocol: Protocol, now: datetime
) -> tuple[str, ...]:
    """Later visits still ahead that are tied to the step, directly."""
    tied = {gap.anchor for gap in protocol.step(step.key).gaps}
    tied |= {other.key for other in protocol.steps if step.key in [g.anchor for g in other.gaps]}
    return tuple(
        other.name
        for other in seen.steps
        if other.key in tied and other.visit and other.visit.starts_at > now
    )
