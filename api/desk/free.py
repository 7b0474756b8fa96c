"""What the search for free capacity asks, and how its answers read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.urls import reverse

from api.desk import words
from api.desk.forms import YEARS, DateInput, DeskForm, TimeInput, as_id
from api.permissions import may
from clinic.models import Room, Site, Staff, User
from scheduling.planner.protocols import NURSE, PRESCRIBER, THERAPIST
from scheduling.selectors import Free, Sought, find_free

RATIOS = [("", "None"), ("4", "1 to 4 patients"), ("2", "1 to 2 patients"), ("1", "1 to 1")]
SHORT = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DEFAULTS = {"minutes": "60", "days": "28", "many": "5"}


class FreeForm(DeskForm):
    """What is to be free together; filled in from the address."""

    minutes = forms.IntegerField(label="Minutes", min_value=5, max_value=1440)
    where = forms.ChoiceField(label="Room", required=False)
    whole = forms.BooleanField(label="The room to itself", required=False)
    therapist = forms.ChoiceField(label="Therapist", required=False)
    prescriber = forms.ChoiceField(label="Prescriber", required=False)
    nurse = forms.ChoiceField(label="Nurse", required=False, choices=RATIOS)
    days = forms.IntegerField(label="Days ahead", min_value=1, max_value=90)
    weekday = forms.MultipleChoiceField(
        label="On",
        required=False,
        choices=[(str(number), name) for number, name in enumerate(SHORT)],
        widget=forms.CheckboxSelectMultiple(),
    )
    after = forms.TimeField(label="Not before", required=False, widget=TimeInput(step=900))
    before = forms.TimeField(label="Done by", required=False, widget=TimeInput(step=900))
    many = forms.IntegerField(label="How many", min_value=1, max_value=20)

    def __init__(
        self, data: QueryDict, *, rooms: Sequence[Room], people: Sequence[Staff], today: date
    ) -> None:
        self.filled = filled = data.copy()
        for name, value in (DEFAULTS | {"from": today.isoformat()}).items():
            if not filled.get(name):
                filled[name] = value
        super().__init__(filled)
        self.today = today
        self.fields["from"] = forms.DateField(label="From", widget=DateInput())
        self.fields["from"].widget.attrs |= {"class": "input", "min": today.isoformat()}
        able = sorted({slug for room in rooms for slug in room.capabilities})
        self._choices(
            "where",
            [
                ("", "Any"),
                ("Rooms for", [(f"can:{slug}", words.phase(slug)) for slug in able]),
                ("One room", [(f"room:{room.pk}", room.name) for room in rooms]),
            ],
        )
        for role in (THERAPIST, PRESCRIBER):
            named = [(str(one.pk), one.name) for one in people if role in one.roles]
            self._choices(role, [("", "None"), ("any", "Any"), *named])

    def _choices(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, low, high = given.get("from"), given.get("after"), given.get("before")
        if first and (first < self.today or first.year not in YEARS):
            self.add_error("from", "This day is over." if first < self.today else "Too far ahead.")
        elif first and (first - self.today).days > 540:
            self.add_error("from", "Look up to 540 days ahead.")
        if low and high and low >= high:
            self.add_error("before", "This is before the earliest start.")
        return given

    def sought(self, site: Site) -> Sought:
        """The form must be valid."""
        given = self.cleaned_data
        kind, _, value = given["where"].partition(":")
        lanes = -(-site.nurse_lanes // int(given["nurse"])) if given["nurse"] else 0
        return Sought(
            minutes=given["minutes"],
            capability=value if kind == "can" else "",
            room=as_id(value) if kind == "room" else None,
            whole=given["whole"],
            people={
                role: None if given[role] == "any" else as_id(given[role])
                for role in (THERAPIST, PRESCRIBER)
                if given[role]
            },
            nurse_lanes=lanes,
            weekdays={int(number) for number in given["weekday"]} or frozenset(range(7)),
            earliest=given["after"],
            latest=given["before"],
        )

    def address(self) -> str:
        """The fields that say something, for an address."""
        said = {
            name: values
            for name in self.fields
            if (values := [value for value in self.filled.getlist(name) if value])
        }
        return urlencode(said, doseq=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """A free stretch as it is told, with what books from there ("" for who may not)."""

    day: date
    starts: datetime
    ends: datetime
    lasts: str
    room: str
    others: str
    people: tuple[tuple[str, str], ...]
    then: str
    visit: str
    series: str
    board: str


ROLE_WORDS = {THERAPIST: "therapist", PRESCRIBER: "prescriber", NURSE: "nurse"}


def answers(user: User, site: Site, form: FreeForm, now: datetime) -> list[Answer]:
    """The first stretches that fit the form, which must be valid."""
    given = form.cleaned_data
    found = find_free(
        site=site,
        sought=form.sought(site),
        first=given["from"],
        days=given["days"],
        now=now,
        limit=given["many"],
    )
    return [_answer(user, site, free) for free in found]


def _answer(user: User, site: Site, free: Free) -> Answer:
    day, at = free.starts_at.date(), words.clock(free.starts_at)
    staff = {role: pk for role, pk, _ in free.people}
    single = {"day": day, "at": at, "room": free.seat.id}
    if clinician := staff.get(THERAPIST) or staff.get(PRESCRIBER):
        single["clinician"] = clinician
    series = {"from": day, "at": at}
    if THERAPIST in staff:
        series["staff"] = staff[THERAPIST]
    return Answer(
        day=day,
        starts=free.starts_at,
        ends=free.ends_at,
        lasts=lasting(free.minutes),
        room=free.seat.name,
        others=", ".join(seat.name for seat in free.others),
        people=tuple((name, ROLE_WORDS[role]) for role, _, name in free.people),
        then=_then(free),
        visit=f"{reverse('desk:book-visit', args=[site.pk])}?{urlencode(single)}"
        if may(user, "book_visit", site)
        else "",
        series=f"{reverse('desk:book', args=[site.pk])}?{urlencode(series)}"
        if may(user, "book_series", site)
        else "",
        board=reverse("desk:day", args=[site.pk, day]),
    )


def _then(free: Free) -> str:
    """What ends it: `Ana Example is taken or off`."""
    if free.limit == "closing":
        return "the clinic closes"
    if free.limit == "asked":
        return "the hours you gave end"
    if free.limit == "room":
        return f"{free.seat.name} is taken or being turned over"
    name = next(name for role, _, name in free.people if role == free.limit)
    return (
        f"{name} has no lane left or is off" if free.limit == NURSE else f"{name} is taken or off"
    )


def lasting(minutes: int) -> str:
    """45 min, 2 h, 2 h 30."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest:02d}" if rest else f"{hours} h"
