"""People off and rooms out of service."""

from __future__ import annotations

from datetime import datetime

from clinic.models import Absence, Resource, Site
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
