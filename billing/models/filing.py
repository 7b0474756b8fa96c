"""What claims need beside charges and coverages: addresses, numbers, files, and payers' answers."""

from django.db import models
from django.db.models import F, Q

from billing.models.care import Charge
from billing.models.insurance import Claim
from billing.models.ledger import Entry
from clinic.models import Patient, Site, Staff


class Postal(models.Model):
    """A street address. `state` has two letters, `zip` five or nine digits."""

    line = models.CharField(max_length=55, blank=True)
    line2 = models.CharField(max_length=55, blank=True)
    city = models.CharField(max_length=30, blank=True)
    state = models.CharField(max_length=2, blank=True)
    zip = models.CharField(max_length=10, blank=True)

    class Meta:
        abstract = True


class PatientDetails(Postal):
    """What an insurer wants to know of a patient that a booking does not. `sex` is F, M or U."""

    patient = models.OneToOneField(
        Patient, models.CASCADE, primary_key=True, related_name="details"
    )
    sex = models.CharField(max_length=1, blank=True)

    class Meta:
        verbose_name_plural = "patient details"


class ProviderNumber(models.Model):
    """A clinician as claims and superbills name them; `letters` follow the name, as in LCSW."""

    staff = models.OneToOneField(Staff, models.CASCADE, primary_key=True, related_name="numbers")
    npi = models.CharField(max_length=10, blank=True)
    taxonomy = models.CharField(max_length=10, blank=True)
    letters = models.CharField(max_length=40, blank=True)


class Filing(Postal):
    """How a site files claims: its street, who sends to whom, and who answers for its nurses.

    The practice's legal name, tax ID and NPI are in the site's Policy. `supervisor` is the
    clinician of services at which no clinician was booked.
    """

    site = models.OneToOneField(Site, models.CASCADE, primary_key=True, related_name="filing")
    taxonomy = models.CharField(max_length=10, blank=True)
    sender_id = models.CharField(max_length=15, blank=True)
    receiver_name = models.CharField(max_length=60, blank=True)
    receiver_id = models.CharField(max_length=15, blank=True)
    contact = models.CharField(max_length=60, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    supervisor = models.ForeignKey(Staff, models.SET_NULL, null=True, related_name="+")
    is_test = models.BooleanField(default=True)


class ClaimedCharge(models.Model):
    """A charge in a claim. It is in one that stands at most; `live` ends when a claim is voided."""

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="claimed")
    charge = models.ForeignKey(Charge, models.PROTECT, related_name="claimed")
    live = models.BooleanField(default=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["charge"], condition=Q(live=True), name="a_charge_is_claimed_once"
            )
        ]


class ClaimBatch(models.Model):
    """A file of claims as it was written. Its interchange number is never given out again."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="claim_batches")
    on = models.DateField()
    number = models.PositiveSmallIntegerField()
    interchange = models.PositiveIntegerField(unique=True)
    claims = models.ManyToManyField(Claim, related_name="batches")
    count = models.PositiveIntegerField()
    cents = models.PositiveBigIntegerField()
    text = models.TextField()
    is_test = models.BooleanField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=150)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "claim batches"
        constraints = [
            models.UniqueConstraint(fields=["site", "on", "number"], name="one_batch_a_number")
        ]


class ClaimAnswer(models.Model):
    """What a payer said to a claim: paid (so much, so much less by contract), or denied.

    What is neither paid nor taken off is the patient's. `back_on` is the site date from which
    it counts no more: it was entered by mistake, or the claim was corrected and sent again.
    """

    class Kind(models.TextChoices):
        PAID = "paid"
        DENIED = "denied"

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="answers")
    kind = models.CharField(max_length=6, choices=Kind)
    paid_cents = models.PositiveBigIntegerField(default=0)
    adjusted_cents = models.PositiveBigIntegerField(default=0)
    patient_cents = models.PositiveBigIntegerField(default=0)
    method = models.CharField(max_length=5, blank=True)
    reference = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    payment = models.OneToOneField(Entry, models.PROTECT, null=True, related_name="+")
    discount = models.OneToOneField(Entry, models.PROTECT, null=True, related_name="+")
    on = models.DateField()
    back_on = models.DateField(null=True)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["claim"], condition=Q(back_on=None), name="one_answer_stands_a_claim"
            ),
            models.CheckConstraint(
                condition=Q(back_on=None) | Q(back_on__gte=F("on")),
                name="answers_are_taken_back_after",
            ),
        ]


class ControlNumber(models.Model):
    """The last number given out of a kind; its row is the lock for giving out the next."""

    kind = models.CharField(max_length=12, primary_key=True)
    last = models.PositiveIntegerField(default=0)
