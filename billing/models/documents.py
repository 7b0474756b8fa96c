"""Documents with numbers that have no gaps; each can be drawn again byte for byte."""

from django.db import models
from django.db.models import Q

from clinic.models import Patient, Site


class Numbering(models.Model):
    """The next number of a kind of document at a site; its row is the lock for giving it out."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10)
    next = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "kind"], name="one_numbering_a_kind")
        ]


class Document(models.Model):
    """What was handed out. `facts` is all that it is drawn from, `sha256` what was drawn then."""

    class Kind(models.TextChoices):
        INVOICE = "invoice"
        STATEMENT = "statement"
        RECEIPT = "receipt"
        SUPERBILL = "superbill"
        ESTIMATE = "estimate"
        CREDIT = "credit"

    kind = models.CharField(max_length=10, choices=Kind)
    number = models.PositiveIntegerField()
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="documents")
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    on = models.DateField()
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=150)
    cents = models.BigIntegerField(default=0)
    facts = models.JSONField()
    sha256 = models.CharField(max_length=64)
    corrects = models.ForeignKey("self", models.PROTECT, null=True, related_name="corrected_by")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "kind", "number"], name="one_document_a_number"
            ),
            models.CheckConstraint(condition=Q(number__gt=0), name="numbers_begin_at_one"),
        ]
