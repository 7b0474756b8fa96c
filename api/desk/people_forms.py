"""What people type about colleagues: who they are, their credentials, what they may do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from api.desk.colleagues import ROLES
from api.desk.forms import YEARS, DateInput, DeskForm
from api.desk.place_forms import SlugsField
from clinic.models import Grant, Site
from clinic.services.access import Right
from clinic.services.facts import SLUG

PLAIN = {"autocomplete": "off"}
EVERYWHERE = "all"


class StaffForm(DeskForm):
    """Somebody who works here."""

    given_name = forms.CharField(max_length=100, widget=forms.TextInput(PLAIN))
    family_name = forms.CharField(max_length=100, widget=forms.TextInput(PLAIN))
    title = forms.CharField(
        max_length=100, required=False, widget=forms.TextInput({"placeholder": "RN, PhD, MD"})
    )
    email = forms.EmailField(label="E-mail", required=False, widget=forms.EmailInput(PLAIN))
    phone = forms.CharField(
        max_length=32, required=False, widget=forms.TextInput({"type": "tel", **PLAIN})
    )
    roles = forms.MultipleChoiceField(
        choices=list(ROLES.items()), required=False, widget=forms.CheckboxSelectMultiple()
    )
    skills = SlugsField(label="Skills", required=False)
    max_patients = forms.IntegerField(
        label="Patients at once, at most", min_value=1, max_value=40, required=False
    )
    sites = forms.MultipleChoiceField(label="Works at", widget=forms.CheckboxSelectMultiple())

    def __init__(self, *args: Any, places: Sequence[Site], lanes: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(site.pk), site.name) for site in places]
        self.fields["sites"].choices = choices  # type: ignore[attr-defined]
        self.fields["max_patients"].help_text = (
            f"For nurses. Left empty: up to {lanes} here, fewer where a protocol asks for more "
            "care. Give a number for who should have fewer, such as somebody new."
        )
        for name in ("roles", "sites"):
            self.fields[name].widget.attrs.pop("class", None)


class CredentialForm(DeskForm):
    """A licence or certificate."""

    kind = forms.CharField(
        max_length=50,
        label="What it is",
        widget=forms.TextInput({"list": "kinds", "autocomplete": "off"}),
    )
    number = forms.CharField(max_length=64, required=False, widget=forms.TextInput(PLAIN))
    issuer = forms.CharField(
        max_length=100, required=False, label="Issued by", widget=forms.TextInput(PLAIN)
    )
    valid_from = forms.DateField(required=False, widget=DateInput())
    expires_on = forms.DateField(widget=DateInput(), help_text="The last day on which it counts.")

    def clean_kind(self) -> str:
        """Nursing licence and nursing_licence are the same."""
        kind = re.sub(r"[\s_]+", "_", self.cleaned_data["kind"].strip().casefold())
        if not SLUG.fullmatch(kind):
            raise ValidationError("Use letters and digits, such as Nursing licence.")
        return kind

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        for name in ("valid_from", "expires_on"):
            if (day := given.get(name)) and day.year not in YEARS:
                self.add_error(name, "Choose a date in this century or the next.")
        return given


class GrantsForm(DeskForm):
    """Roles by site; `every` adds a column for all sites."""

    grants = forms.MultipleChoiceField(required=False, label="Rights")

    def __init__(
        self, *args: Any, places: Sequence[Site], every: bool, needed: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.columns = [(str(site.pk), site.name) for site in places]
        if every:
            self.columns.insert(0, (EVERYWHERE, "Every site"))
        self.fields["grants"].choices = [  # type: ignore[attr-defined]
            (f"{role}@{site}", role) for role in Grant.Role.values for site, _ in self.columns
        ]
        self.fields["grants"].required = needed
        self.fields["grants"].error_messages["required"] = "Choose at least one role."

    @property
    def ticked(self) -> set[str]:
        return set(self["grants"].value() or ())

    @property
    def rights(self) -> list[Right]:
        parts = (one.split("@") for one in self.cleaned_data["grants"])
        return [(role, None if site == EVERYWHERE else int(site)) for role, site in parts]

    @staticmethod
    def drawn(rights: Iterable[Right]) -> list[str]:
        return [f"{role}@{EVERYWHERE if site is None else site}" for role, site in rights]


class InviteForm(GrantsForm):
    """An e-mail address, and what whoever reads it may do."""

    email = forms.EmailField(label="E-mail", max_length=150, widget=forms.EmailInput(PLAIN))
    field_order = ["email", "grants"]
