"""Proposals under names that fit a FHIR id, for as long as their tokens can be booked.

A token is some hundreds of characters, an id 64 at most: so what $find gives out is kept by a
short name, for the client that asked, with the Appointments as they were shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from secrets import token_hex

from django.db import transaction

from api.fhir.kinds import Shown
from api.fhir.systems import PROPOSAL, identifier
from api.models import FoundProposal
from scheduling.errors import ProposalExpired, ProposalUnknown
from scheduling.models import Hold
from scheduling.selectors import Offer
from scheduling.tokens import open_token

ID = re.compile(r"p-([0-9a-f]{24})-(\d{1,3})")
REMEMBERED = timedelta(hours=1)
"""For so long after it is too old a proposal is told as expired; then it is unknown."""


def keep_proposals(
    found: Sequence[tuple[Offer, list[Shown]]], *, client: int, single: bool, now: datetime
) -> list[Shown]:
    """Give each proposal a name, its Appointments their ids, and keep both; the Appointments."""
    rows = []
    for offer, shown in found:
        key = token_hex(12)
        named = [
            {
                "resourceType": "Appointment",
                "id": f"p-{key}-{number}",
                "identifier": [identifier(PROPOSAL, key)],
            }
            | one
            for number, one in enumerate(shown, start=1)
        ]
        rows.append(
            FoundProposal(
                key=key,
                client_id=client,
                offer=open_token(offer.token, now=now).offer,
                token=offer.token,
                single=single,
                resources=named,
                expires_at=offer.expires_at + REMEMBERED,
            )
        )
    FoundProposal.objects.bulk_create(rows)
    return [one for row in rows for one in row.resources]


def proposal_of(key: str, *, client: int, now: datetime) -> FoundProposal:
    """The proposal of a name or an id; ProposalUnknown, ProposalExpired.

    What was given to another client is unknown.
    """
    named = ID.fullmatch(key)
    rows = FoundProposal.objects.filter(key=named[1] if named else key, client=client)
    row = rows.filter(expires_at__gt=now).first()
    if row is None:
        raise ProposalUnknown
    return row


def is_held(row: FoundProposal, now: datetime) -> bool:
    if row.held_until is None or row.held_until <= now:
        return False
    return Hold.objects.filter(offer=row.offer, expires_at=row.held_until).exists()


def mark_held(row: FoundProposal, until: datetime | None) -> None:
    """A hold is on one proposal of those given out together, and moves with the next."""
    with transaction.atomic():
        FoundProposal.objects.filter(offer=row.offer).update(held_until=None)
        FoundProposal.objects.filter(pk=row.pk).update(held_until=until)
    row.held_until = until


def shown_of(row: FoundProposal, status: str) -> list[Shown]:
    return [one | {"status": status} for one in row.resources]


def read_proposed(client: int, id: str, *, now: datetime) -> Shown | None:
    """One Appointment of a proposal by its id, while it can be booked."""
    if not ID.fullmatch(id):
        return None
    try:
        row = proposal_of(id, client=client, now=now)
        open_token(row.token, now=now)
    except (ProposalUnknown, ProposalExpired):
        return None
    status = "pending" if is_held(row, now) else "proposed"
    return next((one for one in shown_of(row, status) if one["id"] == id), None)
