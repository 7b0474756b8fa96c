from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from clinic.models import Resource, Site
from scheduling.models.series import Appointment, Series


class CalendarFeed(models.Model):
    """A secret address from which a calendar reads; only the secret's SHA-256 is kept.

    `created_by` saw the address last: their rights cap what it reveals. Empty for an API client.
    `alarm_minutes` before each event its reader is reminded; None for never.
    """

    class Detail(models.TextChoices):
        BUSY = "busy"
        INITIALS = "initials"
        FULL = "full"

    secret_hash = models.CharField(max_length=64, unique=True)
    resource = models.ForeignKey(
        Resource, models.CASCADE, null=True, blank=True, related_name="feeds"
    )
    site = models.ForeignKey(Site, models.CASCADE, null=True, blank=True, related_name="feeds")
    series = models.ForeignKey(Series, models.CASCADE, null=True, blank=True, related_name="feeds")
    detail = models.CharField(max_length=8, choices=Detail, default=Detail.BUSY)
    alarm_minutes = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(1440)]
    )
    label = models.CharField(max_length=100, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_fetched_at = models.DateTimeField(null=True, blank=True)
    last_fetched_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(resource__isnull=False, site__isnull=True, series__isnull=True)
                | Q(resource__isnull=True, site__isnull=False, series__isnull=True)
                | Q(resource__isnull=True, site__isnull=True, series__isnull=False),
                name="feed_is_of_one_thing",
            )
        ]


class FeedEntry(models.Model):
    """What calendars are told of one person or room in one visit: a stretch of its claims.

    Kept by `scheduling.services.entries` and by nothing else. A stretch that is gone stays as
    cancelled, because a calendar that saw it must hear so; `sequence` rises with every change
    (RFC 5545, 3.8.7.4). `position` numbers the stretches of one resource in one visit.
    """

    appointment = models.ForeignKey(
        Appointment, models.CASCADE, related_name="feed_entries", db_index=False
    )
    resource = models.ForeignKey(Resource, models.CASCADE, related_name="+", db_index=False)
    site = models.ForeignKey(Site, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=Resource.Kind)
    position = models.PositiveSmallIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    sequence = models.PositiveIntegerField(default=0)
    cancelled = models.BooleanField(default=False)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "feed entries"
        # A poll adds up `sequence` over the window: from these indexes alone.
        indexes = [
            models.Index(
                fields=["resource", "ends_at", "starts_at", "sequence"], name="entry_of_one"
            ),
            models.Index(
                fields=["site", "kind", "ends_at", "starts_at", "sequence"], name="entry_of_a_site"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["appointment", "resource", "position"], name="one_entry_a_stretch"
            )
        ]
