from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q

from clinic.models import Patient, Site, Staff
from scheduling.models.protocols import ProtocolVersion


class Status(models.TextChoices):
    """Where a visit stands. Those in `GONE` hold nothing; those in `AHEAD` have not begun."""

    BOOKED = "booked"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    IN_PREP = "in_prep"
    INFUSING = "infusing"
    IN_SESSION = "in_session"
    RECOVERING = "recovering"
    DISCHARGED = "discharged"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    UNCOVERED = "uncovered"
    TO_REBOOK = "to_rebook"


GONE = (Status.CANCELLED, Status.NO_SHOW, Status.TO_REBOOK)
AHEAD = (Status.BOOKED, Status.CONFIRMED, Status.UNCOVERED, Status.TO_REBOOK)


class CancelKind(models.TextChoices):
    """Why a visit is cancelled, for the numbers: who or what stood in its way."""

    PATIENT = "patient"
    CLINIC = "clinic"
    CLINICAL = "clinical"
    WEATHER = "weather"


class Series(models.Model):
    """A patient's course on one protocol version. `d0` is the site date of the origin step.

    `completed` maps steps done before the series was booked to their dates.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        COMPLETED = "completed"
        CANCELLED = "cancelled"

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="series")
    protocol_version = models.ForeignKey(ProtocolVersion, models.PROTECT, related_name="series")
    site = models.ForeignKey(Site, models.PROTECT, related_name="series")
    therapist = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    status = models.CharField(max_length=9, choices=State, default=State.ACTIVE)
    d0 = models.DateField()
    completed = models.JSONField(default=dict)
    cancel_reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "series"


class Appointment(models.Model):
    """One visit. `sequence` rises with every change a calendar must hear of (RFC 5545)."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    series = models.ForeignKey(Series, models.PROTECT, null=True, related_name="appointments")
    patient = models.ForeignKey(Patient, models.PROTECT, related_name="appointments")
    site = models.ForeignKey(Site, models.PROTECT, related_name="appointments")
    protocol_version = models.ForeignKey(ProtocolVersion, models.PROTECT, related_name="+")
    step = models.CharField(max_length=40)
    status = models.CharField(max_length=10, choices=Status, default=Status.BOOKED)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    sequence = models.PositiveIntegerField(default=0)
    cancel_kind = models.CharField(max_length=8, choices=CancelKind, blank=True)
    cancel_reason = models.CharField(max_length=200, blank=True)
    late_cancel = models.BooleanField(default=False)
    note = models.CharField(max_length=1000, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["starts_at", "id"]
        indexes = [
            models.Index(fields=["site", "starts_at"]),
            models.Index(fields=["patient", "starts_at"]),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="visit_ends_after_it_begins"
            ),
            models.UniqueConstraint(
                fields=["series", "step"],
                condition=~Q(status__in=["cancelled", "no_show", "to_rebook"]),
                name="one_live_visit_a_step",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step} ({self.status})"


class StatusChange(models.Model):
    """A visit came to stand at `to` at a moment; the actual times beside the planned ones.

    `taken_back` marks one that was a mistake and does not count.
    """

    appointment = models.ForeignKey(Appointment, models.CASCADE, related_name="status_changes")
    to = models.CharField(max_length=10, choices=Status)
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    taken_back = models.BooleanField(default=False)

    class Meta:
        ordering = ["at", "id"]


class AppointmentPhase(models.Model):
    """A band of a visit as planned; what it claims is told by the claims that overlap it."""

    appointment = models.ForeignKey(Appointment, models.CASCADE, related_name="phases")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["appointment_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["appointment", "position"], name="one_phase_a_position")
        ]
