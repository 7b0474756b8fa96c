"""From a visit that is over to the charges proposed for it, again whenever something changed.

A proposal that nobody has looked at is replaced. What a person approved, changed or voided stays,
and says so when the visit would come to something else now. The patient's account is the lock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from billing.coding import Charges, Line
from billing.errors import MoneyRefused
from billing.models import Account, Capture, Charge, Coverage, Draw
from billing.selectors.payers import coverage_on
from billing.selectors.prices import price_of
from billing.selectors.visits import Read, on_of, payer_key, proposed, read_visit
from billing.services.drawing import draw, take_back_draw
from billing.services.fees import propose_fee
from billing.services.ledger import open_account
from clinic.journal import Actor, record
from clinic.models import Journal
from clinic.transactions import durable
from scheduling.models import Appointment, Status

WORKER = Actor(name="charge capture", door="task")
REACH = timedelta(days=35)
"""How long after a visit its charges are still looked for."""
MOST = 200
"""Visits caught up in one run."""
TOLD = ("visit.status", "visit.cancelled", "visit.restored")
GONE_NOW = "The visit does not stand as discharged any more. Void this, or discharge it again."


@durable
def capture_visit(*, appointment: int, actor: Actor = WORKER, now: datetime) -> list[Charge]:
    """Bring the charges of a visit in line with how it stands; the live ones, in order.

    A second run changes nothing. Raises Appointment.DoesNotExist.
    """
    account, visit = _opened(appointment)
    return recapture(account, visit, actor=actor, now=now)


@durable
def answer_for(
    *,
    appointment: int,
    answers: Mapping[str, Any] | None = None,
    times: Mapping[str, tuple[datetime | None, datetime | None]] | None = None,
    actor: Actor,
    now: datetime,
) -> list[Charge]:
    """Keep what somebody says of a visit, or when its phases really were, and propose anew.

    Answers of None are forgotten. MoneyRefused when a phase stops before it starts, or in time to
    come.
    """
    account, visit = _opened(appointment)
    capture, _ = Capture.objects.get_or_create(pk=visit.pk)
    before = {"answers": capture.answers, "times": capture.times}
    if answers is not None:
        merged = {**capture.answers, **answers}
        capture.answers = {name: value for name, value in merged.items() if value is not None}
    for name, (start, stop) in (times or {}).items():
        _must_be_in_order(name, start, stop, now)
        said = [moment.isoformat() if moment else None for moment in (start, stop)]
        capture.times = {**capture.times, name: said}
    capture.save(update_fields=["answers", "times"])
    record(
        actor=actor,
        now=now,
        action="visit.answered",
        subject=f"capture:{visit.pk}",
        site=visit.site_id,
        before=before,
        after={"answers": capture.answers, "times": capture.times},
    )
    return recapture(account, visit, actor=actor, now=now)


def waiting_visits(*, now: datetime) -> list[int]:
    """Visits that are over and were never captured, the oldest first: the queue was down."""
    over = Appointment.objects.filter(
        status=Status.DISCHARGED, ends_at__gte=now - REACH, capture__captured_at=None
    )
    return list(over.order_by("ends_at", "pk").values_list("pk", flat=True)[:MOST])


def changed_visits(*, within: timedelta, now: datetime) -> list[int]:
    """Visits whose standing changed lately: what follows from that may have been lost."""
    rows = Journal.objects.filter(action__in=TOLD, at__gte=now - within)
    return sorted({int(row.partition(":")[2]) for row in rows.values_list("subject", flat=True)})


def recapture(account: Account, visit: Appointment, *, actor: Actor, now: datetime) -> list[Charge]:
    """The same within a transaction that has the account locked."""
    fees = propose_fee(visit, now=now)
    if visit.status != Status.DISCHARGED:
        _take_back(account, visit, actor, now)
        return fees
    capture, _ = Capture.objects.get_or_create(pk=visit.pk)
    step = read_visit(visit, capture=capture)
    drawn = _drawn(account, visit, step.kind, actor, now)
    coverage = None if drawn else coverage_on(visit.patient_id, on_of(visit))
    read = replace(step, done=replace(step.done, payer=payer_key(coverage)))
    found = proposed(read, coverage)
    _keep(capture, read, found, now)
    _replace(visit, found, read.done.diagnoses, coverage, drawn, now)
    return list(Charge.objects.filter(appointment=visit).exclude(state=Charge.State.VOID))


def _opened(appointment: int) -> tuple[Account, Appointment]:
    """A visit as it stands once its patient's money is locked."""
    rows = Appointment.objects.select_related("site", "series", "protocol_version")
    account = open_account(rows.get(pk=appointment).patient_id)
    return account, rows.get(pk=appointment)


def _drawn(
    account: Account, visit: Appointment, kind: str, actor: Actor, now: datetime
) -> Draw | None:
    """The visit's draw on a package; none anew where a person has settled otherwise who pays."""
    rows = Charge.objects.filter(appointment=visit, kind=Charge.Kind.SERVICE)
    settled = rows.exclude(reviewed_by="")
    if settled and not settled.filter(prepaid__isnull=False).exclude(state="void"):
        return Draw.objects.filter(appointment=visit, taken_back=False).first()
    return draw(account=account, visit=visit, kind=kind, actor=actor, now=now)


