"""What people type about charges, packages and prices, checked for form."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from api.desk.forms import DateInput, DeskForm, TimeInput
from billing.coding import Phase
from billing.models import PackageOffer, Payer
from billing.money import Money, NotMoney
from scheduling.models import Series

METHODS = [("cash", "Cash"), ("card", "Card"), ("check", "Check")]
MOST_CENTS = 10_000_000
KINDS = ("infusion", "dosing", "therapy", "screening", "consult", "review")


class CentsField(forms.DecimalField):
    """Dollars as people type them; cents as they are kept."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 0)
        kwargs["widget"] = forms.TextInput({"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(max_digits=9, decimal_places=2, **kwargs)

    def clean(self, value: Any) -> int | None:
        amount = super().clean(value)
        return None if amount is None else int(amount * 100)

    def prepare_value(self, value: Any) -> Any:
        return f"{Decimal(value) / 100:.2f}" if isinstance(value, int) else value


class WhyForm(DeskForm):
    """A reason that the journal keeps."""

    reason = forms.CharField(
        max_length=200, widget=forms.TextInput({"autofocus": True, "autocomplete": "off"})
    )


class ChangeForm(DeskForm):
    """Code, units and amount of a charge; without an amount, the price lists say it."""

    code = forms.CharField(max_length=10, widget=forms.TextInput({"autocomplete": "off"}))
    units = forms.IntegerField(min_value=1, max_value=999)
    cents = CentsField(
        label="Amount, $", required=False, help_text="Empty: what the price lists say."
    )
    modifiers = forms.CharField(
        max_length=20, required=False, help_text="Two characters each: 25 95."
    )
    reason = forms.CharField(
        max_length=200, label="Why", widget=forms.TextInput({"autocomplete": "off"})
    )


class DoneForm(DeskForm):
    """When the phases of a visit really were, and what else its codes depend on."""

    em = forms.CharField(
        label="Visit code", max_length=5, required=False, help_text="99202 to 99215."
    )
    em_minutes = forms.IntegerField(
        label="Clinician’s minutes that day", min_value=0, max_value=600, required=False
    )
    psychotherapy_minutes = forms.IntegerField(
        label="Minutes of psychotherapy", min_value=0, max_value=600, required=False
    )
    scales = forms.IntegerField(label="Rating scales", min_value=0, max_value=20, required=False)
    intake = forms.ChoiceField(
        required=False,
        choices=[
            ("", "No intake said"),
            ("with_medical", "Intake, with medical services"),
            ("without_medical", "Intake, without"),
        ],
    )
    route = forms.ChoiceField(
        label="How the dose was given",
        required=False,
        choices=[("", "Not said"), ("iv", "Vein"), ("im", "Muscle"), ("by_mouth", "By mouth")],
    )
    esketamine_mg = forms.IntegerField(
        label="Esketamine, mg", min_value=0, max_value=168, required=False
    )
    place = forms.ChoiceField(
        label="Where",
        required=False,
        choices=[
            ("", "At the clinic"),
            ("telehealth_home", "Telehealth, patient at home"),
            ("telehealth_elsewhere", "Telehealth, patient elsewhere"),
        ],
    )
    pharmacy_drug = forms.BooleanField(
        label="A pharmacy supplied and billed the drug", required=False
    )
    diagnoses = forms.CharField(
        max_length=120,
        required=False,
        help_text="ICD-10-CM, the main one first: F33.1 F41.1. They are kept for the series.",
    )

    def __init__(self, *args: Any, phases: tuple[Phase, ...], zone: ZoneInfo, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.phases, self.zone = phases, zone
        for number, phase in enumerate(phases):
            for part, moment in (("start", phase.start), ("stop", phase.stop)):
                field = forms.TimeField(
                    label=f"{phase.name.capitalize()} {part}",
                    required=part == "start",
                    widget=TimeInput(step=60),
                )
                field.widget.attrs["class"] = "input"
                if isinstance(moment, datetime):
                    field.initial = moment.astimezone(zone).time().replace(second=0, microsecond=0)
                self.fields[f"{part}_{number}"] = field

    @property
    def times(self) -> list[tuple[str, Any, Any]]:
        """Name, start and stop of each phase, as fields to draw."""
        return [
            (phase.name, self[f"start_{number}"], self[f"stop_{number}"])
            for number, phase in enumerate(self.phases)
        ]

    def corrected(self, on: date) -> dict[str, tuple[datetime | None, datetime | None]]:
        """The phases whose times were changed."""
        found = {}
        for number, phase in enumerate(self.phases):
            names = (f"start_{number}", f"stop_{number}")
            if set(names) & set(self.changed_data):
                start, stop = (self._moment(on, self.cleaned_data[name]) for name in names)
                found[phase.name] = (start, stop)
        return found

    def answers(self) -> dict[str, Any]:
        """What is said of the visit; None where nothing is."""
        given = self.cleaned_data
        names = (
            "em", "em_minutes", "psychotherapy_minutes", "scales", "intake", "route",
            "esketamine_mg", "place",
        )  # fmt: skip
        said = {name: given[name] if given[name] != "" else None for name in names}
        return {**said, "own_drug": False if given["pharmacy_drug"] else None}

    def codes(self) -> list[str]:
        return [code for code in re.split(r"[\s,;]+", self.cleaned_data["diagnoses"]) if code]

    def _moment(self, on: date, clock: time | None) -> datetime | None:
        return datetime.combine(on, clock, tzinfo=self.zone) if clock else None


class SellForm(DeskForm):
    """Which package, for which series, paid how."""

    offer = forms.ModelChoiceField(
        PackageOffer.objects.none(), label="Package", empty_label=None, widget=forms.RadioSelect()
    )
    series = forms.ModelChoiceField(
        Series.objects.none(), required=False, empty_label="Any visit it covers"
    )
    parts = forms.IntegerField(label="Paid in how many parts", min_value=1, max_value=24, initial=1)
    paid = CentsField(
        label="Paid now, $", required=False, help_text="Leave it empty when nothing is paid yet."
    )
    method = forms.ChoiceField(
        label="How", choices=METHODS, initial="card", widget=forms.RadioSelect()
    )


class DepositForm(DeskForm):
    """How much, for which series, and how it is paid."""

    cents = CentsField(label="Deposit, $", min_value=Decimal("0.01"))
    series = forms.ModelChoiceField(
        Series.objects.none(), required=False, empty_label="Whatever comes"
    )
    method = forms.ChoiceField(
        label="How", choices=METHODS, initial="card", widget=forms.RadioSelect()
    )


class ScaleForm(DeskForm):
    """What a patient pays of a price, and why it is less."""

    percent = forms.IntegerField(label="Pays of a price, %", min_value=0, max_value=100)
    reason = forms.CharField(
        max_length=200, required=False, widget=forms.TextInput({"autocomplete": "off"})
    )


class DiscountForm(DeskForm):
    """Something taken off what a patient owes."""

    cents = CentsField(label="Discount, $", min_value=Decimal("0.01"))
    reason = forms.CharField(max_length=200, widget=forms.TextInput({"autocomplete": "off"}))


class EndForm(DeskForm):
    """Why a package is ended, and how the rest goes back."""

    method = forms.ChoiceField(
        label="Given back by", choices=METHODS, initial="card", widget=forms.RadioSelect()
    )
    reason = forms.CharField(max_length=150, widget=forms.TextInput({"autocomplete": "off"}))


class PriceListForm(DeskForm):
    """A list of prices: a code and an amount a line."""

    name = forms.CharField(max_length=120, widget=forms.TextInput({"autocomplete": "off"}))
    payer = forms.ModelChoiceField(
        Payer.objects.filter(active=True),
        required=False,
        label="For",
        empty_label="Everybody without a list of their own",
    )
    valid_from = forms.DateField(widget=DateInput())
    valid_until = forms.DateField(widget=DateInput(), required=False)
    prices = forms.CharField(
        max_length=20_000,
        widget=forms.Textarea({"rows": 16, "spellcheck": "false", "class": "figures"}),
        help_text="A code and its price for one unit on each line: 96365 300.00",
    )

    def clean_prices(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for number, line in enumerate(self.cleaned_data["prices"].splitlines(), start=1):
            if not line.strip():
                continue
            code, *rest = line.replace("$", " ").replace(",", "").split()
            try:
                amount = Money.parse(rest[0] if len(rest) == 1 else "")
            except NotMoney:
                raise forms.ValidationError(
                    f"Line {number}: write a code and an amount, as in 96365 300.00."
                ) from None
            if code.upper() in found:
                raise forms.ValidationError(f"Line {number}: {code.upper()} is here twice.")
            if not 0 <= amount.cents <= MOST_CENTS:
                raise forms.ValidationError(f"Line {number}: {amount} is no price.")
            found[code.upper()] = amount.cents
        return found


class OfferForm(DeskForm):
    """A package that can be sold."""

    name = forms.CharField(max_length=120, widget=forms.TextInput({"autocomplete": "off"}))
    cents = CentsField(label="Price, $")
    deposit_cents = CentsField(
        label="Deposit, $", required=False, help_text="The first part, at booking."
    )
    instalments = forms.IntegerField(
        label="Paid in up to how many parts", min_value=1, max_value=24, initial=1
    )
    valid_from = forms.DateField(widget=DateInput())
    valid_until = forms.DateField(widget=DateInput(), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in KINDS:
            field = forms.IntegerField(
                label=kind.capitalize(), min_value=0, max_value=99, required=False
            )
            field.widget.attrs["class"] = "input"
            self.fields[f"covers_{kind}"] = field

    @property
    def kinds(self) -> list[Any]:
        return [self[f"covers_{kind}"] for kind in KINDS]

    def facts(self) -> dict[str, Any]:
        given = self.cleaned_data
        covers = {kind: given[f"covers_{kind}"] for kind in KINDS if given[f"covers_{kind}"]}
        kept = {name: given[name] for name in given if not name.startswith("covers_")}
        return kept | {"covers": covers, "deposit_cents": given["deposit_cents"] or 0}


class PolicyForm(DeskForm):
    """A site's rules about money, and what its documents say of the clinic."""

    deposit_cents = CentsField(label="Usual deposit, $", required=False)
    late_cancel_cents = CentsField(label="Fee for a late cancellation, $", required=False)
    no_show_cents = CentsField(label="Fee for a visit missed, $", required=False)
    refund_keeps_percent = forms.IntegerField(
        label="Kept of a refund, %",
        min_value=0,
        max_value=100,
        help_text="Of the part of a package that was not delivered.",
    )
    legal_name = forms.CharField(max_length=200, required=False)
    tax_id = forms.CharField(label="Tax ID", max_length=20, required=False)
    npi = forms.CharField(label="NPI", max_length=10, required=False)
    footer = forms.CharField(label="At the foot of documents", max_length=300, required=False)

    def facts(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {
            name: (value or 0) if name.endswith("_cents") else value
            for name, value in given.items()
        }


class UsualForm(DeskForm):
    """The diagnoses usual for a protocol."""

    codes = forms.CharField(max_length=120, required=False)
