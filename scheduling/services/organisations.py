"""The organisation: its name, and which credentials its roles must hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from clinic.journal import Actor
from clinic.models import Organisation, Site
from clinic.services.facts import Pen, save
from clinic.transactions import durable
from scheduling.services.keeping import visits_fit


@durable
def save_organisation(
    *,
    organisation: int | None = None,
    name: str,
    required_credentials: Mapping[str, Sequence[str]] | None = None,
    actor: Actor,
    now: datetime,
    seen: int | None = None,
) -> Organisation:
    """Add the organisation, or change it; judged at every site when other credentials are asked.

    ValidationError by field; WouldBreakVisits; ChangedMeanwhile.
    """
    row = Organisation()
    if organisation is not None:
        row = Organisation.objects.select_for_update().get(pk=organisation)
    facts: dict[str, object] = {"name": name}
    sites: list[Site] = []
    if required_credentials is not None:
        kinds = {role: list(held) for role, held in required_credentials.items()}
        facts["required_credentials"] = kinds
        if kinds != row.required_credentials:
            sites = list(Site.objects.filter(organisation=organisation))
    with visits_fit(sites, now=now):
        save(row, facts, Pen("organisation", actor, now, seen), site=None)
    return row
