"""Fees for visits missed or cancelled late, by the site's policy; never claimed from an insurer.

They are proposed within the transaction that captures a visit, and charged when approved.
"""

from __future__ import annotations

from datetime import datetime

from billing.models import Charge
from billing.selectors.prices import policy_of
from billing.selectors.visits import on_of
from scheduling.models import Appointment, Status

NO_SHOW, LATE_CANCEL = "NOSHOW", "LATECANCEL"
"""Codes of our own: fees have none in any code set, and none goes to an insurer."""
RESTORED = "The visit is not missed or cancelled late any more. Waive the fee, or keep it."


def propose_fee(visit: Appointment, *, now: datetime) -> list[Charge]:
    """The fee that a visit comes to as it stands, if any; one nobody has looked at is replaced.

    One that a person approved stays, and says so when the visit stands otherwise now.
    """
    rows = Charge.objects.filter(appointment=visit, kind=Charge.Kind.FEE)
    code, what, reason, cents = _fee_of(visit)
    rows.filter(reviewed_by="").exclude(code=code).delete()
    for row in rows.exclude(reviewed_by="").exclude(state=Charge.State.VOID):
        _compare(row, code)
    if cents and not rows.filter(code=code).exists():
        Charge.objects.create(
            kind=Charge.Kind.FEE,
            patient_id=visit.patient_id,
            site_id=visit.site_id,
            appointment=visit,
            on=on_of(visit),
            code=code,
            what=what,
            cents=cents,
            reason=reason,
            created_at=now,
        )
    return list(rows.exclude(state=Charge.State.VOID))


def _compare(row: Charge, code: str) -> None:
    flags = [] if row.code == code else [{"text": RESTORED, "stops": False, "of": "changed"}]
    if flags != row.flags:
        row.flags = flags
        row.save(update_fields=["flags"])


def _fee_of(visit: Appointment) -> tuple[str, str, str, int]:
    """Code, what, reason and cents; no code where there is no fee."""
    policy = policy_of(visit.site_id)
    if visit.status == Status.NO_SHOW:
        reason = "The patient did not come; the site's policy asks for this fee."
        return NO_SHOW, "Missed visit", reason, policy.no_show_cents
    if visit.status == Status.CANCELLED and visit.late_cancel:
        hours = visit.site.late_cancel_hours
        reason = f"Cancelled with less than {hours} h notice; the site's policy asks for this fee."
        return LATE_CANCEL, "Late cancellation", reason, policy.late_cancel_cents
    return "", "", "", 0
