"""Amounts as people type them: 1,234.50 or $1234.5 is 123450 cents."""

from __future__ import annotations

from typing import Any

from django import forms

from billing.money import Money, NotMoney


class DollarsField(forms.CharField):
    """Whole cents, not below nothing, from dollars as they are typed."""

    def __init__(self, **options: Any) -> None:
        attrs = {"inputmode": "decimal", "autocomplete": "off", "placeholder": "0.00"}
        super().__init__(max_length=16, widget=forms.TextInput(attrs), **options)

    def clean(self, value: Any) -> int | None:
        text = str(super().clean(value)).strip().removeprefix("$").replace(",", "")
        if not text:
            return None
        whole, point, cents = text.partition(".")
        if point and len(cents) == 1:
            text = f"{whole}.{cents}0"
        try:
            amount = Money.parse(text)
        except NotMoney as wrong:
            raise forms.ValidationError("Write an amount in dollars, such as 120.50.") from wrong
        if amount.cents < 0:
            raise forms.ValidationError("Write an amount that is not below 0.00.")
        return amount.cents
