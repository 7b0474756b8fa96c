from django.db import models

from clinic.models import Patient
from scheduling.models.series import Appointment


class GateAnswer(models.Model):
    """What was recorded of a gate, at a visit; the last one counts, none is ever changed.

    `key` names the gate as `planner.gates` does. `on` is the site date on which it was so (a test
    taken, a consent signed), `until` the last one on which it holds. `detail` has what was measured
    or who was named.
    """

    class Outcome(models.TextChoices):
        MET = "met"
        UNMET = "unmet"
        NOT_APPLICABLE = "not_applicable"
        OVERRIDDEN = "overridden"

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="gate_answers")
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="gate_answers")
    key = models.CharField(max_length=80)
    outcome = models.CharField(max_length=14, choices=Outcome)
    on = models.DateField()
    until = models.DateField(null=True, blank=True)
    detail = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["patient", "key"])]
