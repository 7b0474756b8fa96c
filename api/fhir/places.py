"""Location: sites and their rooms. HealthcareService: a protocol that can be booked at a site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.fhir.kinds import Listed, Parameter, Shown, at, keep
from api.fhir.resources import checked
from api.fhir.systems import CAPABILITY, SITE, VISIT_TYPE, coding, identifier, standard, system
from api.fhir.values import plain, reference, token, when
from api.permissions import sites_for
from clinic.finding import fold
from clinic.models import Room, Site
from scheduling.models import ProtocolVersion
from scheduling.selectors.protocols import current_versions

if TYPE_CHECKING:
    from api.fhir.doors import FhirDoor

Place = Site | Room


def site_id(site: Site | int) -> str:
    return f"site-{site if isinstance(site, int) else site.pk}"


def room_id(room: Room | int) -> str:
    return f"room-{room if isinstance(room, int) else room.pk}"


def location_id(place: Place) -> str:
    return site_id(place) if isinstance(place, Site) else room_id(place)


def refers_to(text: str, kind: str, id: str) -> bool:
    return reference(text, [kind]) in ((kind, id), ("", id))


def _within(place: Place, text: str) -> bool:
    return isinstance(place, Room) and refers_to(text, "Location", site_id(place.site_id))


def _named(place: Place, text: str) -> bool:
    return fold(place.name).startswith(fold(plain(text)))


def _addressed(place: Place, text: str) -> bool:
    return isinstance(place, Site) and fold(plain(text)) in fold(place.address)


def _identified(place: Place, text: str) -> bool:
    said, value = token(text)
    known = isinstance(place, Site) and value in ("", str(place.pk))
    return known and said in (None, system(SITE))


def _active(place: Place, text: str) -> bool:
    on = isinstance(place, Site) or place.active
    return token(text)[1] == ("active" if on else "inactive")


class Locations(Listed):
    type = "Location"
    reads = "see_sites"
    says = "Sites (site-N) and the rooms of each (room-N, partOf the site)."
    parameters = {
        "_id": Parameter("token", "The logical id.", keep(lambda p, v: location_id(p) == v)),
        "name": Parameter("string", "The beginning of the name.", keep(_named)),
        "address": Parameter("string", "A part of a site's address.", keep(_addressed)),
        "identifier": Parameter("token", "The id of a site.", keep(_identified)),
        "partof": Parameter("reference", "The site.", keep(_within), frozenset({"Location"})),
        "status": Parameter("token", "active or inactive.", keep(_active)),
    }
    includes = {"partof": at("partOf")}

    def rows(self, door: FhirDoor) -> list[Place]:
        """2 queries."""
        reach = sites_for(door.client, self.reads)
        sites = list(Site.objects.filter(reach.q("pk")).order_by("pk"))
        rooms = Room.objects.filter(reach.q()).select_related("site").order_by("pk")
        return [*sites, *rooms]

    def with_ids(self, door: FhirDoor, ids: Any) -> list[Place]:
        return [place for place in self.rows(door) if location_id(place) in ids]

    def show(self, door: FhirDoor, rows: Sequence[Any]) -> list[Shown]:
        return [show_site(row) if isinstance(row, Site) else show_room(row) for row in rows]


def show_site(site: Site) -> Shown:
    return checked(
        {
            "resourceType": "Location",
            "id": site_id(site),
            "identifier": [identifier(SITE, site.pk)],
            "status": "active",
            "name": site.name,
            "mode": "instance",
            "telecom": [{"system": "phone", "value": site.phone}] if site.phone else [],
            "address": {"text": site.address, "country": site.country} if site.address else {},
            "physicalType": {
                "coding": [standard("location-physical-type", "si", "Site")],
            },
        }
    )


def show_room(room: Room) -> Shown:
    kinds = [coding(CAPABILITY, slug, slug.capitalize()) for slug in room.capabilities]
    chairs = f"{room.chairs} chairs" if room.chairs > 1 else "1 chair"
    return checked(
        {
            "resourceType": "Location",
            "id": room_id(room),
            "status": "active" if room.active else "inactive",
            "name": room.name,
            "description": f"{chairs}, {room.turnover_minutes} minutes to turn it over",
            "mode": "instance",
            "type": [{"coding": [kind], "text": kind["display"]} for kind in kinds],
            "physicalType": {
                "coding": [standard("location-physical-type", "ro", "Room")],
            },
            "partOf": {
                "reference": f"Location/{site_id(room.site_id)}",
                "display": room.site.name,
            },
        }
    )


@dataclass(frozen=True, slots=True)
class Service:
    """The current version of a protocol at a site."""

    version: ProtocolVersion
    site: Site

    @property
    def id(self) -> str:
        return f"{self.version.protocol_id}-{self.site.pk}"

    @property
    def codes(self) -> list[tuple[str, str]]:
        """(code, name) of the whole series, and of each step."""
        key = self.version.protocol.key
        steps = self.version.definition["steps"]
        return [
            (key, self.version.name),
            *((f"{key}/{step['key']}", step["name"]) for step in steps),
        ]


def _of_type(row: Service, text: str) -> bool:
    said, code = token(text)
    known = {code for code, _ in row.codes}
    return said in (None, system(VISIT_TYPE)) and (code in known or not code)


class HealthcareServices(Listed):
    type = "HealthcareService"
    reads = "see_sites"
    says = "Protocols in use, at each site; `type` has what $find takes as visit-type."
    parameters = {
        "_id": Parameter("token", "The logical id.", keep(lambda row, v: row.id == v)),
        "_lastUpdated": Parameter(
            "date",
            "Since when this version stands.",
            lambda door, rows, asked: _since(rows, asked.values),
        ),
        "name": Parameter(
            "string",
            "The beginning of the name.",
            keep(lambda row, v: fold(row.version.name).startswith(fold(plain(v)))),
        ),
        "service-type": Parameter("token", "A protocol, or protocol/step.", keep(_of_type)),
        "location": Parameter(
            "reference",
            "The site.",
            keep(lambda row, v: refers_to(v, "Location", site_id(row.site))),
            frozenset({"Location"}),
        ),
        "active": Parameter("token", "All are.", keep(lambda row, v: token(v)[1] == "true")),
    }
    includes = {"location": at("location")}

    def rows(self, door: FhirDoor) -> list[Service]:
        """2 queries."""
        reach = sites_for(door.client, self.reads)
        sites = list(Site.objects.filter(reach.q("pk")).order_by("pk"))
        return [Service(version, site) for version in current_versions() for site in sites]

    def show(self, door: FhirDoor, rows: Sequence[Any]) -> list[Shown]:
        return [show_service(row) for row in rows]


def _since(rows: list[Service], values: Sequence[str]) -> list[Service]:
    spans = [when(value) for value in values]
    known = ProtocolVersion.objects.filter(pk__in={row.version.pk for row in rows})
    fits = {
        pk for one in spans for pk in known.filter(one.q("created_at")).values_list("pk", flat=True)
    }
    return [row for row in rows if row.version.pk in fits]


def show_service(row: Service) -> Shown:
    reviewed = "" if row.version.reviewed_by else "Review before use."
    return checked(
        {
            "resourceType": "HealthcareService",
            "id": row.id,
            "meta": {
                "versionId": str(row.version.version),
                "lastUpdated": row.version.created_at.isoformat(),
            },
            "active": True,
            "name": row.version.name,
            "comment": reviewed,
            "type": [
                {"coding": [coding(VISIT_TYPE, code, name)], "text": name}
                for code, name in row.codes
            ],
            "location": [{"reference": f"Location/{site_id(row.site)}", "display": row.site.name}],
            "appointmentRequired": True,
        }
    )
