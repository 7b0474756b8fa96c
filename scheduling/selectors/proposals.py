"""Series proposals: the planner asked about the days in question, its plans sealed as tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from clinic.models import Patient, Site
from scheduling import catalogue, daybook, tokens
from scheduling.errors import Refused, UnknownProtocol
from scheduling.models import ProtocolVersion
from scheduling.planner.plans import Blocked, Plan, Refusal, Request
from scheduling.planner.protocols import Protocol
from scheduling.planner.search import propose
from scheduling.planner.windows import reach
from scheduling.selectors.single import when_away

D0_WITHIN = timedelta(days=60)
FURTHEST = timedelta(days=540)


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan with the token that books it."""

    token: str
    expires_at: datetime
    plan: Plan


@dataclass(frozen=True, slots=True)
class Proposals:
    """Plans, best first, or what stands in the way. `names` tells resources by their ids."""

    offers: tuple[Offer, ...]
    blocked: tuple[Blocked, ...]
    site: Site
    protocol: Protocol
    names: Mapping[int, str]


def current_version(key: str) -> ProtocolVersion:
    """The version of a protocol that new series run on; UnknownProtocol when retired or unknown."""
    version = (
        ProtocolVersion.objects.select_related("protocol")
        .filter(protocol__key=key, protocol__retired=False)
        .order_by("-version")
        .first()
    )
    if version is None:
        raise UnknownProtocol(key)
    return version


def propose_series(
    *,
    patient: Patient,
    protocol_key: str,
    site: Site,
    not_before: date,
    now: datetime,
    not_after: date | None = None,
    weekdays: Iterable[int] = (),
    earliest: time | None = None,
    latest: time | None = None,
    staff: Iterable[int] = (),
    completed: Mapping[str, date] | None = None,
    limit: int = 3,
    offer: str = "",
) -> Proposals:
    """Up to `limit` genuinely different plans for a patient's whole series.

    Dates and times are the site's; `not_after` bounds D0 (60 days after `not_before` unless
    given, and never further than planning goes); `offer` continues a set of proposals, so that
    its own hold is not in the way. Days on which the patient is away are not proposed.
    Raises Refused for impossible dates and where every step is completed, UnknownProtocol.
    """
    today = now.astimezone(site.zone).date()
    last_d0 = not_after or not_before + D0_WITHIN
    _check_dates(not_before, last_d0, today)
    last_d0 = min(last_d0, today + FURTHEST + D0_WITHIN)
    version = current_version(protocol_key)
    protocol = catalogue.protocol(version.definition, version=version.version)
    done = dict(completed or {})
    if all(step.key in done for step in protocol.steps):
        message = f"Every step of {protocol.name} is completed: nothing is left to plan."
        raise Refused([Refusal("something_is_left", "completed", message)])
    request = Request(
        protocol=protocol,
        acuity=patient.acuity,
        not_before=not_before,
        not_after=last_d0,
        weekdays=frozenset(weekdays),
        earliest=earliest,
        latest=latest,
        staff=frozenset(staff),
        completed=done,
        limit=limit,
    )
    diary = daybook.read(
        site=site,
        first=not_before,
        last=last_d0 + timedelta(days=reach(protocol) + 1),
        now=now,
        patient=patient,
        without_offer=offer,
    )
    result = propose(request, when_away(diary, patient))
    offer = offer or tokens.new_offer()
    made = []
    for plan in result.plans:
        draft = tokens.draft(
            plan=plan,
            protocol=protocol,
            offer=offer,
            patient=patient.pk,
            version=version.pk,
            site=site.pk,
            completed=done,
            now=now,
        )
        made.append(Offer(tokens.seal(draft), draft.expires_at, plan))
    names = {r.id: r.name for r in diary.rooms} | {p.id: p.name for p in diary.people}
    return Proposals(tuple(made), result.blocked, site, protocol, names)


def _check_dates(not_before: date, not_after: date, today: date) -> None:
    if not_before < today:
        message = f"A series cannot start before today, {today.isoformat()}."
        raise Refused([Refusal("not_in_the_past", "not_before", message)])
    if not_before - today > FURTHEST:
        last = (today + FURTHEST).isoformat()
        message = f"Series are planned up to 540 days ahead, to {last}."
        raise Refused([Refusal("not_too_far_ahead", "not_before", message)])
    if not_after < not_before:
        message = "The last day for the first infusion lies before the first day."
        raise Refused([Refusal("dates_in_order", "not_after", message)])
