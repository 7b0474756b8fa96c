"""Who calls by machine, and what was answered to a request that may come twice."""

from django.db import models

from api.webhooks.models import OutboxEntry, WebhookDelivery, WebhookEndpoint
from clinic.models import Site

__all__ = ["Client", "KeptAnswer", "OutboxEntry", "WebhookDelivery", "WebhookEndpoint"]


class Client(models.Model):
    """A machine that may call: an OAuth2 application, and the most its tokens may carry."""

    application = models.OneToOneField(
        "oauth2_provider.Application", models.CASCADE, related_name="client"
    )
    scopes = models.JSONField(default=list)
    every_site = models.BooleanField(default=True)
    sites = models.ManyToManyField(Site, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.application.name


class KeptAnswer(models.Model):
    """The answer to a request that carried an Idempotency-Key, for as long as it may be repeated.

    Only a hash of the key is kept, and the answer is encrypted with the key: who does not hold
    the key reads neither a patient nor a secret address here.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    key_hash = models.CharField(max_length=64)
    request_hash = models.CharField(max_length=64)
    sealed = models.BinaryField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "key_hash"], name="one_answer_a_key")
        ]


class FoundProposal(models.Model):
    """A proposal that a machine was given under a name short enough for a FHIR id.

    Gone when its token is too old to be booked. `single` is one visit, else a whole series;
    `resources` are the Appointments as they were given; `held_until` while it holds its places.
    """

    key = models.CharField(max_length=24, unique=True)
    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    offer = models.CharField(max_length=32)
    token = models.TextField()
    single = models.BooleanField()
    resources = models.JSONField()
    held_until = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(db_index=True)
