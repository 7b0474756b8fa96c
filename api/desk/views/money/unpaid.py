"""Who owes, since when, and whose money is to go back."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from api.desk.frame import Asked, open_site, page, signed_in
from api.desk.money.files import csv_file
from api.desk.money.payment_forms import plain
from api.desk.people import shown_name
from api.permissions import may
from billing.selectors.unpaid import BUCKETS, Owing, unpaid
from clinic.models import Site

WORDS = [f"{first}–{last} days" if last else f"{first} days and more" for first, last in BUCKETS]


@require_safe
@signed_in
def listed(request: Asked, site: int) -> HttpResponse:
    """By how long it is owed, the oldest first; `bucket` in the address shows one."""
    place = open_site(request, site, "see_billing")
    owe, credits = _rows(request, place)
    sums = [sum(row["buckets"][n] for row in owe) for n in range(len(BUCKETS))]
    asked = request.GET.get("bucket", "")
    bucket = int(asked) if asked in map(str, range(len(BUCKETS))) else None
    shown = owe if bucket is None else [row for row in owe if row["buckets"][bucket]]
    return page(
        request,
        "desk/money/unpaid.html",
        here="money",
        tab="unpaid",
        site=place,
        rows=shown,
        credits=credits,
        total=sum(sums),
        buckets=list(zip(WORDS, sums, strict=True)),
        bucket=bucket,
        may_take=may(request.user, "take_payments", place),
        may_manage=may(request.user, "manage_billing", place),
    )


@require_safe
@signed_in
def file(request: Asked, site: int) -> HttpResponse:
    """The same as CSV: credits with a minus."""
    place = open_site(request, site, "see_billing")
    owe, credits = _rows(request, place)
    head = ["Patient", "MRN", "Since", *WORDS, "Total"]
    lines = [
        [
            row["name"],
            row["owing"].patient.mrn,
            row["owing"].since.isoformat(),
            *map(plain, row["buckets"]),
            plain(row["owing"].cents),
        ]
        for row in [*owe, *credits]
    ]
    today = timezone.now().astimezone(place.zone).date()
    return csv_file(f"unpaid-{today.isoformat()}.csv", [head, *lines])


def _rows(request: Asked, site: Site) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    today = timezone.now().astimezone(site.zone).date()

    def row(one: Owing) -> dict[str, Any]:
        buckets = one.buckets(today)
        return {
            "owing": one,
            "name": shown_name(request.user, one.patient, site),
            "buckets": buckets,
            "by": list(zip(WORDS, buckets, strict=True)),
            "days": (today - one.since).days,
            "back": -one.cents,
        }

    owe, credits = unpaid(site)
    return [row(one) for one in owe], [row(one) for one in credits]
