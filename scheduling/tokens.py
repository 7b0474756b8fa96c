"""A proposal as a signed token: a complete plan that costs no row until it is booked.

It names times, rooms and clinicians; monitoring nurses are chosen when it is booked.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.core import signing
from django.utils.crypto import salted_hmac

from clinic.spans import minute, moment
from scheduling.errors import ProposalExpired, ProposalUnknown
from scheduling.planner.plans import Plan, PlannedVisit
from scheduling.planner.protocols import NURSE, Protocol
from scheduling.planner.shape import shape_of

LASTS = timedelta(minutes=30)
_signer = signing.Signer(salt="scheduling.proposal")


@dataclass(frozen=True, slots=True)
class DraftVisit:
    """One visit of a proposal: rooms in the order of the step's stays, clinicians of its turns."""

    step: str
    start: int
    rooms: tuple[tuple[int, tuple[int, ...]], ...]
    clinicians: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What a token says. `offer` is shared by the proposals given out together."""

    offer: str
    patient: int
    version: int
    site: int
    issued_at: datetime
    completed: Mapping[str, date]
    visits: tuple[DraftVisit, ...]

    @property
    def expires_at(self) -> datetime:
        return self.issued_at + LASTS


def new_offer() -> str:
    """A name for a set of proposals."""
    return secrets.token_urlsafe(9)


def draft(
    *,
    plan: Plan,
    protocol: Protocol,
    offer: str,
    patient: int,
    version: int,
    site: int,
    completed: Mapping[str, date],
    now: datetime,
) -> Draft:
    """The parts of a plan that a token keeps."""
    return Draft(
        offer=offer,
        patient=patient,
        version=version,
        site=site,
        issued_at=moment(minute(now)),
        completed=dict(completed),
        visits=tuple(_visit(visit, protocol) for visit in plan.visits),
    )


def _visit(visit: PlannedVisit, protocol: Protocol) -> DraftVisit:
    shape = shape_of(protocol.step(visit.step))
    rooms = [claim for claim in visit.claims if claim.kind == "room"]
    staff = {c.role: c.resource for c in visit.claims if c.kind == "staff" and c.role != NURSE}
    return DraftVisit(
        step=visit.step,
        start=visit.start,
        rooms=tuple(
            next((c.resource, c.lanes) for c in rooms if c.start == visit.start + stay.start)
            for stay in shape.stays
        ),
        clinicians=tuple(staff[turn.role] for turn in shape.turns),
    )


def seal(draft: Draft) -> str:
    """The token of a draft: URL-safe, tamper-evident, some hundreds of characters."""
    return _signer.sign_object(
        [
            draft.offer,
            draft.patient,
            draft.version,
            draft.site,
            minute(draft.issued_at),
            {step: day.isoformat() for step, day in draft.completed.items()},
            [[v.step, v.start, v.rooms, v.clinicians] for v in draft.visits],
        ],
        compress=True,
    )


def open_token(token: str, *, now: datetime) -> Draft:
    """What the token says; ProposalUnknown when it is not ours, ProposalExpired when too old."""
    try:
        body = _signer.unsign_object(token)
    except (signing.BadSignature, ValueError) as error:
        raise ProposalUnknown from error
    opened = _read(body)
    if opened.expires_at <= now:
        raise ProposalExpired
    return opened


def _read(body: Sequence[Any]) -> Draft:
    offer, patient, version, site, issued, completed, visits = body
    return Draft(
        offer=offer,
        patient=patient,
        version=version,
        site=site,
        issued_at=moment(issued),
        completed={step: date.fromisoformat(day) for step, day in completed.items()},
        visits=tuple(
            DraftVisit(
                step=step,
                start=start,
                rooms=tuple((room, tuple(lanes)) for room, lanes in rooms),
                clinicians=tuple(clinicians),
            )
            for step, start, rooms, clinicians in visits
        ),
    )


def link_secret(kind: str, id: int) -> str:
    """The secret of a patient's link to an offer or a follow-up: made anew whenever needed.

    It is an HMAC by SECRET_KEY, so that the database holds nothing that opens the link; rows keep
    `secret_hash(...)` of it to be found by.
    """
    digest = salted_hmac("chairtime.link", f"{kind}:{id}", algorithm="sha256").digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def secret_hash(secret: str) -> str:
    """SHA-256 of a link's secret, in hex."""
    return sha256(secret.encode()).hexdigest()
