"""People off, rooms out of service, sites shut."""

from __future__ import annotations

from datetime import datetime

from clinic.models import Absence, Outage, Resource, Site
from clinic.services.facts import Pen, remove, save


def write_absence(
    resource: Resource,
    site: Site | None,
    *,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    pen: Pen,
) -> Absence:
    """Somebody is off, or a room out of service; `site` is the room's. ValidationError by field."""
    row = Absence(resource=resource)
    facts = {"starts_at": starts_at, "ends_at": ends_at, "reason": reason}
    save(row, facts, pen, site=site)
    return row


def delete_absence(absence: Absence, site: Site | None, pen: Pen) -> None:
    """They are back, or never were away."""
    remove(absence, pen, site=site, fields=("resource_id", "starts_at", "ends_at", "reason"))


def write_outage(
    site: Site, *, starts_at: datetime, ends_at: datetime, reason: str, pen: Pen
) -> Outage:
    """A site is shut for a while, whatever its week says. ValidationError by field."""
    row = Outage(site=site)
    save(row, {"starts_at": starts_at, "ends_at": ends_at, "reason": reason}, pen, site=site)
    return row


def delete_outage(outage: Outage, pen: Pen) -> None:
    """It is open again."""
    remove(outage, pen, site=outage.site, fields=("site_id", "starts_at", "ends_at", "reason"))
