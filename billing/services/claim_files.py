"""Claims that are ready -> a file of 837P, kept as it was written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from billing.claim_json import from_json
from billing.errors import MoneyRefused
from billing.models import Claim, ClaimBatch, Filing
from billing.selectors.claim_facts import Practice, practice
from billing.services.claiming import State, judge, next_number, opened
from billing.x12 import MOST_CLAIMS, Envelope, Party, write
from billing.x12_text import Unwritable
from clinic.journal import Actor, record
from clinic.models import Site
from clinic.transactions import durable


@durable
def send_claims(
    *, site: Site, claims: Iterable[int] | None = None, actor: Actor, now: datetime
) -> ClaimBatch:
    """Write a site's ready claims, or these of them, into one file; they are sent then.

    Each is read and scrubbed once more: one with a problem stays behind as a draft. MoneyRefused
    when nothing is left to send, or the site has not said how it files. What a file has no
    characters for is told as well.
    """
    of = practice(site)
    rows = opened(site, (State.READY,), claims)[:MOST_CLAIMS]
    judge(rows, of, now=now)
    ready = [claim for claim in rows if claim.state == State.READY]
    if not ready:
        raise MoneyRefused(
            "something_is_ready", "No claim is ready to send: put right what is listed first."
        )
    on = now.astimezone(site.zone).date()
    envelope = _envelope(of, next_number("interchange"), now)
    try:
        text = write([from_json(claim.facts) for claim in ready], envelope)
    except Unwritable as wrong:
        raise MoneyRefused("claims_are_writable", str(wrong)) from wrong
    batch = ClaimBatch.objects.create(
        site=site,
        on=on,
        number=ClaimBatch.objects.filter(site=site, on=on).count() + 1,
        interchange=envelope.interchange,
        count=len(ready),
        cents=sum(claim.cents for claim in ready),
        text=text,
        is_test=envelope.test,
        made_at=now,
        made_by=actor.name,
    )
    batch.claims.set(ready)
    Claim.objects.filter(pk__in=[claim.pk for claim in ready]).update(state=State.SENT, sent_at=now)
    record(
        actor=actor,
        now=now,
        action="claims.sent",
        subject=f"claim_batch:{batch.pk}",
        site=site,
        after={"claims": [claim.pk for claim in ready], "interchange": batch.interchange},
    )
    return batch


def _envelope(of: Practice, number: int, now: datetime) -> Envelope:
    filing = of.filing
    if filing is None or not all(_needed(filing)):
        raise MoneyRefused(
            "site_can_file",
            "Say first who sends and who receives the files of this site, and who answers "
            "questions about them: Set-up, Claim details.",
        )
    name = of.policy.legal_name if of.policy else ""
    return Envelope(
        sender=Party(name or of.site.name, filing.sender_id),
        receiver=Party(filing.receiver_name, filing.receiver_id),
        at=now.astimezone(of.site.zone),
        interchange=number,
        group=number,
        transaction=number,
        contact=filing.contact,
        phone=filing.phone,
        test=filing.is_test,
    )


def _needed(filing: Filing) -> tuple[str, ...]:
    return (
        filing.sender_id,
        filing.receiver_name,
        filing.receiver_id,
        filing.contact,
        filing.phone,
    )
