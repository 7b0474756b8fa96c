"""What messages say: the kinds, the fields of their words, and neutral words to start with.

Attendance alone can tell a diagnosis (42 CFR Part 2), so that there is no field for a drug, a
diagnosis, a step or a name: time, place and a number to call. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

SUBJECT_LONGEST, BODY_LONGEST = 150, 2000
EMAIL, TEXT = "email", "text"


@dataclass(frozen=True, slots=True)
class Wording:
    """The words for one channel; a text message has no subject."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message. `both` goes by every channel that reaches, others by the first.

    `must` names a field without which the message is of no use.
    """

    label: str
    about: str
    fields: tuple[str, ...]
    email: Wording
    text: Wording
    both: bool = False
    must: str = ""

    def wording(self, channel: str) -> Wording:
        return self.email if channel == EMAIL else self.text


FIELDS = {
    "visits": "each visit on a line of its own: day and time; for a move also what it was before",
    "first": "the first visit alone, and how many more there are",
    "place": "the site's neutral name, or its address",
    "address": "the site's address",
    "phone": "the site's telephone number",
    "link": "the patient's own secret link",
    "until": "until when the place is held",
    "due": "the day on which it is best done",
    "missing": "the number to call while a form, consent or escort is missing, else nothing",
}
_VISITS = ("visits", "first", "place", "address", "phone")

KINDS: dict[str, Kind] = {
    "booked": Kind(
        "Booked",
        "After visits are booked, with an invitation for the calendar.",
        _VISITS,
        Wording(
            "Your appointments",
            "Hello,\n\nthis is booked for you at {place}:\n\n{visits}\n\n"
            "Address: {address}\nTo change or cancel, please call {phone}.",
        ),
        Wording("", "Booked for you at {place}: {first}.\nTo change it, call {phone}."),
        must="visits",
    ),
    "moved": Kind(
        "Moved",
        "After visits are moved: one message, however many moved together.",
        _VISITS,
        Wording(
            "Your appointments have changed",
            "Hello,\n\nyour appointments at {place} have new times:\n\n{visits}\n\n"
            "Address: {address}\nIf this does not suit you, please call {phone}.",
        ),
        Wording("", "New time at {place}: {first}.\nIf it does not suit you, call {phone}."),
        both=True,
        must="visits",
    ),
    "cancelled": Kind(
        "Cancelled",
        "After visits are cancelled, or lose their place.",
        _VISITS,
        Wording(
            "Your appointments are cancelled",
            "Hello,\n\nthese appointments at {place} will not take place:\n\n{visits}\n\n"
            "To arrange another time, please call {phone}.",
        ),
        Wording("", "Cancelled at {place}: {first}.\nFor another time, call {phone}."),
        both=True,
        must="visits",
    ),
    "reminder": Kind(
        "Reminder",
        "Some time before each visit, as its protocol says.",
        (*_VISITS, "missing"),
        Wording(
            "Reminder of your appointment",
            "Hello,\n\nwe expect you at {place}:\n\n{visits}\n\n"
            "Address: {address}\n"
            "We still need something from you before then: please call {missing}.\n"
            "If you cannot come, please call {phone}.",
        ),
        Wording(
            "",
            "Reminder: {place}, {first}.\n"
            "We still need something from you: call {missing}.\n"
            "If you cannot come, call {phone}.",
        ),
        both=True,
        must="visits",
    ),
    "offer": Kind(
        "Offer",
        "When a place is held for a patient on the waitlist.",
        ("visits", "first", "place", "address", "phone", "link", "until"),
        Wording(
            "A place has become free for you",
            "Hello,\n\na place is held for you at {place}:\n\n{visits}\n\n"
            "Take it or leave it here: {link}\n"
            "It is held until {until}.\nYou can also call {phone}.",
        ),
        Wording("", "A place is held for you until {until}: {first}.\n{link}\nOr call {phone}."),
        both=True,
        must="link",
    ),
    "follow_up": Kind(
        "Follow-up",
        "When something after a series opens: a call, a questionnaire or a visit.",
        ("place", "address", "phone", "link", "due"),
        Wording(
            "It is time to hear from you",
            "Hello,\n\nwe would like to hear from you, best by {due}.\n\n"
            "Please choose here: {link}\nOr call {phone}.\n\n{place}",
        ),
        Wording("", "{place} would like to hear from you, best by {due}.\n{link}"),
        must="link",
    ),
}
VISIT_KINDS = ("booked", "moved", "cancelled")
CHANNELS = (EMAIL, TEXT)

_FIELD = re.compile(r"\{([^{}\n]*)\}")
_TELLING = (
    r"ketamin\w*|esketamin\w*|spravato|psilocybin\w*|mdma|infusion\w*|dos(?:e|es|ed|ing)|drugs?|"
    r"medication\w*|medicine\w*|treat(?:ment|ments|ed)|therap\w*|psych\w*|mental|counsell?ing|"
    r"depress\w*|anxiety|trauma\w*|ptsd|suicid\w*|alcohol\w*|addict\w*|substance\w*|opioid\w*|"
    r"sober\w*|recovery|relapse\w*|rehab\w*|detox\w*|diagnos\w*|disorder\w*|patients?|clinical"
)


class WrongWords(ValueError):
    """Words that cannot be used; `problems` maps subject or body to a sentence."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = dict(problems)


