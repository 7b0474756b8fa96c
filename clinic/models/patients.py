from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from clinic.models.resources import Resource
from clinic.models.sites import Site


class Patient(models.Model):
    """A patient. Acuity is nursing intensity, 1 (least) to 6 (a nurse alone).

    `preferences`: {"weekdays": ["mon"..], "earliest": "09:00", "latest": "17:00", "staff": [ids]}.
    """

    resource = models.OneToOneField(Resource, models.CASCADE, primary_key=True)
    mrn = models.CharField("MRN", max_length=32, unique=True)
    given_name = models.CharField(max_length=100)
    family_name = models.CharField(max_length=100)
    birth_date = models.DateField()
    home_site = models.ForeignKey(
        Site, models.SET_NULL, null=True, blank=True, related_name="patients"
    )
    phone = models.CharField(max_length=32, blank=True)
    email = models.EmailField(blank=True)
    acuity = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(6)]
    )
    preferences = models.JSONField(default=dict, blank=True)
    notes = models.TextField(blank=True, max_length=2000)
    escort_name = models.CharField(max_length=200, blank=True)
    escort_phone = models.CharField(max_length=32, blank=True)
    no_email = models.BooleanField("opted out of e-mail", default=False)
    no_text = models.BooleanField("opted out of text messages", default=False)
    no_call = models.BooleanField("opted out of calls", default=False)
    is_demo = models.BooleanField(default=False, editable=False)
    search_key = models.CharField(max_length=300, editable=False, db_index=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["family_name", "given_name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(acuity__gte=1, acuity__lte=6), name="acuity_is_1_to_6"
            )
        ]

    def __str__(self) -> str:
        return self.mrn

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"

    @property
    def initials(self) -> str:
        return f"{self.given_name[:1]}{self.family_name[:1]}"
