"""The ledger: double entry by its shape, in integer cents, never altered.

Each posting names the account it debits and the one it credits, so that no posting can be out of
balance. Entries and postings are kept as written by triggers; a mistake is taken back by an entry
that reverses it. Balances are sums.
"""

from django.db import models
from django.db.models import F, Q

from clinic.models import Patient, Site
from scheduling.models import Series


class Account(models.Model):
    """What is told of a patient's money; its row is the lock for every entry of theirs.

    `scale_percent` is what they pay of a price, by a sliding scale: 100 is all of it.
    """

    patient = models.OneToOneField(
        Patient, models.PROTECT, primary_key=True, related_name="account"
    )
    scale_percent = models.PositiveSmallIntegerField(default=100)
    scale_reason = models.CharField(max_length=200, blank=True)
    processor_customer = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(scale_percent__lte=100), name="scale_is_a_share")
        ]


class Prepaid(models.Model):
    """Money that is not earned yet: a package or a deposit. What is left is never below nothing.

    `covers` maps a kind of step (or a step's key) to how many visits the package has of it, `drawn`
    to how many were delivered. `cents` is its whole price, `paid_cents` what came in for it,
    `left_cents` what of that is neither earned nor given back. `sale_key` makes a sale happen once.
    """

    class Kind(models.TextChoices):
        PACKAGE = "package"
        DEPOSIT = "deposit"

    class State(models.TextChoices):
        OPEN = "open"
        USED = "used"
        ENDED = "ended"

    kind = models.CharField(max_length=7, choices=Kind)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="prepaid")
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    series = models.ForeignKey(Series, models.PROTECT, null=True, related_name="prepaid")
    offer = models.ForeignKey("PackageOffer", models.PROTECT, null=True, related_name="sold")
    name = models.CharField(max_length=120)
    covers = models.JSONField(default=dict)
    drawn = models.JSONField(default=dict)
    cents = models.PositiveBigIntegerField()
    paid_cents = models.PositiveBigIntegerField(default=0)
    left_cents = models.PositiveBigIntegerField(default=0)
    visits = models.PositiveSmallIntegerField(default=0)
    visits_drawn = models.PositiveSmallIntegerField(default=0)
    instalments = models.JSONField(default=list)
    state = models.CharField(max_length=5, choices=State, default=State.OPEN)
    sold_at = models.DateTimeField()
    sale_key = models.CharField(max_length=120, null=True, unique=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(left_cents__gte=0), name="unearned_never_negative"),
            models.CheckConstraint(
                condition=Q(left_cents__lte=F("paid_cents")), name="left_of_what_was_paid"
            ),
            models.CheckConstraint(
                condition=Q(visits_drawn__lte=F("visits")), name="package_never_overdrawn"
            ),
        ]


class Entry(models.Model):
    """One thing that happened to money. `key` makes it happen once; `on` is the site's date."""

    class Kind(models.TextChoices):
        CHARGE = "charge"
        FEE = "fee"
        DISCOUNT = "discount"
        PAYMENT = "payment"
        PREPAYMENT = "prepayment"
        DRAW = "draw"
        REFUND = "refund"
        WRITE_OFF = "write_off"
        TRANSFER = "transfer"
        REVERSAL = "reversal"

    kind = models.CharField(max_length=10, choices=Kind)
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="entries")
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    on = models.DateField()
    at = models.DateTimeField()
    memo = models.CharField(max_length=200)
    by = models.CharField(max_length=150)
    key = models.CharField(max_length=120, null=True, unique=True)
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversed_by")

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "entries"
        indexes = [models.Index(fields=["site", "on"], name="entry_of_a_day")]


class Posting(models.Model):
    """Cents that leave one account for another within an entry."""

    class Of(models.TextChoices):
        """The accounts: what the clinic has, what it owes, and what it earned."""

        RECEIVABLE = "receivable"
        CASH = "cash"
        CARD = "card"
        CHECK = "check"
        UNEARNED = "unearned"
        REVENUE = "revenue"
        FEES = "fees"
        DISCOUNTS = "discounts"
        WRITE_OFFS = "write_offs"

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="postings")
    debit = models.CharField(max_length=10, choices=Of)
    credit = models.CharField(max_length=10, choices=Of)
    cents = models.PositiveBigIntegerField()
    prepaid = models.ForeignKey(Prepaid, models.PROTECT, null=True, related_name="postings")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(cents__gt=0), name="a_posting_moves_something"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="a_posting_moves_it"),
        ]
