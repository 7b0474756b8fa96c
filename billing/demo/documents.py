"""Estimates, invoices and superbills of the invented clinic. Prices and charges are there before.

The same rows make the same documents: nothing here is drawn by lot.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from billing.checks import is_npi
from billing.errors import MoneyRefused
from billing.models import Estimate, Policy, ProviderNumber
from billing.services.documents import issue_estimate, issue_statement, issue_superbill
from billing.services.estimating import refresh_estimate
from billing.services.invoicing import issue_invoice, to_invoice
from clinic.journal import Actor
from clinic.models import Patient, Site, Staff
from clinic.transactions import writing
from scheduling.models import Appointment, Series

ACTOR = Actor(name="load_demo", door="command")
ESTIMATED, LATE, WAITING, INVOICED, INSURERS = 12, 2, 4, 6, 2
"""Series that have an estimate, of those overdue and due; invoices; superbills: for each site."""
LATELY = timedelta(days=60)
FOOTER = "Questions about this paper? Call us on any weekday. All of this is invented."


def fill(*, now: datetime) -> None:
    """Issue a few documents of each kind at every site."""
    _name_everybody()
    for site in Site.objects.order_by("pk"):
        _estimate(site, now)
        _invoice(site, now)


def _name_everybody() -> None:
    """What papers say of the clinic and its clinicians, where nothing is written yet."""
    with writing():
        for site in Site.objects.order_by("pk"):
            policy, _ = Policy.objects.get_or_create(site=site)
            policy.legal_name = policy.legal_name or f"{site.name} (invented)"
            policy.tax_id = policy.tax_id or "00-0000000"
            policy.npi = policy.npi or _npi(900 + site.pk)
            policy.footer = policy.footer or FOOTER
            policy.save()
        for one in Staff.objects.filter(numbers=None).order_by("pk"):
            if {"prescriber", "therapist"} & set(one.roles):
                ProviderNumber.objects.create(staff=one, npi=_npi(one.pk))


def _estimate(site: Site, now: datetime) -> None:
    """The newest series get an estimate; the last few still wait, two of them too long."""
    ahead = Appointment.objects.filter(site=site, starts_at__gt=now).values("series")
    newest = Series.objects.filter(site=site, pk__in=ahead, created_at__lte=now)
    made = [
        found
        for series in newest.order_by("-created_at", "-pk")[:ESTIMATED]
        if (found := refresh_estimate(series=series.pk, now=now))
        and found.state == Estimate.State.DUE
    ]
    today = now.astimezone(site.zone).date()
    late = [one for one in made if one.due_on and one.due_on < today]
    soon = [one for one in made if one.due_on and one.due_on >= today]
    for one in [*late[LATE:], *soon[WAITING:]]:
        try:
            issue_estimate(estimate=one.pk, actor=ACTOR, now=now)
        except MoneyRefused:
            continue  # A price is lacking: it stays on the worklist, and says so.


def _invoice(site: Site, now: datetime) -> None:
    """Invoices of what was approved, and for the first of those patients papers for insurers."""
    today = now.astimezone(site.zone).date()
    waiting = [
        patient
        for patient in Patient.objects.filter(charges__site=site).distinct().order_by("pk")
        if to_invoice(patient, site).exists()
    ]
    for number, patient in enumerate(waiting[:INVOICED]):
        issue_invoice(patient=patient, site=site, actor=ACTOR, now=now)
        if number >= INSURERS:
            continue
        span = {"first": today - LATELY, "last": today}
        issue_statement(patient=patient, site=site, **span, actor=ACTOR, now=now)
        try:
            issue_superbill(patient=patient, site=site, **span, actor=ACTOR, now=now)
        except MoneyRefused:
            continue  # Something an insurer asks for is not known of these visits.


def _npi(seed: int) -> str:
    """An invented number with a right check digit."""
    stem = f"1{seed % 100_000_000:08}"
    return next(stem + str(digit) for digit in range(10) if is_npi(stem + str(digit)))
