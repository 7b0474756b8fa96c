from django.db import models
from django.db.models import F, Q

from clinic.models import Staff


class ExternalCalendar(models.Model):
    """A calendar kept elsewhere, of which only the busy times are read.

    Its address is a key to it: it is kept sealed (`scheduling.sealing`) and only `host` is shown.
    A file that was uploaded has no address, and is not read again (`next_read_at` is empty).
    `problem` says why the newest reading failed; what was read before stands until one succeeds.
    `unread` counts entries that could not be understood; `covers_to` is how far the reading went.
    """

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="external_calendars")
    label = models.CharField(max_length=100, blank=True)
    sealed_address = models.TextField(blank=True)
    host = models.CharField(max_length=255, blank=True)
    etag = models.CharField(max_length=500, blank=True)
    last_modified = models.CharField(max_length=100, blank=True)
    added_at = models.DateTimeField()
    last_read_at = models.DateTimeField()
    last_good_at = models.DateTimeField()
    next_read_at = models.DateTimeField(null=True, blank=True, db_index=True)
    covers_to = models.DateTimeField()
    unread = models.PositiveIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]


class BusyTime(models.Model):
    """One half-open stretch in which somebody is busy in a calendar of theirs; nothing else of it.

    `promised` is the number of the newest claim when it came, under the lock of the person's
    sites: what is claimed of them by then was promised before and is shown, not broken; a later
    claim in it is a mistake.
    """

    calendar = models.ForeignKey(ExternalCalendar, models.CASCADE, related_name="busy_times")
    staff = models.ForeignKey(Staff, models.CASCADE, related_name="busy_times", db_index=False)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    promised = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["starts_at", "id"]
        indexes = [models.Index(fields=["staff", "ends_at", "starts_at"], name="busy_of_one")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="busy_time_ends_after_it_begins"
            )
        ]
