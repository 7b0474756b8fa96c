from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from clinic.models.resources import Resource
from clinic.models.sites import Site


class Room(models.Model):
    """A room with chairs; `capabilities` are slugs such as "infusion" or "therapy"."""

    resource = models.OneToOneField(Resource, models.CASCADE, primary_key=True)
    site = models.ForeignKey(Site, models.PROTECT, related_name="rooms")
    name = models.CharField(max_length=100)
    capabilities = models.JSONField(default=list)
    chairs = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(40)]
    )
    turnover_minutes = models.PositiveSmallIntegerField(
        default=10, validators=[MaxValueValidator(240)]
    )
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["site_id", "position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["site", "name"], name="one_room_of_a_name"),
            models.CheckConstraint(
                condition=models.Q(chairs__gte=1, chairs__lte=40), name="a_room_has_chairs"
            ),
        ]

    def __str__(self) -> str:
        return self.name
