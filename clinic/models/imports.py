from django.db import models

from clinic.models.people import User
from clinic.models.sites import Site


class ImportDraft(models.Model):
    """A file somebody is bringing in: read, mapped and looked at, but nothing of it is saved yet.

    `mapping` says which column holds which field. It goes once it is imported, or after a day.
    """

    class Kind(models.TextChoices):
        PATIENTS = "patients"
        STAFF = "staff"

    kind = models.CharField(max_length=8, choices=Kind)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    site = models.ForeignKey(Site, models.CASCADE, related_name="+")
    file_name = models.CharField(max_length=200, blank=True)
    text = models.TextField()
    mapping = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_index=True)
