"""Charges: what a visit that was delivered comes to, each with its reason."""

from django.db import models
from django.db.models import Q

from clinic.models import Patient, Site
from scheduling.models import Appointment


class Charge(models.Model):
    """One code of one visit (or a fee). Proposed by the coding rules, approved by a person.

    `cents` is for all units, after the price list and before discounts. `prepaid` is the package
    that pays for it, `coverage` the insurance it is claimed from; neither: the patient.
    `entry` is set once it is in the ledger. A fee is never claimed from an insurance.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed"
        APPROVED = "approved"
        BILLED = "billed"
        VOID = "void"

    class Kind(models.TextChoices):
        SERVICE = "service"
        FEE = "fee"

    kind = models.CharField(max_length=7, choices=Kind, default=Kind.SERVICE)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="charges")
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, models.PROTECT, null=True, related_name="charges")
    position = models.PositiveSmallIntegerField(default=0)
    on = models.DateField()
    code = models.CharField(max_length=10)
    what = models.CharField(max_length=200)
    units = models.PositiveSmallIntegerField(default=1)
    modifiers = models.JSONField(default=list)
    diagnoses = models.JSONField(default=list)
    cents = models.PositiveBigIntegerField()
    reason = models.CharField(max_length=500)
    flags = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=State, default=State.PROPOSED)
    prepaid = models.ForeignKey("Prepaid", models.PROTECT, null=True, related_name="charges")
    coverage = models.ForeignKey("Coverage", models.PROTECT, null=True, related_name="charges")
    entry = models.ForeignKey("Entry", models.PROTECT, null=True, related_name="charges")
    document = models.ForeignKey("Document", models.PROTECT, null=True, related_name="charges")
    waived = models.CharField(max_length=200, blank=True)
    reviewed_by = models.CharField(max_length=150, blank=True)
    reviewed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["on", "appointment_id", "position", "id"]
        indexes = [models.Index(fields=["site", "state", "on"], name="charge_to_review")]
        constraints = [
            models.UniqueConstraint(
                fields=["appointment", "kind", "code", "position"],
                condition=~Q(state="void"),
                name="one_live_charge_a_code_of_a_visit",
            ),
            models.CheckConstraint(
                condition=Q(kind="service") | Q(coverage=None), name="fees_are_never_claimed"
            ),
        ]
