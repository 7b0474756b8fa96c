from django.db import models
from django.db.models import Q

from clinic.models import Absence, Outage, Site


class Recovery(models.Model):
    """How the visits that lost a person, a room or their site find their place again.

    `reassigned` is applied already; `moves` are proposed and `stranded` are those for which no
    place was found, with what could be done. Items of the three: {"appointment": id, "from",
    "to", "reason", ...}, see scheduling.services.recovering. Every affected visit is in exactly
    one of them. `version` rises whenever a better plan replaces this one, up to acceptance.
    """

    class State(models.TextChoices):
        IMPROVING = "improving"
        READY = "ready"
        ACCEPTED = "accepted"
        STALE = "stale"

    site = models.ForeignKey(Site, models.PROTECT, related_name="recoveries")
    absence = models.ForeignKey(
        Absence, models.SET_NULL, null=True, blank=True, related_name="recoveries"
    )
    outage = models.ForeignKey(
        Outage, models.SET_NULL, null=True, blank=True, related_name="recoveries"
    )
    cause = models.CharField(max_length=200)
    status = models.CharField(max_length=9, choices=State, default=State.IMPROVING)
    version = models.PositiveIntegerField(default=1)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    affected = models.JSONField(default=list)
    reassigned = models.JSONField(default=list)
    moves = models.JSONField(default=list)
    stranded = models.JSONField(default=list)
    accepted = models.JSONField(default=list)
    measures = models.JSONField(default=dict)
    improving_until = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    accepted_by = models.CharField(max_length=150, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "recoveries"
        indexes = [models.Index(fields=["site", "status"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(absence__isnull=True) | Q(outage__isnull=True),
                name="recovery_has_one_cause",
            )
        ]
