from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic.models import Resource, Site


class CalendarFeed(models.Model):
    """A secret address from which a calendar reads; only the secret's SHA-256 is kept."""

    class Detail(models.TextChoices):
        BUSY = "busy"
        INITIALS = "initials"
        FULL = "full"

    secret_hash = models.CharField(max_length=64, unique=True)
    resource = models.ForeignKey(Resource, models.CASCADE, null=True, related_name="feeds")
    site = models.ForeignKey(Site, models.CASCADE, null=True, related_name="feeds")
    detail = models.CharField(max_length=8, choices=Detail, default=Detail.BUSY)
    label = models.CharField(max_length=100, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_fetched_at = models.DateTimeField(null=True)
    last_fetched_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(resource__isnull=False, site__isnull=True)
                | Q(resource__isnull=True, site__isnull=False),
                name="feed_is_of_one_thing",
            )
        ]
