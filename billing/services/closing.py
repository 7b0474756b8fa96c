"""The end of a day: what the ledger says should be there, beside what somebody counted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from billing.errors import MoneyRefused
from billing.models import DayClose
from billing.selectors.till import COUNTED, expected
from clinic.journal import Actor, record
from clinic.models import Site
from clinic.transactions import durable


@durable
def close_day(
    *,
    site: Site,
    on: date,
    counted: Mapping[str, int],
    note: str = "",
    actor: Actor,
    now: datetime,
) -> DayClose:
    """Close a site's date with the cents counted of cash, card and check; once.

    A difference needs a note. MoneyRefused when it was closed already, or has not come.
    """
    Site.objects.select_for_update(of=("self",), no_key=True).get(pk=site.pk)
    if known := DayClose.objects.filter(site=site, on=on).first():
        at = known.at.astimezone(site.zone)
        raise MoneyRefused("closed_once", f"{known.by} closed this day at {at:%H:%M on %d %b}.")
    if on > now.astimezone(site.zone).date():
        raise MoneyRefused("day_has_come", "This day has not come: close it when it is over.")
    should = expected(site, on)
    differs = {method: counted[method] - should[method] for method in map(str, COUNTED)}
    if any(differs.values()) and not note.strip():
        raise MoneyRefused("difference_has_a_note", "Say in a note why it differs.")
    row = DayClose.objects.create(
        site=site,
        on=on,
        expected=dict(should),
        counted={method: counted[method] for method in map(str, COUNTED)},
        difference_cents=sum(differs.values()),
        note=note.strip()[:300],
        by=actor.name,
        at=now,
    )
    record(
        actor=actor,
        now=now,
        action="money.day_closed",
        subject=f"day_close:{row.pk}",
        site=site,
        after={"on": on.isoformat(), "difference_cents": row.difference_cents},
    )
    return row
