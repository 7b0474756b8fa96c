"""When visits really were: arrived, begun, over, from the steps that were entered for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from clinic.models import Site
from clinic.selectors import range_of
from clinic.spans import moment
from scheduling.models import Appointment, Status, StatusChange

BEGUN = (Status.IN_PREP, Status.INFUSING, Status.IN_SESSION)


@dataclass(frozen=True, slots=True)
class Times:
    """The moments of one visit that are known."""

    arrived: datetime | None = None
    began: datetime | None = None
    ended: datetime | None = None

    @property
    def minutes(self) -> float | None:
        """How long it really was; None where an end is not known."""
        if self.began is None or self.ended is None or self.ended <= self.began:
            return None
        return (self.ended - self.began).total_seconds() / 60


NO_TIMES = Times()


def since(site: Site, first: date) -> date:
    """The later of `first` and the date of the site's first visit: nothing was open for patients
    before. One query."""
    opened = Appointment.objects.filter(site=site).order_by("starts_at").values_list("starts_at")
    begun = opened.first()
    return max(first, begun[0].astimezone(site.zone).date()) if begun else first


def times_of(site: Site, first: date, last: date) -> dict[int, Times]:
    """Of every visit that is planned to start on those dates, by its id: one query."""
    start, end = map(moment, range_of(site, first, last))
    rows = StatusChange.objects.filter(
        appointment__site=site,
        appointment__starts_at__gte=start,
        appointment__starts_at__lt=end,
        taken_back=False,
    ).values_list("appointment_id", "to", "at")
    steps: dict[int, dict[str, list[datetime]]] = {}
    for visit, to, at in rows.order_by("appointment_id"):
        steps.setdefault(visit, {}).setdefault(to, []).append(at)
    return {visit: _times(moments) for visit, moments in steps.items()}


def _times(moments: dict[str, list[datetime]]) -> Times:
    began = [at for status in BEGUN for at in moments.get(status, [])]
    return Times(
        arrived=min(moments.get(Status.ARRIVED, []), default=None),
        began=min(began, default=None),
        ended=max(moments.get(Status.DISCHARGED, []), default=None),
    )
