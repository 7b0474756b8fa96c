"""What a code costs at a site on a day, and which packages can be sold then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from billing.models import PackageOffer, Payer, Policy, Price, PriceList
from clinic.models import Site


@dataclass(frozen=True, slots=True)
class Found:
    """A price of one unit in cents, and the list that says so."""

    cents: int
    price_list: PriceList


def valid_on(day: date) -> Q:
    """Lists and offers that are valid on a day."""
    return Q(valid_from__lte=day) & (Q(valid_until=None) | Q(valid_until__gte=day))


def price_of(*, site: Site | int, payer: Payer | int | None, code: str, on: date) -> Found | None:
    """The payer's own price, else the site's; of lists that overlap the one that began last.

    None where no list has the code.
    """
    lists = PriceList.objects.filter(valid_on(on), site=site)
    own = Price.objects.filter(code=code, price_list__in=lists).select_related("price_list")
    ways = Q(price_list__payer=None)
    if payer is not None:
        ways |= Q(price_list__payer=payer)
    found = sorted(
        own.filter(ways),
        key=lambda one: (
            one.price_list.payer_id is not None,
            one.price_list.valid_from,
            one.price_list_id,
        ),
    )
    return Found(found[-1].cents, found[-1].price_list) if found else None


def offers_on(*, site: Site | int, on: date) -> QuerySet[PackageOffer]:
    """The packages that can be sold at a site on a day."""
    return PackageOffer.objects.filter(valid_on(on), site=site)


def policy_of(site: Site | int) -> Policy:
    """A site's rules about money; the ones that ask for nothing where none were written."""
    pk = site if isinstance(site, int) else site.pk
    return Policy.objects.filter(pk=pk).first() or Policy(site_id=pk)
