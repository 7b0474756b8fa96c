"""What things cost: price lists, packages and a site's policy. Effective-dated, and editable."""

from django.db import models
from django.db.models import F, Q

from clinic.models import Site


class PriceList(models.Model):
    """Prices of a site for those who pay themselves (no payer) or for one payer, from a date."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="price_lists")
    payer = models.ForeignKey("Payer", models.CASCADE, null=True, related_name="price_lists")
    name = models.CharField(max_length=120)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["site", "name", "-valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                name="prices_end_after_they_begin",
            )
        ]


class Price(models.Model):
    """Cents for one unit of a code."""

    price_list = models.ForeignKey(PriceList, models.CASCADE, related_name="prices")
    code = models.CharField(max_length=10)
    cents = models.PositiveBigIntegerField()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["price_list", "code"], name="one_price_a_code")
        ]


class PackageOffer(models.Model):
    """A package that can be sold: so many visits of each kind of step, at one price.

    `covers`: {"infusion": 3, "therapy": 7}; `instalments` is in how many parts it may be paid.
    """

    site = models.ForeignKey(Site, models.CASCADE, related_name="package_offers")
    name = models.CharField(max_length=120)
    protocol_key = models.CharField(max_length=60, blank=True)
    covers = models.JSONField(default=dict)
    cents = models.PositiveBigIntegerField()
    deposit_cents = models.PositiveBigIntegerField(default=0)
    instalments = models.PositiveSmallIntegerField(default=1)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["name"]


class Policy(models.Model):
    """A site's rules about money, and what its documents say of the clinic.

    `refund_keeps_percent` is what stays with the clinic of an unearned part that is given back.
    """

    site = models.OneToOneField(
        Site, models.CASCADE, primary_key=True, related_name="billing_policy"
    )
    currency = models.CharField(max_length=3, default="USD")
    deposit_cents = models.PositiveBigIntegerField(default=0)
    late_cancel_cents = models.PositiveBigIntegerField(default=0)
    no_show_cents = models.PositiveBigIntegerField(default=0)
    refund_keeps_percent = models.PositiveSmallIntegerField(default=0)
    legal_name = models.CharField(max_length=200, blank=True)
    tax_id = models.CharField(max_length=20, blank=True)
    npi = models.CharField(max_length=10, blank=True)
    colour = models.CharField(max_length=7, default="#00607a")
    logo = models.TextField(blank=True)
    footer = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "policies"
        constraints = [
            models.CheckConstraint(
                condition=Q(refund_keeps_percent__lte=100), name="kept_part_is_a_share"
            )
        ]
