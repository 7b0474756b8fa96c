"""What every end of an offer has in common; it works inside the transaction of a service."""

from __future__ import annotations

from datetime import datetime

from clinic.journal import Actor, record
from scheduling.models import Claim, Hold, Offer


def close_offer(offer: Offer, state: Offer.State, *, actor: Actor, now: datetime) -> None:
    """The offer ends and lets go of the place that it held."""
    if offer.hold_id:
        Claim.objects.filter(hold=offer.hold_id).delete()
        Hold.objects.filter(pk=offer.hold_id).delete()
    offer.hold = None
    offer.state, offer.decided_at, offer.decided_by = state, now, actor.name
    offer.save(update_fields=["hold", "state", "decided_at", "decided_by"])
    record(
        actor=actor,
        now=now,
        action=f"offer.{state}",
        subject=f"offer:{offer.pk}",
        site=offer.entry.site_id,
        before={"state": Offer.State.OPEN},
        after={"state": state, "entry": offer.entry_id},
    )
