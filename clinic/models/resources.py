from django.db import models


class Resource(models.Model):
    """Anything whose time can be claimed. Rooms, staff and patients share its number space."""

    class Kind(models.TextChoices):
        ROOM = "room"
        STAFF = "staff"
        PATIENT = "patient"

    kind = models.CharField(max_length=8, choices=Kind)

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
