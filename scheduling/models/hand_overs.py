from django.db import models

from clinic.models import Staff
from scheduling.models.series import Appointment


class HandOver(models.Model):
    """One nurse gives a patient to another at a phase boundary; signed by who takes over."""

    appointment = models.ForeignKey(Appointment, models.CASCADE, related_name="hand_overs")
    giver = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    taker = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    note = models.CharField(max_length=1000, blank=True)
    signed_by = models.CharField(max_length=150)
    signed_at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["appointment", "at", "giver", "taker"], name="one_sign_off_a_hand_over"
            )
        ]
