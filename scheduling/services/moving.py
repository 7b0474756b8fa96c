"""Move a visit: alone where its windows allow, else with the later visits that must follow.

The plan is made on what is read, then judged anew under the locks of the old and the new places.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from clinic.journal import Actor, unchanged_since
from clinic.models import Journal
from clinic.spans import minute, moment
from clinic.transactions import durable
from scheduling import daybook
from scheduling.errors import MoveRefused, Refused, SlotTaken
from scheduling.models import Appointment, Claim
from scheduling.models.series import AHEAD
from scheduling.planner.day import Diary
from scheduling.planner.moving import Moved
from scheduling.planner.placed import Anchor
from scheduling.planner.plans import PlannedVisit, Refusal
from scheduling.planner.single import Wish, place
from scheduling.selectors.moves import (
    Change,
    Movable,
    movable,
    planned_move,
    within_reach,
)
from scheduling.selectors.single import anchors_of
from scheduling.services.booking import LONGEST_TURNOVER, TAKEN, guarded
from scheduling.services.overriding import allowed_by, note_override
from scheduling.services.placing import Judged, judge, rebuild
from scheduling.services.relocating import relocate
from scheduling.services.restoring import draft_of
from scheduling.tokens import DraftVisit


@guarded
@durable
def move_visit(
    *,
    appointment: int,
    starts_at: datetime,
    wish: Wish | None = None,
    cascade: bool = True,
    override: str = "",
    seen: int | None = None,
    actor: Actor,
    now: datetime,
) -> list[Change]:
    """Move a visit to a time; what changed, the visit itself first.

    `override` is the reason for which rules of policy may be broken: the visit then moves alone,
    and the journal says which rules. Who may do so is for the door to ask.
    Appointment.DoesNotExist; MoveRefused with the nearest time that would do, SlotTaken where only
    others are in the way; ChangedMeanwhile when the visit has a newer change than `seen`.
    """
    what = movable(appointment)
    if override:
        return _move_anyway(what, starts_at, wish, override, actor, now)
    try:
        moved = planned_move(what, starts_at, now, wish=wish, cascade=cascade)
    except MoveRefused as no:
        if all(one.rule in TAKEN for one in no.refusals):
            raise SlotTaken(no.refusals) from no
        raise
    changes = what.changes(moved)
    diary = _open(what, moved.visits, now)
    unchanged_since(seen, f"appointment:{appointment}")
    anchors = _anchors(what, moved.visits)
    judged = judge(
        moved.visits,
        diary,
        what.protocol,
        acuity=what.patient.acuity,
        anchors=anchors,
        therapist=what.course.therapist,
    )
    if not isinstance(judged, Judged):
        raise SlotTaken(judged)
    _write(what, judged, diary, moved.reasons, actor, now)
    return changes


def move_back(rows: Sequence[Journal], *, actor: Actor, now: datetime) -> None:
    """The visits of these moves at the places they had, within an open transaction.

    Refused or SlotTaken when one of them cannot be there any more.
    """
    ids = {int(row.subject.partition(":")[2]): row for row in rows}
    first, *others = ids
    what = movable(first)
    if others:
        visits = Appointment.objects.filter(pk__in=others).select_related("protocol_version")
        what = replace(what, visits={what.visit.step: what.visit, **{v.step: v for v in visits}})
    drafts = [
        draft_of(visit, ids[visit.pk].before["held"], what.protocol, _was(ids[visit.pk]))
        for visit in what.visits.values()
        if visit.pk in ids
    ]
    _place(what, drafts, {}, "undo", actor, now)


def move_to(
    appointment: int,
    place: Mapping[str, Any],
    *,
    reason: str,
    because: str,
    actor: Actor,
    now: datetime,
) -> None:
    """A visit to the place that a recovery or an offer names, within an open transaction.

    `place` is {"start", "rooms": [[room, lanes]], "clinicians"}. Refused, SlotTaken.
    """
    what = movable(appointment)
    draft = DraftVisit(
        step=what.visit.step,
        start=place["start"],
        rooms=tuple((room, tuple(lanes)) for room, lanes in place["rooms"]),
        clinicians=tuple(place["clinicians"]),
    )
    _place(what, [draft], {what.visit.step: reason}, because, actor, now)


def _place(
    what: Movable,
    drafts: Sequence[DraftVisit],
    reasons: Mapping[str, str],
    because: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Visits to the very places that drafts name, judged under lock."""
    ids = [what.visits[draft.step].pk for draft in drafts]
    spans = [
        (draft.start, draft.start + what.protocol.step(draft.step).minutes) for draft in drafts
    ]
    resources = [
        *(room for draft in drafts for room, _ in draft.rooms),
        *(person for draft in drafts for person in draft.clinicians),
    ]
    diary = _lock(what, spans, resources, ids, now)
    if because == "undo":  # a visit that began in the minutes since was there before
        diary = replace(diary, now=min(diary.now, *(draft.start for draft in drafts)))
    rebuilt = [rebuild(draft, what.protocol, diary) for draft in drafts]
    gone = [one for one in rebuilt if isinstance(one, Refusal)]
    planned = [one for one in rebuilt if isinstance(one, PlannedVisit)]
    judged = gone or judge(
        planned,
        diary,
        what.protocol,
        acuity=what.patient.acuity,
        anchors=_anchors(what, planned),
        therapist=what.course.therapist,
    )
    if not isinstance(judged, Judged):
        raise (SlotTaken if all(one.rule in TAKEN for one in judged) else Refused)(judged)
    _write(what, judged, diary, reasons, actor, now, because=because)


