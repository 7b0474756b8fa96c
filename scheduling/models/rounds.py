from django.db import models
from django.db.models import Q

from scheduling.models.series import Appointment

VALUES = ("systolic", "diastolic", "heart_rate", "spo2", "sedation")


class VitalsEntry(models.Model):
    """What a round found. Never changed: a correction is another entry that names it.

    `key` is made where it was typed, so that an entry sent twice is kept once. `taken_at` is when
    it was measured, `recorded_at` when it came in, which may be later.
    """

    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="vitals")
    key = models.UUIDField(unique=True)
    taken_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.CharField(max_length=150)
    systolic = models.PositiveSmallIntegerField(null=True)
    diastolic = models.PositiveSmallIntegerField(null=True)
    heart_rate = models.PositiveSmallIntegerField(null=True)
    spo2 = models.PositiveSmallIntegerField(null=True)
    sedation = models.PositiveSmallIntegerField(null=True)
    note = models.CharField(max_length=200, blank=True)
    corrects = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="corrected_by"
    )

    class Meta:
        ordering = ["taken_at", "id"]
        indexes = [models.Index(fields=["appointment", "taken_at"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(systolic__isnull=False)
                | Q(heart_rate__isnull=False)
                | Q(spo2__isnull=False)
                | Q(sedation__isnull=False)
                | Q(note__gt=""),
                name="an_entry_says_something",
            ),
        ]
