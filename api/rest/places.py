"""Sites, rooms, staff and protocols: what a client may need to know before it books."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from api.reading import an_id
from api.rest import shapes
from api.rest.doors import Door
from api.rest.pages import PAGING, page
from api.rest.parsing import Parameter
from clinic.models import Room, Site, Staff
from scheduling.models import ProtocolVersion
from scheduling.selectors.protocols import current_versions

OF_SITE = {"site": Parameter(an_id, "Only those of this site.")}


class Sites(Door):
    actions = {"GET": "see_sites"}
    queries = {"GET": PAGING}
    answers = {"GET": (200, shapes.listed(shapes.SiteShape))}

    def get(self, request: Request) -> Response:
        """Sites, each with its time zone."""
        rows = Site.objects.filter(self.reach().q("pk")).order_by("name", "pk")
        return page(request, self.asked, rows, show_site)


class Rooms(Door):
    actions = {"GET": "see_sites"}
    queries = {"GET": OF_SITE | PAGING}
    answers = {"GET": (200, shapes.listed(shapes.RoomShape))}

    def get(self, request: Request) -> Response:
        """Rooms, with their chairs and turnover."""
        rows: QuerySet[Room] = Room.objects.filter(self.reach().q())
        if site := self.filtered(self.sites(), "site"):
            rows = rows.filter(site=site)
        return page(request, self.asked, rows.order_by("site_id", "position", "pk"), show_room)


class StaffMembers(Door):
    actions = {"GET": "see_staff"}
    queries = {"GET": OF_SITE | PAGING}
    answers = {"GET": (200, shapes.listed(shapes.StaffShape))}

    def get(self, request: Request) -> Response:
        """Staff, with their roles and skills."""
        reach = self.reach()
        rows: QuerySet[Staff] = Staff.objects.prefetch_related("sites")
        if not reach.everywhere:
            rows = rows.filter(sites__in=reach.sites).distinct()
        if site := self.filtered(self.sites(), "site"):
            rows = rows.filter(sites=site)
        ordered = rows.order_by("family_name", "given_name", "pk")
        return page(request, self.asked, ordered, show_staff)


class Protocols(Door):
    actions = {"GET": "see_sites"}
    queries = {"GET": PAGING}
    answers = {"GET": (200, shapes.listed(shapes.ProtocolShape))}

    def get(self, request: Request) -> Response:
        """Protocols that can be booked, in their current version."""
        return page(request, self.asked, current_versions(), show_protocol)


def show_site(site: Site) -> dict[str, Any]:
    return {
        "id": str(site.pk),
        "name": site.name,
        "time_zone": site.time_zone,
        "address": site.address,
        "phone": site.phone,
    }


def show_room(room: Room) -> dict[str, Any]:
    return {
        "id": str(room.pk),
        "site": str(room.site_id),
        "name": room.name,
        "capabilities": room.capabilities,
        "chairs": room.chairs,
        "turnover_minutes": room.turnover_minutes,
        "active": room.active,
    }


def show_staff(staff: Staff) -> dict[str, Any]:
    return {
        "id": str(staff.pk),
        "given_name": staff.given_name,
        "family_name": staff.family_name,
        "title": staff.title,
        "sites": [str(site.pk) for site in staff.sites.all()],
        "roles": staff.roles,
        "skills": staff.skills,
        "active": staff.active,
    }


def show_protocol(version: ProtocolVersion) -> dict[str, Any]:
    return {
        "key": version.protocol.key,
        "name": version.name,
        "version": version.version,
        "reviewed": bool(version.reviewed_by),
        "source": version.source,
        "steps": [
            {
                "key": step["key"],
                "name": step["name"],
                "kind": step["kind"],
                "minutes": sum(phase["minutes"] for phase in step["phases"]),
                "phases": [
                    {"name": phase["name"], "minutes": phase["minutes"]} for phase in step["phases"]
                ],
                "gaps": [_gap(gap) for gap in step.get("gaps", [])],
            }
            for step in version.definition["steps"]
        ],
    }


def _gap(gap: dict[str, Any]) -> dict[str, Any]:
    unit = "hours" if "hours" in gap else "days"
    earliest, latest = gap[unit]
    return {"anchor": gap["anchor"], "earliest": earliest, "latest": latest, "unit": unit}
