"""A series as a line in time: every step with its window, where it stands, and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from scheduling import catalogue
from scheduling.models import Series
from scheduling.models.series import GONE
from scheduling.planner.windows import window
from scheduling.selectors.visits import VisitView, view, visits


@dataclass(frozen=True, slots=True)
class StepView:
    """One step: its window in site dates, and its visit, or the day it was done beforehand."""

    key: str
    name: str
    kind: str
    earliest: date
    latest: date
    visit: VisitView | None
    completed_on: date | None


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A point after the series at which something is measured: when it is due, and its window."""

    name: str
    kind: str
    due: date
    earliest: date
    latest: date
    measures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeriesView:
    """A series ready to be rendered. `others` are visits of it that were cancelled or missed."""

    series: Series
    steps: tuple[StepView, ...]
    follow_ups: tuple[FollowUp, ...]
    others: tuple[VisitView, ...]

    @property
    def visits(self) -> list[VisitView]:
        """Every visit, live or not, in time order."""
        live = [step.visit for step in self.steps if step.visit]
        return sorted([*live, *self.others], key=lambda v: (v.starts_at, v.appointment.pk))


def series_view(series: Series) -> SeriesView:
    """Steps, windows and follow-ups of a series: 3 queries."""
    version = series.protocol_version
    done = {step: date.fromisoformat(day) for step, day in series.completed.items()}
    live: dict[str, VisitView] = {}
    others: list[VisitView] = []
    for appointment in visits(series=series.pk):
        seen = view(appointment)
        if appointment.status in GONE:
            others.append(seen)
        else:
            live[appointment.step] = seen
    protocol = catalogue.protocol(version.definition, version=version.version, reaching=live)
    dated = done | {step: seen.starts_at.date() for step, seen in live.items()}
    steps = []
    for step in protocol.steps:
        first, last = window(step, protocol, series.d0, dated)
        if step.key == protocol.origin:
            first = last = dated.get(step.key, series.d0)
        steps.append(
            StepView(
                key=step.key,
                name=step.name,
                kind=step.kind,
                earliest=first,
                latest=last,
                visit=live.get(step.key),
                completed_on=done.get(step.key),
            )
        )
    return SeriesView(
        series, tuple(steps), follow_ups(version.definition, series.d0, dated), tuple(others)
    )


def follow_ups(
    definition: Mapping[str, Any], d0: date, dated: Mapping[str, date]
) -> tuple[FollowUp, ...]:
    """The follow-up points of a protocol, dated from their anchor step or from D0."""
    points = []
    for point in definition.get("follow_ups", ()):
        anchor = dated.get(point.get("anchor", ""), d0)
        due = anchor + timedelta(days=point["after_days"])
        tolerance = timedelta(days=point.get("tolerance_days", 0))
        points.append(
            FollowUp(
                name=point["name"],
                kind=point["kind"],
                due=due,
                earliest=due - tolerance,
                latest=due + tolerance,
                measures=tuple(point.get("measures", ())),
            )
        )
    return tuple(sorted(points, key=lambda p: (p.earliest, p.name)))
