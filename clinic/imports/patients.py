"""Rows of patients against the patients that are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet

from clinic.finding import fold
from clinic.imports.fields import PATIENTS
from clinic.imports.outcome import Change, Found, Line, Outcome, Plan, lines
from clinic.imports.table import Table
from clinic.models import Patient
from clinic.services.patients import OLDEST_YEARS, international

Who = tuple[str, str, date]
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Known:
    """Patients that a file may be about: by MRN, by name and birth date; MRNs of all others."""

    by_mrn: dict[str, Patient]
    by_person: dict[Who, list[Patient]]
    taken: frozenset[str]


def check(
    table: Table,
    plan: Plan,
    *,
    among: QuerySet[Patient],
    homes: Container[int],
    country: str,
    today: date,
) -> Outcome:
    """What the file would do to the patients of `among`: a handful of queries a thousand rows.

    Those at home at none of `homes` are known, and may not be changed.
    """
    read = list(lines(table, plan, PATIENTS))
    known = _known(read, among)
    outcome = Outcome()
    first_of: dict[object, int] = {}
    for line in read:
        _check_birth(line, today)
        found = None if line.faults else _match(line, known, homes, country)
        if found is not None and (other := _twice(line, found, first_of)):
            line.fault("mrn" if "mrn" in line.values else "family_name", other)
        outcome.faults += line.faults
        if found is not None and not line.faults:
            outcome.found.append(found)
    return outcome


def _check_birth(line: Line, today: date) -> None:
    born = line.values.get("birth_date")
    if born is None:
        return
    if born > today:
        line.fault("birth_date", "A birth date cannot be in the future.")
    elif born.year < today.year - OLDEST_YEARS:
        line.fault("birth_date", f"It is more than {OLDEST_YEARS} years ago.")


def _match(line: Line, known: Known, homes: Container[int], country: str) -> Found | None:
    """The row as something to do, or None with its fault told."""
    values = line.values
    mrn, who = values.get("mrn", ""), _who(values)
    patient = known.by_mrn.get(mrn) if mrn else None
    if mrn and patient is None and mrn in known.taken:
        line.fault("mrn", "Another patient has this MRN.")
        return None
    if patient is not None and (fold(patient.family_name), patient.birth_date) != who[1:]:
        line.fault("mrn", "The patient of this MRN has another family name and birth date.")
        return None
    if patient is None and not mrn:
        alike = known.by_person.get(who, [])
        if len(alike) > 1:
            line.fault("family_name", "Two patients have this name and birth date. Give the MRN.")
            return None
        patient = alike[0] if alike else None
    if patient is None:
        return Found(line.row, Change.NEW, values)
    differing = _differing(patient, values, country)
    if differing and patient.home_site_id and patient.home_site_id not in homes:
        line.fault("family_name", "This patient’s home is another site; it is changed there.")
        return None
    if "acuity" in differing:
        line.fault(
            "acuity",
            f"It is {patient.acuity} here. Change it on the patient’s page, where the visits "
            "booked are staffed anew.",
        )
        return None
    change = Change.CHANGED if differing else Change.UNCHANGED
    return Found(line.row, change, differing, patient.pk)


def _differing(patient: Patient, values: dict[str, Any], country: str) -> dict[str, Any]:
    """What the row says otherwise than the patient has it; an empty cell says nothing."""
    differing = {}
    for name, value in values.items():
        kept = international(value, country) if name in ("phone", "escort_phone") else value
        if kept != getattr(patient, name):
            differing[name] = value
    return differing


def _twice(line: Line, found: Found, first_of: dict[object, int]) -> str:
    """Whether an earlier row is about the same person, by MRN, or by name and birth date."""
    keys: list[object] = [found.known] if found.known else []
    keys += [line.values["mrn"]] if "mrn" in line.values else [_who(line.values)]
    for key in keys:
        row = first_of.setdefault(key, line.row)
        if row != line.row:
            return f"Row {row} is about the same person."
    return ""


def _who(values: dict[str, Any]) -> Who:
    return (
        fold(str(values["given_name"])),
        fold(str(values["family_name"])),
        values["birth_date"],
    )


def _known(read: Iterable[Line], among: QuerySet[Patient]) -> Known:
    mrns = {line.values["mrn"] for line in read if "mrn" in line.values}
    births = {line.values["birth_date"] for line in read if "birth_date" in line.values}
    by_mrn = {patient.mrn: patient for patient in _where(among, "mrn", mrns)}
    by_person: dict[Who, list[Patient]] = defaultdict(list)
    for patient in _where(among, "birth_date", births):
        who = (fold(patient.given_name), fold(patient.family_name), patient.birth_date)
        by_person[who].append(patient)
    everybody = _where(Patient.objects.only("mrn"), "mrn", mrns - set(by_mrn))
    return Known(by_mrn, by_person, frozenset(patient.mrn for patient in everybody))


def _where(among: QuerySet[Patient], field: str, values: set[Any]) -> Iterator[Patient]:
    ordered = sorted(values)
    for start in range(0, len(ordered), AT_ONCE):
        yield from among.filter(**{f"{field}__in": ordered[start : start + AT_ONCE]})
