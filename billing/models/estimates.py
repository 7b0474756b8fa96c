"""Good faith estimates (45 CFR 149.610): what a series is expected to cost, told in time."""

from django.db import models
from django.db.models import Q

from clinic.models import Patient, Site
from scheduling.models import Appointment, Series


class Estimate(models.Model):
    """One version of an estimate; a change in the series makes the next one.

    `rule` says why it is due on `due_on` (none where it is not required). `lines` are
    [{"on", "what", "code", "units", "cents", "provider"}], as they were when it was made.
    """

    class State(models.TextChoices):
        DUE = "due"
        ISSUED = "issued"
        SUPERSEDED = "superseded"
        NOT_NEEDED = "not_needed"

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="estimates")
    site = models.ForeignKey(Site, models.PROTECT, related_name="+")
    series = models.ForeignKey(Series, models.PROTECT, null=True, related_name="estimates")
    appointment = models.ForeignKey(
        Appointment, models.PROTECT, null=True, related_name="estimates"
    )
    version = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, choices=State, default=State.DUE)
    rule = models.CharField(max_length=200)
    asked_for = models.BooleanField(default=False)
    due_on = models.DateField(null=True)
    lines = models.JSONField(default=list)
    cents = models.PositiveBigIntegerField(default=0)
    made_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True)
    issued_by = models.CharField(max_length=150, blank=True)
    document = models.OneToOneField("Document", models.PROTECT, null=True, related_name="estimate")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["site", "state", "due_on"], name="estimate_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["series"],
                condition=Q(state="due") & Q(series__isnull=False),
                name="one_estimate_due_a_series",
            )
        ]
