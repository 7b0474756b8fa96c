"""The days on which a site does no business: its public holidays, and what it is closed for."""

from __future__ import annotations

from datetime import date, timedelta

from clinic.models import Site
from clinic.selectors import closed_days

AROUND = timedelta(days=31)
"""How far around its dates a rule about business days may look."""


def days_off(site: Site, *around: date) -> frozenset[date]:
    """Closed dates from a month before the earliest of these to a month after the latest."""
    return frozenset(closed_days(site, min(around) - AROUND, max(around) + AROUND))
