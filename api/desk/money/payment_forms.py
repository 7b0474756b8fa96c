"""What people type about payments, checked for form; the services check for sense."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from api.desk.forms import DeskForm
from api.desk.money.amounts import DollarsField
from api.desk.money.tabs import dollars
from billing.models import Prepaid
from billing.selectors.till import COUNTED
from billing.services.paying import room_of

METHODS = [("cash", "Cash"), ("card", "Card, at the terminal"), ("check", "Check")]
OWED = "owed"
COUNT_WORDS = {"cash": "Cash", "card": "Card terminal", "check": "Checks"}


def plain(cents: int) -> str:
    """12.50, as one types it."""
    return f"{cents / 100:.2f}"


def open_courses(courses: Iterable[Prepaid]) -> list[Prepaid]:
    """The packages and deposits that something is left to pay of."""
    return [course for course in courses if room_of(course)]


def as_course(chosen: str) -> int | None:
    """The package or deposit that was chosen; None for what is owed."""
    return None if chosen == OWED else int(chosen)


class ForForm(DeskForm):
    """An amount for what is owed, or for a package or deposit that is not paid up."""

    cents = DollarsField(label="Amount, $")
    of = forms.TypedChoiceField(label="For", coerce=as_course, choices=(), initial=OWED)

    def __init__(self, *args: Any, due: int, courses: Iterable[Prepaid], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.courses = open_courses(courses)
        choices = [(OWED, f"What is owed ({dollars(max(0, due))})")]
        for one in self.courses:
            choices.append((str(one.pk), f"{one.name} ({dollars(room_of(one))} to pay)"))
        self.fields["of"].choices = choices  # type: ignore[attr-defined]
        if not self.courses:
            self.fields["of"].widget = forms.HiddenInput()


class TakeForm(ForForm):
    """Money at the desk: how much, how, and for what."""

    method = forms.ChoiceField(
        choices=METHODS, label="How", initial="cash", widget=forms.RadioSelect()
    )
    reference = forms.CharField(
        max_length=80,
        required=False,
        label="Check number or slip",
        widget=forms.TextInput({"autocomplete": "off"}),
    )


class BackForm(DeskForm):
    """How much goes back, and why."""

    cents = DollarsField(label="Amount, $")
    reason = forms.CharField(
        max_length=150, label="Why", widget=forms.TextInput({"autocomplete": "off"})
    )


class WhyForm(DeskForm):
    """Why something is taken back."""

    reason = forms.CharField(
        max_length=150, label="What was wrong", widget=forms.TextInput({"autocomplete": "off"})
    )


class CountForm(DeskForm):
    """What was counted at the end of a day."""

    cash = DollarsField(label=COUNT_WORDS["cash"])
    card = DollarsField(label=COUNT_WORDS["card"])
    check = DollarsField(label=COUNT_WORDS["check"])
    note = forms.CharField(
        max_length=300,
        required=False,
        label="Note",
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text="Needed when something differs.",
    )

    def counted(self) -> dict[str, int]:
        return {str(method): self.cleaned_data[method] for method in COUNTED}
