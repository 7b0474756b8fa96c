"""What a move of one visit would be: read without locks, written by nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinic.models import Patient, Site
from clinic.spans import minute, moment
from scheduling import catalogue, daybook
from scheduling.errors import MoveRefused, Refused
from scheduling.models import Appointment, Claim, ProtocolVersion, Series
from scheduling.models.series import AHEAD, GONE
from scheduling.planner.day import Diary
from scheduling.planner.intervals import members, span
from scheduling.planner.moving import (
    Course,
    Moved,
    Standing,
    days_allowed,
    legal_starts,
    move,
    nearest_move,
)
from scheduling.planner.placed import Anchor
from scheduling.planner.plans import Refusal, Request
from scheduling.planner.protocols import Protocol
from scheduling.planner.single import Wish
from scheduling.planner.starts import Starts
from scheduling.selectors.proposals import FURTHEST

AROUND = timedelta(days=35)
"""How far after the last visit, or the time asked for, places are looked for."""


@dataclass(frozen=True, slots=True)
class Change:
    """One visit of a move: its times in the site's zone before and after, and why it follows.

    The reason of the visit that was moved itself is empty.
    """

    appointment: int
    step: str
    name: str
    before: tuple[datetime, datetime]
    after: tuple[datetime, datetime]
    reason: str


@dataclass(frozen=True)
class Movable:
    """A visit with the course it is part of, as it stands. `visits` are by step."""

    visit: Appointment
    visits: dict[str, Appointment]
    patient: Patient
    site: Site
    series: Series | None
    version: ProtocolVersion
    protocol: Protocol
    course: Course
    standing: Standing

    def diaries(self, starts_at: datetime, now: datetime) -> tuple[Diary, Diary]:
        """Without the claims of this visit, and without those of the later ones too."""
        zone = self.site.zone
        ends = [starts_at, *(visit.ends_at for visit in self.visits.values())]
        first = min(now, starts_at).astimezone(zone).date()
        last = (max(ends) + AROUND).astimezone(zone).date()
        later = [self.visits[one.step].pk for one in self.course.later]

        def read(without: Sequence[int]) -> Diary:
            return daybook.read(
                site=self.site,
                first=first,
                last=last,
                now=now,
                patient=self.patient,
                without_appointments=without,
            )

        alone = read([self.visit.pk])
        return alone, read([self.visit.pk, *later]) if later else alone

    def changes(self, moved: Moved) -> list[Change]:
        zone = self.site.zone
        found = []
        for planned in moved.visits:
            visit = self.visits[planned.step]
            found.append(
                Change(
                    appointment=visit.pk,
                    step=planned.step,
                    name=self.protocol.step(planned.step).name,
                    before=(visit.starts_at.astimezone(zone), visit.ends_at.astimezone(zone)),
                    after=(
                        moment(planned.start).astimezone(zone),
                        moment(planned.end).astimezone(zone),
                    ),
                    reason=moved.reasons[planned.step],
                )
            )
        return found


def movable(appointment: int) -> Movable:
    """A visit that has not begun, with its course. Appointment.DoesNotExist, Refused: 5 queries."""
    visit = Appointment.objects.select_related(
        "site__organisation", "patient", "series", "protocol_version"
    ).get(pk=appointment)
    if visit.status not in AHEAD:
        message = f"This visit is {visit.get_status_display().lower()} and stays where it is."
        raise Refused([Refusal("visit_is_ahead", visit.step, message, visit.step)])
    version = visit.protocol_version
    own = Appointment.objects.filter(series=visit.series_id).exclude(status__in=GONE)
    others = list(own.exclude(pk=visit.pk)) if visit.series_id else []
    protocol = catalogue.protocol(
        version.definition,
        version=version.version,
        reaching=[visit.step, *(one.step for one in others)],
    )
    later = [one for one in others if one.status in AHEAD and one.starts_at > visit.starts_at]
    done = visit.series.completed.items() if visit.series else ()
    fixed: dict[str, Anchor] = {step: date.fromisoformat(day) for step, day in done}
    fixed |= {
        one.step: (minute(one.starts_at), minute(one.ends_at)) for one in others if one not in later
    }
    wishes = _wishes([visit, *later])
    course = Course(
        protocol=protocol,
        acuity=visit.patient.acuity,
        fixed=fixed,
        later=tuple(_standing(one, wishes) for one in sorted(later, key=lambda one: one.starts_at)),
        therapist=visit.series.therapist_id if visit.series else None,
    )
    return Movable(
        visit=visit,
        visits={one.step: one for one in (visit, *later)},
        patient=visit.patient,
        site=visit.site,
        series=visit.series,
        version=version,
        protocol=protocol,
        course=course,
        standing=_standing(visit, wishes),
    )


def planned_move(
    what: Movable, starts_at: datetime, now: datetime, *, wish: Wish | None, cascade: bool
) -> Moved:
    """The visits that change; MoveRefused with the reasons and the nearest time that would do."""
    within_reach(what, starts_at, now)
    start = minute(starts_at)
    alone, free = what.diaries(starts_at, now)
    found = move(what.course, what.standing, start, alone, free, cascade=cascade, wish=wish)
    if isinstance(found, Moved):
        return found
    near = nearest_move(what.course, what.standing, start, alone, free, cascade=cascade)
    raise MoveRefused(found, nearest=_at(near, what) if near else None)


def within_reach(what: Movable, starts_at: datetime, now: datetime) -> None:
    """Refused for a time that is over or further ahead than visits are planned."""
    step = what.visit.step
    if starts_at < now:
        message = "That time is over. Choose one that is still to come."
        raise Refused([Refusal("not_in_the_past", step, message, step)])
    if starts_at > now + FURTHEST:
        message = f"Visits are planned up to {FURTHEST.days} days ahead."
        raise Refused([Refusal("not_too_far_ahead", step, message, step)])


def preview_move(
    *,
    appointment: int,
    starts_at: datetime,
    wish: Wish | None = None,
    cascade: bool = True,
    now: datetime,
) -> list[Change]:
    """What a move would change, the visit itself first. Raises as `services.moving.move_visit`."""
    what = movable(appointment)
    return what.changes(planned_move(what, starts_at, now, wish=wish, cascade=cascade))


def legal_days(*, appointment: int, now: datetime, limit: int = 15) -> list[datetime]:
    """A time a day at which the visit could be, alone or with what follows, in time order."""
    what = movable(appointment)
    alone, free = what.diaries(what.visit.starts_at, now)
    found = []
    for start in legal_starts(what.course, what.standing, what.standing.start, alone, free):
        if isinstance(move(what.course, what.standing, start, alone, free), Moved):
            found.append(moment(start).astimezone(what.site.zone))
        if len(found) == limit:
            break
    return sorted(found)


def window_of_move(*, appointment: int, now: datetime) -> tuple[date, date]:
    """First and last site date that what stands before leaves the visit."""
    what = movable(appointment)
    _, free = what.diaries(what.visit.starts_at, now)
    step = what.protocol.step(what.visit.step)
    return days_allowed(step, what.course.fixed, what.protocol, free)


def free_starts(*, appointment: int, day: date, now: datetime) -> list[datetime]:
    """Starts of one day at which rooms, people and patient are free for the visit.

    Whether its gaps hold there is `preview_move`'s to say.
    """
    what = movable(appointment)
    diary = daybook.read(
        site=what.site,
        first=day,
        last=day + timedelta(days=1),
        now=now,
        patient=what.patient,
        without_appointments=[what.visit.pk],
    )
    request = Request(what.protocol, what.course.acuity, not_before=day, not_after=day)
    step = what.protocol.step(what.visit.step)
    bits = Starts(request, diary).feasible(step, what.course.therapist).pooled
    own = bits & span(0, diary.midnights[1])
    return [moment(diary.start + bit).astimezone(what.site.zone) for bit in members(own)]


def _at(moved: Moved, what: Movable) -> datetime:
    return moment(moved.visits[0].start).astimezone(what.site.zone)


def _standing(visit: Appointment, wishes: dict[int, Wish]) -> Standing:
    start, end = minute(visit.starts_at), minute(visit.ends_at)
    return Standing(visit.step, start, end, wishes.get(visit.pk, Wish()))


def _wishes(visits: Sequence[Appointment]) -> dict[int, Wish]:
    """The room and the clinician that each has: one query."""
    rows = Claim.objects.filter(appointment__in=visits).exclude(
        role__in=(Claim.Role.PATIENT, Claim.Role.NURSE)
    )
    rooms: dict[int, int] = {}
    people: dict[int, int] = {}
    for visit, resource, role in rows.order_by("start_minute").values_list(
        "appointment", "resource", "role"
    ):
        assert visit is not None
        (rooms if role == Claim.Role.ROOM else people).setdefault(visit, resource)
    return {
        visit.pk: Wish(room=rooms.get(visit.pk), clinician=people.get(visit.pk)) for visit in visits
    }