def _move_anyway(
    what: Movable,
    starts_at: datetime,
    wish: Wish | None,
    reason: str,
    actor: Actor,
    now: datetime,
) -> list[Change]:
    """The visit alone, whatever rules of policy are against it; the journal has which."""
    within_reach(what, starts_at, now)
    step = what.protocol.step(what.visit.step)
    start = minute(starts_at)
    alone, _ = what.diaries(starts_at, now)
    asked = wish or what.standing.wish
    visit = place(step, start, asked.among(step, alone), therapist=what.course.therapist)
    diary = _open(what, [visit], now)
    judged, broken = allowed_by(
        visit,
        diary,
        what.protocol,
        acuity=what.patient.acuity,
        anchors=_anchors(what, [visit]),
        therapist=what.course.therapist,
    )
    moved = Moved((visit,), {visit.step: reason})
    changes = what.changes(moved)
    note_override(what.visit, broken, reason=reason, actor=actor, now=now)
    _write(what, judged, diary, moved.reasons, actor, now)
    return changes


def _open(what: Movable, visits: Iterable[PlannedVisit], now: datetime) -> Diary:
    """Lock the places left and the places taken, and read them without the visits that move."""
    planned = list(visits)
    spans = [(visit.start, visit.end) for visit in planned]
    resources = [claim.resource for visit in planned for claim in visit.claims]
    ids = [what.visits[visit.step].pk for visit in planned]
    return _lock(what, spans, resources, ids, now)


def _lock(
    what: Movable,
    spans: Sequence[tuple[int, int]],
    resources: Iterable[int],
    ids: Sequence[int],
    now: datetime,
) -> Diary:
    """Old places and new in one go; MoveRefused when somebody else moved or began one meanwhile."""
    moving = [visit for visit in what.visits.values() if visit.pk in ids]
    old = [(minute(visit.starts_at), minute(visit.ends_at)) for visit in moving]
    wide = [(low, high + LONGEST_TURNOVER) for low, high in [*spans, *old]]
    days = {_date(edge, what) for low, high in wide for edge in (low, high)}
    held = Claim.objects.filter(appointment__in=ids).values_list("resource", flat=True)
    diary = daybook.open_days(
        site=what.site,
        spans=wide,
        first=min(days),
        last=max(days),
        resources=[*resources, *held],
        now=now,
        patient=what.patient,
        days=days,
        without_appointments=ids,
    )
    fresh = dict(Appointment.objects.filter(pk__in=ids).values_list("pk", "sequence"))
    begun = Appointment.objects.filter(pk__in=ids).exclude(status__in=AHEAD)
    if begun.exists() or any(fresh[visit.pk] != visit.sequence for visit in moving):
        message = "Somebody changed one of these visits a moment ago. Look again."
        raise SlotTaken([Refusal("visit_is_ahead", what.visit.step, message, what.visit.step)])
    return diary


def _anchors(what: Movable, planned: Iterable[PlannedVisit]) -> dict[str, Anchor]:
    """When the visits of the series are that do not move, as they stand now."""
    moved = {visit.step for visit in planned}
    anchors = anchors_of(what.series) if what.series else {}
    return {step: anchor for step, anchor in anchors.items() if step not in moved}


def _write(
    what: Movable,
    judged: Judged,
    diary: Diary,
    reasons: Mapping[str, str],
    actor: Actor,
    now: datetime,
    because: str = "moved",
) -> None:
    relocate(
        judged,
        what.visits,
        what.patient,
        diary,
        reasons=reasons,
        because=because,
        actor=actor,
        now=now,
    )
    origin = next((v for v in judged.visits if v.step == what.protocol.origin), None)
    if what.series and origin:
        what.series.d0 = _date(origin.start, what)
        what.series.updated_at = now
        what.series.save(update_fields=["d0", "updated_at"])


def _date(at: int, what: Movable) -> date:
    return moment(at).astimezone(what.site.zone).date()


def _was(entry: Journal) -> int:
    return minute(datetime.fromisoformat(entry.before["starts_at"]))


__all__ = ["Change", "move_back", "move_visit"]
