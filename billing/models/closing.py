"""The end of a day's money: what should be in the till and what is."""

from django.db import models

from clinic.models import Site


class DayClose(models.Model):
    """A site's day counted and closed: cents by method, as the ledger has it and as counted."""

    site = models.ForeignKey(Site, models.PROTECT, related_name="day_closes")
    on = models.DateField()
    expected = models.JSONField()
    counted = models.JSONField()
    difference_cents = models.BigIntegerField()
    note = models.CharField(max_length=300, blank=True)
    by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-on"]
        constraints = [models.UniqueConstraint(fields=["site", "on"], name="one_close_a_day")]
