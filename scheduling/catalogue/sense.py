"""Whether a well-formed protocol makes sense: names that exist, and dates that can all hold."""

from __future__ import annotations

from typing import Any

from scheduling.catalogue.agreement import Bound, bounds, clash
from scheduling.catalogue.fields import Reading
from scheduling.catalogue.shape import WEEKDAYS

LONGEST_VISIT = 1440


def judge(document: dict[str, Any], reading: Reading) -> None:
    """Say what names nothing or contradicts itself; dates are weighed once all else is right."""
    steps = {step["key"]: step for step in document["steps"]}
    outside = {step["key"] for step in document["outside"]}
    _keys_are_unique(document, reading)
    if document["origin"] not in steps:
        _say(reading, "origin", f"There is no step “{document['origin']}”; name the step on day 0.")
    for number, step in enumerate(document["steps"]):
        _step(step, f"steps[{number}]", set(steps), outside, reading)
    _rest(document, set(steps), reading)
    if reading.problems:
        return
    ties = [bound for bound in bounds(document["steps"]) if bound.anchor in steps]
    if (cycle := _cycle(ties)) is not None:
        circle = " → ".join([*(bound.step for bound in cycle), cycle[0].step])
        _say(
            reading,
            cycle[0].path,
            f"These steps wait for each other: {circle}. Anchor one of them to something else.",
        )
        return
    _all_are_tied(document, ties, reading)
    for bound in ties:
        _weekdays_allow(bound, steps, reading)
    if found := clash(list(steps), ties):
        names = {step["key"]: step["name"] for step in document["steps"]}
        _say(reading, max(found.paths), found.words(names))


def _keys_are_unique(document: dict[str, Any], reading: Reading) -> None:
    seen: set[str] = set()
    for group in ("outside", "steps"):
        for number, step in enumerate(document[group]):
            if step["key"] in seen:
                _say(
                    reading,
                    f"{group}[{number}].key",
                    f"“{step['key']}” is the key of another step already; give this one its own.",
                )
            seen.add(step["key"])


def _step(
    step: dict[str, Any], path: str, steps: set[str], outside: set[str], reading: Reading
) -> None:
    for number, gap in enumerate(step["gaps"]):
        _gap(step, gap, f"{path}.gaps[{number}]", steps | outside, reading)
    partner = step.get("shares_day_with")
    if partner is not None and (partner not in steps or partner == step["key"]):
        _say(reading, f"{path}.shares_day_with", f"“{partner}” is not another step; name one.")
    if sum(phase["minutes"] for phase in step["phases"]) > LONGEST_VISIT:
        _say(
            reading,
            f"{path}.phases",
            f"The phases add up to more than {LONGEST_VISIT} minutes; a visit ends within a day.",
        )
    names: set[str] = set()
    for number, phase in enumerate(step["phases"]):
        if phase["name"] in names:
            _say(
                reading,
                f"{path}.phases[{number}].name",
                f"“{phase['name']}” is a phase of this step already; give this one its own name.",
            )
        names.add(phase["name"])
        for index, need in enumerate(phase["roles"]):
            where = f"{path}.phases[{number}].roles[{index}]"
            if need["role"] == "monitoring_nurse" and "ratio" not in need:
                _say(
                    reading,
                    f"{where}.ratio",
                    "Say how many patients one nurse may have here: ratio: 2 is one to two.",
                )
            if need["role"] != "monitoring_nurse" and "ratio" in need:
                _say(
                    reading,
                    f"{where}.ratio",
                    f"A {need['role']} has one patient at a time; leave ratio out.",
                )


def _gap(
    step: dict[str, Any], gap: dict[str, Any], path: str, known: set[str], reading: Reading
) -> None:
    if gap["anchor"] == step["key"]:
        _say(reading, f"{path}.anchor", "A step cannot be its own anchor; name another one.")
    elif gap["anchor"] not in known:
        _say(
            reading,
            f"{path}.anchor",
            f"There is no step “{gap['anchor']}”; use one of {', '.join(sorted(known)[:20])}.",
        )
    units = [unit for unit in ("days", "hours") if unit in gap]
    if len(units) != 1:
        _say(reading, path, "Give a gap either days: [earliest, latest] or hours: [..], not both.")
        return
    earliest, latest = gap[units[0]]
    if earliest > latest:
        _say(
            reading,
            f"{path}.{units[0]}",
            f"“{step['key']}” cannot be at the earliest {earliest} and at the latest {latest} "
            f"{units[0]} from “{gap['anchor']}”; write [{latest}, {earliest}]?",
        )
    elif "ideal" in gap and not earliest <= gap["ideal"] <= latest:
        _say(
            reading,
            f"{path}.ideal",
            f"The ideal lies outside {earliest} to {latest}; choose one inside.",
        )


