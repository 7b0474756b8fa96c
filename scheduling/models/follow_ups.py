from django.db import models
from django.db.models import F, Q

from clinic.models import Patient, Site
from scheduling.models.protocols import ProtocolVersion
from scheduling.models.series import Appointment, Series


class FollowUp(models.Model):
    """Something due after a series, or between its visits: a visit, a call, a questionnaire.

    `opens_on`, `due_on` and `closes_on` are site dates: it may be done from the first, had best be
    done on the second, and is overdue after the third. `key` is unique within the series.
    """

    class Kind(models.TextChoices):
        VISIT = "visit"
        TELEPHONE = "telephone"
        QUESTIONNAIRE = "questionnaire"
        TASK = "task"

    class State(models.TextChoices):
        DUE = "due"
        BOOKED = "booked"
        DONE = "done"
        DROPPED = "dropped"

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="follow_ups")
    site = models.ForeignKey(Site, models.PROTECT, related_name="follow_ups")
    series = models.ForeignKey(
        Series, models.CASCADE, null=True, blank=True, related_name="follow_ups"
    )
    protocol_version = models.ForeignKey(ProtocolVersion, models.PROTECT, related_name="+")
    after = models.ForeignKey(
        Appointment, models.SET_NULL, null=True, blank=True, related_name="follow_ups"
    )
    key = models.CharField(max_length=80)
    kind = models.CharField(max_length=13, choices=Kind)
    name = models.CharField(max_length=200)
    measures = models.JSONField(default=list, blank=True)
    opens_on = models.DateField()
    due_on = models.DateField(db_index=True)
    closes_on = models.DateField()
    state = models.CharField(max_length=7, choices=State, default=State.DUE)
    appointment = models.ForeignKey(
        Appointment, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    secret_hash = models.CharField(max_length=64, blank=True, db_index=True)
    note = models.CharField(max_length=1000, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["due_on", "id"]
        indexes = [models.Index(fields=["site", "state", "due_on"])]
        constraints = [
            models.UniqueConstraint(fields=["series", "key"], name="one_follow_up_a_point"),
            models.CheckConstraint(
                condition=Q(closes_on__gte=F("opens_on")), name="follow_up_closes_after_it_opens"
            ),
        ]
