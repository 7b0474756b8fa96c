from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q

from clinic.models.people import Staff
from clinic.models.resources import Resource
from clinic.models.sites import Site


class WeeklyHours(models.Model):
    """A shift that recurs every week in the site's wall clock; weekday 0 is Monday.

    A shift that ends at or before it starts runs into the next day. Effective dates are inclusive.
    """

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="weekly_hours")
    site = models.ForeignKey(Site, models.CASCADE, related_name="weekly_hours")
    weekday = models.PositiveSmallIntegerField(validators=[MaxValueValidator(6)])
    starts = models.TimeField()
    ends = models.TimeField()
    break_starts = models.TimeField(null=True, blank=True)
    break_ends = models.TimeField(null=True, blank=True)
    effective_from = models.DateField(null=True, blank=True)
    effective_to = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["staff_id", "weekday", "starts"]
        verbose_name_plural = "weekly hours"


class AvailabilityException(models.Model):
    """One date that differs: `working` adds hours, otherwise they are taken away."""

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="exceptions")
    site = models.ForeignKey(Site, models.CASCADE, related_name="exceptions")
    date = models.DateField()
    starts = models.TimeField()
    ends = models.TimeField()
    working = models.BooleanField(default=False)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["date", "starts"]


class Absence(models.Model):
    """A person off or a room out of service, whatever their hours say."""

    resource = models.ForeignKey(Resource, models.CASCADE, related_name="absences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["starts_at"]
        indexes = [models.Index(fields=["ends_at", "starts_at"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="absence_ends_after_it_begins"
            )
        ]


class Outage(models.Model):
    """A site shut for some hours or days, whatever its week says: snow, no power, no water."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="outages")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="outage_ends_after_it_begins"
            )
        ]


class TimeOff(models.Model):
    """Somebody asks to be off; approved, it is an absence. One asked for blocks nothing."""

    class State(models.TextChoices):
        ASKED = "asked"
        APPROVED = "approved"
        DECLINED = "declined"
        WITHDRAWN = "withdrawn"

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="time_off")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.ASKED)
    answer = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=150, blank=True)
    absence = models.OneToOneField(
        Absence, models.SET_NULL, null=True, blank=True, related_name="time_off"
    )

    class Meta:
        ordering = ["starts_at", "id"]
        verbose_name_plural = "time off"
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="time_off_ends_after_it_begins"
            )
        ]


class OnCall(models.Model):
    """Somebody can be called, whatever their hours; nothing is booked on it."""

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="on_call")
    site = models.ForeignKey(Site, models.CASCADE, related_name="on_call")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["starts_at", "id"]
        verbose_name_plural = "on call"
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="on_call_ends_after_it_begins"
            )
        ]
