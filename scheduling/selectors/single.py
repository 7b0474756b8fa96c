"""One visit at one time: whether it fits, why not, and the nearest times at which it would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from clinic.models import Patient, Site
from clinic.spans import minute, moment
from clinic.wishes import Wishes, wishes_in
from scheduling import catalogue, daybook
from scheduling.models import ProtocolVersion, Series
from scheduling.models.series import GONE, Appointment
from scheduling.planner.day import Diary
from scheduling.planner.frame import dates_of
from scheduling.planner.intervals import union
from scheduling.planner.nearest import Single, judged, nearest
from scheduling.planner.placed import Anchor
from scheduling.planner.plans import PlannedVisit, Refusal
from scheduling.planner.single import ANYTHING, Wish, place
from scheduling.planner.windows import window

AROUND = timedelta(days=14)
"""How far from the time asked for others are looked for, where no window says."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A place for a visit, in the site's clock. `people` are its clinicians; nurses come later."""

    starts_at: datetime
    ends_at: datetime
    room: str
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """A visit at the time asked for, what is against it, and the nearest that could be.

    `window` is where the series lets it be, in site dates; None for a visit on its own.
    """

    here: Fit
    refusals: tuple[Refusal, ...]
    nearest: tuple[Fit, ...]
    window: tuple[date, date] | None

    @property
    def fits(self) -> bool:
        return not self.refusals


def running_series(
    patient: Patient, site: Site, version: ProtocolVersion, step: str
) -> Series | None:
    """The patient's running series at the site that lacks this step, if there is one."""
    booked = Appointment.objects.filter(step=step).exclude(status__in=GONE)
    running = Series.objects.filter(
        patient=patient, site=site, protocol_version=version, status=Series.State.ACTIVE
    )
    lacking = running.exclude(appointments__in=booked).order_by("-pk")
    return next((series for series in lacking if step not in series.completed), None)


def anchors_of(series: Series) -> dict[str, Anchor]:
    """When the other steps of a series are, or were."""
    anchors: dict[str, Anchor] = {
        step: date.fromisoformat(day) for step, day in series.completed.items()
    }
    for visit in series.appointments.exclude(status__in=GONE):
        anchors[visit.step] = (minute(visit.starts_at), minute(visit.ends_at))
    return anchors


def when_away(diary: Diary, patient: Patient, wishes: Wishes | None = None) -> Diary:
    """The diary with the patient's days away as time in which they are not free."""
    known = wishes if wishes is not None else wishes_in(patient.preferences)
    spans = [(low - diary.start, high - diary.start) for low, high in known.away_spans(diary.zone)]
    away = 0
    for one in spans:
        away |= union([one], diary.length)
    return replace(diary, patient=diary.patient & ~away, away=away) if away else diary


def try_visit(
    *,
    patient: Patient,
    site: Site,
    version: ProtocolVersion,
    step: str,
    starts_at: datetime,
    now: datetime,
    wish: Wish = ANYTHING,
    limit: int = 3,
    apart: int = 0,
) -> Tried:
    """One visit at a time, judged as booking would. KeyError when there is no such step.

    A missing step of a running series keeps to that series; days away count as not free. Other
    times on that day are `apart` minutes from it where they can be.
    """
    series = running_series(patient, site, version, step)
    anchors = anchors_of(series) if series else {}
    protocol = catalogue.protocol(
        version.definition, version=version.version, reaching=[step, *anchors]
    )
    single = Single(
        step=protocol.step(step),
        protocol=protocol,
        acuity=patient.acuity,
        anchors=anchors,
        therapist=series.therapist_id if series else None,
        wish=wish,
    )
    day = starts_at.astimezone(site.zone).date()
    today = now.astimezone(site.zone).date()
    limits = window_of(series, single, site) if series else None
    first, last = limits or (day - AROUND, day + AROUND)
    first = max(first, today)
    last = min(last, max(first, day) + 2 * AROUND)
    diary = when_away(
        daybook.read(
            site=site,
            first=min(first, day),
            last=max(last, day) + timedelta(days=1),
            now=now,
            patient=patient,
        ),
        patient,
    )
    start = minute(starts_at)
    here = place(single.step, start, wish.among(single.step, diary), therapist=single.therapist)
    refusals = judged(single, here, diary)
    others = (
        nearest(single, start, diary, first=first, last=last, limit=limit, apart=apart)
        if limit
        else []
    )
    return Tried(
        _fit(here, diary),
        tuple(refusals),
        tuple(_fit(visit, diary) for visit in others if visit.start != start),
        limits,
    )


def window_of(series: Series, single: Single, site: Site) -> tuple[date, date]:
    """Site dates in which every gap to the steps that have dates lets a missing step be."""
    dated = {
        key: anchor if isinstance(anchor, date) else _site_date(anchor[0], site)
        for key, anchor in single.anchors.items()
    }
    wanted = single.step.key
    firsts, lasts = [], []
    for step in single.protocol.steps:
        for gap in step.gaps:
            near, far = (timedelta(days=days) for days in dates_of(gap))
            if step.key == wanted and gap.anchor in dated:
                firsts.append(dated[gap.anchor] + near)
                lasts.append(dated[gap.anchor] + far)
            elif gap.anchor == wanted and step.key in dated:
                firsts.append(dated[step.key] - far)
                lasts.append(dated[step.key] - near)
    if firsts:
        return max(firsts), max(min(lasts), max(firsts))
    return window(single.step, single.protocol, series.d0, dated)


def _fit(visit: PlannedVisit, diary: Diary) -> Fit:
    names: Mapping[int, str] = {r.id: r.name for r in diary.rooms} | {
        p.id: p.name for p in diary.people
    }

    def named(kind: str) -> Sequence[str]:
        ids = dict.fromkeys(claim.resource for claim in visit.claims if claim.kind == kind)
        return [names.get(id, "") for id in ids]

    return Fit(
        moment(visit.start).astimezone(diary.zone),
        moment(visit.end).astimezone(diary.zone),
        ", ".join(named("room")),
        tuple(named("staff")),
    )


def _site_date(at: int, site: Site) -> date:
    return moment(at).astimezone(site.zone).date()
