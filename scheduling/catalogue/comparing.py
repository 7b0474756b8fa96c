"""Two versions of a protocol beside each other, and what changed between them in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from scheduling.catalogue import wording

Sort = Literal["added", "removed", "changed", "same"]


@dataclass(frozen=True, slots=True)
class Line:
    """One fact on both sides; an empty side has none."""

    what: str
    before: str
    after: str

    @property
    def sort(self) -> Sort:
        if self.before == self.after:
            return "same"
        return "added" if not self.before else "changed" if self.after else "removed"


@dataclass(frozen=True, slots=True)
class Section:
    """A step, or what belongs to the whole course: its lines, those that differ marked by sort."""

    name: str
    sort: Sort
    lines: tuple[Line, ...]

    @property
    def differing(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.sort != "same")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every section in the order of the newer version, what was removed where it stood."""

    sections: tuple[Section, ...]

    @property
    def differing(self) -> tuple[Section, ...]:
        return tuple(section for section in self.sections if section.sort != "same")

    @property
    def sentences(self) -> tuple[str, ...]:
        """`Infusion 2, window: 6 to 8 days after Infusion 1 → 7 to 10 days after Infusion 1`."""
        return tuple(said for section in self.differing for said in _sentences(section))


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> Comparison:
    """What differs between two complete definitions."""
    return Comparison(tuple(_sections(before, after)))


def _sentences(section: Section) -> Iterator[str]:
    if section.sort in ("added", "removed"):
        yield f"{section.name}: {section.sort}"
        return
    for line in section.differing:
        yield f"{section.name}, {line.what}: {line.before or 'none'} → {line.after or 'none'}"


def _sections(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Section]:
    yield _section("The course", _course(before), _course(after))
    was = {step["key"]: step for step in before["steps"]}
    now = {step["key"]: step for step in after["steps"]}
    names_was, names_now = _names(before), _names(after)
    kept_was = [key for key in was if key in now]
    kept_now = [key for key in now if key in was]
    for key in _woven(list(was), list(now)):
        facts_was = _step(was[key], names_was) if key in was else {}
        facts_now = _step(now[key], names_now) if key in now else {}
        if key in was and key in now and kept_was != kept_now:
            facts_was["comes after"] = _neighbour(kept_was, key, names_was)
            facts_now["comes after"] = _neighbour(kept_now, key, names_now)
        yield _section((names_now if key in now else names_was)[key], facts_was, facts_now)
    for title, of in GROUPS.items():
        yield _section(title, of(before), of(after))


def _section(name: str, before: dict[str, str], after: dict[str, str]) -> Section:
    keys = dict.fromkeys([*after, *before])
    lines = tuple(Line(key, before.get(key, ""), after.get(key, "")) for key in keys)
    sort: Sort = "same" if before == after else "changed"
    if sort == "changed" and not before:
        sort = "added"
    elif sort == "changed" and not after:
        sort = "removed"
    return Section(name, sort, lines)


def _woven(before: list[str], after: list[str]) -> list[str]:
    """The newer order, each removed key behind the one that it followed."""
    woven = list(after)
    for number, key in enumerate(before):
        if key not in woven:
            ahead = next((one for one in reversed(before[:number]) if one in woven), None)
            woven.insert(woven.index(ahead) + 1 if ahead else 0, key)
    return woven


def _neighbour(order: list[str], key: str, names: Mapping[str, str]) -> str:
    place = order.index(key)
    return names[order[place - 1]] if place else "nothing: it is the first"


def _names(definition: Mapping[str, Any]) -> dict[str, str]:
    named = [*definition["outside"], *definition["steps"]]
    return {step["key"]: step["name"] for step in named}


def _course(definition: Mapping[str, Any]) -> dict[str, str]:
    facts = {
        "name": definition["name"],
        "summary": definition.get("summary", ""),
        "day 0": _names(definition).get(definition["origin"], definition["origin"]),
        "therapist": "the same throughout" if definition["same_therapist"] else "may change",
        "room": "the same where possible" if definition["same_room"] else "may change",
        "steps outside": ", ".join(step["name"] for step in definition["outside"]),
    }
    if extension := definition.get("extension"):
        like = _names(definition)[extension["like"]]
        facts["extension"] = f"another {like}, {wording.distance(*extension['days'])} the last"
    if (reminders := definition.get("reminders")) is not None:
        facts["reminders"] = ", ".join(f"{hours} h before" for hours in reminders) or "none"
    if continues := definition.get("continues"):
        facts["goes on with"] = continues
    if vitals := definition.get("vitals"):
        minutes = ", ".join(map(str, vitals["minutes"]))
        facts["vitals"] = f"in {wording.plain(vitals['phase'])} at {minutes} min"
        facts["note on vitals"] = vitals.get("note", "")
    return {what: said for what, said in facts.items() if said}


def _step(step: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    facts = {"name": step["name"], "kind": step["kind"]}
    facts["window"] = "; ".join(wording.gap(gap, names) for gap in step["gaps"]) or "day 0"
    facts["weekdays"] = wording.weekdays(step["weekdays"])
    if partner := step.get("shares_day_with"):
        facts["may share a day with"] = names.get(partner, partner)
    facts["length"] = f"{sum(phase['minutes'] for phase in step['phases'])} min"
    for phase in step["phases"]:
        facts[f"phase {wording.plain(phase['name'])}"] = wording.phase(phase)
    facts["phases in order"] = ", ".join(wording.plain(phase["name"]) for phase in step["phases"])
    facts["gates"] = "; ".join(wording.gate(gate) for gate in step["gates"])
    facts["measures"] = ", ".join(step["measures"])
    return {what: said for what, said in facts.items() if said}


def _follow_ups(definition: Mapping[str, Any]) -> dict[str, str]:
    names, origin = _names(definition), definition["origin"]
    return {
        one["name"]: f"{one['kind']}, {wording.follow_up(one, names, origin)}"
        for one in definition["follow_ups"]
    }


def _tasks(definition: Mapping[str, Any]) -> dict[str, str]:
    names, origin = _names(definition), definition["origin"]
    return {
        one["name"]: f"{wording.plain(one['kind'])}, {wording.task(one, names, origin)}"
        for one in definition["tasks"]
    }


def _words_of(definition: Mapping[str, Any]) -> dict[str, str]:
    facts = {
        f"source {number}": " ".join([source["cite"], *source["says"]])
        for number, source in enumerate(definition["sources"], 1)
    }
    return facts | {f"note {n}": note for n, note in enumerate(definition["notes"], 1)}


GROUPS: dict[str, Callable[[Mapping[str, Any]], dict[str, str]]] = {
    "Follow-ups": _follow_ups,
    "Tasks": _tasks,
    "Sources and notes": _words_of,
}
