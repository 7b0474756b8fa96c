"""What is typed while a clinic is set up: the first site, its rooms and its people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms

from api.desk.forms import YEARS, DateInput, DeskForm
from api.desk.place_forms import ZONES, countries, subdivisions
from scheduling.services.founding import Hire

ROLES = [
    ("prescriber", "Prescriber"),
    ("therapist", "Therapist"),
    ("monitoring_nurse", "Nurse"),
    ("front_desk", "Front desk"),
]
LICENSED = ("prescriber", "therapist", "monitoring_nurse")
MOST = 60


class FoundingForm(DeskForm):
    """The clinic and where it is."""

    organisation = forms.CharField(label="Name of the clinic", max_length=200)
    name = forms.CharField(
        label="Name of the site",
        max_length=200,
        help_text="A clinic can have several. With one, its street or town is a good name.",
    )
    neutral_name = forms.CharField(
        max_length=200,
        required=False,
        help_text="What calendars and reminders call it: nothing that tells what is treated here.",
    )
    country = forms.ChoiceField(choices=countries, initial="US")
    subdivision = forms.CharField(
        label="State or region",
        max_length=8,
        required=False,
        help_text="Its code, such as MA: some public holidays are its own.",
    )
    time_zone = forms.ChoiceField(
        choices=[("", "Choose"), *((zone, zone.replace("_", " ")) for zone in ZONES)]
    )
    phone = forms.CharField(max_length=32, required=False, widget=forms.TextInput({"type": "tel"}))
    address = forms.CharField(max_length=300, required=False)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        part, country = given.get("subdivision", "").strip().upper(), given.get("country")
        given["subdivision"] = part
        if part and country and part not in subdivisions(country):
            self.add_error("subdivision", f"No holidays are known of {part}. Leave it empty.")
        return given


def between(least: int, most: int) -> dict[str, str]:
    """What a narrow column says of a number that is out of bounds."""
    return {"min_value": f"{least} to {most}.", "max_value": f"{least} to {most}."}


class RoomRow(DeskForm):
    """A room in the table."""

    room = forms.IntegerField(required=False, widget=forms.HiddenInput())
    name = forms.CharField(max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    capabilities = forms.MultipleChoiceField(
        label="Used for", widget=forms.CheckboxSelectMultiple(), choices=[]
    )
    chairs = forms.IntegerField(min_value=1, max_value=40, initial=1, error_messages=between(1, 40))
    turnover_minutes = forms.IntegerField(
        label="Turnover, min",
        min_value=0,
        max_value=240,
        initial=10,
        error_messages=between(0, 240),
    )

    def __init__(self, *args: Any, words: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["capabilities"].choices = [(w, w) for w in words]  # type: ignore[attr-defined]


class HireRow(DeskForm):
    """A colleague in the table."""

    given_name = forms.CharField(max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    family_name = forms.CharField(max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    role = forms.ChoiceField(choices=ROLES)
    expires_on = forms.DateField(label="Licence valid until", required=False, widget=DateInput())
    life_support = forms.BooleanField(label="ACLS", required=False)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        until: date | None = given.get("expires_on")
        needs = given.get("role") in LICENSED or given.get("life_support")
        if needs and until is None and "expires_on" not in self.errors:
            self.add_error("expires_on", "Say until when the licence is valid.")
        elif until and until.year not in YEARS:
            self.add_error("expires_on", "Choose a date in this century or the next.")
        return given

    def person(self) -> Hire:
        given = self.cleaned_data
        return Hire(
            given["given_name"],
            given["family_name"],
            given["role"],
            given["expires_on"],
            given["life_support"],
        )

    def has_changed(self) -> bool:
        """A row without a name is none."""
        names = (self.data.get(self.add_prefix(part), "") for part in ("given_name", "family_name"))
        return not self.is_bound or any(name.strip() for name in names)


RoomRows = forms.formset_factory(RoomRow, extra=0, can_delete=True, max_num=MOST, absolute_max=MOST)
HireRows = forms.formset_factory(HireRow, extra=0, can_delete=True, max_num=MOST, absolute_max=MOST)
