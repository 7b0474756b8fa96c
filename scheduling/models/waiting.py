from django.db import models
from django.db.models import F, Q

from clinic.models import Patient, Site
from scheduling.models.claims import Hold
from scheduling.models.protocols import ProtocolVersion
from scheduling.models.series import Appointment, Series


class WaitlistEntry(models.Model):
    """A patient waits: for an earlier time of a visit, for a missing visit, or for a series.

    With `appointment` they want that visit earlier; with `step` alone, that visit of `series` or
    on its own; without either, the whole series. `not_before` and `not_after` are site dates,
    `weekdays` three-letter names, clocks the site's; empty means any. `notice_minutes` is the
    least time they need to come.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        OFFERED = "offered"
        BOOKED = "booked"
        WITHDRAWN = "withdrawn"
        LAPSED = "lapsed"

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="waits")
    site = models.ForeignKey(Site, models.PROTECT, related_name="waits")
    protocol_version = models.ForeignKey(ProtocolVersion, models.PROTECT, related_name="+")
    series = models.ForeignKey(Series, models.CASCADE, null=True, blank=True, related_name="waits")
    appointment = models.ForeignKey(
        Appointment, models.CASCADE, null=True, blank=True, related_name="waits"
    )
    step = models.CharField(max_length=40, blank=True)
    not_before = models.DateField()
    not_after = models.DateField()
    weekdays = models.JSONField(default=list, blank=True)
    earliest = models.TimeField(null=True, blank=True)
    latest = models.TimeField(null=True, blank=True)
    notice_minutes = models.PositiveIntegerField(default=120)
    urgent = models.BooleanField(default=False)
    note = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    booked = models.ForeignKey(
        Appointment, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["-urgent", "created_at", "id"]
        verbose_name = "waitlist entry"
        verbose_name_plural = "waitlist"
        indexes = [models.Index(fields=["site", "state"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(not_after__gte=F("not_before")), name="wait_ends_after_it_begins"
            ),
            models.UniqueConstraint(
                fields=["appointment"],
                condition=Q(state__in=["waiting", "offered"]),
                name="one_wait_a_visit",
            ),
        ]


class Offer(models.Model):
    """A place held for somebody who waits, until `expires_at` and never past its start.

    Only the SHA-256 of the link's secret is kept. `draft` is the place: a proposal token for a
    series, else {"step", "start", "rooms", "clinicians"} of the visit (scheduling.tokens).
    """

    class State(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        EXPIRED = "expired"
        WITHDRAWN = "withdrawn"

    entry = models.ForeignKey(WaitlistEntry, models.CASCADE, related_name="offers")
    secret_hash = models.CharField(max_length=64, unique=True)
    hold = models.OneToOneField(
        Hold, models.SET_NULL, null=True, blank=True, related_name="waitlist_offer"
    )
    draft = models.JSONField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    expires_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entry"], condition=Q(state="open"), name="one_open_offer_a_wait"
            )
        ]
