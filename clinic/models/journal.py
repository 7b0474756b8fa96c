from django.db import models


class Journal(models.Model):
    """One change, written in the transaction that made it, never altered afterwards.

    `before` and `after` hold only the fields that changed. `subject` is "kind:id".
    """

    at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=150)
    door = models.CharField(max_length=16)
    action = models.CharField(max_length=64, db_index=True)
    subject = models.CharField(max_length=64, db_index=True)
    site = models.ForeignKey("clinic.Site", models.PROTECT, null=True, related_name="+")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "journal"

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
