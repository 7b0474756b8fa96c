"""The till of a site: to which day money belongs, and who may not count it meanwhile."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from billing.models import DayClose
from clinic.models import Site


def open_till(site: Site, *, now: datetime) -> date:
    """The site date that money belongs to; nobody closes a day there until the transaction ends.

    What is taken after a day was counted belongs to the next one. An account is opened before.
    """
    Site.objects.select_for_update(of=("self",), no_key=True).get(pk=site.pk)
    today = now.astimezone(site.zone).date()
    closed = DayClose.objects.filter(site=site, on__gte=today).order_by("-on").first()
    return closed.on + timedelta(days=1) if closed else today
