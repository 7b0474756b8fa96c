"""The tabs of Billing, each for those who may."""

from __future__ import annotations

from django.urls import reverse

from api.desk.manage import Tab
from api.permissions import may
from clinic.models import Site, User

# name, label, the address's name, and the actions of which one is needed
TABS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("charges", "Charges", "charges", ("see_billing",)),
    ("packages", "Packages", "packages", ("see_billing",)),
    ("estimates", "Estimates", "estimates", ("see_balance",)),
    ("unpaid", "Unpaid", "unpaid", ("see_billing",)),
    ("day-end", "Day-end", "day-end-today", ("take_payments", "see_billing")),
    ("claims", "Claims", "claims", ("see_billing",)),
    ("months", "Month-end", "months", ("see_billing",)),
)


def money_tabs(user: User, site: Site) -> list[Tab]:
    """The tabs that somebody may open at a site; the first one is where Billing leads."""
    return [
        Tab(name, label, reverse(f"desk:{address}", args=[site.pk]))
        for name, label, address, actions in TABS
        if any(may(user, action, site) for action in actions)
    ]


def dollars(cents: int) -> str:
    """$1,234.50, with a minus sign before it when it is below nothing."""
    return f"{'−' if cents < 0 else ''}${abs(cents) / 100:,.2f}"
