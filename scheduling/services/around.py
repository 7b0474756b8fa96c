"""Save an edit that breaks booked visits on purpose, and open a recovery over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from clinic.journal import Actor
from clinic.models import Absence, Site
from scheduling.models import Appointment, Recovery
from scheduling.services.recovering import open_over


@dataclass
class Around:
    """What becomes of visits that an edit breaks, for `keeping.visits_fit`.

    They lose `resource`, the person or room that is edited; all but the patient's time where it is
    None, for an edit of the site `name`. `absence` is set where the edit writes one: they then
    lose it only while that lasts. `recovery` is there afterwards, if any visit was broken.
    """

    resource: int | None
    name: str
    cause: str
    actor: Actor
    now: datetime
    absence: Absence | None = field(default=None)
    recovery: Recovery | None = field(default=None)

    def __call__(self, breaks: Sequence[tuple[int, str]]) -> None:
        visits = sorted({visit for visit, _ in breaks})
        first = Appointment.objects.only("site").get(pk=visits[0])
        self.recovery = open_over(
            visits,
            resource=self.resource,
            name=self.name,
            site=Site.objects.select_related("organisation").get(pk=first.site_id),
            cause=self.cause,
            absence=self.absence,
            actor=self.actor,
            now=self.now,
        )


def recovery_of(actor: Actor, now: datetime) -> Recovery | None:
    """The recovery that an edit of this actor at this moment opened, for the door to lead to."""
    rows = Recovery.objects.filter(created_by=actor.name, created_at=now)
    return rows.order_by("-pk").first()
