"""A sentence such as `2h private room Ana after 14:00 thursday`, read by rules into fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

from clinic.finding import fold
from clinic.models import Room, Staff
from scheduling.planner.protocols import PRESCRIBER, THERAPIST

COUNTED = "one two three four five six seven eight nine ten".split()
NUMBERS = {word: number for number, word in enumerate(COUNTED, 1)} | {"a": 1, "an": 1}
NUMBER = rf"(\d+(?:\.\d+)?|{'|'.join(NUMBERS)})"
CLOCK = r"(\d{1,2})(?:[:.](\d{2}))? ?(am|pm|h|o'?clock)?"
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday|mon",
            "tuesday|tues|tue",
            "wednesday|wed",
            "thursday|thurs|thur|thu",
            "friday|fri",
            "saturday|sat",
            "sunday|sun",
        )
    )
    for name in names.split("|")
}
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
MONTH = rf"({'|'.join(MONTHS)})[a-z]*"
FILLERS = frozenset(
    "a an and at for first free from in me next of on or our please room rooms chair chairs the "
    "time times slot slots some somebody with any is are there who which when find show need "
    "patient same".split()
)
LONGEST = 200
FURTHEST = 500


Told = Callable[[re.Match[str]], bool]


@dataclass
class Heard:
    """What a sentence says: fields of the form, and the words that said nothing."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)

    def put(self, name: str, value: object) -> bool:
        self.fields[name] = [str(value)]
        return True

    def any_of(self, role: str, match: re.Match[str]) -> bool:
        """Anybody in a role, unless somebody was named."""
        return bool(self.fields.setdefault(role, ["any"]))

    def puts(self, name: str, value: object) -> Told:
        """For a rule that says one thing whatever it matched."""
        return lambda match: self.put(name, value)


def hear(text: str, *, today: date, rooms: Iterable[Room], people: Iterable[Staff]) -> Heard:
    """The fields that a sentence names; `shared` are names that several people have."""
    heard = Heard()
    said = f" {' '.join(text[:LONGEST].casefold().split())} "
    said = re.sub(r"[,;!?\"“”()]", " ", said)
    said = _where(said, heard, list(rooms))
    said = _who(said, heard, [one for one in people if {THERAPIST, PRESCRIBER} & set(one.roles)])
    said = _when(said, heard, today)
    said = _hours(said, heard)
    said = _nurses(said, heard)
    said = _length(said, heard)
    heard.left = [word for word in said.split() if word not in FILLERS]
    return heard


def _take(pattern: str, said: str, told: Told) -> str:
    """Every match that `told` makes sense of is taken out of what was said."""
    return re.sub(
        rf"(?<=\s)(?:{pattern})(?=\s)", lambda match: " " if told(match) else match[0], said
    )


def _number(text: str) -> float:
    return NUMBERS.get(text) or float(text)


def _length(said: str, heard: Heard) -> str:
    def minutes(of: Callable[[re.Match[str]], float]) -> Told:
        return lambda match: heard.put("minutes", round(of(match)))

    hours, mins = r"(?:h|hrs?|hours?)", r"(?:m|mins?|minutes?)"
    said = _take("half an hour", said, heard.puts("minutes", 30))
    hours_and_minutes = rf"(\d+) ?{hours} ?(\d{{2}}) ?{mins}?"
    said = _take(hours_and_minutes, said, minutes(lambda m: int(m[1]) * 60 + int(m[2])))
    said = _take(rf"{NUMBER} ?{hours} and a half", said, minutes(lambda m: _number(m[1]) * 60 + 30))
    said = _take(rf"{NUMBER} ?{hours}", said, minutes(lambda m: _number(m[1]) * 60))
    said = _take(rf"{NUMBER} ?{mins}", said, minutes(lambda m: _number(m[1])))
    many = rf"{NUMBER} (?:times|slots|options|choices)"
    return _take(many, said, lambda m: heard.put("many", round(_number(m[1]))))


def _clock(hour: str, minute: str | None, half: str | None) -> str | None:
    """14:00 for 14, 2pm or 14:00; bare hours before seven are in the afternoon."""
    number = int(hour)
    if half == "pm" and number < 12:
        number += 12
    if half == "am" and number == 12:
        number = 0
    if not half and minute is None and 0 < number < 7:
        number += 12
    if number > 23 or int(minute or 0) > 59:
        return None
    return f"{number:02d}:{minute or '00'}"


def _hours(said: str, heard: Heard) -> str:
    def between(match: re.Match[str]) -> bool:
        low, high = _clock(*match.groups()[:3]), _clock(*match.groups()[3:])
        return bool(low and high and heard.put("after", low) and heard.put("before", high))

    def bound(name: str) -> Told:
        def told(match: re.Match[str]) -> bool:
            clock = _clock(*match.groups())
            return bool(clock) and heard.put(name, clock)

        return told

    after = "(?:not before|after|from|starting at|at)"
    before = "(?:not after|before|until|till|by|done by|ending by)"
    said = _take(rf"(?:between |from )?{CLOCK} ?(?:and|to|-|–) ?{CLOCK}", said, between)
    said = _take(rf"{after} {CLOCK}", said, bound("after"))
    said = _take(rf"{before} {CLOCK}", said, bound("before"))
    said = _take("mornings?", said, heard.puts("before", "12:00"))
    return _take("afternoons?", said, heard.puts("after", "12:00"))


