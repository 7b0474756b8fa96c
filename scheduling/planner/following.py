"""What is due around a series: calls, measures, visits and tasks, with the days they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

Kind = Literal["visit", "telephone", "questionnaire", "task"]
AHEAD = 14
"""Days before its due day on which a task shows."""
CONTINUES = "continues"
"""The key of the visit with which the treatment goes on."""
_FOLLOW_UPS: Mapping[str, Kind] = {
    "visit": "visit",
    "call": "telephone",
    "measures": "questionnaire",
}
_TASKS: Mapping[str, Kind] = {"call": "telephone", "questionnaire": "questionnaire"}
_MAIN = ("infusion", "dosing")


@dataclass(frozen=True, slots=True)
class Due:
    """Something due: site dates; overdue after `closes`. `key` is unique within the series.

    `after` is the step that gave rise to it, empty for what comes with the booking.
    """

    key: str
    kind: Kind
    name: str
    measures: tuple[str, ...]
    opens: date
    due: date
    closes: date
    after: str = ""


@dataclass(frozen=True, slots=True)
class Booster:
    """The protocol that goes on after a course, and how far from its last infusion (days)."""

    name: str
    earliest: int
    latest: int


def due_points(
    definition: Mapping[str, Any],
    *,
    d0: date,
    booked_on: date,
    discharged: Mapping[str, date],
    running: bool,
    booster: Booster | None = None,
) -> list[Due]:
    """Every point that stands now: those of the steps discharged, and the tasks of the booking.

    `discharged` maps steps to site dates; `running` is false once a series is cancelled: what
    follows a treatment given stays due, what was to prepare for one does not. `booster` is set
    when the course is to go on after its last infusion or dosing.
    """
    kinds = {step["key"]: step["kind"] for step in definition["steps"]}
    found = list(_follow_ups(definition, discharged))
    found += _tasks(definition, kinds, d0, booked_on, discharged, running)
    if booster:
        found += _boosters(booster, kinds, discharged)
    return sorted(found, key=lambda point: (point.due, point.key))


def _follow_ups(definition: Mapping[str, Any], discharged: Mapping[str, date]) -> Iterator[Due]:
    for item in definition["follow_ups"]:
        anchor = item.get("anchor") or definition["origin"]
        if anchor not in discharged:
            continue
        due = discharged[anchor] + timedelta(days=item["after_days"])
        slack = timedelta(days=item.get("tolerance_days", 0))
        yield Due(
            key=f"follow-up:{anchor}+{item['after_days']}:{item['name']}"[:80],
            kind=_FOLLOW_UPS[item["kind"]],
            name=item["name"],
            measures=tuple(item.get("measures", ())),
            opens=due - slack,
            due=due,
            closes=due + slack,
            after=anchor,
        )


def _tasks(
    definition: Mapping[str, Any],
    kinds: Mapping[str, str],
    d0: date,
    booked_on: date,
    discharged: Mapping[str, date],
    running: bool,
) -> Iterator[Due]:
    for item in definition["tasks"]:
        days = timedelta(days=item["due_days"])
        if each := item.get("each"):
            for step, day in discharged.items():
                if kinds.get(step) == each:
                    yield _task(item, f"task:{step}:{item['name']}", day, day + days, step)
        elif anchor := item.get("anchor"):
            if anchor in discharged:
                on = discharged[anchor]
                yield _task(item, f"task:{anchor}:{item['name']}", on, on + days, anchor)
        elif running:
            due = max(booked_on, d0 + days)
            yield _task(item, f"task:{item['name']}", due - timedelta(days=AHEAD), due, "")


def _task(item: Mapping[str, Any], key: str, opens: date, due: date, after: str) -> Due:
    kind = _TASKS.get(item["kind"], "task")
    measures = tuple(item.get("measures", ()))
    return Due(key[:80], kind, item["name"], measures, min(opens, due), due, due, after)


def _boosters(
    booster: Booster, kinds: Mapping[str, str], discharged: Mapping[str, date]
) -> Iterator[Due]:
    main = [step for step, kind in kinds.items() if kind in _MAIN]
    if not main or not all(step in discharged for step in main):
        return
    last = max(main, key=lambda step: discharged[step])
    on = discharged[last]
    middle = on + timedelta(days=(booster.earliest + booster.latest) // 2)
    yield Due(
        key=CONTINUES,
        kind="visit",
        name=booster.name,
        measures=(),
        opens=on + timedelta(days=booster.earliest),
        due=middle,
        closes=on + timedelta(days=booster.latest),
        after=last,
    )


def booster_of(definition: Mapping[str, Any]) -> Booster | None:
    """How a protocol goes on from an infusion before it, if it can; None for one that cannot."""
    outside: Sequence[str] = [step["key"] for step in definition["outside"]]
    gaps = (gap for step in definition["steps"] for gap in step.get("gaps", ()))
    for gap in gaps:
        if gap["anchor"] in outside and gap.get("days"):
            return Booster(definition["name"], *gap["days"])
    return None
