"""What people type at the desk, checked for form; the services check for sense."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError

from clinic.models import Patient

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ACUITIES = [
    (1, "1 · least nursing"),
    (2, "2"),
    (3, "3"),
    (4, "4 · counts double"),
    (5, "5 · counts double"),
    (6, "6 · a nurse alone"),
]


class DeskForm(forms.Form):
    """A form whose inputs carry the desk's class; cotton's `field` draws them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if not isinstance(field.widget, (forms.CheckboxInput, forms.RadioSelect)):
                field.widget.attrs["class"] = "input"


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **attrs: Any) -> None:
        super().__init__(attrs=attrs, format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self, **attrs: Any) -> None:
        super().__init__(attrs=attrs, format="%H:%M")


class NewPatientForm(DeskForm):
    """The least that a booking needs; the rest can follow on the patient's page."""

    given_name = forms.CharField(max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    family_name = forms.CharField(max_length=100, widget=forms.TextInput({"autocomplete": "off"}))
    birth_date = forms.DateField(widget=DateInput(autocomplete="off"))
    phone = forms.CharField(max_length=32, required=False, widget=forms.TextInput({"type": "tel"}))
    email = forms.EmailField(label="E-mail", required=False)
    mrn = forms.CharField(
        label="MRN", max_length=32, required=False, help_text="Left empty, one is made."
    )
    acuity = forms.TypedChoiceField(
        choices=ACUITIES, coerce=int, initial=1, help_text="How much of a nurse this patient needs."
    )

    def candidate(self) -> Patient:
        """Unsaved, to look for likely duplicates of."""
        return Patient(**self.cleaned_data)


class PatientForm(NewPatientForm):
    """Everything that the desk keeps of a patient."""

    escort_name = forms.CharField(label="Escort", max_length=200, required=False)
    escort_phone = forms.CharField(label="Escort’s telephone", max_length=32, required=False)
    notes = forms.CharField(
        max_length=2000, required=False, widget=forms.Textarea({"rows": 3}), label="Notes"
    )
    no_email = forms.BooleanField(label="No e-mail", required=False)
    no_text = forms.BooleanField(label="No text messages", required=False)
    no_call = forms.BooleanField(label="No calls", required=False)

    field_order = [
        "given_name",
        "family_name",
        "birth_date",
        "mrn",
        "phone",
        "email",
        "escort_name",
        "escort_phone",
        "acuity",
        "notes",
    ]


class CancelForm(DeskForm):
    """Why a visit or the rest of a series is given up: a class, and words."""

    CAUSES = [
        ("patient", "The patient"),
        ("clinic", "The clinic"),
        ("clinical", "A clinical reason"),
        ("weather", "Weather"),
    ]
    cause = forms.ChoiceField(
        choices=CAUSES, label="Whose reason", widget=forms.RadioSelect(), initial="patient"
    )
    note = forms.CharField(
        max_length=180,
        required=False,
        label="In words",
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def reason(self) -> str:
        """`patient: has a cold`."""
        return ": ".join(filter(None, [self.cleaned_data["cause"], self.cleaned_data["note"]]))


class NoteForm(DeskForm):
    """What the next person should know of a visit."""

    note = forms.CharField(
        max_length=1000,
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 4, "autofocus": True}),
        help_text="For colleagues who give care, up to 1000 characters. It is in no calendar.",
    )


class AgainForm(DeskForm):
    """When a missing visit is to be, in the site's clock."""

    day = forms.DateField(widget=DateInput(), label="Day")
    clock = forms.TimeField(widget=TimeInput(step=900), label="Start")

    def starts_at(self, zone: ZoneInfo) -> datetime:
        given = self.cleaned_data
        return datetime.combine(given["day"], given["clock"], tzinfo=zone)


class ExtendForm(DeskForm):
    """How many visits more, and from when."""

    visits = forms.IntegerField(min_value=1, max_value=12, label="How many")
    not_before = forms.DateField(widget=DateInput(), required=False, label="Not before")


class FeedForm(DeskForm):
    """A new calendar address."""

    label = forms.CharField(
        max_length=100,
        required=False,
        label="Where it is for",
        widget=forms.TextInput({"placeholder": "My phone", "autocomplete": "off"}),
    )
    detail = forms.ChoiceField(label="What it shows", widget=forms.RadioSelect())
    alarm = forms.TypedChoiceField(
        label="Remind me",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[
            ("", "Never"),
            ("10", "10 minutes before"),
            ("30", "30 minutes before"),
            ("60", "An hour before"),
            ("1440", "A day before"),
        ],
    )

    def __init__(self, *args: Any, details: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["detail"].choices = details  # type: ignore[attr-defined]
        self.fields["detail"].initial = details[0][0]


def beside_the_fields(form: forms.Form, wrong: ValidationError) -> None:
    """A service's errors where they belong; those of no field of the form above it."""
    for field, messages in wrong.message_dict.items():
        form.add_error(field if field in form.fields else None, messages)


YEARS = range(2000, 2200)


def as_day(text: str) -> date | None:
    """A date as a browser sends it, or None; also None where no clinic's calendar reaches."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def as_moment(text: str) -> datetime | None:
    """An instant as the desk's own buttons send it, or None."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo and moment.year in YEARS else None


def as_id(text: str) -> int:
    """An id as a form sends it; 0, which nothing has, for what is none."""
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def as_time(text: str) -> time | None:
    """A wall-clock time as a browser sends it, or None."""
    try:
        return time.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


__all__ = [
    "WEEKDAYS",
    "AgainForm",
    "CancelForm",
    "DateInput",
    "DeskForm",
    "FeedForm",
    "NewPatientForm",
    "NoteForm",
    "PatientForm",
    "TimeInput",
    "as_day",
    "as_id",
    "as_moment",
    "as_time",
    "beside_the_fields",
]
