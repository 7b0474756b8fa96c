"""Who or what is out, and how the day goes on."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import wrong
from api.permissions import may, require
from api.rest import shapes
from api.rest.doors import Door
from api.rest.parsing import Body, Identifier, Instant, Number, Text
from api.rest.showing import show_appointment
from clinic.models import Room, Staff
from scheduling.models import Recovery
from scheduling.selectors import visits
from scheduling.services.recovering import accept_recovery, call_out

WHAT = ("staff", "room", "site")


class AbsenceBody(Body):
    staff = Identifier(required=False, help_text="Who is out; or give room, or site.")
    room = Identifier(required=False)
    site = Identifier(required=False, help_text="A whole site, as in snow.")
    starts_at = Instant()
    ends_at = Instant()
    reason = Text(max_length=200, required=False, allow_blank=True, default="")


class AcceptBody(Body):
    version = Number(required=False, min_value=1, help_text="The version that was looked at.")
    only = serializers.ListField(
        child=Identifier(), required=False, help_text="Only these appointments; else all of it."
    )


class OptionShape(serializers.Serializer[Any]):
    kind = serializers.CharField()
    words = serializers.CharField()
    start = serializers.DateTimeField()


class ItemShape(serializers.Serializer[Any]):
    appointment = serializers.CharField()
    to = serializers.DateTimeField(allow_null=True, help_text="Null where no place was found.")
    reason = serializers.CharField()
    options = OptionShape(many=True, required=False)

    def get_fields(self) -> dict[str, Any]:
        together = serializers.ListField(
            child=serializers.CharField(),
            required=False,
            help_text="Appointments that have to move for this one; accepted with it.",
        )
        fields = super().get_fields()
        return {"from": serializers.DateTimeField(), **fields, "with": together}


class RecoveryShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    version = serializers.IntegerField()
    status = serializers.ChoiceField(Recovery.State.choices)
    reassigned = ItemShape(many=True, help_text="Done already: another nurse or room.")
    moves = ItemShape(many=True, help_text="Proposed: another time or clinician.")
    stranded = ItemShape(many=True, help_text="No place was found that day.")


class AbsenceShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    affected = serializers.ListField(child=serializers.CharField())
    recovery = RecoveryShape()


class Absences(Door):
    actions = {"POST": "report_absence"}
    bodies = {"POST": AbsenceBody}
    answers = {"POST": (201, AbsenceShape)}

    def create(self, request: Request, **at: str) -> Response:
        """Somebody, a room or a site is out. What nobody notices is mended; the rest is proposed.

        Every affected visit is in exactly one of the three lists of the recovery.
        """
        body = self.body()
        given = [name for name in WHAT if name in body]
        if len(given) != 1:
            raise wrong("staff", "Give one of: staff, room, site.")
        [what] = given
        if body["ends_at"] <= body["starts_at"]:
            raise wrong("ends_at", "It ends before it begins.")
        if body["ends_at"] <= self.now:
            raise wrong("ends_at", "That time is over.")
        recovery = call_out(
            **{what: self._which(what, body[what])},
            starts_at=body["starts_at"],
            ends_at=body["ends_at"],
            reason=body["reason"],
            actor=self.actor,
            now=self.now,
        )
        shown = {
            "id": str(recovery.absence_id or f"site-{recovery.outage_id}"),
            "affected": [str(id) for id in recovery.affected],
            "recovery": show(recovery),
        }
        return Response(shown, status=201)

    def _which(self, what: str, identifier: str) -> int:
        """The thing that is out, where the client may say so."""
        if what == "site":
            return self.site("site", identifier).pk
        if what == "room":
            room = self.named(Room.objects.select_related("site"), "room", identifier)
            require(self.client, "report_absence", room.site)
            return room.pk
        person = self.named(Staff.objects.all(), "staff", identifier)
        if not any(may(self.client, "report_absence", site) for site in person.sites.all()):
            require(self.client, "report_absence", person.sites.first())
        return person.pk


class OneRecovery(Door):
    actions = {"GET": "see_recoveries"}
    answers = {"GET": (200, RecoveryShape)}

    def get(self, request: Request, id: str) -> Response:
        """The plan as it is now; a task may better it until it is accepted."""
        return Response(show(self.at(Recovery.objects.filter(self.reach().q()), id)))


class RecoveryAcceptance(Door):
    actions = {"POST": "accept_recovery"}
    bodies = {"POST": AcceptBody}
    answers = {"POST": (200, shapes.listed(shapes.AppointmentShape))}

    def create(self, request: Request, **at: str) -> Response:
        """Do what is proposed, whole or in part; the appointments that changed.

        Asked again, the answer is the same. 409 for an older version, or a place gone meanwhile.
        """
        recovery = self.at(Recovery.objects.filter(self.reach().q()), at["id"])
        body = self.body()
        only = body.get("only")
        done = accept_recovery(
            recovery=recovery.pk,
            version=body.get("version"),
            only=None if only is None else [int(one) for one in only if one.isdecimal()],
            actor=self.actor,
            now=self.now,
        )
        rows = visits().filter(pk__in=[visit.pk for visit in done])
        results = [show_appointment(visit) for visit in rows]
        return Response({"count": len(results), "next": None, "previous": None, "results": results})


def show(recovery: Recovery) -> dict[str, Any]:
    return {
        "id": str(recovery.pk),
        "version": recovery.version,
        "status": recovery.status,
        "reassigned": [_item(item) for item in recovery.reassigned],
        "moves": [_item(item) for item in recovery.moves],
        "stranded": [_item(item) for item in recovery.stranded],
    }


def _item(item: dict[str, Any]) -> dict[str, Any]:
    shown = {name: item[name] for name in ("from", "to", "reason")}
    options = {"options": item["options"]} if "options" in item else {}
    together = {"with": [str(one) for one in item["with"]]} if item.get("with") else {}
    return {"appointment": str(item["appointment"]), **shown, **options, **together}