def check(kind: str, channel: str, subject: str, body: str) -> None:
    """WrongWords unless every field is one of the kind's, and the lengths are kept."""
    known, problems = KINDS[kind], {}
    for name, text, longest in (
        ("subject", subject, SUBJECT_LONGEST),
        ("body", body, BODY_LONGEST),
    ):
        strange = [found for found in _FIELD.findall(text) if found not in known.fields]
        if strange:
            those = ", ".join(f"{{{field}}}" for field in known.fields)
            problems[name] = f"There is no field {{{strange[0]}}} here; use {those}."
        elif len(text) > longest:
            problems[name] = f"{len(text)} characters; there is room for {longest}."
        elif any(not char.isprintable() and char != "\n" for char in text):
            problems[name] = "There is a character in it that cannot be sent."
    if channel == EMAIL and not subject.strip():
        problems.setdefault("subject", "An e-mail needs a subject.")
    fields = set(_FIELD.findall(body))
    if known.must == "visits" and not fields & {"visits", "first"}:
        problems.setdefault("body", "Without {visits} or {first} it does not say when.")
    elif known.must == "link" and "link" not in fields:
        problems.setdefault("body", "Without {link} there is nothing to answer with.")
    if problems:
        raise WrongWords(problems)


def revealing(text: str, names: Iterable[str] = ()) -> list[str]:
    """The words that tell what somebody comes for, as written; `names` are the clinic's own."""
    own = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name)
    pattern = re.compile(rf"\b(?:{own + '|' if own else ''}{_TELLING})\b", re.IGNORECASE)
    plain = _FIELD.sub("", text)
    return list(dict.fromkeys(found.group() for found in pattern.finditer(plain)))


def fill(words: str, values: Mapping[str, str]) -> str:
    """The words with their fields; a line with an empty field is left out, for it says nothing."""
    lines = []
    for line in words.replace("\r\n", "\n").split("\n"):
        names = _FIELD.findall(line)
        if all(values.get(name) for name in names):
            lines.append(_FIELD.sub(lambda found: values[found[1]], line))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


@dataclass(frozen=True, slots=True)
class Told:
    """A visit as it is told: local times; `was` is where it was before a move."""

    starts: datetime
    was: datetime | None = None


def visit_fields(visits: Sequence[Told], country: str) -> dict[str, str]:
    """{visits} and {first}, in the order of time."""
    lines = [_line(one, country) for one in sorted(visits, key=lambda one: one.starts)]
    if not lines:
        return {"visits": "", "first": ""}
    more = len(lines) - 1
    first = lines[0] + (f", and {more} more" if more else "")
    return {"visits": "\n".join(lines), "first": first}


def when(at: datetime, country: str) -> str:
    """Tue 8 Dec 2026 at 9:00 AM EST; elsewhere than in North America 09:00 CET."""
    return f"{day(at)} at {clock(at, country)}"


def clock(at: datetime, country: str) -> str:
    """The zone is said where it has a name of letters."""
    named = at.tzname() or ""
    zone = f" {named}" if named.isalpha() else ""
    if country in ("US", "CA"):
        return f"{at.hour % 12 or 12}:{at:%M} {'AM' if at.hour < 12 else 'PM'}{zone}"
    return f"{at:%H:%M}{zone}"


def day(value: date) -> str:
    """Tue 8 Dec 2026."""
    return f"{value:%a} {value.day} {value:%b} {value.year}"


def daytime(at: datetime) -> datetime:
    """The latest moment by `at`, which is local, at which somebody may be disturbed.

    Between 08:00 and 20:00 that is `at` itself; at night it is the evening before.
    """
    if FIRST_HOUR <= at.hour < LAST_HOUR:
        return at
    evening = at if at.hour >= LAST_HOUR else at - timedelta(days=1)
    return evening.replace(hour=EVENING_HOUR, minute=0, second=0, microsecond=0, fold=0)


FIRST_HOUR, LAST_HOUR, EVENING_HOUR = 8, 20, 19


def _line(one: Told, country: str) -> str:
    said = when(one.starts, country)
    return f"{said} (it was {when(one.was, country)})" if one.was else said
