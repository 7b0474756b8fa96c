"""What the pages of protocols say: the list's rows, a version in words, sample dates in months."""

from __future__ import annotations

from calendar import Calendar
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from api.desk import words
from api.desk.forms import DateInput, DeskForm
from api.desk.protocol_ruler import Ruler, ruler, window_words
from clinic.models import Site
from clinic.selectors import closed_days
from scheduling import catalogue
from scheduling.catalogue import wording
from scheduling.models import Protocol, ProtocolDraft

LARGEST_BYTES = 1_000_000
LONGEST_SAMPLE = 14
REACH = 400


class ProtocolFileForm(DeskForm):
    """YAML as a file, or pasted."""

    file = forms.FileField(
        required=False,
        allow_empty_file=True,
        help_text="YAML, up to 1 MB; one or more protocols.",
        widget=forms.FileInput({"accept": ".yaml,.yml,text/yaml,text/plain"}),
    )
    text = forms.CharField(
        label="Or paste it",
        required=False,
        strip=False,
        max_length=LARGEST_BYTES,
        widget=forms.Textarea({"rows": 12, "spellcheck": "false", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        file: UploadedFile | None = given.get("file")
        if file is not None:
            if (file.size or 0) > LARGEST_BYTES:
                self.add_error("file", "The file is larger than 1 MB; split it.")
                return given
            try:
                given["text"] = file.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", "This is not a text in UTF-8; save it as such.")
        elif not given.get("text") and not self.errors:
            self.add_error("file", "Choose a file, or paste the protocol.")
        return given


class NewProtocolForm(DeskForm):
    """A name and a key for a protocol that begins as another."""

    name = forms.CharField(max_length=200, widget=forms.TextInput({"autocomplete": "off"}))
    key = forms.RegexField(
        r"^[a-z][a-z0-9-]*\Z",
        max_length=60,
        help_text="Short and for good, such as aud-evening.",
        error_messages={"invalid": "Use small letters, digits or -, such as aud-evening."},
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    source = forms.ChoiceField(label="Begin from", required=False)

    def __init__(self, *args: Any, sources: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["source"].choices = sources  # type: ignore[attr-defined]


class SampleForm(DeskForm):
    """The date of day 0."""

    d0 = forms.DateField(label="Day 0 on", widget=DateInput())

    def clean_d0(self) -> date:
        day: date = self.cleaned_data["d0"]
        if not 2000 <= day.year < 2200:
            raise forms.ValidationError("Choose a day between 2000 and 2200.")
        return day


@dataclass(frozen=True, slots=True)
class StepShown:
    """A step in words."""

    key: str
    name: str
    hue: str
    kind: str
    windows: tuple[str, ...]
    days: str
    weekdays: str
    minutes: int
    phases: tuple[dict[str, Any], ...]
    gates: tuple[str, ...]
    measures: tuple[str, ...]


class Shown:
    """A definition as its page tells it."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.definition = definition
        self.checked = catalogue.check(definition)
        outside = {one["key"]: one["name"] for one in definition["outside"]}
        self.names = {**outside, **self.checked.names}

    @cached_property
    def ruler(self) -> Ruler:
        return ruler(self.definition["steps"], self.checked, set())

    @cached_property
    def steps(self) -> list[StepShown]:
        return [self._step(step) for step in self.definition["steps"]]

    @property
    def origin(self) -> str:
        return self.names[self.definition["origin"]]

    @property
    def follow_ups(self) -> list[tuple[str, str, str]]:
        origin = self.definition["origin"]
        return [
            (one["name"], one["kind"], wording.follow_up(one, self.names, origin))
            for one in self.definition["follow_ups"]
        ]

    @property
    def tasks(self) -> list[tuple[str, str, str]]:
        origin = self.definition["origin"]
        return [
            (one["name"], words.phase(one["kind"]), wording.task(one, self.names, origin))
            for one in self.definition["tasks"]
        ]

    @property
    def length(self) -> str:
        """`6 weeks`: from the first day that a visit may be to the last."""
        spans = [span for span in self.checked.spans.values() if span]
        days = max(last for _, last in spans) - min(first for first, _ in spans) if spans else 0
        return words.count(round(days / 7), "week") if days > 13 else words.count(days + 1, "day")

    def _step(self, step: Mapping[str, Any]) -> StepShown:
        gaps = tuple(wording.gap(gap, self.names) for gap in step["gaps"])
        start = 0
        bands = []
        for phase in step["phases"]:
            bands.append(
                {
                    "name": wording.plain(phase["name"]).capitalize(),
                    "minutes": phase["minutes"],
                    "start": start,
                    "room": wording.room(phase.get("room")),
                    "people": wording.people(phase),
                    "weighted": phase["acuity_weighted"],
                }
            )
            start += phase["minutes"]
        return StepShown(
            key=step["key"],
            name=step["name"],
            hue=words.hue(step["kind"]),
            kind=step["kind"],
            windows=gaps or ("day 0",),
            days=window_words(self.checked.spans[step["key"]]),
            weekdays=wording.weekdays(step["weekdays"]) if step["weekdays"] else "",
            minutes=start,
            phases=tuple(bands),
            gates=tuple(wording.gate(gate) for gate in step["gates"]),
            measures=tuple(step["measures"]),
        )


@dataclass(frozen=True, slots=True)
class SampleDay:
    day: date
    inside: bool
    closed: str
    visits: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SampleMonth:
    first: date
    weeks: tuple[tuple[SampleDay, ...], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """Visits of a course on sample dates: as (day, step, hue), and the months they fall in."""

    visits: tuple[tuple[date, str, str], ...]
    months: tuple[SampleMonth, ...]
    more: bool
    weekdays: str


def sample(definition: Mapping[str, Any], *, d0: date, site: Site | None) -> Sample | None:
    """The course with day 0 on a date, on the weekdays that a site is open; None: no dates fit."""
    open_on = set(site.opening_hours.values_list("weekday", flat=True)) if site else set()
    weekdays = open_on or set(range(5))
    reach = timedelta(days=REACH)
    closed = closed_days(site, d0 - reach, d0 + reach) if site else {}
    found = catalogue.sample(definition, d0=d0, weekdays=weekdays, closed=closed)
    if found is None:
        return None
    steps = {step["key"]: step for step in definition["steps"]}
    visits = tuple(
        (day, steps[key]["name"], words.hue(steps[key]["kind"]))
        for key, day in sorted(found.items(), key=lambda one: one[1])
    )
    months = list(_months(visits[0][0], visits[-1][0]))
    shown = months[:LONGEST_SAMPLE]
    on = defaultdict(list)
    for day, name, hue in visits:
        on[day].append((name, hue))
    names = [list(wording.DAY_WORDS.values())[day][:3] for day in sorted(weekdays)]
    return Sample(
        visits,
        tuple(_month(first, on, closed) for first in shown),
        len(months) > len(shown),
        ", ".join(names),
    )


def _months(first: date, last: date) -> Iterator[date]:
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = (month + timedelta(days=32)).replace(day=1)


def _month(
    first: date, on: Mapping[date, list[tuple[str, str]]], closed: Mapping[date, str]
) -> SampleMonth:
    weeks = tuple(
        tuple(
            SampleDay(
                day,
                day.month == first.month,
                closed.get(day, "") if day.month == first.month else "",
                tuple(on.get(day, ())) if day.month == first.month else (),
            )
            for day in week
        )
        for week in Calendar().monthdatescalendar(first.year, first.month)
    )
    return SampleMonth(first, weeks)


def sources() -> list[tuple[str, str]]:
    """What a new protocol can begin from: nothing, a protocol of ours, a starter."""
    from_ours = [(f"ours:{row.key}", f"{row.key}, as it is here") for row in Protocol.objects.all()]
    starters = [(f"starter:{one.key}", one.name) for one in catalogue.starters().values()]
    return [("", "One infusion only"), *from_ours, *starters]


def drafts_without_protocol() -> list[ProtocolDraft]:
    """Protocols that are only being written so far."""
    rows = ProtocolDraft.objects.filter(based_on=None).exclude(
        key__in=Protocol.objects.values("key")
    )
    return list(rows[:40])