def _keep(capture: Capture, read: Read, found: Charges, now: datetime) -> None:
    flags = [{"text": text, "stops": stops} for text, stops in read.doubts]
    flags += [{"text": flag.text, "stops": flag.stops} for flag in found.flags]
    capture.flags = flags
    capture.dropped = [{"what": one.what, "reason": one.reason} for one in found.dropped]
    capture.lines = {line.code: line.units for line in found.lines}
    capture.captured_at = now
    capture.save(update_fields=["flags", "dropped", "lines", "captured_at"])


def _replace(
    visit: Appointment,
    found: Charges,
    diagnoses: Sequence[str],
    coverage: Coverage | None,
    drawn: Draw | None,
    now: datetime,
) -> None:
    """Propose anew what nobody has looked at; say what is different of the rest."""
    rows = list(Charge.objects.filter(appointment=visit, kind=Charge.Kind.SERVICE))
    settled = [row for row in rows if row.reviewed_by]
    known = {code for row in settled for code in (row.code, *was(row))}
    wanted = {line.code: line for line in found.lines}
    loose = {row.code: row for row in rows if not row.reviewed_by}
    for code, row in loose.items():
        if code not in wanted or code in known:
            row.delete()
    for position, line in enumerate(found.lines):
        if line.code not in known:
            row = loose.get(line.code) or Charge(
                appointment=visit,
                patient_id=visit.patient_id,
                site_id=visit.site_id,
                created_at=now,
                on=on_of(visit),
            )
            row.diagnoses = [diagnoses[pointer - 1] for pointer in line.pointers]
            row.coverage, row.prepaid = coverage, drawn.prepaid if drawn else None
            _write(row, position, line)
    for row in settled:
        if row.state != Charge.State.VOID:
            _compare(row, wanted)


def _write(row: Charge, position: int, line: Line) -> None:
    payer = row.coverage.payer_id if row.coverage else None
    price = price_of(site=row.site_id, payer=payer, code=line.code, on=row.on)
    row.flags = [] if price else [{"text": no_price(line.code), "stops": True, "of": "price"}]
    if line.review:
        row.flags.append({"text": line.review, "stops": False})
    row.position, row.code, row.what = position, line.code, line.what
    row.units, row.modifiers = line.units, list(line.modifiers)
    row.cents = price.cents * line.units if price else 0
    row.reason = f"{line.reason} ({line.source})"[:500] if line.source else line.reason[:500]
    row.save()


def _compare(row: Charge, wanted: Mapping[str, Line]) -> None:
    """Flag what was reviewed where the visit would come to something else now."""
    flags = [flag for flag in row.flags if flag.get("of") != "changed"]
    line = next((wanted[code] for code in (row.code, *was(row)) if code in wanted), None)
    if line is None:
        text = f"By the visit as it stands now, {row.code} would not be proposed any more."
        flags.append({"text": text, "stops": False, "of": "changed"})
    elif line.code == row.code and line.units != row.units and not was(row):
        text = f"By the visit as it stands now, {line.units} units would be proposed."
        flags.append({"text": text, "stops": False, "of": "changed"})
    if flags != row.flags:
        row.flags = flags
        row.save(update_fields=["flags"])


def _take_back(account: Account, visit: Appointment, actor: Actor, now: datetime) -> None:
    """The visit is not over: what nobody has looked at goes, the rest is flagged."""
    capture = Capture.objects.filter(pk=visit.pk).exclude(captured_at=None).first()
    if capture is None:
        return
    rows = Charge.objects.filter(appointment=visit, kind=Charge.Kind.SERVICE)
    rows.filter(reviewed_by="").delete()
    left = rows.exclude(state=Charge.State.VOID)
    for row in left:
        others = [flag for flag in row.flags if flag.get("of") != "changed"]
        row.flags = [*others, {"text": GONE_NOW, "stops": True, "of": "changed"}]
        row.save(update_fields=["flags"])
    if not left:
        take_back_draw(
            account=account,
            visit=visit,
            reason="The visit is not over after all",
            actor=actor,
            now=now,
        )
    capture.captured_at, capture.lines, capture.flags, capture.dropped = None, {}, [], []
    capture.save(update_fields=["captured_at", "lines", "flags", "dropped"])


def was(row: Charge) -> list[str]:
    """The codes that a charge had before a person changed it."""
    return [flag["was"] for flag in row.flags if "was" in flag]


def no_price(code: str) -> str:
    return f"No price list has {code} on this day: add it in Set-up, Prices, or write the amount."


def _must_be_in_order(
    name: str, start: datetime | None, stop: datetime | None, now: datetime
) -> None:
    if start is None:
        raise MoneyRefused("phase_has_a_start", f"Write when “{name}” began.")
    if stop and stop < start:
        raise MoneyRefused("phase_stops_after_start", f"“{name}” stops before it starts.")
    if max(start, stop or start) > now:
        raise MoneyRefused("phase_is_over", f"“{name}” is still to come by these times.")


__all__ = [
    "answer_for",
    "capture_visit",
    "changed_visits",
    "recapture",
    "waiting_visits",
]
