"""Claims as a worklist: what waits to be claimed, what to put right first, and by when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, OuterRef, Prefetch, QuerySet, Sum

from billing.models import Charge, Claim, ClaimAnswer, ClaimBatch, ClaimedCharge
from clinic.models import Site

State = Claim.State
SOON = 14
"""Days before the end of timely filing from which a claim is marked."""
SHOWN: dict[str, tuple[str, ...]] = {
    "todo": (State.DRAFT, State.READY, State.DENIED),
    "sent": (State.SENT,),
    "paid": (State.PAID,),
    "all": tuple(State),
}
"""What the worklist can show."""


@dataclass(frozen=True, slots=True)
class Row:
    """A claim in the worklist. `left` are days until the payer takes it no more; None once sent."""

    claim: Claim
    left: int | None

    @property
    def is_late(self) -> bool:
        return self.left is not None and self.left < 0

    @property
    def over(self) -> int:
        """Days since the payer took it last."""
        return max(0, -(self.left or 0))

    @property
    def is_soon(self) -> bool:
        return self.left is not None and 0 <= self.left <= SOON


def claimable(site: Site) -> QuerySet[Charge]:
    """Services approved with a coverage that no standing claim has. A fee is never among them,
    nor what a package paid for.
    """
    claimed = ClaimedCharge.objects.filter(charge=OuterRef("pk"), live=True)
    return (
        Charge.objects.filter(
            ~Exists(claimed),
            site=site,
            kind=Charge.Kind.SERVICE,
            state__in=(Charge.State.APPROVED, Charge.State.BILLED),
            coverage__isnull=False,
            prepaid=None,
        )
        .select_related("coverage__payer", "patient__details")
        .order_by("coverage_id", "on", "appointment_id", "position", "id")
    )


def worklist(site: Site, show: str = "todo", *, today: date) -> list[Row]:
    """Problems first, then by the end of timely filing: two queries.

    Of those sent or paid the newest 500.
    """
    rows = Claim.objects.filter(site=site, state__in=SHOWN[show])
    rows = rows.select_related("coverage__payer", "patient").order_by("-id")
    found = [Row(claim, days_left(claim, today)) for claim in rows[:500]]
    return sorted(found, key=_urgency)


def _urgency(row: Row) -> tuple[int, int, int]:
    order = {State.DRAFT: 0, State.DENIED: 0, State.READY: 1, State.SENT: 2}
    urgent = order.get(State(row.claim.state), 3)
    far = 10_000 if row.left is None else row.left
    return urgent, far, -row.claim.pk


def last_day(claim: Claim) -> date:
    """The last day on which the payer takes an original claim for it."""
    return claim.on + timedelta(days=claim.coverage.payer.timely_filing_days)


def days_left(claim: Claim, today: date) -> int | None:
    if claim.state not in (State.DRAFT, State.READY) or claim.facts.get("frequency", "1") != "1":
        return None
    return (last_day(claim) - today).days


def waiting(site: Site, *, today: date) -> tuple[int, int, int]:
    """(charges, cents, how many of them are nearly late) that no claim has yet: one query."""
    rows = [
        (cents, (on + timedelta(days=days) - today).days)
        for cents, on, days in claimable(site).values_list(
            "cents", "on", "coverage__payer__timely_filing_days"
        )
    ]
    return len(rows), sum(cents for cents, _ in rows), sum(left <= SOON for _, left in rows)


def whole_claims() -> QuerySet[Claim]:
    """Claims with all that a page or an answer shows of one."""
    answers = Prefetch("answers", ClaimAnswer.objects.order_by("id"))
    batches = Prefetch("batches", ClaimBatch.objects.defer("text").order_by("id"))
    return Claim.objects.select_related("coverage__payer", "patient", "site").prefetch_related(
        "claimed__charge", answers, batches
    )


def batches(site: Site) -> Sequence[ClaimBatch]:
    """Files of a site, the newest first; without their text."""
    return list(ClaimBatch.objects.filter(site=site).defer("text")[:200])


def totals(site: Site) -> dict[str, int]:
    """Cents by state: one query."""
    rows = Claim.objects.filter(site=site).order_by().values_list("state")
    return dict(rows.annotate(whole=Sum("cents")))
