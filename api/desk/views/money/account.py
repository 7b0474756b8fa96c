"""A patient's money on one page: what is owed, what was paid ahead, and how it came to that."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from api.desk.frame import Asked, page, signed_in
from api.desk.money.whose import where_taken, whose_money
from api.desk.people import shown_names
from api.permissions import may
from billing.models import Payment, Prepaid
from billing.processing import processor
from billing.selectors.accounts import patient_money
from billing.services.paying import AT_THE_DESK, room_of
from clinic.models import Patient


@require_safe
@signed_in
def account(request: Asked, patient: int) -> HttpResponse:
    """The balance on top, then packages, payments, and every entry with what was owed after it."""
    found = whose_money(request, patient, "see_balance")
    site = where_taken(request, found, "see_balance")
    money = patient_money(found)
    opens = [may(request.user, one, site) for one in ("see_patients", "see_own_patients")]
    return page(
        request,
        "desk/money/account.html",
        here="patients",
        site=site,
        patient=found,
        name=shown_names(request.user, [found])[found.pk],
        money=money,
        lines=money.lines[::-1],
        courses=[_course(one) for one in money.prepaid],
        payments=[_payment(request, one) for one in money.payments],
        may_take=may(request.user, "take_payments", site),
        may_manage=may(request.user, "manage_billing", site),
        opens_patient=any(opens),
        on_line=processor() is not None,
        has_card=_has_card(found),
    )


def _has_card(patient: Patient) -> bool:
    """Whether one may be kept; which one is asked for once somebody wants to charge it."""
    account = getattr(patient, "account", None)
    return bool(account and account.processor_customer)


def _course(row: Prepaid) -> dict[str, Any]:
    return {"row": row, "room": room_of(row), "earned": row.paid_cents - row.left_cents}


def _payment(request: Asked, row: Payment) -> dict[str, Any]:
    """A payment with what may be done with it. Only today's mistakes are taken back."""
    came = row.state == Payment.State.RECEIVED
    left = row.cents - row.refunded_cents if came else 0
    today = timezone.now().astimezone(row.site.zone).date()
    fresh = came and row.entry is not None and row.entry.on >= today and not row.refunded_cents
    return {
        "row": row,
        "left": left,
        "at": row.created_at.astimezone(row.site.zone),
        "refunds": row.refunds.all(),
        "may_refund": left > 0 and may(request.user, "manage_billing", row.site),
        "may_take_back": fresh
        and row.method in AT_THE_DESK
        and may(request.user, "take_payments", row.site),
    }
