"""How a recovery reads at the desk: who is out, what is mended, what waits for a decision."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.desk import words
from api.desk.people import shown_name
from clinic.models import Site, User
from scheduling.models import Appointment, Recovery
from scheduling.selectors import step_name


@dataclass(frozen=True, slots=True)
class Way:
    words: str
    kind: str


@dataclass(frozen=True, slots=True)
class Line:
    """One visit of a recovery; `together` are those that have to move for it, with their names."""

    visit: int
    name: str
    step: str
    before: datetime
    after: datetime | None
    reason: str
    decided: bool
    stands: str
    ways: tuple[Way, ...] = ()
    together: tuple[tuple[int, str], ...] = ()

    @property
    def shift(self) -> str:
        if self.after is None:
            return ""
        if self.after == self.before:
            return "same time"
        minutes = round((self.after - self.before).total_seconds() / 60)
        if abs(minutes) >= 1440:
            return words.count(abs(minutes) // 1440, "day") + (
                " later" if minutes > 0 else " earlier"
            )
        return f"{abs(minutes)} min {'later' if minutes > 0 else 'earlier'}"


@dataclass(frozen=True, slots=True)
class Shown:
    """A recovery ready to be rendered."""

    recovery: Recovery
    starts: datetime
    ends: datetime
    reassigned: tuple[Line, ...]
    moves: tuple[Line, ...]
    stranded: tuple[Line, ...]

    @property
    def waiting(self) -> int:
        return sum(not line.decided for line in (*self.moves, *self.stranded))

    @property
    def moving(self) -> int:
        return sum(not line.decided for line in self.moves)

    @property
    def lost(self) -> int:
        return sum(not line.decided for line in self.stranded)

    @property
    def improving(self) -> bool:
        return self.recovery.status == Recovery.State.IMPROVING

    @property
    def span(self) -> str:
        if self.starts.date() == self.ends.date():
            return f"{words.day(self.starts)} {words.clock(self.starts)} – {words.clock(self.ends)}"
        return f"{words.day(self.starts)} {words.clock(self.starts)} to {words.day(self.ends)}"


def shown(recovery: Recovery, user: User, site: Site) -> Shown:
    """Two queries, however many visits."""
    items = [*recovery.reassigned, *recovery.moves, *recovery.stranded]
    rows = Appointment.objects.filter(pk__in=[item["appointment"] for item in items])
    visits = {v.pk: v for v in rows.select_related("patient", "protocol_version__protocol")}
    done = set(recovery.accepted)

    def lines(of: Iterable[dict[str, Any]]) -> tuple[Line, ...]:
        found = [_line(item, visits, done, user, site) for item in of]
        return tuple(sorted(found, key=lambda line: line.before))

    return Shown(
        recovery,
        recovery.starts_at.astimezone(site.zone),
        recovery.ends_at.astimezone(site.zone),
        lines(recovery.reassigned),
        lines(recovery.moves),
        lines(recovery.stranded),
    )


def _line(
    item: dict[str, Any], visits: dict[int, Appointment], done: set[int], user: User, site: Site
) -> Line:
    visit, to = visits[item["appointment"]], item["to"]
    others = [visits[one] for one in item.get("with", ()) if one in visits and one not in done]
    return Line(
        visit=visit.pk,
        name=shown_name(user, visit.patient, site),
        step=step_name(visit),
        before=datetime.fromisoformat(item["from"]).astimezone(site.zone),
        after=datetime.fromisoformat(to).astimezone(site.zone) if to else None,
        reason=item["reason"],
        decided=visit.pk in done or visit.status not in ("uncovered", "booked", "confirmed"),
        stands=visit.status,
        ways=tuple(Way(way["words"], way["kind"]) for way in item.get("options", ())),
        together=tuple((one.pk, shown_name(user, one.patient, site)) for one in others),
    )


def open_recoveries(site: Site) -> list[Recovery]:
    """Those of a site that wait for a decision, the newest first."""
    rows = Recovery.objects.filter(
        site=site, status__in=[Recovery.State.IMPROVING, Recovery.State.READY]
    )
    return [row for row in rows[:20] if {*_ids(row.moves), *_ids(row.stranded)} - {*row.accepted}]


def _ids(items: Iterable[dict[str, Any]]) -> list[int]:
    return [item["appointment"] for item in items]
