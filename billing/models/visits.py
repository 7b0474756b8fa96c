"""What billing knows of a visit beyond the book: answers, corrected times, what came of it."""

from django.db import models
from django.db.models import Q

from billing.models.ledger import Entry, Prepaid
from scheduling.models import Appointment, Protocol, Series


class Capture(models.Model):
    """A visit as billing sees it; `captured_at` is empty until charges were proposed.

    `answers` are what people said of it ({"em": "99214", "scales": 2, "route": "iv", ...}: fields
    of `billing.coding.Done`), `times` corrected phases ({"infuse": [start, stop or none]}).
    `lines` are the codes last proposed ({"96365": 1}), `flags` [{"text", "stops"}] what a person
    has to look at, `dropped` [{"what", "reason"}] what is not billed and why.
    """

    appointment = models.OneToOneField(
        Appointment, models.CASCADE, primary_key=True, related_name="capture"
    )
    answers = models.JSONField(default=dict)
    times = models.JSONField(default=dict)
    lines = models.JSONField(default=dict)
    flags = models.JSONField(default=list)
    dropped = models.JSONField(default=list)
    captured_at = models.DateTimeField(null=True)


class Draw(models.Model):
    """A delivered visit that a package pays for: cents of it are earned by the entry.

    `of` is what of the package it used: a step's key or a kind of step. A visit has at most one
    that was not taken back.
    """

    prepaid = models.ForeignKey(Prepaid, models.PROTECT, related_name="draws")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="draws")
    of = models.CharField(max_length=40)
    cents = models.PositiveBigIntegerField()
    entry = models.OneToOneField(Entry, models.PROTECT, null=True, related_name="draw")
    taken_back = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["appointment"], condition=Q(taken_back=False), name="one_draw_a_visit"
            )
        ]


class Diagnoses(models.Model):
    """ICD-10-CM codes, the main one first: of a series, or usual for a protocol."""

    series = models.OneToOneField(Series, models.CASCADE, null=True, related_name="diagnoses")
    protocol = models.OneToOneField(Protocol, models.CASCADE, null=True, related_name="diagnoses")
    codes = models.JSONField(default=list)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "diagnoses"
        constraints = [
            models.CheckConstraint(
                condition=Q(series=None, protocol__isnull=False)
                | Q(series__isnull=False, protocol=None),
                name="diagnoses_of_one_thing",
            )
        ]
