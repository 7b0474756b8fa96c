"""Insurance: who pays, what they allowed, and what was claimed."""

from django.db import models
from django.db.models import Q

from clinic.models import Patient, Site


class Payer(models.Model):
    """An insurer. `rules` are its own ways of coding: {"j0013_from": "2026-03-01", ...}."""

    class Kind(models.TextChoices):
        COMMERCIAL = "commercial"
        MEDICARE = "medicare"
        MEDICAID = "medicaid"
        OTHER = "other"

    name = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.COMMERCIAL)
    payer_id = models.CharField(max_length=20)
    timely_filing_days = models.PositiveSmallIntegerField(default=90)
    rules = models.JSONField(default=dict, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]


class Coverage(models.Model):
    """A patient's insurance with a payer; the insured is another person where `holder` says so."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="coverages")
    payer = models.ForeignKey(Payer, models.PROTECT, related_name="coverages")
    member_id = models.CharField(max_length=40)
    group_number = models.CharField(max_length=40, blank=True)
    holder = models.JSONField(default=dict, blank=True)
    rank = models.PositiveSmallIntegerField(default=1)
    first = models.DateField()
    last = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["patient", "rank", "-first"]


class Authorisation(models.Model):
    """What a payer allowed beforehand. Empty `codes`: any; None: no limit."""

    coverage = models.ForeignKey(Coverage, models.PROTECT, related_name="authorisations")
    number = models.CharField(max_length=40)
    codes = models.JSONField(default=list, blank=True)
    visits_allowed = models.PositiveSmallIntegerField(null=True, blank=True)
    units_allowed = models.PositiveSmallIntegerField(null=True, blank=True)
    first = models.DateField()
    last = models.DateField()

    class Meta:
        ordering = ["first"]


class Claim(models.Model):
    """One claim to a payer. `facts` is what the file is written from, `problems` what is wrong."""

    class State(models.TextChoices):
        DRAFT = "draft"
        READY = "ready"
        SENT = "sent"
        PAID = "paid"
        DENIED = "denied"
        VOID = "void"

    coverage = models.ForeignKey(Coverage, models.PROTECT, related_name="claims")
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="claims_made")
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    state = models.CharField(max_length=6, choices=State, default=State.DRAFT)
    control = models.CharField(max_length=20, unique=True)
    on = models.DateField()
    cents = models.PositiveBigIntegerField()
    facts = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(cents__gt=0), name="a_claim_asks_for_something")
        ]
