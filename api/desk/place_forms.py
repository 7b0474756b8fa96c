"""What people type about sites and rooms, checked for form; the services check for sense."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import holidays
from django import forms
from holidays.registry import COUNTRIES

from api.desk.forms import YEARS, DateInput, DeskForm, TimeInput
from clinic.services.facts import SLUG

MOST_ROOMS = 20
ZONES = sorted(name for name in available_timezones() if "/" in name and name[:3] != "Etc")
GRAINS = [(5, "5 minutes"), (10, "10 minutes"), (15, "15 minutes"), (30, "30 minutes")]


@cache
def countries() -> list[tuple[str, str]]:
    """Codes and names of the countries whose holidays are known."""
    names = {codes[0]: _spoken(module) for module, (_, *codes) in COUNTRIES.items()}
    return sorted(names.items(), key=lambda one: one[1])


@cache
def subdivisions(country: str) -> list[str]:
    """The parts of a country with holidays of their own."""
    return list(holidays.list_supported_countries().get(country, []))


def _spoken(module: str) -> str:
    """united_states -> United States; isle_of_man -> Isle of Man."""
    words = [word if word in ("of", "and", "the") else word.title() for word in module.split("_")]
    return " ".join(words)


class SlugsField(forms.CharField):
    """Words of small letters, chosen as chips and typed: several values of one name."""

    widget = forms.SelectMultiple

    def clean(self, value: Any) -> list[str]:
        words = [part for text in value or () for part in re.split(r"[,;]", str(text))]
        found = [re.sub(r"\s+", "_", word.strip().casefold()) for word in words if word.strip()]
        for word in found:
            if not SLUG.fullmatch(word):
                raise forms.ValidationError(
                    f"“{word[:40]}” is not a word of letters, digits, _ and -."
                )
        if self.required and not found:
            raise forms.ValidationError("Choose at least one.")
        return list(dict.fromkeys(found))


class RoomForm(DeskForm):
    """A room as it is kept."""

    name = forms.CharField(max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    capabilities = SlugsField(label="What it can be used for")
    chairs = forms.IntegerField(
        min_value=1, max_value=40, initial=1, help_text="How many patients at once."
    )
    turnover_minutes = forms.IntegerField(
        label="Turnover, minutes",
        min_value=0,
        max_value=240,
        initial=10,
        help_text="Kept free after each visit, to clean and prepare.",
    )


class NewRoomsForm(RoomForm):
    """One room, or several alike with a number each."""

    number = forms.IntegerField(
        label="How many",
        min_value=1,
        max_value=MOST_ROOMS,
        initial=1,
        help_text="More than one are numbered: Room 1, Room 2.",
    )

    def names(self, taken: Iterable[str]) -> list[str]:
        """The name of each, past the numbers that are taken."""
        name, wanted = self.cleaned_data["name"], self.cleaned_data["number"]
        if wanted == 1:
            return [name]
        used = {one.casefold() for one in taken}
        fresh = (f"{name} {n}" for n in range(1, wanted + len(used) + 1))
        return [one for one in fresh if one.casefold() not in used][:wanted]


class OutOfServiceForm(DeskForm):
    """From when to when a room cannot be used."""

    first = forms.DateField(label="From", widget=DateInput())
    starts = forms.TimeField(label="At", widget=TimeInput(step=300), required=False)
    last = forms.DateField(label="Until", widget=DateInput())
    ends = forms.TimeField(label="At", widget=TimeInput(step=300), required=False)
    reason = forms.CharField(
        max_length=200, required=False, widget=forms.TextInput({"autocomplete": "off"})
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        first, last = given.get("first"), given.get("last")
        for name, day in (("first", first), ("last", last)):
            if day and day.year not in YEARS:
                self.add_error(name, "Choose a date in this century or the next.")
        if (
            first
            and last
            and not self.errors
            and self.span(ZoneInfo("UTC"))[1] <= (self.span(ZoneInfo("UTC"))[0])
        ):
            self.add_error("last", "This is before it begins.")
        return given

    def span(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """In the site's clock; without times, whole days."""
        given = self.cleaned_data
        starts = datetime.combine(given["first"], given["starts"] or time(0), tzinfo=zone)
        if given["ends"]:
            return starts, datetime.combine(given["last"], given["ends"], tzinfo=zone)
        return starts, datetime.combine(given["last"] + timedelta(days=1), time(0), tzinfo=zone)


