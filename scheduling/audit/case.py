"""The rows under judgement with what every rule looks up, and the words they share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from scheduling.audit.calendar import Calendar
from scheduling.audit.needs import NURSE, Needs, needs_of
from scheduling.audit.rows import Claim, Rows, Violation, Visit
from scheduling.audit.spans import Span

GONE = frozenset({"cancelled", "no_show", "to_rebook"})
HOLDS_NOTHING_YET = frozenset({"uncovered"})


class Case:
    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.calendar = Calendar(rows)
        self.claims: dict[int, list[Claim]] = defaultdict(list)
        for claim in rows.claims:
            if claim.visit is not None:
                self.claims[claim.visit].append(claim)
        self._needs: dict[tuple[int, str], Needs | None] = {}

    @cached_property
    def standing(self) -> list[Visit]:
        """Visits in scope that hold or held their place, uncovered ones included."""
        return [self.rows.visits[id] for id in sorted(self.rows.scope) if self.stands(id)]

    @cached_property
    def ahead(self) -> list[Visit]:
        """Visits that must be covered: standing, not over, and not known to be uncovered."""
        return [
            visit
            for visit in self.standing
            if visit.status not in HOLDS_NOTHING_YET and not self.is_over(visit)
        ]

    def stands(self, visit: int) -> bool:
        return self.rows.visits[visit].status not in GONE

    def is_over(self, visit: Visit) -> bool:
        """Done with: what has since changed of hours and people no longer matters."""
        return visit.status == "discharged" or visit.end <= self.rows.now

    def needs(self, visit: Visit) -> Needs | None:
        """What the visit's step asks for; None when its protocol version has no such step."""
        key = (visit.version, visit.step)
        if key not in self._needs:
            steps = self.rows.definitions[visit.version]["steps"]
            found = next((step for step in steps if step["key"] == visit.step), None)
            self._needs[key] = needs_of(found) if found else None
        return self._needs[key]

    def needing(self) -> Iterator[tuple[Visit, Needs]]:
        """Visits ahead with their needs."""
        for visit in self.ahead:
            if (needs := self.needs(visit)) is not None:
                yield visit, needs

    def staff_claims(self, visit: Visit) -> list[Claim]:
        return [c for c in self.claims[visit.id] if c.resource in self.rows.people]

    def room_claims(self, visit: Visit) -> list[Claim]:
        return [c for c in self.claims[visit.id] if c.resource in self.rows.rooms]

    def lanes(self, resource: int, site: int) -> int:
        """How many lanes a resource has at a site."""
        if resource in self.rows.rooms:
            return self.rows.rooms[resource].chairs
        person = self.rows.people.get(resource)
        return self.rows.sites[site].nurse_lanes if person and NURSE in person.roles else 1

    def site_of(self, claim: Claim) -> int | None:
        """Where a claim is, when its owner was read."""
        if claim.visit is not None:
            visit = self.rows.visits.get(claim.visit)
            return visit.site if visit else None
        hold = self.rows.holds.get(claim.hold or 0)
        return hold.site if hold else None

    def name(self, resource: int) -> str:
        """The name of a room or a member of staff; a patient is told by number only."""
        if resource in self.rows.rooms:
            return self.rows.rooms[resource].name
        if resource in self.rows.people:
            return self.rows.people[resource].name
        return f"patient {resource}"

    def subject(self, resource: int) -> str:
        kind = "patient"
        if resource in self.rows.rooms:
            kind = "room"
        elif resource in self.rows.people:
            kind = "staff"
        return f"{kind}:{resource}"

    def when(self, span: Span, site: int) -> str:
        """`Tue 8 Dec 2026 09:00-09:40`, in the site's time."""
        start, end = (self.calendar.moment(minute, site) for minute in span)
        until = (
            f"{end:%H:%M}" if start.date() == end.date() else f"{end:%a} {end.day} {end:%b %H:%M}"
        )
        return f"{start:%a} {start.day} {start:%b %Y %H:%M}-{until}"

    def wrong(self, rule: str, visit: Visit, message: str) -> Violation:
        return Violation(rule, f"appointment:{visit.id}", message, visit.id)