def _when(said: str, heard: Heard, today: date) -> str:
    def on(day: date, days: int) -> bool:
        return heard.put("days", days) and heard.put("from", day.isoformat())

    def dated(day: str, month: str, *, only: bool) -> bool:
        try:
            found = date(today.year, MONTHS.index(month) + 1, int(day))
            found = found if found >= today else found.replace(year=today.year + 1)
        except ValueError:
            return False
        return on(found, 1) if only else heard.put("from", found.isoformat())

    def iso(match: re.Match[str]) -> bool:
        try:
            return on(date.fromisoformat(match[1]), 1)
        except ValueError:
            return False

    def weekday(match: re.Match[str]) -> bool:
        heard.fields.setdefault("weekday", []).append(str(WEEKDAYS[match[1]]))
        return True

    def later(unit: int) -> Told:
        def told(match: re.Match[str]) -> bool:
            days = min(FURTHEST, round(_number(match[1]) * unit))
            return heard.put("from", today + timedelta(days=days))

        return told

    since = rf"(?:from|after|since) (\d{{1,2}})\.? {MONTH}"
    said = _take(r"(\d{4}-\d{2}-\d{2})", said, iso)
    said = _take(since, said, lambda m: dated(m[1], m[2], only=False))
    said = _take(rf"(\d{{1,2}})\.? {MONTH}", said, lambda m: dated(m[1], m[2], only=True))
    said = _take(rf"{MONTH} (\d{{1,2}})", said, lambda m: dated(m[2], m[1], only=True))
    said = _take("today", said, lambda m: on(today, 1))
    said = _take("tomorrow", said, lambda m: on(today + timedelta(days=1), 1))
    said = _take("this week", said, lambda m: on(today, 7 - today.weekday()))
    monday = today + timedelta(days=7 - today.weekday())
    said = _take("next week", said, lambda m: on(monday, 7))
    said = _take(rf"in {NUMBER} weeks?", said, later(7))
    said = _take(rf"in {NUMBER} days?", said, later(1))
    said = _take("weekdays?", said, lambda m: bool(heard.fields.update(weekday=[*"01234"]) or True))
    return _take(rf"({'|'.join(WEEKDAYS)})s?", said, weekday)


def _nurses(said: str, heard: Heard) -> str:
    one = r"(?:nurses? )?(?:1|one)(?:[:/]| to | on )(1|one|2|two|4|four)(?: nurses?)?"
    said = _take(one, said, lambda m: heard.put("nurse", round(_number(m[1]))))
    return _take("nurses?|monitoring", said, heard.puts("nurse", 4))


def _where(said: str, heard: Heard, rooms: Sequence[Room]) -> str:
    for slug in sorted({slug for room in rooms for slug in room.capabilities}):
        words = re.escape(re.sub("[_-]", " ", slug).casefold())
        if _whole_name(said, rooms, words):
            continue
        said = _take(words, said, heard.puts("where", f"can:{slug}"))
    for room in sorted(rooms, key=lambda room: -len(room.name)):
        name = re.escape(room.name.casefold())
        said = _take(name, said, heard.puts("where", f"room:{room.pk}"))
    return _take("private|alone|whole|quiet", said, heard.puts("whole", "on"))


def _whole_name(said: str, rooms: Iterable[Room], words: str) -> bool:
    """Whether the words stand only in the name of a room: `therapy` in `Therapy A`."""
    return any(
        words in name and f" {name} " in said for name in (room.name.casefold() for room in rooms)
    )


def _who(said: str, heard: Heard, people: Sequence[Staff]) -> str:
    for name, same in _names(people).items():
        if f" {name} " not in f" {fold(said)} ":
            continue
        if len({one.pk for one in same}) > 1:
            heard.shared.append(name)
        else:
            role = THERAPIST if THERAPIST in same[0].roles else PRESCRIBER
            heard.put(role, same[0].pk)
        parts = name.split()
        said = f" {' '.join(word for word in said.split() if fold(word) not in parts)} "
    for words, role in ((r"therapists?", THERAPIST), (r"prescribers?|doctors?", PRESCRIBER)):
        said = _take(words, said, partial(heard.any_of, role))
    return said


def _names(people: Sequence[Staff]) -> dict[str, list[Staff]]:
    """Whole names first, then their parts; several people may share a part."""
    found: dict[str, list[Staff]] = {}
    for person in people:
        found.setdefault(fold(person.name), []).append(person)
    for part in ("given_name", "family_name"):
        for person in people:
            found.setdefault(fold(getattr(person, part)), []).append(person)
    return found