class SiteForm(DeskForm):
    """What a site is."""

    name = forms.CharField(max_length=200)
    neutral_name = forms.CharField(
        max_length=200,
        required=False,
        help_text="What calendars and reminders call it: nothing that tells what is treated here.",
    )
    address = forms.CharField(max_length=300, required=False)
    phone = forms.CharField(max_length=32, required=False, widget=forms.TextInput({"type": "tel"}))
    time_zone = forms.ChoiceField(choices=[(zone, zone.replace("_", " ")) for zone in ZONES])
    country = forms.ChoiceField(choices=countries, initial="US")
    subdivision = forms.CharField(
        label="State or region",
        max_length=8,
        required=False,
        help_text="Its code, such as MA: some holidays are its own.",
    )
    keeps_public_holidays = forms.BooleanField(label="Closed on public holidays", required=False)
    start_grain_minutes = forms.TypedChoiceField(
        label="Visits start every", choices=GRAINS, coerce=int, initial=15
    )
    late_cancel_hours = forms.IntegerField(
        label="Late cancellation, hours before",
        min_value=0,
        max_value=336,
        initial=24,
        help_text="A patient who cancels with less notice is marked as late.",
    )
    nurse_lanes = forms.IntegerField(
        label="Patients that one nurse watches at most",
        min_value=1,
        max_value=12,
        initial=4,
        help_text="In the calmest phase, each of low acuity. Other phases take more of a nurse.",
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        part, country = given.get("subdivision", "").strip().upper(), given.get("country")
        given["subdivision"] = part
        if part and country and part not in subdivisions(country):
            known = ", ".join(subdivisions(country)[:8])
            self.add_error(
                "subdivision",
                f"No holidays are known of {part}. Known: {known}…" if known else "Leave it empty.",
            )
        return given


class ClosureForm(DeskForm):
    """Days on which a site is closed."""

    first = forms.DateField(label="First day", widget=DateInput())
    last = forms.DateField(label="Last day", widget=DateInput(), required=False)
    reason = forms.CharField(max_length=200, widget=forms.TextInput({"autocomplete": "off"}))

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        first, last = given.get("first"), given.get("last") or given.get("first")
        given["last"] = last
        for name, day in (("first", first), ("last", last)):
            if day and day.year not in YEARS:
                self.add_error(name, "Choose a date in this century or the next.")
        if first and last and last < first:
            self.add_error("last", "This is before the first day.")
        return given


class OrganisationForm(DeskForm):
    """The clinic or chain, and what its people must hold."""

    name = forms.CharField(max_length=200)
    prescriber = forms.CharField(required=False, max_length=300, label="A prescriber holds")
    therapist = forms.CharField(required=False, max_length=300, label="A therapist holds")
    monitoring_nurse = forms.CharField(required=False, max_length=300, label="A nurse holds")

    ROLES = ("prescriber", "therapist", "monitoring_nurse")

    def required_credentials(self) -> dict[str, list[str]]:
        """Credential kinds by role."""
        slugs = SlugsField(required=False)
        return {role: slugs.clean([self.cleaned_data[role]]) for role in self.ROLES}

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        for role in self.ROLES:
            try:
                SlugsField(required=False).clean([given.get(role, "")])
            except forms.ValidationError as wrong:
                self.add_error(role, wrong)
        return given


def day_in(text: str) -> date | None:
    """A date of a form's hidden field, or None."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
