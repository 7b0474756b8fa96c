"""Payments by cash, card and check, and by a card processor that tells us what became of one."""

from django.db import models
from django.db.models import F, Q

from clinic.models import Patient, Site


class Payment(models.Model):
    """Money that came in, or is on its way. `key` makes a payment happen once.

    `intent` is the processor's PaymentIntent. `prepaid` is set when it pays for a package or a
    deposit. `refunded_cents` is what went back of it, never more than it was.
    """

    class Method(models.TextChoices):
        CASH = "cash"
        CARD = "card"
        CHECK = "check"
        PROCESSOR = "processor"

    class State(models.TextChoices):
        PENDING = "pending"
        RECEIVED = "received"
        FAILED = "failed"

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="payments")
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    method = models.CharField(max_length=9, choices=Method)
    state = models.CharField(max_length=8, choices=State)
    cents = models.PositiveBigIntegerField()
    refunded_cents = models.PositiveBigIntegerField(default=0)
    reference = models.CharField(max_length=80, blank=True)
    intent = models.CharField(max_length=80, null=True, unique=True)
    link_hash = models.CharField(max_length=64, null=True, unique=True)
    key = models.CharField(max_length=120, unique=True)
    prepaid = models.ForeignKey("Prepaid", models.PROTECT, null=True, related_name="payments")
    entry = models.OneToOneField("Entry", models.PROTECT, null=True, related_name="payment")
    problem = models.CharField(max_length=200, blank=True)
    by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    received_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(cents__gt=0), name="a_payment_is_something"),
            models.CheckConstraint(
                condition=Q(refunded_cents__lte=F("cents")), name="never_more_back_than_came"
            ),
        ]


class Refund(models.Model):
    """Money given back of a payment."""

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        FAILED = "failed"

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds")
    cents = models.PositiveBigIntegerField()
    state = models.CharField(max_length=7, choices=State)
    reason = models.CharField(max_length=200)
    reference = models.CharField(max_length=80, null=True, unique=True)
    key = models.CharField(max_length=120, unique=True)
    prepaid = models.ForeignKey("Prepaid", models.PROTECT, null=True, related_name="refunds")
    entry = models.OneToOneField("Entry", models.PROTECT, null=True, related_name="refund")
    by = models.CharField(max_length=150)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]


class PaymentEvent(models.Model):
    """An event of the processor, by its own id: what was handled once is not handled again."""

    event = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    received_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
