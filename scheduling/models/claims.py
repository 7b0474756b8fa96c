from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from clinic.models import Patient, Resource, Site
from scheduling.models.protocols import ProtocolVersion
from scheduling.models.series import Appointment

LONGEST_CLAIM = 1440


class Hold(models.Model):
    """A proposal held while somebody decides. `offer` names the set of proposals it came from."""

    offer = models.CharField(max_length=32, unique=True)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="+")
    site = models.ForeignKey(Site, models.CASCADE, related_name="+")
    protocol_version = models.ForeignKey(ProtocolVersion, models.CASCADE, related_name="+")
    held_by = models.CharField(max_length=150)
    expires_at = models.DateTimeField(db_index=True)


class Claim(models.Model):
    """One lane of one resource for [start_minute, end_minute), UTC minutes since 1970.

    The database refuses two that overlap on a lane: an exclusion constraint on PostgreSQL,
    triggers on SQLite (see scheduling.guard). A room's end includes `turnover_minutes`;
    `skills` are those that the phase asks of its nurse, separated by spaces.
    """

    class Role(models.TextChoices):
        ROOM = "room"
        PRESCRIBER = "prescriber"
        THERAPIST = "therapist"
        NURSE = "monitoring_nurse"
        PATIENT = "patient"

    resource = models.ForeignKey(Resource, models.PROTECT, related_name="claims", db_index=False)
    lane = models.PositiveSmallIntegerField()
    start_minute = models.IntegerField()
    end_minute = models.IntegerField()
    role = models.CharField(max_length=16, choices=Role)
    turnover_minutes = models.PositiveSmallIntegerField(default=0)
    skills = models.CharField(max_length=200, blank=True)
    appointment = models.ForeignKey(Appointment, models.CASCADE, null=True, related_name="claims")
    hold = models.ForeignKey(Hold, models.CASCADE, null=True, related_name="claims")

    class Meta:
        indexes = [
            models.Index(fields=["resource", "lane", "start_minute"], name="claim_in_order"),
            models.Index(fields=["resource", "start_minute"], name="claim_by_start"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(end_minute__gt=F("start_minute")), name="claim_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(end_minute__lte=F("start_minute") + LONGEST_CLAIM),
                name="claim_is_at_most_a_day",
            ),
            models.CheckConstraint(
                condition=Q(appointment__isnull=False, hold__isnull=True)
                | Q(appointment__isnull=True, hold__isnull=False),
                name="claim_has_one_owner",
            ),
        ]
