"""What is typed about payers, coverages, authorisations and claims."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.db.models import Q

from api.desk.forms import DateInput, DeskForm
from api.desk.money.amounts import DollarsField
from billing.claim import RELATIONSHIPS
from billing.models import Coverage, Filing, Payer, Policy
from billing.models.insurance import Authorisation
from clinic.models import Site, Staff

SEXES = [("", "Not known yet"), ("F", "F"), ("M", "M"), ("U", "U, unknown or other")]
STATE = r"[A-Z]{2}"
ZIP = r"[0-9]{5}(-?[0-9]{4})?"
CODE = re.compile(r"[0-9]{4}[0-9A-Z]|[A-Z][0-9]{4}")
ADDRESS = ("line", "line2", "city", "state", "zip")
HOLDER = ("given_name", "family_name", "birth_date", "sex", *ADDRESS)
RANKS = [(1, "First"), (2, "Second"), (3, "Third")]
EMPTY = {"autocomplete": "off"}


def _text(label: str, longest: int, *, needed: bool = False, **more: Any) -> forms.CharField:
    widget = forms.TextInput(EMPTY)
    return forms.CharField(label=label, max_length=longest, required=needed, widget=widget, **more)


class CodesField(forms.CharField):
    """Procedure codes with spaces or commas between; an empty list is any."""

    def clean(self, value: Any) -> list[str]:
        codes = re.split(r"[\s,;]+", str(super().clean(value)).upper().strip())
        for code in codes:
            if code and not CODE.fullmatch(code):
                raise forms.ValidationError(f"“{code[:10]}” is no code: write 96365 or G2083.")
        return list(dict.fromkeys(filter(None, codes)))


class AddressForm(DeskForm):
    """A street, as insurers have it."""

    line = _text("Street", 55)
    line2 = _text("Suite or apartment", 55)
    city = _text("City", 30)
    state = _text("State", 2, help_text="Two capitals, such as MA.")
    zip = _text("ZIP", 10)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        given["state"] = given.get("state", "").upper()
        if given["state"] and not re.fullmatch(STATE, given["state"]):
            self.add_error("state", "Write the state in two capitals, such as MA.")
        if given.get("zip") and not re.fullmatch(ZIP, given["zip"]):
            self.add_error("zip", "Write five or nine digits, such as 01101 or 01101-0001.")
        return given


class DetailsForm(AddressForm):
    """What insurers want to know of a patient that bookings do not."""

    sex = forms.ChoiceField(label="Sex on the card", choices=SEXES, required=False)
    field_order = ["sex"]


class PayerForm(DeskForm):
    """An insurer."""

    name = _text("Name", 60, needed=True)
    payer_id = _text(
        "Payer ID",
        20,
        needed=True,
        help_text="The ID for electronic claims, from your clearing house.",
    )
    kind = forms.ChoiceField(choices=Payer.Kind.choices)
    timely_filing_days = forms.IntegerField(
        label="Takes claims for, days",
        min_value=1,
        max_value=999,
        initial=90,
        help_text="From the day of the service.",
    )
    authorises = forms.ChoiceField(
        label="Authorises beforehand",
        choices=[("no", "Nothing"), ("all", "Every service"), ("codes", "These codes")],
        widget=forms.RadioSelect(),
        initial="no",
    )
    codes = CodesField(label="Codes", required=False, max_length=300)
    active = forms.BooleanField(label="In use", required=False, initial=True)

    @staticmethod
    def told(payer: Payer) -> dict[str, Any]:
        wanted = payer.rules.get("authorises", False)
        return {
            "name": payer.name,
            "payer_id": payer.payer_id,
            "kind": payer.kind,
            "timely_filing_days": payer.timely_filing_days,
            "authorises": "all" if wanted is True else "codes" if wanted else "no",
            "codes": " ".join(wanted) if isinstance(wanted, list) else "",
            "active": payer.active,
        }

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("authorises") == "codes" and not given.get("codes"):
            self.add_error("codes", "Write the codes that it authorises, such as 96365 96366.")
        return given

    def facts(self, rules: dict[str, Any]) -> dict[str, Any]:
        """The fields of Payer; other `rules` of it stay as they are."""
        given = dict(self.cleaned_data)
        codes, which = given.pop("codes"), given.pop("authorises")
        wanted = {"no": False, "all": True, "codes": codes}[which]
        return {**given, "rules": {**rules, "authorises": wanted}}


class CoverageForm(AddressForm):
    """A patient's insurance card, and who holds it."""

    payer = forms.ModelChoiceField(queryset=Payer.objects.none(), empty_label="Choose…")
    member_id = _text("Member ID", 40, needed=True, help_text="Exactly as on the card.")
    group_number = _text("Group number", 40)
    rank = forms.TypedChoiceField(label="Pays", choices=RANKS, coerce=int, initial=1)
    first = forms.DateField(label="Valid from", widget=DateInput())
    last = forms.DateField(label="Valid until", widget=DateInput(), required=False)
    signed = forms.BooleanField(
        label="The patient signed: we may bill the insurer, and it may pay us", required=False
    )
    relationship = forms.ChoiceField(
        label="The patient is",
        required=False,
        choices=[("", "the person insured")]
        + [(name, f"{name.replace('_', ' ')} of the person insured") for name in RELATIONSHIPS],
    )
    given_name = _text("Given name", 35)
    family_name = _text("Family name", 60)
    birth_date = forms.DateField(label="Birth date", widget=DateInput(), required=False)
    sex = forms.ChoiceField(label="Sex", choices=SEXES, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        given = (kwargs.get("initial") or {}).get("payer")
        own: Any = self.fields["payer"]
        own.queryset = Payer.objects.filter(Q(active=True) | Q(pk=given))
        own.label_from_instance = lambda payer: payer.name

    @staticmethod
    def told(coverage: Coverage) -> dict[str, Any]:
        plain = ("member_id", "group_number", "rank", "first", "last")
        return {
            "payer": coverage.payer_id,
            **{name: getattr(coverage, name) for name in plain},
            **coverage.holder,
        }

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("relationship"):
            for name in ("given_name", "family_name", "birth_date"):
                if not given.get(name) and name not in self.errors:
                    self.add_error(name, "Needed, as the card is somebody else’s.")
        return given

    def facts(self) -> dict[str, Any]:
        """The fields of Coverage; of a holder nothing is kept when it is the patient."""
        given = self.cleaned_data
        holder: dict[str, Any] = {"signed": given["signed"]}
        if given["relationship"]:
            born = given["birth_date"].isoformat()
            holder |= {name: given[name] for name in HOLDER} | {"birth_date": born}
            holder["relationship"] = given["relationship"]
        plain = ("payer", "member_id", "group_number", "rank", "first", "last")
        return {**{name: given[name] for name in plain}, "holder": holder}


class AuthorisationForm(DeskForm):
    """What a payer allowed beforehand."""

    number = _text("Number", 40, needed=True)
    codes = CodesField(
        label="Codes", required=False, max_length=300, help_text="Left empty, any service."
    )
    first = forms.DateField(label="Valid from", widget=DateInput())
    last = forms.DateField(label="Valid until", widget=DateInput())
    visits_allowed = forms.IntegerField(
        label="Visits", min_value=0, max_value=999, required=False, help_text="Empty: no limit."
    )
    units_allowed = forms.IntegerField(
        label="Units", min_value=0, max_value=9999, required=False, help_text="Empty: no limit."
    )

    @staticmethod
    def told(given: Authorisation) -> dict[str, Any]:
        plain = ("number", "first", "last", "visits_allowed", "units_allowed")
        return {name: getattr(given, name) for name in plain} | {"codes": " ".join(given.codes)}


class ProviderForm(DeskForm):
    """A clinician as claims name them."""

    npi = _text("NPI", 10, help_text="Ten digits.")
    taxonomy = _text("Taxonomy code", 10, help_text="Such as 2084P0800X.")
    letters = _text("Letters after the name", 40, help_text="Such as MD or LCSW.")


class FilingForm(AddressForm):
    """Who bills at a site, and who sends to whom."""

    legal_name = _text("Legal name", 60, help_text="As the tax authority has it.")
    tax_id = _text("Tax ID", 20, help_text="Such as 12-3456789.")
    npi = _text("NPI of the practice", 10)
    taxonomy = _text("Taxonomy code", 10)
    supervisor = forms.ModelChoiceField(
        label="Answers for the nurses",
        queryset=Staff.objects.none(),
        required=False,
        empty_label="Nobody yet",
        help_text="Named where no clinician was booked at a visit.",
    )
    sender_id = _text("Our ID", 15, help_text="As the clearing house gave it.")
    receiver_name = _text("Clearing house", 60)
    receiver_id = _text("Its ID", 15)
    contact = _text("Who answers questions", 60)
    phone = _text("Telephone", 20)
    is_test = forms.BooleanField(label="Mark files as a test", required=False)

    PRACTICE = ("legal_name", "tax_id", "npi")

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own: Any = self.fields["supervisor"]
        people = Staff.objects.filter(sites=site, active=True)
        clinical = [one.pk for one in people if {"prescriber", "therapist"} & set(one.roles)]
        own.queryset = Staff.objects.filter(pk__in=clinical)
        self.fields["zip"].help_text = "All nine digits: insurers ask for them."

    @staticmethod
    def told(policy: Policy | None, filing: Filing | None) -> dict[str, Any]:
        found: dict[str, Any] = {"is_test": True}
        if policy:
            found |= {name: getattr(policy, name) for name in FilingForm.PRACTICE}
        if filing:
            kept = (*ADDRESS, "taxonomy", "sender_id", "receiver_name", "receiver_id", "contact")
            found |= {name: getattr(filing, name) for name in (*kept, "phone", "is_test")}
            found["supervisor"] = filing.supervisor_id
        return found

    def facts(self) -> tuple[dict[str, str], dict[str, Any]]:
        """What the policy keeps, and what is of filing."""
        given = dict(self.cleaned_data)
        practice = {name: given.pop(name) for name in self.PRACTICE}
        return practice, given


class AmendForm(DeskForm):
    """Diagnoses of a claim's services."""

    diagnoses = forms.CharField(
        max_length=120,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text="ICD-10-CM with the dot, the main one first: F33.2 F10.20",
    )

    def codes(self) -> list[str]:
        return [one for one in re.split(r"[\s,;]+", self.cleaned_data["diagnoses"]) if one]


class PaidForm(DeskForm):
    """What a payer paid and took off."""

    paid_cents = DollarsField(label="Paid by the insurer")
    adjusted_cents = DollarsField(label="Taken off by contract", required=False)
    method = forms.ChoiceField(choices=[("check", "Check or transfer"), ("card", "Virtual card")])
    reference = _text("Number of the check or transfer", 80, needed=True)
    on = forms.DateField(label="Received on", widget=DateInput())


class ReasonForm(DeskForm):
    """Why, in words."""

    reason = _text("Reason", 200, needed=True)


class ReopenForm(DeskForm):
    """How a claim is taken up again."""

    payer_number = _text(
        "The payer’s number of it",
        50,
        help_text="With it, the claim goes out as a replacement; without, as a new one.",
    )