def _rest(document: dict[str, Any], steps: set[str], reading: Reading) -> None:
    kinds = {step["kind"] for step in document["steps"]}
    phases = {phase["name"] for step in document["steps"] for phase in step["phases"]}
    for group in ("follow_ups", "tasks"):
        for number, item in enumerate(document[group]):
            path = f"{group}[{number}]"
            if "anchor" in item and item["anchor"] not in steps:
                _say(reading, f"{path}.anchor", f"There is no step “{item['anchor']}”; name one.")
            if "each" in item and item["each"] not in kinds:
                _say(reading, f"{path}.each", f"No step is of kind “{item['each']}”.")
            if "each" in item and "anchor" in item:
                _say(reading, path, "Give either anchor (one step) or each (a kind), not both.")
    if (vitals := document.get("vitals")) and vitals["phase"] not in phases:
        _say(reading, "vitals.phase", f"No phase is named “{vitals['phase']}”.")
    if extension := document.get("extension"):
        if extension["like"] not in steps:
            _say(reading, "extension.like", f"There is no step “{extension['like']}”; name one.")
        if extension["days"][0] > extension["days"][1]:
            _say(reading, "extension.days", "Write the earliest day first, then the latest.")


def _cycle(bounds: list[Bound]) -> list[Bound] | None:
    """Gaps that lead from a step through its anchors back to it."""
    out: dict[str, list[Bound]] = {}
    for bound in bounds:
        out.setdefault(bound.step, []).append(bound)
    finished: set[str] = set()
    for root in out:
        trail: list[Bound] = []
        open_steps = [root]
        waiting = [iter(out[root])] if root not in finished else []
        while waiting:
            nearer = next(waiting[-1], None)
            if nearer is None:
                waiting.pop()
                finished.add(open_steps.pop())
                if trail:
                    trail.pop()
            elif nearer.anchor in open_steps:
                return [*trail, nearer][open_steps.index(nearer.anchor) :]
            elif nearer.anchor not in finished:
                trail.append(nearer)
                open_steps.append(nearer.anchor)
                waiting.append(iter(out.get(nearer.anchor, ())))
    return None


def _all_are_tied(document: dict[str, Any], bounds: list[Bound], reading: Reading) -> None:
    tied = {document["origin"]}
    pending = list(tied)
    while pending:
        here = pending.pop()
        for bound in bounds:
            for one, other in ((bound.step, bound.anchor), (bound.anchor, bound.step)):
                if one == here and other not in tied:
                    tied.add(other)
                    pending.append(other)
    for number, step in enumerate(document["steps"]):
        if step["key"] not in tied:
            _say(
                reading,
                f"steps[{number}].gaps",
                f"Nothing ties “{step['key']}” to “{document['origin']}”; give it a gap, such as "
                f"- {{anchor: {document['origin']}, days: [1, 3]}}.",
            )


def _weekdays_allow(bound: Bound, steps: dict[str, dict[str, Any]], reading: Reading) -> None:
    here, there = weekdays_of(steps[bound.step]), weekdays_of(steps[bound.anchor])
    if not here or not there or bound.latest - bound.earliest >= 6:
        return
    apart = range(bound.earliest, bound.latest + 1)
    if not any((day + distance) % 7 in here for day in there for distance in apart):
        _say(
            reading,
            bound.path,
            f"{_words(bound)}, but their weekdays never lie so far apart; change one of them.",
        )


def weekdays_of(step: dict[str, Any]) -> frozenset[int]:
    """Weekday numbers, Monday is 0."""
    return frozenset(WEEKDAYS.index(name) for name in step["weekdays"])


def _words(bound: Bound) -> str:
    return f"{bound.step} is {bound.earliest} to {bound.latest} days from {bound.anchor}"


def _say(reading: Reading, path: str, message: str) -> None:
    reading.say(reading.at(path), path, message)
