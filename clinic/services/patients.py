"""Add and correct patients: the only writer of them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, TypedDict, Unpack

import phonenumbers
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.forms.models import model_to_dict

from clinic import journal
from clinic.finding import search_key
from clinic.journal import Actor
from clinic.models import Patient, Resource, Site
from clinic.transactions import durable

OLDEST_YEARS = 120


class PatientFacts(TypedDict, total=False):
    """What can be said of a patient; the fields of Patient."""

    given_name: str
    family_name: str
    birth_date: date
    mrn: str
    phone: str
    email: str
    acuity: int
    home_site: Site | None
    preferences: dict[str, Any]
    notes: str
    escort_name: str
    escort_phone: str
    no_email: bool
    no_text: bool
    no_call: bool


class MrnTaken(Exception):
    """Another patient has this medical record number."""

    def __init__(self, mrn: str) -> None:
        super().__init__(f"Another patient has the MRN {mrn}.")
        self.mrn = mrn


@durable
def create_patient(*, actor: Actor, now: datetime, **facts: Unpack[PatientFacts]) -> Patient:
    """Add a patient; without an MRN one is made.

    MrnTaken; django's ValidationError with a message for each field that is wrong.
    """
    patient = Patient(resource=Resource.objects.create(kind=Resource.Kind.PATIENT))
    for field, value in facts.items():
        setattr(patient, field, value)
    patient.mrn = patient.mrn.strip() or _fresh_mrn(patient.pk)
    patient.created_at = now
    _check_and_save(patient, now)
    journal.record(
        actor=actor,
        now=now,
        action="patient.added",
        subject=f"patient:{patient.pk}",
        site=patient.home_site,
        after=journal.changes({}, facts_of(patient))[1],
    )
    return patient


@durable
def update_patient(
    *,
    patient: int,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
    **changes: Unpack[PatientFacts],
) -> Patient:
    """Correct what is given, leave the rest; booked visits keep the attention of the old acuity.

    Errors as in create_patient, Patient.DoesNotExist, ChangedMeanwhile (`seen`). For `acuity` see
    `scheduling.services.attention`.
    """
    return write_patient(patient=patient, changes=changes, actor=actor, now=now, seen=seen)


def write_patient(
    *,
    patient: int,
    changes: PatientFacts,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
) -> Patient:
    """`update_patient` inside a transaction that is open."""
    row = Patient.objects.select_for_update(of=("self",)).get(pk=patient)
    journal.unchanged_since(seen, f"patient:{patient}")
    before = facts_of(row)
    for field, value in changes.items():
        setattr(row, field, value)
    row.mrn = row.mrn.strip() or before["mrn"]
    was, became = journal.changes(before, facts_of(row))
    if not became:
        return row
    _check_and_save(row, now)
    was, became = journal.changes(before, facts_of(row))
    journal.record(
        actor=actor,
        now=now,
        action="patient.corrected",
        subject=f"patient:{row.pk}",
        site=row.home_site,
        before=was,
        after=became,
    )
    return row


def international(number: str, country: str) -> str:
    """E.164 where it is a telephone number as dialled in `country`; else as it was typed."""
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return number.strip()
    if not phonenumbers.is_possible_number(parsed) or parsed.extension:
        return number.strip()
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def tidy(patient: Patient, *, country: str, today: date, now: datetime) -> dict[str, Any]:
    """Put what is said of a patient in order, and tell by field what is wrong with it."""
    patient.given_name = patient.given_name.strip()
    patient.family_name = patient.family_name.strip()
    patient.phone = international(patient.phone, country)
    patient.escort_phone = international(patient.escort_phone, country)
    patient.search_key = search_key(
        given_name=patient.given_name, family_name=patient.family_name, mrn=patient.mrn
    )
    patient.updated_at = now
    wrong: dict[str, Any] = {}
    try:
        patient.full_clean(exclude=["resource", "home_site", "search_key"], validate_unique=False)
    except ValidationError as error:
        wrong = error.message_dict
    if "birth_date" not in wrong and (message := _unlikely(patient.birth_date, today)):
        wrong["birth_date"] = [message]
    return wrong


def latest_today(now: datetime) -> date:
    """The date where it is latest of all sites."""
    sites = Site.objects.all()
    return max((now.astimezone(site.zone).date() for site in sites), default=now.date())


def _check_and_save(patient: Patient, now: datetime) -> None:
    country = _country(patient)
    if wrong := tidy(patient, country=country, today=latest_today(now), now=now):
        raise ValidationError(wrong)
    if Patient.objects.filter(mrn=patient.mrn).exclude(pk=patient.pk).exists():
        raise MrnTaken(patient.mrn)
    try:
        with transaction.atomic():
            patient.save()
    except IntegrityError as error:
        raise MrnTaken(patient.mrn) from error


def _unlikely(born: date, today: date) -> str | None:
    if born > today:
        return "A birth date cannot be in the future."
    if born.year < today.year - OLDEST_YEARS:
        return f"A birth date cannot be more than {OLDEST_YEARS} years ago."
    return None


def _country(patient: Patient) -> str:
    site = patient.home_site or Site.objects.order_by("pk").first()
    return site.country if site else "US"


def _fresh_mrn(number: int) -> str:
    mrn = f"C{number:06d}"
    while Patient.objects.filter(mrn=mrn).exists():
        mrn += "X"
    return mrn


def facts_of(patient: Patient) -> dict[str, Any]:
    """JSON-ready, as the journal keeps it."""
    facts = model_to_dict(patient, exclude=["resource", "created_at", "updated_at"])
    return {key: str(value) if isinstance(value, date) else value for key, value in facts.items()}
