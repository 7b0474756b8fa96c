"""Weekly hours for one or several people, and what a change of them would do to booked visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from clinic.journal import Actor
from clinic.models import Site, Staff
from clinic.services.facts import Pen
from clinic.services.hours import Shift, write_weekly_hours
from clinic.spans import at, moment
from clinic.transactions import durable, writing
from scheduling.models import Appointment, Claim
from scheduling.models.series import GONE
from scheduling.services.around import Around
from scheduling.services.keeping import in_order, visits_fit, wrong

NOBODY = Actor(name="preview", door="desk")


@dataclass(frozen=True, slots=True)
class Preview:
    """What weekly hours would do: `ahead` booked visits rest on them, and these would break.

    `breaks` lists (appointment id, what would be wrong) in time order, as `WouldBreakVisits` does.
    """

    ahead: int
    breaks: tuple[tuple[int, str], ...]


class _LookedAt(Exception):
    """Ends a preview, so that nothing of it is kept and nothing follows from it."""


@durable
def share_weekly_hours(
    *,
    people: Sequence[int],
    site: int,
    shifts: Sequence[Shift],
    since: date,
    actor: Actor,
    now: datetime,
    plan_around: bool = False,
    seen: int | None = None,
) -> None:
    """The same week at a site from a date on for several people: for all of them or for none.

    For one person `plan_around` saves it over booked visits too, and opens a recovery over them.
    `seen` is of the first of them. Errors as in `upkeep.set_weekly_hours`.
    """
    place = Site.objects.get(pk=site)
    rows = _in_hand(people)
    around = None
    if plan_around and len(rows) == 1:
        [person] = rows.values()
        around = Around(person.pk, person.name, f"{person.name}: other hours", actor, now)
    with visits_fit([place], now=now, otherwise=around):
        for pk in people:
            pen = Pen("staff", actor, now, seen if pk == people[0] else None)
            write_weekly_hours(rows[pk], place, shifts, since, pen)


def preview_weekly_hours(
    *, people: Sequence[int], site: int, shifts: Sequence[Shift], since: date, now: datetime
) -> Preview:
    """What `share_weekly_hours` would do; it is tried in a transaction and taken back.

    Bookings go on meanwhile, so saving judges again. ValidationError and Staff.DoesNotExist.
    """
    place = Site.objects.get(pk=site)
    start = max(now, moment(at(since, time(0), place.zone)))
    after: set[tuple[int, str]] = set()
    try:
        with writing():
            rows = _in_hand(people)
            for pk in people:
                write_weekly_hours(rows[pk], place, shifts, since, Pen("staff", NOBODY, now))
            after = wrong([place], start, None, now)
            raise _LookedAt
    except _LookedAt:
        before = wrong([place], start, None, now) if after else set()
    return Preview(_ahead(people, place, start), tuple(in_order(after - before)))


def _in_hand(people: Sequence[int]) -> dict[int, Staff]:
    """These people, kept from other edits until this one ends; Staff.DoesNotExist."""
    wanted = Staff.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    rows = {row.pk: row for row in wanted.filter(pk__in=people)}
    if missing := set(people) - rows.keys():
        raise Staff.DoesNotExist(f"There is nobody of the id {min(missing)}.")
    return rows


def _ahead(people: Sequence[int], site: Site, start: datetime) -> int:
    held = Claim.objects.filter(resource__in=people, appointment__isnull=False)
    visits = Appointment.objects.filter(site=site, starts_at__gte=start).exclude(status__in=GONE)
    return visits.filter(pk__in=held.values("appointment")).count()
