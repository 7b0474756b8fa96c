from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.core.validators import MinValueValidator
from django.db import models

from clinic.models.resources import Resource
from clinic.models.sites import Site


class User(AbstractUser):
    """Somebody who signs in, by e-mail. What they may do is in their grants."""

    email = models.EmailField(unique=True)


class Staff(models.Model):
    """Somebody who works here, whether or not they sign in.

    `roles` are clinical roles (prescriber, therapist, monitoring_nurse) and what else they do;
    `skills` are slugs a step may ask for; `max_patients` limits a nurse below the usual ratio.
    """

    resource = models.OneToOneField(Resource, models.CASCADE, primary_key=True)
    user = models.OneToOneField(User, models.SET_NULL, null=True, blank=True, related_name="staff")
    given_name = models.CharField(max_length=100)
    family_name = models.CharField(max_length=100)
    title = models.CharField(max_length=100, blank=True)
    sites = models.ManyToManyField(Site, related_name="staff")
    roles = models.JSONField(default=list)
    skills = models.JSONField(default=list, blank=True)
    max_patients = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)]
    )
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=32, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["family_name", "given_name"]
        verbose_name_plural = "staff"

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"

    @property
    def initials(self) -> str:
        return f"{self.given_name[:1]}{self.family_name[:1]}"


class Credential(models.Model):
    """A licence or certificate, valid from..expires_on inclusive; kind is a slug such as "acls"."""

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="credentials")
    kind = models.SlugField(max_length=50)
    number = models.CharField(max_length=64, blank=True)
    issuer = models.CharField(max_length=100, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    expires_on = models.DateField()

    class Meta:
        ordering = ["expires_on"]


class Grant(models.Model):
    """A role at one site, or at every site when `site` is empty."""

    class Role(models.TextChoices):
        FRONT_DESK = "front_desk", "Front desk"
        THERAPIST = "therapist", "Therapist"
        NURSE = "nurse", "Nurse"
        CHARGE_NURSE = "charge_nurse", "Charge nurse"
        PRESCRIBER = "prescriber", "Prescriber"
        BILLER = "biller", "Biller"
        MANAGER = "manager", "Manager"
        ADMINISTRATOR = "administrator", "Administrator"

    user = models.ForeignKey(User, models.CASCADE, related_name="grants")
    role = models.CharField(max_length=16, choices=Role)
    site = models.ForeignKey(Site, models.CASCADE, null=True, blank=True, related_name="grants")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "site"], name="one_grant_of_a_role_a_site"
            ),
            models.UniqueConstraint(
                fields=["user", "role"],
                condition=models.Q(site__isnull=True),
                name="one_grant_of_a_role_everywhere",
            ),
        ]


class Invitation(models.Model):
    """A way in for a new colleague: a secret address, of which only the hash is kept.

    `grants` is what they will get: {"role": .., "site": id or null} each.
    """

    staff = models.ForeignKey(
        Staff, models.CASCADE, null=True, blank=True, related_name="invitations"
    )
    email = models.EmailField()
    grants = models.JSONField(default=list)
    secret_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.CharField(max_length=150)
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-invited_at", "-id"]
