"""What is due: which follow-ups, in which order, and how each stands on a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import reduce
from operator import or_

from django.db.models import BooleanField, Case, Count, Q, QuerySet, Value, When

from clinic.models import Site
from clinic.spans import moment
from scheduling import catalogue
from scheduling.errors import UnknownProtocol
from scheduling.models import FollowUp, ProtocolVersion
from scheduling.planner.following import CONTINUES
from scheduling.planner.single import stands_alone
from scheduling.selectors.proposals import current_version, propose_series
from scheduling.selectors.protocols import current_versions
from scheduling.selectors.single import try_visit

STANDS = ("overdue", "open", "booked", "coming", "done", "dropped")
"""How one stands: its window is over; it is open; a visit is booked for it; not yet; settled."""


def follow_ups(sites: Iterable[Site], *, now: datetime) -> QuerySet[FollowUp]:
    """Every follow-up of these sites, those overdue on the site's own date first, then as due."""
    overdue = reduce(or_, (_overdue(site, now) for site in sites), Q(pk__in=[]))
    places = [site.pk for site in sites]
    return (
        FollowUp.objects.filter(site__in=places)
        .annotate(
            overdue=Case(
                When(overdue, then=Value(True)), default=Value(False), output_field=BooleanField()
            )
        )
        .select_related("patient", "site", "protocol_version", "appointment", "after")
        .order_by("-overdue", "due_on", "pk")
    )


def standing(rows: QuerySet[FollowUp], stand: str, today: date) -> QuerySet[FollowUp]:
    """Those of one site that stand so."""
    return rows.filter(_stand(stand, today))


def count_stands(rows: QuerySet[FollowUp], today: date) -> dict[str, int]:
    """How many of one site stand how: one query."""
    return rows.aggregate(**{stand: Count("pk", filter=_stand(stand, today)) for stand in STANDS})


def stand_of(row: FollowUp, today: date) -> str:
    """How one stands on a site date."""
    if row.state != FollowUp.State.DUE:
        return str(row.state)
    if row.closes_on < today:
        return "overdue"
    return "open" if row.opens_on <= today else "coming"


def _stand(stand: str, today: date) -> Q:
    due = Q(state=FollowUp.State.DUE)
    return {
        "overdue": due & Q(closes_on__lt=today),
        "open": due & Q(closes_on__gte=today, opens_on__lte=today),
        "coming": due & Q(closes_on__gte=today, opens_on__gt=today),
    }.get(stand) or Q(state=stand)


def _overdue(site: Site, now: datetime) -> Q:
    today = now.astimezone(site.zone).date()
    return Q(site=site, state=FollowUp.State.DUE, closes_on__lt=today)


@dataclass(frozen=True, slots=True)
class Place:
    """A time at which a follow-up's visit can be; `value` books it (`services.follow_ups`)."""

    value: str
    starts_at: datetime
    ends_at: datetime
    room: str = ""
    people: tuple[str, ...] = ()


def places_for(row: FollowUp, *, now: datetime, limit: int = 4) -> list[Place]:
    """Free times inside its window, nearest to its due day; none where no visit serves it."""
    today = now.astimezone(row.site.zone).date()
    if row.key == CONTINUES:
        return _series_places(row, max(today, row.opens_on), max(today, row.closes_on), now, limit)
    chosen = _serving_step(row.protocol_version)
    if chosen is None:
        return []
    version, step = chosen
    day = min(max(row.due_on, today), max(row.closes_on, today))
    around = datetime.combine(day, time(10), tzinfo=row.site.zone)
    tried = try_visit(
        patient=row.patient,
        site=row.site,
        version=version,
        step=step,
        starts_at=max(around, now),
        now=now,
        limit=limit,
        apart=60,
    )
    fits = [*([tried.here] if tried.fits else []), *tried.nearest][:limit]
    return [
        Place(
            f"visit.{version.pk}.{step}.{fit.starts_at.isoformat()}",
            fit.starts_at,
            fit.ends_at,
            fit.room,
            fit.people,
        )
        for fit in sorted(fits, key=lambda fit: fit.starts_at)
    ]


def _series_places(
    row: FollowUp, first: date, last: date, now: datetime, limit: int
) -> list[Place]:
    """The protocol that goes on, counted from the last infusion."""
    after = row.after
    key = row.protocol_version.definition.get("continues", "")
    try:
        version = current_version(key)
    except UnknownProtocol:
        return []
    outside = [step["key"] for step in version.definition["outside"]]
    done = after.starts_at.astimezone(row.site.zone).date() if after else None
    found = propose_series(
        patient=row.patient,
        protocol_key=key,
        site=row.site,
        not_before=first,
        not_after=last,
        completed={step: done for step in outside[:1] if done},
        limit=limit,
        now=now,
    )
    names = found.names
    return [
        Place(
            f"series.{offer.token}",
            moment(visit.start).astimezone(row.site.zone),
            moment(visit.end).astimezone(row.site.zone),
            next((names[claim.resource] for claim in visit.claims if claim.kind == "room"), ""),
        )
        for offer in found.offers
        for visit in offer.plan.visits[:1]
    ]


def _serving_step(version: ProtocolVersion) -> tuple[ProtocolVersion, str] | None:
    """The shortest visit of its protocol that makes sense on its own, else of any other."""
    for one in (version, *current_versions()):
        protocol = catalogue.protocol(one.definition, version=one.version)
        alone = [step for step in protocol.steps if stands_alone(step, protocol)]
        short = [step for step in alone if step.kind in ("review", "consult", "screening")]
        if found := min(short, key=lambda step: step.minutes, default=None):
            return one, found.key
    return None
