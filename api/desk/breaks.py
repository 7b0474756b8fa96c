"""The booked visits in the way of an edit, as whoever tried it may see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from api.desk.board import Sight
from api.desk.frame import Asked
from api.desk.people import shown_name
from api.desk.sheet import names_in
from api.permissions import visible_visits
from clinic.models import Site
from scheduling.errors import WouldBreakVisits
from scheduling.models import Appointment, Claim
from scheduling.selectors import step_name, visits


@dataclass(frozen=True, slots=True)
class Break:
    """One visit and why it would no longer fit. `url` is empty where the viewer may not open it."""

    pk: int
    starts: datetime
    site: str
    who: str
    step: str
    room: str
    why: tuple[str, ...]
    url: str


def shown(request: Asked, error: WouldBreakVisits) -> list[Break]:
    """Each visit once, in time order: six queries or so, however many there are.

    For `desk/parts/breaks.html`, as `breaks`. Its links open in a new tab, so that what was typed
    stays; `here="yes"` where nothing was. `title` and `advice` take the place of the usual words.
    """
    return visits_shown(request, error.breaks)


def visits_shown(request: Asked, told: Iterable[tuple[int, str]]) -> list[Break]:
    """Visits with what is said of them, as the viewer may see them."""
    why: dict[int, list[str]] = defaultdict(list)
    for visit, message in told:
        why[visit].append(message)
    found = list(visits().filter(pk__in=why))
    mine = visible_visits(request.user, Appointment.objects.filter(pk__in=why))
    opens = set(mine.values_list("pk", flat=True))
    names = names_in(found)
    return [_break(request, visit, why[visit.pk], names, visit.pk in opens) for visit in found]


def _break(
    request: Asked, visit: Appointment, why: list[str], names: dict[int, str], opens: bool
) -> Break:
    site: Site = visit.site
    rooms = {c.resource_id for c in visit.claims.all() if c.role == Claim.Role.ROOM}
    return Break(
        pk=visit.pk,
        starts=visit.starts_at.astimezone(site.zone),
        site=site.name,
        who=shown_name(request.user, visit.patient, site),
        step=step_name(visit) if Sight.of(request.user, site).care else "A visit",
        room=", ".join(sorted(names[room] for room in rooms if room in names)),
        why=tuple(dict.fromkeys(why)),
        url=reverse("desk:visit", args=[visit.pk]) if opens else "",
    )
