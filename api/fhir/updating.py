"""What a changed Appointment asks for: cancel it, move it, or say where it stands. No more."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import Http404

from api.errors import Problem, translate
from api.fhir.appointments import one_visit
from api.fhir.doors import InstanceDoor, shown_as, version_to_change
from api.fhir.kinds import Shown, seen, versions
from api.fhir.mapping import REASONS, show_appointments
from api.fhir.resources import read_resource
from api.fhir.values import when
from clinic.journal import ChangedMeanwhile
from scheduling.errors import MoveRefused, Refused, SlotTaken
from scheduling.models import Appointment, Status
from scheduling.planner.progress import next_of
from scheduling.selectors import visits
from scheduling.selectors.moves import preview_move
from scheduling.services.cancelling import cancel_visit
from scheduling.services.moving import move_visit
from scheduling.services.progress import kind_of, set_status

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

    from api.fhir.doors import FhirDoor

INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d")
FOLLOWS = ("status", "start", "end", "cancelationReason")
"""What may change, and what says why."""
OURS = ("meta", "text", "created", "minutesDuration", "requestedPeriod", "participant")
"""What is looked at in another way, or is for the server to say."""
MAY = (
    "An Appointment may be changed in `status` (cancelled, arrived, checked-in, fulfilled, "
    "noshow) or in `start`; everything else comes with booking anew."
)


class AppointmentDoor(InstanceDoor):
    """Read a visit; change it with PUT."""

    def put(self, request: Request, id: str) -> Response:
        version_to_change(request)
        resource = read_resource(request.data, "Appointment")
        if resource.get("id", id) != id:
            raise Problem("malformed", "The id in the body is another one than in the address.")
        change_visit(self, id, resource)
        return shown_as(fresh(int(id)))


def fresh(visit: int) -> Shown:
    """The visit as it stands now."""
    return show_appointments([visits().get(pk=visit)])[0]


def change_visit(
    door: FhirDoor, id: str, resource: Shown, *, version: str | None = None, comment: str = ""
) -> None:
    """Do what the resource asks for with the visit of that id, if nobody changed it meanwhile.

    `version` counts where If-Match is not sent. 404, 412, 422; 409 where the place is taken.
    """
    visit = one_visit(door, id)
    if visit is None:
        raise Http404
    if "If-Match" in door.request.headers or version is None:
        version = version_to_change(door.request)
    if version != versions("appointment", [visit.pk])[visit.pk]:
        raise Problem("changed-meanwhile", "Somebody changed this visit; read it again.")
    now = fresh(visit.pk)
    _must_only_change(now, resource)
    stands = resource.get("status") != now["status"]
    moves = "start" in resource and _moment(resource["start"]) != _moment(now["start"])
    if stands and moves:
        raise _refused("status", f"Change one thing at a time. {MAY}")
    if not moves and _moment(resource.get("end", now["end"])) != _moment(now["end"]):
        raise _refused("end", f"How long a visit takes is the protocol's to say. {MAY}")
    if not moves and not stands:
        return
    facts: dict[str, Any] = {
        "appointment": visit.pk,
        "actor": door.actor,
        "now": door.now,
        "seen": seen(version),
    }
    try:
        if moves:
            _move(now, resource, facts)
        elif resource["status"] == "cancelled":
            cancel_visit(**_reason(resource, comment, door.client.name), **facts)
        else:
            set_status(to=_to(visit, resource["status"]), **facts)
    except ChangedMeanwhile:
        raise Problem("changed-meanwhile", "Somebody changed this visit; read it again.") from None


def _move(now: Shown, resource: Shown, facts: dict[str, Any]) -> None:
    """The visit alone: what would have to follow is told, and never moved unasked."""
    start, was, until = (_moment(text) for text in (resource["start"], now["start"], now["end"]))
    if "end" in resource and _moment(resource["end"]) not in (start + (until - was), until):
        raise _refused("end", "How long a visit takes is the protocol's to say; leave end out.")
    try:
        move_visit(starts_at=start, cascade=False, **facts)
    except (MoveRefused, SlotTaken) as error:
        problem = translate(error)
        assert problem is not None
        if followers := _followers(facts, start):
            problem.refusals.append(
                {
                    "rule": "later_visits_would_follow",
                    "subject": "series",
                    "message": f"It could be moved with what follows it, one by one: {followers}.",
                    "hint": "yes",
                }
            )
        raise problem from error


def _followers(facts: dict[str, Any], start: datetime) -> str:
    try:
        changes = preview_move(appointment=facts["appointment"], starts_at=start, now=facts["now"])
    except Refused:
        return ""
    later = [(one.appointment, one.after[0].isoformat(timespec="minutes")) for one in changes[1:]]
    return ", ".join(f"Appointment/{visit} to {at}" for visit, at in later)


def _must_only_change(now: Shown, resource: Shown) -> None:
    """422 naming what else is different. What is left out stays as it is."""
    other = [
        name
        for name in resource
        if name not in (*FOLLOWS, *OURS) and _plain(resource[name]) != _plain(now.get(name))
    ]
    if other:
        raise _refused(other[0], MAY)
    theirs, ours = ([_actor(one) for one in of.get("participant", [])] for of in (resource, now))
    if sorted(theirs) != sorted(ours):
        raise _refused("participant", f"Who takes part is chosen when it is booked. {MAY}")
    same = all(
        _plain(resource.get(name, now.get(name))) == _plain(now.get(name)) for name in FOLLOWS
    )
    if same and _plain(resource.get("participant")) != _plain(now.get("participant")):
        raise _refused("participant", MAY)


def _actor(participant: Shown) -> str:
    """Type/id, whether or not the whole address was sent."""
    return "/".join(str(participant.get("actor", {}).get("reference", "")).split("/")[-2:])


def _plain(value: Any) -> Any:
    """The same with moments for texts of them, so that an offset is not a change."""
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    if isinstance(value, str) and INSTANT.match(value):
        try:
            return _moment(value)
        except Problem:
            return value
    return value


def _moment(text: Any) -> datetime:
    try:
        said = when(str(text))
    except ValueError as error:
        raise Problem("malformed", str(error)) from None
    if not said.has_offset:
        raise Problem("malformed", "Times must have an offset.")
    return said.low


def _to(visit: Appointment, status: str) -> str:
    """The status of ours that one of FHIR's asks for, from where the visit stands."""
    plain = {"arrived": Status.ARRIVED, "fulfilled": Status.DISCHARGED, "noshow": Status.NO_SHOW}
    if status in plain:
        return plain[status]
    if status == "checked-in":
        following = next_of(visit.status, kind_of(visit))
        if visit.status == Status.ARRIVED and following:
            return following[0]
        return Status.IN_PREP
    raise _refused("status", MAY)


def _reason(resource: Shown, comment: str, client: str) -> dict[str, Any]:
    concept = resource.get("cancelationReason", {})
    codes = {one.get("code") for one in concept.get("coding", [])}
    kind = next((own for own, theirs in REASONS.items() if theirs["code"] in codes), "")
    texts = [
        comment,
        concept.get("text", ""),
        *(c.get("display", "") for c in concept.get("coding", [])),
    ]
    said = next((text for text in texts if text), f"Cancelled by {client}")
    return {"reason": said[:200], "kind": str(kind)}


def _refused(element: str, message: str) -> Problem:
    return Problem("refused", message, errors=[(f"Appointment.{element}", message)])
