"""The next visits of a series beyond its protocol's last step: where each would be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from clinic.models import Patient, Site
from clinic.spans import minute, moment
from scheduling import catalogue, daybook
from scheduling.errors import Refused
from scheduling.models import Series
from scheduling.planner.nearest import Single, judged, nearest
from scheduling.planner.placed import Anchor
from scheduling.planner.plans import PlannedVisit, Refusal
from scheduling.planner.protocols import Protocol, Step
from scheduling.planner.single import place
from scheduling.selectors.single import anchors_of, when_away

MOST = 12
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Extension:
    """Visits that would follow, in time order, and the protocol as it reaches to the last."""

    protocol: Protocol
    anchors: dict[str, Anchor]
    visits: tuple[PlannedVisit, ...]

    def starts(self, site: Site) -> list[tuple[str, datetime]]:
        """The name of each with its start by the site's clock."""
        return [
            (self.protocol.step(one.step).name, moment(one.start).astimezone(site.zone))
            for one in self.visits
        ]


def may_extend(series: Series) -> bool:
    """Whether the protocol goes on after its last step, and the series was not given up."""
    extends = bool(series.protocol_version.definition.get("extension"))
    return extends and series.status != Series.State.CANCELLED


def gone_on() -> Refusal:
    """Why a series cannot be extended at all."""
    message = "Its protocol has no visits after the last, or the series was cancelled."
    return Refusal("series_goes_on", "series", message)


def plan_extension(
    *, series: Series, visits: int, not_before: date | None, now: datetime
) -> Extension:
    """The next 1 to 12 visits, each at the legal time nearest to where it is best.

    Best is the protocol's ideal distance from the visit before, at the same time of day, none
    before `not_before` (site date). Refused with the visit and why, when one has no place.
    """
    site = Site.objects.select_related("organisation").get(pk=series.site_id)
    patient = Patient.objects.get(pk=series.patient_id)
    version = series.protocol_version
    if not may_extend(series):
        raise Refused([gone_on()])
    anchors = anchors_of(series)
    keys = catalogue.keys_after(version.definition, anchors, visits)
    protocol = catalogue.protocol(version.definition, version=version.version, reaching=keys)
    therapist = series.therapist_id
    found: list[PlannedVisit] = []
    known = dict(anchors)
    for key in keys:
        step = protocol.step(key)
        single = Single(step, protocol, patient.acuity, known, therapist)
        visit = _next(single, site, patient, not_before, now)
        found.append(visit)
        known = {**known, key: (visit.start, visit.end)}
    return Extension(protocol, anchors, tuple(found))


def _next(
    single: Single, site: Site, patient: Patient, not_before: date | None, now: datetime
) -> PlannedVisit:
    step, [gap] = single.step, single.step.gaps
    before = single.anchors.get(gap.anchor)
    if before is None:
        name = single.protocol.step(gap.anchor).name
        raise _refused(step, "step_is_missing", f"{name} is not booked. Book it first.")
    zone = site.zone
    last = moment(before[0]).astimezone(zone) if isinstance(before, tuple) else None
    day = last.date() if last else before
    assert isinstance(day, date)
    clock = last.timetz().replace(tzinfo=None) if last else time(9)
    first = max(day + gap.earliest * DAY, now.astimezone(zone).date(), not_before or date.min)
    final = day + gap.latest * DAY
    if first > final:
        message = (
            f"{step.name} must be by {final:%a} {final.day} {final:%b}, "
            f"{gap.earliest} to {gap.latest} days after the visit before it. Start earlier."
        )
        raise _refused(step, "window_is_kept", message)
    ideal = day + (gap.ideal if gap.ideal is not None else gap.earliest) * DAY
    around = minute(datetime.combine(min(max(ideal, first), final), clock, tzinfo=zone))
    diary = when_away(
        daybook.read(site=site, first=first, last=final + DAY, now=now, patient=patient), patient
    )
    here = place(step, around, diary, therapist=single.therapist)
    reasons = judged(single, here, diary)
    if not reasons:
        return here
    near = nearest(single, around, diary, first=first, last=final, limit=1)
    if not near:
        raise Refused(reasons)
    return near[0]


def _refused(step: Step, rule: str, message: str) -> Refused:
    return Refused([Refusal(rule, step.name, message, step.key)])
