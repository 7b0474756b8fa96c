"""Where a visit stands: arrived, under way, over, missed; each step timed, and taken back soon.

Errors: Appointment.DoesNotExist; Refused with what is possible instead.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from clinic.journal import Actor, record, unchanged_since
from clinic.transactions import durable
from scheduling import daybook
from scheduling.errors import Refused
from scheduling.models import Appointment, Claim, ProtocolVersion, Series, Status, StatusChange
from scheduling.models.series import GONE
from scheduling.planner import gates
from scheduling.planner.plans import Refusal
from scheduling.planner.progress import UNDER_WAY, next_of
from scheduling.selectors.gates import gates_of
from scheduling.services.entries import publish

GRACE = timedelta(minutes=15)
"""How long a step can be taken back."""


@durable
def set_status(
    *,
    appointment: int,
    to: str,
    at: datetime | None = None,
    seen: int | None = None,
    actor: Actor,
    now: datetime,
) -> Appointment:
    """A visit comes to stand at `to`, at a moment not to come and not before its last step.

    A no-show frees what the visit still holds. One that stands so already is left as it is. What
    the protocol asks before preparation and before discharge has to be so (`planner.gates`).
    ChangedMeanwhile when the visit has a newer change than `seen`.
    """
    visit = _locked(appointment)
    unchanged_since(seen, f"appointment:{visit.pk}")
    if visit.status == to:
        return visit
    moment = at or now
    kind = _must_lead_on(visit, to)
    _must_be_in_order(visit, to, moment, now)
    if stage := gates.blocks_at(to, kind):
        _must_be_met(visit, stage, moment)
    before = visit.status
    if to == Status.NO_SHOW:
        Claim.objects.filter(appointment=visit).delete()
    visit.status = Status(to)
    _save(visit, now)
    StatusChange.objects.create(appointment=visit, to=to, at=moment, by=actor.name)
    _tell(visit, before, moment, actor, now)
    if to == Status.DISCHARGED:
        _complete(visit, now)
    return visit


@durable
def take_back_status(*, appointment: int, actor: Actor, now: datetime) -> Appointment:
    """The last step was a mistake: the visit stands as before it, if that is not long ago."""
    visit = _locked(appointment)
    step_back(visit, actor=actor, now=now)
    return visit


def step_back(visit: Appointment, *, actor: Actor, now: datetime) -> None:
    """The same within a transaction that has the visit locked."""
    steps = StatusChange.objects.filter(appointment=visit, taken_back=False).order_by("pk")
    last = steps.last()
    if last is None or last.to != visit.status or now - _written(visit, last) > GRACE:
        message = f"There is no step of the last {GRACE.seconds // 60} minutes to take back."
        raise _refused(visit, "status_is_next", message)
    if visit.status == Status.NO_SHOW:
        message = "Its place was given free. Book the visit anew."
        raise _refused(visit, "status_is_next", message)
    earlier = steps.exclude(pk=last.pk).last()
    before = visit.status
    visit.status = Status(earlier.to) if earlier else Status.BOOKED
    last.taken_back = True
    last.save(update_fields=["taken_back"])
    _save(visit, now)
    if before == Status.DISCHARGED and visit.series_id:
        Series.objects.filter(pk=visit.series_id, status=Series.State.COMPLETED).update(
            status=Series.State.ACTIVE, updated_at=now
        )
    _tell(visit, before, now, actor, now)


def _locked(appointment: int) -> Appointment:
    """The visit, as it stands once nobody else can change it or what it holds."""
    visit = Appointment.objects.select_related("site").get(pk=appointment)
    daybook.lock_visits([visit])
    rows = Appointment.objects.select_for_update(of=("self",), no_key=True)
    return rows.get(pk=appointment)


def _must_be_met(visit: Appointment, stage: gates.Moment, at: datetime) -> None:
    """Refused with every gate that is open, and what it lacks."""
    if lacking := gates.missing(gates_of(visit, now=at), stage):
        raise Refused(
            [
                Refusal("gates_are_met", one.gate.key, f"{one.gate.name}: {one.why}", visit.step)
                for one in lacking
            ]
        )


def _must_lead_on(visit: Appointment, to: str) -> str:
    """The kind of its step; Refused where that status does not follow."""
    kind = kind_of(visit)
    possible = next_of(visit.status, kind)
    if to not in possible:
        stands = visit.get_status_display().lower()
        names = " or ".join(Status(one).label.lower() for one in possible)
        hint = f"From there it can become {names}." if possible else "Nothing follows from there."
        raise _refused(visit, "status_is_next", f"This visit is {stands}. {hint}")
    return kind


def kind_of(visit: Appointment) -> str:
    """The kind of the step; of the one it is like, for a visit by which a series was extended."""
    definition = ProtocolVersion.objects.get(pk=visit.protocol_version_id).definition
    kinds = {step["key"]: str(step["kind"]) for step in definition["steps"]}
    return kinds.get(visit.step) or kinds[definition["extension"]["like"]]


def _must_be_in_order(visit: Appointment, to: str, at: datetime, now: datetime) -> None:
    if at > now + timedelta(minutes=1):
        raise _refused(visit, "status_in_order", "That time is still to come.")
    last = StatusChange.objects.filter(appointment=visit, taken_back=False).order_by("pk").last()
    if last and at < last.at:
        message = f"It was {Status(last.to).label.lower()} later than that; give a later time."
        raise _refused(visit, "status_in_order", message)
    zone = visit.site.zone
    if (
        to != Status.CONFIRMED
        and at.astimezone(zone).date() < visit.starts_at.astimezone(zone).date()
    ):
        raise _refused(visit, "status_in_order", "The day of this visit has not come yet.")
    if to == Status.NO_SHOW and at < visit.starts_at:
        raise _refused(visit, "status_in_order", "The visit has not begun yet; cancel it instead.")


def _complete(visit: Appointment, now: datetime) -> None:
    """The series is completed with its last visit over and none to come."""
    if visit.series_id is None:
        return
    left = Appointment.objects.filter(series=visit.series_id).exclude(
        status__in=[Status.DISCHARGED, *GONE]
    )
    version = ProtocolVersion.objects.get(pk=visit.protocol_version_id)
    over = set(
        Appointment.objects.filter(series=visit.series_id, status=Status.DISCHARGED).values_list(
            "step", flat=True
        )
    )
    series = Series.objects.get(pk=visit.series_id)
    wanted = {step["key"] for step in version.definition["steps"]}
    if not left.exists() and wanted <= over | set(series.completed):
        series.status, series.updated_at = Series.State.COMPLETED, now
        series.save(update_fields=["status", "updated_at"])


def _save(visit: Appointment, now: datetime) -> None:
    visit.updated_at = now
    if visit.status == Status.NO_SHOW:
        visit.sequence += 1
    visit.save(update_fields=["status", "updated_at", "sequence"])
    if visit.status == Status.NO_SHOW:
        publish([visit.pk], now=now)


def _tell(visit: Appointment, before: str, at: datetime, actor: Actor, now: datetime) -> None:
    record(
        actor=actor,
        now=now,
        action="visit.status",
        subject=f"appointment:{visit.pk}",
        site=visit.site_id,
        before={"status": before},
        after={"status": visit.status, "at": at.isoformat()},
    )


def _written(visit: Appointment, step: StatusChange) -> datetime:
    """When a step was entered, which may be later than it happened."""
    return max(step.at, visit.updated_at)


def _refused(visit: Appointment, rule: str, message: str) -> Refused:
    return Refused([Refusal(rule, visit.step, message, visit.step)])


__all__ = ["UNDER_WAY", "set_status", "step_back", "take_back_status"]
