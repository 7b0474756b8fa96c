"""Rooms, staff and their credentials: plain writers, for the services that judge an edit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TypedDict

from django.core.exceptions import ValidationError

from clinic.models import Credential, Resource, Room, Site, Staff, User
from clinic.services.facts import Pen, remove, save, slugs

ROLES = (
    "prescriber",
    "therapist",
    "monitoring_nurse",
    "front_desk",
    "biller",
    "manager",
    "administrator",
)
CREDENTIAL_FIELDS = ("kind", "number", "issuer", "valid_from", "expires_on")


class RoomFacts(TypedDict, total=False):
    """What can be said of a room; the fields of Room."""

    site: Site
    name: str
    capabilities: Iterable[str]
    chairs: int
    turnover_minutes: int
    position: int
    active: bool


class StaffFacts(TypedDict, total=False):
    """What can be said of a member of staff; the fields of Staff."""

    given_name: str
    family_name: str
    title: str
    roles: Iterable[str]
    skills: Iterable[str]
    max_patients: int | None
    email: str
    phone: str
    active: bool
    user: User | None
    sites: Iterable[Site]


class CredentialFacts(TypedDict, total=False):
    """What can be said of a credential; the fields of Credential."""

    kind: str
    number: str
    issuer: str
    valid_from: date | None
    expires_on: date


def write_room(room: Room | None, facts: RoomFacts, pen: Pen) -> Room:
    """Add a room (None) or change what is given of one. ValidationError by field."""
    row = room or Room(resource=Resource.objects.create(kind=Resource.Kind.ROOM))
    values = dict(facts)
    if "capabilities" in facts:
        values["capabilities"] = slugs(facts["capabilities"], "capabilities")
    if "site" not in facts and room is None:
        raise ValidationError({"site": "A room is at a site."})
    save(row, values, pen, site=facts.get("site") or row.site)
    return row


def write_staff(person: Staff | None, facts: StaffFacts, pen: Pen) -> Staff:
    """Add somebody (None) or change what is given of them. ValidationError by field."""
    row = person or Staff(resource=Resource.objects.create(kind=Resource.Kind.STAFF))
    values = {field: value for field, value in facts.items() if field != "sites"}
    if "roles" in facts:
        values["roles"] = _roles(facts["roles"])
    if "skills" in facts:
        values["skills"] = slugs(facts["skills"], "skills")
    save(row, values, pen, site=None)
    if "sites" in facts:
        _write_sites(row, list(facts["sites"]), pen)
    return row


def write_credential(
    credential: Credential | None, staff: Staff, facts: CredentialFacts, pen: Pen
) -> Credential:
    """Add a credential (None), or change or renew one. ValidationError by field."""
    row = credential or Credential(staff=staff)
    since = facts.get("valid_from", row.valid_from)
    until = facts.get("expires_on", row.expires_on)
    if since and until and until < since:
        raise ValidationError({"expires_on": "It expires before it becomes valid."})
    save(row, dict(facts), pen, site=None)
    return row


def delete_credential(credential: Credential, pen: Pen) -> None:
    """Take a credential away."""
    remove(credential, pen, site=None, fields=("staff_id", *CREDENTIAL_FIELDS))


def _roles(roles: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(roles))
    for role in found:
        if role not in ROLES:
            raise ValidationError({"roles": f"“{role[:60]}” is none of {', '.join(ROLES)}."})
    return found


def _write_sites(row: Staff, sites: list[Site], pen: Pen) -> None:
    before = sorted(row.sites.values_list("pk", flat=True))
    after = sorted({site.pk for site in sites})
    if before != after:
        row.sites.set(after)
        pen.note("changed", row, None, {"sites": before}, {"sites": after})
