"""Who is told by webhook, what is still to be spread, and each event on its way to each."""

from django.db import models
from django.db.models import Q

from clinic.models import Journal, Site


class WebhookEndpoint(models.Model):
    """An address that is told. `types` empty means every type; `site` empty, every site.

    Secrets are sealed (`signing`). After a rotation the old one signs too until `old_until`.
    `failures` counts failures in a row, `failing_since` is the first of them; while
    `resting_until` is ahead nothing is sent. A removed endpoint keeps its row for the log.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        FAILING = "failing", "stopped after a day of failures"
        GONE = "gone", "stopped: the address is gone"

    class Detail(models.TextChoices):
        IDS = "ids"
        FULL = "full"

    url = models.CharField(max_length=500)
    description = models.CharField(max_length=100, blank=True)
    site = models.ForeignKey(Site, models.PROTECT, null=True, blank=True, related_name="+")
    types = models.JSONField(default=list, blank=True)
    detail = models.CharField(max_length=4, choices=Detail, default=Detail.IDS)
    secret = models.BinaryField()
    old_secret = models.BinaryField(null=True, blank=True)
    old_until = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=7, choices=State, default=State.ACTIVE)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    resting_until = models.DateTimeField(null=True, blank=True)
    last_delivered_at = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"webhook endpoint {self.pk}"


class OutboxEntry(models.Model):
    """A journal row that was not spread over the endpoints yet; written together with it."""

    journal = models.OneToOneField(
        Journal, models.CASCADE, primary_key=True, related_name="outbox_entry"
    )

    class Meta:
        verbose_name_plural = "outbox"


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint. `event` is the webhook-id, the same at every attempt.

    Of one endpoint, those with the same `key` (a series, or what stands alone) leave in the order
    of their ids. `body` is what is signed and sent. `status`, `answer` and `reason` are of the
    last attempt; the answer is cut to 512 characters.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        SENDING = "sending"
        DELIVERED = "delivered"
        DEAD = "dead"

    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=40)
    type = models.CharField(max_length=40)
    key = models.CharField(max_length=64)
    body = models.TextField()
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    first_tried_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.CharField(max_length=512, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "webhook delivery"
        verbose_name_plural = "webhook deliveries"
        indexes = [
            models.Index(
                fields=["endpoint", "due_at"], condition=Q(state="waiting"), name="webhook_waiting"
            ),
            models.Index(
                fields=["endpoint", "key", "id"],
                condition=Q(state__in=["waiting", "sending"]),
                name="webhook_ahead",
            ),
            models.Index(
                fields=["leased_until"], condition=Q(state="sending"), name="webhook_leased"
            ),
            models.Index(fields=["endpoint", "state", "-id"], name="webhook_log"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="one_delivery_an_event")
        ]

    def __str__(self) -> str:
        return f"{self.event} to endpoint {self.endpoint_id}"
