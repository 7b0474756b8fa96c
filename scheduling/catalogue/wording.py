"""A protocol in words: windows, phases, needs, gates, follow-ups and tasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ROLE_WORDS = {"prescriber": "prescriber", "therapist": "therapist", "monitoring_nurse": "nurse"}
DAY_WORDS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}


def plain(word: str) -> str:
    """dose_and_observe -> dose and observe."""
    return word.replace("_", " ").replace("-", " ")


def count(number: int, one: str) -> str:
    """1 day, 2 days."""
    return f"{number} {one}{'' if number == 1 else 's'}"


def distance(first: int, last: int, unit: str = "days") -> str:
    """`1 to 2 days after`, `7 to 28 days before`, `from 7 days before to 7 days after`."""
    one = unit.removesuffix("s")
    if first == last == 0:
        return "on the same day as" if unit == "days" else "at the end of"
    if last < 0 or (last == 0 and first < 0):
        near, far = -last, -first
        return f"{count(far, one)} before" if near == far else f"{near} to {count(far, one)} before"
    if first >= 0:
        if first == last:
            return f"{count(last, one)} after"
        return f"{first} to {count(last, one)} after"
    return f"from {count(-first, one)} before to {count(last, one)} after"


def gap(value: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """`6 to 8 days after Infusion 1, ideally 7`."""
    unit = "days" if "days" in value else "hours"
    first, last = value[unit]
    said = f"{distance(first, last, unit)} {names.get(value['anchor'], plain(value['anchor']))}"
    return f"{said}, ideally {abs(value['ideal'])}" if "ideal" in value else said


def role(need: Mapping[str, Any]) -> str:
    """`nurse, 1 to 2`, `therapist with kap`."""
    said = ROLE_WORDS.get(need["role"], plain(need["role"]))
    if "ratio" in need:
        said += f", 1 to {need['ratio']}"
    return f"{said} with {', '.join(map(plain, need['skills']))}" if need["skills"] else said


def room(need: Mapping[str, Any] | None) -> str:
    """`infusion room`, `therapy room, private`; nothing where none is needed."""
    if not need:
        return "no room"
    said = f"{plain(need['capability'])} room"
    if need["private"]:
        said += ", private"
    return said if need["place"] == "room" else f"{said} ({plain(need['place'])})"


def people(value: Mapping[str, Any]) -> str:
    """`nurse, 1 to 2; therapist`, and who must be on site."""
    said = [role(need) for need in value["roles"]] or ["nobody"]
    if value["presence"]:
        said.append(f"{', '.join(map(plain, value['presence']))} on site")
    return "; ".join(said)


def phase(value: Mapping[str, Any]) -> str:
    """`40 min, infusion room, nurse, 1 to 2`."""
    said = f"{value['minutes']} min, {room(value.get('room'))}, {people(value)}"
    return said if value["acuity_weighted"] else f"{said}, the same for every patient"


def gate(value: Mapping[str, Any]) -> str:
    """`Fasting, 6 h before`, `Blood pressure below 140/90`."""
    said = plain(value["kind"]).capitalize()
    if "hours" in value:
        said += f", {value['hours']} h before"
    if "within_days" in value:
        days = value["within_days"]
        said += ", on the day" if days == 0 else f", within {count(days, 'day')}"
    if "systolic_below" in value or "diastolic_below" in value:
        said += f" below {value.get('systolic_below', '–')}/{value.get('diastolic_below', '–')}"
    return f"{said}: {value['note']}" if value.get("note") else said


def weekdays(value: list[str]) -> str:
    return ", ".join(DAY_WORDS[day] for day in value) if value else "any day"


def follow_up(value: Mapping[str, Any], names: Mapping[str, str], origin: str) -> str:
    """`91 days after Infusion 1, 14 days either way: mood, craving`."""
    anchor = value.get("anchor", origin)
    said = f"{count(value['after_days'], 'day')} after {names.get(anchor, anchor)}"
    if value["tolerance_days"]:
        said += f", {count(value['tolerance_days'], 'day')} either way"
    return f"{said}: {', '.join(value['measures'])}" if value["measures"] else said


def task(value: Mapping[str, Any], names: Mapping[str, str], origin: str) -> str:
    """`due 3 days before Infusion 1`, `due 7 days after each infusion`."""
    days = value["due_days"]
    when = "on the day of" if days == 0 else distance(days, days)
    if "each" in value:
        return f"due {when} each {plain(value['each'])}"
    anchor = value.get("anchor", origin)
    return f"due {when} {names.get(anchor, anchor)}"
