"""$find: times for a whole series (visit-type is a protocol) or one visit (protocol/step)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from api.fhir.asking import Wanted, action_of, wanted_of
from api.fhir.bundles import bundle, entry
from api.fhir.kinds import Shown
from api.fhir.mapping import Names, show_planned
from api.fhir.outcomes import outcome, told
from api.fhir.parameters import Given
from api.fhir.proposals import keep_proposals
from api.fhir.resources import checked
from api.fhir.systems import VISIT_TYPE, coding, system
from api.permissions import require
from clinic.models import Site
from clinic.spans import moment
from scheduling.planner.single import ANYTHING, Wish
from scheduling.selectors import Proposals, propose_series
from scheduling.selectors.openings import find_visits
from scheduling.selectors.proposals import FURTHEST
from scheduling.selectors.protocols import current_versions

if TYPE_CHECKING:
    from api.fhir.doors import FhirDoor


def find(door: FhirDoor, given: Given) -> Shown:
    """A searchset of proposed Appointments; those of one series share one proposal identifier."""
    lacking = _lacking(given)
    if lacking:
        return _answer(door, [], lacking)
    wanted = wanted_of(door, given)
    shown: list[Shown] = []
    for site in wanted.sites:
        require(door.client, action_of(wanted.step), site)
        found = _search(wanted, site, door.now)
        if found is None:
            message = "That time is over, or further ahead than visits are planned."
            wanted.notes.append(told("information", "informational", message))
            break
        shown += _kept(door, wanted, found, site)
        wanted.notes += [
            told("information", "business-rule", f"{site.name}: {block.message}{_relaxed(block)}")
            for block in found.blocked
        ]
        if shown:
            break
    if not shown and not wanted.notes:
        wanted.notes.append(told("information", "informational", "Nothing is free in that time."))
    return _answer(door, shown, wanted.notes)


def _answer(door: FhirDoor, shown: Sequence[Shown], notes: Sequence[dict[str, Any]]) -> Shown:
    entries = [entry(door, one, "match") for one in shown]
    if notes:
        entries.append({"resource": outcome(notes), "search": {"mode": "outcome"}})
    return bundle(entries, len(shown))


def _lacking(given: Given) -> list[dict[str, Any]]:
    """What planning cannot do without, though the profile has it as optional."""
    notes = []
    if not given.get("visit-type") and not given.get("service-type"):
        codes = [row.protocol.key for row in current_versions()]
        message = (
            f"Say what is to be booked as visit-type {system(VISIT_TYPE)}|CODE, CODE being a "
            f"protocol ({', '.join(codes)}) or protocol/step."
        )
        notes.append(told("warning", "required", message))
    if not given.get("patient-reference") and not given.get("patient-resource"):
        message = "Say for whom, as patient-reference: times depend on the patient."
        notes.append(told("warning", "required", message))
    return notes


def _search(wanted: Wanted, site: Site, now: datetime) -> Proposals | None:
    """None where the time is over, or too far ahead."""
    today = now.astimezone(site.zone).date()
    first = max(wanted.start.astimezone(site.zone).date(), today)
    last = min(_last(wanted.end, site), today + FURTHEST)
    if last < first:
        return None
    if not wanted.step:
        return propose_series(
            patient=wanted.patient,
            protocol_key=wanted.version.protocol.key,
            site=site,
            not_before=first,
            not_after=last,
            weekdays=wanted.weekdays,
            earliest=wanted.earliest,
            latest=wanted.latest,
            staff=wanted.staff,
            limit=wanted.limit,
            now=now,
        )
    anybody: list[int | None] = [None]
    for clinician in wanted.staff or anybody:
        wish = Wish(wanted.room, clinician) if clinician or wanted.room else ANYTHING
        found = find_visits(
            patient=wanted.patient,
            site=site,
            version=wanted.version,
            step=wanted.step,
            start=max(wanted.start, now),
            end=min(wanted.end, now + FURTHEST),
            weekdays=wanted.weekdays,
            earliest=wanted.earliest,
            latest=wanted.latest,
            wish=wish,
            limit=wanted.limit,
            now=now,
        )
        if found.offers:
            break
    return found


def _last(end: datetime, site: Site) -> date:
    """The last site date that begins before the end."""
    return (end - timedelta(microseconds=1)).astimezone(site.zone).date()


def _kept(door: FhirDoor, wanted: Wanted, found: Proposals, site: Site) -> list[Shown]:
    names = Names(found.names, found.names)
    key = wanted.version.protocol.key
    asked = {
        "start": wanted.start.isoformat(timespec="seconds"),
        "end": wanted.end.isoformat(timespec="seconds"),
    }
    proposals = []
    for offer in found.offers:
        shown = []
        for visit in offer.plan.visits:
            type_ = [
                coding(VISIT_TYPE, f"{key}/{visit.step}", found.protocol.step(visit.step).name),
                coding(VISIT_TYPE, key, wanted.version.name),
            ]
            facts = show_planned(
                visit, site=site, patient=wanted.patient.pk, type_=type_, names=names
            )
            facts |= {
                "status": "proposed",
                "requestedPeriod": [asked],
                "comment": "; ".join(offer.plan.reasons),
            }
            shown.append(checked(facts))
        proposals.append((offer, shown))
    ends = [moment(offer.plan.visits[-1].end) for offer in found.offers]
    if not wanted.step and any(end > wanted.end for end in ends):
        message = "Later visits of a series lie after the end that was asked for."
        wanted.notes.append(told("information", "informational", message))
    return keep_proposals(proposals, client=door.client.id, single=bool(wanted.step), now=door.now)


def _relaxed(block: Any) -> str:
    return f" {block.relax.words}" if block.relax else ""
