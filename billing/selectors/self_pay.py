"""What a code costs a patient who pays themselves, by the price list valid on the day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from operator import attrgetter

from django.db.models import Q

from billing.models import Account, PriceList
from clinic.models import Patient, Site


class SelfPay:
    """A site's prices for those without an insurance, from..to: two queries, however many asked."""

    def __init__(self, site: Site, days: Iterable[date]) -> None:
        wanted = list(days) or [date.min]
        found = PriceList.objects.filter(
            Q(valid_until=None) | Q(valid_until__gte=min(wanted)),
            site=site,
            payer=None,
            valid_from__lte=max(wanted),
        )
        oldest_first = sorted(found.prefetch_related("prices"), key=attrgetter("valid_from", "pk"))
        self._lists = [
            (one, {price.code: price.cents for price in one.prices.all()})
            for one in reversed(oldest_first)
        ]

    def cents(self, code: str, on: date) -> int | None:
        """Of one unit on a date; None where no list that is valid has it."""
        for one, prices in self._lists:
            ended = one.valid_until is not None and one.valid_until < on
            if one.valid_from <= on and not ended and code in prices:
                return prices[code]
        return None


def scale_of(patient: Patient) -> int:
    """The share of a price that a patient pays, in percent."""
    found = Account.objects.filter(pk=patient.pk).values_list("scale_percent", flat=True).first()
    return 100 if found is None else found


def scaled(cents: int, percent: int) -> int:
    """A share of an amount, half a cent rounded up."""
    return (cents * percent + 50) // 100
