"""Gates as the desk shows them: what is open, what is so, and what can be said of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms

from api.desk.forms import DateInput, DeskForm
from api.desk.frame import Asked
from api.permissions import may
from scheduling.models import Appointment
from scheduling.models.series import AHEAD
from scheduling.planner.gates import OBSERVED, Gate, Stands
from scheduling.planner.progress import UNDER_WAY
from scheduling.selectors.gates import gates_of

TESTS = ("breath_test", "pregnancy_test", "urine_screen")
ASKED = {
    "consent": "Signed and in date?",
    "estimate": "Given to the patient?",
    "form": "Complete?",
    "fasting": "Nothing by mouth since then?",
    "alcohol_free": "Nothing to drink since then?",
    "baseline": "Vitals and alertness as before?",
    "escorted": "Here to take them home?",
}
PLAIN = ("fasting", "alcohol_free", "baseline", "escorted", "estimate")
"""Kinds that one tap answers."""
MAY_NOT_APPLY = ("pregnancy_test", "form", "estimate", "escort")


@dataclass(frozen=True, slots=True)
class Shown:
    """A gate in the sheet. `tone` and `icon` tell how it stands, `plain` that one tap answers."""

    key: str
    name: str
    note: str
    why: str
    open: bool
    tone: str
    icon: str
    plain: bool
    clock: bool
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Group:
    """The gates of one moment."""

    title: str
    gates: tuple[Shown, ...]

    @property
    def open(self) -> int:
        return sum(gate.open for gate in self.gates)


def groups_of(visit: Appointment, now: datetime) -> list[Group]:
    """Before preparation until it has begun, before discharge from then on; three queries."""
    standing = gates_of(visit, now=now)
    begun = visit.status in UNDER_WAY and visit.status != "arrived"
    over = visit.status not in (*AHEAD, *UNDER_WAY)
    found = []
    for moment, title in (("prep", "Before preparation"), ("discharge", "Before discharge")):
        of = tuple(_shown(one, visit) for one in standing if one.gate.moment == moment)
        if of and (over or begun or moment == "prep"):
            found.append(Group(title, of))
    return found[::-1] if begun else found


def _shown(one: Stands, visit: Appointment) -> Shown:
    outcome = one.answer.outcome if one.answer else ""
    if not one.open:
        tone, icon = (
            ("warn", "triangle-alert") if outcome == "overridden" else ("good", "circle-check")
        )
    else:
        tone, icon = ("bad", "circle-x") if outcome else ("", "circle-dot")
    zone = visit.site.zone
    return Shown(
        key=one.gate.key,
        name=one.gate.name,
        note="" if one.gate.kind == "form" else one.gate.note,
        why=one.why,
        open=one.open,
        tone=tone,
        icon=icon,
        plain=one.gate.kind in PLAIN,
        clock=one.gate.kind == OBSERVED,
        by=one.answer.by if one.answer else "",
        at=one.answer.at.astimezone(zone) if one.answer and one.answer.at else None,
    )


class GateForm(DeskForm):
    """What there is to say of one gate: only the fields that its kind has."""

    systolic = forms.IntegerField(
        label="Systolic", widget=forms.TextInput({"inputmode": "numeric"})
    )
    diastolic = forms.IntegerField(
        label="Diastolic", widget=forms.TextInput({"inputmode": "numeric"})
    )
    outcome = forms.ChoiceField(widget=forms.RadioSelect())
    name = forms.CharField(label="Who takes them home", max_length=100, required=False)
    phone = forms.CharField(
        label="Telephone", max_length=40, required=False, widget=forms.TextInput({"type": "tel"})
    )
    on = forms.DateField(label="On", widget=DateInput(), required=False)
    until = forms.DateField(
        label="In date until", widget=DateInput(), required=False, help_text="Left empty: for good."
    )
    reason = forms.CharField(
        label="In a word",
        max_length=200,
        required=False,
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, gate: Gate, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = gate.kind
        gone = set()
        if kind == "blood_pressure":
            gone |= {"outcome", "on"}
        else:
            gone |= {"systolic", "diastolic"}
            outcome: Any = self.fields["outcome"]
            outcome.label = ASKED.get(kind, "The result")
            met, unmet = ("Negative", "Positive") if kind in TESTS else ("Yes", "No")
            outcome.choices = [("met", met), ("unmet", unmet)]
            if kind in MAY_NOT_APPLY:
                outcome.choices += [("not_applicable", "Does not apply")]
        if kind != "escort":
            gone |= {"name", "phone"}
        if kind not in ("consent", "form"):
            gone.add("until")
        if kind not in ("consent", "form", "pregnancy_test", "estimate"):
            gone.add("on")
        for field in gone:
            del self.fields[field]


class OverrideForm(DeskForm):
    """Going on all the same, and why."""

    reason = forms.CharField(
        label="Why it is right to go on",
        max_length=200,
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text="It is kept in the journal with your name.",
    )


def context_of(request: Asked, visit: Appointment, now: datetime) -> dict[str, Any]:
    """What the section of gates is drawn with; nothing for who does not see care."""
    user = request.user
    open_still = visit.status in (*AHEAD, *UNDER_WAY)
    return {
        "gate_groups": groups_of(visit, now) if may(user, "see_care", visit.site) else [],
        "may_check": open_still and may(user, "record_gates", visit.site),
        "may_override": open_still and may(user, "override_rules", visit.site),
    }
