"""Rules about claims as such: nothing twice, nobody's, left over, or other than the visit says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from scheduling.audit.case import Case
from scheduling.audit.rows import Claim, Violation

GRACE = 5
"""Minutes that a hold may outlive its time before somebody should have swept it away."""


def guard_is_installed(case: Case) -> Iterator[Violation]:
    """The database itself refuses overlapping claims."""
    if not case.rows.guard:
        yield Violation(
            "guard_is_installed", "database", "The database does not refuse overlapping claims."
        )


def lane_is_claimed_once(case: Case) -> Iterator[Violation]:
    """No two claims overlap on a lane of a room, a person or a patient."""
    lanes: dict[tuple[int, int], list[Claim]] = defaultdict(list)
    for claim in case.rows.claims:
        lanes[claim.resource, claim.lane].append(claim)
    for (resource, lane), claims in lanes.items():
        latest: Claim | None = None
        for claim in sorted(claims, key=lambda claim: (claim.start, claim.id)):
            if latest is not None and claim.start < latest.end:
                site = case.site_of(claim) or case.site_of(latest)
                if site is not None and _concerns(case, claim, latest):
                    both = (claim.start, min(claim.end, latest.end))
                    yield Violation(
                        "lane_is_claimed_once",
                        case.subject(resource),
                        f"Lane {lane} of {case.name(resource)} is claimed by {_owner(latest)} and "
                        f"by {_owner(claim)}, {case.when(both, site)}.",
                        claim.visit or latest.visit,
                    )
            if latest is None or claim.end > latest.end:
                latest = claim


def lane_exists(case: Case) -> Iterator[Violation]:
    """A room has as many lanes as chairs, a person as their roles give, a patient one."""
    for claim in case.rows.claims:
        site = case.site_of(claim)
        if site is None or not _concerns(case, claim):
            continue
        lanes = case.lanes(claim.resource, site)
        if claim.lane >= lanes:
            yield Violation(
                "lane_exists",
                case.subject(claim.resource),
                f"{_owner(claim)} claims lane {claim.lane} of {case.name(claim.resource)}, "
                f"who has only {lanes}, {case.when((claim.start, claim.end), site)}.",
                claim.visit,
            )


def claim_has_an_owner(case: Case) -> Iterator[Violation]:
    """A claim belongs to a visit that stands, or to one hold; nothing else holds a place."""
    for claim in case.rows.claims:
        told = ""
        if (claim.visit is None) == (claim.hold is None):
            told = "belongs to nobody" if claim.visit is None else "has two owners"
        elif claim.hold is not None:
            told = "" if claim.hold in case.rows.holds else f"belongs to lost {_owner(claim)}"
        elif claim.visit not in case.rows.visits:
            told = f"belongs to lost {_owner(claim)}" if case.rows.complete else ""
        elif claim.visit in case.rows.scope and not case.stands(claim.visit):
            status = case.rows.visits[claim.visit].status
            told = f"is left over from {_owner(claim)}, which is {status}"
        if told:
            yield Violation(
                "claim_has_an_owner",
                f"claim:{claim.id}",
                f"A claim on {case.name(claim.resource)} {told}.",
                claim.visit,
            )


def hold_is_not_over(case: Case) -> Iterator[Violation]:
    """Holds past their time are swept away, and a hold holds something."""
    holding = {claim.hold for claim in case.rows.claims}
    for hold in case.rows.holds.values():
        if hold.expires + GRACE <= case.rows.now:
            yield Violation(
                "hold_is_not_over",
                f"hold:{hold.id}",
                f"This hold ended {case.rows.now - hold.expires} minutes ago and still stands.",
            )
        elif case.rows.complete and hold.id not in holding:
            yield Violation("hold_is_not_over", f"hold:{hold.id}", "This hold holds nothing.")


def claims_match_the_visit(case: Case) -> Iterator[Violation]:
    """Integer claims equal the timestamps: they begin and end with phases of their visit.

    Whoever went home in the middle of a phase leaves it there: so may claims of a visit that has
    begun, and what an uncovered one still holds.
    """
    for visit in case.standing:
        if not visit.exact or any(not phase.exact for phase in case.rows.phases.get(visit.id, ())):
            yield case.wrong("claims_match_the_visit", visit, "Its times are not whole minutes.")
        edges = {visit.start, visit.end}
        for phase in case.rows.phases.get(visit.id, ()):
            edges |= {phase.start, phase.end}
        cut = visit.status == "uncovered" or visit.start < case.rows.now
        for claim in case.claims[visit.id]:
            end = claim.end - claim.turnover
            if cut and visit.start <= claim.start < end <= visit.end:
                continue
            if claim.start not in edges or end not in edges or end <= claim.start:
                yield case.wrong(
                    "claims_match_the_visit",
                    visit,
                    f"Its claim on {case.name(claim.resource)}, "
                    f"{case.when((claim.start, claim.end), visit.site)}, begins or ends with no "
                    "phase of it.",
                )


def patient_is_claimed(case: Case) -> Iterator[Violation]:
    """The patient is claimed once, for the whole visit."""
    for visit in case.standing:
        own = [
            (claim.resource, claim.lane, claim.start, claim.end)
            for claim in case.claims[visit.id]
            if claim.role == "patient" or claim.resource in case.rows.patients
        ]
        if own != [(visit.patient, 0, visit.start, visit.end)]:
            yield case.wrong(
                "patient_is_claimed", visit, "Its patient is not claimed for exactly the visit."
            )


def phases_match_the_protocol(case: Case) -> Iterator[Violation]:
    """Phases follow one another as the step of the protocol version says."""
    for visit in case.standing:
        needs = case.needs(visit)
        if needs is None:
            yield case.wrong(
                "phases_match_the_protocol", visit, f"Its protocol has no step “{visit.step}”."
            )
            continue
        planned = [
            (name, visit.start + low, visit.start + high) for name, low, high in needs.phases
        ]
        stored = [(p.name, p.start, p.end) for p in case.rows.phases.get(visit.id, ())]
        if stored != planned or planned[-1][2] != visit.end:
            yield case.wrong(
                "phases_match_the_protocol",
                visit,
                f"Its phases are not those of “{visit.step}”, one after the other.",
            )


def _concerns(case: Case, *claims: Claim) -> bool:
    """Whether any of them is a hold's or of a visit in scope."""
    return any(claim.visit is None or claim.visit in case.rows.scope for claim in claims)


def _owner(claim: Claim) -> str:
    return f"appointment {claim.visit}" if claim.visit is not None else f"hold {claim.hold}"
