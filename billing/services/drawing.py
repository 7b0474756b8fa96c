"""Delivered visits draw on packages. No service of its own: others call it inside their
transaction, after `open_account` has locked the patient's money.

A moved visit changes nothing: a draw belongs to the visit, and happens when it is delivered.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from billing.models import Account, Draw, Entry, Posting, Prepaid
from billing.selectors.packages import package_for, unpaid_cents, value_of_next
from billing.services.ledger import Leg, enter, reverse
from clinic.journal import Actor
from scheduling.models import Appointment

Of = Posting.Of


def draw(
    *, account: Account, visit: Appointment, kind: str, actor: Actor, now: datetime
) -> Draw | None:
    """Earn a visit's share of the package that covers it, within the transaction of its capture.

    The draw it has already, if any; None where no package covers it. The account is locked, and a
    constraint has the last word on how many visits a package has.
    """
    if known := Draw.objects.filter(appointment=visit, taken_back=False).first():
        return known
    found = package_for(visit, kind)
    if found is None:
        return None
    package, of = found
    cents = value_of_next(package)
    drawn = {**package.drawn, of: package.drawn.get(of, 0) + 1}
    used = package.visits_drawn + 1 == package.visits
    state = Prepaid.State.USED if used else Prepaid.State.OPEN
    Prepaid.objects.filter(pk=package.pk).update(
        drawn=drawn, visits_drawn=F("visits_drawn") + 1, state=state
    )
    made = Draw.objects.create(prepaid=package, appointment=visit, of=of, cents=cents, at=now)
    paid = min(cents, package.left_cents)
    if cents:
        made.entry = enter(
            account=account,
            kind=Entry.Kind.DRAW,
            site=package.site,
            legs=[
                Leg(Of.UNEARNED, Of.REVENUE, paid, package),
                Leg(Of.RECEIVABLE, Of.REVENUE, cents - paid),
            ],
            memo=f"Visit delivered under {package.name}",
            key=f"draw:{made.pk}",
            on=visit.starts_at.astimezone(package.site.zone).date(),
            actor=actor,
            now=now,
        )
        made.save(update_fields=["entry"])
    return made


def take_back_draw(
    *, account: Account, visit: Appointment, reason: str, actor: Actor, now: datetime
) -> Draw | None:
    """A visit was not delivered after all: its package has it again. None where there is no draw.

    What was settled from the package since is taken back with it and settled anew.
    """
    made = (
        Draw.objects.filter(appointment=visit, taken_back=False)
        .select_related("prepaid__site", "entry__site")
        .first()
    )
    if made is None:
        return None
    package = made.prepaid
    settled = Entry.objects.filter(
        kind=Entry.Kind.TRANSFER, postings__prepaid=package, reversed_by=None
    )
    if made.entry:
        for entry in [*settled.select_related("site"), made.entry]:
            reverse(entry=entry, account=account, reason=reason, actor=actor, now=now)
    made.taken_back = True
    made.save(update_fields=["taken_back"])
    package.refresh_from_db()
    ended = package.state == Prepaid.State.ENDED
    Prepaid.objects.filter(pk=package.pk).update(
        drawn={**package.drawn, made.of: package.drawn[made.of] - 1},
        visits_drawn=F("visits_drawn") - 1,
        state=Prepaid.State.ENDED if ended else Prepaid.State.OPEN,
    )
    settle(account, package, actor, now)
    return made


def settle(account: Account, package: Prepaid, actor: Actor, now: datetime) -> None:
    """Let what was paid for a package cover what was delivered of it on credit."""
    package.refresh_from_db()
    if cents := min(unpaid_cents(package), package.left_cents):
        enter(
            account=account,
            kind=Entry.Kind.TRANSFER,
            site=package.site,
            legs=[Leg(Of.UNEARNED, Of.RECEIVABLE, cents, package)],
            memo=f"Visits delivered before {package.name} was paid",
            actor=actor,
            now=now,
        )
