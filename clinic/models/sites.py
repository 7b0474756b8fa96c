from __future__ import annotations

from functools import cached_property
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q


def default_credentials() -> dict[str, list[str]]:
    """Credential kinds that must be valid on the day for somebody to act in a role."""
    return {
        "prescriber": ["medical_licence"],
        "therapist": ["therapy_licence"],
        "monitoring_nurse": ["nursing_licence"],
    }


def is_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(f"“{name}” is not a time zone; use a name such as America/New_York.")


class Organisation(models.Model):
    """The clinic or chain. `required_credentials` maps a clinical role to credential kinds."""

    name = models.CharField(max_length=200)
    required_credentials = models.JSONField(default=default_credentials)

    def __str__(self) -> str:
        return self.name


class Site(models.Model):
    """One address with one time zone.

    `nurse_lanes` is how finely a nurse's attention is cut (the least common multiple of the
    ratios in use). `neutral_name` is what feeds and reminders may say.
    """

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="sites")
    name = models.CharField(max_length=200)
    neutral_name = models.CharField(max_length=200, blank=True)
    time_zone = models.CharField(max_length=64, validators=[is_time_zone])
    country = models.CharField(max_length=2, default="US")
    subdivision = models.CharField(max_length=8, blank=True)
    address = models.CharField(max_length=300, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    nurse_lanes = models.PositiveSmallIntegerField(default=4, validators=[MinValueValidator(1)])
    start_grain_minutes = models.PositiveSmallIntegerField(
        default=15, validators=[MinValueValidator(5), MaxValueValidator(60)]
    )
    keeps_public_holidays = models.BooleanField(default=True)
    late_cancel_hours = models.PositiveSmallIntegerField(
        default=24, validators=[MaxValueValidator(336)]
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class OpeningHours(models.Model):
    """Weekly opening: weekday 0 is Monday; closing at or before opening means the next day."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(validators=[MaxValueValidator(6)])
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        ordering = ["weekday", "opens"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "weekday", "opens"], name="one_opening_at_a_time"
            )
        ]


class Closure(models.Model):
    """Days on which a site is closed, both inclusive. `opens_anyway` lifts a public holiday."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="closures")
    first = models.DateField()
    last = models.DateField()
    reason = models.CharField(max_length=200)
    opens_anyway = models.BooleanField(default=False)

    class Meta:
        ordering = ["first"]
        constraints = [
            models.CheckConstraint(
                condition=Q(last__gte=F("first")), name="closure_ends_after_it_begins"
            )
        ]


class Travel(models.Model):
    """Minutes that a person needs between two sites; one row serves both directions."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="travel_from")
    other = models.ForeignKey(Site, models.CASCADE, related_name="travel_to")
    minutes = models.PositiveSmallIntegerField(default=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "other"], name="one_travel_time_a_pair")
        ]
