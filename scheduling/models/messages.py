from django.db import models
from django.db.models import Q

from clinic.models import Patient, Site
from scheduling.models.series import Appointment


class Channel(models.TextChoices):
    EMAIL = "email"
    TEXT = "text"


class MessageTemplate(models.Model):
    """The words of one kind of message, for a site or (without one) for all; its own over all's.

    `kind` is a key of scheduling.messaging.words.KINDS; `body` may use the fields named there.
    """

    site = models.ForeignKey(
        Site, models.CASCADE, null=True, blank=True, related_name="message_templates"
    )
    kind = models.CharField(max_length=24)
    channel = models.CharField(max_length=5, choices=Channel)
    subject = models.CharField(max_length=150, blank=True)
    body = models.TextField(max_length=2000)
    active = models.BooleanField(default=True)
    updated_by = models.CharField(max_length=150)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["kind", "channel", "site_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["site", "kind", "channel"],
                condition=Q(site__isnull=False),
                name="one_template_a_kind_at_a_site",
            ),
            models.UniqueConstraint(
                fields=["kind", "channel"],
                condition=Q(site__isnull=True),
                name="one_template_a_kind_for_all",
            ),
        ]


class Message(models.Model):
    """One message to one person about one event.

    `key` names the event ("booked:<journal id>:email"), so that it is queued once, however often
    that is asked. A row in `sending` has been handed to an adapter; one whose worker died there is
    `unknown` unless the adapter can be asked again without sending twice.
    `visits` is what it tells of each visit: {"id", "starts", "ends", "live", "sequence"}.
    `link` is what its link opens ("offer:12"); the secret is made when it is sent, and not kept.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"
        SUPPRESSED = "suppressed"
        UNKNOWN = "unknown"
        WITHDRAWN = "withdrawn"

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=24)
    channel = models.CharField(max_length=5, choices=Channel)
    patient = models.ForeignKey(Patient, models.CASCADE, related_name="messages")
    site = models.ForeignKey(Site, models.PROTECT, related_name="messages")
    appointment = models.ForeignKey(
        Appointment, models.CASCADE, null=True, blank=True, related_name="messages"
    )
    to = models.CharField(max_length=254)
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField()
    calendar = models.TextField(blank=True)
    visits = models.JSONField(default=list, blank=True)
    link = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    reason = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    not_after = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    receipt = models.CharField(max_length=200, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=["queued", "sending"]),
                name="message_to_send",
            ),
            models.Index(fields=["site", "created_at"], name="message_of_a_site"),
        ]
