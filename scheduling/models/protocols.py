from django.db import models


class Protocol(models.Model):
    """A treatment protocol's name for good; its content is in versions."""

    key = models.SlugField(max_length=60, unique=True)
    retired = models.BooleanField(default=False)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key


class ProtocolVersion(models.Model):
    """One version, never altered once a series runs on it.

    `definition` is the document of the YAML catalogue (see scheduling.catalogue). `reviewed_by`
    is empty until a clinician has reviewed it: until then it is shown as "review before use".
    """

    protocol = models.ForeignKey(Protocol, models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    definition = models.JSONField()
    source = models.TextField(blank=True)
    reviewed_by = models.CharField(max_length=150, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["protocol_id", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["protocol", "version"], name="one_protocol_version_of_a_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} (version {self.version})"


class ProtocolDraft(models.Model):
    """What somebody is writing of a protocol: kept as typed, checked, not yet a version.

    `based_on` is the version it began from; empty for a new protocol. `revision` rises with every
    save, so that two who write at once are told.
    """

    key = models.SlugField(max_length=60, unique=True)
    based_on = models.ForeignKey(
        ProtocolVersion, models.CASCADE, null=True, blank=True, related_name="drafts"
    )
    definition = models.JSONField()
    revision = models.PositiveIntegerField(default=1)
    updated_by = models.CharField(max_length=150)
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["key"]
