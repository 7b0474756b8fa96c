"""The log of messages, and what is known about the words of a site."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Q, QuerySet

from clinic.models import Patient, Site
from scheduling.models import Message, MessageTemplate, ProtocolVersion

State = Message.State
NEEDS = Q(state__in=(State.FAILED, State.UNKNOWN, State.SUPPRESSED), settled_at=None)
STANDS: dict[str, Q] = {
    "needs": NEEDS,
    "waiting": Q(state__in=(State.QUEUED, State.SENDING)),
    "sent": Q(state=State.SENT),
    "settled": Q(state=State.WITHDRAWN)
    | Q(state__in=(State.FAILED, State.UNKNOWN, State.SUPPRESSED), settled_at__isnull=False),
}
"""How a message stands: somebody is to call, it is to leave, it left, nothing is to be done."""
CALLED_WITHIN = timedelta(days=14)


def messages_of(site: Site) -> QuerySet[Message]:
    """Every message of a site, the newest first."""
    return Message.objects.filter(site=site).select_related("patient").order_by("-pk")


def standing(rows: QuerySet[Message], stand: str, now: datetime) -> QuerySet[Message]:
    """Those that stand so."""
    return rows.filter(_stand(stand, now))


def count_stands(rows: QuerySet[Message], now: datetime) -> dict[str, int]:
    """How many stand how: one query."""
    return rows.order_by().aggregate(
        **{stand: Count("pk", filter=_stand(stand, now)) for stand in STANDS}
    )


def on_day(rows: QuerySet[Message], day: date, site: Site) -> QuerySet[Message]:
    """Those queued on a date of the site."""
    start = datetime.combine(day, time(), site.zone)
    end = datetime.combine(day + timedelta(days=1), time(), site.zone)
    return rows.filter(created_at__gte=start, created_at__lt=end)


def latest_for(patient: Patient, sites: Iterable[int] | None, many: int) -> list[Message]:
    """A patient's last messages, of these sites (None: of all)."""
    rows = Message.objects.filter(patient=patient).exclude(state=State.WITHDRAWN)
    if sites is not None:
        rows = rows.filter(site__in=sites)
    return list(rows.select_related("site").order_by("-pk")[:many])


def _stand(stand: str, now: datetime) -> Q:
    """What is long past needs nobody: a reminder of a visit that is over, a month-old failure."""
    if stand != "needs":
        return STANDS[stand]
    over = Q(kind__in=("reminder", "offer"), not_after__lte=now)
    return NEEDS & Q(created_at__gt=now - CALLED_WITHIN) & ~over


def own_words(site: Site) -> dict[tuple[str, str], MessageTemplate]:
    """(kind, channel) -> what the site has written itself."""
    rows = MessageTemplate.objects.filter(site=site)
    return {(row.kind, row.channel): row for row in rows}


def telling_names() -> list[str]:
    """What the protocols are called: whole names, keys, and the letters that stand for them."""
    names: set[str] = set()
    for name, key in ProtocolVersion.objects.values_list("name", "protocol__key"):
        names |= {name, key, *re.findall(r"\b[A-Z]{3,}\b", name)}
    return sorted(names)
